//! `/api/stock/track/`: what happened to stock, and the one function that writes it down.

use serde_json::{Map, Value as Raw};

use super::item::ITEM;
use super::location::LOCATION;
use crate::build::BUILD;
use crate::common::status;
use crate::company::company::COMPANY;
use crate::db::{self, Tx};
use crate::engine::describe::*;
use crate::error::Result;
use crate::identity::Role;
use crate::order::{PURCHASE_ORDER, RETURN_ORDER, SALES_ORDER, TRANSFER_ORDER};
use crate::part::part::{BRIEF as PART_BRIEF, PART, TREE as PARTS};
use crate::part::watch;
use crate::users::user::USER;

/// Kinds of events, by their numbers in the contract (StockHistoryCode).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the contract")]
pub enum Event {
    Created = 1,
    Edited = 5,
    SerialAssigned = 6,
    Counted = 10,
    Added = 11,
    Removed = 12,
    Serialized = 13,
    Returned = 15,
    Moved = 20,
    Updated = 25,
    InstalledInto = 30,
    TakenOut = 31,
    InstalledChild = 35,
    ChildTakenOut = 36,
    SplitFromParent = 40,
    SplitChild = 42,
    Merged = 45,
    Converted = 48,
    OutputCreated = 50,
    OutputCompleted = 55,
    OutputRejected = 56,
    BuildConsumed = 57,
    Shipped = 60,
    Received = 70,
    SentBack = 80,
    Assigned = 100,
    ReturnedFromCustomer = 105,
}

/// What changed: names and values as the contract has them.
#[derive(Clone, Default)]
pub struct Deltas(Map<String, Raw>);

impl Deltas {
    /// Nothing yet.
    pub fn new() -> Deltas {
        Deltas::default()
    }

    /// A key, a state, a word.
    pub fn with(mut self, name: &str, value: impl Into<Raw>) -> Deltas {
        self.0.insert(name.into(), value.into());
        self
    }

    /// A quantity, in millionths.
    pub fn amount(self, name: &str, millionths: i64) -> Deltas {
        #[expect(clippy::cast_precision_loss, reason = "the contract shows quantities as floating point numbers")]
        let shown = millionths as f64 / 1e6;
        self.with(name, shown)
    }

    /// A key, if there is one.
    pub fn maybe(self, name: &str, value: Option<i64>) -> Deltas {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Nothing changed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything that another one has.
    pub fn and(mut self, other: Deltas) -> Deltas {
        self.0.extend(other.0);
        self
    }
}

/// Counts items that hold something else than the last event of theirs says that tells a quantity. What was changed since by an edit of the
/// item's fields, which the contract does not write down, is passed over; moves tell what was asked for, and events of a whole the quantities
/// of its parts. What an import brought is passed over too: the history of other servers does not always add up.
pub const DISAGREES: &str = "SELECT count(*) FROM stock_item s JOIN stock_tracking t ON t.id = (SELECT e.id FROM stock_tracking e \
    WHERE e.item = s.id AND e.tracking_type NOT IN (20, 25, 35, 36) AND json_extract(e.deltas, '$.quantity') IS NOT NULL ORDER BY e.id DESC LIMIT 1) \
    WHERE t.id > coalesce((SELECT CAST(value AS INTEGER) FROM about WHERE key = 'imported_history'), 0) AND coalesce(s.updated, 0) <= t.date AND abs(s.quantity - json_extract(t.deltas, '$.quantity') * 1e6) > 1 + s.quantity * 1e-12";

/// Writes an event down.
///
/// # Errors
/// The database cannot be written.
pub fn note<'a>(tx: &Tx<'_>, item: i64, part: i64, event: Event, deltas: &Deltas, notes: impl Into<Option<&'a str>>) -> Result<()> {
    db::run(
        tx,
        "INSERT INTO stock_tracking (item, part, tracking_type, date, user, notes, deltas) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        (item, part, event as i64, tx.now, tx.author(), notes.into(), Raw::Object(deltas.0.clone()).to_string()),
    )?;
    match event {
        Event::Counted | Event::Removed | Event::Updated | Event::InstalledInto | Event::Assigned | Event::BuildConsumed => {
            watch::stock_fell(tx, part)
        }
        _ => Ok(()),
    }
}

/// Events; nobody changes them.
pub static TRACKING: Resource = Resource {
    path: "stock/track",
    model: "stockitemtracking",
    schema: "StockTracking",
    title: "stock event",
    table: "stock_tracking",
    roles: &[Role::STOCK],
    verbs: Verbs::READ,
    fields: &[
        pk(),
        to("item", &ITEM).null().fixed().says_writable(),
        to("part", &PART).null().fixed().plain(),
        moment("date").fixed(),
        expanded("deltas", EXPANDED).detail_only(),
        expanded("deltas", DETAILED).list_only(),
        text("label", 0).computed(LABEL),
        text("notes", 512).null().blank().fixed().says_writable().says("Notes", "What the user said"),
        int("tracking_type").fixed().fill(Fill::Int(0)),
        to("user", &USER).null().fixed().plain(),
        nested("item_detail", &ITEM, "t.item").null().on("item_detail"),
        nested("part_detail", &PART_BRIEF, "t.part").null().on("part_detail"),
        nested("user_detail", &crate::users::user::BRIEF, "t.user").null().on("user_detail"),
    ],
    filters: &[
        where_("item", Reads::Ref(&ITEM), "t.item = ?"),
        where_("user", Reads::Ref(&USER), "t.user = ?"),
        helper("include_variants"),
        by("part", Reads::Ref(&PART), |asked, rows| {
            if asked.call.query.flag("include_variants").unwrap_or(false) {
                rows.and(&format!("t.part IN ({})", PARTS.keys_within()), [asked.value.clone()]);
            } else {
                rows.and("t.part = ?", [asked.value.clone()]);
            }
            Ok(())
        }),
        where_("min_date", Reads::Date, "t.date > unixepoch(?) * 1000"),
        where_("max_date", Reads::Date, "t.date < unixepoch(?) * 1000"),
    ],
    search: &[own("stock_tracking", &["notes"])],
    order: &[order("date", &["t.date"])],
    sort: order("-", &["t.date"]),
    counted: true,
    ..Resource::BASE
};

const EXPANDED: &[(&str, &Resource)] = &[];
const DETAILED: &[(&str, &Resource)] = &[
    ("part", &PART_BRIEF),
    ("location", &LOCATION),
    ("customer", &COMPANY),
    ("buildorder", &BUILD),
    ("item", &ITEM),
    ("stockitem", &ITEM),
    ("purchaseorder", &PURCHASE_ORDER),
    ("salesorder", &SALES_ORDER),
    ("returnorder", &RETURN_ORDER),
    ("transferorder", &TRANSFER_ORDER),
];

const LABEL: &str = "stock_event(t.tracking_type)";

/// Registers `stock_event(number)`, the name of a kind of event.
///
/// # Errors
/// SQLite does not take it.
pub fn functions(conn: &rusqlite::Connection) -> rusqlite::Result<()> {
    use rusqlite::functions::FunctionFlags;
    conn.create_scalar_function("stock_event", 1, FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC, |call| {
        let number: i64 = call.get(0)?;
        Ok(status::states("StockHistoryCode").iter().find(|s| s.0 == number).map_or("", |s| s.2).to_string())
    })
}
