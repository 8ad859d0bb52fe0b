//! What must hold of a part, and what follows when one is created, changed or deleted.

use super::category::TREE as CATEGORIES;
use super::part::{PART, TREE};
use crate::bom;
use crate::common::{parameter, setting, unit};
use crate::db::{self, Tx};
use crate::engine::input::{Input, Value};
use crate::engine::moment;
use crate::engine::write::{Change, insert};
use crate::error::{Problem, Problems, Result, WHOLE};
use crate::stock::item::ITEM;

/// Subscribes or unsubscribes the caller.
pub fn star(change: &mut Change<'_>, value: &Value) -> Result<()> {
    let user = change.tx.user.id;
    if *value == Value::Flag(true) {
        db::run(change.tx, "INSERT OR IGNORE INTO part_star (part, user) VALUES (?1, ?2)", [change.key(), user])?;
    } else {
        db::run(change.tx, "DELETE FROM part_star WHERE part = ?1 AND user = ?2", [change.key(), user])?;
    }
    Ok(())
}

/// Before a part is written.
pub fn check(change: &mut Change<'_>) -> Result<()> {
    if change.creates() {
        change.set("creation_date", Value::Text(moment::day(change.tx.now)));
        change.set("creation_user", change.tx.author().into());
    }
    if change.new.sent("existing_image") {
        super::thumb::choose(change)?;
    }
    TREE.check(change)?;
    category(change)?;
    number(change)?;
    revision(change)?;
    unit::must_be_unit(change, "units")?;
    if let Some(supplier) = supplier_problems(change)? {
        change.problems.put("initial_supplier", Problem::Inside(supplier));
    }
    let (name, ipn, revision) = (change.text("name"), change.text("IPN"), change.text("revision"));
    let twin: Option<i64> = db::one(
        change.tx,
        "SELECT id FROM part WHERE name = ?1 AND coalesce(\"IPN\", '') = ?2 AND coalesce(revision, '') = ?3 AND id IS NOT ?4",
        (&name, &ipn, &revision, change.id),
    )?;
    if twin.is_some() {
        change.wrong(WHOLE, "There is a part with this name, IPN and revision already.");
    }
    Ok(())
}

fn category(change: &mut Change<'_>) -> Result<()> {
    let Some(category) = change.int("category") else { return Ok(()) };
    if db::one::<i64>(change.tx, "SELECT structural FROM part_category WHERE id = ?1", [category])? == Some(1) {
        change.wrong("category", "Parts cannot be sorted into a structural category.");
    }
    Ok(())
}

/// The IPN: of the shop's pattern, and unique if the shop says so.
fn number(change: &mut Change<'_>) -> Result<()> {
    let ipn = change.text("IPN");
    let pattern = setting::value(change.tx, "PART_IPN_REGEX")?;
    // A pattern that is none binds nobody.
    if !pattern.is_empty() && regex::Regex::new(&pattern).is_ok_and(|regex| !regex.is_match(&ipn)) {
        change.wrong(WHOLE, format!("The IPN must match the pattern {pattern}."));
    }
    if !ipn.is_empty() && !setting::is_on(change.tx, "PART_ALLOW_DUPLICATE_IPN")? {
        let twin: Option<i64> =
            db::one(change.tx, "SELECT id FROM part WHERE \"IPN\" = ?1 COLLATE NOCASE AND id IS NOT ?2", (&ipn, change.id))?;
        if twin.is_some() {
            change.wrong("IPN", "Another part has this IPN.");
        }
    }
    Ok(())
}

