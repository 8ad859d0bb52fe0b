//! Nobody sets what they are not offered: each request that creates, replaces or changes a row is sent twice, on two copies of one shop, once
//! as it is and once with everything added that it may not set: the read-only fields of the description, all columns of the table that no
//! field writes, and the names that such attacks try. Both times the same is answered, and both shops hold the same afterwards.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::ValueRef;
use serde_json::{Map, Value, json};
use stockroom::engine::describe::{Field, Kind, Lookup, Resource, Source, Verbs};
use stockroom::router::RESOURCES;
use support::seed::OTHER;
use support::{Answer, Shop};

/// Values of several types are tried, one type in each round.
const ROUNDS: usize = 3;

/// Names that are worth a try everywhere.
const TRIED: [&str; 22] = [
    "pk",
    "id",
    "user",
    "user_id",
    "owner",
    "created_by",
    "issued_by",
    "creation_user",
    "is_superuser",
    "is_staff",
    "is_active",
    "groups",
    "password",
    "level",
    "lft",
    "rght",
    "tree_id",
    "tree_key",
    "pathstring",
    "parent_id",
    "metadata",
    "status_custom_key",
];

/// Cells that differ between two runs of the same request: table, column, why.
const BY_CHANCE: &[(&str, &str, &str)] =
    &[("token", "digest", "a new token is random"), ("token", "seed", "likewise"), ("token", "masked", "likewise")];

/// Lists to which nothing can be posted as it is: path, why.
const NOT_MADE: &[(&str, &str)] = &[
    ("build/line", "the rules refuse a line without a build, and the contract lets no body name one"),
    ("notes-image-upload", "takes a file; the scenarios in tests/api bring one"),
];

/// How a creation of the seed is said once more: what goes before, and what is said instead.
fn again(path: &str) -> (&'static str, Value) {
    match path {
        "part/sale-price" | "part/internal-price" | "company/price-break" => ("", json!({"quantity": 9})),
        "stock" => ("", json!({"batch": "again"})),
        "part/category/parameters" => ("DELETE FROM part_category_parameter", json!({})),
        "part/related" => ("DELETE FROM part_related", json!({})),
        "bom/substitute" => ("DELETE FROM bom_substitute", json!({})),
        "order/ro-line" => ("DELETE FROM return_order_line", json!({})),
        "units" => ("DELETE FROM custom_unit", json!({})),
        "parameter" => ("DELETE FROM parameter", json!({})),
        "generic/status/custom" => ("DELETE FROM custom_state", json!({})),
        _ => ("", json!({})),
    }
}

/// What a change must say to be let through at all.
fn needed(path: &str) -> (&'static str, Value) {
    match path {
        "build/item" => ("UPDATE build_item SET install_into = NULL", json!({})),
        "order/po-line" => ("", json!({"part": 1, "order": 1})),
        _ => ("", json!({})),
    }
}

/// The fields that a request of this kind may say.
fn is_offered(field: &Field, creates: bool) -> bool {
    !field.fixed && (creates || !field.once)
}

/// Everything that the request may not say, with a value that another row might have.
fn forbidden(shop: &Shop, resource: &'static Resource, creates: bool, round: usize) -> Map<String, Value> {
    let offered: BTreeSet<&str> = resource.fields.iter().filter(|f| is_offered(f, creates)).map(|f| f.name).collect();
    // A column may be offered under another name.
    let written: BTreeSet<&str> = resource
        .fields
        .iter()
        .filter(|f| is_offered(f, creates))
        .filter_map(|f| if let Source::Column(column) = f.source { Some(column) } else { None })
        .collect();
    let conn = shop.server.site().db.read().unwrap();
    let columns: Vec<String> =
        stockroom::db::column(&conn, &format!("SELECT name FROM pragma_table_xinfo('{}')", resource.table), []).unwrap();
    let mut body = Map::new();
    for name in columns.iter().map(String::as_str).filter(|name| !written.contains(name)).chain(TRIED) {
        let value = if name.starts_with("is_") { json!(true) } else { [json!(2), json!("mass"), json!(true)][round].clone() };
        body.insert(name.to_string(), value);
    }
    for field in resource.fields.iter().filter(|f| !is_offered(f, creates)) {
        let value = match field.kind {
            Kind::Bool => json!(round != 1),
            Kind::Date => json!("2001-02-03"),
            Kind::DateTime => json!("2001-02-03 04:05"),
            Kind::Int(..) | Kind::Ref(_) | Kind::Choice(_) => json!(round + 1),
            Kind::Number(..) | Kind::Fixed(..) | Kind::Money | Kind::Float => json!(42 + round),
            Kind::Nested(_) => json!({"pk": 2, "name": "mass"}),
            Kind::Many(_) | Kind::List(_) | Kind::Keys(_) => json!([1]),
            Kind::Object(_) | Kind::Json(_) | Kind::Expanded(_) | Kind::Any(_) => json!({"mass": 1}),
            _ => json!("mass"),
        };
        body.insert(field.name.into(), value);
    }
    body.retain(|name, _| !offered.contains(name.as_str()));
    body
}

