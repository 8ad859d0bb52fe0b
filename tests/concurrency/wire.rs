//! Many clients at once, each with a connection of its own, at the same goods.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::SeqCst};

use serde_json::{Value, json};
use stockroom::front::guarded::{Config, Guarded};

use super::support::Shop;
use super::support::dice::Dice;
use super::together;

/// A shop behind a socket.
struct Open {
    shop: Shop,
    front: Arc<Guarded>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Open {
    fn new() -> Open {
        let shop = Shop::new();
        let config = Config { per_address: 64, ..Config::default() };
        let front = Guarded::bind(([127, 0, 0, 1], 0).into(), shop.server.clone(), config).unwrap();
        let running = front.clone();
        let thread = Some(std::thread::spawn(move || running.run()));
        Open { shop, front, thread }
    }

    fn client(&self) -> Client {
        Client::to(self.front.local_addr(), &self.shop.admin.token)
    }

    /// All threads, each with a client.
    fn crowd(&self, work: impl Fn(&mut Client, &mut Dice, u64) + Sync) {
        together(|dice, n| work(&mut self.client(), dice, n));
        self.shop.books_agree();
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.front.stop(std::time::Duration::from_secs(5));
        drop(self.thread.take().map(std::thread::JoinHandle::join));
    }
}

/// A connection that stays open.
struct Client {
    socket: TcpStream,
    token: String,
}

impl Client {
    fn to(address: SocketAddr, token: &str) -> Client {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
        Client { socket, token: token.into() }
    }

    /// Status and body.
    fn ask(&mut self, verb: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let head = format!(
            "{verb} /api/{path} HTTP/1.1\r\nHost: shop.test\r\nAuthorization: Token {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.token,
            body.len()
        );
        self.socket.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let (mut bytes, mut piece) = (Vec::new(), [0; 16384]);
        loop {
            let n = self.socket.read(&mut piece).unwrap();
            assert!(n > 0, "the connection ended in an answer");
            bytes.extend_from_slice(&piece[..n]);
            let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n").map(|i| i + 4) else { continue };
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1).and_then(|l| l.lines().next()).map_or(0, |l| l.trim().parse().unwrap());
            if bytes.len() >= end + length {
                let status = head.split(' ').nth(1).unwrap().parse().unwrap();
                assert!(status < 500, "{verb} {path}: {}", String::from_utf8_lossy(&bytes));
                return (status, serde_json::from_slice(&bytes[end..]).unwrap_or_default());
            }
        }
    }

    /// Did it work?
    #[allow(clippy::needless_pass_by_value, reason = "tests read better without a & before every json!")]
    fn post(&mut self, path: &str, body: Value) -> bool {
        let (status, answer) = self.ask("POST", path, &body);
        assert!(matches!(status, 200 | 201 | 400 | 404), "{path}: {status} {answer}");
        status < 300
    }

    fn items(&mut self, filter: &str) -> Vec<i64> {
        let (_, list) = self.ask("GET", &format!("stock/?part_detail=false&{filter}"), &Value::Null);
        list.as_array().unwrap().iter().map(|row| row["pk"].as_i64().unwrap()).collect()
    }
}

fn all_of(shop: &Shop, part: i64) -> i64 {
    shop.find(&format!("SELECT coalesce(sum(quantity), 0) FROM stock_item WHERE part = {part}"))
}

