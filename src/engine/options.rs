//! OPTIONS: what a form needs to know about an address. The phone app and the browser client build all their forms from it.

use rusqlite::Connection;

use super::call::{Call, JSON, Reply};
use super::describe::{Extra, Field, Fill, Kind, Resource, Source, Verbs};
use super::input::{self, Value};
use super::json::Json;
use super::read::Shape;
use crate::error::Result;
use crate::identity::Right;

/// The answer to OPTIONS of a resource's list or of one of its objects.
///
/// # Errors
/// The database cannot be asked.
pub fn options(call: &Call, resource: &'static Resource, one: bool) -> Result<Reply> {
    let conn = call.db().read()?;
    if let (true, Some(key)) = (one, call.id) {
        super::read::must_exist(call, &conn, resource, key)?;
    }
    let may = |verb: Verbs, right: Right| resource.verbs.has(verb) && call.user.may(right, resource);
    let mut actions: Vec<(&str, Option<Shape>)> = Vec::new();
    if one {
        if may(Verbs::DETAIL, Right::View) {
            actions.push(("GET", Some(Shape::Detail)));
        }
        if may(Verbs::UPDATE, Right::Change) {
            actions.push(("PUT", Some(Shape::Changed)));
        }
        if may(Verbs::DELETE, Right::Delete) {
            actions.push(("DELETE", None));
        }
    } else {
        if may(Verbs::CREATE, Right::Add) {
            actions.push(("POST", Some(Shape::Created)));
        }
        if may(Verbs::LIST, Right::View) {
            actions.push(("GET", Some(Shape::Row)));
        }
        if may(Verbs::BULK_UPDATE, Right::Change) {
            actions.push(("PUT", Some(Shape::Created)));
        }
        if may(Verbs::BULK_DELETE, Right::Delete) {
            actions.push(("DELETE", None));
        }
    }
    let what = if one { "one of them" } else { "their list" };
    let mut out = Describer { call, conn: &conn, out: Json::new(), table: resource.table };
    out.head(resource.title, &format!("{}: {what}", resource.title), resource.model);
    for (verb, shape) in actions {
        out.out.key(verb);
        match shape {
            Some(shape) => out.fields(resource, resource.fields, shape)?,
            None => out.out.raw(b"{}"),
        }
    }
    out.tail();
    Ok(Reply::json(200, out.out))
}

