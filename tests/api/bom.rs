//! `/api/bom/`, and what belongs to bills of materials below `/api/part/`

use serde_json::{Value, json};

use crate::support::{Answer, Shop};

/// A shop that makes chairs of legs and screws.
struct Works {
    shop: Shop,
    chair: i64,
    leg: i64,
    screw: i64,
}

fn works() -> Works {
    let shop = Shop::new();
    let chair = shop.part_with("Chair", json!({"assembly": true}));
    let (leg, screw) = (shop.part("Leg"), shop.part("Screw"));
    Works { shop, chair, leg, screw }
}

impl Works {
    #[track_caller]
    fn line(&self, part: i64, sub_part: i64, more: Value) -> Answer {
        let body = crate::support::goods::with(json!({"part": part, "sub_part": sub_part}), &more);
        self.shop.admin.post("/api/bom/", body)
    }

    #[track_caller]
    fn show(&self, line: i64) -> Answer {
        self.shop.reader.get(&format!("/api/bom/{line}/")).is(200)
    }

    /// A part of which there are variants.
    fn template(&self) -> i64 {
        let known: i64 = self.shop.find("SELECT coalesce(max(id), 0) FROM part WHERE is_template = 1");
        if known == 0 { self.shop.part_with("Any leg", json!({"is_template": true})) } else { known }
    }

    #[track_caller]
    fn is_valid(&self) -> bool {
        self.shop.reader.get(&format!("/api/part/{}/bom-validate/", self.chair)).is(200)["bom_validated"] == json!(true)
    }
}

#[test]
fn lines_are_made_changed_and_deleted() {
    let w = works();
    let line = w.line(w.chair, w.leg, json!({"quantity": 4, "reference": "L1-L4", "note": "oak"})).is(201);
    assert_eq!((&line["raw_amount"], &line["quantity"], &line["available_stock"]), (&json!("4"), &json!(4.0), &Value::Null));
    let pk = line.pk();
    w.shop.stock(w.leg, 10.0);
    let row = w.show(pk);
    assert_eq!((&row["available_stock"], &row["can_build"], &row["validated"]), (&json!(10.0), &json!(2.5), &json!(false)));
    let path = format!("/api/bom/{pk}/");
    assert_eq!(w.shop.admin.patch(&path, json!({"quantity": "2.5"})).is(200)["raw_amount"], "2.5");
    assert_eq!(w.shop.admin.put(&path, json!({"part": w.chair, "sub_part": w.leg})).is(200)["quantity"], 2.5);
    assert_eq!(w.line(w.chair, w.screw, json!({})).is(201)["raw_amount"], "1.0");
    let list = w.shop.reader.get(&format!("/api/bom/?part={}&ordering=-quantity", w.chair)).is(200);
    assert_eq!(list.numbers("sub_part"), [w.leg, w.screw]);
    assert_eq!(w.shop.reader.get(&format!("/api/part/?in_bom_for={}", w.chair)).is(200).list().len(), 2);
    w.shop.admin.delete(&path).is(204);
    w.shop.reader.get(&path).is(404);
}

#[test]
fn amounts_come_in_other_units() {
    let w = works();
    let wire = w.shop.part_with("Wire", json!({"units": "m"}));
    let line = w.line(w.chair, wire, json!({"raw_amount": "20 cm"})).is(201);
    assert_eq!((&line["raw_amount"], &line["quantity"]), (&json!("20 cm"), &json!(0.2)));
    let path = format!("/api/bom/{}/", line.pk());
    assert_eq!(w.shop.admin.patch(&path, json!({"raw_amount": "1 mm"})).is(200)["quantity"], 0.001);
    assert_eq!(w.shop.admin.patch(&path, json!({"quantity": 0.3333333})).is(200)["quantity"], 0.33333);
    for bad in ["3 kg", "much", "-1", "0", ""] {
        w.shop.admin.patch(&path, json!({"raw_amount": bad})).refuses("raw_amount");
    }
    w.shop.admin.patch(&path, json!({"quantity": 0})).refuses("raw_amount");
    w.shop.set("PART_BOM_ALLOW_ZERO_QUANTITY", "True");
    w.shop.admin.patch(&path, json!({"quantity": 0})).is(200);
    assert_eq!(w.show(line.pk())["can_build"], 0.0);
}

