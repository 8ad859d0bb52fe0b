//! `/api/build/`: orders, their lines, what is set aside for them, and what they make

use serde_json::{Value, json};

use crate::support::goods::with;
use crate::support::{Answer, Person, Shop};

/// A shop that makes chairs of four legs and one seat.
struct Works {
    shop: Shop,
    smith: Person,
    chair: i64,
    leg: i64,
    seat: i64,
    shelf: i64,
    yard: i64,
}

fn works() -> Works {
    let shop = Shop::new();
    let smith = shop.hire("smith", &[("build", &["view", "add", "change"])]);
    let chair = shop.part_with("Chair", json!({"assembly": true}));
    let (leg, seat) = (shop.part("Leg"), shop.part("Seat"));
    for (part, quantity) in [(leg, 4), (seat, 1)] {
        shop.admin.post("/api/bom/", json!({"part": chair, "sub_part": part, "quantity": quantity})).is(201);
    }
    let (shelf, yard) = (shop.place("Shelf"), shop.place("Yard"));
    Works { shop, smith, chair, leg, seat, shelf, yard }
}

impl Works {
    #[track_caller]
    fn order(&self, more: Value) -> i64 {
        self.smith.post("/api/build/", with(json!({"part": self.chair, "quantity": 5}), &more)).is(201).pk()
    }

    #[track_caller]
    fn act(&self, build: i64, verb: &str, body: Value) -> Answer {
        self.smith.post(&format!("/api/build/{build}/{verb}/"), body)
    }

    #[track_caller]
    fn show(&self, build: i64) -> Answer {
        self.shop.reader.get(&format!("/api/build/{build}/")).is(200)
    }

    /// The line of a build that needs this part.
    fn line(&self, build: i64, part: i64) -> i64 {
        self.shop.reader.get(&format!("/api/build/line/?build={build}&part={part}")).is(200).list()[0]["pk"].as_i64().unwrap()
    }

    fn need(&self, line: i64, field: &str) -> f64 {
        self.shop.reader.get(&format!("/api/build/line/{line}/")).is(200)[field].as_f64().unwrap()
    }

    fn on_shelf(&self, part: i64, quantity: f64) -> i64 {
        self.shop.stock_with(part, quantity, json!({"location": self.shelf}))
    }

    #[track_caller]
    fn begin(&self, build: i64, more: Value) -> Vec<i64> {
        self.act(build, "create-output", with(json!({"quantity": 1}), &more)).is(201).numbers("pk")
    }

    #[track_caller]
    fn allocate(&self, build: i64, line: i64, item: i64, quantity: f64) -> Answer {
        self.act(build, "allocate", json!({"items": [{"build_line": line, "stock_item": item, "quantity": quantity}]}))
    }

    fn item(&self, item: i64) -> Value {
        self.shop.reader.get(&format!("/api/stock/{item}/")).is(200).json
    }
}

/// Refused, and the list of this name says of which element.
#[track_caller]
fn refused_inside(answer: Answer, list: &str) {
    let answer = answer.is(400);
    assert!(answer[list].is_array(), "{}", answer.text());
}

