//! `/api/news/`: news for the users of this server. Nothing is fetched from elsewhere: `stockroom news` writes them.

use crate::engine::describe::*;
use crate::identity::Access;

/// News.
pub static NEWS: Resource = Resource {
    path: "news",
    model: "newsfeedentry",
    schema: "NewsFeedEntry",
    title: "news entry",
    table: "news_entry",
    access: Access::Staff,
    verbs: Verbs::READ.and(Verbs::UPDATE).and(Verbs::DELETE).and(Verbs::BULK_DELETE),
    fields: &[
        pk(),
        text("feed_id", 250).required().says("Id", "What tells this entry from all others"),
        text("title", 250).required().label("Title"),
        url_of("link", 250).required().label("Link"),
        moment("published").required().label("Published"),
        text("author", 250).required().label("Author"),
        text("summary", 250).required().label("Summary"),
        flag("read").required().fill(Fill::Flag(false)).says("Read", "Was it read?"),
    ],
    filters: &[is("read", "t.read = 1")],
    order: &[order("published", &["t.published"]), order("author", &["t.author"]), order("read", &["t.read"])],
    sort: order("-", &["t.published"]),
    ..Resource::BASE
};
