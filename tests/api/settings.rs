//! `/api/settings/…`

use serde_json::{Value, json};

use crate::support::Shop;

fn global(key: &str) -> String {
    format!("/api/settings/global/{key}/")
}

fn own(key: &str) -> String {
    format!("/api/settings/user/{key}/")
}

#[test]
fn settings_describe_themselves() {
    let shop = Shop::new();
    let row = shop.norole.get(&global("PART_SALABLE")).is(200);
    for (field, want) in [
        ("key", json!("PART_SALABLE")),
        ("value", json!(false)),
        ("type", json!("boolean")),
        ("typ", json!("inventree")),
        ("choices", json!([])),
        ("confirm", json!(false)),
    ] {
        assert_eq!(row[field], want, "{field}");
    }
    assert!(!row["name"].as_str().unwrap().is_empty() && !row["description"].as_str().unwrap().is_empty());
    let row = shop.norole.get(&global("INVENTREE_DEFAULT_CURRENCY")).is(200);
    assert!(row["choices"].as_array().unwrap().iter().any(|c| c["value"] == "EUR"));
    assert_eq!(shop.norole.get(&global("INVENTREE_UPLOAD_MAX_SIZE")).is(200)["value"], json!(10), "a number is a number");
    let row = shop.norole.get(&own("SEARCH_PREVIEW_RESULTS")).is(200);
    assert_eq!((&row["typ"], &row["user"]), (&json!("user"), &json!(shop.norole.id)));
    let list = shop.norole.get("/api/settings/global/?limit=5&search=part").is(200);
    assert!(list["count"].as_i64().unwrap() > 10);
    assert_eq!(shop.norole.get("/api/settings/user/").is(200).list().len(), 40);
}

#[test]
fn keys_are_found_in_any_case_and_hidden_ones_not_at_all() {
    let shop = Shop::new();
    assert_eq!(shop.norole.get(&global("part_salable")).is(200)["key"], "PART_SALABLE");
    for key in ["_PENDING_MIGRATIONS", "_GLOBAL_WARNING", "NO_SUCH_KEY", "SEARCH_PREVIEW_RESULTS", "1"] {
        shop.admin.get(&global(key)).is(404);
        shop.admin.patch(&global(key), json!({"value": "x"})).is(404);
    }
    shop.admin.get(&global("no-such-key")).is(404);
    shop.admin.get(&own("PART_SALABLE")).is(404);
    assert!(shop.admin.get("/api/settings/global/").is(200).texts("key").iter().all(|k| !k.starts_with('_')));
}

#[test]
fn everybody_reads_and_staff_writes() {
    let shop = Shop::new();
    let path = global("PART_SALABLE");
    for person in [&shop.norole, &shop.reader, &shop.store] {
        person.get(&path).is(200);
        person.patch(&path, json!({"value": true})).is(403);
        person.put(&path, json!({"value": true})).is(403);
    }
    shop.anon.get(&path).is(401);
    assert_eq!(shop.staff.patch(&path, json!({"value": true})).is(200)["value"], true);
    shop.admin.delete(&path).is(405);
    shop.admin.post("/api/settings/global/", json!({"key": "X", "value": "y"})).is(405);
}

#[test]
fn flags_and_numbers_are_coerced() {
    let shop = Shop::new();
    let set = |key: &str, value: Value| shop.staff.patch(&global(key), json!({"value": value}));
    for (given, want) in [
        (json!(true), true),
        (json!("False"), false),
        (json!("yes"), true),
        (json!(0), false),
        (json!("1"), true),
        (json!("junk"), false),
        (json!(null), false),
        (json!("on"), true),
    ] {
        assert_eq!(set("PART_SALABLE", given).is(200)["value"], want);
    }
    assert_eq!(set("STOCK_STALE_DAYS", json!("12")).is(200)["value"], json!(12));
    assert_eq!(set("STOCK_STALE_DAYS", json!(0)).is(200)["value"], json!(0));
    for bad in [json!("x"), json!("1.5"), json!(1.5), json!(""), json!(null), json!("99999999999999999999")] {
        set("STOCK_STALE_DAYS", bad).is(400);
    }
    for bad in [json!([1]), json!({"a": 1})] {
        set("STOCK_STALE_DAYS", bad.clone()).refuses("value");
        set("PART_SALABLE", bad.clone()).refuses("value");
        set("INVENTREE_COMPANY_NAME", bad).refuses("value");
    }
    assert_eq!(set("INVENTREE_COMPANY_NAME", json!("  Nuts & Bolts ")).is(200)["value"], "Nuts & Bolts");
    assert_eq!(set("INVENTREE_COMPANY_NAME", json!(5)).is(200)["value"], "5");
    set("INVENTREE_COMPANY_NAME", json!("x".repeat(2001))).refuses("value");
    set("INVENTREE_COMPANY_NAME", json!("x".repeat(2000))).is(200);
    shop.staff.put(&global("PART_SALABLE"), json!({})).refuses("value");
    shop.staff.put(&global("PART_SALABLE"), json!({"value": true})).is(200);
    shop.staff.form("PATCH", &global("STOCK_STALE_DAYS"), &[("value", "7")]).is(200);
}