#[test]
fn orders_are_made_and_their_lines_follow() {
    let w = works();
    let made = w.smith.post("/api/build/", json!({"part": w.chair, "quantity": 3, "tags": ["hot"]})).is(201);
    assert_eq!((&made["reference"], &made["issued_by"], &made["status_text"]), (&json!("BO-0001"), &json!(w.smith.id), &json!("Pending")));
    let build = made.pk();
    let (legs, seats) = (w.line(build, w.leg), w.line(build, w.seat));
    assert_eq!((w.need(legs, "quantity"), w.need(seats, "quantity")), (12.0, 3.0));
    w.smith.patch(&format!("/api/build/{build}/"), json!({"quantity": 6, "title": "Hall"})).is(200);
    assert_eq!((w.need(legs, "quantity"), w.show(build)["title"].clone()), (24.0, json!("Hall")));
    w.smith.put(&format!("/api/build/{build}/"), json!({"part": w.chair, "quantity": 2, "reference": "BO-7"})).is(200);
    assert_eq!(w.order(json!({})), build + 1);
    assert_eq!(w.show(build + 1)["reference"], "BO-0008");
    let part = w.shop.reader.get(&format!("/api/part/{}/", w.leg)).is(200);
    assert_eq!(part["required_for_build_orders"], 28);
    assert_eq!(w.shop.reader.get(&format!("/api/part/{}/", w.chair)).is(200)["scheduled_to_build"], 7.0);
    // Open builds follow the bill of materials.
    let felt = w.shop.part("Felt");
    w.shop.admin.post("/api/bom/", json!({"part": w.chair, "sub_part": felt, "quantity": 4, "rounding_multiple": 5})).is(201);
    let line = w.line(build, felt);
    assert_eq!(w.need(line, "quantity"), 10.0);
    w.smith.patch(&format!("/api/build/line/{line}/"), json!({"quantity": 11})).is(200);
    w.smith.put(&format!("/api/build/line/{line}/"), json!({"quantity": 12, "consumed": 1})).is(200);
    assert_eq!(w.need(line, "consumed"), 1.0);
    let item = w.shop.reader.get(&format!("/api/build/line/{line}/")).is(200)["bom_item"].clone();
    w.smith.post("/api/build/line/", json!({"build": build, "bom_item": item})).refuses("bom_item");
    w.smith.post("/api/build/line/", json!({"quantity": 1})).refuses("non_field_errors");
    w.shop.admin.delete(&format!("/api/build/line/{line}/")).is(204);
    w.smith.post("/api/build/line/", json!({"build": build, "bom_item": item, "quantity": 3})).is(201);
    assert!(w.shop.admin.post("/api/search/", json!({"search": "BO-0008", "build": {}})).is(200)["build"]["count"] == 1);
}

#[test]
fn what_cannot_be_ordered() {
    let w = works();
    let build = w.order(json!({}));
    let before = w.shop.state();
    for (field, wrong) in [
        ("part", json!({"part": w.leg})),
        ("quantity", json!({"quantity": 0})),
        ("quantity", json!({"quantity": -1})),
        ("reference", json!({"reference": "BO-0001"})),
        ("reference", json!({"reference": "XX-1"})),
        ("reference", json!({"reference": ""})),
        ("target_date", json!({"start_date": "2026-05-01", "target_date": "2026-04-01"})),
        ("destination", json!({"destination": 999})),
    ] {
        w.smith.post("/api/build/", with(json!({"part": w.chair, "quantity": 1}), &wrong)).refuses(field);
    }
    let other = w.shop.find::<i64>("SELECT count(*) FROM part");
    assert_eq!(w.shop.state(), before);
    let stool = w.shop.part_with("Stool", json!({"assembly": true, "purchaseable": false, "active": false}));
    assert!(stool > other);
    w.smith.patch(&format!("/api/build/{build}/"), json!({"part": stool})).refuses("part");
    w.smith.patch(&format!("/api/build/{build}/"), json!({"parent": build})).refuses("parent");
    w.smith.post("/api/build/", json!({"part": stool, "external": true})).refuses("external");
    for (setting, field) in [
        ("BUILDORDER_REQUIRE_RESPONSIBLE", "responsible"),
        ("BUILDORDER_REQUIRE_ACTIVE_PART", "part"),
        ("BUILDORDER_REQUIRE_LOCKED_PART", "part"),
        ("BUILDORDER_REQUIRE_VALID_BOM", "part"),
    ] {
        w.shop.set(setting, "True");
        w.smith.post("/api/build/", json!({"part": stool})).refuses(field);
        w.shop.set(setting, "False");
    }
    for person in [&w.shop.reader, &w.shop.store, &w.shop.norole] {
        person.post("/api/build/", json!({"part": w.chair})).is(403);
        person.post(&format!("/api/build/{build}/issue/"), json!({})).is(403);
    }
    w.shop.anon.get("/api/build/").is(401);
}

