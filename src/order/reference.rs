//! References of orders and builds: what their pattern allows, and which one is next (CONVENTIONS §17).
//!
//! A pattern is text with fields in braces: `{ref}` or `{ref:04d}` for the number, which must stand there once, `{date}` or `{date:%Y}` for the
//! day, `{?:x}` for any text (`x` in new references). Outside of braces `?` is any character and `#` any digit.

use rusqlite::Connection;

use crate::common::setting;
use crate::db;
use crate::engine::input::Value;
use crate::engine::moment::{self, Moment};
use crate::engine::write::Change;
use crate::error::Result;

/// Characters of a reference at most.
pub const MAX_REFERENCE: usize = 64;
/// Greatest number that orders references; larger ones count as this.
const MAX_NUMBER: i64 = 2_147_483_647;
/// Numbers that may be taken, one after the other, before the search for a free one ends.
const MAX_TRIES: i64 = 10_000;

/// A kind of things that have references: their table, and the setting that holds their pattern.
#[derive(Clone, Copy)]
pub struct Numbered {
    /// The table; it has the columns `reference` and `reference_int`.
    pub table: &'static str,
    /// The key of the setting.
    pub pattern: &'static str,
}

/// Build orders.
pub const BUILDS: Numbered = Numbered { table: "build", pattern: "BUILDORDER_REFERENCE_PATTERN" };

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// This character.
    Is(char),
    /// Any character.
    Any,
    /// Any digit.
    Digit,
    /// The number; with so many digits at least, and digits alone if `true`.
    Number(usize, bool),
    /// The day, in this form.
    Date(String),
    /// Any text; new references get this one.
    Wild(String),
}

/// A pattern that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<Piece>);

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// A sentence for people.
    pub fn parse(text: &str) -> std::result::Result<Pattern, String> {
        let mut pieces = Vec::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            match c {
                '{' => {
                    let (field, after) = rest.as_str().split_once('}').ok_or("An opening brace has no closing one.")?;
                    pieces.push(Self::field(field)?);
                    rest = after.chars();
                }
                '}' => return Err("A closing brace has no opening one.".into()),
                '?' => pieces.push(Piece::Any),
                '#' => pieces.push(Piece::Digit),
                c => pieces.push(Piece::Is(c)),
            }
        }
        match pieces.iter().filter(|piece| matches!(piece, Piece::Number(..))).count() {
            1 => Ok(Pattern(pieces)),
            _ => Err("The pattern must contain {ref} once.".into()),
        }
    }

    fn field(field: &str) -> std::result::Result<Piece, String> {
        let (name, form) = field.split_once(':').unwrap_or((field, ""));
        match name {
            "ref" => {
                let digits = form.strip_suffix('d');
                let width = digits.unwrap_or(form);
                let width = if width.is_empty() { Some(0) } else { width.parse().ok().filter(|w| *w <= MAX_REFERENCE) };
                width.map(|width| Piece::Number(width, digits.is_some())).ok_or_else(|| format!("{{{field}}} is no form of a number."))
            }
            "date" => Ok(Piece::Date(if form.is_empty() { "%Y-%m-%d".into() } else { form.into() })),
            "?" => Ok(Piece::Wild(form.into())),
            _ => Err(format!("{{{field}}} means nothing here; {{ref}}, {{date}} and {{?:text}} do.")),
        }
    }

    /// The number in a reference of this pattern; nothing if it is not of this pattern.
    pub fn number(&self, reference: &str) -> Option<i64> {
        let mut regex = String::from("^");
        for piece in &self.0 {
            match piece {
                Piece::Is(c) => regex += &regex::escape(&c.to_string()),
                Piece::Any => regex.push('.'),
                Piece::Digit => regex += "[0-9]",
                Piece::Number(_, true) => regex += "(?P<ref>[0-9]+)",
                Piece::Number(_, false) => regex += "(?P<ref>.+)",
                Piece::Date(_) | Piece::Wild(_) => regex += ".+?",
            }
        }
        regex.push('$');
        let found = regex::Regex::new(&regex).ok()?.captures(reference)?;
        Some(crate::part::serial::number_in(found.name("ref")?.as_str()).min(MAX_NUMBER))
    }

    /// The reference with this number.
    pub fn make(&self, number: i64, now: Moment) -> String {
        let mut reference = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Is(c) => reference.push(*c),
                Piece::Any => reference.push('?'),
                Piece::Digit => reference.push('0'),
                Piece::Number(width, _) => reference += &format!("{number:0width$}"),
                Piece::Date(form) => reference += &day_in(form, now),
                Piece::Wild(text) => reference += text,
            }
        }
        reference
    }
}

