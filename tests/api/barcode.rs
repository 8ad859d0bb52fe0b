//! `/api/barcode/…`

use serde_json::json;

use crate::support::Shop;

#[test]
fn a_scan_finds_what_it_names() {
    let shop = Shop::new();
    let (part, place) = (shop.part("Bolt"), shop.place("Shelf"));
    let item = shop.stock_with(part, 5.0, json!({"location": place}));
    for (code, model, key) in [
        (format!("{{\"part\": {part}}}"), "part", part),
        (format!("{{\"stockitem\": \"{item}\"}}"), "stockitem", item),
        (format!("INV-SL{place}"), "stocklocation", place),
        (format!(" INV-PA{part}\n"), "part", part),
    ] {
        let found = shop.reader.post("/api/barcode/", json!({"barcode": code})).is(200);
        assert_eq!((&found[model]["pk"], &found[model]["instance"]["pk"]), (&json!(key), &json!(key)), "{code}");
        assert_eq!(found["plugin"], "InvenTreeBarcode");
        shop.reader.get(found[model]["api_url"].as_str().unwrap()).is(200);
    }
    for code in ["INV-PA999", "INV-XX1", "inv-pa1", "{\"company\": 1}", "anything", "{}"] {
        let unknown = shop.reader.post("/api/barcode/", json!({"barcode": code})).is(400);
        assert!(unknown["error"].is_string() && unknown["barcode_hash"].as_str().unwrap().len() == 32, "{code}");
    }
    shop.reader.post("/api/barcode/", json!({})).refuses("barcode");
    shop.reader.post("/api/barcode/", json!({"barcode": "x".repeat(5000)})).refuses("barcode");
}

#[test]
fn a_scan_shows_what_roles_allow() {
    let shop = Shop::new();
    let part = shop.part("Bolt");
    let item = shop.stock(part, 1.0);
    let person = shop.hire("parts-only", &[("part", &["view"])]);
    person.post("/api/barcode/", json!({"barcode": format!("INV-PA{part}")})).is(200);
    person.post("/api/barcode/", json!({"barcode": format!("INV-SI{item}")})).is(403);
    person.post("/api/barcode/generate/", json!({"model": "stockitem", "pk": item})).is(403);
    shop.norole.post("/api/barcode/", json!({"barcode": format!("INV-PA{part}")})).is(403);
    shop.anon.post("/api/barcode/", json!({"barcode": "x"})).is(401);
}

#[test]
fn things_have_codes() {
    let shop = Shop::new();
    let part = shop.part("Bolt");
    let code = |model: &str, key: i64| shop.reader.post("/api/barcode/generate/", json!({"model": model, "pk": key}));
    assert_eq!(code("part", part).is(200)["barcode"], format!("INV-PA{part}"));
    let form = "/api/plugins/inventreebarcode/settings/INTERNAL_BARCODE_FORMAT/";
    shop.reader.patch(form, json!({"value": "json"})).is(403);
    shop.admin.patch(form, json!({"value": "nonsense"})).is(400);
    assert_eq!(shop.admin.patch(form, json!({"value": "json"})).is(200)["value"], "json");
    let text = code("part", part).is(200)["barcode"].as_str().unwrap().to_string();
    assert_eq!(shop.reader.post("/api/barcode/", json!({"barcode": text})).is(200)["part"]["pk"], part);
    code("spaceship", 1).refuses("model");
    assert!(code("part", 999).is(400)["error"].is_string());
}

#[test]
fn any_text_can_come_to_stand_for_a_thing() {
    let shop = Shop::new();
    let (part, item) = (shop.part("Bolt"), shop.stock(shop.part("Nut"), 1.0));
    let linked = shop.admin.post("/api/barcode/link/", json!({"barcode": "4006381333931", "part": part})).is(200);
    assert_eq!(linked["part"]["pk"], part);
    assert_eq!(shop.reader.get(&format!("/api/part/{part}/")).is(200)["barcode_hash"], linked["barcode_hash"]);
    assert_eq!(shop.reader.post("/api/barcode/", json!({"barcode": " 4006381333931 "})).is(200)["part"]["pk"], part);
    let taken = shop.admin.post("/api/barcode/link/", json!({"barcode": "4006381333931", "stockitem": item})).is(400);
    assert_eq!(taken["part"]["pk"], part.to_string(), "the contract says all of it in texts");
    for body in
        [json!({"barcode": "x"}), json!({"barcode": "x", "spaceship": 1}), json!({"barcode": format!("INV-PA{part}"), "stockitem": item})]
    {
        assert!(shop.admin.post("/api/barcode/link/", body).is(400)["error"].is_string());
    }
    shop.admin.post("/api/barcode/link/", json!({"barcode": "x", "part": 999})).refuses("part");
    shop.store.post("/api/barcode/link/", json!({"barcode": "x", "part": part})).is(403);
    shop.store.post("/api/barcode/link/", json!({"barcode": "y", "stockitem": item})).is(200);
    shop.store.post("/api/barcode/unlink/", json!({"part": part})).is(403);
    shop.admin.post("/api/barcode/unlink/", json!({"part": part, "stockitem": item})).is(400);
    shop.admin.post("/api/barcode/unlink/", json!({})).is(400);
    shop.admin.post("/api/barcode/unlink/", json!({"part": part})).is(200);
    shop.reader.post("/api/barcode/", json!({"barcode": "4006381333931"})).is(400);
}

