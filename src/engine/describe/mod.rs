//! The words in which a resource is described: one static value from which routes, SQL, JSON, validation, OPTIONS and OpenAPI are read.
//!
//! In every piece of SQL of a description `t` is the row of the resource; `:user`, `:today` and `:now` stand for the caller's key,
//! the day (`YYYY-MM-DD`) and the moment (UTC milliseconds) of the request, `:above` for the key of what the address lies below.

mod field;
mod filter;

pub use field::*;
pub use filter::*;

use std::borrow::Cow;

use rusqlite::Connection;

use super::call::{Call, Reply};
use super::input::Input;
use super::write::Change;
use crate::error::Result;
use crate::identity::{Access, Role};

/// The verbs that a resource answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Verbs(u16);

impl Verbs {
    /// None.
    pub const NONE: Verbs = Verbs(0);
    /// GET of the list.
    pub const LIST: Verbs = Verbs(1);
    /// POST to the list.
    pub const CREATE: Verbs = Verbs(2);
    /// GET of one.
    pub const DETAIL: Verbs = Verbs(4);
    /// PUT and PATCH of one.
    pub const UPDATE: Verbs = Verbs(8);
    /// DELETE of one.
    pub const DELETE: Verbs = Verbs(16);
    /// PUT and PATCH of several at the list's address.
    pub const BULK_UPDATE: Verbs = Verbs(32);
    /// DELETE of several at the list's address.
    pub const BULK_DELETE: Verbs = Verbs(64);
    /// POST of a list of objects.
    pub const BULK_CREATE: Verbs = Verbs(128);
    /// GET of the list and of one.
    pub const READ: Verbs = Verbs(1 | 4);
    /// Everything but bulk.
    pub const ALL: Verbs = Verbs(1 | 2 | 4 | 8 | 16);

    /// Both.
    pub const fn and(self, other: Verbs) -> Verbs {
        Verbs(self.0 | other.0)
    }
    /// Is `one` among them?
    pub const fn has(self, one: Verbs) -> bool {
        self.0 & one.0 == one.0
    }
}

/// How an address names one row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// By its key.
    Key,
    /// By a column of words.
    Word(&'static str),
    /// It is the caller's own row; the address names nothing.
    Caller,
}

/// Refuses a caller who may not touch the row of this key.
pub type Guard = fn(&Connection, &Call, i64) -> Result<()>;

/// One kind of thing that the API shows.
pub struct Resource {
    /// Its address below `/api/`, without slashes at the ends; `{above}` in it is the key of what all its rows lie below; empty if it only appears
    /// inside others.
    pub path: &'static str,
    /// The model's name on the wire: lower case, no blanks.
    pub model: &'static str,
    /// The schema's name in the OpenAPI document.
    pub schema: &'static str,
    /// Its name for one object alone, where that is another one.
    pub one_schema: &'static str,
    /// Does it stand in the OpenAPI document?
    pub documented: bool,
    /// What the document calls the `{word}` of its address (or the key, if it lies below something); the column, if empty.
    pub word: &'static str,
    /// A creation answers a list.
    pub creates_several: bool,
    /// What people call one of them, in lower case.
    pub title: &'static str,
    /// Its table.
    pub table: &'static str,
    /// Any of these roles opens it.
    pub roles: &'static [Role],
    /// Who may come in at all, and by which rule.
    pub access: Access,
    /// What can be done.
    pub verbs: Verbs,
    /// Its fields, in the order of the answer.
    pub fields: &'static [Field],
    /// Its filters.
    pub filters: &'static [Filter],
    /// Where `search` looks.
    pub search: &'static [Search],
    /// The words of `ordering`.
    pub order: &'static [Order],
    /// The order where none is asked for; a first word may begin with `-`.
    pub sort: Order,
    /// Flags of optional fields as this list sets them where the query is silent.
    pub list_flags: &'static [(&'static str, bool)],
    /// Expressions that several fields share, by name: each is computed once for a row, and is then the column `t.<name>`.
    pub shared: &'static [(&'static str, &'static str)],
    /// A table of counts knows how many rows there are.
    pub counted: bool,
    /// Only the rows of this condition exist for the caller; empty for all.
    pub scope: Option<fn(&Call) -> Cow<'static, str>>,
    /// How its address names one row.
    pub lookup: Lookup,
    /// Rights beyond the resource's own, asked before a row that stands is changed or deleted in any way.
    pub guard: Option<Guard>,
    /// Before a row is written: rules that look at several fields or other rows; may set columns.
    pub check: Option<fn(&mut Change<'_>) -> Result<()>>,
    /// After a row was written, in the same transaction.
    pub saved: Option<fn(&mut Change<'_>) -> Result<()>>,
    /// Instead of the plain DELETE of a row; gets the request's body.
    pub remove: Option<fn(&mut Change<'_>) -> Result<()>>,
    /// Fields of the body of DELETE.
    pub remove_input: &'static [Field],
    /// Instead of the plain creation.
    pub create: Option<fn(&crate::db::Tx<'_>, &Call) -> Result<Reply>>,
    /// Verbs of its own.
    pub actions: &'static [&'static Action],
    /// What tables of its rows show of nested objects: the field, and the field inside.
    pub exports: &'static [(&'static str, &'static str)],
    /// Names of the list's operations, in the order of its verbs, where the contract has words of its own.
    pub operations: &'static [&'static str],
    /// Filters and orderings whose names hold a key.
    pub families: &'static [Family],
    /// Its rows keep metadata.
    pub metadata: bool,
}

impl Resource {
    /// What a description leaves out.
    pub const BASE: Resource = Resource {
        path: "",
        model: "",
        schema: "",
        one_schema: "",
        documented: true,
        word: "",
        creates_several: false,
        title: "",
        table: "",
        roles: &[],
        access: Access::Role,
        verbs: Verbs::NONE,
        fields: &[],
        filters: &[],
        search: &[],
        order: &[],
        sort: order("", &[]),
        list_flags: &[],
        shared: &[],
        counted: false,
        scope: None,
        lookup: Lookup::Key,
        guard: None,
        check: None,
        saved: None,
        remove: None,
        remove_input: &[],
        create: None,
        actions: &[],
        exports: &[],
        operations: &[],
        families: &[],
        metadata: false,
    };

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|f| f.name == name)
    }

    /// Is the field there where the query says nothing: in the rows of its list, or in a row alone?
    pub fn shows(&self, field: &Field, in_list: bool) -> bool {
        let Some((flag, default)) = field.flag() else { return true };
        self.list_flags.iter().find(|(known, _)| in_list && *known == flag).map_or(default, |(_, shown)| *shown)
    }
}

