//! `/api/part/{id}/pricing/`: what a part costs, by what is known of it, in the default currency.
//!
//! Ranges are reckoned when somebody asks for it, and a while after something changed (`update_queued`); until then they are as they were.

use rusqlite::Connection;

use super::part::PART;
use crate::common::{currency, setting};
use crate::db::{self, Tx};
use crate::engine::describe::*;
use crate::engine::input::Value;
use crate::engine::write::Change;
use crate::error::Result;
use crate::identity::Role;

/// Parts above a part that follow its price, at most: guards against circles in damaged data.
const DEEPEST: usize = 50;

macro_rules! of {
    ($column:literal) => {
        concat!("SELECT p.", $column, " FROM part_pricing p WHERE p.part = t.id")
    };
}
macro_rules! cost {
    ($column:literal, $label:literal, $help:literal) => {
        money($column).null().computed(of!($column)).says($label, $help)
    };
}

/// The prices of one part.
pub static PRICING: Resource = Resource {
    path: "part/{id}/pricing",
    model: "partpricing",
    schema: "PartPricing",
    title: PART.title,
    table: PART.table,
    roles: &[Role::PART],
    verbs: Verbs::DETAIL.and(Verbs::UPDATE),
    fields: &[
        text("currency", 10)
            .null()
            .fill(Fill::By(setting::default_currency))
            .computed(CURRENCY)
            .says("Currency", "In which everything is reckoned"),
        moment("updated").null().computed(of!("updated")).says("Updated", "When it was reckoned, or something changed"),
        flag("scheduled_for_update").fill(Fill::Flag(false)).computed(QUEUED).says("Scheduled for update", "It will be reckoned anew"),
        cost!("bom_cost_min", "Minimum BOM Cost", "Its components, at their least"),
        cost!("bom_cost_max", "Maximum BOM Cost", "Its components, at their most"),
        cost!("purchase_cost_min", "Minimum Purchase Cost", "The least that was paid"),
        cost!("purchase_cost_max", "Maximum Purchase Cost", "The most that was paid"),
        cost!("internal_cost_min", "Minimum Internal Price", "The least by internal prices"),
        cost!("internal_cost_max", "Maximum Internal Price", "The most by internal prices"),
        cost!("supplier_price_min", "Minimum Supplier Price", "The least that a supplier asks"),
        cost!("supplier_price_max", "Maximum Supplier Price", "The most that a supplier asks"),
        cost!("variant_cost_min", "Minimum Variant Cost", "The least that a variant costs"),
        cost!("variant_cost_max", "Maximum Variant Cost", "The most that a variant costs"),
        money("override_min").null().kept_by(of!("override_min"), save_min).says("Minimum Price", "Counts instead of what was reckoned"),
        choice("override_min_currency", Choices::By(setting::currencies))
            .fill(Fill::By(setting::default_currency))
            .kept_by(OVERRIDE_MIN_CURRENCY, save_min_currency)
            .says("Minimum price currency", "Currency of the least price"),
        money("override_max").null().kept_by(of!("override_max"), save_max).says("Maximum Price", "Counts instead of what was reckoned"),
        choice("override_max_currency", Choices::By(setting::currencies))
            .fill(Fill::By(setting::default_currency))
            .kept_by(OVERRIDE_MAX_CURRENCY, save_max_currency)
            .says("Maximum price currency", "Currency of the greatest price"),
        cost!("overall_min", "Minimum Cost", "The least of all"),
        cost!("overall_max", "Maximum Cost", "The most of all"),
        cost!("sale_price_min", "Minimum Sale Price", "The least for which it is sold"),
        cost!("sale_price_max", "Maximum Sale Price", "The most for which it is sold"),
        cost!("sale_history_min", "Minimum Sale Cost", "The least for which it was sold"),
        cost!("sale_history_max", "Maximum Sale Cost", "The most for which it was sold"),
        flag("update").null().fill(Fill::Flag(false)).request().secret().says("Update", "Reckon it now"),
    ],
    check: Some(check),
    saved: Some(|change| {
        row(change.tx, change.key())?;
        if change.new.flag("update") { update(change.tx, change.key()) } else { settle(change.tx, change.key()) }
    }),
    ..Resource::BASE
};

