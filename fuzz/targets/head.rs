//! Heads and framing of the guarded front, over a socket: every request is answered or refused, and the front stands.
#![no_main]
use libfuzzer_sys::fuzz_target;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use stockroom::front::guarded::{Config, Guarded};
use stockroom::front::{Backend, Request};
use tiny_http::{Response, ResponseBox};

/// Answers with what arrived.
struct Echo;

impl Backend for Echo {
    fn answer(&self, request: &mut Request) -> ResponseBox {
        let length = request.body.len();
        let read = request.body.bytes().map_or(0, |bytes| bytes.len() as u64);
        assert_eq!(length, read);
        assert!(request.target.starts_with('/') || request.target == "*");
        Response::from_data(format!("{} {}", request.target, read)).boxed()
    }
    fn body_limit(&self, _: &Request) -> u64 {
        1 << 16
    }
    fn upload_dir(&self) -> &Path {
        Path::new("/tmp")
    }
    fn panicked(&self, _: &Request, what: &str) -> ResponseBox {
        eprintln!("{what}");
        std::process::abort()
    }
}

fn address() -> SocketAddr {
    static FRONT: OnceLock<SocketAddr> = OnceLock::new();
    *FRONT.get_or_init(|| {
        let config = Config { head: Duration::from_secs(2), idle: Duration::from_secs(2), per_address: 64, ..Config::default() };
        let front = Guarded::bind(([127, 0, 0, 1], 0).into(), Arc::new(Echo), config).expect("a front");
        let address = front.local_addr();
        std::thread::spawn(move || front.run());
        address
    })
}

fuzz_target!(|data: &[u8]| {
    let mut socket = TcpStream::connect(address()).expect("the front accepts");
    let _ = socket.write_all(data);
    let _ = socket.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    if socket.read_to_end(&mut answer).is_ok() && !answer.is_empty() {
        assert!(answer.starts_with(b"HTTP/1.1 "), "{:?}", String::from_utf8_lossy(&answer));
        assert!(!answer.starts_with(b"HTTP/1.1 500"), "{:?}", String::from_utf8_lossy(&answer));
    }
});
