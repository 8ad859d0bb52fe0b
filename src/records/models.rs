//! Where each model of the file is kept. The order is that in which an export writes: what others refer to comes first.

use serde_json::Value;

use super::load::Loading;
use super::{Field, Fields, Form, Model, aside, at, count, day, decimal, file, flag, int, json, real, text, user};
use crate::db;
use crate::engine::moment;
use crate::engine::tree::Tree;
use crate::identity::token::{self, Foreign};
use crate::order::total::{currency_of, total_of};

/// All models, by the part of the trade they belong to.
pub static MODELS: &[&[Model]] = &[PEOPLE, COMMON, COMPANIES, PLACES, PARTS, ORDERS, BUILDS, STOCK, REPORTS, BELONGINGS];

/// The trees whose rows keep their places.
pub static TREES: [&Tree; 4] =
    [&crate::part::category::TREE, &crate::part::part::TREE, &crate::stock::location::TREE, &crate::build::build::TREE];

/// Settings but those that a server remembers for itself.
const LASTING: &str = "t.key NOT LIKE '\\_%' ESCAPE '\\'";
const METADATA: Field = json("metadata");
const NOTES: Field = text("notes");
const BARCODE: [Field; 2] = [text("barcode_data"), text("barcode_hash")];
const LINE_INT: Field = int("line_int").shown("CAST(t.line AS INTEGER)");

static PEOPLE: &[Model] = &[
    Model { name: "auth.group", table: "user_group", fields: &[text("name"), json("permissions").shown("'[]'")], ..Model::BASE },
    Model {
        name: "auth.user",
        table: "user",
        fields: &[
            text("password"),
            at("last_login"),
            flag("is_superuser"),
            text("username"),
            text("first_name"),
            text("last_name"),
            text("email"),
            flag("is_staff"),
            flag("is_active"),
            at("date_joined"),
            json("groups").shown(
                "SELECT json_group_array(json_array(g.name)) FROM user_group_member m JOIN user_group g ON g.id = m.\"group\" WHERE m.user = t.id",
            ),
            json("user_permissions").shown("'[]'"),
        ],
        ..Model::BASE
    },
    Model {
        name: "users.userprofile",
        table: "user",
        adds_to: Some("user"),
        fields: &[
            METADATA,
            user("user").shown("t.id"),
            text("language"),
            json("theme"),
            json("widgets"),
            text("displayname"),
            text("position"),
            text("status"),
            text("location"),
            flag("active"),
            text("contact"),
            text("type"),
            text("organisation"),
            Field::new("primary_group", Form::Group),
        ],
        ..Model::BASE
    },
    Model {
        name: "users.owner",
        table: "owner",
        fields: &[
            Field::new("owner_type", Form::Kind).shown("iif(t.user IS NULL, 'auth.group', 'auth.user')"),
            int("owner_id").shown("coalesce(t.user, t.\"group\")"),
        ],
        take: Some(owner),
        ..Model::BASE
    },
    Model {
        name: "users.ruleset",
        table: "ruleset",
        fields: &[
            text("name"),
            Field::new("group", Form::Group),
            flag("can_view"),
            flag("can_add"),
            flag("can_change"),
            flag("can_delete"),
        ],
        ..Model::BASE
    },
    Model {
        name: "account.emailaddress",
        table: "user_mail",
        fields: &[user("user"), text("email"), flag("verified"), flag("primary").shown("0")],
        take: Some(address),
        ..Model::BASE
    },
    Model { name: "users.apitoken", table: "token", fields: &[], only: "0", take: Some(api_token), ..Model::BASE },
];

