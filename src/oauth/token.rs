//! Tokens: handed out, renewed, revoked, looked at.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rusqlite::Connection;
use serde_json::json;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::client::{self, Client};
use super::{error, issuer, key, told};
use crate::auth::given;
use crate::db::{self, Tx};
use crate::engine::call::{Call, Reply};
use crate::engine::input::Content;
use crate::engine::moment;
use crate::error::Result;
use crate::identity::User;
use crate::identity::login::load;
use crate::identity::scope::Scopes;
use crate::identity::token::{digest, hex, random};

/// Seconds that an access token lives.
const ACCESS_LIFE: i64 = 3600;
/// Seconds that a refresh token lives without being used.
const REFRESH_LIFE: i64 = 30 * 24 * 3600;
/// Seconds that an identity token lives.
const IDENTITY_LIFE: i64 = 600;

/// Who an access token stands for, and how far.
pub struct Bearer {
    /// The user, narrowed to what the scopes allow.
    pub user: Arc<User>,
    /// The scopes.
    pub scopes: Scopes,
}

/// The bearer of an access token; `None` if it is not valid.
///
/// # Errors
/// The database cannot be asked.
pub fn bearer(conn: &Connection, token: &str) -> Result<Option<Bearer>> {
    let Some((user, scopes)) = ({
        let mut statement =
            conn.prepare_cached("SELECT user, scopes FROM oauth_token WHERE digest = ?1 AND refresh = 0 AND expires > ?2")?;
        let mut rows = statement.query((digest(token), moment::now()))?;
        match rows.next()? {
            Some(row) => Some((row.get::<_, i64>(0)?, Scopes(row.get(1)?))),
            None => None,
        }
    }) else {
        return Ok(None);
    };
    Ok(load(conn, user)?.map(|user| Bearer { user: Arc::new(scopes.narrow(&user)), scopes }))
}