#[test]
fn references_are_of_the_shops_pattern() {
    let w = works();
    let old = w.order(json!({}));
    w.shop.set("BUILDORDER_REFERENCE_PATTERN", "JOB-{ref:05d}-X");
    w.smith.post("/api/build/", json!({"part": w.chair, "reference": "BO-0009"})).refuses("reference");
    w.order(json!({"reference": "JOB-7001-X"}));
    assert_eq!(w.show(w.order(json!({})))["reference"], "JOB-07002-X");
    assert_eq!(w.shop.admin.options("/api/build/").is(200)["actions"]["POST"]["reference"]["default"], "JOB-07003-X");
    w.act(old, "cancel", json!({})).refuses("non_field_errors");
    w.smith.patch(&format!("/api/build/{old}/"), json!({"title": "x"})).refuses("reference");
    w.smith.patch(&format!("/api/build/{old}/"), json!({"reference": "JOB-1-X"})).is(200);
    w.act(old, "cancel", json!({})).is(201);
    for pattern in ["none", "X{ref}{other}", ""] {
        let path = "/api/settings/global/BUILDORDER_REFERENCE_PATTERN/";
        w.shop.admin.patch(path, json!({"value": pattern})).is(400);
    }
}

#[test]
fn states_lead_where_they_may() {
    let w = works();
    let build = w.order(json!({}));
    let state = || w.show(build)["status"].as_i64().unwrap();
    for (verb, then) in [("hold", 25), ("hold", 25), ("issue", 20), ("issue", 20), ("hold", 25), ("issue", 20)] {
        assert_eq!(w.act(build, verb, json!({})).is(201).json, json!({}));
        assert_eq!(state(), then);
    }
    w.act(build, "finish", json!({})).refuses("accept_unallocated").refuses("accept_incomplete");
    assert_eq!(w.act(build, "cancel", json!({})).is(201)["remove_allocated_stock"], false);
    w.act(build, "issue", json!({})).is(201);
    assert_eq!(state(), 30);
    w.act(build, "finish", json!({"accept_incomplete": true, "accept_unallocated": true})).refuses("non_field_errors");
    assert!(w.show(build)["completion_date"].is_string());
    w.smith.delete(&format!("/api/build/{build}/")).is(403);
    let child = w.order(json!({"parent": build}));
    w.shop.admin.delete(&format!("/api/build/{child}/")).refuses("non_field_errors");
    w.shop.admin.delete(&format!("/api/build/{build}/")).is(204);
    let child = w.show(child);
    assert_eq!((&child["parent"], &child["level"]), (&Value::Null, &json!(0)));
}

#[test]
fn stock_is_set_aside_and_released_by_hand() {
    let w = works();
    let build = w.order(json!({}));
    let (legs, item) = (w.line(build, w.leg), w.on_shelf(w.leg, 30.0));
    let echo = w.allocate(build, legs, item, 4.0).is(201);
    assert_eq!(echo["items"][0], json!({"build_line": legs, "stock_item": item, "quantity": "4.00000", "output": null}));
    w.allocate(build, legs, item, 2.5).is(201);
    let kept = w.shop.reader.get(&format!("/api/build/item/?build={build}")).is(200);
    assert_eq!((kept.list().len(), &kept.list()[0]["quantity"]), (1, &json!(6.5)));
    assert_eq!((w.need(legs, "allocated"), w.need(legs, "available_stock")), (6.5, 23.5));
    assert_eq!(w.item(item)["allocated"], 6.5);
    let seat = w.on_shelf(w.seat, 5.0);
    let before = w.shop.state();
    refused_inside(w.allocate(build, legs, item, 24.0), "items");
    refused_inside(w.allocate(build, legs, item, 0.0), "items");
    w.allocate(build, legs, seat, 1.0).refuses("stock_item");
    let both = json!([{"build_line": legs, "stock_item": item, "quantity": 20}, {"build_line": legs, "stock_item": item, "quantity": 20}]);
    refused_inside(w.act(build, "allocate", json!({"items": both})), "items");
    w.act(build, "allocate", json!({"items": []})).refuses("non_field_errors");
    w.shop.store.post(&format!("/api/build/{build}/allocate/"), json!({"items": []})).is(403);
    assert_eq!(w.shop.state(), before);
    let other = w.order(json!({}));
    refused_inside(w.allocate(other, legs, item, 1.0), "items");
    w.act(build, "unallocate", json!({"build_line": w.line(build, w.seat)})).is(201);
    assert_eq!(w.need(legs, "allocated"), 6.5);
    assert_eq!(w.act(build, "unallocate", json!({})).is(201).json, json!({"build_line": null, "output": null}));
    assert_eq!(w.need(legs, "allocated"), 0.0);
}

