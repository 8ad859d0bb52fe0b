//! Rules 1 to 3: bodies, their limits, where they lie.

use crate::support::{Server, pattern, serve};
use std::time::Duration;
use stockroom::front::guarded::Config;

fn post(target: &str, lines: &str) -> String {
    format!("POST {target} HTTP/1.1\r\nHost: a\r\n{lines}\r\n")
}

fn sized(target: &str, n: usize) -> Vec<u8> {
    let mut bytes = post(target, &format!("Content-Length: {n}\r\n")).into_bytes();
    bytes.extend((0..n).map(pattern));
    bytes
}

fn chunked(target: &str, n: usize, size: usize) -> Vec<u8> {
    let mut bytes = post(target, "Transfer-Encoding: chunked\r\n").into_bytes();
    for from in (0..n).step_by(size) {
        let to = n.min(from + size);
        bytes.extend(format!("{:X}\r\n", to - from).bytes());
        bytes.extend((from..to).map(pattern));
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"0\r\n\r\n");
    bytes
}

fn told(server: &Server, bytes: &[u8]) -> String {
    let mut client = server.connect();
    client.send(bytes);
    client.answer().text().to_owned()
}

#[test]
fn a_body_to_the_limit_stays_in_memory() {
    let server = serve(Config::default());
    for n in [1, 2000, 16_384, 1 << 20] {
        assert!(told(&server, &sized("/", n)).contains(&format!("memory {n} [")));
        assert!(told(&server, &chunked("/", n, 5000)).contains(&format!("memory {n} [")));
    }
}

#[test]
fn a_large_upload_lands_in_a_file_with_the_right_bytes() {
    let server = serve(Config::default());
    for n in [(1 << 20) + 1, 5_000_000] {
        assert!(told(&server, &sized("/upload", n)).contains(&format!("file {n} [true]")));
        assert!(told(&server, &chunked("/upload", n, 70_000)).contains(&format!("file {n} [true]")));
    }
    let left = std::fs::read_dir(stockroom::front::Backend::upload_dir(&*server.shop)).unwrap().count();
    assert_eq!(left, 0, "nothing is left behind");
}

#[test]
fn one_connection_carries_one_large_body_after_the_other() {
    let server = serve(Config::default());
    let mut client = server.connect();
    // Between them the buffer shrinks again.
    for n in [200_000, 100, 2_000_000, 0, 200_000] {
        client.send(sized("/upload", n));
        let answer = client.answer().text().to_owned();
        assert!(answer.contains(&format!(" {n} [")), "{n}: {answer}");
    }
}

#[test]
fn a_body_over_the_limit_is_refused_before_it_is_read() {
    let server = serve(Config::default());
    for n in ["1048577", "100000000000", "18446744073709551615", "999999999999999999999999"] {
        assert_eq!(server.refuses(post("/", &format!("Content-Length: {n}\r\n"))), 413);
    }
    assert_eq!(server.refuses(post("/upload", "Content-Length: 67108865\r\n")), 413);
}

#[test]
fn a_chunked_body_over_the_limit_is_refused() {
    let server = serve(Config::default());
    for size in ["100001", "fffffff", "ffffffff"] {
        assert_eq!(server.refuses(post("/", "Transfer-Encoding: chunked\r\n") + size + "\r\n"), 413);
    }
    let mut client = server.connect();
    client.offer(&chunked("/", (1 << 20) + 1, 1 << 16)[..]);
    assert_eq!(client.answer().code, 413);
}

#[test]
fn memory_grows_with_what_arrives_not_with_what_is_promised() {
    let peak = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|l| l.strip_prefix("VmPeak:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
    };
    let server = serve(Config { head: Duration::from_millis(500), ..Config::default() });
    let before = peak();
    let mut client = server.connect();
    client.send(post("/endless", "Content-Length: 100000000000\r\n") + "a little");
    assert_eq!(client.answer().code, 408);
    assert!(peak() - before < 4_000_000, "kB");
}

