//! `/api/order/po-line/`: so much of a supplier part.

use super::fields::{by_part, late, line_fields, line_filters, of_order};
use super::line;
use super::purchase::{PURCHASE, PURCHASE_ORDER};
use crate::build::BUILD;
use crate::common::{currency, setting};
use crate::company::supplier_part::{BRIEF as SUPPLIER_PART_BRIEF, SUPPLIER_PART};
use crate::db::{self, Tx};
use crate::engine::call::{Call, Reply};
use crate::engine::describe::*;
use crate::engine::input::{self, Input, Mode, Value};
use crate::engine::read::{self, Shape};
use crate::engine::write::{Change, insert};
use crate::error::{Result, WHOLE, invalid};
use crate::identity::Role;
use crate::part::part::{BRIEF as PART_BRIEF, PART};
use crate::stock::location::{BRIEF as LOCATION_BRIEF, LOCATION};

/// Lines of purchase orders.
pub static PURCHASE_LINE: Resource = Resource {
    path: "order/po-line",
    model: "purchaseorderlineitem",
    schema: "PurchaseOrderLineItem",
    title: "line of a purchase order",
    table: "purchase_order_line",
    roles: &[Role::PURCHASE_ORDER],
    verbs: Verbs::ALL.and(Verbs::BULK_DELETE),
    fields: line_fields![&PURCHASE_ORDER, quantity("quantity").says_least();
        to("part", &SUPPLIER_PART).required().null().wanted().says("Part", "Which supplier part"),
        to("build_order", &BUILD).null().only(&[("external", true)]).says("Build Order", "The build that the supplier does for us"),
        flag("overdue").null().joined(late!("purchase_order", "10, 20, 25", "t.received < t.quantity")).label("Overdue"),
        quantity("received").fixed().fill(Fill::Int(0)).says("Received", "How much of it came"),
        money("purchase_price").null().says("Purchase Price", "Price of one, as the supplier sells it"),
        choice("purchase_price_currency", Choices::By(setting::currencies))
            .fill(Fill::By(setting::default_currency))
            .says("Currency", "Currency of the price"),
        flag("auto_pricing")
            .fill(Fill::Flag(false))
            .kept_by("0", |_, _| Ok(()))
            .says("Auto Pricing", "Take the price from the supplier's price breaks"),
        to("destination", &LOCATION).null().says("Destination", "Where what is received goes"),
        number("total_price", 19, 6).joined("CAST(t.quantity AS REAL) * t.purchase_price / 1000000.0").label("Total Price"),
        flag("merge_items")
            .fill(Fill::Flag(true))
            .request()
            .secret()
            .says("Merge Items", "Add to a line with the same part, destination and target date, if there is one"),
        text("sku", 0).null().computed("SELECT s.\"SKU\" FROM supplier_part s WHERE s.id = t.part").label("SKU"),
        text("mpn", 0).null().computed(MPN).label("MPN"),
        text("ipn", 0).null().computed("SELECT p.\"IPN\" FROM supplier_part s JOIN part p ON p.id = s.part WHERE s.id = t.part").label("IPN"),
        int("internal_part").computed("SELECT s.part FROM supplier_part s WHERE s.id = t.part").plain().label("Internal Part"),
        text("internal_part_name", 0).computed(NAME).label("Internal Part Name"),
        nested("build_order_detail", &BUILD, "t.build_order").null().unless_off("build_order_detail").label("Build Order"),
        nested("destination_detail", &LOCATION_BRIEF, DESTINATION).null().unless_off("destination_detail").label("Destination"),
        nested("order_detail", &PURCHASE_ORDER, "t.\"order\"").null().unless_off("order_detail").label("Order"),
        nested("part_detail", &PART_BRIEF, "SELECT s.part FROM supplier_part s WHERE s.id = t.part").null().on("part_detail").label("Part"),
        nested("supplier_part_detail", &SUPPLIER_PART_BRIEF, "t.part").null().on("part_detail").label("Supplier Part"),
    ],
    filters: line_filters!["purchase_order", &PURCHASE_ORDER, priced: "t.purchase_price IS NOT NULL";
        is("order_complete", concat!(of_order!("purchase_order", "status"), " = 30")),
        where_("part", Reads::Ref(&SUPPLIER_PART), "t.part = ?"),
        helper("include_variants"),
        by("base_part", Reads::Ref(&PART), |asked, rows| {
            by_part(asked, rows, "t.part IN (SELECT s.id FROM supplier_part s WHERE s.part IN ({}))")
        }),
        is("pending", concat!(of_order!("purchase_order", "status"), " IN (10, 20, 25)")),
        by("received", Reads::Flag, |asked, rows| {
            let open = concat!("t.received < t.quantity AND ", of_order!("purchase_order", "status"), " IN (10, 20, 25)");
            rows.and(if asked.value == Value::Flag(true) { "t.received >= t.quantity" } else { open }, []);
            Ok(())
        }),
    ],
    search: &[
        own("purchase_order_line", &["reference"]),
        via("supplier_part", &["SKU"], "SELECT id FROM purchase_order_line WHERE part IN ({})").indexed(),
        via(
            "manufacturer_part",
            &["MPN"],
            "SELECT l.id FROM purchase_order_line l JOIN supplier_part s ON s.id = l.part WHERE s.manufacturer_part IN ({})",
        )
        .indexed(),
        via(
            "part",
            &["name", "description"],
            "SELECT l.id FROM purchase_order_line l JOIN supplier_part s ON s.id = l.part WHERE s.part IN ({})",
        )
        .indexed(),
    ],
    order: &[
        order(
            "MPN",
            &["(SELECT m.\"MPN\" FROM supplier_part s JOIN manufacturer_part m ON m.id = s.manufacturer_part WHERE s.id = t.part)"],
        ),
        order("part_name", &["(SELECT p.name FROM supplier_part s JOIN part p ON p.id = s.part WHERE s.id = t.part)"]),
        order("purchase_price", &["t.purchase_price"]),
        order("quantity", &["t.quantity"]),
        order("received", &["t.received"]),
        order("reference", &["t.reference"]),
        order("SKU", &["(SELECT s.\"SKU\" FROM supplier_part s WHERE s.id = t.part)"]),
        order("IPN", &["(SELECT p.\"IPN\" FROM supplier_part s JOIN part p ON p.id = s.part WHERE s.id = t.part)"]),
        order("total_price", &["CAST(t.quantity AS REAL) * t.purchase_price"]),
        order("target_date", &["t.target_date"]),
        order("order", &[of_order!("purchase_order", "reference")]),
        order("status", &[of_order!("purchase_order", "status")]),
        order("complete_date", &[of_order!("purchase_order", "complete_date")]),
        order("line", &["CAST(t.line AS INTEGER)", "t.line", "(SELECT s.\"SKU\" FROM supplier_part s WHERE s.id = t.part)"]),
    ],
    list_flags: &[("part_detail", false), ("order_detail", false)],
    check: Some(check),
    saved: Some(|change| line::saved(change, &PURCHASE)),
    remove: Some(|change| line::remove(change, &PURCHASE)),
    create: Some(create),
    metadata: true,
    ..Resource::BASE
};

