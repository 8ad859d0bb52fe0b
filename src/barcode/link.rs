//! `/api/barcode/link/` and `unlink/`: a text from elsewhere comes to stand for a thing of ours, or no longer does.

use super::code::{self, KINDS, Kind};
use super::scan::{BARCODE, as_texts, facts, may_see, write_match};
use crate::build::BUILD;
use crate::company::manufacturer_part::MANUFACTURER_PART;
use crate::company::supplier_part::SUPPLIER_PART;
use crate::db::{self, Tx};
use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::*;
use crate::engine::input::{self, Input, Mode};
use crate::engine::json::Json;
use crate::error::{Error, Result, invalid_bare};
use crate::identity::Right;
use crate::order::{PURCHASE_ORDER, RETURN_ORDER, SALES_ORDER, SHIPMENT, TRANSFER_ORDER};
use crate::part::part::PART;
use crate::stock::item::ITEM;
use crate::stock::location::LOCATION;

/// The addresses.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        path: "api/barcode/link/",
        title: "link of a barcode",
        statuses: &["201"],
        input: LINK,
        input_schema: "BarcodeAssign",
        verbs: &[(Verb::Post, |call| call.write(link))],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/barcode/unlink/",
        title: "end of a barcode's link",
        statuses: &["201"],
        input: THINGS,
        input_schema: "BarcodeUnassign",
        verbs: &[(Verb::Post, |call| call.write(unlink))],
        ..Endpoint::BASE
    },
];

const BUILD_: Field = to("build", &BUILD).null().label("Build");
const MADE: Field = to("manufacturerpart", &MANUFACTURER_PART).null().label("Manufacturer Part");
const SOLD: Field = to("supplierpart", &SUPPLIER_PART).null().label("Supplier Part");
const BOUGHT: Field = to("purchaseorder", &PURCHASE_ORDER).null().label("Purchase Order");
const RETURNED: Field = to("returnorder", &RETURN_ORDER).null().label("Return Order");
const ORDERED: Field = to("salesorder", &SALES_ORDER).null().label("Sales Order");
const SHIPPED: Field = to("salesordershipment", &SHIPMENT).null().label("Sales Order Shipment");
const MOVED: Field = to("transferorder", &TRANSFER_ORDER).null().label("Transfer Order");
const PART_: Field = to("part", &PART).null().label("Part");
const STOCK: Field = to("stockitem", &ITEM).null().label("Stock Item");
const PLACE: Field = to("stocklocation", &LOCATION).null().label("Stock Location");

static THINGS: &[Field] = &[BUILD_, MADE, SOLD, BOUGHT, RETURNED, ORDERED, SHIPPED, MOVED, PART_, STOCK, PLACE];
static LINK: &[Field] = &[BARCODE, BUILD_, MADE, SOLD, BOUGHT, RETURNED, ORDERED, SHIPPED, MOVED, PART_, STOCK, PLACE];

/// The things that a request names, in the order of the kinds.
fn named(asked: &Input) -> Vec<(&'static Kind, i64)> {
    KINDS.iter().filter_map(|kind| Some((kind, asked.int(kind.model)?))).collect()
}

fn may_change(call: &Call, kind: &Kind) -> Result<&'static Resource> {
    match kind.resource() {
        Some(resource) if call.user.may(Right::Change, resource) => Ok(resource),
        _ => Err(Error::DeniedField("error", "Your roles do not allow you to change this.".into())),
    }
}

fn link(tx: &Tx<'_>, call: &Call) -> Result<Reply> {
    let asked = input::read(tx, LINK, &call.content, Mode::Create)?;
    let text = asked.text("barcode");
    if let Some(found) = code::find(tx, text)? {
        if may_see(call, found.kind).is_err() {
            return invalid_bare("error", "Something else has this barcode.");
        }
        let mut out = Json::new();
        out.open('{');
        write_match(call, tx, &found, &mut out)?;
        facts(&mut out, &[("error", "Something has this barcode already"), ("plugin", "InvenTreeBarcode")], text);
        out.close('}');
        let told: serde_json::Value = serde_json::from_slice(&out.into_bytes()).map_err(|e| Error::Internal(e.to_string()))?;
        return Ok(Reply { status: 400, ..Reply::value(&as_texts(&told)) });
    }
    let Some((kind, key)) = named(&asked).into_iter().next() else {
        return invalid_bare("error", "Name the thing that gets the barcode.");
    };
    let resource = may_change(call, kind)?;
    let sql = format!("UPDATE \"{}\" SET barcode_data = ?2, barcode_hash = ?3 WHERE id = ?1", resource.table);
    db::run(tx, &sql, (key, text, code::digest(text)))?;
    let mut out = Json::new();
    out.open('{');
    out.key("success");
    out.text(&format!("Assigned barcode to {} instance", kind.model));
    out.key(kind.model);
    out.value(&serde_json::json!({ "pk": key }));
    facts(&mut out, &[], text);
    out.close('}');
    Ok(Reply::json(200, out))
}

fn unlink(tx: &Tx<'_>, call: &Call) -> Result<Reply> {
    let asked = input::read(tx, THINGS, &call.content, Mode::Create)?;
    let mut named = named(&asked).into_iter();
    let (Some((kind, key)), None) = (named.next(), named.next()) else {
        return invalid_bare("error", "Name one thing whose barcode is to go.");
    };
    let resource = may_change(call, kind)?;
    db::run(tx, &format!("UPDATE \"{}\" SET barcode_data = '', barcode_hash = '' WHERE id = ?1", resource.table), [key])?;
    Ok(Reply::value(&serde_json::json!({"success": "The barcode was unlinked."})))
}
