//! Orders: so far as stock refers to them.

pub mod reference;

use crate::engine::describe::Resource;
use crate::identity::Role;

/// Purchase orders.
pub static PURCHASE_ORDER: Resource = Resource {
    path: "order/po",
    model: "purchaseorder",
    schema: "PurchaseOrder",
    title: "purchase order",
    table: "purchase_order",
    roles: &[Role::PURCHASE_ORDER],
    ..Resource::BASE
};

/// Sales orders.
pub static SALES_ORDER: Resource = Resource {
    path: "order/so",
    model: "salesorder",
    schema: "SalesOrder",
    title: "sales order",
    table: "sales_order",
    roles: &[Role::SALES_ORDER],
    ..Resource::BASE
};
