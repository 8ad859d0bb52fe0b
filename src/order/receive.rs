//! `/api/order/po/{id}/receive/`: what was bought comes in, and is stock.

use super::kind::{responsible, tell};
use super::purchase::{PLACED, PURCHASE, done, is_incomplete};
use super::purchase_line::PURCHASE_LINE;
use crate::barcode::code;
use crate::common::{currency, setting, status};
use crate::db::{self, Tx};
use crate::engine::call::{Call, Reply};
use crate::engine::describe::*;
use crate::engine::input::{Input, Value};
use crate::engine::moment;
use crate::engine::read::{self, Shape};
use crate::error::{Problem, Problems, Result, WHOLE, invalid};
use crate::part::part::Part;
use crate::part::serial;
use crate::stock::action::{MOST, refuse};
use crate::stock::item::{ITEM, STATES};
use crate::stock::location::LOCATION;
use crate::stock::rules::ONE;
use crate::stock::track::{Deltas, Event, note};

/// The action; answers the new stock.
pub static RECEIVE: Action = Action {
    path: "{id}/receive",
    schema: "PurchaseOrderReceive",
    input: &[
        list("items", LINE).required().holds("PurchaseOrderLineItemReceive"),
        to("location", &LOCATION).null().only(&[("structural", false)]).request().says("Location", "Where it goes"),
    ],
    answers: Answers::Rows(&ITEM),
    run: |tx, call, given| receive(tx, call, given).map(Some),
    ..Action::BASE
};

static LINE: &[Field] = &[
    to("line_item", &PURCHASE_LINE).required().request().says("Line Item", "The line that it was ordered by"),
    to("location", &LOCATION).null().only(&[("structural", false)]).request().says("Location", "Where it goes"),
    fixed("quantity", 15, 5).required().request().says("Quantity", "How much came, as the supplier sells it"),
    text("batch_code", 0).blank().fill(Fill::Text("")).request().says("Batch Code", "Batch of the new stock"),
    date("expiry_date").null().fill(Fill::Null).request().says("Expiry Date", "Until when it is good"),
    text("serial_numbers", 0).blank().fill(Fill::Text("")).request().says("Serial Numbers", "Serial numbers of the new stock"),
    choice("status", Choices::By(|conn| status::choices(conn, STATES))).fill(Fill::Int(10)).request().says("Status", "Its state"),
    text("packaging", 0).blank().fill(Fill::Text("")).request().says("Packaging", "How it is packed"),
    text("note", 0).blank().fill(Fill::Text("")).request().says("Note", "A remark for the new stock"),
    text("barcode", 0).null().blank().fill(Fill::Text("")).request().says("Barcode", "The barcode on it"),
];

/// One line of the delivery, checked.
struct Delivery<'a> {
    given: &'a Input,
    line: i64,
    supplier_part: i64,
    part: Part,
    /// What came, in the part's units.
    quantity: i64,
    place: Option<i64>,
    serials: Vec<String>,
    /// Of one, in the part's units.
    price: Option<(i64, String)>,
    build: Option<i64>,
}

fn receive(tx: &Tx<'_>, call: &Call, given: &Input) -> Result<Reply> {
    let order = call.key()?;
    if PURCHASE.status(tx, order)? != PLACED {
        return invalid(WHOLE, "Only what the supplier has been told of can come in: the order is not placed.");
    }
    if given.list("items").is_empty() {
        return invalid(WHOLE, "Name what came.");
    }
    let (mut problems, mut deliveries) = (Vec::new(), Vec::new());
    let (mut barcodes, mut fresh) = (Vec::new(), Vec::new());
    for entry in given.list("items") {
        let mut problem = Problems::default();
        if let Some(delivery) = delivery(tx, order, given, entry, &mut fresh, &mut problem)? {
            deliveries.push(delivery);
        }
        let barcode = entry.text("barcode").trim();
        if !barcode.is_empty() {
            if barcodes.contains(&barcode) {
                return invalid(WHOLE, "A barcode stands for one thing.");
            }
            if code::find(tx, barcode)?.is_some() {
                problem.add("barcode", "Something has this barcode.");
            }
            barcodes.push(barcode);
        }
        problems.push(problem);
    }
    refuse(problems)?;
    if deliveries.iter().any(|delivery| delivery.place.is_none() && !delivery.part.is_virtual) {
        return invalid("location", "Say where it goes.");
    }
    let mut keys = Vec::new();
    for delivery in &deliveries {
        take_in(tx, order, delivery, &mut keys)?;
    }
    PURCHASE.touch(tx, order)?;
    if !is_incomplete(tx, order)? && setting::is_on(tx, "PURCHASEORDER_AUTO_COMPLETE")? {
        done(tx, order)?;
    }
    if let Some(owner) = responsible(tx, &PURCHASE, order)? {
        let reference: String = db::one(tx, "SELECT reference FROM purchase_order WHERE id = ?1", [order])?.unwrap_or_default();
        let message = format!("Something of the purchase order {reference} came in.");
        tell(tx, &PURCHASE, order, ("order.items_received", "Items received", &message), &[owner])?;
    }
    read::shown_each(call, tx, &ITEM, Shape::Changed, &keys, 201)
}

