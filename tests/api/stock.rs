//! `/api/stock/`

use serde_json::{Value, json};
use stockroom::engine::moment;

use crate::support::{Shop, goods};

fn at(item: i64) -> String {
    format!("/api/stock/{item}/")
}

fn one(shop: &Shop, item: i64) -> Value {
    shop.reader.get(&at(item)).is(200).json
}

fn in_days(days: i64) -> String {
    moment::days_after(&moment::day(moment::now()), days).unwrap()
}

#[test]
fn a_new_item_gets_its_defaults() {
    let shop = Shop::new();
    let place = shop.place("Shelf");
    let part = shop.part_with("Milk", json!({"default_location": place, "default_expiry": 30}));
    let answer = shop.store.post("/api/stock/", json!({"part": part, "quantity": 2.5})).is(201);
    let list = answer.json.as_array().expect("always a list");
    assert_eq!(list.len(), 1);
    let item = &list[0];
    for (field, want) in [
        ("quantity", json!(2.5)),
        ("location", json!(place)),
        ("status", json!(10)),
        ("status_text", json!("OK")),
        ("status_custom_key", json!(10)),
        ("delete_on_deplete", json!(true)),
        ("in_stock", json!(true)),
        ("serial", json!(null)),
        ("batch", json!("")),
        ("expiry_date", json!(in_days(30))),
        ("purchase_price", json!(null)),
        ("purchase_price_currency", json!("USD")),
    ] {
        assert_eq!(item[field], want, "{field}");
    }
    let told = json!({"part": part, "quantity": 1, "location": null, "expiry_date": "2030-01-31", "delete_on_deplete": false});
    let item = shop.store.post("/api/stock/", told).is(201)[0].clone();
    assert_eq!((&item["expiry_date"], &item["delete_on_deplete"]), (&json!("2030-01-31"), &json!(false)));
    shop.set("STOCK_DELETE_DEPLETED_DEFAULT", "false");
    let item = shop.store.post("/api/stock/", json!({"part": part, "quantity": 1})).is(201)[0].clone();
    assert_eq!(item["delete_on_deplete"], false);
}

#[test]
fn the_answer_to_a_creation_lacks_what_is_joined() {
    let shop = Shop::new();
    let part = shop.part("Nut");
    let item = shop.store.post("/api/stock/", json!({"part": part, "quantity": 1})).is(201)[0].clone();
    for field in ["allocated", "expired", "installed_items", "child_items", "stale", "tracking_items"] {
        assert!(item[field].is_null(), "{field}: {}", item[field]);
    }
    let item = one(&shop, 1);
    for (field, want) in [("allocated", json!(0.0)), ("expired", json!(false)), ("tracking_items", json!(1)), ("child_items", json!(0))] {
        assert_eq!(item[field], want, "{field}");
    }
    for secret in ["serial_numbers", "use_pack_size"] {
        assert!(item.get(secret).is_none());
    }
}

#[test]
fn part_and_quantity_are_asked_for_with_a_bare_text() {
    let shop = Shop::new();
    let part = shop.part("Nut");
    let before = shop.state();
    shop.store.post("/api/stock/", json!({"part": part})).refuses_barely("quantity");
    shop.store.post("/api/stock/", json!({"quantity": null, "part": part})).refuses_barely("quantity");
    for wrong in
        [json!({}), json!({"part": 77}), json!({"part": "x"}), json!({"part": null}), json!({"part": [1]}), json!({"part": {"pk": 1}})]
    {
        shop.store.post("/api/stock/", goods::with(json!({"quantity": 1}), &wrong)).refuses_barely("part");
    }
    shop.store.post("/api/stock/", json!({"part": part, "quantity": 1, "supplier_part": 77})).refuses_barely("supplier_part");
    shop.store.post("/api/stock/", json!({"part": part, "quantity": "x"})).refuses("quantity");
    shop.store.post("/api/stock/", json!([])).is(400);
    assert_eq!(shop.state(), before);
    shop.store.form("POST", "/api/stock/", &[("part", &part.to_string()), ("quantity", "3")]).is(201);
}

