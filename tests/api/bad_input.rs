//! Input that makes no sense: always a 4xx in the contract's shape, never a 5xx, and nothing changed.

use serde_json::{Value, json};
use stockroom::engine::call::Verb;
use stockroom::engine::describe::{Field, Kind, Resource};
use stockroom::router::{RESOURCES, Target, routes};

use crate::support::Shop;

/// A shop in which object 1 of everything that can be created exists.
fn shop() -> Shop {
    let shop = Shop::new();
    let place = shop.place("Shelf");
    let category = shop.category("Small");
    let part = shop.part_with("Nut", json!({"category": category, "trackable": false, "salable": true, "testable": true}));
    shop.stock_with(part, 5.0, json!({"location": place}));
    shop.admin.post("/api/stock/location-type/", json!({"name": "Rack"})).is(201);
    shop.admin.post("/api/user/tokens/", json!({"name": "x"})).is(201);
    trade(&shop, part, category);
    works(&shop, part);
    shop.sql(&format!("INSERT INTO notification (user, category, name, creation) VALUES ({}, 'a', 'b', 1)", shop.admin.id));
    shop.sql(
        "INSERT INTO news_entry (feed_id, title, link, published, author, summary) VALUES ('a', 'b', 'https://shop.test/', 1, 'c', 'd')",
    );
    shop.sql("INSERT INTO sales_order_allocation (line, item, quantity) VALUES (1, 1, 1000000)");
    shop.sql("INSERT INTO transfer_order_allocation (line, item, quantity) VALUES (1, 1, 1000000)");
    shop.sql("INSERT INTO part_stocktake (part, quantity) VALUES (1, 1)");
    shop.sql("INSERT INTO error_report (at, info) VALUES (1, 'a')");
    shop.sql("INSERT INTO attachment (model_type, model_id, link) VALUES ('part', 1, 'https://shop.test/')");
    shop.sql("INSERT INTO custom_state (key, name, label, logical_key, model, reference_status) VALUES (777, 'MINE', 'Mine', 10, 1, 'StockStatus')");
    shop
}

/// What is made of the part.
fn works(shop: &Shop, part: i64) {
    let chair = shop.part_with("Chair", json!({"assembly": true}));
    let other = shop.part("Screw");
    for (list, body) in [
        ("bom", json!({"part": chair, "sub_part": part})),
        ("bom/substitute", json!({"bom_item": 1, "part": other})),
        ("build", json!({"part": chair})),
        ("build/item", json!({"build_line": 1, "stock_item": 1, "quantity": 1})),
    ] {
        assert_eq!(shop.admin.post(&format!("/api/{list}/"), body).is(201).pk(), 1, "{list}");
    }
}

/// Who sells and makes the part, and what else is told about it.
fn trade(shop: &Shop, part: i64, category: i64) {
    let other = shop.part("Bolt");
    for (list, body) in [
        ("units", json!({"name": "reel", "definition": "5 meter"})),
        ("selection", json!({"name": "Sizes"})),
        ("tag", json!({"name": "red"})),
        ("parameter/template", json!({"name": "Length", "units": "mm"})),
        ("parameter", json!({"template": 1, "model_type": "part.part", "model_id": part, "data": "5"})),
        ("company", json!({"name": "Both", "currency": "USD", "is_supplier": true, "is_manufacturer": true, "is_customer": true})),
        ("company/contact", json!({"company": 1, "name": "Ada"})),
        ("company/address", json!({"company": 1, "title": "Yard"})),
        ("company/part/manufacturer", json!({"part": part, "manufacturer": 1, "MPN": "M1"})),
        ("company/part", json!({"part": part, "supplier": 1, "SKU": "S1"})),
        ("company/price-break", json!({"part": 1, "quantity": 1, "price": 2})),
        ("part/sale-price", json!({"part": part, "quantity": 1, "price": 3})),
        ("part/internal-price", json!({"part": part, "quantity": 1, "price": 3})),
        ("part/related", json!({"part_1": part, "part_2": other})),
        ("part/test-template", json!({"part": part, "test_name": "Pull", "description": "Until it breaks"})),
        ("part/category/parameters", json!({"category": category, "template": 1})),
        ("project-code", json!({"code": "P1"})),
        ("stock/test", json!({"stock_item": 1, "template": 1})),
        ("order/po", json!({"supplier": 1})),
        ("order/po-line", json!({"order": 1, "part": 1, "quantity": 5})),
        ("order/po-extra-line", json!({"order": 1, "quantity": 1})),
        ("order/so", json!({"customer": 1})),
        ("order/so-line", json!({"order": 1, "part": part, "quantity": 5})),
        ("order/so-extra-line", json!({"order": 1, "quantity": 1})),
        ("order/so/shipment", json!({"order": 1})),
        ("order/ro", json!({"customer": 1})),
        ("order/ro-line", json!({"order": 1, "item": 1})),
        ("order/ro-extra-line", json!({"order": 1, "quantity": 1})),
        ("order/transfer-order", json!({})),
        ("order/transfer-order-line", json!({"order": 1, "part": part, "quantity": 5})),
    ] {
        assert_eq!(shop.admin.post(&format!("/api/{list}/"), body).is(201).pk(), 1, "{list}");
    }
    assert_eq!(shop.admin.post("/api/selection/1/entry/", json!({"value": "a", "label": "A"})).is(201)["id"], 1);
}

