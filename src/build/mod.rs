//! Build orders: `/api/build/…`.

pub mod allocate;
pub mod auto;
#[expect(clippy::module_inception, reason = "a file for each noun, named like its URL")]
pub mod build;
pub mod close;
pub mod consume;
pub mod filter;
pub mod item;
pub mod line;
pub mod notice;
pub mod output;
pub mod rules;
pub mod state;

pub use self::build::BUILD;
