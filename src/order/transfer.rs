//! `/api/order/transfer-order/`: what goes from one place to another, or is used up.

use super::allocation::{
    self, AVAILABLE, AVAILABLE_VARIANTS, BUILDING, Book, ON_ORDER, allocate, allocate_serials, allocation_fields, allocation_list,
};
use super::fields::{BY_NUMBER, by_part, late, line_fields, line_filters, of_order, order_fields, order_filters, order_tags, order_words};
use super::kind::{self, COMPLETE, Kind};
use super::line;
use super::reference::Numbered;
use super::state::{self, Edge};
use crate::common::parameter::filter::BY_PARAMETER;
use crate::db::{self, Tx};
use crate::engine::call::Call;
use crate::engine::describe::*;
use crate::engine::input::Input;
use crate::error::{Result, WHOLE, invalid};
use crate::identity::Role;
use crate::part::part::{BRIEF as PART_BRIEF, PART};
use crate::stock::action::{self, Item};
use crate::stock::item::ITEM;
use crate::stock::location::LOCATION;
use crate::stock::track::{Deltas, Event, note};

/// The state of an order that is being carried out.
const ISSUED: i64 = 20;

/// What holds of transfer orders.
pub static TRANSFER: Kind = Kind {
    resource: &TRANSFER_ORDER,
    class: "TransferOrderStatus",
    open: &[10, ISSUED, 25],
    numbered: Numbered { table: "transfer_order", pattern: "TRANSFERORDER_REFERENCE_PATTERN" },
    responsible: "TRANSFERORDER_REQUIRE_RESPONSIBLE",
    editable: "",
    company: "",
    line_columns: "part",
    extra_lines: false,
    edges: &[
        Edge { verb: "issue", from: &[10, 25], to: ISSUED, stamp: "issue_date", strict: false },
        Edge { verb: "hold", from: &[10, ISSUED], to: 25, stamp: "", strict: false },
        Edge { verb: "cancel", from: &[10, ISSUED, 25], to: 40, stamp: "", strict: true },
        Edge { verb: "complete", from: &[ISSUED], to: COMPLETE, stamp: "complete_date", strict: true },
    ],
    news: "order.new_transferorder",
};

/// Stock that is set aside for transfer orders.
pub static BOOK: Book = Book { kind: &TRANSFER, fit: |_, _| Ok(None), strict: false, ships: false };

/// Transfer orders.
pub static TRANSFER_ORDER: Resource = Resource {
    path: "order/transfer-order",
    model: "transferorder",
    schema: "TransferOrder",
    title: "transfer order",
    table: "transfer_order",
    roles: &[Role::TRANSFER_ORDER],
    verbs: Verbs::ALL,
    fields: order_fields![
        "transfer_order", "order.transferorder", "TransferOrderStatus", TRANSFER,
        open: "10, 20, 25",
        done: "l.transferred >= l.quantity",
        issued: date("issue_date").null().says("Issue Date", "When it was issued");
        to("take_from", &LOCATION).null().says("Source Location", "Where it is taken from"),
        nested("take_from_detail", &LOCATION, "t.take_from").null().unless_off("take_from_detail").label("Source Location"),
        to("destination", &LOCATION).null().says("Destination", "Where it goes"),
        nested("destination_detail", &LOCATION, "t.destination").null().unless_off("destination_detail").label("Destination"),
        flag("consume").fill(Fill::Flag(false)).says("Consume Stock", "It is used up instead of moved"),
        date("complete_date").null().says("Completion Date", "When it was complete"),
        order_tags!("transferorder"),
    ],
    filters: order_filters!["transferorder", open: "10, 20, 25", done: "complete_date";
        helper("include_variants"),
        by("part", Reads::Ref(&PART), |asked, rows| {
            by_part(asked, rows, "t.id IN (SELECT l.\"order\" FROM transfer_order_line l WHERE l.part IN ({}))")
        }),
    ],
    search: &[
        own("transfer_order", &["description", "reference"]),
        via("project_code", &["code"], "SELECT id FROM transfer_order WHERE project_code IN ({})"),
    ],
    order: order_words!["transfer_order"; order("complete_date", &["t.complete_date"])],
    sort: BY_NUMBER,
    check: Some(|change| kind::check(change, &TRANSFER)),
    saved: Some(|change| kind::saved(change, &TRANSFER)),
    actions: &[
        &Action { path: "{id}/issue", run: |tx, call, _| state::step(tx, call, &TRANSFER, "issue").map(|_| None), ..Action::BASE },
        &Action { path: "{id}/hold", run: |tx, call, _| state::step(tx, call, &TRANSFER, "hold").map(|_| None), ..Action::BASE },
        &Action { path: "{id}/cancel", run: |tx, call, _| cancel(tx, call).map(|()| None), ..Action::BASE },
        &Action {
            path: "{id}/allocate",
            schema: "TransferOrderLineItemAllocation",
            input: &[list("items", allocation::pair!(&TRANSFER_LINE)).required().holds("TransferOrderAllocationItem")],
            run: |tx, call, given| allocate(tx, call, given, &BOOK),
            ..Action::BASE
        },
        &Action {
            path: "{id}/allocate-serials",
            schema: "TransferOrderSerialAllocation",
            input: &[
                to("line_item", &TRANSFER_LINE).required().request().says("Line Item", "For which line"),
                between("quantity", 1, i64::MAX).required().request().says("Quantity", "How many"),
                text("serial_numbers", 0).required().request().says("Serial Numbers", "Which ones"),
            ],
            run: |tx, call, given| allocate_serials(tx, call, given, &BOOK),
            ..Action::BASE
        },
        &Action {
            path: "{id}/complete",
            schema: "TransferOrderComplete",
            input: &[flag("accept_incomplete_allocation")
                .fill(Fill::Flag(false))
                .request()
                .says("Accept Incomplete Allocation", "Complete it though not everything is set aside")],
            run: |tx, call, given| complete(tx, call, given).map(|()| None),
            ..Action::BASE
        },
    ],
    families: BY_PARAMETER,
    metadata: true,
    ..Resource::BASE
};

