//! Log in, log out, sessions, proof of identity.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Here, Wrong, envelope, factor, given, given_list, guard, needed, signup};
use crate::db::{self, Tx};
use crate::engine::call::{Call, Reply};
use crate::error::{Error, Result};
use crate::identity::login::{Checked, load};
use crate::identity::{User, password, session};

/// What can be done by somebody who is not logged in, and what waits to be done.
pub fn nobody(call: &Call) -> Result<Reply> {
    let conn = call.db().read()?;
    let mut flows = entrances(call, &conn)?;
    if let Some(cookie) = session::cookie(call.header("Cookie"), session::COOKIE)
        && let Some((user, _)) = session::staged(&conn, cookie, call.now)?
    {
        flows.push(waiting(&conn, user)?);
    }
    Ok(out(flows))
}

/// The ways in that are open to whoever is not logged in.
pub fn entrances(call: &Call, conn: &rusqlite::Connection) -> Result<Vec<Value>> {
    let mut flows = vec![json!({"id": "login"})];
    if signup::is_open(call, conn)? {
        flows.push(json!({"id": "signup"}));
    }
    flows.push(json!({"id": "mfa_login_webauthn"}));
    Ok(flows)
}

/// What those are told who have just logged out.
fn gone(call: &Call) -> Result<Reply> {
    let flows = entrances(call, &*call.db().read()?)?;
    Ok(session::without_session(out(flows)))
}

fn out(flows: Vec<Value>) -> Reply {
    envelope(401, json!({"data": {"flows": flows}, "meta": {"is_authenticated": false}}))
}

/// The flow that waits for a second factor.
fn waiting(conn: &rusqlite::Connection, user: i64) -> Result<Value> {
    Ok(json!({"id": "mfa_authenticate", "types": factor::kinds(conn, user)?, "is_pending": true}))
}