const MPN: &str = "SELECT m.\"MPN\" FROM supplier_part s JOIN manufacturer_part m ON m.id = s.manufacturer_part WHERE s.id = t.part";
const NAME: &str = "SELECT p.name FROM supplier_part s JOIN part p ON p.id = s.part WHERE s.id = t.part";
/// Where it goes as things stand: its own place, the order's, or where the part is kept.
const DESTINATION: &str = "coalesce(t.destination, (SELECT o.destination FROM purchase_order o WHERE o.id = t.\"order\"), \
    (SELECT p.default_location FROM supplier_part s JOIN part p ON p.id = s.part WHERE s.id = t.part))";

fn check(change: &mut Change<'_>) -> Result<()> {
    line::check(change, &PURCHASE)?;
    if !change.problems.is_empty() {
        return Ok(());
    }
    // The contract wants both named in every change.
    if !change.creates() {
        for name in ["part", "order"] {
            if change.new.int(name).is_none() {
                change.wrong(name, "This field is required.");
            }
        }
    }
    line::check_quantity(change);
    let (Some(order), Some(part)) = (change.int("order"), change.int("part")) else { return Ok(()) };
    let tx = change.tx;
    let buys: Option<i64> = db::one(tx, "SELECT supplier FROM purchase_order WHERE id = ?1", [order])?;
    let sells: Option<i64> = db::one(tx, "SELECT supplier FROM supplier_part WHERE id = ?1", [part])?;
    if buys != sells {
        change.wrong("part", "The order goes to another supplier.");
        change.wrong("order", "Another supplier sells this part.");
    }
    if let Some(build) = change.int("build_order").filter(|_| change.changes("build_order") || change.changes("part"))
        && db::one::<i64>(tx, "SELECT 1 FROM build b JOIN supplier_part s ON s.part = b.part WHERE b.id = ?1 AND s.id = ?2", [build, part])?
            .is_none()
    {
        change.wrong("build_order", "This build makes another part.");
    }
    // A change takes the supplier's price unless it says that it does not; a creation only if it says so.
    let wants =
        if change.creates() { change.new.flag("auto_pricing") } else { change.new.get("auto_pricing") != Some(&Value::Flag(false)) };
    if wants && let Some(price) = price_of(tx, part, change.int("quantity").unwrap_or(0), &change.text("purchase_price_currency"))? {
        change.set("purchase_price", Value::Int(price));
    }
    Ok(())
}

