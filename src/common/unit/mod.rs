//! `/api/units/`: units that a shop defines for itself, and all that are known.

mod convert;
mod dimension;
mod number;
mod parse;
mod registry;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rusqlite::Connection;

pub use number::Number;
pub use registry::{Custom, Registry};

use crate::db;
use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::*;
use crate::engine::json::Json;
use crate::engine::write::Change;
use crate::error::Result;
use crate::identity::Access;

/// Units of a shop's own.
pub static CUSTOM_UNIT: Resource = Resource {
    path: "units",
    model: "customunit",
    schema: "CustomUnit",
    title: "unit",
    table: "custom_unit",
    access: Access::StaffWrites,
    verbs: Verbs::ALL,
    fields: &[
        pk(),
        text("name", 50).required().says("Name", "What one of it is called"),
        text("symbol", 10).blank().says("Symbol", "A shorter name"),
        text("definition", 50).required().says("Definition", "What one of it is in other units, like 2.5 * meter"),
    ],
    order: &[order("pk", &["t.id"]), order("name", &["t.name"]), order("symbol", &["t.symbol"]), order("definition", &["t.definition"])],
    check: Some(check),
    saved: Some(|change| super::parameter::renumber_all(change.tx)),
    remove: Some(|change| {
        db::run(change.tx, "DELETE FROM custom_unit WHERE id = ?1", [change.key()])?;
        super::parameter::renumber_all(change.tx)
    }),
    ..Resource::BASE
};

/// The units that are known where this connection looks: the built-in ones and the shop's own.
///
/// # Errors
/// The database cannot be asked.
pub fn registry(conn: &Connection) -> Result<Arc<Registry>> {
    /// The registry that was made last, and of what: inside a transaction other units may be known than outside.
    static LAST: RwLock<Option<(Vec<Custom>, Arc<Registry>)>> = RwLock::new(None);
    let customs = customs(conn, None)?;
    if let Some((of, registry)) = &*LAST.read().unwrap_or_else(PoisonError::into_inner)
        && *of == customs
    {
        return Ok(registry.clone());
    }
    let registry = Arc::new(Registry::with(&customs));
    *LAST.write().unwrap_or_else(PoisonError::into_inner) = Some((customs, registry.clone()));
    Ok(registry)
}