/// All addresses that take a body, filled in.
fn targets() -> Vec<(Verb, String)> {
    let mut all = Vec::new();
    for (route, target) in routes() {
        // Deleting a thing needs no body; changing oneself, or logging in, has scenarios of its own.
        // Old addresses of metadata read nothing.
        let raw = matches!(target, Target::Hand(endpoint) if endpoint.raw);
        if route.contains("/auth/v1/") || route.ends_with("/metadata/") || raw {
            continue;
        }
        let word = if route.contains("settings/user") { "SEARCH_PREVIEW_RESULTS" } else { "STOCK_STALE_DAYS" };
        for verb in target.verbs() {
            if !verb.safe() && verb != Verb::Delete {
                let path = match route {
                    "api/metadata/{text}/{id}/" => "/api/metadata/part/1/".into(),
                    "api/metadata/{text}/{text}/{text}/" => "/api/metadata/projectcode/code/P1/".into(),
                    _ => format!("/{}", route.replace("{id}", "1").replace("{above}", "1").replace("{word}", word).replace("{text}", word)),
                };
                all.push((verb, path));
            }
        }
    }
    all
}

#[test]
fn bodies_that_are_no_objects_change_nothing() {
    let shop = shop();
    let before = shop.state();
    for (verb, path) in targets() {
        for body in [
            json!([]),
            json!([1, 2]),
            json!([{}]),
            json!([[[]]]),
            json!(5),
            json!(-1.5),
            json!("text"),
            json!(""),
            json!(true),
            json!(null),
        ] {
            let answer = shop.admin.json(verb.name(), &path, body.clone());
            assert_eq!(answer.status, 400, "{} {path} {body}: {}", verb.name(), answer.text());
        }
    }
    assert_eq!(shop.state(), before);
}

#[test]
fn bytes_that_are_no_json_change_nothing() {
    let shop = shop();
    let before = shop.state();
    let deep = "[".repeat(100_000);
    let deeper = format!("{}{}", "{\"a\":".repeat(5000), "}".repeat(5000));
    let nested = format!("{{\"name\": {}1{}}}", "[".repeat(500), "]".repeat(500));
    let bodies: Vec<&[u8]> = vec![
        b"{",
        b"{]",
        b"{\"name\"}",
        b"{\"name\": }",
        b"{'name': 'x'}",
        b"{\"name\": \"x\",}",
        b"{\"name\": \"x\"} trailing",
        b"\xef\xbb\xbf{}",
        b"{\"name\": \"\xff\xfe\"}",
        b"{\"name\": \"\xc3\"}",
        b"{\"name\": \"\\ud800\"}",
        b"{\"name\": \"\\udc00\\ud800\"}",
        b"{\"name\": \"\\x00\"}",
        b"{\"name\": \"\x00\"}",
        b"{\"name\": NaN}",
        b"{\"quantity\": Infinity}",
        b"{\"quantity\": 1e400}",
        b"{\"quantity\": -1e400}",
        b"{\"quantity\": 01}",
        b"{\"quantity\": 0x10}",
        b"\x00\x00\x00",
        b" ",
        deep.as_bytes(),
        deeper.as_bytes(),
        nested.as_bytes(),
    ];
    for (verb, path) in targets() {
        for body in &bodies {
            let answer = shop.admin.raw(verb.name(), &path, &[("Content-Type", "application/json")], body);
            assert_eq!(answer.status, 400, "{} {path}: {}", verb.name(), answer.text());
            assert!(answer["detail"].is_string());
        }
    }
    assert_eq!(shop.state(), before);
}