static COMMON: &[Model] = &[
    Model { name: "common.inventreesetting", table: "setting", fields: &[text("value"), text("key")], only: LASTING, ..Model::BASE },
    Model {
        name: "common.inventreeusersetting",
        table: "user_setting",
        fields: &[text("value"), text("key"), user("user")],
        only: LASTING,
        ..Model::BASE
    },
    Model {
        name: "common.projectcode",
        table: "project_code",
        fields: &[METADATA, text("code"), text("description"), int("responsible")],
        ..Model::BASE
    },
    Model { name: "common.customunit", table: "custom_unit", fields: &[text("name"), text("symbol"), text("definition")], ..Model::BASE },
    Model {
        name: "common.inventreecustomuserstatemodel",
        table: "custom_state",
        fields: &[
            int("key"),
            text("name"),
            text("label"),
            text("color"),
            int("logical_key"),
            Field::new("model", Form::KindKey),
            text("reference_status"),
        ],
        ..Model::BASE
    },
    Model {
        name: "common.selectionlist",
        table: "selection_list",
        fields: &[
            METADATA,
            text("name"),
            text("description"),
            flag("locked"),
            flag("active"),
            aside("source_plugin", "null"),
            text("source_string"),
            int("default"),
            at("created"),
            at("last_updated"),
        ],
        ..Model::BASE
    },
    Model {
        name: "common.selectionlistentry",
        table: "selection_entry",
        fields: &[int("list"), text("value"), text("label"), text("description"), flag("active")],
        ..Model::BASE
    },
    Model {
        name: "common.parametertemplate",
        table: "parameter_template",
        fields: &[
            METADATA,
            Field::new("model_type", Form::Kind),
            text("name"),
            text("units"),
            text("description"),
            flag("checkbox"),
            text("choices"),
            int("selectionlist"),
            flag("enabled"),
        ],
        ..Model::BASE
    },
    Model {
        name: "common.barcodescanresult",
        table: "barcode_scan",
        fields: &[text("data"), at("timestamp"), user("user"), text("endpoint"), json("context"), json("response"), flag("result")],
        ..Model::BASE
    },
    Model { name: "taggit.tag", table: "tag", fields: &[text("name"), text("slug")], ..Model::BASE },
];

static COMPANIES: &[Model] = &[
    Model {
        name: "company.company",
        table: "company",
        fields: &[
            METADATA,
            NOTES,
            file("image"),
            text("name"),
            text("description"),
            text("website"),
            text("phone"),
            text("email"),
            text("contact"),
            text("link"),
            flag("active"),
            flag("is_customer"),
            flag("is_supplier"),
            flag("is_manufacturer"),
            text("currency"),
            text("tax_id"),
        ],
        ..Model::BASE
    },
    Model {
        name: "company.contact",
        table: "contact",
        fields: &[METADATA, int("company"), text("name"), text("phone"), text("email"), text("role")],
        ..Model::BASE
    },
    Model {
        name: "company.address",
        table: "address",
        fields: &[
            int("company"),
            text("title"),
            flag("primary"),
            text("line1"),
            text("line2"),
            text("postal_code"),
            text("postal_city"),
            text("province"),
            text("country"),
            text("shipping_notes"),
            text("internal_shipping_notes"),
            text("link"),
        ],
        ..Model::BASE
    },
];

static PLACES: &[Model] = &[
    Model {
        name: "stock.stocklocationtype",
        table: "stock_location_type",
        fields: &[METADATA, text("name"), text("description"), text("icon")],
        ..Model::BASE
    },
    Model {
        name: "stock.stocklocation",
        table: "stock_location",
        parent: Some("parent"),
        fields: &[
            METADATA,
            text("name"),
            text("description"),
            int("parent"),
            text("pathstring").shown("t.pathstring"),
            BARCODE[0],
            BARCODE[1],
            text("custom_icon"),
            int("owner"),
            flag("structural"),
            flag("external"),
            int("location_type"),
        ],
        ..Model::BASE
    },
];

/// Two columns of the file for an amount of a price overview, whose currency is that of the row.
macro_rules! amounts {
    ($($name:literal, $currency:literal;)*) => {
        &[
            at("updated"),
            text("currency"),
            flag("scheduled_for_update").at("scheduled"),
            int("part"),
            text("override_min_currency"),
            decimal("override_min", 6),
            text("override_max_currency"),
            decimal("override_max", 6),
            $(text($currency).shown("t.currency"), decimal($name, 6),)*
        ]
    };
}

