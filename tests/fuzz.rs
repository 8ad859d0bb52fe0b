//! Seeded chance: whatever comes in, the server answers, never with a 5xx and never by falling over; parsers keep what they promise.
//! The seeds are fixed, so a failure comes again; `FUZZ_SECONDS` makes it run longer, with other seeds.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod support;

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};
use stockroom::engine::call::{Query, Verb};
use stockroom::engine::input::{content, decimal};
use stockroom::engine::{moment, multipart, query::Page};
use stockroom::identity::passkey::{Answer, Expected, Party};
use stockroom::part::serial;
use stockroom::router::{find, routes};
use support::Shop;
use support::dice::Dice;
use support::passkey::{Passkey, Signs};

/// How long a test may go on rolling: a second, unless the environment says more.
fn patience() -> Duration {
    let asked = std::env::var("FUZZ_SECONDS").ok().and_then(|s| s.parse().ok());
    Duration::from_secs(asked.unwrap_or(1))
}

/// Rolls with one seed after another until time is up: at least once, at most `most` times unless told to go on.
fn roll(most: u64, mut test: impl FnMut(&mut Dice)) {
    let (end, patient) = (Instant::now() + patience(), std::env::var_os("FUZZ_SECONDS").is_some());
    for seed in 1.. {
        if Instant::now() > end || !patient && seed > most {
            return;
        }
        test(&mut Dice::new(seed));
    }
}

/// Text made of the signs that parsers look for, and some that they do not.
fn text(dice: &mut Dice, signs: &[&str], most: usize) -> String {
    (0..dice.below(most + 1)).map(|_| *dice.pick(signs)).collect()
}

const NUMBER: [&str; 18] = ["0", "1", "9", "5", ".", "-", "+", "e", "E", " ", "00", "999999999", "e-", "e39", "x", "٣", "_", ","];
const SERIAL: [&str; 16] = ["1", "9", "A", "-", "+", "~", ",", " ", "0", "<", "ü", "99", "1-3", "5+2", "\n", "4294967296"];
const WORDS: [&str; 22] =
    ["a", "nut", " ", ",", "\"", "'", "%", "_", "\\", "*", "(", ")", "[", "{", "|", "^", "$", ".", "\0", "ß", "日本語", "NEAR"];

/// A decimal by the book: the digits as they stand, in millionths; nothing for what has more than `places` after the point.
fn by_hand(text: &str, places: usize) -> Option<i128> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let part = part.trim_end_matches('0');
    if part.len() > places {
        return None;
    }
    format!("{whole}{part:0<6}").parse::<i128>().ok().map(|n| n * sign)
}

#[test]
fn decimals_are_read_exactly_or_not_at_all() {
    roll(20_000, |dice| {
        let any = text(dice, &NUMBER, 12);
        for (digits, places, round) in [(15, 5, false), (19, 6, true), (19, 6, false)] {
            if let Ok(n) = decimal(&any, digits, places, round) {
                let most = 10i64.pow(u32::from(digits - places)).saturating_mul(1_000_000);
                assert!(n.abs() <= most, "{any}: {n}");
                // Another spelling of the same number is the same number.
                assert_eq!(decimal(&format!(" {any} "), digits, places, round), Ok(n));
            }
        }
        let sign = if dice.once_in(2) { "-" } else { "" };
        let plain = format!("{sign}{}.{}", dice.next() % 10_000_000_000, dice.next() % 10_000_000);
        let read = decimal(&plain, 15, 5, false).ok().map(i128::from);
        assert_eq!(read, by_hand(&plain, 5), "{plain}");
        if let Some(n) = read {
            let (whole, part) = (n.abs() / 1_000_000, n.abs() % 1_000_000);
            let shown = format!("{}{whole}.{part:06}", if n < 0 { "-" } else { "" });
            assert_eq!(decimal(&shown, 16, 6, false).ok().map(i128::from), Some(n), "read, written and read again");
        }
    });
}