/// The supplier's price for such a quantity, in a currency; where a rate is missing, the number as it stands, as the contract has it.
/// None if the supplier names no price for so few.
fn price_of(tx: &Tx<'_>, part: i64, quantity: i64, unit: &str) -> Result<Option<i64>> {
    let sql = |what: &str| {
        format!(
            "SELECT {what} FROM supplier_price_break WHERE part = ?1 AND quantity <= ?2 AND price IS NOT NULL ORDER BY quantity DESC LIMIT 1"
        )
    };
    let Some(price) = db::one::<i64>(tx, &sql("price"), [part, quantity])? else { return Ok(None) };
    let from: String = db::one(tx, &sql("price_currency"), [part, quantity])?.unwrap_or_default();
    Ok(Some(currency::convert(tx, price, &from, unit)?.unwrap_or(price)))
}

/// POST: adds to a line like this one, if there is one and the request does not forbid it.
fn create(tx: &Tx<'_>, call: &Call) -> Result<Reply> {
    let new = input::read(tx, PURCHASE_LINE.fields, &call.content, Mode::Create)?;
    let id = match twin(tx, &new)? {
        Some(twin) => {
            merge(tx, twin, &new)?;
            twin
        }
        None => insert(tx, call, &PURCHASE_LINE, new)?,
    };
    read::shown(call, tx, &PURCHASE_LINE, Shape::Created, id, 201)
}

fn twin(tx: &Tx<'_>, new: &Input) -> Result<Option<i64>> {
    let Some(part) = new.int("part").filter(|_| new.flag("merge_items")) else { return Ok(None) };
    db::one(
        tx,
        "SELECT id FROM purchase_order_line WHERE \"order\" = ?1 AND part = ?2 AND target_date IS ?3 AND destination IS ?4 AND build_order IS ?5 ORDER BY id LIMIT 1",
        (new.int("order"), part, new.get("target_date"), new.int("destination"), new.int("build_order")),
    )
}

fn merge(tx: &Tx<'_>, twin: i64, new: &Input) -> Result<()> {
    let (order, more) = (new.int("order").unwrap_or_default(), new.int("quantity").unwrap_or_default());
    if PURCHASE.locked(tx, order)? {
        return invalid(WHOLE, "The order is complete; its lines stay as they are.");
    }
    if more <= 0 {
        return invalid("quantity", "The quantity must be above zero.");
    }
    let has: i64 = db::one(tx, "SELECT quantity FROM purchase_order_line WHERE id = ?1", [twin])?.unwrap_or_default();
    let sum = crate::stock::action::within(has, more)?;
    db::run(tx, "UPDATE purchase_order_line SET quantity = ?2 WHERE id = ?1", [twin, sum])?;
    if new.flag("auto_pricing")
        && let Some(part) = new.int("part")
    {
        let unit: String =
            db::one(tx, "SELECT purchase_price_currency FROM purchase_order_line WHERE id = ?1", [twin])?.unwrap_or_default();
        if let Some(price) = price_of(tx, part, sum, &unit)? {
            db::run(tx, "UPDATE purchase_order_line SET purchase_price = ?2 WHERE id = ?1", [twin, price])?;
        }
    }
    PURCHASE.touch(tx, order)
}
