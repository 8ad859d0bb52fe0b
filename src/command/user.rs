//! `stockroom user …`

use std::io::{BufRead, IsTerminal};

use stockroom::auth::factor;
use stockroom::db;
use stockroom::identity::{User, password, token};
use stockroom::site::Site;
use stockroom::users::user;

use super::{Options, say};

fn open(options: &Options) -> Result<Site, String> {
    Site::open(&options.folder())
}

/// Prints who may log in.
pub fn list(options: &Options) -> Result<(), String> {
    let site = open(options)?;
    let conn = site.db.read().map_err(|e| e.to_string())?;
    let mut statement =
        conn.prepare("SELECT username, email, is_active, is_staff, is_superuser FROM user ORDER BY username").map_err(|e| e.to_string())?;
    let rows = statement.query_map([], |row| {
        let (name, email): (String, String) = (row.get(0)?, row.get(1)?);
        let flags = [(2, "inactive", false), (3, "staff", true), (4, "superuser", true)];
        let mut words = vec![name, email];
        for (column, word, when) in flags {
            if row.get::<_, bool>(column)? == when {
                words.push(word.into());
            }
        }
        Ok(words.into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join("\t"))
    });
    for line in rows.map_err(|e| e.to_string())? {
        say(&format!("{}\n", line.map_err(|e| e.to_string())?))?;
    }
    Ok(())
}

/// Makes a user.
pub fn add(options: &Options, name: &str) -> Result<(), String> {
    let site = open(options)?;
    let plain = read_password()?;
    warn_if_weak(&password::weaknesses(&plain, &[name, &options.email]));
    let (hash, superuser, staff) = (password::hash(&plain), options.superuser, options.staff || options.superuser);
    let (named, email) = (name.to_string(), options.email.clone());
    let made = site.db.write(User::system(), move |tx| user::create(tx, &named, &email, &hash, staff, superuser));
    made.map_err(|e| format!("{name} could not be added: {e}"))?;
    say(&format!("{name} was added.\n"))
}

/// Sets a password.
pub fn set_password(options: &Options, name: &str) -> Result<(), String> {
    let site = open(options)?;
    let id = find(&site, name)?;
    let plain = read_password()?;
    let weak = site.db.read().and_then(|conn| user::weaknesses(&conn, id, &plain)).map_err(|e| e.to_string())?;
    warn_if_weak(&weak);
    let hash = password::hash(&plain);
    site.db.write(User::system(), move |tx| user::set_password(tx, id, &hash)).map_err(|e| e.to_string())?;
    say(&format!("The password of {name} was set.\n"))
}

/// Takes the second factor away.
pub fn reset_mfa(options: &Options, name: &str) -> Result<(), String> {
    let site = open(options)?;
    let id = find(&site, name)?;
    let gone = site.db.write(User::system(), move |tx| factor::remove_all(tx, id)).map_err(|e| e.to_string())?;
    say(&if gone { format!("{name} can log in with the password alone.\n") } else { format!("{name} has no second factor.\n") })
}

/// Prints a token.
pub fn token(options: &Options, name: &str) -> Result<(), String> {
    let site = open(options)?;
    let id = find(&site, name)?;
    let purpose = token::clean_name(&options.name);
    let secret = site.secret;
    let issued = site.db.write(User::system(), move |tx| token::obtain(tx, &secret, id, &purpose)).map_err(|e| e.to_string())?;
    say(&format!("{}\n", issued.token))
}

fn find(site: &Site, name: &str) -> Result<i64, String> {
    let conn = site.db.read().map_err(|e| e.to_string())?;
    db::one(&conn, "SELECT id FROM user WHERE username = ?1", [name])
        .map_err(|e| e.to_string())?
        .ok_or_else(|| format!("there is no user {name}"))
}

fn warn_if_weak(weak: &[String]) {
    for why in weak {
        eprintln!("stockroom: a weak password: {why}");
    }
}

/// One line of standard input.
fn read_password() -> Result<String, String> {
    if std::io::stdin().is_terminal() {
        eprint!("Password (it will be visible): ");
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(|e| e.to_string())?;
    let plain = line.trim_end_matches(['\n', '\r']);
    if plain.is_empty() { Err("a password is expected on standard input".into()) } else { Ok(plain.to_string()) }
}
