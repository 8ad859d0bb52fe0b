//! `/api/company/`: who sells, makes or buys.

use super::TRADE;
use super::address::BRIEF as ADDRESS_BRIEF;
use crate::common::parameter::filter::BY_PARAMETER;
use crate::common::parameter::parameters_of;
use crate::common::setting;
use crate::common::tag::{self, tags_of};
use crate::engine::describe::*;
use crate::part::derived::THUMBNAIL;

/// Companies.
pub static COMPANY: Resource = Resource {
    schema: "Company",
    verbs: Verbs::ALL,
    fields: &[
        pk(),
        NAME,
        DESCRIPTION,
        url("website").blank().says("Website", "Where the company is on the web"),
        text("phone", 50).blank().says("Phone number", "Number to call"),
        email("email").null().blank().fill(Fill::Text("")).says("Email", "Address to write to"),
        choice("currency", Choices::By(setting::currencies))
            .required()
            .fill(Fill::By(setting::default_currency))
            .says("Currency", "Currency in which the company deals"),
        text("contact", 100).blank().says("Contact", "Whom to ask for"),
        url("link").blank().says("Link", "Web page about the company"),
        image("image").folder(|_| "company_images".into()).null().label("Image"),
        ACTIVE,
        flag("is_customer").fill(Fill::Flag(false)).says("Is customer", "Does it buy?"),
        flag("is_manufacturer").fill(Fill::Flag(false)).says("Is manufacturer", "Does it make parts?"),
        flag("is_supplier").fill(Fill::Flag(true)).says("Is supplier", "Does it sell?"),
        prose("notes", 50_000).null().blank().says("Notes", "Notes in Markdown"),
        int("parts_supplied").joined(SUPPLIED).label("Parts supplied"),
        int("parts_manufactured").joined(MADE).label("Parts manufactured"),
        TAX_ID,
        nested("primary_address", &ADDRESS_BRIEF, "SELECT a.id FROM address a WHERE a.company = t.id AND a.\"primary\" = 1")
            .null()
            .on("address_detail")
            .label("Primary address"),
        parameters_of!("company.company").label("Parameters"),
        words("tags").kept_by(tags_of!("company"), tag::save).on("tags").label("Tags"),
    ],
    filters: &[
        is("is_customer", "t.is_customer = 1"),
        is("is_manufacturer", "t.is_manufacturer = 1"),
        is("is_supplier", "t.is_supplier = 1"),
        where_("name", Reads::Text, "t.name = ?"),
        is("active", "t.active = 1").common(),
        by("tags", Reads::Text, |asked, rows| tag::filter(asked, rows, "company")),
    ],
    search: &[own("company", &["description", "name", "tax_id", "website"])],
    order: &[
        order("active", &["t.active"]),
        order("name", &["t.name"]),
        order("parts_supplied", &["(SELECT count(*) FROM supplier_part s WHERE s.supplier = t.id)"]),
        order("parts_manufactured", &["(SELECT count(*) FROM manufacturer_part m WHERE m.manufacturer = t.id)"]),
    ],
    sort: order("", &["t.name"]),
    families: BY_PARAMETER,
    metadata: true,
    ..BASE
};

const BASE: Resource = Resource { path: "company", model: "company", title: "company", table: "company", roles: TRADE, ..Resource::BASE };

const NAME: Field = text("name", 100).required().says("Company name", "Name of the company");
const DESCRIPTION: Field = text("description", 500).blank().says("Company description", "What the company does");
const ACTIVE: Field = flag("active").fill(Fill::Flag(true)).says("Active", "Do we still deal with it?");
const TAX_ID: Field = text("tax_id", 50).blank().says("Tax ID", "Number under which it pays taxes");
const SUPPLIED: &str = "SELECT count(*) FROM supplier_part s WHERE s.supplier = t.id";
const MADE: &str = "SELECT count(*) FROM manufacturer_part m WHERE m.manufacturer = t.id";

/// A company inside another object.
pub static BRIEF: Resource = Resource {
    schema: "CompanyBrief",
    fields: &[
        pk(),
        ACTIVE,
        NAME,
        DESCRIPTION,
        image("image").fixed().shows_null().label("Image"),
        text("thumbnail", 0).computed(THUMBNAIL).label("Thumbnail"),
        text("currency", 3).fixed().fill(Fill::By(setting::default_currency)).says("Currency", "Currency in which the company deals"),
        TAX_ID,
    ],
    ..BASE
};
