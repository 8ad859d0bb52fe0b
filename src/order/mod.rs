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

/// Shipments of sales orders.
pub static SHIPMENT: Resource = Resource {
    path: "order/so/shipment",
    model: "salesordershipment",
    schema: "SalesOrderShipment",
    title: "shipment",
    table: "sales_order_shipment",
    roles: &[Role::SALES_ORDER],
    ..Resource::BASE
};

/// Return orders.
pub static RETURN_ORDER: Resource = Resource {
    path: "order/ro",
    model: "returnorder",
    schema: "ReturnOrder",
    title: "return order",
    table: "return_order",
    roles: &[Role::RETURN_ORDER],
    ..Resource::BASE
};

/// Transfer orders.
pub static TRANSFER_ORDER: Resource = Resource {
    path: "order/transfer-order",
    model: "transferorder",
    schema: "TransferOrder",
    title: "transfer order",
    table: "transfer_order",
    roles: &[Role::TRANSFER_ORDER],
    ..Resource::BASE
};