#[test]
fn forms_that_are_broken_change_nothing() {
    let shop = shop();
    let before = shop.state();
    for (kind, body) in [
        ("multipart/form-data", &b"--x\r\n\r\n--x--"[..]),
        ("multipart/form-data; boundary=", b"--\r\n\r\n----"),
        ("multipart/form-data; boundary=x", b"--x"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nabc"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\nabc\r\n--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\nno head\r\n\r\nabc\r\n--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n\xff\xfe\r\n--x--"),
        ("multipart/form-data; boundary=\"", b"--\"\r\n"),
    ] {
        shop.admin.raw("POST", "/api/part/", &[("Content-Type", kind)], body).is(400);
    }
    let many = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n".repeat(300) + "--x--";
    shop.admin.raw("POST", "/api/part/", &[("Content-Type", "multipart/form-data; boundary=x")], many.as_bytes()).is(400);
    // Bytes that are no UTF-8 become signs in their place: what is left is a text like any other.
    let answer =
        shop.admin.raw("POST", "/api/part/", &[("Content-Type", "application/x-www-form-urlencoded")], b"category=%FF%FE&name=%00").is(400);
    assert!(answer["category"].is_array() && answer["name"].is_array(), "{}", answer.text());
    assert_eq!(shop.state(), before);
}

/// Values that this kind of field cannot take.
fn wrong(field: &Field) -> Vec<Value> {
    let long = |n: u32| json!("x".repeat(usize::try_from(n).unwrap() + 1));
    let shapes = vec![json!([]), json!({}), json!([[1]]), json!({"a": {"b": 1}})];
    let numbers = vec![json!("NaN"), json!("inf"), json!("1e400"), json!("one"), json!("0x1"), json!("1,5"), json!("--1"), json!(true)];
    let mut values = match field.kind {
        Kind::Bool => vec![json!("maybe"), json!(2), json!(-1), json!(1e300)],
        Kind::Int(least, _) if least < 0 => [numbers, vec![json!(1.5), json!("99999999999999999999"), json!("1.5")]].concat(),
        Kind::Int(..) => [numbers, vec![json!(1.5), json!(-1), json!("99999999999999999999"), json!(1e30), json!("1.5")]].concat(),
        Kind::Text(max) | Kind::Prose(max) | Kind::Url(max) | Kind::Email(max) => {
            let mut values = vec![json!(true), json!("<b>x</b>")];
            if max > 0 && max <= 5000 {
                values.push(long(max));
            }
            if !field.blank {
                values.extend([json!(""), json!(" \u{0}\n ")]);
            }
            if !field.null {
                values.push(json!(null));
            }
            if matches!(field.kind, Kind::Url(_)) {
                values.extend([json!("nonsense"), json!("javascript:x"), json!("http://")]);
            }
            if matches!(field.kind, Kind::Email(_)) {
                values.extend([json!("nonsense"), json!("a@"), json!("@b.c"), json!("a b@c.d")]);
            }
            values
        }
        Kind::Number(..) | Kind::Fixed(..) | Kind::Money => {
            let below = if field.below_zero { Vec::new() } else { vec![json!(-1), json!("-0.1")] };
            [numbers, below, vec![json!(1e30), json!("1e15"), json!("9".repeat(500))]].concat()
        }
        Kind::Float => numbers,
        Kind::Date | Kind::DateTime => {
            vec![json!("yesterday"), json!("2026-02-30"), json!("31.12.2026"), json!(5), json!(""), json!("2026-01-01T99:00")]
        }
        Kind::Choice(_) => vec![json!("no such choice"), json!(-99), json!(1e30), json!(true)],
        Kind::Ref(_) => vec![
            json!(7_777_777),
            json!(0),
            json!(-1),
            json!("x"),
            json!(1.5),
            json!("99999999999999999999"),
            json!(9_223_372_036_854_775_807i64),
            json!(1e30),
            json!(true),
        ],
        Kind::Keys(_) => vec![json!([77]), json!(["x"]), json!("x"), json!([null]), json!(5)],
        Kind::Words => vec![json!([1]), json!("x"), json!(5), json!([null]), json!(["<b>x</b>"])],
        Kind::File(_) => vec![json!("x.png"), json!(5)],
        Kind::Object(_) => vec![json!(5), json!("x"), json!(null)],
        Kind::List(_) => vec![json!(5), json!("x"), json!([5]), json!([null]), json!(null)],
        _ => Vec::new(),
    };
    if !matches!(field.kind, Kind::Object(_) | Kind::Keys(_) | Kind::Words | Kind::List(_) | Kind::Any(_)) {
        values.extend(shapes);
    }
    values
}

