//! `/api/stock/track/`

use serde_json::json;

use crate::support::Shop;

#[test]
fn events_are_listed_newest_first_and_nobody_changes_them() {
    let shop = Shop::new();
    let (part, place) = (shop.part("Nut"), shop.place("Shelf"));
    let item = shop.stock(part, 5.0);
    shop.sql("UPDATE stock_tracking SET date = date - 60000");
    shop.store
        .post("/api/stock/transfer/", json!({"items": [{"pk": item, "quantity": 5}], "location": place, "notes": "tidied up"}))
        .is(201);
    let list = shop.reader.get("/api/stock/track/").is(200);
    assert_eq!(list.numbers("tracking_type"), [20, 1]);
    assert_eq!(list.texts("label"), ["Location changed", "Stock item created"]);
    let event = &list[0];
    assert_eq!(
        (&event["item"], &event["part"], &event["user"], &event["notes"]),
        (&json!(item), &json!(part), &json!(shop.store.id), &json!("tidied up"))
    );
    assert_eq!(event["deltas"]["location_detail"]["name"], "Shelf", "lists show what keys stand for");
    assert!(event["date"].as_str().unwrap().len() == 16, "no seconds: {}", event["date"]);
    let one = shop.reader.get(&format!("/api/stock/track/{}/", event["pk"])).is(200);
    assert_eq!(one["deltas"]["location"], json!(place));
    assert!(one["deltas"].get("location_detail").is_none());
    for verb in ["POST", "PUT", "PATCH", "DELETE"] {
        shop.admin.json(verb, &format!("/api/stock/track/{}/", event["pk"]), json!({})).is(405);
    }
    shop.admin.delete("/api/stock/track/").is(405);
    shop.reader.get("/api/stock/track/77/").is(404);
}

#[test]
fn events_are_found_by_item_part_user_day_and_note() {
    let shop = Shop::new();
    let family = shop.part_with("Screw", json!({"is_template": true}));
    let m3 = shop.part_with("M3", json!({"variant_of": family}));
    let (a, b) = (shop.stock(family, 1.0), shop.stock(m3, 1.0));
    shop.store.post("/api/stock/add/", json!({"items": [{"pk": a, "quantity": 1}], "notes": "found below the table"})).is(201);
    let count = |query: &str| shop.reader.get(&format!("/api/stock/track/?{query}")).is(200).list().len();
    assert_eq!((count(&format!("item={a}")), count(&format!("item={b}"))), (2, 1));
    assert_eq!((count(&format!("part={family}")), count(&format!("part={family}&include_variants=true"))), (2, 3));
    assert_eq!((count(&format!("user={}", shop.store.id)), count(&format!("user={}", shop.admin.id))), (1, 2));
    assert_eq!((count("search=table"), count("search=cellar")), (1, 0));
    shop.sql("UPDATE stock_tracking SET date = unixepoch('2026-05-10 12:00') * 1000");
    assert_eq!((count("min_date=2026-05-10"), count("min_date=2026-05-11")), (3, 0));
    assert_eq!((count("max_date=2026-05-10"), count("max_date=2026-05-11")), (0, 3));
    assert_eq!(shop.reader.get("/api/stock/track/?limit=2").is(200)["count"], 3);
    let row = shop.reader.get("/api/stock/track/?limit=1&item_detail=true&user_detail=true").is(200)["results"][0].clone();
    assert!(row["item_detail"]["pk"].is_number() && row["user_detail"]["username"].is_string());
}

#[test]
fn what_others_may_not_see_is_not_in_the_events_either() {
    let shop = Shop::new();
    let place = shop.place("Secret");
    let item = shop.stock(shop.part("Nut"), 5.0);
    shop.store.post("/api/stock/transfer/", json!({"items": [{"pk": item, "quantity": 5}], "location": place})).is(201);
    let clerk = shop.hire("clerk", &[("stock", &["view"])]);
    let row = clerk.get(&format!("/api/stock/track/?item={item}&limit=1&part_detail=true")).is(200)["results"][0].clone();
    assert_eq!(row["deltas"]["location_detail"], json!(null));
    shop.norole.get("/api/stock/track/").is(403);
    let builder = shop.hire("builder", &[("build", &["view"])]);
    builder.get("/api/stock/").is(200);
    builder.get("/api/stock/track/").is(403);
}

#[test]
fn kinds_of_events_are_told() {
    let shop = Shop::new();
    let kinds = shop.norole.get("/api/stock/track/status/").is(200);
    assert_eq!(kinds["status_class"], "StockHistoryCode");
    assert_eq!(kinds["values"]["STOCK_ADD"]["key"], 11);
    assert_eq!(kinds["values"].as_object().unwrap().len(), 28);
}

#[test]
fn a_quantity_that_nothing_explains_is_found() {
    let shop = Shop::new();
    let item = shop.stock(shop.part("Nut"), 10.0);
    shop.store.post("/api/stock/remove/", json!({"items": [{"pk": item, "quantity": 3}]})).is(201);
    let found = || shop.find::<i64>(stockroom::stock::track::DISAGREES);
    assert_eq!(found(), 0);
    shop.sql(&format!("UPDATE stock_item SET quantity = 8000000 WHERE id = {item}"));
    assert_eq!(found(), 1, "`stockroom check` says so");
    // An edit in the same millisecond as the event could not be told from it.
    std::thread::sleep(std::time::Duration::from_millis(2));
    shop.admin.patch(&format!("/api/stock/{item}/"), json!({"quantity": 5})).is(200);
    assert_eq!(found(), 0, "an edit is no event in the contract");
}
