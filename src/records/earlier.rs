//! Records of earlier versions, brought to today's form where a model or a field merely moved.

use serde_json::{Value, json};

use super::Fields;

/// Models whose rows belong to something by a field of its own, and what that is called today: model, field, kind of its owner, today's model.
const MOVED: &[(&str, &str, &str, &str)] = &[
    ("part.partattachment", "part", "part.part", "common.attachment"),
    ("company.companyattachment", "company", "company.company", "common.attachment"),
    ("company.manufacturerpartattachment", "manufacturer_part", "company.manufacturerpart", "common.attachment"),
    ("stock.stockitemattachment", "stock_item", "stock.stockitem", "common.attachment"),
    ("build.buildorderattachment", "build", "build.build", "common.attachment"),
    ("order.purchaseorderattachment", "order", "order.purchaseorder", "common.attachment"),
    ("order.salesorderattachment", "order", "order.salesorder", "common.attachment"),
    ("order.returnorderattachment", "order", "order.returnorder", "common.attachment"),
    ("part.partparameter", "part", "part.part", "common.parameter"),
    ("company.companyparameter", "company", "company.company", "common.parameter"),
];
/// Models that have another name.
const RENAMED: &[(&str, &str)] = &[
    ("part.partparametertemplate", "common.parametertemplate"),
    ("label.labeltemplate", "report.labeltemplate"),
    ("part.parttesttemplates", "part.parttesttemplate"),
    ("users.userprofiles", "users.userprofile"),
];
/// Fields that have another name: model, earlier, today.
const FIELDS: &[(&str, &str, &str)] = &[
    ("part.partcategoryparametertemplate", "parameter_template", "template"),
    ("part.partcategory", "icon", "_icon"),
    ("stock.stocklocation", "icon", "custom_icon"),
    ("stock.stockitem", "uid", "barcode_hash"),
    ("stock.stocklocation", "uid", "barcode_hash"),
    ("part.part", "uid", "barcode_hash"),
    ("common.attachment", "user", "upload_user"),
    ("part.bomitem", "overage", "attrition"),
];

/// Brings a record to today's form. Keys of attachments and parameters that used to be numbered by model are given anew (none here).
pub fn renew(model: &mut String, key: &mut Option<i64>, fields: &mut Fields) {
    if let Some((_, field, kind, today)) = MOVED.iter().find(|moved| moved.0 == *model) {
        let owner = fields.shift_remove(*field).unwrap_or(Value::Null);
        fields.insert("model_id".into(), owner);
        let bare = kind.rsplit('.').next().unwrap_or_default();
        fields.insert("model_type".into(), if *today == "common.attachment" { json!(bare) } else { json!(kind) });
        *model = (*today).to_string();
        *key = None;
    }
    if let Some((_, today)) = RENAMED.iter().find(|renamed| renamed.0 == *model) {
        *model = (*today).to_string();
    }
    for (_, earlier, today) in FIELDS.iter().filter(|field| field.0 == *model) {
        if !fields.contains_key(*today)
            && let Some(value) = fields.shift_remove(*earlier)
        {
            fields.insert((*today).to_string(), value);
        }
    }
    if model == "part.bomitem" {
        overage(fields);
    }
}

/// What was written as overage, "5%" or a number of pieces, is attrition in percent, or a quantity for the setup.
fn overage(fields: &mut Fields) {
    let Some(text) = fields.get("attrition").and_then(Value::as_str).map(str::trim) else { return };
    let (attrition, setup) = match text.strip_suffix('%') {
        Some(percent) => (json!(percent.trim()), None),
        None if text.is_empty() => (json!("0"), None),
        None if fields.contains_key("setup_quantity") => return,
        None => (json!("0"), Some(json!(text))),
    };
    fields.insert("attrition".into(), attrition);
    if let Some(setup) = setup {
        fields.insert("setup_quantity".into(), setup);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renewed(model: &str, fields: Value) -> (String, Option<i64>, Value) {
        let (mut model, mut key) = (model.to_string(), Some(7));
        let Value::Object(mut fields) = fields else { return (model, key, Value::Null) };
        renew(&mut model, &mut key, &mut fields);
        (model, key, Value::Object(fields))
    }

    #[test]
    fn what_moved_is_found_again() {
        let (model, key, fields) = renewed("part.partparameter", json!({ "part": 3, "template": 1, "data": "5" }));
        assert_eq!((model.as_str(), key), ("common.parameter", None));
        assert_eq!(fields, json!({ "template": 1, "data": "5", "model_id": 3, "model_type": "part.part" }));
        let (model, _, fields) = renewed("stock.stockitemattachment", json!({ "stock_item": 3, "user": 1 }));
        assert_eq!(model, "common.attachment");
        assert_eq!(fields, json!({ "model_id": 3, "model_type": "stockitem", "upload_user": 1 }));
        assert_eq!(renewed("part.bomitem", json!({ "overage": "5 %" })).2, json!({ "attrition": "5" }));
        assert_eq!(renewed("part.bomitem", json!({ "overage": "3" })).2, json!({ "attrition": "0", "setup_quantity": "3" }));
        assert_eq!(
            renewed("part.bomitem", json!({ "attrition": "2.5", "setup_quantity": "1" })).2,
            json!({ "attrition": "2.5", "setup_quantity": "1" })
        );
    }
}
