//! `/api/part/`

use serde_json::{Value, json};

use crate::support::{Person, Shop};

fn at(part: i64) -> String {
    format!("/api/part/{part}/")
}

fn one(person: &Person, part: i64) -> Value {
    person.get(&at(part)).is(200).json
}

#[test]
fn a_new_part_gets_what_the_settings_say() {
    let shop = Shop::new();
    let part = shop.admin.post("/api/part/", json!({"name": "  Nut\n"})).is(201);
    assert_eq!((&part["pk"], &part["name"], &part["full_name"]), (&json!(1), &json!("Nut"), &json!("Nut")));
    for (field, want) in
        [("active", true), ("component", true), ("purchaseable", true), ("assembly", false), ("salable", false), ("trackable", false)]
    {
        assert_eq!(part[field], want, "{field}");
    }
    assert_eq!((&part["IPN"], &part["revision"], &part["units"], &part["description"]), (&json!(""), &json!(""), &json!(""), &json!("")));
    assert_eq!(
        (&part["keywords"], &part["link"], &part["category"], &part["image"]),
        (&json!(null), &json!(null), &json!(null), &json!(null))
    );
    assert_eq!((&part["minimum_stock"], &part["creation_user"]), (&json!(0.0), &json!(shop.admin.id)));
    shop.set("PART_SALABLE", "true");
    shop.set("PART_COMPONENT", "false");
    let part = shop.admin.post("/api/part/", json!({"name": "Bolt"})).is(201);
    assert_eq!((&part["salable"], &part["component"]), (&json!(true), &json!(false)));
    let told = shop.admin.post("/api/part/", json!({"name": "Pin", "salable": false, "component": true})).is(201);
    assert_eq!((&told["salable"], &told["component"]), (&json!(false), &json!(true)));
}

#[test]
fn the_answer_to_a_creation_lacks_what_is_computed_over_other_tables() {
    let shop = Shop::new();
    let created = shop.admin.post("/api/part/", json!({"name": "Nut"})).is(201);
    for field in [
        "in_stock",
        "total_in_stock",
        "variant_stock",
        "ordering",
        "building",
        "stock_item_count",
        "revision_count",
        "allocated_to_build_orders",
    ] {
        assert!(created[field].is_null(), "{field}: {}", created[field]);
    }
    assert!(created.json.get("category_name").is_none());
    for secret in ["duplicate", "initial_stock", "initial_supplier", "copy_category_parameters", "existing_image"] {
        assert!(created.json.get(secret).is_none(), "{secret}");
    }
    let read = one(&shop.reader, created.pk());
    assert_eq!((&read["in_stock"], &read["stock_item_count"], &read["revision_count"]), (&json!(0.0), &json!(0), &json!(0)));
}

#[test]
fn name_number_and_revision_are_unique_together() {
    let shop = Shop::new();
    shop.part_with("Nut", json!({"IPN": "N-1", "revision": "A"}));
    shop.admin.post("/api/part/", json!({"name": "Nut", "IPN": "N-1", "revision": "A"})).refuses("non_field_errors");
    for other in [
        json!({"name": "Nut", "IPN": "N-1"}),
        json!({"name": "nut", "IPN": "N-1", "revision": "A"}),
        json!({"name": "Nut", "IPN": "N-2", "revision": "A"}),
    ] {
        shop.admin.post("/api/part/", other).is(201);
    }
    shop.admin.patch(&at(2), json!({"revision": "A"})).refuses("non_field_errors");
    shop.admin.patch(&at(1), json!({"name": "Nut"})).is(200);
    assert_eq!(shop.rows("part"), 4);
}

