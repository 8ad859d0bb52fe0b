//! From the headers of a request to the user behind it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine;
use rusqlite::{Connection, OptionalExtension};
use subtle::ConstantTimeEq;

use super::attempts::Attempts;
use super::challenge::Challenges;
use super::password::Verifier;
use super::scope::Scopes;
use super::session::{self, COOKIE, CSRF};
use super::token::digest;
use super::{ROLES, Right, User};
use crate::db::{self, Db};
use crate::engine::call::Verb;
use crate::engine::moment;
use crate::error::{Error, Result};
use crate::oauth::token as oauth;

/// How long a token or session is believed without asking the database, which another process may have changed.
const BELIEVED: Duration = Duration::from_secs(10);
/// Tokens and sessions remembered at most.
const MAX_KNOWN: usize = 1000;

/// What the server remembers about who logged in.
pub struct Identity {
    known: Mutex<HashMap<[u8; 32], Known>>,
    version: AtomicU64,
    /// Checks passwords.
    pub verifier: Verifier,
    /// Slows down guessing.
    pub attempts: Attempts,
    /// What passkeys are asked.
    pub challenges: Challenges,
}

#[derive(Clone)]
struct Known {
    user: Arc<User>,
    /// Last day for tokens; sessions carry none.
    expiry: Option<String>,
    /// The day on which the token was last noted as seen.
    seen: Option<String>,
    /// For sessions: UTC milliseconds.
    expires: i64,
    token: i64,
    since: Instant,
}

/// What came with a request.
pub struct Credentials<'a> {
    /// `Authorization`
    pub authorization: Option<&'a str>,
    /// `Cookie`
    pub cookie: Option<&'a str>,
    /// `X-CSRFToken`
    pub csrf: Option<&'a str>,
    /// `Origin`
    pub origin: Option<&'a str>,
    /// Scheme and host that were asked.
    pub own_origin: &'a str,
    /// Where it came from.
    pub client: IpAddr,
    /// The verb.
    pub verb: Verb,
    /// Do access tokens of OAuth count?
    pub bearer: bool,
}

/// What came of a name and a password.
pub enum Checked {
    /// They fit.
    Right(Arc<User>),
    /// They fit, but the account is closed.
    Inactive,
    /// They do not.
    Wrong,
}

/// Who it is, and the session that says so, if one does.
pub struct Caller {
    /// The user; nobody if nothing was shown.
    pub user: Arc<User>,
    /// The value of the session cookie.
    pub session: Option<String>,
    /// The key of the API token; 0 if it was none.
    pub token: i64,
    /// What an access token of OAuth allows; none if it was something else.
    pub scopes: Option<Scopes>,
}

/// The user behind an access token, which counts only where OAuth is on.
fn by_bearer(db: &Db, token: &str, on: bool) -> Result<Caller> {
    let refused = || Error::Unauthenticated("This token is not valid.".into());
    let found = if on { oauth::bearer(&*db.read()?, token)? } else { None };
    let oauth::Bearer { user, scopes } = found.ok_or_else(refused)?;
    Ok(Caller { user, session: None, token: 0, scopes: Some(scopes) })
}

impl Identity {
    /// Nothing known yet.
    pub fn new() -> Identity {
        Identity {
            known: Mutex::default(),
            version: AtomicU64::new(0),
            verifier: Verifier::new(),
            attempts: Attempts::new(),
            challenges: Challenges::default(),
        }
    }

