//! `/api/company/` and all below it.

use serde_json::{Value, json};

use crate::support::goods::with;
use crate::support::{Person, Shop};

const COMPANY: &str = "/api/company/";
const CONTACT: &str = "/api/company/contact/";
const ADDRESS: &str = "/api/company/address/";
const MADE: &str = "/api/company/part/manufacturer/";
const SOLD: &str = "/api/company/part/";
const PRICE: &str = "/api/company/price-break/";

#[track_caller]
fn company(shop: &Shop, name: &str, more: Value) -> i64 {
    shop.admin.post(COMPANY, with(json!({"name": name, "currency": "USD"}), &more)).is(201).pk()
}

#[track_caller]
fn maker(shop: &Shop, name: &str) -> i64 {
    company(shop, name, json!({"is_manufacturer": true, "is_supplier": false}))
}

#[track_caller]
fn made(shop: &Shop, part: i64, manufacturer: i64, number: &str) -> i64 {
    shop.admin.post(MADE, json!({"part": part, "manufacturer": manufacturer, "MPN": number})).is(201).pk()
}

#[track_caller]
fn sold(shop: &Shop, part: i64, supplier: i64, number: &str, more: Value) -> i64 {
    shop.admin.post(SOLD, with(json!({"part": part, "supplier": supplier, "SKU": number}), &more)).is(201).pk()
}

#[track_caller]
fn one(person: &Person, list: &str, key: i64) -> Value {
    person.get(&format!("{list}{key}/")).is(200).json
}

/// Which of these rows is the primary one.
#[track_caller]
fn primary(shop: &Shop, list: &str, keys: &[i64]) -> Vec<bool> {
    keys.iter().map(|key| one(&shop.reader, list, *key)["primary"].as_bool().unwrap()).collect()
}

#[test]
fn a_new_company_sells_and_deals_in_our_currency() {
    let shop = Shop::new();
    let key = shop.admin.post(COMPANY, json!({"name": "Acme", "currency": "EUR"})).is(201).pk();
    let acme = one(&shop.reader, COMPANY, key);
    for (field, want) in [
        ("is_supplier", json!(true)),
        ("is_manufacturer", json!(false)),
        ("is_customer", json!(false)),
        ("active", json!(true)),
        ("currency", json!("EUR")),
        ("parts_supplied", json!(0)),
        ("parts_manufactured", json!(0)),
        ("email", json!("")),
        ("image", json!(null)),
    ] {
        assert_eq!(acme[field], want, "{field}");
    }
    shop.admin.post(COMPANY, json!({"name": "Bad", "currency": "XXQ"})).refuses("currency");
    shop.admin.post(COMPANY, json!({"currency": "EUR"})).refuses("name");
}

#[test]
fn companies_are_changed_replaced_and_removed() {
    let shop = Shop::new();
    let key = company(&shop, "Acme", json!({"description": "Anvils"}));
    let at = format!("{COMPANY}{key}/");
    assert_eq!(shop.admin.patch(&at, json!({"phone": "1"})).is(200)["description"], "Anvils");
    shop.admin.put(&at, json!({"phone": "2"})).refuses("name");
    let replaced = shop.admin.put(&at, json!({"name": "Acme Ltd", "currency": "GBP"})).is(200);
    assert_eq!((&replaced["name"], &replaced["currency"]), (&json!("Acme Ltd"), &json!("GBP")));
    shop.admin.delete(&at).is(204);
    shop.admin.get(&at).is(404);
}

#[test]
fn a_name_and_an_email_make_one_company() {
    let shop = Shop::new();
    company(&shop, "Acme", json!({"email": "a@acme.test"}));
    shop.admin.post(COMPANY, json!({"name": "Acme", "currency": "USD", "email": "a@acme.test"})).refuses("non_field_errors");
    let second = company(&shop, "Acme", json!({"email": "b@acme.test"}));
    let before = shop.state();
    shop.admin.patch(&format!("{COMPANY}{second}/"), json!({"email": "a@acme.test"})).refuses("non_field_errors");
    assert_eq!(shop.state(), before);
}

