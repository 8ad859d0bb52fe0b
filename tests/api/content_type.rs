//! `/api/contenttype/`

use serde_json::json;

use crate::support::Shop;

#[test]
fn models_are_found_by_number_and_by_name_old_and_new() {
    let shop = Shop::new();
    let part = shop.norole.get("/api/contenttype/model/part/").is(200);
    assert_eq!((&part["app_label"], &part["model"], &part["is_plugin"]), (&json!("part"), &json!("part"), &json!(false)));
    assert_eq!(part["app_labeled_name"], "Part | Part");
    assert_eq!(shop.norole.get(&format!("/api/contenttype/{}/", part.pk())).is(200).json, part.json);
    assert_eq!(shop.norole.get("/api/contenttype/part/").is(200).json, part.json, "clients of old know it here");
    let page = shop.norole.get("/api/contenttype/?search=stock&ordering=-model&limit=2").is(200);
    assert!(page["count"].as_i64().unwrap() >= 5 && page["results"][0]["app_label"] == "stock");
    for path in ["model/nosuch/", "nosuch/", "model/no-such-key/", "no-such-key/", "9999/"] {
        shop.norole.get(&format!("/api/contenttype/{path}")).is(404);
    }
    shop.admin.post("/api/contenttype/", json!({})).is(405);
}