fn customs(conn: &Connection, but: Option<i64>) -> Result<Vec<Custom>> {
    let mut statement = conn.prepare_cached("SELECT name, symbol, definition FROM custom_unit WHERE id IS NOT ?1 ORDER BY id")?;
    let rows = statement.query_map([but], |row| Ok(Custom { name: row.get(0)?, symbol: row.get(1)?, definition: row.get(2)? }))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The number that a text means in these units; see `convert`. The inner error is a sentence for people.
///
/// # Errors
/// The database cannot be asked.
pub fn number_in(conn: &Connection, text: &str, units: &str) -> Result<std::result::Result<Number, String>> {
    Ok(convert::number_in(&*registry(conn)?, text, units))
}

/// Refuses a new text of a field that is no unit; empty is one.
///
/// # Errors
/// The database cannot be asked.
pub fn must_be_unit(change: &mut Change<'_>, field: &'static str) -> Result<()> {
    let text = change.text(field);
    if change.changes(field)
        && !text.is_empty()
        && let Err(why) = registry(change.tx)?.compound(&text)
    {
        change.wrong(field, why);
    }
    Ok(())
}

fn check(change: &mut Change<'_>) -> Result<()> {
    let others = customs(change.tx, change.id)?;
    let (name, symbol, definition) = (change.text("name"), change.text("symbol"), change.text("definition"));
    if name.starts_with(|c: char| c.is_ascii_digit()) || name.chars().any(|c| !c.is_alphanumeric() && c != '_') {
        change.wrong("name", "A name has letters, digits and underscores, and begins with no digit.");
    }
    for (field, word) in [("name", &name), ("symbol", &symbol)] {
        if word.is_empty() || !change.changes(field) {
            continue;
        }
        if others.iter().any(|o| [&o.name, &o.symbol].contains(&word)) {
            change.wrong(field, "Another unit has this name.");
        } else if Registry::built_in().knows(word) {
            change.wrong(field, "This name has a meaning already, which must stay.");
        }
    }
    if let Err(why) = Registry::with(&others).made_of(&definition) {
        change.wrong("definition", why);
    }
    Ok(())
}

/// Systems of units, as the contract lists them.
const SYSTEMS: [&str; 7] = ["Planck", "SI", "US", "atomic", "cgs", "imperial", "mks"];

fn all(call: &Call) -> Result<Reply> {
    let registry = registry(&*call.db().read()?)?;
    let mut alike: HashMap<dimension::Dimension, Vec<&str>> = HashMap::new();
    for (name, unit, own) in registry.all() {
        if name == own {
            alike.entry(unit.dimension).or_default().push(name);
        }
    }
    let mut out = Json::new();
    out.open('{');
    out.key("default_system");
    out.text("mks");
    out.key("available_systems");
    out.value(&SYSTEMS);
    out.key("available_units");
    out.open('{');
    for (name, unit, own) in registry.all() {
        out.key(name);
        out.open('{');
        out.key("name");
        out.text(name);
        out.key("is_alias");
        out.bool(name != own);
        out.key("compatible_units");
        out.value(&alike.get(&unit.dimension));
        out.key("isdimensionless");
        out.bool(unit.dimension.is_none());
        out.close('}');
    }
    out.close('}');
    out.close('}');
    Ok(Reply::json(200, out))
}

/// All units that are known.
pub static ALL: Endpoint = Endpoint {
    path: "api/units/all/",
    title: "all units",
    operations: &["units_all_retrieve"],
    output: &[text("default_system", 0).required(), words("available_systems").required(), any("available_units").holds("{}").required()],
    output_schema: "AllUnitListResponse",
    verbs: &[(Verb::Get, all)],
    ..Endpoint::BASE
};

#[cfg(test)]
mod tests {
    use super::*;

    fn custom(name: &str, symbol: &str, definition: &str) -> Custom {
        Custom { name: name.into(), symbol: symbol.into(), definition: definition.into() }
    }

    fn of(registry: &Registry, text: &str, units: &str) -> Option<f64> {
        convert::number_in(registry, text, units).ok().map(Number::float)
    }

    #[test]
    fn every_line_of_the_table_means_something() {
        let known = Registry::built_in();
        let lines = include_str!("units.txt").lines().filter(|l| !l.is_empty() && !l.starts_with('#'));
        let mut names = std::collections::BTreeSet::new();
        for line in lines {
            for name in line.split(" = ").next().unwrap().split(' ') {
                assert!(names.insert(name), "{name} stands twice");
                assert!(known.knows(name), "{name} is unknown: {line}");
                assert!(known.compound(name).is_ok(), "{name} cannot be written");
            }
        }
        assert!(names.len() > 400, "{}", names.len());
    }

    #[test]
    fn units_of_a_shop_build_on_each_other_in_any_order() {
        let units =
            Registry::with(&[custom("drum", "dr_m", "4 * reel"), custom("reel", "rl", "2.5 * meter"), custom("lost", "", "2 * nothing")]);
        assert_eq!(of(&units, "1 drum", "m"), Some(10.0));
        assert_eq!(of(&units, "20 m", "reel"), Some(8.0));
        assert_eq!(of(&units, "2 rl", "drum"), Some(0.5));
        assert!(!units.knows("lost"));
        let slashed = Registry::with(&[custom("henry_per_metre", "H/m", "henry / meter")]);
        assert_eq!(of(&slashed, "3 mH/m", "H/m"), Some(0.003));
        assert_eq!(of(&slashed, "3 henry_per_metre", "H/m"), Some(3.0));
    }

    #[test]
    fn no_text_makes_the_reader_panic_and_conversions_return() {
        let known = Registry::built_in();
        let names: Vec<&str> = known.all().map(|(name, ..)| name).collect();
        let mut seed: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut dice = |most: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            usize::try_from(seed % most as u64).unwrap()
        };
        let scraps = [
            "1", "0.1", "1e3", "e", "-", "+", "*", "/", "^", "**", "(", ")", " ", ",", "'", "\"", "²", "⁻", "k", "µ", "4k7", "%", "°",
            "9e99", "\u{0}", "😀", "per", "=", "2/3",
        ];
        for _ in 0..60_000 {
            let text: String =
                (0..dice(9)).map(|_| if dice(3) == 0 { names[dice(names.len())] } else { scraps[dice(scraps.len())] }).collect();
            let _ = known.compound(&text);
            let _ = known.made_of(&text);
            let _ = convert::number_in(known, &text, "m");
            let _ = convert::number_in(known, "5", &text);
        }
        for _ in 0..20_000 {
            let (from, to) = (known.unit(names[dice(names.len())]).unwrap(), known.unit(names[dice(names.len())]).unwrap());
            let number = Number::ratio(i128::try_from(dice(100_000)).unwrap() + 1, 1000);
            let quantity = dimension::Quantity { number, unit: from };
            let Some(there) = quantity.to(&to) else { continue };
            let Some(back) = (dimension::Quantity { number: there, unit: to }).to(&from) else { continue };
            if matches!((number, there), (Number::Exact(..), Number::Exact(..))) {
                assert_eq!(back, number, "{from:?} {to:?}");
            } else {
                // A logarithm of a large offset keeps fewer digits.
                assert!(
                    (back.float() - number.float()).abs() <= 1e-6 * number.float().abs().max(1.0),
                    "{from:?} {to:?} {number:?} {back:?}"
                );
            }
        }
    }
}
