//! `/api/stock/{add,remove,count,transfer}/`

use serde_json::{Value, json};

use crate::support::{Answer, Shop};

struct Store {
    shop: Shop,
    part: i64,
    shelf: i64,
    drawer: i64,
}

fn store() -> Store {
    let shop = Shop::new();
    let (part, shelf, drawer) = (shop.part("Nut"), shop.place("Shelf"), shop.place("Drawer"));
    Store { shop, part, shelf, drawer }
}

impl Store {
    fn item(&self, quantity: f64) -> i64 {
        self.shop.stock_with(self.part, quantity, json!({"location": self.shelf}))
    }

    fn serial(&self, serial: &str) -> i64 {
        let motor: i64 = self.shop.find("SELECT coalesce(max(id), 0) FROM part WHERE trackable = 1");
        let motor = if motor == 0 { self.shop.part_with("Motor", json!({"trackable": true})) } else { motor };
        let body = json!({"part": motor, "quantity": 1, "serial_numbers": serial, "location": self.shelf});
        self.shop.admin.post("/api/stock/", body).is(201).pk()
    }

    #[track_caller]
    fn act(&self, verb: &str, items: Value, more: Value) -> Answer {
        let body = crate::support::goods::with(json!({"items": items}), &more);
        self.shop.store.post(&format!("/api/stock/{verb}/"), body)
    }

    fn row(&self, item: i64) -> Value {
        self.shop.reader.get(&format!("/api/stock/{item}/")).is(200).json
    }
}

#[test]
fn the_answer_is_the_checked_request() {
    let s = store();
    let item = s.item(5.0);
    let answer = s.act("add", json!([{"pk": item.to_string(), "quantity": 2}]), json!({"notes": " found more "})).is(201);
    assert_eq!(answer.json, json!({"items": [{"pk": item, "quantity": "2.00000", "status": null}], "notes": "found more"}));
    let answer = s.act("transfer", json!([{"pk": item, "quantity": "0.5", "batch": "B"}]), json!({"location": s.drawer})).is(201);
    assert_eq!(answer["items"][0], json!({"pk": item, "quantity": "0.50000", "batch": "B", "status": null}));
    assert_eq!(answer["location"], json!(s.drawer));
}

#[test]
fn adding_adds_and_tells() {
    let s = store();
    let item = s.item(5.0);
    s.act("add", json!([{"pk": item, "quantity": "2.5", "batch": "B2", "packaging": "box", "status": 50}]), json!({"notes": "found"}))
        .is(201);
    let row = s.row(item);
    assert_eq!(
        (&row["quantity"], &row["batch"], &row["packaging"], &row["status"]),
        (&json!(7.5), &json!("B2"), &json!("box"), &json!(50))
    );
    let event = s.shop.last_event(item);
    assert_eq!((&event["tracking_type"], &event["notes"], &event["user"]), (&json!(11), &json!("found"), &json!(s.shop.store.id)));
    let deltas = &event["deltas"];
    assert_eq!(
        (&deltas["added"], &deltas["quantity"], &deltas["batch"], &deltas["packaging"]),
        (&json!(2.5), &json!(7.5), &json!("B2"), &json!("box"))
    );
    assert_eq!(
        (&deltas["status"], &deltas["old_status"], &deltas["status_logical"], &deltas["old_status_logical"]),
        (&json!(50), &json!(10), &json!(50), &json!(10))
    );
    assert_eq!(s.shop.events(item), [1, 11]);
}

#[test]
fn one_tenth_ten_times_is_one() {
    let s = store();
    let item = s.item(0.0);
    for _ in 0..10 {
        s.act("add", json!([{"pk": item, "quantity": 0.1}]), json!({})).is(201);
    }
    assert_eq!(s.shop.quantity(item), 1_000_000);
    assert_eq!(s.row(item)["quantity"], json!(1.0));
    for _ in 0..10 {
        s.act("remove", json!([{"pk": item, "quantity": "0.1"}]), json!({})).is(201);
    }
    assert!(!s.shop.has_item(item), "nothing is left, not even a rounding");
    assert_eq!(s.shop.reader.get(&format!("/api/part/{}/", s.part)).is(200)["in_stock"], json!(0.0));
}

