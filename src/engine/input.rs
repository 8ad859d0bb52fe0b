//! What a request brings: JSON, forms and multipart, checked against the fields of a description.

use rusqlite::Connection;
use rusqlite::types::{ToSql, ToSqlOutput};
use serde_json::Value as Raw;

use super::call::loosely_true;
use super::describe::{Choices, Extra, Field, Fill, Kind, Resource};
use super::moment;
use crate::db;
use crate::error::{Error, Problem, Problems, Result, WHOLE};

/// The body of a request.
#[derive(Debug, Default)]
pub enum Content {
    /// Nothing, which counts as an object without keys.
    #[default]
    Nothing,
    /// JSON.
    Json(Raw),
    /// A form, with or without files.
    Form(Vec<(String, Part)>),
    /// As it came, for addresses that look at it themselves.
    Raw(Vec<u8>),
}

/// One entry of a form.
#[derive(Debug)]
pub enum Part {
    /// Text.
    Text(String),
    /// A file.
    File(Upload),
}

/// A file that came with a form.
#[derive(Clone, Debug, PartialEq)]
pub struct Upload {
    /// The name that the client gave it.
    pub name: String,
    /// What is in it.
    pub bytes: std::sync::Arc<Vec<u8>>,
    /// Where it lies in the media folder, once it was put there.
    pub kept: std::sync::OnceLock<String>,
}

/// A checked value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Null.
    Null,
    /// True or false.
    Flag(bool),
    /// A whole number, a key, millionths or a moment: what the column holds.
    Int(i64),
    /// A floating point number.
    Real(f64),
    /// Text, a day.
    Text(String),
    /// A list of words.
    Words(Vec<String>),
    /// A list of keys.
    Keys(Vec<i64>),
    /// An object.
    Object(Input),
    /// A list of objects.
    List(Vec<Input>),
    /// Any JSON.
    Json(Raw),
}

impl From<Option<i64>> for Value {
    fn from(int: Option<i64>) -> Value {
        int.map_or(Value::Null, Value::Int)
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        use rusqlite::types::ValueRef;
        Ok(match self {
            Value::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Value::Flag(flag) => i64::from(*flag).into(),
            Value::Int(int) => (*int).into(),
            Value::Real(real) => (*real).into(),
            Value::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Value::Json(json) => json.to_string().into(),
            Value::Words(words) => Raw::from(words.clone()).to_string().into(),
            Value::Keys(_) | Value::Object(_) | Value::List(_) => {
                return Err(rusqlite::Error::ToSqlConversionFailure("this value has no column".into()));
            }
        })
    }
}

/// The checked fields of one object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Input {
    values: Vec<(&'static str, Value, bool)>,
}

impl Input {
    /// The value of a field, whether sent or filled in.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|v| v.0 == name).map(|v| &v.1)
    }

    /// Did the request name it?
    pub fn sent(&self, name: &str) -> bool {
        self.values.iter().any(|v| v.0 == name && v.2)
    }

    /// A key, a number, millionths or a moment.
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Value::Int(int)) => Some(*int),
            _ => None,
        }
    }

    /// A text; empty if there is none.
    pub fn text(&self, name: &str) -> &str {
        match self.get(name) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    /// A flag; false if there is none.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name) == Some(&Value::Flag(true))
    }

    /// A list of objects.
    pub fn list(&self, name: &str) -> &[Input] {
        match self.get(name) {
            Some(Value::List(list)) => list,
            _ => &[],
        }
    }

    /// Sets a value, as if it had been filled in.
    pub fn set(&mut self, name: &'static str, value: Value) {
        match self.values.iter_mut().find(|v| v.0 == name) {
            Some(entry) => entry.1 = value,
            None => self.values.push((name, value, false)),
        }
    }

    /// All fields with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.values.iter().map(|v| (v.0, &v.1))
    }
}

