//! Passwords: change one's own, ask for a way back in, set a new one with the key from a mail.

use serde_json::json;

use super::session::{about, nobody};
use super::{Here, Wrong, envelope, given, guard, needed};
use crate::common::setting;
use crate::db;
use crate::engine::call::{Call, Reply};
use crate::engine::describe::{Field, email};
use crate::engine::input::{self, Content, Mode};
use crate::error::Result;
use crate::identity::login::Checked;
use crate::identity::mail_key::{self, Purpose};
use crate::identity::{User, password, session};
use crate::mail::{self, Letter};
use crate::users::user;

/// Says what is wrong with a new password, if anything is.
pub fn judge(conn: &rusqlite::Connection, id: i64, plain: &str, field: &str, wrong: &mut Wrong) -> Result<()> {
    for why in user::weaknesses(conn, id, plain)? {
        wrong.add(field, "password_too_weak", &why);
    }
    Ok(())
}

/// `POST account/password/change`; all sessions end, this one as well, as the contract has it.
pub fn change(call: &Call) -> Result<Reply> {
    let Some(here) = Here::of(call)? else { return nobody(call) };
    let id = here.user.id;
    let stored: String = db::one(&*call.db().read()?, "SELECT password FROM user WHERE id = ?1", [id])?.unwrap_or_default();
    let mut wrong = Wrong::default();
    if password::usable(&stored) {
        let current = needed(call, "current_password", &mut wrong);
        let right = || call.site.identity.check(call.db(), &here.user.name, &current, call.client);
        if wrong.is_empty() && !matches!(right(), Ok(Checked::Right(_))) {
            wrong.add("current_password", "enter_current_password", "This is not the current password.");
        }
    } else if !here.is_fresh(call) {
        return super::session::prove_first(call, &here);
    }
    let plain = needed(call, "new_password", &mut wrong);
    if !plain.is_empty() {
        judge(&*call.db().read()?, id, &plain, "new_password", &mut wrong)?;
    }
    if !wrong.is_empty() {
        return Ok(wrong.reply());
    }
    let hash = password::hash(&plain);
    call.write(move |tx, _| user::set_password(tx, id, &hash))?;
    Ok(session::without_session(nobody(call)?))
}

static EMAIL: &[Field] = &[email("email").required().request()];

/// The address in the body, if it is one.
pub fn address(call: &Call, wrong: &mut Wrong) -> Result<String> {
    let text = needed(call, "email", wrong).trim().to_string();
    if !text.is_empty() {
        let body = Content::Json(json!({ "email": text }));
        if input::read(&*call.db().read()?, EMAIL, &body, Mode::Create).is_err() {
            wrong.add("email", "invalid", "This is no e-mail address.");
        }
    }
    Ok(text)
}

/// `POST auth/password/request`: always 200, lest it tell which addresses are known.
pub fn request(call: &Call) -> Result<Reply> {
    guard(call)?;
    let mut wrong = Wrong::default();
    let email = address(call, &mut wrong)?;
    if !wrong.is_empty() {
        return Ok(wrong.reply());
    }
    let offered = setting::is_on(&*call.db().read()?, "LOGIN_ENABLE_PWD_FORGOT")?;
    if offered {
        send_key(call, Purpose::Reset, email);
    }
    Ok(envelope(200, json!({})))
}

/// Sends a key to the owner of an address, if it has one; the caller cannot tell.
fn send_key(call: &Call, purpose: Purpose, email: String) {
    let Some(base) = mail::base(call).map(String::from) else { return };
    mail::later(&call.site, move |site| {
        let made = site.db.write(User::system(), move |tx| {
            let Some((user, name, email)) = owner(tx, &email)? else { return Ok(None) };
            Ok(mail_key::make(tx, purpose, user, &email)?.map(|key| (name, email, key)))
        })?;
        Ok(made.map(|(name, to, key)| {
            let (subject, asked, page, after) = match purpose {
                Purpose::Reset => (
                    "Set a new password",
                    "a new password for the account",
                    "reset",
                    "It is good once, for an hour. If it was not you, do nothing: the password stays as it is.",
                ),
                _ => ("Log in", "a link to log in as", "link", "It is good once, for five minutes. If it was not you, do nothing."),
            };
            Letter {
                to,
                subject: subject.into(),
                text: format!("Somebody, probably you, asked for {asked} {name}:\n\n{}\n\n{after}\n", mail::SECRET),
                secret: format!("{base}/accounts/{page}/?key={key}"),
            }
        }))
    });
}

