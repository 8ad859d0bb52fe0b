//! Rows become JSON: which columns an answer needs, and how each is written.

use std::collections::HashMap;
use std::fmt::Write;
use std::rc::Rc;
use std::sync::{Arc, LazyLock, RwLock};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Statement};

use super::call::{Call, Reply};
use super::describe::{Field, Fill, Kind, Resource, Source};
use super::json::Json;
use super::moment;
use super::query::{Page, SPECIAL, Selection, special};
use crate::error::{Error, Result};
use crate::identity::Right;

/// In which role a row is written; it decides which fields there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A row of a list.
    Row,
    /// One object.
    Detail,
    /// The answer to a change: all optional fields.
    Changed,
    /// The answer to a creation: all optional fields, but nothing that the reference joins in or that lists leave out.
    Created,
    /// The same with what lists leave out.
    Whole,
    /// An object inside another one.
    Inside,
}

/// The SELECT of one row and its columns.
struct Plan {
    sql: String,
    columns: Vec<Column>,
}

struct Column {
    field: &'static Field,
    /// `"name":`
    key: Box<[u8]>,
    /// The field is not asked for, and is answered null.
    absent: bool,
}

type PlanKey = (usize, Shape, u128);
/// Plans depend on the description and the flags alone; there are a few hundred at most.
static PLANS: LazyLock<RwLock<HashMap<PlanKey, Arc<Plan>>>> = LazyLock::new(RwLock::default);

/// Writes rows of one answer; remembers the nested objects it has written already.
pub struct Writer<'a> {
    call: &'a Call,
    conn: &'a Connection,
    known: HashMap<(usize, i64), Option<Rc<[u8]>>>,
    /// Statements of nested objects, by their resources: what one costs to look up is half of what its row costs.
    open: HashMap<usize, Opened<'a>>,
}

/// A statement that is ready for another key.
struct Opened<'a> {
    plan: Arc<Plan>,
    statement: rusqlite::CachedStatement<'a>,
    place: usize,
}

fn address(resource: &'static Resource) -> usize {
    std::ptr::from_ref(resource) as usize
}

/// Which optional fields the request wants, as bits.
fn wanted(call: &Call, resource: &Resource, shape: Shape) -> u128 {
    let mut bits = 0;
    for (i, field) in resource.fields.iter().enumerate() {
        let on = match (shape, field.flag()) {
            (_, None) | (Shape::Changed | Shape::Created | Shape::Whole, _) => true,
            (Shape::Inside, Some((_, default))) => default,
            (Shape::Row | Shape::Detail, Some((flag, _))) => {
                call.query.flag(flag).unwrap_or_else(|| resource.shows(field, shape == Shape::Row))
            }
        };
        bits |= u128::from(on) << i;
    }
    bits
}

fn plan_of(call: &Call, resource: &'static Resource, shape: Shape) -> Arc<Plan> {
    let key = (address(resource), shape, wanted(call, resource, shape));
    if let Some(plan) = PLANS.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(&key) {
        return plan.clone();
    }
    let plan = Arc::new(make_plan(resource, shape, key.2));
    PLANS.write().unwrap_or_else(std::sync::PoisonError::into_inner).insert(key, plan.clone());
    plan
}

fn make_plan(resource: &'static Resource, shape: Shape, bits: u128) -> Plan {
    let (mut sql, mut columns) = (String::from("SELECT "), Vec::new());
    let unjoined = matches!(shape, Shape::Created | Shape::Whole | Shape::Inside);
    for (i, field) in resource.fields.iter().enumerate() {
        let listed = field.belongs(matches!(shape, Shape::Row | Shape::Created));
        if bits >> i & 1 == 0 || field.secret || !listed || matches!(field.source, Source::Request) {
            continue;
        }
        let unjoined = unjoined && matches!(field.source, Source::Joined(_));
        let stands_in = if let (true, Fill::Flag(flag)) = (unjoined, &field.fill) { Some(*flag) } else { None };
        let absent = unjoined && stands_in.is_none();
        if absent && !field.null {
            continue;
        }
        if !columns.is_empty() {
            sql += ", ";
        }
        let _ = match field.source {
            _ if absent || matches!(field.kind, Kind::Many(_)) => write!(sql, "NULL"),
            _ if stands_in.is_some() => write!(sql, "{}", u8::from(stands_in == Some(true))),
            _ => write!(sql, "{}", field.sql().unwrap_or_default()),
        };
        columns.push(Column { field, key: format!("\"{}\":", field.name).into_bytes().into(), absent });
    }
    let used =
        resource.shared.iter().filter(|(name, _)| sql.contains(&format!("t.{name}"))).map(|(name, sql)| format!(", ({sql}) AS {name}"));
    let used: String = used.collect();
    let table = resource.table;
    let _ = if used.is_empty() {
        write!(sql, " FROM \"{table}\" t WHERE t.id = :id")
    } else {
        // Limit and outer condition together keep SQLite from copying the shared expressions to every place that names them.
        write!(sql, " FROM (SELECT t.*{used} FROM \"{table}\" t WHERE t.id = :id LIMIT 1) t WHERE t.id = :id")
    };
    Plan { sql, columns }
}

