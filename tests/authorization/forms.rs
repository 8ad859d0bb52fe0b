//! Ways to a thing beside its own addresses: nested in others, in bulk, by barcode, in a file, by its metadata, by what is attached to it,
//! by search.

use serde_json::{Value, json};
use stockroom::barcode::code::KINDS;
use stockroom::common::parameter::carrier;
use stockroom::common::{attachment, search};
use stockroom::engine::describe::{Kind, Lookup, Verbs};
use stockroom::router::RESOURCES;

use crate::support::seed::resource_of;
use crate::support::{Answer, Shop};

use super::cases::{Case, keys_of};

pub fn forms(shop: &Shop, caller: i64) -> Vec<Case> {
    let mut all = nested();
    all.extend(bulk(shop, caller));
    all.extend(barcodes(shop));
    all.extend(exports());
    all.extend(metadata(shop, caller));
    all.extend(carried(shop));
    all.extend(searches());
    all
}

fn first(shop: &Shop, table: &str) -> i64 {
    shop.find::<Option<i64>>(&format!("SELECT min(id) FROM \"{table}\"")).unwrap_or(1)
}

/// Each nested object of each list, asked for by its flag: `shown` if any row has it, `hidden` if none has.
fn nested() -> Vec<Case> {
    let mut all = Vec::new();
    for resource in RESOURCES.iter().filter(|resource| resource.verbs.has(Verbs::LIST) && !resource.path.contains('{')) {
        for field in resource
            .fields
            .iter()
            .filter(|field| field.subject().is_some() || matches!(field.kind, Kind::Nested(_) | Kind::Many(_) | Kind::Expanded(_)))
        {
            // Names of fields are static, but a plain function cannot take one along: the path says it.
            let flag = field.flag().map_or("always", |(flag, _)| flag);
            let path = format!("/api/{}/?{flag}=true&show={}", resource.path, field.name);
            let label =
                format!("nested {}\t{}.{}", field.subject().map_or(named(field.kind), |target| target.model), resource.path, field.name);
            all.push(Case { look: Some(shown), ..Case::new(label, "GET", path, Value::Null) });
        }
    }
    all
}

fn named(kind: Kind) -> &'static str {
    match kind {
        Kind::Nested(target) | Kind::Many(target) => target.model,
        _ => "any",
    }
}

fn shown(_: &Shop, answer: &Answer) -> String {
    if answer.status != 200 {
        return String::new();
    }
    let field = answer.asked().split("show=").nth(1).unwrap().to_string();
    let there = answer.list().iter().any(|row| match &row[field.as_str()] {
        Value::Null => false,
        Value::Array(list) => !list.is_empty(),
        // Of what happened, the rows that the keys name.
        Value::Object(object) if field == "deltas" => object.iter().any(|(key, value)| key.ends_with("_detail") && !value.is_null()),
        Value::Object(object) => !object.is_empty(),
        _ => true,
    });
    if there { "shown" } else { "hidden" }.into()
}

/// The rows of bulk requests are named: none of them may slip by.
fn bulk(shop: &Shop, caller: i64) -> Vec<Case> {
    let mut all = Vec::new();
    for resource in RESOURCES {
        let path = format!("/api/{}/", resource.path.replace("{above}", "1"));
        for (whose, key) in keys_of(shop, resource.table, caller) {
            let items = if let Lookup::Word(_) = resource.lookup { json!(["mail-1"]) } else { json!([key]) };
            let label = |verb: &str| format!("bulk {}{whose}\t{verb}", resource.path);
            if resource.verbs.has(Verbs::BULK_UPDATE) {
                all.push(Case::new(label("PATCH"), "PATCH", &path, json!({ "items": items })));
            }
            if resource.verbs.has(Verbs::BULK_DELETE) {
                all.push(Case::new(label("DELETE"), "DELETE", &path, json!({ "items": items })));
            }
        }
        if resource.verbs.has(Verbs::BULK_DELETE) {
            all.push(Case {
                look: Some(left),
                ..Case::new(format!("bulk {} all\tDELETE", resource.path), "DELETE", &path, json!({"all": true}))
            });
        }
    }
    all
}

/// How many rows the answer says are gone.
fn left(_: &Shop, answer: &Answer) -> String {
    let text = answer["success"].as_str().unwrap_or_default();
    text.chars().filter(char::is_ascii_digit).collect()
}

