//! Our OpenAPI document against the recorded contract of API version 511.
//!
//! `tests/contract/operations.txt` lists all operations of the contract; nothing else may be answered. The contract itself is no part of
//! this repository: where it lies beside it (`../shared`, or `STOCKROOM_SHARED`), fields, types and parameters are compared too.
//! Differences that are meant stand in `tests/contract-differences.txt`, each with its reason.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use yaml_rust2::{Yaml, YamlLoader};

const OPERATIONS: &str = include_str!("contract/operations.txt");
const MEANT: &str = include_str!("contract-differences.txt");

/// Kinds of values that our document describes as they are answered, and the contract's otherwise than its server answers them; and the
/// fields that are of these kinds, in whatever schema.
const AS_ANSWERED: &[(&str, &str, &str)] = &[
    // Amounts of money; a text is taken too.
    (
        "number",
        "string decimal",
        "bom_cost_max bom_cost_min cost_max cost_min internal_cost_max internal_cost_min overall_max overall_min override_max \
         override_min price pricing_max pricing_max_total pricing_min pricing_min_total purchase_cost_max purchase_cost_min \
         purchase_price sale_history_max sale_history_min sale_price sale_price_max sale_price_min supplier_price_max \
         supplier_price_min total_price variant_cost_max variant_cost_min",
    ),
    // `2026-01-31 13:45`; ISO 8601 is taken too.
    (
        "string moment",
        "string date-time",
        "availability_updated created creation creation_date date error_timestamp finished_datetime last_run last_updated lock \
         next_run pricing_updated published started started_datetime stopped timestamp updated updated_at when",
    ),
    // Addresses on this server, without its name.
    ("string uri-reference", "string uri", "attachment image output thumbnail"),
    // Domains may have letters of any alphabet.
    ("string idn-email", "string email", "email sender to"),
];

/// `GET /api/part/{}/`, the parameters of the path without their names.
fn place(verb: &str, path: &str) -> String {
    let path: Vec<&str> = path.split('/').map(|s| if s.starts_with('{') { "{}" } else { s }).collect();
    format!("{} {}", verb.to_uppercase(), path.join("/"))
}

/// The operations of a document by their places.
fn operations(document: &Value) -> BTreeMap<String, &Map<String, Value>> {
    let mut all = BTreeMap::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (verb, operation) in item.as_object().expect("verbs") {
            all.insert(place(verb, path), operation.as_object().expect("an operation"));
        }
    }
    all
}

fn ours() -> Value {
    let text = stockroom::openapi::served().expect("the document can be unpacked");
    serde_json::from_str(&text).expect("assets/openapi.json is JSON")
}

fn theirs() -> Option<Value> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = std::env::var_os("STOCKROOM_SHARED").map_or_else(beside, PathBuf::from);
    let file = std::fs::File::open(folder.join("spec/api-511.yaml.gz")).ok()?;
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("the contract can be unpacked");
    let read = YamlLoader::load_from_str(&text).expect("the contract is YAML");
    Some(json_of(read.first().expect("a document")))
}

fn json_of(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Hash(entries) => {
            let name = |key: &Yaml| key.as_str().map_or_else(|| format!("{key:?}"), String::from);
            entries.iter().map(|(key, value)| (name(key), json_of(value))).collect()
        }
        Yaml::Array(items) => items.iter().map(json_of).collect(),
        Yaml::String(text) => text.as_str().into(),
        Yaml::Boolean(flag) => (*flag).into(),
        Yaml::Integer(number) => (*number).into(),
        Yaml::Real(number) => number.parse::<f64>().unwrap_or_default().into(),
        _ => Value::Null,
    }
}

#[test]
fn no_operation_is_invented() {
    let mut listed = BTreeMap::new();
    for line in OPERATIONS.lines().filter(|line| !line.starts_with('#')) {
        let mut columns = line.split('\t');
        let (verb, path, name) = (columns.next().unwrap(), columns.next().unwrap(), columns.next().unwrap());
        listed.insert(place(verb, path), name);
    }
    assert_eq!(listed.len(), 638);
    let document = ours();
    let ours = operations(&document);
    for (place, operation) in &ours {
        match listed.get(place) {
            Some(name) => assert_eq!(operation["operationId"], *name, "{place}"),
            None => panic!("{place} is not in the contract; is it `documented: false`?"),
        }
    }
    println!("{} of {} operations exist", ours.len(), listed.len());
}

