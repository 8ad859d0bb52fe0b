//! `/api/order/so/`: what is sold, to whom.

use super::allocation::{self, Book, allocate, allocate_serials};
use super::auto::AUTO;
use super::fields::{BY_NUMBER, by_part, extra_line, order_fields, order_filters, order_money, order_tags, order_words};
use super::kind::{self, COMPLETE, Kind};
use super::reference::Numbered;
use super::sales_line::SALES_LINE;
use super::state::{self, Edge};
use super::total::total_of;
use crate::common::parameter::filter::BY_PARAMETER;
use crate::common::setting;
use crate::company::company::{BRIEF as COMPANY_BRIEF, COMPANY};
use crate::db::{self, Tx};
use crate::engine::describe::*;
use crate::engine::moment;
use crate::error::{Result, WHOLE, invalid};
use crate::identity::Role;
use crate::part::part::PART;
use crate::part::pricing;

/// The shipment that stock is set aside for; no constant, because it refers to a static that refers to this file's.
macro_rules! for_shipment {
    () => {
        to("shipment", &$crate::order::SHIPMENT).null().fill(Fill::Null).request().says("Shipment", "With which shipment it goes")
    };
}
pub(crate) use for_shipment;

macro_rules! total {
    () => {
        total_of!(
            "customer",
            "SELECT l.quantity, l.sale_price, l.sale_price_currency FROM sales_order_line l WHERE l.\"order\" = t.id \
             UNION ALL SELECT e.quantity, e.price, e.price_currency FROM sales_order_extra_line e WHERE e.\"order\" = t.id"
        )
    };
}

/// The state of an order that everything was sent for.
pub const SHIPPED: i64 = 20;

/// What holds of sales orders.
pub static SALES: Kind = Kind {
    resource: &SALES_ORDER,
    class: "SalesOrderStatus",
    open: &[10, 15, SHIPPED, 25],
    numbered: Numbered { table: "sales_order", pattern: "SALESORDER_REFERENCE_PATTERN" },
    responsible: "SALESORDER_REQUIRE_RESPONSIBLE",
    editable: "SALESORDER_EDIT_COMPLETED_ORDERS",
    company: "customer",
    line_columns: "part, sale_price, sale_price_currency",
    extra_lines: true,
    edges: &[
        Edge { verb: "issue", from: &[10, 25], to: 15, stamp: "issue_date", strict: false },
        Edge { verb: "hold", from: &[10, 15], to: 25, stamp: "", strict: false },
        Edge { verb: "cancel", from: &[10, 15, SHIPPED, 25], to: 40, stamp: "", strict: false },
    ],
    news: "order.new_salesorder",
};

/// Stock that is set aside for sales orders.
pub static BOOK: Book = Book { kind: &SALES, fit: tested, strict: true, ships: true };

/// If a setting says so, an item that is sold has passed the tests that its part requires.
fn tested(tx: &Tx<'_>, item: i64) -> Result<Option<String>> {
    if !setting::is_on(tx, "SALESORDER_BLOCK_INCOMPLETE_ITEM_TESTS")? {
        return Ok(None);
    }
    let sql = format!(
        "SELECT 1 FROM stock_item s JOIN part_test_template m ON m.required = 1 AND m.enabled = 1 AND m.part IN ({}) WHERE s.id = ?1 \
         AND coalesce((SELECT r.result FROM stock_test_result r WHERE r.stock_item = s.id AND r.template = m.id ORDER BY r.date DESC, r.id DESC LIMIT 1), 0) = 0",
        crate::part::part::TREE.keys_above().replace('?', "s.part")
    );
    Ok(db::one::<i64>(tx, &sql, [item])?.map(|_| "This item has not passed its required tests.".into()))
}

