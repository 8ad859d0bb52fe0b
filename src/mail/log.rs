//! `/api/admin/email/`: the log of mails, and a test of the mail server.

use crate::auth::password;
use crate::engine::call::{Call, Reply, Verb};
use crate::engine::describe::*;
use crate::engine::input::{self, Mode};
use crate::error::Result;
use crate::identity::{Access, Role};

/// Mails.
pub static MESSAGE: Resource = Resource {
    path: "admin/email",
    model: "emailmessage",
    schema: "EmailMessage",
    title: "mail",
    table: "email_message",
    word: "global_id",
    roles: &[Role::ADMIN],
    access: Access::Super,
    verbs: Verbs::READ.and(Verbs::DELETE).and(Verbs::BULK_DELETE),
    lookup: Lookup::Word("global_id"),
    fields: &[
        text("pk", 0).computed("t.global_id").says("Global ID", "Names this mail everywhere"),
        text("global_id", 0).fixed().says("Global ID", "Names this mail everywhere"),
        text("message_id_key", 250).null().blank().says("Message ID", "The name that travelled with the mail"),
        text("thread_id_key", 250).null().blank().computed("NULL").says_writable().says("Thread ID", "The name of the conversation"),
        to("thread", &THREAD).null().computed("NULL").says_writable().says("Thread", "The conversation"),
        text("subject", 250).required().label("Subject"),
        prose("body", 0).required().label("Body"),
        email("to").required().label("To"),
        email("sender").required().label("Sender"),
        choice("status", Choices::Words(STATUS)).null().blank().fixed().says_writable().label("Status"),
        moment("timestamp").fixed().label("Timestamp"),
        any("headers").null().computed("NULL").says_writable().label("Headers"),
        prose("full_message", 0).null().blank().computed("NULL").says_writable().label("Full message"),
        choice("direction", Choices::Words(&[("I", "Inbound"), ("O", "Outbound")]))
            .null()
            .blank()
            .fixed()
            .says_writable()
            .label("Direction"),
        choice("priority", Choices::Numbers(PRIORITY)).required().label("Priority"),
        text("error_code", 50).null().blank().label("Error code"),
        prose("error_message", 0).null().blank().label("Error message"),
        moment("error_timestamp").null().label("Error timestamp"),
        any("delivery_options").null().computed("NULL").says_writable().label("Delivery options"),
    ],
    search: &[own("email_message", &["subject", "to", "sender", "message_id_key"])],
    order: &[
        order("subject", &["t.subject"]),
        order("to", &["t.\"to\""]),
        order("sender", &["t.sender"]),
        order("status", &["t.status"]),
        order("timestamp", &["t.timestamp"]),
        order("direction", &["t.direction"]),
    ],
    sort: order("", &["-t.timestamp"]),
    ..Resource::BASE
};

/// Conversations; this server has none, but forms are told where they would be.
static THREAD: Resource =
    Resource { path: "admin/email", model: "emailthread", table: "email_message", access: Access::Super, ..Resource::BASE };

const STATUS: &[(&str, &str)] =
    &[("A", "Announced"), ("S", "Sent"), ("F", "Failed"), ("D", "Delivered"), ("R", "Read"), ("C", "Confirmed")];
const PRIORITY: &[(i64, &str)] = &[(0, "None"), (1, "Very High"), (2, "High"), (3, "Normal"), (4, "Low"), (5, "Very Low")];

static TEST: &[Field] = &[email("email").required().request().says("Email", "Where the test mail goes")];

/// The addresses by hand.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        path: "api/admin/email/test/",
        access: Access::Super,
        title: "test mail",
        operations: &["admin_email_test_create"],
        input: TEST,
        input_schema: "TestEmail",
        verbs: &[(Verb::Post, test)],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/email/generate/",
        access: Access::Anyone,
        title: "link to log in by",
        operations: &["email_generate_create"],
        input: &[text("email", 0).required().request()],
        input_schema: "GetSimpleLogin",
        output_schema: "{}",
        verbs: &[(Verb::Post, password::link)],
        ..Endpoint::BASE
    },
];

fn test(call: &Call) -> Result<Reply> {
    let given = input::read(&*call.db().read()?, TEST, &call.content, Mode::Create)?;
    let to = given.text("email").to_string();
    super::test(call, to.clone())?;
    Ok(Reply::value(&serde_json::json!({ "email": to })))
}
