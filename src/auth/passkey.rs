//! Passkeys: WebAuthn credentials as second factors, and in place of a password.
//!
//! A passkey answers for the host at which it was registered: that of `--site-url`, or, where the server was told none, the host by which
//! the browser reached it. A forged Host misleads nobody. It settles for which site the question is, and neither will a browser ask for a
//! site that it is not visiting, nor a passkey sign for one that it was not made for; both sign what they saw.

use std::sync::Arc;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::factor::{self, Shown, Tried};
use super::page::Token;
use super::session::{Waiting, inside, nobody, prove_first, proven, start, waiting_user};
use super::{Here, Wrong, envelope, given, given_list, guard};
use crate::common::setting;
use crate::db::{self, Tx};
use crate::engine::call::{Call, Reply};
use crate::engine::moment::Moment;
use crate::error::{Error, Result};
use crate::identity::challenge::{Open, Purpose};
use crate::identity::login::load;
use crate::identity::passkey::{Answer, Made, Party, Refused, algorithms, base64};
use crate::identity::{User, seal, session};

const KIND: &str = "webauthn";
/// Passkeys of a user.
const MOST: i64 = 50;
/// Characters of a name.
const LONGEST_NAME: usize = 100;

/// The site for which the caller's passkeys answer.
fn party(call: &Call) -> Party {
    Party::of(call.site.url.as_deref().unwrap_or(&call.origin))
}

/// An answer that does not fit. Nothing is slowed down: signatures cannot be guessed.
fn incorrect(why: &Refused) -> Reply {
    log::info!("passkey refused: {}", why.0);
    Wrong::one("credential", "incorrect_code", "This passkey cannot be used here, or its answer came too late.")
}

/// The credential in the body.
fn given_credential(call: &Call) -> std::result::Result<Value, Reply> {
    match call.content.raw("credential") {
        Some(credential @ Value::Object(_)) => Ok(credential),
        None | Some(Value::Null) => Err(Wrong::one("credential", "required", "This is needed.")),
        Some(_) => Err(Wrong::one("credential", "invalid", "A credential is an object.")),
    }
}

