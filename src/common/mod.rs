//! What belongs to no single trade: settings, states, tags, parameters, plugins, the server's word about itself.

pub mod about;
pub mod icon;
pub mod parameter;
pub mod plugin;
pub mod price_break;
pub mod project_code;
pub mod setting;
pub mod status;
pub mod tag;
