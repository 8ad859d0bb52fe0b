//! What is told about parts beside themselves: prices, relations, tests, parameters of categories; and the codes of projects.

use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::goods::with;

const SALE: &str = "/api/part/sale-price/";
const INTERNAL: &str = "/api/part/internal-price/";
const RELATED: &str = "/api/part/related/";
const TEST: &str = "/api/part/test-template/";
const PARAMETER: &str = "/api/part/category/parameters/";
const CODE: &str = "/api/project-code/";

#[track_caller]
fn price(shop: &Shop, list: &str, part: i64, quantity: i64, price: f64) -> i64 {
    shop.admin.post(list, json!({"part": part, "quantity": quantity, "price": price})).is(201).pk()
}

#[track_caller]
fn test(shop: &Shop, part: i64, name: &str, more: Value) -> i64 {
    shop.admin.post(TEST, with(json!({"part": part, "test_name": name, "description": "x"}), &more)).is(201).pk()
}

#[track_caller]
fn keys(shop: &Shop, list: &str, query: &str) -> Vec<i64> {
    shop.reader.get(&format!("{list}?{query}")).is(200).numbers("pk")
}

/// A part that is sold and tested.
#[track_caller]
fn good(shop: &Shop, name: &str) -> i64 {
    shop.part_with(name, json!({"salable": true, "testable": true, "is_template": true}))
}

#[test]
fn prices_of_parts_begin_at_quantities() {
    let shop = Shop::new();
    let (nut, bolt) = (good(&shop, "Nut"), good(&shop, "Bolt"));
    for list in [SALE, INTERNAL] {
        let (hundred, ten, other) =
            (price(&shop, list, nut, 100, 0.5), price(&shop, list, nut, 10, 0.75), price(&shop, list, bolt, 50, 0.6));
        assert_eq!(keys(&shop, list, ""), [ten, other, hundred], "by quantity");
        assert_eq!(keys(&shop, list, &format!("part={nut}")), [ten, hundred]);
        assert_eq!(keys(&shop, list, "ordering=price"), [hundred, other, ten]);
        let at = format!("{list}{ten}/");
        let row = shop.reader.get(&at).is(200);
        assert_eq!((row["quantity"].as_f64(), row["price"].as_f64(), &row["price_currency"]), (Some(10.0), Some(0.75), &json!("USD")));
        let before = shop.state();
        shop.admin.post(list, json!({"part": nut, "quantity": 10, "price": 1})).refuses("non_field_errors");
        shop.admin.post(list, json!({"part": nut, "quantity": 0.9, "price": 1})).refuses("quantity");
        shop.admin.post(list, json!({"part": nut, "quantity": 3})).refuses("price");
        shop.admin.patch(&at, json!({"price": null})).refuses("price");
        shop.admin.patch(&at, json!({"quantity": 100})).refuses("non_field_errors");
        shop.store.post(list, json!({"part": nut, "quantity": 3, "price": 1})).is(403);
        shop.store.delete(&at).is(403);
        shop.norole.get(list).is(403);
        assert_eq!(shop.state(), before);
        assert_eq!(shop.admin.patch(&at, json!({"price": 2})).is(200)["price"].as_f64(), Some(2.0));
        shop.admin.put(&at, json!({"quantity": 20, "price": 3})).refuses("part");
        assert_eq!(shop.admin.put(&at, json!({"part": nut, "quantity": 20, "price": 3})).is(200)["quantity"].as_f64(), Some(20.0));
        shop.admin.delete(&at).is(204);
        shop.admin.get(&at).is(404);
    }
}