/// The columns of a price break.
macro_rules! price_break {
    ($updated:expr) => {
        &[$updated, decimal("quantity", 5), text("price_currency"), decimal("price", 6), int("part")]
    };
}

static PARTS: &[Model] = &[
    Model {
        name: "part.partcategory",
        table: "part_category",
        parent: Some("parent"),
        fields: &[
            METADATA,
            text("name"),
            text("description"),
            int("parent"),
            text("pathstring").shown("t.pathstring"),
            int("default_location"),
            flag("structural"),
            text("default_keywords"),
            text("_icon").at("icon"),
        ],
        ..Model::BASE
    },
    Model { name: "part.partcategorystar", table: "part_category_star", fields: &[int("category"), user("user")], ..Model::BASE },
    Model {
        name: "part.partcategoryparametertemplate",
        table: "part_category_parameter",
        fields: &[METADATA, int("category"), int("template"), text("default_value")],
        ..Model::BASE
    },
    Model {
        name: "part.part",
        table: "part",
        parent: Some("variant_of"),
        fields: &[
            METADATA,
            NOTES,
            BARCODE[0],
            BARCODE[1],
            file("image"),
            text("name"),
            flag("is_template"),
            int("variant_of"),
            text("description"),
            text("keywords"),
            int("category"),
            text("IPN"),
            text("revision"),
            int("revision_of"),
            text("link"),
            int("default_location"),
            int("default_expiry"),
            decimal("minimum_stock", 6),
            decimal("maximum_stock", 6),
            text("units"),
            flag("assembly"),
            flag("component"),
            flag("trackable"),
            flag("testable"),
            flag("purchaseable"),
            flag("salable"),
            flag("active"),
            flag("locked"),
            flag("virtual"),
            flag("bom_validated"),
            text("bom_checksum"),
            user("bom_checked_by"),
            day("bom_checked_date"),
            day("creation_date"),
            user("creation_user"),
            int("responsible_owner").at("responsible"),
            aside("base_cost", "\"0.000000\""),
            aside("multiple", "1"),
        ],
        ..Model::BASE
    },
    Model { name: "part.partstar", table: "part_star", fields: &[int("part"), user("user")], ..Model::BASE },
    Model {
        name: "part.partrelated",
        table: "part_related",
        fields: &[METADATA, int("part_1"), int("part_2"), text("note")],
        ..Model::BASE
    },
    Model { name: "part.partsellpricebreak", table: "part_sale_price", fields: price_break!(aside("updated", "null")), ..Model::BASE },
    Model {
        name: "part.partinternalpricebreak",
        table: "part_internal_price",
        fields: price_break!(aside("updated", "null")),
        ..Model::BASE
    },
    Model {
        name: "part.parttesttemplate",
        table: "part_test_template",
        fields: &[
            METADATA,
            int("part"),
            text("test_name"),
            text("key"),
            text("description"),
            flag("enabled"),
            flag("required"),
            flag("requires_value"),
            flag("requires_attachment"),
            text("choices"),
        ],
        ..Model::BASE
    },
    Model {
        name: "part.partstocktake",
        table: "part_stocktake",
        fields: &[
            int("part"),
            int("item_count"),
            decimal("quantity", 5),
            day("date"),
            text("cost_min_currency"),
            decimal("cost_min", 6),
            text("cost_max_currency"),
            decimal("cost_max", 6),
        ],
        ..Model::BASE
    },
    Model {
        name: "part.partpricing",
        table: "part_pricing",
        fields: amounts! {
            "bom_cost_min", "bom_cost_min_currency";
            "bom_cost_max", "bom_cost_max_currency";
            "purchase_cost_min", "purchase_cost_min_currency";
            "purchase_cost_max", "purchase_cost_max_currency";
            "internal_cost_min", "internal_cost_min_currency";
            "internal_cost_max", "internal_cost_max_currency";
            "supplier_price_min", "supplier_price_min_currency";
            "supplier_price_max", "supplier_price_max_currency";
            "variant_cost_min", "variant_cost_min_currency";
            "variant_cost_max", "variant_cost_max_currency";
            "overall_min", "overall_min_currency";
            "overall_max", "overall_max_currency";
            "sale_price_min", "sale_price_min_currency";
            "sale_price_max", "sale_price_max_currency";
            "sale_history_min", "sale_history_min_currency";
            "sale_history_max", "sale_history_max_currency";
        },
        ..Model::BASE
    },
    Model {
        name: "part.bomitem",
        table: "bom_item",
        fields: &[
            METADATA,
            int("part"),
            int("sub_part"),
            text("raw_amount"),
            decimal("quantity", 5),
            flag("optional"),
            flag("consumable"),
            decimal("setup_quantity", 5),
            decimal("attrition", 3),
            decimal("rounding_multiple", 5),
            text("reference"),
            text("note"),
            text("checksum").shown("''"),
            flag("validated").shown("t.validated"),
            flag("inherited"),
            flag("allow_variants"),
        ],
        ..Model::BASE
    },
    Model { name: "part.bomitemsubstitute", table: "bom_substitute", fields: &[METADATA, int("bom_item"), int("part")], ..Model::BASE },
    Model {
        name: "company.manufacturerpart",
        table: "manufacturer_part",
        fields: &[
            METADATA,
            NOTES,
            BARCODE[0],
            BARCODE[1],
            int("part"),
            int("manufacturer"),
            text("MPN"),
            text("link"),
            text("description"),
        ],
        ..Model::BASE
    },
    Model {
        name: "company.supplierpart",
        table: "supplier_part",
        fields: &[
            METADATA,
            NOTES,
            BARCODE[0],
            BARCODE[1],
            at("updated"),
            int("part"),
            int("supplier"),
            text("SKU"),
            flag("active"),
            flag("primary"),
            int("manufacturer_part"),
            text("link"),
            text("description"),
            text("note"),
            aside("base_cost", "\"0.000\""),
            text("packaging"),
            text("pack_quantity"),
            decimal("pack_quantity_native", 10),
            aside("multiple", "1"),
            decimal("available", 3),
            at("availability_updated"),
        ],
        ..Model::BASE
    },
    Model { name: "company.supplierpricebreak", table: "supplier_price_break", fields: price_break!(at("updated")), ..Model::BASE },
];

