//! Rows that have a parent of their own kind: level, path and the key that sorts them are derived here.

use rusqlite::Connection;

use super::write::Change;
use crate::db;
use crate::error::Result;

/// Parts ancestors in a tree key.
pub const BETWEEN: char = '\u{1}';
/// Parts the name from the key inside a segment.
pub const INSIDE: char = '\u{2}';
/// Characters of a path at most.
const MAX_PATH: usize = 250;
/// Levels at most: guards against circles in damaged data.
const MAX_DEPTH: i64 = 100;

/// How a table spells its tree.
pub struct Tree {
    /// The table.
    pub table: &'static str,
    /// The column of the parent's key.
    pub parent: &'static str,
    /// The rows have names that sort them and make paths.
    pub named: bool,
}

impl Tree {
    /// SQL: is `t` below the row with the key `?`, or that row itself?
    pub fn within(&self) -> String {
        let table = self.table;
        format!("t.id = ? OR t.tree_key > (SELECT tree_key FROM {table} WHERE id = ?) || char(1) AND t.tree_key < (SELECT tree_key FROM {table} WHERE id = ?) || char(2)")
    }

    /// SQL that selects the keys of the row `?` and of all below it.
    pub fn keys_within(&self) -> String {
        let table = self.table;
        format!("SELECT d.id FROM {table} a JOIN {table} d ON d.id = a.id OR d.tree_key > a.tree_key || char(1) AND d.tree_key < a.tree_key || char(2) WHERE a.id = ?")
    }

    /// The keys of a row and of all below it, parents before children.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn below(&self, conn: &Connection, id: i64) -> Result<Vec<i64>> {
        let table = self.table;
        let sql = format!(
            "SELECT d.id FROM {table} a, {table} d WHERE a.id = ?1 AND (d.id = a.id OR d.tree_key > a.tree_key || char(1) AND d.tree_key < a.tree_key || char(2)) ORDER BY d.tree_key"
        );
        db::column(conn, &sql, [id])
    }

    /// Refuses a parent that is the row itself or lies below it.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn check(&self, change: &mut Change<'_>) -> Result<()> {
        let (Some(id), Some(parent)) = (change.id, change.int(self.parent)) else { return Ok(()) };
        if change.changes(self.parent) && self.below(change.tx, id)?.contains(&parent) {
            change.wrong(self.parent, "This lies below the object itself, or is it.");
        }
        Ok(())
    }

    /// After a row was written: derives its columns and those of all rows below it, where the change made that necessary.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn saved(&self, change: &mut Change<'_>) -> Result<()> {
        let moved = change.creates() || change.changes(self.parent) || self.named && change.changes("name");
        if moved { self.derive(change.tx, change.key()) } else { Ok(()) }
    }

    /// Derives the columns of a row and of all below it.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn derive(&self, conn: &Connection, id: i64) -> Result<()> {
        let (table, parent) = (self.table, self.parent);
        let name = if self.named { "name" } else { "''" };
        let mut places: Vec<(i64, i64, String, String)> = Vec::new();
        {
            let above: Option<i64> = db::one(conn, &format!("SELECT {parent} FROM {table} WHERE id = ?1"), [id])?;
            let (level, key, path) = match above {
                Some(above) => {
                    let key: String = db::one(conn, &format!("SELECT tree_key FROM {table} WHERE id = ?1"), [above])?.unwrap_or_default();
                    let level: i64 = db::one(conn, &format!("SELECT level FROM {table} WHERE id = ?1"), [above])?.unwrap_or(0);
                    let path = if self.named { names_in(&key) } else { String::new() };
                    (level + 1, key, path)
                }
                None => (0, String::new(), String::new()),
            };
            let mut todo = vec![(id, level, key, path)];
            while let Some((id, level, key, path)) = todo.pop() {
                let own: String = db::one(conn, &format!("SELECT {name} FROM {table} WHERE id = ?1"), [id])?.unwrap_or_default();
                let segment = format!("{own}{INSIDE}{id:x}");
                let key = if key.is_empty() { segment } else { format!("{key}{BETWEEN}{segment}") };
                let path = if path.is_empty() { own } else { format!("{path}/{own}") };
                if level < MAX_DEPTH {
                    let children: Vec<i64> = db::column(conn, &format!("SELECT id FROM {table} WHERE {parent} = ?1"), [id])?;
                    todo.extend(children.into_iter().map(|child| (child, level + 1, key.clone(), path.clone())));
                }
                places.push((id, level, key, path));
            }
        }
        for (id, level, key, path) in places {
            let shown = shortened(&path);
            db::run(conn, &format!("UPDATE {table} SET level = ?2, tree_key = ?3 WHERE id = ?1"), (id, level, key))?;
            if self.named {
                db::run(conn, &format!("UPDATE {table} SET pathstring = ?2 WHERE id = ?1"), (id, shown))?;
            }
        }
        Ok(())
    }
}

/// The names that a tree key holds, as a path.
fn names_in(key: &str) -> String {
    key.split(BETWEEN).map(|segment| segment.split(INSIDE).next().unwrap_or_default()).collect::<Vec<_>>().join("/")
}

/// A path of at most 250 characters: what is longer loses its middle.
fn shortened(path: &str) -> String {
    let letters: Vec<char> = path.chars().collect();
    if letters.len() <= MAX_PATH {
        return path.to_string();
    }
    let half = (MAX_PATH - 3) / 2;
    letters.iter().take(half).chain(&['.', '.', '.']).chain(letters.iter().skip(letters.len() - half)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_paths_lose_their_middle() {
        assert_eq!(shortened("a/b"), "a/b");
        let long = shortened(&"x".repeat(300));
        assert_eq!((long.len(), long.contains("...")), (249, true));
        assert_eq!(names_in("A\u{2}1\u{1}B C\u{2}1f"), "A/B C");
    }
}