/// One value as it came.
#[derive(Clone, Copy)]
enum Given<'a> {
    Json(&'a Raw),
    Text(&'a str),
    File(&'a Upload),
}

impl Content {
    fn given(&self, name: &str) -> Option<Given<'_>> {
        match self {
            Content::Nothing | Content::Raw(_) => None,
            Content::Json(json) => json.get(name).map(Given::Json),
            Content::Form(parts) => parts.iter().rev().find(|p| p.0 == name).map(|p| match &p.1 {
                Part::Text(text) => Given::Text(text),
                Part::File(file) => Given::File(file),
            }),
        }
    }

    /// The raw JSON of a key, for what no description covers.
    pub fn raw(&self, name: &str) -> Option<Raw> {
        match self.given(name)? {
            Given::Json(json) => Some(json.clone()),
            Given::Text(text) => Some(text.into()),
            Given::File(_) => None,
        }
    }

    /// Is it JSON, but no object?
    pub fn is_no_object(&self) -> bool {
        matches!(self, Content::Json(json) if !json.is_object())
    }

    fn is_form(&self) -> bool {
        matches!(self, Content::Form(_))
    }
}

/// How complete an object must be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A creation: required fields must be there, others are filled in.
    Create,
    /// PUT: required fields must be there.
    Replace,
    /// PATCH: whatever is there.
    Change,
}

/// Checks a body against the writable fields.
///
/// # Errors
/// `Invalid`, with everything that is wrong.
pub fn read(conn: &Connection, fields: &'static [Field], content: &Content, mode: Mode) -> Result<Input> {
    let mut problems = Problems::default();
    let input = object(conn, fields, content, mode, &mut problems)?;
    problems.result()?;
    Ok(input)
}

fn object(conn: &Connection, fields: &'static [Field], content: &Content, mode: Mode, problems: &mut Problems) -> Result<Input> {
    if let Content::Json(json) = content
        && !json.is_object()
    {
        problems.add(WHOLE, format!("An object is expected here, not {}.", kind_of(json)));
        return Ok(Input::default());
    }
    let mut input = Input::default();
    for field in fields.iter().filter(|f| !f.fixed && (mode == Mode::Create || !f.once)) {
        match content.given(field.name) {
            Some(given) => match value(conn, field, given)? {
                Ok(value) => input.values.push((field.name, value, true)),
                Err(problem) => problems.put(field.name, problem),
            },
            None if mode == Mode::Change => {}
            // An HTML form has no way to say "unchecked": what is not there is what a new row gets, or else false.
            None if content.is_form() && matches!(field.kind, Kind::Bool) => {
                let value = filled(conn, field)?.unwrap_or(Value::Flag(false));
                input.values.push((field.name, value, false));
            }
            None => match filled(conn, field)? {
                Some(value) if mode == Mode::Create => input.values.push((field.name, value, false)),
                None if field.required => problems.add(field.name, "This field is required."),
                _ => {}
            },
        }
    }
    Ok(input)
}

/// What a new row gets for a field that the request leaves out.
///
/// # Errors
/// The database cannot be asked.
pub fn filled(conn: &Connection, field: &Field) -> Result<Option<Value>> {
    Ok(match field.fill {
        Fill::Nothing | Fill::Caller => None,
        Fill::Flag(flag) => Some(Value::Flag(flag)),
        Fill::Int(int) => Some(Value::Int(if millionths(field) { int * 1_000_000 } else { int })),
        Fill::Text(text) => Some(Value::Text(text.into())),
        Fill::Null => Some(Value::Null),
        Fill::By(find) => Some(find(conn)?),
        Fill::Setting(key) => {
            let text = crate::site::setting(conn, key)?;
            Some(match field.kind {
                Kind::Bool => Value::Flag(loosely_true(&text)),
                Kind::Int(..) => Value::Int(text.trim().parse().unwrap_or_default()),
                _ => Value::Text(text),
            })
        }
    })
}

fn millionths(field: &Field) -> bool {
    matches!(field.kind, Kind::Number(..) | Kind::Fixed(..) | Kind::Money)
}