const CURRENCY: &str = "SELECT coalesce((SELECT p.currency FROM part_pricing p WHERE p.part = t.id), (SELECT value FROM setting WHERE key = 'INVENTREE_DEFAULT_CURRENCY'))";
const QUEUED: &str = "SELECT coalesce((SELECT p.scheduled FROM part_pricing p WHERE p.part = t.id), 0)";
macro_rules! override_currency {
    ($column:literal) => {
        concat!(
            "SELECT coalesce((SELECT p.",
            $column,
            " FROM part_pricing p WHERE p.part = t.id), (SELECT value FROM setting WHERE key = 'INVENTREE_DEFAULT_CURRENCY'))"
        )
    };
}
const OVERRIDE_MIN_CURRENCY: &str = override_currency!("override_min_currency");
const OVERRIDE_MAX_CURRENCY: &str = override_currency!("override_max_currency");

fn save(change: &mut Change<'_>, column: &str, value: &Value) -> Result<()> {
    row(change.tx, change.key())?;
    db::run(change.tx, &format!("UPDATE part_pricing SET {column} = ?2 WHERE part = ?1"), (change.key(), value)).map(|_| ())
}
fn save_min(change: &mut Change<'_>, value: &Value) -> Result<()> {
    save(change, "override_min", value)
}
fn save_min_currency(change: &mut Change<'_>, value: &Value) -> Result<()> {
    save(change, "override_min_currency", value)
}
fn save_max(change: &mut Change<'_>, value: &Value) -> Result<()> {
    save(change, "override_max", value)
}
fn save_max_currency(change: &mut Change<'_>, value: &Value) -> Result<()> {
    save(change, "override_max_currency", value)
}

fn check(change: &mut Change<'_>) -> Result<()> {
    let of =
        |name: &'static str| -> Result<Option<i64>> {
            match change.new.get(name) {
                Some(Value::Int(amount)) => Ok(Some(*amount)),
                Some(_) => Ok(None),
                None => Ok(db::one::<Option<i64>>(change.tx, &format!("SELECT {name} FROM part_pricing WHERE part = ?1"), [change.key()])?
                    .flatten()),
            }
        };
    if let (Some(least), Some(most)) = (of("override_min")?, of("override_max")?)
        && least > most
    {
        change.wrong("override_min", "The least price is above the greatest.");
        change.wrong("override_max", "The greatest price is below the least.");
    }
    Ok(())
}

/// Makes the row of a part, if it has none.
fn row(tx: &Tx<'_>, part: i64) -> Result<()> {
    let base = setting::value(tx, "INVENTREE_DEFAULT_CURRENCY")?;
    let sql = "INSERT OR IGNORE INTO part_pricing (part, currency, updated) VALUES (?1, ?2, ?3)";
    db::run(tx, sql, (part, base, tx.now)).map(|_| ())
}

/// Notes that something changed by which a part is priced: it is reckoned anew in a while, and so is what follows its price.
///
/// # Errors
/// The database cannot be written.
pub fn changed(tx: &Tx<'_>, part: i64) -> Result<()> {
    row(tx, part)?;
    db::run(tx, "UPDATE part_pricing SET updated = ?2, scheduled = 1 WHERE part = ?1", [part, tx.now]).map(|_| ())
}

/// Reckons what is queued; says how many parts that were.
///
/// # Errors
/// The database cannot be written.
pub fn update_queued(tx: &Tx<'_>) -> Result<usize> {
    let mut done = 0;
    for _ in 0..DEEPEST {
        let queued: Vec<i64> = db::column(tx, "SELECT part FROM part_pricing WHERE scheduled = 1", [])?;
        if queued.is_empty() {
            break;
        }
        for part in queued {
            update(tx, part)?;
            done += 1;
        }
    }
    Ok(done)
}

/// The least and the greatest of some amounts, in millionths.
type Range = Option<(i64, i64)>;

fn joined(a: Range, b: Range) -> Range {
    match (a, b) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (one, other) => one.or(other),
    }
}

