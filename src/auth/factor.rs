//! Second factors: an authenticator app and recovery codes; what passkeys share with them.

use serde_json::{Value, json};

use super::session::{Waiting, code, inside, nobody, prove_first, proven, start, waiting_user};
use super::{Here, Wrong, envelope, guard, passkey};
use crate::common::setting;
use crate::db::{self, Tx};
use crate::engine::call::{Call, Reply};
use crate::engine::moment::Moment;
use crate::error::{Error, Result};
use crate::identity::token::{digest, random};
use crate::identity::{otp, seal, session};
use crate::site::Secret;

/// Wrong codes of an account in a quarter of an hour; then none is looked at any more. Only who knows the password gets here, so that
/// nobody can lock out others.
const MOST_FAILURES: i64 = 10;
const SPAN: i64 = 15 * 60 * 1000;
const APP: &str = "totp";
const CODES: &str = "recovery_codes";

/// Must this user show a second factor?
pub fn has(conn: &rusqlite::Connection, user: i64) -> Result<bool> {
    let found: Option<i64> = db::one(conn, "SELECT 1 FROM authenticator WHERE user = ?1 AND type <> 'recovery_codes' LIMIT 1", [user])?;
    Ok(found.is_some())
}

fn has_app(conn: &rusqlite::Connection, user: i64) -> Result<bool> {
    let found: Option<i64> = db::one(conn, "SELECT 1 FROM authenticator WHERE user = ?1 AND type = 'totp'", [user])?;
    Ok(found.is_some())
}

/// What kinds of them a user has.
pub fn kinds(conn: &rusqlite::Connection, user: i64) -> Result<Vec<String>> {
    db::column(conn, "SELECT DISTINCT type FROM authenticator WHERE user = ?1 ORDER BY type", [user])
}

/// What follows from a new factor: recovery codes, if there are none, which it tells; and an end to the sessions of whoever got in
/// before without any.
pub fn added(tx: &Tx<'_>, secret: &Secret, user: i64, session: &str, first: bool) -> Result<bool> {
    if first {
        db::run(tx, "DELETE FROM session WHERE user = ?1 AND digest <> ?2", (user, digest(session)))?;
    }
    let made = shown(tx, user, CODES)?.is_none();
    if made {
        add(tx, secret, user, CODES, &random::<20>()?, 0)?;
    }
    Ok(made)
}

/// Recovery codes stand in for another factor: they go with the last one.
pub fn removed(tx: &Tx<'_>, user: i64) -> Result<()> {
    if !has(tx, user)? {
        db::run(tx, "DELETE FROM authenticator WHERE user = ?1", [user])?;
    }
    Ok(())
}

/// Takes all second factors of a user away; the sessions end. `false` if there were none.
///
/// # Errors
/// The database cannot be written.
pub fn remove_all(tx: &Tx<'_>, user: i64) -> Result<bool> {
    let gone = db::run(tx, "DELETE FROM authenticator WHERE user = ?1", [user])?;
    session::end_all(tx, user)?;
    Ok(gone > 0)
}

/// Which factor was shown, or why it was none.
pub enum Tried {
    /// This one.
    Right {
        /// Its key.
        id: i64,
        /// Its kind.
        kind: &'static str,
    },
    /// It does not fit.
    Wrong,
    /// There were too many wrong codes.
    TooMany,
}

/// Looks whether a code is right, and uses it up. Failures are counted, so the transaction must be kept whatever comes out.
fn try_code(tx: &Tx<'_>, secret: &Secret, user: i64, code: &str) -> Result<Tried> {
    db::run(tx, "DELETE FROM code_failure WHERE at < ?1", [tx.now - SPAN])?;
    let failures: i64 = db::one(tx, "SELECT count(*) FROM code_failure WHERE user = ?1", [user])?.unwrap_or(0);
    if failures >= MOST_FAILURES {
        return Ok(Tried::TooMany);
    }
    for kind in [APP, CODES] {
        let Some((id, plain, used)) = stored(tx, secret, user, kind)? else { continue };
        let used = match kind {
            APP => otp::step_of(&plain, code, tx.now, used)?,
            _ => otp::recovery_index(&plain, code)?.map(|i| 1 << i).filter(|bit| used & bit == 0).map(|bit: i64| used | bit),
        };
        if let Some(used) = used {
            db::run(tx, "UPDATE authenticator SET used = ?2, last_used = ?3 WHERE id = ?1", [id, used, tx.now])?;
            db::run(tx, "DELETE FROM code_failure WHERE user = ?1", [user])?;
            return Ok(Tried::Right { id, kind });
        }
    }
    db::run(tx, "INSERT INTO code_failure (user, at) VALUES (?1, ?2)", [user, tx.now])?;
    Ok(Tried::Wrong)
}

