//! Rules 1, 2 and 4: heads, their limits and their order.

use crate::support::serve;
use std::time::Duration;
use stockroom::front::guarded::Config;

const HOST: &str = "Host: a\r\n";

/// Every head is refused with the code, and a request that follows in the same bytes is never run.
fn refused(code: u16, heads: &[&str]) {
    let server = serve(Config::default());
    for head in heads {
        let bytes = format!("{head}\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(server.refuses(bytes), code, "{head:?}");
    }
    assert_eq!(server.connect().get("/x").code, 200);
    assert_eq!(server.shop.served.load(std::sync::atomic::Ordering::SeqCst), 1, "a refused request was run");
}

fn post(lines: &str) -> String {
    format!("POST / HTTP/1.1\r\n{HOST}{lines}")
}

#[test]
fn length_and_coding_together_are_refused() {
    let both = [
        post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
        post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
        post("Transfer-Encoding: identity\r\nContent-Length: 0\r\n"),
    ];
    refused(400, &both.each_ref().map(String::as_str));
}

#[test]
fn two_lengths_are_refused_even_if_equal() {
    refused(400, &[&post("Content-Length: 5\r\ncontent-length: 5\r\n"), &post("Content-Length: 5, 5\r\n")]);
}

#[test]
fn a_length_is_digits_only() {
    for wrong in ["+5", "-5", "5 5", "0x5", "5;", "", "٥", "5\u{b}"] {
        refused(400, &[&post(&format!("Content-Length: {wrong}\r\n"))]);
    }
}

#[test]
fn a_coding_is_exactly_chunked_and_once() {
    for wrong in ["gzip, chunked", "chunked, chunked", "identity", "xchunked", "\"chunked\"", "chunked;q=1"] {
        refused(501, &[&post(&format!("Transfer-Encoding: {wrong}\r\n"))]);
    }
    refused(400, &[&post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")]);
    refused(400, &["POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n"]);
}

#[test]
fn folded_and_spaced_header_names_are_refused() {
    let wrong = ["X: 1\r\n folded\r\n", "X: 1\r\n\tfolded\r\n", "Content-Length : 5\r\n", " X: 1\r\n", "X Y: 1\r\n", ": 1\r\n", "X\r\n"];
    for lines in wrong {
        refused(400, &[&post(lines)]);
    }
}

#[test]
fn bare_line_ends_are_refused() {
    refused(
        400,
        &[
            "GET / HTTP/1.1\nHost: a\r\n",
            "GET / HTTP/1.1\r\nHost: a\n",
            "\nGET / HTTP/1.1\r\nHost: a\r\n",
            "\r\nGET / HTTP/1.1\r\nHost: a\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n\n",
            "GET / HTTP/1.1\r\nHost: a\rX: 1\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: \r\r\n",
        ],
    );
}

#[test]
fn control_bytes_are_refused() {
    refused(
        400,
        &[
            "GET /\0 HTTP/1.1\r\nHost: a\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX\0: 1\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: \u{7f}\r\n",
            "GET /\u{7f} HTTP/1.1\r\nHost: a\r\n",
            "GET /é HTTP/1.1\r\nHost: a\r\n",
        ],
    );
}

#[test]
fn methods_and_targets_are_legal() {
    refused(
        400,
        &[
            "G(T / HTTP/1.1\r\nHost: a\r\n",
            " / HTTP/1.1\r\nHost: a\r\n",
            "GET HTTP/1.1\r\nHost: a\r\n",
            "GET x HTTP/1.1\r\nHost: a\r\n",
            "GET * HTTP/1.1\r\nHost: a\r\n",
            "GET /a b HTTP/1.1\r\nHost: a\r\n",
            "GET /#x HTTP/1.1\r\nHost: a\r\n",
            "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n",
            "GET http:///x HTTP/1.1\r\nHost: a\r\n",
            "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n",
            "\u{16}\u{3}\u{1}",
        ],
    );
    refused(501, &["CONNECT a:1 HTTP/1.1\r\nHost: a\r\n"]);
}

#[test]
fn other_versions_are_refused_at_once() {
    refused(
        505,
        &[
            "GET / HTTP/2.0\r\nHost: a\r\n",
            "PRI * HTTP/2.0\r\n",
            "GET / HTTP/0.9\r\n",
            "GET / HTTP/1.2\r\nHost: a\r\n",
            "GET / HTTP/1.10\r\n",
        ],
    );
    refused(400, &["GET /\r\n", "GET / http/1.1\r\nHost: a\r\n"]);
    let server = serve(Config::default());
    let mut client = server.connect();
    client.send("GET /\r\n"); // HTTP/0.9 sends nothing more
    assert_eq!(client.answer().code, 400);
}

#[test]
fn exactly_one_host_is_needed() {
    refused(
        400,
        &[
            "GET / HTTP/1.1\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n",
            "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n",
            "GET / HTTP/1.1\r\nHost:\r\n",
        ],
    );
    for wrong in ["a/b", "a b", "u@a", "a:port", "a\\b", "<a>", "[::1", "a,b", "é"] {
        refused(400, &[&format!("GET / HTTP/1.1\r\nHost: {wrong}\r\n")]);
    }
    let server = serve(Config::default());
    for (lines, host) in [
        ("GET / HTTP/1.0\r\n", ""),
        ("GET / HTTP/1.1\r\nHOST: Shop.Example:8000\r\n", "shop.example:8000"),
        ("GET / HTTP/1.1\r\nHost: [::1]:80\r\n", "[::1]:80"),
        ("GET http://real.example/ HTTP/1.1\r\nHost: other\r\n", "real.example"),
    ] {
        let mut client = server.connect();
        client.send(format!("{lines}\r\n"));
        assert!(client.answer().text().starts_with(&format!("GET / host={host} ")));
    }
}

#[test]
fn a_head_has_a_largest_size() {
    let server = serve(Config::default());
    let head = |n: usize| format!("GET / HTTP/1.1\r\n{HOST}X: {}\r\n\r\n", "x".repeat(n));
    let frame = head(0).len();
    let mut client = server.connect();
    client.send(head(16 * 1024 - frame));
    assert_eq!(client.answer().code, 200);
    assert_eq!(server.refuses(head(16 * 1024 - frame + 1)), 431);
    assert_eq!(server.refuses(format!("GET / HTTP/1.1\r\n{}", "X: x\r\n".repeat(20_000))), 431);
}

#[test]
fn a_head_has_a_largest_number_of_headers() {
    let server = serve(Config::default());
    let head = |n: usize| format!("GET / HTTP/1.1\r\n{HOST}{}\r\n", "X: x\r\n".repeat(n - 1));
    let mut client = server.connect();
    client.send(head(64));
    assert_eq!(client.answer().code, 200);
    assert_eq!(server.refuses(head(65)), 431);
}

#[test]
fn a_request_line_has_a_largest_length() {
    let server = serve(Config::default());
    let line = |n: usize| format!("GET /{} HTTP/1.1\r\n{HOST}\r\n", "x".repeat(n - "GET / HTTP/1.1".len()));
    let mut client = server.connect();
    client.send(line(8 * 1024));
    assert_eq!(client.answer().code, 200);
    assert_eq!(server.refuses(line(8 * 1024 + 1)), 414);
    assert_eq!(server.refuses("x".repeat(9000)), 414);
}

#[test]
fn what_is_not_ours_to_judge_is_passed_on() {
    let server = serve(Config::default());
    let mut client = server.connect();
    client.send(
        "BREW /a?b=%20&c=[1] HTTP/1.1\r\nHost: a\r\nCookie: other=caf\u{e9}; mine=1\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
    );
    let text = client.answer().text().to_owned();
    assert_eq!(text, "BREW /a?b=%20&c=[1] host=a memory 0 [] cookie=other=caf??; mine=1 framing=false secure=false");
    client.send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\nGET HTTP://b?q HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(client.answer().text().starts_with("OPTIONS * host=a"));
    assert!(client.answer().text().starts_with("GET /?q host=b"));
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = serve(Config::default());
    let mut client = server.connect();
    let mut bytes = String::new();
    for i in 0..200 {
        match i % 3 {
            0 => bytes += &format!("GET /{i} HTTP/1.1\r\n{HOST}\r\n"),
            1 => bytes += &format!("POST /{i} HTTP/1.1\r\n{HOST}Content-Length: 3\r\n\r\nabc"),
            _ => bytes += &format!("PUT /{i} HTTP/1.1\r\n{HOST}Transfer-Encoding: Chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"),
        }
    }
    client.send(bytes);
    for i in 0..200 {
        let answer = client.answer();
        let body = if i % 3 == 0 { "0 []" } else { "3 [abc]" };
        assert!(answer.text().contains(&format!(" /{i} host=a memory {body}")), "{i}: {}", answer.text());
    }
}

#[test]
fn a_head_may_come_in_any_pieces() {
    let server = serve(Config::default());
    let mut client = server.connect();
    for byte in b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody" {
        client.send([*byte]);
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(client.answer().text().contains("4 [body]"));
    assert_eq!(client.get("/again").code, 200);
}

#[test]
fn connections_close_when_asked_and_with_1_0() {
    let server = serve(Config::default());
    for head in ["GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"] {
        let mut client = server.connect();
        client.send(head);
        assert_eq!(client.answer().header("Connection"), Some("close"));
        assert!(client.ends());
    }
}
