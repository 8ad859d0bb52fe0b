//! From a request of the front to an answer: pages, rights, headers.

use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde_json::json;
use tiny_http::{Header, Method, Response, ResponseBox, StatusCode};

use crate::auth::{factor, page};
use crate::common::{error_report, setting};
use crate::engine::call::{Call, Facts, Query, Reply, Verb};
use crate::engine::{input, moment};
use crate::error::{Error, Result};
use crate::front::forwarded::{self, Network};
use crate::front::{Backend, Request};
use crate::identity::login::{Caller, Credentials};
use crate::identity::{User, session};
use crate::metrics::Metrics;
use crate::oauth;
use crate::router::{self, Found, Target};
use crate::site::{API_VERSION, SPEAKS, Site, VERSION};
use crate::web;

/// What a browser may read before a second factor is set up that everybody must have: who it is, and where.
const FREE: &[&str] = &["/api/", "/api/system/health/", "/api/user/me/", "/api/user/me/roles/", "/api/user/roles/"];
/// What may be sent to an address that there is not.
const EVERY_VERB: &str = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT";
/// Largest JSON body or form, in bytes.
const BODY_LIMIT: u64 = 1 << 20;
/// Largest form with files, in bytes.
const UPLOAD_LIMIT: u64 = 32 << 20;

/// The server behind a front.
pub struct Server {
    site: Arc<Site>,
    /// Proxies whose word about the client counts.
    trusted: Vec<Network>,
    requests: AtomicU64,
    pub(crate) metrics: Metrics,
}

/// Why an answer came about, for its headers.
struct Answered {
    reply: Reply,
    allow: Option<String>,
}

impl Server {
    /// A server for a data folder; `trusted` are the proxies in front of it.
    pub fn new(site: Site, trusted: Vec<Network>) -> Arc<Server> {
        Arc::new(Server { site: Arc::new(site), trusted, requests: AtomicU64::new(1), metrics: Metrics::default() })
    }

    /// The data folder's server.
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// The same, to be kept.
    pub fn site_shared(&self) -> Arc<Site> {
        self.site.clone()
    }

    /// Keeps a fault of ours for the staff to read; failing that, the log has it.
    fn report(&self, error: &Error, path: &str) {
        if let Error::Internal(cause) = error {
            let (path, cause) = (path.to_string(), cause.clone());
            let kept = self.site.db.write(User::system(), move |tx| error_report::record(tx, &path, &cause));
            if let Err(e) = kept {
                log::error!("the error report could not be kept: {e}");
            }
        }
    }

    fn respond(&self, request: &mut Request) -> Answered {
        let origin = forwarded::origin(request.peer, request.secure, &request.host, &request.headers, &self.trusted);
        let (path, query) = request.target.split_once('?').map_or((request.target.clone(), String::new()), |(p, q)| (p.into(), q.into()));
        let host = if origin.host.is_empty() { "localhost" } else { &origin.host };
        let own = format!("{}://{host}", origin.scheme);
        if path.starts_with(page::ROOT) || path.starts_with(oauth::ROOT) {
            let call = self.visit(request, &path, &query, &own, origin.client, origin.scheme == "https");
            let answer = |call: Call| if path.starts_with(oauth::ROOT) { oauth::answer(&call) } else { page::answer(&call) };
            let reply = call.and_then(answer).unwrap_or_else(|e| error_page(&e, &path));
            return Answered { reply, allow: None };
        }
        if !path.starts_with("/api/") {
            let reply = web::page(self, request, &path, &own, origin.client).unwrap_or_else(|e| error_reply(&e, &path, &own));
            return Answered { reply, allow: None };
        }
        let accept = request.header("Accept").map(String::from);
        let found = router::find(&path);
        let allow = found.as_ref().map(|f| f.target.allow());
        let nowhere = found.is_none();
        let reply = self.api(request, &path, &query, &own, origin.client, origin.scheme == "https", found);
        // Where nothing is, every verb is answered alike.
        let allow = if nowhere && matches!(reply, Err(Error::NoRoute(_))) { Some(EVERY_VERB.into()) } else { allow };
        let reply = reply.unwrap_or_else(|e| {
            self.report(&e, &path);
            error_reply(&e, &path, &own)
        });
        // What is streamed is a file, not an answer to read.
        let reply =
            if self.site.debug && verb_of(&request.method) == Some(Verb::Get) && reply.file.is_none() && web::wants_page(accept.as_deref())
            {
                web::readable(reply, &path, allow.as_deref().unwrap_or_default())
            } else {
                reply
            };
        Answered { reply, allow }
    }

