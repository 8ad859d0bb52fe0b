//! `/api/stock/test/`

use serde_json::{Value, json};

use crate::support::{Answer, Shop};

struct Bench {
    shop: Shop,
    item: i64,
    volts: i64,
    look: i64,
}

/// An item of a variant; one test belongs to the variant, one to its template.
fn bench() -> Bench {
    let shop = Shop::new();
    let lamp = shop.part_with("Lamp", json!({"is_template": true, "testable": true}));
    let red = shop.part_with("Red lamp", json!({"variant_of": lamp, "testable": true}));
    let template = |part: i64, name: &str, more: Value| {
        let body = crate::support::goods::with(json!({"part": part, "test_name": name, "description": "how it is done"}), &more);
        shop.admin.post("/api/part/test-template/", body).is(201).pk()
    };
    let volts = template(lamp, "Volts at rest", json!({"requires_value": true}));
    let look = template(red, "Look", json!({"choices": "good, bad"}));
    let item = shop.stock_with(red, 1.0, json!({}));
    Bench { shop, item, volts, look }
}

impl Bench {
    fn result(&self, body: Value) -> Answer {
        self.shop.store.post("/api/stock/test/", crate::support::goods::with(json!({"stock_item": self.item}), &body))
    }
}

#[test]
fn a_result_is_kept_by_whom_and_when() {
    let b = bench();
    let made = b.result(json!({"template": b.volts, "result": true, "value": "5.1", "test_station": "bench 1"})).is(201);
    assert_eq!((&made["user"], &made["value"], &made["result"]), (&json!(b.shop.store.id), &json!("5.1"), &json!(true)));
    assert_eq!(made["template_detail"]["key"], "voltsatrest");
    let path = format!("/api/stock/test/{}/", made.pk());
    assert_eq!(b.shop.reader.get(&format!("{path}?template_detail=true")).is(200)["template_detail"]["pk"], json!(b.volts));
    assert_eq!(b.shop.store.patch(&path, json!({"notes": "warm"})).is(200)["notes"], "warm");
    let whole = json!({"stock_item": b.item, "template": b.volts, "value": "5.2"});
    assert_eq!(b.shop.store.put(&path, whole).is(200)["value"], "5.2");
    assert_eq!(b.shop.reader.get(&format!("/api/part/test-template/{}/", b.volts)).is(200)["results"], json!(1));
    b.shop.reader.delete(&path).is(403);
    b.shop.admin.delete(&path).is(204);
}

#[test]
fn a_test_is_found_by_its_name_along_the_templates() {
    let b = bench();
    let made = b.result(json!({"test": "volts AT rest", "value": "5"})).is(201);
    assert_eq!(made["template"], json!(b.volts));
    b.result(json!({"test": "smell"})).refuses("test");
    b.result(json!({})).refuses("test");
}

#[test]
fn a_result_brings_what_its_test_asks_for() {
    let b = bench();
    let before = b.shop.state();
    b.result(json!({"template": b.volts})).refuses("value");
    b.result(json!({"template": b.look, "value": "so so"})).refuses("value");
    let backwards = json!({"template": b.look, "started_datetime": "2030-01-02T00:00:00Z", "finished_datetime": "2030-01-01T00:00:00Z"});
    b.result(backwards).refuses("finished_datetime");
    assert_eq!(b.shop.state(), before);
    b.result(json!({"template": b.look, "value": "good"})).is(201);
}

#[test]
fn results_come_and_go_together() {
    let b = bench();
    let one = json!({"stock_item": b.item, "template": b.look, "value": "good", "result": true});
    b.shop.store.post("/api/stock/test/", json!([one, {"stock_item": 99999, "template": b.look}])).is(400);
    assert_eq!(b.shop.rows("stock_test_result"), 0);
    let made = b.shop.store.post("/api/stock/test/", json!([one, one])).is(201);
    let keys: Vec<i64> = made.json.as_array().into_iter().flatten().filter_map(|r| r["pk"].as_i64()).collect();
    let count = |query: &str| b.shop.reader.get(&format!("/api/stock/test/?limit=1&{query}")).is(200)["count"].clone();
    assert_eq!(count(&format!("stock_item={}&test=look", b.item)), json!(2));
    assert_eq!(count("test=volts"), json!(0));
    assert_eq!(count(&format!("stock_item={}&include_installed=true&result=true", b.item)), json!(2));
    b.shop.admin.json("DELETE", "/api/stock/test/", json!({ "items": keys })).is(200);
    assert_eq!(count(""), json!(0));
}
