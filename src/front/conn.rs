//! Reads requests: strict heads, bodies within their limits, everything in time.

use super::wire::Wire;
use super::{Backend, Body, IN_MEMORY, Request, forwarded};
use httparse::Status;
use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tiny_http::{Header, Method};

/// Largest head in bytes, also the largest buffer of a connection.
const MAX_HEAD: usize = 16 * 1024;
/// Longest request line in bytes.
const MAX_LINE: usize = 8 * 1024;
/// Most headers in one head.
const MAX_HEADERS: usize = 64;
/// Longest line that gives a chunk's size: eight hexadecimal digits, CR and LF.
const MAX_CHUNK_LINE: usize = 10;
/// The buffer of a connection that has nothing unusual to read.
const BUFFER: usize = 2 * 1024;
/// The slowest body or answer we wait for, in bytes a second.
pub(super) const RATE: u64 = 32 * 1024;
/// All bodies together that are in memory.
const ALL_IN_MEMORY: u64 = 64 << 20;
/// All bodies together that are in temporary files.
const ALL_IN_FILES: u64 = 2 << 30;

/// Why there is no further request.
pub(super) enum End {
    /// The client left or slept too long; there is nothing to say.
    Gone,
    /// The client broke a rule and is told which.
    Refuse(u16, &'static str),
}
use End::{Gone, Refuse};

const MALFORMED: End = Refuse(400, "The request is malformed.");
const CUT_SHORT: End = Refuse(400, "The body ended before its time.");
const LARGE: End = Refuse(413, "The body is too large.");
const SLOW: End = Refuse(408, "The request took too long to arrive.");
const LONG_HEAD: End = Refuse(431, "The headers are too long or too many.");
const NOT_STORED: End = Refuse(507, "The body could not be stored.");

/// What all connections hold together in bodies.
#[derive(Default)]
pub(super) struct Held {
    memory: AtomicU64,
    files: AtomicU64,
}

/// A body that arrives, and its share of what is held; given back when dropped, after the answer.
pub(super) struct Spool<'a> {
    held: &'a Held,
    memory: Vec<u8>,
    file: Option<BufWriter<File>>,
    in_memory: u64,
    in_file: u64,
}

impl Drop for Spool<'_> {
    fn drop(&mut self) {
        self.held.memory.fetch_sub(self.in_memory, Ordering::Relaxed);
        self.held.files.fetch_sub(self.in_file, Ordering::Relaxed);
    }
}

impl Spool<'_> {
    fn len(&self) -> u64 {
        self.in_memory.max(self.in_file)
    }

    /// Appends bytes that have arrived.
    fn push(&mut self, bytes: &[u8], backend: &dyn Backend) -> Result<(), End> {
        let n = bytes.len() as u64;
        if self.file.is_none() && self.len() + n > IN_MEMORY {
            let file = tempfile::tempfile_in(backend.upload_dir()).map_err(not_stored)?;
            self.file = Some(BufWriter::with_capacity(MAX_HEAD, file));
            let before = std::mem::take(&mut self.memory);
            self.write(&before)?;
            self.held.memory.fetch_sub(std::mem::take(&mut self.in_memory), Ordering::Relaxed);
        }
        if self.file.is_some() {
            return self.write(bytes);
        }
        self.in_memory += n;
        share(&self.held.memory, n, ALL_IN_MEMORY)?;
        self.memory.extend_from_slice(bytes);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), End> {
        let n = bytes.len() as u64;
        self.in_file += n;
        share(&self.held.files, n, ALL_IN_FILES)?;
        self.file.as_mut().map_or(Ok(()), |f| f.write_all(bytes)).map_err(not_stored)
    }

    /// The body, once it has arrived.
    fn finish(&mut self) -> Result<Body, End> {
        let Some(file) = self.file.take() else {
            return Ok(Body::Memory(std::mem::take(&mut self.memory)));
        };
        let mut file = file.into_inner().map_err(|e| not_stored(e.into_error()))?;
        file.rewind().map_err(not_stored)?;
        Ok(Body::File(file, self.in_file))
    }
}

fn not_stored(e: io::Error) -> End {
    log::error!("an upload could not be stored: {e}");
    NOT_STORED
}

/// Takes a share; what was taken in vain is given back with the rest.
fn share(all: &AtomicU64, n: u64, most: u64) -> Result<(), End> {
    let before = all.fetch_add(n, Ordering::Relaxed);
    if before + n > most { Err(Refuse(503, "The server is busy with other uploads.")) } else { Ok(()) }
}