#[test]
fn what_exists_agrees_with_the_contract() {
    let Some(theirs) = theirs() else {
        println!("NOTICE: the recorded contract is not there; nothing was compared with it");
        return;
    };
    let ours = ours();
    let mut found = BTreeSet::new();
    let their_operations = operations(&theirs);
    for (place, operation) in operations(&ours) {
        match their_operations.get(&place) {
            Some(expected) => compare_operation(operation, expected, &theirs, &mut found),
            None => panic!("{place} is not in the contract"),
        }
    }
    let mut schemas = 0;
    for (name, schema) in ours["components"]["schemas"].as_object().expect("schemas") {
        match theirs["components"]["schemas"].get(name) {
            _ if name.starts_with("Patched") => {}
            Some(expected) => {
                schemas += 1;
                compare_schema(name, (schema, &ours), (expected, &theirs), &mut found);
            }
            None => {
                found.insert(format!("schema {name}: invented"));
            }
        }
    }
    for (ours, theirs, fields) in AS_ANSWERED {
        for field in fields.split(' ') {
            let (before, told) = (found.len(), format!(".{field}: {ours}, not {theirs}"));
            found.retain(|difference| !(difference.starts_with("type ") && difference.ends_with(&told)));
            assert!(found.len() < before, "no longer a difference; take it out of AS_ANSWERED: {field}");
        }
    }
    let mut meant = BTreeSet::new();
    for line in MEANT.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (difference, reason) = line.split_once(" | ").unwrap_or_else(|| panic!("no reason: {line}"));
        assert!(!reason.trim().is_empty(), "no reason: {line}");
        assert!(meant.insert(difference.trim().to_string()), "twice: {line}");
    }
    println!("{schemas} schemas compared, {} differences, {} of them meant", found.len(), found.intersection(&meant).count());
    let new: Vec<_> = found.difference(&meant).map(String::as_str).collect();
    let gone: Vec<_> = meant.difference(&found).map(String::as_str).collect();
    assert!(new.is_empty(), "differences from the contract:\n{}", new.join("\n"));
    assert!(gone.is_empty(), "no longer differences; take them out of tests/contract-differences.txt:\n{}", gone.join("\n"));
}

fn compare_operation(ours: &Map<String, Value>, theirs: &Map<String, Value>, document: &Value, found: &mut BTreeSet<String>) {
    let name = ours["operationId"].as_str().expect("a name");
    let mut differ = |what: &str, ours: String, theirs: String| {
        if ours != theirs {
            found.insert(format!("{what} {name}: {ours}, not {theirs}"));
        }
    };
    differ("name", name.into(), theirs["operationId"].as_str().unwrap_or_default().into());
    // The browser login answers one envelope, which our document describes in place; the contract names a schema of another library for
    // each content.
    if !name.starts_with("allauth_") {
        differ("body", body_of(ours.get("requestBody")), body_of(theirs.get("requestBody")));
        differ("answer", answer_of(ours), answer_of(theirs));
    }
    if theirs.contains_key("security") {
        differ("scopes", scopes_of(ours), scopes_of(theirs));
    }
    let (have, want) = (query_of(ours, document), query_of(theirs, document));
    for parameter in have.difference(&want) {
        found.insert(format!("query {name}: {parameter} is more"));
    }
    for parameter in want.difference(&have) {
        found.insert(format!("query {name}: {parameter} is missing"));
    }
}

/// The names of an operation's query parameters; only the contract, `document`, describes some elsewhere.
fn query_of<'a>(operation: &'a Map<String, Value>, document: &'a Value) -> BTreeSet<&'a str> {
    let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let said = |p: &'a Value| p["$ref"].as_str().and_then(|name| document.pointer(name.trim_start_matches('#'))).unwrap_or(p);
    parameters.map(said).filter(|p| p["in"] == "query").filter_map(|p| p["name"].as_str()).collect()
}

