//! Setting stock aside for lines of sales and transfer orders: how much is free, and what may be taken for what.

use super::kind::Kind;
use crate::db::{self, Tx};
use crate::engine::call::{Call, Reply};
use crate::engine::input::Input;
use crate::engine::write::Change;
use crate::error::{Error, Problem, Problems, Result, WHOLE, invalid};
use crate::part::derived::*;
use crate::part::part::TREE as PARTS;
use crate::part::serial;
use crate::stock::action::{Item, refuse};
use crate::stock::rules::ONE;

/// What keeps the allocations of a kind of order.
pub struct Book {
    /// The kind.
    pub kind: &'static Kind,
    /// Rights of the kind's own over an item that is to be set aside, beside being in stock and free.
    pub fit: fn(&Tx<'_>, i64) -> Result<Option<String>>,
    /// Only stock of the line's part, or of a variant of it, can be set aside; the contract asks it of sales alone.
    pub strict: bool,
    /// Allocations belong to shipments.
    pub ships: bool,
}

impl Book {
    fn table(&self) -> String {
        format!("{}_allocation", self.kind.resource.table)
    }
}

/// A line that stock is set aside for.
pub struct Wanted {
    /// Its key.
    pub id: i64,
    /// Its order.
    pub order: i64,
    /// What it is about.
    pub part: Option<i64>,
}

impl Wanted {
    /// Loads one.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn load(tx: &Tx<'_>, kind: &Kind, id: i64) -> Result<Wanted> {
        let of = |column: &str| db::one::<i64>(tx, &format!("SELECT {column} FROM {} WHERE id = ?1", kind.lines()), [id]);
        Ok(Wanted { id, order: of("\"order\"")?.unwrap_or_default(), part: of("part")? })
    }
}

/// How much of an item nobody has set aside; below zero if too much was. What has left with a shipment does not count, nor what orders hold that
/// are closed.
///
/// # Errors
/// The database cannot be asked.
pub fn free(tx: &Tx<'_>, item: i64) -> Result<i64> {
    let sql = "SELECT s.quantity - (SELECT coalesce(sum(b.quantity), 0) FROM build_item b WHERE b.stock_item = s.id) \
        - (SELECT coalesce(sum(a.quantity), 0) FROM sales_order_allocation a JOIN sales_order_line l ON l.id = a.line \
        JOIN sales_order o ON o.id = l.\"order\" AND o.status IN (10, 15, 20, 25) LEFT JOIN sales_order_shipment h ON h.id = a.shipment \
        WHERE a.item = s.id AND h.shipment_date IS NULL) \
        - (SELECT coalesce(sum(a.quantity), 0) FROM transfer_order_allocation a JOIN transfer_order_line l ON l.id = a.line \
        JOIN transfer_order o ON o.id = l.\"order\" AND o.status IN (10, 20, 25) WHERE a.item = s.id) FROM stock_item s WHERE s.id = ?1";
    Ok(db::one(tx, sql, [item])?.unwrap_or_default())
}

/// Is a part the wanted one, or a variant of it?
///
/// # Errors
/// The database cannot be asked.
pub fn is_of(tx: &Tx<'_>, part: i64, wanted: i64) -> Result<bool> {
    let sql = format!("SELECT 1 WHERE ?2 IN ({})", PARTS.keys_within().replace('?', "?1"));
    Ok(db::one::<i64>(tx, &sql, [wanted, part])?.is_some())
}

/// What is wrong with setting this much of an item aside for a line; nothing if it can be done.
///
/// # Errors
/// The database cannot be asked.
pub fn problem(tx: &Tx<'_>, book: &Book, line: &Wanted, item: &Item, quantity: i64) -> Result<Option<(&'static str, String)>> {
    let in_stock: Option<i64> = db::one(tx, "SELECT in_stock FROM stock_item WHERE id = ?1", [item.id])?;
    Ok(match line.part {
        Some(part) if book.strict && !is_of(tx, item.part, part)? => Some(("stock_item", "The line is about another part.".into())),
        None => Some(("line_item", "What the line is about is gone.".into())),
        _ if item.gone || in_stock != Some(1) => Some(("stock_item", "This item is not in stock.".into())),
        _ if quantity <= 0 => Some(("quantity", "The quantity must be above zero.".into())),
        _ if item.serialized && quantity != ONE => Some(("quantity", "An item with a serial number is one.".into())),
        _ => match free(tx, item.id)?.max(0) {
            left if left < quantity => Some(("quantity", format!("Only {} is free.", crate::engine::read::places_of(left, 5)))),
            _ => (book.fit)(tx, item.id)?.map(|why| ("stock_item", why)),
        },
    })
}

