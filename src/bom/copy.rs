//! Bills of materials taken over from another part: `/api/part/{id}/bom-copy/`, and the copy of a part.

use super::item::BOM_ITEM;
use super::{rules, tree, validate};
use crate::db::{self, Tx};
use crate::engine::call::Call;
use crate::engine::describe::*;
use crate::engine::input::Input;
use crate::error::{Error, Result, invalid};
use crate::identity::Right;
use crate::part::part::PART;

/// The action.
pub static COPY: Action = Action {
    path: "{id}/bom-copy",
    schema: "PartCopyBOM",
    input: &[
        to("part", &PART).required().request().says("Part", "The part to take over from"),
        flag("remove_existing").request().fill(Fill::Flag(true)).says("Remove Existing Data", "Delete the lines that are there"),
        flag("include_inherited").request().fill(Fill::Flag(false)).says("Include Inherited", "Take over lines that it inherits, too"),
        flag("skip_invalid").request().fill(Fill::Flag(false)).says("Skip Invalid Rows", "Leave out lines that cannot be taken over"),
        flag("copy_substitutes").request().fill(Fill::Flag(true)).says("Copy Substitute Parts", "Take over substitutes, too"),
    ],
    run: |tx, call, given| run(tx, call, given).map(|()| None),
    ..Action::BASE
};

fn run(tx: &Tx<'_>, call: &Call, given: &Input) -> Result<()> {
    // Parts are opened by other roles than their bills of materials.
    if !call.user.may(Right::Add, &BOM_ITEM) {
        return Err(Error::Denied("Your roles do not let you change bills of materials.".into()));
    }
    let how = How {
        remove: given.flag("remove_existing"),
        inherited: given.flag("include_inherited"),
        skip: given.flag("skip_invalid"),
        substitutes: given.flag("copy_substitutes"),
    };
    copy(tx, given.int("part").unwrap_or_default(), call.key()?, how)
}

/// What a copy does.
pub struct How {
    /// First delete the lines that are there.
    pub remove: bool,
    /// Take over lines that the original inherits.
    pub inherited: bool,
    /// Leave out lines that would make a part of itself; else they are an error.
    pub skip: bool,
    /// Take over substitutes.
    pub substitutes: bool,
}

/// Gives a part the lines of another one, but for those that it inherits anyway. A line that is there already is there twice then.
///
/// # Errors
/// 400 for lines that cannot be taken over, and if the part is locked or no assembly.
pub fn copy(tx: &Tx<'_>, from: i64, to: i64, how: How) -> Result<()> {
    if from == to {
        return Ok(());
    }
    rules::must_be_open(tx, to, false)?;
    if how.remove {
        let lines: Vec<i64> = db::column(tx, "SELECT id FROM bom_item WHERE part = ?1", [to])?;
        for line in lines {
            let inherited = db::one::<i64>(tx, "SELECT inherited FROM bom_item WHERE id = ?1", [line])? == Some(1);
            rules::must_be_open(tx, to, inherited)?;
            rules::delete(tx, line, to, inherited)?;
        }
    }
    let inherits = tree::lines(tx, to)?;
    let mut made = Vec::new();
    for line in tree::lines(tx, from)? {
        let of = |column: &str| db::one::<i64>(tx, &format!("SELECT {column} FROM bom_item WHERE id = ?1"), [line]);
        let sub_part = of("sub_part")?.unwrap_or_default();
        if !how.inherited && of("part")? != Some(from) || inherits.contains(&line) {
            continue;
        }
        if tree::closes_a_loop(tx, to, sub_part)? {
            if how.skip {
                continue;
            }
            return invalid("sub_part", "The assembly would be a part of itself.");
        }
        db::run(
            tx,
            "INSERT INTO bom_item (part, sub_part, raw_amount, quantity, reference, note, allow_variants, inherited, optional, consumable, \
             setup_quantity, attrition, rounding_multiple) SELECT ?1, sub_part, raw_amount, quantity, reference, note, allow_variants, inherited, \
             optional, consumable, setup_quantity, attrition, rounding_multiple FROM bom_item WHERE id = ?2",
            [to, line],
        )?;
        let copy = tx.last_insert_rowid();
        if how.substitutes {
            db::run(
                tx,
                "INSERT INTO bom_substitute (bom_item, part) SELECT ?1, part FROM bom_substitute WHERE bom_item = ?2",
                [copy, line],
            )?;
        }
        if db::one::<i64>(tx, "SELECT trackable FROM part WHERE id = ?1", [sub_part])? == Some(1) {
            tree::must_be_trackable(tx, to)?;
        }
        made.push(copy);
    }
    if !made.is_empty() && db::one::<i64>(tx, "SELECT assembly FROM part WHERE id = ?1", [to])? != Some(1) {
        return invalid("part", "Only assemblies have bills of materials.");
    }
    for line in made {
        crate::build::line::follow(tx, line)?;
    }
    validate::look_again(tx, to, true)?;
    crate::part::pricing::changed(tx, to)
}
