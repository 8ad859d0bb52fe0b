//! The states of builds, and what leads from one to another.

use crate::common::status;
use crate::db::{self, Tx};
use crate::engine::describe::Action;
use crate::error::{Result, invalid};
use crate::order::reference::{self, BUILDS};

/// The class of states that builds have.
pub const STATES: &str = "BuildStatus";

/// Nothing began.
pub const PENDING: i64 = 10;
/// It is being made.
pub const PRODUCTION: i64 = 20;
/// It waits.
pub const ON_HOLD: i64 = 25;
/// It was given up.
pub const CANCELLED: i64 = 30;
/// It is done.
pub const COMPLETE: i64 = 40;

/// What can happen to a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is released.
    Issue,
    /// It has to wait.
    Hold,
    /// Its first output is begun.
    Begin,
    /// All is made.
    Finish,
    /// It is given up.
    Cancel,
}

/// From which states a step leads to which.
const STEPS: &[(Step, &[i64], i64)] = &[
    (Step::Issue, &[PENDING, ON_HOLD], PRODUCTION),
    (Step::Hold, &[PENDING, PRODUCTION], ON_HOLD),
    (Step::Begin, &[PENDING], PRODUCTION),
    (Step::Finish, &[PRODUCTION], COMPLETE),
    // The contract lets a build be given up at any time, even again; clients rely on it.
    (Step::Cancel, &[PENDING, PRODUCTION, ON_HOLD, CANCELLED, COMPLETE], CANCELLED),
];

/// Where a step leads from a state; nothing if it leads nowhere.
pub fn after(step: Step, state: i64) -> Option<i64> {
    STEPS.iter().find(|s| s.0 == step && s.1.contains(&state)).map(|s| s.2)
}

/// Takes the step if the state of the build allows it; says whether it did.
///
/// # Errors
/// 400 if the reference of the build is not of the pattern that holds now: like any other change, this one needs one that is.
pub fn go(tx: &Tx<'_>, build: i64, step: Step) -> Result<bool> {
    let state = db::one::<i64>(tx, "SELECT status FROM build WHERE id = ?1", [build])?.unwrap_or_default();
    let Some(next) = after(step, state) else { return Ok(false) };
    let named: String = db::one(tx, "SELECT reference FROM build WHERE id = ?1", [build])?.unwrap_or_default();
    if let Some(why) = reference::misfit(tx, BUILDS, &named)? {
        return invalid(crate::error::WHOLE, why);
    }
    db::run(tx, "UPDATE build SET status = ?2, status_custom_key = NULL WHERE id = ?1", [build, next])?;
    Ok(true)
}

/// `/api/build/{id}/issue/`: where it leads nowhere nothing happens, as the contract has it.
pub static ISSUE: Action = Action {
    path: "{id}/issue",
    run: |tx, call, _| {
        go(tx, call.key()?, Step::Issue)?;
        Ok(None)
    },
    ..Action::BASE
};

/// `/api/build/{id}/hold/`: likewise.
pub static HOLD: Action = Action {
    path: "{id}/hold",
    run: |tx, call, _| {
        go(tx, call.key()?, Step::Hold)?;
        Ok(None)
    },
    ..Action::BASE
};

/// Is a build in this state still to be worked on?
pub fn is_open(state: i64) -> bool {
    [PENDING, PRODUCTION, ON_HOLD].contains(&state)
}

/// The states of builds as choices.
///
/// # Errors
/// The database cannot be asked.
pub fn choices(conn: &rusqlite::Connection) -> Result<crate::engine::describe::Listed> {
    status::choices(conn, STATES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_where() {
        assert_eq!(after(Step::Issue, PENDING), Some(PRODUCTION));
        assert_eq!(after(Step::Issue, PRODUCTION), None);
        assert_eq!(after(Step::Hold, ON_HOLD), None);
        assert_eq!(after(Step::Finish, PENDING), None);
        assert_eq!(after(Step::Cancel, COMPLETE), Some(CANCELLED));
        for (step, from, to) in STEPS {
            assert!(from.iter().all(|state| after(*step, *state) == Some(*to)));
        }
        assert!(is_open(ON_HOLD) && !is_open(COMPLETE));
    }
}