#[test]
fn traders_of_any_kind_keep_companies_and_nobody_else_does() {
    let shop = Shop::new();
    let all = &["view", "add", "change", "delete"][..];
    for role in ["purchase_order", "sales_order", "return_order"] {
        let trader = shop.hire(role, &[(role, all)]);
        let key = trader.post(COMPANY, json!({"name": role, "currency": "USD"})).is(201).pk();
        trader.patch(&format!("{COMPANY}{key}/"), json!({"phone": "1"})).is(200);
        trader.delete(&format!("{COMPANY}{key}/")).is(204);
    }
    let key = company(&shop, "Acme", json!({}));
    let before = shop.state();
    for list in [COMPANY, CONTACT, ADDRESS] {
        shop.store.get(list).is(403);
        shop.norole.get(list).is(403);
        shop.anon.get(list).is(401);
        shop.reader.get(list).is(200);
        shop.reader.post(list, json!({"name": "x", "currency": "USD", "company": key, "title": "x"})).is(403);
    }
    shop.reader.patch(&format!("{COMPANY}{key}/"), json!({"phone": "1"})).is(403);
    shop.reader.delete(&format!("{COMPANY}{key}/")).is(403);
    shop.reader.delete_with(CONTACT, json!({"items": [1]})).is(403);
    assert_eq!(shop.state(), before);
    // What is sold and made belongs to those who keep parts as well; its prices do not.
    let keeper = shop.hire("keeper", &[("part", all)]);
    let part = shop.part("Nut");
    let sold = keeper.post(SOLD, json!({"part": part, "supplier": key, "SKU": "S"})).is(201).pk();
    keeper.post(PRICE, json!({"part": sold, "quantity": 1, "price": 1})).is(403);
    shop.store.get(SOLD).is(200);
    shop.store.post(SOLD, json!({"part": part, "supplier": key, "SKU": "T"})).is(403);
    shop.store.get(PRICE).is(403);
    shop.hire("buyer", &[("purchase_order", all)]).post(PRICE, json!({"part": sold, "quantity": 1, "price": 1})).is(201);
}

#[test]
fn the_list_of_companies_narrows() {
    let shop = Shop::new();
    let a = company(&shop, "Alpha", json!({"is_customer": true, "tax_id": "DE77", "tags": ["near"]}));
    let b = company(&shop, "Beta", json!({"is_manufacturer": true, "is_supplier": false, "active": false}));
    let keys = |query: &str| shop.reader.get(&format!("{COMPANY}?{query}")).is(200).numbers("pk");
    assert_eq!(keys("is_customer=true"), [a]);
    assert_eq!(keys("is_supplier=false"), [b]);
    assert_eq!(keys("is_manufacturer=true"), [b]);
    assert_eq!(keys("active=true"), [a]);
    assert_eq!(keys("name=Beta"), [b]);
    assert_eq!(keys("search=de77"), [a]);
    assert_eq!(keys("tags=near"), [a]);
    assert_eq!(keys("ordering=-name"), [b, a]);
    let part = shop.part("Nut");
    made(&shop, part, b, "M");
    sold(&shop, part, a, "S", json!({}));
    assert_eq!(keys("ordering=parts_supplied"), [b, a]);
    assert_eq!(keys("ordering=parts_manufactured"), [a, b]);
    let list = shop.reader.get(&format!("{COMPANY}?ordering=name")).is(200);
    assert_eq!((list.numbers("parts_supplied"), list.numbers("parts_manufactured")), (vec![1, 0], vec![0, 1]));
}

#[test]
fn contacts_belong_to_a_company() {
    let shop = Shop::new();
    let (a, b) = (company(&shop, "Alpha", json!({})), company(&shop, "Beta", json!({})));
    let ada = shop.admin.post(CONTACT, json!({"company": a, "name": "Ada", "role": "Sales", "email": "ada@a.test"})).is(201);
    assert_eq!(one(&shop.reader, CONTACT, ada.pk())["company_name"], "Alpha");
    let bob = shop.admin.post(CONTACT, json!({"company": b, "name": "Bob"})).is(201).pk();
    let at = format!("{CONTACT}{bob}/");
    assert_eq!(shop.admin.patch(&at, json!({"phone": "5"})).is(200)["phone"], "5");
    assert_eq!(shop.admin.put(&at, json!({"company": a, "name": "Bob"})).is(200)["company_name"], "Alpha");
    shop.admin.put(&at, json!({"name": "Bob"})).refuses("company");
    let keys = |query: &str| shop.reader.get(&format!("{CONTACT}?{query}")).is(200).numbers("pk");
    assert_eq!(keys(&format!("company={a}&ordering=-name")), [bob, ada.pk()]);
    assert_eq!(keys(&format!("company={b}")), [0i64; 0]);
    assert_eq!(keys("search=alph"), [ada.pk(), bob]);
    assert_eq!(keys("search=ada"), [ada.pk()]);
    shop.admin.delete(&at).is(204);
    shop.admin.get(&at).is(404);
}