/// An authenticator: key, opened secret, what of it was used.
fn stored(conn: &rusqlite::Connection, secret: &Secret, user: i64, kind: &str) -> Result<Option<(i64, Vec<u8>, i64)>> {
    let mut statement = conn.prepare_cached("SELECT id, secret, used FROM authenticator WHERE user = ?1 AND type = ?2")?;
    let mut rows = statement.query((user, kind))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let sealed: Vec<u8> = row.get(1)?;
    match seal::open(secret, kind, user, &sealed)? {
        Some(plain) => Ok(Some((row.get(0)?, plain, row.get(2)?))),
        None => Err(Error::Internal("a second factor was sealed under another secret key file".into())),
    }
}

fn add(tx: &Tx<'_>, secret: &Secret, user: i64, kind: &str, plain: &[u8], used: i64) -> Result<()> {
    db::run(tx, "DELETE FROM authenticator WHERE user = ?1 AND type = ?2", (user, kind))?;
    let sealed = seal::seal(secret, kind, user, plain)?;
    let row = (user, kind, sealed, used, tx.now);
    db::run(tx, "INSERT INTO authenticator (user, type, secret, used, created) VALUES (?1, ?2, ?3, ?4, ?5)", row).map(|_| ())
}

/// An authenticator as lists show it; `None` if the user has none of that kind.
fn shown(conn: &rusqlite::Connection, user: i64, kind: &str) -> Result<Option<Value>> {
    let mut statement = conn.prepare_cached("SELECT created, last_used, used FROM authenticator WHERE user = ?1 AND type = ?2")?;
    let mut rows = statement.query((user, kind))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let last: Option<Moment> = row.get(1)?;
    let mut shown = json!({"type": kind, "created_at": session::seconds(row.get(0)?), "last_used_at": last.map(session::seconds)});
    if kind == CODES {
        let used: i64 = row.get(2)?;
        shown["total_code_count"] = otp::RECOVERY_CODES.into();
        shown["unused_code_count"] = otp::RECOVERY_CODES.saturating_sub(used.count_ones()).into();
    }
    Ok(Some(shown))
}

/// `GET account/authenticators`
pub fn list(call: &Call) -> Result<Reply> {
    let Some(here) = Here::of(call)? else { return nobody(call) };
    let conn = call.db().read()?;
    let mut all = Vec::new();
    for kind in [APP, CODES] {
        all.extend(shown(&conn, here.user.id, kind)?);
    }
    all.extend(passkey::shown(&conn, here.user.id)?);
    Ok(envelope(200, json!({ "data": all })))
}

/// `GET account/authenticators/totp`: what is set up, or a new secret to set it up with.
pub fn show_app(call: &Call) -> Result<Reply> {
    let Some(here) = Here::of(call)? else { return nobody(call) };
    let (found, issuer) = {
        let conn = call.db().read()?;
        (shown(&conn, here.user.id, APP)?, setting::value(&conn, "INVENTREE_INSTANCE")?)
    };
    if let Some(app) = found {
        return Ok(envelope(200, json!({ "data": app })));
    }
    // 160 bits, as RFC 4226 advises.
    let secret: [u8; 20] = random()?;
    let (user, value) = (here.user.id, here.value.clone());
    call.write(move |tx, call| {
        let sealed = seal::seal(&call.site.secret, "setup", user, &secret)?;
        db::run(tx, "UPDATE session SET setup = ?2 WHERE digest = ?1", (digest(&value), sealed))
    })?;
    let url = otp::url(&issuer, &here.user.name, &secret);
    Ok(envelope(404, json!({"meta": {"secret": otp::base32(&secret), "totp_url": url}})))
}