/// Taken, moved, divided, numbered, joined, built in, taken out, given away, taken back: of a part there is always as much as there was, but
/// for what was taken.
#[test]
fn whatever_is_done_to_stock_adds_up() {
    let open = Open::new();
    let shop = &open.shop;
    shop.set("STOCK_ENFORCE_BOM_INSTALLATION", "false");
    let customer = shop.partner("Buyer");
    let part = shop.part_with("Nut", json!({"trackable": true, "salable": true}));
    let whole = shop.part_with("Box", json!({"trackable": true}));
    let places: Vec<i64> = (0..3).map(|n| shop.place(&format!("P{n}"))).collect();
    for place in &places {
        shop.stock_with(part, 60.0, json!({"location": place, "delete_on_deplete": false}));
    }
    let boxes: Vec<i64> = (0..3).map(|_| shop.stock_with(whole, 1.0, json!({"location": places[0]}))).collect();
    open.crowd(|client, dice, _| {
        for _ in 0..25 {
            let items = client.items(&format!("part={part}"));
            let (item, other, place) = (*dice.pick(&items), *dice.pick(&items), *dice.pick(&places));
            let (count, holder) = (1 + dice.below(6), *dice.pick(&boxes));
            match dice.below(9) {
                0 => drop(client.post("stock/remove/", json!({"items": [{"pk": item, "quantity": 1 + dice.below(3)}]}))),
                1 | 2 => drop(client.post("stock/transfer/", json!({"items": [{"pk": item, "quantity": count}], "location": place}))),
                3 => {
                    let body = json!({"quantity": 1 + dice.below(2), "serial_numbers": "~+", "destination": place});
                    client.post(&format!("stock/{item}/serialize/"), body);
                }
                4 => drop(client.post(
                    "stock/merge/",
                    json!({"items": [{"item": item}, {"item": other}], "location": place, "allow_mismatched_status": true}),
                )),
                5 => drop(client.post(&format!("stock/{holder}/install/"), json!({"stock_item": item, "quantity": 1}))),
                6 => {
                    let inside = client.items(&format!("belongs_to={holder}"));
                    if !inside.is_empty() {
                        client.post(&format!("stock/{}/uninstall/", dice.pick(&inside)), json!({"location": place}));
                    }
                }
                7 => drop(client.post("stock/assign/", json!({"items": [{"item": item}], "customer": customer}))),
                _ => {
                    let gone = client.items(&format!("customer={customer}"));
                    if !gone.is_empty() {
                        let back =
                            json!({"items": [{"pk": dice.pick(&gone), "quantity": count}], "location": place, "merge": dice.once_in(2)});
                        client.post("stock/return/", back);
                    }
                }
            }
        }
    });
    let removed: f64 = shop
        .find(&format!("SELECT total(json_extract(deltas, '$.removed')) FROM stock_tracking WHERE part = {part} AND tracking_type = 12"));
    let sum = all_of(shop, part);
    #[allow(clippy::cast_possible_truncation, reason = "a small number")]
    let removed = (removed * 1e6).round() as i64;
    let kinds: i64 = shop.find("SELECT count(DISTINCT tracking_type) FROM stock_tracking");
    assert!(kinds >= 12, "only {kinds} kinds of events: the crowd does not do what it should");
    // Items stay when they are used up, so that every piece that was taken is in the history.
    assert_eq!(sum + removed, 180_000_000);
    assert_eq!(shop.find::<i64>(&format!("SELECT count(*) FROM stock_item WHERE part = {whole}")), 3);
}