/// Checks one line of a delivery; `fresh` are the serial numbers that earlier lines bring, by part.
fn delivery<'a>(
    tx: &Tx<'_>,
    order: i64,
    given: &Input,
    entry: &'a Input,
    fresh: &mut Vec<(i64, String)>,
    problem: &mut Problems,
) -> Result<Option<Delivery<'a>>> {
    let line = entry.int("line_item").unwrap_or_default();
    let of = |column: &str| db::one::<i64>(tx, &format!("SELECT {column} FROM purchase_order_line WHERE id = ?1"), [line]);
    if of("\"order\"")? != Some(order) {
        return invalid(WHOLE, "A line belongs to another order.");
    }
    let Some(supplier_part) = of("part")? else { return invalid(WHOLE, "What a line is about is gone.") };
    let part: i64 = db::one(tx, "SELECT part FROM supplier_part WHERE id = ?1", [supplier_part])?.unwrap_or_default();
    let Some(part) = Part::load(tx, part)? else { return invalid(WHOLE, "What a line is about is gone.") };
    let packs = entry.int("quantity").unwrap_or_default();
    if packs <= 0 {
        problem.add("quantity", "The quantity must be above zero.");
        return Ok(None);
    }
    let pack: i64 = db::one(tx, "SELECT pack_quantity_native FROM supplier_part WHERE id = ?1", [supplier_part])?.unwrap_or(ONE);
    let quantity = i64::try_from(i128::from(packs) * i128::from(pack) / i128::from(ONE)).ok().filter(|quantity| *quantity <= MOST);
    let Some(quantity) = quantity else {
        problem.add("quantity", "This is more than an item can hold.");
        return Ok(None);
    };
    if part.trackable && quantity % ONE != 0 {
        problem.add("quantity", "The quantity of a trackable part is a whole number.");
    }
    let place = [entry.int("location"), given.int("location")].into_iter().flatten().next();
    let place = match place {
        Some(place) => Some(place),
        None => match db::one(tx, "SELECT destination FROM purchase_order WHERE id = ?1", [order])? {
            Some(place) => Some(place),
            None => match of("destination")? {
                Some(place) => Some(place),
                None => usual_place(tx, &part)?,
            },
        },
    };
    if let Some(place) = place
        && db::one::<i64>(tx, "SELECT structural FROM stock_location WHERE id = ?1", [place])? == Some(1)
    {
        problem.add("location", "Stock cannot lie at a structural place.");
    }
    let serials = serials(tx, &part, entry, quantity, fresh, problem)?;
    let price = price(tx, of("purchase_price")?, line, pack)?;
    Ok(Some(Delivery { given: entry, line, supplier_part, part, quantity, place, serials, price, build: of("build_order")? }))
}

/// Where a part is normally kept: its own place, or that of its category or the nearest one above.
fn usual_place(tx: &Tx<'_>, part: &Part) -> Result<Option<i64>> {
    if part.default_location.is_some() {
        return Ok(part.default_location);
    }
    let sql = format!("SELECT ({}) FROM part t WHERE t.id = ?1", crate::part::derived::CATEGORY_LOCATION);
    db::one(tx, &sql, [part.id])
}

fn serials(
    tx: &Tx<'_>,
    part: &Part,
    entry: &Input,
    quantity: i64,
    fresh: &mut Vec<(i64, String)>,
    problem: &mut Problems,
) -> Result<Vec<String>> {
    let text = entry.text("serial_numbers").trim();
    if text.is_empty() {
        return Ok(Vec::new());
    }
    if quantity % ONE != 0 {
        problem.add("serial_numbers", "Only whole things have serial numbers.");
        return Ok(Vec::new());
    }
    let latest = serial::latest(tx, part.id)?;
    let serials = match serial::parse(text, quantity / ONE, latest.as_deref()) {
        Ok(serials) => serials,
        Err(texts) => {
            problem.put("serial_numbers", Problem::Texts(texts));
            return Ok(Vec::new());
        }
    };
    let mut taken = Vec::new();
    for number in &serials {
        let key = (part.id, number.clone());
        if serial::taken(tx, part.id, number, None)? || fresh.contains(&key) {
            taken.push(number.as_str());
        }
        fresh.push(key);
    }
    if !taken.is_empty() {
        problem.add("serial_numbers", format!("These serial numbers are taken: {}", taken.join(", ")));
    }
    Ok(serials)
}