#[test]
fn values_of_the_wrong_kind_are_refused_under_their_field() {
    let shop = shop();
    let before = shop.state();
    let mut tried = 0;
    for resource in RESOURCES {
        let (list, one) = (format!("/api/{}/", resource.path.replace("{above}", "1")), path_of(resource));
        // Where other spellings count, whatever is no yes is a no.
        let strict = |field: &&stockroom::engine::describe::Field| {
            !(field.fixed || matches!(field.kind, Kind::Bool) && field.also_known().is_some())
        };
        for field in resource.fields.iter().filter(strict) {
            for value in wrong(field) {
                let body = json!({field.name: value});
                if let Some(one) = &one
                    && !field.once
                    && resource.verbs.has(stockroom::engine::describe::Verbs::UPDATE)
                {
                    let answer = shop.admin.patch(one, body.clone());
                    // A setting judges its value itself, once it knows its type.
                    let told = !answer[field.name].is_null() || resource.path.starts_with("settings/");
                    assert!(answer.status == 400 && told, "PATCH {one} {body}: {} {}", answer.status, answer.text());
                    tried += 1;
                }
                if resource.verbs.has(stockroom::engine::describe::Verbs::CREATE) && resource.path != "stock" {
                    let answer = shop.admin.post(&list, body.clone());
                    assert!(
                        answer.status == 400 && !answer[field.name].is_null(),
                        "POST {list} {body}: {} {}",
                        answer.status,
                        answer.text()
                    );
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 1000, "{tried}");
    assert_eq!(shop.state(), before);
}

fn path_of(resource: &Resource) -> Option<String> {
    use stockroom::engine::describe::Lookup;
    let base = format!("/api/{}/", resource.path.replace("{above}", "1"));
    match resource.lookup {
        Lookup::Caller => Some(base),
        Lookup::Key if resource.path.contains("{id}") => None,
        Lookup::Key => Some(format!("{base}1/")),
        Lookup::Word(_) if resource.path == "settings/global" => Some(format!("{base}STOCK_STALE_DAYS/")),
        Lookup::Word(_) if resource.path == "settings/user" => Some(format!("{base}SEARCH_PREVIEW_RESULTS/")),
        Lookup::Word(_) => None,
    }
}

#[test]
fn stock_is_created_from_sound_values_alone() {
    let shop = shop();
    let before = shop.state();
    let item = RESOURCES.iter().find(|r| r.path == "stock").unwrap();
    for field in item.fields.iter().filter(|f| !f.fixed && f.name != "serial") {
        for value in wrong(field) {
            let mut body = json!({"part": 1, "quantity": 1});
            body[field.name] = value;
            let answer = shop.store.post("/api/stock/", body.clone());
            assert!(answer.status == 400 && !answer[field.name].is_null(), "{body}: {} {}", answer.status, answer.text());
        }
    }
    assert_eq!(shop.state(), before);
}

#[test]
fn actions_take_sound_values_alone() {
    let shop = shop();
    let before = shop.state();
    for (route, target) in routes() {
        let Target::Act(_, action) = target else { continue };
        for field in action.input {
            for value in wrong(field) {
                let mut body = json!({"items": [{"pk": 1, "quantity": 1}], "location": 1});
                body[field.name] = value;
                let answer = shop.admin.post(&format!("/{}", route.replace("{id}", "1").replace("{above}", "1")), body.clone());
                assert!(answer.status == 400 && !answer[field.name].is_null(), "{route} {body}: {} {}", answer.status, answer.text());
            }
        }
    }
    assert_eq!(shop.state(), before);
}

#[test]
fn keys_beyond_every_number_are_not_found() {
    let shop = shop();
    let before = shop.state();
    for key in [
        "0",
        "77",
        "999999999999999999",
        "9223372036854775807",
        "9223372036854775808",
        "99999999999999999999999",
        "-1",
        "1e3",
        "0x1",
        "%31",
        "1%00",
        "١",
    ] {
        for list in [
            "part",
            "part/category",
            "stock",
            "stock/location",
            "stock/location-type",
            "stock/track",
            "company",
            "company/contact",
            "company/address",
            "company/part",
            "company/part/manufacturer",
            "company/price-break",
            "part/sale-price",
            "part/internal-price",
            "part/related",
            "part/test-template",
            "part/category/parameters",
            "project-code",
            "user",
            "user/group",
            "user/ruleset",
            "user/tokens",
            "user/owner",
        ] {
            for verb in ["GET", "PATCH", "DELETE"] {
                let answer = shop.admin.json(verb, &format!("/api/{list}/{key}/"), json!({}));
                assert!(matches!(answer.status, 404 | 405), "{verb} {list}/{key}: {}", answer.text());
            }
        }
    }
    for keys in [
        json!([9_223_372_036_854_775_807i64]),
        json!(["99999999999999999999"]),
        json!([1e30]),
        json!([0]),
        json!([-1]),
        json!([[1]]),
        json!([{"pk": 1}]),
        json!([true]),
    ] {
        for list in ["part", "part/category", "stock", "stock/location"] {
            shop.admin.patch(&format!("/api/{list}/"), json!({"items": keys, "description": "x"})).is(400);
        }
        for list in ["stock", "company/contact", "company/address", "company/part", "company/part/manufacturer"] {
            shop.admin.delete_with(&format!("/api/{list}/"), json!({"items": keys})).is(400);
        }
    }
    let many: Vec<i64> = (1..=10_001).collect();
    shop.admin.patch("/api/part/", json!({"items": many, "description": "x"})).is(400);
    assert_eq!(shop.state(), before);
}

#[test]
fn addresses_full_of_oddities_are_answered() {
    let shop = shop();
    for path in [
        "//",
        "/api//",
        "/api/%",
        "/api/part/%2e%2e/",
        "/api/../etc/passwd",
        "/api/part/1/../2/",
        "/%00",
        "/api/%ff/",
        "/api/part/1/%20/",
        "/api/settings/global/%27/",
        "/api/settings/global//",
        "/api/generic/status//",
        "/api/generic/status/%2f/",
        "/api/{id}/",
        "/api/part/{id}/",
        "/api/settings/global/{word}/",
        "/media/../stockroom.db",
        "/media/%2e%2e/secret.key",
        "/static/../../secret.key",
        "*",
        "/api/part/;jsessionid=1",
        "/API/part/",
        "/api/PART/",
    ] {
        for person in [&shop.admin, &shop.anon] {
            for verb in ["GET", "POST", "OPTIONS"] {
                let answer = person.raw(verb, path, &[], b"");
                assert!(answer.status >= 400, "{verb} {path}: {} {}", answer.status, answer.text());
                assert!(!answer.text().contains("STKR"));
            }
        }
    }
    shop.admin.get(&format!("/api/{}/", "a/".repeat(3000))).is(404);
    shop.admin.get(&format!("/api/part/{}/", "9".repeat(5000))).is(404);
    shop.admin.get(&format!("/api/settings/global/{}/", "A".repeat(5000))).is(404);
}

#[test]
fn words_of_databases_are_only_words() {
    let shop = shop();
    let tables = shop.rows("part");
    for word in [
        "'; DROP TABLE part; --",
        "\" OR 1=1 --",
        "1); DELETE FROM part; --",
        "${jndi:x}",
        "{{7*7}}",
        "%s%n",
        "../../etc/passwd",
        "\u{202e}abc",
        "\u{feff}",
    ] {
        let part = shop.part(word);
        let name = shop.reader.get(&format!("/api/part/{part}/")).is(200)["name"].clone();
        assert_eq!(name, word, "{word}");
        let encoded: String = form_urlencoded::byte_serialize(word.as_bytes()).collect();
        for query in ["search", "ordering", "IPN", "tags", "limit", "offset"] {
            shop.reader.get(&format!("/api/part/?{query}={encoded}")).is(200);
        }
        shop.reader.get(&format!("/api/part/?category={encoded}")).is(400);
    }
    assert!(shop.rows("part") > tables);
}

#[test]
fn a_body_as_large_as_may_be_is_read() {
    let shop = shop();
    let notes = "n".repeat(50_000);
    shop.admin.patch("/api/part/1/", json!({"notes": notes})).is(200);
    shop.admin.patch("/api/part/1/", json!({"notes": format!("{notes}n")})).refuses("notes");
    let items: Vec<Value> = (0..5000).map(|_| json!({"pk": 1, "quantity": "0.00001"})).collect();
    shop.store.post("/api/stock/add/", json!({"items": items})).is(201);
    assert_eq!(shop.quantity(1), 5_050_000);
    let wide: serde_json::Map<String, Value> = (0..20_000).map(|n| (format!("key{n}"), json!(n))).collect();
    shop.admin.patch("/api/part/1/", Value::Object(wide)).is(200);
}