fn kind_of(json: &Raw) -> &'static str {
    match json {
        Raw::Null => "null",
        Raw::Bool(_) => "a boolean",
        Raw::Number(_) => "a number",
        Raw::String(_) => "a text",
        Raw::Array(_) => "a list",
        Raw::Object(_) => "an object",
    }
}

type Checked = std::result::Result<Value, Problem>;

fn bad(text: impl Into<String>) -> Problem {
    Problem::Texts(vec![text.into()])
}

fn value(conn: &Connection, field: &'static Field, given: Given<'_>) -> Result<Checked> {
    let nothing = match given {
        Given::Json(Raw::Null) => true,
        // A key, a day or a number may be cleared with an empty text; in a form there is no other way.
        Given::Json(Raw::String(text)) => text.is_empty() && matches!(field.kind, Kind::Ref(_) | Kind::Money),
        Given::Text(text) => text.is_empty() && field.null && !is_text(field),
        _ => false,
    };
    if nothing {
        return Ok(if field.null { Ok(Value::Null) } else { Err(bad("This field may not be null.")) });
    }
    Ok(match field.kind {
        Kind::Bool => match (field.also_known(), plain(given)) {
            (Some(word_of), Some(text)) => flag(Given::Text(&word_of(conn, &text)?.unwrap_or(text))),
            _ => flag(given),
        },
        Kind::Int(least, most) => whole(given, least, most),
        Kind::Text(max) => text(field, given, max, false),
        Kind::Prose(max) => text(field, given, max, true),
        Kind::Url(max) => text(field, given, max, false).and_then(|v| web_address(conn, v)),
        Kind::Email(max) => text(field, given, max, false).and_then(mail_address),
        Kind::Number(digits, places) | Kind::Fixed(digits, places) => amount(given, digits, places, field),
        Kind::Money => amount(given, 19, 6, field),
        Kind::Float => real(given),
        Kind::Date => match plain(given).and_then(|t| moment::read_day(&t)) {
            Some(day) => Ok(Value::Text(day)),
            None => Err(bad("A date is written YYYY-MM-DD.")),
        },
        Kind::DateTime => match plain(given).and_then(|t| moment::read(&t)) {
            Some(at) => Ok(Value::Int(at)),
            None => Err(bad("A moment is written in ISO 8601, like 2026-01-31T13:45:00Z.")),
        },
        Kind::Choice(choices) => choose(conn, choices, given, field)?,
        Kind::Ref(target) => reference(conn, field, target, given)?,
        Kind::Keys(target) => key_list(conn, target, given)?,
        Kind::Words | Kind::Json(_) => word_list(given),
        Kind::File(_) => match given {
            Given::File(file) if file.bytes.is_empty() => Err(bad("The file is empty.")),
            Given::File(file) => match file.kept.get() {
                Some(name) => Ok(Value::Text(name.clone())),
                None => Err(bad("This is no image that can be read: PNG, JPEG, GIF, WebP and BMP can.")),
            },
            _ => Err(bad("This is not a file; send it as multipart/form-data.")),
        },
        Kind::Object(fields) => inner(conn, fields, given)?,
        Kind::List(fields) => objects(conn, fields, given)?,
        Kind::Any(max) => anything(given, max),
        Kind::Nested(_) | Kind::Many(_) | Kind::Expanded(_) => Err(bad("This field cannot be written.")),
    })
}

fn anything(given: Given<'_>, max: u32) -> Checked {
    let json = match given {
        Given::Json(json) => json.clone(),
        Given::Text(text) => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
        Given::File(_) => return Err(bad("A file is not expected here.")),
    };
    let length = json.as_str().map_or(0, |text| text.chars().count());
    if max > 0 && length > usize::try_from(max).unwrap_or(usize::MAX) {
        return Err(bad(format!("At most {max} characters are possible.")));
    }
    Ok(Value::Json(json))
}