/// What one costs, in the part's units: the price of a pack by what it holds; in the default currency, if a setting says so and there is a rate.
fn price(tx: &Tx<'_>, price: Option<i64>, line: i64, pack: i64) -> Result<Option<(i64, String)>> {
    let Some(price) = price else { return Ok(None) };
    let unit: String = db::one(tx, "SELECT purchase_price_currency FROM purchase_order_line WHERE id = ?1", [line])?.unwrap_or_default();
    let pack = i128::from(pack.max(1));
    let Ok(each) = i64::try_from((i128::from(price) * i128::from(ONE) + pack / 2) / pack) else { return Ok(None) };
    if setting::is_on(tx, "PURCHASEORDER_CONVERT_CURRENCY")?
        && let Value::Text(default) = setting::default_currency(tx)?
        && let Some(converted) = currency::convert(tx, each, &unit, &default)?
    {
        return Ok(Some((converted, default)));
    }
    Ok(Some((each, unit)))
}

fn take_in(tx: &Tx<'_>, order: i64, delivery: &Delivery<'_>, keys: &mut Vec<i64>) -> Result<()> {
    let packs = delivery.given.int("quantity").unwrap_or_default();
    let sql = "UPDATE purchase_order_line SET received = received + ?2 WHERE id = ?1";
    db::run(tx, sql, [delivery.line, packs])?;
    if delivery.part.is_virtual {
        return Ok(());
    }
    if delivery.serials.is_empty() {
        keys.push(new_item(tx, order, delivery, delivery.quantity, "")?);
    }
    for number in &delivery.serials {
        keys.push(new_item(tx, order, delivery, ONE, number)?);
    }
    let barcode = delivery.given.text("barcode").trim();
    if let (false, Some(first)) = (barcode.is_empty(), keys.last()) {
        let sql = "UPDATE stock_item SET barcode_data = ?2, barcode_hash = ?3 WHERE id = ?1";
        db::run(tx, sql, (first, barcode, code::digest(barcode)))?;
    }
    Ok(())
}

fn new_item(tx: &Tx<'_>, order: i64, delivery: &Delivery<'_>, quantity: i64, number: &str) -> Result<i64> {
    let given = delivery.given;
    let state = given.int("status").unwrap_or(10);
    let logical = status::logical(tx, STATES, state)?.unwrap_or(state);
    let expiry = match given.text("expiry_date") {
        "" if delivery.part.default_expiry > 0 => moment::days_after(&moment::day(tx.now), delivery.part.default_expiry),
        "" => None,
        day => Some(day.to_string()),
    };
    let cut = |text: &str, most: usize| text.chars().take(most).collect::<String>();
    let packaging: Option<String> = match given.text("packaging") {
        "" => db::one(tx, "SELECT packaging FROM supplier_part WHERE id = ?1", [delivery.supplier_part])?,
        text => Some(cut(text, 50)),
    };
    let (price, unit) = match &delivery.price {
        Some((price, unit)) => (Some(*price), unit.clone()),
        None => (None, setting::value(tx, "INVENTREE_DEFAULT_CURRENCY")?),
    };
    let keep = setting::is_on(tx, "STOCK_DELETE_DEPLETED_DEFAULT")?;
    db::run(
        tx,
        "INSERT INTO stock_item (part, supplier_part, purchase_order, quantity, location, batch, serial, serial_int, status, status_custom_key, \
         packaging, expiry_date, notes, purchase_price, purchase_price_currency, build, is_building, delete_on_deplete, creation_date, updated) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?19)",
        rusqlite::params![
            delivery.part.id,
            delivery.supplier_part,
            order,
            quantity,
            delivery.place,
            cut(given.text("batch_code"), 100),
            number,
            serial::number_in(number),
            logical,
            (logical != state).then_some(state),
            packaging,
            expiry,
            given.text("note"),
            price,
            unit,
            delivery.build,
            delivery.build.is_some(),
            keep,
            tx.now,
        ],
    )?;
    let item = tx.last_insert_rowid();
    let deltas = Deltas::new().maybe("location", delivery.place).with("purchaseorder", order).amount("quantity", quantity);
    note(tx, item, delivery.part.id, Event::Received, &deltas, given.text("note"))?;
    Ok(item)
}
