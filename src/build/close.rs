//! `/api/build/{id}/{finish,cancel}/`: how a build ends.

use super::consume::use_up;
use super::state::{self, Step};
use super::{notice, output};
use crate::common::setting;
use crate::db::{self, Tx};
use crate::engine::call::Call;
use crate::engine::describe::*;
use crate::engine::input::Input;
use crate::engine::moment;
use crate::error::{Problems, Result, WHOLE, invalid};

/// All is made: what was set aside for the build is used up.
pub static FINISH: Action = Action {
    path: "{id}/finish",
    schema: "BuildComplete",
    input: &[
        choice("accept_overallocated", Choices::Words(SURPLUS))
            .fill(Fill::Text("reject"))
            .request()
            .says("Overallocated Stock", "What becomes of stock that was set aside beyond need"),
        flag("accept_unallocated")
            .fill(Fill::Flag(false))
            .request()
            .says("Accept Unallocated", "Finish even if stock was not set aside for everything"),
        flag("accept_incomplete").fill(Fill::Flag(false)).request().says("Accept Incomplete", "Finish even if not all was made"),
    ],
    run: |tx, call, given| finish(tx, call, given).map(|()| None),
    ..Action::BASE
};

const SURPLUS: &[(&str, &str)] = &[("reject", "Refuse to finish"), ("accept", "Use it up, too"), ("trim", "Release it")];

/// What a line has and lacks: its stock that goes into no certain output.
const LOOSE: &str = "FROM build_line l JOIN bom_item i ON i.id = l.bom_item JOIN part p ON p.id = i.sub_part \
    WHERE l.build = ?1 AND p.trackable = 0 AND p.virtual = 0";
const SET_ASIDE: &str = "(SELECT coalesce(sum(a.quantity), 0) FROM build_item a WHERE a.build_line = l.id)";

fn finish(tx: &Tx<'_>, call: &Call, given: &Input) -> Result<()> {
    let build = call.key()?;
    let any =
        |condition: &str| Ok::<bool, crate::error::Error>(db::one::<i64>(tx, &format!("SELECT 1 {condition} LIMIT 1"), [build])?.is_some());
    let mut problems = Problems::default();
    let surplus = given.text("accept_overallocated");
    let too_much = "FROM build_line l WHERE l.build = ?1 AND (SELECT coalesce(sum(a.quantity), 0) FROM build_item a WHERE a.build_line = l.id) > max(0, l.quantity - l.consumed)";
    if surplus == "reject" && any(too_much)? {
        problems.add("accept_overallocated", "More stock is set aside than is needed.");
    }
    let too_little = format!("{LOOSE} AND i.consumable = 0 AND {SET_ASIDE} < l.quantity - l.consumed");
    if !given.flag("accept_unallocated") && any(&too_little)? {
        problems.add("accept_unallocated", "Not all stock that is needed is set aside.");
    }
    if !given.flag("accept_incomplete") && any("FROM build b WHERE b.id = ?1 AND b.completed < b.quantity")? {
        problems.add("accept_incomplete", "Not all that was ordered is made.");
    }
    problems.result()?;
    if any("FROM build b WHERE b.id = ?1 AND b.status <> 20")? {
        return invalid(WHOLE, "The build is not in production.");
    }
    if any("FROM stock_item s WHERE s.build = ?1 AND s.is_building = 1")? {
        return invalid(WHOLE, "The build has outputs that are not complete.");
    }
    if setting::is_on(tx, "BUILDORDER_REQUIRE_CLOSED_CHILDS")? && any("FROM build b WHERE b.parent = ?1 AND b.status IN (10, 20, 25)")? {
        return invalid(WHOLE, "Builds that were made for this one are still open.");
    }
    if surplus == "trim" {
        trim(tx, build)?;
    }
    state::go(tx, build, Step::Finish)?;
    end(tx, build)?;
    use_up_loose(tx, build)?;
    db::run(tx, "DELETE FROM build_item WHERE build_line IN (SELECT id FROM build_line WHERE build = ?1)", [build])?;
    notice::finished(tx, build)
}

/// Writes down when a build ended, and by whom.
fn end(tx: &Tx<'_>, build: i64) -> Result<()> {
    let today = moment::day(tx.now);
    db::run(tx, "UPDATE build SET completion_date = ?2, completed_by = ?3 WHERE id = ?1", (build, today, tx.author())).map(|_| ())
}

/// Uses up all that was set aside and goes into no certain output.
fn use_up_loose(tx: &Tx<'_>, build: i64) -> Result<()> {
    let sql = "SELECT a.id FROM build_item a JOIN build_line l ON l.id = a.build_line WHERE l.build = ?1 AND a.install_into IS NULL ORDER BY a.id";
    for allocation in db::column::<i64>(tx, sql, [build])? {
        use_up(tx, allocation, None, "")?;
    }
    Ok(())
}

/// Releases what is set aside beyond need, what was set aside first before the rest, as the contract has it.
fn trim(tx: &Tx<'_>, build: i64) -> Result<()> {
    for line in db::column::<i64>(tx, &format!("SELECT l.id {LOOSE}"), [build])? {
        let sql = format!("SELECT {SET_ASIDE} - max(0, l.quantity - l.consumed) FROM build_line l WHERE l.id = ?1");
        let mut surplus: i64 = db::one(tx, &sql, [line])?.unwrap_or(0);
        for allocation in db::column::<i64>(tx, "SELECT id FROM build_item WHERE build_line = ?1 ORDER BY id", [line])? {
            let there: i64 = db::one(tx, "SELECT quantity FROM build_item WHERE id = ?1", [allocation])?.unwrap_or(0);
            if surplus <= 0 {
                break;
            }
            if there > surplus {
                db::run(tx, "UPDATE build_item SET quantity = quantity - ?2 WHERE id = ?1", [allocation, surplus])?;
            } else {
                db::run(tx, "DELETE FROM build_item WHERE id = ?1", [allocation])?;
            }
            surplus -= there;
        }
    }
    Ok(())
}

/// It is given up: what was set aside is released, or used up.
pub static CANCEL: Action = Action {
    path: "{id}/cancel",
    schema: "BuildCancel",
    input: &[
        flag("remove_allocated_stock").fill(Fill::Flag(false)).request().says("Consume Allocated Stock", "Use up what was set aside"),
        flag("remove_incomplete_outputs")
            .fill(Fill::Flag(false))
            .request()
            .says("Remove Incomplete Outputs", "Delete outputs that are not complete"),
    ],
    run: |tx, call, given| cancel(tx, call, given).map(|()| None),
    ..Action::BASE
};

fn cancel(tx: &Tx<'_>, call: &Call, given: &Input) -> Result<()> {
    let build = call.key()?;
    state::go(tx, build, Step::Cancel)?;
    end(tx, build)?;
    if given.flag("remove_allocated_stock") {
        use_up_loose(tx, build)?;
    }
    db::run(tx, "DELETE FROM build_item WHERE build_line IN (SELECT id FROM build_line WHERE build = ?1)", [build])?;
    if given.flag("remove_incomplete_outputs") {
        for item in db::column::<i64>(tx, "SELECT id FROM stock_item WHERE build = ?1 AND is_building = 1", [build])? {
            output::discard(tx, item)?;
        }
    }
    notice::cancelled(tx, build)
}
