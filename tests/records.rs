//! `stockroom import` and `stockroom export`: records come from InvenTree and go back, all of them or none.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rusqlite::Connection;
use serde_json::{Value, json};

/// What an export says otherwise than the file that was imported: model, field, why.
const OTHERWISE: &[(&str, &str, &str)] = &[
    ("*", "tree_id", "trees are numbered anew; the reference does so itself after an import"),
    ("*", "lft", "likewise, brothers in the order of their keys"),
    ("*", "rght", "likewise"),
    ("part.bomitem", "checksum", "what was approved is kept in another form; `validated` says whether it was"),
    ("part.part", "bom_checksum", "likewise"),
    ("order.purchaseorder", "total_price", "computed from the lines with today's rates"),
    ("order.purchaseorder", "total_price_currency", "the order's currency, else its company's"),
    ("order.salesorder", "total_price", "computed from the lines with today's rates"),
    ("order.salesorder", "total_price_currency", "the order's currency, else its company's"),
    ("order.returnorder", "total_price", "computed from the lines with today's rates"),
    ("order.returnorder", "total_price_currency", "the order's currency, else its company's"),
    ("common.attachment", "thumbnail", "the reference makes it anew"),
];
/// Tables that differ between two folders with the same records.
const OWN: &[&str] = &["about", "sqlite_sequence", "sqlite_stat1", "setting", "user_setting", "notification_setting", "token"];

fn stockroom(folder: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stockroom")).args(words).arg("--data").arg(folder).output().unwrap()
}

