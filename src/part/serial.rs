//! Serial numbers: how people write many of them (CONVENTIONS §18), which one is next, which are taken.

use std::collections::HashSet;

use rusqlite::Connection;

use super::part::TREE;
use crate::common::setting;
use crate::db;
use crate::error::Result;

/// Serial numbers that one request may ask for.
pub const MAX_SERIALS: i64 = 1000;
/// Greatest number that orders serials; larger ones count as this.
const MAX_INT: i64 = 2_147_483_647;
/// Sentences that one answer tells about serial numbers.
const MAX_PROBLEMS: usize = 20;

/// The number in a serial that orders it: its first or last run of digits; 0 if it has none.
pub fn number_in(serial: &str) -> i64 {
    let text = serial.trim();
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))
        && !hex.is_empty()
        && hex.bytes().all(|b| b.is_ascii_hexdigit())
    {
        return i64::from_str_radix(hex, 16).unwrap_or(MAX_INT).min(MAX_INT);
    }
    let run = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>();
    let first = run(text);
    let digits = if first.is_empty() {
        let reversed: String = text.chars().rev().collect();
        run(&reversed).chars().rev().collect()
    } else {
        first
    };
    if digits.is_empty() { 0 } else { digits.parse::<i64>().unwrap_or(MAX_INT).min(MAX_INT) }
}

/// The serial after this one: its last run of digits plus one, of the same width; unchanged if there are no digits.
pub fn increment(serial: &str) -> String {
    let Some(end) = serial.rfind(|c: char| c.is_ascii_digit()).map(|i| i + 1) else { return serial.to_string() };
    let head = serial.get(..end).unwrap_or_default();
    let start =
        head.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |i| i + head.get(i..).and_then(|t| t.chars().next()).map_or(1, char::len_utf8));
    let digits = head.get(start..).unwrap_or_default();
    let Some(next) = digits.parse::<u128>().ok().and_then(|number| number.checked_add(1)) else { return serial.to_string() };
    let (before, after) = (serial.get(..start).unwrap_or_default(), serial.get(end..).unwrap_or_default());
    format!("{before}{:0width$}{after}", next, width = digits.len())
}

/// The highest serial in the part's family of variants, or anywhere if serials are unique everywhere.
///
/// # Errors
/// The database cannot be asked.
pub fn latest(conn: &Connection, part: i64) -> Result<Option<String>> {
    let family =
        if setting::is_on(conn, "SERIAL_NUMBER_GLOBALLY_UNIQUE")? { "?1 = ?1".to_string() } else { format!("s.part IN ({})", family()) };
    db::one(
        conn,
        &format!(
            "SELECT s.serial FROM stock_item s WHERE s.serial IS NOT NULL AND s.serial <> '' AND {family} ORDER BY s.serial_int DESC, s.serial DESC, s.id DESC LIMIT 1"
        ),
        [part],
    )
}

/// SELECT of all parts in the family of the part `?1`: its root and all variants below.
fn family() -> String {
    TREE.keys_within().replace("a.id = ?", "a.id = (SELECT r.id FROM part r, part x WHERE x.id = ?1 AND r.variant_of IS NULL AND (r.tree_key = x.tree_key OR x.tree_key > r.tree_key || char(1) AND x.tree_key < r.tree_key || char(2)))")
}

/// The serial after the latest.
pub fn next(latest: Option<&str>) -> String {
    latest.map_or_else(|| "1".into(), increment)
}

/// So many serials after the latest: of the part's family, or of all stock where no part is named.
///
/// # Errors
/// The database cannot be asked.
pub fn following(conn: &Connection, part: Option<i64>, many: i64) -> Result<Vec<String>> {
    let mut last = match part {
        Some(part) => latest(conn, part)?,
        None => db::one(
            conn,
            "SELECT serial FROM stock_item WHERE serial IS NOT NULL AND serial <> '' ORDER BY serial_int DESC, serial DESC, id DESC LIMIT 1",
            [],
        )?,
    };
    let mut found = Vec::new();
    for _ in 0..many {
        let serial = next(last.as_deref());
        last = Some(serial.clone());
        found.push(serial);
    }
    Ok(found)
}

/// Is this serial taken in the part's family, or anywhere if serials are unique everywhere?
///
/// # Errors
/// The database cannot be asked.
pub fn taken(conn: &Connection, part: i64, serial: &str, but: Option<i64>) -> Result<bool> {
    let family =
        if setting::is_on(conn, "SERIAL_NUMBER_GLOBALLY_UNIQUE")? { "?1 = ?1".into() } else { format!("s.part IN ({})", family()) };
    let sql = format!("SELECT 1 FROM stock_item s WHERE s.serial = ?2 AND s.id IS NOT ?3 AND {family} LIMIT 1");
    Ok(db::one::<i64>(conn, &sql, (part, serial, but))?.is_some())
}

