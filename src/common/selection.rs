//! `/api/selection/`: lists of possible values for parameters, and their entries.

use super::plugin::PLUGIN;
use crate::db;
use crate::engine::describe::*;
use crate::engine::input::Value;
use crate::engine::write::Change;
use crate::error::{Error, Result, invalid};
use crate::identity::Access;

/// Lists.
pub static LIST: Resource = Resource {
    path: "selection",
    model: "selectionlist",
    schema: "SelectionList",
    title: "selection list",
    table: "selection_list",
    // The reference lets everybody write; whoever changes a list changes which values parts may have.
    access: Access::StaffWrites,
    verbs: Verbs::ALL,
    metadata: true,
    fields: &[
        pk(),
        text("name", 100).required().says("Name", "Name of the list"),
        text("description", 250).blank().says("Description", "What the list is for"),
        flag("active").fill(Fill::Flag(true)).says("Active", "Is the list in use?"),
        flag("locked").fill(Fill::Flag(false)).says("Locked", "Do the list and its entries stay as they are?"),
        to("source_plugin", &PLUGIN).null().says("Source Plugin", "Plugin that the list comes from"),
        text("source_string", 1000).blank().says("Source String", "Where the list comes from"),
        nested("default", &ENTRY, "").column("default").null().says("Default Entry", "Entry that is offered first"),
        moment("created").fixed().says("Created", "When the list was made"),
        moment("last_updated").fixed().says("Last Updated", "When it was last changed"),
        int("entry_count").joined("SELECT count(*) FROM selection_entry e WHERE e.list = t.id").label("Entry count"),
        many("choices", &ENTRY, "SELECT id FROM selection_entry WHERE list = :id ORDER BY id").unless_off("choices"),
    ],
    check: Some(check),
    remove: Some(|change| {
        if change.was_int("locked") == Some(1) {
            return invalid("locked", LOCKED);
        }
        db::run(change.tx, "DELETE FROM selection_list WHERE id = ?1", [change.key()]).map(|_| ())
    }),
    ..Resource::BASE
};

/// Entries of one list.
pub static ENTRY: Resource = Resource {
    path: "selection/{above}/entry",
    model: "selectionlistentry",
    schema: "SelectionEntry",
    word: "entrypk",
    title: "selection entry",
    table: "selection_entry",
    access: Access::StaffWrites,
    verbs: Verbs::ALL,
    fields: &[
        int("id").fixed().label("ID"),
        text("value", 255).required().says("Value", "What a parameter holds"),
        text("label", 255).required().says("Label", "What people read"),
        text("description", 250).blank().says("Description", "What it means"),
        flag("active").fill(Fill::Flag(true)).says("Active", "Can it be chosen?"),
        to("list", &LIST).null().fill(Fill::Null).says("Selection List", "The list that it stands in"),
    ],
    filters: &[is("active", "t.active = 1"), where_("value", Reads::Text, "t.value = ?"), where_("list", Reads::Ref(&LIST), "t.list = ?")],
    search: &[own("selection_entry", &["description", "label"])],
    order: &[order("list", &["t.list"]), order("label", &["t.label"]), order("active", &["t.active"])],
    scope: Some(|_| "t.list = :above".into()),
    check: Some(check_entry),
    saved: Some(|change| touch(change, change.int("list"))),
    remove: Some(|change| {
        let list = change.was_int("list");
        if is_locked(change, list)? {
            return invalid("list", LOCKED);
        }
        db::run(change.tx, "DELETE FROM selection_entry WHERE id = ?1", [change.key()])?;
        touch(change, list)
    }),
    ..Resource::BASE
};

const LOCKED: &str = "The list is locked.";

fn check(change: &mut Change<'_>) -> Result<()> {
    // Nothing but the lock itself can be taken off a locked list; with it, other things may change.
    if change.was_int("locked") == Some(1) && change.flag("locked") {
        change.wrong("locked", LOCKED);
    }
    if change.creates() {
        change.set("created", Value::Int(change.tx.now));
    }
    change.set("last_updated", Value::Int(change.tx.now));
    Ok(())
}

fn is_locked(change: &Change<'_>, list: Option<i64>) -> Result<bool> {
    Ok(db::one::<i64>(change.tx, "SELECT locked FROM selection_list WHERE id = ?1", [list])? == Some(1))
}

fn touch(change: &Change<'_>, list: Option<i64>) -> Result<()> {
    db::run(change.tx, "UPDATE selection_list SET last_updated = ?2 WHERE id = ?1", (list, change.tx.now)).map(|_| ())
}

fn check_entry(change: &mut Change<'_>) -> Result<()> {
    // The address says to which list the entry belongs; the body may say the same.
    let list = change.call.above;
    if db::one::<i64>(change.tx, "SELECT 1 FROM selection_list WHERE id = ?1", [list])?.is_none() {
        return Err(Error::no_such(LIST.title));
    }
    if change.new.int("list").is_some_and(|given| Some(given) != list) {
        change.wrong("list", "The entry stands in another list.");
    }
    change.set("list", list.into());
    if is_locked(change, list)? {
        change.wrong("list", LOCKED);
    }
    Ok(())
}
