//! Many hands at the same shelf: nothing is lost, nothing is made of nothing, no number is given twice.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod support;

#[path = "concurrency/wire.rs"]
mod wire;

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering::SeqCst};

use serde_json::{Value, json};
use support::Shop;
use support::dice::Dice;

const THREADS: u64 = 8;

/// Runs the work on all threads at once, each with dice of its own.
fn together(work: impl Fn(&mut Dice, u64) + Sync) {
    let start = Barrier::new(usize::try_from(THREADS).unwrap());
    std::thread::scope(|scope| {
        for n in 0..THREADS {
            let (start, work) = (&start, &work);
            scope.spawn(move || {
                start.wait();
                work(&mut Dice::new(n + 1), n);
            });
        }
    });
}

fn lines(item: i64, quantity: &str) -> Value {
    json!([{"pk": item, "quantity": quantity}])
}

fn sum(shop: &Shop) -> i64 {
    shop.find("SELECT coalesce(sum(quantity), 0) FROM stock_item")
}

#[test]
fn what_is_added_and_taken_away_adds_up() {
    let shop = Shop::new();
    let part = shop.part("Nut");
    let items: Vec<i64> = (0..3).map(|_| shop.stock_with(part, 1000.0, json!({"delete_on_deplete": false}))).collect();
    let (change, events) = (AtomicI64::new(0), AtomicI64::new(0));
    together(|dice, _| {
        for _ in 0..40 {
            let (item, millionths) = (*dice.pick(&items), 10 * i64::try_from(1 + dice.below(400_000)).unwrap());
            let quantity = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
            let (verb, sign) = if dice.once_in(2) { ("add", 1) } else { ("remove", -1) };
            shop.store.post(&format!("/api/stock/{verb}/"), json!({"items": lines(item, &quantity)})).is(201);
            change.fetch_add(sign * millionths, SeqCst);
            events.fetch_add(1, SeqCst);
        }
    });
    // At most 4 a time, 320 times: 1000 each are never used up.
    assert_eq!(sum(&shop), 3_000_000_000 + change.load(SeqCst));
    assert_eq!(shop.rows("stock_tracking"), 3 + events.load(SeqCst));
    shop.books_agree();
    // Every event tells the quantity that it left behind: one after the other they make sense.
    for item in items {
        let told = shop.admin.get(&format!("/api/stock/track/?item={item}&ordering=date")).is(200);
        let mut is = 1000.0;
        let mut rows = told.list().clone();
        rows.sort_by_key(|r| r["pk"].as_i64());
        for row in rows.iter().skip(1) {
            let deltas = &row["deltas"];
            is += deltas["added"].as_f64().unwrap_or(0.0) - deltas["removed"].as_f64().unwrap_or(0.0);
            assert!((is - deltas["quantity"].as_f64().unwrap()).abs() < 1e-6, "{row}");
        }
        assert!((is * 1e6 - f64::from(i32::try_from(shop.quantity(item)).unwrap())).abs() < 1.0);
    }
}

#[test]
fn the_last_piece_is_taken_once() {
    let shop = Shop::new();
    let part = shop.part("Nut");
    for _ in 0..5 {
        let item = shop.stock(part, 20.0);
        let (done, gone) = (AtomicUsize::new(0), AtomicUsize::new(0));
        together(|_, _| {
            for _ in 0..5 {
                let answer = shop.store.post("/api/stock/remove/", json!({"items": lines(item, "1")}));
                match answer.status {
                    201 => done.fetch_add(1, SeqCst),
                    400 => gone.fetch_add(1, SeqCst),
                    other => panic!("{other}: {}", answer.text()),
                };
            }
        });
        assert_eq!((done.load(SeqCst), gone.load(SeqCst)), (20, 20), "forty hands, twenty pieces");
        assert!(!shop.has_item(item));
    }
    assert_eq!(sum(&shop), 0);
    shop.books_agree();
}

#[test]
fn splitting_and_moving_lose_nothing() {
    let shop = Shop::new();
    let part = shop.part("Nut");
    let places: Vec<i64> = (0..4).map(|n| shop.place(&format!("P{n}"))).collect();
    let first = shop.stock_with(part, 500.0, json!({"location": places[0]}));
    let moves = AtomicI64::new(0);
    together(|dice, _| {
        for _ in 0..20 {
            let items = shop.store.get("/api/stock/?part_detail=false").is(200).numbers("pk");
            let item = if dice.once_in(2) { first } else { *dice.pick(&items) };
            let quantity = format!("{}.{:05}", dice.below(12), 1 + dice.below(99_999));
            let answer = shop.store.post("/api/stock/transfer/", json!({"items": lines(item, &quantity), "location": dice.pick(&places)}));
            assert_eq!(answer.status, 201, "an item that moves stays: {}", answer.text());
            moves.fetch_add(1, SeqCst);
        }
    });
    assert_eq!(sum(&shop), 500_000_000);
    assert_eq!(shop.reader.get(&format!("/api/part/{part}/")).is(200)["in_stock"], json!(500.0));
    // A move writes one event, a split two, and a split makes one item; the first item wrote one when it was made.
    let made = shop.rows("stock_item") - 1;
    assert_eq!(shop.rows("stock_tracking"), 1 + moves.load(SeqCst) + made);
    assert_eq!(shop.find::<i64>("SELECT count(*) FROM stock_tracking WHERE tracking_type = 40"), made);
    assert_eq!(shop.find::<i64>("SELECT count(*) FROM stock_tracking WHERE tracking_type = 42"), made);
    shop.books_agree();
}

