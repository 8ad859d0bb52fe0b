//! What people write into fields, taken for quantities: `4k7`, `10 k`, `3'`, `1,000`, `1/4 in`.

use super::dimension::{Shape, Unit};
use super::number::Number;
use super::parse::Why;
use super::registry::Registry;

/// Without the commas that part thousands.
///
/// # Errors
/// A comma stands where it may be meant as the decimal point: better ask than store tenfold.
fn without_commas(text: &str) -> Result<String, Why> {
    if !text.contains(',') {
        return Ok(text.into());
    }
    let wrong = || "Commas may only part thousands; the decimal sign is a point.".to_string();
    let mut before = ' ';
    let mut rest = text;
    let mut clean = String::new();
    while let Some(c) = rest.chars().next() {
        if !c.is_ascii_digit() && c != ',' {
            clean.push(c);
            before = c;
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != ',').unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        let mut groups = run.split(',');
        let first = groups.next().unwrap_or_default();
        let parted = run.contains(',');
        if parted && (before == '.' || first.is_empty() || first.len() > 3 || groups.any(|g| g.len() != 3)) {
            return Err(wrong());
        }
        clean.extend(run.chars().filter(|c| *c != ','));
        before = '0';
        rest = after;
    }
    Ok(clean)
}

/// `4k7` means 4.7 k: the prefix (or the unit) stands where the point would.
fn engineering(text: &str) -> Option<String> {
    let digits = |t: &str| t.find(|c: char| !c.is_ascii_digit()).unwrap_or(t.len());
    let (whole, rest) = text.split_at(digits(text));
    let letters = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
    let (prefix, rest) = rest.split_at(letters);
    let (part, unit) = rest.split_at(digits(rest));
    let there = !whole.is_empty() && !prefix.is_empty() && !part.is_empty();
    there.then(|| format!("{whole}.{part}{prefix}{}", unit.trim_start()))
}

