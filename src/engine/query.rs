//! What a list was asked for: filters, search, order and page become one SELECT of keys.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::call::{Call, Query};
use super::describe::{Does, Filter, Filtered, Member, Reads, Resource};
use super::input::{Value, decimal};
use super::moment;
use crate::db;
use crate::error::{Error, Problems, Result};

/// Keys of a `pk IN (…)` filter at most.
const MAX_KEYS: usize = 5000;
/// Filters of a family at most.
const MAX_MEMBERS: usize = 50;
/// How the FROM of a walk ends that reads the rows as they lie and sorts them: better than an index that is in no order either.
pub const UNSORTED: &str = "NOT INDEXED";
/// Terms of one search at most.
const MAX_TERMS: usize = 16;

/// The growing WHERE of a list.
#[derive(Default)]
pub struct Where {
    sql: String,
    values: Vec<Value>,
    named: Vec<&'static str>,
}

impl Where {
    /// Adds a condition; each `?` takes the next value. `:user`, `:today`, `:now`, `:token` and `:above` are known.
    pub fn and(&mut self, sql: &str, values: impl IntoIterator<Item = Value>) {
        self.sql += if self.sql.is_empty() { " WHERE (" } else { " AND (" };
        self.sql += sql;
        self.sql.push(')');
        self.values.extend(values);
        for name in SPECIAL {
            if sql.contains(name) && !self.named.contains(&name) {
                self.named.push(name);
            }
        }
    }

    /// Adds a condition or its opposite. What is neither true nor false counts as false.
    pub fn and_if(&mut self, want: bool, sql: &str) {
        if want {
            self.and(sql, []);
        } else {
            self.and(&format!("NOT coalesce(({sql}), 0)"), []);
        }
    }

    /// Nothing narrows the list?
    pub fn is_empty(&self) -> bool {
        self.sql.is_empty()
    }
}

/// Which rows of a list are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many; none means all of them, without a wrapper.
    pub limit: Option<i64>,
    /// After so many.
    pub offset: i64,
}

impl Page {
    /// Reads `limit` and `offset`; junk counts as not there (CONVENTIONS §4).
    pub fn of(query: &Query) -> Page {
        let number = |name| query.get(name).and_then(|t| t.trim().parse::<i64>().ok()).filter(|n| *n > 0);
        let limit = number("limit");
        Page { limit, offset: if limit.is_some() { number("offset").unwrap_or(0) } else { 0 } }
    }

    /// The addresses of the next and the previous page.
    pub fn links(&self, call: &Call, count: i64) -> (Option<String>, Option<String>) {
        let Some(limit) = self.limit else { return (None, None) };
        let link = |offset: i64| {
            let mut pairs: Vec<(&str, &str)> = call.query.iter().filter(|(k, _)| *k != "offset" && *k != "limit").collect();
            let (limit, offset_text) = (limit.to_string(), offset.to_string());
            pairs.push(("limit", &limit));
            if offset > 0 {
                pairs.push(("offset", &offset_text));
            }
            pairs.sort_by_key(|p| p.0);
            let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            format!("{}{}?{query}", call.origin, call.path)
        };
        let after = self.offset.saturating_add(limit);
        let next = (after < count).then(|| link(after));
        let previous = (self.offset > 0).then(|| link((self.offset - limit).max(0)));
        (next, previous)
    }
}

/// The rows that a request means: what narrows them, and in which order they come.
pub struct Selection {
    resource: &'static Resource,
    condition: Where,
    order: String,
    join: String,
    walk: &'static str,
    /// Most rows pass: walking them in their order fills a page soon.
    wide: bool,
}

impl Selection {
    /// Reads filters, search and ordering of the request.
    ///
    /// # Errors
    /// 400 for filter values that make no sense.
    pub fn of(call: &Call, conn: &Connection, resource: &'static Resource) -> Result<Selection> {
        let (mut condition, mut wide) = where_of(call, conn, resource)?;
        if let Some(terms) = call.query.get("search").filter(|t| !t.trim().is_empty()) {
            search(call, resource, terms, &mut condition)?;
            wide = false;
        }
        let (order, join, walk) = order_of(resource, call.query.get("ordering").unwrap_or_default());
        Ok(Selection { resource, condition, order, join, walk, wide })
    }