#[test]
fn allocations_are_rows_too() {
    let w = works();
    let build = w.order(json!({}));
    let (legs, item) = (w.line(build, w.leg), w.on_shelf(w.leg, 10.0));
    let made = w.smith.post("/api/build/item/", json!({"build_line": legs, "stock_item": item, "quantity": 3})).is(201);
    let path = format!("/api/build/item/{}/", made.pk());
    assert_eq!((&made["build"], &made["location"]), (&json!(build), &json!(w.shelf)));
    w.smith.patch(&path, json!({"quantity": 11})).refuses("quantity");
    w.smith.patch(&path, json!({"quantity": 10})).is(200);
    w.smith.put(&path, json!({"build_line": legs, "stock_item": item, "quantity": 4})).is(200);
    w.smith.post("/api/build/item/", json!({"stock_item": item, "quantity": 1})).refuses("build_line");
    assert_eq!(w.shop.reader.get(&path).is(200)["quantity"], 4.0);
    let second = w.smith.post("/api/build/item/", json!({"build_line": legs, "stock_item": item, "quantity": 6})).is(201).pk();
    w.smith.post("/api/build/item/", json!({"build_line": legs, "stock_item": item, "quantity": 1})).refuses("quantity");
    w.shop.admin.delete_with("/api/build/item/", json!({"items": [second]})).is(200);
    w.shop.admin.delete(&path).is(204);
    assert_eq!(w.item(item)["allocated"], 0.0);
}

#[test]
fn stock_is_set_aside_by_rule() {
    let w = works();
    let line = w.shop.find::<i64>(&format!("SELECT id FROM bom_item WHERE sub_part = {}", w.seat));
    let stool_seat = w.shop.part("Stool seat");
    w.shop.admin.post("/api/bom/substitute/", json!({"bom_item": line, "part": stool_seat})).is(201);
    let felt = w.shop.part("Felt");
    w.shop.admin.post("/api/bom/", json!({"part": w.chair, "sub_part": felt, "quantity": 1, "optional": true})).is(201);
    let build = w.order(json!({}));
    let (legs, seats, felts) = (w.line(build, w.leg), w.line(build, w.seat), w.line(build, felt));
    let (first, second) = (w.on_shelf(w.leg, 12.0), w.shop.stock_with(w.leg, 12.0, json!({"location": w.yard})));
    w.on_shelf(w.seat, 2.0);
    w.on_shelf(stool_seat, 9.0);
    w.on_shelf(felt, 9.0);
    let set_aside = || (w.need(legs, "allocated"), w.need(seats, "allocated"), w.need(felts, "allocated"));
    let auto = |body: Value| assert_eq!(w.act(build, "auto-allocate", body).is(200)["success"], true);
    auto(json!({"substitutes": false}));
    assert_eq!(set_aside(), (0.0, 2.0, 0.0), "of several places nothing is taken unasked");
    auto(json!({"location": w.yard}));
    assert_eq!((set_aside().0, w.item(second)["allocated"].clone()), (12.0, json!(12.0)));
    auto(json!({"interchangeable": true, "exclude_location": w.shelf}));
    assert_eq!(set_aside(), (12.0, 2.0, 0.0));
    auto(json!({"interchangeable": true, "optional_items": true}));
    assert_eq!(set_aside(), (20.0, 5.0, 5.0));
    assert_eq!(w.item(first)["allocated"], 8.0);
    auto(json!({"interchangeable": true, "optional_items": true}));
    assert_eq!(set_aside(), (20.0, 5.0, 5.0));
    w.act(build, "unallocate", json!({})).is(201);
    auto(json!({"interchangeable": true, "build_lines": [seats], "stock_sort_by": "-quantity"}));
    assert_eq!(set_aside(), (0.0, 5.0, 0.0));
    w.act(build, "auto-allocate", json!({"build_lines": [w.line(w.order(json!({})), w.leg)]})).refuses("build_lines");
}

