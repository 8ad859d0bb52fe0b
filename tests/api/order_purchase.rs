//! `/api/order/po…/`

use serde_json::{Value, json};

use crate::support::Shop;

/// An order for 10 packs of 10 screws at 2.50 each, and for 2 motors with serial numbers at 8.
struct Bought {
    order: i64,
    screws: i64,
    motors: i64,
    screw: i64,
    motor: i64,
    place: i64,
}

impl Bought {
    fn new(shop: &Shop) -> Bought {
        let supplier = shop.partner("Seller");
        let place = shop.place("Dock");
        let screw = shop.part_with("Screw", json!({"purchaseable": true}));
        let motor = shop.part_with("Motor", json!({"purchaseable": true, "trackable": true}));
        let sold = |part: i64, sku: &str, pack: &str| {
            shop.admin
                .post("/api/company/part/", json!({"part": part, "supplier": supplier, "SKU": sku, "pack_quantity": pack}))
                .is(201)
                .pk()
        };
        let (of_screw, of_motor) = (sold(screw, "S", "10"), sold(motor, "M", "1"));
        let order = shop.admin.post("/api/order/po/", json!({"supplier": supplier})).is(201).pk();
        let line = |part: i64, quantity: i64, price: &str| {
            let body = json!({"order": order, "part": part, "quantity": quantity, "purchase_price": price});
            shop.admin.post("/api/order/po-line/", body).is(201).pk()
        };
        Bought { order, screws: line(of_screw, 10, "2.5"), motors: line(of_motor, 2, "8"), screw, motor, place }
    }

    fn act(&self, shop: &Shop, verb: &str, body: Value) -> crate::support::Answer {
        shop.admin.post(&format!("/api/order/po/{}/{verb}/", self.order), body)
    }

    fn status(&self, shop: &Shop) -> i64 {
        shop.admin.get(&format!("/api/order/po/{}/", self.order)).is(200)["status"].as_i64().unwrap()
    }
}

#[test]
fn rows_of_every_kind() {
    let shop = Shop::new();
    let supplier = shop.partner("Seller");
    let order = shop.walk("/api/order/po/", json!({"supplier": supplier}), json!({"description": "Bolts", "link": ""}), false);
    assert_eq!(shop.admin.get(&format!("/api/order/po/{order}/")).is(200)["reference"], "PO-0001");
    let part = shop.part_with("Bolt", json!({"purchaseable": true}));
    let sold = shop.admin.post("/api/company/part/", json!({"part": part, "supplier": supplier, "SKU": "B"})).is(201).pk();
    let body = json!({"order": order, "part": sold, "quantity": 4, "merge_items": false});
    shop.walk("/api/order/po-line/", body.clone(), json!({"order": order, "part": sold, "notes": "soon"}), true);
    let line = shop.admin.post("/api/order/po-line/", body).is(201).pk();
    shop.admin.delete_with("/api/order/po-line/", json!({"items": [line]})).is(200);
    shop.walk("/api/order/po-extra-line/", json!({"order": order, "quantity": 1, "price": "-3"}), json!({"description": "Rebate"}), true);
    shop.admin.delete(&format!("/api/order/po/{order}/")).is(204);
}

#[test]
fn what_is_received_is_stock() {
    let shop = Shop::new();
    let it = Bought::new(&shop);
    let screws = |quantity: Value| json!({"items": [{"line_item": it.screws, "quantity": quantity}], "location": it.place});
    it.act(&shop, "receive", screws(json!(1))).refuses("non_field_errors");
    it.act(&shop, "issue", json!({})).is(201);
    assert_eq!(shop.admin.get(&format!("/api/part/{}/", it.screw)).is(200)["ordering"], 100.0);
    for bad in [json!(0), json!(-1), json!("x")] {
        it.act(&shop, "receive", screws(bad)).is(400);
    }
    it.act(&shop, "receive", json!({"items": [{"line_item": it.screws, "quantity": 1}]})).refuses("location");
    it.act(&shop, "receive", json!({"items": []})).refuses("non_field_errors");
    let items = json!([
        {"line_item": it.screws, "quantity": 4, "batch_code": "B7", "expiry_date": "2030-01-01", "barcode": "X-1", "note": "wet", "status": 50},
        {"line_item": it.motors, "quantity": 2, "serial_numbers": "7-8"}
    ]);
    let made = it.act(&shop, "receive", json!({"items": items, "location": it.place})).is(201);
    let rows = made.list().clone();
    assert_eq!(rows.len(), 3);
    let first = &rows[0];
    assert_eq!((&first["quantity"], &first["purchase_price"], &first["batch"]), (&json!(40.0), &json!(0.25), &json!("B7")));
    assert_eq!((&first["status"], &first["expiry_date"], &first["location"]), (&json!(50), &json!("2030-01-01"), &json!(it.place)));
    assert_eq!(first["purchase_order"], it.order);
    assert_eq!((&rows[1]["serial"], &rows[2]["serial"]), (&json!("7"), &json!("8")));
    assert_eq!(shop.events(first["pk"].as_i64().unwrap()), [70]);
    shop.reader.post("/api/barcode/", json!({"barcode": "X-1"})).is(200);
    let again = json!({"items": [{"line_item": it.screws, "quantity": 1, "barcode": "X-1"}], "location": it.place});
    it.act(&shop, "receive", again).is(400);
    let taken = json!({"items": [{"line_item": it.motors, "quantity": 1, "serial_numbers": "8"}], "location": it.place});
    it.act(&shop, "receive", taken).is(400);
    assert_eq!(shop.admin.get(&format!("/api/part/{}/", it.screw)).is(200)["ordering"], 60.0);
    assert_eq!(it.status(&shop), 20);
    it.act(&shop, "receive", screws(json!(6))).is(201);
    assert_eq!(it.status(&shop), 30, "all came, so it is complete");
    let line = format!("/api/order/po-line/{}/", it.screws);
    shop.admin.delete(&line).refuses("non_field_errors");
    shop.admin.patch(&format!("/api/order/po/{}/", it.order), json!({"description": "x"})).refuses("reference");
    shop.set("PURCHASEORDER_EDIT_COMPLETED_ORDERS", "True");
    shop.admin.patch(&format!("/api/order/po/{}/", it.order), json!({"description": "x"})).is(200);
}