#[test]
fn several_go_at_once_and_unknown_keys_are_passed_over() {
    let shop = Shop::new();
    let key = company(&shop, "Alpha", json!({"is_manufacturer": true}));
    let part = shop.part("Nut");
    for (list, body, name) in [
        (CONTACT, json!({"company": key}), "name"),
        (ADDRESS, json!({"company": key}), "title"),
        (MADE, json!({"part": part, "manufacturer": key}), "MPN"),
        (SOLD, json!({"part": part, "supplier": key}), "SKU"),
    ] {
        let each = ["a", "b", "c"].map(|word| shop.admin.post(list, with(body.clone(), &json!({name: word}))).is(201).pk());
        shop.admin.delete_with(list, json!({"items": []})).is(400);
        shop.admin.delete_with(list, json!({"items": [7777]})).is(400);
        shop.reader.delete_with(list, json!({"items": each})).is(403);
        shop.admin.delete_with(list, json!({"items": [each[0], each[2], 7777]})).is(200);
        assert_eq!(shop.reader.get(list).is(200).numbers("pk"), [each[1]], "{list}");
    }
    shop.admin.delete_with(COMPANY, json!({"items": [key]})).is(405);
    shop.admin.delete_with(PRICE, json!({"items": [1]})).is(405);
}

#[test]
fn one_address_of_a_company_is_its_primary_one() {
    let shop = Shop::new();
    let (a, b) = (company(&shop, "Alpha", json!({})), company(&shop, "Beta", json!({})));
    let add = |company: i64, title: &str, more: Value| {
        shop.admin.post(ADDRESS, with(json!({"company": company, "title": title}), &more)).is(201).pk()
    };
    let first = add(a, "First", json!({"primary": false, "line1": "Road 1", "country": "Chile"}));
    let second = add(a, "Second", json!({}));
    assert_eq!(primary(&shop, ADDRESS, &[first, second]), [true, false], "the only one is the primary one");
    let third = add(a, "Third", json!({"primary": true}));
    let alone = add(b, "Alone", json!({}));
    assert_eq!(primary(&shop, ADDRESS, &[first, second, third, alone]), [false, false, true, true]);
    let at = |key: i64| format!("{ADDRESS}{key}/");
    shop.admin.patch(&at(first), json!({"primary": true})).is(200);
    assert_eq!(primary(&shop, ADDRESS, &[first, second, third, alone]), [true, false, false, true]);
    shop.admin.patch(&at(alone), json!({"primary": false})).is(200);
    assert_eq!(primary(&shop, ADDRESS, &[alone]), [true]);
    let detail = shop.reader.get(&format!("{COMPANY}{a}/?address_detail=true")).is(200)["primary_address"].clone();
    assert_eq!((&detail["pk"], &detail["line1"], &detail["country"]), (&json!(first), &json!("Road 1"), &json!("Chile")));
    shop.admin.patch(&at(first), json!({"company": b})).is(200);
    assert_eq!(primary(&shop, ADDRESS, &[first, alone]), [true, false], "the newest word counts");
    shop.admin.put(&at(second), json!({"company": a})).refuses("title");
    assert_eq!(shop.admin.put(&at(second), json!({"company": a, "title": "New"})).is(200)["title"], "New");
    assert_eq!(shop.reader.get(&format!("{ADDRESS}?company={a}")).is(200).texts("title"), ["New", "Third"]);
    shop.admin.delete(&at(third)).is(204);
}

#[test]
fn only_makers_make_and_only_sellers_sell() {
    let shop = Shop::new();
    let (maker, seller) = (maker(&shop, "Maker"), company(&shop, "Seller", json!({})));
    let (part, own) = (shop.part("Nut"), shop.part_with("Own", json!({"purchaseable": false})));
    let before = shop.state();
    shop.admin.post(MADE, json!({"part": part, "manufacturer": seller, "MPN": "M"})).refuses("manufacturer");
    shop.admin.post(SOLD, json!({"part": part, "supplier": maker, "SKU": "S"})).refuses("supplier");
    shop.admin.post(MADE, json!({"part": own, "manufacturer": maker, "MPN": "M"})).refuses("part");
    shop.admin.post(SOLD, json!({"part": own, "supplier": seller, "SKU": "S"})).refuses("part");
    for body in [json!({}), json!({"MPN": null}), json!({"MPN": ""})] {
        shop.admin.post(MADE, with(json!({"part": part, "manufacturer": maker}), &body)).refuses("MPN");
    }
    assert_eq!(shop.state(), before);
    let made = made(&shop, part, maker, "M");
    let sold = sold(&shop, part, seller, "S", json!({}));
    shop.admin.patch(&format!("{MADE}{made}/"), json!({"manufacturer": seller})).refuses("manufacturer");
    shop.admin.patch(&format!("{MADE}{made}/"), json!({"MPN": null})).refuses("MPN");
    shop.admin.patch(&format!("{SOLD}{sold}/"), json!({"supplier": maker})).refuses("supplier");
}

