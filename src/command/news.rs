//! `stockroom news …`

use stockroom::db;
use stockroom::identity::{User, token};
use stockroom::site::Site;

use super::{Options, say};

/// Writes a piece of news for the staff of this server.
pub fn add(options: &Options, title: &str) -> Result<(), String> {
    let site = Site::open(&options.folder())?;
    let (title, link, summary) = (title.to_string(), options.link.clone(), options.summary.clone());
    let added = site.db.write(User::system(), move |tx| {
        let feed = token::hex(&token::random::<8>()?);
        db::run(
            tx,
            "INSERT INTO news_entry (feed_id, title, link, published, author, summary) VALUES (?1, ?2, ?3, ?4, 'stockroom', ?5)",
            (feed, title, link, tx.now, summary),
        )
    });
    added.map_err(|e| e.to_string())?;
    say("The staff will see it.\n")
}
