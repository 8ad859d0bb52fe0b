//! The API by scenarios, laid out like its addresses, against a server in process.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod support;

mod api {
    mod about;
    mod account;
    mod bad_input;
    mod company;
    mod group;
    mod lists;
    mod login;
    mod mail;
    mod mfa;
    mod oauth;
    mod part;
    mod part_category;
    mod part_more;
    mod settings;
    mod stock;
    mod stock_actions;
    mod stock_location;
    mod stock_test;
    mod stock_track;
    mod tokens;
    mod user;
    mod wire;
}
/// Named so that it starts last.
#[path = "api/coverage.rs"]
mod zz_coverage;
