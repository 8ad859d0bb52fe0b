//! `/api/stock/{id}/serial-numbers/`: the neighbours of an item by serial number.

use super::item::{ITEM, ROLES};
use crate::db;
use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::{Endpoint, Field, nested};
use crate::engine::json::Json;
use crate::engine::read::{self, Shape, Writer};
use crate::error::Result;
use crate::identity::Access;
use crate::part::part::TREE;

/// The neighbours.
pub static SERIALS: Endpoint = Endpoint {
    path: "api/stock/{id}/serial-numbers/",
    access: Access::Role,
    roles: ROLES,
    title: "neighbours of a stock item",
    model: "stockitem",
    output: NEIGHBOURS,
    output_schema: "StockItemSerialNumbers",
    verbs: &[(Verb::Get, neighbours)],
    ..Endpoint::BASE
};

static NEIGHBOURS: &[Field] = &[
    nested("next", &ITEM, "").shows_null().label("Next Serial Number"),
    nested("previous", &ITEM, "").shows_null().label("Previous Serial Number"),
];

fn neighbours(call: &Call) -> Result<Reply> {
    let (conn, id) = (call.db().read()?, call.key()?);
    read::must_exist(call, &conn, &ITEM, id)?;
    let family = TREE.keys_within().replace(
        "a.id = ?",
        "a.id = (SELECT r.id FROM part r, part x, stock_item i WHERE i.id = ?1 AND x.id = i.part \
        AND r.variant_of IS NULL AND x.tree_key >= r.tree_key AND x.tree_key < r.tree_key || char(2) LIMIT 1)",
    );
    let mut out = Json::new();
    out.open('{');
    for (name, than, order) in [("next", ">", "ASC"), ("previous", "<", "DESC")] {
        let sql = format!(
            "SELECT s.id FROM stock_item s, stock_item me WHERE me.id = ?1 AND coalesce(me.serial, '') <> '' AND s.serial IS NOT NULL AND s.serial <> '' \
             AND s.serial_int {than} me.serial_int AND s.part IN ({family}) ORDER BY s.serial_int {order} LIMIT 1"
        );
        out.key(name);
        match db::one(&conn, &sql, [id])? {
            Some(neighbour) => {
                Writer::new(call, &conn).one(&ITEM, Shape::Inside, neighbour, &mut out)?;
            }
            None => out.null(),
        }
    }
    out.close('}');
    Ok(Reply::json(200, out))
}