#[test]
fn a_number_stands_once_for_a_part_and_a_company() {
    let shop = Shop::new();
    let both = company(&shop, "Both", json!({"is_manufacturer": true}));
    let (nut, bolt) = (shop.part("Nut"), shop.part("Bolt"));
    made(&shop, nut, both, "1");
    sold(&shop, nut, both, "1", json!({}));
    shop.admin.post(MADE, json!({"part": nut, "manufacturer": both, "MPN": "1"})).refuses("non_field_errors");
    shop.admin.post(SOLD, json!({"part": nut, "supplier": both, "SKU": "1"})).refuses("non_field_errors");
    made(&shop, bolt, both, "1");
    made(&shop, nut, both, "2");
    sold(&shop, bolt, both, "1", json!({}));
    let other = sold(&shop, nut, both, "2", json!({}));
    shop.admin.patch(&format!("{SOLD}{other}/"), json!({"SKU": "1"})).refuses("non_field_errors");
}

#[test]
fn manufacturer_parts_are_found_changed_and_removed() {
    let shop = Shop::new();
    let (a, b) = (maker(&shop, "Alpha"), maker(&shop, "Beta"));
    let (nut, bolt) = (shop.part("Nut"), shop.part_with("Bolt", json!({"IPN": "B-1"})));
    let (x, y) = (made(&shop, nut, a, "X"), made(&shop, bolt, b, "Y"));
    let at = format!("{MADE}{x}/");
    shop.admin.patch(&at, json!({"description": "hexagon", "tags": ["steel"]})).is(200);
    shop.admin.patch(&format!("/api/part/{bolt}/"), json!({"active": false})).is(200);
    shop.admin.patch(&format!("{COMPANY}{a}/"), json!({"active": false})).is(200);
    let keys = |query: &str| shop.reader.get(&format!("{MADE}?{query}")).is(200).numbers("pk");
    for (query, want) in [
        (format!("manufacturer={a}"), vec![x]),
        (format!("part={bolt}"), vec![y]),
        ("MPN=Y".into(), vec![y]),
        ("part_active=true".into(), vec![x]),
        ("manufacturer_active=true".into(), vec![y]),
        ("tags__name=steel".into(), vec![x]),
        ("tags__slug=steel".into(), vec![x]),
        ("tags=steel".into(), vec![x]),
        ("search=hexa".into(), vec![x]),
        ("search=beta".into(), vec![y]),
        ("search=B-1".into(), vec![y]),
        ("search=steel".into(), vec![x]),
        ("ordering=-manufacturer".into(), vec![y, x]),
        ("ordering=part".into(), vec![y, x]),
        ("ordering=-MPN".into(), vec![y, x]),
        ("ordering=IPN".into(), vec![x, y]),
    ] {
        assert_eq!(keys(&query), want, "{query}");
    }
    let full = one(&shop.reader, MADE, x);
    assert_eq!((&full["part_detail"]["name"], &full["manufacturer_detail"]["name"]), (&json!("Nut"), &json!("Alpha")));
    shop.admin.put(&at, json!({"manufacturer": a, "MPN": "Z"})).refuses("part");
    assert_eq!(shop.admin.put(&at, json!({"part": nut, "manufacturer": a})).is(200)["MPN"], "X", "what may be left out is kept");
    assert_eq!(shop.admin.put(&at, json!({"part": nut, "manufacturer": b, "MPN": "Z"})).is(200)["MPN"], "Z");
    let seller = company(&shop, "Seller", json!({}));
    sold(&shop, nut, seller, "S", json!({"manufacturer_part": x}));
    shop.admin.delete(&at).is(204);
    assert_eq!((shop.rows("supplier_part"), shop.rows("manufacturer_part"), shop.rows("tagged_item")), (0, 1, 0));
}

