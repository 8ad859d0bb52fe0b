//! Values of the file and values of the database, both ways.

use std::collections::HashMap;

use rusqlite::Connection;
use rusqlite::types::Value as Stored;
use serde_json::{Value, json};

use super::Form;
use crate::engine::moment;

/// Millionths in a unit, and the decimals they allow.
const MILLION: i128 = 1_000_000;
const PLACES: usize = 6;

/// The names by which the file refers to rows.
#[derive(Default)]
pub struct Names {
    users: HashMap<String, i64>,
    groups: HashMap<String, i64>,
    machines: HashMap<String, i64>,
    kinds: HashMap<String, i64>,
}

impl Names {
    /// Those of the database.
    pub fn of(conn: &Connection) -> crate::error::Result<Names> {
        let all = |sql: &str| -> crate::error::Result<HashMap<String, i64>> {
            let mut statement = conn.prepare(sql)?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        };
        Ok(Names {
            users: all("SELECT username, id FROM user")?,
            groups: all("SELECT name, id FROM user_group")?,
            machines: all("SELECT uuid, id FROM machine")?,
            kinds: all("SELECT app_label || '.' || model, id FROM content_type")?,
        })
    }

    /// Gives kinds of things, which no file brings, to names that were read from one.
    pub fn share_kinds(&mut self, known: &mut Names) {
        self.kinds = std::mem::take(&mut known.kinds);
    }

    /// Notes a row that others refer to by a name.
    pub fn note(&mut self, model: &str, name: &str, key: i64) {
        let names = match model {
            "auth.user" => &mut self.users,
            "auth.group" => &mut self.groups,
            _ => &mut self.machines,
        };
        names.insert(name.to_string(), key);
    }

    /// The user that the file names, by `[username]` or by key.
    pub fn user(&self, value: &Value) -> Result<Option<i64>, String> {
        named(&self.users, value, "user")
    }

    /// The group that the file names.
    pub fn group(&self, value: &Value) -> Result<Option<i64>, String> {
        named(&self.groups, value, "group")
    }

    /// `app.model` for `[app, model]`, or for a word that is spelt so already.
    pub fn kind(&self, value: &Value) -> Result<Option<String>, String> {
        let kind = match value {
            Value::Null => return Ok(None),
            Value::Array(words) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("."),
            Value::String(word) => word.clone(),
            other => return Err(format!("{other} names no kind of things")),
        };
        if self.kinds.contains_key(&kind) { Ok(Some(kind)) } else { Err(format!("{kind} is a kind of things unknown here")) }
    }
}

fn named(names: &HashMap<String, i64>, value: &Value, what: &str) -> Result<Option<i64>, String> {
    match value {
        Value::Null => Ok(None),
        Value::Number(key) => Ok(key.as_i64()),
        Value::Array(words) => match words.as_slice() {
            [Value::String(name)] => names.get(name).map(|key| Some(*key)).ok_or_else(|| format!("there is no {what} \"{name}\"")),
            _ => Err(format!("{value} names no {what}")),
        },
        Value::String(name) => names.get(name).map(|key| Some(*key)).ok_or_else(|| format!("there is no {what} \"{name}\"")),
        other => Err(format!("{other} names no {what}")),
    }
}

