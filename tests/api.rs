//! The API by scenarios, laid out like its addresses, against a server in process.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod support;

mod api {
    mod about;
    mod account;
    mod bad_input;
    mod barcode;
    mod bom;
    mod build;
    mod company;
    mod content_type;
    mod files;
    mod general;
    mod group;
    mod lists;
    mod login;
    mod mail;
    mod metadata;
    mod mfa;
    mod oauth;
    mod order_purchase;
    mod order_return;
    mod order_sales;
    mod order_transfer;
    mod parameter;
    mod parameter_filter;
    mod part;
    mod part_category;
    mod part_more;
    mod passkey;
    mod selection;
    mod settings;
    mod stock;
    mod stock_actions;
    mod stock_location;
    mod stock_test;
    mod stock_track;
    mod tag;
    mod tokens;
    mod unit;
    mod user;
    mod wire;
}
/// Named so that it starts last.
#[path = "api/coverage.rs"]
mod zz_coverage;