/// Writes an allocation down.
///
/// # Errors
/// The database cannot be written.
pub fn put(tx: &Tx<'_>, book: &Book, line: i64, item: i64, quantity: i64, shipment: Option<i64>) -> Result<()> {
    let table = book.table();
    if book.ships {
        let sql = format!("INSERT INTO {table} (line, item, quantity, shipment) VALUES (?1, ?2, ?3, ?4)");
        db::run(tx, &sql, (line, item, quantity, shipment)).map(|_| ())
    } else {
        db::run(tx, &format!("INSERT INTO {table} (line, item, quantity) VALUES (?1, ?2, ?3)"), [line, item, quantity]).map(|_| ())
    }
}

/// The shipment that a request names belongs to the order and has not left.
pub(super) fn shipment(tx: &Tx<'_>, order: i64, given: &Input) -> Result<Option<i64>> {
    let Some(shipment) = given.int("shipment") else { return Ok(None) };
    let sql = "SELECT 1 FROM sales_order_shipment WHERE id = ?1 AND \"order\" = ?2 AND shipment_date IS NULL";
    match db::one::<i64>(tx, sql, [shipment, order])? {
        Some(_) => Ok(Some(shipment)),
        None => invalid("shipment", "This shipment has left, or belongs to another order."),
    }
}

/// `allocate`: sets stock aside for lines, all or none.
///
/// # Errors
/// 400 with what cannot be done.
pub fn allocate(tx: &Tx<'_>, call: &Call, given: &Input, book: &Book) -> Result<Option<Reply>> {
    let order = call.key()?;
    let shipment = shipment(tx, order, given)?;
    if given.list("items").is_empty() {
        return invalid(WHOLE, "Name what to set aside.");
    }
    let mut problems = Vec::new();
    for entry in given.list("items") {
        let mut found = Problems::default();
        let line = Wanted::load(tx, book.kind, entry.int("line_item").unwrap_or_default())?;
        let item = Item::load(tx, entry.int("stock_item").unwrap_or_default())?;
        let quantity = entry.int("quantity").unwrap_or_default();
        if line.order == order {
            match problem(tx, book, &line, &item, quantity)? {
                // Written at once, so that the next line sees what is left; an error undoes it all.
                None => put(tx, book, line.id, item.id, quantity, shipment)?,
                Some((field, why)) => found.add(field, why),
            }
        } else {
            found.add("line_item", "This line belongs to another order.");
        }
        problems.push(found);
    }
    refuse(problems)?;
    book.kind.touch(tx, order)?;
    Ok(None)
}

/// `allocate-serials`: sets items aside for a line by their serial numbers, all or none.
///
/// # Errors
/// 400 with what cannot be done.
pub fn allocate_serials(tx: &Tx<'_>, call: &Call, given: &Input, book: &Book) -> Result<Option<Reply>> {
    let order = call.key()?;
    let line = Wanted::load(tx, book.kind, given.int("line_item").unwrap_or_default())?;
    if line.order != order {
        return invalid("line_item", "This line belongs to another order.");
    }
    let shipment = shipment(tx, order, given)?;
    let Some(part) = line.part else { return invalid("line_item", "What the line is about is gone.") };
    let latest = serial::latest(tx, part)?;
    let serials = serial::parse(given.text("serial_numbers"), given.int("quantity").unwrap_or_default(), latest.as_deref());
    let serials = serials.map_err(|texts| {
        let mut problems = Problems::default();
        problems.put("serial_numbers", Problem::Texts(texts));
        Error::Invalid(problems)
    })?;
    let (mut unknown, mut taken) = (Vec::new(), Vec::new());
    let sql = format!(
        "SELECT s.id FROM stock_item s WHERE s.serial = ?2 AND s.quantity > 0 AND s.part IN ({}) ORDER BY s.in_stock DESC, s.id LIMIT 1",
        PARTS.keys_within().replace('?', "?1")
    );
    for number in &serials {
        match db::one::<i64>(tx, &sql, (part, number))? {
            None => unknown.push(number.as_str()),
            Some(item) => match problem(tx, book, &line, &Item::load(tx, item)?, ONE)? {
                None => put(tx, book, line.id, item, ONE, shipment)?,
                Some(_) => taken.push(number.as_str()),
            },
        }
    }
    for (list, what) in [(unknown, "There is no stock with these serial numbers"), (taken, "These cannot be set aside")] {
        if !list.is_empty() {
            return invalid("serial_numbers", format!("{what}: {}", list.join(", ")));
        }
    }
    book.kind.touch(tx, order)?;
    Ok(None)
}

