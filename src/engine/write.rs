//! Creation, change and deletion of rows, one by one and in bulk; every rule of a description is asked here.

use std::collections::HashMap;

use rusqlite::types::Value as Sql;

use super::call::{Call, Reply, Verb};
use super::describe::{Field, Lookup, Resource, Source, Verbs};
use super::input::{self, Content, Input, Mode, Value};
use super::json::Json;
use super::read::{self, Shape, Writer};
use crate::db::{self, Tx};
use crate::error::{Error, Problems, Result, WHOLE, invalid_bare};
use crate::media;

/// Objects that one bulk request may name or bring.
const MAX_BULK: usize = 10_000;

/// A row on its way into the table (or out of it), as the hooks of a description see it.
pub struct Change<'a> {
    /// The transaction.
    pub tx: &'a Tx<'a>,
    /// The request.
    pub call: &'a Call,
    /// What kind of row.
    pub resource: &'static Resource,
    /// Its key; none until it is inserted.
    pub id: Option<i64>,
    /// What the request says, checked.
    pub new: Input,
    /// What is wrong so far; hooks add to it.
    pub problems: Problems,
    old: Option<HashMap<String, Sql>>,
    sets: Vec<(&'static str, Value)>,
}

impl<'a> Change<'a> {
    fn load(tx: &'a Tx<'a>, call: &'a Call, resource: &'static Resource, id: i64) -> Result<Change<'a>> {
        // Whoever may not touch it is told so, whether they may see it or not.
        if let (Some(guard), true) = (resource.guard, exists(tx, resource, id)?) {
            guard(tx, call, id)?;
        }
        if !read::in_scope(call, tx, resource, id)? {
            return Err(Error::no_such(resource.title));
        }
        let mut statement = tx.prepare_cached(&format!("SELECT * FROM \"{}\" WHERE id = ?1", resource.table))?;
        let names: Vec<String> = statement.column_names().into_iter().map(String::from).collect();
        let mut rows = statement.query([id])?;
        let row = rows.next()?.ok_or_else(|| Error::no_such(resource.title))?;
        let mut old = HashMap::new();
        for (i, name) in names.into_iter().enumerate() {
            old.insert(name, row.get::<_, Sql>(i)?);
        }
        Ok(Change {
            tx,
            call,
            resource,
            id: Some(id),
            new: Input::default(),
            problems: Problems::default(),
            old: Some(old),
            sets: Vec::new(),
        })
    }

    /// Is it a new row?
    pub fn creates(&self) -> bool {
        self.old.is_none()
    }

    /// The key of a row that stands already.
    pub fn key(&self) -> i64 {
        self.id.unwrap_or_default()
    }

    fn column(&self, name: &str) -> String {
        match self.resource.field(name).map(|f| f.source) {
            Some(Source::Column(column)) => column.into(),
            _ => name.into(),
        }
    }

    fn set_value(&self, name: &str) -> Option<&Value> {
        let column = self.column(name);
        self.sets.iter().rev().find(|s| s.0 == column).map(|s| &s.1).or_else(|| self.new.get(name))
    }

    fn old_value(&self, name: &str) -> Option<&Sql> {
        self.old.as_ref()?.get(&self.column(name))
    }

    /// The key, number, millionths or moment that the row will hold.
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.set_value(name) {
            Some(Value::Int(int)) => Some(*int),
            Some(Value::Flag(flag)) => Some(i64::from(*flag)),
            Some(_) => None,
            None => self.was_int(name),
        }
    }

    /// The flag that the row will hold.
    pub fn flag(&self, name: &str) -> bool {
        self.int(name).unwrap_or(0) != 0
    }

    /// The text that the row will hold; empty for null.
    pub fn text(&self, name: &str) -> String {
        match self.set_value(name) {
            Some(Value::Text(text)) => text.clone(),
            Some(_) => String::new(),
            None => self.was_text(name),
        }
    }

    /// The number that the row held.
    pub fn was_int(&self, name: &str) -> Option<i64> {
        match self.old_value(name) {
            Some(Sql::Integer(int)) => Some(*int),
            _ => None,
        }
    }

    /// The text that the row held; empty for null.
    pub fn was_text(&self, name: &str) -> String {
        match self.old_value(name) {
            Some(Sql::Text(text)) => text.clone(),
            _ => String::new(),
        }
    }

    /// Does the request change this field (or set it, for a new row)?
    pub fn changes(&self, name: &str) -> bool {
        let Some(value) = self.set_value(name) else { return false };
        match (value, self.old_value(name)) {
            (_, None) => true,
            (Value::Null, Some(Sql::Null)) => false,
            (Value::Int(a), Some(Sql::Integer(b))) => a != b,
            (Value::Flag(a), Some(Sql::Integer(b))) => i64::from(*a) != *b,
            (Value::Text(a), Some(Sql::Text(b))) => a != b,
            _ => true,
        }
    }

    /// Sets a column, whatever the request says.
    pub fn set(&mut self, column: &'static str, value: Value) {
        self.sets.retain(|s| s.0 != column);
        self.sets.push((column, value));
    }

    /// Adds a text to a field's problems.
    pub fn wrong(&mut self, field: &'static str, text: impl Into<String>) {
        self.problems.add(field, text);
    }

    /// The columns that the statement writes.
    fn columns(&self) -> Vec<(&'static str, Value)> {
        let mut columns: Vec<(&'static str, Value)> = Vec::new();
        for field in self.resource.fields {
            let Some(column) = field.stored() else { continue };
            if let Some(value) = self.new.get(field.name)
                && !self.sets.iter().any(|s| s.0 == column)
            {
                columns.push((column, value.clone()));
            }
        }
        columns.extend(self.sets.iter().cloned());
        columns
    }

    fn save_fields(&mut self, which: impl Fn(&Field) -> bool) -> Result<()> {
        for field in self.resource.fields.iter().filter(|field| which(field)) {
            if let (Some(save), Some(value)) = (field.saver(), self.new.get(field.name).cloned()) {
                save(self, &value)?;
            }
        }
        Ok(())
    }

    /// Checks, writes, and runs what follows; gives the key.
    fn store(&mut self) -> Result<i64> {
        for field in self.resource.fields.iter().filter(|field| field.wanted) {
            let asked = self.creates() || self.new.sent(field.name);
            let nothing = self.new.get(field.name).is_none_or(|v| *v == Value::Null || *v == Value::Text(String::new()));
            if asked && nothing {
                self.wrong(field.name, "This field may not be blank.");
            }
        }
        if let Some(check) = self.resource.check {
            check(self)?;
        }
        std::mem::take(&mut self.problems).result()?;
        let columns = self.columns();
        let names = |between: &str, shape: &dyn Fn(&str, usize) -> String| {
            columns.iter().enumerate().map(|(i, c)| shape(c.0, i + 1)).collect::<Vec<_>>().join(between)
        };
        let table = self.resource.table;
        let values = || rusqlite::params_from_iter(columns.iter().map(|c| &c.1));
        let id = match self.id {
            None if columns.is_empty() => {
                db::run(self.tx, &format!("INSERT INTO \"{table}\" DEFAULT VALUES"), [])?;
                self.tx.last_insert_rowid()
            }
            None => {
                let (list, places) = (names(", ", &|n, _| format!("\"{n}\"")), names(", ", &|_, i| format!("?{i}")));
                db::run(self.tx, &format!("INSERT INTO \"{table}\" ({list}) VALUES ({places})"), values())?;
                self.tx.last_insert_rowid()
            }
            Some(id) => {
                if !columns.is_empty() {
                    let sets = names(", ", &|n, i| format!("\"{n}\" = ?{i}"));
                    db::run(self.tx, &format!("UPDATE \"{table}\" SET {sets} WHERE id = {id}"), values())?;
                }
                id
            }
        };
        self.id = Some(id);
        let late = !self.creates();
        self.save_fields(|field| !(field.late && late))?;
        if let Some(saved) = self.resource.saved {
            saved(self)?;
        }
        Ok(id)
    }
}

