//! Tags: words that anything may carry. Resources show and take them through the field made here.

use rusqlite::Connection;

use crate::db;
use crate::engine::input::Value;
use crate::engine::write::Change;
use crate::error::{Result, invalid};

/// Tags that one filter may name.
const MAX_WANTED: usize = 100;

/// SQL for the tags of the row `t` of a model, as a JSON list.
macro_rules! tags_of {
    ($model:literal) => {
        concat!(
            "SELECT json_group_array(name) FROM (SELECT g.name FROM tagged_item i JOIN tag g ON g.id = i.tag WHERE i.model_type = '",
            $model,
            "' AND i.model_id = t.id ORDER BY i.id)"
        )
    };
}
pub(crate) use tags_of;

/// SQL: the row `t` of a model carries a tag whose column (`name`, `slug`) is `?`.
macro_rules! tagged {
    ($model:literal, $column:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM tagged_item i JOIN tag g ON g.id = i.tag WHERE i.model_type = '",
            $model,
            "' AND i.model_id = t.id AND g.",
            $column,
            " = ?)"
        )
    };
}
pub(crate) use tagged;

/// Lower-case letters and digits with hyphens between: the name of a tag in addresses.
pub fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.to_lowercase().chars() {
        if c.is_alphanumeric() || c == '_' {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_string()
}

/// Gives the row of a change exactly these tags.
///
/// # Errors
/// The database cannot be written.
pub fn save(change: &mut Change<'_>, value: &Value) -> Result<()> {
    let Value::Words(words) = value else { return Ok(()) };
    set(change.tx, change.resource.model, change.key(), words)
}

/// Gives an object exactly these tags.
///
/// # Errors
/// The database cannot be written.
pub fn set(conn: &Connection, model: &str, id: i64, words: &[String]) -> Result<()> {
    db::run(conn, "DELETE FROM tagged_item WHERE model_type = ?1 AND model_id = ?2", (model, id))?;
    for word in words {
        let known: Option<i64> = db::one(conn, "SELECT id FROM tag WHERE name = ?1 COLLATE NOCASE", [word])?;
        let tag = match known {
            Some(tag) => tag,
            None => {
                let base = slug(word);
                let mut slug = base.clone();
                let mut n = 1;
                while db::one::<i64>(conn, "SELECT 1 FROM tag WHERE slug = ?1", [&slug])?.is_some() {
                    slug = format!("{base}_{n}");
                    n += 1;
                }
                db::run(conn, "INSERT INTO tag (name, slug) VALUES (?1, ?2)", [word, &slug])?;
                conn.last_insert_rowid()
            }
        };
        db::run(conn, "INSERT OR IGNORE INTO tagged_item (tag, model_type, model_id) VALUES (?1, ?2, ?3)", (tag, model, id))?;
    }
    Ok(())
}

/// The filter `tags=a,b`: objects of the model that carry all of them.
///
/// # Errors
/// 400 for more tags than SQLite can look for at once.
pub fn filter(asked: &crate::engine::describe::Filtered<'_>, rows: &mut crate::engine::query::Where, model: &str) -> Result<()> {
    let Value::Text(list) = &asked.value else { return Ok(()) };
    let mut words: Vec<&str> = list.split(',').map(str::trim).filter(|w| !w.is_empty()).collect();
    words.sort_unstable();
    words.dedup();
    if words.len() > MAX_WANTED {
        return invalid("tags", format!("At most {MAX_WANTED} tags can be asked for."));
    }
    for word in words {
        let sql = format!(
            "EXISTS (SELECT 1 FROM tagged_item i JOIN tag g ON g.id = i.tag WHERE i.model_type = '{model}' AND i.model_id = t.id AND g.name = ? COLLATE NOCASE)"
        );
        rows.and(&sql, [Value::Text(word.into())]);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn slugs() {
        assert_eq!(super::slug("  Hot Stuff! (2)"), "hot-stuff-2");
    }
}