    /// The keys of one page, in order, and how many rows there are on all pages; without pages the keys of all rows.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn found(&mut self, call: &Call, conn: &Connection, page: Page) -> Result<(Vec<i64>, Option<i64>)> {
        let Some(limit) = page.limit else { return Ok((self.keys(call, conn, page)?, None)) };
        // Where there is nothing to decide, a page that is not full tells the number: most searches are made once, not twice.
        if self.walk.is_empty() && self.count_sql().is_some() {
            let keys = self.keys(call, conn, page)?;
            let here = i64::try_from(keys.len()).unwrap_or(i64::MAX);
            let is_last = here < limit && (here > 0 || page.offset == 0);
            let count = if is_last { page.offset + here } else { self.count(call, conn)? };
            return Ok((keys, Some(count)));
        }
        let count = self.count(call, conn)?;
        self.weigh(conn, page, count)?;
        let keys = if count == 0 { Vec::new() } else { self.keys(call, conn, page)? };
        Ok((keys, Some(count)))
    }

    /// Once the number of rows is known, decides whether to walk them in their order until the page is full, or to sort those that fit: the
    /// one looks at about as many rows as there are for each that fits, times the page, the other at all that fit.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn weigh(&mut self, conn: &Connection, page: Page, count: i64) -> Result<()> {
        let Some(limit) = page.limit.filter(|_| self.resource.counted && !self.walk.is_empty() && !self.walk.ends_with(UNSORTED)) else {
            return Ok(());
        };
        let all: i64 = db::one(conn, "SELECT rows FROM row_count WHERE name = ?1", [self.resource.table])?.unwrap_or(0);
        let (all, count) = (i128::from(all), i128::from(count));
        self.wide |= i128::from(limit.saturating_add(page.offset)) * all < count * count;
        Ok(())
    }

    /// How many rows.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn count(&self, call: &Call, conn: &Connection) -> Result<i64> {
        let Some(sql) = self.count_sql() else {
            return Ok(db::one(conn, "SELECT rows FROM row_count WHERE name = ?1", [self.resource.table])?.unwrap_or(0));
        };
        Ok(self.ask(call, conn, &sql, None)?.first().copied().unwrap_or(0))
    }

    /// The SELECT that counts the rows; none where a table of counts knows.
    pub fn count_sql(&self) -> Option<String> {
        let known = self.condition.is_empty() && self.resource.counted;
        (!known).then(|| format!("SELECT count(*) FROM \"{}\" t{}", self.resource.table, self.condition.sql))
    }

    /// The keys of one page, in order.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn keys(&self, call: &Call, conn: &Connection, page: Page) -> Result<Vec<i64>> {
        let sql = self.sql(page.limit.is_some());
        self.ask(call, conn, &sql, page.limit.map(|limit| (limit, page.offset)))
    }

    /// The SELECT of keys; its text depends only on which parameters there are.
    pub fn sql(&self, paged: bool) -> String {
        let limit = if paged { " LIMIT :limit OFFSET :offset" } else { "" };
        let join = if self.join.is_empty() { String::new() } else { format!(" {}", self.join) };
        let walks = paged && self.wide && !self.walk.is_empty();
        let from = if walks { self.walk.to_string() } else { format!("\"{}\" t{join}", self.resource.table) };
        format!("SELECT t.id FROM {from}{} ORDER BY {}{limit}", self.condition.sql, self.order)
    }

    fn ask(&self, call: &Call, conn: &Connection, sql: &str, page: Option<(i64, i64)>) -> Result<Vec<i64>> {
        let mut statement = conn.prepare_cached(sql)?;
        let mut named: Vec<(&str, Value)> = Vec::new();
        for name in &self.condition.named {
            named.push((name, special(call, name)));
        }
        if let Some((limit, offset)) = page {
            named.push((":limit", Value::Int(limit)));
            named.push((":offset", Value::Int(offset)));
        }
        let mut taken = Vec::new();
        for (name, value) in &named {
            if let Some(index) = statement.parameter_index(name)? {
                statement.raw_bind_parameter(index, value)?;
                taken.push(index);
            }
        }
        let mut free = (1..=statement.parameter_count()).filter(|i| !taken.contains(i));
        for value in &self.condition.values {
            let index = free.next().ok_or_else(|| Error::Internal("more values than places in a filter".into()))?;
            statement.raw_bind_parameter(index, value)?;
        }
        let mut rows = statement.raw_query();
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(row.get(0)?);
        }
        Ok(found)
    }
}

/// Names that every piece of SQL may use for facts of the request.
pub const SPECIAL: [&str; 5] = [":user", ":today", ":now", ":token", ":above"];

/// What these names stand for.
pub fn special(call: &Call, name: &str) -> Value {
    match name {
        ":user" => Value::Int(call.user.id),
        ":token" => Value::Int(call.token),
        ":above" => call.above.into(),
        ":today" => Value::Text(moment::day(call.now)),
        _ => Value::Int(call.now),
    }
}