/// Before an allocation is changed.
///
/// # Errors
/// The database cannot be asked.
pub fn check(change: &mut Change<'_>, book: &Book) -> Result<()> {
    let tx = change.tx;
    let line = Wanted::load(tx, book.kind, change.was_int("line").unwrap_or_default())?;
    if left(change)? {
        change.wrong(WHOLE, "What has left with a shipment stays as it is.");
        return Ok(());
    }
    let Some(item) = change.int("item") else { return Ok(()) };
    let quantity = change.int("quantity").unwrap_or_default();
    if change.changes("quantity") || change.changes("item") {
        // What this allocation itself holds is free for it.
        let own = change.was_int("quantity").unwrap_or_default();
        let less = change.was_int("item") == Some(item) && quantity > 0 && quantity <= own;
        if !less {
            let table = book.table();
            db::run(tx, &format!("UPDATE {table} SET quantity = 0 WHERE id = ?1"), [change.key()])?;
            let found = problem(tx, book, &line, &Item::load(tx, item)?, quantity)?;
            db::run(tx, &format!("UPDATE {table} SET quantity = ?2 WHERE id = ?1"), [change.key(), own])?;
            if let Some((field, why)) = found {
                change.wrong(if field == "stock_item" { "item" } else { field }, why);
            }
        }
    }
    if let Some(shipment) = change.int("shipment").filter(|_| book.ships && change.changes("shipment")) {
        let sql = "SELECT 1 FROM sales_order_shipment WHERE id = ?1 AND \"order\" = ?2 AND shipment_date IS NULL";
        if db::one::<i64>(tx, sql, [shipment, line.order])?.is_none() {
            change.wrong("line", "The line belongs to another order.");
            change.wrong("shipment", "This shipment has left, or belongs to another order.");
        }
    }
    Ok(())
}

/// Has it left with its shipment?
fn left(change: &Change<'_>) -> Result<bool> {
    let Some(shipment) = change.was_int("shipment") else { return Ok(false) };
    let sql = "SELECT 1 FROM sales_order_shipment WHERE id = ?1 AND shipment_date IS NOT NULL";
    Ok(db::one::<i64>(change.tx, sql, [shipment])?.is_some())
}

/// Deletes an allocation.
///
/// # Errors
/// 400 if it has left with its shipment.
pub fn remove(change: &mut Change<'_>) -> Result<()> {
    if left(change)? {
        return invalid(WHOLE, "What has left with a shipment stays as it is.");
    }
    db::run(change.tx, &format!("DELETE FROM \"{}\" WHERE id = ?1", change.resource.table), [change.key()]).map(|_| ())
}

/// The line in a request to set stock aside; the kinds of orders add the resource of their lines.
macro_rules! pair {
    ($line:expr) => {
        &[
            to("line_item", $line).required().request().says("Line Item", "For which line"),
            to("stock_item", &$crate::stock::item::ITEM).required().request().says("Stock Item", "From which item"),
            fixed("quantity", 15, 5).required().request().says("Quantity", "How much of it"),
        ]
    };
}
pub(crate) use pair;

/// The fields of an allocation, then those of the kind itself. `$order` and `$lines` are tables.
macro_rules! allocation_fields {
    ($lines:literal, $line:expr, $order:expr, $serial:literal, $tells:expr; $($own:expr),* $(,)?) => {
        &[
            pk(),
            to("item", &$crate::stock::item::ITEM).required().tells($tells).only_without(&["belongs_to", "sales_order"]).says("Item", "The stock that is set aside"),
            quantity("quantity").required().fill(Fill::Int(1)).says("Quantity", "How much of it"),
            to("line", $line).fixed().plain().label("Line"),
            int("part").computed("SELECT s.part FROM stock_item s WHERE s.id = t.item").plain().label("Part"),
            int("order").computed(concat!("SELECT l.\"order\" FROM ", $lines, " l WHERE l.id = t.line")).plain().label("Order"),
            text("serial", 0).null().computed($serial).label("Serial"),
            int("location").computed("SELECT s.location FROM stock_item s WHERE s.id = t.item").plain().shows_null().label("Location"),
            $($own,)*
            nested("location_detail", &$crate::stock::location::BRIEF, "SELECT s.location FROM stock_item s WHERE s.id = t.item")
                .null()
                .on("location_detail")
                .label("Location"),
            nested("order_detail", $order, concat!("SELECT l.\"order\" FROM ", $lines, " l WHERE l.id = t.line"))
                .null()
                .on("order_detail")
                .label("Order"),
        ]
    };
}
pub(crate) use allocation_fields;