/// Runs a command that must succeed; gives what it said.
fn done(folder: &Path, words: &[&str]) -> String {
    let output = stockroom(folder, words);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command that must fail; gives what it complained of.
fn fails(folder: &Path, words: &[&str]) -> String {
    let output = stockroom(folder, words);
    assert!(!output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

fn database(folder: &Path) -> Connection {
    Connection::open(folder.join("stockroom.db")).unwrap()
}

fn find<T: rusqlite::types::FromSql>(folder: &Path, sql: &str) -> T {
    database(folder).query_row(sql, [], |row| row.get(0)).unwrap()
}

/// All rows of all tables, but for those that differ by nature.
fn contents(folder: &Path) -> BTreeMap<String, Vec<String>> {
    let conn = database(folder);
    let mut statement =
        conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%\\_search%' ESCAPE '\\'").unwrap();
    let tables: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut found = BTreeMap::new();
    for table in tables.iter().filter(|table| !OWN.contains(&table.as_str())) {
        let mut statement = conn.prepare(&format!("SELECT * FROM \"{table}\" ORDER BY 1, 2")).unwrap();
        let width = statement.column_count();
        let rows =
            statement.query_map([], |row| Ok((0..width).map(|i| format!("{:?}|", row.get_ref(i).unwrap())).collect::<String>())).unwrap();
        found.insert(table.clone(), rows.map(Result::unwrap).collect());
    }
    found
}

fn read_records(path: &Path) -> Vec<Value> {
    let bytes = std::fs::read(path).unwrap();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut text = String::new();
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
        return serde_json::from_str(&text).unwrap();
    }
    serde_json::from_slice(&bytes).unwrap()
}

fn by_key(records: &[Value]) -> BTreeMap<(String, String), Value> {
    let named = records.iter().filter(|record| record["model"].is_string());
    named.map(|record| ((record["model"].as_str().unwrap().to_string(), record["pk"].to_string()), record["fields"].clone())).collect()
}

/// Holds an export against what was imported: every record there, every field the same but for the written list.
fn compare(before: &[Value], after: &[Value]) {
    let (before, after) = (by_key(before), by_key(after));
    let mut differences = BTreeSet::new();
    for ((model, key), fields) in &before {
        let Some(now) = after.get(&(model.clone(), key.clone())) else {
            differences.insert(format!("{model} {key} is gone"));
            continue;
        };
        for (name, value) in fields.as_object().unwrap() {
            let known = OTHERWISE.iter().any(|known| (known.0 == "*" || known.0 == model) && known.1 == name);
            // A moment less than a millisecond after a full second.
            let same = now[name.as_str()] == *value || value.as_str().is_some_and(|text| now[name.as_str()] == text.replace(".000Z", "Z"));
            if !known && !same {
                differences.insert(format!("{model} {key}: {name} was {value}, is {}", now[name.as_str()]));
            }
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
}

struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        Bench { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of records; gives its path.
    fn file(&self, name: &str, records: &Value) -> String {
        let path = self.path(name);
        std::fs::write(&path, records.to_string()).unwrap();
        path.to_string_lossy().into_owned()
    }
}

/// A small inventory with a bit of everything.
fn sample() -> Value {
    serde_json::from_str(include_str!("records/sample.json")).unwrap()
}

#[test]
fn a_file_of_records_is_taken_in_whole() {
    let bench = Bench::new();
    let (data, media) = (bench.path("data"), bench.path("from/media/part_images"));
    std::fs::create_dir_all(&media).unwrap();
    std::fs::write(media.join("screw.png"), b"picture").unwrap();
    std::fs::write(media.join("screw.thumbnail.png"), b"small").unwrap();
    std::fs::write(media.join("other.png"), b"nobody names it").unwrap();
    let from = bench.path("from").to_string_lossy().into_owned();
    let said = done(&data, &["import", &bench.file("sample.json", &sample()), "--media", &from]);
    for line in [
        "1  sessions.session (sessions end",
        "1  plugin.pluginconfig",
        "1  taggit.taggeditem (belongs to a part.part",
        "1 media files",
        "report/label/shelf.html",
    ] {
        assert!(said.contains(line), "{line} in {said}");
    }
    assert!(done(&data, &["check"]).contains("All is well"));
    for (sql, expected) in [
        ("SELECT pathstring FROM part_category WHERE id = 31", "Metal/Screws"),
        ("SELECT group_concat(name, '+') FROM part WHERE category = 31", "M3x10+Washer"),
        ("SELECT CAST(minimum_stock AS TEXT) FROM part WHERE id = 70", "2500000"),
        ("SELECT u.username FROM part p JOIN owner o ON o.id = p.responsible JOIN user u ON u.id = o.user WHERE p.id = 70", "mara"),
        ("SELECT CAST(quantity AS TEXT) FROM stock_item WHERE id = 100 AND in_stock = 1", "12500000"),
        ("SELECT CAST(attrition AS TEXT) FROM bom_item WHERE validated = 1", "5000000"),
        (
            "SELECT t.name || '=' || p.data FROM parameter p JOIN parameter_template t ON t.id = p.template WHERE p.model_type = 'part.part' AND p.model_id = 70",
            "Length=10",
        ),
        ("SELECT link FROM attachment WHERE model_type = 'stockitem' AND model_id = 100 AND upload_user = 9", "https://example.com"),
        ("SELECT g.name FROM user_group_member m JOIN user_group g ON g.id = m.\"group\" WHERE m.user = 9", "storekeepers"),
        ("SELECT CAST(count(*) AS TEXT) FROM ruleset WHERE \"group\" = 5", "11"),
        ("SELECT CAST(\"primary\" AS TEXT) FROM supplier_part WHERE id = 15", "1"),
        ("SELECT name FROM part WHERE id IN (SELECT rowid FROM part_search WHERE part_search MATCH 'screw')", "M3x10"),
        ("SELECT value FROM setting WHERE key = 'INVENTREE_COMPANY_NAME'", "Bolts & Sons"),
    ] {
        assert_eq!(find::<String>(&data, sql), expected, "{sql}");
    }
    assert_eq!(std::fs::read(data.join("media/part_images/screw.thumbnail.png")).unwrap(), b"small");
    assert!(!data.join("media/part_images/other.png").exists());
    let token: Vec<u8> = find(&data, "SELECT digest FROM token WHERE user = 9");
    assert_eq!(token, stockroom::identity::token::digest("inv-0123456789-20240102"));
}

#[test]
fn what_is_exported_can_be_imported_again() {
    let bench = Bench::new();
    let (data, again) = (bench.path("data"), bench.path("again"));
    done(&data, &["import", &bench.file("sample.json", &sample())]);
    let (first, second) =
        (bench.path("first.json.gz").to_string_lossy().into_owned(), bench.path("second.json").to_string_lossy().into_owned());
    done(&data, &["export", &first]);
    done(&again, &["import", &first]);
    assert_eq!(contents(&data), contents(&again));
    done(&again, &["export", &second]);
    let (first, second) = (read_records(Path::new(&first)), read_records(Path::new(&second)));
    assert_eq!(by_key(&first), by_key(&second));
    let kept = by_key(&first);
    assert_eq!(kept[&("plugin.pluginconfig".to_string(), "2".to_string())]["name"], "Else");
    assert_eq!(kept[&("part.part".to_string(), "70".to_string())]["base_cost"], "1.000000");
    assert_eq!(kept[&("part.part".to_string(), "71".to_string())]["multiple"], 5);
}

#[test]
fn the_order_of_the_records_does_not_matter() {
    let bench = Bench::new();
    let (data, backwards) = (bench.path("data"), bench.path("backwards"));
    let Value::Array(mut records) = sample() else { unreachable!() };
    // These get new keys, in the order of the file.
    records.retain(|record| !matches!(record["model"].as_str(), Some("part.partparameter" | "stock.stockitemattachment")));
    records.push(json!({ "model": "account.emailaddress", "pk": 1, "fields": { "user": ["mara"], "email": "m@example.com", "primary": true, "verified": true } }));
    done(&data, &["import", &bench.file("sample.json", &Value::Array(records.clone()))]);
    records.reverse();
    done(&backwards, &["import", &bench.file("backwards.json", &Value::Array(records))]);
    assert_eq!(find::<String>(&backwards, "SELECT language || ' ' || email FROM user"), "de m@example.com");
    let (forwards, backwards) = (contents(&data), contents(&backwards));
    let different: Vec<_> = forwards.iter().filter(|(table, rows)| backwards.get(*table) != Some(*rows)).collect();
    assert!(different.is_empty(), "{different:?}");
}

#[test]
fn what_cannot_be_imported_changes_nothing() {
    let bench = Bench::new();
    let data = bench.path("data");
    let with = |record: Value| {
        let Value::Array(mut records) = sample() else { unreachable!() };
        records.push(record);
        Value::Array(records)
    };
    for (name, record, complaint) in [
        (
            "reference",
            json!({ "model": "part.part", "pk": 90, "fields": { "name": "x", "category": 999 } }),
            "part.part 90: it refers to a row of part_category",
        ),
        (
            "number",
            json!({ "model": "part.part", "pk": 90, "fields": { "name": "x", "minimum_stock": "many" } }),
            "part.part 90: minimum_stock: \"many\" is no number",
        ),
        (
            "nobody",
            json!({ "model": "part.partstar", "pk": 90, "fields": { "part": 70, "user": ["ghost"] } }),
            "there is no user \"ghost\"",
        ),
        ("twice", json!({ "model": "part.part", "pk": 70, "fields": { "name": "x" } }), "the same part.id already"),
    ] {
        let said = fails(&data, &["import", &bench.file(name, &with(record))]);
        assert!(said.contains(complaint), "{name}: {said}");
        assert_eq!(find::<i64>(&data, "SELECT (SELECT count(*) FROM part) + (SELECT count(*) FROM user)"), 0, "{name}");
    }
    let whole = sample().to_string();
    std::fs::write(bench.path("half.json"), &whole[..whole.len() / 2]).unwrap();
    assert!(fails(&data, &["import", &bench.path("half.json").to_string_lossy()]).contains("EOF"));
    assert_eq!(find::<i64>(&data, "SELECT count(*) FROM part"), 0);
}

#[test]
fn data_that_is_there_is_replaced_only_on_demand() {
    let bench = Bench::new();
    let data = bench.path("data");
    let file = bench.file("sample.json", &sample());
    done(&data, &["import", &file]);
    let before = contents(&data);
    assert!(fails(&data, &["import", &file]).contains("--replace"));
    assert_eq!(contents(&data), before);
    done(&data, &["import", &file, "--replace"]);
    assert_eq!(contents(&data), before);
}

#[test]
fn names_of_media_cannot_lead_out_of_the_folder() {
    let bench = Bench::new();
    let (data, from) = (bench.path("data"), bench.path("from"));
    std::fs::create_dir_all(from.join("media")).unwrap();
    std::fs::write(bench.path("secret"), b"x").unwrap();
    std::os::unix::fs::symlink(bench.path("secret"), from.join("media/link.png")).unwrap();
    let Value::Array(mut records) = sample() else { unreachable!() };
    records.push(json!({ "model": "part.part", "pk": 91, "fields": { "name": "y", "image": "../secret" } }));
    records.push(json!({ "model": "part.part", "pk": 92, "fields": { "name": "z", "image": "link.png" } }));
    let said = done(&data, &["import", &bench.file("evil.json", &Value::Array(records)), "--media", &from.to_string_lossy()]);
    assert!(said.contains("0 media files"), "{said}");
    assert!(!data.join("secret").exists() && !data.join("media/link.png").exists());
}

#[test]
fn the_demo_inventory_comes_and_goes() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/demo");
    let records = demo.join("records.json.gz");
    if !records.exists() {
        eprintln!("skipped: the demo inventory is not here");
        return;
    }
    let bench = Bench::new();
    let (data, again, media) = (bench.path("data"), bench.path("again"), bench.path("media").to_string_lossy().into_owned());
    done(&data, &["import", &records.to_string_lossy(), "--media", &demo.join("media.tar").to_string_lossy()]);
    assert!(done(&data, &["check"]).contains("All is well"));
    let file = bench.path("out.json.gz").to_string_lossy().into_owned();
    done(&data, &["export", &file, "--media", &media]);
    compare(&read_records(&records), &read_records(Path::new(&file)));
    done(&again, &["import", &file, "--media", &media]);
    assert_eq!(contents(&data), contents(&again));
}
