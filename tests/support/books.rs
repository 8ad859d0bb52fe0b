//! What holds of every shop, whatever happened in it: nothing is below zero, nothing is promised twice, what is counted twice agrees, and the
//! history tells how everything came about.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Shop;

/// SQL that finds nothing in a shop whose books are in order, and what it would mean.
const RULES: &[(&str, &str)] = &[
    ("SELECT id FROM stock_item WHERE quantity < 0", "less than nothing"),
    (stockroom::stock::track::DISAGREES, "a history that says something else"),
    ("SELECT 1 FROM stock_item WHERE coalesce(serial, '') <> '' GROUP BY part, serial HAVING count(*) > 1", "a serial number given twice"),
    ("SELECT 1 FROM stock_item WHERE coalesce(serial, '') <> '' AND quantity > 1000000", "several with one serial number"),
    (
        "SELECT s.id FROM stock_item s WHERE s.quantity < (SELECT total(b.quantity) FROM build_item b WHERE b.stock_item = s.id) \
         + (SELECT total(a.quantity) FROM sales_order_allocation a LEFT JOIN sales_order_shipment h ON h.id = a.shipment \
            WHERE a.item = s.id AND h.shipment_date IS NULL) \
         + (SELECT total(a.quantity) FROM transfer_order_allocation a JOIN transfer_order_line l ON l.id = a.line \
            JOIN transfer_order o ON o.id = l.\"order\" AND o.status IN (10, 20, 25) WHERE a.item = s.id)",
        "more set aside than there is",
    ),
    (
        "SELECT l.id FROM sales_order_line l WHERE l.shipped <> (SELECT coalesce(sum(a.quantity), 0) FROM sales_order_allocation a \
         JOIN sales_order_shipment h ON h.id = a.shipment WHERE a.line = l.id AND h.shipment_date IS NOT NULL)",
        "a line of a sale that counts what was sent wrongly",
    ),
    (
        "SELECT l.id FROM build_line l JOIN bom_item i ON i.id = l.bom_item WHERE l.consumed <> \
         (SELECT coalesce(sum(s.quantity), 0) FROM stock_item s WHERE s.consumed_by = l.build AND s.part = i.sub_part)",
        "a line of a build that counts what was used up wrongly",
    ),
    (
        "SELECT b.id FROM build b WHERE b.completed <> (SELECT coalesce(sum(s.quantity), 0) FROM stock_item s WHERE s.build = b.id \
         AND s.part = b.part AND s.is_building = 0 AND s.status <> 65)",
        "a build that counts what it made wrongly",
    ),
    (
        "SELECT l.id FROM stock_location l WHERE l.items <> (SELECT count(*) FROM stock_item i WHERE i.location = l.id)",
        "a place that counts wrongly",
    ),
    ("SELECT 1 FROM pragma_foreign_key_check", "a reference to nothing"),
    ("SELECT 1 FROM pragma_integrity_check WHERE integrity_check <> 'ok'", "a damaged database"),
];

impl Shop {
    /// The books are in order.
    #[track_caller]
    pub fn books_agree(&self) {
        for (sql, what) in RULES {
            let sql = if sql.starts_with("SELECT count(*)") { (*sql).to_string() } else { format!("SELECT count(*) FROM ({sql})") };
            assert_eq!(self.find::<i64>(&sql), 0, "{what}");
        }
        for table in ["part", "stock_item", "stock_tracking"] {
            assert_eq!(self.rows(table), self.find::<i64>(&format!("SELECT rows FROM row_count WHERE name = '{table}'")), "{table}");
        }
        self.history_adds_up();
    }

    /// Each event follows from the one before: what was there, and what came and went, is what is there then.
    #[track_caller]
    fn history_adds_up(&self) {
        let conn = self.server.site().db.read().unwrap();
        let mut statement = conn
            .prepare(
                "SELECT id, item, deltas FROM stock_tracking WHERE item IS NOT NULL AND tracking_type NOT IN (20, 25, 35, 36) ORDER BY id",
            )
            .unwrap();
        let rows = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))).unwrap();
        let mut held: BTreeMap<i64, f64> = BTreeMap::new();
        for (event, item, deltas) in rows.map(Result::unwrap) {
            let deltas: Value = serde_json::from_str(&deltas).unwrap();
            let of = |name: &str| deltas[name].as_f64();
            let change = of("added").unwrap_or(0.0) - of("removed").unwrap_or(0.0);
            let before = held.get(&item).copied();
            let after = of("quantity").or(before.map(|before| before + change));
            if let (Some(before), Some(after), true) = (before, after, change != 0.0) {
                assert!(
                    (before + change - after).abs() < 1e-6,
                    "event {event} of item {item}: {before} and {change} are not {after}: {deltas}"
                );
            }
            held.extend(after.map(|after| (item, after)));
        }
        let mut statement = conn.prepare("SELECT id, quantity FROM stock_item").unwrap();
        let items = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))).unwrap();
        for (item, quantity) in items.map(Result::unwrap) {
            let told = held.get(&item).unwrap_or_else(|| panic!("item {item} has no history"));
            #[allow(clippy::cast_precision_loss, reason = "quantities of tests are small")]
            let is = quantity as f64 / 1e6;
            assert!((told - is).abs() < 1e-6, "item {item} holds {is}, its history says {told}");
        }
    }
}
