//! Filters and orderings by parameters, on the lists of what carries them; and those of the templates.

use serde_json::{Value, json};

use crate::support::Shop;

/// Three resistors of 4.7 kΩ, 10 kΩ and 100 Ω, a part without a value, and a template for each kind of value.
fn shop() -> Shop {
    let shop = Shop::new();
    for (name, more) in [("Resistance", json!({"units": "ohm"})), ("RoHS", json!({"checkbox": true})), ("Grade", json!({}))] {
        let mut body = json!({"name": name});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        shop.admin.post("/api/parameter/template/", body).is(201);
    }
    for (name, ohm, rohs, grade) in [("R1", "4k7", "True", "fine"), ("R2", "10 kohm", "False", "coarse"), ("R3", "100", "True", "7")] {
        let part = shop.part(name);
        for (template, data) in [(1, ohm), (2, rohs), (3, grade)] {
            shop.admin
                .post("/api/parameter/", json!({"template": template, "model_type": "part.part", "model_id": part, "data": data}))
                .is(201);
        }
    }
    shop.part("Bare");
    shop
}

#[test]
fn parts_are_found_by_their_values() {
    let shop = shop();
    let names = |query: &str| shop.reader.get(&format!("/api/part/?ordering=name&{query}")).is(200).texts("name").join(" ");
    for (query, want) in [
        ("parameter_1=4.7k", "R1"),
        ("parameter_1=4700", "R1"),
        ("parameter_1=10%20k", "R2"),
        ("parameter_1_ne=4k7", "R2 R3"),
        ("parameter_1_gt=4k7", "R2"),
        ("parameter_1_gte=4.7%20kohm", "R1 R2"),
        ("parameter_1_lt=4k7", "R3"),
        ("parameter_1_lte=4k7", "R1 R3"),
        ("parameter_1_gt=50&parameter_1_lt=5k", "R1 R3"),
        ("parameter_1_gt=50&parameter_1_lt=5k&limit=1", ""),
        ("parameter_1=5%20V", ""),
        ("parameter_1_icontains=K", "R1 R2"),
        ("parameter_2=true", "R1 R3"),
        ("parameter_2=false", "R2"),
        ("parameter_2_ne=true", "R2"),
        ("parameter_3=FINE", "R1"),
        ("parameter_3_ne=fine", "R2 R3"),
        ("parameter_3_gt=d", "R1"),
        ("parameter_3=7.0", "R3"),
        ("parameter_3_icontains=o", "R2"),
        ("parameter_3_icontains=%25", ""),
        ("parameter_1=", "Bare R1 R2 R3"),
        ("parameter_x=1", "Bare R1 R2 R3"),
        ("parameter_1_like=1", "Bare R1 R2 R3"),
    ] {
        if query.contains("limit") {
            assert_eq!(shop.reader.get(&format!("/api/part/?{query}")).is(200)["count"], 2);
        } else {
            assert_eq!(names(query), want, "{query}");
        }
    }
    shop.reader.get("/api/part/?parameter_77=1").refuses("parameter_77");
    let many: String = (0..60).map(|n| format!("&parameter_1_gt={n}&parameter_{n}_lt=1")).collect();
    shop.reader.get(&format!("/api/part/?{many}")).is(400);
}

#[test]
fn parts_are_sorted_by_their_values() {
    let shop = shop();
    let names = |words: &str| shop.reader.get(&format!("/api/part/?ordering={words}")).is(200).texts("name").join(" ");
    assert_eq!(names("parameter_1"), "R3 R1 R2 Bare");
    assert_eq!(names("-parameter_1"), "R2 R1 R3 Bare", "what has no value comes last both ways");
    assert_eq!(names("parameter_2,-parameter_1"), "R2 R1 R3 Bare");
    assert_eq!(names("parameter_77,-name"), "R3 R2 R1 Bare");
    assert_eq!(names("parameter_x,name"), "Bare R1 R2 R3");
    shop.reader.get(&format!("/api/part/?ordering={}", (0..200).map(|n| format!("parameter_{n},")).collect::<String>())).is(200);
}