/// The program that asks; one that can keep a secret must show it.
fn caller(call: &Call) -> Result<std::result::Result<Client, Reply>> {
    let refused =
        || Ok(Err(error(401, "invalid_client", "The program is not known, or its secret is wrong.").with("WWW-Authenticate", "Basic")));
    let basic = call.header("Authorization").and_then(|h| h.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
    let (id, secret) = match basic {
        Some((_, value)) => {
            let decoded = STANDARD.decode(value.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let Some((id, secret)) = decoded.as_deref().and_then(|text| text.split_once(':')) else { return refused() };
            // RFC 6749, section 2.3.1: both are form-encoded first.
            let plain =
                |text: &str| form_urlencoded::parse(format!("x={text}").as_bytes()).next().map_or_else(String::new, |p| p.1.into_owned());
            (plain(id), plain(secret))
        }
        None => (given(call, "client_id"), given(call, "client_secret")),
    };
    let Some(client) = client::find(&*call.db().read()?, &id)? else { return refused() };
    let right = match &client.secret {
        Some(kept) => bool::from(kept.as_slice().ct_eq(&digest(&secret))),
        None => secret.is_empty(),
    };
    if right { Ok(Ok(client)) } else { refused() }
}

/// Why nothing is handed out: the code of RFC 6749 and a sentence.
type Refusal = (&'static str, &'static str);

/// What a grant led to.
struct Granted {
    user: i64,
    scopes: Scopes,
    family: Vec<u8>,
    /// For an identity token: when the user proved who it is, and the program's own number.
    identity: Option<(i64, Option<String>)>,
    refresh: bool,
}

/// `POST token/`
///
/// # Errors
/// The database cannot be written.
pub fn hand_out(call: &Call) -> Result<Reply> {
    if !matches!(call.content, Content::Form(_)) {
        return Ok(error(400, "invalid_request", "A form is expected."));
    }
    let client = match caller(call)? {
        Ok(client) => client,
        Err(reply) => return Ok(reply),
    };
    let grant: fn(&Tx<'_>, &Call, &Client) -> Result<std::result::Result<Granted, Refusal>> = match given(call, "grant_type").as_str() {
        "authorization_code" => by_code,
        "refresh_token" => by_refresh,
        "client_credentials" => on_its_own,
        "" => return Ok(error(400, "invalid_request", "grant_type is needed.")),
        _ => return Ok(error(400, "unsupported_grant_type", "This grant is not offered.")),
    };
    let asks = client.clone();
    // A refusal may have ended a family, so it is kept like a success.
    let outcome = call.write(move |tx, call| {
        let granted = match grant(tx, call, &asks)? {
            Ok(granted) => granted,
            Err(refusal) => return Ok(Err(refusal)),
        };
        // The user may have been closed meanwhile.
        if load(tx, granted.user)?.is_none() {
            return Ok(Err(("invalid_grant", "The user cannot log in.")));
        }
        db::run(tx, "DELETE FROM oauth_token WHERE expires < ?1", [tx.now])?;
        let access = make(tx, &asks, &granted, false)?;
        let refresh = if granted.refresh { Some(make(tx, &asks, &granted, true)?) } else { None };
        Ok(Ok((granted, access, refresh)))
    })?;
    let (granted, access, refresh) = match outcome {
        Ok(made) => made,
        Err((code, text)) => return Ok(error(400, code, text)),
    };
    let mut answer = json!({"access_token": access, "token_type": "Bearer", "expires_in": ACCESS_LIFE, "scope": granted.scopes.names()});
    if let Some(refresh) = refresh {
        answer["refresh_token"] = refresh.into();
    }
    if let (Some((proven, nonce)), true) = (&granted.identity, granted.scopes.openid()) {
        answer["id_token"] = identity(call, &client, &granted, &access, *proven, nonce.as_deref())?.into();
    }
    Ok(told(200, &answer))
}

fn make(tx: &Tx<'_>, client: &Client, granted: &Granted, refresh: bool) -> Result<String> {
    let token = hex(&random::<32>()?);
    let life = if refresh { REFRESH_LIFE } else { ACCESS_LIFE };
    db::run(
        tx,
        "INSERT INTO oauth_token (digest, refresh, client, user, family, scopes, created, expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        (digest(&token), refresh, client.id, granted.user, &granted.family, granted.scopes.0, tx.now, tx.now + life * 1000),
    )?;
    Ok(token)
}

fn end_family(tx: &Tx<'_>, family: &[u8]) -> Result<()> {
    db::run(tx, "DELETE FROM oauth_token WHERE family = ?1", [family]).map(|_| ())
}

/// Trades a code in.
fn by_code(tx: &Tx<'_>, call: &Call, client: &Client) -> Result<std::result::Result<Granted, Refusal>> {
    let refused = Ok(Err(("invalid_grant", "The code is not valid.")));
    let key = digest(&given(call, "code"));
    let mut statement = tx.prepare_cached(
        "SELECT client, user, family, redirect, scopes, challenge, nonce, authenticated, expires, used FROM oauth_code WHERE digest = ?1",
    )?;
    let mut rows = statement.query([key])?;
    let Some(row) = rows.next()? else { return refused };
    let (owner, user, family): (i64, i64, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let (redirect, scopes, challenge): (String, i64, Option<String>) = (row.get(3)?, row.get(4)?, row.get(5)?);
    let (nonce, proven, expires, used): (Option<String>, i64, i64, bool) = (row.get(6)?, row.get(7)?, row.get(8)?, row.get(9)?);
    drop(rows);
    drop(statement);
    if owner != client.id {
        return refused;
    }
    if used {
        // Two have the code, so one of them stole it.
        end_family(tx, &family)?;
        return refused;
    }
    // A code is good for one attempt, right or wrong.
    db::run(tx, "UPDATE oauth_code SET used = 1 WHERE digest = ?1", [key])?;
    let verifier = given(call, "code_verifier");
    let proof = match &challenge {
        Some(challenge) => {
            let long_enough = (43..=128).contains(&verifier.len());
            long_enough && bool::from(URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())).as_bytes().ct_eq(challenge.as_bytes()))
        }
        None => verifier.is_empty(),
    };
    let named = given(call, "redirect_uri");
    let same = named == redirect || named.is_empty() && client.redirects.len() == 1;
    if expires < tx.now || !proof || !same {
        return refused;
    }
    Ok(Ok(Granted { user, scopes: Scopes(scopes), family, identity: Some((proven, nonce)), refresh: true }))
}

/// Trades a refresh token in; it is good once, and the new one takes its place.
fn by_refresh(tx: &Tx<'_>, call: &Call, client: &Client) -> Result<std::result::Result<Granted, Refusal>> {
    let refused = Ok(Err(("invalid_grant", "The refresh token is not valid.")));
    let key = digest(&given(call, "refresh_token"));
    let mut statement =
        tx.prepare_cached("SELECT client, user, family, scopes, expires, used FROM oauth_token WHERE digest = ?1 AND refresh = 1")?;
    let mut rows = statement.query([key])?;
    let Some(row) = rows.next()? else { return refused };
    let (owner, user, family): (i64, i64, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let (scopes, expires, used): (i64, i64, bool) = (row.get(3)?, row.get(4)?, row.get(5)?);
    drop(rows);
    drop(statement);
    if owner != client.id || expires < tx.now {
        return refused;
    }
    if used {
        end_family(tx, &family)?;
        return refused;
    }
    let had = Scopes(scopes);
    let scopes = match given(call, "scope") {
        none if none.trim().is_empty() => had,
        named => match Scopes::parse(&named).filter(|fewer| had.covers(*fewer)) {
            Some(fewer) => fewer,
            None => return Ok(Err(("invalid_scope", "The token allows no such scope."))),
        },
    };
    db::run(tx, "UPDATE oauth_token SET used = 1 WHERE digest = ?1", [key])?;
    db::run(tx, "DELETE FROM oauth_token WHERE family = ?1 AND refresh = 0", [&family])?;
    Ok(Ok(Granted { user, scopes, family, identity: None, refresh: true }))
}

/// A program on its own account acts as the user with whom it was registered.
fn on_its_own(tx: &Tx<'_>, call: &Call, client: &Client) -> Result<std::result::Result<Granted, Refusal>> {
    let _ = tx;
    let (Some(user), Some(_)) = (client.acts_as, &client.secret) else {
        return Ok(Err(("unauthorized_client", "This program was not registered to act on its own.")));
    };
    let scopes = match given(call, "scope") {
        none if none.trim().is_empty() => Scopes::parse("g:read"),
        named => Scopes::parse(&named),
    };
    let Some(scopes) = scopes.filter(|s| !s.openid()) else { return Ok(Err(("invalid_scope", "There is no such scope for this grant."))) };
    Ok(Ok(Granted { user, scopes, family: random::<16>()?.to_vec(), identity: None, refresh: false }))
}

/// The signed token that tells a program who the user is (OpenID Connect Core, section 2).
fn identity(call: &Call, client: &Client, granted: &Granted, access: &str, proven: i64, nonce: Option<&str>) -> Result<String> {
    let hash = Sha256::digest(access.as_bytes());
    let now = call.now / 1000;
    let mut claims = json!({
        "iss": issuer(call), "sub": granted.user.to_string(), "aud": client.client_id, "iat": now, "exp": now + IDENTITY_LIFE,
        "auth_time": proven / 1000, "at_hash": URL_SAFE_NO_PAD.encode(hash.get(..16).unwrap_or_default()),
    });
    if let Some(nonce) = nonce {
        claims["nonce"] = nonce.into();
    }
    key::sign(call, &claims)
}

/// `POST revoke_token/` (RFC 7009): 200 whether there was such a token or not.
///
/// # Errors
/// The database cannot be written.
pub fn revoke(call: &Call) -> Result<Reply> {
    let client = match caller(call)? {
        Ok(client) => client,
        Err(reply) => return Ok(reply),
    };
    let key = digest(&given(call, "token"));
    call.write(move |tx, _| {
        let family: Option<Vec<u8>> =
            db::one(tx, "SELECT family FROM oauth_token WHERE digest = ?1 AND client = ?2 AND refresh = 1", (key, client.id))?;
        match family {
            Some(family) => end_family(tx, &family),
            None => db::run(tx, "DELETE FROM oauth_token WHERE digest = ?1 AND client = ?2", (key, client.id)).map(|_| ()),
        }
    })?;
    Ok(told(200, &json!({})))
}

/// `POST introspect/` (RFC 7662): for programs that can keep a secret, about their own tokens.
///
/// # Errors
/// The database cannot be asked.
pub fn introspect(call: &Call) -> Result<Reply> {
    let client = match caller(call)? {
        Ok(client) if client.secret.is_some() => client,
        Ok(_) => return Ok(error(401, "invalid_client", "A program with a secret is expected.").with("WWW-Authenticate", "Basic")),
        Err(reply) => return Ok(reply),
    };
    let conn = call.db().read()?;
    let mut statement = conn.prepare_cached(
        "SELECT t.user, u.username, t.scopes, t.created, t.expires, t.refresh FROM oauth_token t JOIN user u ON u.id = t.user \
         WHERE t.digest = ?1 AND t.client = ?2 AND t.expires > ?3 AND t.used = 0 AND u.is_active = 1",
    )?;
    let mut rows = statement.query((digest(&given(call, "token")), client.id, call.now))?;
    let Some(row) = rows.next()? else { return Ok(told(200, &json!({"active": false}))) };
    let (user, name, scopes): (i64, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let (created, expires, refresh): (i64, i64, bool) = (row.get(3)?, row.get(4)?, row.get(5)?);
    Ok(told(
        200,
        &json!({
            "active": true, "client_id": client.client_id, "sub": user.to_string(), "username": name, "scope": Scopes(scopes).names(),
            "iat": created / 1000, "exp": expires / 1000, "iss": issuer(call),
            "token_type": if refresh { "refresh_token" } else { "Bearer" },
        }),
    ))
}

/// `userinfo/` (OpenID Connect Core, section 5.3)
///
/// # Errors
/// The database cannot be asked.
pub fn userinfo(call: &Call) -> Result<Reply> {
    let header = call.header("Authorization").and_then(|h| h.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let conn = call.db().read()?;
    let found = match header {
        Some((_, token)) => bearer(&conn, token.trim())?,
        None => None,
    };
    let Some(Bearer { user, scopes }) = found else {
        return Ok(error(401, "invalid_token", "An access token is expected.").with("WWW-Authenticate", "Bearer error=\"invalid_token\""));
    };
    if !scopes.openid() {
        let refused = error(403, "insufficient_scope", "The token does not tell who the user is.");
        return Ok(refused.with("WWW-Authenticate", "Bearer error=\"insufficient_scope\", scope=\"openid\""));
    }
    let (first, last, email, verified): (String, String, String, bool) = conn
        .prepare_cached("SELECT first_name, last_name, email, email_verified FROM user WHERE id = ?1")?
        .query_row([user.id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    let name = format!("{first} {last}");
    Ok(told(
        200,
        &json!({
            "sub": user.id.to_string(), "preferred_username": user.name, "name": if name.trim().is_empty() { &user.name } else { name.trim() },
            "email": email, "email_verified": verified && !email.is_empty(),
        }),
    ))
}