fn is_text(field: &Field) -> bool {
    matches!(field.kind, Kind::Text(_) | Kind::Prose(_) | Kind::Url(_) | Kind::Email(_))
}

/// Text or number, as text.
fn plain(given: Given<'_>) -> Option<String> {
    match given {
        Given::Text(text) => Some(text.to_string()),
        Given::Json(Raw::String(text)) => Some(text.clone()),
        Given::Json(Raw::Number(number)) => Some(number.to_string()),
        _ => None,
    }
}

fn flag(given: Given<'_>) -> Checked {
    let word = match given {
        Given::Json(Raw::Bool(flag)) => return Ok(Value::Flag(*flag)),
        other => plain(other).unwrap_or_default(),
    };
    match word.to_ascii_lowercase().as_str() {
        "t" | "y" | "yes" | "true" | "on" | "1" | "1.0" => Ok(Value::Flag(true)),
        "f" | "n" | "no" | "false" | "off" | "0" | "0.0" => Ok(Value::Flag(false)),
        _ => Err(bad("True or false is expected here.")),
    }
}

fn whole(given: Given<'_>, least: i64, most: i64) -> Checked {
    let parsed = plain(given).and_then(|t| {
        t.trim()
            .split_once('.')
            .filter(|(_, zeros)| zeros.bytes().all(|b| b == b'0'))
            .map_or_else(|| t.trim().parse().ok(), |(n, _)| n.parse().ok())
    });
    match parsed {
        None => Err(bad("A whole number is expected here.")),
        Some(n) if n < least => Err(bad(format!("The least value here is {least}."))),
        Some(n) if n > most => Err(bad(format!("The greatest value here is {most}."))),
        Some(n) => Ok(Value::Int(n)),
    }
}

fn real(given: Given<'_>) -> Checked {
    match plain(given).and_then(|t| t.trim().parse::<f64>().ok()).filter(|n| n.is_finite()) {
        Some(n) => Ok(Value::Real(n)),
        None => Err(bad("A number is expected here.")),
    }
}

fn amount(given: Given<'_>, digits: u8, places: u8, field: &Field) -> Checked {
    let Some(text) = plain(given) else { return Err(bad("A valid number is expected here.")) };
    match decimal(&text, digits, places, matches!(field.kind, Kind::Money)) {
        Ok(n) if n < 0 && !field.below_zero => Err(bad("A value below zero makes no sense here.")),
        Ok(n) => Ok(Value::Int(n)),
        Err(why) => Err(bad(why)),
    }
}

/// Reads a decimal number into millionths: at most so many digits in all and after the point; with `round`, surplus places are rounded away.
///
/// # Errors
/// A sentence for the client.
pub fn decimal(text: &str, digits: u8, places: u8, round: bool) -> std::result::Result<i64, String> {
    const JUNK: &str = "A valid number is expected here.";
    let text = text.trim();
    let (negative, body) = match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..).unwrap_or_default()),
        Some(b'+') => (false, text.get(1..).unwrap_or_default()),
        _ => (false, text),
    };
    let (mantissa, exponent) = match body.find(['e', 'E']) {
        Some(at) => (
            body.get(..at).unwrap_or_default(),
            body.get(at + 1..).and_then(|e| e.parse::<i32>().ok()).filter(|e| e.abs() < 400).ok_or(JUNK)?,
        ),
        None => (body, 0),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all: Vec<u8> = whole.bytes().chain(part.bytes()).collect();
    if all.is_empty() || all.len() > 400 || !all.iter().all(u8::is_ascii_digit) {
        return Err(JUNK.into());
    }
    let significant: &[u8] = all.split_at(all.iter().position(|d| *d != b'0').unwrap_or(all.len())).1;
    // The number is `significant` × 10^-scale.
    let mut scale = i32::try_from(part.len()).map_err(|_| JUNK)? - exponent;
    let mut number = significant.to_vec();
    while scale > 0 && number.last() == Some(&b'0') {
        number.pop();
        scale -= 1;
    }
    if number.is_empty() {
        return Ok(0);
    }
    let whole_digits = i32::try_from(number.len()).map_err(|_| JUNK)? - scale;
    if whole_digits > i32::from(digits - places)
        || !round && i32::try_from(number.len()).unwrap_or(i32::MAX).max(scale) > i32::from(digits) && scale <= i32::from(places)
    {
        return Err(format!("At most {digits} digits are possible, {places} of them after the point."));
    }
    if scale > i32::from(places) && !round {
        return Err(format!("At most {places} places after the point are possible."));
    }
    let shift = 6 - scale;
    let mut value: i128 = 0;
    let keep = if shift < 0 { number.len().saturating_sub(shift.unsigned_abs() as usize) } else { number.len() };
    for digit in number.iter().take(keep) {
        value = value * 10 + i128::from(digit - b'0');
    }
    if shift >= 0 {
        value *= 10i128.pow(shift.unsigned_abs());
    } else if shift.unsigned_abs() as usize <= number.len() && number.get(keep).is_some_and(|d| *d >= b'5') {
        value += 1;
    }
    let value = i64::try_from(value).map_err(|_| "This number is too large.".to_string())?;
    Ok(if negative { -value } else { value })
}

