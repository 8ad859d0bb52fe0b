//! Where each model of the file is kept. The order is that in which an export writes: what others refer to comes first.

mod orders;
mod parts;
mod people;
mod shared;
mod stock;

pub use shared::BELONGINGS;

use super::{Field, Fields, Form, Model, aside, at, count, day, decimal, file, flag, int, json, real, text, user};
use crate::engine::tree::Tree;

/// All models, by the part of the trade they belong to.
pub static MODELS: &[&[Model]] = &[
    people::PEOPLE,
    shared::COMMON,
    parts::COMPANIES,
    stock::PLACES,
    parts::PARTS,
    orders::ORDERS,
    orders::BUILDS,
    stock::STOCK,
    shared::REPORTS,
    BELONGINGS,
];

/// The trees whose rows keep their places.
pub static TREES: [&Tree; 4] =
    [&crate::part::category::TREE, &crate::part::part::TREE, &crate::stock::location::TREE, &crate::build::build::TREE];

const METADATA: Field = json("metadata");
const NOTES: Field = text("notes");
const BARCODE: [Field; 2] = [text("barcode_data"), text("barcode_hash")];

/// The columns that all kinds of lines of orders share.
macro_rules! line {
    ($($own:expr,)*) => {
        &[
            METADATA,
            decimal("quantity", 5),
            text("line"),
            int("line_int").shown("CAST(t.line AS INTEGER)"),
            text("reference"),
            NOTES,
            text("link"),
            day("target_date"),
            int("project_code"),
            int("order"),
            $($own,)*
        ]
    };
}
use line;
