//! The words in which a resource is described: one static value from which routes, SQL, JSON, validation, OPTIONS and OpenAPI are read.
//!
//! In every piece of SQL of a description `t` is the row of the resource; `:user`, `:today` and `:now` stand for the caller's key,
//! the day (`YYYY-MM-DD`) and the moment (UTC milliseconds) of the request.

use rusqlite::Connection;

use super::call::{Call, Reply};
use super::input::{Input, Value};
use super::query::Where;
use super::write::Change;
use crate::error::Result;
use crate::identity::{Access, Role};

/// What a field holds and how it looks on the wire.
#[derive(Clone, Copy)]
pub enum Kind {
    /// A whole number between the two bounds.
    Int(i64, i64),
    /// True or false.
    Bool,
    /// Text of at most so many characters, on one line.
    Text(u32),
    /// The same, but line breaks stay.
    Prose(u32),
    /// An address of the web.
    Url(u32),
    /// An e-mail address.
    Email(u32),
    /// Millionths, shown as a number; so many digits in all and after the point.
    Number(u8, u8),
    /// Millionths, shown as text with a fixed number of places (the first two as above).
    Fixed(u8, u8),
    /// Millionths of money, shown as a number; the currency stands in a field of its own.
    Money,
    /// A floating point number.
    Float,
    /// `YYYY-MM-DD`.
    Date,
    /// UTC milliseconds, shown as `YYYY-MM-DD HH:MM`.
    DateTime,
    /// One of a list.
    Choice(Choices),
    /// The key of a row of another resource.
    Ref(&'static Resource),
    /// That row itself; the SQL yields its key.
    Nested(&'static Resource),
    /// Rows of another resource; the SQL (with `:id`) selects their keys.
    Many(&'static Resource),
    /// JSON text made by the SQL; the fields say what it holds, where that is known.
    Json(&'static [Field]),
    /// A JSON object in which these keys name rows; answers add the rows, as `<key>_detail`.
    Expanded(&'static [(&'static str, &'static Resource)]),
    /// A list of words.
    Words,
    /// The name of a file below the media folder; `true` for an image.
    File(bool),
    /// An object in the request (never stored as such).
    Object(&'static [Field]),
    /// A list of objects in the request.
    List(&'static [Field]),
    /// A list of keys in the request.
    Keys(&'static Resource),
    /// Anything that JSON can say, stored as text; at most so many characters, where that is not 0.
    Any(u32),
}

/// Values and their names.
pub type Listed = Vec<(Value, String)>;

/// The possible values of a choice.
#[derive(Clone, Copy)]
pub enum Choices {
    /// Numbers and their names.
    Numbers(&'static [(i64, &'static str)]),
    /// Words and their names.
    Words(&'static [(&'static str, &'static str)]),
    /// Known only to the database.
    By(fn(&Connection) -> Result<Listed>),
}

/// Where a field's value comes from.
#[derive(Clone, Copy)]
pub enum Source {
    /// A column of the table.
    Column(&'static str),
    /// SQL that the reference adds to its query: absent or null in the answer to a creation and in nested objects.
    Joined(&'static str),
    /// SQL that stands for a computed property: always there.
    Computed(&'static str),
    /// Nothing is read: the field exists in requests only.
    Request,
}

/// What a new row gets where the request says nothing.
#[derive(Clone, Copy)]
pub enum Fill {
    /// Nothing: the column's own default.
    Nothing,
    /// A flag.
    Flag(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    Text(&'static str),
    /// Null, and OPTIONS says so.
    Null,
    /// The value of a global setting.
    Setting(&'static str),
    /// Whatever the function finds.
    By(fn(&Connection) -> Result<Value>),
}

/// One field.
#[derive(Clone, Copy)]
#[allow(missing_docs, reason = "each is set by the method of its name, which says what it means")]
pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
    pub source: Source,
    pub fill: Fill,
    pub required: bool,
    pub null: bool,
    pub blank: bool,
    pub fixed: bool,
    pub secret: bool,
    pub detail_only: bool,
    pub list_only: bool,
    pub plain: bool,
    pub on: &'static str,
    pub on_default: bool,
    pub only: &'static [(&'static str, bool)],
    pub outside_tree: bool,
    pub alike: &'static str,
    pub says_fixed: bool,
    pub says_fixed_in_list: bool,
    pub once: bool,
    pub says_writable: bool,
    pub absent_when_null: bool,
    pub read_as: &'static str,
    pub shown_whole: bool,
    pub plain_choice: bool,
    pub says_not_blank: bool,
    pub save: Option<fn(&mut Change<'_>, &Value) -> Result<()>>,
    pub label: &'static str,
    pub help: &'static str,
    pub holds: &'static str,
}

const fn field(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        source: Source::Column(name),
        fill: Fill::Nothing,
        required: false,
        null: false,
        blank: false,
        fixed: false,
        secret: false,
        detail_only: false,
        list_only: false,
        plain: false,
        on: "",
        on_default: false,
        only: &[],
        outside_tree: false,
        alike: "",
        says_fixed: false,
        says_fixed_in_list: false,
        once: false,
        says_writable: false,
        absent_when_null: false,
        read_as: "",
        shown_whole: false,
        plain_choice: false,
        says_not_blank: false,
        save: None,
        label: "",
        help: "",
        holds: "",
    }
}

/// The primary key, named `pk` on the wire.
pub const fn pk() -> Field {
    int("pk").column("id").fixed().label("ID")
}
/// A whole number, not negative.
pub const fn int(name: &'static str) -> Field {
    field(name, Kind::Int(0, i64::MAX))
}
/// A whole number with bounds of its own.
pub const fn between(name: &'static str, least: i64, most: i64) -> Field {
    field(name, Kind::Int(least, most))
}
/// True or false.
pub const fn flag(name: &'static str) -> Field {
    field(name, Kind::Bool)
}
/// Text on one line, at most so many characters.
pub const fn text(name: &'static str, max: u32) -> Field {
    field(name, Kind::Text(max))
}
/// Text with line breaks, at most so many characters.
pub const fn prose(name: &'static str, max: u32) -> Field {
    field(name, Kind::Prose(max))
}
/// A web address.
pub const fn url(name: &'static str) -> Field {
    field(name, Kind::Url(2000))
}
/// An e-mail address.
pub const fn email(name: &'static str) -> Field {
    field(name, Kind::Email(254))
}
/// A quantity: up to 15 digits, 5 after the point.
pub const fn quantity(name: &'static str) -> Field {
    field(name, Kind::Number(15, 5))
}
/// Another number with so many digits in all and after the point.
pub const fn number(name: &'static str, digits: u8, places: u8) -> Field {
    field(name, Kind::Number(digits, places))
}
/// The same, shown as text.
pub const fn fixed(name: &'static str, digits: u8, places: u8) -> Field {
    field(name, Kind::Fixed(digits, places))
}
/// An amount of money: up to 19 digits, 6 after the point.
pub const fn money(name: &'static str) -> Field {
    field(name, Kind::Money)
}
/// A floating point number.
pub const fn float(name: &'static str) -> Field {
    field(name, Kind::Float)
}
/// A day.
pub const fn date(name: &'static str) -> Field {
    field(name, Kind::Date)
}
/// A moment.
pub const fn moment(name: &'static str) -> Field {
    field(name, Kind::DateTime)
}
/// One of a list.
pub const fn choice(name: &'static str, of: Choices) -> Field {
    field(name, Kind::Choice(of))
}
/// The key of a row of another resource.
pub const fn to(name: &'static str, target: &'static Resource) -> Field {
    field(name, Kind::Ref(target))
}
/// A row of another resource; `key` is SQL for its key.
pub const fn nested(name: &'static str, target: &'static Resource, key: &'static str) -> Field {
    field(name, Kind::Nested(target)).from(Source::Computed(key)).fixed()
}
/// Rows of another resource; `keys` selects their keys for the row `:id`.
pub const fn many(name: &'static str, target: &'static Resource, keys: &'static str) -> Field {
    field(name, Kind::Many(target)).from(Source::Computed(keys)).fixed()
}
/// JSON made by SQL.
pub const fn json(name: &'static str, sql: &'static str, of: &'static [Field]) -> Field {
    field(name, Kind::Json(of)).from(Source::Computed(sql)).fixed()
}
/// A JSON object in which these keys name rows of other resources.
pub const fn expanded(name: &'static str, of: &'static [(&'static str, &'static Resource)]) -> Field {
    field(name, Kind::Expanded(of)).fixed()
}
/// A list of words.
pub const fn words(name: &'static str) -> Field {
    field(name, Kind::Words)
}
/// An image below the media folder.
pub const fn image(name: &'static str) -> Field {
    field(name, Kind::File(true))
}
/// A file below the media folder.
pub const fn file(name: &'static str) -> Field {
    field(name, Kind::File(false))
}
/// An object that exists in requests only.
pub const fn object(name: &'static str, of: &'static [Field]) -> Field {
    field(name, Kind::Object(of)).request()
}
/// A list of objects that exists in requests only.
pub const fn list(name: &'static str, of: &'static [Field]) -> Field {
    field(name, Kind::List(of)).request()
}
/// A list of keys that exists in requests only.
pub const fn keys(name: &'static str, target: &'static Resource) -> Field {
    field(name, Kind::Keys(target)).request()
}
/// Any JSON.
pub const fn any(name: &'static str) -> Field {
    field(name, Kind::Any(0))
}
/// Any JSON of at most so many characters.
pub const fn any_of(name: &'static str, max: u32) -> Field {
    field(name, Kind::Any(max))
}

impl Field {
    const fn from(mut self, source: Source) -> Self {
        self.source = source;
        self
    }
    /// The column's name, where it differs from the field's.
    pub const fn column(self, name: &'static str) -> Self {
        self.from(Source::Column(name))
    }
    /// Read-only, computed by SQL; absent (or null, if it may be) where the reference does not compute it.
    pub const fn joined(self, sql: &'static str) -> Self {
        self.from(Source::Joined(sql)).fixed()
    }
    /// Read-only, computed by SQL, always there.
    pub const fn computed(self, sql: &'static str) -> Self {
        self.from(Source::Computed(sql)).fixed()
    }
    /// Computed by SQL for answers; what a request says goes to `save` once the row stands.
    pub const fn kept_by(mut self, sql: &'static str, save: fn(&mut Change<'_>, &Value) -> Result<()>) -> Self {
        self.source = Source::Computed(sql);
        self.save = Some(save);
        self
    }
    /// Only in requests: the hooks read it, nothing stores it.
    pub const fn request(self) -> Self {
        self.from(Source::Request)
    }
    /// A creation must name it.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }
    /// May be null.
    pub const fn null(mut self) -> Self {
        self.null = true;
        self
    }
    /// May be an empty text.
    pub const fn blank(mut self) -> Self {
        self.blank = true;
        self
    }
    /// Read-only.
    pub const fn fixed(mut self) -> Self {
        self.fixed = true;
        self
    }
    /// Never answered.
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }
    /// Not in the rows of a list.
    pub const fn detail_only(mut self) -> Self {
        self.detail_only = true;
        self
    }
    /// In the rows of a list only.
    pub const fn list_only(mut self) -> Self {
        self.list_only = true;
        self
    }
    /// OPTIONS calls it just `field`.
    pub const fn plain(mut self) -> Self {
        self.plain = true;
        self
    }
    /// Answered only if this flag of the query is set.
    pub const fn on(mut self, flag: &'static str) -> Self {
        self.on = flag;
        self
    }
    /// Answered unless this flag of the query is false.
    pub const fn unless_off(mut self, flag: &'static str) -> Self {
        self.on = flag;
        self.on_default = true;
        self
    }
    /// Only rows of the target whose flags are so.
    pub const fn only(mut self, flags: &'static [(&'static str, bool)]) -> Self {
        self.only = flags;
        self
    }
    /// The target must not lie below the row itself; forms are told by `exclude_tree`.
    pub const fn outside_tree(mut self) -> Self {
        self.outside_tree = true;
        self
    }
    /// The target holds the same in the field of this name as the row itself; forms are told, a hook enforces it.
    pub const fn alike(mut self, name: &'static str) -> Self {
        self.alike = name;
        self
    }
    /// What a new row gets where the request says nothing.
    pub const fn fill(mut self, fill: Fill) -> Self {
        self.fill = fill;
        self
    }
    /// Writable, though OPTIONS calls it read-only, as the contract does.
    pub const fn says_fixed(mut self) -> Self {
        self.says_fixed = true;
        self
    }
    /// Writable, though OPTIONS of the list calls it read-only, as the contract does.
    pub const fn says_fixed_in_list(mut self) -> Self {
        self.says_fixed_in_list = true;
        self
    }
    /// Set by the creation, and not changed by updates.
    pub const fn once(mut self) -> Self {
        self.once = true;
        self
    }
    /// Read-only, though OPTIONS calls it writable, as the contract does.
    pub const fn says_writable(mut self) -> Self {
        self.says_writable = true;
        self
    }
    /// Answers show this expression instead of the column.
    pub const fn read_as(mut self, sql: &'static str) -> Self {
        self.read_as = sql;
        self
    }
    /// Millionths that the contract shows as a whole number.
    pub const fn shown_whole(mut self) -> Self {
        self.shown_whole = true;
        self
    }
    /// Where it would be null, the contract leaves it out.
    pub const fn absent_when_null(mut self) -> Self {
        self.absent_when_null = true;
        self
    }
    /// May be an empty text, though OPTIONS says that it may not, as the contract does.
    pub const fn says_not_blank(mut self) -> Self {
        self.says_not_blank = true;
        self
    }
    /// A choice whose values OPTIONS keeps to itself.
    pub const fn plain_choice(mut self) -> Self {
        self.plain_choice = true;
        self
    }
    /// What a request says goes to this function once the row stands.
    pub const fn saves(mut self, save: fn(&mut Change<'_>, &Value) -> Result<()>) -> Self {
        self.save = Some(save);
        self
    }
    /// The name that people read.
    pub const fn label(mut self, label: &'static str) -> Self {
        self.label = label;
        self
    }
    /// The name that people read, and a sentence that explains.
    pub const fn says(mut self, label: &'static str, help: &'static str) -> Self {
        self.label = label;
        self.help = help;
        self
    }
    /// What JSON holds, for the OpenAPI document: the name of a schema; or `{}` for any object, `[]` for any list, `text`.
    pub const fn holds(mut self, holds: &'static str) -> Self {
        self.holds = holds;
        self
    }
    /// Does a row in a list (or, if not, one alone) show it?
    pub fn belongs(&self, in_list: bool) -> bool {
        if in_list { !self.detail_only } else { !self.list_only }
    }
    /// SQL with a column or an expression of the row `t`.
    pub fn sql(&self) -> Option<String> {
        match self.source {
            _ if !self.read_as.is_empty() => Some(format!("({})", self.read_as)),
            Source::Column(name) => Some(format!("t.\"{name}\"")),
            Source::Joined(sql) | Source::Computed(sql) => Some(format!("({sql})")),
            Source::Request => None,
        }
    }
    /// The column that a write fills, if there is one.
    pub fn stored(&self) -> Option<&'static str> {
        match self.source {
            Source::Column(name) if !self.fixed => Some(name),
            _ => None,
        }
    }
}

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
    /// FROM that walks the rows in this order by an index, for lists that nothing narrows much; empty if there is none.
    pub walk: &'static str,
}

/// An ordering by expressions of the row itself.
pub const fn order(name: &'static str, sql: &'static [&'static str]) -> Order {
    Order { name, sql, join: "", walk: "" }
}

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

/// One kind of thing that the API shows.
pub struct Resource {
    /// Its address below `/api/`, without slashes at the ends; empty if it only appears inside others.
    pub path: &'static str,
    /// The model's name on the wire: lower case, no blanks.
    pub model: &'static str,
    /// The schema's name in the OpenAPI document.
    pub schema: &'static str,
    /// Its name for one object alone, where that is another one.
    pub one_schema: &'static str,
    /// Does it stand in the OpenAPI document?
    pub documented: bool,
    /// What the document calls the `{word}` of its address; the column, if empty.
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
    pub scope: Option<fn(&Call) -> &'static str>,
    /// How its address names one row.
    pub lookup: Lookup,
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
        check: None,
        saved: None,
        remove: None,
        remove_input: &[],
        create: None,
        actions: &[],
    };

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|f| f.name == name)
    }
}

/// What answers a request at such an address.
pub type Handler = fn(&Call) -> Result<Reply>;

/// An address by hand: what no description covers.
pub struct Endpoint {
    /// Its address below `/`, with `{id}` for a key and `{word}` for a word.
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
    /// Its operations' names there, in the order of the verbs, where they follow no rule.
    pub operations: &'static [&'static str],
    /// The status of each verb's good answer, where it is not 200 (204 for DELETE).
    pub statuses: &'static [&'static str],
    /// What the document calls the `{word}` of its address.
    pub word: &'static str,
    /// What its query may say, for the documents.
    pub query: &'static [Filter],
    /// The body that it reads.
    pub input: &'static [Field],
    /// The body's name in the OpenAPI document.
    pub input_schema: &'static str,
    /// What it answers, for the documents.
    pub output: &'static [Field],
    /// The answer's name in the OpenAPI document.
    pub output_schema: &'static str,
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
        operations: &[],
        statuses: &[],
        word: "",
        query: &[],
        input: &[],
        input_schema: "",
        output: &[],
        output_schema: "",
        verbs: &[],
    };
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
    /// It answers with rows of its resource that it made.
    pub answers_rows: bool,
    /// Does it. Without a reply the checked body is answered with 201, as the contract has it.
    pub run: fn(&crate::db::Tx<'_>, &Call, &Input) -> Result<Option<Reply>>,
}

impl Action {
    /// What a description leaves out.
    pub const BASE: Action = Action { path: "", input: &[], schema: "", needs: &[], answers_rows: false, run: |_, _, _| Ok(None) };
}
