//! What an OAuth access token allows, and what an address asks for: `r:<right>:<role>` for each right of each role, `g:read`, `a:staff`,
//! `a:superuser`, `openid`.

use super::{Access, ROLES, Right, Role, User};

const READ: u64 = 1 << 44;
const STAFF: u64 = 1 << 45;
const SUPER: u64 = 1 << 46;
const OPENID: u64 = 1 << 47;
/// The scopes that belong to no role, with what they allow.
const GENERAL: [(&str, u64, &str); 4] = [
    ("g:read", READ, "See what everybody who logs in may see"),
    ("a:staff", STAFF, "Act as staff, if you are"),
    ("a:superuser", SUPER, "Act as superuser, if you are"),
    ("openid", OPENID, "Learn who you are: your name and your e-mail address"),
];

/// A set of scopes: four bits for each role as in [`User::rights`], then the general ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scopes(pub i64);

fn bit(role: usize, right: Right) -> u64 {
    1 << (role * 4 + right as usize)
}

/// All scopes with what they allow.
pub fn all() -> Vec<(String, String)> {
    let general = GENERAL.iter().map(|(name, _, what)| ((*name).to_string(), (*what).to_string()));
    let roles = Right::ALL.into_iter().flat_map(|right| {
        ROLES.iter().map(move |(role, title)| (format!("r:{}:{role}", right.name()), format!("{title}: {}", right.name())))
    });
    general.chain(roles).collect()
}

/// The scopes of which a token must have one, for this right at an address of this kind.
pub fn needed(access: Access, roles: &[Role], right: Right) -> Vec<String> {
    match access {
        Access::Role => roles.iter().map(|role| format!("r:{}:{}", right.name(), role.name())).collect(),
        Access::StaffWrites | Access::StaffRoleWrites if right != Right::View => vec!["a:staff".into()],
        Access::Staff => vec!["a:staff".into()],
        Access::Super => vec!["a:superuser".into()],
        Access::Anyone | Access::Login | Access::StaffByReading | Access::StaffWrites | Access::StaffRoleWrites => vec!["g:read".into()],
    }
}

impl Scopes {
    #[expect(clippy::cast_possible_wrap, reason = "48 bits")]
    fn of(bits: u64) -> Scopes {
        Scopes(bits as i64)
    }

    #[expect(clippy::cast_sign_loss, reason = "48 bits")]
    fn bits(self) -> u64 {
        self.0 as u64
    }

    /// All of them.
    pub fn every() -> Scopes {
        Scopes::of((1 << 48) - 1)
    }

    /// Names with blanks between; `None` if there is one that does not exist, or none at all.
    pub fn parse(text: &str) -> Option<Scopes> {
        let mut bits = 0;
        for name in text.split_whitespace() {
            bits |= match name.strip_prefix("r:").and_then(|rest| rest.split_once(':')) {
                Some((right, role)) => {
                    let right = Right::ALL.into_iter().find(|r| r.name() == right)?;
                    bit(ROLES.iter().position(|r| r.0 == role)?, right)
                }
                None => GENERAL.iter().find(|g| g.0 == name)?.1,
            };
        }
        (bits != 0).then_some(Scopes::of(bits))
    }

    /// The scopes with what they allow, in the order of [`all`].
    pub fn described(self) -> Vec<(String, String)> {
        all().into_iter().filter(|(name, _)| Scopes::parse(name).is_some_and(|one| self.covers(one))).collect()
    }

    /// The names with blanks between.
    pub fn names(self) -> String {
        self.described().into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" ")
    }

    /// Are all of the others among these?
    pub fn covers(self, others: Scopes) -> bool {
        self.bits() & others.bits() == others.bits()
    }

    /// May the bearer learn who the user is?
    pub fn openid(self) -> bool {
        self.bits() & OPENID != 0
    }

    /// Is one of these names among the scopes?
    pub fn has_one(self, names: &[String]) -> bool {
        names.iter().any(|name| Scopes::parse(name).is_some_and(|one| self.covers(one)))
    }

    /// The user as far as a token with these scopes may act for it. What a scope does not name the bearer cannot do, whoever the user is.
    pub fn narrow(self, user: &User) -> User {
        let roles = self.bits() & (READ - 1);
        User {
            staff: user.staff && self.bits() & STAFF != 0,
            superuser: user.superuser && self.bits() & SUPER != 0,
            rights: if user.superuser { roles } else { user.rights & roles },
            ..user.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_forty_eight_names_and_each_is_read_back() {
        let all = all();
        assert_eq!(all.len(), 48);
        assert_eq!(Scopes::every().described(), all);
        for (name, _) in &all {
            assert_eq!(Scopes::parse(name).unwrap().names(), *name);
        }
        for wrong in ["", "r:view", "r:view:nothing", "r:see:part", "g:write", "g:read x", "r:view:part:"] {
            assert_eq!(Scopes::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_token_can_do_no_more_than_both_its_scopes_and_its_user() {
        let chief = User { id: 1, staff: true, superuser: true, ..User::default() };
        let part = Scopes::parse("g:read r:view:part").unwrap().narrow(&chief);
        assert!(!part.superuser && !part.staff && part.has(Role::PART, Right::View));
        assert!(!part.has(Role::PART, Right::Add) && !part.has(Role::STOCK, Right::View));
        let clerk = User { id: 2, rights: bit(5, Right::View), ..User::default() };
        let all = Scopes::every().narrow(&clerk);
        assert_eq!(all, clerk);
    }
}
