//! Build orders: so far as stock refers to them.

use crate::engine::describe::Resource;
use crate::identity::Role;

/// Build orders.
pub static BUILD: Resource = Resource {
    path: "build",
    model: "build",
    schema: "Build",
    title: "build order",
    table: "build",
    roles: &[Role::BUILD],
    ..Resource::BASE
};