/// The filters and orderings of a list of allocations.
macro_rules! allocation_list {
    (filters $lines:literal, $orders:literal, $line:expr, $order:expr, $open:literal; $($own:expr),* $(,)?) => {
        &[
            where_("line", Reads::Ref($line), "t.line = ?"),
            where_("item", Reads::Ref(&$crate::stock::item::ITEM), "t.item = ?"),
            where_("order", Reads::Ref($order), concat!("t.line IN (SELECT l.id FROM ", $lines, " l WHERE l.\"order\" = ?)")),
            helper("include_variants"),
            by("part", Reads::Ref(&$crate::part::part::PART), |asked, rows| {
                $crate::order::fields::by_part(asked, rows, "t.item IN (SELECT s.id FROM stock_item s WHERE s.part IN ({}))")
            }),
            is(
                "outstanding",
                concat!("EXISTS (SELECT 1 FROM ", $lines, " l JOIN ", $orders, " o ON o.id = l.\"order\" WHERE l.id = t.line AND o.status IN (", $open, "))"),
            ),
            by("location", Reads::Ref(&$crate::stock::location::LOCATION), |asked, rows| {
                let sql = format!("t.item IN (SELECT s.id FROM stock_item s WHERE s.location IN ({}))", $crate::stock::location::TREE.keys_within());
                rows.and(&sql, [asked.value.clone()]);
                Ok(())
            }),
            $($own,)*
        ]
    };
    (order $lines:literal, $orders:literal; $($own:expr),* $(,)?) => {
        &[
            order("quantity", &["t.quantity"]),
            order("part", &["(SELECT p.name FROM stock_item s JOIN part p ON p.id = s.part WHERE s.id = t.item)"]),
            order("serial", &[
                "(SELECT s.serial_int FROM stock_item s WHERE s.id = t.item)",
                "(SELECT s.serial FROM stock_item s WHERE s.id = t.item)",
            ]),
            order("IPN", &["(SELECT p.\"IPN\" FROM stock_item s JOIN part p ON p.id = s.part WHERE s.id = t.item)"]),
            order("batch", &["(SELECT s.batch FROM stock_item s WHERE s.id = t.item)"]),
            order("location", &["(SELECT l.name FROM stock_item s JOIN stock_location l ON l.id = s.location WHERE s.id = t.item)"]),
            order("order", &[concat!("(SELECT o.reference FROM ", $lines, " l JOIN ", $orders, " o ON o.id = l.\"order\" WHERE l.id = t.line)")]),
            $($own,)*
        ]
    };
    (search $table:literal) => {
        &[
            via("stock_item", &["batch", "serial"], concat!("SELECT id FROM ", $table, " WHERE item IN ({})")).indexed(),
            via("part", &["IPN", "name"], concat!("SELECT a.id FROM ", $table, " a JOIN stock_item s ON s.id = a.item WHERE s.part IN ({})")).indexed(),
        ]
    };
}
pub(crate) use allocation_list;

/// On the shelf and not set aside, of the part of the line `t`; never below zero.
pub const AVAILABLE: &str = free_of!("= t.part", "");
/// The same of the variants of that part.
pub const AVAILABLE_VARIANTS: &str = "max(0, (SELECT total(s.quantity) FROM part p JOIN part v ON v.tree_key > p.tree_key || char(1) AND v.tree_key < p.tree_key || char(2) \
    JOIN stock_item s ON s.part = v.id AND s.in_stock = 1 WHERE p.id = t.part))";
/// In production, as outputs of open builds.
pub const BUILDING: &str = building_of!("= t.part");
/// Bought and not yet received, in the part's units.
pub const ON_ORDER: &str = ordering_of!("= t.part");
