//! `/api/part/category/`

use serde_json::{Value, json};

use crate::support::Shop;

fn at(category: i64) -> String {
    format!("/api/part/category/{category}/")
}

const KEEP: Value = Value::Null;

fn removal(children: bool, parts: bool) -> Value {
    json!({"delete_child_categories": children, "delete_parts": parts})
}

/// Top ─ Middle ─ Bottom, and Side beside them.
fn tree() -> (Shop, [i64; 4]) {
    let shop = Shop::new();
    let top = shop.category("Top");
    let middle = shop.category_with("Middle", json!({"parent": top}));
    let bottom = shop.category_with("Bottom", json!({"parent": middle}));
    let side = shop.category("Side");
    (shop, [top, middle, bottom, side])
}

fn paths(shop: &Shop) -> Vec<String> {
    let list = shop.reader.get("/api/part/category/").is(200);
    list.list().iter().map(|c| format!("{} {}", c["level"], c["pathstring"].as_str().unwrap())).collect()
}

#[test]
fn paths_and_levels_follow_the_tree() {
    let (shop, [top, middle, bottom, _]) = tree();
    assert_eq!(paths(&shop), ["0 Side", "0 Top", "1 Top/Middle", "2 Top/Middle/Bottom"], "depth first, by name");
    let one = shop.reader.get(&format!("{}?path_detail=true", at(bottom))).is(200);
    assert_eq!(one["path"], json!([{"pk": top, "name": "Top"}, {"pk": middle, "name": "Middle"}, {"pk": bottom, "name": "Bottom"}]));
    assert!(shop.reader.get(&at(bottom)).is(200).json.get("path").is_none());
    let top = shop.reader.get(&at(top)).is(200);
    assert_eq!((&top["subcategories"], &top["part_count"]), (&json!(2), &json!(0)));
}

#[test]
fn a_new_name_is_in_every_path_below() {
    let (shop, [top, ..]) = tree();
    shop.admin.patch(&at(top), json!({"name": "Upper"})).is(200);
    assert_eq!(paths(&shop), ["0 Side", "0 Upper", "1 Upper/Middle", "2 Upper/Middle/Bottom"]);
}

#[test]
fn a_subtree_moves_whole() {
    let (shop, [top, middle, bottom, side]) = tree();
    let part = shop.part_with("Nut", json!({"category": bottom}));
    shop.admin.patch(&at(middle), json!({"parent": side})).is(200);
    assert_eq!(paths(&shop), ["0 Side", "1 Side/Middle", "2 Side/Middle/Bottom", "0 Top"]);
    let counts = |id| shop.reader.get(&at(id)).is(200)["part_count"].clone();
    assert_eq!((counts(top), counts(side), counts(middle)), (json!(0), json!(1), json!(1)));
    shop.admin.patch(&at(middle), json!({"parent": null})).is(200);
    assert_eq!(paths(&shop), ["0 Middle", "1 Middle/Bottom", "0 Side", "0 Top"]);
    assert_eq!(shop.reader.get(&format!("/api/part/?category={middle}")).is(200).numbers("pk"), [part]);
    shop.admin.patch("/api/part/category/", json!({"items": [middle, top], "parent": side})).is(200);
    assert_eq!(paths(&shop), ["0 Side", "1 Side/Middle", "2 Side/Middle/Bottom", "1 Side/Top"]);
}

#[test]
fn names_that_look_like_paths_stay_names() {
    let shop = Shop::new();
    let odd = shop.category("a/b");
    let child = shop.category_with("c", json!({"parent": odd}));
    assert_eq!(shop.reader.get(&at(child)).is(200)["pathstring"], "a/b/c");
    // Signs that sort before letters do not tear the tree apart.
    for name in ["!x", "a", "a b", "~", "\u{1}\u{2}z", "A"] {
        shop.category_with(name, json!({"parent": odd}));
    }
    let a = shop.category("a");
    shop.category_with("inner", json!({"parent": a}));
    assert_eq!(shop.reader.get(&at(odd)).is(200)["subcategories"], 7);
    assert_eq!(shop.reader.get(&at(a)).is(200)["subcategories"], 1);
}

#[test]
fn a_long_path_loses_its_middle() {
    let shop = Shop::new();
    let mut parent = Value::Null;
    for letter in ["a", "b", "c", "d"] {
        parent = json!(shop.category_with(&letter.repeat(90), json!({"parent": parent})));
    }
    let path = shop.reader.get(&at(parent.as_i64().unwrap())).is(200)["pathstring"].as_str().unwrap().to_string();
    assert!(path.len() <= 250 && path.contains("...") && path.starts_with("aaa") && path.ends_with("ddd"), "{path}");
    // What is cut for the eye is whole for the tree.
    assert_eq!(shop.reader.get("/api/part/category/").is(200).numbers("level"), [0, 1, 2, 3]);
    let below = shop.category_with("x", json!({"parent": parent}));
    shop.admin.patch(&at(below), json!({"parent": null})).is(200);
    assert_eq!(shop.reader.get(&at(below)).is(200)["pathstring"], "x");
}

