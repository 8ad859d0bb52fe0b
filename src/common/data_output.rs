//! `/api/data-output/`: files that the server made for somebody.

use crate::db::{self, Tx};
use crate::engine::describe::*;
use crate::error::Result;
use crate::identity::Access;
use crate::users::user::{BRIEF, USER};

/// Where they lie below the media folder.
pub const FOLDER: &str = "data_output";

/// Files that were made; staff see all, others their own.
pub static DATA_OUTPUT: Resource = Resource {
    path: "data-output",
    model: "dataoutput",
    schema: "DataOutput",
    title: "data output",
    table: "data_output",
    access: Access::Login,
    verbs: Verbs::READ.and(Verbs::DELETE).and(Verbs::BULK_DELETE),
    fields: &[
        pk(),
        date("created").fixed().label("Created"),
        to("user", &USER).null().label("User"),
        nested("user_detail", &BRIEF, "t.user"),
        int("total").fill(Fill::Int(1)).label("Total"),
        int("progress").fill(Fill::Int(0)).label("Progress"),
        flag("complete").fill(Fill::Flag(false)).label("Complete"),
        text("output_type", 100).null().blank().label("Output type"),
        text("template_name", 100).null().blank().label("Template name"),
        text("plugin", 100).null().blank().label("Plugin"),
        file("output").null().fixed().label("Output"),
        any("errors").null().label("Errors"),
    ],
    filters: &[where_("user", Reads::Ref(&USER), "t.user = ?")],
    search: &[own("data_output", &["output_type", "template_name", "plugin"])],
    order: &[
        order("pk", &["t.id"]),
        order("user", &["t.user"]),
        order("plugin", &["t.plugin"]),
        order("output_type", &["t.output_type"]),
        order("created", &["t.created", "t.id"]),
    ],
    sort: order("-", &["t.id"]),
    // A file may hold what its maker alone may see; being staff gives no role.
    scope: Some(|call| if call.user.superuser { "".into() } else { "t.user = :user".into() }),
    ..Resource::BASE
};

/// A file that was made and lies in its place.
pub struct Made<'a> {
    /// Its name below the media folder.
    pub name: &'a str,
    /// What kind of output.
    pub kind: &'static str,
    /// Under the name of which plugin of the reference.
    pub plugin: &'static str,
    /// How many things are in it.
    pub total: i64,
}

/// Notes a file; gives its key.
///
/// # Errors
/// The database cannot be written.
pub fn note(tx: &Tx<'_>, made: &Made<'_>) -> Result<i64> {
    db::run(
        tx,
        "INSERT INTO data_output (created, user, total, progress, complete, output_type, plugin, output) VALUES (?1, ?2, ?3, 100, 1, ?4, ?5, ?6)",
        (crate::engine::moment::day(tx.now), tx.author(), made.total, made.kind, made.plugin, made.name),
    )?;
    Ok(tx.last_insert_rowid())
}
