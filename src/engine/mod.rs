//! The engine: everything that can be derived from a description of a resource is derived here. It names no noun of the trade.

pub mod call;
pub mod describe;
pub mod input;
pub mod json;
pub mod moment;
pub mod multipart;
pub mod options;
pub mod query;
pub mod read;
pub mod tree;
pub mod write;