fn barcodes(shop: &Shop) -> Vec<Case> {
    let mut all = Vec::new();
    for kind in KINDS {
        let (model, resource) = (kind.model, kind.resource().unwrap());
        let key = first(shop, resource.table);
        let code = json!({ model: key }).to_string();
        let mut add = |what: &str, body: Value| {
            let path = if what == "scan" { "/api/barcode/".to_string() } else { format!("/api/barcode/{what}/") };
            all.push(Case::new(format!("barcode {what}\t{model}"), "POST", path, body));
        };
        add("scan", json!({"barcode": code}));
        add("generate", json!({"model": model, "pk": key}));
        add("link", json!({"barcode": "something new", model: key}));
        add("unlink", json!({ model: key }));
        let (buy, sale) = (first(shop, "purchase_order"), first(shop, "sales_order"));
        add("po-allocate", json!({"barcode": code, "purchase_order": buy}));
        add("po-receive", json!({"barcode": code, "purchase_order": buy}));
        add("so-allocate", json!({"barcode": code, "sales_order": sale}));
        // A code that belongs to something already: what does the refusal tell?
        add("link", json!({"barcode": code, "stocklocation": first(shop, "stock_location")}));
        all.last_mut().unwrap().label += " taken";
    }
    all
}

fn exports() -> Vec<Case> {
    let lists = RESOURCES.iter().filter(|resource| resource.verbs.has(Verbs::LIST) && !resource.path.contains('{'));
    lists
        .map(|resource| {
            let path = format!("/api/{}/?export=true", resource.path);
            Case { look: Some(exported), spoils: true, ..Case::new(format!("export\t{}", resource.path), "GET", path, Value::Null) }
        })
        .collect()
}

/// How many rows the file has, and which kinds it names.
fn exported(shop: &Shop, answer: &Answer) -> String {
    let Some(name) = answer["output"].as_str() else { return String::new() };
    let file = shop.path().join(name.trim_start_matches('/'));
    let text = std::fs::read_to_string(file).unwrap();
    let mut kinds: Vec<&str> = text.split('«').skip(1).filter_map(|rest| rest.split('»').next()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let told = if kinds.is_empty() { String::new() } else { format!(" {}", kinds.join(",")) };
    format!("{} rows{told}", answer["total"])
}

fn metadata(shop: &Shop, caller: i64) -> Vec<Case> {
    let mut all = Vec::new();
    for resource in RESOURCES.iter().filter(|resource| resource.metadata) {
        for (whose, key) in keys_of(shop, resource.table, caller) {
            let path = format!("/api/metadata/{}/{key}/", resource.model);
            let label = |verb: &str| format!("metadata {}{whose}\t{verb}", resource.model);
            all.push(Case::new(label("GET"), "GET", &path, Value::Null));
            all.push(Case::new(label("PATCH"), "PATCH", &path, json!({"metadata": {"a": 1}})));
        }
    }
    all
}

/// Attachments and parameters of each kind of carrier.
fn carried(shop: &Shop) -> Vec<Case> {
    let mut all = Vec::new();
    let mut add = |what: &str, model: &str, body: Value| {
        let one: i64 = shop.find(&format!("SELECT min(id) FROM \"{what}\" WHERE model_type = '{model}'"));
        let (list, path) = (format!("/api/{what}/"), format!("/api/{what}/{one}/"));
        let label = |verb: &str| format!("{what} of {model}\t{verb}");
        all.push(Case::new(label("list"), "GET", format!("{list}?model_type={model}"), Value::Null));
        all.push(Case::new(label("POST"), "POST", &list, body));
        all.push(Case::new(label("GET"), "GET", &path, Value::Null));
        all.push(Case::new(label("PATCH"), "PATCH", &path, json!({})));
        all.push(Case::new(label("DELETE"), "DELETE", &path, Value::Null));
        all.push(Case::new(label("DELETE bulk"), "DELETE", &list, json!({"items": [one]})));
        all.push(Case::new(label("metadata"), "GET", format!("/api/metadata/{what}/{one}/"), Value::Null));
        all.push(Case::new(label("metadata PATCH"), "PATCH", format!("/api/metadata/{what}/{one}/"), json!({"metadata": {"a": 1}})));
    };
    let spare: i64 = shop.find("SELECT max(id) FROM parameter_template");
    let owner = |model: &str| first(shop, resource_of(carrier::bare(model)).unwrap().table);
    for (model, _) in attachment::MODELS {
        add("attachment", model, json!({"model_type": model, "model_id": owner(model), "link": "http://shop.test/x"}));
    }
    for (model, _) in carrier::MODELS {
        add("parameter", model, json!({"model_type": model, "model_id": owner(model), "template": spare, "data": "1"}));
    }
    all
}

fn searches() -> Vec<Case> {
    let all = search::names().map(|name| {
        let label = format!("search\t{name}");
        Case { look: Some(found), ..Case::new(label, "POST", "/api/search/", json!({"search": "«", "limit": 5, name: {}})) }
    });
    all.collect()
}

fn found(_: &Shop, answer: &Answer) -> String {
    if answer.status != 200 {
        return String::new();
    }
    let Some((_, group)) = answer.json.as_object().and_then(|groups| groups.iter().next()) else { return String::new() };
    if group["error"].is_string() {
        "refused".into()
    } else if group["count"] == 0 {
        "nothing".into()
    } else {
        "found".into()
    }
}
