//! `/api/build/{id}/{allocate,unallocate}/`: stock set aside by hand, and released.

use super::item::{Names, Wish};
use super::line::BUILD_LINE;
use crate::bom::tree;
use crate::db::{self, Tx};
use crate::engine::call::Call;
use crate::engine::describe::*;
use crate::engine::input::Input;
use crate::error::{Error, Problem, Problems, Result, WHOLE, invalid};
use crate::stock::action::refuse;
use crate::stock::item::ITEM;

/// Sets stock aside.
pub static ALLOCATE: Action = Action {
    path: "{id}/allocate",
    schema: "BuildAllocation",
    input: &[list("items", WISH).required().holds("BuildAllocationItem")],
    run: |tx, call, given| allocate(tx, call, given).map(|()| None),
    ..Action::BASE
};

static WISH: &[Field] = &[
    to("build_line", &BUILD_LINE).required().request().says("Build Line Item", "What needs it"),
    to("stock_item", &ITEM).required().request().says("Stock item", "What is set aside"),
    fixed("quantity", 15, 5).required().request().says("Quantity", "How much of it"),
    to("output", &ITEM).null().fill(Fill::Null).only(&[("is_building", true)]).request().says("Build Output", "The output it goes into"),
];

fn allocate(tx: &Tx<'_>, call: &Call, given: &Input) -> Result<()> {
    let build = call.key()?;
    let wishes: Vec<Wish> = given
        .list("items")
        .iter()
        .map(|line| Wish {
            line: line.int("build_line").unwrap_or_default(),
            item: line.int("stock_item").unwrap_or_default(),
            quantity: line.int("quantity").unwrap_or(0),
            output: line.int("output"),
        })
        .collect();
    if wishes.is_empty() {
        return invalid(WHOLE, "Name what is to be set aside.");
    }
    let names = Names { quantity: "quantity", item: "stock_item", output: "output" };
    let (mut problems, mut wrong) = (Vec::new(), false);
    for wish in wishes {
        let mut problem = Problems::default();
        if db::one::<i64>(tx, "SELECT build FROM build_line WHERE id = ?1", [wish.line])? != Some(build) {
            problem.add("build_line", "This is a line of another build.");
        } else {
            problem = wish.problems(tx, None, &names)?;
            let item: i64 = db::one(tx, "SELECT bom_item FROM build_line WHERE id = ?1", [wish.line])?.unwrap_or_default();
            // One by one, so that two wishes for one item see each other. What is used up without counting is passed over.
            if problem.is_empty() && db::one::<i64>(tx, "SELECT consumable FROM bom_item WHERE id = ?1", [item])? != Some(1) {
                wish.grant(tx)?;
            }
            let part: i64 = db::one(tx, "SELECT part FROM stock_item WHERE id = ?1", [wish.item])?.unwrap_or_default();
            if !wrong && !problem.is_empty() && problems.iter().all(Problems::is_empty) && !tree::may_fill(tx, item, part)? {
                // The contract tells of this for the request as a whole.
                let mut whole = Problems::default();
                whole.put("stock_item", Problem::Texts(vec!["This is not what the line needs.".into()]));
                return Err(Error::Invalid(whole));
            }
        }
        wrong |= !problem.is_empty();
        problems.push(problem);
    }
    refuse(problems)
}

/// Releases stock: that of a line, or of an output; with neither, all that goes into no certain output.
pub static UNALLOCATE: Action = Action {
    path: "{id}/unallocate",
    schema: "BuildUnallocation",
    input: &[
        to("build_line", &BUILD_LINE).null().fill(Fill::Null).request().says("Build Line", "The line whose stock is released"),
        to("output", &ITEM)
            .null()
            .fill(Fill::Null)
            .only(&[("is_building", true)])
            .request()
            .says("Build output", "The output whose stock is released"),
    ],
    run: |tx, call, given| unallocate(tx, call, given).map(|()| None),
    ..Action::BASE
};

fn unallocate(tx: &Tx<'_>, call: &Call, given: &Input) -> Result<()> {
    let (build, line, output) = (call.key()?, given.int("build_line"), given.int("output"));
    if output.is_some() && db::one::<i64>(tx, "SELECT build FROM stock_item WHERE id = ?1", [output])? != Some(build) {
        return invalid("output", "This is an output of another build.");
    }
    db::run(
        tx,
        "DELETE FROM build_item WHERE install_into IS ?3 AND build_line IN (SELECT id FROM build_line WHERE build = ?1 AND (?2 IS NULL OR id = ?2))",
        (build, line, output),
    )
    .map(|_| ())
}