#[test]
fn serial_numbers_come_in_the_number_asked_for_and_once_each() {
    roll(20_000, |dice| {
        let (any, wanted) = (text(dice, &SERIAL, 9), i64::try_from(dice.below(40)).unwrap() - 2);
        let latest = dice.once_in(2).then(|| text(dice, &SERIAL, 4));
        if let Ok(serials) = serial::parse(&any, wanted, latest.as_deref()) {
            assert_eq!(i64::try_from(serials.len()).unwrap(), wanted, "{any}");
            let mut once = serials.clone();
            once.sort();
            once.dedup();
            assert_eq!(once.len(), serials.len(), "{any}: {serials:?}");
            assert!(serials.iter().all(|s| !s.is_empty() && !s.contains([' ', ','])), "{any}: {serials:?}");
        }
        let next = serial::increment(&any);
        assert!(serial::number_in(&next) >= 0);
        if any.bytes().any(|b| b.is_ascii_digit()) && any.len() < 30 {
            assert_ne!(next, any, "a number has a next one");
        }
    });
}

#[test]
fn serial_numbers_at_the_edge_of_numbers() {
    assert_eq!(serial::number_in("0X-9"), 0, "a sign is no digit");
    assert_eq!(serial::number_in("0x1F"), 31);
    assert_eq!(serial::number_in("0xFFFFFFFFFFFFFFFFFFFF"), 2_147_483_647);
    let most = u128::MAX.to_string();
    assert_eq!(serial::increment(&most), most, "there is no next one that fits");
    assert!(serial::parse(&format!("{most}+1"), 2, None).is_err());
}

