//! The way to the mail server.

use std::io::ErrorKind;
use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{SmtpTransport, Transport};

use super::{Letter, SECRET};

/// How long each step of a talk may take.
const STEP: Duration = Duration::from_secs(5);

/// How the way is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Not at all: for a server on this machine.
    None,
    /// After the greeting; without it nothing is sent.
    Starttls,
    /// From the first byte.
    Tls,
}

/// A mail server, and who writes.
#[derive(Clone)]
pub struct Config {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Name to log in with; empty for none.
    pub user: String,
    /// Password.
    pub password: String,
    /// How the way is protected.
    pub tls: Tls,
    /// The address that letters come from.
    pub from: String,
    /// The address of this server for links in letters.
    pub site_url: String,
}

impl Config {
    /// Looks the values over.
    ///
    /// # Errors
    /// A sentence for people.
    pub fn check(&self) -> Result<(), String> {
        self.from.parse::<Mailbox>().map_err(|_| format!("mail: \"{}\" is no address to send from", self.from))?;
        if !(self.site_url.starts_with("http://") || self.site_url.starts_with("https://")) {
            return Err("mail: links in letters need the address of this server: --site-url https://…".into());
        }
        if self.tls != Tls::None && !cfg!(feature = "tls") {
            return Err(
                "mail: this program was built without TLS; build it with --features tls, or send through a relay on this machine".into()
            );
        }
        transport(self).map(|_| ())
    }
}

fn transport(config: &Config) -> Result<SmtpTransport, String> {
    let mut builder = SmtpTransport::builder_dangerous(&config.host).port(config.port).timeout(Some(STEP));
    if !config.user.is_empty() {
        builder = builder.credentials(Credentials::new(config.user.clone(), config.password.clone()));
    }
    #[cfg(feature = "tls")]
    {
        use lettre::transport::smtp::client::{Tls as Way, TlsParameters};
        let parameters = || TlsParameters::new(config.host.clone()).map_err(|e| format!("mail: {e}"));
        builder = match config.tls {
            Tls::None => builder,
            Tls::Starttls => builder.tls(Way::Required(parameters()?)),
            Tls::Tls => builder.tls(Way::Wrapper(parameters()?)),
        };
    }
    Ok(builder.build())
}

/// Sends a letter; gives its message id.
///
/// # Errors
/// A sentence for people; it holds nothing of the letter.
pub fn send(config: &Config, letter: &Letter) -> Result<String, String> {
    let from: Mailbox = config.from.parse().map_err(|_| "the sender's address is not valid".to_string())?;
    let to: Mailbox = letter.to.parse().map_err(|_| "the address is not valid".to_string())?;
    let random: [u8; 12] = crate::identity::token::random().map_err(|e| e.to_string())?;
    let id = format!("<{}@{}>", crate::identity::token::hex(&random), from.email.domain());
    let message = Message::builder()
        .from(from)
        .to(to)
        .subject(letter.subject.clone())
        .message_id(Some(id.clone()))
        .header(ContentType::TEXT_PLAIN)
        .body(letter.text.replace(SECRET, &letter.secret))
        .map_err(|e| e.to_string())?;
    transport(config)?.send(&message).map(|_| id).map_err(|e| {
        // What lies behind names the cause: refused, timed out, turned away.
        let mut text = e.to_string();
        let mut cause = std::error::Error::source(&e);
        while let Some(inner) = cause {
            if inner.downcast_ref::<std::io::Error>().is_some_and(|e| matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)) {
                return "the mail server did not answer in time".into();
            }
            text = format!("{text}: {inner}");
            cause = inner.source();
        }
        text
    })
}