#[test]
fn an_item_holds_no_more_than_ten_digits() {
    let s = store();
    let item = s.shop.stock_with(s.part, 0.0, json!({"quantity": "9999999999"}));
    let before = s.shop.state();
    s.act("add", json!([{"pk": item, "quantity": 1}]), json!({})).is(400);
    s.act("add", json!([{"pk": item, "quantity": "9999999999"}]), json!({})).is(400);
    assert_eq!(s.shop.state(), before);
    s.act("add", json!([{"pk": item, "quantity": "0.99999"}]), json!({})).is(201);
    assert_eq!(s.shop.quantity(item), 9_999_999_999_999_990);
}

#[test]
fn removing_takes_at_most_what_is_there() {
    let s = store();
    let item = s.shop.stock_with(s.part, 5.0, json!({"delete_on_deplete": false}));
    s.act("remove", json!([{"pk": item, "quantity": 2}]), json!({"notes": "used"})).is(201);
    let deltas = &s.shop.last_event(item)["deltas"];
    assert_eq!((&deltas["removed"], &deltas["quantity"]), (&json!(2.0), &json!(3.0)));
    s.act("remove", json!([{"pk": item, "quantity": 100}]), json!({})).is(201);
    assert_eq!(s.shop.quantity(item), 0);
    assert_eq!(s.shop.events(item), [1, 12, 12]);
    assert_eq!(s.row(item)["in_stock"], false);
}

#[test]
fn what_is_empty_goes_if_it_was_told_to() {
    let s = store();
    let goes = s.item(5.0);
    let stays = s.shop.stock_with(s.part, 5.0, json!({"delete_on_deplete": false}));
    s.act("remove", json!([{"pk": goes, "quantity": 5}, {"pk": stays, "quantity": 5}]), json!({})).is(201);
    assert!(!s.shop.has_item(goes) && s.shop.has_item(stays));
    // Something is built into it, or an order wants it: it stays.
    let (holds, inside, ordered) = (s.item(1.0), s.item(1.0), s.item(1.0));
    s.shop.sql("INSERT INTO sales_order (id, reference) VALUES (1, 'SO-1')");
    s.shop.sql(&format!(
        "UPDATE stock_item SET belongs_to = {holds} WHERE id = {inside}; UPDATE stock_item SET sales_order = 1 WHERE id = {ordered}"
    ));
    s.shop.set("STOCK_ALLOW_OUT_OF_STOCK_TRANSFER", "true");
    s.act("remove", json!([{"pk": holds, "quantity": 1}, {"pk": ordered, "quantity": 1}]), json!({})).is(201);
    assert!(s.shop.has_item(holds) && s.shop.has_item(ordered));
    // Counted to nothing, it goes too.
    let counted = s.item(3.0);
    s.act("count", json!([{"pk": counted, "quantity": 0}]), json!({})).is(201);
    assert!(!s.shop.has_item(counted));
}

#[test]
fn serialized_items_and_nothing_are_passed_over() {
    let s = store();
    let (single, item) = (s.serial("1"), s.item(5.0));
    for verb in ["add", "remove"] {
        s.act(verb, json!([{"pk": single, "quantity": 1}, {"pk": item, "quantity": 0}]), json!({})).is(201);
    }
    assert_eq!((s.shop.quantity(single), s.shop.quantity(item)), (1_000_000, 5_000_000));
    assert_eq!((s.shop.events(single), s.shop.events(item)), (vec![1], vec![1]));
}

