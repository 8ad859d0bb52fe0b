//! `/api/order/ro/`: what customers send back.

use super::fields::{
    BY_NUMBER, by_part, extra_line, line_fields, line_filters, order_fields, order_filters, order_money, order_tags, order_words,
};
use super::kind::{self, Kind, responsible, tell};
use super::line;
use super::reference::Numbered;
use super::state::{self, Edge};
use super::total::total_of;
use crate::common::parameter::filter::BY_PARAMETER;
use crate::common::{setting, status};
use crate::company::company::{BRIEF as COMPANY_BRIEF, COMPANY};
use crate::db::{self, Tx};
use crate::engine::call::Call;
use crate::engine::describe::*;
use crate::engine::input::Input;
use crate::engine::moment;
use crate::engine::write::Change;
use crate::error::{Result, WHOLE, invalid};
use crate::identity::Role;
use crate::part::part::{BRIEF as PART_BRIEF, PART};
use crate::stock::action::Item;
use crate::stock::item::{ITEM, STATES};
use crate::stock::location::LOCATION;
use crate::stock::rules::ONE;
use crate::stock::track::{Deltas, Event, note};

macro_rules! total {
    () => {
        total_of!(
            "customer",
            "SELECT l.quantity, l.price, l.price_currency FROM return_order_line l WHERE l.\"order\" = t.id \
             UNION ALL SELECT e.quantity, e.price, e.price_currency FROM return_order_extra_line e WHERE e.\"order\" = t.id"
        )
    };
}

/// The state of an order whose things are on their way.
const IN_PROGRESS: i64 = 20;
/// The state of stock that somebody has to look at.
const QUARANTINED: i64 = 75;
/// The states of lines.
const OUTCOMES: &str = "ReturnOrderLineStatus";

/// What holds of return orders.
pub static RETURN: Kind = Kind {
    resource: &RETURN_ORDER,
    class: "ReturnOrderStatus",
    open: &[10, IN_PROGRESS, 25],
    numbered: Numbered { table: "return_order", pattern: "RETURNORDER_REFERENCE_PATTERN" },
    responsible: "RETURNORDER_REQUIRE_RESPONSIBLE",
    editable: "RETURNORDER_EDIT_COMPLETED_ORDERS",
    company: "customer",
    line_columns: "item, price, price_currency",
    extra_lines: true,
    edges: &[
        Edge { verb: "issue", from: &[10, 25], to: IN_PROGRESS, stamp: "issue_date", strict: false },
        Edge { verb: "hold", from: &[10, IN_PROGRESS], to: 25, stamp: "", strict: false },
        Edge { verb: "cancel", from: &[10, IN_PROGRESS, 25], to: 40, stamp: "", strict: false },
        Edge { verb: "complete", from: &[IN_PROGRESS], to: kind::COMPLETE, stamp: "complete_date", strict: false },
    ],
    news: "order.new_returnorder",
};

/// Return orders.
pub static RETURN_ORDER: Resource = Resource {
    path: "order/ro",
    model: "returnorder",
    schema: "ReturnOrder",
    title: "return order",
    table: "return_order",
    roles: &[Role::RETURN_ORDER],
    verbs: Verbs::ALL,
    fields: order_fields![
        "return_order", "order.returnorder", "ReturnOrderStatus", RETURN,
        open: "10, 20, 25",
        done: "l.outcome <> 10",
        issued: date("issue_date").null().says("Issue Date", "When it was issued");
        date("complete_date").null().says("Completion Date", "When it was complete"),
        to("customer", &COMPANY).null().wanted().only(&[("is_customer", true)]).says("Customer", "Who sends it back"),
        text("customer_reference", 64).blank().says("Customer Reference", "Name of the order at the customer"),
        MONEY[1],
        MONEY[0],
        moment("updated_at").null().fixed().says("Updated At", "When it was last changed"),
        nested("customer_detail", &COMPANY_BRIEF, "t.customer").null().on("customer_detail").label("Customer"),
        order_tags!("returnorder"),
    ],
    filters: order_filters!["returnorder", open: "10, 20, 25", done: "complete_date";
        where_("customer", Reads::Ref(&COMPANY), "t.customer = ?"),
        helper("include_variants"),
        by("part", Reads::Ref(&PART), |asked, rows| {
            by_part(asked, rows, "t.id IN (SELECT l.\"order\" FROM return_order_line l JOIN stock_item s ON s.id = l.item WHERE s.part IN ({}))")
        }),
    ],
    search: &[
        own("return_order", &["description", "reference", "customer_reference"]),
        via("project_code", &["code"], "SELECT id FROM return_order WHERE project_code IN ({})"),
        via("company", &["name"], "SELECT id FROM return_order WHERE customer IN ({})"),
    ],
    order: order_words!["return_order";
        order("customer__name", &["(SELECT c.name FROM company c WHERE c.id = t.customer)"]),
        order("customer_reference", &["t.customer_reference"]),
        order("complete_date", &["t.complete_date"]),
        order("updated_at", &["t.updated_at"]),
    ],
    sort: BY_NUMBER,
    list_flags: &[("customer_detail", false)],
    check: Some(|change| kind::check(change, &RETURN)),
    saved: Some(|change| kind::saved(change, &RETURN)),
    actions: &[
        &Action { path: "{id}/issue", run: |tx, call, _| state::step(tx, call, &RETURN, "issue").map(|_| None), ..Action::BASE },
        &Action { path: "{id}/hold", run: |tx, call, _| state::step(tx, call, &RETURN, "hold").map(|_| None), ..Action::BASE },
        &Action { path: "{id}/cancel", run: |tx, call, _| state::step(tx, call, &RETURN, "cancel").map(|_| None), ..Action::BASE },
        &Action { path: "{id}/complete", run: |tx, call, _| state::step(tx, call, &RETURN, "complete").map(|_| None), ..Action::BASE },
        &Action {
            path: "{id}/receive",
            schema: "ReturnOrderReceive",
            input: &[
                list("items", RECEIVED).required().holds("ReturnOrderLineItemReceive"),
                to("location", &LOCATION).required().only(&[("structural", false)]).request().says("Location", "Where it goes"),
                text("note", 0).blank().fill(Fill::Text("")).request().says("Note", "What to write down"),
            ],
            run: |tx, call, given| receive(tx, call, given).map(|()| None),
            ..Action::BASE
        },
    ],
    families: BY_PARAMETER,
    metadata: true,
    ..Resource::BASE
};

