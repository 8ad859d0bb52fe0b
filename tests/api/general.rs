//! What belongs to no trade: search, flags, rates, reports, news, webhooks, tasks, versions, generated codes.

use base64::Engine;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use stockroom::common::{currency, daily, error_report, webhook};
use stockroom::identity::User;

use crate::support::Shop;

#[test]
fn several_kinds_are_searched_at_once() {
    let shop = Shop::new();
    let part = shop.part("Xylophone bar");
    shop.part("Xylophone stick");
    shop.place("Xylophone shelf");
    shop.stock(part, 3.0);
    let found = shop.reader.post("/api/search/", json!({"search": "xylo bar", "part": {}, "stocklocation": {}, "nosuch": {}})).is(200);
    assert_eq!((&found["part"]["count"], &found["part"]["results"][0]["pk"]), (&json!(1), &json!(part)));
    assert_eq!(found["stocklocation"], json!({"count": 0, "next": null, "previous": null, "results": []}));
    assert!(found.json.get("nosuch").is_none());
    let paged = shop.reader.post("/api/search/", json!({"search": "xylophone", "part": {"ordering": "-name"}})).is(200);
    assert_eq!(paged["part"]["results"][0]["name"], "Xylophone stick", "filters and orders of the list count, one row comes");
    assert_eq!(paged["part"]["next"], format!("{}/api/search/?limit=1&offset=1", crate::support::ORIGIN));
    let pieces = shop.reader.post("/api/search/", json!({"search": "xyl.*stick", "search_regex": true, "part": {}, "limit": 5})).is(200);
    assert_eq!(pieces["part"]["count"], 1);
}

#[test]
fn a_search_shows_nothing_that_roles_hide() {
    let shop = Shop::new();
    shop.part("Secret");
    let asked = json!({"search": "Secret", "part": {}, "stockitem": {"part_detail": true}, "company": {}});
    let found = shop.norole.post("/api/search/", asked.clone()).is(200);
    for kind in ["part", "stockitem", "company"] {
        assert_eq!(found[kind].as_object().unwrap().keys().collect::<Vec<_>>(), ["error"], "{kind}");
    }
    shop.anon.post("/api/search/", asked).is(401);
    assert!(shop.admin.post("/api/search/", json!({"search": "a", "part": {"category": "x"}})).is(200)["part"]["error"].is_string());
    shop.admin.post("/api/search/", json!({"part": {}})).is(400);
    shop.admin.post("/api/search/", json!({"search": "a", "part": 3})).is(400);
    shop.admin.post("/api/search/", json!({"search": "(", "search_regex": true, "part": {}})).is(200);
}

#[test]
fn flags_come_on_by_their_parameter_alone() {
    let shop = Shop::new();
    let state = |path: &str, key: &str| {
        let all = shop.anon.get(path).is(200);
        all.list().iter().find(|flag| flag["key"] == key).map(|flag| flag["state"].clone()).unwrap()
    };
    assert_eq!(state("/api/flags/", "NEXT_GEN"), false);
    assert_eq!(state("/api/flags/?ngen=", "NEXT_GEN"), true);
    assert_eq!(state("/api/flags/?ngen=1", "NEXT_GEN"), false);
    assert!(shop.staff.get("/api/flags/OIDC/").is(200).json.get("conditions").is_none());
    assert!(shop.admin.get("/api/flags/OIDC/").is(200)["conditions"].is_array());
    shop.admin.get("/api/flags/NO_SUCH/").is(404);
}