/// What answers a request at such an address.
pub type Handler = fn(&Call) -> Result<Reply>;

/// An address by hand: what no description covers.
pub struct Endpoint {
    /// Its address below `/`, with `{id}` for a key, `{word}` for a word and `{text}` for any text.
    pub path: &'static str,
    /// Who may come in.
    pub access: Access,
    /// With `Access::Role`: any of these roles.
    pub roles: &'static [Role],
    /// What people call it.
    pub title: &'static str,
    /// The model's name in OPTIONS.
    pub model: &'static str,
    /// Does it stand in the OpenAPI document?
    pub documented: bool,
    /// The verbs that stand there, where it answers others too.
    pub documented_verbs: &'static [super::call::Verb],
    /// What it takes is not JSON, or must be seen as it came: the body stays unread.
    pub raw: bool,
    /// Its operations' names there, in the order of the verbs, where they follow no rule.
    pub operations: &'static [&'static str],
    /// The status of each verb's good answer, where it is not 200 (204 for DELETE).
    pub statuses: &'static [&'static str],
    /// What the document calls the words of its address, with commas between.
    pub word: &'static str,
    /// What its query may say, for the documents.
    pub query: &'static [Filter],
    /// The body that it reads.
    pub input: &'static [Field],
    /// The body's name in the OpenAPI document.
    pub input_schema: &'static str,
    /// What it answers, for the documents.
    pub output: &'static [Field],
    /// The answer's name in the OpenAPI document; `{}` for any object.
    pub output_schema: &'static str,
    /// The answer is a list of those.
    pub answers_list: bool,
    /// What the verbs that change something answer, where it is something else.
    pub writes_answer: Option<Answers>,
    /// What it does.
    pub verbs: &'static [(super::call::Verb, Handler)],
}

impl Endpoint {
    /// What a description leaves out.
    pub const BASE: Endpoint = Endpoint {
        path: "",
        access: Access::Login,
        roles: &[],
        title: "",
        model: "",
        documented: true,
        documented_verbs: &[],
        raw: false,
        operations: &[],
        statuses: &[],
        word: "",
        query: &[],
        input: &[],
        input_schema: "",
        output: &[],
        output_schema: "",
        answers_list: false,
        writes_answer: None,
        verbs: &[],
    };
}

/// What an action answers.
#[derive(Clone, Copy)]
pub enum Answers {
    /// The checked body.
    Request,
    /// Rows that it made.
    Rows(&'static Resource),
    /// With 200, an object of this name with these fields.
    Object(&'static str, &'static [Field]),
}

/// A POST that does something; the fields check its body, `run` does it inside one transaction.
pub struct Action {
    /// Its address below the resource's, `{id}/` first where it belongs to one row.
    pub path: &'static str,
    /// The body.
    pub input: &'static [Field],
    /// The body's name in the OpenAPI document.
    pub schema: &'static str,
    /// Rights beyond `add` on the resource.
    pub needs: &'static [(Role, crate::identity::Right)],
    /// What it answers.
    pub answers: Answers,
    /// Does it. Without a reply the checked body is answered with 201, as the contract has it.
    pub run: fn(&crate::db::Tx<'_>, &Call, &Input) -> Result<Option<Reply>>,
}

impl Action {
    /// What a description leaves out.
    pub const BASE: Action = Action { path: "", input: &[], schema: "", needs: &[], answers: Answers::Request, run: |_, _, _| Ok(None) };
}
