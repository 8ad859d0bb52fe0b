//! `/api/build/item/`: stock that is set aside for a line of a build.

use super::build::BUILD;
use super::line::BUILD_LINE;
use crate::bom::tree;
use crate::company::supplier_part::BRIEF as SUPPLIER_PART_BRIEF;
use crate::db::{self, Tx};
use crate::engine::describe::*;
use crate::engine::input::Value;
use crate::engine::write::Change;
use crate::error::{Problems, Result};
use crate::identity::Role;
use crate::part::part::{BRIEF as PART_BRIEF, PART, TREE as PARTS};
use crate::stock::item::ITEM;
use crate::stock::location::{BRIEF as LOCATION_BRIEF, LOCATION, TREE as PLACES};
use crate::stock::rules::ONE;

macro_rules! of_item {
    ($column:literal) => {
        concat!("SELECT s.", $column, " FROM stock_item s WHERE s.id = t.stock_item")
    };
}

/// Allocations.
pub static BUILD_ITEM: Resource = Resource {
    path: "build/item",
    model: "builditem",
    schema: "BuildItem",
    title: "build item",
    table: "build_item",
    roles: &[Role::BUILD],
    verbs: Verbs::ALL.and(Verbs::BULK_DELETE),
    fields: &[
        pk(),
        int("build").computed("SELECT l.build FROM build_line l WHERE l.id = t.build_line").plain(),
        to("build_line", &BUILD_LINE).null().fill(Fill::Null).says("Build Line", "What needs it"),
        to("install_into", &ITEM).null().fill(Fill::Null).only(&[("is_building", true)]).says("Install into", "The output it goes into"),
        to("stock_item", &ITEM).required().only_without(&["sales_order", "belongs_to"]).says("Stock Item", "What is set aside"),
        number("quantity", 15, 5).required().fill(Fill::Int(1)).says("Quantity", "How much of it"),
        int("location").computed(of_item!("location")).plain().shows_null(),
        text("bom_reference", 0)
            .computed("SELECT i.reference FROM build_line l JOIN bom_item i ON i.id = l.bom_item WHERE l.id = t.build_line")
            .label("BOM Reference"),
        nested("build_detail", &BUILD, "SELECT l.build FROM build_line l WHERE l.id = t.build_line")
            .null()
            .unless_off("build_detail")
            .label("Build"),
        nested("location_detail", &LOCATION_BRIEF, of_item!("location")).null().unless_off("location_detail").label("Location"),
        nested("part_detail", &PART_BRIEF, of_item!("part")).null().unless_off("part_detail").label("Part"),
        nested("stock_item_detail", &ITEM, "t.stock_item").null().unless_off("stock_detail").label("Stock Item"),
        nested("supplier_part_detail", &SUPPLIER_PART_BRIEF, of_item!("supplier_part"))
            .null()
            .on("supplier_part_detail")
            .label("Supplier Part"),
        nested("install_into_detail", &ITEM, "t.install_into").null().on("install_into_detail").label("Install Into"),
    ],
    list_flags: &[("build_detail", false), ("location_detail", false), ("part_detail", false), ("stock_detail", false)],
    filters: &[
        where_("build_line", Reads::Ref(&BUILD_LINE), "t.build_line = ?"),
        where_("stock_item", Reads::Ref(&ITEM), "t.stock_item = ?"),
        by("install_into", Reads::Ref(&ITEM), |asked, rows| {
            if db::one::<i64>(asked.conn, "SELECT 1 FROM stock_item WHERE id = ?1 AND is_building = 1", [&asked.value])?.is_none() {
                return crate::error::invalid("install_into", "This is no output in production.");
            }
            rows.and("t.install_into = ?", [asked.value.clone()]);
            Ok(())
        }),
        helper("include_variants"),
        by("part", Reads::Ref(&PART), |asked, rows| {
            let parts =
                if asked.call.query.flag("include_variants").unwrap_or(false) { PARTS.keys_within() } else { "SELECT ?".to_string() };
            rows.and(&format!("t.stock_item IN (SELECT s.id FROM stock_item s WHERE s.part IN ({parts}))"), [asked.value.clone()]);
            Ok(())
        }),
        where_("build", Reads::Ref(&BUILD), "t.build_line IN (SELECT l.id FROM build_line l WHERE l.build = ?)"),
        is("tracked", "t.install_into IS NOT NULL"),
        by("location", Reads::Ref(&LOCATION), |asked, rows| {
            let within = PLACES.keys_within();
            rows.and(&format!("t.stock_item IN (SELECT s.id FROM stock_item s WHERE s.location IN ({within}))"), [asked.value.clone()]);
            Ok(())
        }),
        by("output", Reads::IntOrNull, |asked, rows| {
            match &asked.value {
                Value::Null => rows.and("t.install_into IS NULL", []),
                key => rows.and("t.install_into = ?", [key.clone()]),
            }
            Ok(())
        }),
    ],
    search: &[
        via("bom_item", &["reference"], "SELECT a.id FROM build_item a JOIN build_line l ON l.id = a.build_line WHERE l.bom_item IN ({})"),
        via("part", &["name", "IPN"], "SELECT a.id FROM build_item a JOIN stock_item s ON s.id = a.stock_item WHERE s.part IN ({})")
            .indexed(),
        via(
            "supplier_part",
            &["SKU"],
            "SELECT a.id FROM build_item a JOIN stock_item s ON s.id = a.stock_item WHERE s.supplier_part IN ({})",
        )
        .indexed(),
    ],
    order: &[
        Order { name: "part", sql: &["kept.name"], join: WITH_PART, walk: "" },
        Order {
            name: "sku",
            sql: &["sold.\"SKU\""],
            join: "JOIN stock_item item ON item.id = t.stock_item LEFT JOIN supplier_part sold ON sold.id = item.supplier_part",
            walk: "",
        },
        order("quantity", &["t.quantity"]),
        Order {
            name: "location",
            sql: &["place.name"],
            join: "JOIN stock_item item ON item.id = t.stock_item LEFT JOIN stock_location place ON place.id = item.location",
            walk: "",
        },
        Order {
            name: "reference",
            sql: &["listed.reference"],
            join: "JOIN build_line line ON line.id = t.build_line JOIN bom_item listed ON listed.id = line.bom_item",
            walk: "",
        },
        Order { name: "IPN", sql: &["kept.\"IPN\""], join: WITH_PART, walk: "" },
    ],
    check: Some(check),
    metadata: true,
    ..Resource::BASE
};

