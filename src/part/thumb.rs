//! `/api/part/thumbs/`: the images that parts have, and the image of one part alone.

use crate::db;
use crate::engine::describe::*;
use crate::engine::input::Value;
use crate::engine::write::Change;
use crate::error::Result;
use crate::identity::{Access, Right, Role};

/// Where images of parts are kept.
pub const FOLDER: &str = "part_images";

/// Each image once, the most used first.
pub static THUMBS: Resource = Resource {
    path: "part/thumbs",
    model: "part",
    schema: "PartThumb",
    title: "part image",
    table: "part_image",
    access: Access::Login,
    verbs: Verbs::LIST,
    // Everybody may ask; whoever may not see parts learns nothing of their images, neither by a search.
    scope: Some(|call| if call.user.may(Right::View, &THUMB) { "".into() } else { "0".into() }),
    // The image is another resource's: whoever may not see the parts may not see it.
    fields: &[image("image").computed("t.image"), int("count").fixed()],
    search: &[via(
        "part",
        &["name", "description", "IPN", "revision", "keywords"],
        "SELECT v.id FROM part_image v JOIN part p ON p.image = v.image WHERE p.id IN ({})",
    )
    .indexed()],
    sort: order("-", &["t.count", "t.image"]),
    ..Resource::BASE
};

/// The image of one part.
pub static THUMB: Resource = Resource {
    path: "part/thumbs",
    model: "part",
    schema: "PartThumbSerializerUpdate",
    title: "part",
    table: "part",
    roles: &[Role::PART, Role::BUILD],
    verbs: Verbs::DETAIL.and(Verbs::UPDATE),
    fields: &[image("image").folder(|_| FOLDER.into()).required().null()],
    ..Resource::BASE
};

/// Gives a part an image that another part has already.
pub fn choose(change: &mut Change<'_>) -> Result<()> {
    let asked = change.new.text("existing_image").trim_start_matches("/media/").to_string();
    if asked.is_empty() {
        return Ok(());
    }
    let name = if asked.contains('/') { asked } else { format!("{FOLDER}/{asked}") };
    let there: Option<i64> = db::one(change.tx, "SELECT id FROM part_image WHERE image = ?1", [&name])?;
    match there {
        Some(_) => change.set("image", Value::Text(name)),
        None => change.wrong("existing_image", "No part has an image of this name."),
    }
    Ok(())
}
