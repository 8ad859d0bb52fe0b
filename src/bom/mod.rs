//! Bills of materials: `/api/bom/…`, and what belongs to them below `/api/part/`.

pub mod amount;
pub mod copy;
pub mod item;
pub mod rules;
pub mod substitute;
pub mod tree;
pub mod validate;