/// Lines of transfer orders.
pub static TRANSFER_LINE: Resource = Resource {
    path: "order/transfer-order-line",
    model: "transferorderlineitem",
    schema: "TransferOrderLineItem",
    title: "line of a transfer order",
    table: "transfer_order_line",
    roles: &[Role::TRANSFER_ORDER],
    verbs: Verbs::ALL,
    fields: line_fields![&TRANSFER_ORDER;
        quantity("allocated").joined("SELECT total(a.quantity) FROM transfer_order_allocation a WHERE a.line = t.id").label("Allocated"),
        flag("overdue").null().joined(late!("transfer_order", "10, 20, 25", "t.transferred < t.quantity")).label("Overdue"),
        to("part", &PART).null().wanted().says("Part", "What goes"),
        quantity("transferred").fixed().fill(Fill::Int(0)).says("Transferred", "How much of it went"),
        quantity("available_stock").joined(AVAILABLE).label("Available stock"),
        quantity("available_variant_stock").joined(AVAILABLE_VARIANTS).label("Available variant stock"),
        quantity("building").joined(BUILDING).label("In Production"),
        quantity("on_order").joined(ON_ORDER).label("On Order"),
        nested("order_detail", &TRANSFER_ORDER, "t.\"order\"").null().on("order_detail").label("Order"),
        nested("part_detail", &PART_BRIEF, "t.part").null().on("part_detail").label("Part"),
    ],
    filters: line_filters!["transfer_order", &TRANSFER_ORDER, priced: "0";
        by("part", Reads::Ref(&PART), |asked, rows| by_part(asked, rows, "t.part IN ({})")),
        is("allocated", "(SELECT total(a.quantity) FROM transfer_order_allocation a WHERE a.line = t.id) >= t.quantity"),
        is("completed", "t.transferred >= t.quantity"),
        is("order_complete", concat!(of_order!("transfer_order", "status"), " = 30")),
        is("order_outstanding", concat!(of_order!("transfer_order", "status"), " IN (10, 20, 25)")),
    ],
    search: &[
        own("transfer_order_line", &["reference", "quantity"]),
        via("part", &["name"], "SELECT id FROM transfer_order_line WHERE part IN ({})").indexed(),
    ],
    order: &[
        order("order", &[of_order!("transfer_order", "reference")]),
        order("part", &["(SELECT p.name FROM part p WHERE p.id = t.part)"]),
        order("part__name", &["(SELECT p.name FROM part p WHERE p.id = t.part)"]),
        order("quantity", &["t.quantity"]),
        order("allocated", &["(SELECT total(a.quantity) FROM transfer_order_allocation a WHERE a.line = t.id)"]),
        order("transferred", &["t.transferred"]),
        order("reference", &["t.reference"]),
        order("target_date", &["t.target_date"]),
    ],
    list_flags: &[("part_detail", false), ("order_detail", false)],
    check: Some(|change| line::check(change, &TRANSFER)),
    saved: Some(|change| line::saved(change, &TRANSFER)),
    remove: Some(|change| line::remove(change, &TRANSFER)),
    metadata: true,
    ..Resource::BASE
};