#[test]
fn outputs_are_begun_completed_scrapped_and_deleted() {
    let w = works();
    let build = w.order(json!({"quantity": 10, "destination": w.yard, "batch": "LOT"}));
    let made = w.act(build, "create-output", json!({"quantity": 4, "batch_code": "A"})).is(201);
    let output = made.list()[0]["pk"].as_i64().unwrap();
    assert_eq!((&made.list()[0]["is_building"], &made.list()[0]["location"]), (&json!(true), &json!(w.yard)));
    assert_eq!(w.show(build)["status"], 20, "the first output begins the build");
    let second = w.begin(build, json!({"quantity": 6, "location": w.shelf}))[0];
    assert_eq!(w.shop.reader.get(&format!("/api/part/{}/", w.chair)).is(200)["building"], 10.0);
    assert_eq!(w.shop.events(output), [1, 50]);
    let done = |body: Value| w.act(build, "complete", with(json!({"location": w.shelf}), &body));
    done(json!({"outputs": [{"output": output}], "notes": "fine"})).is(200);
    let item = w.item(output);
    assert_eq!((&item["in_stock"], &item["location"], &item["build"]), (&json!(true), &json!(w.shelf), &json!(build)));
    let event = w.shop.last_event(output);
    assert_eq!(
        (&event["tracking_type"], &event["notes"], &event["deltas"]["buildorder_detail"]["pk"]),
        (&json!(55), &json!("fine"), &json!(build))
    );
    refused_inside(done(json!({"outputs": [{"output": output}]})), "outputs");
    refused_inside(done(json!({"outputs": [{"output": second, "quantity": 7}]})), "outputs");
    refused_inside(done(json!({"outputs": [{"output": second}, {"output": second}]})), "outputs");
    done(json!({"outputs": []})).refuses("non_field_errors");
    done(json!({"outputs": [{"output": second, "quantity": 2}], "status_custom_key": 55})).is(200);
    let piece = w.shop.find::<i64>("SELECT max(id) FROM stock_item");
    let item = w.item(piece);
    assert_eq!((&item["quantity"], &item["status"], &item["parent"]), (&json!(2.0), &json!(55), &json!(second)));
    assert_eq!(w.show(build)["completed"], 6);
    let scrapped = json!({"outputs": [{"output": second, "quantity": 1}], "location": w.shelf});
    w.act(build, "scrap-outputs", scrapped.clone()).refuses("notes");
    w.act(build, "scrap-outputs", with(scrapped, &json!({"notes": "cracked"}))).is(200);
    let piece = w.shop.find::<i64>("SELECT max(id) FROM stock_item");
    assert_eq!((&w.item(piece)["status"], w.shop.events(piece)), (&json!(65), vec![40, 56]));
    assert_eq!((w.show(build)["completed"].clone(), w.shop.quantity(second)), (json!(6), 3_000_000));
    refused_inside(w.act(build, "delete-outputs", json!({"outputs": [{"output": output}]})), "outputs");
    w.act(build, "delete-outputs", json!({"outputs": [{"output": second}]})).is(200);
    assert!(!w.shop.has_item(second));
}

