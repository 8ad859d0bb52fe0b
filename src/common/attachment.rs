//! `/api/attachment/`: files and links that belong to something. Whoever may see that something sees them, whoever may change it changes them.

use rusqlite::Connection;

use super::parameter::carrier;
use super::tag::{self, tags_of};
use crate::db;
use crate::engine::call::Call;
use crate::engine::describe::*;
use crate::engine::input::{Content, Value};
use crate::engine::moment;
use crate::engine::write::Change;
use crate::error::{Error, Result, WHOLE, invalid};
use crate::identity::{Access, Right};
use crate::media;
use crate::users::user::{BRIEF, USER};

/// What attachments can belong to.
pub const MODELS: &[(&str, &str)] = &[
    ("build", "Build Order"),
    ("company", "Company"),
    ("manufacturerpart", "Manufacturer Part"),
    ("supplierpart", "Supplier Part"),
    ("purchaseorder", "Purchase Order"),
    ("returnorder", "Return Order"),
    ("salesorder", "Sales Order"),
    ("salesordershipment", "Sales Order Shipment"),
    ("transferorder", "Transfer Order"),
    ("part", "Part"),
    ("stockitem", "Stock Item"),
];

/// Attachments.
pub static ATTACHMENT: Resource = Resource {
    path: "attachment",
    model: "attachment",
    schema: "Attachment",
    title: "attachment",
    table: "attachment",
    access: Access::Login,
    verbs: Verbs::ALL.and(Verbs::BULK_DELETE),
    metadata: true,
    fields: &[
        pk(),
        file("attachment").folder(folder).null().says("Attachment", "The file"),
        image("thumbnail").null().computed(THUMBNAIL).says("Thumbnail", "The image in small"),
        text("filename", 0).blank().says_not_blank().kept_by(NAME, |_, _| Ok(())).shows_null().label("Filename"),
        url("link").null().blank().says("Link", "An address elsewhere"),
        text("comment", 250).blank().says("Comment", "A remark"),
        flag("is_image").fixed().fill(Fill::Flag(false)).says("Is image", "Can it be shown as an image?"),
        date("upload_date").fixed().says("Upload date", "When it came"),
        to("upload_user", &USER).null().fixed().plain().says("User", "Who brought it"),
        nested("user_detail", &BRIEF, "t.upload_user").shows_null(),
        int("file_size").fixed().fill(Fill::Int(0)).says("File size", "Bytes"),
        choice("model_type", Choices::Words(MODELS)).up_to(100).required().says("Model type", "What it belongs to"),
        int("model_id").required().label("Model ID"),
        words("tags").kept_by(tags_of!("attachment"), tag::save).on("tags").label("Tags"),
    ],
    filters: &[
        where_("model_type", Reads::Text, "t.model_type = ?"),
        where_("model_id", Reads::Int, "t.model_id = ?"),
        where_("upload_user", Reads::Ref(&USER), "t.upload_user = ?"),
        by("tags", Reads::Text, |asked, rows| tag::filter(asked, rows, "attachment")),
        is("is_image", "t.is_image = 1"),
        is("has_thumbnail", "t.is_image = 1"),
        is("is_link", "coalesce(t.link, '') <> ''"),
        is("is_file", "coalesce(t.attachment, '') <> ''"),
    ],
    search: &[own("attachment", &["comment", "model_id", "model_type"])],
    order: &[
        order("model_id", &["t.model_id"]),
        order("model_type", &["t.model_type"]),
        order("upload_date", &["t.upload_date"]),
        order("file_size", &["t.file_size"]),
    ],
    scope: Some(|call| {
        if call.user.superuser {
            return "".into();
        }
        let seen = MODELS.iter().filter(|m| carrier::may(&call.user, Right::View, m.0)).map(|m| format!("'{}'", m.0));
        format!("t.model_type IN ({})", seen.collect::<Vec<_>>().join(", ")).into()
    }),
    guard: Some(|conn, call, id| {
        let model: Option<String> = db::one(conn, "SELECT model_type FROM attachment WHERE id = ?1", [id])?;
        may_write(call, &model.unwrap_or_default())
    }),
    check: Some(check),
    ..Resource::BASE
};

