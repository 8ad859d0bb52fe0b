//! `?export=true` on a list: its rows as a file, in the formats that spreadsheets read, behind `/api/data-output/`.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::Value as Raw;

use super::data_output::{self, DATA_OUTPUT, FOLDER, Made};
use super::sheet;
use crate::engine::call::{Call, Query, Reply};
use crate::engine::describe::*;
use crate::engine::json::Json;
use crate::engine::query::{Page, Selection};
use crate::engine::read::{self, Shape, Writer};
use crate::engine::{input, moment, options};
use crate::error::{Error, Result, invalid};
use crate::media::{self, lost};

/// Rows that are in memory at once.
const PIECE: usize = 500;
/// The only way of export; other servers know it as a plugin.
const PLUGIN: &str = "inventree-exporter";
const FORMATS: &[(&str, &str)] = &[("csv", "CSV"), ("xlsx", "Excel"), ("tsv", "TSV")];

/// What can be chosen; OPTIONS with `export=true` tells it.
pub static CHOICES: &[Field] = &[
    choice("export_format", Choices::Words(FORMATS)).fill(Fill::Text("csv")).says("Export Format", "What kind of file"),
    choice("export_plugin", Choices::Words(&[(PLUGIN, "InvenTree Exporter")]))
        .fill(Fill::Text(PLUGIN))
        .says("Export Plugin", "What makes it"),
];

/// Does the request want a file?
pub fn is_wanted(call: &Call) -> bool {
    call.query.flag("export") == Some(true)
}

/// OPTIONS of an export.
///
/// # Errors
/// The database cannot be asked.
pub fn describe(call: &Call, resource: &'static Resource) -> Result<Reply> {
    options::of_fields(call, resource.title, resource.model, &[("GET", CHOICES)])
}

/// Makes the file. Filters, search and order of the list count, pages do not.
///
/// # Errors
/// 400 for formats that there are not, 507 or 503 if the file cannot be written.
pub fn run(call: &Call, resource: &'static Resource) -> Result<Reply> {
    let format = call.query.get("export_format").unwrap_or("csv");
    if !FORMATS.iter().any(|f| f.0 == format) {
        return invalid("export_format", format!("\"{format}\" is not one of the choices."));
    }
    if let Some(other) = call.query.get("export_plugin").filter(|p| *p != PLUGIN) {
        return invalid("export_plugin", format!("\"{other}\" is not one of the choices."));
    }
    let stem = format!("InvenTree_{}_{}", resource.schema, moment::day(call.now));
    let (arrived, file, name) = media::new_file(&call.site.folder.join("media"), FOLDER, &stem, &format!(".{format}"))?;
    let total = {
        let conn = call.db().read()?;
        // One snapshot for all pieces.
        let conn = conn.unchecked_transaction()?;
        write(call, &conn, resource, format, file)
    };
    let total = total?;
    arrived.durable()?;
    arrived.after(call.write(move |tx, call| {
        let made = Made { name: &name, kind: "export", plugin: PLUGIN, total };
        let key = data_output::note(tx, &made)?;
        read::shown(call, tx, &DATA_OUTPUT, Shape::Detail, key, 200)
    }))
}