#[test]
fn a_long_wish_for_serial_numbers_is_answered_in_time() {
    let started = Instant::now();
    for text in [
        "~".repeat(20_000),
        "1-1000 ".repeat(3000),
        "1+999 ".repeat(3000),
        "a+ ".repeat(5000),
        format!("{}-2", "9".repeat(5000)),
        "1,".repeat(20_000),
    ] {
        let _ = serial::parse(&text, 1000, Some("7"));
        let _ = serial::increment(&text);
        let _ = serial::number_in(&text);
    }
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn queries_days_and_addresses_are_read_without_a_fall() {
    roll(20_000, |dice| {
        let bytes = dice.bytes(60);
        let any = String::from_utf8_lossy(&bytes);
        let query = Query::parse(&any);
        let page = Page::of(&query);
        assert!(page.offset >= 0 && page.limit.is_none_or(|l| l > 0));
        for (name, value) in query.iter() {
            assert!(query.get(name).is_some() && value.len() <= any.len() * 3);
        }
        let limits = Query::parse(&format!("limit={0}&offset={0}", text(dice, &NUMBER, 4)));
        assert!(Page::of(&limits).offset >= 0);
        let day = text(dice, &["2", "0", "-", "9", "12", "31", "2026", "02", " "], 8);
        assert!(moment::read_day(&day).is_none_or(|d| d == day));
        let _ = (moment::read(&any), moment::read(&day), moment::days_after(&day, 400));
        let _ = find(&format!("/api/{any}"));
    });
}

/// A part of a passkey's answer, with some bytes changed, cut off or added.
fn spoil(dice: &mut Dice, credential: &mut Value, part: &str) {
    let place = &mut credential["response"][part];
    let mut bytes = BASE64.decode(place.as_str().unwrap()).unwrap();
    match dice.below(4) {
        0 => bytes.truncate(dice.below(bytes.len())),
        1 => bytes.extend(std::iter::once(7).chain(dice.bytes(9))),
        _ => {
            let at = dice.below(bytes.len());
            bytes[at] ^= u8::try_from(1 + dice.below(255)).unwrap();
        }
    }
    *place = BASE64.encode(bytes).into();
}

#[test]
fn spoilt_passkeys_fell_nothing_and_open_nothing() {
    let party = Party { origin: support::ORIGIN.into(), id: "shop.test".into() };
    let challenge = [7; 32];
    let expected = || Expected { challenge: &challenge, party: &party, verified: true };
    let mut keys =
        [Passkey::new("a"), Passkey::that("b", Signs::EdDsa(ed25519_compact::KeyPair::from_seed(ed25519_compact::Seed::new([7; 32]))))];
    let asked = json!({"challenge": BASE64.encode(challenge), "user": {"id": "MQ"}});
    roll(20_000, |dice| {
        let key = dice.below(2);
        let key = &mut keys[key];
        let mut made = key.made(&json!({"data": {"creation_options": {"publicKey": asked}}}));
        let right = expected().made(&made).ok().unwrap();
        let part = *dice.pick(&["clientDataJSON", "attestationObject"]);
        spoil(dice, &mut made, part);
        let _ = expected().made(&made);
        let mut answer = key.answer(&json!({"data": {"request_options": {"publicKey": asked}}}));
        assert!(Answer::read(&answer).ok().unwrap().check(&right.key, &expected()).is_ok());
        let part = *dice.pick(&["clientDataJSON", "authenticatorData", "signature"]);
        spoil(dice, &mut answer, part);
        assert!(Answer::read(&answer).is_ok_and(|answer| answer.check(&right.key, &expected()).is_err()), "{part}");
    });
}

#[test]
fn forms_are_read_whole_or_refused() {
    let pieces: [&[u8]; 14] = [
        b"--x",
        b"--x--",
        b"\r\n",
        b"\r\n\r\n",
        b"Content-Disposition: form-data; name=\"a\"",
        b"; filename=\"b\\\"c\"",
        b"name=",
        b"\"",
        b";",
        b"=",
        b"--",
        b"\xff",
        b"abc",
        b"\n",
    ];
    roll(20_000, |dice| {
        let body: Vec<u8> = (0..dice.below(14)).flat_map(|_| pieces[dice.below(pieces.len())].to_vec()).collect();
        for kind in ["multipart/form-data; boundary=x", "multipart/form-data; boundary=\"x\"", "multipart/form-data; boundary=\"x"] {
            if let Ok(parts) = multipart::parse(kind, &body) {
                assert!(parts.len() <= 200);
            }
        }
        let kinds = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ";;", "=", "a/b;boundary"];
        let kind = kinds[dice.below(kinds.len())];
        let _ = content(Some(kind), if dice.once_in(2) { body } else { dice.bytes(40) });
    });
    // What is in a form comes out of it, whatever it is.
    roll(3000, |dice| {
        let value = dice.bytes(50);
        if value.windows(3).any(|w| w == b"--x") {
            return;
        }
        let mut body = b"--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n\"\r\n\r\n".to_vec();
        body.extend_from_slice(&value);
        body.extend_from_slice(b"\r\n--x--\r\n");
        let parts = multipart::parse("multipart/form-data; boundary=x", &body).unwrap();
        assert!(
            matches!(&parts[..], [(name, stockroom::engine::input::Part::File(file))] if name == "f" && file.bytes.as_slice() == value)
        );
    });
}

/// Any JSON, rather small.
fn any_json(dice: &mut Dice, depth: usize) -> Value {
    match dice.below(if depth == 0 { 9 } else { 11 }) {
        0 => Value::Null,
        1 => json!(dice.once_in(2)),
        2 => json!(dice.below(9)),
        3 => json!(i64::from_ne_bytes(dice.next().to_ne_bytes())),
        4 => json!(f64::from_bits(dice.next())),
        5 => json!(text(dice, &NUMBER, 6)),
        6 => json!(text(dice, &WORDS, 6)),
        7 => json!("x".repeat(dice.below(3000))),
        8 => json!(*dice.pick(&["2026-01-31", "true", "1", "a@b.c", "http://localhost", "10", "-1"])),
        9 => (0..dice.below(4)).map(|_| any_json(dice, depth - 1)).collect(),
        _ => {
            let fields = (0..dice.below(4)).map(|_| (field_name(dice), any_json(dice, depth - 1)));
            fields.collect::<Vec<_>>().into_iter().collect()
        }
    }
}