#[test]
fn one_supplier_part_of_a_part_is_its_primary_one() {
    let shop = Shop::new();
    let seller = company(&shop, "Seller", json!({}));
    let (nut, bolt) = (shop.part("Nut"), shop.part("Bolt"));
    let a = sold(&shop, nut, seller, "A", json!({"primary": false}));
    let b = sold(&shop, nut, seller, "B", json!({}));
    let other = sold(&shop, bolt, seller, "A", json!({}));
    assert_eq!(primary(&shop, SOLD, &[a, b, other]), [true, false, true]);
    let c = sold(&shop, nut, seller, "C", json!({"primary": true}));
    assert_eq!(primary(&shop, SOLD, &[a, b, c, other]), [false, false, true, true]);
    shop.admin.patch(&format!("{SOLD}{b}/"), json!({"primary": true})).is(200);
    assert_eq!(primary(&shop, SOLD, &[a, b, c, other]), [false, true, false, true]);
    shop.admin.patch(&format!("{SOLD}{b}/"), json!({"part": bolt})).is(200);
    assert_eq!(primary(&shop, SOLD, &[b, other]), [true, false]);
    assert_eq!(shop.reader.get(&format!("{SOLD}?primary=true")).is(200).numbers("pk"), [b]);
}

#[test]
fn packs_are_counted_in_the_units_of_the_part() {
    let shop = Shop::new();
    let seller = company(&shop, "Seller", json!({}));
    let (nut, wire) = (shop.part("Nut"), shop.part_with("Wire", json!({"units": "m"})));
    let key = sold(&shop, nut, seller, "A", json!({}));
    let at = format!("{SOLD}{key}/");
    let pack = |body: Value| {
        let answer = shop.admin.patch(&at, body).is(200);
        (answer["pack_quantity"].as_str().unwrap().to_string(), answer["pack_quantity_native"].as_f64().unwrap())
    };
    assert_eq!(pack(json!({})), ("1".into(), 1.0));
    assert_eq!(pack(json!({"pack_quantity": "2,500"})), ("2,500".into(), 2500.0));
    assert_eq!(pack(json!({"pack_quantity": ""})), ("1".into(), 1.0));
    for wrong in ["1,5", "0", "-2", "many", "3 m"] {
        shop.admin.patch(&at, json!({"pack_quantity": wrong})).refuses("pack_quantity");
    }
    let reel = sold(&shop, wire, seller, "R", json!({"pack_quantity": "2.5 m"}));
    assert_eq!(one(&shop.reader, SOLD, reel)["pack_quantity_native"].as_f64(), Some(2.5));
    shop.admin.post(SOLD, json!({"part": wire, "supplier": seller, "SKU": "Q", "pack_quantity": "2 kg"})).refuses("pack_quantity");
    shop.admin.patch(&format!("{SOLD}{reel}/"), json!({"part": nut})).refuses("pack_quantity");
}

#[test]
fn a_supplier_part_names_the_manufacturer_part_of_the_same_part() {
    let shop = Shop::new();
    let (maker, seller) = (maker(&shop, "Maker"), company(&shop, "Seller", json!({})));
    let (nut, bolt) = (shop.part_with("Nut", json!({"IPN": "N-1"})), shop.part("Bolt"));
    let m = made(&shop, nut, maker, "M-1");
    shop.admin.post(SOLD, json!({"part": bolt, "supplier": seller, "SKU": "S", "manufacturer_part": m})).refuses("manufacturer_part");
    let by_name = sold(&shop, nut, seller, "S", json!({"manufacturer": "Maker", "MPN": "M-1"}));
    let by_key = sold(&shop, nut, seller, "T", json!({"manufacturer_part": m}));
    let unknown = sold(&shop, nut, seller, "U", json!({"manufacturer": "Maker", "MPN": "nil"}));
    let named = |key: i64| one(&shop.reader, SOLD, key)["manufacturer_part"].clone();
    assert_eq!((named(by_name), named(by_key), named(unknown)), (json!(m), json!(m), json!(null)));
    let flags = "pretty=true&part_detail=true&supplier_detail=true&manufacturer_detail=true&manufacturer_part_detail=true";
    let full = shop.reader.get(&format!("{SOLD}{by_key}/?{flags}")).is(200);
    assert_eq!(full["pretty_name"], "N-1 | Seller | T | Maker | M-1");
    assert_eq!((&full["part_detail"]["name"], &full["supplier_detail"]["name"]), (&json!("Nut"), &json!("Seller")));
    assert_eq!((&full["manufacturer_detail"]["name"], &full["manufacturer_part_detail"]["MPN"]), (&json!("Maker"), &json!("M-1")));
    shop.admin.patch(&format!("{SOLD}{by_key}/"), json!({"part": bolt})).refuses("manufacturer_part");
}

