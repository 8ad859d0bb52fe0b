//! The mail server, from the command line and the environment.

use stockroom::mail::smtp::{Config, Tls};

use super::Options;

/// What the command line said about it.
#[derive(Default)]
pub struct Given {
    /// `--smtp-host`
    pub host: Option<String>,
    /// `--smtp-port`
    pub port: Option<String>,
    /// `--smtp-user`
    pub user: Option<String>,
    /// `--smtp-tls`
    pub tls: Option<String>,
    /// `--smtp-from`
    pub from: Option<String>,
}

/// What was given by option, or else by variable; empty counts as nothing.
pub fn given(option: Option<&String>, variable: &str) -> Option<String> {
    option.cloned().or_else(|| std::env::var(variable).ok()).map(|text| text.trim().to_string()).filter(|text| !text.is_empty())
}

/// The mail server, if one is configured.
pub fn config(options: &Options) -> Result<Option<Config>, String> {
    let smtp = &options.smtp;
    let Some(host) = given(smtp.host.as_ref(), "STOCKROOM_SMTP_HOST") else { return Ok(None) };
    let tls = match given(smtp.tls.as_ref(), "STOCKROOM_SMTP_TLS").as_deref() {
        None | Some("none") => Tls::None,
        Some("starttls") => Tls::Starttls,
        Some("tls") => Tls::Tls,
        Some(other) => return Err(format!("--smtp-tls {other}: none, starttls or tls are possible")),
    };
    let port = match given(smtp.port.as_ref(), "STOCKROOM_SMTP_PORT") {
        Some(text) => text.parse().map_err(|_| format!("--smtp-port {text}: a number is expected"))?,
        None => match tls {
            Tls::None => 25,
            Tls::Starttls => 587,
            Tls::Tls => 465,
        },
    };
    let from = given(smtp.from.as_ref(), "STOCKROOM_SMTP_FROM").ok_or("--smtp-host needs --smtp-from, the address that mails come from")?;
    let config = Config {
        host,
        port,
        user: given(smtp.user.as_ref(), "STOCKROOM_SMTP_USER").unwrap_or_default(),
        // No option: what stands on a command line can be read by all users of the machine.
        password: std::env::var("STOCKROOM_SMTP_PASSWORD").unwrap_or_default(),
        tls,
        from,
        site_url: given(options.site_url.as_ref(), "STOCKROOM_SITE_URL").unwrap_or_default(),
    };
    config.check()?;
    Ok(Some(config))
}