#[test]
fn counting_sets_what_was_found() {
    let s = store();
    let item = s.item(5.0);
    s.act("count", json!([{"pk": item, "quantity": "7.25", "status": 55}]), json!({"notes": "yearly"})).is(201);
    let row = s.row(item);
    let today = stockroom::engine::moment::day(stockroom::engine::moment::now());
    assert_eq!(
        (&row["quantity"], &row["stocktake_date"], &row["status"], &row["location"]),
        (&json!(7.25), &json!(today), &json!(55), &json!(s.shelf))
    );
    assert_eq!(s.shop.last_event(item)["deltas"]["quantity"], json!(7.25));
    s.act("count", json!([{"pk": item, "quantity": 1}]), json!({"location": s.drawer})).is(201);
    assert_eq!(s.row(item)["location"], json!(s.drawer));
    assert_eq!(s.shop.last_event(item)["deltas"]["location"], json!(s.drawer));
    assert_eq!(s.shop.events(item), [1, 10, 10]);
    assert_eq!(s.shop.reader.get("/api/stock/?has_stocktake=true").is(200).numbers("pk"), [item]);
    assert_eq!(s.shop.find::<i64>("SELECT stocktake_user FROM stock_item"), s.shop.store.id);
}

#[test]
fn a_whole_item_moves() {
    let s = store();
    let item = s.item(5.0);
    s.act("transfer", json!([{"pk": item, "quantity": 5, "status": 55}]), json!({"location": s.drawer, "notes": "tidied"})).is(201);
    let row = s.row(item);
    assert_eq!(
        (&row["location"], &row["quantity"], &row["status"], s.shop.rows("stock_item")),
        (&json!(s.drawer), &json!(5.0), &json!(55), 1)
    );
    let event = s.shop.last_event(item);
    assert_eq!((&event["tracking_type"], &event["deltas"]["location"]), (&json!(20), &json!(s.drawer)));
    // More than there is moves what there is; to where it lies already, it is an update.
    s.act("transfer", json!([{"pk": item, "quantity": 50}]), json!({"location": s.drawer})).is(201);
    assert_eq!((s.shop.quantity(item), s.shop.events(item)), (5_000_000, vec![1, 20, 25]));
    let serial = s.serial("1");
    s.act("transfer", json!([{"pk": serial, "quantity": 1}]), json!({"location": s.drawer})).is(201);
    assert_eq!(s.row(serial)["location"], json!(s.drawer));
}

#[test]
fn a_part_of_an_item_becomes_an_item() {
    let s = store();
    let item = s.shop.stock_with(
        s.part,
        10.0,
        json!({"location": s.shelf, "batch": "B1", "packaging": "bag", "purchase_price": 2, "notes": "n", "link": "http://localhost/", "expiry_date": "2030-01-01", "status": 50}),
    );
    s.shop.sql(&format!("INSERT INTO stock_test_result (stock_item, value, date) VALUES ({item}, 'ok', 0)"));
    s.act("transfer", json!([{"pk": item, "quantity": "3.5", "batch": "B2"}]), json!({"location": s.drawer, "notes": "some"})).is(201);
    let child: i64 = s.shop.find("SELECT max(id) FROM stock_item");
    let (old, new) = (s.row(item), s.row(child));
    assert_eq!(
        (&old["quantity"], &old["location"], &old["batch"], &old["child_items"]),
        (&json!(6.5), &json!(s.shelf), &json!("B1"), &json!(1))
    );
    for (field, want) in [
        ("quantity", json!(3.5)),
        ("location", json!(s.drawer)),
        ("parent", json!(item)),
        ("batch", json!("B2")),
        ("packaging", json!("bag")),
        ("purchase_price", json!(2.0)),
        ("notes", json!("n")),
        ("expiry_date", json!("2030-01-01")),
        ("status", json!(50)),
    ] {
        assert_eq!(new[field], want, "{field}");
    }
    assert_eq!(
        s.shop.reader.get(&format!("/api/stock/{child}/?tests=true")).is(200)["tests"][0]["value"],
        "ok",
        "results of tests come along"
    );
    assert_eq!((s.shop.events(item), s.shop.events(child)), (vec![1, 42], vec![40]));
    let (of_old, of_new) = (s.shop.last_event(item), s.shop.last_event(child));
    assert_eq!(
        (&of_old["deltas"]["removed"], &of_old["deltas"]["quantity"], &of_old["deltas"]["stockitem"]),
        (&json!(3.5), &json!(6.5), &json!(child))
    );
    assert_eq!(
        (&of_new["deltas"]["stockitem"], &of_new["deltas"]["quantity"], &of_new["notes"]),
        (&json!(item), &json!(3.5), &json!("some"))
    );
    assert_eq!(of_new["deltas"]["stockitem_detail"]["pk"], json!(item), "lists show what keys stand for");
    assert_eq!(s.shop.rows("stock_item"), 2);
}

