//! `stockroom oauth …`

use stockroom::db;
use stockroom::identity::User;
use stockroom::oauth::client::{self, New};
use stockroom::site::Site;

use super::{Options, say};

/// Prints the registered programs.
pub fn list(options: &Options) -> Result<(), String> {
    let site = Site::open(&options.folder())?;
    let lines = site.db.read().and_then(|conn| client::lines(&conn)).map_err(|e| e.to_string())?;
    lines.iter().try_for_each(|line| say(&format!("{line}\n")))
}

/// Registers a program.
pub fn add(options: &Options, name: &str) -> Result<(), String> {
    let site = Site::open(&options.folder())?;
    let acts_as = match &options.acts_as {
        None => None,
        Some(user) => {
            let found: Option<i64> = site
                .db
                .read()
                .and_then(|conn| db::one(&conn, "SELECT id FROM user WHERE username = ?1", [user]))
                .map_err(|e| e.to_string())?;
            Some(found.ok_or_else(|| format!("there is no user {user}"))?)
        }
    };
    let new = New { name: name.into(), redirects: options.redirects.clone(), confidential: options.confidential, acts_as };
    let made = site.db.write(User::system(), move |tx| client::add(tx, &new)).map_err(|e| format!("{name} could not be added: {e}"))?;
    say(&format!("client id      {}\n", made.0))?;
    made.1.map_or(Ok(()), |secret| say(&format!("client secret  {secret}\nThe secret is shown this once.\n")))
}

/// Removes a program; all its tokens end.
pub fn remove(options: &Options, client_id: &str) -> Result<(), String> {
    let site = Site::open(&options.folder())?;
    let id = client_id.to_string();
    let gone = site.db.write(User::system(), move |tx| client::remove(tx, &id)).map_err(|e| e.to_string())?;
    if gone { say(&format!("{client_id} was removed.\n")) } else { Err(format!("there is no program {client_id}")) }
}