#[test]
fn quantities_are_exact_and_bounded() {
    let shop = Shop::new();
    let part = shop.part("Nut");
    let make = |quantity: Value| shop.store.post("/api/stock/", json!({"part": part, "quantity": quantity}));
    for (given, want) in [
        (json!("0.00001"), 10),
        (json!(0.1), 100_000),
        (json!("9999999999.99999"), 9_999_999_999_999_990),
        (json!(" 7 "), 7_000_000),
        (json!("1e3"), 1_000_000_000),
        (json!(0), 0),
        (json!("-0"), 0),
    ] {
        let item = make(given).is(201).pk();
        assert_eq!(shop.quantity(item), want);
    }
    for bad in [
        json!("0.000001"),
        json!(0.123_456_7),
        json!(-1),
        json!("-0.1"),
        json!("1e11"),
        json!(1e30),
        json!("NaN"),
        json!("inf"),
        json!("1,5"),
        json!("0x10"),
        json!(""),
        json!(true),
        json!([1]),
        json!({"a": 1}),
        json!("1 2"),
    ] {
        make(bad.clone()).refuses("quantity");
    }
    let raw = format!("{{\"part\": {part}, \"quantity\": 1e400}}");
    shop.store.raw("POST", "/api/stock/", &[("Content-Type", "application/json")], raw.as_bytes()).is(400);
    assert_eq!(shop.rows("stock_item"), 7);
}

#[test]
fn serial_numbers_make_an_item_each() {
    let shop = Shop::new();
    let part = shop.part_with("Motor", json!({"trackable": true}));
    let make = |quantity: i64, serials: &str| {
        shop.store.post("/api/stock/", json!({"part": part, "quantity": quantity, "serial_numbers": serials}))
    };
    let made = make(3, "A1, A3-A4").is(201);
    assert_eq!(made.texts("serial"), ["A1", "A3", "A4"]);
    assert!(made.list().iter().all(|i| i["quantity"] == json!(1.0)));
    assert_eq!(make(2, "~+").is(201).texts("serial"), ["A5", "A6"], "counted on from the last");
    assert_eq!(make(1, "7-9").is(201).texts("serial"), ["7-9"], "taken literally where the numbers agree");
    let before = shop.state();
    for (quantity, serials) in
        [(2, "1-3"), (2, "X"), (3, "3-1"), (2, "Q,Q"), (1, "A1"), (1001, "1-1001"), (0, "1"), (2, "+"), (2, "a-b-c-d")]
    {
        let refused = make(quantity, serials).is(400);
        assert!(refused["serial_numbers"].is_array(), "{serials}: {}", refused.text());
    }
    assert!(make(2, "1-3").is(400)["quantity"].is_array(), "both fields are named");
    assert_eq!(shop.state(), before);
    // `serial` itself is passed over by a creation.
    let plain = shop.store.post("/api/stock/", json!({"part": part, "quantity": 1, "serial": "Z9"})).is(201);
    assert_eq!(plain[0]["serial"], json!(null));
    let nut = shop.part("Nut");
    shop.store.post("/api/stock/", json!({"part": nut, "quantity": 1, "serial_numbers": "1"})).refuses("serial_numbers");
    shop.store.post("/api/stock/", json!({"part": part, "quantity": 1.5})).refuses("quantity");
}