/// `POST account/authenticators/totp`: the first code proves that the app has the secret.
pub fn add_app(call: &Call) -> Result<Reply> {
    let Some(here) = Here::of(call)? else { return nobody(call) };
    let code = match code(call) {
        Ok(code) => code,
        Err(refused) => return Ok(refused),
    };
    let there = has_app(&*call.db().read()?, here.user.id)?;
    if there {
        return Ok(envelope(409, json!({})));
    }
    if !here.is_fresh(call) {
        return prove_first(call, &here);
    }
    let user = here.user.id;
    let plain = match &here.state.setup {
        Some(sealed) => seal::open(&call.site.secret, "setup", user, sealed)?,
        None => None,
    };
    let step = match &plain {
        Some(plain) => otp::step_of(plain, &code, call.now, 0)?,
        None => None,
    };
    let (Some(plain), Some(step)) = (plain, step) else { return incorrect(call, &here.user.name) };
    let value = here.value.clone();
    let (app, made) = call.write(move |tx, call| {
        if has_app(tx, user)? {
            return Ok((None, false));
        }
        let first = !has(tx, user)?;
        add(tx, &call.site.secret, user, APP, &plain, step)?;
        db::run(tx, "UPDATE session SET setup = NULL WHERE user = ?1", [user])?;
        let made = added(tx, &call.site.secret, user, &value, first)?;
        let app: i64 = db::one(tx, "SELECT id FROM authenticator WHERE user = ?1 AND type = 'totp'", [user])?.unwrap_or(0);
        session::prove(tx, &value, session::by_factor(app, APP, tx.now))?;
        Ok((shown(tx, user, APP)?, made))
    })?;
    match app {
        Some(app) => Ok(envelope(200, json!({"data": app, "meta": {"recovery_codes_generated": made}}))),
        None => Ok(envelope(409, json!({}))),
    }
}

/// `DELETE account/authenticators/totp`
pub fn remove_app(call: &Call) -> Result<Reply> {
    let Some(here) = Here::of(call)? else { return nobody(call) };
    let user = here.user.id;
    let there = has_app(&*call.db().read()?, user)?;
    if !there {
        return Ok(envelope(404, json!({})));
    }
    if !here.is_fresh(call) {
        return prove_first(call, &here);
    }
    call.write(move |tx, _| {
        db::run(tx, "DELETE FROM authenticator WHERE user = ?1 AND type = 'totp'", [user])?;
        removed(tx, user)
    })?;
    Ok(envelope(200, json!({})))
}

/// `GET account/authenticators/recovery-codes`
pub fn show_codes(call: &Call) -> Result<Reply> {
    let Some(here) = Here::of(call)? else { return nobody(call) };
    let there = shown(&*call.db().read()?, here.user.id, CODES)?.is_some();
    if !there {
        return Ok(envelope(404, json!({})));
    }
    if here.is_fresh(call) { unused(call, &here) } else { prove_first(call, &here) }
}

/// `POST account/authenticators/recovery-codes`: new ones; the old ones are worth nothing any more.
pub fn renew_codes(call: &Call) -> Result<Reply> {
    let Some(here) = Here::of(call)? else { return nobody(call) };
    let user = here.user.id;
    let possible = has(&*call.db().read()?, user)?;
    if !possible {
        return Ok(Wrong::one(
            "__all__",
            "cannot_generate_recovery_codes",
            "Recovery codes stand in for another second factor; set one up first.",
        ));
    }
    if !here.is_fresh(call) {
        return prove_first(call, &here);
    }
    let seed: [u8; 20] = random()?;
    call.write(move |tx, call| add(tx, &call.site.secret, user, CODES, &seed, 0))?;
    unused(call, &here)
}

fn unused(call: &Call, here: &Here) -> Result<Reply> {
    let conn = call.db().read()?;
    let user = here.user.id;
    let (Some(mut data), Some((_, seed, used))) = (shown(&conn, user, CODES)?, stored(&conn, &call.site.secret, user, CODES)?) else {
        return Ok(envelope(404, json!({})));
    };
    let codes = otp::recovery_codes(&seed)?;
    data["unused_codes"] = codes.into_iter().zip(0..).filter(|(_, i)| used >> i & 1 == 0).map(|(code, _)| code).collect();
    Ok(envelope(200, json!({ "data": data })))
}

