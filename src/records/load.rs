//! Takes a file of records in: all of it, or nothing.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use rusqlite::types::Value as Stored;
use rusqlite::{Connection, params_from_iter};
use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::Value;

use super::value::{self, Names};
use super::{Field, Fields, Form, Model, Place, earlier, files, model, models};
use crate::bom::validate;
use crate::db::{self, Tx};
use crate::engine::moment;
use crate::identity::{ROLES, User};
use crate::site::Site;

/// Findings that are written out before an import gives up.
const MOST_FINDINGS: usize = 20;
/// Tables whose rows do not make a database one that is in use.
const NO_TRADE: &[&str] =
    &["user", "user_group", "owner", "ruleset", "setting", "user_setting", "token", "report_template", "label_template"];
/// Tables that an import leaves as they are.
const SPARED: &[&str] = &[
    "about",
    "row_count",
    "oauth_key",
    "plugin",
    "plugin_setting",
    "scheduled_task",
    "exchange_rate",
    "oauth_client",
    "sqlite_sequence",
    "sqlite_stat1",
];

/// Models that are not taken over, by the beginning of their names, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("sessions.", "sessions end: everybody logs in again"),
    ("usersessions.", "sessions end: everybody logs in again"),
    ("mfa.", "second factors are bound to the other server: set them up again"),
    ("otp_", "second factors are bound to the other server: set them up again"),
    ("socialaccount.", "there are no other providers of logins here"),
    ("oauth2_provider.", "programs are registered anew, with `stockroom oauth add`"),
    ("authtoken.", "tokens of old versions: make new ones"),
    ("common.webhook", "their secrets are made anew, with `stockroom webhook add`"),
    ("common.email", "the log of mails stays where they were sent"),
    ("common.notification", "what users were told stays where it was told"),
    ("common.newsfeedentry", "news comes again"),
    ("common.dataoutput", "files that were made to be fetched once"),
    ("importer.", "imports that were under way"),
    ("error_report.", "errors of the other server"),
    ("django_", "what the other server does in the background"),
    ("exchange.", "rates of exchange come again"),
    ("admin.", "the log of the other server's administration"),
    ("contenttypes.", "kinds of things are built in"),
    ("auth.permission", "rights are given by roles alone"),
    ("sites.", "the address is told to the server when it starts"),
];

/// What an import did.
#[derive(Default)]
pub struct Report {
    /// Rows taken in, by model.
    pub taken: BTreeMap<String, usize>,
    /// Records kept beside the tables for a later export, by model.
    pub aside: BTreeMap<String, usize>,
    /// What was not taken over, and why, and how often.
    pub left: BTreeMap<(String, String), usize>,
    /// Media files taken in.
    pub files: usize,
    /// Files that rows name and the media lack.
    pub missing: Vec<String>,
}

/// An import under way: what those who take a record in need.
pub struct Loading<'a> {
    /// The transaction.
    pub conn: &'a Connection,
    /// The names of users, groups and kinds of things.
    pub names: Names,
}

/// One entry of the file.
#[derive(serde::Deserialize)]
struct Record {
    #[serde(default)]
    model: String,
    #[serde(default)]
    pk: Value,
    #[serde(default)]
    fields: Fields,
}

/// The same, as far as the first reading needs it.
#[derive(serde::Deserialize)]
struct Named {
    #[serde(default)]
    model: String,
    #[serde(default)]
    pk: Value,
    #[serde(default)]
    fields: NamedFields,
}

#[derive(Default, serde::Deserialize)]
struct NamedFields {
    #[serde(default)]
    username: Value,
    #[serde(default)]
    name: Value,
}

/// Calls a function for each element of a JSON array as it is read.
struct Each<'f, T> {
    take: &'f mut dyn FnMut(T) -> Result<(), String>,
}