/// The columns that all kinds of orders share.
macro_rules! order {
    ($($own:expr,)*) => {
        &[
            METADATA,
            int("reference_int"),
            NOTES,
            BARCODE[0],
            BARCODE[1],
            text("description"),
            int("project_code"),
            text("link"),
            day("start_date"),
            day("target_date"),
            day("creation_date"),
            user("created_by"),
            day("issue_date"),
            at("updated_at"),
            int("responsible"),
            int("contact"),
            int("address"),
            text("reference"),
            int("status"),
            int("status_custom_key"),
            $($own,)*
        ]
    };
}

/// What an order costs, and in which currency; where no rate of exchange is known it is empty.
macro_rules! total {
    ($company:literal, $lines:literal) => {
        [
            text("total_price_currency").shown(concat!("SELECT ", currency_of!($company))),
            decimal("total_price", 6).shown(total_of!($company, $lines)),
        ]
    };
}
const PURCHASE: [Field; 2] = total!(
    "supplier",
    "SELECT quantity, purchase_price, purchase_price_currency FROM purchase_order_line WHERE \"order\" = t.id \
     UNION ALL SELECT quantity, price, price_currency FROM purchase_order_extra_line WHERE \"order\" = t.id"
);
const SALES: [Field; 2] = total!(
    "customer",
    "SELECT quantity, sale_price, sale_price_currency FROM sales_order_line WHERE \"order\" = t.id \
     UNION ALL SELECT quantity, price, price_currency FROM sales_order_extra_line WHERE \"order\" = t.id"
);
const RETURN: [Field; 2] = total!(
    "customer",
    "SELECT quantity, price, price_currency FROM return_order_line WHERE \"order\" = t.id \
     UNION ALL SELECT quantity, price, price_currency FROM return_order_extra_line WHERE \"order\" = t.id"
);

