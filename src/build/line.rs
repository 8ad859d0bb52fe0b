//! `/api/build/line/`: what a build needs, a line for each line of the bill of materials.

use super::build::BUILD;
use super::item::BUILD_ITEM;
use crate::bom::amount::{Amount, free_part, free_substitutes, free_variants};
use crate::bom::item::BOM_ITEM;
use crate::bom::tree;
use crate::db::{self, Tx};
use crate::engine::describe::*;
use crate::engine::write::Change;
use crate::error::{Result, WHOLE};
use crate::identity::Role;
use crate::part::category::CATEGORY;
use crate::part::derived::*;
use crate::part::part::{BRIEF as PART_BRIEF, PART};

macro_rules! of_bom {
    ($column:literal) => {
        concat!("SELECT i.", $column, " FROM bom_item i WHERE i.id = t.bom_item")
    };
}
macro_rules! of_part {
    ($column:literal) => {
        concat!("SELECT p.", $column, " FROM bom_item i JOIN part p ON p.id = i.sub_part WHERE i.id = t.bom_item")
    };
}
macro_rules! of_bom_is {
    ($flag:literal) => {
        concat!("EXISTS (SELECT 1 FROM bom_item i WHERE i.id = t.bom_item AND i.", $flag, " = 1)")
    };
}
macro_rules! of_part_is {
    ($flag:literal) => {
        concat!("EXISTS (SELECT 1 FROM bom_item i JOIN part p ON p.id = i.sub_part WHERE i.id = t.bom_item AND p.", $flag, " = 1)")
    };
}
macro_rules! allocated {
    () => {
        "SELECT total(a.quantity) FROM build_item a WHERE a.build_line = t.id"
    };
}
/// Where the build may take its parts from.
macro_rules! within_reach {
    () => {
        " AND ((SELECT d.take_from FROM build d WHERE d.id = t.build) IS NULL OR s.location IN (SELECT y.id FROM build d \
         JOIN stock_location g ON g.id = d.take_from JOIN stock_location y ON y.tree_key >= g.tree_key AND y.tree_key < g.tree_key || char(2) \
         WHERE d.id = t.build))"
    };
}
/// Stock for the line of the bill of materials that `t` names.
macro_rules! for_line {
    ($what:ident) => {
        concat!("(SELECT ", $what!("n", within_reach!()), " FROM bom_item n WHERE n.id = t.bom_item)")
    };
}

