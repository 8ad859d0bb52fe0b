//! `/api/parameter/` and `/api/parameter/template/`

use serde_json::{Value, json};

use crate::support::goods::with;
use crate::support::{Answer, Shop};

const LIST: &str = "/api/parameter/";
const TEMPLATES: &str = "/api/parameter/template/";

fn template(shop: &Shop, name: &str, more: Value) -> i64 {
    shop.admin.post(TEMPLATES, with(json!({"name": name}), &more)).is(201).pk()
}

fn body(template: i64, part: i64, data: &str) -> Value {
    json!({"template": template, "model_type": "part.part", "model_id": part, "data": data})
}

fn at(made: &Answer) -> String {
    format!("{LIST}{}/", made.pk())
}

#[test]
fn values_are_kept_as_written_and_as_numbers() {
    let shop = Shop::new();
    let part = shop.part("Resistor");
    let ohm = template(&shop, "Resistance", json!({"units": "ohm"}));
    let made = shop.admin.post(LIST, body(ohm, part, "4k7")).is(201);
    assert_eq!((&made["data"], &made["data_numeric"], &made["updated_by"]), (&json!("4k7"), &json!(4700.0), &json!(shop.admin.id)));
    assert_eq!((&made["template_detail"]["name"], &made["model_type"]), (&json!("Resistance"), &json!("part.part")));
    let one = at(&made);
    for (data, number) in [("10 kohm", 10_000.0), ("3R3", 3.3), ("1,000", 1000.0), ("1/4", 0.25), ("100 mΩ", 0.1)] {
        let changed = shop.admin.patch(&one, json!({"data": data, "data_numeric": 77})).is(200);
        assert_eq!((&changed["data"], &changed["data_numeric"]), (&json!(data), &json!(number)));
    }
    for data in ["2 V", "many", "1,5", "0.5k ohm"] {
        shop.admin.patch(&one, json!({"data": data})).refuses("data");
    }
    shop.set("PARAMETER_ENFORCE_UNITS", "false");
    assert_eq!(shop.admin.patch(&one, json!({"data": "many"})).is(200)["data_numeric"], json!(null));
    // Without units a number is what reads as one.
    let free = template(&shop, "Grade", json!({}));
    for (n, (data, number)) in
        [("12.5", json!(12.5)), ("twelve", json!(null)), ("NaN", json!(null)), ("1e400", json!(null))].into_iter().enumerate()
    {
        let carrier = shop.part(&format!("Part {n}"));
        assert_eq!(shop.admin.post(LIST, body(free, carrier, data)).is(201)["data_numeric"], number, "{data}");
    }
}

#[test]
fn choices_lists_and_check_boxes_bind_values() {
    let shop = Shop::new();
    let part = shop.part("Knob");
    let colour = template(&shop, "Colour", json!({"choices": "red, green"}));
    let list = shop.admin.post("/api/selection/", json!({"name": "Sizes"})).is(201).pk();
    let entries = format!("/api/selection/{list}/entry/");
    let entry = shop.admin.post(&entries, json!({"value": "S", "label": "small"})).is(201)["id"].clone();
    shop.admin.post(&entries, json!({"value": "L", "label": "large", "active": false})).is(201);
    let size = template(&shop, "Size", json!({"selectionlist": list}));
    let flag = template(&shop, "RoHS", json!({"checkbox": true}));
    shop.admin.post(LIST, body(colour, part, "blue")).refuses("data");
    shop.admin.post(LIST, body(colour, part, "Red")).refuses("data");
    shop.admin.post(LIST, body(colour, part, "red")).is(201);
    shop.admin.post(LIST, body(size, part, "L")).refuses("data");
    shop.admin.post(LIST, body(size, part, "S")).is(201);
    shop.admin.patch(&format!("{entries}{entry}/"), json!({"active": false})).is(200);
    let made = shop.admin.post(LIST, body(flag, part, "yes")).is(201);
    assert_eq!((&made["data"], &made["data_numeric"]), (&json!("True"), &json!(1.0)));
    let made = shop.admin.patch(&at(&made), json!({"data": "maybe"})).is(200);
    assert_eq!((&made["data"], &made["data_numeric"]), (&json!("False"), &json!(0.0)));
    shop.admin.patch(&at(&made), json!({"data": true})).refuses("data");
    let shown = shop.admin.get(&format!("/api/part/{part}/?parameters=true")).is(200);
    assert_eq!(shown["parameters"].as_array().unwrap().len(), 3);
}

