//! stockroom: an inventory server for the edge that speaks InvenTree's REST API (version 511).

pub mod front;
pub mod identity;
