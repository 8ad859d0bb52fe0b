//! `POST /api/webhook/{endpoint}/`: where other programs leave messages, without an account. `stockroom webhook` makes the addresses.

use base64::Engine as _;
use hmac::{Hmac, KeyInit, Mac};
use rusqlite::OptionalExtension;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::db::{self, Tx};
use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::*;
use crate::engine::input::Content;
use crate::error::{Error, Result};
use crate::identity::{Access, token};
use crate::site::Secret;

/// Messages that are kept for each address; the oldest go first.
const KEPT: i64 = 1000;

/// The address.
pub static ENDPOINT: Endpoint = Endpoint {
    path: "api/webhook/{text}/",
    word: "endpoint",
    access: Access::Anyone,
    title: "webhook",
    raw: true,
    verbs: &[(Verb::Post, receive)],
    ..Endpoint::BASE
};

/// How a sender shows who it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Not at all.
    Nothing,
    /// By a token, in the header `Token`.
    Token,
    /// By the HMAC-SHA256 of the body, base64, in the header `Token`.
    Hmac,
}

impl Proof {
    /// Its name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Proof::Nothing => "none",
            Proof::Token => "token",
            Proof::Hmac => "hmac",
        }
    }
}

/// The token or the HMAC secret of an address: derived, so that the database alone does not reveal it.
fn key(secret: &Secret, seed: &[u8]) -> Result<String> {
    Ok(token::hex(&token::keyed(secret, "webhook", &[seed])?))
}

/// Makes an address; gives it, and the token or secret, which cannot be seen again.
///
/// # Errors
/// The database cannot be written.
pub fn add(tx: &Tx<'_>, secret: &Secret, name: &str, proof: Proof) -> Result<(String, String)> {
    let (seed, endpoint) = (token::random::<16>()?, token::hex(&token::random::<16>()?));
    db::run(
        tx,
        "INSERT INTO webhook (endpoint, name, proof, seed) VALUES (?1, ?2, ?3, ?4)",
        (&endpoint, name, proof.name(), seed.as_slice()),
    )?;
    Ok((endpoint, key(secret, &seed)?))
}

fn receive(call: &Call) -> Result<Reply> {
    let found = {
        let conn = call.db().read()?;
        conn.prepare_cached("SELECT id, proof, seed FROM webhook WHERE endpoint = ?1 AND active = 1")?
            .query_row([call.word()], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, Vec<u8>>(2)?)))
            .optional()?
    };
    let (webhook, proof, seed) = found.ok_or_else(|| Error::no_such("webhook"))?;
    let Content::Raw(body) = &call.content else { return Err(Error::NotAcceptable) };
    if serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err() {
        return Err(Error::NotAcceptable);
    }
    let shown = call.header("Token").unwrap_or_default();
    let expected = match proof.as_str() {
        "none" => shown.to_string(),
        "token" => key(&call.site.secret, &seed)?,
        _ => {
            let secret = key(&call.site.secret, &seed)?;
            let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(|e| Error::Internal(e.to_string()))?;
            mac.update(body);
            base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
        }
    };
    if !bool::from(expected.as_bytes().ct_eq(shown.as_bytes())) {
        return Err(Error::Denied("The header Token is wrong.".into()));
    }
    let (body, host) = (String::from_utf8_lossy(body).into_owned(), call.client.to_string());
    call.write(move |tx, _| {
        db::run(tx, "INSERT INTO webhook_message (webhook, at, host, body) VALUES (?1, ?2, ?3, ?4)", (webhook, tx.now, &host, &body))?;
        db::run(
            tx,
            "DELETE FROM webhook_message WHERE webhook = ?1 AND id NOT IN \
             (SELECT id FROM webhook_message WHERE webhook = ?1 ORDER BY id DESC LIMIT ?2)",
            (webhook, KEPT),
        )
    })?;
    Ok(Reply::document("text/plain; charset=utf-8", b"Received.".as_slice()))
}
