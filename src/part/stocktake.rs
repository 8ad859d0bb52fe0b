//! `/api/part/stocktake/`: how much of a part there was, and what it was worth, day by day.

use super::derived::{ORDER_IN_STOCK, ORDER_TOTAL};
use super::part::{BRIEF, PART};
use crate::common::setting;
use crate::common::{data_output, export};
use crate::db::{self, Tx};
use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::*;
use crate::engine::input::{self, Input, Mode, Value};
use crate::engine::json::Json;
use crate::engine::moment;
use crate::engine::read::{Shape, Writer};
use crate::engine::write::Change;
use crate::error::Result;
use crate::identity::{Access, Role};
use crate::part::category::{CATEGORY, TREE as CATEGORIES};
use crate::stock::location::{LOCATION, TREE as PLACES};

/// Entries.
pub static STOCKTAKE: Resource = Resource {
    path: "part/stocktake",
    model: "partstocktake",
    schema: "PartStocktake",
    title: "stocktake",
    table: "part_stocktake",
    roles: &[Role::PART],
    verbs: Verbs::ALL.and(Verbs::BULK_DELETE),
    fields: &[
        pk(),
        to("part", &PART).required().says("Part", "What was counted"),
        text("part_name", 0).computed("SELECT p.name FROM part p WHERE p.id = t.part").says("Part Name", "Its name"),
        text("part_ipn", 0).null().computed("SELECT p.IPN FROM part p WHERE p.id = t.part").says("Part IPN", "Its number"),
        text("part_description", 0)
            .null()
            .computed("SELECT p.description FROM part p WHERE p.id = t.part")
            .says("Part Description", "What it is"),
        date("date").fixed().says("Date", "On which day"),
        between("item_count", i64::MIN, i64::MAX).fill(Fill::Int(1)).says("Item Count", "How many stock items"),
        quantity("quantity").required().says("Quantity", "How much in all"),
        money("cost_min").null().says("Minimum Stock Cost", "What it was worth, at least"),
        choice("cost_min_currency", Choices::By(setting::currencies))
            .fill(Fill::By(setting::default_currency))
            .says("Minimum stock cost currency", "Currency of the least value"),
        money("cost_max").null().says("Maximum Stock Cost", "What it was worth, at most"),
        choice("cost_max_currency", Choices::By(setting::currencies))
            .fill(Fill::By(setting::default_currency))
            .says("Maximum stock cost currency", "Currency of the greatest value"),
        nested("part_detail", &BRIEF, "t.part").null().on("part_detail"),
    ],
    filters: &[where_("part", Reads::Ref(&PART), "t.part = ?")],
    order: &[
        order("part", &["t.part"]),
        order("item_count", &["t.item_count"]),
        order("quantity", &["t.quantity"]),
        order("date", &["t.date"]),
        order("user", &["t.id"]),
        order("pk", &["t.id"]),
    ],
    sort: order("-", &["t.id"]),
    check: Some(|change: &mut Change<'_>| {
        if change.creates() {
            change.set("date", Value::Text(moment::day(change.tx.now)));
        }
        Ok(())
    }),
    ..Resource::BASE
};

/// Makes entries for today, and a table of them.
pub static GENERATE: Endpoint = Endpoint {
    path: "api/part/stocktake/generate/",
    access: Access::Role,
    roles: &[Role::PART],
    title: "stocktake",
    input: ASKED,
    input_schema: "PartStocktakeGenerate",
    verbs: &[(Verb::Post, generate)],
    ..Endpoint::BASE
};

static ASKED: &[Field] = &[
    to("part", &PART).null().fill(Fill::Null).says("Part", "Of this part and its variants"),
    to("category", &CATEGORY).null().fill(Fill::Null).says("Category", "Of the parts in this category and below"),
    to("location", &LOCATION).null().fill(Fill::Null).says("Location", "Of the parts that lie here and below"),
    flag("generate_entry")
        .fill(Fill::Flag(false))
        .request()
        .secret()
        .says("Generate Stocktake Entries", "Keep an entry of each part for today"),
    flag("generate_report").fill(Fill::Flag(false)).request().secret().says("Generate Report", "Make a table"),
    nested("output", &data_output::DATA_OUTPUT, "NULL").null().says("Output", "The table"),
];