#[test]
fn rates_come_from_a_file_all_or_none() {
    let shop = Shop::new();
    let file = shop.path().join(currency::FILE);
    assert_eq!(
        shop.reader.get("/api/currency/exchange/").is(200).json,
        json!({"base_currency": "USD", "exchange_rates": {}, "updated": null})
    );
    shop.staff.post("/api/currency/refresh/", json!({})).is(200);
    assert!(shop.reader.get("/api/currency/exchange/").is(200)["updated"].is_null(), "nothing was read");
    std::fs::write(&file, "# one dollar is\nEUR,0.8\n\nJPY;150.5\n").unwrap();
    shop.staff.post("/api/currency/refresh/", json!({})).is(200);
    let rates = shop.reader.get("/api/currency/exchange/").is(200);
    assert_eq!(rates["exchange_rates"], json!({"EUR": 0.8, "JPY": 150.5}));
    assert!(rates["updated"].as_str().unwrap().ends_with('Z'));
    std::fs::write(&file, "GBP,0.7\nEUR,nothing\n").unwrap();
    shop.staff.post("/api/currency/refresh/", json!({})).is(400);
    assert_eq!(shop.reader.get("/api/currency/exchange/").is(200)["exchange_rates"], json!({"EUR": 0.8, "JPY": 150.5}));
    shop.reader.post("/api/currency/refresh/", json!({})).is(403);
    let conn = shop.server.site().db.read().unwrap();
    assert_eq!(currency::convert(&conn, 10_000_000, "EUR", "JPY").unwrap(), Some(1_881_250_000));
    assert_eq!(currency::convert(&conn, 5, "EUR", "EUR").unwrap(), Some(5));
    assert_eq!(currency::convert(&conn, 5, "EUR", "CHF").unwrap(), None);
}

#[test]
fn faults_of_ours_are_kept_for_the_staff() {
    let shop = Shop::new();
    shop.server.site().db.write(User::system(), |tx| error_report::record(tx, "/api/part/", "a cause")).unwrap();
    shop.reader.get("/api/error-report/").is(403);
    let all = shop.staff.get("/api/error-report/?search=cause&ordering=-when").is(200);
    let key = all.list()[0]["pk"].as_i64().unwrap();
    let at = format!("/api/error-report/{key}/");
    assert_eq!(shop.staff.get(&at).is(200)["data"], "a cause");
    assert_eq!(shop.staff.patch(&at, json!({"data": "changed"})).is(200)["data"], "a cause", "nobody changes a report");
    assert_eq!(shop.staff.put(&at, json!({})).is(200)["path"], "/api/part/");
    let told = shop.staff.get("/api/notifications/").is(200);
    assert_eq!((&told.list()[0]["category"], &told.list()[0]["target"]["model_type"]), (&json!("inventree.error_log"), &json!("error")));
    shop.staff.delete(&at).is(204);
    assert_eq!(shop.staff.get("/api/notifications/").is(200).list()[0]["target"], Value::Null, "it is gone");
    shop.server.site().db.write(User::system(), |tx| error_report::record(tx, "/", "another")).unwrap();
    let key = shop.staff.get("/api/error-report/").is(200).list()[0]["pk"].clone();
    shop.staff.delete_with("/api/error-report/", json!({"items": [key]})).is(200);
    assert_eq!(shop.rows("error_report"), 0);
}

#[test]
fn news_are_read_by_staff() {
    let shop = Shop::new();
    shop.sql(
        "INSERT INTO news_entry (feed_id, title, link, published, author, summary) VALUES ('a', 'Inventory on Friday', 'https://shop.test/', 1, 'x', 's'), \
         ('b', 'Second', 'https://shop.test/', 2, 'x', 's')",
    );
    let all = shop.staff.get("/api/news/").is(200);
    assert_eq!(all.texts("title"), ["Second", "Inventory on Friday"]);
    shop.reader.get("/api/news/").is(403);
    let at = format!("/api/news/{}/", all.numbers("pk")[0]);
    assert_eq!(shop.staff.patch(&at, json!({"read": true})).is(200)["read"], true);
    assert_eq!(shop.staff.get("/api/news/?read=false").is(200).texts("title"), ["Inventory on Friday"]);
    let mut whole = shop.staff.get(&at).is(200).json;
    whole["read"] = json!(false);
    assert_eq!(shop.staff.put(&at, whole).is(200)["read"], false);
    shop.staff.delete(&at).is(204);
    shop.staff.delete_with("/api/news/", json!({"items": all.numbers("pk")})).is(200);
    assert_eq!(shop.rows("news_entry"), 0);
}