    /// A request for a page: only a session says who asks, and forms carry their own token against forgery.
    fn visit(&self, request: &mut Request, path: &str, query: &str, own: &str, client: std::net::IpAddr, secure: bool) -> Result<Call> {
        let verb = verb_of(&request.method).ok_or_else(|| Error::Method(request.method.to_string()))?;
        let cookie = session::cookie(request.header("Cookie"), session::COOKIE).filter(|c| !c.is_empty()).map(String::from);
        let user = match &cookie {
            Some(cookie) => self.site.identity.by_session(&self.site.db, cookie)?,
            None => None,
        };
        let content = if verb.safe() { input::Content::Nothing } else { body_of(request)? };
        Ok(Call::new(Facts {
            session: cookie.filter(|_| user.is_some()),
            verb,
            path: path.to_string(),
            query: Query::parse(query),
            origin: own.to_string(),
            content,
            headers: std::mem::take(&mut request.headers),
            client,
            secure,
            ..Facts::of(self.site.clone(), user.unwrap_or_else(|| Arc::new(User::anonymous())))
        }))
    }

    /// Must this caller set up a second factor before anything else? That holds for sessions; programs with tokens cannot show one.
    pub(crate) fn lacks_factor(&self, caller: &Caller, path: &str, verb: Option<Verb>) -> Result<bool> {
        if caller.session.is_none() || path.starts_with("/api/auth/v1/") || verb == Some(Verb::Get) && FREE.contains(&path) {
            return Ok(false);
        }
        let conn = self.site.db.read()?;
        Ok(setting::is_on(&conn, "LOGIN_ENFORCE_MFA")? && !factor::has(&conn, caller.user.id)?)
    }

    #[expect(clippy::too_many_arguments, reason = "everything that the address and the connection say, taken apart once")]
    fn api(
        &self,
        request: &mut Request,
        path: &str,
        query: &str,
        own: &str,
        client: std::net::IpAddr,
        secure: bool,
        found: Option<Found<'_>>,
    ) -> Result<Reply> {
        let verb = verb_of(&request.method);
        let shown = Credentials {
            authorization: request.header("Authorization"),
            cookie: request.header("Cookie"),
            csrf: request.header("X-CSRFToken"),
            origin: request.header("Origin"),
            own_origin: own,
            client,
            verb: verb.unwrap_or(Verb::Post),
            bearer: oauth::is_on(&self.site, &Query::parse(query)),
        };
        let caller = self.site.identity.who(&self.site.db, &shown)?;
        if self.lacks_factor(&caller, path, verb)? {
            let mut reply = Reply::value(&json!({"id": "mfa_register", "error": "Set up a second factor before anything else."}));
            reply.status = 401;
            return Ok(reply.with("WWW-Authenticate", "Token"));
        }
        let Some(Found { target, id, above, words }) = found else {
            return Err(if caller.user.known() { Error::NoRoute("There is nothing at this address.".into()) } else { unknown() });
        };
        if !(self.site.debug && web::wants_page(request.header("Accept"))) {
            acceptable(request.header("Accept"), query, path)?;
        }
        let verb = verb.ok_or_else(|| Error::Method(request.method.to_string()))?;
        if !target.is_open() && !caller.user.known() {
            return Err(unknown());
        }
        if verb != Verb::Options && !target.verbs().contains(&verb) {
            return Err(Error::Method(verb.name().into()));
        }
        if !target.may(&caller.user, verb) {
            return Err(Error::denied());
        }
        if caller.scopes.is_some_and(|scopes| !target.within(scopes, verb)) {
            return Err(Error::Denied("The scopes of this token do not reach this far.".into()));
        }
        let content = match target {
            _ if verb.safe() => input::Content::Nothing,
            Target::Hand(endpoint) if endpoint.raw => {
                let body = request.body.bytes().map_err(|e| Error::Internal(format!("the body cannot be read: {e}")))?;
                input::Content::Raw(body.into_owned())
            }
            _ => body_of(request)?,
        };
        let call = Call::new(Facts {
            site: self.site.clone(),
            user: caller.user,
            verb,
            path: path.to_string(),
            query: Query::parse(query),
            origin: own.to_string(),
            id,
            above,
            words: words.into_iter().map(String::from).collect(),
            content,
            headers: std::mem::take(&mut request.headers),
            client,
            now: moment::now(),
            token: caller.token,
            secure,
            session: caller.session,
        });
        target.answer(call)
    }
}

fn body_of(request: &mut Request) -> Result<input::Content> {
    let kind = request.header("Content-Type").map(String::from);
    let body = request.body.bytes().map_err(|e| Error::Internal(format!("the body cannot be read: {e}")))?.into_owned();
    input::content(kind.as_deref(), body)
}

/// The page that says what went wrong.
fn error_page(error: &Error, path: &str) -> Reply {
    if let Error::Internal(cause) = error {
        log::error!("{path}: {cause}");
    }
    let text = match error {
        Error::Internal(_) => "The server made a mistake; its log has the cause.".into(),
        other => page::escape(&other.to_string()),
    };
    page::page(error.status(), "That did not work", &format!("<p>{text}</p>"), "")
}