#[test]
fn supplier_parts_are_found_changed_and_removed() {
    let shop = Shop::new();
    let maker = maker(&shop, "Maker");
    let (a, b) = (company(&shop, "Alpha", json!({})), company(&shop, "Beta", json!({})));
    let (nut, bolt) = (shop.part("Nut"), shop.part("Bolt"));
    let m = made(&shop, nut, maker, "M-1");
    let x = sold(&shop, nut, a, "X", json!({"manufacturer_part": m, "tags": ["fast"], "packaging": "bag"}));
    let y = sold(&shop, bolt, b, "Y", json!({"active": false, "pack_quantity": "5"}));
    let item = shop.stock_with(nut, 7.0, json!({"supplier_part": x}));
    let keys = |query: &str| shop.reader.get(&format!("{SOLD}?{query}")).is(200).numbers("pk");
    for (query, want) in [
        (format!("supplier={a}"), vec![x]),
        (format!("part={bolt}"), vec![y]),
        (format!("manufacturer_part={m}"), vec![x]),
        (format!("manufacturer={maker}"), vec![x]),
        (format!("company={maker}"), vec![x]),
        (format!("company={b}"), vec![y]),
        (format!("company={b}&part={nut}"), vec![]),
        ("SKU=Y".into(), vec![y]),
        ("MPN=m-1".into(), vec![x]),
        ("active=true".into(), vec![x]),
        ("part_active=true&ordering=SKU".into(), vec![x, y]),
        ("supplier_active=false".into(), vec![]),
        ("has_stock=true".into(), vec![x]),
        ("has_stock=false".into(), vec![y]),
        ("tags=fast".into(), vec![x]),
        ("tags__name=fast".into(), vec![x]),
        ("tags__slug=fast".into(), vec![x]),
        ("search=m-1".into(), vec![x]),
        ("search=bolt".into(), vec![y]),
        ("search=alpha".into(), vec![x]),
        ("search=maker".into(), vec![x]),
        ("ordering=-supplier".into(), vec![y, x]),
        ("ordering=pack_quantity".into(), vec![x, y]),
        ("ordering=-in_stock".into(), vec![x, y]),
        ("ordering=active".into(), vec![y, x]),
    ] {
        assert_eq!(keys(&query), want, "{query}");
    }
    assert_eq!(one(&shop.reader, SOLD, x)["in_stock"].as_f64(), Some(7.0));
    let at = format!("{SOLD}{x}/");
    assert_eq!(one(&shop.reader, SOLD, x)["availability_updated"], json!(null));
    let told = shop.admin.patch(&at, json!({"available": 12})).is(200);
    assert!(told["available"].as_f64() == Some(12.0) && told["availability_updated"].is_string(), "{}", told.text());
    shop.admin.put(&at, json!({"part": nut, "supplier": a})).refuses("SKU");
    assert_eq!(shop.admin.put(&at, json!({"part": nut, "supplier": b, "SKU": "Z"})).is(200)["supplier"], json!(b));
    shop.admin.delete(&at).is(204);
    let stock = shop.reader.get(&format!("/api/stock/{item}/")).is(200);
    assert_eq!(stock["supplier_part"], json!(null), "stock outlives whom it was bought from");
}

