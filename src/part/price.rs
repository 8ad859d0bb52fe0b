//! Prices of parts by quantity, shown inside them.

use super::part::PART;
use crate::common::setting;
use crate::engine::describe::*;
use crate::identity::Role;

/// Prices at which a part is sold.
pub static SALE_BREAK: Resource = Resource {
    path: "part/sale-price",
    model: "partsellpricebreak",
    schema: "PartSalePrice",
    title: "sale price",
    table: "part_price_break",
    roles: &[Role::PART],
    fields: &[
        pk(),
        to("part", &PART).required().only(&[("salable", true)]).label("Part"),
        quantity("quantity").required().fill(Fill::Int(1)).says("Quantity", "From this quantity on"),
        money("price").null().says("Price", "Price of one at this quantity"),
        choice("price_currency", Choices::By(setting::currencies))
            .fill(Fill::By(setting::default_currency))
            .says("Currency", "Currency of the price"),
    ],
    ..Resource::BASE
};