fn unknown() -> Error {
    Error::Unauthenticated("Log in first.".into())
}

fn verb_of(method: &Method) -> Option<Verb> {
    Some(match method {
        Method::Get | Method::Head => Verb::Get,
        Method::Post => Verb::Post,
        Method::Put => Verb::Put,
        Method::Patch => Verb::Patch,
        Method::Delete => Verb::Delete,
        Method::Options => Verb::Options,
        _ => return None,
    })
}

/// Only JSON is spoken here (the OpenAPI document has forms of its own).
fn acceptable(accept: Option<&str>, query: &str, path: &str) -> Result<()> {
    if path == "/api/schema/" {
        return Ok(());
    }
    if Query::parse(query).get("format").is_some_and(|f| f != "json") {
        return Err(Error::NotFound("This format is not spoken here.".into()));
    }
    let Some(accept) = accept.filter(|a| !a.trim().is_empty()) else { return Ok(()) };
    let fits = accept.split(',').any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let refused = parts.any(|p| p.strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0)));
        !refused && matches!(kind.as_str(), "*/*" | "application/*" | "application/json")
    });
    if fits { Ok(()) } else { Err(Error::NotAcceptable) }
}

/// The answer that says what went wrong. Causes go to the log.
pub fn error_reply(error: &Error, path: &str, own: &str) -> Reply {
    if let Error::Internal(cause) = error {
        log::error!("{path}: {cause}");
    }
    let reply = Reply {
        status: error.status(),
        kind: "application/json",
        body: error.body(path, &format!("{own}{path}")).into(),
        headers: Vec::new(),
        file: None,
    };
    match error {
        Error::Unauthenticated(_) => reply.with("WWW-Authenticate", "Token"),
        Error::TooMany | Error::Unavailable(_) => reply.with("Retry-After", "5"),
        _ => reply,
    }
}

impl Backend for Server {
    fn answer(&self, request: &mut Request) -> ResponseBox {
        let started = std::time::Instant::now();
        let answered = self.respond(request);
        let took = started.elapsed();
        self.metrics.note(request.method.as_str(), answered.reply.status, took);
        log::info!("{} {} {} {}us", request.method, path_of(&request.target), answered.reply.status, took.as_micros());
        self.dress(answered)
    }

    fn body_limit(&self, request: &Request) -> u64 {
        let form = request.header("Content-Type").is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/form-data"));
        if form { UPLOAD_LIMIT } else { BODY_LIMIT }
    }

    fn upload_dir(&self) -> &Path {
        &self.site.folder
    }

    fn panicked(&self, request: &Request, what: &str) -> ResponseBox {
        let path = path_of(&request.target);
        let error = Error::Internal(format!("panic: {what}"));
        self.report(&error, path);
        let reply = error_reply(&error, path, "");
        self.metrics.note(request.method.as_str(), reply.status, std::time::Duration::ZERO);
        self.dress(Answered { reply, allow: None })
    }
}

/// The path alone: queries may hold what no log should.
fn path_of(target: &str) -> &str {
    target.split('?').next().unwrap_or_default()
}

impl Server {
    fn dress(&self, answered: Answered) -> ResponseBox {
        let Reply { status, kind, body, headers, file } = answered.reply;
        let mut all: Vec<Header> = Vec::with_capacity(headers.len() + 10);
        let mut add = |name: &str, value: &str| all.extend(Header::from_bytes(name, value).ok());
        if !kind.is_empty() {
            add("Content-Type", kind);
        }
        for (name, value) in &headers {
            add(name, value);
        }
        if let Some(allow) = &answered.allow {
            add("Allow", allow);
        }
        add("Vary", "Accept, Authorization, Cookie");
        add("X-Frame-Options", "DENY");
        add("X-Content-Type-Options", "nosniff");
        add("X-InvenTree-Version", SPEAKS);
        add("X-InvenTree-API", &API_VERSION.to_string());
        add("X-InvenTree-Python", "none");
        add("X-InvenTree-Installer", &format!("stockroom {VERSION}"));
        add("X-InvenTree-ReqId", &format!("{:x}-{:x}", self.site.started, self.requests.fetch_add(1, Relaxed)));
        if let Some((file, length)) = file {
            let length_known = usize::try_from(length).ok();
            return Response::new(StatusCode(status), all, file.take(length), length_known, None).boxed();
        }
        let length = body.len();
        match body {
            std::borrow::Cow::Borrowed(bytes) => Response::new(StatusCode(status), all, bytes, Some(length), None).boxed(),
            std::borrow::Cow::Owned(bytes) => Response::new(StatusCode(status), all, Cursor::new(bytes), Some(length), None).boxed(),
        }
    }
}