fn revision(change: &mut Change<'_>) -> Result<()> {
    let Some(of) = change.int("revision_of") else { return Ok(()) };
    if change.id == Some(of) {
        change.wrong("revision_of", "A part is no revision of itself.");
        return Ok(());
    }
    let revision = change.text("revision");
    let row = change.tx.query_row("SELECT is_template, variant_of FROM part WHERE id = ?1", [of], |row| {
        Ok((row.get::<_, bool>(0)?, row.get::<_, Option<i64>>(1)?))
    });
    let (template, variant_of) = row?;
    if template || change.flag("is_template") {
        change.wrong("revision_of", "A template has no revisions.");
    }
    if revision.is_empty() {
        change.wrong("revision", "A revision needs its code.");
    }
    if variant_of != change.int("variant_of") {
        change.wrong("revision_of", "A revision is a variant of the same template.");
    }
    if setting::is_on(change.tx, "PART_REVISION_ASSEMBLY_ONLY")? && !change.flag("assembly") {
        change.wrong("revision_of", "Only assemblies may have revisions.");
    }
    let twin: Option<i64> = db::one(
        change.tx,
        "SELECT id FROM part WHERE revision_of = ?1 AND coalesce(revision, '') = ?2 AND id IS NOT ?3",
        (of, &revision, change.id),
    )?;
    if twin.is_some() {
        change.wrong(WHOLE, "This revision exists already.");
    }
    Ok(())
}

/// After a part was written.
pub fn saved(change: &mut Change<'_>) -> Result<()> {
    TREE.saved(change)?;
    if change.flag("trackable") {
        bom::tree::must_be_trackable(change.tx, change.key())?;
    }
    if change.creates() {
        if let Some(Value::Object(from)) = change.new.get("duplicate").cloned() {
            duplicate(change, &from)?;
        }
        if change.new.flag("copy_category_parameters") {
            category_parameters(change)?;
        }
        initial_supplier(change)?;
        initial_stock(change)?;
    }
    Ok(())
}

/// Takes over what the request names from another part.
fn duplicate(change: &mut Change<'_>, from: &Input) -> Result<()> {
    let (tx, to) = (change.tx, change.key());
    let Some(of) = from.int("part") else { return Ok(()) };
    if from.flag("copy_notes") {
        db::run(tx, "UPDATE part SET notes = (SELECT notes FROM part WHERE id = ?2) WHERE id = ?1", [to, of])?;
    }
    if from.flag("copy_image") {
        db::run(tx, "UPDATE part SET image = (SELECT image FROM part WHERE id = ?2) WHERE id = ?1", [to, of])?;
    }
    if from.flag("copy_parameters") {
        parameter::copy(tx, "part.part", of, to)?;
    }
    if from.flag("copy_bom") {
        let how = bom::copy::How { remove: false, inherited: false, skip: true, substitutes: true };
        bom::copy::copy(tx, of, to, how)?;
    }
    if from.flag("copy_tests") {
        db::run(
            tx,
            "INSERT INTO part_test_template (part, key, test_name, description, enabled, required, requires_value, requires_attachment, choices) \
             SELECT ?1, key, test_name, description, enabled, required, requires_value, requires_attachment, choices FROM part_test_template WHERE part = ?2",
            [to, of],
        )?;
    }
    Ok(())
}

