//! `/api/selection/`

use serde_json::json;

use crate::support::Shop;

const LISTS: &str = "/api/selection/";

#[test]
fn lists_have_entries_of_their_own() {
    let shop = Shop::new();
    let made = shop.staff.post(LISTS, json!({"name": "Colours", "choices": [{"value": "x", "label": "x"}]})).is(201);
    assert!(made.json.get("entry_count").is_none(), "nothing is counted in the answer to a creation");
    let one = format!("{LISTS}{}/", made.pk());
    let entries = format!("{one}entry/");
    let red = shop.staff.post(&entries, json!({"value": "r", "label": "Red"})).is(201);
    assert_eq!(red.json, json!({"id": 1, "value": "r", "label": "Red", "description": "", "active": true, "list": made.pk()}));
    shop.staff.post(&entries, json!({"value": "b", "label": "Blue", "active": false, "list": made.pk()})).is(201);
    let other = shop.staff.post(LISTS, json!({"name": "Sizes"})).is(201).pk();
    shop.staff.post(&format!("{LISTS}{other}/entry/"), json!({"value": "r", "label": "regular"})).is(201);
    let shown = shop.norole.get(&one).is(200);
    assert_eq!((&shown["entry_count"], shown["choices"].as_array().unwrap().len()), (&json!(2), 2));
    assert_eq!(shop.norole.get(LISTS).is(200).texts("name"), ["Colours", "Sizes"]);
    assert_eq!(shop.norole.get(&format!("{entries}?ordering=label")).is(200).texts("value"), ["b", "r"]);
    assert_eq!(shop.norole.get(&format!("{entries}?active=true")).is(200).texts("value"), ["r"]);
    assert_eq!(shop.norole.get(&format!("{entries}1/")).is(200)["label"], "Red");
    assert_eq!(shop.staff.patch(&format!("{entries}1/"), json!({"label": "Ruby"})).is(200)["label"], "Ruby");
    shop.staff.put(&format!("{entries}1/"), json!({"value": "r", "label": "Red"})).is(200);
    // An entry stands below its own list only.
    shop.staff.get(&format!("{LISTS}{other}/entry/1/")).is(404);
    shop.staff.patch(&format!("{LISTS}{other}/entry/1/"), json!({"label": "x"})).is(404);
    shop.staff.delete(&format!("{LISTS}{other}/entry/1/")).is(404);
    assert!(shop.norole.get("/api/selection/77/entry/").is(200).list().is_empty());
    shop.staff.post("/api/selection/77/entry/", json!({"value": "r", "label": "x"})).is(404);
    shop.staff.delete(&format!("{entries}1/")).is(204);
    shop.staff.put(&one, json!({"name": "Tints"})).is(200);
    shop.staff.delete(&one).is(204);
    assert_eq!(shop.rows("selection_entry"), 1);
}

#[test]
fn nonsense_and_strangers_are_refused() {
    let shop = Shop::new();
    shop.admin.post(LISTS, json!({"name": "Colours"})).is(201);
    shop.admin.post(LISTS, json!({"name": "Sizes"})).is(201);
    shop.admin.post("/api/selection/1/entry/", json!({"value": "r", "label": "Red"})).is(201);
    let before = shop.state();
    shop.admin.post(LISTS, json!({"name": "Colours"})).refuses("name");
    shop.admin.post("/api/selection/1/entry/", json!({"value": "r", "label": "again"})).refuses("non_field_errors");
    shop.admin.post("/api/selection/1/entry/", json!({"value": "x", "label": "x", "list": 2})).refuses("list");
    shop.admin.patch("/api/selection/1/entry/1/", json!({"list": 2})).refuses("list");
    for who in [&shop.reader, &shop.store, &shop.norole] {
        who.post(LISTS, json!({"name": "x"})).is(403);
        who.patch("/api/selection/1/", json!({"name": "x"})).is(403);
        who.delete("/api/selection/1/").is(403);
        who.post("/api/selection/1/entry/", json!({"value": "x", "label": "x"})).is(403);
        who.delete("/api/selection/1/entry/1/").is(403);
    }
    assert_eq!(shop.state(), before);
}

#[test]
fn a_locked_list_stays_as_it_is_until_the_lock_is_taken_off() {
    let shop = Shop::new();
    shop.admin.post(LISTS, json!({"name": "Colours"})).is(201);
    shop.admin.post("/api/selection/1/entry/", json!({"value": "r", "label": "Red"})).is(201);
    shop.admin.patch("/api/selection/1/", json!({"locked": true, "description": "done"})).is(200);
    let before = shop.state();
    shop.admin.post("/api/selection/1/entry/", json!({"value": "x", "label": "x"})).refuses("list");
    shop.admin.patch("/api/selection/1/entry/1/", json!({"label": "x"})).refuses("list");
    shop.admin.delete("/api/selection/1/entry/1/").refuses("list");
    shop.admin.patch("/api/selection/1/", json!({"description": "x"})).refuses("locked");
    shop.admin.delete("/api/selection/1/").refuses("locked");
    assert_eq!(shop.state(), before);
    shop.admin.patch("/api/selection/1/", json!({"locked": false})).is(200);
    shop.admin.delete("/api/selection/1/entry/1/").is(204);
}