#[test]
fn a_refused_line_leaves_nothing_behind() {
    let shop = Shop::new();
    let it = Bought::new(&shop);
    it.act(&shop, "issue", json!({})).is(201);
    let before = shop.state();
    let items = json!([
        {"line_item": it.screws, "quantity": 1},
        {"line_item": it.motors, "quantity": 2, "serial_numbers": "1"}
    ]);
    it.act(&shop, "receive", json!({"items": items, "location": it.place})).is(400);
    let twice = json!([
        {"line_item": it.motors, "quantity": 1, "serial_numbers": "1"},
        {"line_item": it.motors, "quantity": 1, "serial_numbers": "1"}
    ]);
    it.act(&shop, "receive", json!({"items": twice, "location": it.place})).is(400);
    assert_eq!(shop.state(), before);
    assert_eq!(shop.admin.get(&format!("/api/part/{}/", it.motor)).is(200)["ordering"], 2.0);
}

#[test]
fn states_and_roles() {
    let shop = Shop::new();
    let it = Bought::new(&shop);
    for (verb, state) in [("hold", 25), ("hold", 25), ("issue", 20), ("issue", 20), ("hold", 25), ("issue", 20)] {
        it.act(&shop, verb, json!({})).is(201);
        assert_eq!(it.status(&shop), state, "{verb}");
    }
    it.act(&shop, "complete", json!({})).refuses("accept_incomplete");
    let path = format!("/api/order/po/{}/", it.order);
    shop.reader.post(&format!("{path}issue/"), json!({})).is(403);
    shop.norole.get(&path).is(403);
    shop.anon.get(&path).is(401);
    it.act(&shop, "cancel", json!({})).is(201);
    it.act(&shop, "cancel", json!({})).is(400);
    it.act(&shop, "issue", json!({})).is(201);
    it.act(&shop, "complete", json!({"accept_incomplete": true})).is(201);
    assert_eq!(it.status(&shop), 40);
    shop.admin.post("/api/order/po/999/issue/", json!({})).is(404);
}

#[test]
fn lines_merge_and_take_the_suppliers_price() {
    let shop = Shop::new();
    let it = Bought::new(&shop);
    let part = shop.admin.get(&format!("/api/order/po-line/{}/", it.screws)).is(200)["part"].as_i64().unwrap();
    for (from, price) in [(1, "5"), (100, "3")] {
        let body = json!({"part": part, "quantity": from, "price": price, "price_currency": "USD"});
        shop.admin.post("/api/company/price-break/", body).is(201);
    }
    let merged = shop.admin.post("/api/order/po-line/", json!({"order": it.order, "part": part, "quantity": 2})).is(201);
    assert_eq!((merged.pk(), &merged["quantity"]), (it.screws, &json!(12.0)));
    let line = json!({"order": it.order, "part": part, "quantity": 120, "merge_items": false, "auto_pricing": true});
    let priced = shop.admin.post("/api/order/po-line/", line).is(201);
    assert_eq!(priced["purchase_price"], 3.0);
    let order = shop.admin.get(&format!("/api/order/po/{}/", it.order)).is(200);
    assert_eq!((&order["total_price"], &order["line_items"]), (&json!(12.0 * 2.5 + 16.0 + 360.0), &json!(3)));
    let other =
        shop.admin.post("/api/order/po-extra-line/", json!({"order": it.order, "quantity": 1, "price": 1, "price_currency": "EUR"}));
    other.is(201);
    assert_eq!(shop.admin.get(&format!("/api/order/po/{}/", it.order)).is(200)["total_price"], Value::Null, "no rate");
    let copy = json!({"supplier": order["supplier"], "duplicate": {"order_id": it.order}});
    let copy = shop.admin.post("/api/order/po/", copy).is(201).pk();
    assert_eq!(shop.admin.get(&format!("/api/order/po-line/?order={copy}")).is(200).list().len(), 3);
    shop.admin.post("/api/order/po/", json!({"supplier": order["supplier"], "duplicate": {"order_id": 999}})).refuses("non_field_errors");
}