/// A request that has arrived, what its answer must heed, and the share of memory it gives back afterwards.
pub(super) struct Arrived<'a> {
    pub(super) request: Request,
    pub(super) keep: bool,
    pub(super) chunks: bool,
    _spool: Spool<'a>,
}

/// How long a body is.
#[derive(Clone, Copy)]
enum Length {
    Known(u64),
    Chunked,
}

/// What a head says about framing.
struct Frame {
    length: Length,
    host: Option<String>,
    expects: bool,
    keep: bool,
}

/// The reading half of a connection.
pub(super) struct Conn<'a> {
    pub(super) wire: Wire,
    pub(super) peer: IpAddr,
    pub(super) backend: &'a dyn Backend,
    held: &'a Held,
    patience: Duration, // for a head that has begun; a body's grace
    buf: Vec<u8>,       // initialised all over; what has arrived and is not consumed lies between start and end
    start: usize,
    end: usize,
}

impl<'a> Conn<'a> {
    pub(super) fn new(wire: Wire, peer: IpAddr, backend: &'a dyn Backend, held: &'a Held, patience: Duration) -> Self {
        Conn { wire, peer, backend, held, patience, buf: Vec::new(), start: 0, end: 0 }
    }

    fn ready(&self) -> &[u8] {
        &self.buf[self.start..self.end]
    }