fn text(field: &Field, given: Given<'_>, max: u32, lines: bool) -> Checked {
    let Some(text) = plain(given) else { return Err(bad("A text is expected here.")) };
    let clean = cleaned(&text, lines);
    if clean.is_empty() && !field.blank {
        return Err(bad("This field may not be blank."));
    }
    if max > 0 && clean.chars().count() > usize::try_from(max).unwrap_or(usize::MAX) {
        return Err(bad(format!("At most {max} characters are possible.")));
    }
    if has_markup(&clean) {
        return Err(bad("HTML tags are not possible here."));
    }
    Ok(Value::Text(clean))
}

/// Without control characters (line breaks stay if `lines`) and without blanks at the ends.
pub fn cleaned(text: &str, lines: bool) -> String {
    let kept: String = text.chars().filter(|c| !c.is_control() || lines && matches!(c, '\n' | '\r' | '\t')).collect();
    kept.trim().to_string()
}

/// Does it hold something that a browser would take for a tag?
pub fn has_markup(text: &str) -> bool {
    text.match_indices('<').any(|(at, _)| {
        let rest = text.get(at + 1..).unwrap_or_default();
        rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) && rest.contains('>')
    })
}

fn web_address(conn: &Connection, value: Value) -> Checked {
    let Value::Text(text) = &value else { return Ok(value) };
    if text.is_empty() {
        return Ok(value);
    }
    let wrong = || bad("This is not a web address.");
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (scheme, rest),
        None if crate::site::setting(conn, "INVENTREE_STRICT_URLS").is_ok_and(|v| !loosely_true(&v)) => ("http", text.as_str()),
        None => return Err(wrong()),
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let name = if host.starts_with('[') { host } else { host.split(':').next().unwrap_or_default() };
    let known = matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https" | "ftp" | "ftps");
    let plausible = name == "localhost"
        || name.starts_with('[')
        || name.contains('.') && !name.starts_with('.') && !name.ends_with('.') && !name.contains("..");
    // Blanks in the path are common in real part lists, and harmless.
    if known && plausible && !host.contains(char::is_whitespace) { Ok(value) } else { Err(wrong()) }
}

fn mail_address(value: Value) -> Checked {
    let Value::Text(text) = &value else { return Ok(value) };
    let good = text.is_empty()
        || text.split_once('@').is_some_and(|(who, host)| {
            !who.is_empty()
                && !host.contains('@')
                && (host == "localhost" || host.contains('.') && !host.starts_with('.') && !host.ends_with('.'))
                && !text.contains(char::is_whitespace)
        });
    if good { Ok(value) } else { Err(bad("This is not an e-mail address.")) }
}

