//! `/api/units/`

use serde_json::json;

use crate::support::Shop;

const UNITS: &str = "/api/units/";

#[test]
fn a_shop_defines_units_and_uses_them_at_once() {
    let shop = Shop::new();
    let reel = shop.staff.post(UNITS, json!({"name": "reel", "symbol": "rl", "definition": "2.5 * meter"})).is(201);
    assert_eq!(reel.json, json!({"pk": 1, "name": "reel", "symbol": "rl", "definition": "2.5 * meter"}));
    shop.staff.post(UNITS, json!({"name": "drum", "definition": "4 reel"})).is(201);
    for units in ["reel", "rl", "drum", "kg", "m/s^2", "ohm", "%"] {
        shop.part_with(&format!("Part in {units}"), json!({"units": units}));
    }
    shop.admin.post("/api/part/", json!({"name": "x", "description": "", "units": "barrow"})).refuses("units");
    let all = shop.norole.get("/api/units/all/").is(200);
    assert_eq!((&all["default_system"], all["available_systems"].as_array().unwrap().len()), (&json!("mks"), 7));
    let known = &all["available_units"];
    assert_eq!(
        (&known["meter"]["is_alias"], &known["m"]["is_alias"], &known["rl"]["is_alias"]),
        (&json!(false), &json!(true), &json!(true))
    );
    let compatible = known["drum"]["compatible_units"].as_array().unwrap();
    assert!(compatible.contains(&json!("meter")) && compatible.contains(&json!("reel")) && !compatible.contains(&json!("gram")));
    assert_eq!((&known["dozen"]["isdimensionless"], &known["volt"]["isdimensionless"]), (&json!(true), &json!(false)));
}

#[test]
fn what_defines_no_unit_is_refused() {
    let shop = Shop::new();
    shop.admin.post(UNITS, json!({"name": "reel", "symbol": "rl", "definition": "2 m"})).is(201);
    shop.admin.post(UNITS, json!({"name": "drum", "definition": "4 reel"})).is(201);
    let before = shop.state();
    for (body, field) in [
        (json!({"name": "reel", "definition": "meter"}), "name"),
        (json!({"name": "rl", "definition": "meter"}), "name"),
        (json!({"name": "two words", "definition": "meter"}), "name"),
        (json!({"name": "9lives", "definition": "meter"}), "name"),
        (json!({"name": "meter", "definition": "2 inch"}), "name"),
        (json!({"name": "x", "symbol": "T", "definition": "meter"}), "symbol"),
        (json!({"name": "x", "symbol": "rl", "definition": "meter"}), "symbol"),
        (json!({"name": "x", "definition": "banana / meter"}), "definition"),
        (json!({"name": "x", "definition": "x"}), "definition"),
        (json!({"name": "x", "definition": "0 meter"}), "definition"),
        (json!({"name": "x", "definition": "degC"}), "definition"),
        (json!({"name": "x", "definition": "(((meter"}), "definition"),
    ] {
        shop.admin.post(UNITS, body).refuses(field);
    }
    // No unit is made of itself, not even by way of another.
    shop.admin.patch("/api/units/1/", json!({"definition": "3 drum"})).refuses("definition");
    for who in [&shop.store, &shop.reader, &shop.norole] {
        who.post(UNITS, json!({"name": "x", "definition": "meter"})).is(403);
        who.patch("/api/units/1/", json!({"symbol": "x"})).is(403);
        who.delete("/api/units/1/").is(403);
        assert_eq!(who.get("/api/units/?ordering=-name").is(200).texts("name"), ["reel", "drum"]);
    }
    assert_eq!(shop.state(), before);
}

#[test]
fn a_new_meaning_reaches_what_was_measured() {
    let shop = Shop::new();
    let part = shop.part("Wire");
    let unit = shop.admin.post(UNITS, json!({"name": "reel", "definition": "5 m"})).is(201).pk();
    let template = shop.admin.post("/api/parameter/template/", json!({"name": "Length", "units": "reel"})).is(201).pk();
    let body = json!({"template": template, "model_type": "part.part", "model_id": part, "data": "20 m"});
    let parameter = format!("/api/parameter/{}/", shop.admin.post("/api/parameter/", body).is(201).pk());
    let number = || shop.admin.get(&parameter).is(200)["data_numeric"].clone();
    assert_eq!(number(), 4.0);
    let at = format!("/api/units/{unit}/");
    shop.admin.put(&at, json!({"name": "reel", "definition": "10 m"})).is(200);
    assert_eq!(number(), 2.0);
    shop.admin.patch(&at, json!({"definition": "20 m"})).is(200);
    assert_eq!(number(), 1.0);
    shop.admin.delete(&at).is(204);
    assert_eq!(number(), json!(null), "a unit that is gone measures nothing");
    shop.admin.post(UNITS, json!({"name": "reel", "definition": "2 m"})).is(201);
    assert_eq!(number(), 10.0);
    assert_eq!(shop.admin.get("/api/units/2/").is(200)["definition"], "2 m");
}

#[test]
fn packs_are_counted_in_the_units_of_their_part() {
    let shop = Shop::new();
    shop.admin.post("/api/company/", json!({"name": "Mill", "currency": "USD", "is_supplier": true})).is(201);
    let wire = shop.part_with("Wire", json!({"units": "m", "purchaseable": true}));
    let nut = shop.part_with("Nut", json!({"purchaseable": true}));
    let pack = |part: i64, sku: &str, pack: &str| {
        shop.admin.post("/api/company/part/", json!({"part": part, "supplier": 1, "SKU": sku, "pack_quantity": pack}))
    };
    for (n, (part, text, want)) in [
        (wire, "50 cm", 0.5),
        (wire, "3 feet", 0.9144),
        (wire, "100", 100.0),
        (wire, "1,000 mm", 1.0),
        (nut, "10 dozen", 120.0),
        (nut, "2.5", 2.5),
    ]
    .into_iter()
    .enumerate()
    {
        let made = pack(part, &format!("G{n}"), text).is(201);
        assert_eq!((&made["pack_quantity"], &made["pack_quantity_native"]), (&json!(text), &json!(want)));
    }
    for (n, (part, text)) in
        [(wire, "2 kg"), (nut, "3 m"), (nut, "0"), (nut, "-3"), (nut, "abc"), (wire, "1,5"), (wire, "9e30"), (nut, "1e-9")]
            .into_iter()
            .enumerate()
    {
        pack(part, &format!("B{n}"), text).refuses("pack_quantity");
    }
}