    /// Finds out who asks: token, then name and password, then session.
    ///
    /// # Errors
    /// 401 for credentials that are wrong, 403 for a session without its CSRF token, 429 for too many wrong ones at once.
    pub fn who(&self, db: &Db, shown: &Credentials<'_>) -> Result<Caller> {
        if let Some(header) = shown.authorization {
            let header = header.trim();
            let (scheme, value) = header.split_once(' ').unwrap_or((header, ""));
            match scheme.to_ascii_lowercase().as_str() {
                "token" => return self.by_token(db, value.trim()).map(|(user, token)| Caller { user, session: None, token, scopes: None }),
                "basic" => {
                    return self.by_password(db, value.trim(), shown.client).map(|user| Caller {
                        user,
                        session: None,
                        token: 0,
                        scopes: None,
                    });
                }
                "bearer" => return by_bearer(db, value.trim(), shown.bearer),
                _ => {}
            }
        }
        let nobody = || Caller { user: Arc::new(User::anonymous()), session: None, token: 0, scopes: None };
        let Some(cookie) = session::cookie(shown.cookie, COOKIE).filter(|c| !c.is_empty()) else { return Ok(nobody()) };
        let Some(user) = self.by_session(db, cookie)? else { return Ok(nobody()) };
        if !shown.verb.safe() {
            guarded(shown)?;
        }
        Ok(Caller { user, session: Some(cookie.to_string()), token: 0, scopes: None })
    }

    /// What is known under this key, and the version of the database's people for which it holds.
    fn remembered(&self, db: &Db, key: &[u8; 32]) -> (Option<Known>, u64) {
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let version = db.identity_version();
        if self.version.swap(version, SeqCst) != version {
            known.clear();
        }
        (known.get(key).filter(|k| k.since.elapsed() < BELIEVED).cloned(), version)
    }

    /// Remembers what was read since `version`; if somebody changed people or rights meanwhile it may be old already, and is not kept.
    fn remember(&self, version: u64, key: [u8; 32], entry: Known) {
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if self.version.load(SeqCst) != version {
            return;
        }
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        known.insert(key, entry);
    }