#[test]
fn prices_begin_at_quantities() {
    let shop = Shop::new();
    let (a, b) = (company(&shop, "Alpha", json!({})), company(&shop, "Beta", json!({"currency": "EUR"})));
    let nut = shop.part("Nut");
    let (x, y) = (sold(&shop, nut, a, "X", json!({})), sold(&shop, nut, b, "Y", json!({})));
    let add = |part: i64, quantity: i64, price: f64| {
        shop.admin.post(PRICE, json!({"part": part, "quantity": quantity, "price": price})).is(201).pk()
    };
    let (hundred, ten, other) = (add(x, 100, 0.5), add(x, 10, 0.75), add(y, 50, 0.6));
    let keys = |query: &str| shop.reader.get(&format!("{PRICE}?{query}")).is(200).numbers("pk");
    assert_eq!(keys(""), [ten, other, hundred], "by quantity");
    assert_eq!(keys(&format!("part={x}")), [ten, hundred]);
    assert_eq!(keys(&format!("supplier={b}")), [other]);
    assert_eq!(keys(&format!("base_part={nut}&ordering=price")), [hundred, other, ten]);
    assert_eq!(keys("quantity=50"), [other]);
    assert_eq!(keys("search=alpha"), [ten, hundred]);
    assert_eq!(keys("search=Y"), [other]);
    let row = shop.reader.get(&format!("{PRICE}{ten}/?part_detail=true&supplier_detail=true")).is(200);
    assert_eq!((&row["supplier"], &row["price_currency"]), (&json!(a), &json!("USD")));
    assert_eq!((&row["part_detail"]["SKU"], &row["supplier_detail"]["name"]), (&json!("X"), &json!("Alpha")));
    let within = shop.reader.get(&format!("{SOLD}{x}/?price_breaks=true")).is(200)["price_breaks"].clone();
    assert_eq!(within.as_array().unwrap().len(), 2);
    let before = shop.state();
    shop.admin.post(PRICE, json!({"part": x, "quantity": 10, "price": 3})).refuses("non_field_errors");
    shop.admin.post(PRICE, json!({"part": x, "quantity": 0.5, "price": 3})).refuses("quantity");
    shop.admin.post(PRICE, json!({"part": x, "quantity": 5})).refuses("price");
    shop.admin.post(PRICE, json!({"part": x, "quantity": 5, "price": 3, "price_currency": "XXQ"})).refuses("price_currency");
    shop.admin.patch(&format!("{PRICE}{ten}/"), json!({"price": null})).refuses("price");
    shop.admin.patch(&format!("{PRICE}{ten}/"), json!({"quantity": 100})).refuses("non_field_errors");
    assert_eq!(shop.state(), before);
    shop.admin.patch(&format!("{PRICE}{ten}/"), json!({"quantity": 20})).is(200);
    let replaced = json!({"part": x, "quantity": 30, "price": 1.25, "price_currency": "EUR"});
    let answer = shop.admin.put(&format!("{PRICE}{ten}/"), replaced).is(200);
    assert_eq!((answer["quantity"].as_f64(), &answer["price_currency"]), (Some(30.0), &json!("EUR")));
    shop.admin.delete(&format!("{PRICE}{ten}/")).is(204);
    assert_eq!(keys(&format!("part={x}")), [hundred]);
}

#[test]
fn all_that_belongs_to_a_company_goes_with_it() {
    let shop = Shop::new();
    let key = company(&shop, "Both", json!({"is_manufacturer": true, "tags": ["a"]}));
    let part = shop.part("Nut");
    shop.admin.post(CONTACT, json!({"company": key, "name": "Ada"})).is(201);
    shop.admin.post(ADDRESS, json!({"company": key, "title": "Yard"})).is(201);
    let m = made(&shop, part, key, "M");
    let s = sold(&shop, part, key, "S", json!({"manufacturer_part": m, "tags": ["b"]}));
    shop.admin.post(PRICE, json!({"part": s, "quantity": 1, "price": 1})).is(201);
    shop.sql(&format!(
        "INSERT INTO parameter_template (name) VALUES ('Length'); \
         INSERT INTO parameter (template, model_type, model_id, data) VALUES (1, 'company.company', {key}, '1'), (1, 'company.supplierpart', {s}, '2')"
    ));
    let shown = shop.reader.get(&format!("{SOLD}{s}/?parameters=true&tags=true")).is(200);
    assert_eq!((&shown["parameters"][0]["data"], &shown["tags"]), (&json!("2"), &json!(["b"])));
    shop.admin.delete(&format!("{COMPANY}{key}/")).is(204);
    for table in ["company", "contact", "address", "manufacturer_part", "supplier_part", "supplier_price_break", "parameter", "tagged_item"]
    {
        assert_eq!(shop.rows(table), 0, "{table}");
    }
    assert_eq!(shop.rows("part"), 1);
}

#[test]
fn stock_is_found_by_who_sold_and_who_made_it() {
    let shop = Shop::new();
    let (maker, seller) = (maker(&shop, "Maker"), company(&shop, "Seller", json!({})));
    let (nut, bolt) = (shop.part("Nut"), shop.part("Bolt"));
    let m = made(&shop, nut, maker, "M-1");
    let s = sold(&shop, nut, seller, "S-1", json!({"manufacturer_part": m}));
    let item = shop.stock_with(nut, 3.0, json!({"supplier_part": s}));
    shop.stock(nut, 4.0);
    shop.store.post("/api/stock/", json!({"part": bolt, "quantity": 1, "supplier_part": s})).refuses("supplier_part");
    for query in [
        format!("supplier_part={s}"),
        format!("supplier={seller}"),
        format!("manufacturer={maker}"),
        format!("manufacturer_part={m}"),
        format!("company={seller}"),
        format!("company={maker}"),
        "search=S-1".into(),
        "search=seller".into(),
    ] {
        assert_eq!(shop.store.get(&format!("/api/stock/?{query}")).is(200).numbers("pk"), [item], "{query}");
    }
    let row = shop.store.get(&format!("/api/stock/{item}/?supplier_part_detail=true")).is(200);
    assert_eq!((&row["SKU"], &row["MPN"]), (&json!("S-1"), &json!("M-1")));
    assert_eq!((&row["supplier_part_detail"]["pk"], &row["supplier_part_detail"]["SKU"]), (&json!(s), &json!("S-1")));
}