#[test]
fn transfers_need_a_place_and_a_quantity() {
    let s = store();
    let item = s.item(5.0);
    let room = s.shop.place_with("Room", json!({"structural": true}));
    let before = s.shop.state();
    for quantity in [json!(0), json!("0.0")] {
        let refused = s.act("transfer", json!([{"pk": item, "quantity": quantity}]), json!({"location": s.drawer})).is(400);
        assert!(refused["items"][0]["quantity"].is_array(), "{}", refused.text());
    }
    for place in [
        json!({}),
        json!({"location": null}),
        json!({"location": 77}),
        json!({"location": room}),
        json!({"location": "x"}),
        json!({"location": [1]}),
    ] {
        s.act("transfer", json!([{"pk": item, "quantity": 1}]), place).refuses("location");
    }
    assert_eq!(s.shop.state(), before);
}

#[test]
fn items_are_named_properly_or_nothing_happens() {
    let s = store();
    let item = s.item(5.0);
    let before = s.shop.state();
    for verb in ["add", "remove", "count", "transfer"] {
        let more = json!({"location": s.drawer});
        for items in [json!(null), json!("x"), json!(5), json!({})] {
            s.act(verb, items, more.clone()).refuses("items");
        }
        s.act(verb, json!([]), more.clone()).is(400);
        s.shop.store.post(&format!("/api/stock/{verb}/"), more.clone()).refuses("items");
        for line in [
            json!({}),
            json!({"pk": item}),
            json!({"quantity": 1}),
            json!({"pk": 77, "quantity": 1}),
            json!({"pk": "x", "quantity": 1}),
            json!({"pk": null, "quantity": 1}),
            json!({"pk": item, "quantity": -1}),
            json!({"pk": item, "quantity": "x"}),
            json!({"pk": item, "quantity": "0.000001"}),
            json!({"pk": item, "quantity": 1, "status": 11}),
            json!({"pk": item, "quantity": 1, "batch": "x".repeat(101)}),
            json!({"pk": item, "quantity": 1, "packaging": "x".repeat(51)}),
            json!({"pk": 9_223_372_036_854_775_807i64, "quantity": 1}),
            json!(5),
            json!([]),
            json!(null),
        ] {
            let refused = s.act(verb, json!([{"pk": item, "quantity": 1}, line]), more.clone()).is(400);
            let each = refused["items"].as_array().unwrap_or_else(|| panic!("{}", refused.text()));
            assert_eq!((each.len(), &each[0]), (2, &json!({})), "aligned with the request");
            assert!(each[1].as_object().is_some_and(|o| !o.is_empty()), "{}", refused.text());
        }
    }
    assert_eq!(s.shop.state(), before);
}

#[test]
fn a_list_is_worked_off_whole_or_not_at_all() {
    let s = store();
    let (a, b) = (s.item(5.0), s.shop.stock_with(s.part, 0.0, json!({"quantity": "9999999999.99999"})));
    let before = s.shop.state();
    s.act("add", json!([{"pk": a, "quantity": 1}, {"pk": b, "quantity": 1}]), json!({})).is(400);
    assert_eq!(s.shop.state(), before);
    // The same item twice: what the first line used up, the second cannot have.
    s.act("remove", json!([{"pk": a, "quantity": 5}, {"pk": a, "quantity": 5}]), json!({})).is(400);
    assert_eq!(s.shop.state(), before);
    s.act("remove", json!([{"pk": a, "quantity": 1}, {"pk": a, "quantity": 1}]), json!({})).is(201);
    assert_eq!(s.shop.quantity(a), 3_000_000);
}

