//! Parts and their categories: `/api/part/…`.

pub mod category;
pub mod category_parameter;
pub mod derived;
pub mod filter;
pub mod name;
#[expect(clippy::module_inception, reason = "a file for each noun, named like its URL")]
pub mod part;
pub mod price;
pub mod pricing;
pub mod related;
pub mod rules;
pub mod serial;
pub mod stocktake;
pub mod test_template;
pub mod thumb;
pub mod watch;