#[test]
fn forms_learn_which_parts_and_companies_fit() {
    let shop = Shop::new();
    let (maker, seller) = (maker(&shop, "Maker"), company(&shop, "Seller", json!({})));
    let nut = shop.part("Nut");
    made(&shop, nut, maker, "M");
    let s = sold(&shop, nut, seller, "S", json!({}));
    let fields = |path: &str, verb: &str| shop.admin.options(path).is(200)["actions"][verb].clone();
    let new = fields(SOLD, "POST");
    assert_eq!((&new["supplier"]["filters"]["is_supplier"], &new["part"]["filters"]["purchaseable"]), (&json!(true), &json!(true)));
    assert_eq!(fields(MADE, "POST")["manufacturer"]["filters"]["is_manufacturer"], true);
    let old = fields(&format!("{SOLD}{s}/"), "PUT");
    assert_eq!(old["manufacturer_part"]["instance_filters"], json!({"part": nut}));
}

#[test]
fn a_company_keeps_no_image_but_may_be_told_that_it_has_none() {
    let shop = Shop::new();
    let at = format!("{COMPANY}{}/", company(&shop, "Acme", json!({})));
    let before = shop.state();
    let dot = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89";
    shop.admin.multipart("PATCH", &at, &[], &[("image", "dot.png", dot)]).refuses("image");
    assert_eq!(shop.state(), before);
    assert_eq!(shop.admin.patch(&at, json!({"image": null})).is(200)["image"], json!(null));
}

#[test]
fn forms_make_companies_and_prices_as_well() {
    let shop = Shop::new();
    let answer = shop.admin.form("POST", COMPANY, &[("name", "Acme"), ("currency", "EUR"), ("is_supplier", "true")]).is(201);
    let part = shop.part("Nut").to_string();
    let seller = answer.pk().to_string();
    let sold = shop.admin.form("POST", SOLD, &[("part", &part), ("supplier", &seller), ("SKU", "S"), ("pack_quantity", "1,000")]).is(201);
    assert_eq!(sold["pack_quantity_native"].as_f64(), Some(1000.0));
    let sold = sold.pk().to_string();
    let price = shop.admin.form("POST", PRICE, &[("part", &sold), ("quantity", "10"), ("price", "0.125")]).is(201);
    assert_eq!(price["price"].as_f64(), Some(0.125));
}

#[test]
fn parts_are_found_by_the_numbers_of_makers_and_suppliers() {
    let shop = Shop::new();
    let (maker, seller) = (maker(&shop, "Maker"), company(&shop, "Seller", json!({"is_supplier": true})));
    let (nut, bolt) = (shop.part("Nut"), shop.part("Bolt"));
    let number = made(&shop, nut, maker, "MX-Alpha-77");
    let article = sold(&shop, bolt, seller, "SX-Beta-88", json!({"description": "in bags"}));
    let keys = |list: &str| shop.reader.get(list).is(200).list().iter().map(|row| row["pk"].as_i64().unwrap()).collect::<Vec<_>>();
    let found = |term: &str| keys(&format!("/api/part/?search={term}"));
    assert_eq!((found("alpha-7"), found("BETA-8"), found("77")), (vec![nut], vec![bolt], vec![nut]));
    assert_eq!((keys(&format!("{SOLD}?search=bag")), keys(&format!("{MADE}?search=x-al"))), (vec![article], vec![number]));
    shop.admin.patch(&format!("{MADE}{number}/"), json!({"MPN": "MX-Gamma"})).is(200);
    shop.admin.patch(&format!("{SOLD}{article}/"), json!({"SKU": "SX-Delta", "description": "in boxes"})).is(200);
    assert_eq!((found("alpha"), found("beta"), found("gamma"), found("delta")), (vec![], vec![], vec![nut], vec![bolt]));
    assert_eq!((keys(&format!("{SOLD}?search=bags")), keys(&format!("{SOLD}?search=boxes"))), (vec![], vec![article]));
    shop.admin.delete(&format!("{MADE}{number}/")).is(204);
    shop.admin.delete(&format!("{COMPANY}{seller}/")).is(204);
    assert_eq!((found("gamma"), found("delta")), (vec![], vec![]));
}