#[test]
fn what_is_not_in_stock_is_left_alone_unless_the_setting_allows() {
    let s = store();
    let (item, whole) = (s.item(5.0), s.item(1.0));
    s.shop.sql(
        "INSERT INTO company (id, name, is_customer) VALUES (1, 'Buys', 1); INSERT INTO sales_order (id, reference) VALUES (1, 'SO-1')",
    );
    for (column, key) in [("customer", 1), ("belongs_to", whole), ("sales_order", 1)] {
        s.shop.sql(&format!("UPDATE stock_item SET {column} = {key} WHERE id = {item}"));
        let before = s.shop.state();
        for verb in ["add", "remove", "count", "transfer"] {
            let refused =
                s.act(verb, json!([{"pk": whole, "quantity": 1}, {"pk": item, "quantity": 1}]), json!({"location": s.drawer})).is(400);
            assert_eq!(refused["items"][0], json!({}), "{}", refused.text());
            assert!(refused["items"][1]["pk"].is_array());
        }
        assert_eq!(s.shop.state(), before);
        s.shop.sql(&format!("UPDATE stock_item SET {column} = NULL WHERE id = {item}"));
    }
    // State and quantity do not matter here.
    s.shop.sql(&format!("UPDATE stock_item SET status = 65, quantity = 0 WHERE id = {item}"));
    s.act("add", json!([{"pk": item, "quantity": 1}]), json!({})).is(201);
    s.shop.sql(&format!("UPDATE stock_item SET customer = 1 WHERE id = {item}"));
    s.shop.set("STOCK_ALLOW_OUT_OF_STOCK_TRANSFER", "true");
    s.act("add", json!([{"pk": item, "quantity": 1}]), json!({})).is(201);
    assert_eq!(s.shop.quantity(item), 2_000_000);
}

#[test]
fn actions_need_the_right_to_add_stock() {
    let s = store();
    let item = s.item(5.0);
    let body = json!({"items": [{"pk": item, "quantity": 1}], "location": s.drawer});
    let adds = s.shop.hire("adds", &[("stock", &["view", "add", "change"])]);
    let changes = s.shop.hire("changes", &[("stock", &["view", "change"])]);
    for verb in ["add", "remove", "count", "transfer"] {
        let path = format!("/api/stock/{verb}/");
        s.shop.reader.post(&path, body.clone()).is(403);
        s.shop.norole.post(&path, body.clone()).is(403);
        s.shop.anon.post(&path, body.clone()).is(401);
        changes.post(&path, body.clone()).is(403);
        adds.post(&path, body.clone()).is(201);
    }
}

#[test]
fn custom_states_are_taken_by_actions() {
    let s = store();
    let item = s.item(5.0);
    s.shop.sql(
        "INSERT INTO custom_state (key, name, label, logical_key, reference_status) VALUES (110, 'DENTED', 'Dented', 55, 'StockStatus')",
    );
    s.act("add", json!([{"pk": item, "quantity": 1, "status": 110}]), json!({})).is(201);
    let row = s.row(item);
    assert_eq!((&row["status"], &row["status_custom_key"]), (&json!(55), &json!(110)));
    let deltas = &s.shop.last_event(item)["deltas"];
    assert_eq!((&deltas["status"], &deltas["status_logical"]), (&json!(110), &json!(55)));
}

