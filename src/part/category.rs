//! `/api/part/category/`: the tree that parts are sorted into.

use super::part::PART;
use super::rules;
use crate::common::icon;
use crate::common::parameter::parameters_of;
use crate::db;
use crate::engine::describe::*;
use crate::engine::input::Value;
use crate::engine::tree::Tree;
use crate::engine::write::Change;
use crate::error::{Error, Result, WHOLE};
use crate::identity::{Right, Role};
use crate::stock::location::LOCATION;

/// How the table spells its tree.
pub static TREE: Tree = Tree { table: "part_category", parent: "parent", named: true };

/// Categories.
pub static CATEGORY: Resource = Resource {
    path: "part/category",
    model: "partcategory",
    schema: "Category",
    title: "part category",
    table: "part_category",
    roles: ROLES,
    verbs: Verbs::ALL.and(Verbs::BULK_UPDATE),
    fields: &[
        pk(),
        text("name", 100).required().says("Name", "Name of the category"),
        text("description", 250).blank().says("Description", "What belongs here"),
        to("default_location", &LOCATION).null().says("Default Location", "Where parts of this category are kept"),
        text("default_keywords", 250).null().blank().says("Default keywords", "Keywords of parts of this category"),
        int("level").fixed().label("Level"),
        to("parent", &CATEGORY).null().outside_tree().says("Parent Category", "The category above"),
        int("part_count").null().joined(PART_COUNT).label("Parts"),
        int("subcategories").null().joined(SUBCATEGORIES).label("Subcategories"),
        text("pathstring", 250).fixed().says("Path", "Names from the top down"),
        flag("starred")
            .kept_by("EXISTS (SELECT 1 FROM part_category_star s WHERE s.category = t.id AND s.user = :user)", star)
            .answered_before()
            .says_fixed()
            .plain(),
        flag("structural").fill(Fill::Flag(false)).says("Structural", "Holds other categories, but no parts itself"),
        text("icon", 100).null().blank().says("Icon", "Icon of the category"),
        int("parent_default_location").null().joined(PARENT_LOCATION).label("Parent default location"),
        parameters_of!("part.partcategory").label("Parameters"),
        json("path", PATH, STEPS).holds("TreePath").null().on("path_detail").label("Path"),
    ],
    filters: &[
        where_("name", Reads::Text, "t.name = ?"),
        is("structural", "t.structural = 1"),
        is("starred", "EXISTS (SELECT 1 FROM part_category_star s WHERE s.category = t.id AND s.user = :user)"),
        by("depth", Reads::Int, |asked, rows| TREE.depth(asked, rows)),
        by("top_level", Reads::Flag, |asked, rows| TREE.top_level(asked, rows)),
        by("cascade", Reads::Flag, |asked, rows| TREE.cascade(asked, rows)),
        by("parent", Reads::Ref(&CATEGORY), |asked, rows| TREE.children(asked, rows)),
        by("exclude_tree", Reads::Ref(&CATEGORY), |asked, rows| TREE.exclude(asked, rows)),
    ],
    search: &[own("part_category", &["description", "name", "pathstring"])],
    order: &[
        order("name", &["t.name"]),
        order("pathstring", &["t.pathstring"]),
        order("level", &["t.level"]),
        order("tree_id", &[TREE_ID]),
        order("lft", &[LFT]),
        order("part_count", &[PART_COUNT_EXPRESSION]),
    ],
    sort: order("", &["t.tree_key"]),
    list_flags: &[("path_detail", false)],
    check: Some(check),
    saved: Some(|change| TREE.saved(change)),
    remove: Some(remove),
    remove_input: &[
        flag("delete_child_categories").required().request().says("Delete subcategories", "Delete everything below; otherwise it moves up"),
        flag("delete_parts").required().request().says("Delete parts", "Delete the parts; otherwise they move up"),
    ],
    metadata: true,
    ..Resource::BASE
};

const ROLES: &[Role] = &[Role::BUILD, Role::PART_CATEGORY];

/// A category inside another object.
pub static BRIEF: Resource =
    Resource { fields: CATEGORY.fields.split_at(14).0, verbs: Verbs::NONE, path: "part/category", ..CATEGORY_BASE };

const CATEGORY_BASE: Resource =
    Resource { model: "partcategory", schema: "Category", title: "part category", table: "part_category", roles: ROLES, ..Resource::BASE };

const PART_COUNT: &str = "SELECT sum(d.parts) FROM part_category d WHERE d.tree_key >= t.tree_key AND d.tree_key < t.tree_key || char(2)";
const PART_COUNT_EXPRESSION: &str =
    "(SELECT sum(d.parts) FROM part_category d WHERE d.tree_key >= t.tree_key AND d.tree_key < t.tree_key || char(2))";
const SUBCATEGORIES: &str =
    "SELECT count(*) FROM part_category d WHERE d.tree_key > t.tree_key || char(1) AND d.tree_key < t.tree_key || char(2)";
