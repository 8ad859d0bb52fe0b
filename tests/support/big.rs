//! A workshop of any size, written by SQL in a few statements: what measurements are made on.

use stockroom::db::Tx;
use stockroom::error::Result;

/// Fills an empty database that has a user: so many stock items of a tenth as many parts (at least a hundred) at 500 places, and orders,
/// builds, bills of materials, suppliers, history, results, parameters and attachments in proportion; 10,000 orders of each kind for
/// 1,000,000 items.
///
/// # Errors
/// The database cannot be written.
pub fn fill(tx: &Tx<'_>, items: i64) -> Result<()> {
    let parts = (items / 10).max(100);
    let (orders, companies) = ((parts / 10).max(10), (parts / 100).max(10));
    let tree = "'Group ' || ((i + 9) / 10) || char(2) || printf('%x', (i + 9) / 10 * 10 - 9)";
    let node = |name: &str| {
        format!(
            "iif(i % 10 = 1, NULL, (i + 9) / 10 * 10 - 9), '{name} ' || i, '{name} ' || i, i % 10 <> 1, iif(i % 10 = 1, {tree}, {tree} || char(1) || '{name} ' || i || char(2) || printf('%x', i))"
        )
    };
    let mut sql = String::new();
    let mut rows = |n: i64, into: &str, values: &str| {
        sql += &format!(
            "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {n}) INSERT INTO {into} SELECT {values} FROM n;\n"
        );
    };
    rows(50, "part_category (id, parent, name, pathstring, level, tree_key)", &format!("i, {}", node("Category")));
    rows(500, "stock_location (id, parent, name, pathstring, level, tree_key)", &format!("i, {}", node("Bin")));
    rows(
        parts,
        "part (id, name, \"IPN\", description, keywords, category, tree_key, assembly, salable, trackable, testable, default_location, creation_date, minimum_stock)",
        &format!(
            "i, printf('Part %07d', i * 7919 % {parts}), printf('IPN-%d', i), 'A component of the bench, number ' || i, 'bench k' || i % 97, 1 + i % 50, printf('%c%x', 2, i), i % 20 = 0, i % 3 = 0, i % 50 = 0, i % 50 = 0, 1 + i % 500, date('2024-01-01', (i % 700) || ' days'), i % 7 * 1000000"
        ),
    );
    rows(
        companies,
        "company (id, name, is_supplier, is_customer, is_manufacturer)",
        "i, 'Company ' || i, i % 2, i % 2 = 0 OR i = 1, i % 3 = 0 OR i = 1",
    );
    rows(parts / 2, "manufacturer_part (id, part, manufacturer, \"MPN\")", &format!("i, i * 2, 1 + i % {companies}, 'MPN-' || i"));
    rows(
        parts,
        "supplier_part (id, part, supplier, \"SKU\", manufacturer_part, updated)",
        &format!("i, i, 1 + i % {companies}, 'SKU-' || i, iif(i % 2 = 0, i / 2, NULL), 1767225600000"),
    );
    rows(parts, "supplier_price_break (part, quantity, price, price_currency)", "i, 1000000, i * 100, 'USD'");
    rows(parts, "part_pricing (part, currency, overall_min, overall_max)", "i, 'USD', i * 1000, i * 1100");
    rows(parts / 4, "part_related (part_1, part_2)", "i, i + 1");
    rows(
        parts / 5,
        "bom_item (id, part, sub_part, quantity)",
        &format!(
            "i, (1 + (i - 1) / 4) * 20 % {parts} + iif((1 + (i - 1) / 4) * 20 % {parts} = 0, {parts}, 0), 1 + i * 13 % {parts}, 2000000"
        ),
    );
    let order = |who: &str| {
        format!(
            "i, printf('{who}-%06d', i), i, 'Order number ' || i, 10 + i % 3 * 10, 1 + i % {companies}, date('2025-01-01', (i % 700) || ' days'), date('2026-01-01', (i % 300) || ' days'), 1, 1767225600000"
        )
    };
    for (table, who, partner, line, part, many) in [
        (
            "purchase_order",
            "PO",
            "supplier",
            "purchase_order_line (\"order\", part, quantity, purchase_price, received)",
            "1 + i * 7 % {parts}, 10000000, 5000, i % 2 * 10000000",
            10,
        ),
        (
            "sales_order",
            "SO",
            "customer",
            "sales_order_line (\"order\", part, quantity, sale_price, shipped)",
            "1 + i * 7 % {parts}, 10000000, 5000, i % 2 * 10000000",
            10,
        ),
    ] {
        rows(
            orders,
            &format!(
                "{table} (id, reference, reference_int, description, status, {partner}, creation_date, target_date, created_by, updated_at)"
            ),
            &order(who),
        );
        rows(orders * many, line, &format!("1 + i % {orders}, {}", part.replace("{parts}", &parts.to_string())));
        rows(orders, &format!("{table}_extra_line (\"order\", quantity, price)"), "i, 1000000, 5000");
    }
    rows(orders, "sales_order_shipment (id, \"order\", reference, shipment_date)", "i, i, '1', iif(i % 2, '2026-01-01', NULL)");
    rows(
        orders,
        "return_order (id, reference, reference_int, description, status, customer, creation_date, target_date, created_by, updated_at)",
        &order("RO"),
    );
    rows(
        orders,
        "transfer_order (id, reference, reference_int, description, status, creation_date, target_date, created_by, updated_at)",
        "i, printf('TO-%06d', i), i, 'Order number ' || i, 10 + i % 3 * 10, date('2025-01-01', (i % 700) || ' days'), date('2026-01-01', (i % 300) || ' days'), 1, 1767225600000",
    );
    rows(orders * 2, "transfer_order_line (\"order\", part, quantity)", &format!("1 + i % {orders}, 1 + i * 7 % {parts}, 10000000"));
    rows(
        orders,
        "build (id, reference, reference_int, title, part, quantity, status, creation_date, target_date, issued_by, tree_key, take_from)",
        &format!(
            "i, printf('BO-%06d', i), i, 'Build ' || i, 1 + (i * 20 - 1) % {parts}, 5000000, 10 + i % 4 * 10, date('2025-01-01', (i % 700) || ' days'), date('2026-01-01', (i % 300) || ' days'), 1, printf('%c%x', 2, i), 1"
        ),
    );
    rows(
        orders * 4,
        "build_line (id, build, bom_item, quantity)",
        &format!("i, 1 + (i - 1) / 4, 1 + (i * 3) % {}, 10000000", (parts / 5).max(1)),
    );
    rows(
        items,
        "stock_item (id, part, quantity, location, batch, serial, serial_int, supplier_part, status, expiry_date, customer, sales_order, purchase_order, build, parent, creation_date, updated)",
        &format!(
            "i, 1 + i * 31 % {parts}, iif(i % 25 = 0, 1, 1 + i % 500) * 1000000, 1 + i % 500, 'B' || i % 1000, iif(i % 25 = 0, i, NULL), iif(i % 25 = 0, i, 0), iif(i % 2, 1 + i * 31 % {parts}, NULL), iif(i % 40 = 0, 75, 10), iif(i % 10 = 0, date('2026-01-01', (i % 300) || ' days'), NULL), iif(i % 30 = 7, 1 + i % {companies}, NULL), iif(i % 30 = 7, 1 + i % {orders}, NULL), iif(i % 10 = 3, 1 + i % {orders}, NULL), iif(i % 50 = 9, 1 + i % {orders}, NULL), iif(i % 20 = 11, i - 1, NULL), 1767225600000, 1767225600000 + i"
        ),
    );
    rows(
        items,
        "stock_tracking (item, part, tracking_type, date, user, notes)",
        &format!("i, 1 + i * 31 % {parts}, 1, 1767225600000 + i, 1, ''"),
    );
    rows(orders * 4, "build_item (build_line, stock_item, quantity)", &format!("i, 1 + i * 3 % {items}, 1000000"));
    rows(
        orders * 2,
        "sales_order_allocation (line, shipment, item, quantity)",
        &format!("i, 1 + i % {orders}, 2 + i * 5 % {items} / 2, 1000000"),
    );
    rows(orders, "return_order_line (\"order\", item, quantity)", "i, i, 1000000");
    rows(orders, "transfer_order_allocation (line, item, quantity)", "i, i, 1000000");
    rows((parts / 50).max(1), "part_test_template (id, part, key, test_name)", "i, i * 50, 'runs', 'Runs'");
    rows(
        items / 10,
        "stock_test_result (stock_item, template, result, date, user)",
        &format!("i * 10, 1 + i % {}, i % 5 > 0, 1767225600000 + i, 1", (parts / 50).max(1)),
    );
    rows(20, "parameter_template (id, name)", "i, 'Parameter ' || i");
    rows(
        parts * 3,
        "parameter (template, model_type, model_id, data, data_numeric)",
        &format!("1 + (i - 1) / {parts} + i % 3 * 4, 'part.part', 1 + i % {parts}, i % 1000, i % 1000"),
    );
    rows(
        parts,
        "attachment (model_type, model_id, link, comment, upload_date, upload_user)",
        "iif(i % 2, 'part', 'stockitem'), i, 'http://shop.test', 'Data sheet ' || i, '2026-01-01', 1",
    );
    rows(parts, "part_stocktake (part, date, quantity)", "i, '2026-01-01', i * 1000000");
    rows(
        orders,
        "notification (user, category, name, creation, target_type, target_id, read)",
        "1, 'part.low_stock', 'Low', 1767225600000 + i, 'part', i, i % 4 > 0",
    );
    rows(20, "project_code (id, code)", "i, 'P' || i");
    tx.execute_batch(&sql)?;
    Ok(())
}