#[test]
fn sale_and_internal_prices_are_kept_apart() {
    let shop = Shop::new();
    let part = good(&shop, "Nut");
    let own = shop.part_with("Own", json!({"salable": false}));
    let (sale, internal) = (price(&shop, SALE, part, 1, 9.0), price(&shop, INTERNAL, part, 1, 5.0));
    assert_eq!((keys(&shop, SALE, ""), keys(&shop, INTERNAL, "")), (vec![sale], vec![internal]));
    assert_eq!((sale, internal), (1, 1), "each kind counts by itself");
    shop.admin.post(SALE, json!({"part": own, "quantity": 1, "price": 1})).refuses("part");
    price(&shop, INTERNAL, own, 1, 1.0);
    let shown = shop.reader.get(&format!("/api/part/{part}/?price_breaks=true")).is(200)["price_breaks"].clone();
    assert_eq!((shown.as_array().unwrap().len(), &shown[0]["pk"]), (1, &json!(sale)));
    for part in [part, own] {
        shop.admin.patch(&format!("/api/part/{part}/"), json!({"active": false})).is(200);
        shop.admin.delete(&format!("/api/part/{part}/")).is(204);
    }
    assert_eq!((shop.rows("part_sale_price"), shop.rows("part_internal_price")), (0, 0));
}

#[test]
fn parts_are_related_once_in_either_order() {
    let shop = Shop::new();
    let [a, b, c] = ["Anvil", "Brush", "Chain"].map(|name| shop.part(name));
    let relate = |one: i64, two: i64| shop.admin.post(RELATED, json!({"part_1": one, "part_2": two, "note": "n"}));
    let ab = relate(a, b).is(201).pk();
    let bc = relate(b, c).is(201).pk();
    let before = shop.state();
    relate(a, b).refuses("non_field_errors");
    relate(b, a).refuses("non_field_errors");
    relate(c, c).refuses("non_field_errors");
    let at = format!("{RELATED}{ab}/");
    shop.admin.patch(&at, json!({"part_2": a})).refuses("non_field_errors");
    shop.admin.patch(&at, json!({"part_1": c})).refuses("non_field_errors");
    shop.store.post(RELATED, json!({"part_1": a, "part_2": c})).is(403);
    shop.store.delete(&at).is(403);
    assert_eq!(shop.state(), before);
    let row = shop.reader.get(&at).is(200);
    assert_eq!((&row["part_1_detail"]["name"], &row["part_2_detail"]["name"]), (&json!("Anvil"), &json!("Brush")));
    for (query, want) in [
        (format!("part={b}&ordering=pk"), vec![ab, bc]),
        (format!("part={b}&part_1={a}"), vec![ab]),
        (format!("part_1={b}"), vec![bc]),
        (format!("part_2={b}"), vec![ab]),
        ("search=chain".into(), vec![bc]),
        ("search=brush&ordering=-part_1".into(), vec![bc, ab]),
    ] {
        assert_eq!(keys(&shop, RELATED, &query), want, "{query}");
    }
    assert_eq!(shop.reader.get(&format!("/api/part/?related={b}&ordering=name")).is(200).texts("name"), ["Anvil", "Chain"]);
    assert_eq!(shop.admin.patch(&at, json!({"note": "m"})).is(200)["note"], "m");
    shop.admin.put(&at, json!({"part_1": b, "part_2": a})).is(200);
    shop.admin.delete(&at).is(204);
    shop.admin.patch(&format!("/api/part/{c}/"), json!({"active": false})).is(200);
    shop.admin.delete(&format!("/api/part/{c}/")).is(204);
    assert_eq!(shop.rows("part_related"), 0);
}

#[test]
fn tests_are_named_once_within_a_family_of_parts() {
    let shop = Shop::new();
    let template = good(&shop, "Engine");
    let variant = shop.part_with("Engine X", json!({"testable": true, "variant_of": template}));
    let other = good(&shop, "Wheel");
    let pull = test(&shop, template, "Pull #1", json!({}));
    let own = test(&shop, variant, "Heat", json!({}));
    assert_eq!(shop.reader.get(&format!("{TEST}{pull}/")).is(200)["key"], "pull1");
    let before = shop.state();
    let add = |part: i64, name: &str, more: Value| {
        shop.admin.post(TEST, with(json!({"part": part, "test_name": name, "description": "x"}), &more))
    };
    add(template, "pull 1", json!({})).refuses("test_name");
    add(variant, "PULL1", json!({})).refuses("test_name");
    add(template, "!!", json!({})).refuses("test_name");
    add(template, "New", json!({"description": ""})).refuses("description");
    add(template, "New", json!({"description": null})).refuses("description");
    add(template, "New", json!({"choices": "a, b,a"})).refuses("choices");
    add(shop.part("Plain"), "New", json!({})).refuses("part");
    shop.admin.patch(&format!("{TEST}{own}/"), json!({"test_name": "Pull 1"})).refuses("test_name");
    shop.store.post(TEST, json!({"part": template, "test_name": "New", "description": "x"})).is(403);
    assert_eq!(shop.state()["part_test_template"], before["part_test_template"]);
    test(&shop, other, "Pull #1", json!({"choices": "a,b"}));
}

