//! The schemas of the OpenAPI document: what a body looks like, read from the fields that describe it.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use stockroom::engine::describe::{Choices, Field, Fill, Kind, Resource, Source};
use stockroom::engine::input::{self, Value as Found};
use stockroom::engine::options::label_of;

/// The named schemas of a document, as far as it refers to them.
pub struct Schemas<'a> {
    conn: &'a Connection,
    named: BTreeMap<String, (usize, Value)>,
    patched: BTreeSet<String>,
}

/// Where a named schema stands.
fn refer(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

impl<'a> Schemas<'a> {
    /// None yet. The connection is that of an empty database: it knows the values of choices that only a database knows.
    pub fn new(conn: &'a Connection) -> Self {
        Schemas { conn, named: BTreeMap::new(), patched: BTreeSet::new() }
    }

    /// All of them, by name.
    pub fn finish(mut self) -> Map<String, Value> {
        for name in &self.patched {
            let Some((_, mut schema)) = self.named.get(name).cloned() else { continue };
            if let Some(schema) = schema.as_object_mut() {
                schema.shift_remove("required");
            }
            self.named.insert(format!("Patched{name}"), (0, schema));
        }
        self.named.into_iter().map(|(name, (_, schema))| (name, schema)).collect()
    }

    /// A row of a resource, as its list has it or as it looks alone.
    pub fn of(&mut self, resource: &'static Resource, one: bool) -> Value {
        if resource.one_schema.is_empty() {
            return self.fields(resource.schema, resource.fields.iter());
        }
        let name = if one { resource.one_schema } else { resource.schema };
        self.fields(name, resource.fields.iter().filter(|field| field.belongs(!one)))
    }

    /// An object of these fields; without a name it is written out where it is used.
    pub fn fields(&mut self, name: &str, fields: impl Iterator<Item = &'static Field>) -> Value {
        let fields: Vec<_> = fields.collect();
        if name.is_empty() {
            return self.object(&fields);
        }
        // Short forms of a resource go by the same name; the document shows the longest.
        if self.named.get(name).is_none_or(|known| known.0 < fields.len()) {
            self.named.insert(name.into(), (fields.len(), Value::Null));
            let schema = self.object(&fields);
            self.named.insert(name.into(), (fields.len(), schema));
        }
        refer(name)
    }

    /// The same body where nothing is required.
    pub fn patched(&mut self, schema: Value) -> Value {
        match name_of(&schema).map(String::from) {
            Some(name) => {
                let reference = refer(&format!("Patched{name}"));
                self.patched.insert(name);
                reference
            }
            None => schema,
        }
    }

    /// A list as it comes: one page, or, where none is asked for, all rows.
    pub fn page_or_all(&mut self, row: &Value) -> Value {
        json!({"anyOf": [self.paginated(row), {"type": "array", "items": row}]})
    }

    fn paginated(&mut self, row: &Value) -> Value {
        let name = format!("Paginated{}List", name_of(row).unwrap_or_default());
        let link = json!({"type": "string", "nullable": true, "format": "uri"});
        let page = json!({
            "type": "object",
            "required": ["count", "results"],
            "properties": {"count": {"type": "integer"}, "next": link, "previous": link, "results": {"type": "array", "items": row}},
        });
        self.named.insert(name.clone(), (0, page));
        refer(&name)
    }

    /// What names the rows of a bulk operation.
    pub fn bulk(&mut self) -> Value {
        let named = json!({
            "type": "object",
            "description": "Which rows are meant.",
            "properties": {
                "items": {"type": "array", "items": {"type": "integer"}, "title": "Keys of the rows"},
                "filters": {"type": "object", "additionalProperties": {}, "title": "Or: filters of the list, with their values"},
            },
        });
        self.named.insert("BulkRequest".into(), (0, named));
        refer("BulkRequest")
    }

    fn object(&mut self, fields: &[&'static Field]) -> Value {
        let mut properties = Map::new();
        let mut required = BTreeSet::new();
        for field in fields {
            if properties.contains_key(field.name) {
                continue;
            }
            if if read_only(field) { always_answered(field) } else { field.required } {
                required.insert(field.name);
            }
            properties.insert(field.name.into(), self.property(field));
        }
        let mut object = Map::from_iter([("type".into(), json!("object")), ("properties".into(), properties.into())]);
        if !required.is_empty() {
            object.insert("required".into(), json!(required));
        }
        object.into()
    }

    fn property(&mut self, field: &'static Field) -> Value {
        let fixed = read_only(field);
        let mut property = match self.kind(field, fixed) {
            Value::Object(property) => property,
            _ => Map::new(),
        };
        // Beside $ref nothing else is read: it goes into a list of one.
        if property.contains_key("$ref") {
            property = Map::from_iter([("allOf".into(), json!([property]))]);
        }
        for (key, is) in [("readOnly", fixed), ("writeOnly", field.secret && !fixed), ("nullable", field.null || field.shows_null)] {
            if is {
                property.insert(key.into(), true.into());
            }
        }
        let label = label_of(field);
        if !label.eq_ignore_ascii_case(&field.name.replace('_', " ")) {
            property.insert("title".into(), label.into());
        }
        if !field.help.is_empty() {
            property.insert("description".into(), field.help.into());
        }
        if let Some(default) = default(field).filter(|_| !fixed) {
            property.insert("default".into(), default);
        }
        property.into()
    }

    fn kind(&mut self, field: &'static Field, fixed: bool) -> Value {
        let text = |max: u32, format: &str| {
            let mut text = json!({"type": "string"});
            if !format.is_empty() {
                text["format"] = format.into();
            }
            if max > 0 && !fixed {
                text["maxLength"] = max.into();
            }
            text
        };
        match field.holds {
            "{}" => return json!({"type": "object", "additionalProperties": {}}),
            "[]" => return json!({"type": "array", "items": {}}),
            "boolean" => return json!({"type": "boolean"}),
            "date-time" => return text(0, "date-time"),
            _ => {}
        }
        match field.kind {
            Kind::Int(least, most) if !fixed && !field.shown_whole => {
                json!({"type": "integer", "format": "int64", "minimum": least, "maximum": most})
            }
            Kind::Int(..) | Kind::Ref(_) => json!({"type": "integer"}),
            Kind::Bool => json!({"type": "boolean"}),
            Kind::Text(max) | Kind::Prose(max) => text(max, ""),
            Kind::Url(max) => filled(text(max, "uri"), field),
            Kind::Email(max) => filled(text(max, "idn-email"), field),
            Kind::Number(..) | Kind::Float => json!({"type": "number", "format": "double"}),
            Kind::Fixed(digits, places) => decimal(digits, places),
            Kind::Money if fixed => json!({"type": "number"}),
            Kind::Money => json!({"anyOf": [{"type": "number"}, decimal(19, 6)]}),
            Kind::Date => text(0, "date"),
            Kind::DateTime if fixed => moment(),
            Kind::DateTime => json!({"anyOf": [moment(), text(0, "date-time")]}),
            Kind::Choice(choices) => self.choice(choices, field),
            Kind::Nested(target) => self.of(target, false),
            Kind::Many(target) => json!({"type": "array", "items": self.of(target, false)}),
            Kind::Object(fields) => self.fields(field.holds, fields.iter()),
            Kind::Json(fields) | Kind::List(fields) if !fields.is_empty() => {
                json!({"type": "array", "items": self.fields(field.holds, fields.iter())})
            }
            Kind::Keys(_) => json!({"type": "array", "items": {"type": "integer"}}),
            Kind::Words => json!({"type": "array", "items": {"type": "string"}}),
            Kind::File(_) => text(0, "uri-reference"),
            Kind::Json(_) | Kind::List(_) | Kind::Any(_) | Kind::Expanded(_) => json!({}),
        }
    }

    /// A list that stands in the program is shown; one that grows in the database is not.
    fn choice(&self, choices: Choices, field: &Field) -> Value {
        let known = input::choices_of(self.conn, choices).unwrap_or_default();
        let numbers = known.first().is_some_and(|c| matches!(c.0, Found::Int(_)));
        let mut schema = json!({"type": if numbers { "integer" } else { "string" }});
        if !matches!(choices, Choices::By(_)) {
            let mut values: Vec<Value> = match choices {
                Choices::Numbers(list) => list.iter().map(|c| c.0.into()).collect(),
                Choices::Words(list) => list.iter().map(|c| c.0.into()).collect(),
                Choices::By(_) => Vec::new(),
            };
            if field.blank && !values.contains(&"".into()) {
                values.push("".into());
            }
            // What a new row gets is possible, though nobody can choose it.
            values.extend(default(field).filter(|default| !values.contains(default)));
            if field.null {
                values.push(Value::Null);
            }
            schema["enum"] = values.into();
        }
        schema
    }
}

/// Answered only: what is sent for it is not looked at. Where OPTIONS and the contract's document disagree, `plain` ones go with OPTIONS.
fn read_only(field: &Field) -> bool {
    field.fixed && !field.says_writable || field.says_fixed && field.plain
}

/// Is it in every answer, and never null?
fn always_answered(field: &Field) -> bool {
    let joined = matches!((field.source, field.fill), (Source::Joined(_), Fill::Nothing));
    !field.null && !field.shows_null && field.flag().is_none() && !joined && !field.absent_when_null
}

/// What a reference refers to.
pub fn name_of(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.rsplit('/').next()
}

/// A moment as it is answered.
fn moment() -> Value {
    json!({"type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2} \\d{2}:\\d{2}$"})
}

/// A text of some format, or none at all.
fn filled(mut text: Value, field: &Field) -> Value {
    if !field.blank && !field.fixed {
        return text;
    }
    let most = text.as_object_mut().and_then(|text| text.shift_remove("maxLength"));
    let mut either = json!({"anyOf": [text, {"type": "string", "maxLength": 0}]});
    if let Some(most) = most {
        either["maxLength"] = most;
    }
    either
}

fn decimal(digits: u8, places: u8) -> Value {
    let whole = digits.saturating_sub(places);
    json!({"type": "string", "format": "decimal", "pattern": format!("^-?\\d{{0,{whole}}}(?:\\.\\d{{0,{places}}})?$")})
}

/// What a new row gets, where that is the same on every server.
fn default(field: &Field) -> Option<Value> {
    match (field.fill, field.kind) {
        (Fill::Flag(flag), _) => Some(flag.into()),
        (Fill::Int(n), Kind::Number(..)) => Some(json!(f64::from(i32::try_from(n).ok()?))),
        (Fill::Int(n), Kind::Fixed(..) | Kind::Money) => Some(n.to_string().into()),
        (Fill::Int(n), _) => Some(n.into()),
        (Fill::Text(text), _) => Some(text.into()),
        _ => None,
    }
}
