//! The states that things can be in, built-in and custom: `/api/generic/status/…` and the shorter addresses of each trade.

use rusqlite::Connection;

use crate::db;
use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::{Endpoint, Field, any, text};
use crate::engine::input::Value;
use crate::engine::json::Json;
use crate::error::{Error, Result};

/// A built-in state: number, name, label, colour.
type State = (i64, &'static str, &'static str, &'static str);

/// The classes of states (CONVENTIONS §15).
pub static CLASSES: &[(&str, &[State])] = &[
    (
        "DataImportStatusCode",
        &[
            (0, "INITIAL", "Initializing", "secondary"),
            (10, "MAPPING", "Mapping Columns", "primary"),
            (20, "IMPORTING", "Importing Data", "primary"),
            (30, "PROCESSING", "Processing Data", "primary"),
            (40, "COMPLETE", "Complete", "success"),
        ],
    ),
    (
        "StockHistoryCode",
        &[
            (0, "LEGACY", "Entry from an older version", "secondary"),
            (1, "CREATED", "Stock item created", "secondary"),
            (5, "EDITED", "Stock item edited", "secondary"),
            (6, "ASSIGNED_SERIAL", "Serial number assigned", "secondary"),
            (10, "STOCK_COUNT", "Stock counted", "secondary"),
            (11, "STOCK_ADD", "Stock added by hand", "secondary"),
            (12, "STOCK_REMOVE", "Stock removed by hand", "secondary"),
            (13, "STOCK_SERIALIZED", "Items serialized", "secondary"),
            (15, "RETURNED_TO_STOCK", "Returned to stock", "secondary"),
            (20, "STOCK_MOVE", "Location changed", "secondary"),
            (25, "STOCK_UPDATE", "Stock updated", "secondary"),
            (30, "INSTALLED_INTO_ASSEMBLY", "Installed into an assembly", "secondary"),
            (31, "REMOVED_FROM_ASSEMBLY", "Removed from an assembly", "secondary"),
            (35, "INSTALLED_CHILD_ITEM", "Component installed", "secondary"),
            (36, "REMOVED_CHILD_ITEM", "Component removed", "secondary"),
            (40, "SPLIT_FROM_PARENT", "Split from parent item", "secondary"),
            (42, "SPLIT_CHILD_ITEM", "Child item split off", "secondary"),
            (45, "MERGED_STOCK_ITEMS", "Stock items merged", "secondary"),
            (48, "CONVERTED_TO_VARIANT", "Converted to a variant", "secondary"),
            (50, "BUILD_OUTPUT_CREATED", "Build output created", "secondary"),
            (55, "BUILD_OUTPUT_COMPLETED", "Build output completed", "secondary"),
            (56, "BUILD_OUTPUT_REJECTED", "Build output rejected", "secondary"),
            (57, "BUILD_CONSUMED", "Consumed by a build order", "secondary"),
            (60, "SHIPPED_AGAINST_SALES_ORDER", "Shipped against a sales order", "secondary"),
            (70, "RECEIVED_AGAINST_PURCHASE_ORDER", "Received against a purchase order", "secondary"),
            (80, "RETURNED_AGAINST_RETURN_ORDER", "Returned against a return order", "secondary"),
            (100, "SENT_TO_CUSTOMER", "Sent to customer", "secondary"),
            (105, "RETURNED_FROM_CUSTOMER", "Returned from customer", "secondary"),
        ],
    ),
    (
        "LabelPrinterStatus",
        &[
            (100, "CONNECTED", "Connected", "success"),
            (101, "UNKNOWN", "Unknown", "secondary"),
            (110, "PRINTING", "Printing", "primary"),
            (200, "WARNING", "Warning", "warning"),
            (301, "NO_MEDIA", "No media", "warning"),
            (302, "PAPER_JAM", "Paper jam", "warning"),
            (400, "DISCONNECTED", "Disconnected", "danger"),
            (500, "ERROR", "Error", "danger"),
        ],
    ),
    ("MachineStatus", &[]),
    (
        "PurchaseOrderStatus",
        &[
            (10, "PENDING", "Pending", "secondary"),
            (20, "PLACED", "Placed", "primary"),
            (25, "ON_HOLD", "On Hold", "warning"),
            (30, "COMPLETE", "Complete", "success"),
            (40, "CANCELLED", "Cancelled", "danger"),
            (50, "LOST", "Lost", "warning"),
            (60, "RETURNED", "Returned", "warning"),
        ],
    ),
    (
        "ReturnOrderLineStatus",
        &[
            (10, "PENDING", "Pending", "secondary"),
            (20, "RETURN", "Return", "success"),
            (30, "REPAIR", "Repair", "primary"),
            (40, "REPLACE", "Replace", "warning"),
            (50, "REFUND", "Refund", "info"),
            (60, "REJECT", "Reject", "danger"),
        ],
    ),
    (
        "StockStatus",
        &[
            (10, "OK", "OK", "success"),
            (50, "ATTENTION", "Attention needed", "warning"),
            (55, "DAMAGED", "Damaged", "warning"),
            (60, "DESTROYED", "Destroyed", "danger"),
            (65, "REJECTED", "Rejected", "danger"),
            (70, "LOST", "Lost", "dark"),
            (75, "QUARANTINED", "Quarantined", "info"),
            (85, "RETURNED", "Returned", "warning"),
        ],
    ),
    (
        "SalesOrderStatus",
        &[
            (10, "PENDING", "Pending", "secondary"),
            (15, "IN_PROGRESS", "In Progress", "primary"),
            (20, "SHIPPED", "Shipped", "primary"),
            (25, "ON_HOLD", "On Hold", "warning"),
            (30, "COMPLETE", "Complete", "success"),
            (40, "CANCELLED", "Cancelled", "danger"),
            (50, "LOST", "Lost", "warning"),
            (60, "RETURNED", "Returned", "warning"),
        ],
    ),
    (
        "TransferOrderStatus",
        &[
            (10, "PENDING", "Pending", "secondary"),
            (20, "ISSUED", "Issued", "primary"),
            (25, "ON_HOLD", "On Hold", "warning"),
            (30, "COMPLETE", "Complete", "success"),
            (40, "CANCELLED", "Cancelled", "danger"),
        ],
    ),
    (
        "ReturnOrderStatus",
        &[
            (10, "PENDING", "Pending", "secondary"),
            (20, "IN_PROGRESS", "In Progress", "primary"),
            (25, "ON_HOLD", "On Hold", "warning"),
            (30, "COMPLETE", "Complete", "success"),
            (40, "CANCELLED", "Cancelled", "danger"),
        ],
    ),
    (
        "BuildStatus",
        &[
            (10, "PENDING", "Pending", "secondary"),
            (20, "PRODUCTION", "Production", "primary"),
            (25, "ON_HOLD", "On Hold", "warning"),
            (30, "CANCELLED", "Cancelled", "danger"),
            (40, "COMPLETE", "Complete", "success"),
        ],
    ),
];

/// The built-in states of a class.
pub fn states(class: &str) -> &'static [State] {
    CLASSES.iter().find(|c| c.0 == class).map_or(&[], |c| c.1)
}

