//! `/api/bom/`: lines of bills of materials.

use super::amount::{self, SHARED, free_part};
use super::substitute::SUBSTITUTE;
use crate::engine::describe::*;
use crate::identity::Role;
use crate::part::category::{CATEGORY, TREE as CATEGORIES};
use crate::part::derived::*;
use crate::part::part::{BRIEF as PART_BRIEF, PART};

/// Roles that open bills of materials.
pub const ROLES: &[Role] = &[Role::BOM, Role::BUILD];

macro_rules! price {
    ($column:literal) => {
        concat!("SELECT p.", $column, " FROM part_pricing p WHERE p.part = t.sub_part")
    };
}
macro_rules! total {
    ($column:literal) => {
        concat!("SELECT p.", $column, " * t.quantity / 1000000 FROM part_pricing p WHERE p.part = t.sub_part")
    };
}
macro_rules! assembly_is {
    ($flag:literal) => {
        concat!("EXISTS (SELECT 1 FROM part p WHERE p.id = t.part AND p.", $flag, " = 1)")
    };
}
macro_rules! component_is {
    ($flag:literal) => {
        concat!("EXISTS (SELECT 1 FROM part p WHERE p.id = t.sub_part AND p.", $flag, " = 1)")
    };
}

/// Lines of bills of materials.
pub static BOM_ITEM: Resource = Resource {
    path: "bom",
    model: "bomitem",
    schema: "BomItem",
    title: "BOM item",
    table: "bom_item",
    roles: ROLES,
    verbs: Verbs::ALL.and(Verbs::BULK_UPDATE).and(Verbs::BULK_DELETE),
    fields: &[
        to("part", &PART).required().only(&[("assembly", true)]).says("Assembly", "What is made"),
        to("sub_part", &PART).required().only(&[("component", true)]).says("Component", "What it is made of"),
        text("reference", 5000).blank().says("Reference", "Where in the assembly it belongs"),
        text("raw_amount", 25).says("Amount", "How much of it, perhaps in other units"),
        // More places than are kept: what is too exact is rounded.
        number("quantity", 30, 15).fill(Fill::Int(1)).says("Quantity", "How much of it, in its own units"),
        flag("allow_variants").fill(Fill::Flag(false)).says("Allow Variants", "May variants take its place?"),
        flag("inherited").fill(Fill::Flag(false)).says("Gets inherited", "Do variants of the assembly have this line too?"),
        flag("optional").fill(Fill::Flag(false)).says("Optional", "Can it be left out?"),
        flag("consumable").fill(Fill::Flag(false)).says("Consumable", "Is it used up without being set aside?"),
        number("setup_quantity", 15, 5).fill(Fill::Int(0)).says("Setup Quantity", "How much a build needs whatever its size"),
        number("attrition", 6, 3).fill(Fill::Int(0)).says("Attrition", "How much gets lost, in percent"),
        number("rounding_multiple", 15, 5).null().fill(Fill::Null).says("Rounding Multiple", "A build needs a multiple of this"),
        text("note", 500).blank().says("Note", "A remark"),
        pk(),
        flag("validated").fixed().says_writable().fill(Fill::Flag(false)).says("Validated", "Has somebody approved the line as it is?"),
        quantity("available_stock").null().joined("t.q_part").label("Available Stock"),
        quantity("available_substitute_stock").null().joined("t.q_substitutes").label("Available Substitute Stock"),
        quantity("available_variant_stock").null().joined("t.q_variants").label("Available Variant Stock"),
        quantity("external_stock").null().joined(amount::EXTERNAL).label("External Stock"),
        quantity("on_order").null().joined(amount::ON_ORDER).label("On Order"),
        quantity("building").null().joined(amount::BUILDING).label("In Production"),
        quantity("can_build").null().joined(amount::CAN_BUILD).unless_off("can_build").label("Can Build"),
        nested("sub_part_detail", &PART_BRIEF, "t.sub_part").null().on("sub_part_detail").label("Component"),
        many("substitutes", &SUBSTITUTE, "SELECT id FROM bom_substitute WHERE bom_item = :id ORDER BY id").null().on("substitutes"),
        money("pricing_min").null().computed(price!("overall_min")).on("pricing"),
        money("pricing_max").null().computed(price!("overall_max")).on("pricing"),
        money("pricing_min_total").null().computed(total!("overall_min")).on("pricing"),
        money("pricing_max_total").null().computed(total!("overall_max")).on("pricing"),
        moment("pricing_updated").null().computed(price!("updated")).on("pricing"),
        nested("part_detail", &PART_BRIEF, "t.part").null().on("part_detail").label("Assembly"),
        nested("category_detail", &CATEGORY, "SELECT p.category FROM part p WHERE p.id = t.sub_part")
            .null()
            .on("category_detail")
            .label("Category"),
    ],
    list_flags: &[("can_build", true)],
    shared: SHARED,
    filters: &[
        is("optional", "t.optional = 1"),
        is("consumable", "t.consumable = 1"),
        is("inherited", "t.inherited = 1"),
        is("allow_variants", "t.allow_variants = 1"),
        is("validated", "t.validated = 1"),
        is("part_active", assembly_is!("active")),
        is("part_trackable", assembly_is!("trackable")),
        is("part_testable", assembly_is!("testable")),
        is("part_locked", assembly_is!("locked")),
        is("sub_part_active", component_is!("active")),
        is("sub_part_trackable", component_is!("trackable")),
        is("sub_part_testable", component_is!("testable")),
        is("sub_part_assembly", component_is!("assembly")),
        is("sub_part_virtual", component_is!("virtual")),
        is("available_stock", HAS_STOCK),
        is("on_order", IS_ORDERED),
        is("has_pricing", "EXISTS (SELECT 1 FROM part_pricing p WHERE p.part = t.sub_part AND p.overall_min IS NOT NULL)"),
        where_("part", Reads::Ref(&PART), OF_PART),
        by("category", Reads::Ref(&CATEGORY), |asked, rows| {
            let within = CATEGORIES.keys_within();
            rows.and(&format!("t.sub_part IN (SELECT id FROM part WHERE category IN ({within}))"), [asked.value.clone()]);
            Ok(())
        }),
        where_("uses", Reads::Ref(&PART), USES),
    ],
    search: &[
        own("bom_item", &["reference"]),
        via("part", &["name", "IPN", "description", "keywords", "revision"], "SELECT id FROM bom_item WHERE part IN ({})").indexed(),
        via("part", &["name", "IPN", "description", "keywords", "revision"], "SELECT id FROM bom_item WHERE sub_part IN ({})").indexed(),
        via("part_category", &["name"], "SELECT i.id FROM bom_item i JOIN part p ON p.id = i.sub_part WHERE p.category IN ({})"),
    ],
    order: &[
        order("can_build", &[amount::ORDER_CAN_BUILD]),
        Order {
            name: "category",
            sql: &["sorted.name"],
            join: "JOIN part component ON component.id = t.sub_part LEFT JOIN part_category sorted ON sorted.id = component.category",
            walk: "",
        },
        order("quantity", &["t.quantity"]),
        order("setup_quantity", &["t.setup_quantity"]),
        order("attrition", &["t.attrition"]),
        order("rounding_multiple", &["t.rounding_multiple"]),
        Order { name: "sub_part", sql: &["used.name"], join: WITH_COMPONENT, walk: "" },
        Order { name: "IPN", sql: &["used.\"IPN\""], join: WITH_COMPONENT, walk: "" },
        order("available_stock", &[amount::AVAILABLE]),
        order("allow_variants", &["t.allow_variants"]),
        order("inherited", &["t.inherited"]),
        order("optional", &["t.optional"]),
        order("consumable", &["t.consumable"]),
        order("reference", &["t.reference"]),
        order("validated", &["t.validated"]),
        Order { name: "pricing_min", sql: &["priced.overall_min"], join: WITH_PRICES, walk: "" },
        Order { name: "pricing_max", sql: &["priced.overall_max"], join: WITH_PRICES, walk: "" },
        Order { name: "pricing_min_total", sql: &["priced.overall_min * t.quantity"], join: WITH_PRICES, walk: "" },
        Order { name: "pricing_max_total", sql: &["priced.overall_max * t.quantity"], join: WITH_PRICES, walk: "" },
        Order { name: "pricing_updated", sql: &["priced.updated"], join: WITH_PRICES, walk: "" },
    ],
    check: Some(super::rules::check),
    saved: Some(super::rules::saved),
    remove: Some(super::rules::remove),
    metadata: true,
    ..Resource::BASE
};

