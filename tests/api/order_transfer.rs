//! `/api/order/transfer-order…/`

use serde_json::json;

use crate::support::Shop;

#[test]
fn stock_goes_where_the_order_says() {
    let shop = Shop::new();
    let (here, there) = (shop.place("Here"), shop.place("There"));
    let part = shop.part("Nut");
    let item = shop.stock_with(part, 40.0, json!({"location": here}));
    let order = shop.walk("/api/order/transfer-order/", json!({"destination": there}), json!({"description": "Nuts"}), false);
    let act = |verb: &str, body| shop.admin.post(&format!("/api/order/transfer-order/{order}/{verb}/"), body);
    let body = json!({"order": order, "part": part, "quantity": 10});
    shop.walk("/api/order/transfer-order-line/", body.clone(), json!({"reference": "L"}), true);
    let line = shop.admin.post("/api/order/transfer-order-line/", body).is(201).pk();
    act("hold", json!({})).is(201);
    act("issue", json!({})).is(201);
    let some = |quantity: i64| json!({"items": [{"line_item": line, "stock_item": item, "quantity": quantity}]});
    act("allocate", some(41)).is(400);
    act("allocate", some(4)).is(201);
    act("complete", json!({})).refuses("accept_incomplete_allocation");
    let allocation: i64 = shop.find("SELECT id FROM transfer_order_allocation");
    let one = format!("/api/order/transfer-order-allocation/{allocation}/");
    shop.admin.get("/api/order/transfer-order-allocation/").is(200);
    shop.admin.get(&one).is(200);
    shop.admin.put(&one, json!({"item": item, "quantity": 5})).is(200);
    shop.admin.patch(&one, json!({"quantity": 41})).refuses("quantity");
    shop.admin.patch(&one, json!({"quantity": 6})).is(200);
    for verb in ["PUT", "PATCH"] {
        shop.admin.json(verb, "/api/order/transfer-order-allocation/", json!({"items": [allocation], "quantity": 7})).is(200);
    }
    shop.admin.delete(&one).is(204);
    act("allocate", some(10)).is(201);
    shop.reader.post(&format!("/api/order/transfer-order/{order}/complete/"), json!({})).is(403);
    act("complete", json!({})).is(201);
    act("complete", json!({})).refuses("non_field_errors");
    act("cancel", json!({})).is(400);
    assert_eq!(shop.quantity(item), 30_000_000);
    let moved = shop.admin.get(&format!("/api/stock/?location={there}")).is(200);
    assert_eq!((moved.list().len(), &moved.list()[0]["quantity"]), (1, &json!(10.0)));
    let order_now = shop.admin.get(&format!("/api/order/transfer-order/{order}/")).is(200);
    assert_eq!((&order_now["status"], &order_now["completed_lines"]), (&json!(30), &json!(1)));
    shop.admin.delete(&format!("/api/order/transfer-order/{order}/")).is(204);
}

#[test]
fn stock_is_used_up_or_given_free() {
    let shop = Shop::new();
    let place = shop.place("Here");
    let part = shop.part_with("Radio", json!({"trackable": true}));
    let items: Vec<i64> = ["1", "2"].iter().map(|n| shop.stock_with(part, 1.0, json!({"location": place, "serial_numbers": n}))).collect();
    for (consume, verb, left) in [(false, "cancel", 2), (true, "complete", 0)] {
        let order = shop.admin.post("/api/order/transfer-order/", json!({"consume": consume})).is(201).pk();
        let act = |verb: &str, body| shop.admin.post(&format!("/api/order/transfer-order/{order}/{verb}/"), body);
        let line = shop.admin.post("/api/order/transfer-order-line/", json!({"order": order, "part": part, "quantity": 2})).is(201).pk();
        act("issue", json!({})).is(201);
        act("allocate-serials", json!({"line_item": line, "quantity": 2, "serial_numbers": "1-2"})).is(201);
        act("allocate-serials", json!({"line_item": line, "quantity": 1, "serial_numbers": "1"})).refuses("serial_numbers");
        if !consume {
            act("complete", json!({})).refuses("non_field_errors");
        }
        act(verb, json!({})).is(201);
        let there = shop.admin.get(&format!("/api/stock/?part={part}&in_stock=true")).is(200).list().len();
        assert_eq!(there, left, "{verb}");
    }
    assert_eq!(items.len(), 2);
}

#[test]
fn what_is_set_aside_for_a_transfer_is_not_given_away() {
    let shop = Shop::new();
    let (here, there, customer) = (shop.place("Here"), shop.place("There"), shop.partner("Buyer"));
    let part = shop.part_with("Radio", json!({"trackable": true, "salable": true}));
    let whole = shop.part_with("Rack", json!({"trackable": true}));
    shop.set("STOCK_ENFORCE_BOM_INSTALLATION", "false");
    let item = shop.stock_with(part, 10.0, json!({"location": here}));
    let rack = shop.stock_with(whole, 1.0, json!({"location": here}));
    let order = shop.admin.post("/api/order/transfer-order/", json!({"destination": there})).is(201).pk();
    let line = shop.admin.post("/api/order/transfer-order-line/", json!({"order": order, "part": part, "quantity": 8})).is(201).pk();
    let act = |verb: &str, body| shop.admin.post(&format!("/api/order/transfer-order/{order}/{verb}/"), body);
    act("issue", json!({})).is(201);
    act("allocate", json!({"items": [{"line_item": line, "stock_item": item, "quantity": 8}]})).is(201);
    shop.admin.post("/api/stock/assign/", json!({"items": [{"item": item}], "customer": customer})).is(400);
    let serials = |n: i64| json!({"quantity": n, "serial_numbers": "~+", "destination": here});
    shop.admin.post(&format!("/api/stock/{item}/serialize/"), serials(3)).refuses("quantity");
    shop.admin.post(&format!("/api/stock/{rack}/install/"), json!({"stock_item": item, "quantity": 3})).refuses("quantity");
    shop.admin.post(&format!("/api/stock/{item}/serialize/"), serials(2)).is(201);
    act("complete", json!({})).is(201);
    shop.books_agree();
}
