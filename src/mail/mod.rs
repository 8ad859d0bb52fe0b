//! Mail: what is sent, by which server, and the log of it.
//!
//! A letter is noted in the log first, then sent by a thread of its own, so that no request waits for a mail server; the log learns what
//! came of it. Links that let somebody in are in the letter alone, never in the log.

pub mod log;
pub mod smtp;

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::db;
use crate::engine::call::Call;
use crate::engine::moment;
use crate::error::Result;
use crate::identity::User;
use crate::site::Site;

/// Where a letter's text has its secret.
pub const SECRET: &str = "{secret}";
/// Letters that may wait to be sent.
const QUEUE: usize = 100;
/// How long the test of the mail server waits for its answer.
const PATIENCE: Duration = Duration::from_secs(8);

/// A letter to one person.
#[derive(Clone)]
pub struct Letter {
    /// The address.
    pub to: String,
    /// The subject, on one line.
    pub subject: String,
    /// The text; [`SECRET`] stands for what no log may hold.
    pub text: String,
    /// What stands there.
    pub secret: String,
}

/// How a letter ended: sent, or why not.
type Outcome = std::result::Result<(), String>;

enum Job {
    Send {
        site: Arc<Site>,
        row: i64,
        letter: Letter,
        done: SyncSender<Outcome>,
    },
    /// Finds out first whether there is something to send.
    Think(Box<dyn FnOnce() + Send>),
}

/// The mail server, and the thread that talks to it.
pub struct Mailer {
    config: smtp::Config,
    queue: OnceLock<SyncSender<Job>>,
}

impl Mailer {
    /// A mailer; nothing is sent yet.
    #[must_use]
    pub fn new(config: smtp::Config) -> Mailer {
        Mailer { config, queue: OnceLock::new() }
    }

    fn queue(&self) -> &SyncSender<Job> {
        self.queue.get_or_init(|| {
            let (queue, jobs) = sync_channel(QUEUE);
            let config = self.config.clone();
            // Without a thread the queue's other end is gone, and letters are noted as failed.
            if let Err(e) = std::thread::Builder::new().name("mail".into()).spawn(move || work(&config, &jobs)) {
                ::log::error!("the mail thread cannot be started: {e}");
            }
            queue
        })
    }
}

fn work(config: &smtp::Config, jobs: &Receiver<Job>) {
    while let Ok(job) = jobs.recv() {
        match job {
            Job::Think(think) => think(),
            Job::Send { site, row, letter, done } => {
                let outcome = smtp::send(config, &letter);
                note(&site, row, &outcome);
                // Nobody may be waiting.
                let _ = done.send(outcome.map(|_| ()));
            }
        }
    }
}

fn note(site: &Site, row: i64, outcome: &std::result::Result<String, String>) {
    let outcome = outcome.clone();
    let noted = site.db.write(User::system(), move |tx| match outcome {
        Ok(id) => db::run(tx, "UPDATE email_message SET status = 'S', message_id_key = ?2 WHERE id = ?1", (row, id)),
        Err(why) => {
            ::log::warn!("mail {row} was not sent: {why}");
            let why: String = why.chars().take(1000).collect();
            db::run(
                tx,
                "UPDATE email_message SET status = 'F', error_code = 'smtp', error_message = ?2, error_timestamp = ?3 WHERE id = ?1",
                (row, why, tx.now),
            )
        }
    });
    if let Err(e) = noted {
        ::log::error!("the log of mails could not be written: {e}");
    }
}

/// The address of this server for links in mails, without a slash at its end; `None` if there is no mail server.
///
/// It is never taken from the request: whoever asks could name a host of his own there.
pub fn base(call: &Call) -> Option<&str> {
    call.site.mail.as_ref().map(|mailer| mailer.config.site_url.trim_end_matches('/'))
}

/// Notes a letter in the log and hands it to the thread; the receiver learns what came of it. `None` without a mail server.
///
/// # Errors
/// The database cannot be written.
pub fn post(site: &Arc<Site>, letter: Letter) -> Result<Option<Receiver<Outcome>>> {
    let Some(mailer) = &site.mail else { return Ok(None) };
    let id = crate::common::setting::uuid()?;
    let (to, subject, from) = (letter.to.clone(), letter.subject.clone(), mailer.config.from.clone());
    let body = letter.text.replace(SECRET, "(left out)");
    let row = site.db.write(User::system(), move |tx| {
        db::run(
            tx,
            "INSERT INTO email_message (global_id, subject, body, \"to\", sender, status, timestamp, direction) VALUES (?1, ?2, ?3, ?4, ?5, 'A', ?6, 'O')",
            (id, subject, body, to, from, tx.now),
        )?;
        Ok(tx.last_insert_rowid())
    })?;
    let (done, outcome) = sync_channel(1);
    if mailer.queue().try_send(Job::Send { site: site.clone(), row, letter, done }).is_err() {
        note(site, row, &Err("too many letters wait already".into()));
    }
    Ok(Some(outcome))
}

/// Lets the thread find out whether there is a letter to send, and send it. An answer that must not tell whether an address is known
/// must not take longer for one that is, either. If too much waits already nothing is done.
pub fn later(site: &Arc<Site>, find: impl FnOnce(&Arc<Site>) -> Result<Option<Letter>> + Send + 'static) {
    let Some(mailer) = &site.mail else { return };
    let own = site.clone();
    let think = move || match find(&own) {
        Ok(None) => {}
        Ok(Some(letter)) => {
            if let Err(e) = post(&own, letter) {
                ::log::error!("a mail could not be noted: {e}");
            }
        }
        Err(e) => ::log::error!("a mail could not be made: {e}"),
    };
    if mailer.queue().try_send(Job::Think(Box::new(think))).is_err() {
        ::log::warn!("a mail was not made: too many letters wait already");
    }
}

/// Marks what an earlier run left unsent; it is lost, for its secrets were in memory alone.
///
/// # Errors
/// The database cannot be written.
pub fn forget(tx: &db::Tx<'_>) -> Result<()> {
    db::run(
        tx,
        "UPDATE email_message SET status = 'F', error_code = 'stopped', error_message = 'The server stopped before it was sent.', error_timestamp = ?1 WHERE status = 'A'",
        [moment::now()],
    )
    .map(|_| ())
}

/// Sends a letter and waits for what comes of it, as long as a request may wait.
///
/// # Errors
/// 400 with the reason if it was not sent.
pub fn test(call: &Call, to: String) -> Result<()> {
    let refused = |why: &str| Err(crate::error::Error::Refused(format!("The mail was not sent: {why}")));
    let letter = Letter {
        to,
        subject: "Test mail".into(),
        text: "This mail shows that the inventory server can send mail.\n".into(),
        secret: String::new(),
    };
    match post(&call.site, letter)? {
        None => refused("no mail server is configured."),
        Some(outcome) => match outcome.recv_timeout(PATIENCE) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(why)) => refused(&why),
            Err(_) => refused("the mail server has not answered yet; the log will say what came of it."),
        },
    }
}