const MONEY: [Field; 2] = order_money!(total!());

static RECEIVED: &[Field] = &[
    to("item", &RETURN_LINE).required().request().says("Return order line item", "Which line"),
    choice("status", Choices::By(|conn| status::choices(conn, STATES)))
        .null()
        .blank()
        .fill(Fill::Null)
        .request()
        .says("Status", "Its state then; quarantined, if nothing is said"),
];

/// Lines of return orders.
pub static RETURN_LINE: Resource = Resource {
    path: "order/ro-line",
    model: "returnorderlineitem",
    schema: "ReturnOrderLineItem",
    title: "line of a return order",
    table: "return_order_line",
    roles: &[Role::RETURN_ORDER],
    verbs: Verbs::ALL,
    fields: line_fields![&RETURN_ORDER;
        to("item", &ITEM).required().says("Item", "What comes back"),
        date("received_date").null().says("Received Date", "When it came"),
        choice("outcome", Choices::By(|conn| status::choices(conn, OUTCOMES))).fill(Fill::Int(10)).says("Outcome", "What is done about it"),
        money("price").null().says("Price", "What the return or the repair costs"),
        choice("price_currency", Choices::By(setting::currencies))
            .fill(Fill::By(setting::default_currency))
            .says("Currency", "Currency of the price"),
        nested("item_detail", &ITEM, "t.item").null().unless_off("item_detail").label("Item"),
        nested("order_detail", &RETURN_ORDER, "t.\"order\"").null().on("order_detail").label("Order"),
        nested("part_detail", &PART_BRIEF, "SELECT s.part FROM stock_item s WHERE s.id = t.item").null().on("part_detail").label("Part"),
    ],
    filters: line_filters!["return_order", &RETURN_ORDER, priced: "t.price IS NOT NULL";
        where_("item", Reads::Ref(&ITEM), "t.item = ?"),
        where_("outcome", Reads::Int, "t.outcome = ?"),
        is("received", "t.received_date IS NOT NULL"),
    ],
    search: &[
        own("return_order_line", &["reference"]),
        via("stock_item", &["serial"], "SELECT id FROM return_order_line WHERE item IN ({})").indexed(),
        via(
            "part",
            &["description", "name"],
            "SELECT l.id FROM return_order_line l JOIN stock_item s ON s.id = l.item WHERE s.part IN ({})",
        )
        .indexed(),
    ],
    order: &[
        order("part", &[PART_NAME]),
        order("IPN", &["(SELECT p.\"IPN\" FROM stock_item s JOIN part p ON p.id = s.part WHERE s.id = t.item)"]),
        order(
            "stock",
            &[
                "(SELECT s.quantity FROM stock_item s WHERE s.id = t.item)",
                "(SELECT s.serial_int FROM stock_item s WHERE s.id = t.item)",
                "(SELECT s.serial FROM stock_item s WHERE s.id = t.item)",
            ],
        ),
        order("reference", &["t.reference"]),
        order("target_date", &["t.target_date"]),
        order("received_date", &["t.received_date"]),
        order("line", &["CAST(t.line AS INTEGER)", "t.line", PART_NAME]),
    ],
    list_flags: &[("part_detail", false), ("item_detail", true), ("order_detail", false)],
    check: Some(check_line),
    saved: Some(|change| line::saved(change, &RETURN)),
    remove: Some(|change| line::remove(change, &RETURN)),
    metadata: true,
    ..Resource::BASE
};

const PART_NAME: &str = "(SELECT p.name FROM stock_item s JOIN part p ON p.id = s.part WHERE s.id = t.item)";