const TREE_ID: &str = "(SELECT count(*) FROM part_category r WHERE r.parent IS NULL AND r.tree_key <= t.tree_key)";
const LFT: &str = "(2 * (SELECT count(*) FROM part_category d WHERE d.tree_key < t.tree_key AND d.tree_key >= \
    (SELECT max(r.tree_key) FROM part_category r WHERE r.parent IS NULL AND r.tree_key <= t.tree_key)) - t.level + 1)";
const PARENT_LOCATION: &str = "WITH RECURSIVE up (id, place, above) AS (SELECT p.id, p.default_location, p.parent FROM part_category p WHERE p.id = t.parent \
    UNION ALL SELECT p.id, p.default_location, p.parent FROM part_category p, up WHERE p.id = up.above AND up.place IS NULL) \
    SELECT place FROM up WHERE place IS NOT NULL LIMIT 1";
const PATH: &str = "WITH RECURSIVE up (id, parent, name, level) AS (SELECT t.id, t.parent, t.name, t.level \
    UNION ALL SELECT p.id, p.parent, p.name, p.level FROM part_category p JOIN up ON p.id = up.parent) \
    SELECT json_group_array(json_object('pk', id, 'name', name)) FROM (SELECT * FROM up ORDER BY level)";

/// What a path is made of.
pub static STEPS: &[Field] = &[int("pk").fixed(), text("name", 0).fixed()];

/// `/api/part/category/tree/`: the same rows, as a tree view needs them.
pub static CATEGORY_TREE: Resource = Resource {
    path: "part/category/tree",
    schema: "CategoryTree",
    verbs: Verbs::LIST,
    fields: &[
        pk(),
        text("name", 100).required().says("Name", "Name of the category"),
        text("description", 250).blank().says("Description", "What belongs here"),
        text("pathstring", 250).blank().says("Path", "Names from the top down"),
        to("parent", &CATEGORY).null().label("Parent"),
        int("tree_id").computed(TREE_ID).label("Tree id"),
        int("level").fixed().label("Level"),
        text("icon", 100).blank().says("Icon", "Icon of the category"),
        flag("structural").fill(Fill::Flag(false)).says("Structural", "Holds other categories, but no parts itself"),
        int("subcategories").computed(SUBCATEGORIES).label("Subcategories"),
    ],
    filters: &[
        where_("parent", Reads::Ref(&CATEGORY), "t.parent = ?"),
        by("tree_id", Reads::Int, |asked, rows| {
            rows.and(&format!("{TREE_ID} = ?"), [asked.value.clone()]);
            Ok(())
        }),
        where_("level", Reads::Int, "t.level = ?"),
        where_("max_level", Reads::Int, "t.level <= ?"),
        by("expand_to", Reads::Int, |asked, rows| TREE.expand(asked, rows)),
    ],
    search: &[own("part_category", &["description", "name"]).with_ancestors()],
    order: &[
        order("level", &["t.level", "t.name"]),
        order("name", &["t.name", "t.level"]),
        order(
            "subcategories",
            &["(SELECT count(*) FROM part_category d WHERE d.tree_key > t.tree_key || char(1) AND d.tree_key < t.tree_key || char(2))"],
        ),
    ],
    sort: order("", &["t.level", "t.name"]),
    ..CATEGORY_BASE
};

fn star(change: &mut Change<'_>, value: &Value) -> Result<()> {
    let user = change.tx.user.id;
    if *value == Value::Flag(true) {
        db::run(change.tx, "INSERT OR IGNORE INTO part_category_star (category, user) VALUES (?1, ?2)", [change.key(), user])?;
    } else {
        db::run(change.tx, "DELETE FROM part_category_star WHERE category = ?1 AND user = ?2", [change.key(), user])?;
    }
    Ok(())
}

fn check(change: &mut Change<'_>) -> Result<()> {
    TREE.check(change)?;
    icon::check(change, "icon");
    if change.int("icon").is_none() && change.new.get("icon") == Some(&Value::Null) {
        change.set("icon", Value::Text(String::new()));
    }
    if change.flag("structural")
        && change.changes("structural")
        && let Some(id) = change.id
        && db::one::<i64>(change.tx, "SELECT 1 FROM part WHERE category = ?1 LIMIT 1", [id])?.is_some()
    {
        change.wrong(WHOLE, "Parts are sorted into this category already; it cannot be structural.");
    }
    Ok(())
}

/// What is below and the parts either go too, or move to the category above.
fn remove(change: &mut Change<'_>) -> Result<()> {
    let with_parts = change.new.flag("delete_parts");
    if with_parts && !change.call.user.may(Right::Delete, &PART) {
        return Err(Error::denied());
    }
    let tx = change.tx;
    TREE.remove(change, change.new.flag("delete_child_categories"), |category, above| {
        for part in db::column::<i64>(tx, "SELECT id FROM part WHERE category = ?1", [category])? {
            if with_parts {
                rules::delete(tx, part)?;
            } else {
                db::run(tx, "UPDATE part SET category = ?2 WHERE id = ?1", (part, above))?;
            }
        }
        Ok(())
    })
}