const WITH_PART: &str = "JOIN stock_item item ON item.id = t.stock_item JOIN part kept ON kept.id = item.part";

fn check(change: &mut Change<'_>) -> Result<()> {
    let Some(item) = change.int("stock_item") else { return Ok(()) };
    let Some(line) = change.int("build_line") else {
        change.wrong("build_line", "This field may not be blank.");
        change.wrong("stock_item", "Nothing needs it.");
        return Ok(());
    };
    let wish = Wish { line, item, quantity: change.int("quantity").unwrap_or(0), output: change.int("install_into") };
    let names = Names { quantity: "quantity", item: "stock_item", output: "install_into" };
    let problems = wish.problems(change.tx, change.id, &names)?;
    for (field, problem) in problems.0 {
        change.problems.put(field, problem);
    }
    Ok(())
}

/// What somebody wants to set aside.
#[derive(Clone, Copy)]
pub struct Wish {
    /// For which line of a build.
    pub line: i64,
    /// Of which item.
    pub item: i64,
    /// How much.
    pub quantity: i64,
    /// To be built into which output.
    pub output: Option<i64>,
}

/// What a request calls the parts of a wish.
pub struct Names {
    /// How much.
    pub quantity: &'static str,
    /// Which item.
    pub item: &'static str,
    /// Into which output.
    pub output: &'static str,
}

impl Wish {
    /// Why it cannot be; `but` is the allocation that it takes the place of.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn problems(&self, tx: &Tx<'_>, but: Option<i64>, names: &Names) -> Result<Problems> {
        let mut problems = Problems::default();
        let of_line = |column: &str| db::one::<i64>(tx, &format!("SELECT {column} FROM build_line WHERE id = ?1"), [self.line]);
        let of_item = |column: &str| db::one::<i64>(tx, &format!("SELECT {column} FROM stock_item WHERE id = ?1"), [self.item]);
        let part = of_item("part")?.unwrap_or_default();
        if self.quantity <= 0 {
            problems.add(names.quantity, "The quantity must be above zero.");
        } else if self.quantity > free(tx, self.item, but)? {
            problems.add(names.quantity, "There is not so much of it that is not set aside already.");
        } else if of_item("coalesce(serial, '') <> ''")? == Some(1) && self.quantity != ONE {
            problems.add(names.quantity, "An item with a serial number is one.");
        }
        if of_item("in_stock")? != Some(1) {
            problems.add(names.item, "This item is not in stock.");
        } else if !tree::may_fill(tx, of_line("bom_item")?.unwrap_or_default(), part)? {
            problems.add(names.item, "This is not what the line needs.");
        }
        let tracked = db::one::<i64>(tx, "SELECT trackable FROM part WHERE id = ?1", [part])? == Some(1);
        match self.output {
            None if tracked => problems.add(names.output, "Of a trackable part it must be said which output it goes into."),
            Some(_) if !tracked => problems.add(names.output, "Only trackable parts go into a certain output."),
            Some(output) => {
                let sql = "SELECT build FROM stock_item WHERE id = ?1 AND is_building = 1";
                if db::one::<i64>(tx, sql, [output])? != of_line("build")? {
                    problems.add(names.output, "This is no output in production of the same build.");
                }
            }
            None => {}
        }
        Ok(problems)
    }

    /// Sets it aside, in addition to what is already, without asking.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn grant(&self, tx: &Tx<'_>) -> Result<()> {
        let sql = "SELECT id FROM build_item WHERE build_line = ?1 AND stock_item = ?2 AND install_into IS ?3 ORDER BY id LIMIT 1";
        match db::one::<i64>(tx, sql, (self.line, self.item, self.output))? {
            Some(known) => db::run(tx, "UPDATE build_item SET quantity = quantity + ?2 WHERE id = ?1", [known, self.quantity]),
            None => db::run(
                tx,
                "INSERT INTO build_item (build_line, stock_item, quantity, install_into) VALUES (?1, ?2, ?3, ?4)",
                (self.line, self.item, self.quantity, self.output),
            ),
        }
        .map(|_| ())
    }
}

/// How much of an item is set aside for nothing, in millionths; `but` is an allocation that does not count.
///
/// # Errors
/// The database cannot be asked.
pub fn free(tx: &Tx<'_>, item: i64, but: Option<i64>) -> Result<i64> {
    let sql = "SELECT s.quantity - (SELECT coalesce(sum(a.quantity), 0) FROM build_item a WHERE a.stock_item = s.id AND a.id IS NOT ?2) \
        - (SELECT coalesce(sum(a.quantity), 0) FROM sales_order_allocation a WHERE a.item = s.id) FROM stock_item s WHERE s.id = ?1";
    Ok(db::one(tx, sql, (item, but))?.unwrap_or(0))
}