#[test]
fn values_that_make_no_sense_are_refused() {
    let shop = Shop::new();
    let before = shop.state();
    for (key, value) in [
        ("INVENTREE_DEFAULT_CURRENCY", json!("XXX")),
        ("INVENTREE_DEFAULT_CURRENCY", json!("")),
        ("INVENTREE_UPLOAD_MAX_SIZE", json!(0)),
        ("INVENTREE_DELETE_TASKS_DAYS", json!(6)),
        ("CURRENCY_CODES", json!("")),
        ("CURRENCY_CODES", json!("USD,USD")),
        ("PURCHASEORDER_REFERENCE_PATTERN", json!("PO-")),
        ("PURCHASEORDER_REFERENCE_PATTERN", json!("{ref}{ref}")),
        ("INVENTREE_BASE_URL", json!("no address")),
    ] {
        shop.admin.patch(&global(key), json!({"value": value})).is(400);
    }
    let refused = shop.admin.patch(&global("LOGIN_ENFORCE_MFA"), json!({"value": true})).refuses_barely("manual_confirm");
    assert_eq!(refused.keys().len(), 1);
    assert_eq!(shop.state(), before);
    shop.admin.patch(&global("LOGIN_ENFORCE_MFA"), json!({"value": false, "manual_confirm": true})).is(200);
    shop.admin.patch(&global("CURRENCY_CODES"), json!({"value": "USD, SEK"})).is(200);
    shop.admin.patch(&global("INVENTREE_DEFAULT_CURRENCY"), json!({"value": "SEK"})).is(200);
    shop.admin.patch(&global("INVENTREE_DEFAULT_CURRENCY"), json!({"value": "EUR"})).is(400);
}

#[test]
fn only_the_value_of_a_setting_changes() {
    let shop = Shop::new();
    let body = json!({"value": true, "key": "OTHER", "pk": 99, "name": "x", "type": "integer", "user": 1});
    let row = shop.staff.patch(&global("PART_SALABLE"), body).is(200);
    assert_eq!((&row["key"], &row["type"]), (&json!("PART_SALABLE"), &json!("boolean")));
}

#[test]
fn everybody_has_settings_of_their_own() {
    let shop = Shop::new();
    let path = own("SEARCH_PREVIEW_RESULTS");
    assert_eq!(shop.norole.patch(&path, json!({"value": 25})).is(200)["value"], json!(25));
    assert_eq!(shop.norole.get(&path).is(200)["value"], json!(25));
    assert_ne!(shop.reader.get(&path).is(200)["value"], json!(25));
    assert!(shop.norole.get("/api/settings/user/").is(200).numbers("user").iter().all(|u| *u == shop.norole.id));
    shop.norole.put(&path, json!({"value": "x"})).is(400);
    shop.norole.put(&path, json!({"value": 30})).is(200);
    // The key of another user's row opens nothing.
    let pk: i64 = shop.find(&format!("SELECT id FROM user_setting WHERE user = {} LIMIT 1", shop.admin.id));
    shop.norole.get(&format!("/api/settings/user/{pk}/")).is(404);
    shop.norole.patch(&format!("/api/settings/user/{pk}/"), json!({"value": 1})).is(404);
    shop.anon.get("/api/settings/user/").is(401);
    shop.admin.post("/api/settings/user/", json!({})).is(405);
}

#[test]
fn a_new_user_finds_all_settings() {
    let shop = Shop::new();
    let body = json!({"username": "ann", "first_name": "", "last_name": "", "email": ""});
    let user = shop.staff.post("/api/user/", body).is(201).pk();
    let token = shop.admin.post("/api/user/tokens/", json!({"user": user})).is(201)["token"].as_str().unwrap().to_string();
    assert_eq!(shop.with_token(&token).get("/api/settings/user/").is(200).list().len(), 40);
}