/// Two sales orders want the same shelf; shipments are sent by several at once.
#[test]
fn what_is_sold_is_sent_once() {
    let open = Open::new();
    let shop = &open.shop;
    let (customer, place) = (shop.partner("Buyer"), shop.place("Dock"));
    let part = shop.part_with("Lamp", json!({"salable": true}));
    let items: Vec<i64> = (0..3).map(|_| shop.stock_with(part, 20.0, json!({"location": place}))).collect();
    let orders: Vec<(i64, i64)> = (0..2)
        .map(|_| {
            let order = shop.admin.post("/api/order/so/", json!({"customer": customer})).is(201).pk();
            let line = shop.admin.post("/api/order/so-line/", json!({"order": order, "part": part, "quantity": 40})).is(201).pk();
            shop.admin.post(&format!("/api/order/so/{order}/issue/"), json!({})).is(201);
            (order, line)
        })
        .collect();
    let shipments: Vec<(usize, i64)> = (0..6)
        .map(|n| {
            (
                n % 2,
                shop.admin.post("/api/order/so/shipment/", json!({"order": orders[n % 2].0, "reference": format!("S{n}")})).is(201).pk(),
            )
        })
        .collect();
    let sent: Vec<AtomicUsize> = (0..6).map(|_| AtomicUsize::new(0)).collect();
    open.crowd(|client, dice, _| {
        for _ in 0..25 {
            let which = dice.below(6);
            let (of, shipment) = shipments[which];
            let (order, line) = orders[of];
            match dice.below(6) {
                0 => {
                    if client.post(&format!("order/so/shipment/{shipment}/ship/"), json!({})) {
                        sent[which].fetch_add(1, SeqCst);
                    }
                }
                1 => drop(client.post(&format!("order/so/{order}/auto-allocate/"), json!({}))),
                _ => {
                    let pair = json!({"line_item": line, "stock_item": dice.pick(&items), "quantity": 1 + dice.below(7)});
                    client.post(&format!("order/so/{order}/allocate/"), json!({"items": [pair], "shipment": shipment}));
                }
            }
        }
    });
    for sent in &sent {
        assert!(sent.load(SeqCst) <= 1, "a shipment left twice");
    }
    assert!(sent.iter().any(|sent| sent.load(SeqCst) == 1), "something was sent");
    assert_eq!(all_of(shop, part), 60_000_000, "here or with the customer");
    let (gone, shipped): (i64, i64) = (
        shop.find(&format!("SELECT coalesce(sum(quantity), 0) FROM stock_item WHERE customer = {customer}")),
        shop.find("SELECT sum(shipped) FROM sales_order_line"),
    );
    assert_eq!(gone, shipped);
    open.crowd(|client, _, _| {
        for (order, _) in &orders {
            client.post(&format!("order/so/{order}/complete/"), json!({"accept_incomplete": true}));
        }
    });
    for (order, _) in &orders {
        let status: i64 = shop.find(&format!("SELECT status FROM sales_order WHERE id = {order}"));
        assert!(matches!(status, 15 | 20 | 30), "{status}");
    }
    assert_eq!(shop.find::<i64>("SELECT sum(shipped) FROM sales_order_line"), shipped, "what is complete is not sent again");
}

/// A delivery comes in through every door.
#[test]
fn what_was_ordered_comes_in_once() {
    let open = Open::new();
    let shop = &open.shop;
    let (supplier, place) = (shop.partner("Maker"), shop.place("Dock"));
    let part = shop.part_with("Reel", json!({"purchaseable": true, "trackable": true}));
    let sold =
        shop.admin.post("/api/company/part/", json!({"part": part, "supplier": supplier, "SKU": "R", "pack_quantity": "10"})).is(201).pk();
    let order = shop.admin.post("/api/order/po/", json!({"supplier": supplier})).is(201).pk();
    let line = shop.admin.post("/api/order/po-line/", json!({"order": order, "part": sold, "quantity": 12})).is(201).pk();
    shop.admin.post(&format!("/api/order/po/{order}/issue/"), json!({})).is(201);
    let came = AtomicI64::new(0);
    open.crowd(|client, dice, _| {
        for _ in 0..8 {
            let packs = 1 + i64::try_from(dice.below(2)).unwrap();
            let mut item = json!({"line_item": line, "quantity": packs});
            if dice.once_in(3) {
                item["serial_numbers"] = json!("~+");
            }
            if client.post(&format!("order/po/{order}/receive/"), json!({"items": [item], "location": place})) {
                came.fetch_add(packs, SeqCst);
            }
        }
    });
    // The last delivery may bring more than was ordered; after it the order is complete.
    let received: i64 = shop.find("SELECT received FROM purchase_order_line");
    assert!((12_000_000..14_000_000).contains(&received), "{received}");
    assert_eq!(received, came.load(SeqCst) * 1_000_000);
    assert_eq!(all_of(shop, part), received * 10, "ten in each pack");
}

