//! Records: the file by which an inventory moves between InvenTree and this server, both ways.
//!
//! The file is what InvenTree's `export-records` writes and its `import-records` reads: a JSON array, an entry about the file first, then
//! one `{model, pk, fields}` for each row, users, groups and kinds of models by their names (Django's natural keys). [`models`] says
//! once for each model where its fields are kept here; [`load`] and [`dump`] both read that.

pub mod dump;
mod earlier;
pub mod files;
pub mod load;
mod models;
pub mod table;
mod value;

use serde_json::Map;

/// The fields of a record.
type Fields = Map<String, serde_json::Value>;

/// Takes the record of a key in.
type Take = fn(&load::Loading<'_>, i64, &Fields) -> Result<(), String>;

/// A model of the file, and where it is kept.
pub struct Model {
    /// `app.model`, as the file spells it.
    pub name: &'static str,
    /// The table.
    pub table: &'static str,
    /// Its fields, in the order of the file.
    pub fields: &'static [Field],
    /// Rows have a parent of their own kind, in this column; the file then has the columns of nested sets.
    pub parent: Option<&'static str>,
    /// The key is a word of this column, not the row's number.
    pub word: Option<&'static str>,
    /// The record adds to a row that is there already: the field that names it.
    pub adds_to: Option<&'static str>,
    /// Its records change rows of others, or name them by words that those bring: they are taken in once all others are there.
    pub late: bool,
    /// Which rows are of this model; SQL over the row `t`.
    pub only: &'static str,
    /// Takes a record in instead of a plain INSERT.
    pub take: Option<Take>,
}

impl Model {
    const BASE: Model =
        Model { name: "", table: "", fields: &[], parent: None, word: None, adds_to: None, late: false, only: "1", take: None };
}

/// A field of a record.
#[derive(Clone, Copy)]
pub struct Field {
    name: &'static str,
    form: Form,
    place: Place,
}

/// How a field is spelt in the file and kept in a column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Text; the columns of some know no null, where it becomes the column's default.
    Text,
    /// The name of a file below the media folder: an empty text where there is none. (Which columns name files, the descriptions say.)
    File,
    /// A whole number, or the key of another row.
    Int,
    Flag,
    Real,
    /// Text with so many decimals; kept in millionths.
    Decimal(u8),
    /// A whole number; kept in millionths.
    Count,
    /// ISO 8601; kept in UTC milliseconds.
    Moment,
    Day,
    /// Any JSON; kept as its text.
    Json,
    /// `[username]`; kept as the user's key.
    User,
    /// `[app, model]`; kept as `app.model`.
    Kind,
    /// `[app, model]`; kept as `model`.
    BareKind,
    /// `[app, model]`; kept as its number.
    KindKey,
    /// `[name]`; kept as the group's key.
    Group,
    /// The word of a machine; kept as its key.
    Machine,
}

/// Where a field is kept.
#[derive(Clone, Copy)]
enum Place {
    /// In a column.
    Column(&'static str),
    /// Nowhere: it follows from the rest. SQL over the row `t`.
    Shown(&'static str),
    /// Beside the tables, in `kept_record`, unless it is this JSON.
    Aside(&'static str),
}

impl Field {
    const fn new(name: &'static str, form: Form) -> Field {
        Field { name, form, place: Place::Column(name) }
    }

    /// It is kept in a column of another name.
    const fn at(self, column: &'static str) -> Field {
        Field { place: Place::Column(column), ..self }
    }

    /// It follows from the rest.
    const fn shown(self, sql: &'static str) -> Field {
        Field { place: Place::Shown(sql), ..self }
    }
}

const fn text(name: &'static str) -> Field {
    Field::new(name, Form::Text)
}

const fn file(name: &'static str) -> Field {
    Field::new(name, Form::File)
}

const fn int(name: &'static str) -> Field {
    Field::new(name, Form::Int)
}

const fn flag(name: &'static str) -> Field {
    Field::new(name, Form::Flag)
}

const fn real(name: &'static str) -> Field {
    Field::new(name, Form::Real)
}

const fn decimal(name: &'static str, places: u8) -> Field {
    Field::new(name, Form::Decimal(places))
}

const fn count(name: &'static str) -> Field {
    Field::new(name, Form::Count)
}

const fn at(name: &'static str) -> Field {
    Field::new(name, Form::Moment)
}

const fn day(name: &'static str) -> Field {
    Field::new(name, Form::Day)
}

const fn json(name: &'static str) -> Field {
    Field::new(name, Form::Json)
}

const fn user(name: &'static str) -> Field {
    Field::new(name, Form::User)
}

/// A field that has no column here.
const fn aside(name: &'static str, unless: &'static str) -> Field {
    Field { name, form: Form::Json, place: Place::Aside(unless) }
}

/// The model of that name.
fn model(name: &str) -> Option<&'static Model> {
    models::MODELS.iter().copied().flatten().find(|model| model.name == name)
}
