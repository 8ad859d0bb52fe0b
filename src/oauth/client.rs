//! Programs that may ask for consent: superusers register them, here or on the command line.

use rusqlite::Connection;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::{error, told};
use crate::auth::page;
use crate::common::setting;
use crate::db::{self, Tx};
use crate::engine::call::{Call, Reply};
use crate::engine::input::Content;
use crate::error::{Error, Result, invalid};
use crate::identity::session;
use crate::identity::token::{digest, hex, random};

/// A registered program.
#[derive(Clone)]
pub struct Client {
    /// Primary key.
    pub id: i64,
    /// Its name on the wire.
    pub client_id: String,
    /// Its name for people.
    pub name: String,
    /// The digest of its secret; none if it can keep no secret.
    pub secret: Option<Vec<u8>>,
    /// Addresses to return to, compared letter for letter.
    pub redirects: Vec<String>,
    /// The user for whom it acts on its own account.
    pub acts_as: Option<i64>,
}

/// What a program is registered with.
pub struct New {
    /// Its name for people.
    pub name: String,
    /// Addresses to return to.
    pub redirects: Vec<String>,
    /// Can it keep a secret?
    pub confidential: bool,
    /// The user for whom it acts on its own account.
    pub acts_as: Option<i64>,
}

/// The program of that name on the wire.
///
/// # Errors
/// The database cannot be asked.
pub fn find(conn: &Connection, client_id: &str) -> Result<Option<Client>> {
    let mut statement =
        conn.prepare_cached("SELECT id, client_id, name, secret, redirects, acts_as FROM oauth_client WHERE client_id = ?1")?;
    let mut rows = statement.query([client_id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let redirects: String = row.get(4)?;
    Ok(Some(Client {
        id: row.get(0)?,
        client_id: row.get(1)?,
        name: row.get(2)?,
        secret: row.get(3)?,
        redirects: redirects.lines().map(String::from).collect(),
        acts_as: row.get(5)?,
    }))
}

/// An address to return to must be whole, and lead to a place of its own: https, a loopback address, or a scheme with a dot in its name,
/// as phone apps own them (RFC 8252).
pub fn is_redirect(text: &str) -> bool {
    let clean = !text.contains(|c: char| c.is_whitespace() || c.is_control() || "#\\\"<>".contains(c)) && text.len() <= 1000;
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let host = rest.strip_prefix("//").map(|r| r.split(['/', '?']).next().unwrap_or_default());
    let own = match (scheme, host) {
        ("https", Some(host)) => !host.is_empty() && !host.contains('@'),
        ("http", Some(host)) => {
            let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
            matches!(name, "localhost" | "127.0.0.1" | "[::1]")
        }
        ("https" | "http", None) => false,
        _ => scheme.contains('.') && scheme.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-+".contains(c)),
    };
    clean && own
}

/// Registers a program; gives its name on the wire and its secret, which is shown this once.
///
/// # Errors
/// 400 by the fields.
pub fn add(tx: &Tx<'_>, new: &New) -> Result<(String, Option<String>)> {
    if new.name.trim().is_empty() || new.name.len() > 200 {
        return invalid("name", "A name of at most 200 characters is needed.");
    }
    if let Some(bad) = new.redirects.iter().find(|r| !is_redirect(r)) {
        return invalid(
            "redirect_uris",
            format!("{bad}: https, http on a loopback address or an app's own scheme is expected, without #."),
        );
    }
    if new.redirects.is_empty() && new.acts_as.is_none() {
        return invalid("redirect_uris", "A program needs an address to return to, or a user for whom it acts on its own.");
    }
    if new.acts_as.is_some() && !new.confidential {
        return invalid("acts_as", "Only a program that can keep a secret may act on its own.");
    }
    let client_id = hex(&random::<20>()?);
    let secret = if new.confidential { Some(hex(&random::<32>()?)) } else { None };
    db::run(
        tx,
        "INSERT INTO oauth_client (client_id, secret, name, redirects, acts_as, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (&client_id, secret.as_deref().map(digest), new.name.trim(), new.redirects.join("\n"), new.acts_as, tx.now),
    )?;
    Ok((client_id, secret))
}

/// Removes a program with all that it was granted; `false` if there is none of that name.
///
/// # Errors
/// The database cannot be written.
pub fn remove(tx: &Tx<'_>, client_id: &str) -> Result<bool> {
    Ok(db::run(tx, "DELETE FROM oauth_client WHERE client_id = ?1", [client_id])? > 0)
}

/// The superuser who asks; anybody else is sent away.
fn chief(call: &Call) -> Result<()> {
    if !call.user.known() {
        return Err(Error::Unauthenticated("Log in first.".into()));
    }
    if !call.user.superuser {
        return Err(Error::Denied("Only superusers may see and change the registered programs.".into()));
    }
    if lacks_factor(&*call.db().read()?, call.user.id)? {
        return Err(Error::Denied("Set up a second factor first.".into()));
    }
    Ok(())
}

fn guard(call: &Call) -> Result<()> {
    let (cookie, header) = (session::cookie(call.header("Cookie"), session::CSRF), call.header("X-CSRFToken"));
    match (cookie, header) {
        (Some(cookie), Some(header)) if !cookie.is_empty() && bool::from(cookie.as_bytes().ct_eq(header.as_bytes())) => Ok(()),
        _ => page::guard(call),
    }
}

/// `GET applications/`: all programs, as JSON, for superusers with a session.
///
/// # Errors
/// 401 and 403 for others.
pub fn list(call: &Call) -> Result<Reply> {
    chief(call)?;
    let conn = call.db().read()?;
    let ids: Vec<String> = db::column(&conn, "SELECT client_id FROM oauth_client ORDER BY id", [])?;
    let mut all = Vec::new();
    for client in ids.iter().map(|id| find(&conn, id)).collect::<Result<Vec<_>>>()?.into_iter().flatten() {
        all.push(json!({
            "client_id": client.client_id, "name": client.name, "redirect_uris": client.redirects,
            "client_type": if client.secret.is_some() { "confidential" } else { "public" }, "acts_as": client.acts_as,
        }));
    }
    Ok(told(200, &all.into()))
}

/// `POST applications/`: `{name, redirect_uris, confidential?, acts_as?}`; the answer alone shows the secret.
///
/// # Errors
/// 401 and 403 for others.
pub fn register(call: &Call) -> Result<Reply> {
    chief(call)?;
    guard(call)?;
    let Content::Json(body) = &call.content else { return Ok(error(400, "invalid_request", "JSON is expected.")) };
    let redirects = body["redirect_uris"]
        .as_array()
        .map_or_else(Vec::new, |list| list.iter().map(|one| one.as_str().unwrap_or_default().to_string()).collect());
    let new = New {
        name: body["name"].as_str().unwrap_or_default().into(),
        redirects,
        confidential: body["confidential"] == Value::Bool(true),
        acts_as: body["acts_as"].as_i64(),
    };
    let made = call.write(move |tx, _| {
        if let Some(user) = new.acts_as
            && db::one::<i64>(tx, "SELECT id FROM user WHERE id = ?1", [user])?.is_none()
        {
            return invalid("acts_as", "There is no such user.");
        }
        add(tx, &new)
    });
    match made {
        Ok((client_id, secret)) => Ok(told(201, &json!({"client_id": client_id, "client_secret": secret}))),
        Err(Error::Invalid(problems)) => Ok(error(400, "invalid_client_metadata", &Error::Invalid(problems).to_string())),
        Err(other) => Err(other),
    }
}

/// `DELETE applications/{client_id}/`
///
/// # Errors
/// 401 and 403 for others, 404 if there is none of that name.
pub fn unregister(call: &Call, client_id: &str) -> Result<Reply> {
    chief(call)?;
    guard(call)?;
    let id = client_id.to_string();
    if call.write(move |tx, _| remove(tx, &id))? { Ok(Reply::empty(204)) } else { Err(Error::NotFound("There is no such program.".into())) }
}

/// One line for each program, for the command line.
///
/// # Errors
/// The database cannot be asked.
pub fn lines(conn: &Connection) -> Result<Vec<String>> {
    db::column(
        conn,
        "SELECT client_id || char(9) || name || char(9) || iif(secret IS NULL, 'public', 'confidential') || char(9) || replace(redirects, char(10), ' ') FROM oauth_client ORDER BY id",
        [],
    )
}

/// Is OAuth refused to this session because a second factor is to be set up first?
///
/// # Errors
/// The database cannot be asked.
pub fn lacks_factor(conn: &Connection, user: i64) -> Result<bool> {
    Ok(setting::is_on(conn, "LOGIN_ENFORCE_MFA")? && !crate::auth::factor::has(conn, user)?)
}

#[cfg(test)]
mod tests {
    use super::is_redirect;

    #[test]
    fn places_to_return_to() {
        for good in [
            "https://app.test/back",
            "https://app.test",
            "http://localhost:29170",
            "http://127.0.0.1/x?y=1",
            "http://[::1]:8/",
            "com.example.app:/back",
        ] {
            assert!(is_redirect(good), "{good}");
        }
        for bad in [
            "",
            "app.test",
            "http://app.test/",
            "http://localhost.evil.test/",
            "http://localhost@evil.test/",
            "https:///x",
            "https:evil",
            "https://a@b.test/",
            "https://app.test/#x",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://app.test/ x",
            "https://app.test/\nx",
        ] {
            assert!(!is_redirect(bad), "{bad}");
        }
    }
}