/// A table made by a query of its own, for the key `?1`; gives the key of the output.
///
/// # Errors
/// 507 or 503 if the file cannot be written.
pub fn table_of(call: &Call, name: &str, heads: &[&str], sql: &str, key: i64) -> Result<i64> {
    let stem = format!("InvenTree_{name}_{}", moment::day(call.now));
    let (arrived, file, name) = media::new_file(&call.site.folder.join("media"), FOLDER, &stem, ".csv")?;
    let mut total = 0;
    {
        let conn = call.db().read()?;
        let mut table = Table::new("csv", file).map_err(lost)?;
        table.row(&heads.iter().map(|head| (*head).to_string()).collect::<Vec<_>>()).map_err(lost)?;
        let mut statement = conn.prepare(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query([key])?;
        while let Some(row) = rows.next()? {
            let mut cells = Vec::new();
            for column in 0..columns {
                cells.push(match row.get_ref(column)? {
                    ValueRef::Null | ValueRef::Blob(_) => String::new(),
                    ValueRef::Integer(number) => number.to_string(),
                    ValueRef::Real(number) => number.to_string(),
                    ValueRef::Text(text) => harmless(&String::from_utf8_lossy(text)),
                });
            }
            table.row(&cells).map_err(lost)?;
            total += 1;
        }
        table.finish().map_err(lost)?;
    }
    arrived.durable()?;
    arrived.after(call.write(move |tx, _| data_output::note(tx, &Made { name: &name, kind: "stocktake", plugin: "", total })))
}

/// A column: the keys that lead to its value, and its heading.
type Column = (Vec<&'static str>, String);

/// Fields that hold one value each, and those of nested objects that the resource names for exports.
fn columns(resource: &'static Resource) -> Vec<Column> {
    let mut found = Vec::new();
    for field in resource.fields.iter().filter(|field| !field.secret && field.belongs(true)) {
        let several =
            matches!(field.kind, Kind::Nested(_) | Kind::Many(_) | Kind::Json(_) | Kind::Words | Kind::Expanded(_) | Kind::Any(_));
        let hidden = matches!(field.source, Source::Request) || field.flag().is_some_and(|(_, default)| !default);
        if !several && !hidden {
            found.push((vec![field.name], options::label_of(field)));
        }
    }
    for (outer, inner) in resource.exports {
        let Some(Kind::Nested(target)) = resource.field(outer).map(|field| field.kind) else { continue };
        let Some(field) = target.field(inner) else { continue };
        let title = target.title.split(' ').map(capital).collect::<Vec<_>>().join(" ");
        found.push((vec![outer, inner], format!("{title} {}", options::label_of(field))));
    }
    found
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn write(call: &Call, conn: &Connection, resource: &'static Resource, format: &str, file: File) -> Result<i64> {
    let columns = columns(resource);
    let mut pairs: Vec<(String, String)> = call.query.iter().map(|(key, value)| (key.into(), value.into())).collect();
    pairs.extend(resource.exports.iter().filter_map(|(outer, _)| Some((resource.field(outer)?.flag()?.0.to_string(), "true".to_string()))));
    let asked = call.asking(Query::of(pairs));
    let selection = Selection::of(&asked, conn, resource)?;
    let keys = selection.keys(&asked, conn, Page { limit: None, offset: 0 })?;
    let mut table = Table::new(format, file).map_err(lost)?;
    table.row(&columns.iter().map(|column| column.1.clone()).collect::<Vec<_>>()).map_err(lost)?;
    for piece in keys.chunks(PIECE) {
        let mut out = Json::new();
        out.open('[');
        Writer::new(&asked, conn).rows(resource, Shape::Row, piece, &mut out)?;
        out.close(']');
        let rows: Vec<Raw> = serde_json::from_slice(&out.into_bytes()).map_err(|e| Error::Internal(e.to_string()))?;
        for row in rows {
            let cells = columns.iter().map(|(path, _)| cell(path.iter().fold(&row, |value, key| &value[key])));
            table.row(&cells.collect::<Vec<_>>()).map_err(lost)?;
        }
    }
    table.finish().map_err(lost)?;
    i64::try_from(keys.len()).map_err(|e| Error::Internal(e.to_string()))
}

/// A value as a cell shows it.
fn cell(value: &Raw) -> String {
    match value {
        Raw::Null => String::new(),
        Raw::Bool(flag) => if *flag { "True" } else { "False" }.into(),
        Raw::Number(number) => number.to_string(),
        Raw::String(text) => harmless(text),
        other => other.to_string(),
    }
}

/// Text that a spreadsheet takes for text: what begins like a formula gets an apostrophe in front, unless it is a plain number.
fn harmless(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if formula && input::decimal(text, 30, 6, true).is_err() { format!("'{text}") } else { text.into() }
}

/// A file that grows row by row.
enum Table {
    Text(Box<csv::Writer<BufWriter<File>>>),
    Sheet(sheet::Sheet, File),
}

impl Table {
    fn new(format: &str, file: File) -> io::Result<Table> {
        Ok(match format {
            "xlsx" => Table::Sheet(sheet::Sheet::new()?, file),
            "tsv" => Table::Text(Box::new(csv::WriterBuilder::new().delimiter(b'\t').from_writer(BufWriter::new(file)))),
            _ => Table::Text(Box::new(csv::Writer::from_writer(BufWriter::new(file)))),
        })
    }

    fn row(&mut self, cells: &[String]) -> io::Result<()> {
        match self {
            Table::Text(writer) => writer.write_record(cells).map_err(|e| match e.into_kind() {
                csv::ErrorKind::Io(e) => e,
                other => io::Error::other(format!("{other:?}")),
            }),
            Table::Sheet(sheet, _) => sheet.row(cells),
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Table::Text(mut writer) => writer.flush(),
            Table::Sheet(sheet, file) => {
                let mut file = BufWriter::new(file);
                sheet.finish(&mut file)?;
                file.flush()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        assert_eq!(harmless("=1+1"), "'=1+1");
        assert_eq!(harmless("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(harmless("-cmd|' /C calc'!A0"), "'-cmd|' /C calc'!A0");
        assert_eq!(harmless("-12.5"), "-12.5");
        assert_eq!(harmless("a=b"), "a=b");
    }
}
