//! tiny_http's own server behind the same backend.

use crate::support::{Client, Shop};
use std::sync::Arc;
use stockroom::front::stock::Stock;

#[test]
fn the_stock_front_serves_the_same_backend() {
    let shop = Shop::new();
    let front = Arc::new(Stock::bind("127.0.0.1:0".parse().unwrap(), shop.clone()).unwrap());
    let runs = std::thread::spawn({
        let front = front.clone();
        move || front.run()
    });
    let mut client = Client::to(front.local_addr());
    assert!(client.get("/x?y").text().starts_with("GET /x?y host=a memory 0"));
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody");
    assert!(client.answer().text().contains("4 [body]"));
    assert_eq!(client.get("/panic").text(), "sorry");
    assert_eq!(client.get("/split").code, 500);
    let large = client.get("/size?100000");
    assert_eq!((large.header("Content-Length"), large.body.len()), (Some("100000"), 100_000));
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n");
    assert_eq!(client.answer().code, 413);
    drop(client); // tiny_http waits for the refused body; one more reason to stay on loopback
    front.stop();
    runs.join().unwrap();
}

#[test]
fn the_stock_front_listens_on_loopback_only() {
    for address in ["0.0.0.0:0", "[::]:0", "192.168.1.10:0"] {
        let refused = Stock::bind(address.parse().unwrap(), Shop::new()).err().unwrap();
        assert_eq!(refused.kind(), std::io::ErrorKind::PermissionDenied);
        assert!(refused.to_string().contains("loopback"));
    }
    assert!(
        Stock::bind("[::1]:0".parse().unwrap(), Shop::new()).map_or_else(|e| e.kind() != std::io::ErrorKind::PermissionDenied, |_| true)
    );
}