const THUMBNAIL: &str = "iif(t.is_image = 1, rtrim(t.attachment, replace(t.attachment, '.', '')) || 'thumbnail.' \
    || substr(t.attachment, length(rtrim(t.attachment, replace(t.attachment, '.', ''))) + 1), NULL)";
/// The last segment of the file's name.
const NAME: &str = "substr(t.attachment, length(rtrim(t.attachment, replace(t.attachment, '/', ''))) + 1)";

/// Each thing has a folder of its own; what belongs to nothing is refused later.
fn folder(content: &Content) -> String {
    let model = content.raw("model_type").and_then(|v| v.as_str().map(String::from)).unwrap_or_default();
    let key = content.raw("model_id").and_then(|v| v.as_i64().or_else(|| v.as_str()?.trim().parse().ok())).unwrap_or_default();
    match MODELS.iter().find(|m| m.0 == model) {
        Some((model, _)) => format!("attachments/{model}/{key}"),
        None => "attachments".into(),
    }
}

fn may_write(call: &Call, model: &str) -> Result<()> {
    if carrier::may(&call.user, Right::Change, model) {
        Ok(())
    } else {
        Err(Error::Denied("You may not change what this attachment belongs to.".into()))
    }
}

fn check(change: &mut Change<'_>) -> Result<()> {
    let (model, key) = (change.text("model_type"), change.int("model_id").unwrap_or_default());
    may_write(change.call, &model)?;
    if change.changes("model_type") || change.changes("model_id") {
        let resource = crate::router::RESOURCES.iter().find(|resource| resource.model == model);
        let there = resource.map(|resource| exists(change.tx, resource.table, key)).transpose()?;
        if there != Some(true) {
            change.wrong("model_id", "There is no such object.");
        }
    }
    if change.creates() {
        change.set("upload_date", Value::Text(moment::day(change.tx.now)));
        change.set("upload_user", change.tx.author().into());
    } else if !change.changes("attachment") {
        rename(change)?;
    }
    let name = change.text("attachment");
    if change.changes("attachment") {
        let folder = &change.call.site.folder;
        let size = media::size(folder, &name).and_then(|bytes| i64::try_from(bytes).ok());
        let small = media::has_small(folder, &name);
        change.set("file_size", Value::Int(size.unwrap_or_default()));
        change.set("is_image", Value::Flag(small));
    }
    if name.is_empty() && change.text("link").is_empty() {
        return invalid(WHOLE, "A file or a link is needed.");
    }
    Ok(())
}

fn exists(conn: &Connection, table: &str, key: i64) -> Result<bool> {
    Ok(db::one::<i64>(conn, &format!("SELECT 1 FROM \"{table}\" WHERE id = ?1"), [key])?.is_some())
}

/// Gives the file another name in its folder; the old name goes once nothing needs it.
fn rename(change: &mut Change<'_>) -> Result<()> {
    let (was, asked) = (change.was_text("attachment"), change.new.text("filename").trim().to_string());
    let Some((folder, name)) = was.rsplit_once('/') else { return Ok(()) };
    if asked.is_empty() || asked == name {
        return Ok(());
    }
    let extension = |name: &str| name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    if asked.contains('/') || asked.contains('\\') || asked.starts_with('.') || media::clean_name(&asked, folder) != asked {
        return invalid(WHOLE, "This is no name for a file.");
    }
    if extension(&asked) != extension(name) {
        return invalid(WHOLE, "The extension of the name cannot be changed.");
    }
    let renamed = format!("{folder}/{asked}");
    media::link(&change.call.site.folder, &was, &renamed)?;
    change.set("attachment", Value::Text(renamed));
    Ok(())
}
