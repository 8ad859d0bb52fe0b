//! Parts, places and stock from a table: `stockroom import parts.csv`. Every line passes the same rules as a request of a client.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use serde_json::{Map, Value, json};

use crate::company::company::COMPANY;
use crate::company::manufacturer_part::MANUFACTURER_PART;
use crate::company::supplier_part::SUPPLIER_PART;
use crate::db::{self, Tx};
use crate::engine::call::{Call, Facts, Verb, loosely_true};
use crate::engine::describe::Resource;
use crate::engine::input::{self, Content, Mode};
use crate::engine::write;
use crate::error::{Error, Result};
use crate::identity::User;
use crate::part::category::CATEGORY;
use crate::part::part::PART;
use crate::site::Site;
use crate::stock::item::ITEM;
use crate::stock::location::LOCATION;

/// Findings that are kept.
const MOST_FINDINGS: usize = 1000;

/// The columns that are understood: their name, other headers for them, and what they are.
static COLUMNS: &[(&str, &[&str], Means)] = &[
    ("name", &["part", "part name"], Means::Part),
    ("IPN", &["internal part number"], Means::Part),
    ("revision", &["rev"], Means::Part),
    ("description", &["desc"], Means::Part),
    ("keywords", &["tags and keywords"], Means::Part),
    ("category", &["category path", "library"], Means::Category),
    ("link", &["url", "datasheet"], Means::Link),
    ("units", &["unit", "uom"], Means::Part),
    ("minimum_stock", &["minimum stock", "min stock", "minimum"], Means::Part),
    ("maximum_stock", &["maximum stock", "max stock", "maximum"], Means::Part),
    ("notes", &["note"], Means::Part),
    ("active", &[], Means::Flag),
    ("assembly", &[], Means::Flag),
    ("component", &[], Means::Flag),
    ("purchaseable", &[], Means::Flag),
    ("salable", &[], Means::Flag),
    ("trackable", &[], Means::Flag),
    ("virtual", &[], Means::Flag),
    ("tags", &[], Means::Words),
    ("place", &["location", "storage", "bin"], Means::Place),
    ("quantity", &["qty", "stock", "in stock", "amount"], Means::Stock),
    ("batch", &["batch code", "lot"], Means::Stock),
    ("serial_numbers", &["serials", "serial numbers", "serial"], Means::Stock),
    ("purchase_price", &["price", "unit price", "cost"], Means::Stock),
    ("purchase_price_currency", &["currency"], Means::Stock),
    ("packaging", &["package"], Means::Stock),
    ("supplier", &["vendor"], Means::Supplier),
    ("SKU", &["supplier part", "supplier part number", "order number"], Means::Supplier),
    ("manufacturer", &["maker"], Means::Maker),
    ("MPN", &["manufacturer part", "manufacturer part number"], Means::Maker),
];

/// What a column says something about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Means {
    /// A field of the part.
    Part,
    /// A link of the part; `~`, which some catalogues write for none, is none.
    Link,
    /// A field of the part that is true or false.
    Flag,
    /// Words of the part with commas between.
    Words,
    /// The path of its category.
    Category,
    /// The path of the place where the stock is.
    Place,
    /// A field of the stock item.
    Stock,
    Supplier,
    Maker,
}

/// How a table is to be read.
#[derive(Debug, Default, Clone)]
pub struct Reading {
    /// Headers and the columns they stand for, where the header alone does not say it; an empty column leaves it out.
    pub mapping: Vec<(String, String)>,
    /// Take the good lines even if others are wrong.
    pub keep_going: bool,
    /// Change nothing.
    pub dry: bool,
}

