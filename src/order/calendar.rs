//! `/api/order/calendar/<kind>/calendar.ics`: the days on which orders should be done, for calendars (RFC 5545).

use super::kind::Kind;
use super::{purchase::PURCHASE, return_::RETURN, sales::SALES, transfer::TRANSFER};
use crate::common::status;
use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::*;
use crate::engine::moment;
use crate::error::{Error, Result};
use crate::identity::{Access, Right};

/// Orders that one calendar shows at most.
const MOST: usize = 5000;
/// Bytes of a line at most, its end not counted.
const LINE: usize = 75;

/// The address.
pub static ENDPOINT: Endpoint = Endpoint {
    path: "api/order/calendar/{text}/calendar.ics",
    access: Access::Login,
    title: "calendar of orders",
    documented: false,
    verbs: &[(Verb::Get, calendar)],
    ..Endpoint::BASE
};

/// The kinds by the words of their addresses.
static KINDS: &[(&str, &Kind)] =
    &[("purchase-order", &PURCHASE), ("sales-order", &SALES), ("return-order", &RETURN), ("transfer-order", &TRANSFER)];

fn calendar(call: &Call) -> Result<Reply> {
    let Some((word, kind)) = KINDS.iter().find(|known| known.0 == call.word()) else { return Err(Error::no_such("calendar")) };
    if !call.user.may(Right::View, kind.resource) {
        return Err(Error::denied());
    }
    let company = if kind.company.is_empty() {
        "NULL".to_string()
    } else {
        format!("(SELECT c.name FROM company c WHERE c.id = t.{})", kind.company)
    };
    let open: Vec<String> = kind.open.iter().map(ToString::to_string).collect();
    let only = if call.query.flag("include_completed").unwrap_or(false) {
        String::new()
    } else {
        format!(" AND t.status IN ({})", open.join(", "))
    };
    let sql = format!(
        "SELECT t.id, t.reference, t.target_date, t.description, t.status, t.updated_at, {company} FROM \"{}\" t \
         WHERE t.target_date IS NOT NULL{only} ORDER BY t.target_date, t.id LIMIT {MOST}",
        kind.resource.table
    );
    let conn = call.db().read()?;
    let mut out = Vec::new();
    for text in ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//stockroom//orders//EN", "CALSCALE:GREGORIAN"] {
        line(&mut out, text);
    }
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (id, reference, day): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (description, state, updated): (String, i64, Option<i64>) = (row.get(3)?, row.get(4)?, row.get(5)?);
        let company: Option<String> = row.get(6)?;
        let mut about: Vec<String> = company.into_iter().collect();
        about.push(status::label(&conn, kind.class, state)?);
        about.push(description);
        about.retain(|text| !text.is_empty());
        line(&mut out, "BEGIN:VEVENT");
        line(&mut out, &format!("UID:{word}-{id}@stockroom"));
        line(&mut out, &format!("DTSTAMP:{}", stamp(updated.unwrap_or(call.now))));
        line(&mut out, &format!("DTSTART;VALUE=DATE:{}", day.replace('-', "")));
        line(&mut out, &format!("SUMMARY:{}", escaped(&reference)));
        line(&mut out, &format!("DESCRIPTION:{}", escaped(&about.join("\n"))));
        line(&mut out, "END:VEVENT");
    }
    line(&mut out, "END:VCALENDAR");
    Ok(Reply::document("text/calendar; charset=utf-8", out))
}

/// `20260131T134500Z`
fn stamp(at: i64) -> String {
    let exact = moment::exact(at);
    let digits: String = exact.get(..19).unwrap_or_default().chars().filter(|c| *c != '-' && *c != ':').collect();
    format!("{digits}Z")
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace("\r\n", "\\n").replace(['\n', '\r'], "\\n")
}

/// Writes a line, in several if it is long: each further one begins with a blank.
fn line(out: &mut Vec<u8>, text: &str) {
    let mut room = LINE;
    for c in text.chars() {
        if c.len_utf8() > room {
            out.extend_from_slice(b"\r\n ");
            room = LINE - 1;
        }
        room -= c.len_utf8();
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_and_texts_escaped() {
        let mut out = Vec::new();
        line(&mut out, &"ä".repeat(60));
        let text = String::from_utf8(out).unwrap();
        assert!(text.split("\r\n").all(|line| line.len() <= LINE), "{text}");
        assert_eq!(text.replace("\r\n ", "").trim_end(), "ä".repeat(60));
        assert_eq!(escaped("a,b;c\\d\ne"), "a\\,b\\;c\\\\d\\ne");
        assert_eq!(stamp(0), "19700101T000000Z");
    }
}