#[test]
fn many_small_moves_lose_nothing() {
    let s = store();
    let item = s.item(100.0);
    let places: Vec<i64> = (0..5).map(|n| s.shop.place(&format!("P{n}"))).collect();
    let mut dice = crate::support::dice::Dice::new(7);
    for _ in 0..150 {
        let items = s.shop.admin.get("/api/stock/").is(200).numbers("pk");
        let from = items[dice.below(items.len())];
        let part = format!("{}.{:05}", dice.below(30), dice.below(100_000));
        let to = places[dice.below(places.len())];
        s.act("transfer", json!([{"pk": from, "quantity": part}]), json!({"location": to}));
    }
    assert!(s.shop.rows("stock_item") > 5);
    let sum: i64 = s.shop.find("SELECT sum(quantity) FROM stock_item");
    assert_eq!(sum, 100_000_000);
    assert_eq!(s.shop.has_item(item), s.shop.quantity(item) > 0);
    let total: i64 = s.shop.find("SELECT sum(items) FROM stock_location");
    assert_eq!(total, s.shop.rows("stock_item"), "each item is counted at one place");
}

#[test]
fn items_of_one_kind_become_one() {
    let s = store();
    let (first, second, third) = (s.item(5.0), s.item(2.5), s.serial("1"));
    let before = s.shop.state();
    let merge = |items: Value| s.act("merge", items, json!({"location": s.drawer, "notes": "one box"}));
    merge(json!([{"item": first}])).is(400);
    merge(json!([{"item": first}, {"item": first}])).is(400);
    assert!(merge(json!([{"item": first}, {"item": third}])).is(400)["items"][1]["item"].is_array());
    s.shop.sql(&format!("UPDATE stock_item SET status = 50 WHERE id = {second}"));
    merge(json!([{"item": first}, {"item": second}])).is(400);
    s.shop.sql(&format!("UPDATE stock_item SET status = 10 WHERE id = {second}"));
    assert_eq!(before, s.shop.state(), "what is refused changes nothing");
    s.shop.sql(&format!("UPDATE stock_item SET purchase_price = 4000000 WHERE id = {second}"));
    merge(json!([{"item": first}, {"item": second}])).is(201);
    let row = s.row(first);
    assert_eq!((&row["quantity"], &row["location"], &row["purchase_price"]), (&json!(7.5), &json!(s.drawer), &json!(4.0)));
    s.shop.reader.get(&format!("/api/stock/{second}/")).is(404);
    let event = s.shop.last_event(first);
    assert_eq!((&event["tracking_type"], &event["notes"]), (&json!(45), &json!("one box")));
}

#[test]
fn prices_in_several_currencies_are_not_mixed() {
    let s = store();
    let priced = |price: i64, currency: &str| {
        s.shop.stock_with(s.part, 1.0, json!({"location": s.shelf, "purchase_price": price, "purchase_price_currency": currency}))
    };
    let (plain, euro, more, dollar) = (s.item(3.0), priced(4, "EUR"), priced(8, "EUR"), priced(100, "USD"));
    s.act("merge", json!([{"item": plain}, {"item": euro}, {"item": more}]), json!({"location": s.shelf})).is(201);
    let row = s.row(plain);
    assert_eq!(
        (&row["purchase_price"], &row["purchase_price_currency"]),
        (&json!(6.0), &json!("EUR")),
        "as dear as those whose price is known"
    );
    s.act("merge", json!([{"item": plain}, {"item": dollar}]), json!({"location": s.shelf})).is(201);
    let row = s.row(plain);
    assert_eq!((&row["purchase_price"], &row["purchase_price_currency"]), (&json!(6.0), &json!("EUR")));
}

#[test]
fn items_change_their_state_together() {
    let s = store();
    let (first, second) = (s.item(5.0), s.item(1.0));
    s.act("change_status", json!([]), json!({"status": 50})).is(400);
    s.act("change_status", json!([first]), json!({"status": 12345})).is(400);
    s.act("change_status", json!([first, second]), json!({"status": 50, "note": "look"})).is(201);
    assert_eq!((&s.row(first)["status"], &s.row(second)["status"]), (&json!(50), &json!(50)));
    let events = s.shop.events(first).len();
    s.act("change_status", json!([first]), json!({"status": 50})).is(201);
    assert_eq!(s.shop.events(first).len(), events, "what is so already is no event");
    assert_eq!(s.shop.last_event(second)["notes"], "look");
}