#[test]
fn serial_numbers_are_unique_in_the_family_or_everywhere() {
    let shop = Shop::new();
    let family = shop.part_with("Motor", json!({"trackable": true, "is_template": true}));
    let small = shop.part_with("Small", json!({"trackable": true, "variant_of": family}));
    let large = shop.part_with("Large", json!({"trackable": true, "variant_of": family}));
    let other = shop.part_with("Pump", json!({"trackable": true}));
    let make = |part: i64, serials: &str| shop.store.post("/api/stock/", json!({"part": part, "quantity": 1, "serial_numbers": serials}));
    let first = make(small, "1").is(201).pk();
    make(large, "1").refuses("serial_numbers");
    make(family, "1").refuses("serial_numbers");
    let elsewhere = make(other, "1").is(201).pk();
    let second = make(large, "2").is(201).pk();
    shop.store.patch(&at(second), json!({"serial": "1"})).refuses("serial");
    shop.store.patch(&at(second), json!({"serial": "3"})).is(200);
    shop.set("SERIAL_NUMBER_GLOBALLY_UNIQUE", "true");
    make(other, "3").refuses("serial_numbers");
    shop.store.patch(&at(elsewhere), json!({"serial": "3"})).refuses("serial");
    let neighbours = shop.reader.get(&format!("/api/stock/{first}/serial-numbers/")).is(200);
    assert_eq!((&neighbours["next"]["pk"], &neighbours["previous"]), (&json!(second), &json!(null)));
    shop.reader.get("/api/stock/77/serial-numbers/").is(404);
}

#[test]
fn an_item_with_a_serial_number_is_one_and_stays() {
    let shop = Shop::new();
    let part = shop.part_with("Motor", json!({"trackable": true}));
    let item = shop.store.post("/api/stock/", json!({"part": part, "quantity": 1, "serial_numbers": "1"})).is(201).pk();
    shop.store.patch(&at(item), json!({"quantity": 2})).refuses("quantity");
    assert_eq!(shop.store.patch(&at(item), json!({"delete_on_deplete": true})).is(200)["delete_on_deplete"], false);
    shop.set("STOCK_ALLOW_EDIT_SERIAL", "false");
    shop.store.patch(&at(item), json!({"serial": "2"})).refuses("serial");
    shop.store.patch(&at(item), json!({"serial": "1", "batch": "x"})).is(200);
    shop.set("STOCK_ALLOW_DELETE_SERIALIZED", "false");
    shop.store.delete(&at(item)).refuses("non_field_errors");
    shop.store.delete_with("/api/stock/", json!({"items": [item]})).is(400);
    shop.set("STOCK_ALLOW_DELETE_SERIALIZED", "true");
    shop.store.delete(&at(item)).is(204);
}