    /// The user of an API token, and its key; also for doors that take tokens in other headers.
    ///
    /// # Errors
    /// 401 if it is unknown, revoked or expired, or its user is not active.
    pub fn by_token(&self, db: &Db, token: &str) -> Result<(Arc<User>, i64)> {
        let refused = || Error::Unauthenticated("This token is not valid.".into());
        let (key, today) = (digest(token), moment::day(moment::now()));
        let (remembered, version) = self.remembered(db, &key);
        let entry = match remembered {
            Some(entry) => entry,
            None => {
                let conn = db.read()?;
                let found: Option<(i64, i64, String, Option<String>)> = conn
                    .prepare_cached("SELECT id, user, expiry, last_seen FROM token WHERE digest = ?1 AND revoked = 0")?
                    .query_row([key], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
                    .optional()?;
                let (token, user, expiry, seen) = found.ok_or_else(refused)?;
                let user = load(&conn, user)?.ok_or_else(refused)?;
                let entry = Known { user: Arc::new(user), expiry: Some(expiry), seen, expires: 0, token, since: Instant::now() };
                self.remember(version, key, entry.clone());
                entry
            }
        };
        if entry.expiry.as_deref().is_some_and(|day| day < today.as_str()) {
            return Err(refused());
        }
        if entry.seen.as_deref() != Some(&today) {
            // Noted once a day. A server that cannot write still answers.
            let noted = db.write(entry.user.clone(), {
                let (token, today) = (entry.token, today.clone());
                move |tx| db::run(tx, "UPDATE token SET last_seen = ?2 WHERE id = ?1", (token, today))
            });
            if let Err(e) = noted {
                log::warn!("token {} could not be noted as seen: {e}", entry.token);
                self.remember(version, key, Known { seen: Some(today), ..entry.clone() });
            }
        }
        Ok((entry.user, entry.token))
    }

    /// The user of a session cookie.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn by_session(&self, db: &Db, cookie: &str) -> Result<Option<Arc<User>>> {
        let (key, now) = (digest(cookie), moment::now());
        let (remembered, version) = self.remembered(db, &key);
        if let Some(entry) = remembered {
            return Ok((entry.expires > now).then_some(entry.user));
        }
        let conn = db.read()?;
        let found: Option<(i64, i64)> = conn
            .prepare_cached("SELECT user, expires FROM session WHERE digest = ?1 AND expires > ?2")?
            .query_row((key, now), |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((user, expires)) = found else { return Ok(None) };
        let Some(user) = load(&conn, user)?.map(Arc::new) else { return Ok(None) };
        self.remember(version, key, Known { user: user.clone(), expiry: None, seen: None, expires, token: 0, since: Instant::now() });
        Ok(Some(user))
    }

    fn by_password(&self, db: &Db, value: &str, client: IpAddr) -> Result<Arc<User>> {
        let wrong = || Error::Unauthenticated("Name and password do not fit.".into());
        let decoded = base64::engine::general_purpose::STANDARD.decode(value).map_err(|_| wrong())?;
        let text = String::from_utf8(decoded).map_err(|_| wrong())?;
        let (name, password) = text.split_once(':').ok_or_else(wrong)?;
        match self.check(db, name, password, client)? {
            Checked::Right(user) => Ok(user),
            Checked::Inactive | Checked::Wrong => Err(wrong()),
        }
    }

    /// Checks a name (in any case, where no other has it just so) and a password; a right pair is never turned away, wrong ones take
    /// their time.
    ///
    /// # Errors
    /// 429 if too many wrong ones wait already.
    pub fn check(&self, db: &Db, name: &str, password: &str, client: IpAddr) -> Result<Checked> {
        let found: Option<(i64, String)> = db
            .read()?
            .prepare_cached("SELECT id, password FROM user WHERE username = ?1 COLLATE NOCASE ORDER BY username = ?1 DESC, id LIMIT 1")?
            .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let right = match &found {
            Some((id, hash)) => self.verifier.check(*id, hash, password),
            None => {
                self.verifier.burn(password);
                false
            }
        };
        if let (true, Some((id, _))) = (right, found) {
            self.attempts.succeeded(client, name, Instant::now());
            return Ok(load(&*db.read()?, id)?.map_or(Checked::Inactive, |user| Checked::Right(Arc::new(user))));
        }
        self.slow_down(client, name)?;
        Ok(Checked::Wrong)
    }

    /// Holds a wrong answer back for as long as the failures so far ask for.
    ///
    /// # Errors
    /// 429 if too many wait already.
    pub fn slow_down(&self, client: IpAddr, name: &str) -> Result<()> {
        self.attempts.failed(client, name, Instant::now());
        let delay = self.attempts.delay(client, name, Instant::now());
        if !delay.is_zero() {
            let Some(_place) = self.attempts.enter() else { return Err(Error::TooMany) };
            std::thread::sleep(delay);
        }
        Ok(())
    }
}

impl Default for Identity {
    fn default() -> Self {
        Identity::new()
    }
}

/// A request that rides on a cookie must prove that a page of ours made it.
fn guarded(shown: &Credentials<'_>) -> Result<()> {
    let refused = |why: &str| Err(Error::Denied(format!("CSRF check failed: {why}.")));
    if shown.origin.is_some_and(|origin| origin != shown.own_origin) {
        return refused("the request comes from another site");
    }
    match (session::cookie(shown.cookie, CSRF), shown.csrf) {
        (Some(cookie), Some(header)) if !cookie.is_empty() && bool::from(cookie.as_bytes().ct_eq(header.as_bytes())) => Ok(()),
        (_, None) => refused("the header X-CSRFToken is missing"),
        _ => refused("header and cookie differ"),
    }
}

/// A user with the sum of the groups' rights; none if not active.
///
/// # Errors
/// The database cannot be asked.
pub fn load(conn: &Connection, id: i64) -> Result<Option<User>> {
    let found = conn
        .prepare_cached("SELECT username, is_staff, is_superuser FROM user WHERE id = ?1 AND is_active = 1")?
        .query_row([id], |row| Ok(User { id, name: row.get(0)?, staff: row.get(1)?, superuser: row.get(2)?, rights: 0 }))
        .optional()?;
    let Some(mut user) = found else { return Ok(None) };
    let mut statement = conn.prepare_cached(
        "SELECT r.name, r.can_view, r.can_add, r.can_change, r.can_delete FROM ruleset r JOIN user_group_member m ON m.\"group\" = r.\"group\" WHERE m.user = ?1",
    )?;
    let mut rows = statement.query([id])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let Some(place) = ROLES.iter().position(|r| r.0 == name) else { continue };
        for right in Right::ALL {
            if row.get::<_, bool>(1 + right as usize)? {
                user.rights |= 1 << (place * 4 + right as usize);
            }
        }
    }
    Ok(Some(user))
}
