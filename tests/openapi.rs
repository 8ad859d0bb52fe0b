//! The OpenAPI document: what is served is what the descriptions say, and it is sound in itself.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod document;

use std::collections::BTreeSet;

use serde_json::Value;
use stockroom::openapi::{served, yaml};
use yaml_rust2::{Yaml, YamlLoader};

const VERBS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn served_document() -> Value {
    serde_json::from_str(&served().expect("the document can be unpacked")).expect("assets/openapi.json is JSON")
}

/// Path, verb and description of every operation.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let mut all = Vec::new();
    for (path, item) in paths {
        for (verb, operation) in item.as_object().expect("a path item") {
            all.push((path.as_str(), verb.as_str(), operation));
        }
    }
    all
}

/// Calls `see` for every object inside a value.
fn walk<'a>(value: &'a Value, see: &mut impl FnMut(&'a serde_json::Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            see(object);
            object.values().for_each(|inner| walk(inner, see));
        }
        Value::Array(list) => list.iter().for_each(|inner| walk(inner, see)),
        _ => {}
    }
}

#[test]
fn is_what_the_descriptions_say() {
    let fresh = document::pretty();
    if std::env::var_os("STOCKROOM_WRITE").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/openapi.json"), fresh).expect("the document can be written");
        return;
    }
    assert!(
        fresh == served().expect("the document can be unpacked"),
        "the descriptions have changed; run: STOCKROOM_WRITE=1 cargo test --test openapi"
    );
}

#[test]
fn references_lead_somewhere_and_everything_is_used() {
    let document = served_document();
    let (mut used, mut defined) = (BTreeSet::new(), BTreeSet::new());
    walk(&document, &mut |object| {
        if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            let pointer = reference.strip_prefix('#').expect("references stay in the document");
            assert!(document.pointer(pointer).is_some_and(|schema| !schema.is_null()), "{reference} leads nowhere");
            used.insert(reference.to_string());
        }
    });
    for kind in ["responses", "schemas"] {
        for name in document["components"][kind].as_object().expect("descriptions").keys() {
            defined.insert(format!("#/components/{kind}/{name}"));
        }
    }
    assert_eq!(used, defined, "everything described is used");
}

#[test]
fn operations_have_names_of_their_own() {
    let document = served_document();
    let mut names = BTreeSet::new();
    for (path, verb, operation) in operations(&document) {
        assert!(VERBS.contains(&verb), "{path}: {verb}");
        let name = operation["operationId"].as_str().expect("a name");
        assert!(names.insert(name), "{name} stands there twice");
        assert!(operation["responses"].as_object().is_some_and(|r| !r.is_empty()), "{name} answers nothing");
        assert!(verb != "get" || operation.get("requestBody").is_none(), "{name} reads a body");
    }
}

#[test]
fn parameters_fit_their_address() {
    let document = served_document();
    for (path, verb, operation) in operations(&document) {
        let mut seen = BTreeSet::new();
        let mut of_path = BTreeSet::new();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let (name, place) = (parameter["name"].as_str().expect("a name"), parameter["in"].as_str().expect("a place"));
            assert!(seen.insert((name, place)), "{verb} {path}: {name} stands there twice");
            if place == "path" {
                assert_eq!(parameter["required"], true, "{verb} {path}: {name}");
                of_path.insert(format!("{{{name}}}"));
            }
        }
        let in_path: BTreeSet<String> = path.split('/').filter(|s| s.starts_with('{')).map(String::from).collect();
        assert_eq!(of_path, in_path, "{verb} {path}");
    }
}

#[test]
fn schemas_are_sound() {
    walk(&served_document(), &mut |object| {
        if let (Some(Value::Array(required)), Some(Value::Object(properties))) = (object.get("required"), object.get("properties")) {
            for name in required {
                assert!(properties.contains_key(name.as_str().expect("a name")), "{name} is required, but there is none");
            }
        }
        if object.get("$ref").is_some_and(Value::is_string) {
            assert_eq!(object.len(), 1, "beside $ref nothing is read: {object:?}");
        }
        if object.get("type").is_some_and(|kind| kind == "array") {
            assert!(object.contains_key("items"), "a list of what? {object:?}");
        }
    });
}

#[test]
fn scopes_are_known() {
    let document = served_document();
    let schemes = &document["components"]["securitySchemes"];
    let scopes = &schemes["oauth2"]["flows"]["clientCredentials"]["scopes"];
    for (path, verb, operation) in operations(&document) {
        for way in operation["security"].as_array().expect("security") {
            for (scheme, wanted) in way.as_object().expect("a way in") {
                assert!(schemes.get(scheme).is_some(), "{verb} {path}: {scheme}");
                for scope in wanted.as_array().expect("scopes") {
                    assert!(scopes.get(scope.as_str().expect("a scope")).is_some(), "{verb} {path}: {scope}");
                }
            }
        }
    }
}

#[test]
fn yaml_says_the_same() {
    let read = YamlLoader::load_from_str(yaml().expect("the document as YAML")).expect("YAML that others can read");
    assert_eq!(read.len(), 1);
    assert_eq!(json_of(&read[0]), served_document());
}

fn json_of(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Hash(entries) => entries.iter().map(|(key, value)| (key.as_str().expect("a key").to_string(), json_of(value))).collect(),
        Yaml::Array(items) => items.iter().map(json_of).collect(),
        Yaml::String(text) => text.as_str().into(),
        Yaml::Boolean(flag) => (*flag).into(),
        Yaml::Integer(number) => (*number).into(),
        Yaml::Real(number) => number.parse::<f64>().expect("a number").into(),
        Yaml::Null => Value::Null,
        other => panic!("{other:?} has no place in the document"),
    }
}
