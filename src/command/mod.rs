//! What can be typed after `stockroom`.

mod backup;
mod check;
mod mail;
mod news;
mod oauth;
mod records;
mod serve;
mod user;
mod webhook;

use std::ffi::OsString;
use std::io::Write;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use lexopt::prelude::{Long, Short, Value, ValueExt};

const HELP: &str = "\
stockroom: an inventory server that speaks InvenTree's REST API

Usage:
  stockroom serve [--listen ADDR:PORT] [--front guarded|tiny-http] [--trusted-proxy ADDR[/BITS]]…
                                   start the server; in an empty data folder make a superuser first
  stockroom user list              who may log in
  stockroom user add NAME [--email E] [--staff] [--superuser]
                                   make a user; the password is read from standard input
  stockroom user password NAME     set a password, read from standard input; all sessions of the user end
  stockroom user reset-mfa NAME    take away the second factor, for who lost the phone; all sessions end
  stockroom user token NAME [--name WHAT-FOR]
                                   print an API token for the user
  stockroom webhook list           addresses at which other programs may leave messages
  stockroom webhook add NAME [--proof none|token|hmac]
                                   make one, and print its address and its token or secret, once
  stockroom webhook remove NAME    remove one, and its messages
  stockroom webhook messages NAME  what came in
  stockroom news add TITLE [--link URL] [--summary TEXT]
                                   news for the staff, which clients show
  stockroom oauth list             the programs that may ask users for consent
  stockroom oauth add NAME [--redirect URL]… [--confidential] [--acts-as USER]
                                   register one; with --acts-as it may act as that user on its own account
  stockroom oauth remove CLIENT-ID remove one; its tokens end
  stockroom openapi [FILE]         write the OpenAPI document (JSON), to standard output without FILE
  stockroom import FILE [--media DIR|FILE.tar] [--replace]
                                   take over what InvenTree's export-records wrote (JSON, also packed by gzip), all of it or nothing;
                                   --replace deletes what is there first
  stockroom import FILE.csv [--map HEADER=COLUMN]… [--dry-run] [--keep-going]
                                   parts, places, stock, suppliers from a table; columns are known by their headers (name, IPN, category,
                                   description, place, quantity, supplier, SKU …); --dry-run changes nothing, --keep-going takes the
                                   right lines even if others are wrong
  stockroom export FILE [--media DIR]
                                   write everything so that InvenTree's import-records reads it; packed if FILE ends in .gz
  stockroom backup FILE|FOLDER [--with-key] [--keep N]
                                   save everything in one file (.tar or .tar.gz), also while the server runs; in a folder it is named
                                   by the moment, and the newest N are kept; --with-key adds the secret key of the data folder
  stockroom verify FILE            is this backup whole?
  stockroom restore FILE           put a backup in place of the data, which are kept aside; no server may be running on them
  stockroom check                  look the data over and say what is wrong with it
  stockroom --version | --help

Options of every command but openapi:
  --data DIR         the data folder: stockroom.db, media/, secret.key
                     (or STOCKROOM_DATA; ./stockroom-data without either)

Options of serve:
  --listen ADDR:PORT      where to listen (or STOCKROOM_LISTEN; 127.0.0.1:8000 without either)
  --front NAME            guarded (the default) or tiny-http, which listens on loopback addresses only
  --trusted-proxy ADDR    a proxy whose X-Forwarded-* headers count; may be given several times
                          (or STOCKROOM_TRUSTED_PROXY, with commas between)
  --debug                 for developers: addresses of the API opened in a browser show a readable page with forms
                          (or STOCKROOM_DEBUG=1)
  --tls-cert FILE --tls-key FILE
                          serve HTTPS with this certificate and key, both PEM (or STOCKROOM_TLS_CERT, STOCKROOM_TLS_KEY)
  --smtp-host HOST        send mail through this server, with
  --smtp-port N, --smtp-user NAME, --smtp-tls none|starttls|tls, --smtp-from ADDRESS
                          (or STOCKROOM_SMTP_HOST, _PORT, _USER, _TLS, _FROM; the password in STOCKROOM_SMTP_PASSWORD alone)
  --site-url URL          the address under which people reach this server, for links in mails, passkeys and the name
                          in OAuth's tokens (or STOCKROOM_SITE_URL)
  --backup FOLDER         make a backup there every day (or STOCKROOM_BACKUP), with
  --backup-every HOURS    another interval (or STOCKROOM_BACKUP_EVERY), and
  --keep N                as many of them kept (or STOCKROOM_BACKUP_KEEP; 7 without either)
  --metrics               figures for Prometheus at /metrics, for this machine and for staff (or STOCKROOM_METRICS=1)
  --slow-query MS         write queries to the log that take longer (or STOCKROOM_SLOW_QUERY)
  --oauth                 be an OAuth 2 and OpenID Connect provider below /o/ (or STOCKROOM_OAUTH=1)

