//! What the trade shares: settings, codes, units, lists, templates, machines, and what belongs to other things.

use super::{Field, Form, METADATA, Model, aside, at, day, file, flag, int, json, real, text, user};

/// Settings but those that a server remembers for itself.
const LASTING: &str = "t.key NOT LIKE '\\_%' ESCAPE '\\'";

pub static COMMON: &[Model] = &[
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

pub static REPORTS: &[Model] = &[
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
        late: true,
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
