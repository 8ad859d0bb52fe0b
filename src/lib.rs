//! stockroom: an inventory server for the edge that speaks InvenTree's REST API (version 511).
//!
//! A request travels one way, down and back: [`front`] (bytes), [`server`] and [`router`] (which resource), [`identity`] (who),
//! [`engine`] (parse, plan, SQL, JSON), [`db`] (one writer, many readers). The other modules are the nouns of the trade.

pub mod auth;
pub mod backup;
pub mod barcode;
pub mod bom;
pub mod build;
pub mod common;
pub mod company;
pub mod db;
pub mod durable;
pub mod engine;
pub mod error;
pub mod front;
pub mod identity;
pub mod mail;
pub mod media;
pub mod metrics;
pub mod oauth;
pub mod openapi;
pub mod order;
pub mod packed;
pub mod part;
pub mod records;
pub mod router;
pub mod server;
pub mod site;
pub mod stock;
pub mod upgrade;
pub mod users;
pub mod web;
