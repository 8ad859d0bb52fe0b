//! `/api/part/`: what is bought, made, kept and sold.

use super::category::{BRIEF as CATEGORY_BRIEF, CATEGORY, STEPS};
use super::derived::*;
use super::name::FULL_NAME;
use super::price::SALE_BREAK;
use crate::common::parameter::filter::BY_PARAMETER;
use crate::common::parameter::parameters_of;
use crate::common::tag::{self, tags_of};
use crate::company::company::COMPANY;
use crate::engine::call::loosely_true;
use crate::engine::describe::*;
use crate::engine::tree::Tree;
use crate::identity::Role;
use crate::stock::location::{BRIEF as LOCATION_BRIEF, LOCATION};
use crate::users::owner::OWNER;
use crate::users::user::USER;

/// How the table spells the tree of variants.
pub static TREE: Tree = Tree { table: "part", parent: "variant_of", named: false };

/// Parts.
pub static PART: Resource = Resource {
    schema: "Part",
    verbs: Verbs::ALL.and(Verbs::BULK_UPDATE),
    fields: &[
        ACTIVE,
        ASSEMBLY,
        BARCODE,
        to("category", &CATEGORY).null().says("Category", "Where the part is sorted in"),
        text("category_name", 0)
            .computed("SELECT c.name FROM part_category c WHERE c.id = t.category")
            .absent_when_null()
            .label("Category Name"),
        COMPONENT,
        date("creation_date").null().fixed().label("Creation Date"),
        to("creation_user", &USER).null().fixed().label("Creation User"),
        DEFAULT_EXPIRY,
        DEFAULT_LOCATION,
        DESCRIPTION,
        FULL,
        image("image").folder(|_| super::thumb::FOLDER.into()).null().label("Image"),
        text("existing_image", 0).request().secret().says("Existing Image", "Name of an image that another part has"),
        text("IPN", 100).blank().shows_null().fill(Fill::Text("")).says("IPN", "Internal part number"),
        IS_TEMPLATE,
        text("keywords", 250).null().blank().says("Keywords", "Words that help to find the part"),
        url("link").null().blank().says("Link", "Web page about the part"),
        LOCKED,
        fixed_as_number("minimum_stock").says("Minimum Stock", "Least quantity to keep"),
        fixed_as_number("maximum_stock").says("Maximum Stock", "Greatest quantity to keep"),
        NAME,
        pk(),
        PURCHASEABLE,
        REVISION,
        to("revision_of", &PART).null().says("Revision Of", "The part of which this is another revision"),
        int("revision_count").null().joined("SELECT count(*) FROM part r WHERE r.revision_of = t.id").label("Revisions"),
        SALABLE,
        // Whatever means no yes is a no, says the contract.
        flag("starred")
            .kept_by(STARRED, super::rules::star)
            .also(|_, text| Ok(Some(loosely_true(text).to_string())))
            .answered_before()
            .says_fixed()
            .plain(),
        THUMB,
        TESTABLE,
        TRACKABLE,
        UNITS,
        to("variant_of", &PART)
            .null()
            .outside_tree()
            .only(&[("is_template", true)])
            .says("Variant Of", "The template of which this is a variant"),
        VIRTUAL,
        PRICING_MIN,
        PRICING_MAX,
        moment("pricing_updated").null().computed("SELECT p.updated FROM part_pricing p WHERE p.part = t.id").unless_off("pricing"),
        to("responsible", &OWNER).null(),
        quantity("allocated_to_build_orders").null().joined(FOR_BUILDS),
        quantity("allocated_to_sales_orders").null().joined(FOR_SALES),
        quantity("building").null().joined(BUILDING).says("Building", "How much is in production"),
        quantity("scheduled_to_build").null().joined(SCHEDULED).says("Scheduled to Build", "How much is still to be made"),
        int("category_default_location").null().joined(CATEGORY_LOCATION),
        quantity("in_stock").null().joined(IN_STOCK).label("In Stock"),
        quantity("ordering").null().joined(ORDERING).label("On Order"),
        whole_quantity("required_for_build_orders").joined(REQUIRED_BUILD),
        whole_quantity("required_for_sales_orders").joined(REQUIRED_SALES),
        int("stock_item_count").null().joined("SELECT count(*) FROM stock_item s WHERE s.part = t.id").label("Stock Items"),
        quantity("total_in_stock").null().joined(TOTAL_IN_STOCK).label("Total Stock"),
        quantity("external_stock").null().joined(EXTERNAL_STOCK).label("External Stock"),
        quantity("unallocated_stock").null().joined(UNALLOCATED).label("Unallocated Stock"),
        quantity("variant_stock").null().joined(VARIANT_STOCK).label("Variant Stock"),
        prose("notes", 50_000).null().blank().detail_only().says("Notes", "Notes in Markdown"),
        object("duplicate", DUPLICATE).holds("DuplicatePart").secret().says("Duplicate Part", "Take over what another part has"),
        object("initial_stock", INITIAL_STOCK).holds("InitialStock").secret().says("Initial Stock", "Create the part with stock"),
        object("initial_supplier", INITIAL_SUPPLIER)
            .holds("InitialSupplier")
            .secret()
            .says("Supplier Information", "Create the part with a supplier and a manufacturer"),
        flag("copy_category_parameters")
            .request()
            .secret()
            .fill(Fill::Flag(true))
            .says("Copy Category Parameters", "Give it the parameters of its category"),
        parameters_of!("part.part").label("Parameters"),
        nested("default_location_detail", &LOCATION_BRIEF, "t.default_location").null().on("location_detail"),
        words("tags").kept_by(tags_of!("part"), tag::save).on("tags").label("Tags"),
        json("category_path", PATH, STEPS).holds("TreePath").null().on("path_detail").tells_of(&CATEGORY),
        many("price_breaks", &SALE_BREAK, "SELECT id FROM part_sale_price WHERE part = :id ORDER BY quantity").null().on("price_breaks"),
        nested("category_detail", &CATEGORY_BRIEF, "t.category").null().on("category_detail"),
    ],
    filters: super::filter::FILTERS,
    search: &[
        own("part", &["name", "IPN", "description", "keywords", "revision"]).indexed(),
        via("part_category", &["name"], "SELECT id FROM part WHERE category IN ({})"),
        via("supplier_part", &["SKU"], "SELECT part FROM supplier_part WHERE id IN ({})").indexed(),
        via("manufacturer_part", &["MPN"], "SELECT part FROM manufacturer_part WHERE id IN ({})").indexed(),
        via("tag", &["name", "slug"], "SELECT model_id FROM tagged_item WHERE model_type = 'part' AND tag IN ({})"),
    ],
    order: super::filter::ORDER,
    sort: order("", &["t.name"]),
    list_flags: &[("pricing", true)],
    shared: SHARED,
    counted: true,
    check: Some(super::rules::check),
    saved: Some(super::rules::saved),
    remove: Some(super::rules::remove),
    actions: &[&crate::bom::copy::COPY],
    families: BY_PARAMETER,
    metadata: true,
    ..BASE
};

