//! `/api/stock/location-type/`: kinds of places, with the icon that places of the kind get.

use crate::common::icon;
use crate::engine::describe::*;
use crate::identity::Role;

/// Kinds of places.
pub static LOCATION_TYPE: Resource = Resource {
    path: "stock/location-type",
    model: "stocklocationtype",
    schema: "StockLocationType",
    title: "location type",
    table: "stock_location_type",
    roles: &[Role::STOCK_LOCATION],
    verbs: Verbs::ALL,
    fields: &[
        pk(),
        text("name", 100).required().says("Name", "Name of the kind"),
        text("description", 250).blank().says("Description", "What places of this kind are"),
        text("icon", 100).blank().says("Icon", "Icon of places that have none of their own"),
        int("location_count").null().joined("SELECT count(*) FROM stock_location l WHERE l.location_type = t.id").label("Location count"),
    ],
    search: &[own("stock_location_type", &["name"])],
    order: &[order("name", &["t.name"]), order("location_count", &[COUNT]), order("icon", &["t.icon"])],
    sort: order("-", &[COUNT]),
    check: Some(|change| {
        icon::check(change, "icon");
        Ok(())
    }),
    metadata: true,
    ..Resource::BASE
};

const COUNT: &str = "(SELECT count(*) FROM stock_location l WHERE l.location_type = t.id)";
