//! Fields: what a row holds and what a request may say.

use rusqlite::Connection;

use super::Resource;
use crate::engine::input::{Content, Value};
use crate::engine::write::Change;
use crate::error::Result;

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

/// From another spelling to the word of a choice, or to `true` or `false`.
pub type Also = fn(&Connection, &str) -> Result<Option<String>>;

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
    /// The key of the caller: OPTIONS says so, a hook writes it.
    Caller,
    /// Whatever the function finds.
    By(fn(&Connection) -> Result<Value>),
}

/// Brings to the tables what a request says of a field, once the row stands.
pub type Save = fn(&mut Change<'_>, &Value) -> Result<()>;

/// What only few fields have; each is set by the method of its name, which says what it means.
#[derive(Clone, Copy)]
#[allow(missing_docs, reason = "the method that sets it has them")]
pub enum Extra {
    /// `on` and `unless_off`: the flag of the query, and what holds without it.
    On(&'static str, bool),
    Only(&'static [(&'static str, bool)]),
    Tells(&'static [(&'static str, bool)]),
    OnlyWithout(&'static [&'static str]),
    Alike(&'static str),
    ReadAs(&'static str),
    Saves(Save),
    Also(Also),
    UpTo(i64),
    TellsOf(&'static Resource),
    Folder(fn(&Content) -> String),
}

// There are 1,600 of them: every word costs a binary 13 KB.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Field>() <= 208);

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
    pub shows_null: bool,
    pub blank: bool,
    pub fixed: bool,
    pub secret: bool,
    pub detail_only: bool,
    pub list_only: bool,
    pub plain: bool,
    pub outside_tree: bool,
    pub says_fixed: bool,
    pub says_fixed_in_list: bool,
    pub once: bool,
    pub says_writable: bool,
    pub absent_when_null: bool,
    pub shown_whole: bool,
    pub plain_choice: bool,
    pub says_not_blank: bool,
    pub wanted: bool,
    pub below_zero: bool,
    pub says_least: bool,
    pub slug: bool,
    pub label: &'static str,
    pub help: &'static str,
    pub holds: &'static str,
    pub extras: [Option<Extra>; 2],
    pub late: bool,
}

const fn field(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        source: Source::Column(name),
        fill: Fill::Nothing,
        required: false,
        null: false,
        shows_null: false,
        blank: false,
        fixed: false,
        secret: false,
        detail_only: false,
        list_only: false,
        plain: false,
        outside_tree: false,
        says_fixed: false,
        says_fixed_in_list: false,
        once: false,
        says_writable: false,
        absent_when_null: false,
        shown_whole: false,
        plain_choice: false,
        says_not_blank: false,
        wanted: false,
        below_zero: false,
        says_least: false,
        slug: false,
        label: "",
        help: "",
        holds: "",
        extras: [None; 2],
        late: false,
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
    url_of(name, 2000)
}
/// A web address of at most so many characters.
pub const fn url_of(name: &'static str, max: u32) -> Field {
    field(name, Kind::Url(max))
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
    const fn with(mut self, extra: Extra) -> Self {
        match self.extras {
            [None, _] => self.extras[0] = Some(extra),
            [_, None] => self.extras[1] = Some(extra),
            _ => panic!("a field has room for two extras"),
        }
        self
    }
    /// The first of its extras that this makes something of.
    pub fn extra<T>(&self, of: impl Fn(Extra) -> Option<T>) -> Option<T> {
        self.extras.iter().flatten().find_map(|extra| of(*extra))
    }
    /// The flag of the query that shows or hides it, and whether it is shown without.
    pub fn flag(&self) -> Option<(&'static str, bool)> {
        self.extra(|extra| if let Extra::On(flag, default) = extra { Some((flag, default)) } else { None })
    }
    /// What brings its value to the tables, where that is no column.
    pub fn saver(&self) -> Option<Save> {
        self.extra(|extra| if let Extra::Saves(save) = extra { Some(save) } else { None })
    }
    /// Whose rows it tells of without being such a row.
    pub fn subject(&self) -> Option<&'static Resource> {
        self.extra(|extra| if let Extra::TellsOf(resource) = extra { Some(resource) } else { None })
    }
    /// The folder below the media folder in which this upload is kept.
    pub fn folder_of(&self, content: &Content) -> String {
        self.extra(|extra| if let Extra::Folder(folder) = extra { Some(folder(content)) } else { None }).unwrap_or_default()
    }
    /// What knows other spellings of its values.
    pub fn also_known(&self) -> Option<Also> {
        self.extra(|extra| if let Extra::Also(word_of) = extra { Some(word_of) } else { None })
    }
    const fn from(mut self, source: Source) -> Self {
        self.source = source;
        self
    }
    /// The column's name, where it differs from the field's.
    pub const fn column(self, name: &'static str) -> Self {
        self.from(Source::Column(name))
    }
    /// Read-only, computed by SQL; where the reference does not compute it, what it is filled with, else absent (or null, if it may be).
    pub const fn joined(self, sql: &'static str) -> Self {
        self.from(Source::Joined(sql)).fixed()
    }
    /// Read-only, computed by SQL, always there.
    pub const fn computed(self, sql: &'static str) -> Self {
        self.from(Source::Computed(sql)).fixed()
    }
    /// Computed by SQL for answers; what a request says goes to `save` once the row stands.
    pub const fn kept_by(self, sql: &'static str, save: Save) -> Self {
        self.from(Source::Computed(sql)).saves(save)
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
    /// Answered as null now and then, though OPTIONS says that it is not, as the contract does; only the OpenAPI document tells.
    pub const fn shows_null(mut self) -> Self {
        self.shows_null = true;
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
    pub const fn on(self, flag: &'static str) -> Self {
        self.with(Extra::On(flag, false))
    }
    /// Answered unless this flag of the query is false.
    pub const fn unless_off(self, flag: &'static str) -> Self {
        self.with(Extra::On(flag, true))
    }
    /// Only rows of the target whose flags are so.
    pub const fn only(self, flags: &'static [(&'static str, bool)]) -> Self {
        self.with(Extra::Only(flags))
    }
    /// What OPTIONS tells forms to ask of the target; a hook enforces it.
    pub const fn tells(self, filters: &'static [(&'static str, bool)]) -> Self {
        self.with(Extra::Tells(filters))
    }
    /// Only rows of the target in which these columns are null.
    pub const fn only_without(self, columns: &'static [&'static str]) -> Self {
        self.with(Extra::OnlyWithout(columns))
    }
    /// The target must not lie below the row itself; forms are told by `exclude_tree`.
    pub const fn outside_tree(mut self) -> Self {
        self.outside_tree = true;
        self
    }
    /// The target holds the same in the field of this name as the row itself; forms are told, a hook enforces it.
    pub const fn alike(self, name: &'static str) -> Self {
        self.with(Extra::Alike(name))
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
    pub const fn read_as(self, sql: &'static str) -> Self {
        self.with(Extra::ReadAs(sql))
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
    /// Must have a value, though the contract's document and OPTIONS let a request leave it out or say null.
    pub const fn wanted(mut self) -> Self {
        self.wanted = true;
        self
    }
    /// A number of which OPTIONS says that it is not below zero.
    pub const fn says_least(mut self) -> Self {
        self.says_least = true;
        self
    }
    /// Money that may be less than nothing.
    pub const fn below_zero(mut self) -> Self {
        self.below_zero = true;
        self
    }
    /// A choice whose values OPTIONS keeps to itself.
    pub const fn plain_choice(mut self) -> Self {
        self.plain_choice = true;
        self
    }
    /// What a request says goes to this function once the row stands.
    pub const fn saves(self, save: Save) -> Self {
        self.with(Extra::Saves(save))
    }
    /// Other spellings of the words of a choice, or of true and false.
    pub const fn also(self, word_of: Also) -> Self {
        self.with(Extra::Also(word_of))
    }
    /// Lower-case letters, digits and hyphens; OPTIONS says so.
    pub const fn slug(mut self) -> Self {
        self.slug = true;
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
    /// The answer to a change shows what was before it, as in the contract.
    pub const fn answered_before(mut self) -> Self {
        self.late = true;
        self
    }
    /// Tells of rows of another resource without being such a row: null to whoever may not see those.
    pub const fn tells_of(self, resource: &'static Resource) -> Self {
        self.with(Extra::TellsOf(resource))
    }
    /// A choice whose words may become so long, as OPTIONS says; 10 elsewhere.
    pub const fn up_to(self, characters: i64) -> Self {
        self.with(Extra::UpTo(characters))
    }
    /// The folder below the media folder in which an upload is kept.
    pub const fn folder(self, folder: fn(&Content) -> String) -> Self {
        self.with(Extra::Folder(folder))
    }
    /// What is answered, where the kind does not tell; for the OpenAPI document alone. Of JSON with known fields the name of its schema;
    /// else `{}` for any object, `[]` for any list, `boolean`, or `date-time` for a moment in ISO 8601.
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
        let instead = self.extra(|extra| if let Extra::ReadAs(sql) = extra { Some(sql) } else { None });
        match instead.map_or(self.source, Source::Computed) {
            Source::Column(name) => Some(format!("t.\"{name}\"")),
            Source::Joined(sql) | Source::Computed(sql) => Some(format!("({sql})")),
            Source::Request => None,
        }
    }
    /// The column that names a file of the media folder, if this is such a field.
    pub fn file_column(&self) -> Option<&'static str> {
        match (self.kind, self.source) {
            (Kind::File(_), Source::Column(name)) => Some(name),
            _ => None,
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