/// The columns that all kinds of lines share.
macro_rules! line {
    ($($own:expr,)*) => {
        &[
            METADATA,
            decimal("quantity", 5),
            text("line"),
            LINE_INT,
            text("reference"),
            NOTES,
            text("link"),
            day("target_date"),
            int("project_code"),
            int("order"),
            $($own,)*
        ]
    };
}
static EXTRA_LINE: &[Field] = line![text("description"), aside("context", "null"), text("price_currency"), decimal("price", 6),];

static ORDERS: &[Model] = &[
    Model {
        name: "order.purchaseorder",
        table: "purchase_order",
        fields: order![
            PURCHASE[0],
            PURCHASE[1],
            text("order_currency"),
            int("supplier"),
            text("supplier_reference"),
            aside("received_by", "null"),
            day("complete_date"),
            int("destination"),
        ],
        ..Model::BASE
    },
    Model { name: "order.purchaseorderextraline", table: "purchase_order_extra_line", fields: EXTRA_LINE, ..Model::BASE },
    Model {
        name: "order.salesorder",
        table: "sales_order",
        fields: order![
            SALES[0],
            SALES[1],
            text("order_currency"),
            int("customer"),
            text("customer_reference"),
            day("shipment_date"),
            user("shipped_by"),
        ],
        ..Model::BASE
    },
    Model {
        name: "order.salesorderlineitem",
        table: "sales_order_line",
        fields: line![int("part"), text("sale_price_currency"), decimal("sale_price", 6), decimal("shipped", 5),],
        ..Model::BASE
    },
    Model { name: "order.salesorderextraline", table: "sales_order_extra_line", fields: EXTRA_LINE, ..Model::BASE },
    Model {
        name: "order.salesordershipment",
        table: "sales_order_shipment",
        fields: &[
            METADATA,
            NOTES,
            BARCODE[0],
            BARCODE[1],
            int("order"),
            int("shipment_address"),
            day("shipment_date"),
            day("delivery_date"),
            user("checked_by"),
            text("reference"),
            text("tracking_number"),
            text("invoice_number"),
            text("link"),
        ],
        ..Model::BASE
    },
    Model {
        name: "order.returnorder",
        table: "return_order",
        fields: order![RETURN[0], RETURN[1], text("order_currency"), int("customer"), text("customer_reference"), day("complete_date"),],
        ..Model::BASE
    },
    Model { name: "order.returnorderextraline", table: "return_order_extra_line", fields: EXTRA_LINE, ..Model::BASE },
    Model {
        name: "order.transferorder",
        table: "transfer_order",
        fields: order![int("take_from"), int("destination"), flag("consume"), day("complete_date"),],
        ..Model::BASE
    },
    Model {
        name: "order.transferorderlineitem",
        table: "transfer_order_line",
        fields: line![int("part"), decimal("transferred", 5),],
        ..Model::BASE
    },
];

static BUILDS: &[Model] = &[
    Model {
        name: "build.build",
        table: "build",
        parent: Some("parent"),
        fields: &[
            METADATA,
            int("reference_int"),
            NOTES,
            BARCODE[0],
            BARCODE[1],
            text("reference"),
            text("title"),
            int("parent"),
            int("part"),
            int("sales_order"),
            int("take_from"),
            flag("external"),
            int("destination"),
            count("quantity"),
            count("completed"),
            int("status"),
            text("batch"),
            day("creation_date"),
            day("start_date"),
            day("target_date"),
            day("completion_date"),
            user("completed_by"),
            user("issued_by"),
            int("responsible"),
            text("link"),
            int("priority"),
            int("project_code"),
            int("status_custom_key"),
        ],
        ..Model::BASE
    },
    Model {
        name: "build.buildline",
        table: "build_line",
        fields: &[int("build"), int("bom_item"), decimal("quantity", 5), decimal("consumed", 5)],
        ..Model::BASE
    },
    Model {
        name: "order.purchaseorderlineitem",
        table: "purchase_order_line",
        fields: line![
            int("part"),
            decimal("received", 5),
            text("purchase_price_currency"),
            decimal("purchase_price", 6),
            int("build_order"),
            int("destination"),
        ],
        ..Model::BASE
    },
];

