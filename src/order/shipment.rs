//! `/api/order/so/shipment/`: what leaves the house together.

use super::sales::{SALES, SALES_ORDER};
use crate::common::parameter::filter::BY_PARAMETER;
use crate::common::parameter::parameters_of;
use crate::common::setting;
use crate::common::tag::{self, tags_of};
use crate::common::task;
use crate::company::address::{ADDRESS, BRIEF as ADDRESS_BRIEF};
use crate::company::company::BRIEF as COMPANY_BRIEF;
use crate::db::{self, Tx};
use crate::engine::call::Call;
use crate::engine::describe::*;
use crate::engine::input::{Input, Value};
use crate::engine::moment;
use crate::engine::write::Change;
use crate::error::{Result, WHOLE, invalid};
use crate::identity::Role;
use crate::stock::action::Item;
use crate::stock::track::{Deltas, Event, note};
use crate::users::user::{BRIEF as USER_BRIEF, USER};

/// Shipments of sales orders.
pub static SHIPMENT: Resource = Resource {
    verbs: Verbs::ALL,
    fields: &[
        OWN[0],
        OWN[1],
        OWN[2],
        OWN[3],
        OWN[4],
        OWN[5],
        OWN[6],
        OWN[7],
        OWN[8],
        OWN[9],
        OWN[10],
        OWN[11],
        OWN[12],
        OWN[13],
        OWN[14],
        nested("order_detail", &SALES_ORDER, "t.\"order\"").null().unless_off("order_detail").label("Order"),
        nested("customer_detail", &COMPANY_BRIEF, "SELECT o.customer FROM sales_order o WHERE o.id = t.\"order\"")
            .null()
            .on("customer_detail")
            .label("Customer"),
        parameters_of!("order.salesordershipment").label("Parameters"),
        words("tags").kept_by(tags_of!("salesordershipment"), tag::save).on("tags").label("Tags"),
    ],
    filters: &[
        where_("order", Reads::Ref(&SALES_ORDER), "t.\"order\" = ?"),
        is("checked", "t.checked_by IS NOT NULL"),
        is("shipped", "t.shipment_date IS NOT NULL"),
        is("delivered", "t.delivery_date IS NOT NULL"),
        is("order_outstanding", "EXISTS (SELECT 1 FROM sales_order o WHERE o.id = t.\"order\" AND o.status IN (10, 15, 20, 25))"),
        where_("order_status", Reads::Int, "t.\"order\" IN (SELECT o.id FROM sales_order o WHERE o.status = ?)"),
        by("tags", Reads::Text, |asked, rows| tag::filter(asked, rows, "salesordershipment")),
    ],
    search: &[
        own("sales_order_shipment", &["reference", "tracking_number", "invoice_number"]),
        via("sales_order", &["reference"], "SELECT id FROM sales_order_shipment WHERE \"order\" IN ({})"),
    ],
    order: &[
        order("reference", &["t.reference"]),
        order("delivery_date", &["t.delivery_date"]),
        order("shipment_date", &["t.shipment_date"]),
        order("allocated_items", &["(SELECT count(*) FROM sales_order_allocation a WHERE a.shipment = t.id)"]),
    ],
    check: Some(check),
    remove: Some(remove),
    actions: &[&Action {
        path: "{id}/ship",
        schema: "SalesOrderShipmentComplete",
        input: &[
            date("shipment_date").null().request().says("Shipment Date", "When it left; today, if nothing is said"),
            date("delivery_date").null().request().says("Delivery Date", "When it arrived"),
            text("tracking_number", 100).blank().request().says("Tracking Number", "By which the carrier finds it"),
            text("invoice_number", 100).blank().request().says("Invoice Number", "Number of the invoice"),
            url("link").blank().request().says("Link", "Web page about the shipment"),
        ],
        answers: task::ANSWER,
        run: |tx, call, given| ship(tx, call, given).map(|()| Some(task::done())),
        ..Action::BASE
    }],
    families: BY_PARAMETER,
    metadata: true,
    ..BASE
};