#[test]
fn templates_make_sense_and_changing_one_reckons_its_values_anew() {
    let shop = Shop::new();
    let length = template(&shop, "Length", json!({"units": "mm"}));
    for (more, field) in [
        (json!({"name": "length"}), "name"),
        (json!({"units": "banana"}), "units"),
        (json!({"units": "5 mm"}), "units"),
        (json!({"checkbox": true, "units": "mm"}), "units"),
        (json!({"checkbox": true, "choices": "a,b"}), "choices"),
        (json!({"choices": "a,b, a"}), "choices"),
        (json!({"model_type": "stock.stockitem"}), "model_type"),
        (json!({"selectionlist": 77}), "selectionlist"),
    ] {
        shop.admin.post(TEMPLATES, with(json!({"name": "New"}), &more)).refuses(field);
    }
    let part = shop.part("Rod");
    let made = shop.admin.post(LIST, body(length, part, "1 inch")).is(201);
    let one = format!("{TEMPLATES}{length}/");
    shop.staff.patch(&one, json!({"units": "m"})).is(200);
    assert_eq!(shop.admin.get(&at(&made)).is(200)["data_numeric"], 0.0254);
    shop.staff.put(&one, json!({"name": "Length", "units": "kg"})).is(200);
    assert_eq!(shop.admin.get(&at(&made)).is(200)["data_numeric"], json!(null));
    for who in [&shop.reader, &shop.store, &shop.norole] {
        who.post(TEMPLATES, json!({"name": "x"})).is(403);
        who.patch(&one, json!({"name": "x"})).is(403);
        who.delete(&one).is(403);
        who.get(&one).is(200);
    }
    shop.admin.delete(&one).is(204);
    shop.admin.get(&at(&made)).is(404);
}

#[test]
fn whoever_may_change_the_carrier_may_change_its_parameters() {
    let shop = Shop::new();
    let grade = template(&shop, "Grade", json!({}));
    let other = template(&shop, "Other", json!({}));
    let (part, place) = (shop.part("Nut"), shop.place("Shelf"));
    let on_part = shop.admin.post(LIST, body(grade, part, "A")).is(201);
    // The store may change places, and only look at parts.
    let on_place = json!({"template": grade, "model_type": "stocklocation", "model_id": place, "data": "dry"});
    let on_place = shop.store.post(LIST, on_place).is(201);
    assert_eq!(on_place["model_type"], "stock.stocklocation");
    let places = shop.hire("carter", &[("stock_location", &["view"])]);
    let before = shop.state();
    for who in [&shop.store, &shop.reader] {
        who.post(LIST, body(other, part, "B")).is(403);
        who.patch(&at(&on_part), json!({"data": "B"})).is(403);
        who.delete(&at(&on_part)).is(403);
        who.delete_with(LIST, json!({"items": [on_part.pk()]})).is(403);
        assert_eq!(who.get(LIST).is(200).list().len(), 2);
    }
    // A parameter is not moved to where one may write from where one may not, nor the other way round.
    shop.store.patch(&at(&on_place), json!({"model_type": "part.part", "model_id": part, "template": other})).is(403);
    shop.store.patch(&at(&on_part), json!({"model_type": "stock.stocklocation", "model_id": place, "template": other})).is(403);
    assert_eq!(shop.norole.get(LIST).is(200).list().len(), 0);
    shop.norole.get(&at(&on_part)).is(404);
    shop.norole.patch(&at(&on_part), json!({"data": "B"})).is(403);
    assert_eq!(places.get(LIST).is(200).numbers("pk"), [on_place.pk()]);
    assert_eq!(shop.state(), before);
    shop.store
        .put(&at(&on_place), json!({"template": grade, "model_type": "stock.stocklocation", "model_id": place, "data": "wet"}))
        .is(200);
    shop.store.delete(&at(&on_place)).is(204);
}