/// What became of a table.
#[derive(Debug, Default, Clone)]
pub struct Outcome {
    /// Lines that were taken.
    pub lines: usize,
    /// Rows made, by what they are.
    pub made: Vec<(&'static str, usize)>,
    /// Headers that nothing was made of.
    pub unused: Vec<String>,
    /// What is wrong: line of the file, and why.
    pub wrong: Vec<(u64, String)>,
    /// Were the changes made?
    pub kept: bool,
}

/// Reads a table and makes what it lists: all of it, or nothing; with `keep_going` all lines that are right.
///
/// # Errors
/// The file cannot be read, or its header has no name for a part.
pub fn load(site: &Arc<Site>, path: &Path, reading: &Reading) -> std::result::Result<Outcome, String> {
    let say = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let mut file = BufReader::new(std::fs::File::open(path).map_err(|e| say(&e))?);
    // A byte order mark, as spreadsheets write it.
    if file.fill_buf().map_err(|e| say(&e))?.starts_with(b"\xef\xbb\xbf") {
        file.consume(3);
    }
    let mut header = Vec::new();
    file.read_until(b'\n', &mut header).map_err(|e| say(&e))?;
    let count = |separator: &u8| header.iter().filter(|byte| *byte == separator).count();
    let separator = [b',', b';', b'\t'].into_iter().max_by_key(|separator| count(separator)).unwrap_or(b',');
    // With CR LF the reader stands before the LF when it notes where a record begins.
    let late = u64::from(header.ends_with(b"\r\n"));
    let whole = std::io::Cursor::new(header).chain(file);
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(whole);
    let headers: Vec<String> = reader.headers().map_err(|e| say(&e))?.iter().map(|text| text.trim().to_string()).collect();
    let columns: Vec<Option<usize>> = headers.iter().map(|header| meaning(header, reading)).collect::<std::result::Result<_, _>>()?;
    for (i, column) in columns.iter().enumerate() {
        if let Some(column) = column
            && columns.iter().take(i).any(|other| other == &Some(*column))
        {
            let name = COLUMNS.get(*column).map_or("", |known| known.0);
            return Err(format!("{}: two headers stand for {name}; leave one out with --map HEADER=", path.display()));
        }
    }
    if !columns.iter().flatten().any(|column| matches!(COLUMNS.get(*column), Some(("name" | "IPN", _, _)))) {
        return Err(format!("{}: no header says what the name of a part is; say it with --map HEADER=name", path.display()));
    }
    let mut outcome = Outcome {
        unused: headers.iter().zip(&columns).filter(|(_, column)| column.is_none()).map(|(h, _)| h.clone()).collect(),
        ..Outcome::default()
    };
    let mut lines: Vec<(u64, Vec<String>)> = Vec::new();
    for record in reader.records() {
        match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line) + late;
                if record.len() > headers.len() {
                    outcome.wrong.push((line, format!("it has {} fields, the header {}", record.len(), headers.len())));
                } else if record.iter().any(|field| !field.trim().is_empty()) {
                    lines.push((line, record.iter().map(|field| number_with_comma(field.trim(), separator)).collect()));
                }
            }
            Err(e) => outcome.wrong.push((e.position().map_or(0, csv::Position::line) + late, e.to_string())),
        }
    }
    let call = Call::new(facts(site));
    let (tell, told) = sync_channel(1);
    let (dry, keep_going) = (reading.dry, reading.keep_going);
    let done = call.write(move |tx, call| {
        let mut making = Making {
            tx,
            call,
            categories: HashMap::new(),
            places: HashMap::new(),
            companies: HashMap::new(),
            fresh: HashMap::new(),
            made: Vec::new(),
        };
        for (number, fields) in lines {
            match making.line(&columns, &fields)? {
                Ok(()) => outcome.lines += 1,
                Err(why) => {
                    if outcome.wrong.len() < MOST_FINDINGS {
                        outcome.wrong.push((number, why));
                    }
                }
            }
        }
        outcome.made = making.made;
        outcome.kept = !dry && (keep_going || outcome.wrong.is_empty());
        let kept = outcome.kept;
        // Nobody has gone: the receiver waits below.
        let _ = tell.send(outcome);
        if kept { Ok(()) } else { Err(Error::Refused(String::new())) }
    });
    match (told.recv(), done) {
        (Ok(outcome), Err(Error::Refused(_))) | (Ok(outcome), Ok(())) => Ok(outcome),
        (_, Err(e)) => Err(say(&e)),
        (Err(e), _) => Err(say(&e)),
    }
}

/// Spreadsheets that put semicolons or tabs between columns may write 0,5: where a field is nothing but such a number, 0.5.
fn number_with_comma(text: &str, separator: u8) -> String {
    let parts = text.split_once(',').filter(|(whole, fraction)| {
        separator != b','
            && !fraction.is_empty()
            && whole.trim_start_matches('-').bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit())
    });
    parts.map_or_else(|| text.to_string(), |(whole, fraction)| format!("{whole}.{fraction}"))
}