/// Creates a row from an input that was checked already.
///
/// # Errors
/// 400 by the resource's rules.
pub fn insert(tx: &Tx<'_>, call: &Call, resource: &'static Resource, new: Input) -> Result<i64> {
    let mut change = Change { tx, call, resource, id: None, new, problems: Problems::default(), old: None, sets: Vec::new() };
    change.store()
}

/// POST to a list.
///
/// # Errors
/// 400 by the fields and rules.
pub fn create(call: &Call, resource: &'static Resource) -> Result<Reply> {
    let files = media::receive(call, resource.fields)?;
    files.after(call.write(move |tx, call| {
        if let Some(create) = resource.create {
            return create(tx, call);
        }
        match &call.content {
            Content::Json(serde_json::Value::Array(list)) if resource.verbs.has(Verbs::BULK_CREATE) => create_all(tx, call, resource, list),
            content => {
                let new = input::read(tx, resource.fields, content, Mode::Create)?;
                let id = insert(tx, call, resource, new)?;
                read::shown(call, tx, resource, Shape::Created, id, 201)
            }
        }
    }))
}

fn create_all(tx: &Tx<'_>, call: &Call, resource: &'static Resource, list: &[serde_json::Value]) -> Result<Reply> {
    if list.is_empty() || list.len() > MAX_BULK {
        return invalid_bare(WHOLE, format!("A list of 1 to {MAX_BULK} objects is expected here."));
    }
    let (mut keys, mut each) = (Vec::new(), Vec::new());
    for object in list {
        let made =
            input::read(tx, resource.fields, &Content::Json(object.clone()), Mode::Create).and_then(|new| insert(tx, call, resource, new));
        each.push(match made {
            Ok(key) => {
                keys.push(key);
                Problems::default()
            }
            Err(Error::Invalid(problems)) => problems,
            Err(other) => return Err(other),
        });
    }
    if keys.len() < list.len() {
        return Err(Error::InvalidEach(each));
    }
    read::shown_each(call, tx, resource, Shape::Created, &keys, 201)
}

