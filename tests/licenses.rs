//! `assets/licenses.json`, which `/api/license/` answers, names every crate that the program contains.
//! `STOCKROOM_WRITE=1 cargo test --test licenses` writes it anew.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/licenses.json");

/// What cargo knows of the program and everything it is built from; none where cargo may not or cannot say.
fn metadata() -> Option<Value> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let platform = ["--format-version", "1", "--offline", "--all-features", "--filter-platform", "x86_64-unknown-linux-musl"];
    let told = std::process::Command::new(cargo).arg("metadata").args(platform).current_dir(env!("CARGO_MANIFEST_DIR")).output().ok()?;
    serde_json::from_slice(&told.stdout).ok()
}

#[test]
fn every_crate_is_named() {
    let Some(all) = metadata() else {
        println!("NOTICE: cargo does not tell what the program is built from; nothing was compared");
        return;
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let nodes: BTreeMap<String, Value> = list(&all["resolve"]["nodes"]).into_iter().map(|node| (text(&node["id"]), node)).collect();
    let root = text(&all["resolve"]["root"]);
    let (mut open, mut part) = (vec![root.clone()], BTreeSet::new());
    while let Some(id) = open.pop() {
        for dependency in list(&nodes[&id]["deps"]) {
            let linked = list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
            let id = text(&dependency["pkg"]);
            if linked && part.insert(id.clone()) {
                open.push(id);
            }
        }
    }
    let mut crates: Vec<Value> = list(&all["packages"])
        .iter()
        .filter(|package| part.contains(&text(&package["id"])))
        .map(|package| {
            let authors: Vec<String> =
                list(&package["authors"]).iter().map(|author| text(author).split(" <").next().unwrap_or("").into()).collect();
            json!({"name": package["name"], "version": package["version"], "license": package["license"], "author": authors.join(", ")})
        })
        .collect();
    crates.sort_by_key(|package| (text(&package["name"]), text(&package["version"])));
    let lines: Vec<String> = crates.iter().map(Value::to_string).collect();
    let written = format!("[\n{}\n]\n", lines.join(",\n"));
    if std::env::var_os("STOCKROOM_WRITE").is_some() {
        std::fs::write(FILE, &written).unwrap();
    }
    assert!(crates.iter().all(|package| package["license"].is_string()), "a crate without a license");
    let same = std::fs::read_to_string(FILE).unwrap_or_default() == written;
    assert!(same, "other crates than the file names; write it anew with: STOCKROOM_WRITE=1 cargo test --test licenses");
}