For the first start:
  STOCKROOM_ADMIN_USER, STOCKROOM_ADMIN_PASSWORD, STOCKROOM_ADMIN_EMAIL
                     the superuser to make; without a password one is invented and shown once
STOCKROOM_LOG        what to log: error, warn (the default), info (each request), debug
";

/// What the command line said.
#[derive(Default)]
pub struct Options {
    words: Vec<String>,
    data: Option<PathBuf>,
    listen: Option<String>,
    front: Option<String>,
    trusted: Vec<String>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    smtp: mail::Given,
    site_url: Option<String>,
    oauth: bool,
    redirects: Vec<String>,
    confidential: bool,
    acts_as: Option<String>,
    email: String,
    name: String,
    staff: bool,
    superuser: bool,
    debug: bool,
    proof: Option<String>,
    link: String,
    summary: String,
    media: Option<PathBuf>,
    replace: bool,
    map: Vec<String>,
    keep_going: bool,
    dry_run: bool,
    with_key: bool,
    keep: Option<usize>,
    backup: Option<PathBuf>,
    backup_every: Option<u32>,
    metrics: bool,
    slow_query: Option<u64>,
}

impl Options {
    /// The data folder.
    fn folder(&self) -> PathBuf {
        self.data
            .clone()
            .or_else(|| std::env::var_os("STOCKROOM_DATA").map(PathBuf::from))
            .unwrap_or_else(|| PathBuf::from("stockroom-data"))
    }

    /// Is this meant for developers?
    fn debug(&self) -> bool {
        self.debug || std::env::var("STOCKROOM_DEBUG").is_ok_and(|text| stockroom::engine::call::loosely_true(&text))
    }

    /// What of the server's options the command line set.
    fn given(&self) -> Vec<&'static str> {
        let set = [
            ("data", self.data.is_some()),
            ("listen", self.listen.is_some()),
            ("trusted-proxy", !self.trusted.is_empty()),
            ("debug", self.debug),
        ];
        set.iter().filter(|(_, set)| *set).map(|(word, _)| *word).collect()
    }

    /// Where to listen.
    fn address(&self) -> Result<SocketAddr, String> {
        let text = self.listen.clone().or_else(|| std::env::var("STOCKROOM_LISTEN").ok()).unwrap_or_else(|| "127.0.0.1:8000".into());
        let wrong = || format!("--listen {text}: an address and a port are expected, like 127.0.0.1:8000 or [::]:8000");
        text.to_socket_addrs().map_err(|_| wrong())?.next().ok_or_else(wrong)
    }
}

/// Runs a command.
///
/// # Errors
/// A sentence for people.
pub fn run(args: impl Iterator<Item = OsString>) -> Result<(), String> {
    let options = parse(args)?;
    let words: Vec<&str> = options.words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["help"] | [] => say(HELP),
        ["version"] => say(&format!("stockroom {}, InvenTree API {}\n", stockroom::site::VERSION, stockroom::site::API_VERSION)),
        ["serve"] => serve::serve(&options),
        ["user", "list"] => user::list(&options),
        ["user", "add", name] => user::add(&options, name),
        ["user", "password", name] => user::set_password(&options, name),
        ["user", "reset-mfa", name] => user::reset_mfa(&options, name),
        ["user", "token", name] => user::token(&options, name),
        ["webhook", "list"] => webhook::list(&options),
        ["webhook", "add", name] => webhook::add(&options, name),
        ["webhook", "remove", name] => webhook::remove(&options, name),
        ["webhook", "messages", name] => webhook::messages(&options, name),
        ["news", "add", title] => news::add(&options, title),
        ["oauth", "list"] => oauth::list(&options),
        ["oauth", "add", name] => oauth::add(&options, name),
        ["oauth", "remove", client] => oauth::remove(&options, client),
        ["openapi"] => say(&document()?),
        ["openapi", file] => std::fs::write(file, document()?).map_err(|e| format!("{file}: {e}")),
        ["import", file] => records::import(&options, file),
        ["export", file] => records::export(&options, file),
        ["backup", target] => backup::make(&options, target),
        ["verify", file] => backup::verify(file),
        ["restore", file] => backup::restore(&options, file),
        ["check"] => check::check(&options),
        _ => Err(format!("\"{}\" is no command; see stockroom --help", words.join(" "))),
    }
}

