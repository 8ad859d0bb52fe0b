//! Currencies: `/api/currency/…`. Rates come from a file in the data folder, `exchange-rates.csv`, for nothing is fetched from elsewhere.

use std::path::Path;

use rusqlite::Connection;
use serde_json::{Map, json};

use crate::common::setting;
use crate::db::{self, Tx};
use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::*;
use crate::engine::{input, moment};
use crate::error::{Error, Result};
use crate::identity::Access;

/// The file: a line for each currency, its code and how much of it one unit of the base currency is worth, with a comma between.
pub const FILE: &str = "exchange-rates.csv";
/// Key of the moment at which rates were last read, in the table `about`.
const READ_AT: &str = "exchange_rates_read";

/// The addresses.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        path: "api/currency/exchange/",
        title: "exchange rates",
        output: &[
            text("base_currency", 0).fixed(),
            any("exchange_rates").holds("{}").required().label("Exchange rates"),
            moment("updated").null().fixed(),
        ],
        output_schema: "CurrencyExchange",
        verbs: &[(Verb::Get, rates)],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/currency/refresh/",
        access: Access::StaffByReading,
        title: "refresh of exchange rates",
        verbs: &[(Verb::Post, refresh)],
        ..Endpoint::BASE
    },
];

fn rates(call: &Call) -> Result<Reply> {
    let conn = call.db().read()?;
    let mut rates = Map::new();
    let mut statement = conn.prepare_cached("SELECT currency, rate FROM exchange_rate ORDER BY currency")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        #[expect(clippy::cast_precision_loss, reason = "the contract shows rates as floating point numbers")]
        rates.insert(row.get(0)?, json!(row.get::<_, i64>(1)? as f64 / 1e6));
    }
    let updated: Option<String> = db::one(&conn, "SELECT value FROM about WHERE key = ?1", [READ_AT])?;
    let updated = updated.and_then(|at| at.parse().ok()).map(moment::exact);
    Ok(Reply::value(
        &json!({"base_currency": setting::value(&conn, "INVENTREE_DEFAULT_CURRENCY")?, "exchange_rates": rates, "updated": updated}),
    ))
}

/// Reads the file again. Without one nothing changes, and the answer says so.
fn refresh(call: &Call) -> Result<Reply> {
    let read = call.write(|tx, call| read_file(tx, &call.site.folder))?;
    let said = match read {
        Some(count) => format!("{count} exchange rates were read."),
        None => format!("There is no file {FILE} in the data folder; nothing was changed."),
    };
    Ok(Reply::value(&json!({ "success": said })))
}

/// Takes the rates from the file, all or none; gives their number, or none if there is no file.
///
/// # Errors
/// 400 with the line that cannot be read.
pub fn read_file(tx: &Tx<'_>, folder: &Path) -> Result<Option<usize>> {
    let text = match std::fs::read_to_string(folder.join(FILE)) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::Malformed(format!("{FILE} cannot be read: {e}"))),
    };
    db::run(tx, "DELETE FROM exchange_rate", [])?;
    let mut count = 0;
    for (place, line) in text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
        let wrong = || Error::Malformed(format!("{FILE}, line {}: a currency and a rate are expected, like EUR,0.92", place + 1));
        let (code, rate) = line.split_once([',', ';']).ok_or_else(wrong)?;
        let (code, rate) = (code.trim(), input::decimal(rate.trim(), 19, 6, true).map_err(|_| wrong())?);
        if code.len() != 3 || !code.bytes().all(|b| b.is_ascii_uppercase()) || rate <= 0 {
            return Err(wrong());
        }
        db::run(
            tx,
            "INSERT INTO exchange_rate (currency, rate) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET rate = excluded.rate",
            (code, rate),
        )?;
        count += 1;
    }
    db::run(
        tx,
        "INSERT INTO about (key, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value",
        (READ_AT, tx.now.to_string()),
    )?;
    Ok(Some(count))
}

/// An amount (millionths) in another currency, rounded; none if a rate is missing.
///
/// # Errors
/// The database cannot be asked.
pub fn convert(conn: &Connection, amount: i64, from: &str, to: &str) -> Result<Option<i64>> {
    if from == to {
        return Ok(Some(amount));
    }
    let base = setting::value(conn, "INVENTREE_DEFAULT_CURRENCY")?;
    let rate = |code: &str| -> Result<Option<i64>> {
        if code == base {
            return Ok(Some(1_000_000));
        }
        db::one(conn, "SELECT rate FROM exchange_rate WHERE currency = ?1", [code])
    };
    let (Some(from), Some(to)) = (rate(from)?, rate(to)?) else { return Ok(None) };
    let (product, from) = (i128::from(amount) * i128::from(to), i128::from(from));
    let half = if product < 0 { -from / 2 } else { from / 2 };
    Ok(i64::try_from((product + half) / from).ok())
}