#[test]
fn references_follow_the_pattern() {
    let shop = Shop::new();
    let supplier = shop.partner("Seller");
    shop.set("PURCHASEORDER_REFERENCE_PATTERN", "B{ref:03d}-X");
    assert_eq!(shop.admin.post("/api/order/po/", json!({"supplier": supplier})).is(201)["reference"], "B001-X");
    shop.admin.post("/api/order/po/", json!({"supplier": supplier, "reference": "B041-X"})).is(201);
    assert_eq!(shop.admin.options("/api/order/po/").is(200)["actions"]["POST"]["reference"]["default"], "B042-X");
    for bad in ["PO-1", "B1", "B-X", "B041-X", ""] {
        shop.admin.post("/api/order/po/", json!({"supplier": supplier, "reference": bad})).refuses("reference");
    }
    let late = json!({"supplier": supplier, "start_date": "2026-02-01", "target_date": "2026-01-01"});
    shop.admin.post("/api/order/po/", late).refuses("target_date");
    let strange = shop.partner("Other");
    let contact = shop.admin.post("/api/company/contact/", json!({"company": strange, "name": "Ann"})).is(201).pk();
    shop.admin.post("/api/order/po/", json!({"supplier": supplier, "contact": contact})).refuses("contact");
    shop.set("PURCHASEORDER_REQUIRE_RESPONSIBLE", "True");
    shop.admin.post("/api/order/po/", json!({"supplier": supplier})).refuses("responsible");
}

#[test]
fn calendars_and_scans() {
    let shop = Shop::new();
    let it = Bought::new(&shop);
    shop.admin.patch(&format!("/api/order/po/{}/", it.order), json!({"target_date": "2030-05-06", "description": "a, b"})).is(200);
    let calendar = shop.admin.get("/api/order/calendar/purchase-order/calendar.ics").is(200);
    assert!(calendar.text().contains("DTSTART;VALUE=DATE:20300506\r\n") && calendar.text().contains("a\\, b"), "{}", calendar.text());
    for kind in ["sales-order", "return-order", "transfer-order"] {
        assert!(!shop.admin.get(&format!("/api/order/calendar/{kind}/calendar.ics")).is(200).text().contains("VEVENT"));
    }
    shop.admin.get("/api/order/calendar/build/calendar.ics").is(404);
    shop.norole.get("/api/order/calendar/purchase-order/calendar.ics").is(403);
    shop.anon.get("/api/order/calendar/purchase-order/calendar.ics").is(401);

    let scan = |barcode: String| json!({"barcode": barcode, "purchase_order": it.order});
    let found = shop.admin.post("/api/barcode/po-allocate/", scan(format!("INV-PA{}", it.screw))).is(200);
    assert_eq!(found["supplierpart"]["instance"]["SKU"], "S");
    let other = shop.part("Other");
    shop.admin.post("/api/barcode/po-allocate/", scan(format!("INV-PA{other}"))).is(400);
    shop.admin.post("/api/barcode/po-allocate/", scan("what".into())).is(400);
    shop.reader.post("/api/barcode/po-allocate/", scan(format!("INV-PA{}", it.screw))).is(403);
    shop.admin.post("/api/barcode/po-receive/", scan("what".into())).is(400);
    shop.reader.post("/api/barcode/po-receive/", scan("what".into())).is(403);
}

#[test]
fn who_is_responsible_is_told() {
    let shop = Shop::new();
    let supplier = shop.partner("Seller");
    let buyer = shop.hire("buyer", &[("purchase_order", &["view", "add", "change"])]);
    let owner: i64 = shop.find(&format!("SELECT id FROM owner WHERE user = {}", buyer.id));
    let day: String = shop.find("SELECT date('now', '-1 day')");
    let body = json!({"supplier": supplier, "responsible": owner, "target_date": day});
    let order = shop.admin.post("/api/order/po/", body).is(201).pk();
    shop.admin.post(&format!("/api/order/po/{order}/issue/"), json!({})).is(201);
    let site = shop.server.site_shared();
    stockroom::common::daily::run(&site).unwrap();
    let news = |person: &crate::support::Person| -> Vec<String> {
        let mut all: Vec<String> =
            person.get("/api/notifications/").is(200).list().iter().map(|n| n["category"].as_str().unwrap().to_string()).collect();
        all.sort();
        all
    };
    assert_eq!(news(&buyer), ["order.issued", "order.new_purchaseorder", "order.overdue"]);
    assert_eq!(news(&shop.admin), ["order.overdue"], "what one does oneself is no news");
    let told = buyer.get("/api/notifications/").is(200);
    assert_eq!(told.list()[0]["target"]["model_id"], order);
    assert_eq!(shop.admin.get(&format!("/api/order/po/?overdue=true&assigned_to={owner}")).is(200).list().len(), 1);
    assert_eq!(buyer.get("/api/order/po/?assigned_to_me=true").is(200).list().len(), 1);
}
