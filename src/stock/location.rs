//! `/api/stock/location/`: places that hold stock.

use super::item::ITEM;
use super::location_type::LOCATION_TYPE;
use crate::common::icon;
use crate::common::parameter::parameters_of;
use crate::common::tag::{self, tags_of};
use crate::db;
use crate::engine::describe::*;
use crate::engine::tree::Tree;
use crate::engine::write::{Change, remove as remove_row};
use crate::error::{Error, Result, WHOLE};
use crate::identity::{Right, Role};
use crate::users::owner::OWNER;

/// How the table spells its tree.
pub static TREE: Tree = Tree { table: "stock_location", parent: "parent", named: true };

/// Places.
pub static LOCATION: Resource = Resource {
    path: "stock/location",
    schema: "Location",
    verbs: Verbs::ALL.and(Verbs::BULK_UPDATE),
    fields: &[
        pk(),
        text("barcode_hash", 128).fixed().says("Barcode Hash", "Digest of the linked barcode"),
        text("name", 100).required().says("Name", "Name of the place"),
        int("level").fixed().label("Level"),
        text("description", 250).blank().says("Description", "What the place is"),
        to("parent", &LOCATION).null().outside_tree().says("Parent Location", "The place that this one is part of"),
        text("pathstring", 250).fixed().says("Path", "Names from the outside in"),
        int("items").joined(ITEMS).label("Stock Items"),
        int("sublocations").joined(SUBLOCATIONS).label("Sublocations"),
        to("owner", &OWNER).null().says("Owner", "Who looks after the place"),
        text("icon", 0).computed(ICON).label("Icon"),
        text("custom_icon", 100).null().blank().says("Icon", "Icon of the place"),
        flag("structural").fill(Fill::Flag(false)).says("Structural", "Holds other places, but no stock itself"),
        flag("external").fill(Fill::Flag(false)).says("External", "Lies outside the house"),
        to("location_type", &LOCATION_TYPE).null().says("Location type", "Kind of place"),
        nested("location_type_detail", &LOCATION_TYPE, "t.location_type").null(),
        words("tags").kept_by(tags_of!("stocklocation"), tag::save).on("tags").label("Tags"),
        parameters_of!("stock.stocklocation").label("Parameters"),
        json("path", PATH, STEPS).holds("TreePath").null().on("path_detail").label("Path"),
    ],
    filters: &[
        where_("name", Reads::Text, "t.name = ?"),
        is("structural", "t.structural = 1"),
        is("external", "t.external = 1"),
        where_("location_type", Reads::Ref(&LOCATION_TYPE), "t.location_type = ?"),
        is("has_location_type", "t.location_type IS NOT NULL"),
        by("depth", Reads::Int, |asked, rows| TREE.depth(asked, rows)),
        by("top_level", Reads::Flag, |asked, rows| TREE.top_level(asked, rows)),
        by("cascade", Reads::Flag, |asked, rows| TREE.cascade(asked, rows)),
        by("parent", Reads::Ref(&LOCATION), |asked, rows| TREE.children(asked, rows)),
        by("exclude_tree", Reads::Ref(&LOCATION), |asked, rows| TREE.exclude(asked, rows)),
        by("tags", Reads::Text, |asked, rows| tag::filter(asked, rows, "stocklocation")),
    ],
    search: &[own("stock_location", &["description", "name", "pathstring"]), via("tag", &["name", "slug"], TAGGED)],
    order: &[
        order("name", &["t.name"]),
        order("pathstring", &["t.pathstring"]),
        order("items", &[ITEMS_EXPRESSION]),
        order("level", &["t.level"]),
        order("tree_id", &[TREE_ID]),
        order("lft", &[LFT]),
    ],
    sort: order("", &["t.tree_key"]),
    list_flags: &[("path_detail", false)],
    check: Some(check),
    saved: Some(|change| TREE.saved(change)),
    remove: Some(remove),
    remove_input: &[
        flag("delete_stock_items").required().request().says("Delete stock items", "Delete the stock; otherwise it moves outwards"),
        flag("delete_sub_locations")
            .required()
            .request()
            .says("Delete sublocations", "Delete everything inside; otherwise it moves outwards"),
    ],
    metadata: true,
    ..BASE
};

const BASE: Resource = Resource {
    path: "stock/location",
    model: "stocklocation",
    title: "stock location",
    table: "stock_location",
    roles: &[Role::BUILD, Role::STOCK_LOCATION],
    ..Resource::BASE
};

/// A place inside another object.
pub static BRIEF: Resource = Resource {
    schema: "LocationBrief",
    fields: &[
        pk(),
        text("name", 100).required().says("Name", "Name of the place"),
        text("pathstring", 250).blank().says("Path", "Names from the outside in"),
    ],
    ..BASE
};

const ITEMS: &str = "SELECT sum(d.items) FROM stock_location d WHERE d.tree_key >= t.tree_key AND d.tree_key < t.tree_key || char(2)";
const ITEMS_EXPRESSION: &str =
    "(SELECT sum(d.items) FROM stock_location d WHERE d.tree_key >= t.tree_key AND d.tree_key < t.tree_key || char(2))";
