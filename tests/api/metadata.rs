//! `/api/metadata/`, and the addresses at which it was found before.

use serde_json::json;
use stockroom::router::{RESOURCES, Target, routes};

use crate::support::Shop;

#[test]
fn programs_keep_what_they_like() {
    let shop = Shop::new();
    let part = shop.part("Nut");
    let at = format!("/api/metadata/part/{part}/");
    assert_eq!(shop.admin.get(&at).is(200).json, json!({"metadata": {}}));
    assert_eq!(shop.admin.patch(&at, json!({"metadata": {"a": 1, "b": {"c": [1, 2]}}})).is(200)["metadata"]["b"]["c"], json!([1, 2]));
    assert_eq!(shop.admin.patch(&at, json!({"metadata": {"b": "new"}})).is(200)["metadata"], json!({"a": 1, "b": "new"}));
    assert_eq!(shop.admin.patch(&at, json!({})).is(200)["metadata"], json!({"a": 1, "b": "new"}));
    assert_eq!(shop.admin.put(&at, json!({"metadata": {"z": null}})).is(200)["metadata"], json!({"z": null}));
    assert_eq!(shop.admin.form("PATCH", &at, &[("metadata", "{\"f\": 1}")]).is(200)["metadata"], json!({"z": null, "f": 1}));
    assert_eq!(shop.admin.get(&format!("/api/metadata/part/pk/{part}/")).is(200)["metadata"], json!({"z": null, "f": 1}));
    let before = shop.state();
    for wrong in [json!({"metadata": null}), json!({"metadata": []}), json!({"metadata": "x"}), json!({"metadata": 5})] {
        shop.admin.patch(&at, wrong.clone()).refuses("metadata");
        shop.admin.put(&at, wrong).refuses("metadata");
    }
    shop.admin.put(&at, json!({})).refuses("metadata");
    shop.admin.get("/api/metadata/part/77/").is(404);
    shop.admin.patch("/api/metadata/nosuch/1/", json!({"metadata": {}})).is(400);
    shop.admin.get("/api/metadata/user/1/").is(400);
    assert_eq!(shop.state(), before);
}

#[test]
fn it_takes_the_right_to_change_even_to_look() {
    let shop = Shop::new();
    let (part, place) = (shop.part("Nut"), shop.place("Shelf"));
    let (of_part, of_place) = (format!("/api/metadata/part/{part}/"), format!("/api/metadata/stocklocation/{place}/"));
    shop.store.patch(&of_place, json!({"metadata": {"x": 1}})).is(200);
    shop.store.get(&of_place).is(200);
    for who in [&shop.store, &shop.reader, &shop.norole] {
        who.get(&of_part).is(403);
        who.put(&of_part, json!({"metadata": {}})).is(403);
    }
    shop.anon.get(&of_part).is(401);
    // Parameters go with what carries them.
    shop.admin.post("/api/parameter/template/", json!({"name": "Grade"})).is(201);
    shop.admin.post("/api/parameter/", json!({"template": 1, "model_type": "part", "model_id": part, "data": "A"})).is(201);
    shop.admin.patch("/api/metadata/parameter/1/", json!({"metadata": {"x": 1}})).is(200);
    shop.store.patch("/api/metadata/parameter/1/", json!({"metadata": {"x": 2}})).is(403);
    shop.store.patch("/api/metadata/parametertemplate/1/", json!({"metadata": {"x": 2}})).is(403);
}

#[test]
fn other_fields_find_the_object_too() {
    let shop = Shop::new();
    shop.admin.post("/api/project-code/", json!({"code": "WA-1 +x"})).is(201);
    let at = "/api/metadata/projectcode/code/WA-1%20+x/";
    assert_eq!(shop.staff.put(at, json!({"metadata": {"y": 2}})).is(200)["metadata"]["y"], 2);
    assert_eq!(shop.staff.patch(at, json!({"metadata": {"z": 2}})).is(200)["metadata"]["z"], 2);
    assert_eq!(shop.reader.get(at).is(200)["metadata"]["y"], 2);
    shop.admin.get("/api/metadata/projectcode/code/none/").is(404);
    shop.admin.get("/api/metadata/projectcode/nothing/1/").is(400);
    shop.part("Nut");
    shop.admin.get("/api/metadata/part/pk/x/").is(404);
    shop.part("Nit");
    shop.admin.get("/api/metadata/part/IPN/x/").is(404);
    shop.admin.get("/api/metadata/part/name/Nit/").is(200);
    shop.admin.get("/api/metadata/part/barcode_hash/%22%27;/").is(404);
}

#[test]
fn old_addresses_say_where_it_went() {
    let shop = Shop::new();
    let old: Vec<_> = routes().into_iter().filter(|(r, t)| matches!(t, Target::Hand(_)) && r.ends_with("{id}/metadata/")).collect();
    let keeping: Vec<_> = RESOURCES.iter().filter(|r| r.metadata).collect();
    assert_eq!(old.len(), keeping.len());
    for resource in keeping {
        let path = format!("/api/{}/7/metadata/", resource.path);
        let to = format!("/api/metadata/{}/pk/7/", resource.model);
        for (verb, status) in [("GET", 301), ("PUT", 308), ("PATCH", 308)] {
            let answer = shop.anon.json(verb, &path, json!({"metadata": {}})).is(status);
            assert_eq!(answer.header("Location"), Some(to.as_str()), "{verb} {path}");
        }
        let column: i64 = shop.find(&format!("SELECT count(*) FROM pragma_table_info('{}') WHERE name = 'metadata'", resource.table));
        assert_eq!(column, 1, "{}", resource.table);
    }
}
