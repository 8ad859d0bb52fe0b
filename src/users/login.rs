//! `/api/auth/v1/…`: log in and out from a browser. Answers are `{status, data, meta, errors}`.

use serde_json::{Value, json};

use crate::engine::call::{Call, JSON, Reply, Verb};
use crate::engine::describe::{Endpoint, Field, any, int, text};
use crate::error::{Error, Result};
use crate::identity::{Access, User, session};

/// The addresses of this file.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        path: "api/auth/v1/auth/session",
        access: Access::Anyone,
        title: "session",
        operations: &["allauth_auth_session_get", "allauth_auth_session_delete"],
        statuses: &["200", "401"],
        output: ENVELOPE,
        verbs: &[(Verb::Get, get_session), (Verb::Delete, logout)],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/auth/v1/auth/login",
        access: Access::Anyone,
        title: "login",
        operations: &["allauth_auth_login_post"],
        output: ENVELOPE,
        input: LOGIN_FIELDS,
        verbs: &[(Verb::Post, login)],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/auth/v1/config",
        access: Access::Anyone,
        title: "log-in options",
        operations: &["allauth_config_get"],
        output: ENVELOPE,
        verbs: &[(Verb::Get, config)],
        ..Endpoint::BASE
    },
];

static ENVELOPE: &[Field] = &[
    int("status").fixed(),
    any("data").holds("{}").null().fixed(),
    any("meta").holds("{}").null().fixed(),
    any("errors").holds("[]").null().fixed(),
];
static LOGIN_FIELDS: &[Field] = &[text("username", 150).required().request(), text("password", 128).required().request()];

fn envelope(status: u16, rest: Value) -> Reply {
    let mut all = json!({ "status": status });
    if let (Some(all), Value::Object(rest)) = (all.as_object_mut(), rest) {
        all.extend(rest);
    }
    let mut reply = Reply::value(&all).with("Cache-Control", "no-store");
    reply.status = status;
    reply.kind = JSON;
    reply
}

fn nobody() -> Reply {
    envelope(401, json!({"data": {"flows": [{"id": "login"}]}, "meta": {"is_authenticated": false}}))
}

fn somebody(call: &Call, user: &User) -> Result<Reply> {
    let conn = call.db().read()?;
    let (email, password): (String, String) = conn
        .prepare_cached("SELECT email, password FROM user WHERE id = ?1")?
        .query_row([user.id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let about = json!({
        "id": user.id, "display": user.name, "username": user.name, "email": email,
        "has_usable_password": crate::identity::password::usable(&password),
    });
    Ok(envelope(
        200,
        json!({"data": {"user": about, "methods": [{"method": "password", "username": user.name}]}, "meta": {"is_authenticated": true}}),
    ))
}

fn get_session(call: &Call) -> Result<Reply> {
    let reply = if call.user.known() { somebody(call, &call.user)? } else { nobody() };
    let has = session::cookie(call.header("Cookie"), session::CSRF).is_some_and(|c| !c.is_empty());
    if has { Ok(reply) } else { Ok(session::with_csrf(reply, &session::csrf()?, call.secure)) }
}

fn login(call: &Call) -> Result<Reply> {
    if call.user.known() {
        return Ok(envelope(409, json!({})));
    }
    // A page of another site must not be able to log somebody in.
    let (cookie, header) = (session::cookie(call.header("Cookie"), session::CSRF), call.header("X-CSRFToken"));
    if cookie.is_none_or(str::is_empty) || cookie != header {
        return Err(Error::Denied("CSRF check failed: fetch the session first and send its csrftoken as X-CSRFToken.".into()));
    }
    let text = |name| call.content.raw(name).and_then(|v: Value| v.as_str().map(String::from)).unwrap_or_default();
    let (name, password) = (text("username"), text("password"));
    let refused =
        |code: &str, message: &str| Ok(envelope(400, json!({"errors": [{"message": message, "code": code, "param": "password"}]})));
    match call.site.identity.check(call.db(), &name, &password, call.client) {
        Err(Error::TooMany) => refused("too_many_login_attempts", "Too many failed attempts; wait a little."),
        Err(other) => Err(other),
        Ok(None) => refused("username_password_mismatch", "Name and password do not fit."),
        Ok(Some(user)) => {
            let agent = call.header("User-Agent").unwrap_or_default();
            let (client, agent) = (call.client.to_string(), agent.to_string());
            let value = call.site.db.write(user.clone(), move |tx| {
                crate::db::run(tx, "UPDATE user SET last_login = ?2 WHERE id = ?1", [tx.user.id, tx.now])?;
                session::start(tx, tx.user.id, &client, &agent)
            })?;
            let reply = session::with_session(somebody(call, &user)?, &value, call.secure);
            Ok(session::with_csrf(reply, &session::csrf()?, call.secure))
        }
    }
}

/// Answers 401: nobody is logged in any more, which is what was asked for.
fn logout(call: &Call) -> Result<Reply> {
    if call.session.is_some() {
        call.write(move |tx, call| session::end(tx, call.session.as_deref().unwrap_or_default()))?;
    }
    Ok(session::without_session(nobody()))
}

fn config(_: &Call) -> Result<Reply> {
    Ok(envelope(
        200,
        json!({"data": {
            "account": {
                "login_methods": ["username"], "is_open_for_signup": false, "email_verification_by_code_enabled": false,
                "login_by_code_enabled": false, "password_reset_by_code_enabled": false,
                "authentication_method": "username",
            },
            "socialaccount": {"providers": []},
            "mfa": {"supported_types": [], "passkey_login_enabled": false},
            "usersessions": {"track_activity": false},
        }}),
    ))
}