/// An item comes back once in an order, and no more of it than there is.
fn check_line(change: &mut Change<'_>) -> Result<()> {
    line::check(change, &RETURN)?;
    let (Some(order), Some(item)) = (change.int("order"), change.int("item")) else { return Ok(()) };
    let twin = "SELECT 1 FROM return_order_line WHERE \"order\" = ?1 AND item = ?2 AND id IS NOT ?3";
    if db::one::<i64>(change.tx, twin, (order, item, change.id))?.is_some() {
        change.wrong(WHOLE, "The order has a line for this item already.");
        return Ok(());
    }
    // What was received lies in an item of its own, whose quantity may have changed since.
    if change.changes("quantity") || change.changes("item") {
        line::check_quantity(change);
        let item = Item::load(change.tx, item)?;
        let quantity = change.int("quantity").unwrap_or_default();
        if quantity > item.quantity {
            change.wrong("quantity", "There is less of the item.");
        } else if item.serialized && quantity != ONE && quantity > 0 {
            change.wrong("quantity", "An item with a serial number is one.");
        }
    }
    Ok(())
}

fn receive(tx: &Tx<'_>, call: &Call, given: &Input) -> Result<()> {
    let order = call.key()?;
    if RETURN.status(tx, order)? != IN_PROGRESS {
        return invalid(WHOLE, "Things can come back only while the order is in progress.");
    }
    if given.list("items").is_empty() {
        return invalid(WHOLE, "Name what came back.");
    }
    let of = |line: i64, column: &str| db::one::<i64>(tx, &format!("SELECT {column} FROM return_order_line WHERE id = ?1"), [line]);
    for entry in given.list("items") {
        if of(entry.int("item").unwrap_or_default(), "\"order\"")? != Some(order) {
            return invalid(WHOLE, "A line belongs to another order.");
        }
    }
    let place = given.int("location");
    for entry in given.list("items") {
        let line = entry.int("item").unwrap_or_default();
        if of(line, "received_date IS NOT NULL")? == Some(1) {
            continue;
        }
        let (item, quantity) = (of(line, "item")?.unwrap_or_default(), of(line, "quantity")?.unwrap_or_default());
        let state = entry.int("status").unwrap_or(QUARANTINED);
        take_back(tx, (order, line), Item::load(tx, item)?, quantity, (state, place), given.text("note"))?;
    }
    RETURN.touch(tx, order)?;
    if let Some(owner) = responsible(tx, &RETURN, order)? {
        let reference: String = db::one(tx, "SELECT reference FROM return_order WHERE id = ?1", [order])?.unwrap_or_default();
        let message = format!("Something of the return order {reference} came in.");
        tell(tx, &RETURN, order, ("order.items_received", "Items received", &message), &[owner])?;
    }
    Ok(())
}

/// Takes an item, or a part of it, from the customer into the house.
fn take_back(
    tx: &Tx<'_>,
    (order, line): (i64, i64),
    mut item: Item,
    quantity: i64,
    (state, place): (i64, Option<i64>),
    notes: &str,
) -> Result<()> {
    let of = |column: &str| db::one::<i64>(tx, &format!("SELECT {column} FROM stock_item WHERE id = ?1"), [item.id]);
    let (customer, sale) = (of("customer")?, of("sales_order")?);
    let mut back = item.id;
    if quantity < item.quantity {
        back = item.split_off(tx, quantity, place)?;
        let deltas = Deltas::new().with("stockitem", item.id).maybe("location", place).amount("quantity", quantity);
        note(tx, back, item.part, Event::SplitFromParent, &deltas, notes)?;
        let rest = item.quantity - quantity;
        if item.set_quantity(tx, rest)? {
            let deltas = Deltas::new().amount("removed", quantity).amount("quantity", rest).with("stockitem", back);
            note(tx, item.id, item.part, Event::SplitChild, &deltas, notes)?;
        }
    }
    let logical = status::logical(tx, STATES, state)?.unwrap_or(state);
    db::run(
        tx,
        "UPDATE stock_item SET status = ?2, status_custom_key = ?3, location = ?4, customer = NULL, sales_order = NULL, updated = ?5, \
         delete_on_deplete = delete_on_deplete AND coalesce(serial, '') = '' WHERE id = ?1",
        (back, logical, (logical != state).then_some(state), place, tx.now),
    )?;
    // What was sent is here again; nothing of it is set aside any more.
    db::run(tx, "DELETE FROM sales_order_allocation WHERE item = ?1", [back])?;
    db::run(tx, "UPDATE return_order_line SET item = ?2, received_date = ?3 WHERE id = ?1", (line, back, moment::day(tx.now)))?;
    let deltas = Deltas::new().with("status", state).with("returnorder", order).maybe("location", place).amount("quantity", quantity);
    let deltas = deltas.maybe("customer", customer).maybe("salesorder", sale);
    note(tx, back, item.part, Event::SentBack, &deltas, notes)
}

extra_line!(
    EXTRA_LINE,
    &RETURN,
    &RETURN_ORDER,
    "return_order",
    "order/ro-extra-line",
    "returnorderextraline",
    "ReturnOrderExtraLine",
    Role::RETURN_ORDER
);
