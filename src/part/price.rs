//! `/api/part/sale-price/` and `/api/part/internal-price/`: prices of parts by quantity.

use super::part::PART;
use super::pricing;
use crate::common::{price_break, setting};
use crate::db;
use crate::engine::describe::*;
use crate::engine::write::Change;
use crate::error::{Result, WHOLE};
use crate::identity::Role;

/// Prices at which a part is sold.
pub static SALE_BREAK: Resource = Resource {
    path: "part/sale-price",
    model: "partsellpricebreak",
    schema: "PartSalePrice",
    title: "sale price",
    fields: &[pk(), to("part", &PART).required().only(&[("salable", true)]).label("Part"), QUANTITY, PRICE, CURRENCY],
    filters: FILTERS,
    table: SALE,
    check: Some(|change| check(change, SALE)),
    metadata: true,
    ..BASE
};

/// Prices at which a part counts inside the house.
pub static INTERNAL_BREAK: Resource = Resource {
    path: "part/internal-price",
    model: "partinternalpricebreak",
    schema: "PartInternalPrice",
    title: "internal price",
    fields: &[pk(), to("part", &PART).required().label("Part"), QUANTITY, PRICE, CURRENCY],
    filters: FILTERS,
    table: INTERNAL,
    check: Some(|change| check(change, INTERNAL)),
    metadata: true,
    ..BASE
};

const SALE: &str = "part_sale_price";
const INTERNAL: &str = "part_internal_price";
const BASE: Resource = Resource {
    roles: &[Role::PART],
    verbs: Verbs::ALL,
    order: &[order("quantity", &["t.quantity"]), order("price", &["t.price"])],
    sort: order("", &["t.quantity"]),
    saved: Some(|change| match change.int("part") {
        Some(part) => pricing::changed(change.tx, part),
        None => Ok(()),
    }),
    ..Resource::BASE
};

static FILTERS: &[Filter] = &[where_("part", Reads::Ref(&PART), "t.part = ?")];
const QUANTITY: Field = quantity("quantity").required().fill(Fill::Int(1)).says("Quantity", "From this quantity on");
const PRICE: Field = money("price").null().wanted().says("Price", "Price of one at this quantity");
const CURRENCY: Field = choice("price_currency", Choices::By(setting::currencies))
    .fill(Fill::By(setting::default_currency))
    .says("Currency", "Currency of the price");

fn check(change: &mut Change<'_>, table: &str) -> Result<()> {
    price_break::check(change);
    let twin: Option<i64> = db::one(
        change.tx,
        &format!("SELECT 1 FROM {table} WHERE part = ?1 AND quantity = ?2 AND id IS NOT ?3"),
        (change.int("part"), change.int("quantity"), change.id),
    )?;
    if twin.is_some() {
        change.wrong(WHOLE, "The part has a price for this quantity already.");
    }
    Ok(())
}
