//! `/api/order/po/`: what is bought, from whom.

use super::fields::{BY_NUMBER, extra_line, order_fields, order_filters, order_money, order_tags, order_words};
use super::kind::{self, Kind};
use super::receive::RECEIVE;
use super::reference::Numbered;
use super::state::{self, Edge};
use super::total::total_of;
use crate::build::BUILD;
use crate::common::parameter::filter::BY_PARAMETER;
use crate::company::company::{BRIEF as COMPANY_BRIEF, COMPANY};
use crate::company::supplier_part::SUPPLIER_PART;
use crate::db::{self, Tx};
use crate::engine::describe::*;
use crate::error::{Result, invalid};
use crate::identity::Role;
use crate::part::part::PART;
use crate::part::pricing;
use crate::stock::location::LOCATION;

macro_rules! total {
    () => {
        total_of!(
            "supplier",
            "SELECT l.quantity, l.purchase_price, l.purchase_price_currency FROM purchase_order_line l WHERE l.\"order\" = t.id \
             UNION ALL SELECT e.quantity, e.price, e.price_currency FROM purchase_order_extra_line e WHERE e.\"order\" = t.id"
        )
    };
}

/// What holds of purchase orders.
pub static PURCHASE: Kind = Kind {
    resource: &PURCHASE_ORDER,
    class: "PurchaseOrderStatus",
    open: &[10, 20, 25],
    numbered: Numbered { table: "purchase_order", pattern: "PURCHASEORDER_REFERENCE_PATTERN" },
    responsible: "PURCHASEORDER_REQUIRE_RESPONSIBLE",
    editable: "PURCHASEORDER_EDIT_COMPLETED_ORDERS",
    company: "supplier",
    line_columns: "part, purchase_price, purchase_price_currency, destination, build_order",
    extra_lines: true,
    edges: &[
        Edge { verb: "issue", from: &[10, 25], to: PLACED, stamp: "issue_date", strict: false },
        Edge { verb: "hold", from: &[10, PLACED], to: 25, stamp: "", strict: false },
        Edge { verb: "cancel", from: &[10, PLACED, 25], to: 40, stamp: "", strict: true },
        Edge { verb: "complete", from: &[PLACED], to: kind::COMPLETE, stamp: "complete_date", strict: false },
    ],
    news: "order.new_purchaseorder",
};

/// The state of an order that the supplier has.
pub const PLACED: i64 = 20;

