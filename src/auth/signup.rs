//! Registration: visitors make themselves an account, where the settings allow it and mail can be sent.

use std::sync::Arc;

use rusqlite::Connection;
use serde_json::json;

use super::session::{enter, entrances};
use super::{Wrong, address, envelope, given, guard, needed};
use crate::common::setting;
use crate::db;
use crate::engine::call::{Call, Reply};
use crate::error::{Error, Result};
use crate::identity::login::load;
use crate::identity::mail_key::Purpose;
use crate::identity::{User, password, session};
use crate::users::user;

/// Under what name registrations are counted; no user can have it.
const SENDER: &str = "new accounts";

/// May visitors register? Without a mail server they may not, as in the reference: nobody could prove an address.
///
/// # Errors
/// The database cannot be asked.
pub fn is_open(call: &Call, conn: &Connection) -> Result<bool> {
    Ok(call.site.mail.is_some() && setting::is_on(conn, "LOGIN_ENABLE_REG")?)
}

/// `POST auth/signup`
pub fn sign_up(call: &Call) -> Result<Reply> {
    if call.user.known() {
        return Ok(envelope(409, json!({})));
    }
    guard(call)?;
    let conn = call.db().read()?;
    if !is_open(call, &conn)? {
        return Ok(envelope(403, json!({})));
    }
    let mut wrong = Wrong::default();
    let (name, plain) = (needed(call, "username", &mut wrong), needed(call, "password", &mut wrong));
    let domains = setting::value(&conn, "LOGIN_SIGNUP_MAIL_RESTRICTION")?;
    let restricted = !domains.trim().is_empty();
    let wants_mail = restricted || setting::is_on(&conn, "LOGIN_MAIL_REQUIRED")?;
    drop(conn);
    let email =
        if wants_mail || !given(call, "email").trim().is_empty() { super::password::address(call, &mut wrong)? } else { String::new() };
    let conn = call.db().read()?;
    for (first, second, key) in [("email", "email2", "LOGIN_SIGNUP_MAIL_TWICE"), ("password", "password2", "LOGIN_SIGNUP_PWD_TWICE")] {
        // Forms compare the two themselves and send one; a second one that is sent must agree.
        if call.content.raw(second).is_some() && setting::is_on(&conn, key)? && given(call, first) != given(call, second) {
            wrong.add(second, "mismatch", "The two do not agree.");
        }
    }
    if restricted && !email.is_empty() && !in_domains(&email, &domains) {
        wrong.add("email", "email_domain", "Addresses of this domain cannot register here.");
    }
    if name.chars().count() > 150 || name.chars().any(|c| !c.is_alphanumeric() && !"@.+-_".contains(c)) {
        wrong.add("username", "invalid", "At most 150 letters, digits and @ . + - _.");
    } else if db::one::<i64>(&conn, "SELECT 1 FROM user WHERE username = ?1 COLLATE NOCASE", [&name])?.is_some() {
        wrong.add("username", "username_taken", "This name is taken.");
    }
    if !email.is_empty() && address::is_taken(&conn, &email)? {
        wrong.add("email", "email_taken", "This address belongs to an account already.");
    }
    if !plain.is_empty() {
        for why in password::weaknesses(&plain, &[&name, &email]) {
            wrong.add("password", "password_too_weak", &why);
        }
    }
    drop(conn);
    if !wrong.is_empty() {
        return Ok(wrong.reply());
    }
    // Accounts cost work and mail: whoever makes many waits like one who guesses passwords.
    match call.site.identity.slow_down(call.client, SENDER) {
        Err(Error::TooMany) => Ok(Wrong::one("username", "too_many_signups", "Too many registrations; wait a little.")),
        Err(other) => Err(other),
        Ok(()) => make(call, name, email, &plain, restricted),
    }
}

fn in_domains(email: &str, domains: &str) -> bool {
    let host = email.rsplit_once('@').map_or("", |(_, host)| host);
    domains.split(',').map(|d| d.trim().trim_start_matches('@')).any(|d| !d.is_empty() && d.eq_ignore_ascii_case(host))
}

/// Where only some domains may register, the address has to be proven before the account opens.
fn make(call: &Call, name: String, email: String, plain: &str, waits: bool) -> Result<Reply> {
    let hash = password::hash(plain);
    let (named, address) = (name.clone(), email.clone());
    // The visitor is nobody yet; the server makes the account.
    let id = call.site.db.write(User::system(), move |tx| {
        let id = user::create(tx, &named, &address, &hash, false, false)?;
        if waits {
            db::run(tx, "UPDATE user SET is_active = 0 WHERE id = ?1", [id])?;
        }
        if let Ok(group) = setting::value(tx, "SIGNUP_GROUP")?.trim().parse::<i64>() {
            db::run(tx, "INSERT INTO user_group_member (user, \"group\") SELECT ?1, id FROM user_group WHERE id = ?2", [id, group])?;
        }
        Ok(id)
    })?;
    if !email.is_empty() {
        let purpose = if waits { Purpose::Activate } else { Purpose::Verify };
        address::send_key(call, purpose, id, &name, &email)?;
    }
    if waits {
        let mut flows = entrances(call, &*call.db().read()?)?;
        flows.push(json!({"id": "verify_email", "is_pending": true}));
        return Ok(envelope(401, json!({"data": {"flows": flows}, "meta": {"is_authenticated": false}})));
    }
    let user = load(&*call.db().read()?, id)?.unwrap_or_default();
    enter(call, &Arc::new(user), session::by_password(&name, call.now))
}