/// PUT and PATCH of one object.
///
/// # Errors
/// 404 if there is none, 400 by the fields and rules.
pub fn update(call: &Call, resource: &'static Resource) -> Result<Reply> {
    let id = call.key()?;
    let files = media::receive(call, resource.fields)?;
    files.after(call.write(move |tx, call| {
        let mut change = Change::load(tx, call, resource, id)?;
        change.new = input::read(tx, resource.fields, &call.content, mode_of(call.verb))?;
        change.store()?;
        let reply = read::shown(call, tx, resource, Shape::Changed, id, 200)?;
        change.save_fields(|field| field.late)?;
        Ok(reply)
    }))
}

/// How complete the body of this verb must be.
pub fn mode_of(verb: Verb) -> Mode {
    match verb {
        Verb::Post => Mode::Create,
        Verb::Put => Mode::Replace,
        _ => Mode::Change,
    }
}

/// DELETE of one object.
///
/// # Errors
/// 404 if there is none, 400 by the resource's rules.
pub fn delete(call: &Call, resource: &'static Resource) -> Result<Reply> {
    let id = call.key()?;
    call.write(move |tx, call| {
        remove(tx, call, resource, id)?;
        Ok(Reply::empty(204))
    })
}

/// Deletes one row by its own rules.
///
/// # Errors
/// 404 if there is none, 400 by the resource's rules.
pub fn remove(tx: &Tx<'_>, call: &Call, resource: &'static Resource, id: i64) -> Result<()> {
    let mut change = Change::load(tx, call, resource, id)?;
    if let Some(remove) = resource.remove {
        if !resource.remove_input.is_empty() {
            change.new = input::read(tx, resource.remove_input, &call.content, Mode::Create)?;
        }
        return remove(&mut change);
    }
    db::run(tx, &format!("DELETE FROM \"{}\" WHERE id = ?1", resource.table), [id]).map(|_| ())
}

/// The rows that a bulk request means: `items`, or everything with `all`.
fn meant(tx: &Tx<'_>, call: &Call, resource: &'static Resource) -> Result<Vec<i64>> {
    let all = call.content.raw("all").is_some_and(|v| v == true || v.as_str().is_some_and(super::call::loosely_true));
    let mut keys: Vec<i64> = match call.content.raw("items") {
        Some(serde_json::Value::Array(list)) if !list.is_empty() => {
            match resource.lookup {
                // What its address names by a word is named by words here too.
                Lookup::Word(column) => {
                    let sql = format!("SELECT id FROM \"{}\" WHERE \"{column}\" IN (SELECT value FROM json_each(?1))", resource.table);
                    db::column(tx, &sql, [serde_json::Value::Array(list).to_string()])?
                }
                _ => list.iter().filter_map(|v| v.as_i64().or_else(|| v.as_str()?.parse().ok())).collect(),
            }
        }
        _ if all => db::column(tx, &format!("SELECT id FROM \"{}\" ORDER BY id", resource.table), [])?,
        _ => return invalid_bare(WHOLE, "Name the objects in \"items\", a list of keys."),
    };
    if keys.len() > MAX_BULK && !all {
        return invalid_bare(WHOLE, format!("At most {MAX_BULK} objects can be named at once."));
    }
    keys.sort_unstable();
    keys.dedup();
    let mut there = Vec::new();
    for key in keys {
        if exists(tx, resource, key)? && read::in_scope(call, tx, resource, key)? {
            there.push(key);
        }
    }
    if there.is_empty() {
        return invalid_bare(WHOLE, "None of the named objects exists.");
    }
    Ok(there)
}