/// What the database keeps of a value of the file.
///
/// # Errors
/// A text that says what is wrong with it.
pub fn stored(form: Form, value: &Value, names: &Names) -> Result<Stored, String> {
    let integer = |key: Option<i64>| key.map_or(Stored::Null, Stored::Integer);
    match (form, value) {
        (Form::User, value) => return names.user(value).map(integer),
        (Form::Group, value) => return names.group(value).map(integer),
        (Form::Machine, value) => return named(&names.machines, value, "machine").map(integer),
        (Form::Kind, value) => return Ok(names.kind(value)?.map_or(Stored::Null, Stored::Text)),
        (Form::BareKind, value) => {
            let bare = |kind: String| Stored::Text(kind.rsplit('.').next().unwrap_or_default().to_string());
            return Ok(names.kind(value)?.map_or(Stored::Null, bare));
        }
        (Form::KindKey, value) => {
            return Ok(names.kind(value)?.and_then(|kind| names.kinds.get(&kind)).map_or(Stored::Null, |key| Stored::Integer(*key)));
        }
        (_, Value::Null) => return Ok(Stored::Null),
        _ => {}
    }
    let wrong = |what: &str| Err(format!("{value} is no {what}"));
    match form {
        Form::File if value == "" => Ok(Stored::Null),
        Form::Text | Form::File => match value {
            Value::String(text) => Ok(Stored::Text(text.clone())),
            Value::Number(number) => Ok(Stored::Text(number.to_string())),
            _ => wrong("text"),
        },
        Form::Int => match value {
            Value::Number(_) => value.as_i64().map(Stored::Integer).map_or_else(|| wrong("whole number"), Ok),
            Value::String(text) => text.trim().parse().map(Stored::Integer).or_else(|_| wrong("whole number")),
            _ => wrong("whole number"),
        },
        Form::Flag => match value {
            Value::Bool(on) => Ok(Stored::Integer((*on).into())),
            _ => wrong("truth value"),
        },
        Form::Real => value.as_f64().map(Stored::Real).map_or_else(|| wrong("number"), Ok),
        Form::Decimal(_) | Form::Count => {
            let text = match value {
                Value::String(text) => text.trim().to_string(),
                Value::Number(number) => number.to_string(),
                _ => return wrong("number"),
            };
            millionths(&text).map(Stored::Integer).map_or_else(|| wrong("number that can be kept"), Ok)
        }
        Form::Moment => match value.as_str().and_then(moment::read) {
            Some(at) => Ok(Stored::Integer(at)),
            None => wrong("date and time"),
        },
        Form::Day => match value.as_str().and_then(|text| text.get(..10)).and_then(moment::read_day) {
            Some(day) => Ok(Stored::Text(day)),
            None => wrong("date"),
        },
        Form::Json => Ok(Stored::Text(value.to_string())),
        _ => wrong("value"),
    }
}

/// A decimal number in millionths, rounded half away from zero; exponents as in 1E+3 are understood.
fn millionths(text: &str) -> Option<i64> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty()
        || !(whole.bytes().chain(fraction.bytes())).all(|b| b.is_ascii_digit())
        || exponent.abs() > 30
    {
        return None;
    }
    // The value is this whole number times ten to the power of `shift`, in millionths.
    let mut number: i128 = format!("{whole}{fraction}")
        .trim_start_matches('0')
        .parse()
        .or(if digits.contains(|c: char| ('1'..='9').contains(&c)) { Err(()) } else { Ok(0) })
        .ok()?;
    let mut shift = exponent + i32::try_from(PLACES).ok()? - i32::try_from(fraction.len()).ok()?;
    while shift > 0 {
        number = number.checked_mul(10)?;
        shift -= 1;
    }
    if shift < 0 {
        let divisor = 10_i128.checked_pow(shift.unsigned_abs())?;
        number = (number + divisor / 2) / divisor;
    }
    i64::try_from(if negative { -number } else { number }).ok()
}

