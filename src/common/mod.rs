//! What belongs to no single trade: settings, states, tags, parameters, plugins, the server's word about itself.

pub mod about;
pub mod config;
pub mod currency;
pub mod daily;
pub mod error_report;
pub mod flag;
pub mod generate;
pub mod icon;
pub mod news;
pub mod notes_image;
pub mod notification;
pub mod parameter;
pub mod plugin;
pub mod price_break;
pub mod project_code;
pub mod search;
pub mod setting;
pub mod status;
pub mod tag;
pub mod task;
pub mod template;
pub mod version_text;
pub mod webhook;
