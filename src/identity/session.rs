//! Browser sessions: a cookie, its digest in the database, and the token against forged requests.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::token::{digest, hex, random};
use crate::db::{self, Tx};
use crate::engine::call::Reply;
use crate::engine::moment::Moment;
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

/// How long a login waits for its second factor, in seconds.
const STAGE_LIFE: i64 = 600;
/// Wrong codes after which such a login starts over.
const STAGE_TRIES: i64 = 5;
/// Logins of one user that wait.
const MAX_STAGES: i64 = 10;

/// That the user proved who it is by a password.
pub fn by_password(name: &str, at: Moment) -> Value {
    json!({"method": "password", "at": seconds(at), "username": name})
}

/// That it was done by a link or code sent by mail.
pub fn by_mail(email: &str, at: Moment) -> Value {
    json!({"method": "code", "at": seconds(at), "email": email})
}

/// That it was done by a second factor.
pub fn by_factor(id: i64, kind: &str, at: Moment) -> Value {
    json!({"method": "mfa", "at": seconds(at), "id": id, "type": kind})
}

/// That it was done by a passkey alone, which stands for both steps.
pub fn by_passkey(id: i64, at: Moment) -> Value {
    json!({"method": "mfa", "at": seconds(at), "id": id, "type": "webauthn", "passwordless": true})
}

/// A moment as the browser login shows it: seconds, with a fraction.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of our time are far below 2^52")]
pub fn seconds(at: Moment) -> f64 {
    at as f64 / 1000.0
}

/// What a session row holds, beside whose it is.
pub struct State {
    /// Primary key.
    pub id: i64,
    /// How the user proved who it is, and when.
    pub methods: Vec<Value>,
    /// When that was last done.
    pub proven: Moment,
    /// Sealed: the secret of an authenticator app that is being set up.
    pub setup: Option<Vec<u8>>,
}

/// The session of a cookie.
///
/// # Errors
/// The database cannot be asked.
pub fn state(conn: &Connection, value: &str) -> Result<Option<State>> {
    let mut statement = conn.prepare_cached("SELECT id, methods, proven, setup FROM session WHERE digest = ?1")?;
    let mut rows = statement.query([digest(value)])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let methods: String = row.get(1)?;
    Ok(Some(State {
        id: row.get(0)?,
        methods: serde_json::from_str(&methods).unwrap_or_default(),
        proven: row.get(2)?,
        setup: row.get(3)?,
    }))
}

/// Notes in a session that the user proved anew who it is.
///
/// # Errors
/// The database cannot be written.
pub fn prove(tx: &Tx<'_>, value: &str, method: Value) -> Result<()> {
    let Some(State { mut methods, .. }) = state(tx, value)? else { return Ok(()) };
    methods.retain(|known| known["method"] != method["method"]);
    methods.push(method);
    let methods = Value::from(methods).to_string();
    db::run(tx, "UPDATE session SET methods = ?2, proven = ?3 WHERE digest = ?1", (digest(value), methods, tx.now)).map(|_| ())
}

/// A login whose second factor is still missing; gives the cookie's value.
///
/// # Errors
/// The database cannot be written.
pub fn stage(tx: &Tx<'_>, user: i64, method: Value) -> Result<String> {
    let value = hex(&random::<20>()?);
    db::run(tx, "DELETE FROM login_stage WHERE expires < ?1", [tx.now])?;
    db::run(
        tx,
        "DELETE FROM login_stage WHERE user = ?1 AND digest NOT IN (SELECT digest FROM login_stage WHERE user = ?1 ORDER BY expires DESC LIMIT ?2)",
        [user, MAX_STAGES - 1],
    )?;
    db::run(
        tx,
        "INSERT INTO login_stage (digest, user, expires, methods) VALUES (?1, ?2, ?3, ?4)",
        (digest(&value), user, tx.now + STAGE_LIFE * 1000, Value::from(vec![method]).to_string()),
    )?;
    Ok(value)
}

/// The user of a login that waits, and how it began.
///
/// # Errors
/// The database cannot be asked.
pub fn staged(conn: &Connection, value: &str, now: Moment) -> Result<Option<(i64, Vec<Value>)>> {
    let mut statement = conn.prepare_cached(
        "SELECT s.user, s.methods FROM login_stage s JOIN user u ON u.id = s.user WHERE s.digest = ?1 AND s.expires > ?2 AND u.is_active = 1",
    )?;
    let mut rows = statement.query((digest(value), now))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let methods: String = row.get(1)?;
    Ok(Some((row.get(0)?, serde_json::from_str(&methods).unwrap_or_default())))
}

/// Counts a wrong code against a login that waits; after the fifth it is over.
///
/// # Errors
/// The database cannot be written.
pub fn stage_failed(tx: &Tx<'_>, value: &str) -> Result<()> {
    db::run(tx, "UPDATE login_stage SET tries = tries + 1 WHERE digest = ?1", [digest(value)])?;
    db::run(tx, "DELETE FROM login_stage WHERE digest = ?1 AND tries >= ?2", (digest(value), STAGE_TRIES)).map(|_| ())
}

/// Ends a login that waits.
///
/// # Errors
/// The database cannot be written.
pub fn end_stage(tx: &Tx<'_>, value: &str) -> Result<()> {
    db::run(tx, "DELETE FROM login_stage WHERE digest = ?1", [digest(value)]).map(|_| ())
}

/// Starts a session for somebody who proved who it is by these methods; gives the cookie's value.
///
/// # Errors
/// The database cannot be written.
pub fn start(tx: &Tx<'_>, user: i64, client: &str, agent: &str, methods: &[Value]) -> Result<String> {
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
        "INSERT INTO session (digest, user, created, expires, last_seen, proven, ip, user_agent, methods) VALUES (?1, ?2, ?3, ?4, ?3, ?3, ?5, ?6, ?7)",
        (digest(&value), user, tx.now, tx.now + LIFE * 1000, client, agent, Value::from(methods.to_vec()).to_string()),
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

/// Ends all sessions of a user, for example because the password changed; and logins that wait, what was sent to get in by, and what
/// programs were granted.
///
/// # Errors
/// The database cannot be written.
pub fn end_all(tx: &Tx<'_>, user: i64) -> Result<()> {
    db::run(tx, "DELETE FROM session WHERE user = ?1", [user])?;
    db::run(tx, "DELETE FROM login_stage WHERE user = ?1", [user])?;
    // What programs were granted ends too: there is no other place to take it back.
    db::run(tx, "DELETE FROM oauth_token WHERE user = ?1", [user])?;
    db::run(tx, "DELETE FROM oauth_code WHERE user = ?1", [user])?;
    super::mail_key::end_all(tx, user)
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