const BASE: Resource =
    Resource { path: "part", model: "part", title: "part", table: "part", roles: &[Role::BUILD, Role::PART], ..Resource::BASE };

const ACTIVE: Field = flag("active").fill(Fill::Flag(true)).says("Active", "Is the part in use?");
const ASSEMBLY: Field = flag("assembly").fill(Fill::Setting("PART_ASSEMBLY")).says("Assembly", "Is it made of other parts?");
const BARCODE: Field = text("barcode_hash", 128).fixed().says("Barcode Hash", "Digest of the linked barcode");
const COMPONENT: Field = flag("component").fill(Fill::Setting("PART_COMPONENT")).says("Component", "Can other parts be made of it?");
const DEFAULT_EXPIRY: Field = int("default_expiry").fill(Fill::Int(0)).says("Default Expiry", "Days until new stock expires");
const DEFAULT_LOCATION: Field = to("default_location", &LOCATION).null().says("Default Location", "Where the part is normally kept");
const DESCRIPTION: Field = text("description", 250).blank().says("Description", "What the part is");
const FULL: Field = text("full_name", 0).computed(FULL_NAME).plain();
const IS_TEMPLATE: Field = flag("is_template").fill(Fill::Setting("PART_TEMPLATE")).says("Is Template", "Does it stand for its variants?");
const LOCKED: Field = flag("locked").fill(Fill::Flag(false)).says("Locked", "Locked parts do not change");
const NAME: Field = text("name", 100).required().says("Name", "Name of the part");
const PURCHASEABLE: Field = flag("purchaseable").fill(Fill::Setting("PART_PURCHASEABLE")).says("Purchaseable", "Can it be bought?");
const REVISION: Field = text("revision", 100).null().blank().fill(Fill::Text("")).says("Revision", "Revision or version of the part");
const SALABLE: Field = flag("salable").fill(Fill::Setting("PART_SALABLE")).says("Salable", "Can it be sold?");
const TESTABLE: Field = flag("testable").fill(Fill::Flag(false)).says("Testable", "Can test results be kept for it?");
const TRACKABLE: Field = flag("trackable").fill(Fill::Setting("PART_TRACKABLE")).says("Trackable", "Has each item a serial number?");
const UNITS: Field = text("units", 20).null().blank().fill(Fill::Text("")).says("Units", "Unit in which the part is counted");
const VIRTUAL: Field = flag("virtual").fill(Fill::Setting("PART_VIRTUAL")).says("Virtual", "Is it nothing to touch, such as software?");
const THUMB: Field = text("thumbnail", 0).computed(THUMBNAIL).label("Thumbnail");
const PRICING_MIN: Field =
    money("pricing_min").null().computed("SELECT p.overall_min FROM part_pricing p WHERE p.part = t.id").unless_off("pricing");