#[test]
fn everything_at_once_adds_up() {
    let shop = Shop::new();
    let part = shop.part("Nut");
    let places: Vec<i64> = (0..3).map(|n| shop.place(&format!("P{n}"))).collect();
    for place in &places {
        shop.stock_with(part, 50.0, json!({"location": place}));
    }
    together(|dice, _| {
        for _ in 0..25 {
            let items = shop.store.get("/api/stock/?part_detail=false").is(200).numbers("pk");
            let (Some(item), place) = (items.get(dice.below(items.len())).copied(), *dice.pick(&places)) else { return };
            let quantity = format!("{}.5", dice.below(20));
            let answer = match dice.below(6) {
                0 => shop.store.post("/api/stock/add/", json!({"items": lines(item, &quantity)})),
                1 => shop.store.post("/api/stock/remove/", json!({"items": lines(item, &quantity)})),
                2 => shop.store.post("/api/stock/count/", json!({"items": lines(item, &quantity), "location": place})),
                3 => shop.admin.post("/api/stock/", json!({"part": part, "quantity": quantity, "location": place})),
                4 => shop.store.delete(&format!("/api/stock/{item}/")),
                _ => shop.store.post("/api/stock/transfer/", json!({"items": lines(item, &quantity), "location": place})),
            };
            // Somebody else may have used it up meanwhile.
            assert!(matches!(answer.status, 200 | 201 | 204 | 400 | 404), "{}", answer.text());
        }
    });
    shop.books_agree();
    let (own, shown) = (sum(&shop), shop.reader.get(&format!("/api/part/{part}/")).is(200)["in_stock"].as_f64().unwrap());
    assert!((shown * 1e6 - f64::from(i32::try_from(own).unwrap())).abs() < 1.0);
}

#[test]
fn serial_numbers_are_given_once() {
    let shop = Shop::new();
    let family = shop.part_with("Motor", json!({"trackable": true, "is_template": true}));
    let parts: Vec<i64> = (0..3).map(|n| shop.part_with(&format!("M{n}"), json!({"trackable": true, "variant_of": family}))).collect();
    let made = AtomicI64::new(0);
    together(|dice, _| {
        for _ in 0..8 {
            let (part, count) = (*dice.pick(&parts), 1 + i64::try_from(dice.below(4)).unwrap());
            let serials = if dice.once_in(3) { format!("{}+", 1 + dice.below(60)) } else { "~+".to_string() };
            let answer = shop.admin.post("/api/stock/", json!({"part": part, "quantity": count, "serial_numbers": serials}));
            match answer.status {
                201 => made.fetch_add(count, SeqCst),
                400 => made.fetch_add(0, SeqCst),
                other => panic!("{other}: {}", answer.text()),
            };
        }
    });
    let (items, different): (i64, i64) = (shop.rows("stock_item"), shop.find("SELECT count(DISTINCT serial) FROM stock_item"));
    assert_eq!((items, different), (made.load(SeqCst), made.load(SeqCst)));
    assert!(items > 20);
    shop.books_agree();
}

#[test]
fn names_numbers_and_tokens_are_given_once() {
    let shop = Shop::new();
    shop.set("PART_ALLOW_DUPLICATE_IPN", "false");
    let tokens = std::sync::Mutex::new(std::collections::BTreeSet::new());
    together(|_, n| {
        for round in 0..6 {
            let part = shop.admin.post("/api/part/", json!({"name": format!("Part {n} {round}"), "IPN": format!("N-{round}")}));
            assert!(matches!(part.status, 201 | 400), "{}", part.text());
            let place = shop.admin.post("/api/stock/location/", json!({"name": format!("Place {round}")}));
            assert!(matches!(place.status, 201 | 400), "{}", place.text());
            shop.admin.post("/api/user/group/", json!({"name": format!("Group {round}")}));
            let token = shop.reader.get(&format!("/api/user/me/token/?name=t{round}")).is(200)["token"].as_str().unwrap().to_string();
            tokens.lock().unwrap().insert(token);
        }
    });
    assert_eq!((shop.rows("part"), shop.rows("stock_location"), tokens.lock().unwrap().len()), (6, 6, 6));
    assert_eq!(shop.find::<i64>("SELECT count(*) FROM user_group WHERE name LIKE 'Group %'"), 6);
    assert_eq!(shop.find::<i64>("SELECT count(*) FROM ruleset"), 11 * shop.rows("user_group"));
}