#[test]
fn internal_numbers_repeat_only_if_the_setting_says_so() {
    let shop = Shop::new();
    shop.part_with("Nut", json!({"IPN": "N-1"}));
    shop.part_with("Bolt", json!({"IPN": "n-1"}));
    shop.set("PART_ALLOW_DUPLICATE_IPN", "false");
    shop.admin.post("/api/part/", json!({"name": "Pin", "IPN": "N-1"})).refuses("IPN");
    shop.admin.post("/api/part/", json!({"name": "Pin", "IPN": "n-1"})).refuses("IPN");
    shop.part_with("Pin", json!({"IPN": "N-2"}));
    shop.part_with("None", json!({"IPN": ""}));
    shop.part("None either");
    shop.admin.patch(&at(3), json!({"IPN": "N-1"})).refuses("IPN");
    // What stands already must be mended with the next change.
    shop.admin.patch(&at(1), json!({"description": "x"})).refuses("IPN");
    shop.admin.patch(&at(1), json!({"IPN": "N-3", "description": "x"})).is(200);
}

#[test]
fn internal_numbers_follow_the_pattern_of_the_shop() {
    let shop = Shop::new();
    shop.part_with("Old", json!({"IPN": "anything"}));
    shop.set("PART_IPN_REGEX", "[A-Z]{2}-[0-9]{3}");
    shop.admin.post("/api/part/", json!({"name": "Nut", "IPN": "x1"})).is(400);
    shop.part_with("Nut", json!({"IPN": "AB-123"}));
    shop.part_with("Bolt", json!({"IPN": "xAB-123x"}));
    shop.admin.post("/api/part/", json!({"name": "No number"})).is(400);
    shop.admin.patch(&at(1), json!({"description": "still the old number"})).is(400);
    shop.set("PART_IPN_REGEX", "(");
    shop.part_with("Pin", json!({"IPN": "whatever"}));
}

#[test]
fn revisions_have_rules() {
    let shop = Shop::new();
    let (nut, template) = (shop.part("Nut"), shop.part_with("Family", json!({"is_template": true})));
    let make = |more: Value| shop.admin.post("/api/part/", crate::support::goods::with(json!({"name": "Nut"}), &more));
    make(json!({"revision_of": nut})).is(400);
    make(json!({"revision_of": nut, "revision": "B"})).is(201);
    make(json!({"name": "Other", "revision_of": nut, "revision": "B"})).is(400);
    make(json!({"revision_of": template, "revision": "C"})).refuses("revision_of");
    make(json!({"revision_of": nut, "revision": "C", "is_template": true})).refuses("revision_of");
    make(json!({"revision_of": nut, "revision": "C", "variant_of": template})).refuses("revision_of");
    make(json!({"revision_of": 99, "revision": "C"})).refuses("revision_of");
    shop.admin.patch(&at(nut), json!({"revision_of": nut, "revision": "A"})).refuses("revision_of");
    shop.set("PART_REVISION_ASSEMBLY_ONLY", "true");
    make(json!({"revision_of": nut, "revision": "D"})).refuses("revision_of");
    make(json!({"revision_of": nut, "revision": "D", "assembly": true})).is(201);
    assert_eq!(one(&shop.reader, nut)["revision_count"], 2);
    assert_eq!(shop.reader.get("/api/part/?has_revisions=true").is(200).numbers("pk"), [nut]);
    assert_eq!(shop.reader.get(&format!("/api/part/?revision_of={nut}")).is(200).list().len(), 2);
    assert_eq!(shop.reader.get("/api/part/?is_revision=false").is(200).list().len(), 2);
}

