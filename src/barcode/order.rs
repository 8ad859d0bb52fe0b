//! `POST /api/barcode/{po-allocate,po-receive,so-allocate}/`: scans in the course of an order (MODELS §9).

use serde_json::{Value as Raw, json};

use super::code::{self, Kind, Match};
use super::history;
use super::scan::{BARCODE, as_texts, facts, may_see, write_match};
use crate::company::company::COMPANY;
use crate::db::{self, Tx};
use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::*;
use crate::engine::input::{self, Input, Mode};
use crate::engine::json::Json;
use crate::error::{Error, Result};
use crate::identity::{Access, Right, Role};
use crate::order::allocation::{Wanted, free, is_of, problem, put};
use crate::order::purchase::{PLACED, PURCHASE};
use crate::order::purchase_line::PURCHASE_LINE;
use crate::order::sales::{BOOK, SALES};
use crate::order::sales_line::SALES_LINE;
use crate::order::{PURCHASE_ORDER, SALES_ORDER, SHIPMENT};
use crate::stock::action::Item;
use crate::stock::location::LOCATION;
use crate::stock::rules::ONE;

/// The addresses.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        path: "api/barcode/po-allocate/",
        access: Access::Login,
        title: "scan for a purchase order",
        statuses: &["201"],
        input: &[BARCODE, to("purchase_order", &PURCHASE_ORDER).required().request().says("Purchase Order", "For which order")],
        input_schema: "BarcodePOAllocate",
        verbs: &[(Verb::Post, po_allocate)],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/barcode/po-receive/",
        access: Access::Login,
        title: "scan of a delivery",
        statuses: &["201"],
        input: &[
            BARCODE,
            to("supplier", &COMPANY).null().request().says("Supplier", "Whose barcode it is"),
            to("purchase_order", &PURCHASE_ORDER).null().request().says("Purchase Order", "By which order it came"),
            to("location", &LOCATION).null().only(&[("structural", false)]).request().says("Location", "Where it goes"),
            to("line_item", &PURCHASE_LINE).null().request().says("Line Item", "By which line it came"),
            flag("auto_allocate").fill(Fill::Flag(true)).request().says("Auto-Allocate", "Receive it at once, if that is clear"),
        ],
        input_schema: "BarcodePOReceive",
        verbs: &[(Verb::Post, po_receive)],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/barcode/so-allocate/",
        access: Access::Login,
        title: "scan for a sales order",
        statuses: &["201"],
        input: &[
            BARCODE,
            to("sales_order", &SALES_ORDER).required().request().says("Sales Order", "For which order"),
            to("line", &SALES_LINE).null().request().says("Line", "For which line"),
            to("shipment", &SHIPMENT).null().request().says("Shipment", "With which shipment it goes"),
            between("quantity", i64::MIN, i64::MAX).request().says("Quantity", "How much of it"),
        ],
        input_schema: "BarcodeSOAllocate",
        verbs: &[(Verb::Post, so_allocate)],
        ..Endpoint::BASE
    },
];