/// The OpenAPI document of this version.
fn document() -> Result<String, String> {
    stockroom::openapi::served().map_err(|e| e.to_string())
}

/// Prints to standard output; a reader that has gone away is no error.
fn say(text: &str) -> Result<(), String> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(e.to_string()),
        _ => Ok(()),
    }
}

fn parse(args: impl Iterator<Item = OsString>) -> Result<Options, String> {
    let mut options = Options::default();
    let mut parser = lexopt::Parser::from_args(args);
    let say = |e: lexopt::Error| format!("{e}; see stockroom --help");
    while let Some(arg) = parser.next().map_err(say)? {
        match arg {
            Short('h') | Long("help") => options.words = vec!["help".into()],
            Short('V') | Long("version") => options.words = vec!["version".into()],
            Long("data") => options.data = Some(parser.value().map_err(say)?.into()),
            Long("listen") => options.listen = Some(parser.value().and_then(|v| v.string()).map_err(say)?),
            Long("front") => options.front = Some(parser.value().and_then(|v| v.string()).map_err(say)?),
            Long("trusted-proxy") => options.trusted.push(parser.value().and_then(|v| v.string()).map_err(say)?),
            Long("tls-cert") => options.tls_cert = Some(parser.value().map_err(say)?.into()),
            Long("tls-key") => options.tls_key = Some(parser.value().map_err(say)?.into()),
            Long("smtp-host") => options.smtp.host = Some(parser.value().and_then(|v| v.string()).map_err(say)?),
            Long("smtp-port") => options.smtp.port = Some(parser.value().and_then(|v| v.string()).map_err(say)?),
            Long("smtp-user") => options.smtp.user = Some(parser.value().and_then(|v| v.string()).map_err(say)?),
            Long("smtp-tls") => options.smtp.tls = Some(parser.value().and_then(|v| v.string()).map_err(say)?),
            Long("smtp-from") => options.smtp.from = Some(parser.value().and_then(|v| v.string()).map_err(say)?),
            Long("site-url") => options.site_url = Some(parser.value().and_then(|v| v.string()).map_err(say)?),
            Long("oauth") => options.oauth = true,
            Long("redirect") => options.redirects.push(parser.value().and_then(|v| v.string()).map_err(say)?),
            Long("confidential") => options.confidential = true,
            Long("acts-as") => options.acts_as = Some(parser.value().and_then(|v| v.string()).map_err(say)?),
            Long("email") => options.email = parser.value().and_then(|v| v.string()).map_err(say)?,
            Long("name") => options.name = parser.value().and_then(|v| v.string()).map_err(say)?,
            Long("staff") => options.staff = true,
            Long("debug") => options.debug = true,
            Long("proof") => options.proof = Some(parser.value().and_then(|v| v.string()).map_err(say)?),
            Long("link") => options.link = parser.value().and_then(|v| v.string()).map_err(say)?,
            Long("summary") => options.summary = parser.value().and_then(|v| v.string()).map_err(say)?,
            Long("superuser") => options.superuser = true,
            Long("media") => options.media = Some(parser.value().map_err(say)?.into()),
            Long("replace") => options.replace = true,
            Long("map") => options.map.push(parser.value().and_then(|v| v.string()).map_err(say)?),
            Long("keep-going") => options.keep_going = true,
            Long("dry-run") => options.dry_run = true,
            Long("with-key") => options.with_key = true,
            Long("keep") => options.keep = Some(parser.value().and_then(|v| v.parse()).map_err(say)?),
            Long("backup") => options.backup = Some(parser.value().map_err(say)?.into()),
            Long("metrics") => options.metrics = true,
            Long("slow-query") => options.slow_query = Some(parser.value().and_then(|v| v.parse()).map_err(say)?),
            Long("backup-every") => options.backup_every = Some(parser.value().and_then(|v| v.parse()).map_err(say)?),
            Value(word) => options.words.push(word.string().map_err(say)?),
            other => return Err(say(other.unexpected())),
        }
        if options.words.first().is_some_and(|w| w == "help" || w == "version") {
            break;
        }
    }
    Ok(options)
}