/// The name of a schema, or what it is.
fn named(schema: Option<&Value>) -> String {
    let Some(schema) = schema else { return "nothing".into() };
    if let Some(name) = schema["$ref"].as_str() {
        return name.rsplit('/').next().unwrap_or_default().into();
    }
    // A list is a page, or all of it; the contract knows of pages alone.
    if let Some(first) = schema["anyOf"].get(0) {
        return named(Some(first));
    }
    match schema["type"].as_str() {
        Some("array") => format!("[{}]", named(schema.get("items"))),
        kind => kind.unwrap_or("anything").into(),
    }
}

fn body_of(body: Option<&Value>) -> String {
    let Some(body) = body else { return "nothing".into() };
    if body.get("$ref").is_some() {
        return named(Some(body));
    }
    named(body["content"].as_object().and_then(|kinds| kinds.values().next()).map(|kind| &kind["schema"]))
}

/// The first answer that is no refusal.
fn answer_of(operation: &Map<String, Value>) -> String {
    let responses = operation["responses"].as_object().expect("answers");
    let good = responses.iter().find(|(status, _)| status.starts_with('2'));
    good.map_or("nothing".into(), |(status, answer)| {
        format!("{status} {}", body_of(Some(answer).filter(|a| a.get("content").is_some() || a.get("$ref").is_some())))
    })
}

fn scopes_of(operation: &Map<String, Value>) -> String {
    let ways = operation.get("security").and_then(Value::as_array).into_iter().flatten();
    let scopes: BTreeSet<&str> = ways.filter_map(|way| way["oauth2"].as_array()).flatten().filter_map(Value::as_str).collect();
    if scopes.is_empty() { "none".into() } else { scopes.into_iter().collect::<Vec<_>>().join(" ") }
}

fn compare_schema(name: &str, ours: (&Value, &Value), theirs: (&Value, &Value), found: &mut BTreeSet<String>) {
    let none = Map::new();
    let have = ours.0["properties"].as_object().unwrap_or(&none);
    let want = theirs.0["properties"].as_object().unwrap_or(&none);
    let required = |schema: &Value, field: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == field));
    for field in have.keys().filter(|field| !want.contains_key(*field)) {
        found.insert(format!("field {name}.{field}: is more"));
    }
    for (field, expected) in want {
        let Some(actual) = have.get(field) else {
            found.insert(format!("field {name}.{field}: is missing"));
            continue;
        };
        let mut differ = |what: &str, ours: String, theirs: String| {
            if ours != theirs {
                found.insert(format!("{what} {name}.{field}: {ours}, not {theirs}"));
            }
        };
        differ("type", kind_of(actual, ours.1), kind_of(expected, theirs.1));
        for key in ["readOnly", "writeOnly", "nullable"] {
            differ(key, (actual[key] == true).to_string(), (expected[key] == true).to_string());
        }
        differ("required", required(ours.0, field).to_string(), required(theirs.0, field).to_string());
        if let Some(most) = expected["maxLength"].as_u64().filter(|_| actual["readOnly"] != true) {
            differ("maxLength", actual["maxLength"].to_string(), most.to_string());
        }
    }
}

/// The type and the format of a property, through references; `int64` is but a size.
fn kind_of(schema: &Value, document: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return document.pointer(reference.trim_start_matches('#')).map_or("nothing".into(), |schema| kind_of(schema, document));
    }
    for several in ["allOf", "oneOf", "anyOf"] {
        if let Some(first) = schema[several].as_array().and_then(|all| all.first()) {
            return kind_of(first, document);
        }
    }
    let kind = schema["type"].as_str().unwrap_or("anything");
    let moment = schema["pattern"].as_str().is_some_and(|pattern| pattern.starts_with(r"^\d{4}-")).then_some("moment");
    match schema["format"].as_str().or(moment).filter(|format| *format != "int64") {
        Some(format) => format!("{kind} {format}"),
        None if kind == "array" => format!("array of {}", kind_of(&schema["items"], document)),
        None => kind.into(),
    }
}