/// A day in the form that `%Y`, `%m`, `%d` and the like spell; what is unknown stays as it is.
fn day_in(form: &str, now: Moment) -> String {
    let day = moment::day(now);
    let part = |from: usize, to: usize| day.get(from..to).unwrap_or_default().to_string();
    let mut out = String::new();
    let mut rest = form.chars();
    while let Some(c) = rest.next() {
        match if c == '%' { rest.next() } else { None } {
            Some('Y') => out += &part(0, 4),
            Some('y') => out += &part(2, 4),
            Some('m') => out += &part(5, 7),
            Some('d') => out += &part(8, 10),
            Some('%') => out.push('%'),
            Some(other) => out.extend(['%', other]),
            None => out.push(c),
        }
    }
    out
}

fn pattern_of(conn: &Connection, of: Numbered) -> Result<(String, Option<Pattern>)> {
    let text = setting::value(conn, of.pattern)?;
    let pattern = Pattern::parse(&text).ok();
    Ok((text, pattern))
}

/// The next reference that is free: the number after the highest.
///
/// # Errors
/// The database cannot be asked.
pub fn next(conn: &Connection, of: Numbered) -> Result<Value> {
    let Some(pattern) = pattern_of(conn, of)?.1 else { return Ok(Value::Text(String::new())) };
    let last: i64 = db::one(conn, &format!("SELECT max(reference_int) FROM \"{}\"", of.table), [])?.unwrap_or(0);
    let taken = format!("SELECT 1 FROM \"{}\" WHERE reference = ?1", of.table);
    for number in last.saturating_add(1)..last.saturating_add(MAX_TRIES) {
        let reference = pattern.make(number, moment::now());
        if db::one::<i64>(conn, &taken, [&reference])?.is_none() {
            return Ok(Value::Text(reference));
        }
    }
    Ok(Value::Text(String::new()))
}

/// Is this reference of the pattern that holds now? If not, a sentence says so.
///
/// # Errors
/// The database cannot be asked.
pub fn misfit(conn: &Connection, of: Numbered, reference: &str) -> Result<Option<String>> {
    let (text, pattern) = pattern_of(conn, of)?;
    let fits = pattern.is_none_or(|pattern| pattern.number(reference).is_some());
    Ok((!fits).then(|| format!("The reference must be of the pattern {text}.")))
}

/// Before a row with a reference is written: it must be of the pattern and no other row's, and its number is kept.
///
/// # Errors
/// The database cannot be asked.
pub fn check(change: &mut Change<'_>, of: Numbered) -> Result<()> {
    let reference = change.text("reference");
    if let Some(why) = misfit(change.tx, of, &reference)? {
        change.wrong("reference", why);
        return Ok(());
    }
    let sql = format!("SELECT 1 FROM \"{}\" WHERE reference = ?1 AND id IS NOT ?2", of.table);
    if db::one::<i64>(change.tx, &sql, (&reference, change.id))?.is_some() {
        change.wrong("reference", "Another one has this reference.");
    }
    if change.changes("reference") {
        let number = pattern_of(change.tx, of)?.1.and_then(|pattern| pattern.number(&reference));
        change.set("reference_int", Value::Int(number.unwrap_or(0)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    const DAY: i64 = 1_767_225_600_000; // 2026-01-01

    fn read(pattern: &str) -> Pattern {
        Pattern::parse(pattern).unwrap()
    }

    #[test]
    fn numbers_in_references() {
        let plain = read("BO-{ref:04d}");
        assert_eq!(plain.number("BO-0012"), Some(12));
        assert_eq!(plain.number("BO-7"), Some(7));
        assert_eq!(plain.number("BO-"), None);
        assert_eq!(plain.number("XO-1"), None);
        assert_eq!(plain.number("BO-1 "), None);
        assert_eq!(plain.number("BO-99999999999999999999"), Some(2_147_483_647));
        assert_eq!(read("JOB-{ref:05d}-X").number("JOB-7002-X"), Some(7002));
        assert_eq!(read("{ref}/??/##").number("a12/xy/34"), Some(12));
        assert_eq!(read("{?:AB}-{ref:03d}").number("anything-9"), Some(9));
        assert_eq!(read("{date:%Y}.{ref}").number("2026.5"), Some(5));
        assert_eq!(read("(.*){ref:d}").number("(.*)5"), Some(5));
    }

    #[test]
    fn new_references() {
        assert_eq!(read("BO-{ref:04d}").make(12, DAY), "BO-0012");
        assert_eq!(read("BO-{ref}").make(12, DAY), "BO-12");
        assert_eq!(read("{date:%y%m%d}-{ref:2d}{?:Z}").make(5, DAY), "260101-05Z");
        assert_eq!(read("{date}/{ref}").make(5, DAY), "2026-01-01/5");
        for pattern in ["BO-{ref:04d}", "X?#{ref}", "{?:Q}{ref:d}-{date:%d}"] {
            let made = read(pattern).make(42, DAY);
            assert_eq!(read(pattern).number(&made), Some(42), "{made}");
        }
    }

    #[test]
    fn what_is_no_pattern() {
        for pattern in ["", "BO", "{ref}{ref}", "X{ref}{other}", "{ref:4f}", "}{ref}", "{ref:999}", "{ref", "{ref:-1d}"] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
    }
}
