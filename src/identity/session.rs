//! Browser sessions: a cookie, its digest in the database, and the token against forged requests.

use super::token::{digest, hex, random};
use crate::db::{self, Tx};
use crate::engine::call::Reply;
use crate::error::Result;

/// Name of the session cookie.
pub const COOKIE: &str = "sessionid";
/// Name of the cookie that a script reads and sends back as a header.
pub const CSRF: &str = "csrftoken";
/// Seconds that a session lives.
const LIFE: i64 = 14 * 24 * 3600;
/// Seconds that the CSRF cookie lives.
const CSRF_LIFE: i64 = 365 * 24 * 3600;
/// Sessions of one user; the oldest go first.
const MAX_SESSIONS: i64 = 50;

/// The value of a cookie.
pub fn cookie<'a>(header: Option<&'a str>, name: &str) -> Option<&'a str> {
    header?.split(';').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key.trim() == name).then(|| value.trim())
    })
}

/// Starts a session; gives the cookie's value.
///
/// # Errors
/// The database cannot be written.
pub fn start(tx: &Tx<'_>, user: i64, client: &str, agent: &str) -> Result<String> {
    let value = hex(&random::<20>()?);
    db::run(tx, "DELETE FROM session WHERE expires < ?1", [tx.now])?;
    db::run(
        tx,
        "DELETE FROM session WHERE user = ?1 AND id NOT IN (SELECT id FROM session WHERE user = ?1 ORDER BY id DESC LIMIT ?2)",
        [user, MAX_SESSIONS - 1],
    )?;
    let agent: String = agent.chars().take(200).collect();
    db::run(
        tx,
        "INSERT INTO session (digest, user, created, expires, last_seen, ip, user_agent) VALUES (?1, ?2, ?3, ?4, ?3, ?5, ?6)",
        (digest(&value), user, tx.now, tx.now + LIFE * 1000, client, agent),
    )?;
    Ok(value)
}

/// Ends a session.
///
/// # Errors
/// The database cannot be written.
pub fn end(tx: &Tx<'_>, value: &str) -> Result<()> {
    db::run(tx, "DELETE FROM session WHERE digest = ?1", [digest(value)]).map(|_| ())
}

/// Ends all sessions of a user, for example because the password changed.
///
/// # Errors
/// The database cannot be written.
pub fn end_all(tx: &Tx<'_>, user: i64) -> Result<()> {
    db::run(tx, "DELETE FROM session WHERE user = ?1", [user]).map(|_| ())
}

/// A fresh CSRF token.
///
/// # Errors
/// The system has no random numbers.
pub fn csrf() -> Result<String> {
    Ok(hex(&random::<16>()?))
}

/// Sets the session cookie.
pub fn with_session(reply: Reply, value: &str, secure: bool) -> Reply {
    let more = if secure { "; Secure" } else { "" };
    reply.with("Set-Cookie", format!("{COOKIE}={value}; Path=/; Max-Age={LIFE}; HttpOnly; SameSite=Lax{more}"))
}

/// Sets the CSRF cookie, which scripts must be able to read.
pub fn with_csrf(reply: Reply, value: &str, secure: bool) -> Reply {
    let more = if secure { "; Secure" } else { "" };
    reply.with("Set-Cookie", format!("{CSRF}={value}; Path=/; Max-Age={CSRF_LIFE}; SameSite=Lax{more}"))
}

/// Takes the session cookie away.
pub fn without_session(reply: Reply) -> Reply {
    reply.with("Set-Cookie", format!("{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        let header = Some("xsessionid=1; sessionid=2;csrftoken=3");
        assert_eq!(cookie(header, COOKIE), Some("2"));
        assert_eq!(cookie(header, CSRF), Some("3"));
        assert_eq!(cookie(None, COOKIE), None);
    }
}
