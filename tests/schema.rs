//! The descriptions against `schema.sql`: every piece of SQL prepares in a fresh database, and what the fields promise the columns keep.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use rusqlite::Connection;
use stockroom::common::attachment;
use stockroom::db::{Db, Reader};
use stockroom::engine::describe::{Does, Field, Fill, Kind, Reads, Resource, Search, Source, Verbs};
use stockroom::engine::read::row_sql;
use stockroom::router::RESOURCES;

/// Columns that no field fills at a creation, though they are NOT NULL and have no default: table, column, who fills them.
const FILLED_BY_RULE: &[(&str, &str, &str)] = &[
    ("token", "digest", "identity::token::create makes the token"),
    ("token", "seed", "identity::token::create makes the token"),
    ("token", "masked", "identity::token::create makes the token"),
    ("token", "user", "the caller, where the request names nobody"),
    ("token", "created", "identity::token::create makes the token"),
    ("manufacturer_part", "MPN", "the field is wanted: null is refused, where the contract first takes it"),
    ("stock_test_result", "date", "stock::test takes the moment of the request"),
    ("tag", "slug", "common::tag makes it of the name"),
    ("selection_list", "created", "common::selection takes the moment of the request"),
    ("selection_list", "last_updated", "common::selection takes the moment of the request"),
    ("selection_entry", "list", "the address says it"),
    ("build_line", "build", "the rules refuse a line without; the contract does not let a body name it"),
    ("build_line", "bom_item", "likewise"),
    ("build_item", "build_line", "the rules refuse an allocation without; the contract lets a body say null"),
    ("part_test_template", "key", "part::test_template makes it of the name"),
];

/// Fields that take null though their columns do not, or the other way round: table, field, why.
const NULL_BY_RULE: &[(&str, &str, &str)] = &[
    ("selection_entry", "list", "the address says it; the contract lets the body say null"),
    ("build_item", "build_line", "the rules refuse null, which the contract first takes"),
    ("part_category", "icon", "part::category makes an empty text of null"),
    ("manufacturer_part", "MPN", "the field is wanted: null is refused, where the contract first takes it"),
    ("part", "IPN", "null comes with records of other servers alone, and is shown as they show it"),
];

/// A fresh database; the folder lives as long as the pair.
fn fresh() -> (tempfile::TempDir, Db) {
    let folder = tempfile::tempdir().expect("a folder");
    let db = Db::open(&folder.path().join("stockroom.db")).expect("a database");
    (folder, db)
}

fn reader(db: &Db) -> Reader<'_> {
    db.read().expect("a connection")
}

/// All resources that have addresses, and those that appear inside them or that they refer to.
fn resources() -> Vec<&'static Resource> {
    fn add(resource: &'static Resource, all: &mut Vec<&'static Resource>) {
        if all.iter().any(|known| std::ptr::eq(*known, resource)) {
            return;
        }
        all.push(resource);
        fields(resource.fields, all);
        for filter in resource.filters {
            if let Reads::Ref(target) = filter.reads {
                add(target, all);
            }
        }
        resource.actions.iter().for_each(|action| fields(action.input, all));
    }
    fn fields(of: &'static [Field], all: &mut Vec<&'static Resource>) {
        for field in of {
            match field.kind {
                Kind::Ref(target) | Kind::Nested(target) | Kind::Many(target) | Kind::Keys(target) => add(target, all),
                Kind::Expanded(several) => several.iter().for_each(|(_, target)| add(target, all)),
                Kind::Json(inner) | Kind::Object(inner) | Kind::List(inner) => fields(inner, all),
                _ => {}
            }
        }
    }
    let mut all = Vec::new();
    RESOURCES.iter().for_each(|resource| add(resource, &mut all));
    all
}

/// Fails with the whole statement, which says more than its place.
fn prepares(conn: &Connection, what: &str, sql: &str) {
    if let Err(why) = conn.prepare(sql) {
        panic!("{what}: {why}\n{sql}");
    }
}

