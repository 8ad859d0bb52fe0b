//! `/api/order/ro…/`

use serde_json::json;

use crate::support::Shop;

#[test]
fn what_comes_back_is_quarantined() {
    let shop = Shop::new();
    let (customer, place) = (shop.partner("Buyer"), shop.place("Returns"));
    let part = shop.part_with("Lamp", json!({"salable": true}));
    let item = shop.stock(part, 20.0);
    shop.admin.post("/api/stock/assign/", json!({"items": [{"item": item}], "customer": customer})).is(201);
    let order = shop.walk("/api/order/ro/", json!({"customer": customer}), json!({"description": "Broken"}), false);
    let act = |verb: &str, body| shop.admin.post(&format!("/api/order/ro/{order}/{verb}/"), body);
    let body = json!({"order": order, "item": item, "quantity": 5, "price": 2});
    shop.walk("/api/order/ro-line/", body.clone(), json!({"reference": "L"}), true);
    let line = shop.admin.post("/api/order/ro-line/", body.clone()).is(201).pk();
    shop.admin.post("/api/order/ro-line/", body).refuses("non_field_errors");
    shop.admin.patch(&format!("/api/order/ro-line/{line}/"), json!({"quantity": 21})).refuses("quantity");
    shop.walk("/api/order/ro-extra-line/", json!({"order": order, "quantity": 1, "price": 3}), json!({"notes": "fee"}), true);
    let back = json!({"items": [{"item": line}], "location": place, "note": "dented"});
    act("receive", back.clone()).refuses("non_field_errors");
    act("hold", json!({})).is(201);
    act("issue", json!({})).is(201);
    act("receive", json!({"items": [], "location": place})).refuses("non_field_errors");
    act("receive", json!({"items": [{"item": line}]})).refuses("location");
    act("receive", back.clone()).is(201);
    let received = shop.admin.get(&format!("/api/order/ro-line/{line}/")).is(200);
    let came = received["item"].as_i64().unwrap();
    assert!(came != item && received["received_date"].is_string());
    let stock = shop.admin.get(&format!("/api/stock/{came}/")).is(200);
    assert_eq!((&stock["status"], &stock["location"], &stock["customer"]), (&json!(75), &json!(place), &json!(null)));
    assert_eq!((shop.quantity(came), shop.quantity(item)), (5_000_000, 15_000_000));
    assert!(shop.events(came).contains(&80));
    act("receive", back).is(201);
    assert_eq!(shop.quantity(item), 15_000_000, "what was received is passed over");
    shop.admin.patch(&format!("/api/order/ro-line/{line}/"), json!({"outcome": 30})).is(200);
    assert_eq!(shop.admin.get(&format!("/api/order/ro/{order}/")).is(200)["completed_lines"], 1);
    shop.reader.post(&format!("/api/order/ro/{order}/complete/"), json!({})).is(403);
    act("complete", json!({})).is(201);
    act("cancel", json!({})).is(201);
    assert_eq!(shop.admin.get(&format!("/api/order/ro/{order}/")).is(200)["status"], 30);
    shop.admin.delete(&format!("/api/order/ro-line/{line}/")).refuses("non_field_errors");
    shop.admin.delete(&format!("/api/order/ro/{order}/")).is(204);
}
