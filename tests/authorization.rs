//! Who may do what, everywhere: each operation of the router's table, asked by each kind of caller, against a shop with one object of every
//! kind. `tests/authorization.tsv` holds the answers; whoever changes one sees it in the difference, and has to mean it.
//!
//! Each cell is asked on data that nobody touched before: a change that went through is thrown away with its copy of the shop. Bodies are
//! empty where the operation needs none, so that 400 means that the caller was let through to the rules of the body. A status is followed
//! by `~` if a list shows only some of the rows that a superuser sees, by `-` if it shows none of them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod support;

#[path = "authorization/cases.rs"]
mod cases;
#[path = "authorization/forms.rs"]
mod forms;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;
use stockroom::identity::{ROLES, Right, Role, User};
use support::seed::resource_of;
use support::{Answer, Shop};

use cases::Case;

/// Who asks, by the names of the columns.
const CALLERS: [&str; 7] = ["anon", "none", "view", "keeper", "staff", "admin", "super"];

const HEAD: &str = "\
# Written by STOCKROOM_WRITE=1 cargo test --test authorization; read tests/authorization.rs first.
# anon: nobody; none: no role; view: every ruleset, view; keeper: stock and stock_location, everything; staff: is_staff, no role;
# admin: is_staff, ruleset admin with everything; super: superuser.
# [own] and [other's]: a row of the caller, and one of somebody else.
";

/// Where the answers are stricter than the recorded contract, and what they tell although another role guards it; each for a reason.
const REASONS: &str = "\
#
# Stricter than the contract, which asks for a login alone or for staff:
# - attachment, parameter (and their metadata): the rights on what carries them decide, so a row is 403 to change and 404 to see without them.
# - parameter/template, selection, its entries, currency/refresh: staff writes; they are the shop's vocabulary.
# - barcode/history: others' scans are for the role admin, and deleting takes staff with that role.
# - data-output: staff sees the own files alone, for a file may hold what its maker alone may see.
# - notes-image-upload: the own images, and those of notes about what the caller may see.
# - part/thumbs: everybody may ask, who may not see parts finds none.
# - nested objects and paths of kinds that the caller may not see are null or empty.
#
# What stands at the end of this file stays, because the contract has it as a plain column of a row that the caller may see: the codes of a
# stock item's supplier part, the category of a part, the part of an order's line, the customer's name in the history. A notification went to
# people who might see its target when it was written (tests/api proves that); it goes on naming it.
";

/// What one caller was answered.
struct Told {
    status: u16,
    rows: Option<usize>,
    /// Field, kind: what the answer says of kinds that the caller may not see.
    leaks: BTreeSet<(String, String)>,
    /// What a form has to say beside the status.
    word: Option<String>,
}

/// The rights that [`User::may`] asks for, as the seed grants them.
fn user_of(caller: &str) -> User {
    let bits = |roles: &[Role], rights: &[Right]| {
        roles.iter().flat_map(|role| rights.iter().map(move |right| 1u64 << (u32::from(role.0) * 4 + *right as u32))).sum::<u64>()
    };
    let every: Vec<Role> = (0..11).map(Role).collect();
    let rights = match caller {
        only if ROLES.iter().any(|role| role.0 == only) => {
            bits(&[Role(u8::try_from(ROLES.iter().position(|role| role.0 == only).unwrap()).unwrap())], &[Right::View])
        }
        "view" => bits(&every, &[Right::View]),
        "keeper" => bits(&[Role::STOCK, Role::STOCK_LOCATION], &Right::ALL),
        "admin" => bits(&[Role::ADMIN], &Right::ALL),
        _ => 0,
    };
    let superuser = caller == "super";
    User { id: i64::from(caller != "anon"), staff: matches!(caller, "staff" | "admin" | "super"), superuser, rights, ..User::default() }
}

/// A filled shop's database, and a token of each caller.
fn stage() -> (Vec<u8>, BTreeMap<&'static str, (i64, String)>) {
    let shop = Shop::new();
    let all = ["view", "add", "change", "delete"];
    let keeper = shop.hire("keeper", &[("stock", &all), ("stock_location", &all)]);
    let clerk = shop.hire("clerk", &[]);
    shop.sql("UPDATE user SET is_staff = 1 WHERE username = 'clerk'");
    shop.fill();
    let people = [
        ("anon", &shop.anon),
        ("none", &shop.norole),
        ("view", &shop.reader),
        ("keeper", &keeper),
        ("staff", &clerk),
        ("admin", &shop.staff),
        ("super", &shop.admin),
    ];
    let mut people: BTreeMap<_, _> = people.into_iter().map(|(name, person)| (name, (person.id, person.token.clone()))).collect();
    for (role, _) in ROLES.iter().skip(1) {
        let person = shop.hire(&format!("only {role}"), &[(role, &["view"])]);
        people.insert(role, (person.id, person.token));
    }
    (shop.database(), people)
}