/// Everything that the shop holds, row by row, without moments and what chance makes.
fn held(shop: &Shop) -> BTreeMap<String, Vec<String>> {
    let conn = shop.server.site().db.read().unwrap();
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '%_search%' AND name <> 'session'";
    let mut all = BTreeMap::new();
    for table in stockroom::db::column::<String>(&conn, sql, []).unwrap() {
        let mut statement = conn.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let names: Vec<String> = statement.column_names().into_iter().map(String::from).collect();
        let told = |row: &rusqlite::Row<'_>| {
            let cells = names.iter().enumerate().filter(|(_, name)| !BY_CHANCE.iter().any(|c| c.0 == table && c.1 == **name));
            let cells = cells.map(|(i, name)| {
                let cell = match row.get_ref(i).unwrap() {
                    // A moment of this run.
                    ValueRef::Integer(n) if n > 1_600_000_000_000 => "now".into(),
                    ValueRef::Integer(n) => n.to_string(),
                    ValueRef::Real(n) => n.to_string(),
                    ValueRef::Text(text) if text.starts_with(b"!") && name == "password" => "none that fits".into(),
                    ValueRef::Text(text) => format!("{:?}", String::from_utf8_lossy(text)),
                    ValueRef::Null => "NULL".into(),
                    ValueRef::Blob(bytes) => format!("{bytes:?}"),
                };
                format!("{name}={cell}")
            });
            Ok(cells.filter(|cell| !cell.starts_with("last_seen=")).collect::<Vec<_>>().join(" "))
        };
        let rows = statement.query_map([], told).unwrap().map(Result::unwrap).collect();
        all.insert(table, rows);
    }
    all
}

/// A request to be sent twice.
struct Asked<'a> {
    database: &'a [u8],
    who: &'static str,
    /// SQL that makes room first.
    before: &'static str,
    verb: &'static str,
    path: &'a str,
    body: Value,
}

/// Runs a request on two copies, plain and with more; gives what is wrong.
fn twice(asked: &Asked<'_>, more: &Map<String, Value>) -> Vec<String> {
    let Asked { verb, path, body, .. } = asked;
    let run = |body: Value| -> (Answer, BTreeMap<String, Vec<String>>) {
        let shop = Shop::copy(asked.database);
        shop.sql(asked.before);
        let who = match asked.who {
            "norole" => &shop.norole,
            "staff" => &shop.staff,
            _ => &shop.admin,
        };
        let answer = who.json(verb, path, body);
        let held = held(&shop);
        (answer, held)
    };
    let mut loaded = body.clone();
    let object = loaded.as_object_mut().unwrap();
    for (name, value) in more {
        object.entry(name.clone()).or_insert(value.clone());
    }
    let (plain, plain_held) = run(body.clone());
    let (tried, tried_held) = run(loaded);
    let mut wrong = Vec::new();
    if plain.status >= 300 {
        wrong.push(format!("{verb} {path} {body}: cannot be judged, it is refused as it is: {}", plain.text()));
    }
    if tried.status != plain.status {
        wrong.push(format!("{verb} {path}: {} became {}: {}", plain.status, tried.status, tried.text()));
    }
    for (table, rows) in &plain_held {
        for (was, is) in rows.iter().zip(&tried_held[table]).filter(|(was, is)| was != is) {
            wrong.push(format!("{verb} {path}: {table}\n    plain {was}\n    tried {is}"));
        }
        if rows.len() != tried_held[table].len() {
            wrong.push(format!("{verb} {path}: {table} has {} rows instead of {}", tried_held[table].len(), rows.len()));
        }
    }
    wrong
}

fn stage() -> (Vec<u8>, Vec<(String, Value)>) {
    let shop = Shop::new();
    let posted = shop.fill();
    (shop.database(), posted)
}

fn fails(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} requests set what they may not, or cannot be judged:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_creation_sets_what_it_is_offered() {
    let (database, mut posted) = stage();
    let shop = Shop::copy(&database);
    let legs: i64 = shop.find("SELECT stock_item FROM build_item");
    let more = [
        ("user", json!({"username": "mass", "email": "m@shop.test", "first_name": "M", "last_name": "A"})),
        ("user/group", json!({"name": "mass"})),
        ("user/tokens", json!({"name": "mass"})),
        ("build/item", json!({"build_line": 1, "stock_item": legs, "quantity": 1})),
    ];
    posted.extend(more.map(|(path, body)| (path.to_string(), body)));
    let (mut wrong, mut unmade) = (Vec::new(), Vec::new());
    for resource in RESOURCES.iter().filter(|r| r.verbs.has(Verbs::CREATE)) {
        let list = resource.path.replace("{above}", "1");
        let Some((_, first)) = posted.iter().find(|(p, _)| *p == list) else {
            unmade.push(resource.path);
            continue;
        };
        // Whatever was made first is made again under another name.
        let mut body: Value = serde_json::from_str(&first.to_string().replace('»', "» again")).unwrap();
        let (before, instead) = again(&list);
        body.as_object_mut().unwrap().extend(instead.as_object().unwrap().clone());
        let asked = Asked { database: &database, who: "admin", before, verb: "POST", path: &format!("/api/{list}/"), body };
        for round in 0..ROUNDS {
            wrong.extend(twice(&asked, &forbidden(&shop, resource, true, round)));
        }
    }
    fails(&wrong);
    assert_eq!(unmade, NOT_MADE.iter().map(|n| n.0).collect::<Vec<_>>(), "lists to which nothing was posted");
}