/// The possible values of a choice with their names.
///
/// # Errors
/// The database cannot be asked.
pub fn choices_of(conn: &Connection, choices: Choices) -> Result<Vec<(Value, String)>> {
    Ok(match choices {
        Choices::Numbers(list) => list.iter().map(|(n, name)| (Value::Int(*n), (*name).to_string())).collect(),
        Choices::Words(list) => list.iter().map(|(w, name)| (Value::Text((*w).into()), (*name).to_string())).collect(),
        Choices::By(find) => find(conn)?,
    })
}

fn choose(conn: &Connection, choices: Choices, given: Given<'_>, field: &Field) -> Result<Checked> {
    let Some(text) = plain(given) else { return Ok(Err(bad("This is not one of the choices."))) };
    let other = field.also_known().map(|word_of| word_of(conn, &text)).transpose()?.flatten();
    let text = other.unwrap_or(text);
    if text.is_empty() && field.blank {
        return Ok(Ok(if field.null { Value::Null } else { Value::Text(text) }));
    }
    let found = choices_of(conn, choices)?.into_iter().map(|c| c.0).find(|value| match value {
        Value::Int(n) => text.trim() == n.to_string(),
        Value::Text(word) => *word == text,
        _ => false,
    });
    Ok(found.ok_or_else(|| bad(format!("\"{text}\" is not one of the choices."))))
}

/// Is there a row with that key (and, for the field, with the flags it demands)?
fn exists(conn: &Connection, target: &Resource, only: &[(&str, bool)], without: &[&str], id: i64) -> Result<bool> {
    let mut sql = format!("SELECT 1 FROM \"{}\" t WHERE id = ?1", target.table);
    for (name, want) in only {
        sql += &format!(" AND {} = {}", name, u8::from(*want));
    }
    for name in without {
        sql += &format!(" AND {name} IS NULL");
    }
    Ok(db::one::<i64>(conn, &sql, [id])?.is_some())
}

fn reference(conn: &Connection, field: &Field, target: &Resource, given: Given<'_>) -> Result<Checked> {
    let id = match given {
        Given::Json(Raw::Bool(_) | Raw::Array(_) | Raw::Object(_)) | Given::File(_) => return Ok(Err(bad("A key is expected here."))),
        other => plain(other).unwrap_or_default(),
    };
    let only = field.extra(|extra| if let Extra::Only(flags) = extra { Some(flags) } else { None }).unwrap_or_default();
    let without = field.extra(|extra| if let Extra::OnlyWithout(columns) = extra { Some(columns) } else { None }).unwrap_or_default();
    Ok(match id.trim().parse() {
        Err(_) => Err(bad("A key is expected here.")),
        Ok(key) if exists(conn, target, only, without, key)? => Ok(Value::Int(key)),
        Ok(key) => Err(bad(format!("There is no {} {key} that could stand here.", target.title))),
    })
}

fn key_list(conn: &Connection, target: &Resource, given: Given<'_>) -> Result<Checked> {
    let parsed: Option<Vec<i64>> = match given {
        Given::Json(Raw::Array(list)) => list.iter().map(|v| v.as_i64().or_else(|| v.as_str()?.trim().parse().ok())).collect(),
        Given::Text(text) => serde_json::from_str(text).ok().or_else(|| text.split(',').map(|t| t.trim().parse().ok()).collect()),
        _ => None,
    };
    let Some(keys) = parsed else { return Ok(Err(bad("A list of keys is expected here."))) };
    for key in &keys {
        if !exists(conn, target, &[], &[], *key)? {
            return Ok(Err(bad(format!("There is no {} {key}.", target.title))));
        }
    }
    Ok(Ok(Value::Keys(keys)))
}