#[test]
fn tracked_parts_go_into_the_output_of_their_number() {
    let w = works();
    let motor = w.shop.part_with("Motor", json!({"trackable": true}));
    w.shop.admin.post("/api/bom/", json!({"part": w.chair, "sub_part": motor, "quantity": 1})).is(201);
    let build = w.order(json!({"quantity": 3}));
    let motors = w.shop.admin.post("/api/stock/", json!({"part": motor, "quantity": 3, "serial_numbers": "1-3", "location": w.shelf}));
    let motors = motors.is(201).numbers("pk");
    let line = w.line(build, motor);
    w.act(build, "create-output", json!({"quantity": 2})).refuses("serial_numbers");
    w.act(build, "create-output", json!({"quantity": 1.5, "serial_numbers": "1"})).refuses("quantity");
    w.act(build, "create-output", json!({"quantity": 2, "serial_numbers": "1,1"})).refuses("serial_numbers");
    let outputs = w.begin(build, json!({"quantity": 2, "serial_numbers": "1,2", "auto_allocate": true}));
    w.act(build, "create-output", json!({"quantity": 1, "serial_numbers": "2"})).refuses("serial_numbers");
    assert_eq!(w.need(line, "allocated"), 2.0);
    let third = w.begin(build, json!({"serial_numbers": "3"}))[0];
    w.act(build, "auto-allocate", json!({"item_type": "tracked"})).is(200);
    assert_eq!(w.shop.reader.get(&format!("/api/build/item/?output={third}")).is(200).numbers("stock_item"), [motors[2]]);
    w.act(build, "unallocate", json!({"output": third})).is(201);
    let wish = |more: Value| {
        let item = with(json!({"build_line": line, "stock_item": motors[2], "quantity": 1}), &more);
        w.act(build, "allocate", json!({"items": [item]}))
    };
    refused_inside(wish(json!({})), "items");
    refused_inside(wish(json!({"output": motors[0]})), "items");
    let complete =
        |output: i64, more: Value| w.act(build, "complete", with(json!({"outputs": [{"output": output}], "location": w.shelf}), &more));
    refused_inside(complete(third, json!({})), "outputs");
    wish(json!({"output": third})).is(201);
    complete(third, json!({})).is(200);
    let inside = w.item(motors[2]);
    assert_eq!((&inside["belongs_to"], &inside["location"], &inside["consumed_by"]), (&json!(third), &Value::Null, &json!(build)));
    assert_eq!((w.shop.events(motors[2]), w.shop.events(third)), (vec![1, 30], vec![50, 35, 55]));
    assert_eq!(w.need(line, "consumed"), 1.0);
    // Scrapped with what was meant for it, or without.
    let scrap = |output: i64, keep: bool| {
        let body = json!({"outputs": [{"output": output}], "location": w.shelf, "notes": "x", "discard_allocations": keep});
        w.act(build, "scrap-outputs", body).is(200)
    };
    scrap(outputs[0], true);
    assert_eq!(w.item(motors[0])["in_stock"], true);
    scrap(outputs[1], false);
    assert_eq!(w.item(motors[1])["belongs_to"], outputs[1]);
}