/// What the database knows of a column.
struct Column {
    not_null: bool,
    has_default: bool,
    key: bool,
    generated: bool,
}

fn columns(conn: &Connection, table: &str) -> BTreeMap<String, Column> {
    // table_info says nothing of generated columns.
    let mut statement = conn.prepare(&format!("PRAGMA table_xinfo(\"{table}\")")).expect("a pragma");
    let read = statement.query_map([], |row| {
        let (not_null, default, key, hidden): (bool, Option<String>, bool, i64) = (row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?);
        Ok((row.get(1)?, Column { not_null, has_default: default.is_some(), key, generated: hidden != 0 }))
    });
    read.expect("columns").collect::<Result<_, _>>().expect("columns")
}

/// Is the field written to a column of the resource's own table?
fn is_written(field: &Field) -> bool {
    field.stored().is_some() && field.saver().is_none() && !matches!(field.kind, Kind::Nested(_) | Kind::Many(_))
}

#[test]
fn rows_are_read() {
    let (_folder, db) = fresh();
    let conn = reader(&db);
    for resource in resources().into_iter().filter(|r| !r.fields.is_empty()) {
        prepares(&conn, resource.title, &row_sql(resource));
        for field in resource.fields {
            if let (Kind::Many(_), Source::Computed(keys)) = (field.kind, field.source) {
                prepares(&conn, field.name, keys);
            }
        }
    }
}

#[test]
fn filters_are_asked() {
    let (_folder, db) = fresh();
    let conn = reader(&db);
    for resource in resources() {
        for filter in resource.filters {
            let Does::Sql(sql) = filter.does else { continue };
            let what = format!("{} by {}", resource.title, filter.name);
            prepares(&conn, &what, &format!("SELECT t.id FROM \"{}\" t WHERE ({sql})", resource.table));
            if matches!(filter.reads, Reads::Flag) {
                assert!(!sql.contains('?'), "{what}: a flag has no value");
                prepares(&conn, &what, &format!("SELECT t.id FROM \"{}\" t WHERE NOT coalesce(({sql}), 0)", resource.table));
            }
        }
    }
}

#[test]
fn lists_are_sorted() {
    let (_folder, db) = fresh();
    let conn = reader(&db);
    for resource in resources() {
        for order in resource.order.iter().chain(std::iter::once(&resource.sort)).filter(|o| !o.sql.is_empty()) {
            let what = format!("{} by {}", resource.title, order.name);
            let sql = order.sql.join(", ");
            prepares(&conn, &what, &format!("SELECT t.id FROM \"{}\" t {} ORDER BY {sql}, t.id", resource.table, order.join));
            if !order.walk.is_empty() {
                prepares(&conn, &what, &format!("SELECT t.id FROM {} ORDER BY {sql}, t.id", order.walk));
            }
        }
        let mut names: Vec<&str> = resource.order.iter().map(|o| o.name).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair.first() != pair.last()), "{}: a word of ordering stands there twice", resource.title);
    }
}

#[test]
fn searches_are_made() {
    let (_folder, db) = fresh();
    let conn = reader(&db);
    for resource in resources() {
        for Search { table, columns, indexed, link, .. } in resource.search {
            let within = |hits: &str| {
                let keys = if link.is_empty() { hits.to_string() } else { link.replace("{}", hits) };
                format!("SELECT t.id FROM \"{}\" t WHERE t.id IN ({keys})", resource.table)
            };
            for column in *columns {
                for test in ["REGEXP ?", "LIKE ? ESCAPE '\\'"] {
                    prepares(&conn, resource.title, &within(&format!("SELECT id FROM \"{table}\" WHERE \"{column}\" {test}")));
                }
                if *indexed {
                    prepares(&conn, resource.title, &format!("SELECT \"{column}\" FROM \"{table}_search\""));
                }
            }
            if *indexed {
                prepares(&conn, resource.title, &within(&format!("SELECT rowid FROM \"{table}_search\" WHERE \"{table}_search\" MATCH ?")));
            }
        }
    }
}