#[test]
fn tests_are_found_changed_and_removed() {
    let shop = Shop::new();
    let template = good(&shop, "Engine");
    let variant = shop.part_with("Engine X", json!({"testable": true, "variant_of": template}));
    let a = test(&shop, template, "Axle", json!({"requires_value": true}));
    let b = test(&shop, variant, "Burn", json!({"required": false, "enabled": false, "requires_attachment": true}));
    let item = shop.stock(variant, 1.0);
    shop.sql(&format!("INSERT INTO stock_test_result (stock_item, template, result, date) VALUES ({item}, {a}, 1, 0)"));
    for (query, want) in [
        (format!("part={template}"), vec![a]),
        (format!("part={variant}"), vec![a, b]),
        (format!("part={variant}&include_inherited=false"), vec![b]),
        ("enabled=true".into(), vec![a]),
        ("required=false".into(), vec![b]),
        ("requires_value=true".into(), vec![a]),
        ("requires_attachment=true".into(), vec![b]),
        ("has_results=true".into(), vec![a]),
        ("has_results=false".into(), vec![b]),
        ("key=burn".into(), vec![b]),
        ("search=axl".into(), vec![a]),
        ("ordering=-test_name".into(), vec![b, a]),
        ("ordering=results".into(), vec![b, a]),
    ] {
        assert_eq!(keys(&shop, TEST, &query), want, "{query}");
    }
    let within = shop.reader.get(&format!("/api/stock/{item}/?tests=true")).is(200)["tests"].clone();
    assert_eq!((&within[0]["template"], &within[0]["result"]), (&json!(a), &json!(true)));
    let at = format!("{TEST}{a}/");
    assert_eq!(shop.reader.get(&at).is(200)["results"], 1);
    assert_eq!(shop.admin.patch(&at, json!({"test_name": "Axle 2"})).is(200)["key"], "axle2");
    shop.admin.put(&at, json!({"part": template, "description": "y"})).refuses("test_name");
    let replaced = shop.admin.put(&at, json!({"part": template, "test_name": "Axle"})).is(200);
    assert_eq!((&replaced["key"], &replaced["description"]), (&json!("axle"), &json!("x")), "what may be left out is kept");
    shop.admin.delete(&at).is(204);
    assert_eq!((shop.rows("stock_test_result"), shop.rows("part_test_template")), (0, 1), "results go with their test");
}

