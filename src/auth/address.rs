//! E-mail addresses of an account: the first one stands with the user, further ones in a table beside it.

use serde_json::{Value, json};

use super::password::address;
use super::session::{about, nobody};
use super::{Here, Wrong, envelope, guard, needed};
use crate::db::{self, Tx};
use crate::engine::call::{Call, Reply};
use crate::error::Result;
use crate::identity::mail_key::{self, Holder, Purpose};
use crate::mail::{self, Letter};

/// Addresses of one user.
const MOST: i64 = 10;

/// `GET account/email`
pub fn list(call: &Call) -> Result<Reply> {
    let Some(here) = Here::of(call)? else { return nobody(call) };
    listed(call, here.user.id)
}

fn listed(call: &Call, user: i64) -> Result<Reply> {
    let conn = call.db().read()?;
    let mut statement = conn.prepare_cached(
        "SELECT email, 1, email_verified FROM user WHERE id = ?1 AND email <> '' UNION ALL SELECT email, 0, verified FROM (SELECT * FROM user_mail WHERE user = ?1 ORDER BY id)",
    )?;
    let rows = statement.query_map([user], |row| {
        let (email, primary, verified): (String, bool, bool) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(json!({"email": email, "primary": primary, "verified": verified}))
    })?;
    let rows: Vec<Value> = rows.collect::<rusqlite::Result<_>>()?;
    Ok(envelope(200, json!({ "data": rows })))
}

/// Which of a user's addresses this is.
enum Place {
    First { verified: bool },
    Further { id: i64, verified: bool },
    None,
}

fn place(conn: &rusqlite::Connection, user: i64, email: &str) -> Result<Place> {
    let first: Option<bool> =
        db::one(conn, "SELECT email_verified FROM user WHERE id = ?1 AND email = ?2 COLLATE NOCASE AND email <> ''", (user, email))?;
    if let Some(verified) = first {
        return Ok(Place::First { verified });
    }
    let mut statement = conn.prepare_cached("SELECT id, verified FROM user_mail WHERE user = ?1 AND email = ?2")?;
    let mut rows = statement.query((user, email))?;
    Ok(match rows.next()? {
        Some(row) => Place::Further { id: row.get(0)?, verified: row.get(1)? },
        None => Place::None,
    })
}

/// Does another account have this address, or this one already?
pub fn is_taken(conn: &rusqlite::Connection, email: &str) -> Result<bool> {
    let found: i64 = db::one(
        conn,
        "SELECT EXISTS (SELECT 1 FROM user WHERE email = ?1 COLLATE NOCASE) OR EXISTS (SELECT 1 FROM user_mail WHERE email = ?1)",
        [email],
    )?
    .unwrap_or(0);
    Ok(found == 1)
}

/// Sends a link by which an address is proven to be one's own; `false` if nothing was sent.
pub fn send_key(call: &Call, purpose: Purpose, user: i64, name: &str, email: &str) -> Result<bool> {
    let Some(base) = mail::base(call) else { return Ok(false) };
    let to = email.to_string();
    let Some(key) = call.write(move |tx, _| mail_key::make(tx, purpose, user, &to))? else { return Ok(false) };
    mail::post(
        &call.site,
        Letter {
            to: email.into(),
            subject: "Confirm your e-mail address".into(),
            text: format!(
                "This address was given for the account {name}. Confirm within a day that it is yours:\n\n{}\n\nIf you know of no such account, do nothing.\n",
                mail::SECRET
            ),
            secret: format!("{base}/accounts/verify/?key={key}"),
        },
    )?;
    Ok(true)
}

/// The caller and the address that the body names; or the answer that refuses.
fn asked(call: &Call) -> Result<std::result::Result<(Here, String), Reply>> {
    let Some(here) = Here::of(call)? else { return nobody(call).map(Err) };
    let mut wrong = Wrong::default();
    let email = address(call, &mut wrong)?;
    Ok(if wrong.is_empty() { Ok((here, email)) } else { Err(wrong.reply()) })
}

fn unknown() -> Reply {
    Wrong::one("email", "unknown_email", "You have no such address.")
}

/// `POST account/email`
pub fn add(call: &Call) -> Result<Reply> {
    let (here, email) = match asked(call)? {
        Ok(asked) => asked,
        Err(refused) => return Ok(refused),
    };
    let (user, kept) = (here.user.id, email.clone());
    let refused = call.write(move |tx, _| {
        if is_taken(tx, &kept)? {
            return Ok(Some(Wrong::one("email", "email_taken", "This address belongs to an account already.")));
        }
        let has: i64 = db::one(tx, "SELECT count(*) FROM user_mail WHERE user = ?1", [user])?.unwrap_or(0);
        if has >= MOST {
            return Ok(Some(Wrong::one("email", "max_email_addresses", "You have as many addresses as an account can have.")));
        }
        let first: String = db::one(tx, "SELECT email FROM user WHERE id = ?1", [user])?.unwrap_or_default();
        if first.is_empty() {
            db::run(tx, "UPDATE user SET email = ?2, email_verified = 0 WHERE id = ?1", (user, kept))?;
        } else {
            db::run(tx, "INSERT INTO user_mail (user, email) VALUES (?1, ?2)", (user, kept))?;
        }
        Ok(None)
    })?;
    if let Some(refused) = refused {
        return Ok(refused);
    }
    send_key(call, Purpose::Verify, user, &here.user.name, &email)?;
    listed(call, user)
}