#[test]
fn a_template_counts_the_stock_of_all_its_variants() {
    let shop = Shop::new();
    let family = shop.part_with("Screw", json!({"is_template": true}));
    let metric = shop.part_with("Screw metric", json!({"variant_of": family, "is_template": true}));
    let m3 = shop.part_with("Screw M3", json!({"variant_of": metric}));
    let stranger = shop.part("Nut");
    for (part, quantity) in [(family, 1.0), (metric, 10.0), (m3, 100.5), (stranger, 1000.0)] {
        shop.stock(part, quantity);
    }
    shop.stock_with(m3, 7.0, json!({"status": 65}));
    let numbers = |part| {
        let row = one(&shop.reader, part);
        (row["in_stock"].as_f64().unwrap(), row["variant_stock"].as_f64().unwrap(), row["total_in_stock"].as_f64().unwrap())
    };
    assert_eq!(numbers(family), (1.0, 110.5, 111.5), "what was rejected does not count");
    assert_eq!(numbers(metric), (10.0, 100.5, 110.5));
    assert_eq!(numbers(m3), (100.5, 0.0, 100.5));
    assert_eq!(one(&shop.reader, m3)["stock_item_count"], 2);
    let keys = |query: &str| shop.reader.get(&format!("/api/part/?ordering=id&{query}")).is(200).numbers("pk");
    assert_eq!(keys(&format!("variant_of={family}")), [metric], "direct ones");
    assert_eq!(keys(&format!("ancestor={family}")), [metric, m3], "all below");
    assert_eq!(keys(&format!("exclude_tree={metric}")), [family, stranger]);
    assert_eq!(keys("is_variant=true"), [metric, m3]);
    assert_eq!(keys(&format!("convert_from={m3}")), [metric]);
    assert_eq!(shop.reader.get("/api/part/?ordering=-total_in_stock").is(200).numbers("pk")[0], stranger);
    // Stock of a template includes that of its variants, unless told otherwise.
    let stock = |query: &str| shop.reader.get(&format!("/api/stock/?{query}")).is(200).list().len();
    assert_eq!((stock(&format!("part={family}")), stock(&format!("part={family}&include_variants=false"))), (4, 1));
    // Moved below another template, all of it moves.
    let other = shop.part_with("Other", json!({"is_template": true}));
    shop.admin.patch(&at(metric), json!({"variant_of": other})).is(200);
    assert_eq!((numbers(family), numbers(other)), ((1.0, 0.0, 1.0), (0.0, 110.5, 110.5)));
}

#[test]
fn only_a_template_has_variants_and_never_itself() {
    let shop = Shop::new();
    let family = shop.part_with("Screw", json!({"is_template": true}));
    let m3 = shop.part_with("Screw M3", json!({"variant_of": family, "is_template": true}));
    let plain = shop.part("Nut");
    shop.admin.post("/api/part/", json!({"name": "x", "variant_of": plain})).refuses("variant_of");
    shop.admin.patch(&at(family), json!({"variant_of": m3})).refuses("variant_of");
    shop.admin.patch(&at(family), json!({"variant_of": family})).refuses("variant_of");
    shop.admin.patch(&at(m3), json!({"variant_of": ""})).is(200);
    assert_eq!(one(&shop.reader, m3)["variant_of"], json!(null));
}

#[test]
fn a_part_is_deleted_only_when_nothing_holds_it() {
    let shop = Shop::new();
    let part = shop.part("Nut");
    shop.admin.delete(&at(part)).is(400);
    shop.admin.patch(&at(part), json!({"active": false, "locked": true})).is(200);
    shop.admin.delete(&at(part)).is(400);
    shop.set("PART_ENABLE_LOCKING", "false");
    shop.admin.delete(&at(part)).is(204);
    shop.admin.get(&at(part)).is(404);
    shop.admin.delete(&at(part)).is(404);
    let (used, whole) = (shop.part_with("Nut", json!({"active": false})), shop.part_with("Chair", json!({"assembly": true})));
    shop.sql(&format!("INSERT INTO bom_item (part, sub_part) VALUES ({whole}, {used})"));
    shop.admin.delete(&at(used)).is(400);
    shop.set("PART_ALLOW_DELETE_FROM_ASSEMBLY", "true");
    shop.admin.delete(&at(used)).is(204);
    assert_eq!(shop.rows("bom_item"), 0);
}

