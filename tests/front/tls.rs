//! Rule 12: HTTPS of our own.

use crate::support::{LARGE, PATIENCE, pattern, serve};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use stockroom::front::guarded::Config;
use stockroom::front::tls::tls_config;

/// A self-signed certificate for localhost in `dir`; false where there is no openssl command.
fn certificate(dir: &Path) -> bool {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", "key.pem", "-out", "cert.pem"])
        .current_dir(dir)
        .output();
    let made = made.is_ok_and(|o| o.status.success());
    if !made {
        eprintln!("skipped: no openssl command to make a certificate with");
    }
    made
}

fn client(cert: &Path, address: SocketAddr) -> rustls::StreamOwned<rustls::ClientConnection, TcpStream> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(cert).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    rustls::StreamOwned::new(rustls::ClientConnection::new(Arc::new(config), name).unwrap(), socket)
}

#[test]
fn https_serves_what_http_serves_and_ends_cleanly() {
    let dir = tempfile::tempdir().unwrap();
    if !certificate(dir.path()) {
        return;
    }
    let cert = dir.path().join("cert.pem");
    let tls = Some(tls_config(&cert, &dir.path().join("key.pem")).unwrap());
    let server = serve(Config { tls, ..Config::default() });
    let mut stream = client(&cert, server.front.local_addr());
    stream.write_all(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\nGET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap(); // an end without close_notify would be an error
    assert!(String::from_utf8_lossy(&all[..400]).contains("secure=true"));
    let body = &all[all.len() - LARGE..];
    assert!(body.iter().enumerate().all(|(i, b)| *b == pattern(i)));
}

#[test]
fn plain_http_to_https_and_broken_handshakes_harm_nobody() {
    let dir = tempfile::tempdir().unwrap();
    if !certificate(dir.path()) {
        return;
    }
    let cert = dir.path().join("cert.pem");
    let tls = Some(tls_config(&cert, &dir.path().join("key.pem")).unwrap());
    let server = serve(Config { tls, ..Config::default() });
    for bytes in ["GET /x HTTP/1.1\r\nHost: a\r\n\r\n", "\u{16}\u{3}\u{1}\0\u{5}hello"] {
        let mut plain = server.connect();
        plain.send(bytes);
        let mut rest = Vec::new();
        let _ = plain.socket.read_to_end(&mut rest); // a reset is an end, too
        assert!(!rest.starts_with(b"HTTP"));
    }
    let mut stream = client(&cert, server.front.local_addr());
    stream.write_all(b"GET /x HTTP/1.0\r\n\r\n").unwrap();
    let mut all = String::new();
    stream.read_to_string(&mut all).unwrap();
    assert!(all.starts_with("HTTP/1.1 200 OK"));
}

#[test]
fn wrong_files_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let (none, junk) = (dir.path().join("none.pem"), dir.path().join("junk.pem"));
    std::fs::write(&junk, "junk").unwrap();
    for path in [&none, &junk] {
        let told = tls_config(path, path).unwrap_err();
        assert!(told.starts_with(path.to_str().unwrap()), "{told}");
    }
}
