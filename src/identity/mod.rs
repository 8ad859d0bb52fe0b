//! Who asks, and what they may do: one answer for every door.

pub mod attempts;
pub mod challenge;
pub mod login;
pub mod mail_key;
pub mod otp;
pub mod passkey;
pub mod password;
pub mod scope;
pub mod seal;
pub mod session;
pub mod token;

use crate::engine::call::Verb;
use crate::engine::describe::Resource;

/// One of the eleven rulesets, by its place in `ROLES`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Role(pub u8);

/// Their names on the wire and for people, in the order in which every group owns them.
pub const ROLES: [(&str, &str); 11] = [
    ("admin", "Admin"),
    ("part_category", "Part Categories"),
    ("part", "Parts"),
    ("bom", "Bills of Material"),
    ("stock_location", "Stock Locations"),
    ("stock", "Stock Items"),
    ("build", "Build Orders"),
    ("purchase_order", "Purchase Orders"),
    ("sales_order", "Sales Orders"),
    ("return_order", "Return Orders"),
    ("transfer_order", "Transfer Orders"),
];

#[allow(missing_docs, reason = "the names are those of `ROLES`")]
impl Role {
    pub const ADMIN: Role = Role(0);
    pub const PART_CATEGORY: Role = Role(1);
    pub const PART: Role = Role(2);
    pub const BOM: Role = Role(3);
    pub const STOCK_LOCATION: Role = Role(4);
    pub const STOCK: Role = Role(5);
    pub const BUILD: Role = Role(6);
    pub const PURCHASE_ORDER: Role = Role(7);
    pub const SALES_ORDER: Role = Role(8);
    pub const RETURN_ORDER: Role = Role(9);
    pub const TRANSFER_ORDER: Role = Role(10);

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        ROLES.get(usize::from(self.0)).map_or("", |r| r.0)
    }
}

/// What a role may grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// See.
    View,
    /// Create.
    Add,
    /// Edit.
    Change,
    /// Delete.
    Delete,
}

impl Right {
    /// All four, in the order of the contract's role lists.
    pub const ALL: [Right; 4] = [Right::View, Right::Add, Right::Change, Right::Delete];

    /// What a verb takes.
    pub fn of(verb: Verb) -> Right {
        match verb {
            Verb::Get | Verb::Options => Right::View,
            Verb::Post => Right::Add,
            Verb::Put | Verb::Patch => Right::Change,
            Verb::Delete => Right::Delete,
        }
    }

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Right::View => "view",
            Right::Add => "add",
            Right::Change => "change",
            Right::Delete => "delete",
        }
    }
}

/// The rule by which a resource lets people in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nobody needs to log in.
    Anyone,
    /// Log in, and one of the resource's roles must grant the right.
    Role,
    /// Log in.
    Login,
    /// Log in to read; staff writes.
    StaffWrites,
    /// Log in to read; staff with the resource's role writes.
    StaffRoleWrites,
    /// Staff only.
    Staff,
    /// Staff only; of an OAuth token the scope to read is enough.
    StaffByReading,
    /// Superusers only.
    Super,
}

/// The person (or program) behind a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// Primary key; 0 for nobody.
    pub id: i64,
    /// Login name.
    pub name: String,
    /// Staff.
    pub staff: bool,
    /// Superuser: passes every check.
    pub superuser: bool,
    /// Four bits for each role, in the order of `ROLES` and `Right::ALL`.
    pub rights: u64,
}

impl User {
    /// Nobody.
    pub fn anonymous() -> User {
        User::default()
    }

    /// The server itself, for work that no request asked for.
    pub fn system() -> User {
        User { superuser: true, staff: true, ..User::default() }
    }

    /// Is anybody there?
    pub fn known(&self) -> bool {
        self.id != 0
    }

    /// Does this role grant that?
    pub fn has(&self, role: Role, right: Right) -> bool {
        self.superuser || self.rights >> (u32::from(role.0) * 4 + right as u32) & 1 == 1
    }

    /// May this user do this to rows of this resource? The only place that decides; whoever is not let in is kept out.
    pub fn may(&self, right: Right, resource: &Resource) -> bool {
        let by_role = || resource.roles.iter().any(|role| self.has(*role, right));
        match resource.access {
            Access::Anyone => true,
            _ if !self.known() => false,
            _ if self.superuser => true,
            Access::Login => true,
            Access::Role => by_role(),
            Access::StaffWrites => right == Right::View || self.staff,
            Access::StaffRoleWrites => right == Right::View || self.staff && by_role(),
            Access::Staff | Access::StaffByReading => self.staff,
            Access::Super => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_the_bits_of_their_role() {
        let user = User { id: 1, rights: 1 << (5 * 4), ..User::default() };
        assert!(user.has(Role::STOCK, Right::View));
        assert!(!user.has(Role::STOCK, Right::Add));
        assert!(!user.has(Role::STOCK_LOCATION, Right::Delete));
    }

    #[test]
    fn nobody_may_do_nothing() {
        let resource = Resource { roles: &[Role::STOCK], ..Resource::BASE };
        assert!(!User::anonymous().may(Right::View, &resource));
        assert!(!User { id: 1, ..User::default() }.may(Right::View, &resource));
    }
}