#[test]
fn other_carriers_are_found_the_same_way() {
    let shop = shop();
    let company = |name: &str| {
        let body = json!({"name": name, "currency": "USD", "is_supplier": true, "is_manufacturer": true});
        shop.admin.post("/api/company/", body).is(201).pk()
    };
    let (a, b) = (company("A"), company("B"));
    let made = |path: &str, body: Value| shop.admin.post(path, body).is(201).pk();
    let maker = made("/api/company/part/manufacturer/", json!({"part": 1, "manufacturer": a, "MPN": "M"}));
    let seller = made("/api/company/part/", json!({"part": 1, "supplier": b, "SKU": "S"}));
    for (model, id, list) in
        [("company", b, "company"), ("manufacturerpart", maker, "company/part/manufacturer"), ("supplierpart", seller, "company/part")]
    {
        shop.admin.post("/api/parameter/", json!({"template": 1, "model_type": model, "model_id": id, "data": "1k"})).is(201);
        let found = |query: &str| shop.admin.get(&format!("/api/{list}/?{query}")).is(200).numbers("pk");
        assert_eq!(found("parameter_1=1000"), [id], "{list}");
        assert!(found("parameter_1_gt=1k").is_empty(), "{list}");
        assert_eq!(found("ordering=parameter_1").first(), Some(&id), "{list}");
    }
}

#[test]
fn templates_are_found_by_what_uses_them() {
    let shop = Shop::new();
    for (name, model) in [("A", json!(null)), ("B", json!("part.part")), ("C", json!("company"))] {
        shop.admin.post("/api/parameter/template/", json!({"name": name, "model_type": model})).is(201);
    }
    let top = shop.category("Top");
    let inner = shop.category_with("Inner", json!({"parent": top}));
    let part = shop.part_with("Nut", json!({"category": inner}));
    let use_of = |template: i64, model: &str, id: i64| {
        shop.admin.post("/api/parameter/", json!({"template": template, "model_type": model, "model_id": id, "data": "x"})).is(201);
    };
    use_of(1, "part", part);
    use_of(2, "partcategory", inner);
    let names = |query: &str| shop.norole.get(&format!("/api/parameter/template/?{query}")).is(200).texts("name").join("");
    for (query, want) in [
        ("model_type=part.part", "B"),
        ("model_type=company", "C"),
        ("for_model=part", "AB"),
        ("for_model=stock.stockitem", "A"),
        ("exists_for_model=part", "A"),
        ("exists_for_model=part.partcategory", "B"),
        ("exists_for_model=company.company", ""),
        ("name=A", "A"),
        ("has_units=true", ""),
        ("has_choices=false", "ABC"),
        ("exists_for_related_model=x", "ABC"),
    ] {
        assert_eq!(names(query), want, "{query}");
    }
    assert_eq!(names(&format!("exists_for_model=part&exists_for_model_id={part}")), "A");
    assert_eq!(names("exists_for_model=part&exists_for_model_id=77"), "");
    assert_eq!(names(&format!("exists_for_model=partcategory&exists_for_model_id={top}")), "B", "with all below");
    let related = |other: &str, id: i64| format!("exists_for_model=part&exists_for_related_model={other}&exists_for_related_model_id={id}");
    assert_eq!(names(&related("partcategory", top)), "A");
    assert_eq!(names(&related("partcategory", 77)), "");
    let refused = |query: &str, field: &str| drop(shop.norole.get(&format!("/api/parameter/template/?{query}")).refuses(field));
    refused(&related("company", 1), "exists_for_related_model");
    refused("model_type=a", "non_field_errors");
    refused("for_model=a", "non_field_errors");
    refused("exists_for_model=a", "exists_for_model");
    refused("exists_for_model_id=1", "exists_for_model");
    refused("exists_for_related_model_id=1", "exists_for_model");
    refused("exists_for_model_id=x", "exists_for_model_id");
    shop.admin.get("/api/parameter/?model_type=a").refuses("model_type");
}