const NAMES: [&str; 26] = [
    "name",
    "part",
    "quantity",
    "items",
    "pk",
    "location",
    "parent",
    "category",
    "serial_numbers",
    "status",
    "batch",
    "all",
    "tags",
    "notes",
    "value",
    "active",
    "variant_of",
    "initial_stock",
    "duplicate",
    "structural",
    "delete_parts",
    "delete_stock_items",
    "delete_sub_locations",
    "delete_child_categories",
    "password",
    "group_ids",
];

fn field_name(dice: &mut Dice) -> String {
    if dice.once_in(8) { text(dice, &WORDS, 3) } else { (*dice.pick(&NAMES)).to_string() }
}

/// A query that means something now and then.
fn any_query(dice: &mut Dice) -> String {
    let resources = stockroom::router::RESOURCES;
    let resource = dice.pick(resources);
    let mut query = form_urlencoded::Serializer::new(String::new());
    for _ in 0..dice.below(4) {
        let name = match dice.below(4) {
            0 if !resource.filters.is_empty() => dice.pick(resource.filters).name,
            1 => *dice.pick(&["search", "search_regex", "search_whole", "ordering", "limit", "offset", "cascade", "format", "export"]),
            2 => *dice.pick(&[
                "part_detail",
                "path_detail",
                "tags",
                "parameters",
                "expand_to",
                "include_variants",
                "all_users",
                "parameter_1",
                "parameter_1_lt",
            ]),
            _ => "search",
        };
        let value = match dice.below(5) {
            0 => text(dice, &WORDS, 8),
            1 => text(dice, &NUMBER, 4),
            2 => (*dice.pick(&["true", "false", "1", "2", "null", "2026-01-31", "-name", "name,-quantity"])).to_string(),
            3 => String::from_utf8_lossy(&dice.bytes(12)).into_owned(),
            _ => "1".into(),
        };
        query.append_pair(name, &value);
    }
    query.finish()
}

/// The address of a route with keys and words that may exist.
fn any_path(dice: &mut Dice) -> String {
    let all: Vec<&str> = routes().into_keys().collect();
    let route = *dice.pick(&all);
    let key = *dice.pick(&["1", "2", "3", "4", "77"]);
    let word = *dice.pick(&["PART_SALABLE", "STOCK_STALE_DAYS", "CURRENCY_CODES", "StockStatus", "SEARCH_PREVIEW_RESULTS", "x"]);
    let path = format!(
        "/{}",
        route.replace("{id}", key).replace("{above}", "1").replacen("{text}", "part", 1).replace("{text}", word).replace("{word}", word)
    );
    let query = any_query(dice);
    if query.is_empty() { path } else { format!("{path}?{query}") }
}