#[test]
fn webhooks_take_what_proves_itself() {
    let shop = Shop::new();
    let secret = shop.server.site().secret;
    let made =
        |proof, name: &'static str| shop.server.site().db.write(User::system(), move |tx| webhook::add(tx, &secret, name, proof)).unwrap();
    let send = |endpoint: &str, token: Option<&str>, body: &[u8]| {
        let headers: Vec<(&str, &str)> = token.map(|token| ("Token", token)).into_iter().collect();
        shop.anon.raw("POST", &format!("/api/webhook/{endpoint}/"), &headers, body).status
    };
    let (open, _) = made(webhook::Proof::Nothing, "open");
    assert_eq!(send(&open, None, br#"{"a": 1}"#), 200);
    assert_eq!(send(&open, None, b"no json"), 406);
    let (guarded, token) = made(webhook::Proof::Token, "guarded");
    assert_eq!(send(&guarded, None, b"{}"), 403);
    assert_eq!(send(&guarded, Some("guess"), b"{}"), 403);
    assert_eq!(send(&guarded, Some(&token), b"{}"), 200);
    let (signed, key) = made(webhook::Proof::Hmac, "signed");
    let sign = |body: &[u8]| {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).unwrap();
        mac.update(body);
        base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
    };
    assert_eq!(send(&signed, Some(&sign(br#"{"b":2}"#)), br#"{"b":2}"#), 200);
    assert_eq!(send(&signed, Some(&sign(br#"{"b":2}"#)), br#"{"b":3}"#), 403);
    assert_eq!(send(&signed, Some(&key), br#"{"b":2}"#), 403, "the secret itself proves nothing");
    assert_eq!(send("none-such", None, b"{}"), 404);
    assert_eq!(shop.rows("webhook_message"), 3);
    let held: String = shop.find("SELECT group_concat(hex(seed)) FROM webhook");
    assert!(!held.to_lowercase().contains(&key), "the database alone reveals no secret");
}

#[test]
fn what_no_plugin_does_is_refused_by_name() {
    let shop = Shop::new();
    assert_eq!(shop.norole.post("/api/action/", json!({"action": "x", "data": {}})).is(404)["action"], "x");
    assert!(shop.norole.post("/api/action/", json!({})).is(400)["error"].is_string());
    shop.norole.post("/api/locate/", json!({})).is(400);
    shop.norole.post("/api/locate/", json!({"plugin": "x", "item": 1})).is(400);
    assert_eq!(shop.admin.get("/api/supplier/list/").is(200).json, json!([]));
    shop.norole.get("/api/supplier/list/").is(403);
    shop.admin.get("/api/supplier/search/?plugin=x").is(404);
    shop.norole.get("/api/supplier/search/").is(403);
    shop.admin.post("/api/supplier/import/", json!({"plugin": "x", "supplier": "y", "part_import_id": "z"})).is(404);
    shop.admin.post("/api/supplier/import/", json!({})).refuses("plugin");
    assert_eq!(shop.norole.get("/api/plugins/ui/features/dashboard/").is(200).json, json!([]));
}

#[test]
fn the_server_tells_of_itself() {
    let shop = Shop::new();
    let licenses = shop.norole.get("/api/license/").is(200);
    assert!(licenses["backend"].as_array().unwrap().iter().any(|package| package["name"] == "rusqlite"));
    assert!(shop.staff.get("/api/version-text?versions=3").is(200).list()[2]["latest"] == true);
    assert_eq!(shop.staff.get("/api/version-text?versions=2&start_version=511").is(200).list()[1], Value::Null);
    shop.reader.get("/api/version-text").is(403);
    let icons = shop.anon.get("/api/icons/").is(200);
    assert_eq!(icons.list()[0]["icons"]["home"]["variants"]["outline"], "eac1");
    shop.anon.post("/api/system-internal/observability/end", json!({"traceid": "a", "service": "b"})).is(200);
    let options = shop.admin.get("/api/admin/config/").is(200);
    assert!(options.list().iter().all(|option| option.get("value").is_none()));
    assert_eq!(shop.admin.get("/api/admin/config/STOCKROOM_DEBUG/").is(200)["source"], "default");
    shop.admin.get("/api/admin/config/NO_SUCH/").is(404);
    shop.staff.get("/api/admin/config/").is(403);
}

#[test]
fn clients_of_old_times_find_what_they_know() {
    let shop = Shop::new();
    assert_eq!(shop.reader.get("/api/web/ui_preference/").is(200).json, json!({"cui": true, "pui": false, "preferred_method": "cui"}));
    assert_eq!(shop.reader.put("/api/web/ui_preference/", json!({"preferred_method": "pui"})).is(200)["pui"], true);
    shop.reader.put("/api/web/ui_preference/", json!({"preferred_method": "tui"})).refuses("preferred_method");
    assert_eq!(shop.store.get("/api/web/ui_preference/").is(200)["cui"], true, "everybody has a preference of their own");
    let ways = shop.reader.get("/api/settings/notification/").is(200);
    let at = format!("/api/settings/notification/{}/", ways.numbers("pk")[0]);
    assert_eq!(shop.reader.get(&at).is(200)["method"], "email");
    assert_eq!(shop.reader.patch(&at, json!({"value": "False"})).is(200)["value"], false);
    assert_eq!(shop.reader.put(&at, json!({"value": true})).is(200)["value"], true);
    shop.store.get(&at).is(404);
}

#[test]
fn people_hear_once_a_day_that_stock_is_low() {
    let shop = Shop::new();
    let above = shop.category("Fasteners");
    let category = shop.category_with("Bolts", json!({"parent": above}));
    let part = shop.part_with("Bolt", json!({"minimum_stock": 10, "category": category}));
    shop.admin.patch(&format!("/api/part/{part}/"), json!({"starred": true})).is(200);
    shop.reader.patch(&format!("/api/part/category/{above}/"), json!({"starred": true}));
    let watcher = shop.hire("watcher", &[("part_category", &["view", "change"]), ("part", &["view"])]);
    watcher.patch(&format!("/api/part/category/{above}/"), json!({"starred": true})).is(200);
    let blind = shop.hire("blind", &[("part_category", &["view", "change"])]);
    blind.patch(&format!("/api/part/category/{above}/"), json!({"starred": true})).is(200);
    let item = shop.stock(part, 12.0);
    let take = |quantity: i64| shop.admin.post("/api/stock/remove/", json!({"items": [{"pk": item, "quantity": quantity}]})).is(201);
    take(2);
    assert_eq!(shop.rows("notification"), 0, "ten are enough");
    take(1);
    let told = watcher.get("/api/notifications/?read=false&category=part.notify_low_stock").is(200);
    assert_eq!((told.list().len(), &told.list()[0]["target"]["model_id"]), (1, &json!(part)));
    assert_eq!(told.list()[0]["age_human"], "now");
    assert_eq!(shop.admin.get("/api/notifications/").is(200).list().len(), 1);
    assert_eq!(blind.get("/api/notifications/").is(200).list().len(), 0, "who may not see parts hears nothing of them");
    take(1);
    assert_eq!(watcher.get("/api/notifications/").is(200).list().len(), 1, "once a day");
}

#[test]
fn notifications_are_everybodys_own() {
    let shop = Shop::new();
    for (user, name) in [(shop.reader.id, "one"), (shop.reader.id, "two"), (shop.reader.id, "three"), (shop.store.id, "theirs")] {
        shop.sql(&format!("INSERT INTO notification (user, category, name, creation) VALUES ({user}, 'test', '{name}', {})", 1));
    }
    let mine = shop.reader.get("/api/notifications/?ordering=name").is(200);
    assert_eq!(mine.texts("name"), ["one", "three", "two"]);
    let at = |row: usize| format!("/api/notifications/{}/", mine.numbers("pk")[row]);
    assert_eq!(shop.reader.patch(&at(0), json!({"read": true, "name": "other"})).is(200)["name"], "one");
    assert_eq!(shop.reader.put(&at(0), json!({"read": false})).is(200)["read"], false);
    shop.store.get(&at(0)).is(404);
    assert_eq!(shop.reader.get(&at(0)).is(200)["category"], "test");
    shop.store.delete(&at(0)).is(404);
    shop.store.delete_with("/api/notifications/", json!({"items": mine.numbers("pk")})).is(400);
    shop.reader.post("/api/notifications/readall/", json!({})).is(200);
    assert_eq!(shop.reader.get("/api/notifications/?read=false").is(200).list().len(), 0);
    assert_eq!(shop.store.get("/api/notifications/?read=false").is(200).list().len(), 1);
    shop.store.get("/api/notifications/readall/").is(200);
    assert_eq!(shop.store.get("/api/notifications/?read=false").is(200).list().len(), 0);
    shop.reader.delete(&at(1)).is(204);
    shop.reader.delete_with("/api/notifications/", json!({"items": mine.numbers("pk")})).is(200);
    assert_eq!(shop.rows("notification"), 1);
}

#[test]
fn what_is_due_is_done_once_a_day() {
    let shop = Shop::new();
    let part = shop.part("Milk");
    shop.admin.patch(&format!("/api/part/{part}/"), json!({"starred": true})).is(200);
    shop.set("STOCK_ENABLE_EXPIRY", "true");
    shop.set("STOCK_STALE_DAYS", "7");
    shop.stock_with(part, 1.0, json!({"expiry_date": "2020-01-01"}));
    shop.sql(&format!("INSERT INTO notification (user, category, name, creation) VALUES ({}, 'old', 'old', 1)", shop.reader.id));
    std::fs::create_dir_all(shop.path().join("media/notes")).unwrap();
    let file = shop.path().join("media/notes/nobody.png");
    std::fs::write(&file, "x").unwrap();
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3 * 86400);
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(long_ago).unwrap();
    let site = shop.server.site_shared();
    daily::run(&site).unwrap();
    assert_eq!(shop.admin.get("/api/notifications/").is(200).texts("category"), ["stock.stale"]);
    assert_eq!(shop.reader.get("/api/notifications/").is(200).list().len(), 0);
    assert!(!file.exists(), "no row names this file");
    let tasks = shop.staff.get("/api/background-task/scheduled/").is(200);
    assert!(tasks.list().len() >= 4 && tasks.list().iter().all(|task| task["success"] == true));
    shop.sql("DELETE FROM notification");
    daily::run(&site).unwrap();
    assert_eq!(shop.rows("notification"), 0, "once a day");
}

#[test]
fn nothing_waits_in_the_background() {
    let shop = Shop::new();
    assert_eq!(shop.staff.get("/api/background-task/").is(200)["pending_tasks"], 0);
    shop.reader.get("/api/background-task/").is(403);
    assert_eq!(shop.staff.get("/api/background-task/pending/").is(200).json, json!([]));
    assert_eq!(shop.reader.get("/api/background-task/some-task/").is(200)["exists"], false);
    shop.sql("INSERT INTO failed_task (name, started, stopped, result) VALUES ('x', 1, 2, 'why')");
    let failed = shop.staff.get("/api/background-task/failed/").is(200);
    assert_eq!(failed.texts("result"), ["why"]);
    shop.staff.delete_with("/api/background-task/failed/", json!({"items": [1]})).is(200);
    shop.staff.delete_with("/api/background-task/pending/", json!({"items": [1]})).is(400);
}

#[test]
fn batch_codes_and_serial_numbers_are_made() {
    let shop = Shop::new();
    let part = shop.part_with("Motor", json!({"trackable": true, "IPN": "M-7"}));
    assert_eq!(shop.norole.post("/api/generate/batch-code/", json!({})).is(201)["batch_code"], "");
    shop.set("STOCK_BATCH_CODE_TEMPLATE", "B-{{ part.IPN|default('x') }}-{{ year }}");
    let code = shop.norole.post("/api/generate/batch-code/", json!({"part": part})).is(201)["batch_code"].as_str().unwrap().to_string();
    assert!(code.starts_with("B-M-7-20"), "{code}");
    let item = shop.stock(part, 2.0);
    assert_eq!(shop.reader.get(&format!("/api/stock/{item}/")).is(200)["batch"], code.as_str());
    shop.admin.patch("/api/settings/global/STOCK_BATCH_CODE_TEMPLATE/", json!({"value": "{{ part.name"})).refuses("value");
    assert_eq!(shop.reader.post("/api/generate/serial-number/", json!({"part": part, "quantity": 3})).is(201)["serial_number"], "1,2,3");
    shop.stock_with(part, 1.0, json!({"serial_numbers": "A9"}));
    assert_eq!(shop.reader.post("/api/generate/serial-number/", json!({})).is(201)["serial_number"], "A10");
}

#[test]
fn full_names_follow_their_format() {
    let shop = Shop::new();
    let part = shop.part_with("Bolt", json!({"IPN": "F-1", "revision": "B"}));
    let name = || shop.reader.get(&format!("/api/part/{part}/")).is(200)["full_name"].as_str().unwrap().to_string();
    assert_eq!(name(), "F-1 | Bolt | B");
    shop.set("PART_NAME_FORMAT", "{{ part.name|upper }}{% if part.revision %} rev {{ part.revision }}{% endif %}");
    assert_eq!(name(), "BOLT rev B");
    for wrong in ["no field", "{{ part.secret }}", "{{ part.name", "{{ user.password }}"] {
        shop.admin.patch("/api/settings/global/PART_NAME_FORMAT/", json!({"value": wrong})).refuses("value");
    }
}

#[test]
fn states_of_ones_own_count_as_built_in_ones() {
    let shop = Shop::new();
    let model = shop.norole.get("/api/contenttype/model/stockitem/").is(200).pk();
    let state = json!({"key": 1210, "name": "AT_THE_DENTIST", "label": "At the dentist", "color": "dark", "logical_key": 75, "model": model, "reference_status": "StockStatus"});
    let made = shop.staff.post("/api/generic/status/custom/", state.clone()).is(201);
    assert_eq!(made["model_name"], "Stock Item");
    let shown = shop.norole.get("/api/generic/status/StockStatus/").is(200);
    assert_eq!(shown["values"]["AT_THE_DENTIST"]["logical_key"], 75);
    for (field, value) in [
        ("key", json!(75)),
        ("key", json!(10)),
        ("name", json!("OK")),
        ("name", json!("lower case")),
        ("logical_key", json!(11)),
        ("reference_status", json!("NoStatus")),
        ("color", json!("pink")),
        ("model", json!(null)),
    ] {
        let mut wrong = state.clone();
        wrong["key"] = json!(1211);
        wrong["name"] = json!("OTHER");
        wrong[field] = value;
        shop.staff.post("/api/generic/status/custom/", wrong).refuses(field);
    }
    shop.staff.post("/api/generic/status/custom/", state.clone()).is(400);
    let at = format!("/api/generic/status/custom/{}/", made.pk());
    assert_eq!(shop.staff.patch(&at, json!({"label": "Away"})).is(200)["label"], "Away");
    assert_eq!(shop.staff.put(&at, state.clone()).is(200)["label"], "At the dentist");
    assert_eq!(shop.norole.get(&at).is(200)["key"], 1210);
    shop.reader.post("/api/generic/status/custom/", state).is(403);
    shop.reader.delete(&at).is(403);
    shop.staff.delete(&at).is(204);
}