/// Lines of builds.
pub static BUILD_LINE: Resource = Resource {
    path: "build/line",
    model: "buildline",
    schema: "BuildLine",
    title: "build line",
    table: "build_line",
    roles: &[Role::BUILD],
    verbs: Verbs::ALL,
    fields: &[
        pk(),
        to("build", &BUILD).once().says_fixed().plain().says("Build", "The build that needs it"),
        to("bom_item", &BOM_ITEM).once().says_fixed().plain().says("BOM Item", "The line of the bill of materials"),
        number("quantity", 15, 5).required().fill(Fill::Int(1)).says("Quantity", "How much is needed"),
        number("consumed", 15, 5).required().fill(Fill::Int(0)).says("Consumed", "How much was used up"),
        int("part").computed(of_bom!("sub_part")).plain(),
        text("build_reference", 0).computed("SELECT b.reference FROM build b WHERE b.id = t.build").label("Build Reference"),
        text("reference", 0).computed(of_bom!("reference")).label("Reference"),
        flag("consumable").computed(of_bom!("consumable")).label("Consumable"),
        flag("optional").computed(of_bom!("optional")).label("Optional"),
        flag("testable").computed(of_part!("testable")).label("Testable"),
        flag("trackable").computed(of_part!("trackable")).label("Trackable"),
        flag("inherited").computed(of_bom!("inherited")).label("Inherited"),
        flag("allow_variants").computed(of_bom!("allow_variants")).label("Allow Variants"),
        quantity("allocated").computed(ALLOCATED).label("Allocated Stock"),
        quantity("in_production").computed(IN_PRODUCTION).label("In Production"),
        quantity("scheduled_to_build").computed(SCHEDULED_TO_BUILD).label("Scheduled to Build"),
        quantity("on_order").computed(ON_ORDER).label("On Order"),
        quantity("available_stock").computed(for_line!(free_part)).label("Available Stock"),
        quantity("available_substitute_stock").computed(for_line!(free_substitutes)).label("Available Substitute Stock"),
        quantity("available_variant_stock").computed(for_line!(free_variants)).label("Available Variant Stock"),
        quantity("external_stock").computed(EXTERNAL).label("External Stock"),
        nested("build_detail", &BUILD, "t.build").null().on("build_detail").label("Build"),
        nested("category_detail", &CATEGORY, of_part!("category")).null().on("category_detail").label("Category"),
        nested("assembly_detail", &PART_BRIEF, "SELECT b.part FROM build b WHERE b.id = t.build")
            .null()
            .on("assembly_detail")
            .label("Assembly"),
        nested("bom_item_detail", &BOM_ITEM, "t.bom_item").null().on("bom_item_detail").label("BOM Item"),
        nested("part_detail", &PART_BRIEF, of_bom!("sub_part")).null().on("part_detail").label("Part"),
        many("allocations", &BUILD_ITEM, "SELECT id FROM build_item WHERE build_line = :id ORDER BY id").null().on("allocations"),
    ],
    filters: &[
        where_("build", Reads::Ref(&BUILD), "t.build = ?"),
        where_("bom_item", Reads::Ref(&BOM_ITEM), "t.bom_item = ?"),
        is("consumable", of_bom_is!("consumable")),
        is("optional", of_bom_is!("optional")),
        is("assembly", of_part_is!("assembly")),
        is("tracked", of_part_is!("trackable")),
        is("testable", of_part_is!("testable")),
        where_("part", Reads::Ref(&PART), "t.bom_item IN (SELECT i.id FROM bom_item i WHERE i.sub_part = ?)"),
        is("order_outstanding", "EXISTS (SELECT 1 FROM build b WHERE b.id = t.build AND b.status IN (10, 20, 25))"),
        is("allocated", concat!("(", allocated!(), ") >= t.quantity - t.consumed")),
        is("consumed", "t.consumed >= t.quantity"),
        is("available", IS_AVAILABLE),
        is("on_order", IS_ORDERED),
    ],
    search: &[
        via("bom_item", &["reference"], "SELECT id FROM build_line WHERE bom_item IN ({})"),
        via(
            "part",
            &["name", "IPN", "description"],
            "SELECT l.id FROM build_line l JOIN bom_item i ON i.id = l.bom_item WHERE i.sub_part IN ({})",
        )
        .indexed(),
    ],
    order: &[
        Order { name: "part", sql: &["used.name"], join: WITH_PART, walk: "" },
        Order { name: "IPN", sql: &["used.\"IPN\""], join: WITH_PART, walk: "" },
        order("allocated", &[concat!("(", allocated!(), ")")]),
        Order {
            name: "category",
            sql: &["sorted.name"],
            join: "JOIN bom_item asked ON asked.id = t.bom_item JOIN part used ON used.id = asked.sub_part LEFT JOIN part_category sorted ON sorted.id = used.category",
            walk: "",
        },
        order("consumed", &["t.consumed"]),
        Order { name: "reference", sql: &["listed.reference"], join: WITH_BOM, walk: "" },
        order("quantity", &["t.quantity"]),
        Order { name: "consumable", sql: &["listed.consumable"], join: WITH_BOM, walk: "" },
        Order { name: "optional", sql: &["listed.optional"], join: WITH_BOM, walk: "" },
        Order { name: "unit_quantity", sql: &["listed.quantity"], join: WITH_BOM, walk: "" },
        order("available_stock", &[for_line!(free_part)]),
        Order { name: "trackable", sql: &["used.trackable"], join: WITH_PART, walk: "" },
        Order { name: "allow_variants", sql: &["listed.allow_variants"], join: WITH_BOM, walk: "" },
        Order { name: "inherited", sql: &["listed.inherited"], join: WITH_BOM, walk: "" },
        order("on_order", &[ON_ORDER]),
        order("scheduled_to_build", &[SCHEDULED_TO_BUILD]),
    ],
    check: Some(check),
    ..Resource::BASE
};

const WITH_BOM: &str = "JOIN bom_item listed ON listed.id = t.bom_item";
const WITH_PART: &str = "JOIN bom_item asked ON asked.id = t.bom_item JOIN part used ON used.id = asked.sub_part";
const ALLOCATED: &str = allocated!();
const IN_PRODUCTION: &str = building_of!(concat!("= (", of_bom!("sub_part"), ")"));
const SCHEDULED_TO_BUILD: &str = scheduled_of!(concat!("= (", of_bom!("sub_part"), ")"));
const ON_ORDER: &str = ordering_of!(concat!("= (", of_bom!("sub_part"), ")"));
const IS_ORDERED: &str = concat!(ordering_of!(concat!("= (", of_bom!("sub_part"), ")")), " > 0");
const EXTERNAL: &str = stock_of!(
    concat!("= (", of_bom!("sub_part"), ")"),
    concat!(" AND s.location IN (SELECT e.id FROM stock_location e WHERE e.external = 1)", within_reach!())
);
const IS_AVAILABLE: &str = concat!(
    "t.quantity <= t.consumed + (",
    allocated!(),
    ") + ",
    for_line!(free_part),
    " + ",
    for_line!(free_substitutes),
    " + ",
    for_line!(free_variants)
);