/// The SELECT by which a row of this resource is read with every optional field; for tests.
pub fn row_sql(resource: &'static Resource) -> String {
    make_plan(resource, Shape::Changed, u128::MAX).sql
}

/// The SELECT by which a row of this resource's list is read where the query asks for nothing special; for measurements.
pub fn list_sql(resource: &'static Resource) -> String {
    let bits = resource.fields.iter().enumerate().fold(0, |bits, (i, field)| bits | u128::from(resource.shows(field, true)) << i);
    make_plan(resource, Shape::Row, bits).sql
}

impl<'a> Writer<'a> {
    /// A writer for one answer.
    pub fn new(call: &'a Call, conn: &'a Connection) -> Self {
        Writer { call, conn, known: HashMap::new(), open: HashMap::new() }
    }

    /// Writes the rows with these keys as elements of an open array. A key without a row is skipped.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn rows(&mut self, resource: &'static Resource, shape: Shape, keys: &[i64], out: &mut Json) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let plan = plan_of(self.call, resource, shape);
        let mut statement = self.statement(&plan.sql)?;
        let place = id_place(&statement)?;
        for key in keys {
            out.item();
            let _ = self.row(&plan, &mut statement, place, *key, out)?;
        }
        Ok(())
    }

    /// Writes one row; false if there is none.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn one(&mut self, resource: &'static Resource, shape: Shape, key: i64, out: &mut Json) -> Result<bool> {
        let plan = plan_of(self.call, resource, shape);
        let mut statement = self.statement(&plan.sql)?;
        let place = id_place(&statement)?;
        self.row(&plan, &mut statement, place, key, out)
    }

    fn statement(&self, sql: &str) -> Result<rusqlite::CachedStatement<'a>> {
        let mut statement = self.conn.prepare_cached(sql)?;
        bind_special(self.call, &mut statement)?;
        Ok(statement)
    }

    fn row(&mut self, plan: &Plan, statement: &mut Statement<'_>, place: usize, key: i64, out: &mut Json) -> Result<bool> {
        statement.raw_bind_parameter(place, key)?;
        let mut rows = statement.raw_query();
        let Some(row) = rows.next()? else { return Ok(false) };
        out.open('{');
        for (i, column) in plan.columns.iter().enumerate() {
            let value = if column.absent { ValueRef::Null } else { row.get_ref(i)? };
            if column.field.absent_when_null && value == ValueRef::Null {
                continue;
            }
            out.item();
            out.raw(&column.key);
            let hidden = column.field.subject().is_some_and(|resource| !self.call.user.may(Right::View, resource));
            if column.absent || hidden {
                out.null();
            } else {
                self.cell(column.field, value, key, out)?;
            }
        }
        out.close('}');
        Ok(true)
    }

    fn cell(&mut self, field: &'static Field, value: ValueRef<'_>, key: i64, out: &mut Json) -> Result<()> {
        match (field.kind, value) {
            (Kind::Many(target), _) => return self.several(field, target, key, out),
            (Kind::Words | Kind::Json(_), ValueRef::Null) if !field.null => out.raw(b"[]"),
            (_, ValueRef::Null) => out.null(),
            (Kind::Nested(target), ValueRef::Integer(id)) => return self.nested(target, id, out),
            (_, ValueRef::Integer(n)) if field.shown_whole => out.int(n / 1_000_000),
            (_, ValueRef::Real(n)) if field.shown_whole => out.raw(format!("{:.0}", (n / 1e6).trunc()).as_bytes()),
            (Kind::Expanded(of), ValueRef::Text(json)) => return self.expanded(of, json, out),
            (Kind::Bool, ValueRef::Integer(n)) => out.bool(n != 0),
            (Kind::Number(..) | Kind::Money, ValueRef::Integer(n)) => out.millionths(n),
            // Sums, which SQL makes real so that they cannot overflow, and averages; still millionths.
            (Kind::Number(..) | Kind::Money, ValueRef::Real(n)) => out.float(n / 1e6),
            (Kind::Fixed(_, places), ValueRef::Integer(n)) => out.text(&places_of(n, places)),
            (Kind::DateTime, ValueRef::Integer(at)) => out.text(&moment::minute(at)),
            (Kind::File(_), ValueRef::Text(b"")) => out.null(),
            (Kind::File(_), ValueRef::Text(name)) => out.text(&format!("/media/{}", String::from_utf8_lossy(name))),
            (Kind::Json(_) | Kind::Words | Kind::Any(_), ValueRef::Text(json)) => out.raw(json),
            (_, ValueRef::Integer(n)) => out.int(n),
            (_, ValueRef::Real(n)) => out.float(n),
            (_, ValueRef::Text(text)) => out.text(&String::from_utf8_lossy(text)),
            (_, ValueRef::Blob(_)) => return Err(Error::Internal(format!("{} holds bytes", field.name))),
        }
        Ok(())
    }

    /// Writes one row as it looks inside another; false if there is none.
    fn inside(&mut self, target: &'static Resource, id: i64, out: &mut Json) -> Result<bool> {
        // It is taken out while it is in use, for an object may hold others of its kind.
        let mut opened = match self.open.remove(&address(target)) {
            Some(opened) => opened,
            None => {
                let plan = plan_of(self.call, target, Shape::Inside);
                let statement = self.statement(&plan.sql)?;
                let place = id_place(&statement)?;
                Opened { plan, statement, place }
            }
        };
        let there = self.row(&opened.plan, &mut opened.statement, opened.place, id, out)?;
        self.open.insert(address(target), opened);
        Ok(there)
    }

    /// A nested object; null if the caller may not see its kind.
    fn nested(&mut self, target: &'static Resource, id: i64, out: &mut Json) -> Result<()> {
        let place = (address(target), id);
        if !self.known.contains_key(&place) {
            let mut written = None;
            if self.call.user.may(Right::View, target) {
                let mut json = Json::new();
                written = self.inside(target, id, &mut json)?.then(|| Rc::from(json.into_bytes()));
            }
            self.known.insert(place, written);
        }
        match self.known.get(&place) {
            Some(Some(bytes)) => out.raw(bytes),
            _ => out.null(),
        }
        Ok(())
    }

    /// A stored JSON object, and beside each key that names a row the row itself.
    fn expanded(&mut self, of: &[(&str, &'static Resource)], json: &[u8], out: &mut Json) -> Result<()> {
        let Ok(serde_json::Value::Object(entries)) = serde_json::from_slice(json) else {
            out.raw(b"{}");
            return Ok(());
        };
        out.open('{');
        for (key, value) in &entries {
            out.key(key);
            out.value(value);
        }
        for (key, target) in of {
            if let Some(id) = entries.get(*key).and_then(serde_json::Value::as_i64) {
                out.key(&format!("{key}_detail"));
                self.nested(target, id, out)?;
            }
        }
        out.close('}');
        Ok(())
    }

    fn several(&mut self, field: &Field, target: &'static Resource, key: i64, out: &mut Json) -> Result<()> {
        let Source::Computed(sql) = field.source else { return Err(Error::Internal(format!("{} has no keys", field.name))) };
        out.open('[');
        if self.call.user.may(Right::View, target) {
            let keys: Vec<i64> = crate::db::column(self.conn, sql, rusqlite::named_params! {":id": key})?;
            self.rows(target, Shape::Inside, &keys, out)?;
        }
        out.close(']');
        Ok(())
    }
}

fn bind_special(call: &Call, statement: &mut Statement<'_>) -> Result<()> {
    for name in SPECIAL {
        if let Some(index) = statement.parameter_index(name)? {
            statement.raw_bind_parameter(index, special(call, name))?;
        }
    }
    Ok(())
}

fn id_place(statement: &Statement<'_>) -> Result<usize> {
    statement.parameter_index(":id")?.ok_or_else(|| Error::Internal("a row's SELECT has no key".into()))
}

/// Millionths with a fixed number of places.
pub fn places_of(millionths: i64, places: u8) -> String {
    let digits = format!("{:06}", (millionths % 1_000_000).unsigned_abs());
    let sign = if millionths < 0 { "-" } else { "" };
    let part = digits.get(..usize::from(places.min(6))).unwrap_or_default();
    format!("{sign}{}.{part}", (millionths / 1_000_000).unsigned_abs())
}

/// GET of a list.
///
/// # Errors
/// 400 for filters that make no sense.
pub fn list(call: &Call, resource: &'static Resource) -> Result<Reply> {
    let conn = call.db().read()?;
    // One snapshot for count and rows.
    let conn = conn.unchecked_transaction()?;
    let mut out = Json::new();
    write_list(call, call, &conn, resource, &mut out)?;
    Ok(Reply::json(200, out))
}

/// A list with its wrapper, if it is paged; also for searches over several resources, whose pages lie at the address of the request `at`.
///
/// # Errors
/// 400 for filters that make no sense.
pub fn write_list(call: &Call, at: &Call, conn: &Connection, resource: &'static Resource, out: &mut Json) -> Result<()> {
    let page = Page::of(&call.query);
    let (keys, count) = Selection::of(call, conn, resource)?.found(call, conn, page)?;
    if let Some(count) = count {
        let (next, previous) = page.links(at, count);
        out.open('{');
        out.key("count");
        out.int(count);
        for (key, link) in [("next", next), ("previous", previous)] {
            out.key(key);
            match link {
                Some(link) => out.text(&link),
                None => out.null(),
            }
        }
        out.key("results");
    }
    out.open('[');
    Writer::new(call, conn).rows(resource, Shape::Row, &keys, out)?;
    out.close(']');
    if count.is_some() {
        out.close('}');
    }
    Ok(())
}

/// GET of one object.
///
/// # Errors
/// 404 if there is none that the caller may see.
pub fn detail(call: &Call, resource: &'static Resource) -> Result<Reply> {
    let conn = call.db().read()?;
    let key = call.key()?;
    let mut out = Json::new();
    if !in_scope(call, &conn, resource, key)? || !Writer::new(call, &conn).one(resource, Shape::Detail, key, &mut out)? {
        return Err(Error::no_such(resource.title));
    }
    Ok(Reply::json(200, out))
}

/// Does this row exist for the caller?
///
/// # Errors
/// The database cannot be asked.
pub fn in_scope(call: &Call, conn: &Connection, resource: &Resource, key: i64) -> Result<bool> {
    let scope = resource.scope.map_or("".into(), |scope| scope(call));
    if scope.is_empty() {
        return Ok(true);
    }
    let sql = format!("SELECT 1 FROM \"{}\" t WHERE t.id = :id AND ({scope})", resource.table);
    let mut statement = conn.prepare_cached(&sql)?;
    let place = id_place(&statement)?;
    statement.raw_bind_parameter(place, key)?;
    bind_special(call, &mut statement)?;
    Ok(statement.raw_query().next()?.is_some())
}

/// # Errors
/// 404 if there is no such row for the caller.
pub fn must_exist(call: &Call, conn: &Connection, resource: &Resource, key: i64) -> Result<()> {
    let sql = format!("SELECT 1 FROM \"{}\" WHERE id = ?1", resource.table);
    if crate::db::one::<i64>(conn, &sql, [key])?.is_some() && in_scope(call, conn, resource, key)? {
        Ok(())
    } else {
        Err(Error::no_such(resource.title))
    }
}

/// The answer that shows one object after a change.
///
/// # Errors
/// 404 if it is gone.
pub fn shown(call: &Call, conn: &Connection, resource: &'static Resource, shape: Shape, key: i64, status: u16) -> Result<Reply> {
    let mut out = Json::new();
    if !Writer::new(call, conn).one(resource, shape, key, &mut out)? {
        return Err(Error::no_such(resource.title));
    }
    Ok(Reply::json(status, out))
}

/// The answer that shows several objects, in this order.
///
/// # Errors
/// The database cannot be asked.
pub fn shown_each(call: &Call, conn: &Connection, resource: &'static Resource, shape: Shape, keys: &[i64], status: u16) -> Result<Reply> {
    let mut out = Json::new();
    out.open('[');
    Writer::new(call, conn).rows(resource, shape, keys, &mut out)?;
    out.close(']');
    Ok(Reply::json(status, out))
}