impl<'de, T: serde::Deserialize<'de>> DeserializeSeed<'de> for Each<'_, T> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'de, T: serde::Deserialize<'de>> Visitor<'de> for Each<'_, T> {
    type Value = ();
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array of records")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<(), A::Error> {
        while let Some(record) = records.next_element()? {
            (self.take)(record).map_err(serde::de::Error::custom)?;
        }
        Ok(())
    }
}

/// Reads all records of a file, packed by gzip or not; `told` hears how many bytes of the file are read.
fn each<T: for<'de> serde::Deserialize<'de>>(
    path: &Path,
    told: &mut dyn FnMut(u64),
    take: &mut dyn FnMut(T) -> Result<(), String>,
) -> Result<(), String> {
    let say = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let mut file = File::open(path).map_err(|e| say(&e))?;
    let mut magic = [0; 2];
    let packed = file.read(&mut magic).map_err(|e| say(&e))? == 2 && magic == [0x1f, 0x8b];
    file.rewind().map_err(|e| say(&e))?;
    let counted = Counted { file, read: 0, told };
    let bytes: Box<dyn Read> =
        if packed { Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(counted))) } else { Box::new(counted) };
    let mut reader = serde_json::Deserializer::from_reader(BufReader::with_capacity(1 << 16, bytes));
    Each { take }.deserialize(&mut reader).and_then(|()| reader.end()).map_err(|e| say(&e))
}

/// A file that tells how much of it was read.
struct Counted<'f> {
    file: File,
    read: u64,
    told: &'f mut dyn FnMut(u64),
}

impl Read for Counted<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let n = self.file.read(to)?;
        self.read += n as u64;
        (self.told)(self.read);
        Ok(n)
    }
}