/// `PUT account/email`: the link once more; 403 if nothing was sent.
pub fn verify_again(call: &Call) -> Result<Reply> {
    let (here, email) = match asked(call)? {
        Ok(asked) => asked,
        Err(refused) => return Ok(refused),
    };
    let found = place(&*call.db().read()?, here.user.id, &email)?;
    match found {
        Place::None => Ok(unknown()),
        Place::First { verified: true } | Place::Further { verified: true, .. } => Ok(envelope(403, json!({}))),
        _ if send_key(call, Purpose::Verify, here.user.id, &here.user.name, &email)? => Ok(envelope(200, json!({}))),
        _ => Ok(envelope(403, json!({}))),
    }
}

/// `PATCH account/email`: which one is the first. One that was not verified cannot take the place of one that was.
pub fn make_first(call: &Call) -> Result<Reply> {
    let (here, email) = match asked(call)? {
        Ok(asked) => asked,
        Err(refused) => return Ok(refused),
    };
    if call.content.raw("primary") != Some(Value::Bool(true)) {
        return Ok(Wrong::one("primary", "invalid", "Only true is possible."));
    }
    let user = here.user.id;
    let refused = call.write(move |tx, _| match place(tx, user, &email)? {
        Place::None => Ok(Some(unknown())),
        Place::First { .. } => Ok(None),
        Place::Further { id, verified } => swap(tx, user, id, verified),
    })?;
    match refused {
        Some(refused) => Ok(refused),
        None => listed(call, user),
    }
}

fn swap(tx: &Tx<'_>, user: i64, id: i64, verified: bool) -> Result<Option<Reply>> {
    let (old, old_verified): (String, bool) =
        tx.query_row("SELECT email, email_verified FROM user WHERE id = ?1", [user], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if old_verified && !verified {
        return Ok(Some(Wrong::one("email", "unverified_primary_email", "Confirm this address first.")));
    }
    db::run(
        tx,
        "UPDATE user SET (email, email_verified) = (SELECT email, verified FROM user_mail WHERE id = ?2) WHERE id = ?1",
        [user, id],
    )?;
    if old.is_empty() {
        db::run(tx, "DELETE FROM user_mail WHERE id = ?1", [id])?;
    } else {
        db::run(tx, "UPDATE user_mail SET email = ?2, verified = ?3 WHERE id = ?1", (id, old, old_verified))?;
    }
    Ok(None)
}

/// `DELETE account/email`
pub fn remove(call: &Call) -> Result<Reply> {
    let (here, email) = match asked(call)? {
        Ok(asked) => asked,
        Err(refused) => return Ok(refused),
    };
    let user = here.user.id;
    let refused = call.write(move |tx, _| match place(tx, user, &email)? {
        Place::None => Ok(Some(unknown())),
        Place::First { .. } => {
            Ok(Some(Wrong::one("email", "cannot_remove_primary_email", "This is your first address; make another one the first before.")))
        }
        Place::Further { id, .. } => {
            db::run(tx, "DELETE FROM user_mail WHERE id = ?1", [id])?;
            db::run(tx, "UPDATE mail_key SET used = 1 WHERE user = ?1 AND email = ?2 COLLATE NOCASE", (user, email))?;
            Ok(None)
        }
    })?;
    match refused {
        Some(refused) => Ok(refused),
        None => listed(call, user),
    }
}

const KINDS: &[Purpose] = &[Purpose::Verify, Purpose::Activate];

fn bad_key() -> Reply {
    Wrong::one("key", "invalid_or_expired_key", "This key is not valid, or was used before.")
}

/// `GET auth/email/verify`
pub fn verify_info(call: &Call) -> Result<Reply> {
    let conn = call.db().read()?;
    let key = call.header("X-Email-Verification-Key").unwrap_or_default();
    match mail_key::look(&conn, KINDS, key, call.now)? {
        Some(Holder { user, email, .. }) => {
            Ok(envelope(200, json!({"data": {"email": email, "user": about(&conn, user)?}, "meta": {"is_authenticating": false}})))
        }
        None => Ok(bad_key()),
    }
}

/// `POST auth/email/verify`
pub fn verify(call: &Call) -> Result<Reply> {
    guard(call)?;
    let mut wrong = Wrong::default();
    let key = needed(call, "key", &mut wrong);
    if !wrong.is_empty() {
        return Ok(wrong.reply());
    }
    if !confirm(call, key)? {
        return Ok(bad_key());
    }
    match Here::of(call)? {
        Some(here) => super::session::somebody(call, &here.user, &here.state.methods),
        None => nobody(call),
    }
}

/// Notes that an address was proven; a new account that waited for it is open from now on. `false` if the key is worth nothing.
pub fn confirm(call: &Call, key: String) -> Result<bool> {
    call.write(move |tx, _| {
        let Some(Holder { user, email, purpose }) = mail_key::take(tx, KINDS, &key)? else { return Ok(false) };
        let first = db::run(tx, "UPDATE user SET email_verified = 1 WHERE id = ?1 AND email = ?2 COLLATE NOCASE", (user, &email))?;
        let further = db::run(tx, "UPDATE user_mail SET verified = 1 WHERE user = ?1 AND email = ?2", (user, &email))?;
        if first + further > 0 && purpose == Purpose::Activate {
            db::run(tx, "UPDATE user SET is_active = 1 WHERE id = ?1", [user])?;
        }
        Ok(first + further > 0)
    })
}
