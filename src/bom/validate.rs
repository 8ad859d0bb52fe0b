//! Whether somebody approved a bill of materials as it is: `/api/bom/{id}/validate/` and `/api/part/{id}/bom-validate/`.

use sha2::{Digest, Sha256};

use super::item::{BOM_ITEM, ROLES};
use super::tree;
use crate::common::task;
use crate::db::{self, Tx};
use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::*;
use crate::engine::input::{self, Mode};
use crate::engine::{moment, read};
use crate::error::Result;
use crate::identity::{Access, Role};
use crate::users::user::{BRIEF as USER_BRIEF, USER};

static VALID: Field = flag("valid").request().fill(Fill::Flag(false)).says("Valid", "Is it right as it is?");

/// Approves a line, or takes that back.
pub static LINE: Endpoint = Endpoint {
    path: "api/bom/{id}/validate/",
    access: Access::Role,
    roles: ROLES,
    title: "validation of a BOM item",
    model: "bomitem",
    operations: &["bom_validate_update", "bom_validate_partial_update"],
    input: &[VALID],
    input_schema: "BomItemValidation",
    output: &[VALID],
    output_schema: "BomItemValidation",
    verbs: &[(Verb::Put, line), (Verb::Patch, line)],
    ..Endpoint::BASE
};

fn line(call: &Call) -> Result<Reply> {
    call.write(|tx, call| {
        let key = call.key()?;
        read::must_exist(call, tx, &BOM_ITEM, key)?;
        let asked = input::read(tx, LINE.input, &call.content, Mode::Create)?;
        approve(tx, key, asked.flag("valid"))?;
        let part: Option<i64> = db::one(tx, "SELECT part FROM bom_item WHERE id = ?1", [key])?;
        look_again(tx, part.unwrap_or_default(), false)
    })?;
    // The contract's answer never says what was asked.
    let answer = if call.verb == Verb::Put { serde_json::json!({"valid": false}) } else { serde_json::json!({}) };
    Ok(Reply::value(&answer))
}

fn approve(tx: &Tx<'_>, line: i64, valid: bool) -> Result<()> {
    db::run(tx, "UPDATE bom_item SET checked = iif(?2, fingerprint, '') WHERE id = ?1", (line, valid)).map(|_| ())
}

/// What is known of the validation of a part's bill of materials.
static PART_BOM: Resource = Resource {
    model: "part",
    schema: "PartBomValidate",
    title: "part",
    table: "part",
    roles: &[Role::BOM],
    fields: &[
        pk(),
        flag("bom_validated").fixed().says("BOM Validated", "Is the bill of materials as somebody approved it?"),
        text("bom_checksum", 128).fixed().says("BOM checksum", "Digest of what was approved"),
        to("bom_checked_by", &USER).null().fixed().plain(),
        nested("bom_checked_by_detail", &USER_BRIEF, "t.bom_checked_by").null(),
        date("bom_checked_date").null().fixed(),
        VALID.secret(),
    ],
    ..Resource::BASE
};

/// Shows whether a part's bill of materials is approved; approves all of it, or takes that back.
pub static PART: Endpoint = Endpoint {
    path: "api/part/{id}/bom-validate/",
    access: Access::Role,
    roles: &[Role::BOM],
    title: "validation of a bill of materials",
    model: "part",
    input: PART_BOM.fields,
    input_schema: "PartBomValidate",
    output: PART_BOM.fields,
    output_schema: "PartBomValidate",
    writes_answer: Some(task::ANSWER),
    verbs: &[(Verb::Get, |call| read::detail(call, &PART_BOM)), (Verb::Put, part), (Verb::Patch, part)],
    ..Endpoint::BASE
};

fn part(call: &Call) -> Result<Reply> {
    call.write(|tx, call| {
        let part = call.key()?;
        read::must_exist(call, tx, &PART_BOM, part)?;
        let valid = input::read(tx, LINE.input, &call.content, Mode::Create)?.flag("valid");
        let own: Vec<i64> = db::column(tx, "SELECT id FROM bom_item WHERE part = ?1", [part])?;
        for line in own {
            approve(tx, line, valid)?;
        }
        let checksum = if valid { checksum(tx, part)? } else { String::new() };
        db::run(
            tx,
            "UPDATE part SET bom_checksum = ?2, bom_validated = ?3, bom_checked_by = ?4, bom_checked_date = ?5 WHERE id = ?1",
            (part, checksum, valid, tx.author(), moment::day(tx.now)),
        )
    })?;
    Ok(task::done())
}

/// Notes that what a part's bill of materials is now is what was approved.
///
/// # Errors
/// The database cannot be written.
pub fn reseal(tx: &Tx<'_>, part: i64) -> Result<()> {
    let checksum = checksum(tx, part)?;
    db::run(tx, "UPDATE part SET bom_checksum = ?2 WHERE id = ?1", (part, checksum)).map(|_| ())
}

/// A digest of all lines of a part, with those that it inherits.
fn checksum(tx: &Tx<'_>, part: i64) -> Result<String> {
    let mut digest = Sha256::new();
    for line in tree::lines(tx, part)? {
        let print: String = db::one(tx, "SELECT fingerprint FROM bom_item WHERE id = ?1", [line])?.unwrap_or_default();
        digest.update(print.as_bytes());
        digest.update([0]);
    }
    Ok(crate::identity::token::hex(&digest.finalize()))
}

/// After lines of a part changed: is its bill of materials still as it was approved? One without lines cannot be wrong. Where the lines are
/// passed on, variants are looked at too.
///
/// # Errors
/// The database cannot be written.
pub fn look_again(tx: &Tx<'_>, part: i64, inherited: bool) -> Result<()> {
    for assembly in tree::assemblies(tx, part, inherited)? {
        let valid = tree::lines(tx, assembly)?.is_empty()
            || db::one::<String>(tx, "SELECT bom_checksum FROM part WHERE id = ?1", [assembly])?.unwrap_or_default()
                == checksum(tx, assembly)?;
        db::run(tx, "UPDATE part SET bom_validated = ?2 WHERE id = ?1 AND bom_validated <> ?2", (assembly, valid))?;
    }
    Ok(())
}