#[test]
fn nothing_is_a_part_of_itself_at_any_depth() {
    let w = works();
    let made = |name: &str| w.shop.part_with(name, json!({"assembly": true}));
    let (top, middle, low) = (made("Top"), made("Middle"), made("Low"));
    w.line(top, middle, json!({})).is(201);
    let below = w.line(middle, low, json!({})).is(201).pk();
    w.line(low, top, json!({})).refuses("sub_part");
    w.line(middle, top, json!({})).refuses("sub_part");
    w.line(top, top, json!({})).refuses("sub_part");
    w.line(top, low, json!({})).is(201);
    w.shop.admin.patch(&format!("/api/bom/{below}/"), json!({"sub_part": top})).refuses("sub_part");
    let template = w.shop.part_with("Template", json!({"assembly": true, "is_template": true}));
    let variant = w.shop.part_with("Variant", json!({"assembly": true, "variant_of": template}));
    w.line(template, variant, json!({})).refuses("sub_part");
    w.line(variant, template, json!({})).refuses("sub_part");
    // What the variant inherits counts, too.
    w.line(template, low, json!({"inherited": true})).is(201);
    w.line(low, variant, json!({})).refuses("sub_part");
    let line = w.shop.find::<i64>(&format!("SELECT id FROM bom_item WHERE part = {middle}"));
    w.shop.admin.post("/api/bom/substitute/", json!({"bom_item": line, "part": top})).refuses("part");
}

#[test]
fn variants_inherit_lines() {
    let w = works();
    let template = w.shop.part_with("Table", json!({"assembly": true, "is_template": true}));
    let variant = w.shop.part_with("Round table", json!({"assembly": true, "variant_of": template}));
    let passed = w.line(template, w.leg, json!({"inherited": true})).is(201).pk();
    w.line(template, w.screw, json!({})).is(201);
    let own = w.line(variant, w.screw, json!({"quantity": 9})).is(201).pk();
    let lines = |part: i64| w.shop.reader.get(&format!("/api/bom/?part={part}")).is(200).numbers("pk");
    assert_eq!(lines(variant), [passed, own]);
    assert_eq!(lines(template).len(), 2);
    assert_eq!(w.shop.reader.get(&format!("/api/bom/?part={variant}&inherited=true")).is(200).numbers("pk"), [passed]);
    // A build of the variant has both; a line that goes takes its part of open builds along.
    let build = w.shop.admin.post("/api/build/", json!({"part": variant, "quantity": 2})).is(201).pk();
    let needs = || w.shop.reader.get(&format!("/api/build/line/?build={build}")).is(200).numbers("bom_item");
    assert_eq!(needs(), [passed, own]);
    w.shop.admin.delete(&format!("/api/bom/{passed}/")).is(204);
    assert_eq!(needs(), [own]);
}

#[test]
fn substitutes_and_variants_count_as_stock() {
    let w = works();
    let line = w.line(w.chair, w.leg, json!({"quantity": 2, "attrition": 25, "setup_quantity": 1})).is(201).pk();
    let other = w.shop.part("Other leg");
    let substitute = w.shop.admin.post("/api/bom/substitute/", json!({"bom_item": line, "part": other})).is(201).pk();
    let path = format!("/api/bom/substitute/{substitute}/");
    w.shop.admin.post("/api/bom/substitute/", json!({"bom_item": line, "part": other})).refuses("non_field_errors");
    w.shop.admin.patch(&path, json!({"part": w.leg})).refuses("part");
    w.shop.admin.put(&path, json!({"bom_item": line, "part": other})).is(200);
    w.shop.admin.patch(&path, json!({"part": other})).is(200);
    assert_eq!(w.shop.reader.get(&path).is(200)["part_detail"]["name"], "Other leg");
    assert_eq!(w.shop.reader.get(&format!("/api/bom/substitute/?bom_item={line}")).is(200).list().len(), 1);
    w.shop.stock(w.leg, 6.0);
    w.shop.stock(other, 10.0);
    let row = w.show(line);
    assert_eq!((&row["available_substitute_stock"], &row["can_build"]), (&json!(10.0), &json!(6.0)));
    assert_eq!(w.shop.reader.get(&format!("/api/part/{}/requirements/", w.chair)).is(200)["can_build"], 6.0);
    assert_eq!(w.shop.reader.get(&format!("/api/bom/?uses={other}")).is(200).numbers("pk"), [line]);
    assert_eq!(w.shop.reader.get(&format!("/api/stock/?bom_item={line}")).is(200).list().len(), 2);
    assert_eq!(w.shop.reader.get(&format!("/api/part/?in_bom_for={}", w.chair)).is(200).numbers("pk"), [w.leg, other]);
    let curved = w.shop.part_with("Curved leg", json!({"variant_of": w.template()}));
    let allowing = w.line(w.chair, w.template(), json!({"allow_variants": true})).is(201).pk();
    w.shop.stock(curved, 3.0);
    assert_eq!(w.show(allowing)["available_variant_stock"], 3.0);
    assert_eq!(w.shop.reader.get(&format!("/api/stock/?bom_item={allowing}")).is(200).numbers("part"), [curved]);
    assert_eq!(w.shop.reader.get(&format!("/api/bom/?uses={curved}")).is(200).numbers("pk"), [allowing]);
    w.shop.admin.delete(&format!("/api/bom/{allowing}/")).is(204);
    w.shop.admin.delete(&path).is(204);
    assert!(w.shop.reader.get(&format!("/api/bom/?uses={other}")).is(200).list().is_empty());
}

