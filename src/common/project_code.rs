//! `/api/project-code/`: codes by which orders and builds belong to projects.

use crate::engine::describe::*;
use crate::identity::Access;
use crate::users::owner::OWNER;

/// Project codes.
pub static PROJECT_CODE: Resource = Resource {
    path: "project-code",
    model: "projectcode",
    schema: "ProjectCode",
    title: "project code",
    table: "project_code",
    access: Access::StaffWrites,
    verbs: Verbs::ALL,
    fields: &[
        pk(),
        text("code", 50).required().says("Project Code", "Code of the project; no other has it"),
        text("description", 200).blank().says("Description", "What the project is about"),
        to("responsible", &OWNER).null().says("Responsible", "Who answers for the project"),
        nested("responsible_detail", &OWNER, "t.responsible").null().label("Responsible detail"),
    ],
    search: &[own("project_code", &["code", "description"])],
    order: &[order("code", &["t.code"])],
    metadata: true,
    ..Resource::BASE
};