    /// Reads what comes next, at most `want` bytes ahead; false at the end of the stream. The buffer grows only when it is full.
    fn fill(&mut self, want: usize) -> io::Result<bool> {
        if self.start > 0 {
            self.buf.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buf.len() || want > self.buf.len() {
            let size = (self.buf.len() * 2).max(want).clamp(BUFFER, MAX_HEAD);
            self.buf.resize(size, 0);
        }
        let n = self.wire.read(&mut self.buf[self.end..])?;
        self.end += n;
        Ok(n > 0)
    }

    /// Waits for a whole head and yields its length. The client has `wait` to begin and then the time for a head.
    pub(super) fn head(&mut self, wait: Duration) -> Result<usize, End> {
        if self.start == self.end && self.buf.len() > BUFFER {
            (self.buf, self.start, self.end) = (Vec::new(), 0, 0); // an idle connection costs little
        }
        let (mut seen, mut lines, mut begun) = (0, 0, self.start < self.end);
        self.wire.until(Instant::now() + if begun { self.patience } else { wait });
        loop {
            let ready = self.ready();
            while let Some(n) = ready[seen..].iter().position(|b| *b == b'\n') {
                let line = ready[..seen + n].strip_suffix(b"\r").ok_or(MALFORMED)?;
                let line = &line[seen..];
                seen += n + 1;
                lines += 1;
                match (lines, line.is_empty()) {
                    (1, _) => check_request_line(line)?,
                    (_, true) => return Ok(seen),
                    _ => {}
                }
            }
            if lines == 0 && ready.len() > MAX_LINE {
                return Err(Refuse(414, "The request line is too long."));
            }
            if lines == 0 && ready.first().is_some_and(|b| !b.is_ascii_alphabetic()) {
                return Err(MALFORMED); // perhaps TLS: do not keep it waiting
            }
            if ready.len() >= MAX_HEAD {
                return Err(LONG_HEAD);
            }
            if !begun && !ready.is_empty() {
                begun = true;
                self.wire.until(Instant::now() + self.patience);
            }
            match self.fill(0) {
                Ok(true) => {}
                Err(e) if begun && e.kind() == io::ErrorKind::TimedOut => return Err(SLOW),
                _ => return Err(Gone),
            }
        }
    }

    /// Validates the head of this length and reads the body to its end.
    pub(super) fn request(&mut self, head: usize) -> Result<Arrived<'a>, End> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        match parsed.parse(&self.buf[self.start..self.start + head]) {
            Ok(Status::Complete(n)) if n == head => {}
            Err(httparse::Error::TooManyHeaders) => return Err(LONG_HEAD),
            _ => return Err(MALFORMED),
        }
        let (Some(method), Some(path), Some(minor)) = (parsed.method, parsed.path, parsed.version) else {
            return Err(MALFORMED);
        };
        let method: Method = method.parse().map_err(|()| MALFORMED)?;
        let (target, authority) = target(&method, path)?;
        let mut frame = frame(parsed.headers, &method, minor == 1)?;
        let host = authority.map(str::to_ascii_lowercase).or(frame.host.take()).unwrap_or_default();
        if !host.is_empty() && !forwarded::is_host(&host) {
            return Err(Refuse(400, "The Host header is not a host."));
        }
        let (body, peer, secure) = (Body::default(), self.peer, self.wire.secure());
        let mut request = Request { method, target: target.into_owned(), headers: passed_on(parsed.headers)?, body, peer, secure, host };
        self.start += head;
        let mut spool = Spool { held: self.held, memory: Vec::new(), file: None, in_memory: 0, in_file: 0 };
        if !matches!(frame.length, Length::Known(0)) {
            self.body(&frame, self.backend.body_limit(&request), &mut spool)?;
            request.body = spool.finish()?;
        }
        Ok(Arrived { request, keep: frame.keep, chunks: minor == 1, _spool: spool })
    }

    fn body(&mut self, frame: &Frame, limit: u64, spool: &mut Spool) -> Result<(), End> {
        if matches!(frame.length, Length::Known(n) if n > limit) {
            return Err(LARGE);
        }
        let begin = Instant::now();
        self.wire.until(begin + self.patience);
        if frame.expects && self.start == self.end {
            self.wire.send(b"HTTP/1.1 100 Continue\r\n\r\n").map_err(|_| Gone)?;
        }
        match frame.length {
            Length::Known(n) => self.take(n, begin, spool),
            Length::Chunked => self.chunks(limit, begin, spool),
        }
    }

    /// More of a body, which must keep up with the least rate.
    fn more(&mut self, want: u64, begin: Instant, spool: &Spool) -> Result<(), End> {
        self.wire.until(begin + self.patience + Duration::from_secs(spool.len() / RATE));
        let want = usize::try_from(want).unwrap_or(MAX_HEAD).min(MAX_HEAD);
        match self.fill(want) {
            Ok(true) => Ok(()),
            Ok(false) => Err(CUT_SHORT),
            Err(e) if e.kind() == io::ErrorKind::TimedOut => Err(SLOW),
            Err(_) => Err(Gone),
        }
    }

    /// Moves exactly `n` bytes to the spool.
    fn take(&mut self, mut n: u64, begin: Instant, spool: &mut Spool) -> Result<(), End> {
        loop {
            let have = usize::try_from(n).unwrap_or(usize::MAX).min(self.end - self.start);
            spool.push(&self.buf[self.start..self.start + have], self.backend)?;
            self.start += have;
            n -= have as u64;
            if n == 0 {
                return Ok(());
            }
            self.more(n, begin, spool)?;
        }
    }

    /// A chunked body; extensions and trailers, which nobody sends in earnest, are refused.
    fn chunks(&mut self, limit: u64, begin: Instant, spool: &mut Spool) -> Result<(), End> {
        loop {
            let line = self.line(begin, spool)?;
            let digits = self.buf[self.start..self.start + line].strip_suffix(b"\r\n").ok_or(MALFORMED)?;
            let digits = std::str::from_utf8(digits).map_err(|_| MALFORMED)?;
            if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(MALFORMED);
            }
            let n = u64::from_str_radix(digits, 16).map_err(|_| MALFORMED)?;
            self.start += line;
            if n > limit.saturating_sub(spool.len()) {
                return Err(LARGE);
            }
            self.take(n, begin, spool)?;
            if self.line(begin, spool)? != 2 || !self.ready().starts_with(b"\r\n") {
                return Err(MALFORMED);
            }
            self.start += 2;
            if n == 0 {
                return Ok(());
            }
        }
    }

    /// Waits for a short line of a chunked body and yields its length with its end.
    fn line(&mut self, begin: Instant, spool: &Spool) -> Result<usize, End> {
        loop {
            let ready = self.ready();
            if let Some(i) = ready.iter().take(MAX_CHUNK_LINE).position(|b| *b == b'\n') {
                return Ok(i + 1);
            }
            if ready.len() >= MAX_CHUNK_LINE {
                return Err(MALFORMED);
            }
            self.more(0, begin, spool)?;
        }
    }
}

/// Refuses what is no HTTP/1.0 or 1.1 before waiting for headers that will not come.
fn check_request_line(line: &[u8]) -> Result<(), End> {
    if line.len() > MAX_LINE {
        return Err(Refuse(414, "The request line is too long."));
    }
    match line.rsplit(|b| *b == b' ').next() {
        Some(b"HTTP/1.1" | b"HTTP/1.0") => Ok(()),
        Some(version) if version.starts_with(b"HTTP/") => Err(Refuse(505, "Only HTTP/1.0 and HTTP/1.1 are spoken here.")),
        _ => Err(MALFORMED),
    }
}