#[test]
fn columns_exist() {
    let (_folder, db) = fresh();
    let conn = reader(&db);
    for resource in resources() {
        let columns = columns(&conn, resource.table);
        assert!(columns.contains_key("id"), "{}: there is no table {} with a key", resource.title, resource.table);
        for field in resource.fields {
            let Source::Column(name) = field.source else { continue };
            let column = columns.get(name).unwrap_or_else(|| panic!("{} has no column {name}", resource.table));
            assert!(!(column.generated && is_written(field)), "{}.{name} is generated; nobody can write it", resource.table);
        }
    }
}

#[test]
fn a_creation_fills_every_column() {
    let (_folder, db) = fresh();
    let conn = reader(&db);
    let mut used = Vec::new();
    for resource in resources().into_iter().filter(|r| r.verbs.has(Verbs::CREATE)) {
        for (name, column) in columns(&conn, resource.table) {
            if !column.not_null || column.has_default || column.key || column.generated {
                continue;
            }
            let filled = |field: &Field| {
                let by_itself = field.required || !matches!(field.fill, Fill::Nothing | Fill::Null);
                is_written(field) && field.stored() == Some(&name) && by_itself
            };
            if resource.fields.iter().any(filled) {
                continue;
            }
            let rule = FILLED_BY_RULE.iter().position(|r| r.0 == resource.table && r.1 == name);
            used.push(rule.unwrap_or_else(|| panic!("a new row of {} gets no {name}", resource.table)));
        }
    }
    assert!((0..FILLED_BY_RULE.len()).all(|i| used.contains(&i)), "a rule of FILLED_BY_RULE is not needed");
}

#[test]
fn null_is_null_on_both_sides() {
    let (_folder, db) = fresh();
    let conn = reader(&db);
    let (mut wrong, mut used) = (Vec::new(), Vec::new());
    for resource in resources().into_iter().filter(|r| r.verbs.has(Verbs::CREATE) || r.verbs.has(Verbs::UPDATE)) {
        let columns = columns(&conn, resource.table);
        for field in resource.fields.iter().filter(|field| is_written(field)) {
            let Some(column) = field.stored().and_then(|name| columns.get(name)) else { continue };
            if field.null != column.not_null {
                continue;
            }
            match NULL_BY_RULE.iter().position(|r| r.0 == resource.table && r.1 == field.name) {
                Some(rule) => used.push(rule),
                None => {
                    wrong.push(format!("{}.{}: the field is {}nullable", resource.table, field.name, if field.null { "" } else { "not " }))
                }
            }
        }
    }
    assert!(wrong.is_empty(), "fields and columns disagree:\n{}", wrong.join("\n"));
    assert!((0..NULL_BY_RULE.len()).all(|i| used.contains(&i)), "a rule of NULL_BY_RULE is not needed");
}

#[test]
fn what_carries_tags_and_parameters_takes_them_along() {
    let (_folder, db) = fresh();
    let conn = reader(&db);
    let trigger = |table: &str| {
        let sql = "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 AND name = ?1 || '_gone'";
        conn.query_row(sql, [table], |row| row.get::<_, String>(0)).unwrap_or_default()
    };
    for resource in resources() {
        let carries = |what: &str| resource.fields.iter().any(|field| field.name == what);
        if !(carries("tags") || carries("parameters")) || !resource.verbs.has(Verbs::DELETE) {
            continue;
        }
        let trigger = trigger(resource.table);
        let takes = |what: &str| assert!(trigger.contains(what), "{} keeps {what}", resource.table);
        if carries("tags") {
            takes(&format!("tagged_item WHERE model_type = '{}'", resource.model));
        }
        if carries("parameters") {
            takes(&format!(".{}'", resource.model));
        }
        if attachment::MODELS.iter().any(|model| model.0 == resource.model) {
            takes(&format!("attachment WHERE model_type = '{}'", resource.model));
        }
    }
}
