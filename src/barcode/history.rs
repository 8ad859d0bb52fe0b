//! `/api/barcode/history/`: what was scanned, where the setting `BARCODE_STORE_RESULTS` wants it kept.

use crate::common::setting;
use crate::db;
use crate::engine::call::{Call, Reply};
use crate::engine::describe::*;
use crate::error::Result;
use crate::identity::{Access, Right, Role};
use crate::users::user::{BRIEF, USER};

/// Characters of a scan that are kept.
const LONGEST: usize = 250;

/// Scans: everybody's own, and all of them for those who administer.
pub static HISTORY: Resource = Resource {
    path: "barcode/history",
    model: "barcodescanresult",
    schema: "BarcodeScanResult",
    title: "barcode scan",
    table: "barcode_scan",
    roles: &[Role::ADMIN],
    access: Access::StaffRoleWrites,
    verbs: Verbs::READ.and(Verbs::DELETE).and(Verbs::BULK_DELETE),
    fields: &[
        pk(),
        text("data", 250).fixed().says("Data", "What was scanned"),
        moment("timestamp").fixed().says("Timestamp", "When"),
        text("endpoint", 250).null().fixed().says("Path", "At which address"),
        json("context", "t.context", &[]).holds("{}").null().says("Context", "What else was known"),
        json("response", "t.response", &[]).holds("{}").null().says("Response", "What was answered"),
        flag("result").fixed().says("Result", "Was it known?"),
        to("user", &USER).null().fixed().plain().says("User", "Who scanned"),
        nested("user_detail", &BRIEF, "t.user"),
    ],
    filters: &[where_("user", Reads::Ref(&USER), "t.user = ?"), is("result", "t.result = 1")],
    search: &[own("barcode_scan", &["data"])],
    order: &[
        order("user", &["t.user"]),
        order("timestamp", &["t.timestamp"]),
        order("endpoint", &["t.endpoint"]),
        order("result", &["t.result"]),
    ],
    sort: order("-", &["t.timestamp", "t.id"]),
    scope: Some(|call| if call.user.has(Role::ADMIN, Right::View) { "".into() } else { "t.user = :user".into() }),
    ..Resource::BASE
};

/// Keeps a scan, if the setting wants it; of a thing that was found, only which one it was.
///
/// # Errors
/// The database cannot be written.
pub fn keep(call: &Call, text: &str, known: bool, reply: &Reply) -> Result<()> {
    if !setting::is_on(&*call.db().read()?, "BARCODE_STORE_RESULTS")? {
        return Ok(());
    }
    let mut told: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    for thing in told.as_object_mut().into_iter().flat_map(|told| told.values_mut()) {
        if let Some(thing) = thing.as_object_mut() {
            thing.remove("instance");
        }
    }
    let (data, told) = (text.chars().take(LONGEST).collect::<String>(), told.to_string());
    call.write(move |tx, call| {
        db::run(
            tx,
            "INSERT INTO barcode_scan (data, timestamp, endpoint, context, response, result, user) VALUES (?1, ?2, ?3, '{}', ?4, ?5, ?6)",
            (data, tx.now, &call.path, told, known, tx.author()),
        )?;
        let kept = setting::number(tx, "BARCODE_RESULTS_MAX_NUM")?.max(1);
        db::run(tx, "DELETE FROM barcode_scan WHERE id <= (SELECT max(id) FROM barcode_scan) - ?1", [kept])
    })
    .map(|_| ())
}