/// The active user with this address, which must be the first one or a verified one; with the name and the address as it is kept.
pub fn owner(conn: &rusqlite::Connection, email: &str) -> Result<Option<(i64, String, String)>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, username, email FROM user WHERE email = ?1 COLLATE NOCASE AND email <> '' AND is_active = 1 UNION ALL \
         SELECT u.id, u.username, m.email FROM user_mail m JOIN user u ON u.id = m.user WHERE m.email = ?1 AND m.verified = 1 AND u.is_active = 1",
    )?;
    let mut rows = statement.query([email.trim()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let found = (row.get(0)?, row.get(1)?, row.get(2)?);
    // An address that two accounts have opens neither.
    Ok(if rows.next()?.is_some() { None } else { Some(found) })
}

fn bad_key() -> Reply {
    Wrong::one("key", "invalid_password_reset", "This key is not valid, or was used before.")
}

/// `GET auth/password/reset`
pub fn reset_info(call: &Call) -> Result<Reply> {
    let conn = call.db().read()?;
    let key = call.header("X-Password-Reset-Key").unwrap_or_default();
    match mail_key::look(&conn, &[Purpose::Reset], key, call.now)? {
        Some(holder) => Ok(envelope(200, json!({"data": {"user": about(&conn, holder.user)?}}))),
        None => Ok(bad_key()),
    }
}

/// `POST auth/password/reset`; answers 401: the new password is to be used now.
pub fn reset(call: &Call) -> Result<Reply> {
    guard(call)?;
    let mut wrong = Wrong::default();
    let (key, plain) = (needed(call, "key", &mut wrong), needed(call, "password", &mut wrong));
    if !wrong.is_empty() {
        return Ok(wrong.reply());
    }
    match set_by_key(call, key, &plain)? {
        Some(refused) => Ok(refused.reply()),
        None => nobody(call),
    }
}

/// Sets a new password with the key from a mail; says what is wrong, if anything is.
pub fn set_by_key(call: &Call, key: String, plain: &str) -> Result<Option<Wrong>> {
    let mut wrong = Wrong::default();
    {
        let conn = call.db().read()?;
        match mail_key::look(&conn, &[Purpose::Reset], &key, call.now)? {
            Some(holder) => judge(&conn, holder.user, plain, "password", &mut wrong)?,
            None => wrong.add("key", "invalid_password_reset", "This key is not valid, or was used before."),
        }
    }
    if !wrong.is_empty() {
        return Ok(Some(wrong));
    }
    let hash = password::hash(plain);
    let done = call.write(move |tx, _| {
        let Some(holder) = mail_key::take(tx, &[Purpose::Reset], &key)? else { return Ok(false) };
        // Who read the mail has the address.
        db::run(tx, "UPDATE user SET email_verified = 1 WHERE id = ?1 AND email = ?2 COLLATE NOCASE", (holder.user, holder.email))?;
        user::set_password(tx, holder.user, &hash)?;
        Ok(true)
    })?;
    if !done {
        wrong.add("key", "invalid_password_reset", "This key is not valid, or was used before.");
    }
    Ok(if done { None } else { Some(wrong) })
}

/// `POST /api/email/generate/`: a link to log in by, sent by mail; always 200, lest it tell which addresses are known.
pub fn link(call: &Call) -> Result<Reply> {
    let email = call.content.raw("email");
    if email.as_ref().is_none_or(serde_json::Value::is_null) {
        return crate::error::invalid("email", "This is needed.");
    }
    let email = given(call, "email");
    send_key(call, Purpose::Login, email);
    Ok(Reply::value(&json!({"status": "ok"})))
}
