//! `stockroom webhook …`

use stockroom::common::webhook::{self, Proof};
use stockroom::db;
use stockroom::engine::moment;
use stockroom::identity::User;
use stockroom::site::Site;

use super::{Options, say};

/// Makes an address at which another program may leave messages.
pub fn add(options: &Options, name: &str) -> Result<(), String> {
    let proof = match options.proof.as_deref().unwrap_or("token") {
        "none" => Proof::Nothing,
        "token" => Proof::Token,
        "hmac" => Proof::Hmac,
        other => return Err(format!("--proof {other}: none, token or hmac are possible")),
    };
    let site = Site::open(&options.folder())?;
    let (secret, named) = (site.secret, name.to_string());
    let (endpoint, key) = site.db.write(User::system(), move |tx| webhook::add(tx, &secret, &named, proof)).map_err(|e| e.to_string())?;
    say(&format!("/api/webhook/{endpoint}/\n"))?;
    match proof {
        Proof::Nothing => say("Whoever knows this address may leave messages there.\n"),
        Proof::Token => say(&format!("Header Token: {key}\nIt is shown this once.\n")),
        Proof::Hmac => {
            say(&format!("Secret: {key}\nIt is shown this once; the header Token must be the base64 HMAC-SHA256 of the body.\n"))
        }
    }
}

/// Prints the addresses.
pub fn list(options: &Options) -> Result<(), String> {
    let site = Site::open(&options.folder())?;
    let conn = site.db.read().map_err(|e| e.to_string())?;
    let sql = "SELECT name || char(9) || proof || char(9) || '/api/webhook/' || endpoint || '/' FROM webhook ORDER BY name";
    for line in db::column::<String>(&conn, sql, []).map_err(|e| e.to_string())? {
        say(&format!("{line}\n"))?;
    }
    Ok(())
}

/// Removes an address and its messages.
pub fn remove(options: &Options, name: &str) -> Result<(), String> {
    let site = Site::open(&options.folder())?;
    let named = name.to_string();
    let gone = site.db.write(User::system(), move |tx| db::run(tx, "DELETE FROM webhook WHERE name = ?1", [named]));
    match gone.map_err(|e| e.to_string())? {
        0 => Err(format!("there is no webhook {name}; see stockroom webhook list")),
        _ => say(&format!("{name} was removed.\n")),
    }
}

/// Prints the messages that an address got, a line each: when, from where, what.
pub fn messages(options: &Options, name: &str) -> Result<(), String> {
    let site = Site::open(&options.folder())?;
    let conn = site.db.read().map_err(|e| e.to_string())?;
    let sql = "SELECT m.at, m.host, m.body FROM webhook_message m JOIN webhook w ON w.id = m.webhook WHERE w.name = ?1 ORDER BY m.id";
    let mut statement = conn.prepare(sql).map_err(|e| e.to_string())?;
    let rows = statement.query_map([name], |row| {
        let (at, host, body): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(format!("{}\t{host}\t{}\n", moment::minute(at), body.replace(['\n', '\r'], " ")))
    });
    for line in rows.map_err(|e| e.to_string())? {
        say(&line.map_err(|e| e.to_string())?)?;
    }
    Ok(())
}
