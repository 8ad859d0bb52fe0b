//! `/api/notifications/`: what happened that somebody wanted to know. Rows are made by `send` and by nothing else.

use crate::db::{self, Tx};
use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::*;
use crate::error::Result;
use crate::identity::{Access, Right, Role, login};

/// The same news of the same thing comes once in so many milliseconds.
const QUIET: i64 = 24 * 60 * 60 * 1000;
/// Characters of a name or a message.
const LONGEST: usize = 250;

/// Notifications of the caller.
pub static NOTIFICATION: Resource = Resource {
    path: "notifications",
    model: "notificationmessage",
    schema: "NotificationMessage",
    title: "notification",
    table: "notification",
    access: Access::Login,
    verbs: Verbs::READ.and(Verbs::UPDATE).and(Verbs::DELETE).and(Verbs::BULK_DELETE),
    fields: &[
        pk(),
        json("target", TARGET, &[]).holds("{}").null().plain(),
        json("source", CAUSE, &[]).holds("{}").null().plain(),
        to("user", &crate::users::user::USER).fixed().plain(),
        text("category", 250).fixed().plain(),
        text("name", 250).fixed().plain(),
        text("message", 250).null().fixed().plain(),
        moment("creation").fixed().plain(),
        int("age").computed("((:now - t.creation) / 1000) % 86400"),
        text("age_human", 0).computed(AGE),
        flag("read").required().says("Read", "Was it read?"),
    ],
    filters: &[where_("category", Reads::Text, "t.category = ?"), is("read", "t.read = 1")],
    search: &[own("notification", &["name", "message"])],
    order: &[
        order("category", &["t.category"]),
        order("name", &["t.name"]),
        order("read", &["t.read"]),
        order("creation", &["t.creation"]),
    ],
    sort: order("-", &["t.creation", "t.id"]),
    scope: Some(|_| "t.user = :user".into()),
    ..Resource::BASE
};

macro_rules! thing {
    ($which:literal) => {
        concat!(
            "SELECT json_object('name', x.name, 'model_name', x.title, 'model_type', x.model, 'model_id', x.id) FROM thing x WHERE x.model = t.",
            $which,
            "_type AND x.id = t.",
            $which,
            "_id"
        )
    };
}
/// What a notification is about; null where there is nothing, or where it is gone.
const TARGET: &str = thing!("target");
/// What brought it about; likewise.
const CAUSE: &str = thing!("source");

/// How long ago, in words.
const AGE: &str = "CASE WHEN :now - t.creation < 60000 THEN 'now' \
    WHEN :now - t.creation < 120000 THEN '1 minute ago' \
    WHEN :now - t.creation < 3600000 THEN ((:now - t.creation) / 60000) || ' minutes ago' \
    WHEN :now - t.creation < 7200000 THEN '1 hour ago' \
    WHEN :now - t.creation < 86400000 THEN ((:now - t.creation) / 3600000) || ' hours ago' \
    WHEN :now - t.creation < 172800000 THEN '1 day ago' \
    ELSE ((:now - t.creation) / 86400000) || ' days ago' END";

/// Marks everything as read. Clients of old times ask by GET, those of today by POST.
pub static READ_ALL: Endpoint = Endpoint {
    path: "api/notifications/readall/",
    title: "read all notifications",
    documented_verbs: &[Verb::Post],
    statuses: &["200"],
    input: NOTIFICATION.fields,
    input_schema: "NotificationMessage",
    output_schema: "{}",
    verbs: &[(Verb::Post, read_all), (Verb::Get, read_all)],
    ..Endpoint::BASE
};

fn read_all(call: &Call) -> Result<Reply> {
    call.write(|tx, call| db::run(tx, "UPDATE notification SET read = 1 WHERE user = ?1 AND read = 0", [call.user.id]))?;
    Ok(Reply::value(&serde_json::json!({"status": "ok"})))
}

/// What there is to know.
pub struct Notice<'a> {
    /// The kind of event, like `part.low_stock`.
    pub category: &'static str,
    /// The headline.
    pub name: &'a str,
    /// A sentence.
    pub message: &'a str,
    /// What it is about: model and key.
    pub target: (&'static str, i64),
    /// Who may know of it: those whose roles let them view such a thing.
    pub role: Option<Role>,
}

/// Tells users, each once, if they are active and may see what it is about; the same news of the same thing comes once a day.
///
/// # Errors
/// The database cannot be written.
pub fn send(tx: &Tx<'_>, notice: &Notice<'_>, users: &[i64]) -> Result<()> {
    let (model, key) = notice.target;
    let last: Option<i64> =
        db::one(tx, "SELECT at FROM notification_sent WHERE category = ?1 AND model = ?2 AND key = ?3", (notice.category, model, key))?;
    if last.is_some_and(|at| tx.now - at < QUIET) {
        return Ok(());
    }
    let cut = |text: &str| text.chars().take(LONGEST).collect::<String>();
    let mut told = std::collections::BTreeSet::new();
    for user in users {
        let Some(known) = login::load(tx, *user)? else { continue };
        let may = notice.role.is_none_or(|role| known.has(role, Right::View));
        if !may || !told.insert(*user) {
            continue;
        }
        db::run(
            tx,
            "INSERT INTO notification (user, category, name, message, creation, target_type, target_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            (user, notice.category, cut(notice.name), cut(notice.message), tx.now, model, key),
        )?;
    }
    if !told.is_empty() {
        db::run(
            tx,
            "INSERT INTO notification_sent (category, model, key, at) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (category, model, key) DO UPDATE SET at = excluded.at",
            (notice.category, model, key, tx.now),
        )?;
    }
    Ok(())
}