#[test]
fn stock_is_used_up_before_the_end() {
    let w = works();
    let build = w.order(json!({}));
    let (legs, seats) = (w.line(build, w.leg), w.line(build, w.seat));
    let (leg, seat) = (w.on_shelf(w.leg, 30.0), w.on_shelf(w.seat, 5.0));
    w.allocate(build, legs, leg, 20.0).is(201);
    w.allocate(build, seats, seat, 5.0).is(201);
    let allocation = w.shop.reader.get(&format!("/api/build/item/?build_line={legs}")).is(200).list()[0]["pk"].clone();
    let consume = |body: Value| w.act(build, "consume", body);
    assert_eq!(consume(json!({"items": [{"build_item": allocation, "quantity": 8}], "notes": "begun"})).is(200)["complete"], true);
    assert_eq!((w.shop.quantity(leg), w.need(legs, "consumed"), w.need(legs, "allocated")), (22_000_000, 8.0, 12.0));
    let used = w.shop.reader.get(&format!("/api/stock/?consumed_by={build}")).is(200);
    assert_eq!((used.list().len(), &used.list()[0]["quantity"], &used.list()[0]["location"]), (1, &json!(8.0), &Value::Null));
    let piece = used.list()[0]["pk"].as_i64().unwrap();
    assert_eq!(w.shop.events(piece), [40, 57]);
    assert_eq!(w.shop.last_event(leg)["deltas"]["removed"], 8.0);
    for (field, wrong) in [
        ("non_field_errors", json!({})),
        ("items", json!({"items": [{"build_item": allocation, "quantity": 13}]})),
        ("items", json!({"items": [{"build_item": allocation, "quantity": 0}]})),
        ("items", json!({"items": [{"build_item": allocation, "quantity": 1}, {"build_item": allocation, "quantity": 1}]})),
        ("lines", json!({"lines": [{"build_line": w.line(w.order(json!({})), w.leg)}]})),
    ] {
        refused_inside(consume(wrong), field);
    }
    consume(json!({"lines": [{"build_line": legs}, {"build_line": seats}]})).is(200);
    assert_eq!((w.need(legs, "consumed"), w.need(seats, "consumed")), (20.0, 5.0));
    assert_eq!(w.item(seat)["consumed_by"], build, "the whole item went");
    assert_eq!(w.shop.rows("build_item"), 0);
}

#[test]
fn a_build_ends_with_its_stock_used_up() {
    let w = works();
    let build = w.order(json!({}));
    let (legs, seats) = (w.line(build, w.leg), w.line(build, w.seat));
    let (leg, seat) = (w.on_shelf(w.leg, 50.0), w.on_shelf(w.seat, 50.0));
    w.act(build, "issue", json!({})).is(201);
    w.allocate(build, legs, leg, 25.0).is(201);
    w.allocate(build, seats, seat, 5.0).is(201);
    let output = w.begin(build, json!({"quantity": 5}))[0];
    let finish = |body: Value| w.act(build, "finish", body);
    finish(json!({})).refuses("accept_overallocated").refuses("accept_incomplete");
    finish(json!({"accept_overallocated": "trim", "accept_incomplete": true})).refuses("non_field_errors");
    w.act(build, "complete", json!({"outputs": [{"output": output}], "location": w.shelf})).is(200);
    let child = w.order(json!({"parent": build}));
    w.shop.set("BUILDORDER_REQUIRE_CLOSED_CHILDS", "True");
    finish(json!({"accept_overallocated": "trim"})).refuses("non_field_errors");
    w.act(child, "cancel", json!({})).is(201);
    assert_eq!(finish(json!({"accept_overallocated": "trim"})).is(201)["accept_overallocated"], "trim");
    let row = w.show(build);
    assert_eq!((&row["status"], &row["completed"]), (&json!(40), &json!(5)));
    assert_eq!((w.shop.quantity(leg), w.shop.quantity(seat)), (30_000_000, 45_000_000));
    assert_eq!((w.need(legs, "consumed"), w.need(legs, "allocated")), (20.0, 0.0));
    finish(json!({})).refuses("non_field_errors");
}

#[test]
fn a_build_that_is_given_up_releases_its_stock_or_uses_it_up() {
    let w = works();
    for used in [false, true] {
        let build = w.order(json!({}));
        let (legs, leg) = (w.line(build, w.leg), w.on_shelf(w.leg, 30.0));
        w.allocate(build, legs, leg, 20.0).is(201);
        let output = w.begin(build, json!({"quantity": 5}))[0];
        w.act(build, "cancel", json!({"remove_allocated_stock": used, "remove_incomplete_outputs": !used})).is(201);
        assert_eq!(w.shop.quantity(leg), if used { 10_000_000 } else { 30_000_000 });
        assert_eq!(w.item(leg)["allocated"], 0.0);
        assert_eq!(w.shop.has_item(output), used);
    }
}