#[test]
fn what_was_validated_stays_so_until_it_changes() {
    let w = works();
    let first = w.line(w.chair, w.leg, json!({"quantity": 4})).is(201).pk();
    let second = w.line(w.chair, w.screw, json!({"quantity": 8})).is(201).pk();
    let path = format!("/api/bom/{first}/validate/");
    assert_eq!(w.shop.admin.patch(&path, json!({"valid": true})).is(200).json, json!({}));
    assert_eq!(w.show(first)["validated"], true);
    assert_eq!(w.shop.admin.put(&path, json!({"valid": false})).is(200).json, json!({"valid": false}));
    assert_eq!(w.show(first)["validated"], false);
    w.shop.reader.patch(&path, json!({"valid": true})).is(403);
    let whole = format!("/api/part/{}/bom-validate/", w.chair);
    w.shop.reader.patch(&whole, json!({"valid": true})).is(403);
    assert_eq!(w.shop.admin.put(&whole, json!({"valid": true})).is(200)["success"], true);
    assert!(w.is_valid());
    let known = w.shop.reader.get(&whole).is(200);
    assert_eq!((&known["bom_checked_by"], known["bom_checksum"].as_str().unwrap().len()), (&json!(w.shop.admin.id), 64));
    let reference = |text: &str| w.shop.admin.patch(&format!("/api/bom/{second}/"), json!({"reference": text})).is(200);
    assert_eq!(reference("S1")["validated"], false);
    assert!(!w.is_valid());
    assert_eq!(reference("")["validated"], true);
    assert!(w.is_valid());
    w.shop.admin.delete(&format!("/api/bom/{second}/")).is(204);
    assert!(!w.is_valid());
    w.shop.admin.patch(&whole, json!({"valid": false})).is(200);
    assert_eq!(w.show(first)["validated"], false);
}

#[test]
fn a_part_that_goes_leaves_no_validation_behind() {
    let w = works();
    w.line(w.chair, w.leg, json!({})).is(201);
    w.line(w.chair, w.screw, json!({})).is(201);
    w.shop.admin.patch(&format!("/api/part/{}/bom-validate/", w.chair), json!({"valid": true})).is(200);
    w.shop.set("PART_ALLOW_DELETE_FROM_ASSEMBLY", "True");
    w.shop.admin.patch(&format!("/api/part/{}/", w.screw), json!({"active": false})).is(200);
    w.shop.admin.delete(&format!("/api/part/{}/", w.screw)).is(204);
    assert!(!w.is_valid());
}

#[test]
fn bills_of_materials_are_copied() {
    let w = works();
    let (stool, washer) = (w.shop.part_with("Stool", json!({"assembly": true})), w.shop.part("Washer"));
    let line = w.line(w.chair, w.leg, json!({"quantity": 4, "note": "oak"})).is(201).pk();
    w.shop.admin.post("/api/bom/substitute/", json!({"bom_item": line, "part": washer})).is(201);
    w.line(stool, w.screw, json!({})).is(201);
    let path = format!("/api/part/{stool}/bom-copy/");
    let lines = || w.shop.reader.get(&format!("/api/bom/?part={stool}&substitutes=true&ordering=sub_part")).is(200);
    let echoed = w.shop.admin.post(&path, json!({"part": w.chair, "remove_existing": false})).is(201);
    assert_eq!(echoed["copy_substitutes"], true);
    assert_eq!(lines().numbers("sub_part"), [w.leg, w.screw]);
    assert_eq!((&lines().list()[0]["note"], &lines().list()[0]["substitutes"][0]["part"]), (&json!("oak"), &json!(washer)));
    w.shop.admin.post(&path, json!({"part": w.chair, "copy_substitutes": false})).is(201);
    assert_eq!(lines().numbers("sub_part"), [w.leg]);
    assert_eq!(lines().list()[0]["substitutes"], json!([]));
    w.shop.admin.post(&path, json!({"part": stool})).is(201);
    assert_eq!(lines().list().len(), 1);
    w.shop.admin.post(&format!("/api/part/{}/bom-copy/", w.leg), json!({"part": w.chair})).refuses("sub_part");
    w.shop.admin.post(&format!("/api/part/{}/bom-copy/", w.screw), json!({"part": w.chair})).refuses("part");
    w.shop.store.post(&path, json!({"part": w.chair})).is(403);
    let smith = w.shop.hire("smith", &[("part", &["view", "add"])]);
    smith.post(&path, json!({"part": w.chair})).is(403);
    let copy = w.shop.part_with("Copy", json!({"assembly": true, "duplicate": {"part": w.chair, "copy_bom": true}}));
    assert_eq!(w.shop.reader.get(&format!("/api/bom/?part={copy}")).is(200).numbers("sub_part"), [w.leg]);
}