#[test]
fn no_circle_comes_of_moves_that_cross() {
    let shop = Shop::new();
    let places: Vec<i64> = (0..6).map(|n| shop.place(&format!("P{n}"))).collect();
    together(|dice, _| {
        for _ in 0..25 {
            let (one, other) = (*dice.pick(&places), *dice.pick(&places));
            let parent = if dice.once_in(4) { Value::Null } else { json!(other) };
            let answer = shop.store.patch(&format!("/api/stock/location/{one}/"), json!({"parent": parent}));
            assert!(matches!(answer.status, 200 | 400), "{}", answer.text());
        }
    });
    let reached: i64 = shop.find(
        "WITH RECURSIVE down (id, path) AS (SELECT id, name FROM stock_location WHERE parent IS NULL \
         UNION ALL SELECT l.id, d.path || '/' || l.name FROM stock_location l JOIN down d ON l.parent = d.id) \
         SELECT count(*) FROM down d JOIN stock_location l ON l.id = d.id AND l.pathstring = d.path",
    );
    assert_eq!(reached, 6, "every place hangs on a root, under its right path");
}

#[test]
fn whoever_reads_sees_whole_changes() {
    let shop = Shop::new();
    let (part, a, b) = (shop.part("Nut"), shop.place("A"), shop.place("B"));
    let item = shop.stock_with(part, 100.0, json!({"location": a}));
    together(|_, n| {
        for round in 0..15 {
            if n % 2 == 0 {
                let (from, to) = if round % 2 == 0 { (item, b) } else { (item, a) };
                shop.store.post("/api/stock/transfer/", json!({"items": lines(from, "0.5"), "location": to})).is(201);
            } else {
                let rows = shop.reader.get("/api/stock/?part_detail=false&limit=1000").is(200);
                let sum: f64 = rows.list().iter().map(|r| r["quantity"].as_f64().unwrap()).sum();
                assert!((sum - 100.0).abs() < 1e-9, "{sum}");
                assert_eq!(rows["count"].as_i64().unwrap(), i64::try_from(rows.list().len()).unwrap());
            }
        }
    });
}

/// Two orders want the same shelf, and everybody sets aside, releases, uses up and completes at once: what is set aside never exceeds what
/// is there, nothing is used up twice, and what was is where the books say.
#[test]
fn builds_never_take_the_same_thing_twice() {
    let shop = Shop::new();
    let (chair, leg) = (shop.part_with("Chair", json!({"assembly": true})), shop.part("Leg"));
    shop.admin.post("/api/bom/", json!({"part": chair, "sub_part": leg, "quantity": 4})).is(201);
    let shelf = shop.place("Shelf");
    let items: Vec<i64> = (0..3).map(|_| shop.stock_with(leg, 50.0, json!({"location": shelf}))).collect();
    let orders: Vec<(i64, i64)> = (0..2)
        .map(|_| {
            let build = shop.admin.post("/api/build/", json!({"part": chair, "quantity": 100})).is(201).pk();
            let lines = shop.admin.get(&format!("/api/build/line/?build={build}")).is(200);
            (build, lines.numbers("pk")[0])
        })
        .collect();
    let completed = AtomicI64::new(0);
    together(|dice, _| {
        for _ in 0..25 {
            let (build, line) = orders[dice.below(2)];
            let act = |verb: &str, body: Value| shop.admin.post(&format!("/api/build/{build}/{verb}/"), body);
            let answer = match dice.below(6) {
                0 | 1 => {
                    let quantity = 1 + dice.below(9);
                    act("allocate", json!({"items": [{"build_line": line, "stock_item": items[dice.below(3)], "quantity": quantity}]}))
                }
                2 => act("auto-allocate", json!({"interchangeable": true})),
                3 => act("unallocate", json!({})),
                4 => act("consume", json!({"lines": [{"build_line": line}]})),
                _ => {
                    let outputs = act("create-output", json!({"quantity": 1})).is(201).numbers("pk");
                    let body = json!({"outputs": [{"output": outputs[0]}], "location": shelf});
                    // Only one of two who complete the same output may.
                    let done = (0..2).filter(|_| act("complete", body.clone()).status == 200).count();
                    assert_eq!(done, 1);
                    completed.fetch_add(1, SeqCst);
                    continue;
                }
            };
            assert!(matches!(answer.status, 200 | 201 | 400), "{}", answer.text());
            let over = "SELECT count(*) FROM stock_item s WHERE s.quantity < (SELECT total(a.quantity) FROM build_item a WHERE a.stock_item = s.id)";
            assert_eq!(shop.find::<i64>(over), 0, "more is set aside than there is");
        }
    });
    let legs: i64 = shop.find(&format!("SELECT sum(quantity) FROM stock_item WHERE part = {leg}"));
    assert_eq!(legs, 150_000_000, "no leg is lost, none is made");
    let used: i64 = shop.find("SELECT coalesce(sum(quantity), 0) FROM stock_item WHERE consumed_by IS NOT NULL");
    assert_eq!(used, shop.find::<i64>("SELECT sum(consumed) FROM build_line"));
    assert_eq!(completed.load(SeqCst) * 1_000_000, shop.find::<i64>("SELECT sum(completed) FROM build"));
    shop.books_agree();
}