const SUBLOCATIONS: &str =
    "SELECT count(*) FROM stock_location d WHERE d.tree_key > t.tree_key || char(1) AND d.tree_key < t.tree_key || char(2)";
const TREE_ID: &str = "(SELECT count(*) FROM stock_location r WHERE r.parent IS NULL AND r.tree_key <= t.tree_key)";
const LFT: &str = "(2 * (SELECT count(*) FROM stock_location d WHERE d.tree_key < t.tree_key AND d.tree_key >= \
    (SELECT max(r.tree_key) FROM stock_location r WHERE r.parent IS NULL AND r.tree_key <= t.tree_key)) - t.level + 1)";
const ICON: &str = "coalesce(nullif(t.custom_icon, ''), (SELECT nullif(y.icon, '') FROM stock_location_type y WHERE y.id = t.location_type), \
    (SELECT value FROM setting WHERE key = 'STOCK_LOCATION_DEFAULT_ICON'), '')";
const TAGGED: &str = "SELECT model_id FROM tagged_item WHERE model_type = 'stocklocation' AND tag IN ({})";
/// SQL: the path of the place `t`, from the outside in.
pub const PATH: &str = "WITH RECURSIVE up (id, parent, name, level, icon, kind) AS (SELECT p.id, p.parent, p.name, p.level, p.custom_icon, p.location_type FROM stock_location p WHERE p.id = t.id \
    UNION ALL SELECT p.id, p.parent, p.name, p.level, p.custom_icon, p.location_type FROM stock_location p JOIN up ON p.id = up.parent) \
    SELECT json_group_array(json_object('pk', id, 'name', name, 'icon', icon)) FROM (SELECT up.id, up.name, coalesce(nullif(up.icon, ''), \
    (SELECT nullif(y.icon, '') FROM stock_location_type y WHERE y.id = up.kind), (SELECT value FROM setting WHERE key = 'STOCK_LOCATION_DEFAULT_ICON'), '') AS icon FROM up ORDER BY up.level)";

/// What a path is made of.
pub static STEPS: &[Field] = &[int("pk").fixed(), text("name", 0).fixed(), text("icon", 0).null().fixed()];

/// `/api/stock/location/tree/`: the same rows, as a tree view needs them.
pub static LOCATION_TREE: Resource = Resource {
    path: "stock/location/tree",
    schema: "LocationTree",
    verbs: Verbs::LIST,
    fields: &[
        pk(),
        text("name", 100).required().says("Name", "Name of the place"),
        text("description", 250).blank().says("Description", "What the place is"),
        text("pathstring", 250).blank().says("Path", "Names from the outside in"),
        to("parent", &LOCATION).null().label("Parent"),
        int("tree_id").computed(TREE_ID).label("Tree id"),
        int("level").fixed().label("Level"),
        text("icon", 0).computed(ICON).plain().label("Icon"),
        flag("structural").fill(Fill::Flag(false)).says("Structural", "Holds other places, but no stock itself"),
        int("sublocations").computed(SUBLOCATIONS).label("Sublocations"),
    ],
    filters: &[
        where_("parent", Reads::Ref(&LOCATION), "t.parent = ?"),
        by("tree_id", Reads::Int, |asked, rows| {
            rows.and(&format!("{TREE_ID} = ?"), [asked.value.clone()]);
            Ok(())
        }),
        where_("level", Reads::Int, "t.level = ?"),
        where_("max_level", Reads::Int, "t.level <= ?"),
        by("expand_to", Reads::Int, |asked, rows| TREE.expand(asked, rows)),
    ],
    search: &[own("stock_location", &["description", "name"]).with_ancestors()],
    order: &[order("level", &["t.level", "t.name"]), order("name", &["t.name", "t.level"])],
    sort: order("", &["t.level", "t.name"]),
    ..BASE
};

fn check(change: &mut Change<'_>) -> Result<()> {
    TREE.check(change)?;
    icon::check(change, "custom_icon");
    if change.flag("structural")
        && change.changes("structural")
        && let Some(id) = change.id
        && db::one::<i64>(change.tx, "SELECT 1 FROM stock_item WHERE location = ?1 LIMIT 1", [id])?.is_some()
    {
        change.wrong(WHOLE, "Stock lies at this place already; it cannot be structural.");
    }
    Ok(())
}

/// What is inside and the stock either go too, or move to the place around.
fn remove(change: &mut Change<'_>) -> Result<()> {
    let with_stock = change.new.flag("delete_stock_items");
    if with_stock && !change.call.user.may(Right::Delete, &ITEM) {
        return Err(Error::denied());
    }
    let (tx, call) = (change.tx, change.call);
    TREE.remove(change, change.new.flag("delete_sub_locations"), |place, around| {
        for item in db::column::<i64>(tx, "SELECT id FROM stock_item WHERE location = ?1", [place])? {
            if with_stock {
                remove_row(tx, call, &ITEM, item)?;
            } else {
                db::run(tx, "UPDATE stock_item SET location = ?2 WHERE id = ?1", (item, around))?;
            }
        }
        Ok(())
    })
}