const BASE: Resource = Resource {
    path: "order/so/shipment",
    model: "salesordershipment",
    schema: "SalesOrderShipment",
    title: "shipment",
    table: "sales_order_shipment",
    roles: &[Role::SALES_ORDER],
    ..Resource::BASE
};

static OWN: &[Field] = &[
    pk(),
    to("order", &SALES_ORDER).required().says("Order", "The order that it belongs to"),
    int("allocated_items").null().joined("SELECT count(*) FROM sales_order_allocation a WHERE a.shipment = t.id").label("Allocated Items"),
    date("shipment_date").null().says("Shipment Date", "When it left"),
    to("shipment_address", &ADDRESS).null().says("Address", "Where it goes"),
    date("delivery_date").null().says("Delivery Date", "When it arrived"),
    to("checked_by", &USER).null().says("Checked By", "Who looked it through"),
    text("reference", 100).fill(Fill::Text("1")).says("Shipment", "Name of the shipment; no other of the order has it"),
    text("tracking_number", 100).blank().says("Tracking Number", "By which the carrier finds it"),
    text("invoice_number", 100).blank().says("Invoice Number", "Number of the invoice"),
    text("barcode_hash", 128).blank().fixed().says_writable().says("Barcode Hash", "Digest of the linked barcode"),
    url("link").blank().says("Link", "Web page about the shipment"),
    prose("notes", 50_000).null().blank().detail_only().says("Notes", "Notes in Markdown"),
    nested("checked_by_detail", &USER_BRIEF, "t.checked_by").null().unless_off("checked_by_detail").label("Checked By"),
    nested("shipment_address_detail", &ADDRESS_BRIEF, "t.shipment_address").null().unless_off("shipment_address_detail").label("Address"),
];

/// A shipment inside another object.
pub static BRIEF: Resource = Resource {
    fields: &[OWN[0], OWN[1], OWN[2], OWN[3], OWN[4], OWN[5], OWN[6], OWN[7], OWN[8], OWN[9], OWN[10], OWN[11], OWN[12], OWN[13], OWN[14]],
    ..BASE
};

fn check(change: &mut Change<'_>) -> Result<()> {
    let tx = change.tx;
    let Some(order) = change.int("order") else { return Ok(()) };
    let twin = "SELECT 1 FROM sales_order_shipment WHERE \"order\" = ?1 AND reference = ?2 AND id IS NOT ?3";
    if db::one::<i64>(tx, twin, (order, change.text("reference"), change.id))?.is_some() {
        change.wrong(WHOLE, "Another shipment of the order has this reference.");
    }
    if !change.creates() && change.changes("order") {
        let sql = "SELECT 1 FROM sales_order_allocation WHERE shipment = ?1 LIMIT 1";
        if db::one::<i64>(tx, sql, [change.key()])?.is_some() {
            change.wrong("order", "Stock is set aside for this shipment; it stays with its order.");
        }
    }
    if let Some(address) = change.int("shipment_address").filter(|_| change.changes("shipment_address")) {
        let sql = "SELECT 1 FROM address a JOIN sales_order o ON o.customer = a.company WHERE a.id = ?1 AND o.id = ?2";
        if db::one::<i64>(tx, sql, [address, order])?.is_none() {
            change.wrong("shipment_address", "This is no address of the customer.");
        }
    }
    Ok(())
}

/// What was set aside for a shipment that has not left belongs to no shipment then.
fn remove(change: &mut Change<'_>) -> Result<()> {
    db::run(change.tx, "DELETE FROM sales_order_shipment WHERE id = ?1", [change.key()]).map(|_| ())
}

