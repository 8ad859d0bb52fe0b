//! Stock: places, items, what is done to them and what was done.

pub mod action;
pub mod filter;
pub mod item;
pub mod location;
pub mod location_type;
pub mod owner;
pub mod reshape;
pub mod rules;
pub mod serials;
pub mod test;
pub mod track;
