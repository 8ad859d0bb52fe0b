//! Writes all records into a file that InvenTree's `import-records` reads.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::types::Value as Stored;
use serde_json::{Value, json};

use super::value::{self, Names, Written};
use super::{Fields, Form, Model, Place, files, models};
use crate::db;
use crate::engine::moment;
use crate::site::{API_VERSION, SPEAKS, Site};

/// The parts of the reference that it looks for before it reads a file.
const APPS: &[&str] = &[
    "InvenTree",
    "auth",
    "build",
    "common",
    "company",
    "contenttypes",
    "machine",
    "order",
    "part",
    "plugin",
    "report",
    "stock",
    "taggit",
    "users",
];

/// What an export wrote.
#[derive(Default)]
pub struct Report {
    /// Records, by model, in the order of the file.
    pub written: Vec<(String, usize)>,
    /// Media files copied.
    pub files: usize,
    /// Files that rows name and the data folder lacks.
    pub missing: Vec<String>,
}

/// Writes the file, packed by gzip if its name ends in `.gz`, and copies the media where a folder for them is given. The file appears
/// under its name when it is whole.
///
/// # Errors
/// A text for people.
pub fn dump(site: &Site, to: &Path, media: Option<&Path>) -> Result<Report, String> {
    let conn = site.db.read().map_err(|e| e.to_string())?;
    // One moment of the data, whatever is written meanwhile.
    conn.execute_batch("BEGIN").map_err(|e| e.to_string())?;
    let done = write_file(&conn, to).and_then(|mut report| {
        if let Some(folder) = media {
            (report.files, report.missing) = files::carry(site, &conn, folder)?;
        }
        Ok(report)
    });
    conn.execute_batch("COMMIT").map_err(|e| e.to_string())?;
    done
}

fn write_file(conn: &Connection, to: &Path) -> Result<Report, String> {
    let say = |e: std::io::Error| format!("{}: {e}", to.display());
    let partial = PathBuf::from(format!("{}.part", to.display()));
    let file = File::create(&partial).map_err(say)?;
    let packed = to.extension().is_some_and(|extension| extension == "gz");
    let mut out: Box<dyn Write> = if packed {
        Box::new(flate2::write::GzEncoder::new(BufWriter::new(file.try_clone().map_err(say)?), flate2::Compression::default()))
    } else {
        Box::new(BufWriter::new(file.try_clone().map_err(say)?))
    };
    let report = records(conn, &mut out).map_err(|e| format!("{}: {e}", to.display()));
    let ended = out.flush();
    drop(out);
    let report = report.and_then(|report| ended.and_then(|()| file.sync_all()).map(|()| report).map_err(say));
    match report {
        Ok(report) => std::fs::rename(&partial, to).map(|()| report).map_err(say),
        Err(e) => {
            // Half a file is of no use to anybody.
            let _ = std::fs::remove_file(&partial);
            Err(e)
        }
    }
}

/// Why a file could not be written: the disk, or the database.
type Failure = Box<dyn std::error::Error>;

fn records(conn: &Connection, out: &mut dyn Write) -> Result<Report, Failure> {
    let names = Written::from(Names::of(conn)?);
    let now = moment::exact(moment::now());
    let about = json!({
        "metadata": true,
        "comment": "Records of a stockroom",
        "exported_at": now.trim_end_matches('Z'),
        "exported_at_utc": now.trim_end_matches('Z'),
        "source_version": SPEAKS,
        "api_version": API_VERSION,
        "installed_apps": APPS,
    });
    write!(out, "[\n{about}")?;
    let mut report = Report::default();
    for model in models::MODELS.iter().copied().flatten() {
        let number = rows(conn, model, &names, out)?;
        if number > 0 {
            report.written.push((model.name.to_string(), number));
        }
    }
    let mut statement = conn.prepare("SELECT model, key, fields FROM kept_record ORDER BY model, key")?;
    let mut kept = statement.query([])?;
    while let Some(row) = kept.next()? {
        let (name, key, fields): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if super::model(&name).is_some() {
            continue;
        }
        let (key, fields): (Value, Value) = (serde_json::from_str(&key)?, serde_json::from_str(&fields)?);
        write!(out, ",\n{}", json!({ "model": name, "pk": key, "fields": fields }))?;
        match report.written.last_mut() {
            Some((last, number)) if *last == name => *number += 1,
            _ => report.written.push((name, 1)),
        }
    }
    writeln!(out, "\n]")?;
    Ok(report)
}

/// Writes the records of one model; gives their number.
fn rows(conn: &Connection, model: &Model, names: &Written, out: &mut dyn Write) -> Result<usize, Failure> {
    let sources: Vec<String> = model
        .fields
        .iter()
        .map(|field| match field.place {
            Place::Column(column) => format!("t.\"{column}\""),
            Place::Shown(sql) => format!("({sql})"),
            Place::Aside(unless) => format!("'{unless}'"),
        })
        .collect();
    let key = model.word.unwrap_or("id");
    let comma = if sources.is_empty() { "" } else { ", " };
    let sql =
        format!("SELECT t.id, t.\"{key}\"{comma}{} FROM \"{}\" t WHERE {} ORDER BY t.id", sources.join(", "), model.table, model.only);
    let sets = model.parent.map(|parent| nested_sets(conn, model, parent)).transpose()?;
    let mut statement = conn.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut number = 0;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let pk = value::spelt(Form::Text, row.get(1)?, names);
        let mut fields = Fields::new();
        for (i, field) in model.fields.iter().enumerate() {
            fields.insert(field.name.to_string(), value::spelt(field.form, row.get::<_, Stored>(i + 2)?, names));
        }
        for (name, place) in ["lft", "rght", "tree_id", "level"].iter().zip(sets.iter().filter_map(|sets| sets.get(&id)).flatten()) {
            fields.insert((*name).to_string(), json!(place));
        }
        let aside = model.fields.iter().any(|field| matches!(field.place, Place::Aside(_)));
        if aside
            && let Some(kept) =
                db::one::<String>(conn, "SELECT fields FROM kept_record WHERE model = ?1 AND key = ?2", (model.name, pk.to_string()))?
        {
            for (name, value) in serde_json::from_str::<Fields>(&kept)? {
                fields.insert(name, value);
            }
        }
        write!(out, ",\n{}", json!({ "model": model.name, "pk": pk, "fields": fields }))?;
        number += 1;
    }
    Ok(number)
}

/// The columns by which the reference finds its way in a tree: left, right, the tree's number, the level.
fn nested_sets(conn: &Connection, model: &Model, parent: &str) -> Result<HashMap<i64, [i64; 4]>, Failure> {
    let mut children: HashMap<Option<i64>, Vec<i64>> = HashMap::new();
    let mut statement = conn.prepare(&format!("SELECT \"{parent}\", id FROM \"{}\" ORDER BY id DESC", model.table))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        children.entry(row.get(0)?).or_default().push(row.get(1)?);
    }
    let mut sets: HashMap<i64, [i64; 4]> = HashMap::new();
    let mut number = 0;
    while let Some(root) = children.get_mut(&None).and_then(Vec::pop) {
        number += 1;
        let mut next = 1;
        let mut open = vec![root];
        sets.insert(root, [next, 0, number, 0]);
        while let Some(last) = open.last().copied() {
            next += 1;
            if let Some(child) = children.get_mut(&Some(last)).and_then(Vec::pop) {
                sets.insert(child, [next, 0, number, i64::try_from(open.len())?]);
                open.push(child);
            } else if let Some(set) = open.pop().and_then(|last| sets.get_mut(&last)) {
                set[1] = next;
            }
        }
    }
    Ok(sets)
}