/// A user as these answers show one.
pub fn about(conn: &rusqlite::Connection, user: i64) -> Result<Value> {
    let (name, email, password): (String, String, String) = conn
        .prepare_cached("SELECT username, email, password FROM user WHERE id = ?1")?
        .query_row([user], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(json!({"id": user, "display": name, "username": name, "email": email, "has_usable_password": password::usable(&password)}))
}

/// Who is logged in, and by what.
pub fn somebody(call: &Call, user: &User, methods: &[Value]) -> Result<Reply> {
    let about = about(&*call.db().read()?, user.id)?;
    Ok(envelope(200, json!({"data": {"user": about, "methods": methods}, "meta": {"is_authenticated": true}})))
}

/// What concerns security wants a fresh proof of identity.
pub fn prove_first(call: &Call, here: &Here) -> Result<Reply> {
    let conn = call.db().read()?;
    let mut flows = vec![json!({"id": "reauthenticate"})];
    if factor::has(&conn, here.user.id)? {
        flows.push(json!({"id": "mfa_reauthenticate", "types": factor::kinds(&conn, here.user.id)?}));
    }
    let about = about(&conn, here.user.id)?;
    Ok(envelope(401, json!({"data": {"user": about, "methods": here.state.methods, "flows": flows}, "meta": {"is_authenticated": true}})))
}

/// `GET auth/session`
pub fn show(call: &Call) -> Result<Reply> {
    let reply = match Here::of(call)? {
        Some(here) => somebody(call, &here.user, &here.state.methods)?,
        None => nobody(call)?,
    };
    let has = session::cookie(call.header("Cookie"), session::CSRF).is_some_and(|c| !c.is_empty());
    if has { Ok(reply) } else { Ok(session::with_csrf(reply, &session::csrf()?, call.secure)) }
}

/// `POST auth/login`
pub fn log_in(call: &Call) -> Result<Reply> {
    if call.user.known() {
        return Ok(envelope(409, json!({})));
    }
    guard(call)?;
    let mut wrong = Wrong::default();
    let (name, password) = (needed(call, "username", &mut wrong), needed(call, "password", &mut wrong));
    if !wrong.is_empty() {
        return Ok(wrong.reply());
    }
    match call.site.identity.check(call.db(), &name, &password, call.client) {
        Err(Error::TooMany) => Ok(Wrong::one("password", "too_many_login_attempts", "Too many failed attempts; wait a little.")),
        Err(other) => Err(other),
        Ok(Checked::Wrong) => Ok(Wrong::one("password", "username_password_mismatch", "Name and password do not fit.")),
        Ok(Checked::Inactive) => nobody(call),
        Ok(Checked::Right(user)) => {
            let method = session::by_password(&user.name, call.now);
            enter(call, &user, method)
        }
    }
}

/// What a first proof of identity led to.
pub enum Entered {
    /// A session; its cookie and how it came about.
    In(String, Vec<Value>),
    /// A second factor is to be shown; the cookie of the waiting login.
    Waits(String),
}

/// Starts a session, or the wait for a second factor.
pub fn begin(call: &Call, user: &Arc<User>, method: Value) -> Result<Entered> {
    let (client, agent) = (call.client.to_string(), call.header("User-Agent").unwrap_or_default().to_string());
    call.site.db.write(user.clone(), move |tx| {
        if factor::has(tx, tx.user.id)? {
            return session::stage(tx, tx.user.id, method).map(Entered::Waits);
        }
        let methods = vec![method];
        Ok(Entered::In(start(tx, &client, &agent, &methods)?, methods))
    })
}

/// Starts a session for whoever showed all that is asked for; gives its cookie.
pub fn start(tx: &Tx<'_>, client: &str, agent: &str, methods: &[Value]) -> Result<String> {
    db::run(tx, "UPDATE user SET last_login = ?2 WHERE id = ?1", [tx.user.id, tx.now])?;
    session::start(tx, tx.user.id, client, agent, methods)
}

/// Tells somebody who is in now so, and sets the cookies.
pub fn inside(call: &Call, user: &User, methods: &[Value], cookie: &str) -> Result<Reply> {
    let reply = session::with_session(somebody(call, user, methods)?, cookie, call.secure);
    Ok(session::with_csrf(reply, &session::csrf()?, call.secure))
}

/// Lets somebody in who proved once who it is.
pub fn enter(call: &Call, user: &Arc<User>, method: Value) -> Result<Reply> {
    match begin(call, user, method)? {
        Entered::In(cookie, methods) => inside(call, user, &methods, &cookie),
        Entered::Waits(cookie) => {
            let conn = call.db().read()?;
            let mut flows = entrances(call, &conn)?;
            flows.push(waiting(&conn, user.id)?);
            Ok(session::with_csrf(session::with_session(out(flows), &cookie, call.secure), &session::csrf()?, call.secure))
        }
    }
}

/// `DELETE auth/session`; answers 401: nobody is logged in any more, which is what was asked for.
pub fn log_out(call: &Call) -> Result<Reply> {
    if let Some(cookie) = session::cookie(call.header("Cookie"), session::COOKIE).map(String::from) {
        call.write(move |tx, _| {
            session::end_stage(tx, &cookie)?;
            session::end(tx, &cookie)
        })?;
    }
    gone(call)
}

/// `POST auth/reauthenticate`
pub fn prove(call: &Call) -> Result<Reply> {
    let Some(here) = Here::of(call)? else { return nobody(call) };
    let mut wrong = Wrong::default();
    let plain = needed(call, "password", &mut wrong);
    if !wrong.is_empty() {
        return Ok(wrong.reply());
    }
    if !matches!(call.site.identity.check(call.db(), &here.user.name, &plain, call.client), Ok(Checked::Right(_))) {
        return Ok(Wrong::one("password", "incorrect_password", "This is not the password."));
    }
    let method = session::by_password(&here.user.name, call.now);
    proven(call, &here, method)
}

/// Notes a new proof of identity and answers with the session.
pub fn proven(call: &Call, here: &Here, method: Value) -> Result<Reply> {
    let value = here.value.clone();
    let methods = call.write(move |tx, _| {
        session::prove(tx, &value, method)?;
        Ok(session::state(tx, &value)?.map(|state| state.methods).unwrap_or_default())
    })?;
    somebody(call, &here.user, &methods)
}

/// `GET auth/sessions`
pub fn list(call: &Call) -> Result<Reply> {
    match Here::of(call)? {
        None => nobody(call),
        Some(here) => listed(call, &here),
    }
}

fn listed(call: &Call, here: &Here) -> Result<Reply> {
    let conn = call.db().read()?;
    let mut statement = conn.prepare_cached(
        "SELECT id, user_agent, ip, created, last_seen FROM session WHERE user = ?1 AND expires > ?2 ORDER BY last_seen DESC, id DESC",
    )?;
    let rows = statement.query_map([here.user.id, call.now], |row| {
        let id: i64 = row.get(0)?;
        let (agent, ip): (String, String) = (row.get(1)?, row.get(2)?);
        Ok(json!({
            "id": id, "user_agent": agent, "ip": ip, "created_at": session::seconds(row.get(3)?),
            "is_current": id == here.state.id,
        }))
    })?;
    let rows: Vec<Value> = rows.collect::<rusqlite::Result<_>>()?;
    Ok(envelope(200, json!({ "data": rows })))
}

/// `DELETE auth/sessions`: ends those that the body names; only the caller's own.
pub fn end(call: &Call) -> Result<Reply> {
    let Some(here) = Here::of(call)? else { return nobody(call) };
    let Some(ids) = given_list(call, "sessions") else {
        return Ok(Wrong::one("sessions", "required", "A list of sessions is needed."));
    };
    let Some(ids) = ids.iter().map(Value::as_i64).collect::<Option<Vec<i64>>>() else {
        return Ok(Wrong::one("sessions", "invalid", "Sessions are named by their numbers."));
    };
    let (own, user) = (here.state.id, here.user.id);
    let current = ids.contains(&own);
    let known = call.write(move |tx, _| {
        for id in &ids {
            let there: Option<i64> = db::one(tx, "SELECT id FROM session WHERE id = ?1 AND user = ?2", [*id, user])?;
            if there.is_none() {
                return Ok(false);
            }
        }
        for id in ids {
            db::run(tx, "DELETE FROM session WHERE id = ?1 AND user = ?2", [id, user])?;
        }
        Ok(true)
    })?;
    match (known, current) {
        (false, _) => Ok(Wrong::one("sessions", "incorrect", "One of them is no session of yours.")),
        (true, true) => gone(call),
        (true, false) => listed(call, &here),
    }
}

/// `GET config`
pub fn config(call: &Call) -> Result<Reply> {
    let open = signup::is_open(call, &*call.db().read()?)?;
    Ok(envelope(
        200,
        json!({"data": {
            "account": {
                "login_methods": ["username"], "is_open_for_signup": open, "email_verification_by_code_enabled": false,
                "login_by_code_enabled": false, "password_reset_by_code_enabled": false,
                "authentication_method": "username",
            },
            "socialaccount": {"providers": []},
            "mfa": {"supported_types": ["totp", "recovery_codes", "webauthn"], "passkey_login_enabled": true},
            "usersessions": {"track_activity": false},
        }}),
    ))
}

/// The user behind a login that waits for a second factor, its cookie, and how it began.
pub type Waiting = (Arc<User>, String, Vec<Value>);

/// The login that waits in the caller's browser.
pub fn waiting_user(call: &Call) -> Result<Option<Waiting>> {
    let Some(cookie) = session::cookie(call.header("Cookie"), session::COOKIE) else { return Ok(None) };
    let conn = call.db().read()?;
    let Some((id, methods)) = session::staged(&conn, cookie, call.now)? else { return Ok(None) };
    Ok(load(&conn, id)?.map(|user| (Arc::new(user), cookie.to_string(), methods)))
}

/// The code that a request brings.
pub fn code(call: &Call) -> std::result::Result<String, Reply> {
    let code = given(call, "code");
    if code.is_empty() { Err(Wrong::one("code", "required", "This is needed.")) } else { Ok(code) }
}