const PRICING_MAX: Field =
    money("pricing_max").null().computed("SELECT p.overall_max FROM part_pricing p WHERE p.part = t.id").unless_off("pricing");
const STARRED: &str = "EXISTS (SELECT 1 FROM part_star s WHERE s.part = t.id AND s.user = :user)";
const PATH: &str = "WITH RECURSIVE up (id, parent, name, level) AS (SELECT c.id, c.parent, c.name, c.level FROM part_category c WHERE c.id = t.category \
    UNION ALL SELECT p.id, p.parent, p.name, p.level FROM part_category p JOIN up ON p.id = up.parent) \
    SELECT iif(count(*) = 0, NULL, json_group_array(json_object('pk', id, 'name', name))) FROM (SELECT * FROM up ORDER BY level)";

/// A quantity with six places, shown as a number.
const fn fixed_as_number(name: &'static str) -> Field {
    number(name, 19, 6).fill(Fill::Int(0))
}

/// A quantity that the contract shows as a whole number.
const fn whole_quantity(name: &'static str) -> Field {
    int(name).null().shown_whole()
}

/// A part inside another object.
pub static BRIEF: Resource = Resource {
    schema: "PartBrief",
    fields: &[
        pk(),
        text("IPN", 100).null().says("IPN", "Internal part number"),
        BARCODE,
        int("category_default_location").null().joined(CATEGORY_LOCATION),
        DEFAULT_LOCATION,
        DEFAULT_EXPIRY,
        NAME,
        REVISION,
        FULL,
        DESCRIPTION,
        image("image").null().fixed().label("Image"),
        THUMB,
        ACTIVE,
        LOCKED,
        ASSEMBLY.fill(Fill::Flag(false)),
        COMPONENT.fill(Fill::Flag(true)),
        fixed("minimum_stock", 19, 6).fill(Fill::Int(0)).says("Minimum Stock", "Least quantity to keep"),
        IS_TEMPLATE.fill(Fill::Flag(false)),
        PURCHASEABLE.fill(Fill::Flag(true)),
        SALABLE.fill(Fill::Flag(false)),
        TESTABLE,
        TRACKABLE.fill(Fill::Flag(false)),
        VIRTUAL.fill(Fill::Flag(false)),
        UNITS,
        PRICING_MIN,
        PRICING_MAX,
    ],
    ..BASE
};

static DUPLICATE: &[Field] = &[
    to("part", &PART).required().request().says("Original Part", "The part to take over from"),
    flag("copy_image").request().fill(Fill::Flag(false)).says("Copy Image", "Take over the image"),
    flag("copy_bom").request().fill(Fill::Flag(false)).says("Copy BOM", "Take over the bill of materials"),
    flag("copy_parameters").request().fill(Fill::Flag(false)).says("Copy Parameters", "Take over the parameters"),
    flag("copy_notes").request().fill(Fill::Flag(true)).says("Copy Notes", "Take over the notes"),
    flag("copy_tests").request().fill(Fill::Flag(false)).says("Copy Tests", "Take over the test templates"),
];

