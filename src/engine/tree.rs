//! Rows that have a parent of their own kind: level, path and the key that sorts them are derived here.

use rusqlite::Connection;

use super::describe::Filtered;
use super::input::Value;
use super::query::Where;
use super::write::Change;
use crate::db;
use crate::error::{Result, WHOLE};

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
    /// SQL that selects the keys of the row `?` and of all below it.
    pub fn keys_within(&self) -> String {
        let table = self.table;
        format!(
            "SELECT d.id FROM {table} a JOIN {table} d ON d.tree_key >= a.tree_key AND d.tree_key < a.tree_key || char(2) WHERE a.id = ?"
        )
    }

    /// SQL that selects the keys of the row `?` and of all above it.
    pub fn keys_above(&self) -> String {
        let (table, parent) = (self.table, self.parent);
        format!(
            "WITH RECURSIVE up (id) AS (SELECT ? UNION SELECT p.{parent} FROM {table} p JOIN up ON p.id = up.id WHERE p.{parent} IS NOT NULL) \
             SELECT id FROM up"
        )
    }

    /// The keys of a row and of all below it, parents before children.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn below(&self, conn: &Connection, id: i64) -> Result<Vec<i64>> {
        db::column(conn, &format!("{} ORDER BY d.tree_key", self.keys_within()), [id])
    }

    /// Refuses a parent that is the row itself or lies below it, and a name that a row beside it has.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn check(&self, change: &mut Change<'_>) -> Result<()> {
        let parent = change.int(self.parent);
        if let (Some(id), Some(above)) = (change.id, parent)
            && change.changes(self.parent)
            && self.below(change.tx, id)?.contains(&above)
        {
            change.wrong(self.parent, "This lies below the object itself, or is it.");
        }
        if self.named {
            let twin = format!(
                "SELECT id FROM {} WHERE coalesce({1}, 0) = coalesce(?1, 0) AND name = ?2 AND id IS NOT ?3",
                self.table, self.parent
            );
            if db::one::<i64>(change.tx, &twin, (parent, change.text("name"), change.id))?.is_some() {
                change.wrong(WHOLE, "Another one of this name stands beside it already.");
            }
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

    /// Deletes a row; what is below it goes too, or moves up to its parent. For each row that goes `contents` is called with its key and
    /// the key of the parent of the first, to which what it holds may move.
    ///
    /// # Errors
    /// What `contents` refuses, or the database cannot be written.
    pub fn remove(&self, change: &Change<'_>, with_children: bool, contents: impl Fn(i64, Option<i64>) -> Result<()>) -> Result<()> {
        let (tx, id, above, table, parent) = (change.tx, change.key(), change.was_int(self.parent), self.table, self.parent);
        let doomed = if with_children { self.below(tx, id)? } else { vec![id] };
        for row in doomed.into_iter().rev() {
            contents(row, above)?;
            if !with_children {
                let children: Vec<i64> = db::column(tx, &format!("SELECT id FROM {table} WHERE {parent} = ?1"), [row])?;
                db::run(tx, &format!("UPDATE {table} SET {parent} = ?2 WHERE {parent} = ?1"), (row, above))?;
                for child in children {
                    self.derive(tx, child)?;
                }
            }
            db::run(tx, &format!("DELETE FROM {table} WHERE id = ?1"), [row])?;
        }
        Ok(())
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

/// The filters that every list of a tree offers.
impl Tree {
    /// `depth=n`: levels up to n, counted from the parent asked for, or from the roots.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn depth(&self, asked: &Filtered<'_>, rows: &mut Where) -> Result<()> {
        let Value::Int(depth) = asked.value else { return Ok(()) };
        let from: i64 = match asked.call.query.get("parent").and_then(|p| p.parse::<i64>().ok()) {
            Some(parent) => db::one(asked.conn, &format!("SELECT level FROM {} WHERE id = ?1", self.table), [parent])?.unwrap_or(0),
            None => 0,
        };
        rows.and("t.level <= ?", [Value::Int(from.saturating_add(depth))]);
        Ok(())
    }

    /// `top_level=true`: the roots.
    ///
    /// # Errors
    /// None.
    pub fn top_level(&self, asked: &Filtered<'_>, rows: &mut Where) -> Result<()> {
        if asked.value == Value::Flag(true) {
            rows.and(&format!("t.{} IS NULL", self.parent), []);
        }
        Ok(())
    }

    /// `cascade=false` without a parent: the roots alone.
    ///
    /// # Errors
    /// None.
    pub fn cascade(&self, asked: &Filtered<'_>, rows: &mut Where) -> Result<()> {
        if asked.value == Value::Flag(false) && asked.call.query.get("parent").is_none_or(str::is_empty) {
            rows.and(&format!("t.{} IS NULL", self.parent), []);
        }
        Ok(())
    }

    /// `parent=N`: its children; with `cascade=true` everything below it.
    ///
    /// # Errors
    /// None.
    pub fn children(&self, asked: &Filtered<'_>, rows: &mut Where) -> Result<()> {
        let parent = self.parent;
        if asked.call.query.flag("cascade") == Some(true) {
            rows.and(&format!("t.{parent} IN ({})", self.keys_within()), [asked.value.clone()]);
        } else {
            rows.and(&format!("t.{parent} = ?"), [asked.value.clone()]);
        }
        Ok(())
    }

    /// `exclude_tree=N`: neither that row nor what lies below it.
    ///
    /// # Errors
    /// None.
    pub fn exclude(&self, asked: &Filtered<'_>, rows: &mut Where) -> Result<()> {
        rows.and(&format!("t.id NOT IN ({})", self.keys_within()), [asked.value.clone()]);
        Ok(())
    }

    /// `expand_to=N`: the roots, and the ancestors of N with their siblings.
    ///
    /// # Errors
    /// None.
    pub fn expand(&self, asked: &Filtered<'_>, rows: &mut Where) -> Result<()> {
        let (table, parent) = (self.table, self.parent);
        let sql = format!(
            "WITH RECURSIVE up (id, parent) AS (SELECT id, {parent} FROM {table} WHERE id = ? UNION ALL SELECT p.id, p.{parent} FROM {table} p JOIN up ON p.id = up.parent) \
             SELECT 1 FROM up WHERE up.id = t.id OR up.parent IS t.{parent}"
        );
        rows.and(&format!("t.level = 0 OR EXISTS ({sql})"), [asked.value.clone()]);
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