fn generate(call: &Call) -> Result<Reply> {
    let asked = input::read(&*call.db().read()?, ASKED, &call.content, Mode::Create)?;
    let enabled = setting::is_on(&*call.db().read()?, "STOCKTAKE_ENABLE")?;
    if enabled && asked.flag("generate_entry") && asked.int("location").is_none() {
        let asked = asked.clone();
        call.write(move |tx, _| entries(tx, &asked))?;
    }
    let output = match enabled && asked.flag("generate_report") {
        true => Some(report(call, &asked)?),
        false => None,
    };
    let conn = call.db().read()?;
    let mut out = Json::new();
    out.open('{');
    for name in ["part", "category", "location"] {
        out.key(name);
        match asked.int(name) {
            Some(key) => out.int(key),
            None => out.null(),
        }
    }
    out.key("output");
    match output {
        Some(key) => {
            Writer::new(call, &conn).one(&data_output::DATA_OUTPUT, Shape::Detail, key, &mut out)?;
        }
        None => out.null(),
    }
    out.close('}');
    Ok(Reply::json(200, out))
}

/// The parts that are meant, as SQL over `t`, with the one key that it needs.
fn meant(asked: &Input) -> (String, i64) {
    if let Some(part) = asked.int("part") {
        (format!("t.id IN ({})", super::part::TREE.keys_within().replace('?', "?1")), part)
    } else if let Some(category) = asked.int("category") {
        (format!("t.category IN ({})", CATEGORIES.keys_within().replace('?', "?1")), category)
    } else if let Some(place) = asked.int("location") {
        let places = PLACES.keys_within().replace('?', "?1");
        (format!("EXISTS (SELECT 1 FROM stock_item s WHERE s.part = t.id AND s.in_stock = 1 AND s.location IN ({places}))"), place)
    } else {
        ("?1 = ?1".into(), 0)
    }
}

/// One entry for each active part that is real, unless it has one of today.
fn entries(tx: &Tx<'_>, asked: &Input) -> Result<()> {
    let (which, key) = meant(asked);
    let base = setting::value(tx, "INVENTREE_DEFAULT_CURRENCY")?;
    let today = moment::day(tx.now);
    let parts: Vec<i64> = db::column(
        tx,
        &format!(
            "SELECT t.id FROM part t WHERE t.active = 1 AND t.virtual = 0 AND ({which}) \
             AND NOT EXISTS (SELECT 1 FROM part_stocktake k WHERE k.part = t.id AND k.date = '{today}')"
        ),
        [key],
    )?;
    for part in parts {
        super::pricing::update(tx, part)?;
        let sql = format!(
            "INSERT INTO part_stocktake (part, date, item_count, quantity, cost_min, cost_min_currency, cost_max, cost_max_currency) \
             SELECT id, ?2, items, amount, CAST(amount / 1e6 * least AS INTEGER), ?3, CAST(amount / 1e6 * most AS INTEGER), ?3 FROM \
             (SELECT t.id, (SELECT count(*) FROM stock_item s WHERE s.part = t.id AND s.in_stock = 1) AS items, \
             CAST({ORDER_TOTAL} AS INTEGER) AS amount, p.overall_min AS least, p.overall_max AS most \
             FROM part t LEFT JOIN part_pricing p ON p.part = t.id WHERE t.id = ?1)"
        );
        db::run(tx, &sql, (part, &today, &base))?;
    }
    Ok(())
}

/// The table of what lies on the shelves now; gives the key of the output.
fn report(call: &Call, asked: &Input) -> Result<i64> {
    let (which, key) = meant(asked);
    let heads =
        ["Pk", "Part", "IPN", "Description", "Category", "Stock Items", "Total Quantity", "Minimum Cost", "Maximum Cost", "Currency"];
    let sql = format!(
        "SELECT t.id, t.name, t.IPN, t.description, coalesce((SELECT c.pathstring FROM part_category c WHERE c.id = t.category), ''), \
         (SELECT count(*) FROM stock_item s WHERE s.part = t.id AND s.in_stock = 1), {ORDER_IN_STOCK} / 1000000.0, \
         p.overall_min * {ORDER_IN_STOCK} / 1e12, p.overall_max * {ORDER_IN_STOCK} / 1e12, coalesce(p.currency, '') \
         FROM part t LEFT JOIN part_pricing p ON p.part = t.id WHERE t.active = 1 AND t.virtual = 0 AND ({which}) ORDER BY t.name, t.id"
    );
    export::table_of(call, "Stocktake", &heads, &sql, key)
}