/// Path and query in origin form, and the authority if the target named one (it then counts instead of Host).
fn target<'p>(method: &Method, path: &'p str) -> Result<(std::borrow::Cow<'p, str>, Option<&'p str>), End> {
    if *method == Method::Connect {
        return Err(Refuse(501, "This server is no proxy."));
    }
    if !path.bytes().all(|b| b.is_ascii_graphic() && b != b'#') {
        return Err(MALFORMED);
    }
    if path.starts_with('/') || (path == "*" && *method == Method::Options) {
        return Ok((path.into(), None));
    }
    let rest = path.split_once("://").filter(|(s, _)| s.eq_ignore_ascii_case("http") || s.eq_ignore_ascii_case("https"));
    let (_, rest) = rest.ok_or(MALFORMED)?;
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    if authority.is_empty() {
        return Err(MALFORMED);
    }
    let path = if path.starts_with('/') { path.into() } else { format!("/{path}").into() };
    Ok((path, Some(authority)))
}

/// Judges everything that decides where a request ends, from the bytes as they came.
fn frame(headers: &[httparse::Header], method: &Method, modern: bool) -> Result<Frame, End> {
    let (mut length, mut coding, mut host) = (None, None, None);
    let (mut expects, mut keep) = (false, modern);
    for header in headers {
        let once = |known: bool| if known { Err(Refuse(400, "A header that must stand once stands twice.")) } else { Ok(()) };
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        if is("Content-Length") {
            once(length.is_some())?;
            length = Some(digits(header.value)?);
        } else if is("Transfer-Encoding") {
            once(coding.is_some())?;
            coding = Some(header.value);
        } else if is("Host") {
            once(host.is_some())?;
            let text = std::str::from_utf8(header.value).map_err(|_| MALFORMED)?;
            host = Some(text.to_ascii_lowercase());
        } else if is("Expect") {
            if !header.value.eq_ignore_ascii_case(b"100-continue") {
                return Err(Refuse(417, "Only 100-continue can be expected."));
            }
            expects = modern;
        } else if is("Connection") {
            keep &= !header.value.split(|b| *b == b',').any(|t| t.trim_ascii().eq_ignore_ascii_case(b"close"));
        }
    }
    if modern && host.as_deref().is_none_or(str::is_empty) {
        return Err(Refuse(400, "The Host header is missing."));
    }
    let length = match (length, coding) {
        (Some(_), Some(_)) => return Err(Refuse(400, "Content-Length and Transfer-Encoding exclude each other.")),
        (None, Some(_)) if !modern => return Err(MALFORMED),
        (None, Some(coding)) if coding.eq_ignore_ascii_case(b"chunked") => Length::Chunked,
        (None, Some(_)) => return Err(Refuse(501, "The only transfer coding is chunked.")),
        (Some(n), None) => Length::Known(n),
        (None, None) if !modern && matches!(method, Method::Post | Method::Put | Method::Patch) => {
            return Err(Refuse(411, "HTTP/1.0 needs a Content-Length."));
        }
        (None, None) => Length::Known(0),
    };
    Ok(Frame { length, host, expects, keep })
}

/// A Content-Length: digits and nothing else. One that does not fit is too large for any limit.
fn digits(value: &[u8]) -> Result<u64, End> {
    let text = std::str::from_utf8(value).ok().filter(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit()));
    Ok(text.ok_or(Refuse(400, "The Content-Length is no number."))?.parse().unwrap_or(u64::MAX))
}

/// The headers a backend may see: those of framing and of this one connection have done their work.
fn passed_on(headers: &[httparse::Header]) -> Result<Vec<Header>, End> {
    const OURS: [&str; 9] =
        ["Connection", "Content-Length", "Expect", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade"];
    let mut passed = Vec::with_capacity(headers.len());
    for header in headers.iter().filter(|h| !OURS.iter().any(|o| h.name.eq_ignore_ascii_case(o))) {
        // Cookies are shared by all ports of a host, so another program's UTF-8 may stand in ours.
        let value: Vec<u8> = header.value.iter().map(|b| if b.is_ascii() { *b } else { b'?' }).collect();
        passed.push(Header::from_bytes(header.name, value).map_err(|()| MALFORMED)?);
    }
    Ok(passed)
}