fn word_list(given: Given<'_>) -> Checked {
    let list = match given {
        Given::Json(Raw::Array(list)) => Some(list.clone()),
        Given::Json(Raw::String(text)) => serde_json::from_str(text).ok(),
        Given::Text(text) => serde_json::from_str(text).ok(),
        _ => None,
    };
    let Some(list) = list else { return Err(bad("A list of texts is expected here; as text it must be JSON.")) };
    let words: Option<Vec<String>> = list.iter().map(|v| v.as_str().map(|t| cleaned(t, false))).collect();
    match words {
        Some(words) if words.iter().any(|w| has_markup(w) || w.chars().count() > 100) => {
            Err(bad("At most 100 characters each, without HTML tags."))
        }
        Some(words) => Ok(Value::Words(words.into_iter().filter(|w| !w.is_empty()).collect())),
        None => Err(bad("Every element must be a text.")),
    }
}

fn parsed(given: Given<'_>) -> Option<Raw> {
    match given {
        Given::Json(json) => Some(json.clone()),
        Given::Text(text) => serde_json::from_str(text).ok(),
        Given::File(_) => None,
    }
}

fn inner(conn: &Connection, fields: &'static [Field], given: Given<'_>) -> Result<Checked> {
    let mut problems = Problems::default();
    let json = parsed(given).unwrap_or_default();
    let input = object(conn, fields, &Content::Json(json), Mode::Create, &mut problems)?;
    Ok(if problems.is_empty() { Ok(Value::Object(input)) } else { Err(Problem::Inside(problems)) })
}

fn objects(conn: &Connection, fields: &'static [Field], given: Given<'_>) -> Result<Checked> {
    let Some(Raw::Array(list)) = parsed(given) else { return Ok(Err(bad("A list is expected here."))) };
    let (mut inputs, mut each, mut wrong) = (Vec::new(), Vec::new(), false);
    for element in list {
        let mut problems = Problems::default();
        inputs.push(object(conn, fields, &Content::Json(element), Mode::Create, &mut problems)?);
        wrong |= !problems.is_empty();
        each.push(problems);
    }
    Ok(if wrong { Err(Problem::Each(each)) } else { Ok(Value::List(inputs)) })
}

/// Reads a body by its media type.
///
/// # Errors
/// 400 for what cannot be parsed, 415 for types that nobody reads here.
pub fn content(kind: Option<&str>, body: Vec<u8>) -> Result<Content> {
    if body.is_empty() {
        return Ok(Content::Nothing);
    }
    let kind = kind.unwrap_or("application/json");
    let media = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media.as_str() {
        "application/json" => {
            serde_json::from_slice(&body).map(Content::Json).map_err(|e| Error::Malformed(format!("This is not JSON: {e}")))
        }
        "application/x-www-form-urlencoded" => {
            Ok(Content::Form(form_urlencoded::parse(&body).map(|(k, v)| (k.into_owned(), Part::Text(v.into_owned()))).collect()))
        }
        "multipart/form-data" => super::multipart::parse(kind, &body).map(Content::Form),
        other => Err(Error::MediaType(other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        assert_eq!(decimal("0.1", 15, 5, false), Ok(100_000));
        assert_eq!(decimal("-2.50", 15, 5, false), Ok(-2_500_000));
        assert_eq!(decimal("1e3", 15, 5, false), Ok(1_000_000_000));
        assert_eq!(decimal("9999999999.99999", 15, 5, false), Ok(9_999_999_999_999_990));
        assert!(decimal("1e16", 15, 5, false).is_err());
        assert!(decimal("0.123456", 15, 5, false).is_err());
        assert_eq!(decimal("0.1234567", 19, 6, true), Ok(123_457));
        assert!(decimal("1e3x", 15, 5, false).is_err());
        assert!(decimal("", 15, 5, false).is_err());
        assert!(decimal("NaN", 15, 5, false).is_err());
        assert_eq!(decimal("0.0000", 15, 5, false), Ok(0));
    }

    #[test]
    fn tags_are_seen_and_comparisons_are_not() {
        assert!(has_markup("<b>x</b>"));
        assert!(!has_markup("3 < 4 > 2"));
        assert!(!has_markup("a<5"));
    }
}