/// Sales orders.
pub static SALES_ORDER: Resource = Resource {
    path: "order/so",
    model: "salesorder",
    schema: "SalesOrder",
    title: "sales order",
    table: "sales_order",
    roles: &[Role::SALES_ORDER],
    verbs: Verbs::ALL,
    fields: order_fields![
        "sales_order", "order.salesorder", "SalesOrderStatus", SALES,
        open: "10, 15, 20, 25",
        done: "l.shipped >= l.quantity",
        issued: date("issue_date").null().says("Issue Date", "When it was issued");
        to("customer", &COMPANY).null().wanted().only(&[("is_customer", true)]).says("Customer", "Who buys it"),
        text("customer_reference", 64).blank().says("Customer Reference", "Name of the order at the customer"),
        date("shipment_date").null().fixed().says("Shipment Date", "When everything was sent"),
        MONEY[0],
        MONEY[1],
        int("shipments_count").null().joined("SELECT count(*) FROM sales_order_shipment h WHERE h.\"order\" = t.id").label("Shipments"),
        int("completed_shipments_count")
            .null()
            .joined("SELECT count(*) FROM sales_order_shipment h WHERE h.\"order\" = t.id AND h.shipment_date IS NOT NULL")
            .label("Completed Shipments"),
        int("allocated_lines").null().joined(ALLOCATED_LINES).label("Allocated Lines"),
        moment("updated_at").null().fixed().says("Updated At", "When it was last changed"),
        nested("customer_detail", &COMPANY_BRIEF, "t.customer").null().on("customer_detail").label("Customer"),
        order_tags!("salesorder"),
    ],
    filters: order_filters!["salesorder", open: "10, 15, 20, 25", done: "shipment_date";
        where_("customer", Reads::Ref(&COMPANY), "t.customer = ?"),
        helper("include_variants"),
        by("part", Reads::Ref(&PART), |asked, rows| {
            by_part(asked, rows, "t.id IN (SELECT l.\"order\" FROM sales_order_line l WHERE l.part IN ({}))")
        }),
    ],
    search: &[
        own("sales_order", &["description", "reference", "customer_reference"]),
        via("project_code", &["code"], "SELECT id FROM sales_order WHERE project_code IN ({})"),
        via("company", &["name"], "SELECT id FROM sales_order WHERE customer IN ({})"),
    ],
    order: order_words!["sales_order";
        order("customer__name", &["(SELECT c.name FROM company c WHERE c.id = t.customer)"]),
        order("customer_reference", &["t.customer_reference"]),
        order("shipment_date", &["t.shipment_date"]),
        order("total_price", &[concat!("(", total!(), ")")]),
        order("updated_at", &["t.updated_at"]),
    ],
    sort: BY_NUMBER,
    list_flags: &[("customer_detail", false)],
    check: Some(|change| kind::check(change, &SALES)),
    saved: Some(|change| {
        if change.creates() && setting::is_on(change.tx, "SALESORDER_DEFAULT_SHIPMENT")? {
            db::run(change.tx, "INSERT INTO sales_order_shipment (\"order\") VALUES (?1)", [change.key()])?;
        }
        kind::saved(change, &SALES)
    }),
    actions: &[
        &Action { path: "{id}/issue", run: |tx, call, _| state::step(tx, call, &SALES, "issue").map(|_| None), ..Action::BASE },
        &Action { path: "{id}/hold", run: |tx, call, _| state::step(tx, call, &SALES, "hold").map(|_| None), ..Action::BASE },
        &Action { path: "{id}/cancel", run: |tx, call, _| cancel(tx, call.key()?).map(|()| None), ..Action::BASE },
        &Action {
            path: "{id}/complete",
            schema: "SalesOrderComplete",
            input: &[flag("accept_incomplete")
                .fill(Fill::Flag(false))
                .request()
                .says("Accept Incomplete", "Complete it though something was not sent")],
            run: |tx, call, given| complete(tx, call.key()?, given.flag("accept_incomplete")).map(|()| None),
            ..Action::BASE
        },
        &Action {
            path: "{id}/allocate",
            schema: "SalesOrderShipmentAllocation",
            input: &[list("items", allocation::pair!(&SALES_LINE)).required().holds("SalesOrderShipmentAllocationItem"), for_shipment!()],
            run: |tx, call, given| allocate(tx, call, given, &BOOK),
            ..Action::BASE
        },
        &Action {
            path: "{id}/allocate-serials",
            schema: "SalesOrderSerialAllocation",
            input: &[
                to("line_item", &SALES_LINE).required().request().says("Line Item", "For which line"),
                between("quantity", 1, i64::MAX).required().request().says("Quantity", "How many"),
                text("serial_numbers", 0).required().request().says("Serial Numbers", "Which ones"),
                for_shipment!(),
            ],
            run: |tx, call, given| allocate_serials(tx, call, given, &BOOK),
            ..Action::BASE
        },
        &AUTO,
    ],
    families: BY_PARAMETER,
    metadata: true,
    ..Resource::BASE
};