/// A wrong code: answered late if there were several.
fn incorrect(call: &Call, name: &str) -> Result<Reply> {
    match call.site.identity.slow_down(call.client, name) {
        Err(Error::TooMany) => Ok(too_many()),
        Err(other) => Err(other),
        Ok(()) => Ok(Wrong::one("code", "incorrect_code", "This code is not right, or was used before.")),
    }
}

fn too_many() -> Reply {
    Wrong::one("code", "too_many_login_attempts", "Too many failed attempts; wait a quarter of an hour.")
}

/// What came of a code for a login that waits.
pub enum Shown {
    /// It was right: the session's cookie, whose it is, and how it came about.
    In(String, std::sync::Arc<crate::identity::User>, Vec<Value>),
    /// No login waits.
    Nothing,
    /// It was wrong, and the answer that says so.
    Refused(Reply),
}

/// Finishes a login that waits for its second factor by a code.
pub fn finish(call: &Call, code: String) -> Result<Shown> {
    let Some(waiting) = waiting_user(call)? else { return Ok(Shown::Nothing) };
    let (user, site) = (waiting.0.clone(), call.site.clone());
    match complete(call, waiting, move |tx| try_code(tx, &site.secret, tx.user.id, &code))? {
        (_, Some(shown)) => Ok(shown),
        (Tried::TooMany, _) => Ok(Shown::Refused(too_many())),
        _ => incorrect(call, &user.name).map(Shown::Refused),
    }
}

/// Looks at what is shown as the second factor of a login that waits, and lets in whom it fits.
pub fn complete(
    call: &Call,
    (user, cookie, mut methods): Waiting,
    show: impl FnOnce(&Tx<'_>) -> Result<Tried> + Send + 'static,
) -> Result<(Tried, Option<Shown>)> {
    let (client, agent) = (call.client.to_string(), call.header("User-Agent").unwrap_or_default().to_string());
    let (tried, session) = call.site.db.write(user.clone(), move |tx| {
        // Another request may have ended the wait meanwhile.
        let tried = match session::staged(tx, &cookie, tx.now)? {
            Some(_) => show(tx)?,
            None => Tried::Wrong,
        };
        let Tried::Right { id: factor, kind } = tried else {
            session::stage_failed(tx, &cookie)?;
            return Ok((tried, None));
        };
        methods.push(session::by_factor(factor, kind, tx.now));
        session::end_stage(tx, &cookie)?;
        Ok((tried, Some((start(tx, &client, &agent, &methods)?, methods))))
    })?;
    Ok((tried, session.map(|(value, methods)| Shown::In(value, user, methods))))
}

/// `POST auth/2fa/authenticate`
pub fn authenticate(call: &Call) -> Result<Reply> {
    guard(call)?;
    if waiting_user(call)?.is_none() {
        return Ok(envelope(409, json!({})));
    }
    let code = match code(call) {
        Ok(code) => code,
        Err(refused) => return Ok(refused),
    };
    match finish(call, code)? {
        Shown::Nothing => Ok(envelope(409, json!({}))),
        Shown::Refused(reply) => Ok(reply),
        Shown::In(value, user, methods) => inside(call, &user, &methods, &value),
    }
}

/// `POST auth/2fa/reauthenticate`
pub fn prove(call: &Call) -> Result<Reply> {
    let Some(here) = Here::of(call)? else { return nobody(call) };
    let code = match code(call) {
        Ok(code) => code,
        Err(refused) => return Ok(refused),
    };
    let user = here.user.id;
    match call.write(move |tx, call| try_code(tx, &call.site.secret, user, &code))? {
        Tried::Right { id, kind } => {
            let method = session::by_factor(id, kind, call.now);
            proven(call, &here, method)
        }
        Tried::Wrong => incorrect(call, &here.user.name),
        Tried::TooMany => Ok(too_many()),
    }
}
