//! Rules 7, 8 and 13: what may be written and how.

use crate::support::{LARGE, pattern, serve};
use stockroom::front::guarded::Config;

#[test]
fn an_answer_has_a_date_and_no_name_of_a_server() {
    let server = serve(Config::default());
    let answer = server.connect().get("/x");
    assert!(httpdate::parse_http_date(answer.header("Date").unwrap()).is_ok());
    assert_eq!(answer.header("Server"), None);
    assert_eq!(answer.header("Connection"), None);
    assert_eq!(answer.header("Content-Type"), Some("text/plain; charset=UTF-8"));
}

#[test]
fn head_is_get_without_body() {
    let server = serve(Config::default());
    let mut client = server.connect();
    for (target, length) in [("/size?100", Some("100")), ("/size?300000", Some("300000")), ("/large", Some("20000000")), ("/unknown", None)]
    {
        client.send(format!("HEAD {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
        let head = client.head();
        assert_eq!((head.code, head.header("Content-Length")), (200, length));
    }
    assert_eq!(client.get("/size?3").text(), "xxx");
}

#[test]
fn answers_204_and_304_have_neither_body_nor_length() {
    let server = serve(Config::default());
    let mut client = server.connect();
    for code in [204, 304] {
        let answer = client.get(&format!("/{code}"));
        assert_eq!((answer.code, answer.header("Content-Length"), answer.header("Transfer-Encoding")), (code, None, None));
    }
    assert_eq!(client.get("/size?3").text(), "xxx");
}

#[test]
fn an_answer_cannot_be_split_by_a_header() {
    let server = serve(Config::default());
    for target in ["/split", "/name"] {
        let answer = server.connect().get(target);
        assert_eq!(answer.code, 500);
        assert!(!answer.head.contains("Evil"), "{}", answer.head);
    }
}

#[test]
fn the_clients_te_does_not_change_the_framing() {
    let server = serve(Config::default());
    let mut client = server.connect();
    for te in ["chunked", "trailers", "gzip;q=1"] {
        client.send(format!("GET /size?3 HTTP/1.1\r\nHost: a\r\nTE: {te}\r\n\r\n"));
        let answer = client.answer();
        assert_eq!((answer.header("Content-Length"), answer.header("Transfer-Encoding"), answer.text()), (Some("3"), None, "xxx"));
    }
}

#[test]
fn answers_of_all_sizes_arrive_whole() {
    let server = serve(Config::default());
    let mut client = server.connect();
    for n in [0, 1, 16_000, 65_535, 65_536, 65_537, 131_072, 1_000_000] {
        assert_eq!(client.get(&format!("/size?{n}")).body.len(), n);
    }
}

#[test]
fn a_large_file_streams_with_the_right_bytes() {
    let server = serve(Config::default());
    let mut client = server.connect();
    let body = client.get("/large").body;
    assert_eq!(body.len(), LARGE);
    assert!(body.iter().enumerate().all(|(i, b)| *b == pattern(i)));
    assert_eq!(client.get("/x").code, 200);
}

#[test]
fn an_answer_of_unknown_length_is_chunked_or_ends_with_the_connection() {
    let server = serve(Config::default());
    let mut client = server.connect();
    let answer = client.get("/unknown");
    assert_eq!((answer.header("Transfer-Encoding"), answer.body.len()), (Some("chunked"), 200_000));
    assert!(answer.body.iter().enumerate().all(|(i, b)| *b == pattern(i)));
    assert_eq!(client.get("/x").code, 200);
    let mut old = server.connect();
    old.send("GET /unknown HTTP/1.0\r\n\r\n");
    let head = old.head();
    assert_eq!((head.header("Transfer-Encoding"), head.header("Connection")), (None, Some("close")));
    assert_eq!(old.take(200_000).len(), 200_000);
    assert!(old.ends());
}

#[test]
fn a_source_that_breaks_is_a_500_or_a_cut_connection_never_a_short_answer() {
    let server = serve(Config::default());
    let mut client = server.connect();
    assert_eq!(client.get("/broken?5000").code, 500);
    assert!(client.ends());
    let mut client = server.connect();
    client.send("GET /broken?100000 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.head().header("Content-Length"), Some("1000000"));
    assert_eq!(client.take(65_536).len(), 65_536);
    assert!(client.ends());
}

#[test]
fn a_panic_is_a_500_with_a_report_and_the_server_lives_on() {
    let server = serve(Config::default());
    let mut client = server.connect();
    for _ in 0..20 {
        let answer = client.get("/panic?7");
        assert_eq!((answer.code, answer.text()), (500, "sorry"));
    }
    assert_eq!(client.get("/panic?twice").text(), r#"{"detail":"The server failed to answer this request."}"#);
    assert_eq!(client.get("/x").code, 200);
    assert_eq!(server.shop.reports.lock().unwrap()[0], "/panic?7: shelf 7 fell");
}
