//! Moments and days: UTC milliseconds and `YYYY-MM-DD`, and how the wire spells them.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// UTC milliseconds since 1970.
pub type Moment = i64;

/// Now.
pub fn now() -> Moment {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}

fn civil(at: Moment) -> jiff::civil::DateTime {
    Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC).datetime()
}

/// `YYYY-MM-DD`
pub fn day(at: Moment) -> String {
    civil(at).date().to_string()
}

/// `YYYY-MM-DD HH:MM`
pub fn minute(at: Moment) -> String {
    let t = civil(at);
    format!("{} {:02}:{:02}", t.date(), t.hour(), t.minute())
}

/// The week of the year, by ISO 8601.
pub fn week(at: Moment) -> i64 {
    civil(at).date().iso_week_date().week().into()
}

/// ISO 8601 with microseconds and `Z`.
pub fn exact(at: Moment) -> String {
    let t = civil(at);
    format!("{}T{:02}:{:02}:{:02}.{:03}000Z", t.date(), t.hour(), t.minute(), t.second(), at.rem_euclid(1000))
}

/// Reads `YYYY-MM-DD`, nothing else.
pub fn read_day(text: &str) -> Option<String> {
    let strict = text.len() == 10 && text.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    let date: Date = strict.then(|| text.parse().ok()).flatten()?;
    Some(date.to_string())
}

/// Midnight at the start of a day.
pub fn midnight(day: &str) -> Option<Moment> {
    let date: Date = day.parse().ok()?;
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

/// A day, so many days later.
pub fn days_after(day: &str, days: i64) -> Option<String> {
    let date: Date = day.parse().ok()?;
    Some(date.checked_add(jiff::Span::new().try_days(days).ok()?).ok()?.to_string())
}

/// Reads ISO 8601; without an offset it is UTC, with a day alone its midnight.
pub fn read(text: &str) -> Option<Moment> {
    let text = text.trim();
    if let Ok(exact) = text.parse::<Timestamp>() {
        return Some(exact.as_millisecond());
    }
    let local: jiff::civil::DateTime = text.parse().ok()?;
    Some(local.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_moments() {
        assert_eq!(minute(0), "1970-01-01 00:00");
        assert_eq!(read("2026-11-22T10:00:00+01:00"), read("2026-11-22 09:00"));
        assert_eq!(read_day("2026-02-29"), None);
        assert_eq!(read_day("2028-02-29").as_deref(), Some("2028-02-29"));
        assert_eq!(days_after("2026-12-31", 1).as_deref(), Some("2027-01-01"));
        assert_eq!(exact(1), "1970-01-01T00:00:00.001000Z");
    }
}
