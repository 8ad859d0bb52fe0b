//! Who asks, and what they may do.

pub mod attempts;
pub mod password;