/// The built-in and custom states of a class, as choices.
///
/// # Errors
/// The database cannot be asked.
pub fn choices(conn: &Connection, class: &str) -> Result<Vec<(Value, String)>> {
    let mut list: Vec<(Value, String)> = states(class).iter().map(|s| (Value::Int(s.0), s.2.to_string())).collect();
    let mut statement = conn.prepare_cached("SELECT key, label FROM custom_state WHERE reference_status = ?1 ORDER BY key")?;
    let rows = statement.query_map([class], |row| Ok((Value::Int(row.get(0)?), row.get(1)?)))?;
    for row in rows {
        list.push(row?);
    }
    Ok(list)
}

/// The state that a number stands for: itself, or the built-in state of a custom one.
///
/// # Errors
/// The database cannot be asked.
pub fn logical(conn: &Connection, class: &str, key: i64) -> Result<Option<i64>> {
    if states(class).iter().any(|s| s.0 == key) {
        return Ok(Some(key));
    }
    db::one(conn, "SELECT logical_key FROM custom_state WHERE reference_status = ?1 AND key = ?2", (class, key))
}

/// The label of a state, built-in or custom.
///
/// # Errors
/// The database cannot be asked.
pub fn label(conn: &Connection, class: &str, key: i64) -> Result<String> {
    if let Some(state) = states(class).iter().find(|s| s.0 == key) {
        return Ok(state.2.into());
    }
    let custom: Option<String> = db::one(conn, "SELECT label FROM custom_state WHERE reference_status = ?1 AND key = ?2", (class, key))?;
    Ok(custom.unwrap_or_default())
}

