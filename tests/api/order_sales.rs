//! `/api/order/so…/`

use serde_json::{Value, json};

use crate::support::{Answer, Shop};

/// An order for 10 lamps, of which 40 are there, and for 2 radios, of which there are three with serial numbers.
pub struct Sold {
    pub order: i64,
    pub lamps: i64,
    radios: i64,
    pub pile: i64,
    radio: [i64; 3],
    customer: i64,
    place: i64,
}

impl Sold {
    pub fn new(shop: &Shop) -> Sold {
        let customer = shop.partner("Buyer");
        let place = shop.place("Shelf");
        let lamp = shop.part_with("Lamp", json!({"salable": true}));
        let kind = shop.part_with("Radio", json!({"salable": true, "trackable": true}));
        let pile = shop.stock_with(lamp, 40.0, json!({"location": place}));
        let one = |n: &str| shop.stock_with(kind, 1.0, json!({"location": place, "serial_numbers": n}));
        let radio = [one("1"), one("2"), one("3")];
        let order = shop.admin.post("/api/order/so/", json!({"customer": customer})).is(201).pk();
        let line = |part: i64, quantity: i64, price: &str| {
            let body = json!({"order": order, "part": part, "quantity": quantity, "sale_price": price});
            shop.admin.post("/api/order/so-line/", body).is(201).pk()
        };
        Sold { order, lamps: line(lamp, 10, "3.5"), radios: line(kind, 2, "99"), pile, radio, customer, place }
    }

    pub fn act(&self, shop: &Shop, verb: &str, body: Value) -> Answer {
        shop.admin.post(&format!("/api/order/so/{}/{verb}/", self.order), body)
    }

    pub fn shipment(&self, shop: &Shop, name: &str) -> i64 {
        shop.admin.post("/api/order/so/shipment/", json!({"order": self.order, "reference": name})).is(201).pk()
    }

    fn see(&self, shop: &Shop) -> Answer {
        shop.admin.get(&format!("/api/order/so/{}/", self.order)).is(200)
    }
}

fn pairs(of: &[(i64, i64, i64)]) -> Value {
    of.iter().map(|(line, item, quantity)| json!({"line_item": line, "stock_item": item, "quantity": quantity})).collect()
}

#[test]
fn rows_of_every_kind() {
    let shop = Shop::new();
    let it = Sold::new(&shop);
    let order = shop.walk("/api/order/so/", json!({"customer": it.customer}), json!({"customer_reference": "THEIRS"}), true);
    shop.admin.get(&format!("/api/order/so/{order}/")).is(404);
    let part = shop.part_with("Cable", json!({"salable": true}));
    shop.walk("/api/order/so-line/", json!({"order": it.order, "part": part, "quantity": 1}), json!({"reference": "L9"}), true);
    shop.walk("/api/order/so-extra-line/", json!({"order": it.order, "quantity": 1, "price": 5}), json!({"description": "Freight"}), true);
    let body = json!({"order": it.order, "reference": "S7"});
    shop.walk("/api/order/so/shipment/", body, json!({"tracking_number": "T"}), true);
    let shipment = it.shipment(&shop, "S1");
    it.act(&shop, "allocate", json!({"items": pairs(&[(it.lamps, it.pile, 4), (it.radios, it.radio[0], 1)])})).is(201);
    let rows = shop.admin.get(&format!("/api/order/so-allocation/?order={}", it.order)).is(200).numbers("pk");
    let one = format!("/api/order/so-allocation/{}/", rows[0]);
    shop.admin.get(&one).is(200);
    shop.admin.put(&one, json!({"item": it.pile, "quantity": 5})).is(200);
    shop.admin.patch(&one, json!({"quantity": 600})).refuses("quantity");
    shop.admin.patch(&one, json!({"quantity": 40})).is(200);
    for verb in ["PUT", "PATCH"] {
        shop.admin.json(verb, "/api/order/so-allocation/", json!({"items": rows, "shipment": shipment})).is(200);
    }
    shop.reader.delete(&one).is(403);
    shop.admin.delete(&one).is(204);
    shop.admin.delete_with("/api/order/so-allocation/", json!({"items": [rows[1]]})).is(200);
    let plain = shop.part("Not for sale");
    shop.admin.post("/api/order/so-line/", json!({"order": it.order, "part": plain, "quantity": 1})).refuses("part");
    shop.admin.post("/api/order/so/shipment/", json!({"order": it.order, "reference": "S1"})).refuses("non_field_errors");
}