/// The range of what a SELECT gives: amounts and their currencies, for the part `?1`. What has no rate does not count.
fn range(conn: &Connection, base: &str, part: i64, sql: &str) -> Result<Range> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query([part])?;
    let mut found = None;
    while let Some(row) = rows.next()? {
        let (amount, code): (Option<i64>, String) = (row.get(0)?, row.get(1)?);
        let Some(amount) = amount else { continue };
        if let Some(amount) = currency::convert(conn, amount, &code, base)? {
            found = joined(found, Some((amount, amount)));
        }
    }
    Ok(found)
}

/// Reckons the prices of a part now, and queues what follows them.
///
/// # Errors
/// The database cannot be written.
pub fn update(tx: &Tx<'_>, part: i64) -> Result<()> {
    row(tx, part)?;
    let base = setting::value(tx, "INVENTREE_DEFAULT_CURRENCY")?;
    let on = |key| setting::is_on(tx, key);
    let is = |column: &str| db::one::<i64>(tx, &format!("SELECT {column} FROM part WHERE id = ?1"), [part]).map(|flag| flag == Some(1));
    let bom = bill(tx, part)?;
    let stock = if on("PRICING_USE_STOCK_PRICING")? { paid(tx, &base, part)? } else { None };
    let purchase = joined(range(tx, &base, part, BOUGHT)?, stock);
    let internal = match on("PART_INTERNAL_PRICE")? {
        true => range(tx, &base, part, "SELECT price, price_currency FROM part_internal_price WHERE part = ?1")?,
        false => None,
    };
    let supplier = if on("PRICING_USE_SUPPLIER_PRICING")? && is("purchaseable")? { range(tx, &base, part, ASKED)? } else { None };
    let variant = if on("PRICING_USE_VARIANT_PRICING")? && is("is_template")? { variants(tx, part)? } else { None };
    let sale = range(tx, &base, part, "SELECT price, price_currency FROM part_sale_price WHERE part = ?1")?;
    let sold = range(tx, &base, part, SOLD)?;
    let written: [(&str, Range); 7] = [
        ("bom_cost", bom),
        ("purchase_cost", purchase),
        ("internal_cost", internal),
        ("supplier_price", supplier),
        ("variant_cost", variant),
        ("sale_price", sale),
        ("sale_history", sold),
    ];
    for (name, range) in written {
        let sql = format!("UPDATE part_pricing SET {name}_min = ?2, {name}_max = ?3 WHERE part = ?1");
        db::run(tx, &sql, (part, range.map(|r| r.0), range.map(|r| r.1)))?;
    }
    let sql = "UPDATE part_pricing SET currency = ?2, updated = ?3, scheduled = 0 WHERE part = ?1";
    db::run(tx, sql, (part, &base, tx.now))?;
    settle(tx, part)
}