/// Reads serial numbers as people write them: `1-5`, `A10+`, `7+3`, `~`, lists of these.
///
/// # Errors
/// Sentences for the client.
pub fn parse(text: &str, expected: i64, latest: Option<&str>) -> std::result::Result<Vec<String>, Vec<String>> {
    let one = |why: String| Err(vec![why]);
    if expected < 1 {
        return one("There must be at least one item.".into());
    }
    if expected > MAX_SERIALS {
        return one(format!("At most {MAX_SERIALS} serial numbers can be made at once."));
    }
    let wanted = usize::try_from(expected).unwrap_or_default();
    let text = with_next(text.trim(), latest);
    let groups: Vec<&str> = text.split([' ', ',', '\t', '\n', '\r']).map(str::trim).filter(|g| !g.is_empty()).collect();
    if groups.is_empty() {
        return one("No serial numbers are given.".into());
    }
    let mut found = Found::default();
    let literal = groups.len() == wanted;
    for group in groups {
        // A request of some kilobytes can ask for millions of numbers; what is wrong already is not worked out to its end.
        if found.problems.len() >= MAX_PROBLEMS || found.serials.len() > wanted {
            break;
        }
        let parts: Vec<&str> = group.split('-').collect();
        let plus: Vec<&str> = group.split('+').collect();
        if literal {
            found.add(group.into());
        } else if let [from, to] = parts.as_slice() {
            range(from, to, group, wanted.saturating_sub(found.serials.len()), &mut found);
        } else if let ([from, count], true) = (plus.as_slice(), !plus.first().is_none_or(|f| f.is_empty())) {
            let more = if count.is_empty() {
                Some(wanted.saturating_sub(found.serials.len() + 1))
            } else {
                count.parse::<usize>().ok().filter(|n| *n <= wanted * 2)
            };
            let Some(more) = more else {
                found.problems.push(format!("The group {group} makes no sense."));
                continue;
            };
            let mut serial = (*from).to_string();
            for _ in 0..=more {
                found.add(serial.clone());
                let following = increment(&serial);
                if following == serial {
                    break;
                }
                serial = following;
            }
        } else {
            found.add(group.into());
        }
    }
    let Found { serials, mut problems, .. } = found;
    if !problems.is_empty() {
        problems.truncate(MAX_PROBLEMS);
        return Err(problems);
    }
    if serials.len() > wanted {
        return one(format!("There are more serial numbers than the quantity of {expected}."));
    }
    if serials.len() != wanted {
        return one(format!("There are {} serial numbers for a quantity of {expected}.", serials.len()));
    }
    Ok(serials)
}

/// The serial numbers read so far, each once, and what was wrong.
#[derive(Default)]
struct Found {
    serials: Vec<String>,
    known: HashSet<String>,
    problems: Vec<String>,
}

impl Found {
    fn add(&mut self, serial: String) {
        if self.known.insert(serial.clone()) {
            self.serials.push(serial);
        } else {
            self.problems.push(format!("The serial number {serial} stands there twice."));
        }
    }
}

/// The text with each `~` replaced by the next free number.
fn with_next(text: &str, latest: Option<&str>) -> String {
    let mut last = next(latest);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '~' {
            out += &last;
            last = increment(&last);
        } else {
            out.push(c);
        }
    }
    out
}

/// `a-b`, both ends included.
fn range(from: &str, to: &str, group: &str, room: usize, found: &mut Found) {
    if from == to || from.is_empty() {
        found.problems.push(format!("The group {group} makes no sense."));
        return;
    }
    let mut serial = from.to_string();
    let mut made = Vec::new();
    loop {
        made.push(serial.clone());
        if serial == to {
            break;
        }
        let following = increment(&serial);
        if following == serial {
            found.problems.push(format!("The group {group} makes no sense."));
            return;
        }
        if made.len() >= room {
            found.problems.push(format!("The range {group} is longer than the quantity."));
            return;
        }
        serial = following;
    }
    for serial in made {
        found.add(serial);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, n: i64, latest: Option<&str>) -> std::result::Result<String, ()> {
        parse(text, n, latest).map(|s| s.join(" ")).map_err(|_| ())
    }

    #[test]
    fn increments() {
        assert_eq!(increment("A099"), "A100");
        assert_eq!(increment("9"), "10");
        assert_eq!(increment("x"), "x");
        assert_eq!(increment("ü7-b"), "ü8-b");
    }

    #[test]
    fn numbers_that_order() {
        assert_eq!(number_in("A0012"), 12);
        assert_eq!(number_in("0x1f"), 31);
        assert_eq!(number_in("99999999999"), MAX_INT);
        assert_eq!(number_in("none"), 0);
    }

    #[test]
    fn what_people_write() {
        assert_eq!(read("1-3", 3, None), Ok("1 2 3".into()));
        assert_eq!(read("1-3", 1, None), Ok("1-3".into()));
        assert_eq!(read("5+", 3, None), Ok("5 6 7".into()));
        assert_eq!(read("7+2", 3, None), Ok("7 8 9".into()));
        assert_eq!(read("~+", 2, Some("41")), Ok("42 43".into()));
        assert_eq!(read("~, ~", 2, Some("A9")), Ok("A10 A11".into()));
        assert_eq!(read("<50+1", 2, None), Ok("<50 <51".into()));
    }

    #[test]
    fn what_makes_no_sense() {
        for (text, n) in [
            ("9,9", 2),
            ("15-11", 5),
            ("20-30", 3),
            ("20,21", 3),
            ("40+5", 3),
            ("50-", 2),
            ("x+y", 2),
            ("60-60", 2),
            ("70--72", 3),
            ("+", 2),
            ("a-c", 3),
            ("90+1,91", 3),
            ("", 1),
            ("1", 1001),
        ] {
            assert!(read(text, n, None).is_err(), "{text}");
        }
    }
}