#[test]
fn no_category_lies_below_itself() {
    let (shop, [top, middle, bottom, side]) = tree();
    let before = shop.state();
    for parent in [top, middle, bottom] {
        shop.admin.patch(&at(top), json!({"parent": parent})).refuses("parent");
    }
    shop.admin.patch(&at(middle), json!({"parent": bottom})).refuses("parent");
    shop.admin.patch("/api/part/category/", json!({"items": [side, top], "parent": side})).is(400);
    shop.admin.patch("/api/part/category/", json!({"items": [side, top], "parent": bottom})).is(400);
    assert_eq!(shop.state(), before);
    shop.admin.patch(&at(top), json!({"parent": 77})).refuses("parent");
}

#[test]
fn names_are_unique_below_the_same_parent() {
    let (shop, [top, middle, _, side]) = tree();
    shop.admin.post("/api/part/category/", json!({"name": "Top"})).refuses("non_field_errors");
    shop.admin.post("/api/part/category/", json!({"name": "Middle", "parent": top})).refuses("non_field_errors");
    shop.admin.post("/api/part/category/", json!({"name": "middle", "parent": top})).is(201);
    let other = shop.category_with("Middle", json!({"parent": side}));
    shop.admin.patch(&at(other), json!({"parent": top})).refuses("non_field_errors");
    shop.admin.patch(&at(middle), json!({"name": "Middle"})).is(200);
}

#[test]
fn a_category_with_parts_does_not_become_structural() {
    let (shop, [top, middle, ..]) = tree();
    shop.part_with("Nut", json!({"category": middle}));
    shop.admin.patch(&at(middle), json!({"structural": true})).is(400);
    assert_eq!(shop.admin.patch(&at(top), json!({"structural": true})).is(200)["structural"], true);
    assert_eq!(shop.reader.get("/api/part/category/?structural=true").is(200).numbers("pk"), [top]);
}

#[test]
fn a_deletion_must_say_what_becomes_of_the_contents() {
    let (shop, [top, ..]) = tree();
    let before = shop.state();
    let refused = shop.admin.delete(&at(top)).is(400);
    assert!(refused["delete_child_categories"].is_array() && refused["delete_parts"].is_array());
    for body in [
        json!({"delete_parts": true}),
        json!({"delete_child_categories": true}),
        json!({"delete_child_categories": KEEP, "delete_parts": "maybe"}),
        json!([]),
    ] {
        shop.admin.delete_with(&at(top), body).is(400);
    }
    shop.reader.delete_with(&at(top), removal(false, false)).is(403);
    assert_eq!(shop.state(), before);
}

#[test]
fn what_is_kept_moves_up() {
    let (shop, [top, middle, bottom, _]) = tree();
    let (a, b) = (shop.part_with("a", json!({"category": middle})), shop.part_with("b", json!({"category": bottom})));
    shop.admin.delete_with(&at(middle), removal(false, false)).is(204);
    assert_eq!(paths(&shop), ["0 Side", "0 Top", "1 Top/Bottom"]);
    let category = |part: i64| shop.reader.get(&format!("/api/part/{part}/")).is(200)["category"].clone();
    assert_eq!((category(a), category(b)), (json!(top), json!(bottom)));
    assert_eq!(shop.reader.get(&at(top)).is(200)["part_count"], 2);
    shop.admin.delete_with(&at(top), removal(false, false)).is(204);
    assert_eq!((category(a), category(b)), (json!(null), json!(bottom)));
    assert_eq!(paths(&shop), ["0 Bottom", "0 Side"]);
}

#[test]
fn what_is_below_goes_too_when_told_so_and_its_parts_move_up() {
    let (shop, [top, middle, bottom, _]) = tree();
    let part = shop.part_with("Nut", json!({"category": bottom}));
    shop.admin.delete_with(&at(middle), removal(true, false)).is(204);
    assert_eq!(paths(&shop), ["0 Side", "0 Top"]);
    assert_eq!(shop.reader.get(&format!("/api/part/{part}/")).is(200)["category"], json!(top));
}

#[test]
fn parts_go_with_their_category_if_the_caller_may_delete_parts() {
    let (shop, [_, middle, bottom, _]) = tree();
    shop.part_with("gone", json!({"category": middle, "active": false}));
    shop.part_with("active", json!({"category": bottom}));
    let sorter = shop.hire("sorter", &[("part_category", &["view", "add", "change", "delete"]), ("part", &["view"])]);
    let before = shop.state();
    sorter.delete_with(&at(middle), removal(true, true)).is(403);
    assert_eq!(shop.state(), before, "all or nothing");
    shop.admin.delete_with(&at(middle), removal(true, true)).is(204);
    assert_eq!((shop.rows("part"), shop.rows("part_category")), (0, 2));
}