#[test]
fn with_a_part_goes_its_stock_and_its_variants_move_up() {
    let shop = Shop::new();
    let place = shop.place("Shelf");
    let family = shop.part_with("Screw", json!({"is_template": true}));
    let metric = shop.part_with("Metric", json!({"variant_of": family, "is_template": true, "tags": ["x"]}));
    let m3 = shop.part_with("M3", json!({"variant_of": metric}));
    shop.stock_with(metric, 3.0, json!({"location": place}));
    shop.stock_with(m3, 4.0, json!({"location": place}));
    shop.admin.patch(&at(metric), json!({"active": false})).is(200);
    shop.admin.delete(&at(metric)).is(204);
    assert_eq!(one(&shop.reader, m3)["variant_of"], json!(family));
    assert_eq!(one(&shop.reader, family)["variant_stock"], json!(4.0));
    assert_eq!(shop.rows("stock_item"), 1);
    assert_eq!(shop.rows("tagged_item"), 0);
    let shelf = shop.reader.get(&format!("/api/stock/location/{place}/")).is(200);
    assert_eq!(shelf["items"], 1, "the count of the place follows");
    assert_eq!(shop.reader.get("/api/stock/?limit=1").is(200)["count"], 1, "and that of the list");
    assert_eq!(shop.reader.get("/api/part/?limit=1").is(200)["count"], 2);
}

#[test]
fn a_part_is_created_with_stock() {
    let shop = Shop::new();
    let (shelf, drawer) = (shop.place("Shelf"), shop.place("Drawer"));
    let make =
        |name: &str, stock: Value| shop.admin.post("/api/part/", json!({"name": name, "default_location": shelf, "initial_stock": stock}));
    make("a", json!({"quantity": 5, "location": drawer})).is(201);
    make("b", json!({"quantity": "2.5"})).is(201);
    make("c", json!({"quantity": 0})).is(201);
    let items = shop.reader.get("/api/stock/?ordering=part").is(200);
    assert_eq!(items.numbers("location"), [drawer, shelf], "else where the part is kept");
    assert_eq!((&items[0]["quantity"], &items[1]["quantity"]), (&json!(5.0), &json!(2.5)));
    assert_eq!(shop.events(items[0]["pk"].as_i64().unwrap()), [1]);
    let before = shop.state();
    make("d", json!({"quantity": -1})).is(400);
    make("d", json!({"quantity": "x"})).is(400);
    make("d", json!({})).is(400);
    make("d", json!({"quantity": 1, "location": 99})).is(400);
    make("d", json!(5)).is(400);
    let structural = shop.place_with("Room", json!({"structural": true}));
    make("d", json!({"quantity": 1, "location": structural})).is(400);
    shop.admin
        .delete_with(&format!("/api/stock/location/{structural}/"), json!({"delete_stock_items": false, "delete_sub_locations": false}))
        .is(204);
    assert_eq!(shop.state()["part"], before["part"], "no part without its stock");
    assert_eq!(shop.state()["stock_item"], before["stock_item"]);
}

#[test]
fn a_part_is_created_with_a_supplier() {
    let shop = Shop::new();
    shop.sql("INSERT INTO company (id, name, is_supplier, is_manufacturer) VALUES (1, 'Sells', 1, 0), (2, 'Makes', 0, 1)");
    let make = |name: &str, from: Value| shop.admin.post("/api/part/", json!({"name": name, "initial_supplier": from}));
    make("a", json!({"supplier": 1, "sku": "S1", "manufacturer": 2, "mpn": "M1"})).is(201);
    assert_eq!((shop.rows("supplier_part"), shop.rows("manufacturer_part")), (1, 1));
    let refused = make("b", json!({"supplier": 1, "sku": "S1", "manufacturer": 2, "mpn": "M1"})).is(400);
    assert!(refused["initial_supplier"]["sku"].is_array() && refused["initial_supplier"]["mpn"].is_array(), "{}", refused.text());
    make("b", json!({"supplier": 2, "sku": "S2"})).is(400);
    make("b", json!({"manufacturer": 1, "mpn": "M2"})).is(400);
    assert_eq!(shop.rows("part"), 1);
    assert_eq!(shop.reader.get("/api/part/?search=M1").is(200).texts("name"), ["a"]);
}