#[test]
fn stock_is_set_aside_and_sent() {
    let shop = Shop::new();
    let it = Sold::new(&shop);
    it.act(&shop, "issue", json!({})).is(201);
    let shipment = it.shipment(&shop, "S1");
    let ship = format!("/api/order/so/shipment/{shipment}/ship/");
    shop.admin.post(&ship, json!({})).refuses("non_field_errors");
    for bad in [(it.lamps, it.pile, 41), (it.lamps, it.pile, 0), (it.lamps, it.radio[0], 1), (it.radios, it.radio[0], 2)] {
        it.act(&shop, "allocate", json!({"items": pairs(&[bad])})).is(400);
    }
    it.act(&shop, "allocate", json!({"items": pairs(&[(it.lamps, it.pile, 30), (it.lamps, it.pile, 30)])})).is(400);
    assert_eq!(shop.rows("sales_order_allocation"), 0, "all or none");
    it.act(&shop, "allocate", json!({"items": pairs(&[(it.lamps, it.pile, 4)]), "shipment": shipment})).is(201);
    let serials = json!({"line_item": it.radios, "quantity": 2, "serial_numbers": "1,3", "shipment": shipment});
    it.act(&shop, "allocate-serials", serials.clone()).is(201);
    it.act(&shop, "allocate-serials", serials).refuses("serial_numbers");
    assert_eq!(shop.admin.get(&format!("/api/stock/{}/", it.pile)).is(200)["allocated"], 4.0);
    it.act(&shop, "complete", json!({"accept_incomplete": true})).refuses("non_field_errors");
    let done = shop.admin.post(&ship, json!({"tracking_number": "TRK"})).is(200);
    assert_eq!(done["success"], true);
    shop.admin.post(&ship, json!({})).refuses("non_field_errors");
    assert_eq!(shop.quantity(it.pile), 36_000_000);
    let sent = shop.admin.get(&format!("/api/stock/?sales_order={}", it.order)).is(200);
    assert_eq!(sent.list().len(), 3);
    for row in sent.list() {
        assert_eq!((&row["customer"], &row["location"], &row["in_stock"]), (&json!(it.customer), &Value::Null, &json!(false)));
    }
    assert_eq!(shop.events(it.radio[0]), [1, 60]);
    let line = shop.admin.get(&format!("/api/order/so-line/{}/", it.lamps)).is(200);
    assert_eq!((&line["shipped"], &line["available_stock"]), (&json!(4.0), &json!(36.0)));
    it.act(&shop, "complete", json!({})).refuses("non_field_errors");
    it.act(&shop, "complete", json!({"accept_incomplete": true})).is(201);
    assert_eq!(it.see(&shop)["status"], 20);
    it.act(&shop, "complete", json!({"accept_incomplete": true})).is(201);
    assert_eq!(it.see(&shop)["status"], 30);
    shop.admin.patch(&format!("/api/order/so-line/{}/", it.lamps), json!({"quantity": 9})).refuses("non_field_errors");
    let gone = shop.admin.get(&format!("/api/order/so-allocation/?shipment={shipment}")).is(200).numbers("pk");
    shop.admin.delete(&format!("/api/order/so-allocation/{}/", gone[0])).refuses("non_field_errors");
}

#[test]
fn stock_is_found_by_itself() {
    let shop = Shop::new();
    let it = Sold::new(&shop);
    it.act(&shop, "auto-allocate", json!({"exclude_location": it.place})).is(200);
    assert_eq!(shop.rows("sales_order_allocation"), 0);
    it.act(&shop, "auto-allocate", json!({"serialized_stock": "unserialized", "location": it.place})).is(200);
    assert_eq!(it.see(&shop)["allocated_lines"], 1);
    it.act(&shop, "auto-allocate", json!({"interchangeable": false})).is(200);
    assert_eq!(it.see(&shop)["allocated_lines"], 1, "no single item is two radios");
    it.act(&shop, "auto-allocate", json!({"line_items": [it.radios], "stock_sort_by": "-quantity"})).is(200);
    assert_eq!(it.see(&shop)["allocated_lines"], 2);
    it.act(&shop, "auto-allocate", json!({"line_items": [999]})).refuses("line_items");
    assert_eq!(shop.find::<i64>("SELECT sum(quantity) FROM sales_order_allocation"), 12_000_000);
    it.act(&shop, "cancel", json!({})).is(201);
    assert_eq!((shop.rows("sales_order_allocation"), &it.see(&shop)["status"]), (0, &json!(40)));
    it.act(&shop, "cancel", json!({})).is(201);
    it.act(&shop, "complete", json!({})).refuses("non_field_errors");
}