/// Everything that narrows the list but the search; and whether it narrows little.
fn where_of(call: &Call, conn: &Connection, resource: &'static Resource) -> Result<(Where, bool)> {
    let mut rows = Where::default();
    let mut wide = true;
    let mut problems = Problems::default();
    if let Some(scope) = resource.scope.map(|scope| scope(call)).filter(|s| !s.is_empty()) {
        rows.and(&scope, []);
    }
    for filter in resource.filters {
        let Some(text) = call.query.get(filter.name) else { continue };
        match filter_value(conn, filter, text.trim())? {
            Ok(None) => {}
            Ok(Some(value)) => {
                wide &= filter.common && value == Value::Flag(true);
                match filter.does {
                    Does::Sql(sql) if matches!(filter.reads, Reads::Flag) => rows.and_if(value == Value::Flag(true), sql),
                    Does::Sql(sql) => rows.and(sql, std::iter::repeat_n(value, sql.matches('?').count())),
                    Does::By(apply) => apply(&Filtered { call, conn, value }, &mut rows)?,
                }
            }
            Err(why) => problems.add(filter.name, why),
        }
    }
    problems.result()?;
    let mut members = BTreeSet::new();
    for family in resource.families {
        for (name, _) in call.query.iter() {
            let (Some(rest), Some(text)) = (name.strip_prefix(family.prefix), call.query.get(name)) else { continue };
            if !members.insert(name) {
                continue;
            }
            if members.len() > MAX_MEMBERS {
                return crate::error::invalid(name.to_string(), format!("At most {MAX_MEMBERS} filters of this kind can be used at once."));
            }
            (family.narrow)(&Member { conn, resource, name, rest, text: text.trim() }, &mut rows)?;
            wide = false;
        }
    }
    Ok((rows, wide))
}

/// Reads a filter's text: nothing if it does not apply, or why it makes no sense.
fn filter_value(conn: &Connection, filter: &Filter, text: &str) -> Result<std::result::Result<Option<Value>, &'static str>> {
    const NUMBER: &str = "A number is expected here.";
    if text.is_empty() && !matches!(filter.reads, Reads::IntOrNull) {
        return Ok(Ok(None));
    }
    Ok(match filter.reads {
        Reads::Flag => Ok(match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(Value::Flag(true)),
            "false" | "0" => Some(Value::Flag(false)),
            _ => None,
        }),
        Reads::Number => decimal(text, 19, 6, true).map(|n| Some(Value::Int(n))).map_err(|_| NUMBER),
        Reads::Int => text.parse().map(|n| Some(Value::Int(n))).map_err(|_| NUMBER),
        Reads::IntOrNull => match text.to_ascii_lowercase().as_str() {
            "" | "null" | "none" | "top" | "empty" | "false" | "-1" => Ok(Some(Value::Null)),
            _ => text.parse().map(|n| Some(Value::Int(n))).map_err(|_| NUMBER),
        },
        Reads::Date => moment::read_day(text).map(|d| Some(Value::Text(d))).ok_or("A date is written YYYY-MM-DD."),
        Reads::Text => Ok(Some(Value::Text(text.into()))),
        Reads::Regex => match db::regex_of(text) {
            Ok(_) => Ok(Some(Value::Text(text.into()))),
            Err(_) => Err("This is not a regular expression that can be used here."),
        },
        Reads::Ref(target) => {
            let sql = format!("SELECT 1 FROM \"{}\" WHERE id = ?1", target.table);
            match text.parse::<i64>() {
                Ok(id) if db::one::<i64>(conn, &sql, [id])?.is_some() => Ok(Some(Value::Int(id))),
                _ => Err("This is not one of the possible choices."),
            }
        }
        Reads::Ints => {
            let list: Option<Vec<i64>> = text.split(',').map(|t| t.trim().parse().ok()).collect();
            match list {
                Some(keys) if keys.len() <= MAX_KEYS => Ok(Some(Value::Keys(keys))),
                _ => Err(NUMBER),
            }
        }
    })
}

/// The terms of a search: blanks and commas part them, quotes keep a phrase together.
fn terms_of(text: &str) -> Vec<String> {
    let (mut terms, mut term, mut quote) = (Vec::new(), String::new(), None);
    for c in text.chars().filter(|c| *c != '\0') {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '"' | '\'') if term.is_empty() => quote = Some(c),
            (None, c) if c.is_whitespace() || c == ',' => terms.push(std::mem::take(&mut term)),
            _ => term.push(c),
        }
    }
    terms.push(term);
    terms.retain(|t| !t.is_empty());
    terms.truncate(MAX_TERMS);
    terms
}

