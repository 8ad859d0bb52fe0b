//! `/api/notes-image-upload/`: images that notes show.

use super::parameter::carrier;
use crate::engine::describe::*;
use crate::engine::input::Value;
use crate::engine::write::Change;
use crate::error::Result;
use crate::identity::{Access, Right};
use crate::users::user::USER;

/// What notes can be written about.
const NOTED: [&str; 10] = [
    "part",
    "company",
    "manufacturerpart",
    "supplierpart",
    "stockitem",
    "build",
    "purchaseorder",
    "salesorder",
    "returnorder",
    "transferorder",
];

/// Images; they are shown wherever a text names them, so everybody who may log in sees them.
pub static NOTES_IMAGE: Resource = Resource {
    path: "notes-image-upload",
    model: "notesimage",
    schema: "NotesImage",
    title: "image of notes",
    table: "notes_image",
    access: Access::Login,
    verbs: Verbs::LIST.and(Verbs::CREATE),
    fields: &[
        pk(),
        image("image").folder(|_| "notes".into()).required().says("Image", "The image"),
        to("user", &USER).null().fixed().plain(),
        moment("date").fixed(),
        text("model_type", 100).null().blank().says("Model type", "What the notes are about"),
        int("model_id").null().says("Model ID", "Which one"),
    ],
    // Whoever brought it sees it, and whoever may see what the notes are about.
    scope: Some(|call| {
        if call.user.superuser {
            return "".into();
        }
        let seen = NOTED.iter().filter(|model| carrier::may(&call.user, Right::View, model)).map(|model| format!("'{model}'"));
        format!("t.user = :user OR coalesce(t.model_type, '') = '' OR t.model_type IN ({})", seen.collect::<Vec<_>>().join(", ")).into()
    }),
    check: Some(check),
    ..Resource::BASE
};

fn check(change: &mut Change<'_>) -> Result<()> {
    let kind = change.text("model_type");
    if !kind.is_empty() && !NOTED.contains(&kind.as_str()) {
        change.wrong("model_type", format!("Notes are not written about a \"{kind}\"."));
    }
    change.set("user", change.tx.author().into());
    change.set("date", Value::Int(change.tx.now));
    Ok(())
}