#[test]
fn a_star_belongs_to_whoever_gave_it() {
    let shop = Shop::new();
    let part = shop.part("Nut");
    let other = shop.hire("other", &[("part", &["view", "change"])]);
    assert_eq!(
        shop.admin.patch(&at(part), json!({"starred": true})).is(200)["starred"],
        false,
        "the answer shows what was, as in the contract"
    );
    assert_eq!(one(&shop.admin, part)["starred"], true);
    assert_eq!(one(&other, part)["starred"], false);
    other.patch(&at(part), json!({"starred": true})).is(200);
    shop.admin.patch(&at(part), json!({"starred": false})).is(200);
    assert_eq!((one(&shop.admin, part)["starred"].clone(), one(&other, part)["starred"].clone()), (json!(false), json!(true)));
    assert_eq!(shop.admin.get("/api/part/?starred=true").is(200).list().len(), 0);
    assert_eq!(other.get("/api/part/?starred=true").is(200).list().len(), 1);
    assert_eq!(other.get("/api/part/?starred=false").is(200).list().len(), 0);
}

#[test]
fn parts_are_found_by_category_and_all_below_it() {
    let shop = Shop::new();
    let top = shop.category("Top");
    let below = shop.category_with("Below", json!({"parent": top}));
    let (a, b, c) = (shop.part_with("a", json!({"category": top})), shop.part_with("b", json!({"category": below})), shop.part("c"));
    let keys = |query: &str| shop.reader.get(&format!("/api/part/?ordering=id&{query}")).is(200).numbers("pk");
    assert_eq!(keys(&format!("category={top}")), [a, b]);
    assert_eq!(keys(&format!("category={top}&cascade=false")), [a]);
    assert_eq!(keys(&format!("category={below}")), [b]);
    assert_eq!(keys("category=null"), [a, b, c], "null with what is below it is everything");
    assert_eq!(keys("category=null&cascade=false"), [c]);
    assert_eq!(keys("category=top&cascade=false"), [c]);
    assert_eq!(keys(&format!("exclude_id={a},{c}")), [b]);
    assert_eq!(one(&shop.reader, b)["category_name"], "Below");
    assert!(one(&shop.reader, c).get("category_name").is_none());
}

#[test]
fn parts_are_found_by_what_is_on_the_shelf() {
    let shop = Shop::new();
    let (low, high, none, gone) = (
        shop.part_with("low", json!({"minimum_stock": 10})),
        shop.part_with("high", json!({"maximum_stock": 3, "units": "kg", "IPN": "X-1"})),
        shop.part("none"),
        shop.part("gone"),
    );
    shop.stock(low, 5.0);
    shop.stock(high, 5.0);
    let item = shop.stock_with(gone, 5.0, json!({"delete_on_deplete": false}));
    shop.admin.post("/api/stock/remove/", json!({"items": [{"pk": item, "quantity": 5}]})).is(201);
    let keys = |query: &str| shop.reader.get(&format!("/api/part/?ordering=id&{query}")).is(200).numbers("pk");
    assert_eq!(keys("low_stock=true"), [low]);
    assert_eq!(keys("low_stock=false"), [high, none, gone]);
    assert_eq!(keys("high_stock=true"), [high]);
    assert_eq!(keys("has_stock=true"), [low, high]);
    assert_eq!(keys("has_stock=false"), [none, gone]);
    assert_eq!(keys("depleted_stock=true"), [gone]);
    assert_eq!(keys("unallocated_stock=true"), [low, high]);
    assert_eq!(keys("has_units=true"), [high]);
    assert_eq!(keys("has_ipn=true"), [high]);
    assert_eq!(keys("IPN=x-1"), [high]);
    assert_eq!(keys("IPN_regex=%5Ex"), [high]);
    assert_eq!(keys("name_regex=%5E(HIGH%7Clow)%24"), [low, high]);
    assert_eq!(keys("stock_to_build=true"), Vec::<i64>::new());
}

