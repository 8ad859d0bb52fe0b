//! `/api/order/so-line/` and `/api/order/so-allocation/`: so much of a part that is sold, and the stock that is set aside for it.

use super::allocation::{self, AVAILABLE, AVAILABLE_VARIANTS, BUILDING, ON_ORDER, allocation_fields, allocation_list};
use super::fields::{by_part, late, line_fields, line_filters, of_order};
use super::line;
use super::sales::{BOOK, SALES, SALES_ORDER};
use super::shipment::{BRIEF as SHIPMENT_BRIEF, SHIPMENT};
use crate::common::setting;
use crate::company::company::BRIEF as COMPANY_BRIEF;
use crate::engine::describe::*;
use crate::identity::Role;
use crate::part::part::{BRIEF as PART_BRIEF, PART};
use crate::stock::item::ITEM;

/// Lines of sales orders.
pub static SALES_LINE: Resource = Resource {
    path: "order/so-line",
    model: "salesorderlineitem",
    schema: "SalesOrderLineItem",
    title: "line of a sales order",
    table: "sales_order_line",
    roles: &[Role::SALES_ORDER],
    verbs: Verbs::ALL,
    fields: line_fields![&SALES_ORDER;
        quantity("allocated").joined("SELECT total(a.quantity) FROM sales_order_allocation a WHERE a.line = t.id").label("Allocated"),
        flag("overdue").null().joined(late!("sales_order", "10, 15, 20, 25", "t.shipped < t.quantity")).label("Overdue"),
        to("part", &PART).null().wanted().only(&[("salable", true)]).says("Part", "What is sold"),
        money("sale_price").null().says("Sale Price", "Price of one"),
        choice("sale_price_currency", Choices::By(setting::currencies))
            .fill(Fill::By(setting::default_currency))
            .says("Currency", "Currency of the price"),
        quantity("shipped").fixed().fill(Fill::Int(0)).says("Shipped", "How much of it was sent"),
        quantity("available_stock").joined(AVAILABLE).label("Available stock"),
        quantity("available_variant_stock").joined(AVAILABLE_VARIANTS).label("Available variant stock"),
        quantity("building").joined(BUILDING).label("In Production"),
        quantity("on_order").joined(ON_ORDER).label("On Order"),
        nested("order_detail", &SALES_ORDER, "t.\"order\"").null().on("order_detail").label("Order"),
        nested("customer_detail", &COMPANY_BRIEF, of_order!("sales_order", "customer")).null().on("customer_detail").label("Customer"),
        nested("part_detail", &PART_BRIEF, "t.part").null().on("part_detail").label("Part"),
    ],
    filters: line_filters!["sales_order", &SALES_ORDER, priced: "t.sale_price IS NOT NULL";
        by("part", Reads::Ref(&PART), |asked, rows| by_part(asked, rows, "t.part IN ({})")),
        is("allocated", "(SELECT total(a.quantity) FROM sales_order_allocation a WHERE a.line = t.id) >= t.quantity"),
        is("completed", "t.shipped >= t.quantity"),
        is("order_complete", concat!(of_order!("sales_order", "status"), " = 30")),
        is("order_outstanding", concat!(of_order!("sales_order", "status"), " IN (10, 15, 20, 25)")),
    ],
    search: &[
        own("sales_order_line", &["reference", "quantity"]),
        via("part", &["name"], "SELECT id FROM sales_order_line WHERE part IN ({})").indexed(),
    ],
    order: &[
        order("customer", &["(SELECT c.name FROM sales_order o JOIN company c ON c.id = o.customer WHERE o.id = t.\"order\")"]),
        order("order", &[of_order!("sales_order", "reference")]),
        order("part", &["(SELECT p.name FROM part p WHERE p.id = t.part)"]),
        order("part__name", &["(SELECT p.name FROM part p WHERE p.id = t.part)"]),
        order("IPN", &["(SELECT p.\"IPN\" FROM part p WHERE p.id = t.part)"]),
        order("quantity", &["t.quantity"]),
        order("allocated", &["(SELECT total(a.quantity) FROM sales_order_allocation a WHERE a.line = t.id)"]),
        order("shipped", &["t.shipped"]),
        order("reference", &["t.reference"]),
        order("sale_price", &["t.sale_price"]),
        order("target_date", &["t.target_date"]),
        order("line", &["CAST(t.line AS INTEGER)", "t.line", "(SELECT p.name FROM part p WHERE p.id = t.part)"]),
    ],
    list_flags: &[("part_detail", false), ("order_detail", false), ("customer_detail", false)],
    check: Some(|change| line::check(change, &SALES)),
    saved: Some(|change| line::saved(change, &SALES)),
    remove: Some(|change| line::remove(change, &SALES)),
    metadata: true,
    ..Resource::BASE
};

const OF_ORDER: &str = "SELECT o.customer FROM sales_order_line l JOIN sales_order o ON o.id = l.\"order\" WHERE l.id = t.line";

/// Stock set aside for lines of sales orders.
pub static ALLOCATION: Resource = Resource {
    path: "order/so-allocation",
    model: "salesorderallocation",
    schema: "SalesOrderAllocation",
    title: "allocation to a sales order",
    table: "sales_order_allocation",
    roles: &[Role::SALES_ORDER],
    verbs: Verbs::READ.and(Verbs::UPDATE).and(Verbs::DELETE).and(Verbs::BULK_UPDATE).and(Verbs::BULK_DELETE),
    fields: allocation_fields!["sales_order_line", &SALES_LINE, &SALES_ORDER, "NULL", // The contract has the field, and never anything in it.
        &[("part__salable", true), ("part__virtual", false)];
        to("shipment", &SHIPMENT).null().says("Shipment", "With which shipment it goes"),
        nested("shipment_detail", &SHIPMENT_BRIEF, "t.shipment").null().unless_off("shipment_detail").label("Shipment"),
        nested("item_detail", &ITEM, "t.item").null().unless_off("item_detail").label("Item"),
        nested("part_detail", &PART_BRIEF, "SELECT s.part FROM stock_item s WHERE s.id = t.item").null().unless_off("part_detail").label("Part"),
        nested("customer_detail", &COMPANY_BRIEF, OF_ORDER).null().on("customer_detail").label("Customer"),
    ],
    filters: allocation_list![filters "sales_order_line", "sales_order", &SALES_LINE, &SALES_ORDER, "10, 15, 20, 25";
        where_("shipment", Reads::Ref(&SHIPMENT), "t.shipment = ?"),
        is("assigned_to_shipment", "t.shipment IS NOT NULL"),
    ],
    search: allocation_list![search "sales_order_allocation"],
    order: allocation_list![order "sales_order_line", "sales_order";
        order("shipment_date", &["(SELECT h.shipment_date FROM sales_order_shipment h WHERE h.id = t.shipment)"]),
    ],
    list_flags: &[
        ("part_detail", false),
        ("item_detail", false),
        ("order_detail", false),
        ("location_detail", false),
        ("customer_detail", false),
    ],
    check: Some(|change| allocation::check(change, &BOOK)),
    remove: Some(allocation::remove),
    ..Resource::BASE
};