/// The passkeys of a user, as lists show them.
///
/// # Errors
/// The database cannot be asked.
pub fn shown(conn: &Connection, user: i64) -> Result<Vec<Value>> {
    let mut statement = conn.prepare_cached(
        "SELECT a.id, a.created, a.last_used, p.name, p.verified, p.discoverable FROM authenticator a JOIN passkey p ON p.authenticator = a.id \
         WHERE a.user = ?1 AND a.type = 'webauthn' ORDER BY a.id",
    )?;
    let rows = statement.query_map([user], |row| {
        let (id, last, name): (i64, Option<Moment>, String) = (row.get(0)?, row.get(2)?, row.get(3)?);
        let (verified, discoverable): (bool, Option<bool>) = (row.get(4)?, row.get(5)?);
        let mut shown = json!({
            "type": KIND, "id": id, "name": name, "created_at": session::seconds(row.get(1)?), "last_used_at": last.map(session::seconds),
        });
        if let Some(discoverable) = discoverable {
            shown["is_passwordless"] = (discoverable && verified).into();
        }
        Ok(shown)
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn shown_one(conn: &Connection, user: i64, id: i64) -> Result<Value> {
    Ok(shown(conn, user)?.into_iter().find(|one| one["id"] == id).unwrap_or_default())
}

/// The passkeys of a user for a site, as browsers want them named.
fn named(conn: &Connection, user: i64, party: &Party) -> Result<Vec<Value>> {
    let all: Vec<Vec<u8>> = db::column(
        conn,
        "SELECT p.credential FROM passkey p JOIN authenticator a ON a.id = p.authenticator WHERE a.user = ?1 AND p.party = ?2 ORDER BY a.id",
        (user, &party.id),
    )?;
    Ok(all.into_iter().map(|id| json!({"type": "public-key", "id": base64(&id)})).collect())
}

/// `GET account/authenticators/webauthn`: what a browser needs to make a passkey.
pub fn creation(call: &Call) -> Result<Reply> {
    let Some(here) = Here::of(call)? else { return nobody(call) };
    if !here.is_fresh(call) {
        return prove_first(call, &here);
    }
    let alone = call.query.get("passwordless").is_some();
    let open = call.site.identity.challenges.ask(&here.value, Purpose::Register, party(call), alone, call.now)?;
    let conn = call.db().read()?;
    let wish = if alone { "required" } else { "discouraged" };
    let options = json!({
        "rp": {"id": open.party.id, "name": setting::value(&conn, "INVENTREE_INSTANCE")?},
        "user": {"id": base64(&handle(here.user.id)), "name": here.user.name, "displayName": here.user.name},
        "challenge": base64(&open.challenge),
        "pubKeyCredParams": algorithms(),
        "excludeCredentials": named(&conn, here.user.id, &open.party)?,
        "authenticatorSelection": {"residentKey": wish, "requireResidentKey": alone, "userVerification": wish},
        "attestation": "none",
        "extensions": {"credProps": true},
    });
    Ok(envelope(200, json!({"data": {"creation_options": {"publicKey": options}}})))
}

/// What a passkey tells of its owner.
fn handle(user: i64) -> Vec<u8> {
    user.to_string().into_bytes()
}

/// `POST account/authenticators/webauthn`
pub fn register(call: &Call) -> Result<Reply> {
    let Some(here) = Here::of(call)? else { return nobody(call) };
    let credential = match given_credential(call) {
        Ok(credential) => credential,
        Err(refused) => return Ok(refused),
    };
    let name = given(call, "name").trim().to_string();
    if name.chars().count() > LONGEST_NAME {
        return Ok(too_long());
    }
    if !here.is_fresh(call) {
        return prove_first(call, &here);
    }
    let open = call.site.identity.challenges.take(&here.value, Purpose::Register, call.now);
    let made = match &open {
        Some(open) => open.expected().made(&credential),
        None => Err(UNASKED),
    };
    let (open, made) = match (open, made) {
        (Some(open), Ok(made)) => (open, made),
        (_, Err(why)) => return Ok(incorrect(&why)),
        (None, Ok(_)) => return Ok(incorrect(&UNASKED)),
    };
    let (user, value) = (here.user.id, here.value.clone());
    let kept = call.write(move |tx, call| {
        let Some((id, first)) = keep(tx, call, user, &made, &open.party, name)? else { return Ok(None) };
        let codes = factor::added(tx, &call.site.secret, user, &value, first)?;
        Ok(Some((shown_one(tx, user, id)?, codes)))
    })?;
    match kept {
        Some((data, codes)) => Ok(envelope(200, json!({"data": data, "meta": {"recovery_codes_generated": codes}}))),
        None => Ok(envelope(409, json!({}))),
    }
}

const UNASKED: Refused = Refused("it was not asked for, or too long ago");

fn too_long() -> Reply {
    Wrong::one("name", "max_length", "At most 100 characters.")
}

/// Keeps a new passkey; gives its key, and whether it is the user's first factor. `None` if there are too many, or it is known.
fn keep(tx: &Tx<'_>, call: &Call, user: i64, made: &Made, party: &Party, name: String) -> Result<Option<(i64, bool)>> {
    let count: i64 = db::one(tx, "SELECT count(*) FROM authenticator WHERE user = ?1 AND type = 'webauthn'", [user])?.unwrap_or(0);
    let known: Option<i64> = db::one(tx, "SELECT 1 FROM passkey WHERE credential = ?1", [&made.id])?;
    if known.is_some() || count >= MOST {
        return Ok(None);
    }
    let first = !factor::has(tx, user)?;
    let name = if name.is_empty() { format!("Passkey {}", count + 1) } else { name };
    let row = (user, KIND, seal::seal(&call.site.secret, KIND, user, &made.key)?, made.count, tx.now);
    db::run(tx, "INSERT INTO authenticator (user, type, secret, used, created) VALUES (?1, ?2, ?3, ?4, ?5)", row)?;
    let id = tx.last_insert_rowid();
    let row = (id, &made.id, &party.id, name, made.verified, made.discoverable);
    db::run(
        tx,
        "INSERT INTO passkey (authenticator, credential, party, name, verified, discoverable) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        row,
    )?;
    Ok(Some((id, first)))
}

/// Does this user have that passkey?
fn owns(conn: &Connection, user: i64, id: i64) -> Result<bool> {
    let found: Option<i64> = db::one(conn, "SELECT 1 FROM authenticator WHERE id = ?1 AND user = ?2 AND type = 'webauthn'", [id, user])?;
    Ok(found.is_some())
}

/// `PUT account/authenticators/webauthn`: another name.
pub fn rename(call: &Call) -> Result<Reply> {
    let Some(here) = Here::of(call)? else { return nobody(call) };
    let (user, name) = (here.user.id, given(call, "name").trim().to_string());
    let id = call.content.raw("id");
    let mut wrong = Wrong::default();
    let key = id.as_ref().and_then(|id| id.as_i64().or_else(|| id.as_str()?.parse().ok()));
    if id.is_none() {
        wrong.add("id", "required", "This is needed.");
    } else if !owns(&*call.db().read()?, user, key.unwrap_or(0))? {
        wrong.add("id", "invalid_choice", "This is no passkey of yours.");
    }
    if name.is_empty() {
        wrong.add("name", "required", "This is needed.");
    }
    if !wrong.is_empty() {
        return Ok(wrong.reply());
    }
    if name.chars().count() > LONGEST_NAME {
        return Ok(too_long());
    }
    if !here.is_fresh(call) {
        return prove_first(call, &here);
    }
    let data = call.write(move |tx, _| {
        let id = key.unwrap_or(0);
        db::run(
            tx,
            "UPDATE passkey SET name = ?3 WHERE authenticator = (SELECT id FROM authenticator WHERE id = ?1 AND user = ?2)",
            (id, user, name),
        )?;
        shown_one(tx, user, id)
    })?;
    Ok(envelope(200, json!({ "data": data })))
}

/// `DELETE account/authenticators/webauthn`
pub fn remove(call: &Call) -> Result<Reply> {
    let Some(here) = Here::of(call)? else { return nobody(call) };
    let user = here.user.id;
    let ids = given_list(call, "authenticators").unwrap_or_default();
    if ids.is_empty() {
        return Ok(Wrong::one("authenticators", "required", "A list of passkeys is needed."));
    }
    let Some(ids) = ids.iter().map(Value::as_i64).collect::<Option<Vec<i64>>>() else {
        return Ok(Wrong::one("authenticators", "invalid", "Passkeys are named by their numbers."));
    };
    if !here.is_fresh(call) {
        return prove_first(call, &here);
    }
    let known = call.write(move |tx, _| {
        for id in &ids {
            if !owns(tx, user, *id)? {
                return Ok(false);
            }
        }
        for id in ids {
            db::run(tx, "DELETE FROM authenticator WHERE id = ?1 AND user = ?2", [id, user])?;
        }
        factor::removed(tx, user)?;
        Ok(true)
    })?;
    if known {
        Ok(envelope(200, json!({})))
    } else {
        Ok(Wrong::one("authenticators", "invalid_choice", "One of them is no passkey of yours."))
    }
}

/// What a browser needs to ask a passkey; any that knows this site, if none is named.
fn request(open: &Open, named: &[Value]) -> Value {
    let wish = if open.verified { "required" } else { "preferred" };
    let options = json!({
        "challenge": base64(&open.challenge), "rpId": open.party.id, "allowCredentials": named, "userVerification": wish,
    });
    json!({"data": {"request_options": {"publicKey": options}}})
}

/// The question to a user who is known already.
fn request_of(call: &Call, user: i64, cookie: &str, purpose: Purpose) -> Result<Reply> {
    let open = call.site.identity.challenges.ask(cookie, purpose, party(call), false, call.now)?;
    let named = named(&*call.db().read()?, user, &open.party)?;
    Ok(envelope(200, request(&open, &named)))
}

/// A passkey whose answer is right.
struct Proven {
    /// Its key.
    id: i64,
    /// Whose it is.
    user: i64,
    /// Its counter now.
    count: u32,
}

impl Proven {
    /// Notes that it was used. `false` if it is gone meanwhile, or its counter does not rise: then there are two of it.
    fn used(&self, tx: &Tx<'_>) -> Result<bool> {
        let noted = db::run(
            tx,
            "UPDATE authenticator SET used = ?2, last_used = ?3 WHERE id = ?1 AND (used < ?2 OR used = 0 AND ?2 = 0)",
            (self.id, self.count, tx.now),
        )?;
        if noted == 0 {
            log::warn!("the counter of passkey {} of user {} went back: it may have been copied", self.id, self.user);
        }
        Ok(noted > 0)
    }

    /// The same, as a second factor.
    fn tried(&self, tx: &Tx<'_>) -> Result<Tried> {
        Ok(if self.used(tx)? { Tried::Right { id: self.id, kind: KIND } } else { Tried::Wrong })
    }
}

/// Finds the passkey that answered, and checks its answer; of `user`, if that is known already.
fn proof(
    call: &Call,
    credential: &Value,
    cookie: &str,
    purpose: Purpose,
    user: Option<i64>,
) -> Result<std::result::Result<Proven, Refused>> {
    let Some(open) = call.site.identity.challenges.take(cookie, purpose, call.now) else { return Ok(Err(UNASKED)) };
    let answer = match Answer::read(credential) {
        Ok(answer) => answer,
        Err(why) => return Ok(Err(why)),
    };
    let conn = call.db().read()?;
    let mut statement = conn.prepare_cached(
        "SELECT a.id, a.user, a.secret, p.verified FROM passkey p JOIN authenticator a ON a.id = p.authenticator WHERE p.credential = ?1 AND p.party = ?2",
    )?;
    let mut rows = statement.query((&answer.id, &open.party.id))?;
    let Some(row) = rows.next()? else { return Ok(Err(Refused("it is not known"))) };
    let (id, owner, sealed, verified): (i64, i64, Vec<u8>, bool) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
    if user.is_some_and(|user| user != owner) {
        return Ok(Err(Refused("it is somebody else's")));
    }
    match &answer.handle {
        Some(said) if *said != handle(owner) => return Ok(Err(Refused("it says it is somebody else's"))),
        None if user.is_none() => return Ok(Err(Refused("it does not say whose it is"))),
        _ => {}
    }
    // A security key without a PIN is given one by whoever finds it.
    if user.is_none() && !verified {
        return Ok(Err(Refused("it was made for a second step only")));
    }
    let key = seal::open(&call.site.secret, KIND, owner, &sealed)?
        .ok_or_else(|| Error::Internal("a passkey was sealed under another secret key file".into()))?;
    Ok(answer.check(&key, &open.expected()).map(|count| Proven { id, user: owner, count }))
}

/// `GET auth/webauthn/login`: the question that any passkey of this site may answer.
pub fn login_request(call: &Call) -> Result<Reply> {
    let token = Token::of(call)?;
    let open = call.site.identity.challenges.ask(token.value(), Purpose::Login, party(call), true, call.now)?;
    Ok(token.set(envelope(200, request(&open, &[])), call))
}

/// `POST auth/webauthn/login`: a passkey that made sure who is there stands for both steps.
pub fn log_in(call: &Call) -> Result<Reply> {
    if call.user.known() {
        return Ok(envelope(409, json!({})));
    }
    guard(call)?;
    let credential = match given_credential(call) {
        Ok(credential) => credential,
        Err(refused) => return Ok(refused),
    };
    let browser = Token::of(call)?;
    let proven = match proof(call, &credential, browser.value(), Purpose::Login, None)? {
        Ok(proven) => proven,
        Err(why) => return Ok(incorrect(&why)),
    };
    let user: Option<User> = load(&*call.db().read()?, proven.user)?;
    let Some(user) = user.map(Arc::new) else { return nobody(call) };
    let (client, agent) = (call.client.to_string(), call.header("User-Agent").unwrap_or_default().to_string());
    let entered = call.site.db.write(user.clone(), move |tx| {
        if !proven.used(tx)? {
            return Ok(None);
        }
        let methods = vec![session::by_passkey(proven.id, tx.now)];
        Ok(Some((start(tx, &client, &agent, &methods)?, methods)))
    })?;
    match entered {
        Some((cookie, methods)) => inside(call, &user, &methods, &cookie),
        None => Ok(incorrect(&BACKWARDS)),
    }
}

const BACKWARDS: Refused = Refused("its counter went back");

/// `GET auth/webauthn/authenticate`
pub fn second_request(call: &Call) -> Result<Reply> {
    match waiting_user(call)? {
        None => Ok(envelope(409, json!({}))),
        Some((user, cookie, _)) => request_of(call, user.id, &cookie, Purpose::Second),
    }
}

/// `POST auth/webauthn/authenticate`
pub fn authenticate(call: &Call) -> Result<Reply> {
    guard(call)?;
    let Some(waiting) = waiting_user(call)? else { return Ok(envelope(409, json!({}))) };
    let credential = match given_credential(call) {
        Ok(credential) => credential,
        Err(refused) => return Ok(refused),
    };
    match second(call, waiting, &credential)? {
        Ok(Shown::In(cookie, user, methods)) => inside(call, &user, &methods, &cookie),
        Ok(_) => Ok(incorrect(&BACKWARDS)),
        Err(why) => Ok(incorrect(&why)),
    }
}

fn second(call: &Call, waiting: Waiting, credential: &Value) -> Result<std::result::Result<Shown, Refused>> {
    let (user, cookie) = (waiting.0.id, waiting.1.clone());
    let proven = match proof(call, credential, &cookie, Purpose::Second, Some(user))? {
        Ok(proven) => proven,
        Err(why) => return Ok(Err(why)),
    };
    let (_, shown) = factor::complete(call, waiting, move |tx| proven.tried(tx))?;
    Ok(shown.ok_or(BACKWARDS))
}

/// `GET auth/webauthn/reauthenticate`
pub fn proof_request(call: &Call) -> Result<Reply> {
    match Here::of(call)? {
        None => nobody(call),
        Some(here) => request_of(call, here.user.id, &here.value, Purpose::Prove),
    }
}

/// `POST auth/webauthn/reauthenticate`
pub fn prove(call: &Call) -> Result<Reply> {
    let Some(here) = Here::of(call)? else { return nobody(call) };
    let credential = match given_credential(call) {
        Ok(credential) => credential,
        Err(refused) => return Ok(refused),
    };
    let shown = match proof(call, &credential, &here.value, Purpose::Prove, Some(here.user.id))? {
        Ok(shown) => shown,
        Err(why) => return Ok(incorrect(&why)),
    };
    let id = shown.id;
    if !call.write(move |tx, _| shown.used(tx))? {
        return Ok(incorrect(&BACKWARDS));
    }
    let method = session::by_factor(id, KIND, call.now);
    proven(call, &here, method)
}