#[test]
fn what_is_set_aside_is_not_free() {
    let shop = Shop::new();
    let (nut, chair) = (shop.part("Nut"), shop.part_with("Chair", json!({"assembly": true})));
    let item = shop.stock(nut, 10.0);
    shop.sql(&format!(
        "INSERT INTO bom_item (id, part, sub_part) VALUES (1, {chair}, {nut});
         INSERT INTO build (id, reference, part, status, quantity) VALUES (1, 'BO-1', {chair}, 20, 4000000), (2, 'BO-2', {chair}, 40, 4000000);
         INSERT INTO build_line (id, build, bom_item, quantity) VALUES (1, 1, 1, 8000000), (2, 2, 1, 8000000);
         INSERT INTO build_item (build_line, stock_item, quantity) VALUES (1, {item}, 3000000), (2, {item}, 1000000);
         INSERT INTO sales_order (id, reference) VALUES (1, 'SO-1');
         INSERT INTO sales_order_line (id, \"order\", part, quantity) VALUES (1, 1, {nut}, 6000000);
         INSERT INTO sales_order_allocation (line, item, quantity) VALUES (1, {item}, 2000000);"
    ));
    let part = one(&shop.reader, nut);
    for (field, want) in
        [("in_stock", 10.0), ("allocated_to_build_orders", 3.0), ("allocated_to_sales_orders", 2.0), ("unallocated_stock", 5.0)]
    {
        assert_eq!(part[field], json!(want), "{field}: an allocation of a build that is done holds nothing");
    }
    assert_eq!((&part["required_for_build_orders"], &part["required_for_sales_orders"]), (&json!(8), &json!(6)));
    assert_eq!(one(&shop.reader, chair)["scheduled_to_build"], json!(4.0));
    let wants = shop.reader.get(&format!("/api/part/{nut}/requirements/")).is(200);
    assert_eq!((&wants["total_stock"], &wants["unallocated_stock"]), (&json!(10.0), &json!(5.0)));
    assert_eq!(shop.reader.get("/api/part/?stock_to_build=true").is(200).numbers("pk"), [nut]);
    let row = shop.reader.get(&format!("/api/stock/{item}/")).is(200);
    assert_eq!(row["allocated"], json!(6.0), "of an item, every allocation counts");
    assert_eq!(shop.reader.get("/api/stock/?allocated=true").is(200).list().len(), 1);
    shop.reader.get("/api/part/77/requirements/").is(404);
}

#[test]
fn serial_numbers_of_a_part_count_on() {
    let shop = Shop::new();
    let part = shop.part_with("Motor", json!({"trackable": true}));
    let path = format!("/api/part/{part}/serial-numbers/");
    let answer = shop.reader.get(&path).is(200);
    assert_eq!((&answer["latest"], &answer["next"]), (&json!(null), &json!("1")));
    shop.admin.post("/api/stock/", json!({"part": part, "quantity": 2, "serial_numbers": "A09,A10"})).is(201);
    let answer = shop.reader.get(&path).is(200);
    assert_eq!((&answer["latest"], &answer["next"]), (&json!("A10"), &json!("A11")));
    shop.reader.get("/api/part/77/serial-numbers/").is(404);
}

#[test]
fn a_structural_category_holds_no_parts() {
    let shop = Shop::new();
    let category = shop.category_with("Top", json!({"structural": true}));
    shop.admin.post("/api/part/", json!({"name": "Nut", "category": category})).refuses("category");
    let part = shop.part("Nut");
    shop.admin.patch(&at(part), json!({"category": category})).refuses("category");
}

#[test]
fn duplicates_take_over_what_they_are_told() {
    let shop = Shop::new();
    let part = shop.part_with("Nut", json!({"notes": "keep dry"}));
    shop.sql(&format!(
        "INSERT INTO parameter_template (id, name) VALUES (1, 'Length');
         INSERT INTO parameter (template, model_type, model_id, data) VALUES (1, 'part.part', {part}, '5')"
    ));
    let copy = |name: &str, what: Value| shop.admin.post("/api/part/", json!({"name": name, "duplicate": what})).is(201).pk();
    let plain = copy("a", json!({"part": part}));
    let full = copy("b", json!({"part": part, "copy_parameters": true, "copy_notes": false}));
    assert_eq!((&one(&shop.reader, plain)["notes"], &one(&shop.reader, full)["notes"]), (&json!("keep dry"), &json!(null)));
    let parameters =
        |part: i64| shop.reader.get(&format!("/api/part/{part}/?parameters=true")).is(200)["parameters"].as_array().unwrap().len();
    assert_eq!((parameters(plain), parameters(full)), (0, 1));
    shop.admin.post("/api/part/", json!({"name": "c", "duplicate": {"part": 77}})).is(400);
}

#[test]
fn a_category_gives_its_parameters_and_the_nearest_wins() {
    let shop = Shop::new();
    let top = shop.category("Top");
    let below = shop.category_with("Below", json!({"parent": top}));
    shop.sql(&format!(
        "INSERT INTO parameter_template (id, name) VALUES (1, 'Length'), (2, 'Colour');
         INSERT INTO part_category_parameter (category, template, default_value) VALUES ({top}, 1, '10'), ({top}, 2, 'red'), ({below}, 1, '20')"
    ));
    let values = |more: Value| {
        let part = shop.part_with("x", crate::support::goods::with(json!({"category": below}), &more));
        let part = shop.reader.get(&format!("/api/part/{part}/?parameters=true")).is(200);
        let mut list: Vec<String> =
            part["parameters"].as_array().unwrap().iter().map(|p| p["data"].as_str().unwrap().to_string()).collect();
        list.sort();
        list
    };
    assert_eq!(values(json!({})), ["20", "red"]);
    assert!(values(json!({"copy_category_parameters": false, "IPN": "2"})).is_empty());
}

#[test]
fn tags_are_kept_whole_and_found() {
    let shop = Shop::new();
    let part = shop.part_with("Nut", json!({"tags": ["Steel ", "small", "steel"]}));
    let tags = || shop.reader.get(&format!("/api/part/{part}/?tags=true")).is(200)["tags"].clone();
    assert_eq!(tags(), json!(["Steel", "small"]));
    let found = |query: &str| shop.reader.get(&format!("/api/part/?tags={query}")).is(200).list().len();
    assert_eq!((found("steel"), found("steel,small"), found("steel,large")), (1, 1, 0));
    shop.admin.patch(&at(part), json!({"description": "x"})).is(200);
    assert_eq!(tags(), json!(["Steel", "small"]));
    shop.admin.patch(&at(part), json!({"tags": []})).is(200);
    assert_eq!(tags(), json!([]));
    for junk in [json!([1]), json!("x"), json!(5), json!([["a"]]), json!(["<b>x</b>"]), json!(["x".repeat(101)]), json!(null)] {
        shop.admin.patch(&at(part), json!({"tags": junk})).refuses("tags");
    }
}

#[test]
fn several_parts_change_together_or_not_at_all() {
    let shop = Shop::new();
    let parts: Vec<i64> = ["a", "b", "c"].map(|n| shop.part(n)).to_vec();
    let top = shop.category("Top");
    let answer = shop.admin.patch("/api/part/", json!({"items": [parts[0], parts[1]], "category": top})).is(200);
    assert!(answer["success"].is_string());
    assert_eq!(answer["items"].as_array().unwrap().len(), 2);
    assert_eq!(shop.reader.get(&format!("/api/part/?category={top}")).is(200).list().len(), 2);
    shop.admin.put("/api/part/", json!({"items": parts, "salable": true})).is(200);
    assert_eq!(shop.reader.get("/api/part/?salable=true").is(200).list().len(), 3);
    let before = shop.state();
    shop.admin.patch("/api/part/", json!({"items": parts, "name": "same"})).is(400);
    shop.admin.patch("/api/part/", json!({"items": parts, "category": 77})).is(400);
    shop.admin.patch("/api/part/", json!({"items": [parts[0]], "active": "junk"})).is(400);
    for body in [
        json!({}),
        json!({"items": []}),
        json!({"items": [77, 78]}),
        json!({"items": "1"}),
        json!({"items": 1}),
        json!({"items": ["x"]}),
        json!({"items": [null]}),
        json!({"all": false}),
        json!([1]),
    ] {
        shop.admin.patch("/api/part/", body).refuses_barely("non_field_errors");
    }
    assert_eq!(shop.state(), before);
    // What does not exist is passed over.
    assert_eq!(
        shop.admin.patch("/api/part/", json!({"items": [parts[0], 77, parts[0]], "description": "x"})).is(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    shop.admin.patch("/api/part/", json!({"all": true, "salable": false})).is(200);
    assert_eq!(shop.reader.get("/api/part/?salable=true").is(200).list().len(), 0);
    shop.reader.patch("/api/part/", json!({"items": parts, "salable": true})).is(403);
}

#[test]
fn texts_are_cleaned_and_markup_is_refused() {
    let shop = Shop::new();
    let part = shop
        .admin
        .post("/api/part/", json!({"name": "a\u{0}b\tc\u{7f}", "description": " 3 < 4 > 2 & so on ", "notes": "line\nline"}))
        .is(201);
    assert_eq!((&part["name"], &part["description"]), (&json!("abc"), &json!("3 < 4 > 2 & so on")));
    assert_eq!(one(&shop.reader, 1)["notes"], "line\nline");
    for (field, text) in [("name", "<b>x</b>"), ("description", "<script>"), ("description", "</p>"), ("keywords", "<!-- x -->")] {
        shop.admin.patch(&at(1), json!({field: text})).refuses(field);
    }
    shop.admin.patch(&at(1), json!({"name": " \n "})).refuses("name");
    shop.admin.patch(&at(1), json!({"name": null})).refuses("name");
    shop.admin.patch(&at(1), json!({"keywords": null, "link": null, "revision": null})).is(200);
    shop.admin.patch(&at(1), json!({"description": null})).refuses("description");
}

#[test]
fn links_are_web_addresses() {
    let shop = Shop::new();
    let part = shop.part("Nut");
    for good in ["https://example.org/x?y=1", "http://localhost:8000/", "ftp://files.example.org", "HTTPS://EXAMPLE.ORG"] {
        assert_eq!(shop.admin.patch(&at(part), json!({"link": good})).is(200)["link"], good);
    }
    for bad in
        ["example", "javascript:alert(1)", "http://", "http://nodot/", "mailto:a@b.c", "http://a..b", "example.org", "data:text/html,x"]
    {
        shop.admin.patch(&at(part), json!({"link": bad})).refuses("link");
    }
    shop.set("INVENTREE_STRICT_URLS", "false");
    shop.admin.patch(&at(part), json!({"link": "example.org/x"})).is(200);
    shop.admin.patch(&at(part), json!({"link": "javascript:alert(1)"})).refuses("link");
}

#[test]
fn units_have_their_letters() {
    let shop = Shop::new();
    let part = shop.part("Wire");
    for good in ["m", "kg", "m/s^2", "µm", "%", "ohm", ""] {
        shop.admin.patch(&at(part), json!({"units": good})).is(200);
    }
    for bad in ["m; x", "$", "a=b", "\"m\""] {
        shop.admin.patch(&at(part), json!({"units": bad})).refuses("units");
    }
}

#[test]
fn the_name_in_full_has_number_and_revision() {
    let shop = Shop::new();
    let full = |more: Value| {
        let part = shop.part_with("Nut", more);
        one(&shop.reader, part)["full_name"].as_str().unwrap().to_string()
    };
    assert_eq!(full(json!({})), "Nut");
    assert_eq!(full(json!({"IPN": "N-1"})), "N-1 | Nut");
    assert_eq!(full(json!({"IPN": "N-1", "revision": "B"})), "N-1 | Nut | B");
    assert_eq!(full(json!({"revision": "B"})), "Nut | B");
}

#[test]
fn an_image_that_cannot_be_kept_is_refused() {
    let shop = Shop::new();
    let part = shop.part("Nut");
    shop.admin.multipart("PATCH", &at(part), &[], &[("image", "x.png", b"\x89PNG\r\n")]).refuses("image");
    shop.admin.multipart("PATCH", &at(part), &[], &[("image", "x.png", b"")]).refuses("image");
    shop.admin.patch(&at(part), json!({"image": "x.png"})).refuses("image");
    assert_eq!(shop.admin.patch(&at(part), json!({"image": null})).is(200)["image"], json!(null));
    assert_eq!(one(&shop.reader, part)["thumbnail"], "/static/img/blank_image.thumbnail.png");
}