#[test]
fn categories_give_parameters_to_new_parts() {
    let shop = Shop::new();
    let top = shop.category("Top");
    let low = shop.category_with("Low", json!({"parent": top}));
    shop.sql("INSERT INTO parameter_template (name) VALUES ('Length'), ('Colour')");
    let add = |category: i64, template: i64, value: &str| {
        shop.admin.post(PARAMETER, json!({"category": category, "template": template, "default_value": value}))
    };
    let (a, b) = (add(top, 1, "5").is(201).pk(), add(low, 2, "red").is(201).pk());
    add(top, 1, "6").refuses("non_field_errors");
    add(top, 77, "6").refuses("template");
    shop.reader.post(PARAMETER, json!({"category": low, "template": 1})).is(403);
    shop.store.get(PARAMETER).is(403);
    assert_eq!(keys(&shop, PARAMETER, &format!("category={low}")), [a, b]);
    assert_eq!(keys(&shop, PARAMETER, &format!("category={low}&fetch_parent=false")), [b]);
    assert_eq!(keys(&shop, PARAMETER, &format!("category={top}")), [a]);
    let at = format!("{PARAMETER}{b}/");
    let row = shop.reader.get(&at).is(200);
    assert_eq!((&row["category_detail"]["name"], &row["template_detail"]["name"]), (&json!("Low"), &json!("Colour")));
    assert_eq!(shop.admin.patch(&at, json!({"default_value": "blue"})).is(200)["default_value"], "blue");
    let part = shop.part_with("Nut", json!({"category": low, "copy_category_parameters": true}));
    let parameters = shop.reader.get(&format!("/api/part/{part}/?parameters=true")).is(200)["parameters"].clone();
    let mut data: Vec<&str> = parameters.as_array().unwrap().iter().map(|p| p["data"].as_str().unwrap()).collect();
    data.sort_unstable();
    assert_eq!(data, ["5", "blue"]);
    shop.admin.put(&at, json!({"template": 1})).refuses("category");
    assert_eq!(shop.admin.put(&at, json!({"category": low, "template": 1})).is(200)["template"], 1);
    shop.admin.delete(&at).is(204);
    shop.admin.delete_with(&format!("/api/part/category/{top}/"), json!({"delete_child_categories": false, "delete_parts": false})).is(204);
    assert_eq!(shop.rows("part_category_parameter"), 0);
}

#[test]
fn project_codes_are_unique_and_written_by_staff() {
    let shop = Shop::new();
    let owner = shop.reader.get("/api/user/owner/").is(200).numbers("pk")[0];
    let key = shop.staff.post(CODE, json!({"code": "P-1", "responsible": owner})).is(201).pk();
    let other = shop.staff.post(CODE, json!({"code": "P-2", "description": "Bridge"})).is(201).pk();
    shop.staff.post(CODE, json!({"code": "P-1"})).refuses("code");
    shop.staff.patch(&format!("{CODE}{other}/"), json!({"code": "P-1"})).refuses("code");
    let at = format!("{CODE}{key}/");
    for person in [&shop.reader, &shop.store, &shop.norole] {
        assert_eq!(person.get(&at).is(200)["responsible_detail"]["pk"], json!(owner));
        person.post(CODE, json!({"code": "P-3"})).is(403);
        person.patch(&at, json!({"code": "P-3"})).is(403);
        person.delete(&at).is(403);
    }
    shop.anon.get(CODE).is(401);
    assert_eq!(keys(&shop, CODE, "ordering=-code"), [other, key]);
    assert_eq!(keys(&shop, CODE, "search=bridge"), [other]);
    assert_eq!(shop.staff.patch(&at, json!({"responsible": null})).is(200)["responsible_detail"], json!(null));
    shop.staff.put(&at, json!({"description": "x"})).refuses("code");
    assert_eq!(shop.staff.put(&at, json!({"code": "P-9"})).is(200)["code"], "P-9");
    shop.staff.delete(&at).is(204);
    shop.staff.get(&at).is(404);
}

