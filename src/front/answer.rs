//! Writes answers: a small one in one piece, a large one streamed from its reader.

use super::conn::RATE;
use super::wire::Wire;
use super::{INTERNAL, refusal};
use std::io::{self, Read, Write};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tiny_http::ResponseBox;

/// The most of an answer's body that is in memory at once.
const PIECE: usize = 64 * 1024;
/// A buffer larger than this is freed after use.
const KEEP: usize = 16 * 1024;

/// What the request says about the framing of its answer.
#[derive(Clone, Copy)]
pub(super) struct Framing {
    /// HEAD: the head is that of GET, no body follows.
    pub(super) head_only: bool,
    /// The client understands chunked (HTTP/1.1).
    pub(super) chunks: bool,
    /// The connection may stay open for another request.
    pub(super) keep: bool,
}

/// The writing half of a connection.
#[derive(Default)]
pub(super) struct Writer {
    out: Vec<u8>,
    date: (u64, String), // and the second it stands for: formatting it costs more than the rest of a head
}

impl Writer {
    /// Writes a whole, sound answer and yields whether the connection can be used again. It must be out `within` this
    /// time, and what its bytes take at the least rate. After an error the connection is of no use.
    ///
    /// The head is written here because `Response::raw_print` adds a Server header and a Content-Length to 204, lets the
    /// client's TE choose the framing and copies a body in small writes without a deadline.
    pub(super) fn write(&mut self, wire: &mut Wire, answer: ResponseBox, framing: Framing, within: Duration) -> io::Result<bool> {
        let start = Instant::now();
        let bodyless = matches!(answer.status_code().0, 204 | 304);
        let length = answer.data_length();
        let chunked = length.is_none() && !bodyless && framing.chunks;
        let keep = framing.keep && (length.is_some() || bodyless || chunked);
        self.out.clear();
        self.head(&answer, length.filter(|_| !bodyless), chunked, keep)?;
        let mut left = if bodyless || framing.head_only { Some(0) } else { length };
        let chunked = chunked && !framing.head_only;
        let mut source = answer.into_reader();
        let mut sent = 0;
        loop {
            let last = match self.piece(&mut source, &mut left, chunked) {
                Ok(last) => last,
                Err(e) if sent == 0 => {
                    log::error!("an answer could not be read: {e}");
                    return self.write(wire, refusal(500, INTERNAL), Framing { keep: false, ..framing }, within);
                }
                Err(e) => return Err(e),
            };
            wire.until(start + within + Duration::from_secs(sent / RATE));
            wire.send(&self.out)?;
            if last {
                break;
            }
            sent += self.out.len() as u64;
            self.out.clear();
        }
        if self.out.capacity() > KEEP {
            self.out = Vec::new();
        }
        Ok(keep)
    }

    /// Appends a head.
    fn head(&mut self, answer: &ResponseBox, length: Option<usize>, chunked: bool, keep: bool) -> io::Result<()> {
        let now = SystemTime::now();
        let second = now.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        if self.date.0 != second {
            self.date = (second, httpdate::fmt_http_date(now));
        }
        let (out, status) = (&mut self.out, answer.status_code());
        write!(out, "HTTP/1.1 {} {}\r\nDate: {}\r\n", status.0, status.default_reason_phrase(), self.date.1)?;
        for header in answer.headers().iter().filter(|h| !h.field.equiv("Date")) {
            out.extend_from_slice(header.field.as_str().as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(header.value.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        if let Some(length) = length {
            write!(out, "Content-Length: {length}\r\n")?;
        }
        if chunked {
            out.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
        }
        if !keep {
            out.extend_from_slice(b"Connection: close\r\n");
        }
        out.extend_from_slice(b"\r\n");
        Ok(())
    }

    /// Appends the next piece of the body and yields whether it is the last one. `left` is how much is missing, or `None`
    /// if only the end of the source will tell; a source that ends before its time is an error.
    fn piece(&mut self, source: &mut dyn Read, left: &mut Option<usize>, chunked: bool) -> io::Result<bool> {
        let (from, want) = (self.out.len(), left.unwrap_or(PIECE).min(PIECE));
        self.out.resize(from + want, 0);
        let mut end = from;
        while end < from + want {
            match source.read(&mut self.out[end..]) {
                Ok(0) => break,
                Ok(n) => end += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        self.out.truncate(end);
        let got = end - from;
        let last = match left {
            Some(_) if got < want => return Err(io::ErrorKind::UnexpectedEof.into()),
            Some(n) => {
                *n -= got;
                *n == 0
            }
            None => got < want,
        };
        if chunked && got > 0 {
            self.out.splice(from..from, format!("{got:x}\r\n").into_bytes());
            self.out.extend_from_slice(b"\r\n");
        }
        if chunked && last {
            self.out.extend_from_slice(b"0\r\n\r\n");
        }
        Ok(last)
    }
}
