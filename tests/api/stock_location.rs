//! `/api/stock/location/` and `/api/stock/location-type/`

use serde_json::{Value, json};

use crate::support::Shop;

fn at(place: i64) -> String {
    format!("/api/stock/location/{place}/")
}

fn removal(places: bool, stock: bool) -> Value {
    json!({"delete_sub_locations": places, "delete_stock_items": stock})
}

/// House ─ Room ─ Shelf, and Yard beside them; 5 nuts on the shelf, 2 in the room.
fn house() -> (Shop, [i64; 4], [i64; 2]) {
    let shop = Shop::new();
    let house = shop.place("House");
    let room = shop.place_with("Room", json!({"parent": house}));
    let shelf = shop.place_with("Shelf", json!({"parent": room}));
    let yard = shop.place_with("Yard", json!({"external": true}));
    let part = shop.part("Nut");
    let items = [shop.stock_with(part, 5.0, json!({"location": shelf})), shop.stock_with(part, 2.0, json!({"location": room}))];
    (shop, [house, room, shelf, yard], items)
}

fn paths(shop: &Shop) -> Vec<String> {
    shop.reader.get("/api/stock/location/").is(200).texts("pathstring").into_iter().map(String::from).collect()
}

fn place_of(shop: &Shop, item: i64) -> Value {
    shop.reader.get(&format!("/api/stock/{item}/")).is(200)["location"].clone()
}

#[test]
fn a_place_counts_what_lies_anywhere_inside() {
    let (shop, [house, room, shelf, yard], items) = house();
    let count = |id| shop.reader.get(&at(id)).is(200)["items"].as_i64().unwrap();
    assert_eq!([house, room, shelf, yard].map(count), [2, 2, 1, 0]);
    assert_eq!(shop.reader.get(&at(house)).is(200)["sublocations"], 2);
    shop.store.post("/api/stock/transfer/", json!({"items": [{"pk": items[0], "quantity": 1}], "location": yard})).is(201);
    assert_eq!([house, room, shelf, yard].map(count), [2, 2, 1, 1]);
    shop.store.delete(&format!("/api/stock/{}/", items[1])).is(204);
    assert_eq!([house, room, shelf, yard].map(count), [1, 1, 1, 1]);
}

#[test]
fn paths_follow_names_and_moves() {
    let (shop, [house, room, _, yard], _) = house();
    assert_eq!(paths(&shop), ["House", "House/Room", "House/Room/Shelf", "Yard"]);
    shop.store.patch(&at(house), json!({"name": "Home"})).is(200);
    assert_eq!(paths(&shop), ["Home", "Home/Room", "Home/Room/Shelf", "Yard"]);
    shop.store.patch(&at(room), json!({"parent": yard})).is(200);
    assert_eq!(paths(&shop), ["Home", "Yard", "Yard/Room", "Yard/Room/Shelf"]);
    let row = shop.reader.get(&format!("{}?path_detail=true", at(room))).is(200);
    assert_eq!(row["path"][0]["name"], "Yard");
    assert_eq!(row["level"], 1);
    shop.store.patch("/api/stock/location/", json!({"items": [room], "parent": house})).is(200);
    shop.store.put("/api/stock/location/", json!({"items": [room], "description": "x"})).is(200);
    assert_eq!(paths(&shop)[1], "Home/Room");
}

#[test]
fn no_place_lies_inside_itself_and_names_do_not_repeat() {
    let (shop, [house, room, shelf, _], _) = house();
    let before = shop.state();
    for inside in [house, room, shelf] {
        shop.store.patch(&at(house), json!({"parent": inside})).refuses("parent");
    }
    shop.store.post("/api/stock/location/", json!({"name": "House"})).refuses("non_field_errors");
    shop.store.post("/api/stock/location/", json!({"name": "Room", "parent": house})).refuses("non_field_errors");
    shop.store.patch(&at(shelf), json!({"parent": house, "name": "Room"})).refuses("non_field_errors");
    assert_eq!(shop.state(), before);
    shop.store.post("/api/stock/location/", json!({"name": "Room", "parent": room})).is(201);
}

#[test]
fn a_structural_place_holds_no_stock() {
    let (shop, [house, room, _, _], items) = house();
    shop.store.patch(&at(room), json!({"structural": true})).is(400);
    shop.store.patch(&at(house), json!({"structural": true})).is(200);
    shop.store.patch(&format!("/api/stock/{}/", items[0]), json!({"location": house})).refuses("location");
    shop.store.post("/api/stock/transfer/", json!({"items": [{"pk": items[0], "quantity": 5}], "location": house})).refuses("location");
    let counted = shop.store.post("/api/stock/count/", json!({"items": [{"pk": items[0], "quantity": 5}], "location": house}));
    counted.refuses("location");
    assert_eq!(shop.reader.get("/api/stock/location/?structural=true").is(200).numbers("pk"), [house]);
}

#[test]
fn a_deletion_must_say_what_becomes_of_the_contents() {
    let (shop, [house, ..], _) = house();
    let before = shop.state();
    let refused = shop.store.delete(&at(house)).is(400);
    assert!(refused["delete_sub_locations"].is_array() && refused["delete_stock_items"].is_array());
    shop.store.delete_with(&at(house), json!({"delete_stock_items": true})).is(400);
    shop.reader.delete_with(&at(house), removal(false, false)).is(403);
    assert_eq!(shop.state(), before);
}

