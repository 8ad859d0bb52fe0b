//! A backend with odd corners, a front before it, and a client that speaks raw bytes.

use std::io::{self, Cursor, Read, Seek, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use stockroom::front::guarded::{Config, Guarded};
use stockroom::front::{Backend, Body, Request};
use tiny_http::{Header, Response, ResponseBox, StatusCode};

/// Longer than anything takes; a test that meets it has failed.
pub const PATIENCE: Duration = Duration::from_secs(15);
/// The size of `/large`.
pub const LARGE: usize = 20_000_000;

/// The byte at this place of all large bodies.
pub fn pattern(i: usize) -> u8 {
    u8::try_from((i.wrapping_mul(31) ^ (i >> 9)) & 0xff).unwrap()
}

/// What the tests ask for, by path.
pub struct Shop {
    dir: tempfile::TempDir,
    gate: Mutex<bool>,
    opened: Condvar,
    /// Requests answered or being answered.
    pub served: AtomicUsize,
    /// What `panicked` was told.
    pub reports: Mutex<Vec<String>>,
}

impl Shop {
    pub fn new() -> Arc<Shop> {
        let dir = tempfile::tempdir().unwrap();
        let (gate, opened, reports) = Default::default();
        Arc::new(Shop { dir, gate, opened, served: AtomicUsize::new(0), reports })
    }

    /// Lets all requests for `/gate` go on.
    pub fn open(&self) {
        *self.gate.lock().unwrap() = true;
        self.opened.notify_all();
    }

    /// Waits until so many requests were begun.
    pub fn wait_for(&self, served: usize) {
        until(|| self.served.load(SeqCst) >= served);
    }
}

/// Waits until something is true, and fails the test if it never is.
pub fn until(mut done: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < end, "it never happened");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A reader that fails after some bytes.
struct Broken(usize);

impl Read for Broken {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.0.min(into.len());
        self.0 -= n;
        if n == 0 { Err(io::Error::other("card pulled")) } else { Ok(n) }
    }
}

fn header(name: &str, value: &str) -> Header {
    Header::from_bytes(name, value).unwrap()
}

impl Backend for Shop {
    fn answer(&self, rq: &mut Request) -> ResponseBox {
        self.served.fetch_add(1, SeqCst);
        let (path, query) = rq.target.split_once('?').unwrap_or((&rq.target, ""));
        let empty = |code: u16| Response::new(StatusCode(code), vec![], io::empty(), Some(5), None).boxed();
        match path {
            "/gate" => {
                let gate = self.gate.lock().unwrap();
                drop(self.opened.wait_while(gate, |open| !*open).unwrap());
                Response::from_string("open").boxed()
            }
            "/panic" => panic!("shelf {query} fell"),
            "/split" => Response::from_string("x").with_header(header("X-Name", "a\r\nX-Evil: 1\r\n\r\nHTTP/1.1 200 OK")).boxed(),
            "/name" => Response::from_string("x").with_header(header("X-Evil: 1\r\nX", "1")).boxed(),
            "/204" => empty(204),
            "/304" => empty(304),
            "/large" => {
                let mut file = tempfile::tempfile_in(self.dir.path()).unwrap();
                file.write_all(&(0..LARGE).map(pattern).collect::<Vec<u8>>()).unwrap();
                file.rewind().unwrap();
                Response::from_file(file).boxed()
            }
            "/unknown" => {
                Response::new(StatusCode(200), vec![], Cursor::new((0..200_000).map(pattern).collect::<Vec<u8>>()), None, None).boxed()
            }
            "/broken" => Response::new(StatusCode(200), vec![], Broken(query.parse().unwrap()), Some(1_000_000), None).boxed(),
            "/size" => Response::from_data(vec![b'x'; query.parse().unwrap()]).boxed(),
            _ => {
                let kind = if matches!(rq.body, Body::File(..)) { "file" } else { "memory" };
                let body = rq.body.bytes().unwrap().into_owned();
                let right = body.iter().enumerate().all(|(i, b)| *b == pattern(i));
                let shown = if body.len() < 100 { String::from_utf8_lossy(&body).into_owned() } else { right.to_string() };
                let cookie = rq.header("cookie").unwrap_or("-");
                let framing = rq.headers.iter().any(|h| h.field.equiv("Content-Length") || h.field.equiv("Connection"));
                let (method, target, host, len) = (&rq.method, &rq.target, &rq.host, body.len());
                let text =
                    format!("{method} {target} host={host} {kind} {len} [{shown}] cookie={cookie} framing={framing} secure={}", rq.secure);
                Response::from_string(text).boxed()
            }
        }
    }

    fn body_limit(&self, head: &Request) -> u64 {
        match head.target.as_str() {
            "/upload" => 64 << 20,
            "/endless" => 1 << 40,
            _ => 1 << 20,
        }
    }

    fn upload_dir(&self) -> &Path {
        self.dir.path()
    }

    fn panicked(&self, request: &Request, what: &str) -> ResponseBox {
        self.reports.lock().unwrap().push(format!("{}: {what}", request.target));
        assert!(!request.target.ends_with("twice"), "the report fell too");
        Response::from_string("sorry").with_status_code(500).boxed()
    }
}