#[test]
fn packs_must_be_spoken_of() {
    let shop = Shop::new();
    let part = shop.part("Nut");
    let other = shop.part("Bolt");
    shop.sql(&format!(
        "INSERT INTO company (id, name) VALUES (1, 'Sells');
         INSERT INTO supplier_part (id, part, supplier, \"SKU\", pack_quantity_native) VALUES (1, {part}, 1, 'BOX', 25000000), (2, {part}, 1, 'ONE', 1000000)"
    ));
    let make = |more: Value| {
        shop.store.post("/api/stock/", goods::with(json!({"part": part, "quantity": 4, "purchase_price": 10, "supplier_part": 1}), &more))
    };
    make(json!({})).refuses_barely("use_pack_size");
    let packs = make(json!({"use_pack_size": true})).is(201)[0].clone();
    assert_eq!((&packs["quantity"], &packs["purchase_price"]), (&json!(100.0), &json!(0.4)));
    let pieces = make(json!({"use_pack_size": false})).is(201)[0].clone();
    assert_eq!((&pieces["quantity"], &pieces["purchase_price"]), (&json!(4.0), &json!(10.0)));
    make(json!({"supplier_part": 2})).is(201);
    make(json!({"part": other, "use_pack_size": true})).refuses("supplier_part");
    make(json!({"quantity": "9999999999", "use_pack_size": true})).is(400);
    assert_eq!(one(&shop, 1)["SKU"], "BOX");
    assert_eq!(shop.reader.get("/api/stock/?supplier_part=2").is(200).list().len(), 1);
    assert_eq!(shop.reader.get("/api/stock/?supplier=1").is(200).list().len(), 3);
}

#[test]
fn a_state_in_detail_stands_for_a_built_in_one() {
    let shop = Shop::new();
    let part = shop.part("Nut");
    shop.sql(
        "INSERT INTO custom_state (key, name, label, logical_key, reference_status) VALUES (110, 'DENTED', 'Dented', 55, 'StockStatus')",
    );
    let item = shop.store.post("/api/stock/", json!({"part": part, "quantity": 1, "status": 110})).is(201)[0].clone();
    assert_eq!((&item["status"], &item["status_custom_key"], &item["status_text"]), (&json!(55), &json!(110), &json!("Dented")));
    let item = shop.store.post("/api/stock/", json!({"part": part, "quantity": 1, "status_custom_key": 110})).is(201)[0].clone();
    assert_eq!((&item["status"], &item["status_custom_key"]), (&json!(55), &json!(110)));
    let path = at(item["pk"].as_i64().unwrap());
    let plain = shop.store.patch(&path, json!({"status": 75})).is(200);
    assert_eq!(
        (&plain["status"], &plain["status_custom_key"], &plain["status_text"], &plain["in_stock"]),
        (&json!(75), &json!(75), &json!("Quarantined"), &json!(false))
    );
    let found = |status: i64| shop.reader.get(&format!("/api/stock/?status={status}")).is(200).list().len();
    assert_eq!((found(110), found(55), found(75)), (1, 0, 1));
    for junk in [json!(11), json!("OK"), json!(null), json!([10])] {
        shop.store.patch(&path, json!({"status": junk})).refuses("status");
    }
    let states = shop.reader.get("/api/stock/status/").is(200);
    assert_eq!(states["values"]["DENTED"]["custom"], true);
}

#[test]
fn a_change_of_state_is_an_event_and_other_changes_are_not() {
    let shop = Shop::new();
    let item = shop.stock(shop.part("Nut"), 5.0);
    shop.store.patch(&at(item), json!({"quantity": 7, "batch": "B"})).is(200);
    assert_eq!(shop.events(item), [1]);
    shop.store.patch(&at(item), json!({"status": 50})).is(200);
    assert_eq!(shop.events(item), [1, 5]);
    let deltas = &shop.last_event(item)["deltas"];
    assert_eq!((&deltas["status"], &deltas["old_status"]), (&json!(50), &json!(10)));
    shop.store.patch(&at(item), json!({"status": 50})).is(200);
    assert_eq!(shop.events(item), [1, 5]);
}

#[test]
fn an_item_lies_at_a_real_place_and_is_a_real_thing() {
    let shop = Shop::new();
    let (part, room) = (shop.part("Nut"), shop.place_with("Room", json!({"structural": true})));
    let software = shop.part_with("Licence", json!({"virtual": true}));
    shop.store.post("/api/stock/", json!({"part": part, "quantity": 1, "location": room})).refuses("location");
    shop.store.post("/api/stock/", json!({"part": part, "quantity": 1, "location": 77})).refuses("location");
    shop.store.post("/api/stock/", json!({"part": software, "quantity": 1})).refuses("part");
    shop.store.post("/api/stock/", json!({"part": part, "quantity": 1, "is_building": true})).refuses("build");
    let item = shop.stock(part, 1.0);
    shop.store.patch(&at(item), json!({"location": room})).refuses("location");
    shop.store.patch(&at(item), json!({"belongs_to": item})).refuses("belongs_to");
    shop.store.patch(&at(item), json!({"part": software})).refuses("part");
    shop.store.put(&at(item), json!({"quantity": 1})).refuses("part");
    assert_eq!(shop.store.put(&at(item), json!({"part": part, "quantity": 3})).is(200)["quantity"], json!(3.0));
}

#[test]
fn prices_are_numbers_and_currencies_are_known() {
    let shop = Shop::new();
    let item = shop.stock_with(shop.part("Nut"), 1.0, json!({"purchase_price": "1.2345678", "purchase_price_currency": "EUR"}));
    assert_eq!((&one(&shop, item)["purchase_price"], &one(&shop, item)["purchase_price_currency"]), (&json!(1.234568), &json!("EUR")));
    assert_eq!(shop.store.patch(&at(item), json!({"purchase_price": ""})).is(200)["purchase_price"], json!(null));
    for bad in [json!("x"), json!(-1), json!("1e20"), json!([])] {
        shop.store.patch(&at(item), json!({"purchase_price": bad})).refuses("purchase_price");
    }
    shop.store.patch(&at(item), json!({"purchase_price_currency": "XXX"})).refuses("purchase_price_currency");
}

#[test]
fn stock_that_expires_is_found() {
    let shop = Shop::new();
    let part = shop.part("Milk");
    for days in [-1, 0, 5, 100] {
        shop.stock_with(part, 1.0, json!({"expiry_date": in_days(days)}));
    }
    shop.stock(part, 1.0);
    shop.stock_with(part, 1.0, json!({"expiry_date": in_days(-9), "status": 65}));
    let keys = |query: &str| shop.reader.get(&format!("/api/stock/?ordering=expiry_date&{query}")).is(200).list().len();
    assert_eq!(keys("expired=true"), 6, "without the setting the filter does nothing");
    assert_eq!(one(&shop, 1)["expired"], true, "the field does not care");
    shop.set("STOCK_ENABLE_EXPIRY", "true");
    shop.set("STOCK_STALE_DAYS", "10");
    assert_eq!((keys("expired=true"), keys("expired=false")), (1, 5));
    assert_eq!((keys("stale=true"), keys("stale=false")), (3, 3));
    assert_eq!((&one(&shop, 2)["expired"], &one(&shop, 3)["stale"], &one(&shop, 4)["stale"]), (&json!(false), &json!(true), &json!(false)));
    assert_eq!(keys(&format!("expiry_before={}", in_days(5))), 3);
    assert_eq!(keys(&format!("expiry_after={}", in_days(5))), 1);
    for bad in ["31.12.2026", "2026-02-30", "tomorrow", ""] {
        shop.store.post("/api/stock/", json!({"part": part, "quantity": 1, "expiry_date": bad})).refuses("expiry_date");
    }
}

#[test]
fn stock_is_found_by_place_and_all_inside_it() {
    let shop = Shop::new();
    let part = shop.part("Nut");
    let room = shop.place_with("Room", json!({"external": true}));
    let shelf = shop.place_with("Shelf", json!({"parent": room}));
    let (a, b, c) = (
        shop.stock_with(part, 1.0, json!({"location": room})),
        shop.stock_with(part, 2.0, json!({"location": shelf})),
        shop.stock(part, 3.0),
    );
    let keys = |query: &str| shop.reader.get(&format!("/api/stock/?ordering=quantity&{query}")).is(200).numbers("pk");
    assert_eq!(keys(&format!("location={room}")), [a, b]);
    assert_eq!(keys(&format!("location={room}&cascade=false")), [a]);
    assert_eq!(keys("location=null"), [a, b, c]);
    assert_eq!(keys("location=null&cascade=false"), [c]);
    assert_eq!(keys("location=none&cascade=0"), [c]);
    assert_eq!(keys("external=true"), [a]);
    assert_eq!(keys("min_stock=2"), [b, c]);
    assert_eq!(keys("max_stock=2.5"), [a, b]);
    assert_eq!(keys("name=NUT"), [a, b, c]);
    assert_eq!(keys("search=shelf"), [b]);
    assert_eq!(keys("in_stock=true&location=1&search=nut"), [a, b]);
}

#[test]
fn stock_is_found_by_what_it_carries() {
    let shop = Shop::new();
    let (nut, motor) = (shop.part_with("Nut", json!({"IPN": "N-1"})), shop.part_with("Motor", json!({"trackable": true})));
    let batch = shop.stock_with(nut, 1.0, json!({"batch": "2026-A"}));
    let plain = shop.stock_with(nut, 2.0, json!({"delete_on_deplete": false}));
    let serials = shop.admin.post("/api/stock/", json!({"part": motor, "quantity": 3, "serial_numbers": "10-12"})).is(201).numbers("pk");
    let keys = |query: &str| shop.reader.get(&format!("/api/stock/?{query}")).is(200).numbers("pk");
    assert_eq!(keys("batch=2026-a"), [batch]);
    assert_eq!(keys("batch_regex=%5E2026"), [batch]);
    assert_eq!(keys("has_batch=true"), [batch]);
    assert_eq!(keys("serialized=true"), serials);
    assert_eq!(keys("serialized=false"), [batch, plain]);
    assert_eq!(keys("tracked=false"), [plain]);
    assert_eq!(keys("serial=11"), [serials[1]]);
    assert_eq!(keys("serial_gte=11"), serials[1..]);
    assert_eq!(keys("serial_lte=10&serialized=true"), [serials[0]]);
    assert_eq!(keys("IPN=n-1"), [batch, plain]);
    assert_eq!(keys("name_contains=OTO"), serials);
    shop.store.patch(&at(plain), json!({"quantity": 0})).is(200);
    assert_eq!(keys("depleted=true"), [plain]);
    assert_eq!(keys("in_stock=false"), [plain]);
    assert_eq!(keys("available=true").len(), 4);
    assert_eq!(shop.reader.get("/api/stock/?in_stock=true&limit=2").is(200)["count"], 4);
}

#[test]
fn the_list_goes_by_part_quantity_and_place() {
    let shop = Shop::new();
    let (b, a) = (shop.part("b"), shop.part("a"));
    let place = shop.place("Shelf");
    let items = [shop.stock(b, 2.0), shop.stock(b, 1.0), shop.stock_with(a, 5.0, json!({"location": place})), shop.stock(a, 5.0)];
    let want = [items[3], items[2], items[1], items[0]];
    assert_eq!(shop.reader.get("/api/stock/").is(200).numbers("pk"), want);
    assert_eq!(shop.reader.get("/api/stock/?limit=9").is(200).numbers("pk"), want);
    assert_eq!(shop.reader.get("/api/stock/?limit=9&in_stock=true").is(200).numbers("pk"), want);
    assert_eq!(shop.reader.get("/api/stock/?ordering=-quantity&limit=2").is(200).numbers("pk"), [items[3], items[2]]);
}

#[test]
fn what_is_sold_or_built_in_is_not_in_stock() {
    let shop = Shop::new();
    let part = shop.part("Nut");
    shop.sql("INSERT INTO company (id, name, is_customer) VALUES (1, 'Buys', 1), (2, 'Sells', 0)");
    let (sold, inside, whole) = (shop.stock(part, 1.0), shop.stock(part, 2.0), shop.stock(part, 3.0));
    shop.store.patch(&at(sold), json!({"customer": 2})).refuses("customer");
    assert_eq!(shop.store.patch(&at(sold), json!({"customer": 1})).is(200)["in_stock"], false);
    assert_eq!(shop.store.patch(&at(inside), json!({"belongs_to": whole})).is(200)["in_stock"], false);
    let keys = |query: &str| shop.reader.get(&format!("/api/stock/?{query}")).is(200).numbers("pk");
    assert_eq!(keys("sent_to_customer=true"), [sold]);
    assert_eq!(keys("installed=true"), [inside]);
    assert_eq!(keys("has_installed_items=true"), [whole]);
    assert_eq!(keys("customer=1"), [sold]);
    assert_eq!(one(&shop, whole)["installed_items"], 1);
    assert_eq!(shop.reader.get(&format!("/api/part/{part}/")).is(200)["in_stock"], json!(3.0));
    // What was built in goes with the whole.
    shop.store.delete(&at(whole)).is(204);
    assert!(!shop.has_item(inside));
}

#[test]
fn children_of_a_deleted_item_belong_to_its_parent() {
    let shop = Shop::new();
    let (part, a, b) = (shop.part("Nut"), shop.place("A"), shop.place("B"));
    let first = shop.stock_with(part, 10.0, json!({"location": a}));
    shop.store.post("/api/stock/transfer/", json!({"items": [{"pk": first, "quantity": 4}], "location": b})).is(201);
    let second: i64 = shop.find("SELECT max(id) FROM stock_item");
    shop.store.post("/api/stock/transfer/", json!({"items": [{"pk": second, "quantity": 1}], "location": a})).is(201);
    let third: i64 = shop.find("SELECT max(id) FROM stock_item");
    assert_eq!(one(&shop, first)["child_items"], 1);
    assert_eq!(shop.reader.get(&format!("/api/stock/?ancestor={first}")).is(200).list().len(), 2);
    assert_eq!(shop.reader.get(&format!("/api/stock/?exclude_tree={second}")).is(200).numbers("pk"), [first]);
    assert_eq!(shop.reader.get("/api/stock/?has_child_items=true").is(200).list().len(), 2);
    shop.store.delete(&at(second)).is(204);
    assert_eq!(one(&shop, third)["parent"], json!(first));
    let orphans: i64 = shop.find("SELECT count(*) FROM stock_tracking WHERE item IS NULL");
    assert_eq!(orphans, 2, "what happened to it is still known");
}

#[test]
fn several_items_are_deleted_together_or_not_at_all() {
    let shop = Shop::new();
    let (nut, motor) = (shop.part("Nut"), shop.part_with("Motor", json!({"trackable": true})));
    let items: Vec<i64> = (0..4).map(|_| shop.stock(nut, 1.0)).collect();
    let kept = shop.admin.post("/api/stock/", json!({"part": motor, "quantity": 1, "serial_numbers": "1"})).is(201).pk();
    shop.set("STOCK_ALLOW_DELETE_SERIALIZED", "false");
    let before = shop.state();
    shop.store.delete_with("/api/stock/", json!({"items": [items[0], kept]})).is(400);
    for body in [
        json!({}),
        json!({"items": []}),
        json!({"items": [77]}),
        json!({"items": "x"}),
        json!({"filters": {"part": nut}}),
        json!({"all": false}),
    ] {
        shop.store.delete_with("/api/stock/", body).refuses_barely("non_field_errors");
    }
    shop.store.delete("/api/stock/").refuses_barely("non_field_errors");
    shop.reader.delete_with("/api/stock/", json!({"items": items})).is(403);
    assert_eq!(shop.state(), before);
    let answer = shop.store.delete_with("/api/stock/", json!({"items": [items[0], items[1], 77]})).is(200);
    assert!(answer["success"].is_string());
    assert_eq!(shop.rows("stock_item"), 3);
    shop.set("STOCK_ALLOW_DELETE_SERIALIZED", "true");
    shop.store.delete_with("/api/stock/", json!({"all": true})).is(200);
    assert_eq!(shop.rows("stock_item"), 0);
    shop.store.delete_with("/api/stock/", json!({"all": true})).is(400);
}

#[test]
fn several_items_change_together_or_not_at_all() {
    let shop = Shop::new();
    let (nut, place) = (shop.part("Nut"), shop.place("Shelf"));
    let items: Vec<i64> = (0..3).map(|_| shop.stock(nut, 1.0)).collect();
    let answer = shop.store.patch("/api/stock/", json!({"items": items, "location": place, "batch": "B"})).is(200);
    assert_eq!(answer["items"].as_array().unwrap().len(), 3);
    assert_eq!(shop.reader.get(&format!("/api/stock/?location={place}&batch=B")).is(200).list().len(), 3);
    assert_eq!(shop.reader.get(&format!("/api/stock/location/{place}/")).is(200)["items"], 3);
    let before = shop.state();
    shop.store.patch("/api/stock/", json!({"items": items, "serial": "1"})).is(400);
    assert_eq!(shop.state(), before);
    shop.store.put("/api/stock/", json!({"items": [items[0]], "batch": ""})).is(200);
}

#[test]
fn tags_of_items_are_found() {
    let shop = Shop::new();
    let item = shop.stock_with(shop.part("Nut"), 1.0, json!({"tags": ["Old Stock"]}));
    let keys = |query: &str| shop.reader.get(&format!("/api/stock/?{query}")).is(200).numbers("pk");
    assert_eq!(keys("tags=old%20stock"), [item]);
    assert_eq!(keys("tags__name=Old%20Stock"), [item]);
    assert_eq!(keys("tags__slug=old-stock"), [item]);
    assert_eq!(keys("search=old-st"), [item]);
    shop.store.delete(&at(item)).is(204);
    assert_eq!(shop.rows("tagged_item"), 0);
}
