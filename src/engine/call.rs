//! A request as the engine sees it, and its answer.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

use super::input::Content;
use super::json::Json;
use super::moment::Moment;
use crate::db::{Db, Tx};
use crate::error::{Error, Result};
use crate::identity::User;
use crate::site::Site;

/// HTTP verbs that the API knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    /// Also HEAD.
    Get,
    /// Create, or do.
    Post,
    /// Replace.
    Put,
    /// Change.
    Patch,
    /// Delete.
    Delete,
    /// Describe.
    Options,
}

impl Verb {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Verb::Get => "GET",
            Verb::Post => "POST",
            Verb::Put => "PUT",
            Verb::Patch => "PATCH",
            Verb::Delete => "DELETE",
            Verb::Options => "OPTIONS",
        }
    }

    /// Reads only?
    pub fn safe(self) -> bool {
        matches!(self, Verb::Get | Verb::Options)
    }
}

/// The parameters of a query string; a repeated one counts with its last value.
#[derive(Debug, Default)]
pub struct Query(Vec<(String, String)>);

/// What counts as true in helper flags (CONVENTIONS §7).
pub fn loosely_true(text: &str) -> bool {
    matches!(text.trim().to_ascii_lowercase().as_str(), "1" | "y" | "yes" | "t" | "true" | "ok" | "on")
}

impl Query {
    /// Reads `a=1&b=2`.
    pub fn parse(text: &str) -> Query {
        Query(form_urlencoded::parse(text.as_bytes()).map(|(k, v)| (k.into_owned(), v.into_owned())).collect())
    }

    /// These parameters.
    pub fn of(pairs: Vec<(String, String)>) -> Query {
        Query(pairs)
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(k, _)| k == name).map(|(_, v)| v.as_str())
    }

    /// A helper flag: loosely true; `None` if it is not there.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).map(loosely_true)
    }

    /// All of them, as they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }
}

/// A request that was routed and authenticated; cheap to clone, so that the writer's thread can have it too.
#[derive(Clone)]
pub struct Call(Arc<Facts>);

/// What is known of a request.
pub struct Facts {
    /// The server.
    pub site: Arc<Site>,
    /// Who asks.
    pub user: Arc<User>,
    /// The verb.
    pub verb: Verb,
    /// The path, without the query.
    pub path: String,
    /// The query.
    pub query: Query,
    /// `http://host`, for links.
    pub origin: String,
    /// The key in the address, where the route has one.
    pub id: Option<i64>,
    /// The key of what the address lies below, where it lies below something.
    pub above: Option<i64>,
    /// Words in the address, where the route has some.
    pub words: Vec<String>,
    /// The body, read.
    pub content: Content,
    /// Headers of interest to the odd handler.
    pub headers: Vec<tiny_http::Header>,
    /// The client's address.
    pub client: std::net::IpAddr,
    /// UTC milliseconds at which the request arrived.
    pub now: Moment,
    /// The key of the API token that carries this request; 0 if none does.
    pub token: i64,
    /// Did it come over HTTPS?
    pub secure: bool,
    /// The session, if one carries this request.
    pub session: Option<String>,
}

impl Facts {
    /// A question in this user's name with which nothing came: what the server asks itself, and what others add to.
    pub fn of(site: Arc<Site>, user: Arc<User>) -> Facts {
        Facts {
            site,
            user,
            verb: Verb::Get,
            path: String::new(),
            query: Query::default(),
            origin: String::new(),
            id: None,
            above: None,
            words: Vec::new(),
            content: Content::Nothing,
            headers: Vec::new(),
            client: std::net::Ipv4Addr::LOCALHOST.into(),
            now: super::moment::now(),
            token: 0,
            secure: false,
            session: None,
        }
    }
}

impl Deref for Call {
    type Target = Facts;
    fn deref(&self) -> &Facts {
        &self.0
    }
}

impl Call {
    /// A request with everything that is known of it.
    pub fn new(facts: Facts) -> Call {
        Call(Arc::new(facts))
    }

    /// The same request for another row; for addresses that name it otherwise than by its key.
    pub fn with_key(self, id: i64) -> Call {
        match Arc::try_unwrap(self.0) {
            Ok(facts) => Call::new(Facts { id: Some(id), ..facts }),
            Err(shared) => Call(shared),
        }
    }

    /// The same caller asks another question: reads with this query instead of the request's own.
    pub fn asking(&self, query: Query) -> Call {
        self.instead(Verb::Get, query, Content::Nothing)
    }

    /// The same caller creates something else: what this body says.
    pub fn carrying(&self, content: Content) -> Call {
        self.instead(Verb::Post, Query::default(), content)
    }

    fn instead(&self, verb: Verb, query: Query, content: Content) -> Call {
        Call::new(Facts {
            verb,
            path: self.path.clone(),
            query,
            origin: self.origin.clone(),
            content,
            client: self.client,
            now: self.now,
            token: self.token,
            secure: self.secure,
            session: self.session.clone(),
            ..Facts::of(self.site.clone(), self.user.clone())
        })
    }

    /// The database.
    pub fn db(&self) -> &Db {
        &self.site.db
    }

    /// Runs a change in the caller's name, in the writer's thread; see `Db::write`.
    ///
    /// # Errors
    /// What the change returns, or that it could not be made durable.
    pub fn write<T: Send + 'static>(&self, work: impl FnOnce(&Tx<'_>, &Call) -> Result<T> + Send + 'static) -> Result<T> {
        let call = self.clone();
        self.site.db.write(self.user.clone(), move |tx| work(tx, &call))
    }

    /// The key in the address.
    ///
    /// # Errors
    /// The route has none.
    pub fn key(&self) -> Result<i64> {
        self.id.ok_or_else(|| Error::Internal("the route has no key".into()))
    }

    /// The first word in the address; empty if there is none.
    pub fn word(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// A request header, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|h| h.field.as_str().as_str().eq_ignore_ascii_case(name)).map(|h| h.value.as_str())
    }
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Media type; empty if there is no body.
    pub kind: &'static str,
    /// The body.
    pub body: Cow<'static, [u8]>,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// A file instead of the body, from where it stands on, and how many bytes of it.
    pub file: Option<(std::fs::File, u64)>,
}

/// The media type of nearly everything: no charset, the Python client insists.
pub const JSON: &str = "application/json";

impl Reply {
    /// JSON with a status.
    pub fn json(status: u16, out: Json) -> Reply {
        Reply { status, kind: JSON, body: out.into_bytes().into(), headers: Vec::new(), file: None }
    }

    /// 200 with whatever serde can write.
    pub fn value(value: &impl serde::Serialize) -> Reply {
        let mut out = Json::new();
        out.value(value);
        Reply::json(200, out)
    }

    /// No body.
    pub fn empty(status: u16) -> Reply {
        Reply { status, kind: "", body: Cow::Borrowed(b""), headers: Vec::new(), file: None }
    }

    /// An embedded document.
    pub fn document(kind: &'static str, body: impl Into<Cow<'static, [u8]>>) -> Reply {
        Reply { status: 200, kind, body: body.into(), headers: Vec::new(), file: None }
    }

    /// A file, from where it stands on.
    pub fn stream(status: u16, kind: &'static str, file: std::fs::File, length: u64) -> Reply {
        Reply { status, kind, body: Cow::Borrowed(b""), headers: Vec::new(), file: Some((file, length)) }
    }

    /// Adds a header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Reply {
        self.headers.push((name, value.into()));
        self
    }
}
