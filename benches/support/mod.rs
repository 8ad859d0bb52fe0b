//! What the benchmark needs: data of a size, a load, a clock.

#[path = "../../tests/support/big.rs"]
pub mod big;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use stockroom::identity::{User, token};
use stockroom::site::Site;

/// A data folder with so many stock items, and everything else in proportion; made once and kept.
pub fn folder(items: i64) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench-data-3").join(items.to_string());
    if folder.join("ready").exists() {
        return folder;
    }
    let _ = std::fs::remove_dir_all(&folder);
    let site = Site::open(&folder).unwrap();
    site.db
        .write(User::system(), move |tx| {
            stockroom::users::user::create(tx, "bench", "", "!", true, true)?;
            big::fill(tx, items)?;
            Ok(())
        })
        .unwrap();
    site.db.checkpoint().unwrap();
    drop(site);
    std::fs::write(folder.join("ready"), "").unwrap();
    folder
}

/// A token of the bench's user.
pub fn token(folder: &Path) -> String {
    let site = Site::open(folder).unwrap();
    let secret = site.secret;
    site.db.write(User::system(), move |tx| token::obtain(tx, &secret, 1, "bench")).unwrap().token
}

/// A running server process.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// From the start of the process to its first answer.
    pub start: Duration,
}

impl Server {
    /// Starts the program on a data folder.
    pub fn start(folder: &Path, port: u16, front: &str) -> Server {
        let address: SocketAddr = ([127, 0, 0, 1], port).into();
        let began = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_stockroom"))
            .args(["serve", "--listen", &address.to_string(), "--front", front, "--data"])
            .arg(folder)
            .env("STOCKROOM_LOG", "error")
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        while TcpStream::connect(address).and_then(|mut s| exchange(&mut s, &get("/api/system/health/", ""))).is_err() {
            std::thread::sleep(Duration::from_millis(1));
            assert!(began.elapsed() < Duration::from_secs(20), "the server does not start");
        }
        Server { child, address, start: began.elapsed() }
    }

    /// Resident memory in MB.
    pub fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// A GET with a token (or without, if it is empty).
pub fn get(path: &str, token: &str) -> Vec<u8> {
    let authorization = if token.is_empty() { String::new() } else { format!("Authorization: Token {token}\r\n") };
    format!("GET {path} HTTP/1.1\r\nHost: bench\r\n{authorization}\r\n").into_bytes()
}

/// A POST of JSON.
pub fn post(path: &str, token: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Token {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Sends a request and reads the whole answer; gives its length.
pub fn exchange(stream: &mut TcpStream, request: &[u8]) -> std::io::Result<usize> {
    stream.write_all(request)?;
    let mut buffer = vec![0u8; 64 * 1024];
    let (mut have, mut total) = (0, usize::MAX);
    while have < total {
        if have == buffer.len() {
            buffer.resize(have * 2, 0);
        }
        let n = stream.read(&mut buffer[have..])?;
        if n == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        have += n;
        if total == usize::MAX
            && let Some(end) = buffer[..have].windows(4).position(|w| w == b"\r\n\r\n")
        {
            let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
            assert!(head.starts_with("http/1.1 2"), "{head}\n{}", String::from_utf8_lossy(&buffer[end..have]));
            let length =
                head.lines().find_map(|l| l.strip_prefix("content-length:")).and_then(|v| v.trim().parse::<usize>().ok()).unwrap_or(0);
            total = end + 4 + length;
        }
    }
    Ok(have)
}

/// Requests a second over so many keep-alive connections.
pub fn load(address: SocketAddr, connections: usize, how_long: Duration, request: impl Fn(u64) -> Vec<u8> + Send + Sync + 'static) -> f64 {
    let (stop, done, request) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)), Arc::new(request));
    let counter = Arc::new(AtomicU64::new(0));
    // The connections of the load before must be gone: there are only so many for one address.
    std::thread::sleep(Duration::from_millis(300));
    let clients: Vec<_> = (0..connections)
        .map(|_| {
            let (stop, done, request, counter) = (stop.clone(), done.clone(), request.clone(), counter.clone());
            std::thread::Builder::new()
                .stack_size(256 * 1024)
                .spawn(move || {
                    let mut stream = TcpStream::connect(address).unwrap();
                    stream.set_nodelay(true).unwrap();
                    while !stop.load(Relaxed) {
                        exchange(&mut stream, &request(counter.fetch_add(1, Relaxed))).unwrap();
                        done.fetch_add(1, Relaxed);
                    }
                })
                .unwrap()
        })
        .collect();
    // What happens before everybody is warm does not count.
    std::thread::sleep(how_long / 5);
    let (before, began) = (done.load(Relaxed), Instant::now());
    std::thread::sleep(how_long);
    let rate = (done.load(Relaxed) - before) as f64 / began.elapsed().as_secs_f64();
    stop.store(true, Relaxed);
    for client in clients {
        client.join().unwrap();
    }
    rate
}

/// Calls a second of something that runs in this thread.
pub fn alone(how_long: Duration, mut work: impl FnMut()) -> f64 {
    work();
    let (began, mut n) = (Instant::now(), 0u64);
    while began.elapsed() < how_long {
        work();
        n += 1;
    }
    n as f64 / began.elapsed().as_secs_f64()
}
