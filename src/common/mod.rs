//! What belongs to no single trade: settings, states, tags, parameters, units, metadata, plugins, the server's word about itself.

pub mod about;
pub mod content_type;
pub mod icon;
pub mod metadata;
pub mod parameter;
pub mod plugin;
pub mod price_break;
pub mod project_code;
pub mod selection;
pub mod setting;
pub mod status;
pub mod tag;
pub mod unit;
