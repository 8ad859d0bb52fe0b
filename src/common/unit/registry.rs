//! The names of units: the built-in ones, their prefixes and plurals, and those that a shop defines for itself.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::dimension::{Quantity, Shape, Unit};
use super::number::Number;
use super::parse::{self, Why};

const TABLE: &str = include_str!("units.txt");

/// Names of prefixes, and the powers of ten (or of two) that they stand for.
const PREFIXES: &[(&[&str], i32, i32)] = &[
    (&["quetta", "Q"], 10, 30),
    (&["ronna", "R"], 10, 27),
    (&["yotta", "Y"], 10, 24),
    (&["zetta", "Z"], 10, 21),
    (&["exa", "E"], 10, 18),
    (&["peta", "P"], 10, 15),
    (&["tera", "T"], 10, 12),
    (&["giga", "G"], 10, 9),
    (&["mega", "M"], 10, 6),
    (&["kilo", "k"], 10, 3),
    (&["hecto", "h"], 10, 2),
    (&["deca", "deka", "da"], 10, 1),
    (&["deci", "d"], 10, -1),
    (&["centi", "c"], 10, -2),
    (&["milli", "m"], 10, -3),
    (&["micro", "μ", "u"], 10, -6),
    (&["nano", "n"], 10, -9),
    (&["pico", "p"], 10, -12),
    (&["femto", "f"], 10, -15),
    (&["atto", "a"], 10, -18),
    (&["zepto", "z"], 10, -21),
    (&["yocto", "y"], 10, -24),
    (&["ronto", "r"], 10, -27),
    (&["quecto", "q"], 10, -30),
    (&["kibi", "Ki"], 2, 10),
    (&["mebi", "Mi"], 2, 20),
    (&["gibi", "Gi"], 2, 30),
    (&["tebi", "Ti"], 2, 40),
    (&["pebi", "Pi"], 2, 50),
    (&["exbi", "Ei"], 2, 60),
    (&["zebi", "Zi"], 2, 70),
    (&["yobi", "Yi"], 2, 80),
];

/// Letters that a name must have before an `s` behind it makes a plural.
const PLURAL: usize = 3;

/// A unit that a shop defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Custom {
    /// Its name.
    pub name: String,
    /// Its symbol; empty if it has none.
    pub symbol: String,
    /// What one of it is.
    pub definition: String,
}

/// The names that are known.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    /// Every name, and the unit's own one.
    names: BTreeMap<String, (Unit, String)>,
}

static BUILT_IN: LazyLock<Registry> = LazyLock::new(|| {
    let mut registry = Registry::default();
    let mut lines: Vec<(&str, &str)> = TABLE
        .lines()
        .filter(|l| !l.starts_with('#'))
        .filter_map(|l| l.split_once(" = "))
        .map(|(names, what)| (names, what.trim()))
        .collect();
    // A few stand before what they are made of.
    while !lines.is_empty() {
        let before = lines.len();
        lines.retain(|(names, what)| match registry.define(what) {
            Some(unit) => {
                let own = names.split(' ').next().unwrap_or_default();
                for name in names.split(' ') {
                    registry.names.insert(name.into(), (unit, own.into()));
                }
                false
            }
            None => true,
        });
        if lines.len() == before {
            log::error!("units without a meaning: {lines:?}");
            break;
        }
    }
    registry
});

impl Registry {
    /// The built-in units.
    pub fn built_in() -> &'static Registry {
        &BUILT_IN
    }

    /// The built-in units and a shop's own, which may be defined by each other in any order. What cannot be resolved is left out.
    pub fn with(customs: &[Custom]) -> Registry {
        let mut registry = BUILT_IN.clone();
        let mut left: Vec<&Custom> = customs.iter().collect();
        loop {
            let before = left.len();
            left.retain(|custom| match registry.made_of(&custom.definition) {
                Ok(unit) => {
                    for name in [&custom.name, &custom.symbol].into_iter().filter(|n| !n.is_empty()) {
                        registry.names.insert(name.clone(), (unit, custom.name.clone()));
                    }
                    false
                }
                Err(_) => true,
            });
            if left.len() == before {
                return registry;
            }
        }
    }

    /// A line of the table.
    fn define(&self, what: &str) -> Option<Unit> {
        if let Some(base) = parse::base(what) {
            return Some(base);
        }
        let (what, shape) = if let Some((what, offset)) = what.split_once(" + ") {
            (what, Shape::Offset(self.quantity(offset).ok()?.number))
        } else if let Some((what, factor)) = what.split_once(" log ") {
            (what, Shape::Log(self.quantity(factor).ok()?.number))
        } else if let Some(what) = what.strip_suffix(" share") {
            (what, Shape::Share)
        } else {
            (what, Shape::Linear)
        };
        Some(Unit { shape, ..self.made_of(what).ok()? })
    }

    /// The unit that one of this quantity is.
    ///
    /// # Errors
    /// A sentence that says why it is none.
    pub fn made_of(&self, definition: &str) -> Result<Unit, Why> {
        let made = self.quantity(definition)?;
        let scale = made.number.times(made.unit.scale);
        if !scale.is_finite() || !scale.is_positive() {
            return Err("A unit is more than nothing.".into());
        }
        if !matches!(made.unit.shape, Shape::Linear | Shape::Share) {
            return Err("No unit can be made of one whose zero is not nothing.".into());
        }
        Ok(Unit { scale, shape: Shape::Linear, ..made.unit })
    }

    /// Is this very name known, without prefix and plural?
    pub fn knows(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// A unit by its name: as it stands, with a prefix, or in plural.
    pub fn unit(&self, name: &str) -> Option<Unit> {
        self.prefixed(name).or_else(|| {
            let singular = name.strip_suffix('s').filter(|n| n.chars().count() >= PLURAL)?;
            self.prefixed(singular)
        })
    }

    fn prefixed(&self, name: &str) -> Option<Unit> {
        if let Some((unit, _)) = self.names.get(name) {
            return Some(*unit);
        }
        let mut found: Option<(usize, Unit)> = None;
        for (words, base, power) in PREFIXES {
            for word in *words {
                let Some((unit, _)) = name.strip_prefix(word).and_then(|rest| self.names.get(rest)) else { continue };
                if unit.shape == Shape::Linear && found.is_none_or(|f| f.0 < word.len()) {
                    let factor = Number::ratio((*base).into(), 1).power(*power, 1);
                    found = Some((word.len(), Unit { scale: unit.scale.times(factor), ..*unit }));
                }
            }
        }
        found.map(|f| f.1)
    }

    /// Reads a quantity.
    ///
    /// # Errors
    /// A sentence that says why it is none.
    pub fn quantity(&self, text: &str) -> Result<Quantity, Why> {
        parse::quantity(text, &|name| self.unit(name))
    }

    /// Reads a unit, simple or composed.
    ///
    /// # Errors
    /// A sentence that says why it is none.
    pub fn compound(&self, text: &str) -> Result<Unit, Why> {
        // A symbol may hold signs that mean something else in products.
        if let Some((unit, _)) = self.names.get(text.trim()) {
            return Ok(*unit);
        }
        let read = self.quantity(text)?;
        if read.number != Number::ONE || text.chars().all(|c| !c.is_alphabetic() && !matches!(c, '%' | '‰' | '°' | '$' | '€' | '#')) {
            return Err(format!("\"{text}\" is no unit."));
        }
        Ok(read.unit)
    }

    /// All names, each with its unit and the unit's own name.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Unit, &str)> {
        self.names.iter().map(|(name, (unit, own))| (name.as_str(), unit, own.as_str()))
    }
}