/// `Answer::sound` looks at every answer: no 5xx, the headers, the shapes of errors.
#[test]
fn mutated_requests_are_answered_soundly() {
    let shop = Shop::new();
    let family = shop.part_with("Family", json!({"is_template": true, "trackable": true}));
    shop.part_with("Variant", json!({"variant_of": family, "trackable": true}));
    shop.part("Nut");
    let (house, category) = (shop.place("House"), shop.category("Top"));
    shop.place_with("Room", json!({"parent": house}));
    shop.category_with("Below", json!({"parent": category}));
    let key = |dice: &mut Dice| json!(1 + dice.below(4));
    let mut seen = std::collections::BTreeMap::new();
    roll(1500, |dice| {
        let (path, verb) = (any_path(dice), *dice.pick(&["GET", "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"]));
        // Passwords cost a second each, wrong ones more; people must stay.
        let dear = path.contains("set-password")
            || path.contains("auth/login")
            || verb == "DELETE" && path.contains("/user/")
            || path.contains("/user/1/");
        if dear {
            return;
        }
        let mut body = match dice.below(5) {
            0 => json!({"name": text(dice, &WORDS, 5), "parent": key(dice), "category": key(dice), "active": dice.once_in(2)}),
            1 => {
                json!({"part": key(dice), "quantity": text(dice, &NUMBER, 3), "serial_numbers": text(dice, &SERIAL, 5), "location": key(dice)})
            }
            2 => {
                json!({"items": [{"pk": key(dice), "quantity": dice.below(9)}, {"pk": key(dice), "quantity": "0.5"}], "location": key(dice)})
            }
            3 => {
                json!({"delete_parts": true, "delete_child_categories": dice.once_in(2), "delete_stock_items": dice.once_in(2), "delete_sub_locations": false, "items": [key(dice)]})
            }
            _ => any_json(dice, 3),
        };
        for _ in 0..dice.below(3) {
            let (name, value) = (field_name(dice), any_json(dice, 2));
            if let Some(object) = body.as_object_mut() {
                object.insert(name, value);
            }
        }
        let mut bytes = body.to_string().into_bytes();
        if dice.once_in(6) && !bytes.is_empty() {
            let place = dice.below(bytes.len());
            bytes[place] = dice.bytes(1).first().copied().unwrap_or(b'"');
        }
        let kind = *dice.pick(&[
            "application/json",
            "application/json",
            "application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/plain",
        ]);
        let person = dice.pick(&[&shop.admin, &shop.admin, &shop.store, &shop.reader, &shop.anon]).to_owned();
        let answer = person.raw(verb, &path, &[("Content-Type", kind)], &bytes);
        *seen.entry(answer.status).or_insert(0) += 1;
    });
    assert!(seen.len() > 6, "the dice reach many kinds of answers: {seen:?}");
    // Whatever happened, the books agree.
    for (table, rows) in [("part", "part"), ("stock_item", "stock_item"), ("stock_tracking", "stock_tracking")] {
        assert_eq!(shop.rows(table), shop.find::<i64>(&format!("SELECT rows FROM row_count WHERE name = '{rows}'")));
    }
    assert_eq!(shop.find::<i64>("SELECT count(*) FROM stock_item WHERE quantity < 0"), 0);
    for (table, column, of, by) in [("stock_location", "items", "stock_item", "location"), ("part_category", "parts", "part", "category")] {
        let wrong: i64 =
            shop.find(&format!("SELECT count(*) FROM {table} t WHERE t.{column} <> (SELECT count(*) FROM {of} o WHERE o.{by} = t.id)"));
        assert_eq!(wrong, 0, "{table}.{column}");
    }
    let broken: i64 = shop.find("SELECT count(*) FROM pragma_foreign_key_check");
    assert_eq!(broken, 0);
}

#[test]
fn any_bytes_are_answered_soundly() {
    let shop = Shop::new();
    shop.part("Nut");
    let heads = ["Authorization", "Cookie", "Content-Type", "Accept", "X-CSRFToken", "Origin", "Accept-Language"];
    roll(1500, |dice| {
        let name = *dice.pick(&heads);
        let value: String = dice.bytes(30).into_iter().map(|b| char::from(b' ' + b % 95)).collect();
        let value = match dice.below(5) {
            0 => format!("Token {value}"),
            1 => format!("multipart/form-data; boundary={value}"),
            2 => format!("sessionid={value}; csrftoken={value}"),
            _ => value,
        };
        // Wrong passwords are made to wait; that is proved elsewhere.
        if value.to_ascii_lowercase().starts_with("basic") {
            return;
        }
        let verb = *dice.pick(&["GET", "POST", "PATCH", "DELETE", "PUT", "OPTIONS", "FOO"]);
        let target =
            format!("/{}", dice.pick(&["api/part/", "api/", "api/stock/add/", "api/part/1/", "api/user/me/", "", "auth/", "media/x"]));
        let noise: String = form_urlencoded::byte_serialize(&dice.bytes(10)).collect();
        shop.anon.raw(verb, &target, &[(name, &value)], &dice.bytes(60));
        shop.store.raw(verb, &format!("{target}?{noise}"), &[(name, &value)], &dice.bytes(60));
    });
    assert!(routes().values().all(|t| !t.verbs().contains(&Verb::Options)), "OPTIONS is everywhere, and in no list");
    assert_eq!(shop.rows("part"), 1);
}
