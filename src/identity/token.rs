//! API tokens: derived from the secret key of the data folder, found by their digest, so that the database alone reveals none.

use hmac::{Hmac, KeyInit, Mac};
use rusqlite::Connection;
use sha2::{Digest, Sha256};

use crate::db::{self, Tx};
use crate::engine::moment;
use crate::error::{Error, Result};
use crate::site::Secret;

/// Days that a token lives.
const LIFE: i64 = 365;
/// Characters of a token's name at most.
const MAX_NAME: usize = 100;

/// SHA-256 of a token or of a session's cookie.
pub fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// Lower-case hexadecimal digits of some bytes.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// HMAC-SHA256 of some parts under the secret key, each part preceded by its length.
///
/// # Errors
/// None in practice: HMAC takes keys of any length.
pub fn keyed(secret: &Secret, purpose: &str, parts: &[&[u8]]) -> Result<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret.0).map_err(|e| Error::Internal(e.to_string()))?;
    for part in std::iter::once(purpose.as_bytes()).chain(parts.iter().copied()) {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    Ok(mac.finalize().into_bytes().into())
}

/// Random bytes from the system.
///
/// # Errors
/// The system has none.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| Error::Internal(format!("no random numbers: {e}")))?;
    Ok(bytes)
}

fn derive(secret: &Secret, seed: &[u8], created: i64) -> Result<String> {
    let mac = keyed(secret, "api token", &[seed])?;
    let day = moment::day(created).replace('-', "");
    Ok(format!("inv-{}-{day}", hex(mac.get(..20).unwrap_or_default())))
}

/// What lists show of a token: the first 8 characters, stars, the last 12.
pub fn masked(token: &str) -> String {
    let (head, tail) = (token.get(..8).unwrap_or_default(), token.get(token.len().saturating_sub(12)..).unwrap_or_default());
    format!("{head}{}{tail}", "*".repeat(token.len().saturating_sub(20)))
}

/// A token's name as it is kept: no control characters, blanks become hyphens, at most 100 characters.
pub fn clean_name(name: &str) -> String {
    name.trim().chars().filter(|c| !c.is_control()).map(|c| if c == ' ' { '-' } else { c }).take(MAX_NAME).collect()
}

/// A token just made or found again: its row, itself, its last day.
pub struct Issued {
    /// Primary key.
    pub id: i64,
    /// The token, in full.
    pub token: String,
    /// `YYYY-MM-DD`
    pub expiry: String,
}

/// Makes a token.
///
/// # Errors
/// The database cannot be written.
pub fn create(tx: &Tx<'_>, secret: &Secret, user: i64, name: &str, expiry: Option<&str>) -> Result<Issued> {
    let seed: [u8; 16] = random()?;
    let token = derive(secret, &seed, tx.now)?;
    let expiry = match expiry {
        Some(day) => day.to_string(),
        None => moment::days_after(&moment::day(tx.now), LIFE).unwrap_or_default(),
    };
    db::run(
        tx,
        "INSERT INTO token (user, name, digest, seed, masked, created, expiry) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        (user, name, digest(&token), seed, masked(&token), tx.now, &expiry),
    )?;
    Ok(Issued { id: tx.last_insert_rowid(), token, expiry })
}

/// The user's token of that name: the valid one there is, or a new one.
///
/// # Errors
/// The database cannot be written.
pub fn obtain(tx: &Tx<'_>, secret: &Secret, user: i64, name: &str) -> Result<Issued> {
    let mut statement = tx.prepare_cached(
        "SELECT id, seed, created, expiry, digest FROM token WHERE user = ?1 AND name = ?2 AND revoked = 0 AND expiry >= ?3 ORDER BY id DESC LIMIT 1",
    )?;
    let mut rows = statement.query((user, name, moment::day(tx.now)))?;
    if let Some(row) = rows.next()? {
        let (id, seed, created, expiry): (i64, Vec<u8>, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        let token = derive(secret, &seed, created)?;
        // Another secret key (a restored folder) cannot bring an old token back.
        if row.get::<_, [u8; 32]>(4)? == digest(&token) {
            return Ok(Issued { id, token, expiry });
        }
    }
    drop(rows);
    create(tx, secret, user, name, None)
}

/// A token that another server gave out: it goes on to let its user in. It cannot be shown again, so whoever asks for one by name gets another.
pub struct Foreign<'a> {
    /// Primary key.
    pub id: i64,
    /// Whose it is.
    pub user: i64,
    /// What it is for.
    pub name: &'a str,
    /// The token itself.
    pub token: &'a str,
    /// When it was made.
    pub created: moment::Moment,
    /// `YYYY-MM-DD`
    pub expiry: &'a str,
    /// It lets nobody in any more.
    pub revoked: bool,
}

/// Takes a token of another server over.
///
/// # Errors
/// The database cannot be written.
pub fn adopt(conn: &Connection, foreign: &Foreign<'_>) -> Result<()> {
    let seed: [u8; 16] = random()?;
    db::run(
        conn,
        "INSERT INTO token (id, user, name, digest, seed, masked, created, expiry, revoked) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        (
            foreign.id,
            foreign.user,
            clean_name(foreign.name),
            digest(foreign.token),
            seed,
            masked(foreign.token),
            foreign.created,
            foreign.expiry,
            foreign.revoked,
        ),
    )
    .map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_token_keeps_its_ends() {
        let token = derive(&Secret([7; 32]), b"seed", 0).unwrap();
        assert_eq!(token.len(), 53);
        assert!(token.starts_with("inv-") && token.ends_with("-19700101"));
        let shown = masked(&token);
        assert_eq!(shown.len(), 53);
        assert_eq!(shown.matches('*').count(), 33);
    }

    #[test]
    fn names_are_cleaned() {
        assert_eq!(clean_name(" my phone\n"), "my-phone");
        assert_eq!(clean_name(&"x".repeat(200)).len(), 100);
    }
}
