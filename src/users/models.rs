//! Which roles open which models: a table of the contract, for clients that ask by model.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use crate::identity::{ROLES, Right, Role};

/// Models by their names on the wire, with the roles any of which opens them; none means that only superusers have rights by role.
pub static MODELS: &[(&str, &[Role])] = &[
    ("emailaddress", &[Role::ADMIN]),
    ("emailconfirmation", &[Role::ADMIN]),
    ("logentry", &[]),
    ("group", &[Role::ADMIN]),
    ("permission", &[Role::ADMIN]),
    ("user", &[Role::ADMIN]),
    ("build", &[Role::BUILD]),
    ("builditem", &[Role::BUILD]),
    ("buildline", &[Role::BUILD]),
    ("attachment", &[]),
    ("barcodescanresult", &[Role::ADMIN]),
    ("customunit", &[]),
    ("dataoutput", &[]),
    ("emailmessage", &[Role::ADMIN]),
    ("emailthread", &[Role::ADMIN]),
    ("inventreecustomuserstatemodel", &[]),
    ("inventreesetting", &[]),
    ("inventreeusersetting", &[]),
    ("newsfeedentry", &[Role::ADMIN]),
    ("notesimage", &[]),
    ("notificationentry", &[]),
    ("notificationmessage", &[]),
    ("parameter", &[]),
    ("parametertemplate", &[]),
    ("projectcode", &[]),
    ("selectionlist", &[]),
    ("selectionlistentry", &[]),
    ("webhookendpoint", &[]),
    ("webhookmessage", &[]),
    ("address", &[Role::PURCHASE_ORDER, Role::SALES_ORDER, Role::RETURN_ORDER]),
    ("company", &[Role::PURCHASE_ORDER, Role::SALES_ORDER, Role::RETURN_ORDER]),
    ("contact", &[Role::PURCHASE_ORDER, Role::SALES_ORDER, Role::RETURN_ORDER]),
    ("manufacturerpart", &[Role::PART, Role::PURCHASE_ORDER]),
    ("supplierpart", &[Role::PART, Role::PURCHASE_ORDER]),
    ("supplierpricebreak", &[Role::PURCHASE_ORDER]),
    ("contenttype", &[]),
    ("mailbox", &[Role::ADMIN]),
    ("message", &[Role::ADMIN]),
    ("messageattachment", &[Role::ADMIN]),
    ("failure", &[]),
    ("ormq", &[]),
    ("schedule", &[]),
    ("success", &[]),
    ("task", &[]),
    ("error", &[]),
    ("exchangebackend", &[]),
    ("rate", &[]),
    ("flagstate", &[Role::ADMIN]),
    ("dataimportcolumnmap", &[]),
    ("dataimportrow", &[]),
    ("dataimportsession", &[]),
    ("machineconfig", &[Role::ADMIN]),
    ("machinesetting", &[Role::ADMIN]),
    ("authenticator", &[Role::ADMIN]),
    ("accesstoken", &[Role::ADMIN]),
    ("application", &[Role::ADMIN]),
    ("devicegrant", &[Role::ADMIN]),
    ("grant", &[Role::ADMIN]),
    ("idtoken", &[Role::ADMIN]),
    ("refreshtoken", &[Role::ADMIN]),
    ("purchaseorder", &[Role::PURCHASE_ORDER]),
    ("purchaseorderextraline", &[Role::PURCHASE_ORDER]),
    ("purchaseorderlineitem", &[Role::PURCHASE_ORDER]),
    ("returnorder", &[Role::RETURN_ORDER]),
    ("returnorderextraline", &[Role::RETURN_ORDER]),
    ("returnorderlineitem", &[Role::RETURN_ORDER]),
    ("salesorder", &[Role::SALES_ORDER]),
    ("salesorderallocation", &[Role::SALES_ORDER]),
    ("salesorderextraline", &[Role::SALES_ORDER]),
    ("salesorderlineitem", &[Role::SALES_ORDER]),
    ("salesordershipment", &[Role::SALES_ORDER]),
    ("transferorder", &[Role::TRANSFER_ORDER]),
    ("transferorderallocation", &[Role::TRANSFER_ORDER]),
    ("transferorderlineitem", &[Role::TRANSFER_ORDER]),
    ("staticdevice", &[Role::ADMIN]),
    ("statictoken", &[Role::ADMIN]),
    ("totpdevice", &[Role::ADMIN]),
    ("bomitem", &[Role::BOM, Role::BUILD]),
    ("bomitemsubstitute", &[Role::BOM, Role::BUILD]),
    ("part", &[Role::PART, Role::BUILD]),
    ("partcategory", &[Role::PART_CATEGORY, Role::BUILD]),
    ("partcategoryparametertemplate", &[Role::PART_CATEGORY]),
    ("partcategorystar", &[Role::PART_CATEGORY, Role::PART]),
    ("partinternalpricebreak", &[Role::PART]),
    ("partpricing", &[Role::PART]),
    ("partrelated", &[Role::PART]),
    ("partsellpricebreak", &[Role::PART]),
    ("partstar", &[Role::PART]),
    ("partstocktake", &[Role::PART]),
    ("parttesttemplate", &[Role::PART]),
    ("pluginconfig", &[Role::ADMIN]),
    ("pluginsetting", &[Role::ADMIN]),
    ("pluginusersetting", &[Role::ADMIN]),
    ("labeltemplate", &[Role::ADMIN]),
    ("reportasset", &[Role::ADMIN]),
    ("reportsnippet", &[Role::ADMIN]),
    ("reporttemplate", &[Role::ADMIN]),
    ("session", &[]),
    ("socialaccount", &[Role::ADMIN]),
    ("socialapp", &[Role::ADMIN]),
    ("socialtoken", &[Role::ADMIN]),
    ("stockitem", &[Role::STOCK, Role::BUILD]),
    ("stockitemtestresult", &[Role::STOCK]),
    ("stockitemtracking", &[Role::STOCK]),
    ("stocklocation", &[Role::STOCK_LOCATION, Role::BUILD]),
    ("stocklocationtype", &[Role::STOCK_LOCATION]),
    ("tag", &[Role::ADMIN]),
    ("taggeditem", &[Role::ADMIN]),
    ("apitoken", &[Role::ADMIN]),
    ("owner", &[]),
    ("ruleset", &[Role::ADMIN]),
    ("userprofile", &[]),
    ("usersession", &[]),
];

/// Registers `permissions_of(rules)`: from a JSON list of `[role, view, add, change, delete]` to the rights by model.
///
/// # Errors
/// SQLite does not take it.
pub fn functions(conn: &Connection) -> rusqlite::Result<()> {
    conn.create_scalar_function("permissions_of", 1, FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC, |call| {
        let rules: Vec<(String, i64, i64, i64, i64)> = serde_json::from_str(&call.get::<String>(0)?).unwrap_or_default();
        let granted = |role: &Role, right: Right| {
            let name = ROLES.get(usize::from(role.0)).map_or("", |r| r.0);
            rules.iter().any(|rule| rule.0 == name && [rule.1, rule.2, rule.3, rule.4].get(right as usize) == Some(&1))
        };
        let mut all = serde_json::Map::new();
        for (model, roles) in MODELS {
            let rights: Vec<&str> = [Right::Add, Right::Change, Right::Delete, Right::View]
                .into_iter()
                .filter(|right| roles.iter().any(|role| granted(role, *right)))
                .map(Right::name)
                .collect();
            if !rights.is_empty() {
                all.insert((*model).into(), rights.into());
            }
        }
        Ok(serde_json::Value::Object(all).to_string())
    })
}
