//! Companies: who sells, makes and buys; what they sell and at which price; people and places to reach them.

pub mod address;
#[expect(clippy::module_inception, reason = "a file for each noun, named like its URL")]
pub mod company;
pub mod contact;
pub mod manufacturer_part;
pub mod price_break;
pub mod supplier_part;

use crate::identity::Role;

/// Roles of those who deal with companies.
pub const TRADE: &[Role] = &[Role::PURCHASE_ORDER, Role::SALES_ORDER, Role::RETURN_ORDER];
/// Roles of those who deal with what companies sell and make.
pub const SUPPLY: &[Role] = &[Role::PART, Role::PURCHASE_ORDER];