#[test]
fn what_is_kept_moves_outwards() {
    let (shop, [house, room, shelf, _], items) = house();
    shop.store.delete_with(&at(room), removal(false, false)).is(204);
    assert_eq!(paths(&shop), ["House", "House/Shelf", "Yard"]);
    assert_eq!((place_of(&shop, items[0]), place_of(&shop, items[1])), (json!(shelf), json!(house)));
    shop.store.delete_with(&at(house), removal(false, false)).is(204);
    assert_eq!((place_of(&shop, items[0]), place_of(&shop, items[1])), (json!(shelf), json!(null)));
    assert_eq!(paths(&shop), ["Shelf", "Yard"]);
    assert_eq!(shop.reader.get(&at(shelf)).is(200)["items"], 1);
}

#[test]
fn places_go_and_their_stock_moves_outwards() {
    let (shop, [house, room, ..], items) = house();
    shop.store.delete_with(&at(room), removal(true, false)).is(204);
    assert_eq!(paths(&shop), ["House", "Yard"]);
    assert_eq!((place_of(&shop, items[0]), place_of(&shop, items[1])), (json!(house), json!(house)));
    assert_eq!(shop.reader.get(&at(house)).is(200)["items"], 2);
}

#[test]
fn stock_goes_and_the_places_inside_stay() {
    let (shop, [_, room, shelf, _], items) = house();
    shop.store.delete_with(&at(room), removal(false, true)).is(204);
    assert!(!shop.has_item(items[1]));
    assert_eq!(place_of(&shop, items[0]), json!(shelf));
    assert_eq!(paths(&shop), ["House", "House/Shelf", "Yard"]);
}

#[test]
fn everything_goes_unless_an_item_may_not() {
    let (shop, [house, _, shelf, _], _) = house();
    let motor = shop.part_with("Motor", json!({"trackable": true}));
    shop.admin.post("/api/stock/", json!({"part": motor, "quantity": 1, "serial_numbers": "1", "location": shelf})).is(201);
    shop.set("STOCK_ALLOW_DELETE_SERIALIZED", "false");
    let before = shop.state();
    shop.store.delete_with(&at(house), removal(true, true)).is(400);
    assert_eq!(shop.state(), before);
    shop.set("STOCK_ALLOW_DELETE_SERIALIZED", "true");
    shop.store.delete_with(&at(house), removal(true, true)).is(204);
    assert_eq!((shop.rows("stock_location"), shop.rows("stock_item")), (1, 0));
}

#[test]
fn the_list_narrows_by_place_in_the_tree() {
    let (shop, [house, room, shelf, yard], _) = house();
    let keys = |query: &str| shop.reader.get(&format!("/api/stock/location/?ordering=pathstring&{query}")).is(200).numbers("pk");
    assert_eq!(keys(&format!("parent={house}")), [room]);
    assert_eq!(keys(&format!("parent={house}&cascade=true")), [room, shelf]);
    assert_eq!(keys("top_level=true"), [house, yard]);
    assert_eq!(keys("depth=1"), [house, room, yard]);
    assert_eq!(keys("external=true"), [yard]);
    assert_eq!(keys(&format!("exclude_tree={room}")), [house, yard]);
    assert_eq!(keys("search=room"), [room, shelf], "the path is searched");
    shop.reader.get("/api/stock/location/?parent=null").refuses("parent");
    let tree = |query: &str| shop.reader.get(&format!("/api/stock/location/tree/{query}")).is(200);
    assert_eq!(tree("").numbers("pk"), [house, yard, room, shelf]);
    assert_eq!(tree("?search=shelf").numbers("pk"), [house, room, shelf]);
    assert_eq!(tree("?max_level=0")[0]["sublocations"], 2);
    assert_eq!(tree(&format!("?expand_to={shelf}")).numbers("pk"), [house, yard, room, shelf]);
}

#[test]
fn a_place_without_an_icon_has_that_of_its_kind() {
    let (shop, [house, room, ..], _) = house();
    let kind = shop.store.post("/api/stock/location-type/", json!({"name": "Rack", "icon": "ti:box:outline"})).is(201).pk();
    let row = shop.store.patch(&at(room), json!({"location_type": kind})).is(200);
    assert_eq!((&row["icon"], &row["location_type_detail"]["name"]), (&json!("ti:box:outline"), &json!("Rack")));
    assert_eq!(shop.store.patch(&at(room), json!({"custom_icon": "ti:own:outline"})).is(200)["icon"], "ti:own:outline");
    assert_eq!(shop.reader.get(&at(house)).is(200)["icon"], "");
    assert_eq!(shop.reader.get(&format!("/api/stock/location/?location_type={kind}")).is(200).numbers("pk"), [room]);
    assert_eq!(shop.reader.get("/api/stock/location/?has_location_type=false").is(200).list().len(), 3);
    let path = format!("/api/stock/location-type/{kind}/");
    assert_eq!(shop.reader.get(&path).is(200)["location_count"], 1);
    shop.store.put(&path, json!({"icon": "x"})).refuses("name");
    shop.store.put(&path, json!({"name": "Bin"})).is(200);
    shop.store.patch(&path, json!({"description": "small"})).is(200);
    assert_eq!(shop.reader.get("/api/stock/location-type/?search=bin").is(200).texts("description"), ["small"]);
    shop.store.delete(&path).is(204);
    assert_eq!(shop.reader.get(&at(room)).is(200)["location_type"], json!(null));
}

#[test]
fn tags_and_owners_of_places() {
    let (shop, [house, ..], _) = house();
    let owner = shop.reader.get("/api/user/owner/").is(200)[0]["pk"].clone();
    let row = shop.store.put(&at(house), json!({"name": "House", "tags": ["dry"], "owner": owner})).is(200);
    assert_eq!((&row["owner"], &row["tags"]), (&owner, &json!(["dry"])));
    assert_eq!(shop.reader.get("/api/stock/location/?tags=dry").is(200).numbers("pk"), [house]);
    assert_eq!(shop.reader.get("/api/stock/location/?search=dry").is(200).numbers("pk"), [house]);
}