#[test]
fn a_part_of_an_item_gets_serial_numbers() {
    let s = store();
    let motor = s.shop.part_with("Motor", json!({"trackable": true}));
    let item = s.shop.stock_with(motor, 5.0, json!({"location": s.shelf}));
    let plain = s.item(5.0);
    let give = |item: i64, count: i64, numbers: &str| {
        s.shop
            .store
            .post(&format!("/api/stock/{item}/serialize/"), json!({"quantity": count, "serial_numbers": numbers, "destination": s.drawer}))
    };
    give(plain, 1, "1").is(400);
    give(item, 6, "1-6").is(400);
    give(item, 3, "1-2").is(400);
    let made = give(item, 3, "7-9").is(201);
    assert_eq!(made.json.as_array().map(Vec::len), Some(3));
    assert_eq!((&made[0]["serial"], &made[0]["quantity"], &made[0]["location"]), (&json!("7"), &json!(1.0), &json!(s.drawer)));
    assert_eq!(s.row(item)["quantity"], json!(2.0));
    assert_eq!(s.shop.last_event(item)["tracking_type"], json!(13));
    assert!(give(item, 1, "8").is(400)["serial_numbers"].is_array(), "taken");
    assert_eq!(s.row(item)["quantity"], json!(2.0));
}

#[test]
fn an_item_becomes_another_variant() {
    let s = store();
    let chair = s.shop.part_with("Chair", json!({"is_template": true}));
    let [red, blue] = ["Red chair", "Blue chair"].map(|name| s.shop.part_with(name, json!({"variant_of": chair})));
    let item = s.shop.stock_with(red, 2.0, json!({"location": s.shelf}));
    let convert = |part: i64| s.shop.store.post(&format!("/api/stock/{item}/convert/"), json!({ "part": part }));
    convert(s.part).is(400);
    convert(red).is(400);
    assert_eq!(convert(blue).is(201).json, json!({ "part": blue }));
    assert_eq!(s.row(item)["part"], json!(blue));
    assert_eq!(s.shop.last_event(item)["tracking_type"], json!(48));
}

#[test]
fn customers_get_items_and_bring_them_back() {
    let shop = Shop::new();
    let place = shop.place("Shelf");
    let part = shop.part_with("Clock", json!({"salable": true}));
    let item = shop.stock_with(part, 10.0, json!({"location": place}));
    let customer = shop.admin.post("/api/company/", json!({"name": "Ada", "currency": "USD", "is_customer": true})).is(201).pk();
    let supplier = shop.admin.post("/api/company/", json!({"name": "Acme", "currency": "USD"})).is(201).pk();
    let give = |item: i64, who: i64| json!({"items": [{"item": item}], "customer": who, "notes": "sold"});
    shop.store.post("/api/stock/assign/", give(item, supplier)).refuses("customer");
    let other = shop.stock(shop.part("Not for sale"), 1.0);
    shop.store.post("/api/stock/assign/", give(other, customer)).is(400);
    shop.store.post("/api/stock/assign/", json!({"items": [], "customer": customer})).refuses("non_field_errors");
    shop.store.post("/api/stock/return/", json!({"items": [{"pk": item, "quantity": 1}], "location": place})).is(400);
    shop.reader.post("/api/stock/assign/", give(item, customer)).is(403);
    shop.store.post("/api/stock/assign/", give(item, customer)).is(201);
    let sold = shop.reader.get(&format!("/api/stock/{item}/")).is(200);
    assert_eq!((&sold["customer"], &sold["location"], &sold["in_stock"]), (&json!(customer), &Value::Null, &json!(false)));
    shop.store.post("/api/stock/assign/", give(item, customer)).is(400);
    let back = json!({"items": [{"pk": item, "quantity": 4}], "location": place, "notes": "broken"});
    shop.store.post("/api/stock/return/", back).is(201);
    let here = shop.reader.get(&format!("/api/stock/?part={part}&in_stock=true")).is(200);
    assert_eq!((here.list().len(), &here.list()[0]["quantity"], &here.list()[0]["parent"]), (1, &json!(4.0), &json!(item)));
    assert_eq!(shop.reader.get(&format!("/api/stock/{item}/")).is(200)["quantity"], 6.0);
    shop.store.post("/api/stock/return/", json!({"items": [{"pk": item, "quantity": 6}], "location": place})).is(201);
    let rest = here.list()[0]["pk"].as_i64().unwrap();
    let history = shop.reader.get(&format!("/api/stock/track/?item={rest}")).is(200);
    assert_eq!((&history.list()[0]["tracking_type"], &history.list()[0]["deltas"]["location"]), (&json!(15), &json!(place)));
    // What came back joins what it was split from, if asked to.
    shop.store.post("/api/stock/assign/", give(rest, customer)).is(201);
    shop.store.post("/api/stock/return/", json!({"items": [{"pk": rest, "quantity": 4}], "location": place, "merge": true})).is(201);
    shop.reader.get(&format!("/api/stock/{rest}/")).is(404);
    assert_eq!(shop.reader.get(&format!("/api/stock/{item}/")).is(200)["quantity"], 10.0);
}