/// A guarded front that runs until it is dropped.
pub struct Server {
    pub shop: Arc<Shop>,
    pub front: Arc<Guarded>,
    runs: Option<JoinHandle<()>>,
}

pub fn serve(config: Config) -> Server {
    let shop = Shop::new();
    let front = Guarded::bind("127.0.0.1:0".parse().unwrap(), shop.clone(), config).unwrap();
    let runs = Some(std::thread::spawn({
        let front = front.clone();
        move || front.run()
    }));
    Server { shop, front, runs }
}

impl Server {
    pub fn connect(&self) -> Client {
        Client::to(self.front.local_addr())
    }

    /// A connection from 127.0.0.`last`.
    pub fn connect_from(&self, last: u8) -> Client {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0)).into()).unwrap();
        socket.connect(&self.front.local_addr().into()).unwrap();
        Client::over(socket.into())
    }

    /// The status of the answer to these bytes, which must be the only answer, after which the connection is closed.
    pub fn refuses(&self, bytes: impl AsRef<[u8]>) -> u16 {
        let mut client = self.connect();
        client.send(bytes);
        let answer = client.answer();
        assert_eq!(answer.header("Content-Type"), Some("application/json"));
        assert_eq!(answer.header("Connection"), Some("close"));
        let told: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert!(told["detail"].as_str().unwrap().len() > 10);
        assert!(client.ends(), "a second answer or an open connection");
        answer.code
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shop.open();
        self.front.stop(Duration::ZERO);
        let ran = self.runs.take().unwrap().join();
        assert!(ran.is_ok() || std::thread::panicking());
    }
}

pub struct Client {
    pub socket: TcpStream,
    ahead: Vec<u8>,
}

#[derive(Debug)]
pub struct Answer {
    pub code: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1).filter_map(|l| l.split_once(": "));
        lines.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v).next()
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

impl Client {
    pub fn to(address: SocketAddr) -> Client {
        Client::over(TcpStream::connect(address).unwrap())
    }

    fn over(socket: TcpStream) -> Client {
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        socket.set_nodelay(true).unwrap();
        Client { socket, ahead: Vec::new() }
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.socket.write_all(bytes.as_ref()).unwrap();
    }

    /// Sends what the server may refuse to take.
    pub fn offer(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.socket.write_all(bytes.as_ref()).is_ok()
    }

    fn more(&mut self) -> bool {
        let mut piece = [0; 65536];
        let n = match self.socket.read(&mut piece) {
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::ConnectionReset => 0,
            Err(e) => panic!("no answer: {e}"),
        };
        self.ahead.extend_from_slice(&piece[..n]);
        n > 0
    }

    /// The next head; an answer of 100 to 199 is one of its own.
    pub fn head(&mut self) -> Answer {
        let end = loop {
            if let Some(i) = self.ahead.windows(4).position(|w| w == b"\r\n\r\n") {
                break i + 4;
            }
            assert!(self.more(), "closed before the end of a head: {:?}", String::from_utf8_lossy(&self.ahead));
        };
        let head = String::from_utf8(self.ahead.drain(..end).collect()).unwrap();
        let code = head.strip_prefix("HTTP/1.1 ").unwrap()[..3].parse().unwrap();
        Answer { code, head, body: Vec::new() }
    }

    /// The next whole answer, framed by Content-Length or chunked.
    pub fn answer(&mut self) -> Answer {
        let mut answer = self.head();
        if answer.header("Transfer-Encoding") == Some("chunked") {
            loop {
                until_some(self, |c| c.ahead.windows(2).position(|w| w == b"\r\n"));
                let i = self.ahead.windows(2).position(|w| w == b"\r\n").unwrap();
                let n = usize::from_str_radix(std::str::from_utf8(&self.ahead[..i]).unwrap(), 16).unwrap();
                self.ahead.drain(..i + 2);
                let chunk = self.take(n);
                answer.body.extend(chunk);
                assert_eq!(self.take(2), b"\r\n");
                if n == 0 {
                    return answer;
                }
            }
        }
        let length = answer.header("Content-Length").map_or(0, |l| l.parse().unwrap());
        answer.body = self.take(length);
        answer
    }

    pub fn take(&mut self, n: usize) -> Vec<u8> {
        while self.ahead.len() < n {
            assert!(self.more(), "closed before the end of a body");
        }
        self.ahead.drain(..n).collect()
    }

    pub fn get(&mut self, target: &str) -> Answer {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
        self.answer()
    }

    /// The next answer, or nothing if the server closes instead.
    pub fn answer_or_end(&mut self) -> Option<Answer> {
        if self.ahead.is_empty() && !self.more() { None } else { Some(self.answer()) }
    }

    /// Whether the server closes without another byte.
    pub fn ends(&mut self) -> bool {
        self.ahead.is_empty() && !self.more()
    }
}

fn until_some<T>(client: &mut Client, mut found: impl FnMut(&Client) -> Option<T>) {
    while found(client).is_none() {
        assert!(client.more(), "closed inside a chunked body");
    }
}
