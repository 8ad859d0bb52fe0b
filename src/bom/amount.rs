//! What the lines of bills of materials amount to: SQL over stock and orders, and the quantity that a build needs. Amounts are millionths.

use rusqlite::{Connection, OptionalExtension};

use crate::error::Result;
use crate::part::derived::*;

// `$row`: the alias of the line, such as `t`; `$more`: another condition on the stock items `s`, or nothing.
macro_rules! free_part {
    ($row:expr, $more:expr) => {
        free_of!(concat!("= ", $row, ".sub_part"), $more)
    };
}
macro_rules! free_variants {
    ($row:expr, $more:expr) => {
        free_of!(variants_of!(concat!($row, ".sub_part")), $more)
    };
}
macro_rules! free_substitutes {
    ($row:expr, $more:expr) => {
        free_of!(concat!("IN (SELECT u.part FROM bom_substitute u WHERE u.bom_item = ", $row, ".id)"), $more)
    };
}
/// How many assemblies so much (an expression) is enough for.
macro_rules! enough_for {
    ($row:expr, $stock:expr) => {
        concat!(
            "CASE WHEN ",
            $row,
            ".quantity = 0 THEN 0 ELSE max(0, (",
            $stock,
            " - ",
            $row,
            ".setup_quantity) * 1000000.0 / (",
            $row,
            ".quantity * (1 + ",
            $row,
            ".attrition / 100000000.0))) END"
        )
    };
}
pub(crate) use {free_part, free_substitutes, free_variants};

/// What several numbers of a line are made of; see `Resource::shared`.
pub const SHARED: &[(&str, &str)] =
    &[("q_part", AVAILABLE), ("q_variants", free_variants!("t", "")), ("q_substitutes", free_substitutes!("t", ""))];
/// Of the sub part itself: on the shelf and not set aside.
pub const AVAILABLE: &str = free_part!("t", "");
/// Of the sub part itself: on the shelf, at places outside the house.
pub const EXTERNAL: &str = stock_of!("= t.sub_part", " AND s.location IN (SELECT g.id FROM stock_location g WHERE g.external = 1)");
/// Of the sub part itself: bought and not yet received.
pub const ON_ORDER: &str = ordering_of!("= t.sub_part");
/// Of the sub part itself: in production.
pub const BUILDING: &str = building_of!("= t.sub_part");
/// How many assemblies the stock is enough for; of a row with `SHARED`.
pub const CAN_BUILD: &str = enough_for!("t", "t.q_part + t.q_variants + t.q_substitutes");
/// The same where nothing is shared.
pub const ORDER_CAN_BUILD: &str =
    enough_for!("t", concat!(free_part!("t", ""), " + ", free_variants!("t", ""), " + ", free_substitutes!("t", "")));

/// How many of the part `t` can be made of what is on the shelf: as many whole ones as the scarcest of its lines allows. What is used up on
/// the way or cannot be touched does not count.
pub const CAN_BUILD_PART: &str = concat!(
    "SELECT coalesce(CAST(min(",
    enough_for!("i", concat!(free_part!("i", ""), " + ", free_variants!("i", ""), " + ", free_substitutes!("i", ""))),
    ") / 1000000 AS INTEGER), 0) * 1000000 FROM bom_item i JOIN part x ON x.id = i.sub_part WHERE i.consumable = 0 AND x.virtual = 0 AND (i.part = t.id \
     OR i.inherited = 1 AND i.part IN (SELECT above.id FROM part above WHERE t.tree_key > above.tree_key || char(1) AND t.tree_key < above.tree_key || char(2) \
     AND above.is_template = 1))"
);

/// How much of its sub part a line asks for.
#[derive(Clone, Copy)]
pub struct Amount {
    /// For one assembly.
    pub quantity: i64,
    /// For a whole build, whatever its size.
    pub setup: i64,
    /// What gets lost, in millionths of a percent.
    pub attrition: i64,
    /// The sum is rounded up to a multiple of this.
    pub rounding: Option<i64>,
}

/// Quantities have five places.
const STEP: i128 = 10;

impl Amount {
    /// The amount of a line; nothing if there is no such line.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn load(conn: &Connection, line: i64) -> Result<Option<Amount>> {
        let mut statement =
            conn.prepare_cached("SELECT quantity, setup_quantity, attrition, rounding_multiple FROM bom_item WHERE id = ?1")?;
        let row = statement.query_row([line], |row| {
            Ok(Amount { quantity: row.get(0)?, setup: row.get(1)?, attrition: row.get(2)?, rounding: row.get(3)? })
        });
        Ok(row.optional()?)
    }

    /// How much so many assemblies need: quantity × assemblies × (1 + attrition) + setup, rounded up to the multiple.
    pub fn needed(self, assemblies: i64) -> i64 {
        const PERCENT: i128 = 100_000_000;
        let (million, setup) = (1_000_000_i128, i128::from(self.setup));
        // Exact over this denominator; quantities have at most sixteen digits, so that nothing overflows.
        let below = million * PERCENT;
        let product = i128::from(self.quantity).saturating_mul(i128::from(assemblies)).saturating_mul(PERCENT + i128::from(self.attrition));
        let above = product.saturating_add(setup.saturating_mul(below));
        let sum = match self.rounding.filter(|multiple| *multiple > 0) {
            Some(multiple) => {
                let unit = below.saturating_mul(i128::from(multiple));
                (above.saturating_add(unit - 1) / unit).saturating_mul(i128::from(multiple))
            }
            None => above.saturating_add(below * STEP / 2) / (below * STEP) * STEP,
        };
        i64::try_from(sum).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::Amount;

    const ONE: i64 = 1_000_000;

    #[test]
    fn what_a_build_needs() {
        let plain = Amount { quantity: 2 * ONE, setup: 0, attrition: 0, rounding: None };
        assert_eq!(plain.needed(3 * ONE), 6 * ONE);
        assert_eq!(Amount { attrition: 5 * ONE, ..plain }.needed(10 * ONE), 21 * ONE);
        assert_eq!(Amount { attrition: 5 * ONE, setup: 4 * ONE, ..plain }.needed(10 * ONE), 25 * ONE);
        assert_eq!(Amount { rounding: Some(10 * ONE), ..plain }.needed(5 * ONE), 10 * ONE);
        assert_eq!(Amount { rounding: Some(10 * ONE), setup: 10, ..plain }.needed(5 * ONE), 20 * ONE);
        assert_eq!(Amount { rounding: Some(0), ..plain }.needed(5 * ONE), 10 * ONE);
    }

    #[test]
    fn five_places_are_kept() {
        let third = Amount { quantity: 333_330, setup: 0, attrition: 10 * ONE, rounding: None };
        assert_eq!(third.needed(ONE), 366_660);
        assert_eq!(Amount { quantity: 10, ..third }.needed(5 * ONE), 60);
    }

    #[test]
    fn large_numbers_end_somewhere() {
        let most = Amount { quantity: i64::MAX, setup: i64::MAX, attrition: 100 * ONE, rounding: Some(7) };
        assert_eq!(most.needed(i64::MAX), i64::MAX);
    }
}