/// Which column a header stands for, if any.
fn meaning(header: &str, reading: &Reading) -> std::result::Result<Option<usize>, String> {
    if let Some((_, column)) = reading.mapping.iter().find(|(from, _)| from.eq_ignore_ascii_case(header)) {
        if column.is_empty() {
            return Ok(None);
        }
        let known = COLUMNS.iter().position(|known| known.0.eq_ignore_ascii_case(column));
        let all = || COLUMNS.iter().map(|known| known.0).collect::<Vec<_>>().join(", ");
        return known.map(Some).ok_or_else(|| format!("--map {header}={column}: there is no such column; there are {}", all()));
    }
    let bare = header.to_lowercase().replace('_', " ");
    Ok(COLUMNS.iter().position(|known| known.0.to_lowercase().replace('_', " ") == bare || known.1.contains(&bare.as_str())))
}

/// The server itself makes the rows.
fn facts(site: &Arc<Site>) -> Facts {
    Facts { verb: Verb::Post, secure: true, ..Facts::of(site.clone(), Arc::new(User::system())) }
}

/// A table being made into rows.
struct Making<'a> {
    tx: &'a Tx<'a>,
    call: &'a Call,
    /// Paths that were looked up already.
    categories: HashMap<String, i64>,
    places: HashMap<String, i64>,
    companies: HashMap<String, i64>,
    /// Parts that this table made, by name, IPN and revision.
    fresh: HashMap<[String; 3], i64>,
    made: Vec<(&'static str, usize)>,
}

