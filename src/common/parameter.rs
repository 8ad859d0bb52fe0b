//! Parameters: named values that parts and other things carry, shown inside them.

use crate::engine::describe::*;
use crate::identity::Access;
use crate::users::user::BRIEF as USER_BRIEF;

/// Models whose objects may carry parameters.
pub const MODELS: &[(&str, &str)] = &[
    ("build.build", "Build Order"),
    ("company.company", "Company"),
    ("company.manufacturerpart", "Manufacturer Part"),
    ("company.supplierpart", "Supplier Part"),
    ("order.purchaseorder", "Purchase Order"),
    ("order.returnorder", "Return Order"),
    ("order.salesorder", "Sales Order"),
    ("order.salesordershipment", "Sales Order Shipment"),
    ("order.transferorder", "Transfer Order"),
    ("part.part", "Part"),
    ("part.partcategory", "Part Category"),
    ("stock.stocklocation", "Stock Location"),
];

/// The same, and none, which means all of them.
static MODELS_OR_ALL: [(&str, &str); MODELS.len() + 1] = {
    let mut all = [("", "---------"); MODELS.len() + 1];
    let mut i = 0;
    while i < MODELS.len() {
        all[i + 1] = MODELS[i];
        i += 1;
    }
    all
};

/// What a parameter means.
pub static TEMPLATE: Resource = Resource {
    path: "parameter/template",
    model: "parametertemplate",
    schema: "ParameterTemplate",
    title: "parameter template",
    table: "parameter_template",
    access: Access::Login,
    fields: &[
        pk(),
        text("name", 100).required().says("Name", "Name of the parameter"),
        text("units", 25).blank().says("Units", "Unit that the values are in"),
        text("description", 250).blank().says("Description", "What the parameter says"),
        choice("model_type", Choices::Words(&MODELS_OR_ALL)).null().fill(Fill::Text("")).says("Model Type", "What may carry the parameter"),
        flag("checkbox").fill(Fill::Flag(false)).says("Checkbox", "The value is yes or no"),
        text("choices", 5000).blank().says("Choices", "Possible values, with commas between"),
        to("selectionlist", &SELECTION_LIST).null().says("Selection List", "List of possible values"),
        flag("enabled").fill(Fill::Flag(true)).says("Enabled", "May the parameter be used?"),
    ],
    ..Resource::BASE
};

static SELECTION_LIST: Resource = Resource {
    path: "selection",
    model: "selectionlist",
    title: "selection list",
    table: "selection_list",
    access: Access::Login,
    ..Resource::BASE
};

/// A value.
pub static PARAMETER: Resource = Resource {
    path: "parameter",
    model: "parameter",
    schema: "Parameter",
    title: "parameter",
    table: "parameter",
    access: Access::Login,
    fields: &[
        pk(),
        to("template", &TEMPLATE).required().says("Template", "What the value means"),
        choice("model_type", Choices::Words(MODELS)).fill(Fill::Text("")).label("Model Type"),
        int("model_id").required().says("Model ID", "Key of the object that carries it"),
        text("data", 500).required().says("Data", "The value"),
        float("data_numeric").null().fill(Fill::Null),
        text("note", 500).blank().says("Note", "A remark"),
        moment("updated").null().fixed().fill(Fill::Null).says("Updated", "When it was last changed"),
        to("updated_by", &crate::users::user::USER).null().fixed().plain().says("Update By", "Who changed it last"),
        nested("template_detail", &TEMPLATE, "t.template").unless_off("template_detail"),
        nested("updated_by_detail", &USER_BRIEF, "t.updated_by").null().unless_off("updated_by_detail"),
    ],
    ..Resource::BASE
};

/// The field `parameters` of a model, by its `app.model` name.
macro_rules! parameters_of {
    ($model:literal) => {
        $crate::engine::describe::many(
            "parameters",
            &$crate::common::parameter::PARAMETER,
            concat!("SELECT id FROM parameter WHERE model_type = '", $model, "' AND model_id = :id ORDER BY id"),
        )
        .null()
        .on("parameters")
    };
}
pub(crate) use parameters_of;
