//! `/api/background-task/`: there is no queue. Whatever a request starts is done before it is answered, and nothing is left to wait or to fail.

use serde_json::json;

use crate::engine::call::{Reply, Verb};
use crate::engine::describe::*;
use crate::identity::Access;

/// The addresses by hand.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        path: "api/background-task/",
        access: Access::StaffByReading,
        title: "background tasks",
        operations: &["background_task_overview"],
        output: &[flag("is_running").fixed(), int("pending_tasks").fixed(), int("scheduled_tasks").fixed(), int("failed_tasks").fixed()],
        output_schema: "TaskOverview",
        verbs: &[(Verb::Get, |_| {
            Ok(Reply::value(&json!({"is_running": false, "pending_tasks": 0, "scheduled_tasks": 0, "failed_tasks": 0})))
        })],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/background-task/{text}/",
        word: "task_id",
        title: "background task",
        output: TASK,
        output_schema: "TaskDetail",
        verbs: &[(Verb::Get, |call| {
            Ok(Reply::value(&json!({
                "task_id": call.word(), "exists": false, "pending": false, "complete": false, "success": false, "http_status": 404,
            })))
        })],
        ..Endpoint::BASE
    },
];

/// What is answered to requests that a queue would run later.
pub const ANSWER: Answers = Answers::Object("TaskDetail", TASK);

/// The answer to a request that a queue would run later: it is done.
pub fn done() -> Reply {
    Reply::value(&json!({"task_id": "", "exists": false, "pending": false, "complete": true, "success": true, "http_status": 200}))
}

/// What is known of a task.
pub static TASK: &[Field] = &[
    text("task_id", 0).fixed(),
    flag("exists").fixed(),
    flag("pending").fixed(),
    flag("complete").fixed(),
    flag("success").fixed(),
    int("http_status").fixed(),
];

/// Tasks that wait: always none.
pub static PENDING: Resource = Resource {
    path: "background-task/pending",
    model: "ormq",
    schema: "PendingTask",
    title: "pending task",
    table: "pending_task",
    access: Access::StaffByReading,
    verbs: Verbs::LIST.and(Verbs::BULK_DELETE),
    fields: &[
        pk(),
        text("key", 100).required(),
        moment("lock").required(),
        text("task_id", 0).required(),
        text("name", 0).required(),
        text("func", 0).required(),
        text("args", 0).required(),
        text("kwargs", 0).required(),
    ],
    ..Resource::BASE
};

/// What the server does once a day.
pub static SCHEDULED: Resource = Resource {
    path: "background-task/scheduled",
    model: "schedule",
    schema: "ScheduledTask",
    title: "scheduled task",
    table: "scheduled_task",
    access: Access::StaffByReading,
    verbs: Verbs::LIST,
    fields: &[
        pk(),
        text("name", 100).null().blank(),
        text("func", 256).column("name").required(),
        text("args", 0).null().blank(),
        text("kwargs", 0).null().blank(),
        choice("schedule_type", Choices::Words(SCHEDULES)).fill(Fill::Text("D")),
        between("repeats", i64::MIN, i64::MAX).fill(Fill::Int(-1)),
        moment("last_run").required(),
        moment("next_run").null(),
        flag("success").required(),
        text("task", 100).null().fixed().computed("NULL"),
    ],
    search: &[own("scheduled_task", &["name"])],
    order: &[order("pk", &["t.id"]), order("func", &["t.name"]), order("last_run", &["t.last_run"]), order("next_run", &["t.next_run"])],
    ..Resource::BASE
};

/// What went wrong of it.
pub static FAILED: Resource = Resource {
    path: "background-task/failed",
    model: "failure",
    schema: "FailedTask",
    title: "failed task",
    table: "failed_task",
    access: Access::StaffByReading,
    verbs: Verbs::LIST.and(Verbs::BULK_DELETE),
    fields: &[
        text("pk", 0).computed("CAST(t.id AS TEXT)"),
        text("name", 100).fixed(),
        text("func", 256).column("name").required(),
        text("args", 0).null().fixed(),
        text("kwargs", 0).null().fixed(),
        moment("started").fixed(),
        moment("stopped").fixed(),
        between("attempt_count", i64::MIN, i64::MAX).fill(Fill::Int(0)),
        text("result", 0).required(),
    ],
    search: &[own("failed_task", &["name"])],
    order: &[order("pk", &["t.id"]), order("func", &["t.name"]), order("started", &["t.started"]), order("stopped", &["t.stopped"])],
    ..Resource::BASE
};

const SCHEDULES: &[(&str, &str)] = &[
    ("O", "Once"),
    ("I", "Minutes"),
    ("H", "Hourly"),
    ("D", "Daily"),
    ("W", "Weekly"),
    ("BW", "Every two weeks"),
    ("M", "Monthly"),
    ("BM", "Every two months"),
    ("Q", "Quarterly"),
    ("Y", "Yearly"),
    ("C", "Cron"),
];
