//! Orders of all kinds, and builds.

use super::{BARCODE, Field, METADATA, Model, NOTES, aside, at, count, day, decimal, flag, int, line, text, user};
use crate::order::total::{currency_of, total_of};

/// The columns that all kinds of orders share.
macro_rules! order {
    ($($own:expr,)*) => {
        &[
            METADATA,
            int("reference_int"),
            NOTES,
            BARCODE[0],
            BARCODE[1],
            text("description"),
            int("project_code"),
            text("link"),
            day("start_date"),
            day("target_date"),
            day("creation_date"),
            user("created_by"),
            day("issue_date"),
            at("updated_at"),
            int("responsible"),
            int("contact"),
            int("address"),
            text("reference"),
            int("status"),
            int("status_custom_key"),
            $($own,)*
        ]
    };
}

/// What an order costs, and in which currency; where no rate of exchange is known it is empty.
macro_rules! total {
    ($company:literal, $lines:literal) => {
        [
            text("total_price_currency").shown(concat!("SELECT ", currency_of!($company))),
            decimal("total_price", 6).shown(total_of!($company, $lines)),
        ]
    };
}
const PURCHASE: [Field; 2] = total!(
    "supplier",
    "SELECT quantity, purchase_price, purchase_price_currency FROM purchase_order_line WHERE \"order\" = t.id \
     UNION ALL SELECT quantity, price, price_currency FROM purchase_order_extra_line WHERE \"order\" = t.id"
);
const SALES: [Field; 2] = total!(
    "customer",
    "SELECT quantity, sale_price, sale_price_currency FROM sales_order_line WHERE \"order\" = t.id \
     UNION ALL SELECT quantity, price, price_currency FROM sales_order_extra_line WHERE \"order\" = t.id"
);
const RETURN: [Field; 2] = total!(
    "customer",
    "SELECT quantity, price, price_currency FROM return_order_line WHERE \"order\" = t.id \
     UNION ALL SELECT quantity, price, price_currency FROM return_order_extra_line WHERE \"order\" = t.id"
);

static EXTRA_LINE: &[Field] = line![text("description"), aside("context", "null"), text("price_currency"), decimal("price", 6),];

pub static ORDERS: &[Model] = &[
    Model {
        name: "order.purchaseorder",
        table: "purchase_order",
        fields: order![
            PURCHASE[0],
            PURCHASE[1],
            text("order_currency"),
            int("supplier"),
            text("supplier_reference"),
            aside("received_by", "null"),
            day("complete_date"),
            int("destination"),
        ],
        ..Model::BASE
    },
    Model { name: "order.purchaseorderextraline", table: "purchase_order_extra_line", fields: EXTRA_LINE, ..Model::BASE },
    Model {
        name: "order.salesorder",
        table: "sales_order",
        fields: order![
            SALES[0],
            SALES[1],
            text("order_currency"),
            int("customer"),
            text("customer_reference"),
            day("shipment_date"),
            user("shipped_by"),
        ],
        ..Model::BASE
    },
    Model {
        name: "order.salesorderlineitem",
        table: "sales_order_line",
        fields: line![int("part"), text("sale_price_currency"), decimal("sale_price", 6), decimal("shipped", 5),],
        ..Model::BASE
    },
    Model { name: "order.salesorderextraline", table: "sales_order_extra_line", fields: EXTRA_LINE, ..Model::BASE },
    Model {
        name: "order.salesordershipment",
        table: "sales_order_shipment",
        fields: &[
            METADATA,
            NOTES,
            BARCODE[0],
            BARCODE[1],
            int("order"),
            int("shipment_address"),
            day("shipment_date"),
            day("delivery_date"),
            user("checked_by"),
            text("reference"),
            text("tracking_number"),
            text("invoice_number"),
            text("link"),
        ],
        ..Model::BASE
    },
    Model {
        name: "order.returnorder",
        table: "return_order",
        fields: order![RETURN[0], RETURN[1], text("order_currency"), int("customer"), text("customer_reference"), day("complete_date"),],
        ..Model::BASE
    },
    Model { name: "order.returnorderextraline", table: "return_order_extra_line", fields: EXTRA_LINE, ..Model::BASE },
    Model {
        name: "order.transferorder",
        table: "transfer_order",
        fields: order![int("take_from"), int("destination"), flag("consume"), day("complete_date"),],
        ..Model::BASE
    },
    Model {
        name: "order.transferorderlineitem",
        table: "transfer_order_line",
        fields: line![int("part"), decimal("transferred", 5),],
        ..Model::BASE
    },
];

pub static BUILDS: &[Model] = &[
    Model {
        name: "build.build",
        table: "build",
        parent: Some("parent"),
        fields: &[
            METADATA,
            int("reference_int"),
            NOTES,
            BARCODE[0],
            BARCODE[1],
            text("reference"),
            text("title"),
            int("parent"),
            int("part"),
            int("sales_order"),
            int("take_from"),
            flag("external"),
            int("destination"),
            count("quantity"),
            count("completed"),
            int("status"),
            text("batch"),
            day("creation_date"),
            day("start_date"),
            day("target_date"),
            day("completion_date"),
            user("completed_by"),
            user("issued_by"),
            int("responsible"),
            text("link"),
            int("priority"),
            int("project_code"),
            int("status_custom_key"),
        ],
        ..Model::BASE
    },
    Model {
        name: "build.buildline",
        table: "build_line",
        fields: &[int("build"), int("bom_item"), decimal("quantity", 5), decimal("consumed", 5)],
        ..Model::BASE
    },
    Model {
        name: "order.purchaseorderlineitem",
        table: "purchase_order_line",
        fields: line![
            int("part"),
            decimal("received", 5),
            text("purchase_price_currency"),
            decimal("purchase_price", 6),
            int("build_order"),
            int("destination"),
        ],
        ..Model::BASE
    },
];