static STOCK: &[Model] = &[
    Model {
        name: "stock.stockitem",
        table: "stock_item",
        parent: Some("parent"),
        fields: &[
            METADATA,
            NOTES,
            BARCODE[0],
            BARCODE[1],
            at("updated"),
            int("parent"),
            int("part"),
            int("supplier_part"),
            int("location"),
            text("packaging"),
            int("belongs_to"),
            int("customer"),
            text("serial"),
            int("serial_int"),
            text("link"),
            text("batch"),
            decimal("quantity", 5),
            int("build"),
            int("consumed_by"),
            flag("is_building"),
            int("purchase_order"),
            int("sales_order"),
            day("expiry_date"),
            day("stocktake_date"),
            user("stocktake_user"),
            at("creation_date"),
            flag("delete_on_deplete"),
            int("status"),
            text("purchase_price_currency"),
            decimal("purchase_price", 6),
            int("owner"),
            int("status_custom_key"),
        ],
        ..Model::BASE
    },
    Model {
        name: "stock.stockitemtracking",
        table: "stock_tracking",
        fields: &[int("tracking_type"), int("item"), int("part"), at("date"), NOTES, user("user"), json("deltas")],
        ..Model::BASE
    },
    Model {
        name: "stock.stockitemtestresult",
        table: "stock_test_result",
        fields: &[
            METADATA,
            int("stock_item"),
            int("template"),
            flag("result"),
            text("value"),
            file("attachment"),
            NOTES,
            user("user"),
            text("test_station"),
            at("started_datetime"),
            at("finished_datetime"),
            at("date"),
        ],
        ..Model::BASE
    },
    Model {
        name: "build.builditem",
        table: "build_item",
        fields: &[METADATA, int("build_line"), int("stock_item"), decimal("quantity", 5), int("install_into")],
        ..Model::BASE
    },
    Model {
        name: "order.salesorderallocation",
        table: "sales_order_allocation",
        fields: &[int("line"), int("shipment"), int("item"), decimal("quantity", 5)],
        ..Model::BASE
    },
    Model {
        name: "order.transferorderallocation",
        table: "transfer_order_allocation",
        fields: &[int("line"), int("item"), decimal("quantity", 5)],
        ..Model::BASE
    },
    Model {
        name: "order.returnorderlineitem",
        table: "return_order_line",
        fields: line![
            int("item"),
            day("received_date"),
            int("outcome"),
            text("price_currency"),
            decimal("price", 6),
            aside("outcome_custom_key", "null"),
        ],
        ..Model::BASE
    },
];

/// The columns that templates of reports and of labels share.
macro_rules! template {
    ($($own:expr,)*) => {
        &[
            METADATA,
            at("updated"),
            user("updated_by"),
            text("name"),
            text("description"),
            int("revision"),
            flag("attach_to_model"),
            text("filename_pattern"),
            flag("enabled"),
            text("model_type"),
            text("filters"),
            file("template"),
            $($own,)*
        ]
    };
}

static REPORTS: &[Model] = &[
    Model {
        name: "report.reporttemplate",
        table: "report_template",
        fields: template![text("page_size"), flag("landscape"), flag("merge"),],
        ..Model::BASE
    },
    Model { name: "report.labeltemplate", table: "label_template", fields: template![real("width"), real("height"),], ..Model::BASE },
    Model { name: "report.reportsnippet", table: "report_snippet", fields: &[file("snippet"), text("description")], ..Model::BASE },
    Model { name: "report.reportasset", table: "report_asset", fields: &[file("asset"), text("description")], ..Model::BASE },
    Model {
        name: "machine.machineconfig",
        table: "machine",
        word: Some("uuid"),
        fields: &[text("name"), text("machine_type"), text("driver"), flag("active")],
        ..Model::BASE
    },
    Model {
        name: "machine.machinesetting",
        table: "machine_setting",
        fields: &[text("key"), text("value"), Field::new("machine_config", Form::Machine).at("machine"), text("config_type")],
        ..Model::BASE
    },
];