/// What is answered to a scan: what was found, and what is said of it.
struct Told {
    found: Option<Match>,
    facts: Vec<(&'static str, Raw)>,
    /// What was done, or why nothing was.
    outcome: std::result::Result<&'static str, String>,
}

impl Told {
    fn refused(found: Option<Match>, why: impl Into<String>) -> Told {
        Told { found, facts: Vec::new(), outcome: Err(why.into()) }
    }
}

/// Reads the request, checks the role of the order, looks for the thing, and answers in the contract's shapes.
fn scanned(
    call: &Call,
    role: Role,
    fields: &'static [Field],
    judge: fn(&Tx<'_>, &Call, &Input, Option<Match>) -> Result<Told>,
) -> Result<Reply> {
    if !call.user.superuser && !call.user.has(role, Right::Add) {
        return Err(Error::denied());
    }
    let (reply, text, known) = call.write(move |tx, call| {
        let asked = input::read(tx, fields, &call.content, Mode::Create)?;
        let text = asked.text("barcode").to_string();
        let found = code::find(tx, &text)?;
        if let Some(found) = &found {
            may_see(call, found.kind)?;
        }
        let told = judge(tx, call, &asked, found)?;
        let mut out = Json::new();
        out.open('{');
        if let Some(found) = &told.found {
            write_match(call, tx, found, &mut out)?;
        }
        let plugin = if told.found.is_some() { "InvenTreeBarcode" } else { "None" };
        let said = match (&told.outcome, &told.found) {
            (Ok(done), _) => vec![("success", *done), ("plugin", plugin)],
            (Err(_), Some(_)) => vec![("success", "The barcode is known"), ("plugin", plugin)],
            (Err(_), None) => vec![("plugin", plugin)],
        };
        facts(&mut out, &said, &text);
        for (name, fact) in &told.facts {
            out.key(name);
            out.value(fact);
        }
        if let Err(why) = &told.outcome {
            out.key("error");
            out.text(why);
        }
        out.close('}');
        let reply = Reply::json(200, out);
        let reply = if told.outcome.is_ok() {
            reply
        } else {
            let told: Raw = serde_json::from_slice(&reply.body).unwrap_or_default();
            Reply { status: 400, ..Reply::value(&as_texts(&told)) }
        };
        Ok((reply, text, told.outcome.is_ok()))
    })?;
    history::keep(call, &text, known, &reply)?;
    Ok(reply)
}

const UNKNOWN: &str = "Nothing has this barcode";

fn po_allocate(call: &Call) -> Result<Reply> {
    scanned(call, Role::PURCHASE_ORDER, ENDPOINTS[0].input, |tx, call, asked, found| {
        let Some(found) = found else { return Ok(Told::refused(None, UNKNOWN)) };
        let order = asked.int("purchase_order").unwrap_or_default();
        if !PURCHASE.is_open(tx, order)? {
            return Ok(Told::refused(Some(found), "The order is not open."));
        }
        let matches = match found.kind.model {
            "part" => "p.part = ?2",
            "manufacturerpart" => "p.manufacturer_part = ?2",
            "supplierpart" => "p.id = ?2",
            _ => return Ok(Told::refused(Some(found), "This is no part.")),
        };
        let sql =
            format!("SELECT p.id FROM supplier_part p JOIN purchase_order o ON o.supplier = p.supplier WHERE o.id = ?1 AND {matches}");
        let parts: Vec<i64> = db::column(tx, &sql, [order, found.key])?;
        match parts.as_slice() {
            [one] => {
                let Some(kind) = Kind::of("supplierpart") else { return Err(Error::Internal("supplier parts have no barcodes".into())) };
                may_see(call, kind)?;
                Ok(Told { found: Some(Match { kind, key: *one }), facts: Vec::new(), outcome: Ok("The supplier sells this part") })
            }
            [] => Ok(Told::refused(Some(found), "The supplier does not sell this part.")),
            _ => Ok(Told::refused(Some(found), "The supplier sells this part in several forms.")),
        }
    })
}

/// Barcodes that suppliers print are read by plugins, of which there are none here; a barcode of ours is no delivery.
fn po_receive(call: &Call) -> Result<Reply> {
    scanned(call, Role::PURCHASE_ORDER, ENDPOINTS[1].input, |tx, _, asked, found| {
        if let Some(order) = asked.int("purchase_order")
            && PURCHASE.status(tx, order)? != PLACED
        {
            return Ok(Told::refused(found, "The order is not placed."));
        }
        match found {
            Some(found) if found.kind.model == "stockitem" => Ok(Told::refused(Some(found), "This item has been received already.")),
            Some(found) => Ok(Told::refused(Some(found), "This is no barcode of a supplier.")),
            None => Ok(Told::refused(None, "No supplier's barcode is known here.")),
        }
    })
}

fn so_allocate(call: &Call) -> Result<Reply> {
    scanned(call, Role::SALES_ORDER, ENDPOINTS[2].input, |tx, _, asked, found| {
        let Some(found) = found else { return Ok(Told::refused(None, UNKNOWN)) };
        let order = asked.int("sales_order").unwrap_or_default();
        if !SALES.is_open(tx, order)? {
            return Ok(Told::refused(Some(found), "The order is not open."));
        }
        if found.kind.model != "stockitem" {
            return Ok(Told::refused(Some(found), "This is no stock item."));
        }
        let item = Item::load(tx, found.key)?;
        let line = match line_for(tx, order, &item, asked.int("line"))? {
            Ok(line) => line,
            Err(why) => return Ok(Told::refused(Some(found), why)),
        };
        let shipment = match shipment_for(tx, order, asked.int("shipment"))? {
            Ok(shipment) => shipment,
            Err(why) => return Ok(Told::refused(Some(found), why)),
        };
        let left: i64 = db::one(tx, "SELECT quantity - shipped FROM sales_order_line WHERE id = ?1", [line.id])?.unwrap_or_default();
        let has = free(tx, item.id)?.max(0);
        let (quantity, shown) = match asked.int("quantity") {
            Some(whole) => (whole.saturating_mul(ONE), json!(whole)),
            None if item.serialized => (ONE, json!(1)),
            None => {
                let quantity = left.max(0).min(has);
                #[expect(clippy::cast_precision_loss, reason = "the contract shows quantities as floating point numbers")]
                let shown = json!(quantity as f64 / 1e6);
                (quantity, shown)
            }
        };
        let facts = vec![
            ("stock_item", json!(item.id)),
            ("part", json!(item.part)),
            ("sales_order", json!(order)),
            ("line_item", json!(line.id)),
            ("shipment", json!(shipment)),
            ("quantity", shown),
        ];
        let outcome = match problem(tx, &BOOK, &line, &item, quantity)? {
            Some((_, why)) => Err(why),
            // Where no shipment is given, and it is not clear which one is meant, the answer shows what would be set aside.
            None if shipment.is_none() => Ok("The barcode is known"),
            None => {
                put(tx, &BOOK, line.id, item.id, quantity, shipment)?;
                SALES.touch(tx, order)?;
                Ok("The item is set aside for the order")
            }
        };
        Ok(Told { found: Some(found), facts, outcome })
    })
}

type Choice<T> = std::result::Result<T, &'static str>;

/// The line that an item is for: the one that is named, or the only one that is about its part and still wants some.
fn line_for(tx: &Tx<'_>, order: i64, item: &Item, named: Option<i64>) -> Result<Choice<Wanted>> {
    if let Some(line) = named {
        let line = Wanted::load(tx, &SALES, line)?;
        if line.order != order {
            return Ok(Err("The line belongs to another order."));
        }
        return Ok(match line.part {
            Some(part) if is_of(tx, item.part, part)? => Ok(line),
            _ => Err("The line is about another part."),
        });
    }
    let mut fitting = Vec::new();
    for id in db::column::<i64>(tx, "SELECT id FROM sales_order_line WHERE \"order\" = ?1 AND shipped < quantity ORDER BY id", [order])? {
        let line = Wanted::load(tx, &SALES, id)?;
        if let Some(part) = line.part
            && is_of(tx, item.part, part)?
        {
            fitting.push(line);
        }
    }
    Ok(match fitting.len() {
        0 => Err("No line of the order is about this part."),
        1 => fitting.pop().ok_or("No line of the order is about this part."),
        _ => Err("Several lines of the order are about this part."),
    })
}

/// The shipment that an item goes with: the one that is named, or the only one that has not left.
fn shipment_for(tx: &Tx<'_>, order: i64, named: Option<i64>) -> Result<Choice<Option<i64>>> {
    let waiting: Vec<i64> =
        db::column(tx, "SELECT id FROM sales_order_shipment WHERE \"order\" = ?1 AND shipment_date IS NULL ORDER BY id", [order])?;
    Ok(match (named, waiting.as_slice()) {
        (Some(shipment), waiting) if waiting.contains(&shipment) => Ok(Some(shipment)),
        (Some(_), _) => Err("This shipment has left, or belongs to another order."),
        (None, [one]) => Ok(Some(*one)),
        (None, _) => Ok(None),
    })
}