/// The number that a text means in `unit` (any unit that can be converted to it may stand behind it, or a prefix of it, or nothing).
/// `units` is the text of that unit; empty for a mere number.
///
/// # Errors
/// A sentence that says why it means none.
pub fn number_in(registry: &Registry, text: &str, units: &str) -> Result<Number, Why> {
    let unit = if units.trim().is_empty() { Unit::ONE } else { registry.compound(units)? };
    let mut text = without_commas(text.trim())?;
    for (sign, name) in [('\'', " foot"), ('"', " inch")] {
        if text.ends_with(sign) && text.matches(sign).count() == 1 {
            text = text.replace(sign, name);
        }
    }
    let written = engineering(&text);
    let texts = || std::iter::once(&text).chain(&written);
    let mut why = None;
    // As it stands first; only then as a number, perhaps with a prefix, before the unit that is expected.
    let may_follow = !units.is_empty() && text.contains(|c: char| c.is_ascii_digit());
    for attempt in texts().cloned().chain(texts().filter(|_| may_follow).map(|t| format!("{t}{}", units.trim()))) {
        match registry.quantity(&attempt) {
            Err(problem) => why = why.or(Some(problem)),
            Ok(quantity) => {
                let bare = quantity.unit == Unit::ONE;
                let share = unit.shape == Shape::Share || !unit.dimension.is_none();
                let number = match quantity.plain() {
                    Some(plain) if bare || share => Some(plain),
                    _ => quantity.to(&unit),
                };
                if let Some(number) = number {
                    return Ok(number);
                }
                why = why.or(Some(format!("{} cannot be converted to {}.", text, if units.is_empty() { "a mere number" } else { units })));
            }
        }
    }
    Err(why.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, units: &str) -> Option<f64> {
        number_in(Registry::built_in(), text, units).ok().map(Number::float)
    }

    #[test]
    fn numbers_are_taken_as_they_are_written() {
        for (text, units, want) in [
            ("4k7", "ohm", 4700.0),
            ("4.7k", "ohm", 4700.0),
            ("10 kohm", "ohm", 10_000.0),
            ("10 kΩ", "ohm", 10_000.0),
            ("10\u{a0}k\u{2126}", "ohm", 10_000.0),
            ("1 Mohm", "ohm", 1e6),
            ("100 mohm", "ohm", 0.1),
            ("3R3", "ohm", 3.3),
            ("4R7", "Ω", 4.7),
            ("2n2", "F", 2.2e-9),
            ("2n2 F", "F", 2.2e-9),
            ("4µ7", "F", 4.7e-6),
            ("4μ7", "farad", 4.7e-6),
            ("100", "ohm", 100.0),
            ("1e3", "ohm", 1000.0),
            ("1,000", "ohm", 1000.0),
            ("1,234,567.5 mV", "V", 1234.5675),
            ("2 k", "ohm", 2000.0),
            ("-3", "ohm", -3.0),
            ("-5 degC", "degC", -5.0),
            ("1/4", "ohm", 0.25),
            ("1/4 in", "mm", 6.35),
            ("1 inch", "mm", 25.4),
            ("1/2 inches", "mm", 12.7),
            ("3'", "mm", 914.4),
            ("5\"", "mm", 127.0),
            ("0.1 m", "mm", 100.0),
            ("3 feet", "m", 0.9144),
            ("3300 mV", "V", 3.3),
            ("5kV", "V", 5000.0),
            ("250mA", "A", 0.25),
            ("25", "degC", 25.0),
            ("300 K", "degC", 26.85),
            ("77 degF", "degC", 25.0),
            ("77°F", "°C", 25.0),
            ("5 m/s^2", "m/s**2", 5.0),
            ("36 km/h", "m/s", 10.0),
            ("50 ppm/°C", "ppm/K", 50.0),
            ("5 nV/Hz^(1/2)", "nV/Hz^0.5", 5.0),
            ("10 dozen", "", 120.0),
            ("2 pairs", "each", 4.0),
            ("16 byte", "bit", 128.0),
            ("16 byte", "byte", 16.0),
            ("90 deg", "deg", 90.0),
            ("1 MiB", "KiB", 1024.0),
            ("1 lb", "oz", 16.0),
            ("30 dBm", "W", 1.0),
            ("1 W", "dBm", 30.0),
            ("3 dB", "dB", 3.0),
            ("1 gal", "in^3", 231.0),
            ("100 psi", "psi", 100.0),
            ("2 kg m² s⁻³ A⁻¹", "V", 2.0),
            ("5 %", "%", 0.05),
            ("5", "%", 5.0),
            ("300 kilometers", "m", 300_000.0),
            ("5 meter per second", "m/s", 5.0),
        ] {
            let got = of(text, units);
            assert!(got.is_some_and(|n| (n - want).abs() <= 1e-12 * want.abs().max(1e-12)), "{text} in {units}: {got:?}, not {want}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (text, units) in [
            ("0.5k ohm", "ohm"),
            ("2 kg", "m"),
            ("3 m", ""),
            ("abc", ""),
            ("k", "ohm"),
            ("", "m"),
            ("1,5", "m"),
            ("1.5,000", "m"),
            (",500", "m"),
            ("1,0000", "m"),
            ("1 1/2 in", "mm"),
            ("5 m m)", "m"),
            ("5 m 6", "m"),
            ("((((((((((((((((((5))))))))))))))))))", "m"),
            ("5", "banana"),
            ("5", "3 m"),
            ("1e999", "m"),
            ("1/0", "m"),
            ("9^999", "m"),
            ("NaN", "m"),
            ("--5", "m"),
            ("2 millidegC", "K"),
        ] {
            assert_eq!(of(text, units), None, "{text} in {units}");
        }
    }

    #[test]
    fn decimals_lose_nothing() {
        let exact = |text, units| number_in(Registry::built_in(), text, units).ok();
        assert_eq!(exact("0.1 m", "mm"), Some(Number::ratio(100, 1)));
        assert_eq!(exact("0.3 um", "nm"), Some(Number::ratio(300, 1)));
        assert_eq!(exact("3 ft", "m"), Some(Number::ratio(9144, 10_000)));
        assert_eq!(exact("77 degF", "degC"), Some(Number::ratio(25, 1)));
        assert_eq!(exact("3300 mV", "V"), Some(Number::ratio(33, 10)));
    }
}