#[test]
fn outputs_pass_their_tests_first() {
    let w = works();
    w.shop.admin.patch(&format!("/api/part/{}/", w.chair), json!({"testable": true})).is(200);
    let test = w.shop.admin.post("/api/part/test-template/", json!({"part": w.chair, "test_name": "Sit", "description": "Does it hold?"}));
    let test = test.is(201).pk();
    w.shop.set("PREVENT_BUILD_COMPLETION_HAVING_INCOMPLETED_TESTS", "True");
    let build = w.order(json!({"quantity": 1}));
    let output = w.begin(build, json!({}))[0];
    let body = json!({"outputs": [{"output": output}], "location": w.shelf});
    let result =
        |good: bool| w.shop.admin.post("/api/stock/test/", json!({"stock_item": output, "template": test, "result": good})).is(201);
    w.act(build, "complete", body.clone()).refuses("non_field_errors");
    result(false);
    w.act(build, "complete", body.clone()).refuses("non_field_errors");
    result(true);
    w.act(build, "complete", body).is(200);
}

#[test]
fn take_from_narrows_what_is_available() {
    let w = works();
    let build = w.order(json!({"take_from": w.yard}));
    w.on_shelf(w.leg, 7.0);
    w.shop.stock_with(w.leg, 3.0, json!({"location": w.yard}));
    let rows = w.shop.reader.get(&format!("/api/build/line/?build={build}&part={}", w.leg)).is(200);
    assert_eq!(rows.list()[0]["available_stock"], 3.0);
    assert_eq!(w.shop.reader.get(&format!("/api/build/line/?build={build}&available=true")).is(200).list().len(), 0);
}

#[test]
fn lists_of_builds_are_narrowed() {
    let w = works();
    let code = w.shop.admin.post("/api/project-code/", json!({"code": "P1"})).is(201).pk();
    let owner: i64 = w.shop.find(&format!("SELECT id FROM owner WHERE user = {}", w.smith.id));
    let first = w.order(json!({"target_date": "2020-01-01", "project_code": code, "responsible": owner, "tags": ["hot"]}));
    let second = w.order(json!({"parent": first, "priority": 3, "start_date": "2020-01-02"}));
    let third = w.order(json!({"parent": second, "external": true}));
    w.act(third, "issue", json!({})).is(201);
    let found = |query: &str| w.smith.get(&format!("/api/build/?ordering=reference&{query}")).is(200).numbers("pk");
    for (query, want) in [
        ("overdue=true", vec![first]),
        ("has_project_code=true", vec![first]),
        ("assigned_to_me=true", vec![first]),
        ("tags=hot", vec![first]),
        ("parent=1", vec![second]),
        ("ancestor=1", vec![second, third]),
        ("exclude_tree=2", vec![first]),
        ("status=20", vec![third]),
        ("external=true", vec![third]),
        ("has_start_date=true", vec![second]),
        ("active=false", vec![]),
        ("max_date=2020-01-01", vec![first]),
        ("search=P1", vec![first]),
        ("search=Chair", vec![first, second, third]),
    ] {
        assert_eq!(found(query), want, "{query}");
    }
    assert_eq!(w.show(first)["project_code_label"], "P1");
    assert_eq!(w.show(third)["level"], 2);
    assert_eq!(w.shop.admin.patch("/api/metadata/build/1/", json!({"metadata": {"k": 1}})).is(200)["metadata"]["k"], 1);
}

#[test]
fn people_are_told() {
    let w = works();
    let clerk = w.shop.hire("clerk", &[("build", &["view"])]);
    let owner: i64 =
        w.shop.find(&format!("SELECT id FROM owner WHERE \"group\" = (SELECT \"group\" FROM user_group_member WHERE user = {})", clerk.id));
    let build = w.order(json!({"responsible": owner, "quantity": 1}));
    let news = || clerk.get("/api/notifications/").is(200).texts("category").iter().map(|c| (*c).to_string()).collect::<Vec<_>>();
    assert_eq!(news(), ["build.new_build"]);
    let output = w.begin(build, json!({}))[0];
    w.act(build, "complete", json!({"outputs": [{"output": output}], "location": w.shelf})).is(200);
    w.act(build, "finish", json!({"accept_unallocated": true})).is(201);
    assert!(news().contains(&"build.completed".to_string()));
}
