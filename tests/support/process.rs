//! The real server as a process of its own, and clients over sockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;

use super::errands::Hand;

/// A client over sockets; it remembers what answers it got.
pub struct Wire {
    pub port: u16,
    pub token: String,
    pub seen: Mutex<Vec<u16>>,
}

impl Wire {
    pub fn new(port: u16, token: &str) -> Wire {
        Wire { port, token: token.into(), seen: Mutex::default() }
    }

    /// How often this was the answer.
    pub fn times(&self, status: u16) -> usize {
        self.seen.lock().unwrap().iter().filter(|seen| **seen == status).count()
    }

    /// A GET that must be answered; gives status and body.
    #[track_caller]
    pub fn get(&self, path: &str) -> (u16, Value) {
        self.ask("GET", path, "application/json", b"").expect("an answer")
    }

    /// A POST that must be answered.
    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.ask("POST", path, "application/json", body.to_string().as_bytes()).expect("an answer")
    }
}

impl Hand for Wire {
    fn ask(&self, verb: &str, path: &str, kind: &str, body: &[u8]) -> Option<(u16, Value)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
        let head = format!(
            "{verb} {path} HTTP/1.1\r\nHost: shop.test\r\nAuthorization: Token {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.token,
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat()).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
        let (status, length) = (head.split(' ').nth(1)?.parse().ok()?, head.split("content-length: ").nth(1));
        // An answer that was cut off is none.
        if length.is_some_and(|rest| rest.lines().next().and_then(|n| n.parse().ok()) != Some(answer.len() - end - 4)) {
            return None;
        }
        self.seen.lock().unwrap().push(status);
        Some((status, serde_json::from_slice(&answer[end + 4..]).unwrap_or(Value::Null)))
    }
}

/// A server on a data folder; it is killed with the test.
pub struct Running {
    pub child: Child,
    pub port: u16,
}

impl Running {
    /// Starts one and waits until it listens.
    pub fn on(data: &Path) -> Running {
        let mut child = begin(data);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let line = lines.find(|line| line.contains("listens on")).expect("the server comes up");
        let port = line.split("127.0.0.1:").nth(1).unwrap().split(',').next().unwrap().parse().unwrap();
        Running { child, port }
    }

    /// Kills it.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to stop, and says whether it did so in peace.
    pub fn stop(mut self) -> bool {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        self.child.wait().unwrap().success()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Starts a server and waits for nothing.
pub fn begin(data: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_stockroom"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Runs a command on a data folder to its end.
pub fn run(words: &[&str], data: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stockroom")).args(words).arg("--data").arg(data).output().unwrap()
}

/// What `stockroom check` finds wrong with a folder.
pub fn looked_over(data: &Path) -> Result<(), String> {
    let said = run(&["check"], data);
    if said.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&said.stderr).into_owned()) }
}