impl Making<'_> {
    /// Makes what one line lists, or nothing of it: then the inner error says what is wrong with it.
    fn line(&mut self, columns: &[Option<usize>], fields: &[String]) -> Result<std::result::Result<(), String>> {
        self.tx.execute_batch("SAVEPOINT line")?;
        let before = (self.made.clone(), self.categories.len(), self.places.len(), self.companies.len());
        let mut given: Vec<(&'static str, Means, &str)> = Vec::new();
        for (column, text) in columns.iter().zip(fields) {
            if let Some((name, _, means)) = column.and_then(|column| COLUMNS.get(column))
                && !text.is_empty()
            {
                given.push((name, *means, text));
            }
        }
        let why = match self.rows(&given) {
            Ok((name, key)) => {
                self.tx.execute_batch("RELEASE line")?;
                self.fresh.insert(name, key);
                return Ok(Ok(()));
            }
            Err(Error::Invalid(problems)) => problems.plain(),
            Err(Error::Refused(text)) => text,
            Err(other) => return Err(other),
        };
        self.tx.execute_batch("ROLLBACK TO line; RELEASE line")?;
        self.made = before.0;
        if (self.categories.len(), self.places.len(), self.companies.len()) != (before.1, before.2, before.3) {
            // What the line had made is gone again.
            self.categories.clear();
            self.places.clear();
            self.companies.clear();
        }
        Ok(Err(why))
    }

    /// Makes the rows of a line; gives name, IPN and revision of its part, and its key.
    fn rows(&mut self, given: &[(&'static str, Means, &str)]) -> Result<([String; 3], i64)> {
        let text = |name: &str| given.iter().find(|field| field.0 == name).map(|field| field.2).unwrap_or_default();
        let mut part = Map::new();
        let mut stock = Map::new();
        for (name, means, text) in given {
            let value = match means {
                Means::Part => json!(text),
                Means::Link if *text == "~" => continue,
                Means::Link => json!(text),
                Means::Flag => json!(loosely_true(text)),
                Means::Words => text.split(',').map(str::trim).filter(|word| !word.is_empty()).collect(),
                Means::Category => json!(self.path(&CATEGORY, text)?),
                Means::Place => {
                    stock.insert("location".into(), json!(self.path(&LOCATION, text)?));
                    continue;
                }
                Means::Stock => {
                    stock.insert((*name).into(), json!(text));
                    continue;
                }
                Means::Supplier | Means::Maker => continue,
            };
            part.insert((*name).into(), value);
        }
        if !part.contains_key("name") {
            part.insert("name".into(), json!(text("IPN")));
        }
        let name = [part.get("name").and_then(Value::as_str).unwrap_or_default(), text("IPN"), text("revision")].map(str::to_string);
        // Several lines may list stock of one part.
        let key = match self.fresh.get(&name) {
            Some(key) if stock.contains_key("quantity") => *key,
            _ => {
                let there = "SELECT id FROM part WHERE name = ?1 AND coalesce(\"IPN\", '') = ?2 AND coalesce(revision, '') = ?3";
                match db::one::<i64>(self.tx, there, (&name[0], &name[1], &name[2]))? {
                    Some(key) if stock.contains_key("quantity") => key,
                    _ => self.make("parts", &PART, part)?,
                }
            }
        };
        self.sources(key, given)?;
        if stock.contains_key("quantity") {
            stock.insert("part".into(), json!(key));
            self.make("stock items", &ITEM, stock)?;
        }
        Ok((name, key))
    }

    /// Who makes and who sells a part.
    fn sources(&mut self, part: i64, given: &[(&'static str, Means, &str)]) -> Result<()> {
        let text = |name: &str| given.iter().find(|field| field.0 == name).map(|field| field.2).unwrap_or_default();
        let (mpn, sku) = (text("MPN"), text("SKU"));
        let mut source = Map::from_iter([("part".to_string(), json!(part))]);
        if !text("manufacturer").is_empty() && !mpn.is_empty() {
            let maker = self.company(text("manufacturer"), "is_manufacturer")?;
            let there = "SELECT id FROM manufacturer_part WHERE part = ?1 AND manufacturer = ?2 AND \"MPN\" = ?3";
            let key = match db::one(self.tx, there, (part, maker, mpn))? {
                Some(key) => key,
                None => {
                    let body =
                        Map::from_iter([("part".into(), json!(part)), ("manufacturer".into(), json!(maker)), ("MPN".into(), json!(mpn))]);
                    self.make("manufacturer parts", &MANUFACTURER_PART, body)?
                }
            };
            source.insert("manufacturer_part".into(), json!(key));
        }
        if !text("supplier").is_empty() && !sku.is_empty() {
            let supplier = self.company(text("supplier"), "is_supplier")?;
            let there = "SELECT id FROM supplier_part WHERE part = ?1 AND supplier = ?2 AND \"SKU\" = ?3";
            if db::one::<i64>(self.tx, there, (part, supplier, sku))?.is_none() {
                source.extend([("supplier".into(), json!(supplier)), ("SKU".into(), json!(sku))]);
                self.make("supplier parts", &SUPPLIER_PART, source)?;
            }
        }
        Ok(())
    }

    /// The company of a name, which is made if there is none, and from now on is of that kind.
    fn company(&mut self, name: &str, kind: &'static str) -> Result<i64> {
        let known = format!("{kind}:{name}");
        if let Some(key) = self.companies.get(&known) {
            return Ok(*key);
        }
        let key = match db::one(self.tx, "SELECT id FROM company WHERE name = ?1 ORDER BY id LIMIT 1", [name])? {
            Some(key) => {
                db::run(self.tx, &format!("UPDATE company SET {kind} = 1 WHERE id = ?1"), [key])?;
                key
            }
            None => {
                let mut body = Map::from_iter([("name".to_string(), json!(name))]);
                for each in ["is_supplier", "is_manufacturer"] {
                    body.insert(each.into(), json!(each == kind));
                }
                self.make("companies", &COMPANY, body)?
            }
        };
        self.companies.insert(known, key);
        Ok(key)
    }

    /// The category or place at the end of a path with `/` between; what is missing of it is made.
    fn path(&mut self, resource: &'static Resource, path: &str) -> Result<i64> {
        let (what, known) = if std::ptr::eq(resource, &CATEGORY) { ("categories", &self.categories) } else { ("places", &self.places) };
        if let Some(key) = known.get(path) {
            return Ok(*key);
        }
        let mut above: Option<i64> = None;
        for name in path.split('/').map(str::trim).filter(|name| !name.is_empty()) {
            let there = format!("SELECT id FROM \"{}\" WHERE coalesce(parent, 0) = coalesce(?1, 0) AND name = ?2", resource.table);
            above = Some(match db::one(self.tx, &there, (above, name))? {
                Some(key) => key,
                None => self.make(what, resource, Map::from_iter([("name".into(), json!(name)), ("parent".into(), json!(above))]))?,
            });
        }
        let key = above.ok_or_else(|| Error::Refused(format!("{path:?} is no path")))?;
        let known = if what == "categories" { &mut self.categories } else { &mut self.places };
        known.insert(path.to_string(), key);
        Ok(key)
    }

    /// Makes a row through its resource; gives its key.
    fn make(&mut self, what: &'static str, resource: &'static Resource, body: Map<String, Value>) -> Result<i64> {
        let call = self.call.carrying(Content::Json(Value::Object(body)));
        let key = match resource.create {
            Some(create) => {
                create(self.tx, &call)?;
                self.tx.last_insert_rowid()
            }
            None => {
                let new = input::read(self.tx, resource.fields, &call.content, Mode::Create)?;
                write::insert(self.tx, &call, resource, new)?
            }
        };
        match self.made.iter_mut().find(|made| made.0 == what) {
            Some(made) => made.1 += 1,
            None => self.made.push((what, 1)),
        }
        Ok(key)
    }
}
