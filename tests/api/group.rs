//! `/api/user/group/` and `/api/user/ruleset/`

use serde_json::json;
use stockroom::identity::ROLES;

use crate::support::Shop;

#[test]
fn a_new_group_owns_eleven_empty_rulesets() {
    let shop = Shop::new();
    let group = shop.staff.post("/api/user/group/", json!({"name": "Buyers"})).is(201).pk();
    let path = format!("/api/user/group/{group}/");
    let one = shop.norole.get(&path).is(200);
    let roles = one["roles"].as_array().unwrap();
    assert_eq!(roles.iter().map(|r| r["name"].as_str().unwrap()).collect::<Vec<_>>(), ROLES.map(|r| r.0));
    assert!(roles.iter().all(|r| r["can_view"] == false && r["can_add"] == false && r["can_change"] == false && r["can_delete"] == false));
    assert_eq!(shop.norole.get(&format!("/api/user/ruleset/?group={group}")).is(200).list().len(), 11);
    assert!(shop.norole.get("/api/user/owner/").is(200).texts("name").contains(&"Buyers"));
    shop.staff.post("/api/user/group/", json!({"name": "Buyers"})).refuses("name");
    shop.staff.post("/api/user/group/", json!({"name": ""})).refuses("name");
    assert_eq!(shop.staff.patch(&path, json!({"name": "Sellers", "roles": []})).is(200)["name"], "Sellers");
    shop.staff.put(&path, json!({})).refuses("name");
    shop.staff.put(&path, json!({"name": "Clerks"})).is(200);
    assert_eq!(shop.find::<i64>(&format!("SELECT count(*) FROM ruleset WHERE \"group\" = {group}")), 11);
    shop.staff.delete(&path).is(204);
    for table in ["ruleset", "owner"] {
        assert_eq!(shop.find::<i64>(&format!("SELECT count(*) FROM {table} WHERE \"group\" = {group}")), 0, "{table}");
    }
}

#[test]
fn optional_fields_of_groups() {
    let shop = Shop::new();
    let list = |query: &str| shop.norole.get(&format!("/api/user/group/?search=store{query}")).is(200)[0].clone();
    assert_eq!(list("")["roles"].as_array().unwrap().len(), 11);
    assert!(list("&role_detail=false").get("roles").is_none());
    assert!(list("").get("users").is_none() && list("").get("permissions").is_none());
    assert_eq!(list("&user_detail=true")["users"][0]["username"], "store");
    assert!(list("&permission_detail=true")["permissions"].is_array() || list("&permission_detail=true")["permissions"].is_object());
}

#[test]
fn a_right_brings_those_that_it_needs() {
    let shop = Shop::new();
    let group = shop.staff.post("/api/user/group/", json!({"name": "Buyers"})).is(201).pk();
    let list = shop.norole.get(&format!("/api/user/ruleset/?group={group}&name=stock")).is(200);
    assert_eq!(list.list().len(), 1);
    let path = format!("/api/user/ruleset/{}/", list.pk());
    let flags = |body| {
        let row = shop.staff.patch(&path, body).is(200);
        ["can_view", "can_add", "can_change", "can_delete"].map(|f| row[f].as_bool().unwrap())
    };
    assert_eq!(flags(json!({"can_add": true})), [true, true, true, false]);
    assert_eq!(flags(json!({"can_add": false, "can_change": false, "can_view": false})), [false; 4]);
    assert_eq!(flags(json!({"can_delete": true})), [true, false, true, true]);
    assert_eq!(flags(json!({"can_view": false})), [true, false, true, true], "what the others need stays");
    assert_eq!(flags(json!({"can_delete": false, "can_change": false})), [true, false, false, false]);
    assert_eq!(flags(json!({"name": "admin", "group": 1})), [true, false, false, false]);
    assert_eq!(shop.staff.get(&path).is(200)["name"], "stock");
    shop.staff.put(&path, json!({"can_change": true})).is(200);
    shop.staff.patch(&path, json!({"can_view": "maybe"})).refuses("can_view");
    shop.staff.delete(&path).is(204);
    shop.norole.get(&path).is(404);
}

#[test]
fn only_staff_writes_groups_and_rulesets() {
    let shop = Shop::new();
    let boss = shop.hire("boss", &[("admin", &["view", "add", "change", "delete"])]);
    let before = shop.state();
    for person in [&shop.reader, &shop.norole, &boss] {
        person.get("/api/user/group/").is(200);
        person.post("/api/user/group/", json!({"name": "Mine"})).is(403);
        for verb in ["PUT", "PATCH", "DELETE"] {
            person.json(verb, "/api/user/group/1/", json!({"name": "Mine"})).is(403);
            person.json(verb, "/api/user/ruleset/1/", json!({"can_view": true})).is(403);
        }
    }
    shop.anon.get("/api/user/group/").is(401);
    assert_eq!(shop.state(), before);
}

#[test]
fn rights_are_the_sum_over_all_groups_of_a_user() {
    let shop = Shop::new();
    let (readers, stores): (i64, i64) =
        (shop.find("SELECT id FROM user_group WHERE name = 'readers'"), shop.find("SELECT id FROM user_group WHERE name = 'stores'"));
    shop.staff.patch(&format!("/api/user/{}/", shop.norole.id), json!({"group_ids": [readers, stores]})).is(200);
    let roles = shop.norole.get("/api/user/me/roles/").is(200);
    assert_eq!((&roles["roles"]["build"], &roles["roles"]["stock"]), (&json!(["view"]), &json!(["view", "add", "change", "delete"])));
    shop.norole.post("/api/stock/location/", json!({"name": "Shelf"})).is(201);
    shop.norole.post("/api/part/", json!({"name": "Nut"})).is(403);
}

#[test]
fn any_role_that_owns_a_model_opens_it() {
    let shop = Shop::new();
    shop.part("Nut");
    let builder = shop.hire("builder", &[("build", &["view", "add"])]);
    for path in ["/api/part/", "/api/part/category/", "/api/stock/", "/api/stock/location/"] {
        builder.get(path).is(200);
    }
    builder.post("/api/stock/location/", json!({"name": "Bench"})).is(201);
    builder.patch("/api/part/1/", json!({"name": "x"})).is(403);
    builder.get("/api/stock/location-type/").is(403);
    let seller = shop.hire("seller", &[("sales_order", &["view", "add", "change", "delete"])]);
    for path in ["/api/part/", "/api/part/category/", "/api/stock/", "/api/stock/location/"] {
        seller.get(path).is(403);
    }
}