/// Purchase orders.
pub static PURCHASE_ORDER: Resource = Resource {
    path: "order/po",
    model: "purchaseorder",
    schema: "PurchaseOrder",
    title: "purchase order",
    table: "purchase_order",
    roles: &[Role::PURCHASE_ORDER],
    verbs: Verbs::ALL,
    fields: order_fields![
        "purchase_order", "order.purchaseorder", "PurchaseOrderStatus", PURCHASE,
        open: "10, 20, 25",
        done: "l.received >= l.quantity",
        issued: date("issue_date").null().fixed().says("Issue Date", "When the supplier got it");
        date("complete_date").null().fixed().says("Completion Date", "When it was complete"),
        to("supplier", &COMPANY).required().null().wanted().only(&[("is_supplier", true)]).says("Supplier", "Who sells it"),
        text("supplier_reference", 64).blank().says("Supplier Reference", "Name of the order at the supplier"),
        text("supplier_name", 0).computed("SELECT c.name FROM company c WHERE c.id = t.supplier").label("Supplier Name"),
        MONEY[0],
        MONEY[1],
        to("destination", &LOCATION).null().says("Destination", "Where what is received goes"),
        moment("updated_at").null().fixed().says("Updated At", "When it was last changed"),
        nested("supplier_detail", &COMPANY_BRIEF, "t.supplier").null().on("supplier_detail").label("Supplier"),
        order_tags!("purchaseorder"),
    ],
    filters: order_filters!["purchaseorder", open: "10, 20, 25", done: "complete_date";
        where_("supplier", Reads::Ref(&COMPANY), "t.supplier = ?"),
        where_("part", Reads::Ref(&PART), BY_PART),
        where_("supplier_part", Reads::Ref(&SUPPLIER_PART), "t.id IN (SELECT l.\"order\" FROM purchase_order_line l WHERE l.part = ?)"),
        by("external_build", Reads::Ref(&BUILD), |asked, rows| {
            if db::one::<i64>(asked.conn, "SELECT external FROM build WHERE id = ?1", [&asked.value])? != Some(1) {
                return invalid("external_build", "This build is not done by others.");
            }
            rows.and("t.id IN (SELECT l.\"order\" FROM purchase_order_line l WHERE l.build_order = ?)", [asked.value.clone()]);
            Ok(())
        }),
    ],
    search: &[
        own("purchase_order", &["description", "reference", "supplier_reference"]),
        via("project_code", &["code"], "SELECT id FROM purchase_order WHERE project_code IN ({})"),
        via("company", &["name"], "SELECT id FROM purchase_order WHERE supplier IN ({})"),
    ],
    order: order_words!["purchase_order";
        order("supplier__name", &["(SELECT c.name FROM company c WHERE c.id = t.supplier)"]),
        order("complete_date", &["t.complete_date"]),
        order("responsible", &["t.responsible"]),
        order("total_price", &[concat!("(", total!(), ")")]),
        order("updated_at", &["t.updated_at"]),
    ],
    sort: BY_NUMBER,
    list_flags: &[("supplier_detail", false)],
    check: Some(|change| kind::check(change, &PURCHASE)),
    saved: Some(|change| kind::saved(change, &PURCHASE)),
    actions: &[
        &Action { path: "{id}/issue", run: |tx, call, _| state::step(tx, call, &PURCHASE, "issue").map(|_| None), ..Action::BASE },
        &Action { path: "{id}/hold", run: |tx, call, _| state::step(tx, call, &PURCHASE, "hold").map(|_| None), ..Action::BASE },
        &Action { path: "{id}/cancel", run: |tx, call, _| state::step(tx, call, &PURCHASE, "cancel").map(|_| None), ..Action::BASE },
        &Action {
            path: "{id}/complete",
            schema: "PurchaseOrderComplete",
            input: &[flag("accept_incomplete")
                .fill(Fill::Flag(false))
                .request()
                .says("Accept Incomplete", "Complete it though something is still to come")],
            run: |tx, call, given| {
                let order = call.key()?;
                if !given.flag("accept_incomplete") && is_incomplete(tx, order)? {
                    return invalid("accept_incomplete", "Something is still to come.");
                }
                done(tx, order).map(|()| None)
            },
            ..Action::BASE
        },
        &RECEIVE,
    ],
    families: BY_PARAMETER,
    metadata: true,
    ..Resource::BASE
};

/// Completes an order that is placed; what it brought tells what its parts cost.
///
/// # Errors
/// The database cannot be written.
pub fn done(tx: &Tx<'_>, order: i64) -> Result<()> {
    if state::go(tx, order, &PURCHASE, "complete")? {
        let parts = "SELECT DISTINCT s.part FROM purchase_order_line l JOIN supplier_part s ON s.id = l.part WHERE l.\"order\" = ?1";
        for part in db::column(tx, parts, [order])? {
            pricing::changed(tx, part)?;
        }
    }
    Ok(())
}

/// Is something of the order still to come?
///
/// # Errors
/// The database cannot be asked.
pub fn is_incomplete(tx: &Tx<'_>, order: i64) -> Result<bool> {
    let sql = "SELECT 1 FROM purchase_order_line WHERE \"order\" = ?1 AND received < quantity LIMIT 1";
    Ok(db::one::<i64>(tx, sql, [order])?.is_some())
}

const MONEY: [Field; 2] = order_money!(total!());
const BY_PART: &str = "t.id IN (SELECT l.\"order\" FROM supplier_part p JOIN purchase_order_line l ON l.part = p.id WHERE p.part = ?)";

extra_line!(
    EXTRA_LINE,
    &PURCHASE,
    &PURCHASE_ORDER,
    "purchase_order",
    "order/po-extra-line",
    "purchaseorderextraline",
    "PurchaseOrderExtraLine",
    Role::PURCHASE_ORDER
);