/// Asks all cases as one caller.
fn ask(database: &[u8], caller: &'static str, (id, token): &(i64, String)) -> Vec<(String, Told)> {
    let user = user_of(caller);
    let open = || {
        let shop = Shop::copy(database);
        let person = if token.is_empty() { shop.anon.clone() } else { shop.with_token(token) };
        (shop, person)
    };
    let (mut shop, mut person) = open();
    let mut all: Vec<Case> = cases::operations(&shop, *id).into_iter().chain(forms::forms(&shop, *id)).collect();
    if !CALLERS.contains(&caller) {
        all.retain(|case| case.verb == "GET");
    }
    let mut told = Vec::new();
    for case in all {
        let answer = if case.body.is_null() {
            person.raw(case.verb, &case.path, &[], b"")
        } else {
            person.json(case.verb, &case.path, case.body.clone())
        };
        let word = case.look.map(|look| look(&shop, &answer));
        told.push((case.label, Told { status: answer.status, rows: rows_of(&answer), leaks: leaks(&user, &answer), word }));
        if case.verb != "GET" && answer.status < 400 || case.spoils {
            (shop, person) = open();
        }
    }
    told
}

fn rows_of(answer: &Answer) -> Option<usize> {
    (answer.status == 200).then(|| answer.json.as_array().map(Vec::len)).flatten()
}

/// What an answer tells of kinds that the user may not see.
fn leaks(user: &User, answer: &Answer) -> BTreeSet<(String, String)> {
    fn walk(value: &Value, path: &str, found: &mut BTreeSet<(String, String)>) {
        match value {
            Value::Array(list) => list.iter().for_each(|one| walk(one, path, found)),
            Value::Object(object) => object.iter().for_each(|(key, one)| walk(one, &format!("{path}.{key}"), found)),
            Value::String(text) => {
                for kind in text.split('«').skip(1).filter_map(|rest| rest.split('»').next()) {
                    found.insert((path.trim_start_matches('.').to_string(), kind.to_string()));
                }
            }
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    if answer.status < 300 {
        walk(&answer.json, "", &mut found);
    }
    found.retain(|(_, kind)| resource_of(kind).is_some_and(|resource| !user.may(Right::View, resource)));
    found
}

fn table() -> String {
    let (database, people) = stage();
    let mut columns: Vec<(&str, Vec<(String, Told)>)> = Vec::new();
    std::thread::scope(|scope| {
        let (database, people) = (&database, &people);
        let asked: Vec<_> = CALLERS
            .iter()
            .copied()
            .chain(ROLES.iter().skip(1).map(|role| role.0))
            .map(|caller| (caller, scope.spawn(move || ask(database, caller, &people[caller]))))
            .collect();
        columns = asked.into_iter().map(|(caller, thread)| (caller, thread.join().unwrap())).collect();
    });
    let narrow = columns.split_off(CALLERS.len());
    let (_, chief) = columns.last().unwrap();
    let mut lines = Vec::new();
    let mut tells: BTreeMap<(String, String, String), BTreeSet<&str>> = BTreeMap::new();
    for (caller, told) in columns.iter().chain(&narrow) {
        for (label, told) in told {
            for (field, kind) in &told.leaks {
                tells.entry((label.clone(), field.clone(), kind.clone())).or_default().insert(caller);
            }
        }
    }
    // What a list tells when it is asked for one detail is what it tells without, or that detail.
    let plain: BTreeSet<(String, String)> =
        tells.keys().filter(|k| !k.0.starts_with("nested ")).map(|k| (k.1.clone(), k.2.clone())).collect();
    tells.retain(|(label, field, kind), _| !label.starts_with("nested ") || !plain.contains(&(field.clone(), kind.clone())));
    for (i, (label, whole)) in chief.iter().enumerate() {
        let mut line = label.clone();
        for (_, told) in &columns {
            let (same, cell) = &told[i];
            assert_eq!(same, label, "all callers are asked the same");
            let less = match (cell.rows, whole.rows) {
                (Some(0), Some(all)) if all > 0 => "-",
                (Some(seen), Some(all)) if seen < all => "~",
                _ => "",
            };
            let _ = match &cell.word {
                Some(word) if !word.is_empty() => write!(line, "\t{}{less} {word}", cell.status),
                _ => write!(line, "\t{}{less}", cell.status),
            };
        }
        lines.push(line);
    }
    lines.sort();
    let mut text = format!("{HEAD}{REASONS}\n# operation");
    for caller in CALLERS {
        let _ = write!(text, "\t{caller}");
    }
    text.push('\n');
    for line in lines {
        let _ = writeln!(text, "{line}");
    }
    let _ = writeln!(
        text,
        "\n# What answers tell of kinds of which the caller may see nothing: operation, field, kind, callers (a role: may view that, and nothing else)."
    );
    for ((label, field, kind), callers) in tells {
        let callers: Vec<&str> = callers.into_iter().collect();
        let _ = writeln!(text, "{label}\t{field}\t{kind}\t{}", callers.join(" "));
    }
    text
}

#[test]
fn everybody_gets_what_their_roles_allow() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/authorization.tsv");
    let now = table();
    if std::env::var_os("STOCKROOM_WRITE").is_some() {
        std::fs::write(&path, &now).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let (was, is): (BTreeSet<&str>, BTreeSet<&str>) = (kept.lines().collect(), now.lines().collect());
    let gone: Vec<&&str> = was.difference(&is).collect();
    let new: Vec<&&str> = is.difference(&was).collect();
    assert!(
        kept == now,
        "Somebody is answered otherwise than tests/authorization.tsv says. A cell that became looser is a hole: mend it. If every line is \
         meant, write the file anew with STOCKROOM_WRITE=1 cargo test --test authorization, and say why in the commit.\n\nin the file:\n{}\n\nnow:\n{}",
        gone.iter().map(|l| format!("- {l}")).collect::<Vec<_>>().join("\n"),
        new.iter().map(|l| format!("+ {l}")).collect::<Vec<_>>().join("\n"),
    );
}