const MONEY: [Field; 2] = order_money!(total!());
/// Lines for which nothing is left to set aside: of virtual parts, sent in full, or set aside in full.
const ALLOCATED_LINES: &str = "SELECT count(*) FROM sales_order_line l LEFT JOIN part p ON p.id = l.part WHERE l.\"order\" = t.id \
    AND (p.virtual = 1 OR l.shipped >= l.quantity OR (SELECT total(a.quantity) FROM sales_order_allocation a WHERE a.line = l.id) >= l.quantity)";

/// Cancels an order that is open, and gives free what was set aside for it.
fn cancel(tx: &Tx<'_>, order: i64) -> Result<()> {
    if state::go(tx, order, &SALES, "cancel")? {
        db::run(
            tx,
            "DELETE FROM sales_order_allocation WHERE line IN (SELECT id FROM sales_order_line WHERE \"order\" = ?1) \
             AND NOT EXISTS (SELECT 1 FROM sales_order_shipment h WHERE h.id = shipment AND h.shipment_date IS NOT NULL)",
            [order],
        )?;
    }
    Ok(())
}

/// Two steps: everything was sent, and the order is done; one, if a setting says so.
fn complete(tx: &Tx<'_>, order: i64, accept_incomplete: bool) -> Result<()> {
    let now = SALES.status(tx, order)?;
    if now == COMPLETE {
        return invalid(WHOLE, "The order is complete already.");
    }
    if !SALES.open.contains(&now) {
        return invalid(WHOLE, "The order was cancelled or closed.");
    }
    let any = |sql: &str| -> Result<bool> { Ok(db::one::<i64>(tx, sql, [order])?.is_some()) };
    if any("SELECT 1 FROM sales_order_shipment WHERE \"order\" = ?1 AND shipment_date IS NULL LIMIT 1")? {
        return invalid(WHOLE, "A shipment of the order has not left.");
    }
    if any(
        "SELECT 1 FROM sales_order_line l JOIN sales_order_allocation a ON a.line = l.id WHERE l.\"order\" = ?1 AND a.shipment IS NULL LIMIT 1",
    )? {
        return invalid(WHOLE, "Stock is set aside that goes with no shipment.");
    }
    let missing = "SELECT 1 FROM sales_order_line l LEFT JOIN part p ON p.id = l.part \
        WHERE l.\"order\" = ?1 AND l.shipped < l.quantity AND coalesce(p.virtual, 0) = 0 LIMIT 1";
    if !accept_incomplete && any(missing)? {
        return invalid(WHOLE, "Something of the order was not sent.");
    }
    db::run(
        tx,
        "UPDATE sales_order_line SET shipped = quantity WHERE \"order\" = ?1 AND shipped < quantity AND part IN (SELECT id FROM part WHERE virtual = 1)",
        [order],
    )?;
    db::run(
        tx,
        "UPDATE sales_order SET shipment_date = ?2, shipped_by = ?3 WHERE id = ?1 AND shipment_date IS NULL",
        (order, moment::day(tx.now), tx.author()),
    )?;
    let done = now == SHIPPED || setting::is_on(tx, "SALESORDER_SHIP_COMPLETE")?;
    state::put(tx, order, &SALES, if done { COMPLETE } else { SHIPPED })?;
    if done {
        let parts = "SELECT DISTINCT part FROM sales_order_line WHERE \"order\" = ?1 AND part IS NOT NULL";
        for part in db::column(tx, parts, [order])? {
            pricing::changed(tx, part)?;
        }
    }
    Ok(())
}

extra_line!(
    EXTRA_LINE,
    &SALES,
    &SALES_ORDER,
    "sales_order",
    "order/so-extra-line",
    "salesorderextraline",
    "SalesOrderExtraLine",
    Role::SALES_ORDER
);