#[test]
fn scans_are_kept_where_that_is_wanted() {
    let shop = Shop::new();
    let part = shop.part("Bolt");
    shop.reader.post("/api/barcode/", json!({"barcode": "before"})).is(400);
    assert_eq!(shop.rows("barcode_scan"), 0);
    shop.set("BARCODE_STORE_RESULTS", "true");
    shop.store.post("/api/barcode/", json!({"barcode": "unknown"})).is(400);
    shop.reader.post("/api/barcode/", json!({"barcode": format!("INV-PA{part}")})).is(200);
    let all = shop.reader.get("/api/barcode/history/?ordering=timestamp").is(200);
    assert_eq!((all.list().len(), &all.list()[0]["result"]), (2, &json!(false)));
    assert!(all.list()[1]["response"]["part"].get("instance").is_none(), "a scan is kept, not a copy of the thing");
    assert_eq!(shop.store.get("/api/barcode/history/").is(200).texts("data"), ["unknown"], "others' scans are not theirs to see");
    let at = format!("/api/barcode/history/{}/", all.numbers("pk")[0]);
    assert_eq!(shop.reader.get(&at).is(200)["data"], "unknown");
    shop.store.delete(&at).is(403);
    shop.admin.delete(&at).is(204);
    shop.admin.delete_with("/api/barcode/history/", json!({"items": all.numbers("pk")})).is(200);
    assert_eq!(shop.rows("barcode_scan"), 0);
    shop.set("BARCODE_RESULTS_MAX_NUM", "1");
    for _ in 0..3 {
        shop.store.post("/api/barcode/", json!({"barcode": "again"})).is(400);
    }
    assert_eq!(shop.rows("barcode_scan"), 1);
}

#[test]
fn what_is_compiled_in_can_be_set_and_nothing_else() {
    let shop = Shop::new();
    assert_eq!(shop.reader.get("/api/plugins/?active=true").is(200).texts("key"), ["inventreebarcode"]);
    assert_eq!(shop.reader.get("/api/plugins/inventreebarcode/").is(200)["is_mandatory"], true);
    assert_eq!(shop.reader.get("/api/plugins/settings/?plugin__key=inventreebarcode").is(200).list().len(), 2);
    assert_eq!(shop.reader.get("/api/plugins/inventreebarcode/settings/").is(200).list().len(), 2);
    let prefix = "/api/plugins/inventreebarcode/settings/SHORT_BARCODE_PREFIX/";
    assert_eq!(shop.reader.get(prefix).is(200)["value"], "INV-");
    shop.admin.put(prefix, json!({})).refuses("value");
    shop.admin.put(prefix, json!({"value": "W"})).is(200);
    let part = shop.part("Bolt");
    assert_eq!(shop.reader.post("/api/barcode/", json!({"barcode": format!("WPA{part}")})).is(200)["part"]["pk"], part);
    shop.reader.get("/api/plugins/inventreebarcode/settings/NONSENSE/").is(404);
    shop.reader.get("/api/plugins/other/settings/").is(404);
    assert_eq!(shop.reader.get("/api/plugins/inventreebarcode/user-settings/").is(200).json, json!([]));
    shop.staff.get("/api/plugins/inventreebarcode/admin/").is(200);
    shop.reader.get("/api/plugins/inventreebarcode/admin/").is(403);
    let activate = "/api/plugins/inventreebarcode/activate/";
    shop.staff.patch(activate, json!({"active": true})).is(403);
    shop.admin.patch(activate, json!({"active": false})).is(400);
    shop.admin.patch(activate, json!({"active": true})).is(200);
    shop.admin.put(activate, json!({})).is(200);
    shop.admin.get("/api/plugins/status/").is(200);
    shop.admin.post("/api/plugins/install/", json!({"packagename": "x", "confirm": true})).is(400);
    shop.admin.post("/api/plugins/reload/", json!({})).is(400);
    shop.staff.post("/api/plugins/reload/", json!({})).is(403);
}