/// How a model's rows are written.
struct Writing {
    sql: String,
    /// The fields with a column, and what takes the place of null where the column knows none.
    columns: Vec<(&'static Field, Stored)>,
    /// Names of all fields that are understood.
    known: HashSet<&'static str>,
}

impl Writing {
    fn of(conn: &Connection, model: &'static Model) -> rusqlite::Result<Writing> {
        let mut facts: HashMap<String, (bool, Option<String>)> = HashMap::new();
        let mut statement = conn.prepare("SELECT name, \"notnull\", dflt_value FROM pragma_table_info(?1)")?;
        let mut rows = statement.query([model.table])?;
        while let Some(row) = rows.next()? {
            facts.insert(row.get(0)?, (row.get(1)?, row.get(2)?));
        }
        let mut columns = Vec::new();
        let mut names: Vec<&str> = Vec::new();
        for field in model.fields {
            let Place::Column(column) = field.place else { continue };
            let null = match facts.get(column) {
                Some((true, Some(default))) => conn.query_row(&format!("SELECT {default}"), [], |row| row.get(0))?,
                Some((true, None)) if matches!(field.form, Form::Text | Form::File | Form::Json) => Stored::Text(String::new()),
                _ => Stored::Null,
            };
            names.push(column);
            columns.push((field, null));
        }
        let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        let sql = if model.adds_to.is_some() {
            let set: Vec<String> = quoted.iter().enumerate().map(|(i, name)| format!("{name} = ?{}", i + 2)).collect();
            format!("UPDATE \"{}\" SET {} WHERE id = ?1", model.table, set.join(", "))
        } else {
            let key = model.word.unwrap_or("id");
            let marks: Vec<String> = (1..=quoted.len() + 1).map(|i| format!("?{i}")).collect();
            let columns = if quoted.is_empty() { String::new() } else { format!(", {}", quoted.join(", ")) };
            format!("INSERT INTO \"{}\" (\"{key}\"{columns}) VALUES ({})", model.table, marks.join(", "))
        };
        let mut known: HashSet<&'static str> = model.fields.iter().map(|field| field.name).collect();
        if model.parent.is_some() {
            known.extend(["lft", "rght", "tree_id", "level"]);
        }
        Ok(Writing { sql, columns, known })
    }
}

/// The whole of an import while it runs.
struct Import<'a> {
    loading: Loading<'a>,
    writings: HashMap<&'static str, Writing>,
    report: Report,
    findings: Vec<String>,
    /// Records that wait for all others.
    waiting: Vec<(&'static Model, Value, Fields)>,
    /// What carried the mark of a primary supplier part in earlier versions.
    favourites: Vec<i64>,
}

/// Takes a file in, with its media where they are given. The database must not be in use yet, unless `replace` empties it first.
/// `told` hears how many bytes were read.
///
/// # Errors
/// A text for people; the database is as it was, and no file was added.
pub fn load(site: &Site, records: &Path, media: Option<&Path>, replace: bool, told: &mut dyn FnMut(u64)) -> Result<Report, String> {
    let say = |e: crate::error::Error| e.to_string();
    let sql = |e: rusqlite::Error| e.to_string();
    let conn = site.db.alone().map_err(sql)?;
    // References are looked at as a whole before the end: a file may name what it brings later.
    conn.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA cache_size = -65536; BEGIN IMMEDIATE").map_err(sql)?;
    if !replace && let Some(table) = in_use(&conn).map_err(say)? {
        return Err(format!(
            "there is data already (in the table {table}): import into an empty data folder, or use --replace, which deletes what is there"
        ));
    }
    let (mut names, has_users) = first_reading(&conn, records)?;
    empty(&conn, has_users).map_err(say)?;
    if !has_users {
        names = Names::of(&conn).map_err(say)?;
    }
    let mut import = Import {
        loading: Loading { conn: &conn, names },
        writings: HashMap::new(),
        report: Report::default(),
        findings: Vec::new(),
        waiting: Vec::new(),
        favourites: Vec::new(),
    };
    for model in models::MODELS.iter().copied().flatten() {
        import.writings.insert(model.name, Writing::of(&conn, model).map_err(sql)?);
    }
    each::<Record>(records, told, &mut |record| import.take(record))?;
    for (model, pk, mut fields) in std::mem::take(&mut import.waiting) {
        let outcome = import.row(model, &pk, pk.as_i64(), &mut fields);
        import.note(model.name, &pk, outcome)?;
    }
    import.derive().map_err(say)?;
    import.unattached().map_err(say)?;
    import.references().map_err(say)?;
    if !import.findings.is_empty() {
        let more = if import.findings.len() >= MOST_FINDINGS { "\n  and perhaps more" } else { "" };
        return Err(format!("nothing was imported:\n  {}{more}", import.findings.join("\n  ")));
    }
    let mut report = import.report;
    let arrived = files::bring(site, &conn, media, &mut report)?;
    // A commit that fails may turn out to be durable after a power cut: the files stay.
    let done = conn.execute_batch("COMMIT").map_err(sql);
    arrived.stay();
    done?;
    drop(conn);
    site.db.write(User::system(), crate::common::setting::fill).map_err(say)?;
    Ok(report)
}

/// A table that has rows which people made.
fn in_use(conn: &Connection) -> crate::error::Result<Option<&'static str>> {
    for model in models::MODELS.iter().copied().flatten().filter(|model| !NO_TRADE.contains(&model.table)) {
        if db::one::<i64>(conn, &format!("SELECT 1 FROM \"{}\" LIMIT 1", model.table), [])?.is_some() {
            return Ok(Some(model.table));
        }
    }
    Ok(None)
}

/// Reads the file once for the names that other records refer to; says also whether it brings users.
fn first_reading(conn: &Connection, records: &Path) -> Result<(Names, bool), String> {
    let mut names = Names::of(conn).map_err(|e| e.to_string())?;
    let mut fresh = Names::default();
    let mut users = false;
    let mut take = |record: Named| {
        let name = match record.model.as_str() {
            "auth.user" => &record.fields.username,
            "auth.group" => &record.fields.name,
            _ => return Ok(()),
        };
        users |= record.model == "auth.user";
        if let (Some(name), Some(key)) = (name.as_str(), record.pk.as_i64()) {
            fresh.note(&record.model, name, key);
        }
        Ok(())
    };
    each::<Named>(records, &mut |_| {}, &mut take)?;
    if users {
        fresh.share_kinds(&mut names);
        return Ok((fresh, true));
    }
    Ok((names, false))
}

