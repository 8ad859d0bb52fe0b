//! `parameter_<template>[_<comparison>]=value` on lists of what carries parameters, and `ordering=parameter_<template>`.

use super::template::Rules;
use super::{carrier, numeric};
use crate::engine::call::loosely_true;
use crate::engine::describe::{Family, Member, Resource};
use crate::engine::input::Value;
use crate::engine::query::Where;
use crate::error::{Result, invalid};

/// The filters and orderings; for every resource whose objects carry parameters.
pub static BY_PARAMETER: &[Family] = &[Family { prefix: "parameter_", narrow, order }];

/// What two numbers may differ by, relatively, and still be the same: conversions round in the last digit.
const SAME: f64 = 1e-12;

fn model_of(resource: &Resource) -> &'static str {
    carrier::named(resource.model).unwrap_or_default()
}

fn narrow(asked: &Member<'_>, rows: &mut Where) -> Result<()> {
    let (template, comparison) = asked.rest.split_once('_').unwrap_or((asked.rest, ""));
    // Other words that begin so are no filters of ours.
    let Ok(template) = template.parse::<i64>() else { return Ok(()) };
    if asked.text.is_empty() || !matches!(comparison, "" | "gt" | "gte" | "lt" | "lte" | "ne" | "icontains") {
        return Ok(());
    }
    let Some(rules) = Rules::of(asked.conn, template)? else {
        return invalid(asked.name.to_string(), format!("There is no parameter template {template}."));
    };
    let text = || Value::Text(asked.text.to_string());
    let number =
        if rules.is_flag() { Some(f64::from(u8::from(loosely_true(asked.text)))) } else { numeric(asked.conn, &rules, asked.text)? };
    let (sql, values) = match (comparison, number) {
        ("icontains", _) => {
            let like = asked.text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            ("p.data LIKE ? ESCAPE '\\'", vec![Value::Text(format!("%{like}%"))])
        }
        (_, Some(n)) => {
            let (low, high) = (Value::Real(n - n.abs() * SAME), Value::Real(n + n.abs() * SAME));
            match comparison {
                "gt" => ("p.data_numeric > ?", vec![high]),
                "gte" => ("p.data_numeric >= ?", vec![low]),
                "lt" => ("p.data_numeric < ?", vec![low]),
                "lte" => ("p.data_numeric <= ?", vec![high]),
                "ne" => ("coalesce(p.data_numeric NOT BETWEEN ? AND ?, 1)", vec![low, high]),
                _ => ("p.data_numeric BETWEEN ? AND ?", vec![low, high]),
            }
        }
        // What is no quantity of the template's unit is none of its values.
        _ if !rules.units.is_empty() => ("0", Vec::new()),
        ("gt", None) => ("p.data > ?", vec![text()]),
        ("gte", None) => ("p.data >= ?", vec![text()]),
        ("lt", None) => ("p.data < ?", vec![text()]),
        ("lte", None) => ("p.data <= ?", vec![text()]),
        ("ne", None) => ("p.data <> ? COLLATE NOCASE", vec![text()]),
        _ => ("p.data = ? COLLATE NOCASE", vec![text()]),
    };
    let model = model_of(asked.resource);
    rows.and(
        &format!("t.id IN (SELECT p.model_id FROM parameter p WHERE p.model_type = '{model}' AND p.template = {template} AND ({sql}))"),
        values,
    );
    Ok(())
}

/// What has the parameter comes first, whichever way the others go; then numbers, then texts.
fn order(resource: &Resource, rest: &str) -> Vec<String> {
    let Ok(template) = rest.parse::<i64>() else { return Vec::new() };
    let model = model_of(resource);
    let value = |column| {
        format!("(SELECT {column} FROM parameter p WHERE p.model_type = '{model}' AND p.model_id = t.id AND p.template = {template})")
    };
    vec![format!("{} IS NULL", value("p.id")), format!("{}{{}}", value("p.data_numeric")), format!("{}{{}}", value("p.data"))]
}