fn write_class(conn: &Connection, class: &str, out: &mut Json) -> Result<()> {
    out.open('{');
    out.key("status_class");
    out.text(class);
    out.key("values");
    out.open('{');
    for (key, name, label, color) in states(class) {
        out.key(name);
        out.value(&serde_json::json!({"key": key, "name": name, "label": label, "color": color}));
    }
    let mut statement =
        conn.prepare_cached("SELECT key, name, label, color, logical_key FROM custom_state WHERE reference_status = ?1 ORDER BY key")?;
    let mut rows = statement.query([class])?;
    while let Some(row) = rows.next()? {
        let (name, label, color): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let (key, logical): (i64, i64) = (row.get(0)?, row.get(4)?);
        out.key(&name);
        out.value(&serde_json::json!({"key": key, "name": name, "label": label, "color": color, "custom": true, "logical_key": logical}));
    }
    out.close('}');
    out.close('}');
    Ok(())
}

fn one(call: &Call, class: &str) -> Result<Reply> {
    if states(class).is_empty() {
        return Err(Error::no_such("class of states"));
    }
    let mut out = Json::new();
    write_class(&*call.db().read()?, class, &mut out)?;
    Ok(Reply::json(200, out))
}

fn all(call: &Call) -> Result<Reply> {
    let conn = call.db().read()?;
    let mut out = Json::new();
    out.open('{');
    for (class, _) in CLASSES {
        out.key(class);
        write_class(&conn, class, &mut out)?;
    }
    out.close('}');
    Ok(Reply::json(200, out))
}

static OUTPUT: &[Field] = &[text("status_class", 0).fixed(), any("values").holds("{}").fixed()];

/// The addresses at which states are shown.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        path: "api/generic/status/",
        title: "states of everything",
        operations: &["generic_status_retrieve_all"],
        verbs: &[(Verb::Get, all)],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/generic/status/{word}/",
        word: "statusmodel",
        title: "states of a class",
        output: OUTPUT,
        output_schema: "GenericStateClass",
        verbs: &[(Verb::Get, |call| one(call, call.word()))],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/stock/status/",
        title: "states of stock",
        output: OUTPUT,
        output_schema: "GenericStateClass",
        verbs: &[(Verb::Get, |call| one(call, "StockStatus"))],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/stock/track/status/",
        title: "kinds of stock events",
        output: OUTPUT,
        output_schema: "GenericStateClass",
        verbs: &[(Verb::Get, |call| one(call, "StockHistoryCode"))],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/build/status/",
        title: "states of builds",
        output: OUTPUT,
        output_schema: "GenericStateClass",
        verbs: &[(Verb::Get, |call| one(call, "BuildStatus"))],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/order/po/status/",
        title: "states of purchase orders",
        output: OUTPUT,
        output_schema: "GenericStateClass",
        verbs: &[(Verb::Get, |call| one(call, "PurchaseOrderStatus"))],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/order/so/status/",
        title: "states of sales orders",
        output: OUTPUT,
        output_schema: "GenericStateClass",
        verbs: &[(Verb::Get, |call| one(call, "SalesOrderStatus"))],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/order/ro/status/",
        title: "states of return orders",
        output: OUTPUT,
        output_schema: "GenericStateClass",
        verbs: &[(Verb::Get, |call| one(call, "ReturnOrderStatus"))],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/order/ro-line/status/",
        title: "states of return order lines",
        output: OUTPUT,
        output_schema: "GenericStateClass",
        verbs: &[(Verb::Get, |call| one(call, "ReturnOrderLineStatus"))],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/order/transfer-order/status/",
        documented: false,
        title: "states of transfer orders",
        output: OUTPUT,
        output_schema: "GenericStateClass",
        verbs: &[(Verb::Get, |call| one(call, "TransferOrderStatus"))],
        ..Endpoint::BASE
    },
];