/// While others keep asking, the server must not remember what it read just before the change.
#[test]
fn a_right_that_is_taken_is_gone_at_once() {
    let shop = Shop::new();
    let ruleset: i64 =
        shop.find("SELECT r.id FROM ruleset r JOIN user_group g ON g.id = r.\"group\" WHERE g.name = 'readers' AND r.name = 'part'");
    shop.sql("UPDATE ruleset SET can_view = 0 WHERE name = 'build'"); // It opens parts, too.
    let path = format!("/api/user/ruleset/{ruleset}/");
    let over = AtomicBool::new(false);
    together(|_, n| {
        if n > 0 {
            while !over.load(SeqCst) {
                assert!(matches!(shop.reader.get("/api/part/?limit=1").status, 200 | 403));
            }
            return;
        }
        for round in 0..150 {
            let allowed = round % 2 == 1;
            shop.staff.patch(&path, json!({"can_view": allowed})).is(200);
            let wrong = (0..3).find(|_| (shop.reader.get("/api/part/?limit=1").status == 200) != allowed);
            if wrong.is_some() {
                over.store(true, SeqCst);
                panic!("round {round}: the old rights still count");
            }
        }
        over.store(true, SeqCst);
    });
}

#[test]
fn orders_take_no_more_than_there_is() {
    let shop = Shop::new();
    let company = shop.admin.post("/api/company/", json!({"name": "Both", "is_supplier": true, "is_customer": true})).is(201).pk();
    let (part, place) = (shop.part_with("Lamp", json!({"salable": true, "purchaseable": true})), shop.place("Dock"));
    let item = shop.stock(part, 10.0);
    let sale = shop.admin.post("/api/order/so/", json!({"customer": company})).is(201).pk();
    let line = shop.admin.post("/api/order/so-line/", json!({"order": sale, "part": part, "quantity": 100})).is(201).pk();
    let shipment = shop.admin.post("/api/order/so/shipment/", json!({"order": sale})).is(201).pk();
    let sold = shop.admin.post("/api/company/part/", json!({"part": part, "supplier": company, "SKU": "L"})).is(201).pk();
    let order = shop.admin.post("/api/order/po/", json!({"supplier": company})).is(201).pk();
    let bought = shop.admin.post("/api/order/po-line/", json!({"order": order, "part": sold, "quantity": 5})).is(201).pk();
    shop.admin.post(&format!("/api/order/po/{order}/issue/"), json!({})).is(201);
    let (taken, sent, came) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    together(|_, _| {
        for _ in 0..5 {
            let body = json!({"items": [{"line_item": line, "stock_item": item, "quantity": 1}], "shipment": shipment});
            taken.fetch_add(usize::from(shop.admin.post(&format!("/api/order/so/{sale}/allocate/"), body).status == 201), SeqCst);
            let body = json!({"items": [{"line_item": bought, "quantity": 1}], "location": place});
            came.fetch_add(usize::from(shop.admin.post(&format!("/api/order/po/{order}/receive/"), body).status == 201), SeqCst);
        }
    });
    assert_eq!(taken.load(SeqCst), 10);
    assert_eq!(came.load(SeqCst), 5, "the last one that was ordered completes the order");
    assert_eq!(shop.find::<i64>("SELECT received FROM purchase_order_line"), 5_000_000);
    together(|_, _| {
        let done = shop.admin.post(&format!("/api/order/so/shipment/{shipment}/ship/"), json!({})).status == 200;
        sent.fetch_add(usize::from(done), SeqCst);
    });
    assert_eq!(sent.load(SeqCst), 1);
    assert_eq!(shop.find::<i64>("SELECT shipped FROM sales_order_line"), 10_000_000);
    assert_eq!(shop.find::<i64>(&format!("SELECT sum(quantity) FROM stock_item WHERE customer = {company}")), 10_000_000);
    shop.books_agree();
}
