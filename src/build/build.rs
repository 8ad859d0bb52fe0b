//! `/api/build/`: orders to make so much of an assembly.

use super::state::{self, STATES};
use super::{allocate, auto, close, consume, output};
use crate::common::parameter::filter::BY_PARAMETER;
use crate::common::parameter::parameters_of;
use crate::common::project_code::PROJECT_CODE;
use crate::common::status;
use crate::common::tag::{self, tags_of};
use crate::engine::describe::*;
use crate::engine::tree::Tree;
use crate::identity::Role;
use crate::order::SALES_ORDER;
use crate::order::reference::{self, BUILDS};
use crate::part::part::{BRIEF as PART_BRIEF, PART};
use crate::stock::location::LOCATION;
use crate::users::owner::OWNER;
use crate::users::user::{BRIEF as USER_BRIEF, USER};

/// How the table spells the tree of builds for which others are made.
pub static TREE: Tree = Tree { table: "build", parent: "parent", named: false };

/// Build orders.
pub static BUILD: Resource = Resource {
    path: "build",
    model: "build",
    schema: "Build",
    title: "build order",
    table: "build",
    roles: &[Role::BUILD],
    verbs: Verbs::ALL,
    fields: &[
        pk(),
        text("title", 100).blank().says("Description", "What it is made for"),
        text("barcode_hash", 128).fixed().says("Barcode Hash", "Digest of the linked barcode"),
        text("batch", 100).null().blank().says("Batch Code", "Batch code of what is made"),
        date("creation_date").fixed().label("Creation Date"),
        int("completed").fixed().shown_whole().fill(Fill::Int(0)).says("Completed items", "How many are made"),
        date("completion_date").null().fixed().label("Completion Date"),
        to("destination", &LOCATION).null().says("Destination Location", "Where it goes when it is made"),
        flag("external").fill(Fill::Flag(false)).says("External Build", "Is it made outside the house?"),
        to("parent", &BUILD).null().outside_tree().says("Parent Build", "The build that it is made for"),
        to("part", &PART).required().only(&[("assembly", true)]).says("Part", "What is made"),
        text("part_name", 0).computed("SELECT p.name FROM part p WHERE p.id = t.part").label("Part Name"),
        nested("part_detail", &PART_BRIEF, "t.part").unless_off("part_detail").label("Part"),
        to("project_code", &PROJECT_CODE).null().says("Project Code", "The project that it belongs to"),
        text("project_code_label", 0)
            .null()
            .computed("SELECT c.code FROM project_code c WHERE c.id = t.project_code")
            .unless_off("project_code_detail")
            .label("Project Code Label"),
        nested("project_code_detail", &PROJECT_CODE, "t.project_code").null().unless_off("project_code_detail").label("Project Code"),
        flag("overdue").computed(OVERDUE).fill(Fill::Flag(false)).label("Overdue"),
        text("reference", 64)
            .required()
            .fill(Fill::By(|conn| reference::next(conn, BUILDS)))
            .says("Reference", "By which it is known; of the shop's pattern"),
        to("sales_order", &SALES_ORDER).null().says("Sales Order Reference", "The sale that it is made for"),
        number("quantity", 15, 5).required().fill(Fill::Int(1)).says("Build Quantity", "How many are to be made"),
        date("start_date").null().says("Build start date", "When it shall begin"),
        choice("status", Choices::By(state::choices)).fixed().fill(Fill::Int(10)).says("Build Status", "How far it is"),
        text("status_text", 0).computed(STATUS_TEXT).plain(),
        choice("status_custom_key", Choices::By(state::choices))
            .null()
            .fixed()
            .fill(Fill::Null)
            .read_as("coalesce(t.status_custom_key, t.status)")
            .says("Custom status key", "State in detail"),
        date("target_date").null().says("Target completion date", "When it shall be done"),
        to("take_from", &LOCATION).null().says("Source Location", "Where its parts are taken from; anywhere if empty"),
        prose("notes", 50_000).null().blank().says("Notes", "Notes in Markdown"),
        url("link").blank().says("External Link", "Web page about the build"),
        to("issued_by", &USER).null().fixed().plain().fill(Fill::Caller).says("Issued by", "Who ordered it"),
        nested("issued_by_detail", &USER_BRIEF, "t.issued_by").unless_off("user_detail").label("Issued by"),
        to("responsible", &OWNER).null().says("Responsible", "Who answers for it"),
        nested("responsible_detail", &OWNER, "t.responsible").null().unless_off("user_detail").label("Responsible"),
        int("priority").fill(Fill::Int(0)).says("Build Priority", "How urgent it is"),
        int("level").fixed().label("Build Level"),
        parameters_of!("build.build").label("Parameters"),
        words("tags").kept_by(tags_of!("build"), tag::save).on("tags").label("Tags"),
    ],
    filters: super::filter::FILTERS,
    search: &[
        own("build", &["reference", "title", "priority"]),
        via("part", &["name", "IPN", "description"], "SELECT id FROM build WHERE part IN ({})").indexed(),
        via("project_code", &["code"], "SELECT id FROM build WHERE project_code IN ({})"),
    ],
    order: super::filter::ORDER,
    sort: order("-", &["t.reference_int", "t.reference"]),
    list_flags: &[("part_detail", true)],
    check: Some(super::rules::check),
    saved: Some(super::rules::saved),
    remove: Some(super::rules::remove),
    actions: &[
        &state::ISSUE,
        &state::HOLD,
        &close::CANCEL,
        &close::FINISH,
        &output::CREATE,
        &output::COMPLETE,
        &output::SCRAP,
        &output::DELETE,
        &allocate::ALLOCATE,
        &allocate::UNALLOCATE,
        &auto::AUTO,
        &consume::CONSUME,
    ],
    families: BY_PARAMETER,
    metadata: true,
    ..Resource::BASE
};

/// Open, and its day has come.
pub const OVERDUE: &str = "t.status IN (10, 20, 25) AND t.target_date IS NOT NULL AND t.target_date <= :today";
const STATUS_TEXT: &str = "coalesce((SELECT c.label FROM custom_state c WHERE c.reference_status = 'BuildStatus' AND c.key = t.status_custom_key), \
    build_state(t.status))";

/// Registers `build_state(number)`, the name of a state of builds.
///
/// # Errors
/// SQLite does not take it.
pub fn functions(conn: &rusqlite::Connection) -> rusqlite::Result<()> {
    use rusqlite::functions::FunctionFlags;
    conn.create_scalar_function("build_state", 1, FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC, |call| {
        let number: i64 = call.get(0)?;
        Ok(status::states(STATES).iter().find(|s| s.0 == number).map_or("", |s| s.2).to_string())
    })
}
