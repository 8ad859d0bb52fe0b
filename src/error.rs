//! What can go wrong, and the one place that makes an answer of it.

use std::borrow::Cow;
use std::fmt;

use crate::engine::json::Json;

/// Result of everything that answers a request.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a request is refused or failed.
#[derive(Debug)]
pub enum Error {
    /// 400: the fields that are wrong, and why.
    Invalid(Problems),
    /// 400 to a list of objects: aligned with it, `[]` for a good one.
    InvalidEach(Vec<Problems>),
    /// 400 with a bare list of texts, where the contract has no field to hang them on.
    Refused(String),
    /// 400 about the request as a whole (`{"detail": …}`).
    Malformed(String),
    /// 401: nobody we know.
    Unauthenticated(String),
    /// 403: known, but not allowed.
    Denied(String),
    /// 403 that names the field which the caller may not set.
    DeniedField(&'static str, String),
    /// 404: no such object.
    NotFound(String),
    /// 404: no such address; the contract answers the address too.
    NoRoute(String),
    /// 405
    Method(String),
    /// 406
    NotAcceptable,
    /// 415: the media type that we do not read.
    MediaType(String),
    /// 413
    TooLarge,
    /// 429: too many failed attempts at once.
    TooMany,
    /// 503: the database is busy or read-only; nothing was changed.
    Unavailable(&'static str),
    /// 503: the device failed while a change was made durable; only a restart shows whether it was kept.
    InDoubt,
    /// 507: no room left on the disk; nothing was changed.
    Full,
    /// 500: the cause goes to the log, never to the client.
    Internal(String),
}

/// What is wrong with one field.
#[derive(Debug)]
pub enum Problem {
    /// `["text", …]`, the usual shape.
    Texts(Vec<String>),
    /// `"text"`, the shape that a few rules of the contract have.
    Text(String),
    /// An object inside the field.
    Inside(Problems),
    /// A list aligned with the input: `{}` for a good element.
    Each(Vec<Problems>),
}

/// Problems by field, in the order in which they were found.
#[derive(Debug, Default)]
pub struct Problems(pub Vec<(Cow<'static, str>, Problem)>);

/// Another process holds the database.
pub const BUSY: &str = "The database is busy; nothing was changed.";
/// The folder or its file system takes no writes.
pub const READ_ONLY: &str = "The database cannot be written; nothing was changed.";
/// Pages of the database are not what was written there.
pub const DAMAGED: &str = "The database is damaged: run \"stockroom check\", and restore a backup.";

/// Where a problem belongs to no single field.
pub const WHOLE: &str = "non_field_errors";

impl Problems {
    /// Nothing wrong?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a text to a field's list.
    pub fn add(&mut self, field: impl Into<Cow<'static, str>>, text: impl Into<String>) {
        let field = field.into();
        for (name, problem) in &mut self.0 {
            if let (true, Problem::Texts(texts)) = (*name == field, problem) {
                texts.push(text.into());
                return;
            }
        }
        self.0.push((field, Problem::Texts(vec![text.into()])));
    }

    /// Adds a problem of any shape.
    pub fn put(&mut self, field: impl Into<Cow<'static, str>>, problem: Problem) {
        self.0.push((field.into(), problem));
    }

    /// `Err` if anything is wrong.
    pub fn result(self) -> Result<()> {
        if self.is_empty() { Ok(()) } else { Err(Error::Invalid(self)) }
    }

    /// All of it in one line, for people who read no JSON.
    pub fn plain(&self) -> String {
        let one = |(field, problem): &(Cow<'static, str>, Problem)| {
            let text = match problem {
                Problem::Texts(texts) => texts.join(" "),
                Problem::Text(text) => text.clone(),
                Problem::Inside(problems) => problems.plain(),
                Problem::Each(list) => list.iter().map(Problems::plain).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" "),
            };
            if field == WHOLE { text } else { format!("{field}: {text}") }
        };
        self.0.iter().map(one).collect::<Vec<_>>().join("; ")
    }

    fn write(&self, out: &mut Json) {
        out.open('{');
        for (field, problem) in &self.0 {
            out.key(field);
            match problem {
                Problem::Texts(texts) => {
                    out.open('[');
                    for text in texts {
                        out.item();
                        out.text(text);
                    }
                    out.close(']');
                }
                Problem::Text(text) => out.text(text),
                Problem::Inside(inside) => inside.write(out),
                Problem::Each(each) => {
                    out.open('[');
                    for problems in each {
                        out.item();
                        problems.write(out);
                    }
                    out.close(']');
                }
            }
        }
        out.close('}');
    }
}

/// One field is wrong.
pub fn invalid<T>(field: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Result<T> {
    let mut problems = Problems::default();
    problems.add(field, text);
    Err(Error::Invalid(problems))
}

/// One field is wrong, and the contract answers a bare text instead of a list.
pub fn invalid_bare<T>(field: &'static str, text: impl Into<String>) -> Result<T> {
    let mut problems = Problems::default();
    problems.put(field, Problem::Text(text.into()));
    Err(Error::Invalid(problems))
}

impl Error {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Error::Invalid(_) | Error::InvalidEach(_) | Error::Refused(_) | Error::Malformed(_) => 400,
            Error::Unauthenticated(_) => 401,
            Error::Denied(_) | Error::DeniedField(..) => 403,
            Error::NotFound(_) | Error::NoRoute(_) => 404,
            Error::Method(_) => 405,
            Error::NotAcceptable => 406,
            Error::TooLarge => 413,
            Error::MediaType(_) => 415,
            Error::TooMany => 429,
            Error::Internal(_) => 500,
            Error::Unavailable(_) | Error::InDoubt => 503,
            Error::Full => 507,
        }
    }

    /// The JSON body; `path` is the address asked for, `url` the same with scheme and host.
    pub fn body(&self, path: &str, url: &str) -> Vec<u8> {
        let mut out = Json::new();
        match self {
            Error::Invalid(problems) => problems.write(&mut out),
            Error::InvalidEach(each) => {
                out.open('[');
                for problems in each {
                    out.item();
                    if problems.is_empty() { out.raw(b"[]") } else { problems.write(&mut out) }
                }
                out.close(']');
            }
            Error::Refused(text) => {
                out.open('[');
                out.item();
                out.text(text);
                out.close(']');
            }
            Error::DeniedField(field, text) => {
                out.open('{');
                out.key(field);
                out.text(text);
                out.close('}');
            }
            Error::NoRoute(text) => {
                out.open('{');
                out.key("detail");
                out.text(text);
                out.key("url");
                out.text(url);
                out.close('}');
            }
            Error::Internal(_) => {
                out.open('{');
                for (key, text) in [
                    ("error", "Server error"),
                    ("error_class", "InternalError"),
                    ("detail", "The server made a mistake; its log has the cause."),
                    ("path", path),
                ] {
                    out.key(key);
                    out.text(text);
                }
                out.key("status_code");
                out.int(500);
                out.close('}');
            }
            other => {
                out.open('{');
                out.key("detail");
                out.text(&other.to_string());
                out.close('}');
            }
        }
        out.into_bytes()
    }

    /// No object of this kind has that key.
    pub fn no_such(kind: &str) -> Error {
        Error::NotFound(format!("There is no such {kind}."))
    }

    /// The caller may not do this.
    pub fn denied() -> Error {
        Error::Denied("Your roles do not allow this.".into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Invalid(problems) => {
                let mut out = Json::new();
                problems.write(&mut out);
                f.write_str(&String::from_utf8_lossy(&out.into_bytes()))
            }
            Error::InvalidEach(_) => f.write_str("Some of the objects are not valid."),
            Error::Refused(text)
            | Error::Malformed(text)
            | Error::Unauthenticated(text)
            | Error::Denied(text)
            | Error::DeniedField(_, text)
            | Error::NotFound(text)
            | Error::NoRoute(text)
            | Error::Internal(text) => f.write_str(text),
            Error::Method(method) => write!(f, "{method} is not possible here."),
            Error::NotAcceptable => f.write_str("None of the accepted media types can be produced."),
            Error::MediaType(kind) => write!(f, "Content of type \"{kind}\" is not understood here."),
            Error::TooLarge => f.write_str("The request is too large."),
            Error::TooMany => f.write_str("Too many failed attempts; wait a little."),
            Error::Unavailable(why) => f.write_str(why),
            Error::InDoubt => f.write_str(
                "The storage device reported an error while the change was saved; look whether it is there before you repeat it.",
            ),
            Error::Full => f.write_str("The disk is full; nothing was changed."),
        }
    }
}

impl std::error::Error for Error {}

impl From<rusqlite::Error> for Error {
    /// Constraint failures become field errors, a full disk 507, a busy, read-only, damaged or unreadable database 503; the rest is our fault.
    fn from(error: rusqlite::Error) -> Error {
        use rusqlite::ErrorCode::{
            CannotOpen, ConstraintViolation, DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull, NotADatabase, ReadOnly,
            SystemIoFailure,
        };
        let rusqlite::Error::SqliteFailure(failure, text) = &error else {
            return Error::Internal(error.to_string());
        };
        match failure.code {
            ConstraintViolation => constraint(text.as_deref().unwrap_or_default()),
            DiskFull => Error::Full,
            DatabaseBusy | DatabaseLocked => Error::Unavailable(BUSY),
            ReadOnly => Error::Unavailable(READ_ONLY),
            DatabaseCorrupt | NotADatabase => {
                log::error!("damage: {error}");
                Error::Unavailable(DAMAGED)
            }
            SystemIoFailure | CannotOpen => {
                log::error!("storage: {error}");
                Error::Unavailable("The storage device reported an error; nothing was changed.")
            }
            _ => Error::Internal(error.to_string()),
        }
    }
}

/// `UNIQUE constraint failed: part.name, part.IPN` names the columns: one column is that field's error, several are the whole's.
fn constraint(text: &str) -> Error {
    let mut problems = Problems::default();
    let columns = text
        .strip_prefix("UNIQUE constraint failed: ")
        .map(|list| list.split(", ").map(|c| c.rsplit('.').next().unwrap_or(c).to_string()).collect::<Vec<_>>());
    match columns.as_deref() {
        Some([one]) if !one.starts_with("index ") => problems.add(one.clone(), "This value is taken already."),
        // An index with an expression has no columns to name.
        Some([_]) => problems.add(WHOLE, "Another record has this name or set of values already."),
        Some(many) => problems.add(WHOLE, format!("The fields {} must make a unique set.", many.join(", "))),
        None if text.starts_with("FOREIGN KEY") => problems.add(WHOLE, "Other records still refer to this one."),
        None => problems.add(WHOLE, format!("The record breaks a rule of the database: {text}")),
    }
    Error::Invalid(problems)
}