/// What belongs to other things, whatever they are.
pub static BELONGINGS: &[Model] = &[
    Model {
        name: "common.parameter",
        table: "parameter",
        fields: &[
            METADATA,
            at("updated"),
            user("updated_by"),
            Field::new("model_type", Form::Kind),
            int("model_id"),
            int("template"),
            text("data"),
            real("data_numeric"),
            text("note"),
        ],
        ..Model::BASE
    },
    Model {
        name: "common.attachment",
        table: "attachment",
        fields: &[
            METADATA,
            text("model_type"),
            int("model_id"),
            file("attachment"),
            text("thumbnail").shown("''"),
            text("link"),
            text("comment"),
            user("upload_user"),
            day("upload_date"),
            flag("is_image"),
            int("file_size"),
        ],
        ..Model::BASE
    },
    Model {
        name: "common.notesimage",
        table: "notes_image",
        fields: &[file("image"), user("user"), at("date"), text("model_type"), int("model_id")],
        ..Model::BASE
    },
    Model {
        name: "taggit.taggeditem",
        table: "tagged_item",
        fields: &[int("tag"), int("object_id").at("model_id"), Field::new("content_type", Form::BareKind).at("model_type")],
        ..Model::BASE
    },
];

fn number(fields: &Fields, name: &str) -> Result<i64, String> {
    fields.get(name).and_then(Value::as_i64).ok_or_else(|| format!("{name} is no number"))
}

/// Who may be responsible: a user or a group.
fn owner(loading: &Loading<'_>, key: i64, fields: &Fields) -> Result<(), String> {
    let column = match loading.names.kind(fields.get("owner_type").unwrap_or(&Value::Null))?.as_deref() {
        Some("auth.user") => "user",
        Some("auth.group") => "\"group\"",
        _ => return Err("owner_type is neither user nor group".into()),
    };
    let sql = format!("INSERT INTO owner (id, {column}) VALUES (?1, ?2)");
    db::run(loading.conn, &sql, (key, number(fields, "owner_id")?)).map_err(|e| e.to_string())?;
    Ok(())
}

/// The first address stands with the user, further ones by themselves.
fn address(loading: &Loading<'_>, key: i64, fields: &Fields) -> Result<(), String> {
    let user = loading.names.user(fields.get("user").unwrap_or(&Value::Null))?.ok_or("an address of nobody")?;
    let email = fields.get("email").and_then(Value::as_str).unwrap_or_default();
    let is = |name| fields.get(name).and_then(Value::as_bool).unwrap_or_default();
    let done = if is("primary") {
        db::run(loading.conn, "UPDATE user SET email = ?2, email_verified = ?3 WHERE id = ?1", (user, email, is("verified")))
    } else {
        let sql = "INSERT INTO user_mail (id, user, email, verified) VALUES (?1, ?2, ?3, ?4)";
        db::run(loading.conn, sql, (key, user, email, is("verified")))
    };
    done.map(|_| ()).map_err(|e| e.to_string())
}

/// Tokens go on to work; what is kept of them is their digest.
fn api_token(loading: &Loading<'_>, key: i64, fields: &Fields) -> Result<(), String> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let user = loading.names.user(fields.get("user").unwrap_or(&Value::Null))?.ok_or("a token of nobody")?;
    let (created, expiry) = (text("created"), text("expiry"));
    let foreign = Foreign {
        id: key,
        user,
        name: text("name"),
        token: text("key"),
        created: moment::read(created).unwrap_or_else(moment::now),
        expiry: expiry.get(..10).ok_or("a token without a last day")?,
        revoked: fields.get("revoked") == Some(&Value::Bool(true)),
    };
    if foreign.token.is_empty() {
        return Err("a token without its text".into());
    }
    token::adopt(loading.conn, &foreign).map_err(|e| e.to_string())
}
