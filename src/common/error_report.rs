//! `/api/error-report/`: answers that went wrong by our own fault, for the staff to read and to pass on.

use crate::common::notification::{self, Notice};
use crate::common::setting;
use crate::db::{self, Tx};
use crate::engine::describe::*;
use crate::error::Result;
use crate::identity::Access;

/// Reports that are kept; the oldest go first.
const KEPT: i64 = 1000;

/// Reports; nobody changes them.
pub static REPORT: Resource = Resource {
    path: "error-report",
    model: "error",
    schema: "ErrorMessage",
    title: "error report",
    table: "error_report",
    access: Access::StaffByReading,
    verbs: Verbs::READ.and(Verbs::UPDATE).and(Verbs::DELETE).and(Verbs::BULK_DELETE),
    fields: &[
        moment("when").column("at").fixed().label("When"),
        prose("info", 0).fixed().label("Info"),
        prose("data", 0).null().fixed().label("Data"),
        url("path").null().fixed().label("Path"),
        pk(),
    ],
    search: &[own("error_report", &["info", "data"])],
    order: &[order("when", &["t.at"]), order("info", &["t.info"])],
    sort: order("-", &["t.at", "t.id"]),
    ..Resource::BASE
};

/// Writes a report, and tells the staff who want to be told.
///
/// # Errors
/// The database cannot be written.
pub fn record(tx: &Tx<'_>, path: &str, cause: &str) -> Result<()> {
    db::run(tx, "INSERT INTO error_report (at, info, data, path) VALUES (?1, 'The server made a mistake', ?2, ?3)", (tx.now, cause, path))?;
    let key = tx.last_insert_rowid();
    db::run(tx, "DELETE FROM error_report WHERE id <= ?1 - ?2", (key, KEPT))?;
    let staff: Vec<i64> = db::column(tx, "SELECT id FROM user WHERE is_staff = 1 AND is_active = 1", [])?;
    let mut wanted = Vec::new();
    for user in staff {
        if setting::user_is_on(tx, user, "NOTIFICATION_ERROR_REPORT")? {
            wanted.push(user);
        }
    }
    let notice = Notice { category: "inventree.error_log", name: "Server error", message: path, target: ("error", key), role: None };
    notification::send(tx, &notice, &wanted)
}