const HAS_STOCK: &str = concat!(free_part!("t", ""), " > 0");
const IS_ORDERED: &str = concat!(ordering_of!("= t.sub_part"), " > 0");
const WITH_COMPONENT: &str = "JOIN part used ON used.id = t.sub_part";
const WITH_PRICES: &str = "LEFT JOIN part_pricing priced ON priced.part = t.sub_part";
/// The lines of a part, with those that templates above it pass on.
const OF_PART: &str = "t.id IN (WITH RECURSIVE up (id, own) AS (SELECT ?, 1 UNION SELECT p.variant_of, 0 FROM part p JOIN up ON p.id = up.id \
    WHERE p.variant_of IS NOT NULL) SELECT i.id FROM up CROSS JOIN bom_item i ON i.part = up.id WHERE up.own = 1 OR i.inherited = 1)";
/// The lines that a part can fill: that name it or a template above it, directly or as a substitute.
const USES: &str = "t.id IN (WITH RECURSIVE up (id, own) AS (SELECT ?, 1 UNION SELECT p.variant_of, 0 FROM part p JOIN up ON p.id = up.id \
    WHERE p.variant_of IS NOT NULL) \
    SELECT i.id FROM up CROSS JOIN bom_item i ON i.sub_part = up.id WHERE up.own = 1 OR i.allow_variants = 1 \
    UNION SELECT i.id FROM up CROSS JOIN bom_substitute u ON u.part = up.id JOIN bom_item i ON i.id = u.bom_item WHERE up.own = 1 OR i.allow_variants = 1)";
