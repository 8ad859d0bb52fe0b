//! Keys that travel by mail: long and random, kept as digests, short-lived, good for one use.

use super::token::{digest, hex, random};
use crate::db::{self, Tx};
use crate::error::Result;

/// What a key is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Set a new password.
    Reset,
    /// Prove that an address is one's own.
    Verify,
    /// The same, and let the new account in.
    Activate,
    /// Log in.
    Login,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Purpose::Reset => "reset",
            Purpose::Verify => "verify",
            Purpose::Activate => "activate",
            Purpose::Login => "login",
        }
    }

    /// Seconds that a key lives.
    fn life(self) -> i64 {
        match self {
            Purpose::Reset => 3600,
            Purpose::Verify | Purpose::Activate => 24 * 3600,
            Purpose::Login => 300,
        }
    }
}

/// Keys of one kind that a user may be sent in a quarter of an hour: nobody's mailbox is to be filled from here.
const MOST: i64 = 3;
const SPAN: i64 = 15 * 60 * 1000;

/// Whose a key is, and for which address it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The user's key.
    pub user: i64,
    /// The address that it was sent to.
    pub email: String,
    /// The purpose for which it was made.
    pub purpose: Purpose,
}

/// Makes a key; `None` if the user was sent enough of them lately.
///
/// # Errors
/// The database cannot be written.
pub fn make(tx: &Tx<'_>, purpose: Purpose, user: i64, email: &str) -> Result<Option<String>> {
    db::run(tx, "DELETE FROM mail_key WHERE expires < ?1 AND created < ?1 - ?2", [tx.now, SPAN])?;
    let lately: i64 = db::one(
        tx,
        "SELECT count(*) FROM mail_key WHERE user = ?1 AND purpose = ?2 AND created > ?3",
        (user, purpose.name(), tx.now - SPAN),
    )?
    .unwrap_or(0);
    if lately >= MOST {
        return Ok(None);
    }
    let key = hex(&random::<24>()?);
    db::run(
        tx,
        "INSERT INTO mail_key (digest, purpose, user, email, created, expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (digest(&key), purpose.name(), user, email, tx.now, tx.now + purpose.life() * 1000),
    )?;
    Ok(Some(key))
}

/// Whose key that is, if it is still good; it stays so.
///
/// # Errors
/// The database cannot be asked.
pub fn look(conn: &rusqlite::Connection, purposes: &[Purpose], key: &str, now: i64) -> Result<Option<Holder>> {
    for purpose in purposes {
        let mut statement = conn.prepare_cached(
            "SELECT k.user, k.email FROM mail_key k JOIN user u ON u.id = k.user WHERE k.digest = ?1 AND k.purpose = ?2 AND k.expires > ?3 AND k.used = 0 AND (u.is_active = 1 OR k.purpose = 'activate')",
        )?;
        let mut rows = statement.query((digest(key), purpose.name(), now))?;
        if let Some(row) = rows.next()? {
            return Ok(Some(Holder { user: row.get(0)?, email: row.get(1)?, purpose: *purpose }));
        }
    }
    Ok(None)
}

/// The same, and the key is used up.
///
/// # Errors
/// The database cannot be written.
pub fn take(tx: &Tx<'_>, purposes: &[Purpose], key: &str) -> Result<Option<Holder>> {
    let found = look(tx, purposes, key, tx.now)?;
    if found.is_some() {
        db::run(tx, "UPDATE mail_key SET used = 1 WHERE digest = ?1", [digest(key)])?;
    }
    Ok(found)
}

/// Makes worthless what a user was sent to get in by; for a new password.
///
/// # Errors
/// The database cannot be written.
pub fn end_all(tx: &Tx<'_>, user: i64) -> Result<()> {
    db::run(tx, "UPDATE mail_key SET used = 1 WHERE user = ?1 AND purpose IN ('reset', 'login')", [user]).map(|_| ())
}