/// Lines come from the bill of materials; one that is missing can be added by hand.
fn check(change: &mut Change<'_>) -> Result<()> {
    if !change.creates() {
        return Ok(());
    }
    let (Some(build), Some(item)) = (change.int("build"), change.int("bom_item")) else {
        change.wrong(WHOLE, "The lines of a build come from the bill of materials; to add one, name the build and the BOM item.");
        return Ok(());
    };
    let part: Option<i64> = db::one(change.tx, "SELECT part FROM build WHERE id = ?1", [build])?;
    if !tree::lines(change.tx, part.unwrap_or_default())?.contains(&item) {
        change.wrong("bom_item", "This does not belong to what the build makes.");
    }
    if db::one::<i64>(change.tx, "SELECT 1 FROM build_line WHERE build = ?1 AND bom_item = ?2", [build, item])?.is_some() {
        change.wrong("bom_item", "The build has a line for this already.");
    }
    Ok(())
}

/// Gives a new build its lines: one for each line of the bill of materials whose part can be touched.
///
/// # Errors
/// The database cannot be written.
pub fn make(tx: &Tx<'_>, build: i64) -> Result<()> {
    let part: Option<i64> = db::one(tx, "SELECT part FROM build WHERE id = ?1", [build])?;
    for item in tree::lines(tx, part.unwrap_or_default())? {
        set(tx, build, item)?;
    }
    Ok(())
}

/// Writes what a build needs by one line of the bill of materials; nothing, if that names something that cannot be touched.
fn set(tx: &Tx<'_>, build: i64, item: i64) -> Result<()> {
    let sql = "SELECT p.virtual FROM bom_item i JOIN part p ON p.id = i.sub_part WHERE i.id = ?1";
    if db::one::<i64>(tx, sql, [item])? == Some(1) {
        return db::run(tx, "DELETE FROM build_line WHERE build = ?1 AND bom_item = ?2", [build, item]).map(|_| ());
    }
    let assemblies: i64 = db::one(tx, "SELECT quantity FROM build WHERE id = ?1", [build])?.unwrap_or(0);
    let Some(amount) = Amount::load(tx, item)? else { return Ok(()) };
    db::run(
        tx,
        "INSERT INTO build_line (build, bom_item, quantity) VALUES (?1, ?2, ?3) ON CONFLICT (build, bom_item) DO UPDATE SET quantity = excluded.quantity",
        (build, item, amount.needed(assemblies)),
    )
    .map(|_| ())
}

/// After a build was edited: its lines ask for what it now needs.
///
/// # Errors
/// The database cannot be written.
pub fn recount(tx: &Tx<'_>, build: i64) -> Result<()> {
    let items: Vec<i64> = db::column(tx, "SELECT bom_item FROM build_line WHERE build = ?1", [build])?;
    for item in items {
        set(tx, build, item)?;
    }
    Ok(())
}

/// After a line of a bill of materials was written: every open build of an assembly that has it follows.
///
/// # Errors
/// The database cannot be written.
pub fn follow(tx: &Tx<'_>, item: i64) -> Result<()> {
    let of = |column: &str| db::one::<i64>(tx, &format!("SELECT {column} FROM bom_item WHERE id = ?1"), [item]);
    let assemblies = tree::assemblies(tx, of("part")?.unwrap_or_default(), of("inherited")? == Some(1))?;
    // Where the line no longer belongs to what is made, and nothing was done for it yet, it is no longer needed.
    db::run(
        tx,
        "DELETE FROM build_line WHERE bom_item = ?1 AND consumed = 0 AND NOT EXISTS (SELECT 1 FROM build_item a WHERE a.build_line = build_line.id) \
         AND build IN (SELECT b.id FROM build b WHERE b.status IN (10, 20, 25) AND b.part NOT IN (SELECT value FROM json_each(?2)))",
        (item, serde_json::json!(assemblies).to_string()),
    )?;
    for assembly in assemblies {
        let builds: Vec<i64> = db::column(tx, "SELECT id FROM build WHERE part = ?1 AND status IN (10, 20, 25)", [assembly])?;
        for build in builds {
            set(tx, build, item)?;
        }
    }
    Ok(())
}