#[test]
fn children_alone_stay_when_parts_go() {
    let (shop, [_, middle, bottom, _]) = tree();
    shop.part_with("gone", json!({"category": middle, "active": false}));
    let kept = shop.part_with("kept", json!({"category": bottom}));
    shop.admin.delete_with(&at(middle), removal(false, true)).is(204);
    assert_eq!(shop.reader.get("/api/part/").is(200).numbers("pk"), [kept]);
    assert_eq!(paths(&shop), ["0 Side", "0 Top", "1 Top/Bottom"]);
}

#[test]
fn a_name_that_is_taken_above_stops_the_move_up() {
    let (shop, [top, middle, ..]) = tree();
    shop.category_with("Bottom", json!({"parent": top}));
    let before = shop.state();
    shop.admin.delete_with(&at(middle), removal(false, false)).is(400);
    assert_eq!(shop.state(), before);
}

#[test]
fn the_list_narrows_by_place_in_the_tree() {
    let (shop, [top, middle, bottom, side]) = tree();
    let keys = |query: &str| shop.reader.get(&format!("/api/part/category/?ordering=level&{query}")).is(200).numbers("pk");
    assert_eq!(keys(&format!("parent={top}")), [middle]);
    assert_eq!(keys(&format!("parent={top}&cascade=true")), [middle, bottom]);
    assert_eq!(keys("top_level=true"), [top, side]);
    assert_eq!(keys("cascade=false"), [top, side]);
    assert_eq!(keys("depth=1"), [top, side, middle]);
    assert_eq!(keys(&format!("depth=1&parent={top}&cascade=true")), [middle]);
    assert_eq!(keys(&format!("exclude_tree={middle}")), [top, side]);
    assert_eq!(keys("name=Side"), [side]);
    shop.reader.get("/api/part/category/?parent=null").refuses("parent");
    assert_eq!(shop.reader.get("/api/part/category/?search=bott").is(200).numbers("pk"), [bottom]);
}

#[test]
fn the_tree_view_is_flat_and_shows_the_way_to_hits() {
    let (shop, [top, middle, bottom, side]) = tree();
    let tree = |query: &str| shop.reader.get(&format!("/api/part/category/tree/{query}")).is(200);
    let all = tree("");
    assert_eq!(all.numbers("pk"), [side, top, middle, bottom]);
    assert_eq!(all[1]["subcategories"], 2);
    assert_eq!((&all[0]["tree_id"], &all[1]["tree_id"], &all[3]["tree_id"]), (&json!(1), &json!(2), &json!(2)));
    assert_eq!(tree("?search=bottom").numbers("pk"), [top, middle, bottom], "with all above");
    assert_eq!(tree("?max_level=0").numbers("pk"), [side, top]);
    assert_eq!(tree(&format!("?parent={top}")).numbers("pk"), [middle]);
    assert_eq!(tree("?tree_id=2").list().len(), 3);
    assert_eq!(tree("?level=2").numbers("pk"), [bottom]);
    let second = shop.category_with("Beside", json!({"parent": top}));
    assert_eq!(tree(&format!("?expand_to={middle}")).numbers("pk"), [side, top, second, middle]);
}

#[test]
fn the_default_place_is_inherited() {
    let (shop, [top, middle, bottom, _]) = tree();
    let place = shop.place("Shelf");
    shop.admin.patch(&at(top), json!({"default_location": place})).is(200);
    assert_eq!(shop.reader.get(&at(middle)).is(200)["parent_default_location"], json!(place));
    assert_eq!(shop.reader.get(&at(bottom)).is(200)["parent_default_location"], json!(place));
    let part = shop.part_with("Nut", json!({"category": bottom}));
    assert_eq!(shop.reader.get(&format!("/api/part/{part}/")).is(200)["category_default_location"], json!(place));
}

#[test]
fn a_category_is_replaced_and_starred() {
    let (shop, [top, ..]) = tree();
    shop.admin.put(&at(top), json!({"description": "x"})).refuses("name");
    assert_eq!(shop.admin.put(&at(top), json!({"name": "New", "starred": true})).is(200)["starred"], false, "as it was");
    assert_eq!(shop.admin.get("/api/part/category/?starred=true").is(200).numbers("pk"), [top]);
    assert_eq!(shop.reader.get("/api/part/category/?starred=true").is(200).list().len(), 0);
    shop.admin.put("/api/part/category/", json!({"items": [top], "starred": false})).is(200);
    assert_eq!(shop.admin.get(&at(top)).is(200)["starred"], false);
}