/// Makes the overall range of the others and of what overrides them; if it is another one then, what follows it is queued.
fn settle(tx: &Tx<'_>, part: i64) -> Result<()> {
    let base = setting::value(tx, "INVENTREE_DEFAULT_CURRENCY")?;
    let stored = |name: &str| -> Result<Range> {
        let sql = format!("SELECT {name}_min, {name}_max FROM part_pricing WHERE part = ?1");
        let pair: (Option<i64>, Option<i64>) = tx.prepare_cached(&sql)?.query_row([part], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(pair.0.zip(pair.1))
    };
    let (purchase, internal) = (stored("purchase_cost")?, stored("internal_cost")?);
    let mut overall = joined(joined(stored("bom_cost")?, purchase), joined(internal, stored("variant_cost")?));
    if purchase.is_none() || !setting::is_on(tx, "PRICING_PURCHASE_HISTORY_OVERRIDES_SUPPLIER")? {
        overall = joined(overall, stored("supplier_price")?);
    }
    if setting::is_on(tx, "PART_BOM_USE_INTERNAL_PRICE")? && internal.is_some() {
        overall = internal;
    }
    let forced = |side: &str| -> Result<Option<i64>> {
        let sql = format!("SELECT override_{side}, coalesce(override_{side}_currency, currency) FROM part_pricing WHERE part = ?1");
        Ok(range(tx, &base, part, &sql)?.map(|range| range.0))
    };
    let before = stored("overall")?;
    let (least, most) = (forced("min")?.or(overall.map(|o| o.0)), forced("max")?.or(overall.map(|o| o.1)));
    db::run(tx, "UPDATE part_pricing SET overall_min = ?2, overall_max = ?3 WHERE part = ?1", (part, least, most))?;
    if before == least.zip(most) { Ok(()) } else { follow(tx, part) }
}

/// What suppliers ask for one, by their prices for packs.
const ASKED: &str = "SELECT CAST(b.price * 1000000.0 / s.pack_quantity_native AS INTEGER), b.price_currency FROM supplier_part s \
    JOIN supplier_price_break b ON b.part = s.id WHERE s.part = ?1 AND s.pack_quantity_native > 0";

/// What was paid for one by purchase orders that are complete.
const BOUGHT: &str = "SELECT CAST(l.purchase_price * 1000000.0 / s.pack_quantity_native AS INTEGER), l.purchase_price_currency FROM supplier_part s \
    JOIN purchase_order_line l ON l.part = s.id AND l.received > 0 AND l.purchase_price IS NOT NULL \
    JOIN purchase_order o ON o.id = l.\"order\" AND o.status = 30 WHERE s.part = ?1 AND s.pack_quantity_native > 0";
/// For what one was sold by sales orders that are complete.
const SOLD: &str = "SELECT l.sale_price, l.sale_price_currency FROM sales_order_line l \
    JOIN sales_order o ON o.id = l.\"order\" AND o.status = 30 WHERE l.part = ?1 AND l.shipped > 0 AND l.sale_price IS NOT NULL";

/// What was paid for stock, not older than the setting says.
fn paid(tx: &Tx<'_>, base: &str, part: i64) -> Result<Range> {
    let days = setting::number(tx, "PRICING_STOCK_ITEM_AGE_DAYS")?;
    let since = if days > 0 { tx.now - days * 24 * 60 * 60 * 1000 } else { i64::MIN };
    let sql = format!(
        "SELECT purchase_price, purchase_price_currency FROM stock_item WHERE part = ?1 AND purchase_price IS NOT NULL AND updated >= {since}"
    );
    range(tx, base, part, &sql)
}

/// What the components of an assembly cost together; components without a price do not count.
fn bill(tx: &Tx<'_>, part: i64) -> Result<Range> {
    let mut statement = tx.prepare_cached(
        "SELECT b.quantity, p.overall_min, p.overall_max FROM bom_item b JOIN part_pricing p ON p.part = b.sub_part \
         WHERE b.part = ?1 AND p.overall_min IS NOT NULL AND p.overall_max IS NOT NULL",
    )?;
    let mut rows = statement.query([part])?;
    let mut sum: Option<(i128, i128)> = None;
    while let Some(row) = rows.next()? {
        let (quantity, least, most): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let times = |amount: i64| i128::from(quantity) * i128::from(amount) / 1_000_000;
        let before = sum.unwrap_or_default();
        sum = Some((before.0 + times(least), before.1 + times(most)));
    }
    Ok(sum.and_then(|(least, most)| Some((i64::try_from(least).ok()?, i64::try_from(most).ok()?))))
}

fn variants(tx: &Tx<'_>, part: i64) -> Result<Range> {
    let active = if setting::is_on(tx, "PRICING_ACTIVE_VARIANTS")? { "AND v.active = 1" } else { "" };
    let sql = format!(
        "SELECT min(p.overall_min), max(p.overall_max) FROM part t JOIN part v ON v.tree_key > t.tree_key || char(1) \
         AND v.tree_key < t.tree_key || char(2) JOIN part_pricing p ON p.part = v.id WHERE t.id = ?1 {active}"
    );
    let found = tx.prepare_cached(&sql)?.query_row([part], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(match found {
        (Some(least), Some(most)) => Some((least, most)),
        _ => None,
    })
}

/// Queues the assemblies that need a part and the template that it is a variant of.
fn follow(tx: &Tx<'_>, part: i64) -> Result<()> {
    if !setting::is_on(tx, "PRICING_AUTO_UPDATE")? {
        return Ok(());
    }
    let sql = "SELECT part FROM bom_item WHERE sub_part = ?1 UNION SELECT variant_of FROM part WHERE id = ?1 AND variant_of IS NOT NULL";
    for above in db::column::<i64>(tx, sql, [part])? {
        row(tx, above)?;
        db::run(tx, "UPDATE part_pricing SET scheduled = 1 WHERE part = ?1", [above])?;
    }
    Ok(())
}
