//! `/api/`, `/api/version/`, health, the OpenAPI document, states, plugins.

use serde_json::json;

use crate::support::Shop;

#[test]
fn the_probe_is_open_and_tells_staff_more() {
    let shop = Shop::new();
    let open = shop.anon.get("/api/").is(200);
    assert_eq!((&open["server"], &open["apiVersion"]), (&json!("InvenTree"), &json!(511)));
    assert!(open["version"].as_str().is_some_and(|v| !v.is_empty()));
    let keys = [
        "server",
        "id",
        "version",
        "instance",
        "apiVersion",
        "worker_running",
        "worker_count",
        "worker_pending_tasks",
        "plugins_enabled",
        "plugins_install_disabled",
        "email_configured",
        "debug_mode",
        "docker_mode",
        "default_locale",
        "customize",
        "active_plugins",
        "system_health",
        "database",
        "platform",
        "installer",
        "target",
        "django_admin",
        "settings",
    ];
    for key in keys {
        assert!(open.json.get(key).is_some(), "{key}");
    }
    let secret = ["system_health", "database", "platform", "installer"];
    for person in [&shop.anon, &shop.norole, &shop.reader] {
        let told = person.get("/api/").is(200);
        assert!(secret.iter().all(|key| told[*key].is_null()), "{}", told.text());
    }
    let told = shop.staff.get("/api/").is(200);
    assert!(secret.iter().all(|key| !told[*key].is_null()));
    assert_eq!(open["id"], json!(null));
    shop.set("INVENTREE_ANNOUNCE_ID", "true");
    assert_eq!(shop.anon.get("/api/").is(200)["id"].as_str().unwrap().len(), 36);
    shop.set("INVENTREE_INSTANCE", "Cellar");
    assert_eq!(shop.anon.get("/api/").is(200)["instance"], "Cellar");
}

#[test]
fn versions_are_for_staff() {
    let shop = Shop::new();
    assert_eq!(shop.staff.get("/api/version/").is(200)["version"]["api"], 511);
    shop.reader.get("/api/version/").is(403);
    shop.anon.get("/api/version/").is(401);
}

#[test]
fn health_is_open() {
    let shop = Shop::new();
    assert_eq!(shop.anon.get("/api/system/health/").is(200)["status"], "ok");
}

#[test]
fn the_openapi_document_comes_as_yaml_or_json() {
    let shop = Shop::new();
    let yaml = shop.anon.get("/api/schema/").is(200);
    assert_eq!(yaml.header("Content-Type"), Some("application/vnd.oai.openapi; charset=utf-8"));
    assert!(yaml.text().contains("openapi"));
    let json = shop.anon.get("/api/schema/?format=json").is(200);
    assert!(json["openapi"].as_str().unwrap().starts_with("3.") && json["paths"].as_object().unwrap().len() > 40);
    let packed = shop.anon.raw("GET", "/api/schema/?format=json", &[("Accept-Encoding", "br, gzip")], b"").is(200);
    assert!(packed.body.starts_with(&[0x1f, 0x8b]) && packed.body.len() < 100_000, "gzip for who can unpack it");
    let by_accept = shop.anon.raw("GET", "/api/schema/", &[("Accept", "application/json")], b"").is(200);
    assert_eq!(by_accept.json, json.json);
}

#[test]
fn states_are_told_to_everybody_who_is_logged_in() {
    let shop = Shop::new();
    let all = shop.norole.get("/api/generic/status/").is(200);
    assert!(all.keys().len() >= 10);
    for (path, class) in [
        ("/api/stock/status/", "StockStatus"),
        ("/api/build/status/", "BuildStatus"),
        ("/api/order/po/status/", "PurchaseOrderStatus"),
        ("/api/order/so/status/", "SalesOrderStatus"),
        ("/api/order/ro/status/", "ReturnOrderStatus"),
        ("/api/order/ro-line/status/", "ReturnOrderLineStatus"),
        ("/api/order/transfer-order/status/", "TransferOrderStatus"),
    ] {
        let short = shop.norole.get(path).is(200);
        assert_eq!(short["status_class"], class);
        assert_eq!(short.json, shop.norole.get(&format!("/api/generic/status/{class}/")).is(200).json);
        assert_eq!(short.json, all[class]);
        shop.anon.get(path).is(401);
    }
    let stock = shop.norole.get("/api/stock/status/").is(200);
    assert_eq!(stock["values"]["OK"], json!({"key": 10, "name": "OK", "label": "OK", "color": "success"}));
    let build = shop.norole.get("/api/build/status/").is(200);
    assert_eq!((&build["values"]["CANCELLED"]["key"], &build["values"]["COMPLETE"]["key"]), (&json!(30), &json!(40)));
    shop.norole.get("/api/generic/status/NoSuchStatus/").is(404);
}

#[test]
fn plugins_are_listed_and_found_by_key() {
    let shop = Shop::new();
    shop.norole.get("/api/plugins/").is(200);
    shop.norole.get("/api/plugins/nothing/").is(404);
    shop.anon.get("/api/plugins/").is(401);
    shop.sql("INSERT INTO plugin (key, name, active) VALUES ('barcode', 'Barcodes', 1), ('other', 'Other', 0)");
    assert_eq!(shop.norole.get("/api/plugins/?active=true&search=barcode").is(200).texts("key"), ["barcode", "inventreebarcode"]);
    assert_eq!(shop.norole.get("/api/plugins/barcode/").is(200)["name"], "Barcodes");
    shop.admin.post("/api/plugins/", json!({})).is(405);
}