/// A transfer is carried out by everybody at once, while others set more aside.
#[test]
fn what_is_transferred_moves_once() {
    let open = Open::new();
    let shop = &open.shop;
    let (here, there) = (shop.place("Here"), shop.place("There"));
    let part = shop.part("Nut");
    for consume in [false, true] {
        let item = shop.stock_with(part, 100.0, json!({"location": here, "delete_on_deplete": false}));
        let before = all_of(shop, part);
        let order = shop.admin.post("/api/order/transfer-order/", json!({"destination": there, "consume": consume})).is(201).pk();
        let line = shop.admin.post("/api/order/transfer-order-line/", json!({"order": order, "part": part, "quantity": 30})).is(201).pk();
        shop.admin.post(&format!("/api/order/transfer-order/{order}/issue/"), json!({})).is(201);
        let done = AtomicUsize::new(0);
        open.crowd(|client, dice, _| {
            for _ in 0..6 {
                let pair = json!({"line_item": line, "stock_item": item, "quantity": 1 + dice.below(4)});
                client.post(&format!("order/transfer-order/{order}/allocate/"), json!({"items": [pair]}));
            }
            if client.post(&format!("order/transfer-order/{order}/complete/"), json!({"accept_incomplete_allocation": true})) {
                done.fetch_add(1, SeqCst);
            }
        });
        assert_eq!(done.load(SeqCst), 1, "completed once");
        let moved: i64 = shop.find(&format!("SELECT transferred FROM transfer_order_line WHERE id = {line}"));
        let lies: i64 = shop.find(&format!("SELECT coalesce(sum(quantity), 0) FROM stock_item WHERE location = {there}"));
        let used = before - all_of(shop, part);
        assert_eq!(if consume { used } else { lies }, moved);
        assert_eq!(if consume { lies > 0 } else { used != 0 }, consume, "the first order's goods lie there");
    }
}

/// Outputs are made, completed and scrapped, and parts set aside and used up, by everybody at once.
#[test]
fn what_is_built_is_built_once() {
    let open = Open::new();
    let shop = &open.shop;
    let (chair, leg) = (shop.part_with("Chair", json!({"assembly": true})), shop.part("Leg"));
    shop.admin.post("/api/bom/", json!({"part": chair, "sub_part": leg, "quantity": 4})).is(201);
    let shelf = shop.place("Shelf");
    let items: Vec<i64> = (0..3).map(|_| shop.stock_with(leg, 40.0, json!({"location": shelf}))).collect();
    let build = shop.admin.post("/api/build/", json!({"part": chair, "quantity": 25})).is(201).pk();
    let line = shop.admin.get(&format!("/api/build/line/?build={build}")).is(200).numbers("pk")[0];
    let outputs: Vec<i64> = (0..12)
        .map(|_| shop.admin.post(&format!("/api/build/{build}/create-output/"), json!({"quantity": 1})).is(201).numbers("pk")[0])
        .collect();
    let finished: Vec<AtomicUsize> = outputs.iter().map(|_| AtomicUsize::new(0)).collect();
    open.crowd(|client, dice, _| {
        for _ in 0..25 {
            let act = |client: &mut Client, verb: &str, body: Value| client.post(&format!("build/{build}/{verb}/"), body);
            let which = dice.below(outputs.len());
            let this = json!({"outputs": [{"output": outputs[which]}], "location": shelf, "accept_incomplete_allocation": true});
            match dice.below(6) {
                0 | 1 => {
                    let pair = json!({"build_line": line, "stock_item": dice.pick(&items), "quantity": 1 + dice.below(9)});
                    act(client, "allocate", json!({"items": [pair]}));
                }
                2 => drop(act(client, "consume", json!({"lines": [{"build_line": line}]}))),
                3 => drop(act(client, "unallocate", json!({}))),
                4 => {
                    let scrapped = json!({"outputs": [{"output": outputs[which], "quantity": 1}], "location": shelf, "notes": "bad"});
                    finished[which].fetch_add(usize::from(act(client, "scrap-outputs", scrapped)), SeqCst);
                }
                _ => drop(finished[which].fetch_add(usize::from(act(client, "complete", this)), SeqCst)),
            }
        }
    });
    for (output, finished) in outputs.iter().zip(&finished) {
        assert!(finished.load(SeqCst) <= 1, "output {output} was finished twice");
    }
    assert_eq!(all_of(shop, leg), 120_000_000, "on the shelf or in the build");
}
