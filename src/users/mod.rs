//! People, groups, roles, tokens: `/api/user/…`.

pub mod group;
pub mod me;
pub mod models;
pub mod owner;
pub mod preference;
pub mod ruleset;
pub mod token;
pub mod user;