/// Deletes what the file replaces: everything but what the server knows of itself, and people where the file brings none.
fn empty(conn: &Connection, people: bool) -> crate::error::Result<()> {
    const PEOPLE: &[&str] = &[
        "user",
        "user_group",
        "user_group_member",
        "user_setting",
        "user_mail",
        "ruleset",
        "owner",
        "notification_setting",
        "token",
        "session",
        "login_stage",
        "authenticator",
        "passkey",
        "code_failure",
        "mail_key",
        "oauth_code",
        "oauth_token",
    ];
    let tables: Vec<String> = db::column(
        conn,
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' AND name NOT LIKE '%\\_search\\_%' ESCAPE '\\'",
        [],
    )?;
    for table in tables {
        let table = table.as_str();
        if SPARED.contains(&table) || !people && PEOPLE.contains(&table) {
            continue;
        }
        db::run(conn, &format!("DELETE FROM \"{table}\""), [])?;
        db::run(conn, "DELETE FROM sqlite_sequence WHERE name = ?1", [table])?;
    }
    Ok(())
}

impl Import<'_> {
    /// Takes one record in. What is wrong with it is noted; the error ends the reading.
    fn take(&mut self, record: Record) -> Result<(), String> {
        let Record { model: mut name, pk, mut fields } = record;
        if name.is_empty() {
            // The entry about the file itself.
            return Ok(());
        }
        if let Some((_, why)) = LEFT_OUT.iter().find(|left| name.starts_with(left.0)) {
            *self.report.left.entry((name, (*why).to_string())).or_default() += 1;
            return Ok(());
        }
        if matches!(name.as_str(), "common.inventreesetting" | "common.inventreeusersetting")
            && fields.get("key").and_then(Value::as_str).is_some_and(|key| key.starts_with('_'))
        {
            *self.report.left.entry((name, "what the other server remembered for itself".into())).or_default() += 1;
            return Ok(());
        }
        let mut key = pk.as_i64();
        earlier::renew(&mut name, &mut key, &mut fields);
        let outcome = match model(&name) {
            Some(model) if model.late => {
                self.waiting.push((model, pk, fields));
                return Ok(());
            }
            Some(model) => self.row(model, &pk, key, &mut fields),
            None => self.keep(&name, &pk, &fields).inspect(|()| *self.report.aside.entry(name.clone()).or_default() += 1),
        };
        self.note(&name, &pk, outcome)
    }

    /// Notes what is wrong with a record; too much of it ends the reading.
    fn note(&mut self, name: &str, pk: &Value, outcome: Result<(), String>) -> Result<(), String> {
        if let Err(wrong) = outcome {
            self.findings.push(format!("{name} {pk}: {wrong}"));
            if self.findings.len() >= MOST_FINDINGS {
                return Err(format!("nothing was imported:\n  {}", self.findings.join("\n  ")));
            }
        }
        Ok(())
    }

    /// Writes a row.
    fn row(&mut self, model: &'static Model, pk: &Value, key: Option<i64>, fields: &mut Fields) -> Result<(), String> {
        let conn = self.loading.conn;
        if let Some(take) = model.take {
            take(&self.loading, pk.as_i64().unwrap_or_default(), fields)?;
            *self.report.taken.entry(model.name.into()).or_default() += 1;
            return Ok(());
        }
        let writing = self.writings.get(model.name).ok_or("no such model")?;
        let first = match (model.adds_to, model.word) {
            (Some(field), _) => {
                let user = self.loading.names.user(fields.get(field).unwrap_or(&Value::Null))?;
                Stored::Integer(user.ok_or_else(|| format!("{field} names nobody"))?)
            }
            (None, Some(_)) => Stored::Text(pk.as_str().ok_or("the key is no text")?.to_string()),
            (None, None) => key.map_or(Stored::Null, Stored::Integer),
        };
        let mut values = vec![first];
        for (field, null) in &writing.columns {
            let given = fields.get(field.name).unwrap_or(&Value::Null);
            let stored = value::stored(field.form, given, &self.loading.names).map_err(|wrong| format!("{}: {wrong}", field.name))?;
            values.push(if stored == Stored::Null { null.clone() } else { stored });
        }
        let mut statement = conn.prepare_cached(&writing.sql).map_err(|e| e.to_string())?;
        if statement.execute(params_from_iter(values)).map_err(explained)? == 0 {
            return Err("what it belongs to is not in the file".into());
        }
        let mut kept = Fields::new();
        for field in model.fields {
            let Place::Aside(unless) = field.place else { continue };
            let usual: Value = serde_json::from_str(unless).map_err(|e| e.to_string())?;
            if let Some(value) = fields.get(field.name).filter(|value| **value != usual) {
                kept.insert(field.name.to_string(), value.clone());
            }
        }
        for (name, value) in fields.iter().filter(|(name, value)| !writing.known.contains(name.as_str()) && !is_empty(value)) {
            if (model.name, name.as_str()) == ("part.part", "default_supplier") {
                self.favourites.extend(value.as_i64());
                continue;
            }
            let what = (format!("{}: {name}", model.name), "a field that today's version does not have".to_string());
            *self.report.left.entry(what).or_default() += 1;
        }
        if !kept.is_empty() {
            self.keep(model.name, pk, &kept)?;
        }
        self.follow(model, pk, fields)?;
        *self.report.taken.entry(model.name.into()).or_default() += 1;
        Ok(())
    }

    /// What else a record says than its own row.
    fn follow(&mut self, model: &Model, pk: &Value, fields: &Fields) -> Result<(), String> {
        let conn = self.loading.conn;
        let say = |e: crate::error::Error| e.to_string();
        match model.name {
            "auth.user" => {
                for group in fields.get("groups").and_then(Value::as_array).into_iter().flatten() {
                    let group = self.loading.names.group(group)?;
                    db::run(conn, "INSERT INTO user_group_member (user, \"group\") VALUES (?1, ?2)", (pk.as_i64(), group)).map_err(say)?;
                }
            }
            "part.bomitem" => {
                let approved = fields.get("validated").and_then(Value::as_bool).unwrap_or_default();
                db::run(conn, "UPDATE bom_item SET checked = iif(?2, fingerprint, '') WHERE id = ?1", (pk.as_i64(), approved))
                    .map_err(say)?;
            }
            "machine.machineconfig" => self.loading.names.note(model.name, pk.as_str().unwrap_or_default(), conn.last_insert_rowid()),
            _ => {}
        }
        Ok(())
    }

    /// Keeps what has no place in the tables.
    fn keep(&self, model: &str, pk: &Value, fields: &Fields) -> Result<(), String> {
        let text = serde_json::to_string(fields).map_err(|e| e.to_string())?;
        let sql = "INSERT OR REPLACE INTO kept_record (model, key, fields) VALUES (?1, ?2, ?3)";
        db::run(self.loading.conn, sql, (model, pk.to_string(), text)).map(|_| ()).map_err(|e| e.to_string())
    }

    /// Computes what follows from the rows.
    fn derive(&self) -> crate::error::Result<()> {
        let conn = self.loading.conn;
        for tree in models::TREES {
            let roots: Vec<i64> = db::column(conn, &format!("SELECT id FROM \"{}\" WHERE {} IS NULL", tree.table, tree.parent), [])?;
            for root in roots {
                tree.derive(conn, root)?;
            }
        }
        // The triggers that keep these counts find nothing to count in where the contents came first.
        conn.execute_batch(
            "UPDATE part_category SET parts = (SELECT count(*) FROM part p WHERE p.category = part_category.id); \
             UPDATE stock_location SET items = (SELECT count(*) FROM stock_item s WHERE s.location = stock_location.id)",
        )?;
        for supplier_part in &self.favourites {
            db::run(
                conn,
                "UPDATE OR IGNORE supplier_part SET \"primary\" = 1 WHERE id = ?1 AND NOT EXISTS \
                 (SELECT 1 FROM supplier_part o WHERE o.part = supplier_part.part AND o.\"primary\" = 1)",
                [supplier_part],
            )?;
        }
        db::run(conn, "INSERT INTO owner (user) SELECT id FROM user WHERE id NOT IN (SELECT user FROM owner WHERE user IS NOT NULL)", [])?;
        db::run(
            conn,
            "INSERT INTO owner (\"group\") SELECT id FROM user_group WHERE id NOT IN (SELECT \"group\" FROM owner WHERE \"group\" IS NOT NULL)",
            [],
        )?;
        for (role, _) in ROLES {
            db::run(conn, "INSERT OR IGNORE INTO ruleset (name, \"group\") SELECT ?1, id FROM user_group", [role])?;
        }
        db::run(
            conn,
            "INSERT OR REPLACE INTO about (key, value) SELECT 'imported_history', CAST(coalesce(max(id), 0) AS TEXT) FROM stock_tracking",
            [],
        )?;
        db::run(conn, "DELETE FROM oauth_client WHERE acts_as NOT IN (SELECT id FROM user)", [])?;
        let system = User::system();
        let tx = Tx::of(conn, &system, moment::now());
        for user in db::column::<i64>(conn, "SELECT id FROM user", [])? {
            crate::common::setting::fill_user(&tx, user)?;
        }
        for part in db::column::<i64>(conn, "SELECT id FROM part WHERE bom_validated = 1", [])? {
            validate::reseal(&tx, part)?;
        }
        Ok(())
    }

    /// Removes what belongs to something that is not there: the other server does not look after such references.
    fn unattached(&mut self) -> crate::error::Result<()> {
        for belonging in models::BELONGINGS {
            for owner in models::MODELS.iter().copied().flatten().filter(|owner| owner.word.is_none() && owner.adds_to.is_none()) {
                let bare = owner.name.rsplit('.').next().unwrap_or_default();
                let sql = format!(
                    "DELETE FROM \"{}\" WHERE model_type IN (?1, ?2) AND model_id NOT IN (SELECT id FROM \"{}\")",
                    belonging.table, owner.table
                );
                let gone = db::run(self.loading.conn, &sql, (bare, owner.name))?;
                if gone > 0 {
                    let what = (belonging.name.to_string(), format!("belongs to a {} that is not in the file", owner.name));
                    *self.report.left.entry(what).or_default() += gone;
                    if let Some(taken) = self.report.taken.get_mut(belonging.name) {
                        *taken = taken.saturating_sub(gone);
                    }
                }
            }
        }
        Ok(())
    }

    /// Looks at every reference.
    fn references(&mut self) -> crate::error::Result<()> {
        let mut statement = self.loading.conn.prepare("SELECT \"table\", rowid, parent FROM pragma_foreign_key_check")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (table, key, parent): (String, Option<i64>, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let name =
                models::MODELS.iter().copied().flatten().find(|model| model.table == table).map_or(table.as_str(), |model| model.name);
            self.findings.push(format!("{name} {}: it refers to a row of {parent} that is not in the file", key.unwrap_or_default()));
            if self.findings.len() >= MOST_FINDINGS {
                break;
            }
        }
        Ok(())
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Bool(true) => false,
    }
}

/// What SQLite says of a row, in words for people.
fn explained(error: rusqlite::Error) -> String {
    let text = error.to_string();
    match text.split_once("UNIQUE constraint failed: ") {
        Some((_, columns)) => format!("there is a row with the same {columns} already"),
        None => text,
    }
}
