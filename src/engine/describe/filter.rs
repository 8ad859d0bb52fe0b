//! Filters, search and order: how a list may be asked.

use rusqlite::Connection;

use super::Resource;
use crate::engine::call::Call;
use crate::engine::input::Value;
use crate::engine::query::Where;
use crate::error::Result;

/// How a filter reads its text.
#[derive(Clone, Copy)]
pub enum Reads {
    /// true/false; anything else means that the filter is not there.
    Flag,
    /// A number (millionths); `whole` ones are bound as integers.
    Number,
    /// A whole number.
    Int,
    /// A whole number or one of the words for null.
    IntOrNull,
    /// A day.
    Date,
    /// Any text.
    Text,
    /// A regular expression.
    Regex,
    /// A row of another resource.
    Ref(&'static Resource),
    /// Numbers between commas.
    Ints,
}

/// What a filter does with it.
#[derive(Clone, Copy)]
pub enum Does {
    /// Adds this condition; `?` is the value. For a flag: the condition as it is or negated.
    Sql(&'static str),
    /// Looks at the whole query.
    By(fn(&Filtered<'_>, &mut Where) -> Result<()>),
}

/// A filter's value beside everything else that was asked.
pub struct Filtered<'a> {
    /// The request.
    pub call: &'a Call,
    /// The connection that answers it.
    pub conn: &'a Connection,
    /// The value, already checked.
    pub value: Value,
}

/// One parameter that narrows a list.
#[derive(Clone, Copy)]
pub struct Filter {
    /// Its name in the query.
    pub name: &'static str,
    /// How its text is read.
    pub reads: Reads,
    /// What it does.
    pub does: Does,
    /// Nearly all rows pass `true`: the list may be walked in its order until a page is full.
    pub common: bool,
}

impl Filter {
    /// Nearly all rows pass `true`.
    pub const fn common(mut self) -> Filter {
        self.common = true;
        self
    }
}

/// `name=true|false` on a condition.
pub const fn is(name: &'static str, sql: &'static str) -> Filter {
    Filter { name, reads: Reads::Flag, does: Does::Sql(sql), common: false }
}
/// A filter read in some way, with SQL in which `?` is the value.
pub const fn where_(name: &'static str, reads: Reads, sql: &'static str) -> Filter {
    Filter { name, reads, does: Does::Sql(sql), common: false }
}
/// A filter that needs more than SQL.
pub const fn by(name: &'static str, reads: Reads, does: fn(&Filtered<'_>, &mut Where) -> Result<()>) -> Filter {
    Filter { name, reads, does: Does::By(does), common: false }
}

/// A flag that another filter of the list looks at.
pub const fn helper(name: &'static str) -> Filter {
    by(name, Reads::Flag, |_, _| Ok(())).common()
}

/// Filters and orderings that are one for each row of some other resource: their names are a prefix and whatever the family makes of the rest.
#[derive(Clone, Copy)]
pub struct Family {
    /// How the names begin.
    pub prefix: &'static str,
    /// Narrows the list, or refuses.
    pub narrow: fn(&Member<'_>, &mut Where) -> Result<()>,
    /// The expressions that a word of `ordering` stands for, each with `{}` where the direction belongs; none if the word means nothing.
    pub order: fn(&Resource, &str) -> Vec<String>,
}

/// One filter of a family, as it is asked.
pub struct Member<'a> {
    /// The connection that answers.
    pub conn: &'a Connection,
    /// What is listed.
    pub resource: &'static Resource,
    /// Its whole name.
    pub name: &'a str,
    /// The name behind the prefix.
    pub rest: &'a str,
    /// What is asked for.
    pub text: &'a str,
}

/// Where `search` looks: texts of this resource or of a related one.
#[derive(Clone, Copy)]
pub struct Search {
    /// The table that holds the texts.
    pub table: &'static str,
    /// Their columns.
    pub columns: &'static [&'static str],
    /// It has a trigram index, `<table>_search`, over these columns (and perhaps more).
    pub indexed: bool,
    /// From its keys to those of this resource: SQL with `{}` for a SELECT; empty if they are the same.
    pub link: &'static str,
    /// What lies above a hit is found too.
    pub ancestors: bool,
}

/// The resource's own columns; short tables need no index.
pub const fn own(table: &'static str, columns: &'static [&'static str]) -> Search {
    Search { table, columns, indexed: false, link: "", ancestors: false }
}
/// Columns of a related table.
pub const fn via(table: &'static str, columns: &'static [&'static str], link: &'static str) -> Search {
    Search { table, columns, indexed: false, link, ancestors: false }
}

impl Search {
    /// What lies above a hit is found too.
    pub const fn with_ancestors(mut self) -> Search {
        self.ancestors = true;
        self
    }
    /// There is a trigram index.
    pub const fn indexed(mut self) -> Search {
        self.indexed = true;
        self
    }
}

/// One word of `ordering`.
#[derive(Clone, Copy)]
pub struct Order {
    /// The word.
    pub name: &'static str,
    /// The expressions it stands for.
    pub sql: &'static [&'static str],
    /// A join that they need.
    pub join: &'static str,
    /// FROM that walks the rows in this order by an index, for lists that nothing narrows much; empty if there is none. One that ends in NOT
    /// INDEXED reads the rows as they lie.
    pub walk: &'static str,
}

/// An ordering by expressions of the row itself.
pub const fn order(name: &'static str, sql: &'static [&'static str]) -> Order {
    Order { name, sql, join: "", walk: "" }
}