/// The parameters that its category and those above it give to new parts; the nearest wins.
fn category_parameters(change: &mut Change<'_>) -> Result<()> {
    let Some(category) = change.int("category") else { return Ok(()) };
    let sql = format!(
        "SELECT c.template, c.default_value FROM part_category_parameter c JOIN part_category g ON g.id = c.category \
         WHERE c.default_value <> '' AND c.category IN ({}) ORDER BY g.level DESC",
        CATEGORIES.keys_above()
    );
    let mut statement = change.tx.prepare_cached(&sql)?;
    let given = statement.query_map([category], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<Vec<(i64, String)>>>()?;
    for (template, value) in given {
        parameter::give(change.tx, "part.part", change.key(), template, &value)?;
    }
    Ok(())
}

fn supplier_problems(change: &Change<'_>) -> Result<Option<Problems>> {
    let Some(Value::Object(given)) = change.new.get("initial_supplier") else { return Ok(None) };
    let mut problems = Problems::default();
    for (role, column, number, table, taken) in [
        ("supplier", "is_supplier", "sku", "supplier_part", "SELECT 1 FROM supplier_part WHERE supplier = ?1 AND \"SKU\" = ?2"),
        (
            "manufacturer",
            "is_manufacturer",
            "mpn",
            "manufacturer_part",
            "SELECT 1 FROM manufacturer_part WHERE manufacturer = ?1 AND \"MPN\" = ?2",
        ),
    ] {
        let Some(company) = given.int(role) else { continue };
        if db::one::<i64>(change.tx, &format!("SELECT {column} FROM company WHERE id = ?1"), [company])? != Some(1) {
            problems.add(role, format!("This company is no {role}."));
        } else if db::one::<i64>(change.tx, taken, (company, given.text(number)))?.is_some() {
            problems.add(number, format!("There is a {} with this number already.", table.replace('_', " ")));
        }
    }
    Ok((!problems.is_empty()).then_some(problems))
}

fn initial_supplier(change: &mut Change<'_>) -> Result<()> {
    let Some(Value::Object(given)) = change.new.get("initial_supplier").cloned() else { return Ok(()) };
    let (tx, part) = (change.tx, change.key());
    let mut made_by = None;
    if let (Some(manufacturer), mpn) = (given.int("manufacturer"), given.text("mpn"))
        && !mpn.is_empty()
    {
        db::run(tx, "INSERT INTO manufacturer_part (part, manufacturer, \"MPN\") VALUES (?1, ?2, ?3)", (part, manufacturer, mpn))?;
        made_by = Some(tx.last_insert_rowid());
    }
    if let (Some(supplier), sku) = (given.int("supplier"), given.text("sku"))
        && !sku.is_empty()
    {
        db::run(
            tx,
            "INSERT INTO supplier_part (part, supplier, \"SKU\", manufacturer_part, \"primary\", updated) VALUES (?1, ?2, ?3, ?4, 1, ?5)",
            (part, supplier, sku, made_by, tx.now),
        )?;
    }
    Ok(())
}

fn initial_stock(change: &mut Change<'_>) -> Result<()> {
    let Some(Value::Object(given)) = change.new.get("initial_stock").cloned() else { return Ok(()) };
    let quantity = given.int("quantity").unwrap_or(0);
    if quantity <= 0 {
        return Ok(());
    }
    let mut item = Input::default();
    item.set("part", Value::Int(change.key()));
    item.set("quantity", Value::Int(quantity));
    if let Some(place) = given.int("location").or(change.int("default_location")) {
        item.set("location", Value::Int(place));
    }
    insert(change.tx, change.call, &ITEM, item).map(|_| ())
}

/// Deletes a part that nothing holds.
pub fn remove(change: &mut Change<'_>) -> Result<()> {
    let (tx, id) = (change.tx, change.key());
    let refuse = |why: &str| crate::error::invalid(WHOLE, why);
    if change.was_int("locked") == Some(1) && setting::is_on(tx, "PART_ENABLE_LOCKING")? {
        return refuse("The part is locked.");
    }
    if change.was_int("active") == Some(1) {
        return refuse("The part is active; take it out of use first.");
    }
    if !setting::is_on(tx, "PART_ALLOW_DELETE_FROM_ASSEMBLY")?
        && db::one::<i64>(tx, "SELECT 1 FROM bom_item WHERE sub_part = ?1 LIMIT 1", [id])?.is_some()
    {
        return refuse("The part stands in a bill of materials.");
    }
    delete(tx, id)
}

/// Deletes a part without asking; its variants become those of its own template.
///
/// # Errors
/// The database cannot be written.
pub fn delete(tx: &Tx<'_>, id: i64) -> Result<()> {
    let variants: Vec<i64> = db::column(tx, "SELECT id FROM part WHERE variant_of = ?1", [id])?;
    let assemblies: Vec<i64> = db::column(tx, "SELECT DISTINCT part FROM bom_item WHERE sub_part = ?1 AND part <> ?1", [id])?;
    db::run(tx, "UPDATE part SET variant_of = (SELECT variant_of FROM part WHERE id = ?1) WHERE variant_of = ?1", [id])?;
    db::run(tx, &format!("DELETE FROM \"{}\" WHERE id = ?1", PART.table), [id])?;
    for variant in variants {
        TREE.derive(tx, variant)?;
    }
    for assembly in assemblies {
        bom::validate::look_again(tx, assembly, true)?;
    }
    Ok(())
}