#[test]
fn all_bodies_together_have_a_limit_in_memory() {
    let server = serve(Config { per_address: 100, ..Config::default() });
    let part = vec![b'x'; 1_048_000]; // 65 of them are more than 64 MiB
    let mut clients = Vec::new();
    let refused = (0..65).any(|_| {
        let mut client = server.connect();
        client.send(post("/", "Content-Length: 1048576\r\n"));
        client.offer(&part);
        clients.push(client);
        let last = &clients[clients.len() - 1].socket;
        last.set_read_timeout(Some(Duration::from_millis(if clients.len() < 64 { 1 } else { 5000 }))).unwrap();
        last.peek(&mut [0]).is_ok()
    });
    assert!(refused);
    assert_eq!(clients.pop().unwrap().answer().code, 503);
    drop(clients);
    crate::support::until(|| server.front.connections() == 0);
    assert!(told(&server, &sized("/", 1 << 20)).contains("memory 1048576"));
}

#[test]
fn broken_chunks_are_refused() {
    let server = serve(Config::default());
    let wrong = [
        "x\r\n",
        "-1\r\n",
        "+1\r\na\r\n",
        "0x1\r\na\r\n",
        "\r\n",
        "1;ext=1\r\na\r\n0\r\n\r\n",
        "1 \r\na\r\n",
        "1\na\r\n",
        "1\r\nab\r\n",
        "1\r\na\n0\r\n\r\n",
        "123456789\r\n",
        "0\r\nTrailer: 1\r\n\r\n",
        "1\r\na\r\n0\r\nX",
    ];
    for chunks in wrong {
        let mut client = server.connect();
        client.send(post("/", "Transfer-Encoding: chunked\r\n") + chunks);
        client.socket.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(client.answer().code, 400, "{chunks:?}");
        assert!(client.ends());
    }
}

#[test]
fn a_body_that_ends_early_is_refused() {
    let server = serve(Config::default());
    for bytes in [post("/", "Content-Length: 10\r\n") + "short", post("/", "Transfer-Encoding: chunked\r\n") + "5\r\nabc"] {
        let mut client = server.connect();
        client.send(bytes);
        client.socket.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(client.answer().code, 400);
    }
    assert_eq!(server.shop.served.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[test]
fn a_body_of_1_0_needs_a_length() {
    let server = serve(Config::default());
    assert_eq!(server.refuses("POST / HTTP/1.0\r\n\r\nbody"), 411);
    assert!(told(&server, b"POST / HTTP/1.0\r\nContent-Length: 4\r\n\r\nbody").contains("4 [body]"));
    assert!(told(&server, post("/", "").as_bytes()).contains("memory 0 []"), "an action needs no body");
}

#[test]
fn continue_is_said_only_if_the_body_will_be_read() {
    let server = serve(Config::default());
    let expect = |n: &str| post("/", &format!("Expect: 100-Continue\r\n{n}\r\n"));
    let mut client = server.connect();
    for lines in ["Content-Length: 4", "Transfer-Encoding: chunked"] {
        client.send(expect(lines));
        let go_on = client.head();
        assert_eq!((go_on.code, go_on.head.as_str()), (100, "HTTP/1.1 100 Continue\r\n\r\n"));
        client.send(if lines.starts_with('C') { "body" } else { "4\r\nbody\r\n0\r\n\r\n" });
        assert!(client.answer().text().contains("4 [body]"));
    }
    client.send(expect("Content-Length: 4") + "body"); // did not wait: needs no permission
    assert!(client.answer().text().contains("4 [body]"));
    client.send(expect("Content-Length: 0"));
    assert_eq!(client.answer().code, 200);
    assert_eq!(server.refuses(expect("Content-Length: 2000000")), 413);
    assert_eq!(server.refuses(post("/", "Expect: miracles\r\nContent-Length: 4\r\n")), 417);
}