/// Stock set aside for lines of transfer orders.
pub static ALLOCATION: Resource = Resource {
    path: "order/transfer-order-allocation",
    model: "transferorderallocation",
    schema: "TransferOrderAllocation",
    title: "allocation to a transfer order",
    table: "transfer_order_allocation",
    roles: &[Role::TRANSFER_ORDER],
    verbs: Verbs::READ.and(Verbs::UPDATE).and(Verbs::DELETE).and(Verbs::BULK_UPDATE),
    fields: allocation_fields!["transfer_order_line", &TRANSFER_LINE, &TRANSFER_ORDER, "SELECT nullif(s.serial, '') FROM stock_item s WHERE s.id = t.item",
        &[("part__virtual", false)];
        nested("item_detail", &ITEM, "t.item").null().on("item_detail").label("Item"),
        nested("part_detail", &PART_BRIEF, "SELECT s.part FROM stock_item s WHERE s.id = t.item").null().on("part_detail").label("Part"),
    ],
    filters: allocation_list![filters "transfer_order_line", "transfer_order", &TRANSFER_LINE, &TRANSFER_ORDER, "10, 20, 25";],
    search: allocation_list![search "transfer_order_allocation"],
    order: allocation_list![order "transfer_order_line", "transfer_order";],
    list_flags: &[("part_detail", false), ("item_detail", false), ("order_detail", false), ("location_detail", false)],
    check: Some(|change| allocation::check(change, &BOOK)),
    remove: Some(allocation::remove),
    ..Resource::BASE
};

/// Cancels an order that is open, and gives free what was set aside for it.
fn cancel(tx: &Tx<'_>, call: &Call) -> Result<()> {
    let order = call.key()?;
    state::go(tx, order, &TRANSFER, "cancel")?;
    let sql = "DELETE FROM transfer_order_allocation WHERE line IN (SELECT id FROM transfer_order_line WHERE \"order\" = ?1)";
    db::run(tx, sql, [order]).map(|_| ())
}

/// Moves or uses up all that is set aside for an order.
fn complete(tx: &Tx<'_>, call: &Call, given: &Input) -> Result<()> {
    let order = call.key()?;
    match TRANSFER.status(tx, order)? {
        ISSUED => {}
        COMPLETE => return invalid(WHOLE, "The order is complete already."),
        40 => return invalid(WHOLE, "The order was cancelled."),
        // The contract answers this one as if it had been done.
        _ => return Ok(()),
    }
    let of = |column: &str| db::one::<i64>(tx, &format!("SELECT {column} FROM transfer_order WHERE id = ?1"), [order]);
    let (consume, place) = (of("consume")? == Some(1), of("destination")?);
    if !consume && place.is_none() {
        return invalid(WHOLE, "The order has no destination.");
    }
    let missing = "SELECT 1 FROM transfer_order_line l WHERE l.\"order\" = ?1 \
        AND (SELECT total(a.quantity) FROM transfer_order_allocation a WHERE a.line = l.id) < l.quantity LIMIT 1";
    if !given.flag("accept_incomplete_allocation") && db::one::<i64>(tx, missing, [order])?.is_some() {
        return invalid("accept_incomplete_allocation", "Not everything is set aside.");
    }
    let allocations: Vec<i64> = db::column(
        tx,
        "SELECT a.id FROM transfer_order_allocation a JOIN transfer_order_line l ON l.id = a.line WHERE l.\"order\" = ?1 ORDER BY a.id",
        [order],
    )?;
    for allocation in allocations {
        carry(tx, order, allocation, if consume { None } else { place })?;
    }
    state::go(tx, order, &TRANSFER, "complete").map(|_| ())
}

/// Moves what one allocation set aside, or uses it up where there is no place to move it to.
fn carry(tx: &Tx<'_>, order: i64, allocation: i64, place: Option<i64>) -> Result<()> {
    let of = |column: &str| db::one::<i64>(tx, &format!("SELECT {column} FROM transfer_order_allocation WHERE id = ?1"), [allocation]);
    let (quantity, line) = (of("quantity")?.unwrap_or_default(), of("line")?);
    let mut item = Item::load(tx, of("item")?.unwrap_or_default())?;
    if item.gone || quantity > item.quantity {
        return invalid(WHOLE, "There is less of an item than was set aside.");
    }
    db::run(tx, "UPDATE transfer_order_line SET transferred = transferred + ?2 WHERE id = ?1", (line, quantity))?;
    let Some(place) = place else {
        let (id, part, rest) = (item.id, item.part, item.quantity - quantity);
        if item.set_quantity(tx, rest)? {
            let deltas = Deltas::new().amount("removed", quantity).amount("quantity", rest).with("transferorder", order);
            note(tx, id, part, Event::Removed, &deltas, "")?;
        }
        return Ok(());
    };
    if quantity < item.quantity {
        let moved = action::split(tx, item, &Input::default(), quantity, Some(place), "")?;
        db::run(tx, "UPDATE transfer_order_allocation SET item = ?2 WHERE id = ?1", [allocation, moved])?;
    } else {
        db::run(tx, "UPDATE stock_item SET location = ?2, updated = ?3 WHERE id = ?1", [item.id, place, tx.now])?;
        let deltas = Deltas::new().amount("quantity", quantity).with("location", place).with("transferorder", order);
        note(tx, item.id, item.part, Event::Moved, &deltas, "")?;
    }
    Ok(())
}