/// What the file has for a value of the database.
pub fn spelt(form: Form, stored: Stored, names: &Written) -> Value {
    match (form, stored) {
        (_, Stored::Null) => {
            if form == Form::File {
                json!("")
            } else {
                Value::Null
            }
        }
        (Form::Flag, Stored::Integer(on)) => json!(on != 0),
        (Form::Decimal(places), Stored::Integer(value)) => json!(decimal(value, places.into())),
        (Form::Decimal(places), Stored::Real(value)) => json!(format!("{:.*}", usize::from(places), value / 1e6)),
        (Form::Count, Stored::Integer(value)) => json!(i128::from(value) / MILLION),
        (Form::Moment, Stored::Integer(at)) => json!(instant(at)),
        (Form::User, Stored::Integer(key)) => names.users.get(&key).map_or(Value::Null, |name| json!([name])),
        (Form::Group, Stored::Integer(key)) => names.groups.get(&key).map_or(Value::Null, |name| json!([name])),
        (Form::Machine, Stored::Integer(key)) => names.machines.get(&key).map_or(Value::Null, |word| json!(word)),
        (Form::KindKey, Stored::Integer(key)) => names.kinds.get(&key).map_or(Value::Null, |kind| parted(kind)),
        (Form::Kind, Stored::Text(kind)) => parted(&kind),
        (Form::BareKind, Stored::Text(model)) => {
            names.kinds.values().find(|kind| kind.ends_with(&format!(".{model}"))).map_or(Value::Null, |kind| parted(kind))
        }
        (Form::Json, Stored::Text(text)) => serde_json::from_str(&text).unwrap_or(Value::Null),
        (_, Stored::Integer(number)) => json!(number),
        (_, Stored::Real(number)) => json!(number),
        (_, Stored::Text(text)) => json!(text),
        (_, Stored::Blob(_)) => Value::Null,
    }
}

fn parted(kind: &str) -> Value {
    kind.split('.').collect()
}

/// Millionths as a number with so many decimals; what has more is written with all it has.
fn decimal(value: i64, places: usize) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let (whole, fraction) = (i128::from(value).abs() / MILLION, i128::from(value).abs() % MILLION);
    let mut digits = format!("{fraction:06}");
    while digits.len() > places && digits.ends_with('0') {
        digits.pop();
    }
    while digits.len() < places {
        digits.push('0');
    }
    if digits.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{digits}") }
}

/// ISO 8601 with milliseconds where there are any.
fn instant(at: i64) -> String {
    let exact = moment::exact(at);
    let (seconds, fraction) = exact.split_once('.').unwrap_or((&exact, ""));
    match fraction.get(..3) {
        Some("000") | None => format!("{seconds}Z"),
        Some(milliseconds) => format!("{seconds}.{milliseconds}Z"),
    }
}

/// The names of rows, by key.
pub struct Written {
    users: HashMap<i64, String>,
    groups: HashMap<i64, String>,
    machines: HashMap<i64, String>,
    kinds: HashMap<i64, String>,
}

impl From<Names> for Written {
    fn from(names: Names) -> Written {
        let turned = |names: HashMap<String, i64>| names.into_iter().map(|(name, key)| (key, name)).collect();
        Written { users: turned(names.users), groups: turned(names.groups), machines: turned(names.machines), kinds: turned(names.kinds) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_kept_to_the_millionth() {
        for (text, kept) in [
            ("150.00000", 150_000_000),
            ("-0.5", -500_000),
            ("0.0000005", 1),
            ("1E+3", 1_000_000_000),
            ("1.0000000000", 1_000_000),
            ("0", 0),
            ("0.00000", 0),
        ] {
            assert_eq!(millionths(text), Some(kept), "{text}");
        }
        for text in ["", ".", "abc", "1e99", "99999999999999999999999999", "NaN", "1,5"] {
            assert_eq!(millionths(text), None, "{text}");
        }
        assert_eq!(decimal(150_000_000, 5), "150.00000");
        assert_eq!(decimal(1_000_001, 3), "1.000001");
        assert_eq!(decimal(-500_000, 1), "-0.5");
        assert_eq!(decimal(1_000_000, 10), "1.0000000000");
    }

    #[test]
    fn moments_have_milliseconds_where_there_are_any() {
        assert_eq!(moment::read("2022-05-25T00:00:00Z").map(instant).as_deref(), Some("2022-05-25T00:00:00Z"));
        assert_eq!(moment::read("2022-05-25T00:00:00.925Z").map(instant).as_deref(), Some("2022-05-25T00:00:00.925Z"));
    }
}