/// PUT and PATCH of several objects: all or none.
///
/// # Errors
/// 400 if none is meant, or by the fields and rules of any of them.
pub fn update_all(call: &Call, resource: &'static Resource) -> Result<Reply> {
    call.write(move |tx, call| {
        let keys = meant(tx, call, resource)?;
        for key in &keys {
            let mut change = Change::load(tx, call, resource, *key)?;
            change.new = input::read(tx, resource.fields, &call.content, Mode::Change)?;
            change.store()?;
            change.save_fields(|field| field.late)?;
        }
        let mut out = Json::new();
        out.open('{');
        out.key("success");
        out.text(&format!("Updated {} items", keys.len()));
        out.key("items");
        out.open('[');
        Writer::new(call, tx).rows(resource, Shape::Changed, &keys, &mut out)?;
        out.close(']');
        out.close('}');
        Ok(Reply::json(200, out))
    })
}

/// DELETE of several objects: all or none.
///
/// # Errors
/// 400 if none is meant, or by the rules of any of them.
pub fn delete_all(call: &Call, resource: &'static Resource) -> Result<Reply> {
    call.write(move |tx, call| {
        let keys = meant(tx, call, resource)?;
        for key in &keys {
            // It may have gone together with an earlier one.
            if exists(tx, resource, *key)? {
                remove(tx, call, resource, *key)?;
            }
        }
        Ok(Reply::value(&serde_json::json!({"success": format!("Deleted {} items", keys.len())})))
    })
}

/// POST to an action: the checked body is answered, unless the action has an answer of its own.
///
/// # Errors
/// 400 by the fields, and whatever the action refuses.
pub fn act(call: &Call, resource: &'static Resource, action: &'static super::describe::Action) -> Result<Reply> {
    call.write(move |tx, call| {
        if let Some(id) = call.id {
            read::must_exist(call, tx, resource, id)?;
        }
        let input = input::read(tx, action.input, &call.content, Mode::Create)?;
        if let Some(reply) = (action.run)(tx, call, &input)? {
            return Ok(reply);
        }
        let mut out = Json::new();
        echo(tx, action.input, &input, &mut out)?;
        Ok(Reply::json(201, out))
    })
}

/// Writes a checked body as the contract echoes it: keys as numbers, quantities as text.
///
/// # Errors
/// The database cannot be asked.
pub fn echo(tx: &Tx<'_>, fields: &'static [super::describe::Field], input: &Input, out: &mut Json) -> Result<()> {
    use super::describe::Kind;
    out.open('{');
    for field in fields.iter().filter(|f| !f.secret) {
        let Some(value) = input.get(field.name) else { continue };
        out.plain_key(field.name);
        match (field.kind, value) {
            (Kind::List(inner), Value::List(list)) => {
                out.open('[');
                for element in list {
                    out.item();
                    echo(tx, inner, element, out)?;
                }
                out.close(']');
            }
            (Kind::Object(inner), Value::Object(object)) => echo(tx, inner, object, out)?,
            // What the action used up has no key any more.
            (Kind::Ref(target), Value::Int(id)) if !exists(tx, target, *id)? => out.null(),
            (Kind::Number(_, places) | Kind::Fixed(_, places), Value::Int(n)) => out.text(&read::places_of(*n, places)),
            (Kind::Money, Value::Int(n)) => out.millionths(*n),
            (Kind::DateTime, Value::Int(at)) => out.text(&super::moment::minute(*at)),
            (_, Value::Int(n)) => out.int(*n),
            (_, Value::Real(n)) => out.float(*n),
            (_, Value::Flag(flag)) => out.bool(*flag),
            (_, Value::Text(text)) => out.text(text),
            (_, Value::Words(words)) => out.value(words),
            (_, Value::Keys(keys)) => out.value(keys),
            (_, Value::Json(json)) => out.value(json),
            _ => out.null(),
        }
    }
    out.close('}');
    Ok(())
}

fn exists(tx: &Tx<'_>, target: &Resource, id: i64) -> Result<bool> {
    Ok(db::one::<i64>(tx, &format!("SELECT 1 FROM \"{}\" WHERE id = ?1", target.table), [id])?.is_some())
}