#[test]
fn items_are_built_in_and_taken_out() {
    let shop = Shop::new();
    let place = shop.place("Bench");
    let whole =
        shop.stock_with(shop.part_with("Robot", json!({"assembly": true, "trackable": true})), 1.0, json!({"serial_numbers": "R1"}));
    let arm = shop.part("Arm");
    let arms = shop.stock_with(arm, 5.0, json!({"location": place}));
    let at = format!("/api/stock/{whole}/install/");
    shop.store.post(&at, json!({"stock_item": arms})).refuses("stock_item");
    shop.set("STOCK_ENFORCE_BOM_INSTALLATION", "false");
    for (quantity, field) in [(0, "quantity"), (-1, "quantity"), (6, "quantity")] {
        shop.store.post(&at, json!({"stock_item": arms, "quantity": quantity})).refuses(field);
    }
    shop.store.post(&at, json!({"stock_item": whole})).refuses("stock_item");
    shop.reader.post(&at, json!({"stock_item": arms})).is(403);
    shop.store.post(&at, json!({"stock_item": arms, "quantity": 2, "note": "screwed on"})).is(201);
    let inside = shop.reader.get(&format!("/api/stock/?belongs_to={whole}")).is(200);
    let built_in = inside.list()[0].clone();
    assert_eq!((&built_in["quantity"], &built_in["location"], &built_in["in_stock"]), (&json!(2.0), &Value::Null, &json!(false)));
    assert_eq!(shop.reader.get(&format!("/api/part/{arm}/")).is(200)["in_stock"], 3.0);
    assert_eq!(shop.reader.get(&format!("/api/stock/{whole}/")).is(200)["installed_items"], 1);
    let events = |item: &Value| shop.reader.get(&format!("/api/stock/track/?item={item}")).is(200).numbers("tracking_type");
    assert_eq!((events(&json!(whole))[0], events(&built_in["pk"])[0]), (35, 30));
    let out = format!("/api/stock/{}/uninstall/", built_in["pk"]);
    shop.store.post(&out, json!({})).refuses("location");
    shop.store.post(&out, json!({"location": place})).is(201);
    assert_eq!(shop.reader.get(&format!("/api/part/{arm}/")).is(200)["in_stock"], 5.0);
    assert_eq!((events(&json!(whole))[0], events(&built_in["pk"])[0]), (36, 31));
    shop.store.post(&out, json!({"location": place})).is(201);
    assert_eq!(events(&json!(whole))[0], 36, "nothing to take out, nothing to write down");
}
