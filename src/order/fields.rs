//! Fields, filters and orderings that the four kinds of orders share. They are macros, because their SQL names the tables of each kind.

use crate::engine::describe::*;
use crate::engine::input::Value;

/// The fields of an order, then those of the kind itself.
macro_rules! order_fields {
    ($table:literal, $model:literal, $class:literal, $kind:expr, open: $open:literal, done: $done:literal, issued: $issued:expr; $($own:expr),* $(,)?) => {
        &[
            pk(),
            nested("created_by", &$crate::users::user::BRIEF, "").column("created_by").label("Created By"),
            date("creation_date").null().says_fixed().says("Creation Date", "When the order was made"),
            $issued,
            date("start_date").null().says("Start date", "When work on the order should begin"),
            date("target_date").null().says("Target Date", "When it should be done; it is overdue after that day"),
            text("description", 250).blank().says("Description", "What the order is about"),
            int("line_items").null().joined(concat!("SELECT count(*) FROM ", $table, "_line l WHERE l.\"order\" = t.id")).label("Line Items"),
            int("completed_lines")
                .null()
                .joined(concat!("SELECT count(*) FROM ", $table, "_line l WHERE l.\"order\" = t.id AND ", $done))
                .label("Completed Lines"),
            url("link").blank().says("Link", "Web page about the order"),
            to("project_code", &$crate::common::project_code::PROJECT_CODE).null().says("Project Code", "The project that the order belongs to"),
            text("reference", 64)
                .required()
                .fill(Fill::By(|conn| $crate::order::reference::next(conn, $kind.numbered)))
                .says("Reference", "Name of the order; no other has it"),
            to("responsible", &$crate::users::owner::OWNER).null().says("Responsible", "Who answers for the order"),
            to("contact", &$crate::company::contact::CONTACT).null().says("Contact", "Whom to talk to"),
            to("address", &$crate::company::address::ADDRESS).null().says("Address", "Where the company is"),
            between("status", i64::MIN, i64::MAX).fixed().fill(Fill::Int(10)).says("Status", "Where the order stands"),
            text("status_text", 0)
                .computed(concat!(
                    "coalesce((SELECT c.label FROM custom_state c WHERE c.reference_status = '",
                    $class,
                    "' AND c.key = t.status_custom_key), state_label('",
                    $class,
                    "', t.status))"
                ))
                .plain(),
            between("status_custom_key", i64::MIN, i64::MAX).null().fill(Fill::Null).says("Custom status key", "State in detail"),
            prose("notes", 50_000).null().blank().detail_only().says("Notes", "Notes in Markdown"),
            text("barcode_hash", 128).fixed().says("Barcode Hash", "Digest of the linked barcode"),
            flag("overdue")
                .null()
                .joined(concat!("t.status IN (", $open, ") AND t.target_date IS NOT NULL AND t.target_date < :today"))
                .label("Overdue"),
            object("duplicate", $crate::order::fields::DUPLICATE)
                .secret()
                .holds("DuplicateOrder")
                .says("Duplicate", "Take over from another order"),
            nested("address_detail", &$crate::company::address::BRIEF, "t.address").null().unless_off("address_detail").label("Address"),
            nested("contact_detail", &$crate::company::contact::CONTACT, "t.contact").null().unless_off("contact_detail").label("Contact"),
            nested("project_code_detail", &$crate::common::project_code::PROJECT_CODE, "t.project_code")
                .null()
                .unless_off("project_code_detail")
                .label("Project Code"),
            text("project_code_label", 0)
                .null()
                .computed("SELECT p.code FROM project_code p WHERE p.id = t.project_code")
                .unless_off("project_code_detail")
                .label("Project Code Label"),
            nested("responsible_detail", &$crate::users::owner::OWNER, "t.responsible")
                .null()
                .unless_off("responsible_detail")
                .label("Responsible"),
            $($own,)*
            $crate::common::parameter::parameters_of!($model).label("Parameters"),
        ]
    };
}
pub(crate) use order_fields;

/// The currency of an order, and what it costs.
macro_rules! order_money {
    ($total:expr) => {
        [
            money("total_price").null().computed($total).says("Total Price", "What the order costs"),
            choice("order_currency", Choices::By($crate::order::fields::currencies))
                .up_to(3)
                .null()
                .blank()
                .says("Order Currency", "Currency of the total; that of the company, if empty"),
        ]
    };
}
pub(crate) use order_money;

/// The currencies in use, and none, which means that of the company.
///
/// # Errors
/// The database cannot be asked.
pub fn currencies(conn: &rusqlite::Connection) -> crate::error::Result<Listed> {
    let mut all = vec![(Value::Text(String::new()), "---------".to_string())];
    all.extend(crate::common::setting::currencies(conn)?);
    Ok(all)
}

/// Orders have tags; the field.
macro_rules! order_tags {
    ($model:literal) => {
        words("tags").kept_by($crate::common::tag::tags_of!($model), $crate::common::tag::save).on("tags").label("Tags")
    };
}
pub(crate) use order_tags;