/// The answer to OPTIONS of something that is not a resource of its own: the fields by verb.
///
/// # Errors
/// The database cannot be asked.
pub fn of_fields(call: &Call, title: &str, model: &str, verbs: &[(&str, &'static [Field])]) -> Result<Reply> {
    let conn = call.db().read()?;
    let mut out = Describer { call, conn: &conn, out: Json::new(), table: "" };
    out.head(title, title, model);
    for (verb, fields) in verbs {
        out.out.key(verb);
        out.fields(&Resource::BASE, fields, Shape::Changed)?;
    }
    out.tail();
    Ok(Reply::json(200, out.out))
}

struct Describer<'a> {
    call: &'a Call,
    conn: &'a Connection,
    out: Json,
    table: &'static str,
}

impl Describer<'_> {
    fn head(&mut self, name: &str, description: &str, model: &str) {
        let out = &mut self.out;
        out.open('{');
        for (key, text) in [("name", name), ("description", description), ("model", model)] {
            if !text.is_empty() {
                out.key(key);
                out.text(text);
            }
        }
        out.key("renders");
        out.value(&[JSON]);
        out.key("parses");
        out.value(&[JSON, "application/x-www-form-urlencoded", "multipart/form-data"]);
        out.key("actions");
        out.open('{');
    }

    fn tail(&mut self) {
        self.out.close('}');
        self.out.close('}');
    }

    fn fields(&mut self, resource: &Resource, fields: &'static [Field], shape: Shape) -> Result<()> {
        self.out.open('{');
        for field in fields {
            let listed = field.belongs(matches!(shape, Shape::Row | Shape::Created));
            let on = match shape {
                Shape::Changed | Shape::Created | Shape::Whole => true,
                Shape::Row | Shape::Detail | Shape::Inside => resource.shows(field, shape == Shape::Row),
            };
            if listed && on {
                self.out.key(field.name);
                self.field(field, shape)?;
            }
        }
        self.out.close('}');
        Ok(())
    }

    fn field(&mut self, field: &'static Field, shape: Shape) -> Result<()> {
        let in_list = matches!(shape, Shape::Row | Shape::Created);
        let read_only =
            field.fixed && !field.says_writable || field.says_fixed || if in_list { field.says_fixed_in_list } else { field.once };
        self.out.open('{');
        self.attribute("type", |out| out.text(type_of(field)));
        self.attribute("required", |out| out.bool(field.required));
        self.attribute("read_only", |out| out.bool(read_only));
        self.attribute("label", |out| out.text(&label_of(field)));
        if !field.help.is_empty() {
            self.attribute("help_text", |out| out.text(field.help));
        }
        self.attribute("allow_null", |out| out.bool(field.null));
        match field.kind {
            Kind::Text(max) | Kind::Prose(max) | Kind::Url(max) | Kind::Email(max) => {
                if max > 0 {
                    self.attribute("max_length", |out| out.int(max.into()));
                }
                self.attribute("allow_blank", |out| out.bool(field.blank && !field.says_not_blank));
                if !read_only && !field.blank {
                    self.attribute("min_length", |out| out.int(1));
                }
            }
            Kind::Any(max) if max > 0 => self.attribute("max_length", |out| out.int(max.into())),
            Kind::Int(least, most) if !read_only => {
                self.attribute("min_value", |out| out.int(least));
                self.attribute("max_value", |out| out.int(most));
            }
            Kind::Number(..) if field.says_least => self.attribute("min_value", |out| out.int(0)),
            Kind::Fixed(digits, places) => self.digits(digits, places),
            Kind::Money => self.digits(19, 6),
            Kind::File(_) => self.attribute("max_length", |out| out.int(100)),
            Kind::Choice(choices) => {
                let list = input::choices_of(self.conn, choices)?;
                let longest = list.iter().map(|c| if let Value::Text(word) = &c.0 { word.len() } else { 0 }).max().unwrap_or(0);
                self.attribute("allow_blank", |out| out.bool(field.blank));
                if !field.plain_choice {
                    self.attribute("choices", |out| {
                        out.open('[');
                        for (value, name) in &list {
                            out.item();
                            out.open('{');
                            out.key("value");
                            write_value(value, out);
                            out.key("display_name");
                            out.text(name);
                            out.close('}');
                        }
                        out.close(']');
                    });
                }
                if longest > 0 {
                    // Currencies are exactly as long as their codes; other words leave room.
                    self.attribute("max_length", |out| out.int(if longest == 3 { 3 } else { field.max_word() }));
                }
            }
            Kind::Ref(target) => self.relation(field, target, shape)?,
            Kind::Nested(target) => {
                self.out.key("children");
                self.fields(target, target.fields, Shape::Inside)?;
            }
            Kind::Object(fields) => {
                self.out.key("children");
                self.fields(&Resource::BASE, fields, Shape::Changed)?;
            }
            Kind::Many(target) => self.child(field, target, target.fields, Shape::Inside)?,
            Kind::Json(fields) | Kind::List(fields) if !fields.is_empty() => self.child(field, &Resource::BASE, fields, Shape::Inside)?,
            Kind::Words => {
                self.out.key("child");
                self.out.raw(br#"{"type":"string","required":true,"read_only":false,"allow_null":false,"allow_blank":false}"#);
            }
            _ => {}
        }
        // Of a nested row the contract says so only where the row itself holds the key.
        let held = matches!((field.kind, field.source), (Kind::Nested(_), Source::Column(_)));
        if held || matches!(field.kind, Kind::Choice(_) | Kind::Many(_) | Kind::Json(_)) {
            self.attribute("filters", |out| out.raw(b"{}"));
        }
        self.default(field)?;
        self.out.close('}');
        Ok(())
    }

    fn attribute(&mut self, name: &str, write: impl FnOnce(&mut Json)) {
        self.out.plain_key(name);
        write(&mut self.out);
    }

    fn digits(&mut self, digits: u8, places: u8) {
        self.attribute("max_digits", |out| out.int(digits.into()));
        self.attribute("decimal_places", |out| out.int(places.into()));
        self.attribute("min_value", |out| out.int(0));
    }

    fn relation(&mut self, field: &Field, target: &Resource, shape: Shape) -> Result<()> {
        if !field.plain {
            self.attribute("model", |out| out.text(target.model));
            self.attribute("api_url", |out| out.text(&format!("/api/{}/", target.path)));
            self.attribute("pk_field", |out| out.text("pk"));
        }
        self.attribute("filters", |out| {
            out.open('{');
            for extra in field.extras.iter().flatten() {
                match extra {
                    Extra::Only(filters) | Extra::Tells(filters) => {
                        for (name, want) in *filters {
                            out.key(name);
                            out.bool(*want);
                        }
                    }
                    Extra::OnlyWithout(columns) => {
                        for column in *columns {
                            out.key(column);
                            out.null();
                        }
                    }
                    _ => {}
                }
            }
            out.close('}');
        });
        if let (true, Some(id), Shape::Detail | Shape::Changed | Shape::Inside) = (field.outside_tree, self.call.id, shape) {
            self.attribute("instance_filters", |out| out.value(&serde_json::json!({ "exclude_tree": id })));
        }
        let alike = field.extra(|extra| if let Extra::Alike(name) = extra { Some(name) } else { None });
        if let (Some(name), Some(id), Shape::Detail | Shape::Changed) = (alike, self.call.id, shape) {
            let sql = format!("SELECT \"{name}\" FROM \"{}\" WHERE id = ?1", self.table);
            let value: Option<i64> = crate::db::one(self.conn, &sql, [id])?;
            self.attribute("instance_filters", |out| out.value(&serde_json::json!({ name: value })));
        }
        Ok(())
    }

    fn child(&mut self, field: &Field, target: &Resource, fields: &'static [Field], shape: Shape) -> Result<()> {
        self.out.key("child");
        self.out.open('{');
        self.attribute("type", |out| out.text("nested object"));
        self.attribute("required", |out| out.bool(!field.fixed));
        self.attribute("read_only", |out| out.bool(field.fixed));
        if !field.label.is_empty() {
            self.attribute("label", |out| out.text(field.label));
        }
        self.attribute("allow_null", |out| out.bool(field.null));
        self.out.key("children");
        self.fields(target, fields, shape)?;
        self.out.close('}');
        Ok(())
    }

    fn default(&mut self, field: &Field) -> Result<()> {
        if matches!(field.fill, Fill::Nothing) {
            return Ok(());
        }
        if matches!(field.fill, Fill::Caller) {
            self.attribute("default", |out| out.int(self.call.user.id));
        } else if let Fill::Int(int) = field.fill {
            self.attribute("default", |out| out.int(int));
        } else if let Some(value) = input::filled(self.conn, field)? {
            self.attribute("default", |out| write_value(&value, out));
        }
        Ok(())
    }
}

fn write_value(value: &Value, out: &mut Json) {
    match value {
        Value::Flag(flag) => out.bool(*flag),
        Value::Int(int) => out.int(*int),
        Value::Real(real) => out.float(*real),
        Value::Text(text) => out.text(text),
        _ => out.null(),
    }
}

/// The label: given, or made of the name.
pub fn label_of(field: &Field) -> String {
    if !field.label.is_empty() {
        return field.label.into();
    }
    let words = field.name.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The contract's name for the type of a field.
pub fn type_of(field: &Field) -> &'static str {
    if field.plain {
        return "field";
    }
    match field.kind {
        Kind::Int(..) => "integer",
        Kind::Bool => "boolean",
        Kind::Text(_) if field.slug => "slug",
        Kind::Text(_) | Kind::Prose(_) => "string",
        Kind::Url(_) => "url",
        Kind::Email(_) => "email",
        Kind::Number(..) | Kind::Float => "float",
        Kind::Fixed(..) | Kind::Money => "decimal",
        Kind::Date => "date",
        Kind::DateTime => "datetime",
        Kind::Choice(_) => "choice",
        Kind::Ref(_) => "related field",
        Kind::Nested(_) | Kind::Object(_) => "nested object",
        Kind::Words => "list",
        Kind::File(true) => "image upload",
        Kind::File(false) => "file upload",
        Kind::Many(_) | Kind::Json(_) | Kind::List(_) | Kind::Keys(_) | Kind::Any(_) | Kind::Expanded(_) => "field",
    }
}

impl Field {
    /// How long a word of this choice may become: the contract leaves room beyond the longest of today.
    fn max_word(&self) -> i64 {
        let said = self.extra(|extra| if let Extra::UpTo(characters) = extra { Some(characters) } else { None });
        said.unwrap_or(if self.fixed && matches!(self.source, Source::Column(_)) { 50 } else { 10 })
    }
}
