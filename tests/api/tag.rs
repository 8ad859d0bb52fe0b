//! `/api/tag/`

use serde_json::json;

use crate::support::Shop;

const TAGS: &str = "/api/tag/";

#[test]
fn tags_are_made_renamed_and_taken_off() {
    let shop = Shop::new();
    let hot = shop.staff.post(TAGS, json!({"name": "Hot Stuff", "slug": "mine"})).is(201);
    assert_eq!(hot.json, json!({"pk": 1, "name": "Hot Stuff", "slug": "hot-stuff"}));
    shop.staff.post(TAGS, json!({"name": "hot stuff"})).refuses("name");
    assert_eq!(shop.staff.post(TAGS, json!({"name": "hot, stuff"})).is(201)["slug"], "hot-stuff_1");
    let part = shop.part_with("Lamp", json!({"tags": ["Hot Stuff"]}));
    let tags = || shop.reader.get(&format!("/api/part/{part}/?tags=true")).is(200)["tags"].clone();
    assert_eq!(shop.staff.patch("/api/tag/1/", json!({"name": "Warm"})).is(200)["slug"], "warm");
    assert_eq!(tags(), json!(["Warm"]));
    assert_eq!(shop.staff.put("/api/tag/1/", json!({"name": "WARM"})).is(200)["name"], "WARM");
    assert_eq!(shop.norole.get("/api/tag/?model_type=part&ordering=-name").is(200).texts("name"), ["WARM"]);
    assert!(shop.norole.get("/api/tag/?model_type=stock.stockitem").is(200).list().is_empty());
    assert_eq!(shop.norole.get("/api/tag/?search=stuff").is(200).texts("slug"), ["hot-stuff_1"]);
    shop.norole.get("/api/tag/?model_type=a").refuses("model_type");
    assert_eq!(shop.norole.get("/api/tag/1/").is(200)["name"], "WARM");
    for who in [&shop.reader, &shop.store, &shop.norole] {
        who.post(TAGS, json!({"name": "x"})).is(403);
        who.patch("/api/tag/1/", json!({"name": "x"})).is(403);
        who.delete("/api/tag/1/").is(403);
    }
    shop.staff.delete("/api/tag/1/").is(204);
    assert_eq!(tags(), json!([]));
}