/// What a new order takes over from another one.
pub static DUPLICATE: &[Field] = &[
    int("order_id").required().request().says("Order ID", "The order to copy from"),
    flag("copy_lines").fill(Fill::Flag(true)).request().says("Copy Lines", "Take over its lines"),
    flag("copy_extra_lines").fill(Fill::Flag(true)).request().says("Copy Extra Lines", "Take over its extra lines"),
    flag("copy_parameters").fill(Fill::Flag(true)).request().says("Copy Parameters", "Take over its parameters"),
];

/// The filters that orders and builds have in common, then a list's own.
macro_rules! work_filters {
    ($model:literal, open: $open:expr, overdue: $overdue:expr, done: $done:literal; $($own:expr),* $(,)?) => {
        &[
            where_("status", Reads::Int, "t.status_custom_key = ? OR t.status = ? AND t.status_custom_key IS NULL"),
            where_("reference", Reads::Text, "t.reference = ? COLLATE NOCASE"),
            is(
                "assigned_to_me",
                "t.responsible IN (SELECT o.id FROM owner o WHERE o.user = :user \
                 OR o.\"group\" IN (SELECT m.\"group\" FROM user_group_member m WHERE m.user = :user))",
            ),
            is("overdue", $overdue),
            is("outstanding", $open),
            where_("project_code", Reads::Ref(&$crate::common::project_code::PROJECT_CODE), "t.project_code = ?"),
            is("has_project_code", "t.project_code IS NOT NULL"),
            where_("assigned_to", Reads::Ref(&$crate::users::owner::OWNER), "t.responsible = ?"),
            where_("created_before", Reads::Date, "t.creation_date < ?"),
            where_("created_after", Reads::Date, "t.creation_date > ?"),
            is("has_start_date", "t.start_date IS NOT NULL"),
            where_("start_date_before", Reads::Date, "t.start_date < ?"),
            where_("start_date_after", Reads::Date, "t.start_date > ?"),
            is("has_target_date", "t.target_date IS NOT NULL"),
            where_("target_date_before", Reads::Date, "t.target_date < ?"),
            where_("target_date_after", Reads::Date, "t.target_date > ?"),
            where_("completed_before", Reads::Date, concat!("t.", $done, " < ?")),
            where_("completed_after", Reads::Date, concat!("t.", $done, " > ?")),
            by("tags", Reads::Text, |asked, rows| $crate::common::tag::filter(asked, rows, $model)),
            $($own,)*
        ]
    };
}
pub(crate) use work_filters;

/// The filters of a list of orders, then those of the kind itself.
macro_rules! order_filters {
    ($model:literal, open: $open:literal, done: $done:literal; $($own:expr),* $(,)?) => {
        $crate::order::fields::work_filters![
            $model,
            open: concat!("t.status IN (", $open, ")"),
            overdue: concat!("t.status IN (", $open, ") AND t.target_date IS NOT NULL AND t.target_date < :today"),
            done: $done;
            where_("created_by", Reads::Ref(&$crate::users::user::USER), "t.created_by = ?"),
            where_("updated_before", Reads::Date, "t.updated_at < unixepoch(?) * 1000"),
            where_("updated_after", Reads::Date, "t.updated_at > unixepoch(?) * 1000"),
            where_("min_date", Reads::Date, $crate::order::fields::reaches!(">=")),
            where_("max_date", Reads::Date, $crate::order::fields::reaches!("<=")),
            $($own),*
        ]
    };
}
pub(crate) use order_filters;

/// The days of an order that a span of time is compared with: creation while it was never issued and has no start, issue while it has no
/// start, start, target.
macro_rules! reaches {
    ($than:literal) => {
        concat!(
            "(t.issue_date IS NULL AND t.start_date IS NULL AND t.creation_date ",
            $than,
            " ?) OR (t.start_date IS NULL AND t.issue_date ",
            $than,
            " ?) OR t.start_date ",
            $than,
            " ? OR t.target_date ",
            $than,
            " ?"
        )
    };
}
pub(crate) use reaches;

/// The words of `ordering` of a list of orders, then those of the kind itself.
macro_rules! order_words {
    ($table:literal; $($own:expr),* $(,)?) => {
        &[
            order("creation_date", &["t.creation_date"]),
            order("created_by", &["t.created_by"]),
            order("reference", &["t.reference_int", "t.reference"]),
            order("start_date", &["t.start_date"]),
            order("target_date", &["t.target_date"]),
            order("line_items", &[concat!("(SELECT count(*) FROM ", $table, "_line l WHERE l.\"order\" = t.id)")]),
            order("status", &["t.status"]),
            order("project_code", &["(SELECT p.code FROM project_code p WHERE p.id = t.project_code)"]),
            $($own,)*
        ]
    };
}
pub(crate) use order_words;

/// Orders come by their numbers, the latest first.
pub const BY_NUMBER: Order = order("-", &["t.reference_int", "t.reference"]);