#[test]
fn prices_are_reckoned_from_all_that_is_known() {
    let shop = Shop::new();
    let (template, variant) = {
        let template = shop.part_with("Cable", json!({"is_template": true, "purchaseable": true}));
        (template, shop.part_with("Cable 1 m", json!({"variant_of": template, "salable": true})))
    };
    let at = |part: i64| format!("/api/part/{part}/pricing/");
    let empty = shop.reader.get(&at(variant)).is(200);
    assert_eq!((&empty["currency"], &empty["overall_min"], &empty["scheduled_for_update"]), (&json!("USD"), &Value::Null, &json!(false)));
    shop.stock_with(variant, 5.0, json!({"purchase_price": 1.75}));
    shop.admin.post("/api/part/sale-price/", json!({"part": variant, "quantity": 1, "price": 9})).is(201);
    assert_eq!(shop.reader.get(&at(variant)).is(200)["scheduled_for_update"], true);
    let known = shop.admin.patch(&at(variant), json!({"update": true})).is(200);
    assert_eq!((&known["purchase_cost_min"], &known["overall_max"], &known["sale_price_min"]), (&json!(1.75), &json!(1.75), &json!(9.0)));
    assert_eq!(shop.reader.get(&at(template)).is(200)["scheduled_for_update"], true, "the template follows");
    shop.server.site().db.write(stockroom::identity::User::system(), |tx| stockroom::part::pricing::update_queued(tx).map(|_| ())).unwrap();
    assert_eq!(shop.reader.get(&at(template)).is(200)["variant_cost_max"], 1.75);
    let forced = shop.admin.patch(&at(variant), json!({"override_min": 3, "override_max": "4.5"})).is(200);
    assert_eq!((&forced["overall_min"], &forced["overall_max"]), (&json!(3.0), &json!(4.5)));
    assert_eq!(shop.reader.get(&format!("/api/part/{variant}/?pricing=true")).is(200)["pricing_max"], 4.5);
    let crossed = shop.admin.patch(&at(variant), json!({"override_min": 9, "override_max": 4})).is(400);
    assert!(crossed["override_min"].is_array() && crossed["override_max"].is_array());
    for wrong in [json!({"override_min": "x"}), json!({"override_min": -1})] {
        shop.admin.patch(&at(variant), wrong).refuses("override_min");
    }
    shop.admin.put(&at(variant), json!({"override_min_currency": "XXX"})).refuses("override_min_currency");
    assert_eq!(shop.admin.put(&at(variant), json!({"override_min": null, "override_max": null})).is(200)["overall_min"], 1.75);
    shop.reader.patch(&at(variant), json!({"override_min": 1})).is(403);
    shop.reader.get(&at(999)).is(404);
}

#[test]
fn stock_is_taken_down_day_by_day() {
    let shop = Shop::new();
    let category = shop.category("Cables");
    let place = shop.place("Shelf");
    let part = shop.part_with("Cable", json!({"category": category}));
    shop.stock_with(part, 7.0, json!({"purchase_price": 2, "location": place}));
    let (generate, list) = ("/api/part/stocktake/generate/", "/api/part/stocktake/");
    shop.admin.post(generate, json!({"part": part, "generate_entry": true})).is(200);
    assert_eq!(shop.rows("part_stocktake"), 0, "it is switched off");
    shop.set("STOCKTAKE_ENABLE", "true");
    shop.admin.post(generate, json!({"part": part, "generate_entry": true})).is(200);
    shop.admin.post(generate, json!({"category": category, "generate_entry": true})).is(200);
    let entries = shop.reader.get(list).is(200);
    assert_eq!((entries.list().len(), &entries.list()[0]["quantity"], &entries.list()[0]["cost_min"]), (1, &json!(7.0), &json!(14.0)));
    let made = shop.admin.post(generate, json!({"location": place, "generate_report": true})).is(200);
    let table = shop.admin.get(made["output"]["output"].as_str().unwrap()).is(200).text();
    assert!(table.lines().nth(1).unwrap().contains("Cable"), "{table}");
    shop.reader.post(generate, json!({"part": part, "generate_entry": true})).is(403);
    shop.admin.post(generate, json!({"part": 999})).refuses("part");
    let own = shop.admin.post(list, json!({"part": part, "quantity": 3})).is(201);
    let at = format!("{list}{}/", own.pk());
    assert_eq!(shop.admin.patch(&at, json!({"quantity": 4})).is(200)["quantity"], 4.0);
    assert_eq!(shop.admin.put(&at, json!({"part": part, "quantity": 5})).is(200)["part_name"], "Cable");
    assert_eq!(shop.reader.get(&at).is(200)["item_count"], 1);
    shop.reader.delete(&at).is(403);
    shop.admin.delete(&at).is(204);
    shop.admin.delete_with(list, json!({"items": entries.numbers("pk")})).is(200);
}
