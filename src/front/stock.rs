//! tiny_http's own server behind the same [`Backend`] (`serve --front tiny-http`), for loopback only.

use super::{Backend, Body, Request, answer, forwarded, is_sound, listen, refusal};
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use tiny_http::Server;

/// Requests answered at once.
const WORKERS: usize = 4;

/// tiny_http 0.12.0 as it is: the baseline of the benchmark, and the default again the day upstream is safe. It must not
/// face a network: a `Content-Length` of 10¹¹ aborts the process, any `Transfer-Encoding` smuggles a second request
/// (CVE-2026-66752), an `HTTP/2.0` request line holds a thread for good, running out of file descriptors ends its accept
/// thread, threads, header bytes and pipelined requests are unbounded and nothing has a time limit. None of this can be
/// mended from outside.
pub struct Stock {
    server: Server,
    address: SocketAddr,
    backend: Arc<dyn Backend>,
}

impl Stock {
    /// Listens. Fails with `PermissionDenied` on any address but loopback.
    pub fn bind(addr: SocketAddr, backend: Arc<dyn Backend>) -> io::Result<Stock> {
        if !addr.ip().to_canonical().is_loopback() {
            let why = format!(
                "the tiny-http front has no limits and listens only on loopback (127.0.0.1 or ::1), not on {addr}; the default front is safe there"
            );
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
        }
        let listener = TcpListener::from(listen(addr)?);
        let address = listener.local_addr()?;
        let server = Server::from_listener(listener, None).map_err(io::Error::other)?;
        Ok(Stock { server, address, backend })
    }

    /// The address it listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests; returns after `stop`, or when accepting failed.
    pub fn run(&self) {
        std::thread::scope(|scope| {
            for _ in 0..WORKERS {
                scope.spawn(|| {
                    while let Ok(request) = self.server.recv() {
                        self.serve(request);
                    }
                    self.server.unblock(); // tiny_http wakes one waiter at a time: pass it on
                });
            }
        });
    }

    /// Lets the requests in work finish and takes no more.
    pub fn stop(&self) {
        self.server.unblock();
    }

    fn serve(&self, mut from: tiny_http::Request) {
        let host = from.headers().iter().find(|h| h.field.equiv("Host")).map_or("", |h| h.value.as_str());
        let mut request = Request {
            method: from.method().clone(),
            target: from.url().to_owned(),
            headers: from.headers().to_vec(),
            body: Body::default(),
            peer: from.remote_addr().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |a| a.ip()),
            secure: false,
            host: host.to_ascii_lowercase(),
        };
        let limit = self.backend.body_limit(&request);
        let mut body = Vec::new();
        let reply = if !host.is_empty() && !forwarded::is_host(host) {
            refusal(400, "The Host header is not a host.")
        } else if from.body_length().is_some_and(|n| n as u64 > limit) {
            refusal(413, "The body is too large.")
        } else if from.as_reader().take(limit.saturating_add(1)).read_to_end(&mut body).is_err() {
            refusal(400, "The body did not arrive.")
        } else if body.len() as u64 > limit {
            refusal(413, "The body is too large.")
        } else {
            request.body = Body::Memory(body);
            answer(&*self.backend, &mut request)
        };
        debug_assert!(is_sound(&reply));
        if let Err(e) = from.respond(reply.with_chunked_threshold(usize::MAX)) {
            log::debug!("answer not delivered: {e}");
        }
    }
}
