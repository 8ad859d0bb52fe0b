//! Connections, limits, HTTP: the only place that knows sockets.
//!
//! Two fronts ([`guarded`], the default, and [`stock`]) stand behind one small interface:
//! whole requests go in to a [`Backend`], `tiny_http` answers come out.

mod answer;
mod conn;
pub mod forwarded;
pub mod guarded;
pub mod stock;
#[cfg(feature = "tls")]
pub mod tls;
mod wire;

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use tiny_http::{Header, Method, Response, ResponseBox};

/// Bodies up to this many bytes stay in memory; larger ones go to a temporary file.
pub const IN_MEMORY: u64 = 1 << 20;
/// Connections the kernel may hold ready before they are accepted.
const BACKLOG: i32 = 1024;

/// A whole request: its head is valid and its body has arrived.
pub struct Request {
    /// Any token; those without a name of their own are `NonStandard`.
    pub method: Method,
    /// Path and query in origin form (`/api/part/?limit=5`), or `*` with OPTIONS.
    pub target: String,
    /// All headers but those of framing and connection; a byte outside ASCII arrives as `?`.
    pub headers: Vec<Header>,
    /// Empty if the client sent none.
    pub body: Body,
    /// Who is connected: the client, or the last proxy before us.
    pub peer: IpAddr,
    /// Whether it arrived over TLS of our own.
    pub secure: bool,
    /// The validated Host in lower case, with its port if it named one; empty from an HTTP/1.0 client that sent none.
    pub host: String,
}

impl Request {
    /// The first header of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        named(&self.headers, name).next()
    }
}

/// The values of all headers of this name, in the order they were sent.
fn named<'h>(headers: &'h [Header], name: &str) -> impl DoubleEndedIterator<Item = &'h str> {
    let same = move |h: &&Header| h.field.as_str().as_str().eq_ignore_ascii_case(name);
    headers.iter().filter(same).map(|h| h.value.as_str())
}

/// What a request carries.
pub enum Body {
    /// At most [`IN_MEMORY`] bytes.
    Memory(Vec<u8>),
    /// An unlinked temporary file at its beginning, and its length. It is gone when this is dropped.
    File(File, u64),
}

impl Default for Body {
    fn default() -> Self {
        Body::Memory(Vec::new())
    }
}

impl Body {
    /// Length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Body::Memory(bytes) => bytes.len() as u64,
            Body::File(_, len) => *len,
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of it; a file is read into memory for this, so look at `len` before.
    pub fn bytes(&mut self) -> io::Result<Cow<'_, [u8]>> {
        if let Body::Memory(bytes) = self {
            return Ok(Cow::Borrowed(bytes));
        }
        let mut all = Vec::new();
        self.reader()?.read_to_end(&mut all)?;
        Ok(Cow::Owned(all))
    }

    /// Reads it from its beginning without taking it into memory.
    pub fn reader(&mut self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match self {
            Body::Memory(bytes) => Box::new(bytes.as_slice()),
            Body::File(file, _) => {
                file.rewind()?;
                Box::new(file)
            }
        })
    }
}

/// What stands behind a front. Called from many threads at once.
pub trait Backend: Send + Sync + 'static {
    /// Answers one request; HEAD like GET, the front leaves the body out.
    fn answer(&self, request: &mut Request) -> ResponseBox;

    /// The largest body in bytes to accept for this head (its `body` is still empty); more gets 413.
    fn body_limit(&self, head: &Request) -> u64;

    /// The folder for bodies too large for memory, on the file system of the data.
    fn upload_dir(&self) -> &Path;

    /// The 500 after `answer` panicked with this message; a place to record an error report.
    fn panicked(&self, request: &Request, what: &str) -> ResponseBox;
}

/// The backend's answer, whatever happens: a panic becomes a 500, an answer that would break the framing too.
fn answer(backend: &dyn Backend, request: &mut Request) -> ResponseBox {
    let caught = catch_unwind(AssertUnwindSafe(|| backend.answer(request)));
    let answer = caught.or_else(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let what = text.or(payload.downcast_ref::<&str>().copied()).unwrap_or("panic");
        log::error!("panic while answering {} {}: {what}", request.method, request.target);
        catch_unwind(AssertUnwindSafe(|| backend.panicked(request, what)))
    });
    match answer {
        Ok(answer) if is_sound(&answer) => answer,
        Ok(_) => {
            log::error!("unsound answer to {} {}", request.method, request.target);
            refusal(500, INTERNAL)
        }
        Err(_) => refusal(500, INTERNAL),
    }
}

const INTERNAL: &str = "The server failed to answer this request.";

/// Whether an answer can be written as it is: `Header::from_bytes` accepts CR and LF, with which a client's text
/// that found its way into a header could end the head and begin an answer of its own.
fn is_sound(answer: &ResponseBox) -> bool {
    let name = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    let value = |b: &u8| *b == b'\t' || (b' '..=b'~').contains(b);
    let sound = |h: &Header| {
        let field = h.field.as_str().as_bytes();
        !field.is_empty() && field.iter().all(name) && h.value.as_bytes().iter().all(value)
    };
    (200..600).contains(&answer.status_code().0) && answer.headers().iter().all(sound)
}

/// A JSON answer in our own words, which must not need escaping.
fn refusal(code: u16, why: &str) -> ResponseBox {
    let mut answer = Response::from_data(format!("{{\"detail\":\"{why}\"}}")).with_status_code(code);
    if let Ok(json) = Header::from_bytes("Content-Type", "application/json") {
        answer.add_header(json);
    }
    answer.boxed()
}

/// A listening socket whose connections send at once (inherited on Linux): with Nagle's algorithm an answer of two
/// segments waits 40 ms for an acknowledgement.
fn listen(addr: SocketAddr) -> io::Result<socket2::Socket> {
    let socket = socket2::Socket::new(socket2::Domain::for_address(addr), socket2::Type::STREAM, None)?;
    if addr.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_tcp_nodelay(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_send_at_once() {
        let listener = std::net::TcpListener::from(listen(([127, 0, 0, 1], 0).into()).unwrap());
        let _client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(listener.accept().unwrap().0.nodelay().unwrap());
    }

    #[test]
    fn refusals_need_no_escaping() {
        let mut text = String::new();
        refusal(400, INTERNAL).into_reader().read_to_string(&mut text).unwrap();
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }
}