/// The fields of a line, then those of the kind itself.
macro_rules! line_fields {
    ($order:expr; $($own:expr),* $(,)?) => {
        $crate::order::fields::line_fields![$order, quantity("quantity"); $($own),*]
    };
    ($order:expr, $quantity:expr; $($own:expr),* $(,)?) => {
        &[
            pk(),
            text("line", 20).blank().fill(Fill::Text("")).says("Line Number", "Number of the line"),
            url("link").blank().says("Link", "Web page about the line"),
            text("notes", 500).blank().says("Notes", "Remarks"),
            to("order", $order).required().says("Order", "The order that the line belongs to"),
            to("project_code", &$crate::common::project_code::PROJECT_CODE).null().says("Project Code", "The project that the line belongs to"),
            $quantity.required().fill(Fill::Int(1)).says("Quantity", "How much of it"),
            text("reference", 100).blank().says("Reference", "Name of the line"),
            date("target_date").null().says("Target Date", "When it should be done"),
            text("project_code_label", 0)
                .null()
                .computed("SELECT p.code FROM project_code p WHERE p.id = t.project_code")
                .unless_off("project_code_detail")
                .label("Project Code Label"),
            nested("project_code_detail", &$crate::common::project_code::PROJECT_CODE, "t.project_code")
                .null()
                .unless_off("project_code_detail")
                .label("Project Code"),
            $($own,)*
        ]
    };
}
pub(crate) use line_fields;

/// The filters of a list of lines, then those of the kind itself; `$priced` says that a line has a price.
macro_rules! line_filters {
    ($table:literal, $order:expr, priced: $priced:literal; $($own:expr),* $(,)?) => {
        &[
            where_("order_status", Reads::Int, concat!("t.\"order\" IN (SELECT o.id FROM ", $table, " o WHERE o.status = ?)")),
            is("has_pricing", $priced),
            where_("order", Reads::Ref($order), "t.\"order\" = ?"),
            $($own,)*
        ]
    };
}
pub(crate) use line_filters;

/// SQL: the line `t` is late. `$left` says that something is still to be done.
macro_rules! late {
    ($order:literal, $open:literal, $left:literal) => {
        concat!(
            $left,
            " AND EXISTS (SELECT 1 FROM ",
            $order,
            " o WHERE o.id = t.\"order\" AND o.status IN (",
            $open,
            ") AND t.target_date < :today)"
        )
    };
}
pub(crate) use late;

/// SQL: a column of the order of the line `t`.
macro_rules! of_order {
    ($order:literal, $column:literal) => {
        concat!("(SELECT o.", $column, " FROM ", $order, " o WHERE o.id = t.\"order\")")
    };
}
pub(crate) use of_order;

/// The extra lines of a kind of order.
macro_rules! extra_line {
    ($name:ident, $kind:expr, $order:expr, $table:literal, $path:literal, $model:literal, $schema:literal, $role:expr) => {
        /// Extra lines: what is paid for beside parts.
        pub static $name: Resource = Resource {
            path: $path,
            model: $model,
            schema: $schema,
            title: "extra line",
            table: concat!($table, "_extra_line"),
            roles: &[$role],
            verbs: Verbs::ALL,
            fields: $crate::order::fields::line_fields![$order;
                text("description", 250).blank().says("Description", "What it is for"),
                money("price").null().below_zero().says("Price", "Price of one"),
                choice("price_currency", Choices::By($crate::common::setting::currencies))
                    .fill(Fill::By($crate::common::setting::default_currency))
                    .says("Currency", "Currency of the price"),
                nested("order_detail", $order, "t.\"order\"").null().on("order_detail").label("Order"),
            ],
            filters: &[where_("order", Reads::Ref($order), "t.\"order\" = ?")],
            search: &[own(concat!($table, "_extra_line"), &["description", "notes", "reference"])],
            order: &[
                order("quantity", &["t.quantity"]),
                order("notes", &["t.notes"]),
                order("reference", &["t.reference"]),
                order("line", &["CAST(t.line AS INTEGER)", "t.line"]),
            ],
            list_flags: &[("order_detail", false)],
            check: Some(|change| $crate::order::line::check(change, $kind)),
            saved: Some(|change| $crate::order::line::saved(change, $kind)),
            remove: Some(|change| $crate::order::line::remove(change, $kind)),
            metadata: true,
            ..Resource::BASE
        };
    };
}
pub(crate) use extra_line;

/// A filter that finds orders and lines by part, with variants if `include_variants` says so.
///
/// # Errors
/// None.
pub fn by_part(asked: &Filtered<'_>, rows: &mut crate::engine::query::Where, sql: &str) -> crate::error::Result<()> {
    let parts = if asked.call.query.flag("include_variants").unwrap_or(false) {
        crate::part::part::TREE.keys_within()
    } else {
        "SELECT ?".to_string()
    };
    let values: Vec<Value> = std::iter::repeat_n(asked.value.clone(), parts.matches('?').count()).collect();
    rows.and(&sql.replace("{}", &parts), values);
    Ok(())
}