#[test]
fn several_at_once_are_all_or_none() {
    let shop = Shop::new();
    let (a, b) = (template(&shop, "A", json!({})), template(&shop, "B", json!({})));
    let part = shop.part("Nut");
    shop.admin.post(LIST, body(a, part, "x")).is(201);
    shop.admin.post(LIST, body(a, part, "y")).refuses("non_field_errors");
    let before = shop.state();
    let answer = shop.admin.post(LIST, json!([body(b, part, "x"), body(a, part, "y")])).is(400);
    assert_eq!(answer[0], json!([]));
    assert!(answer[1]["non_field_errors"].is_array());
    let answer = shop.admin.post(LIST, json!([body(b, part, "x"), body(b, part, "y")])).is(400);
    assert!(answer[1]["non_field_errors"].is_array(), "twice in one list");
    shop.admin.post(LIST, json!({"template": a, "model_id": part, "data": "x"})).refuses("model_type");
    shop.admin.post(LIST, json!({"template": a, "model_type": "stock.stockitem", "model_id": 1, "data": "x"})).refuses("model_type");
    shop.admin.post(LIST, json!({"template": 77, "model_type": "part", "model_id": part, "data": "x"})).refuses("template");
    assert_eq!(shop.state(), before);
    let company = shop.admin.post("/api/company/", json!({"name": "Mill", "currency": "USD"})).is(201).pk();
    let on_company = json!({"template": b, "model_type": "company", "model_id": company, "data": "z"});
    let made = shop.admin.post(LIST, json!([body(b, part, "x"), on_company])).is(201).numbers("pk");
    assert_eq!(made.len(), 2);
    shop.admin.delete_with(LIST, json!({"items": made})).is(200);
    assert_eq!(shop.rows("parameter"), 1);
    let number = shop.reader.get("/api/contenttype/model/company/").is(200).pk();
    let by_number = json!({"template": b, "model_type": number, "model_id": company, "data": "z"});
    assert_eq!(shop.admin.post(LIST, by_number).is(201)["model_type"], "company.company");
}

#[test]
fn locked_parts_keep_their_parameters() {
    let shop = Shop::new();
    let grade = template(&shop, "Grade", json!({}));
    let part = shop.part("Nut");
    let made = shop.admin.post(LIST, body(grade, part, "A")).is(201);
    shop.admin.patch(&format!("/api/part/{part}/"), json!({"locked": true})).is(200);
    let before = shop.state();
    shop.admin.patch(&at(&made), json!({"data": "B"})).is(400);
    shop.admin.delete(&at(&made)).is(400);
    shop.admin.delete_with(LIST, json!({"items": [made.pk()]})).is(400);
    shop.admin.post(LIST, body(template(&shop, "Other", json!({})), part, "A")).is(400);
    shop.admin.delete(&format!("{TEMPLATES}2/")).is(204);
    assert_eq!(shop.state().get("parameter"), before.get("parameter"));
    shop.set("PART_ENABLE_LOCKING", "false");
    shop.admin.patch(&at(&made), json!({"data": "B"})).is(200);
}

#[test]
fn new_parts_get_the_parameters_of_their_category_and_copies_those_of_the_original() {
    let shop = Shop::new();
    let length = template(&shop, "Length", json!({"units": "mm"}));
    let grade = template(&shop, "Grade", json!({}));
    let top = shop.category("Top");
    let inner = shop.category_with("Inner", json!({"parent": top}));
    for (category, template, value) in [(top, length, "1 m"), (inner, length, "5 cm"), (top, grade, "A")] {
        let body = json!({"category": category, "template": template, "default_value": value});
        shop.admin.post("/api/part/category/parameters/", body).is(201);
    }
    let heavy = json!({"category": inner, "template": length, "default_value": "5 kg"});
    shop.admin.post("/api/part/category/parameters/", heavy).refuses("default_value");
    let of = |part: i64| {
        let list = shop.admin.get(&format!("{LIST}?model_type=part&model_id={part}&ordering=name")).is(200);
        list.list().iter().map(|p| (p["data"].as_str().unwrap().to_string(), p["data_numeric"].as_f64())).collect::<Vec<_>>()
    };
    let part = shop.part_with("Rod", json!({"category": inner}));
    assert_eq!(of(part), [("A".to_string(), None), ("5 cm".to_string(), Some(50.0))]);
    let bare = shop.part_with("Bare", json!({"category": inner, "copy_category_parameters": false}));
    assert!(of(bare).is_empty());
    let copy = json!({"duplicate": {"part": part, "copy_parameters": true}, "copy_category_parameters": false});
    let copy = shop.part_with("Copy", copy);
    assert_eq!(of(copy), of(part));
    shop.admin.patch(&format!("/api/part/{part}/"), json!({"active": false})).is(200);
    shop.admin.delete(&format!("/api/part/{part}/")).is(204);
    assert!(of(part).is_empty());
}