#[test]
fn settings_of_sales() {
    let shop = Shop::new();
    shop.set("SALESORDER_DEFAULT_SHIPMENT", "True");
    shop.set("SALESORDER_SHIP_COMPLETE", "True");
    shop.set("SALESORDER_SHIPMENT_REQUIRES_CHECK", "True");
    let it = Sold::new(&shop);
    it.act(&shop, "hold", json!({})).is(201);
    assert_eq!(it.see(&shop)["status"], 25);
    let shipment: i64 = shop.find("SELECT id FROM sales_order_shipment");
    it.act(
        &shop,
        "allocate",
        json!({"items": pairs(&[(it.lamps, it.pile, 10), (it.radios, it.radio[1], 1), (it.radios, it.radio[2], 1)]), "shipment": shipment}),
    )
    .is(201);
    let path = format!("/api/order/so/shipment/{shipment}/");
    shop.admin.post(&format!("{path}ship/"), json!({})).refuses("non_field_errors");
    shop.admin.patch(&path, json!({"checked_by": shop.admin.id})).is(200);
    shop.admin.post(&format!("{path}ship/"), json!({"shipment_date": "2026-01-02"})).is(200);
    it.act(&shop, "complete", json!({})).is(201);
    assert_eq!(it.see(&shop)["status"], 30);
    shop.reader.post(&format!("/api/order/so/{}/issue/", it.order), json!({})).is(403);
    shop.norole.get("/api/order/so/").is(403);
}

#[test]
fn a_scan_sets_stock_aside() {
    let shop = Shop::new();
    let it = Sold::new(&shop);
    let scan =
        |item: i64, more: Value| crate::support::goods::with(json!({"barcode": format!("INV-SI{item}"), "sales_order": it.order}), &more);
    let shown = shop.admin.post("/api/barcode/so-allocate/", scan(it.pile, json!({}))).is(200);
    assert_eq!((&shown["quantity"], &shown["shipment"], shop.rows("sales_order_allocation")), (&json!(10.0), &Value::Null, 0));
    it.shipment(&shop, "1");
    shop.admin.post("/api/barcode/so-allocate/", scan(it.pile, json!({"quantity": 3}))).is(200);
    shop.admin.post("/api/barcode/so-allocate/", scan(it.radio[0], json!({"line": it.radios}))).is(200);
    assert_eq!(shop.find::<i64>("SELECT sum(quantity) FROM sales_order_allocation"), 4_000_000);
    for more in [json!({"quantity": 60}), json!({"line": it.radios}), json!({"quantity": 0})] {
        let refused = shop.admin.post("/api/barcode/so-allocate/", scan(it.pile, more)).is(400);
        assert!(refused["error"].is_string() && refused["stockitem"]["pk"].is_string());
    }
    shop.reader.post("/api/barcode/so-allocate/", scan(it.pile, json!({}))).is(403);
}

#[test]
fn what_was_bought_and_sold_tells_prices() {
    let shop = Shop::new();
    let it = Sold::new(&shop);
    let shipment = it.shipment(&shop, "S");
    it.act(&shop, "allocate", json!({"items": pairs(&[(it.lamps, it.pile, 10)]), "shipment": shipment})).is(201);
    shop.admin.post(&format!("/api/order/so/shipment/{shipment}/ship/"), json!({})).is(200);
    for _ in 0..2 {
        it.act(&shop, "complete", json!({"accept_incomplete": true})).is(201);
    }
    let part = shop.admin.get(&format!("/api/order/so-line/{}/", it.lamps)).is(200)["part"].as_i64().unwrap();
    let priced = shop.admin.patch(&format!("/api/part/{part}/pricing/"), json!({"update": true})).is(200);
    assert_eq!((&priced["sale_history_min"], &priced["sale_history_max"]), (&json!(3.5), &json!(3.5)));
}
