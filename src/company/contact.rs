//! `/api/company/contact/`: people at companies.

use super::TRADE;
use super::company::COMPANY;
use crate::engine::describe::*;

/// People.
pub static CONTACT: Resource = Resource {
    path: "company/contact",
    model: "contact",
    schema: "Contact",
    title: "contact",
    table: "contact",
    roles: TRADE,
    verbs: Verbs::ALL.and(Verbs::BULK_DELETE),
    fields: &[
        pk(),
        to("company", &COMPANY).required().label("Company"),
        text("company_name", 0).computed("SELECT c.name FROM company c WHERE c.id = t.company").label("Company Name"),
        text("name", 100).required().label("Name"),
        text("phone", 100).blank().label("Phone"),
        email("email").blank().label("Email"),
        text("role", 100).blank().label("Role"),
    ],
    filters: &[where_("company", Reads::Ref(&COMPANY), "t.company = ?")],
    search: &[own("contact", &["name"]), via("company", &["name"], "SELECT id FROM contact WHERE company IN ({})")],
    order: &[order("name", &["t.name"])],
    sort: order("", &["t.name"]),
    metadata: true,
    ..Resource::BASE
};