/// Sends a shipment: what was set aside is the customer's.
fn ship(tx: &Tx<'_>, call: &Call, given: &Input) -> Result<()> {
    let shipment = call.key()?;
    let of = |column: &str| db::one::<i64>(tx, &format!("SELECT {column} FROM sales_order_shipment WHERE id = ?1"), [shipment]);
    if of("shipment_date IS NOT NULL")? == Some(1) {
        return invalid(WHOLE, "This shipment has left.");
    }
    if setting::is_on(tx, "SALESORDER_SHIPMENT_REQUIRES_CHECK")? && of("checked_by")?.is_none() {
        return invalid(WHOLE, "Somebody must look the shipment through before it leaves.");
    }
    let allocations: Vec<i64> = db::column(tx, "SELECT id FROM sales_order_allocation WHERE shipment = ?1 ORDER BY id", [shipment])?;
    if allocations.is_empty() {
        return invalid(WHOLE, "Nothing is set aside for this shipment.");
    }
    let order = of("\"order\"")?.unwrap_or_default();
    for allocation in allocations {
        send(tx, order, allocation)?;
    }
    let day = match given.text("shipment_date") {
        "" => moment::day(tx.now),
        day => day.to_string(),
    };
    db::run(tx, "UPDATE sales_order_shipment SET shipment_date = ?2 WHERE id = ?1", (shipment, day))?;
    for column in ["delivery_date", "tracking_number", "invoice_number", "link"] {
        if let Some(Value::Text(text)) = given.get(column).filter(|_| given.sent(column)) {
            db::run(tx, &format!("UPDATE sales_order_shipment SET {column} = ?2 WHERE id = ?1"), (shipment, text))?;
        }
    }
    SALES.touch(tx, order)
}

/// Gives the customer what one allocation set aside, as an item of its own.
fn send(tx: &Tx<'_>, order: i64, allocation: i64) -> Result<()> {
    let of = |column: &str| db::one::<i64>(tx, &format!("SELECT {column} FROM sales_order_allocation WHERE id = ?1"), [allocation]);
    let mut item = Item::load(tx, of("item")?.unwrap_or_default())?;
    let part = item.part;
    if item.gone {
        return invalid(WHOLE, "Something that was set aside is no longer in stock.");
    }
    let wanted = of("quantity")?.unwrap_or_default();
    if wanted > item.quantity {
        return invalid(WHOLE, "There is less of an item than was set aside.");
    }
    let customer: Option<i64> = db::one(tx, "SELECT customer FROM sales_order WHERE id = ?1", [order])?;
    let mut sent = item.id;
    if wanted < item.quantity {
        sent = item.split_off(tx, wanted, None)?;
        db::run(tx, "UPDATE sales_order_allocation SET item = ?2 WHERE id = ?1", [allocation, sent])?;
        note(tx, sent, part, Event::SplitFromParent, &Deltas::new().with("stockitem", item.id).amount("quantity", wanted), "")?;
        let rest = item.quantity - wanted;
        if item.set_quantity(tx, rest)? {
            let deltas = Deltas::new().amount("removed", wanted).amount("quantity", rest).with("stockitem", sent);
            note(tx, item.id, part, Event::SplitChild, &deltas, "")?;
        }
    }
    db::run(
        tx,
        "UPDATE stock_item SET customer = ?2, sales_order = ?3, location = NULL, updated = ?4, \
         delete_on_deplete = delete_on_deplete AND coalesce(serial, '') = '' WHERE id = ?1",
        (sent, customer, order, tx.now),
    )?;
    db::run(
        tx,
        "UPDATE sales_order_line SET shipped = shipped + ?2 WHERE id = (SELECT line FROM sales_order_allocation WHERE id = ?1)",
        [allocation, wanted],
    )?;
    let name: String = db::one(tx, "SELECT name FROM company WHERE id = ?1", [customer])?.unwrap_or_default();
    let deltas = Deltas::new().amount("quantity", wanted).maybe("customer", customer).with("customer_name", name).with("salesorder", order);
    note(tx, sent, part, Event::Shipped, &deltas, None)?;
    crate::part::watch::stock_fell(tx, part)
}