#[test]
fn a_change_sets_what_it_is_offered() {
    let (database, _) = stage();
    let shop = Shop::copy(&database);
    let mut wrong = Vec::new();
    for resource in RESOURCES.iter().filter(|r| r.verbs.has(Verbs::UPDATE)) {
        let base = format!("/api/{}/", resource.path.replace("{above}", "1"));
        let first = |rows: &str| shop.find::<i64>(&format!("SELECT min(id) FROM \"{}\" {rows}", resource.table));
        let key = match resource.table {
            "notification" | "notification_setting" => first(&format!("WHERE user = {}", shop.admin.id)),
            "user" => first(&format!("WHERE username = '{OTHER}'")),
            _ => first(""),
        };
        let path = match resource.lookup {
            Lookup::Caller => base.clone(),
            Lookup::Word(_) if resource.path == "settings/global" => format!("{base}INVENTREE_INSTANCE/"),
            Lookup::Word(_) => format!("{base}DATE_DISPLAY_FORMAT/"),
            Lookup::Key if base.contains("{id}") => base.replace("{id}", &key.to_string()),
            Lookup::Key => format!("{base}{key}/"),
        };
        let (before, body) = needed(resource.path);
        for round in 0..ROUNDS {
            let more = forbidden(&shop, resource, false, round);
            let asked = Asked { database: &database, who: "admin", before, verb: "PATCH", path: &path, body: body.clone() };
            wrong.extend(twice(&asked, &more));
            if resource.verbs.has(Verbs::BULK_UPDATE) {
                wrong.extend(twice(&Asked { path: &base, body: json!({"items": [key]}), ..asked }, &more));
            }
        }
    }
    fails(&wrong);
}

/// People change themselves, and nothing that gives them more. Name and address to log in with are theirs to change, as recorded.
#[test]
fn nobody_raises_themselves() {
    let (database, _) = stage();
    let chiefs: i64 = Shop::copy(&database).find("SELECT id FROM user_group WHERE name = 'staffs'");
    let more = json!({
        "is_staff": true, "is_superuser": true, "is_active": false, "groups": [chiefs], "group_ids": [chiefs], "password": "another long one",
        "pk": 1, "id": 1, "user": 1, "permissions": ["part.add"], "roles": {"part": ["add"]}, "profile": {"user": 1}, "revoked": false,
        "email_verified": true, "last_login": "2001-01-01 00:00", "date_joined": "2001-01-01 00:00",
    });
    let more = more.as_object().unwrap();
    let mut wrong = Vec::new();
    for path in ["/api/user/me/", "/api/user/me/profile/", "/api/user/profile/"] {
        for verb in ["PATCH", "PUT"] {
            for who in ["norole", "staff"] {
                let body = json!({"username": "renamed", "email": "new@shop.test", "first_name": "Ann", "last_name": "Other"});
                wrong.extend(twice(&Asked { database: &database, who, before: "", verb, path, body }, more));
            }
        }
    }
    fails(&wrong);
    let shop = Shop::copy(&database);
    for who in [&shop.norole, &shop.reader, &shop.staff] {
        for other in [who.id, shop.store.id] {
            who.patch(&format!("/api/user/{other}/"), json!({"is_superuser": true})).is(403);
        }
    }
    for who in [&shop.norole, &shop.reader] {
        for (verb, path) in
            [("PATCH", format!("/api/user/{}/", who.id)), ("PATCH", format!("/api/user/group/{chiefs}/")), ("POST", "/api/user/".into())]
        {
            who.json(verb, &path, json!({"is_staff": true, "group_ids": [chiefs], "users": [who.id]})).is(403);
        }
    }
    assert_eq!(shop.find::<i64>("SELECT count(*) FROM user WHERE is_superuser = 1 OR is_staff = 1"), 2);
    assert_eq!(shop.find::<i64>(&format!("SELECT count(*) FROM user_group_member WHERE \"group\" = {chiefs}")), 1);
    // A group of others is quietly left out.
    let profile = shop.norole.patch("/api/user/me/profile/", json!({"primary_group": chiefs})).is(200);
    assert!(profile["primary_group"].is_null());
}

/// The comparison notices what it is made to notice.
#[test]
fn a_field_that_is_taken_is_noticed() {
    let (database, _) = stage();
    let body = json!({"name": "Seen"});
    let asked = Asked { database: &database, who: "admin", before: "", verb: "POST", path: "/api/part/", body };
    for more in [json!({"description": "taken"}), json!({"active": false}), json!({"category": 9999})] {
        assert!(!twice(&asked, more.as_object().unwrap()).is_empty(), "{more}");
    }
    assert!(twice(&asked, json!({"nothing": 1}).as_object().unwrap()).is_empty());
}
