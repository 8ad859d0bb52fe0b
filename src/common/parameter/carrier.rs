//! What may carry parameters: models, where their objects lie, and whose rights decide.

use crate::identity::{Right, User};
use crate::users::models;

/// Models whose objects may carry parameters, by the names that parameters use, with the names that people read.
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
pub static MODELS_OR_ALL: [(&str, &str); MODELS.len() + 1] = {
    let mut all = [("", "---------"); MODELS.len() + 1];
    let mut i = 0;
    while i < MODELS.len() {
        all[i + 1] = MODELS[i];
        i += 1;
    }
    all
};

/// The model's name without its application.
pub fn bare(model_type: &str) -> &str {
    model_type.rsplit('.').next().unwrap_or_default()
}

/// The name that parameters use for a model, from that name in any case or from the bare one.
pub fn named(text: &str) -> Option<&'static str> {
    let text = text.trim().to_ascii_lowercase();
    MODELS.iter().map(|m| m.0).find(|name| *name == text || bare(name) == text)
}

/// May this user do this to the objects of the model?
pub fn may(user: &User, right: Right, model_type: &str) -> bool {
    let roles = models::MODELS.iter().find(|m| m.0 == bare(model_type)).map_or(&[][..], |m| m.1);
    user.superuser || roles.iter().any(|role| user.has(*role, right))
}