static INITIAL_STOCK: &[Field] = &[
    fixed("quantity", 15, 5).required().request().says("Initial Stock Quantity", "How much there is; nothing is created for 0"),
    to("location", &LOCATION).null().request().says("Initial Stock Location", "Where it lies"),
];

static INITIAL_SUPPLIER: &[Field] = &[
    to("supplier", &COMPANY).null().request().says("Supplier", "Who sells it"),
    text("sku", 100).blank().request().says("SKU", "Number by which the supplier keeps it"),
    to("manufacturer", &COMPANY).null().request().says("Manufacturer", "Who makes it"),
    text("mpn", 100).blank().request().says("MPN", "Number by which the manufacturer keeps it"),
];

/// `/api/part/{id}/serial-numbers/`: the last and the next number in the family of variants.
pub static SERIALS: Endpoint = Endpoint {
    path: "api/part/{id}/serial-numbers/",
    access: crate::identity::Access::Role,
    roles: BASE.roles,
    title: "serial numbers of a part",
    model: "part",
    output_schema: "PartSerialNumber",
    output: &[text("latest", 0).null().fixed().label("Latest"), text("next", 0).fixed().label("Next")],
    verbs: &[(crate::engine::call::Verb::Get, |call| {
        let (conn, id) = (call.db().read()?, call.key()?);
        crate::engine::read::must_exist(call, &conn, &PART, id)?;
        let latest = super::serial::latest(&conn, id)?;
        let next = super::serial::next(latest.as_deref());
        Ok(crate::engine::call::Reply::value(&serde_json::json!({"latest": latest, "next": next})))
    })],
    ..Endpoint::BASE
};

/// `/api/part/{id}/requirements/`: what there is of a part and what is wanted.
pub static REQUIREMENTS: Resource = Resource {
    path: "part/{id}/requirements",
    schema: "PartRequirements",
    verbs: Verbs::DETAIL,
    fields: &[
        quantity("total_stock").computed("t.q_stock").label("Total Stock"),
        quantity("unallocated_stock").computed("max(0, t.q_stock - t.q_builds - t.q_sales)").label("Available Stock"),
        quantity("can_build").computed(crate::bom::amount::CAN_BUILD_PART).label("Can Build"),
        quantity("ordering").computed(ORDERING).label("On Order"),
        quantity("building").computed(FAMILY_BUILDING).label("In Production"),
        int("scheduled_to_build").shown_whole().computed(FAMILY_SCHEDULED).label("Scheduled to Build"),
        quantity("required_for_build_orders").computed(FAMILY_REQUIRED_BUILD).label("Required for Build Orders"),
        quantity("allocated_to_build_orders").computed("t.q_builds").label("Allocated to Build Orders"),
        quantity("required_for_sales_orders").computed(FAMILY_REQUIRED_SALES).label("Required for Sales Orders"),
        quantity("allocated_to_sales_orders").computed("t.q_sales").plain().label("Allocated to Sales Orders"),
    ],
    shared: SHARED_BY_FAMILY,
    ..BASE
};

/// The columns of a part that rules read.
pub struct Part {
    /// Primary key.
    pub id: i64,
    /// Each item has a serial number.
    pub trackable: bool,
    /// Nothing to touch.
    pub is_virtual: bool,
    /// Where it is normally kept.
    pub default_location: Option<i64>,
    /// Days until new stock expires; 0 for never.
    pub default_expiry: i64,
}

impl Part {
    /// Loads one; nothing if there is none.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn load(conn: &rusqlite::Connection, id: i64) -> crate::error::Result<Option<Part>> {
        use rusqlite::OptionalExtension;
        let mut statement = conn.prepare_cached("SELECT trackable, virtual, default_location, default_expiry FROM part WHERE id = ?1")?;
        let part = statement.query_row([id], |row| {
            Ok(Part { id, trackable: row.get(0)?, is_virtual: row.get(1)?, default_location: row.get(2)?, default_expiry: row.get(3)? })
        });
        Ok(part.optional()?)
    }
}
