//! Who is made of whom: the lines of a part with those that it inherits, what a part is made of at any depth, and which parts may fill a line.

use rusqlite::Connection;

use crate::db::{self, Tx};
use crate::error::Result;
use crate::part::part::TREE;

/// SELECT of the lines of the part `?1`: its own, and those that templates above it pass on.
const LINES: &str = "WITH RECURSIVE up (id) AS (SELECT ?1 UNION SELECT p.variant_of FROM part p JOIN up ON p.id = up.id WHERE p.variant_of IS NOT NULL) \
    SELECT i.id FROM up CROSS JOIN bom_item i ON i.part = up.id WHERE i.part = ?1 OR i.inherited = 1 ORDER BY i.id";

/// The lines of a part: its own, and those that templates above it pass on.
///
/// # Errors
/// The database cannot be asked.
pub fn lines(conn: &Connection, part: i64) -> Result<Vec<i64>> {
    db::column(conn, LINES, [part])
}

/// Would a line of `part` that asks for `sub_part` make anything part of itself? It would if both are of one family of variants, or if any
/// part that `sub_part` is made of, at any depth, is of the family of `part`.
///
/// # Errors
/// The database cannot be asked.
pub fn closes_a_loop(conn: &Connection, part: i64, sub_part: i64) -> Result<bool> {
    let sql = "WITH RECURSIVE made (id) AS (SELECT ?2 UNION \
        SELECT i.sub_part FROM made m JOIN part o ON o.id = m.id JOIN bom_item i ON i.part = o.id OR i.inherited = 1 AND i.part IN (\
        WITH RECURSIVE up (id) AS (SELECT o.variant_of UNION SELECT p.variant_of FROM part p JOIN up ON p.id = up.id) SELECT id FROM up)) \
        SELECT 1 FROM made m JOIN part x ON x.id = m.id, part a WHERE a.id = ?1 \
        AND substr(x.tree_key, 1, instr(x.tree_key || char(1), char(1)) - 1) = substr(a.tree_key, 1, instr(a.tree_key || char(1), char(1)) - 1) LIMIT 1";
    Ok(db::one::<i64>(conn, sql, [part, sub_part])?.is_some())
}

/// The assemblies whose bill of materials has a line: that of its part, and where it is passed on those of all variants below.
///
/// # Errors
/// The database cannot be asked.
pub fn assemblies(conn: &Connection, part: i64, inherited: bool) -> Result<Vec<i64>> {
    if inherited { TREE.below(conn, part) } else { Ok(vec![part]) }
}

/// Makes an assembly trackable, and every assembly that it is built into: what holds something with a serial number has one itself.
///
/// # Errors
/// The database cannot be written.
pub fn must_be_trackable(tx: &Tx<'_>, assembly: i64) -> Result<()> {
    db::run(
        tx,
        "UPDATE part SET trackable = 1 WHERE trackable = 0 AND id IN (WITH RECURSIVE up (id) AS (SELECT ?1 UNION \
         SELECT i.part FROM bom_item i JOIN up ON i.sub_part = up.id) SELECT id FROM up)",
        [assembly],
    )
    .map(|_| ())
}

/// `t.…` is one of the parts that may fill the lines that `$lines` (a SELECT of keys) names; see `fillers`.
macro_rules! fills {
    ($part:expr, $lines:expr) => {
        concat!(
            $part,
            " IN (WITH line (id) AS (",
            $lines,
            "), named (line, part) AS (SELECT i.id, i.sub_part FROM line JOIN bom_item i ON i.id = line.id \
             UNION ALL SELECT u.bom_item, u.part FROM line JOIN bom_substitute u ON u.bom_item = line.id), \
             filler (line, part) AS (SELECT line, part FROM named UNION ALL SELECT n.line, v.id FROM named n \
             JOIN bom_item i ON i.id = n.line AND i.allow_variants = 1 JOIN part r ON r.id = n.part \
             JOIN part v ON v.tree_key > r.tree_key || char(1) AND v.tree_key < r.tree_key || char(2)) \
             SELECT f.part FROM filler f JOIN part p ON p.id = f.part JOIN bom_item i ON i.id = f.line JOIN part x ON x.id = i.sub_part \
             WHERE p.trackable = x.trackable)"
        )
    };
}
/// The row `t` of stock may fill the line `?`.
pub const STOCK_FILLS: &str = fills!("t.part", "SELECT ?");
/// The part `t` may fill a line of the part `?`, its own or one that it inherits.
pub const PART_FILLS: &str = fills!(
    "t.id",
    "WITH RECURSIVE up (id, own) AS (SELECT ?, 1 UNION SELECT p.variant_of, 0 FROM part p JOIN up ON p.id = up.id WHERE p.variant_of IS NOT NULL) \
     SELECT i.id FROM up CROSS JOIN bom_item i ON i.part = up.id WHERE up.own = 1 OR i.inherited = 1"
);

/// By how much a part is meant by a line: 1 for the part that the line names, 2 for its variants, 3 for substitutes and theirs.
pub type Rank = i64;

/// The parts that may fill a line, and how near each is to it. Variants count where the line allows them; all must be tracked as the part
/// that the line names is.
///
/// # Errors
/// The database cannot be asked.
pub fn fillers(conn: &Connection, line: i64, substitutes: bool) -> Result<Vec<(i64, Rank)>> {
    let sql = "WITH named (part, rank) AS (SELECT sub_part, 1 FROM bom_item WHERE id = ?1 \
         UNION ALL SELECT part, 3 FROM bom_substitute WHERE bom_item = ?1 AND ?2), \
        filler (part, rank) AS (SELECT part, rank FROM named UNION ALL \
         SELECT v.id, max(n.rank, 2) FROM bom_item i JOIN named n JOIN part r ON r.id = n.part \
         JOIN part v ON v.tree_key > r.tree_key || char(1) AND v.tree_key < r.tree_key || char(2) WHERE i.id = ?1 AND i.allow_variants = 1) \
        SELECT f.part, min(f.rank) FROM filler f JOIN part p ON p.id = f.part \
         WHERE p.trackable = (SELECT s.trackable FROM bom_item i JOIN part s ON s.id = i.sub_part WHERE i.id = ?1) GROUP BY f.part";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map((line, substitutes), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// May this part fill the line?
///
/// # Errors
/// The database cannot be asked.
pub fn may_fill(conn: &Connection, line: i64, part: i64) -> Result<bool> {
    Ok(fillers(conn, line, true)?.iter().any(|filler| filler.0 == part))
}