#[test]
fn locked_assemblies_keep_their_lines() {
    let w = works();
    let line = w.line(w.chair, w.leg, json!({})).is(201).pk();
    w.shop.admin.patch(&format!("/api/part/{}/", w.chair), json!({"locked": true})).is(200);
    let before = w.shop.state();
    w.line(w.chair, w.screw, json!({})).refuses("non_field_errors");
    w.shop.admin.patch(&format!("/api/bom/{line}/"), json!({"quantity": 2})).refuses("non_field_errors");
    w.shop.admin.delete(&format!("/api/bom/{line}/")).refuses("non_field_errors");
    w.shop.admin.delete_with("/api/bom/", json!({"items": [line]})).refuses("non_field_errors");
    w.shop.admin.post(&format!("/api/part/{}/bom-copy/", w.chair), json!({"part": w.leg})).refuses("non_field_errors");
    assert_eq!(w.shop.state(), before);
}

#[test]
fn many_lines_change_at_once() {
    let w = works();
    let (a, b) = (w.line(w.chair, w.leg, json!({})).is(201).pk(), w.line(w.chair, w.screw, json!({})).is(201).pk());
    let done = w.shop.admin.patch("/api/bom/", json!({"items": [a, b], "optional": true})).is(200);
    assert_eq!(done["items"].as_array().unwrap().len(), 2);
    w.shop.admin.put("/api/bom/", json!({"items": [a, b], "quantity": 3})).is(200);
    let quantities: i64 = w.shop.find("SELECT sum(quantity) FROM bom_item WHERE optional = 1");
    assert_eq!(quantities, 6_000_000);
    w.shop.admin.delete_with("/api/bom/", json!({"items": [a, b]})).is(200);
    assert_eq!(w.shop.rows("bom_item"), 0);
}

#[test]
fn only_those_with_the_role_write() {
    let w = works();
    let body = json!({"part": w.chair, "sub_part": w.leg});
    for person in [&w.shop.reader, &w.shop.store, &w.shop.norole, &w.shop.staff] {
        person.post("/api/bom/", body.clone()).is(403);
    }
    w.shop.anon.get("/api/bom/").is(401);
    w.shop.norole.get("/api/bom/").is(403);
    let drawer = w.shop.hire("drawer", &[("bom", &["view", "add", "change"])]);
    let line = drawer.post("/api/bom/", body).is(201).pk();
    drawer.patch(&format!("/api/bom/{line}/"), json!({"quantity": 2})).is(200);
    drawer.delete(&format!("/api/bom/{line}/")).is(403);
}

#[test]
fn an_assembly_is_as_trackable_as_what_it_holds() {
    let w = works();
    let motor = w.shop.part_with("Motor", json!({"trackable": true}));
    let car = w.shop.part_with("Car", json!({"assembly": true}));
    w.line(car, w.chair, json!({})).is(201);
    w.line(w.chair, motor, json!({"quantity": 1.5})).refuses("quantity");
    w.line(w.chair, motor, json!({})).is(201);
    let tracked = |part: i64| w.shop.find::<i64>(&format!("SELECT trackable FROM part WHERE id = {part}")) == 1;
    assert!(tracked(w.chair) && tracked(car) && !tracked(w.leg));
    let bench = w.shop.part_with("Bench", json!({"assembly": true}));
    w.line(bench, w.leg, json!({})).is(201);
    w.shop.admin.patch(&format!("/api/part/{}/", w.leg), json!({"trackable": true})).is(200);
    assert!(tracked(bench));
}
