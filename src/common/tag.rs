//! `/api/tag/`: words that anything may carry. Resources show and take them through the field made here.

use rusqlite::Connection;

use super::content_type;
use crate::db;
use crate::engine::describe::*;
use crate::engine::input::Value;
use crate::engine::write::Change;
use crate::error::{Result, invalid};
use crate::identity::Access;

/// Tags.
pub static TAG: Resource = Resource {
    path: "tag",
    model: "tag",
    schema: "Tag",
    title: "tag",
    table: "tag",
    access: Access::StaffWrites,
    verbs: Verbs::ALL,
    fields: &[
        pk(),
        text("name", 100).required().says("name", "The word"),
        text("slug", 100).fixed().slug().says("slug", "The word as addresses spell it"),
    ],
    filters: &[by("model_type", Reads::Text, |asked, rows| {
        let Value::Text(text) = &asked.value else { return Ok(()) };
        let Some(model) = content_type::named(asked.conn, text)? else {
            return invalid("model_type", format!("There is no model \"{text}\"."));
        };
        let model = model.rsplit('.').next().unwrap_or_default().to_string();
        rows.and("EXISTS (SELECT 1 FROM tagged_item i WHERE i.tag = t.id AND i.model_type = ?)", [Value::Text(model)]);
        Ok(())
    })],
    search: &[own("tag", &["name"])],
    order: &[order("name", &["t.name"])],
    check: Some(check),
    ..Resource::BASE
};

fn check(change: &mut Change<'_>) -> Result<()> {
    if !change.changes("name") {
        return Ok(());
    }
    let name = change.text("name");
    // Objects find their tags in any case, so there is one for all of them.
    if db::one::<i64>(change.tx, "SELECT 1 FROM tag WHERE name = ?1 COLLATE NOCASE AND id IS NOT ?2", (&name, change.id))?.is_some() {
        change.wrong("name", "There is such a tag already.");
    }
    let slug = free_slug(change.tx, &name, change.id)?;
    change.set("slug", Value::Text(slug));
    Ok(())
}

/// The slug of a name, numbered if another tag has it.
fn free_slug(conn: &Connection, name: &str, but: Option<i64>) -> Result<String> {
    let base = slug(name);
    let mut free = base.clone();
    let mut n = 1;
    while db::one::<i64>(conn, "SELECT 1 FROM tag WHERE slug = ?1 AND id IS NOT ?2", (&free, but))?.is_some() {
        free = format!("{base}_{n}");
        n += 1;
    }
    Ok(free)
}

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
                let slug = free_slug(conn, word, None)?;
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
