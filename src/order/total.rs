//! What an order costs: SQL over its lines and extra lines, in the currency of the order.

/// The currency of the order `t`: its own, else its company's, else the default.
macro_rules! currency_of {
    ($company:literal) => {
        concat!(
            "coalesce(nullif(t.order_currency, ''), (SELECT nullif(c.currency, '') FROM company c WHERE c.id = t.",
            $company,
            "), (SELECT value FROM setting WHERE key = 'INVENTREE_DEFAULT_CURRENCY'))"
        )
    };
}
pub(crate) use currency_of;

/// What the order `t` costs, in millionths; null where a rate of exchange is missing.
/// `$lines` selects quantity, price and currency of what is ordered.
macro_rules! total_of {
    ($company:literal, $lines:literal) => {
        concat!(
            "WITH prices (quantity, price, unit) AS (",
            $lines,
            "), target (unit, base) AS (SELECT ",
            $crate::order::total::currency_of!($company),
            ", (SELECT value FROM setting WHERE key = 'INVENTREE_DEFAULT_CURRENCY')), \
             amounts (amount) AS (SELECT p.quantity * CAST(p.price AS REAL) / 1000000.0 * iif(p.unit = g.unit, 1.0, \
             iif(g.unit = g.base, 1000000.0, (SELECT r.rate FROM exchange_rate r WHERE r.currency = g.unit)) \
             / iif(p.unit = g.base, 1000000.0, (SELECT r.rate FROM exchange_rate r WHERE r.currency = p.unit))) \
             FROM prices p, target g WHERE p.price IS NOT NULL) \
             SELECT iif(count(*) = count(amount), round(total(amount)), NULL) FROM amounts"
        )
    };
}
pub(crate) use total_of;