/// Every term must be found in at least one of the searched texts.
fn search(call: &Call, resource: &Resource, text: &str, rows: &mut Where) -> Result<()> {
    let regex = call.query.flag("search_regex").unwrap_or(false);
    let whole = call.query.flag("search_whole").unwrap_or(false);
    for term in terms_of(text) {
        let pattern = match (regex, whole) {
            (true, true) => Some(format!("\\b(?:{term})\\b")),
            (true, false) => Some(term.clone()),
            (false, true) => Some(format!("\\b{}\\b", regex::escape(&term))),
            (false, false) => None,
        };
        if pattern.as_deref().is_some_and(|p| db::regex_of(p).is_err()) {
            return crate::error::invalid("search", "This is not a regular expression that can be used here.");
        }
        let like = format!("%{}%", term.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
        let (mut parts, mut values) = (Vec::new(), Vec::new());
        for place in resource.search {
            let (table, link) = (place.table, if place.link.is_empty() { "{}" } else { place.link });
            // Three characters are the least that the trigram index knows.
            if place.indexed && pattern.is_none() && term.chars().count() >= 3 {
                parts.push(link.replace("{}", &format!("SELECT rowid FROM \"{table}_search\" WHERE \"{table}_search\" MATCH ?")));
                values.push(Value::Text(format!("{{{}}} : \"{}\"", place.columns.join(" "), term.replace('"', "\"\""))));
                continue;
            }
            for column in place.columns {
                let test = if pattern.is_some() { "REGEXP ?" } else { "LIKE ? ESCAPE '\\'" };
                // Nothing is found in an empty text; and an index of those that are not empty is smaller than the table.
                let filled = if pattern.is_some() { String::new() } else { format!("\"{column}\" <> '' AND ") };
                parts.push(link.replace("{}", &format!("SELECT id FROM \"{table}\" WHERE {filled}\"{column}\" {test}")));
                values.push(Value::Text(pattern.clone().unwrap_or_else(|| like.clone())));
            }
        }
        let hits = parts.join(" UNION ");
        if resource.search.iter().any(|place| place.ancestors) {
            let table = resource.table;
            rows.and(
                &format!("t.id IN (WITH RECURSIVE up (id) AS ({hits} UNION SELECT p.parent FROM \"{table}\" p JOIN up ON p.id = up.id WHERE p.parent IS NOT NULL) SELECT id FROM up)"),
                values,
            );
        } else if !parts.is_empty() {
            rows.and(&format!("t.id IN ({hits})"), values);
        }
    }
    Ok(())
}

/// The ORDER BY and the join that it needs. Unknown words are dropped; the key comes last, descending if the last word is.
fn order_of(resource: &'static Resource, asked: &str) -> (String, String, &'static str) {
    let direction = |down: bool| if down { " DESC" } else { "" };
    let mut sql: Vec<String> = Vec::new();
    let mut words: Vec<&str> = Vec::new();
    let mut joins: Vec<&str> = Vec::new();
    let (mut walk, mut last) = ("", false);
    for word in asked.split(',').map(str::trim) {
        let (name, down) = word.strip_prefix('-').map_or((word, false), |name| (name, true));
        // A word that comes again changes nothing; SQLite takes some thousands of terms, and then refuses.
        if words.contains(&name) || words.len() >= MAX_MEMBERS {
            continue;
        }
        if let Some(order) = resource.order.iter().find(|o| o.name == name) {
            if words.is_empty() {
                walk = order.walk;
            }
            sql.extend(order.sql.iter().map(|expression| format!("{expression}{}", direction(down))));
            if !order.join.is_empty() && !joins.contains(&order.join) {
                joins.push(order.join);
            }
        } else {
            let members = resource.families.iter().filter_map(|f| Some((f.order)(resource, name.strip_prefix(f.prefix)?)));
            let before = sql.len();
            sql.extend(members.flatten().map(|expression| expression.replace("{}", direction(down))));
            if sql.len() == before {
                continue;
            }
        }
        words.push(name);
        last = down;
    }
    if words.is_empty() {
        let order = &resource.sort;
        last = order.name.starts_with('-');
        walk = order.walk;
        sql.extend(order.sql.iter().map(|expression| format!("{expression}{}", direction(last))));
        joins.extend(Some(order.join).filter(|j| !j.is_empty()));
    }
    sql.push(format!("t.id{}", direction(last)));
    (sql.join(", "), joins.join(" "), if joins.len() > 1 { "" } else { walk })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_terms() {
        assert_eq!(terms_of("red led, \"0603 smd\""), ["red", "led", "0603 smd"]);
        assert!(terms_of(" , ").is_empty());
        assert_eq!(terms_of("5'"), ["5'"]);
    }

    #[test]
    fn pages_forgive_junk() {
        let page = |q: &str| Page::of(&Query::parse(q));
        assert_eq!(page("limit=x&offset=3"), Page { limit: None, offset: 0 });
        assert_eq!(page("limit=0"), Page { limit: None, offset: 0 });
        assert_eq!(page("limit=5&offset=-1"), Page { limit: Some(5), offset: 0 });
    }
}
