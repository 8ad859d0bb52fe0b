//! `stockroom serve`

use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use stockroom::common::daily;
use stockroom::front::forwarded::Network;
use stockroom::front::guarded::{Config, Guarded};
use stockroom::front::stock::Stock;
use stockroom::identity::{User, password};
use stockroom::server::Server;
use stockroom::site::{API_VERSION, Site, VERSION};
use stockroom::users::user;

use super::Options;

/// How long requests that run may take to finish when the server stops.
const FAREWELL: Duration = Duration::from_secs(10);

/// Runs the server until SIGTERM or SIGINT.
pub fn serve(options: &Options) -> Result<(), String> {
    let address = options.address()?;
    frugal();
    let mail = super::mail::config(options)?;
    let folder = options.folder();
    let backups = super::backup::schedule(options)?;
    let slow = std::env::var("STOCKROOM_SLOW_QUERY")
        .ok()
        .map(|text| text.parse().map_err(|_| format!("STOCKROOM_SLOW_QUERY={text}: milliseconds are expected")));
    stockroom::db::watch_slow_queries(options.slow_query.map(Ok).or(slow).transpose()?);
    if !folder.join("stockroom.db").exists() {
        drop(Site::open(&folder)?);
        // What it took of memory to make the database is never given back otherwise.
        anew(&[]);
    }
    let mut site = Site::open(&folder)?;
    // For as long as the process lives.
    let _lock = stockroom::backup::lock(&site.folder)?;
    site.backups = backups;
    site.metrics = options.metrics || std::env::var("STOCKROOM_METRICS").is_ok_and(|on| stockroom::engine::call::loosely_true(&on));
    (site.debug, site.options) = (options.debug(), options.given());
    site.url = super::mail::given(options.site_url.as_ref(), "STOCKROOM_SITE_URL").map(|url| url.trim_end_matches('/').to_string());
    site.oauth = options.oauth || std::env::var("STOCKROOM_OAUTH").is_ok_and(|on| stockroom::engine::call::loosely_true(&on));
    site.mail = mail.map(stockroom::mail::Mailer::new);
    site.db.write(User::system(), stockroom::mail::forget).map_err(|e| format!("the log of mails: {e}"))?;
    let folder = site.folder.display().to_string();
    let server = Server::new(site, trusted(options)?);
    start_daily(&server)?;
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT]).map_err(|e| format!("signals: {e}"))?;
    match options.front.as_deref().unwrap_or("guarded") {
        "guarded" => {
            let front = Guarded::bind(address, server.clone(), config(options)?).map_err(|e| explain(address, &e))?;
            first_user(server.site())?;
            announce(front.local_addr(), &folder, certificate(options).0.is_some());
            let running = front.clone();
            let accepting = std::thread::Builder::new().name("accept".into()).spawn(move || running.run()).map_err(|e| e.to_string())?;
            signals.forever().next();
            if !front.stop(FAREWELL) {
                log::warn!("some requests did not finish in {} s", FAREWELL.as_secs());
            }
            drop(accepting);
        }
        "tiny-http" => {
            let front = Arc::new(Stock::bind(address, server.clone()).map_err(|e| explain(address, &e))?);
            first_user(server.site())?;
            announce(front.local_addr(), &folder, false);
            let running = front.clone();
            let accepting = std::thread::Builder::new().name("accept".into()).spawn(move || running.run()).map_err(|e| e.to_string())?;
            signals.forever().next();
            front.stop();
            drop(accepting);
        }
        other => return Err(format!("--front {other}: guarded or tiny-http are possible")),
    }
    server.site().db.checkpoint().map_err(|e| format!("the database could not be closed cleanly: {e}"))
}

/// Starts the thread that does what is due; it sleeps otherwise.
fn start_daily(server: &Arc<Server>) -> Result<(), String> {
    let site = server.site_shared();
    let work = move || loop {
        if let Err(e) = daily::round(&site) {
            log::error!("the daily jobs: {e}");
        }
        std::thread::sleep(daily::ROUND);
    };
    std::thread::Builder::new().name("daily".into()).stack_size(256 << 10).spawn(work).map(|_| ()).map_err(|e| e.to_string())
}

/// Starts the program anew with one memory arena. glibc would give arenas to the connections' threads and never take their
/// memory back, which costs a third of what the server needs; the number can only be set before a process begins.
fn frugal() {
    const ARENAS: &str = "MALLOC_ARENA_MAX";
    if cfg!(target_env = "gnu") && std::env::var_os(ARENAS).is_none() {
        anew(&[(ARENAS, "1")]);
    }
}

/// Starts this process anew, with these variables beside those it has. Where that cannot be, it goes on as it is.
fn anew(variables: &[(&str, &str)]) {
    if let Ok(program) = std::env::current_exe() {
        let error = std::process::Command::new(program).args(std::env::args_os().skip(1)).envs(variables.iter().copied()).exec();
        log::debug!("the process could not be started anew, and goes on as it is: {error}");
    }
}

fn announce(address: SocketAddr, folder: &str, tls: bool) {
    let scheme = if tls { "https" } else { "http" };
    // Whoever started us by a pipe may have gone; that is no reason to stop.
    let _ =
        writeln!(std::io::stdout(), "stockroom {VERSION} (InvenTree API {API_VERSION}) listens on {scheme}://{address}, data in {folder}");
    let _ = std::io::stdout().flush();
}

fn explain(address: SocketAddr, error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => format!("{address} is taken: another server listens there; choose another port with --listen"),
        std::io::ErrorKind::AddrNotAvailable => format!("{address} is no address of this machine"),
        std::io::ErrorKind::PermissionDenied if address.port() < 1024 && address.port() != 0 => {
            format!("{address}: only the system administrator may listen on ports below 1024")
        }
        _ => format!("cannot listen on {address}: {error}"),
    }
}

fn trusted(options: &Options) -> Result<Vec<Network>, String> {
    let named = std::env::var("STOCKROOM_TRUSTED_PROXY").unwrap_or_default();
    let all = options.trusted.iter().map(String::as_str).chain(named.split(',')).map(str::trim).filter(|t| !t.is_empty());
    all.map(|text| {
        text.parse::<Network>()
            .map_err(|_| format!("--trusted-proxy {text}: an address or a network is expected, like 10.0.0.1 or 10.0.0.0/8"))
    })
    .collect()
}

/// The certificate and its key, as the command line or the environment name them.
fn certificate(options: &Options) -> (Option<PathBuf>, Option<PathBuf>) {
    let named = |given: &Option<PathBuf>, variable: &str| {
        given.clone().or_else(|| std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from))
    };
    (named(&options.tls_cert, "STOCKROOM_TLS_CERT"), named(&options.tls_key, "STOCKROOM_TLS_KEY"))
}

#[cfg(feature = "tls")]
fn config(options: &Options) -> Result<Config, String> {
    let tls = match certificate(options) {
        (Some(cert), Some(key)) => Some(stockroom::front::tls::tls_config(&cert, &key)?),
        (None, None) => None,
        _ => return Err("--tls-cert and --tls-key belong together".into()),
    };
    Ok(Config { tls, ..Config::default() })
}

#[cfg(not(feature = "tls"))]
fn config(options: &Options) -> Result<Config, String> {
    if certificate(options) != (None, None) {
        return Err("this program was built without TLS; build it with --features tls".into());
    }
    Ok(Config::default())
}

/// In a folder without users: makes the superuser that the environment names, or one with a password that is shown once.
fn first_user(site: &Site) -> Result<(), String> {
    let say = |e: stockroom::error::Error| format!("the first user could not be made: {e}");
    let some: i64 = site.db.read().map_err(say)?.query_row("SELECT count(*) FROM user", [], |row| row.get(0)).map_err(|e| e.to_string())?;
    if some > 0 {
        return Ok(());
    }
    let named = |key: &str| std::env::var(key).ok().filter(|value| !value.is_empty());
    let name = named("STOCKROOM_ADMIN_USER").unwrap_or_else(|| "admin".into());
    let given = named("STOCKROOM_ADMIN_PASSWORD");
    let plain = given.clone().unwrap_or_else(|| password::random_text(16));
    let email = named("STOCKROOM_ADMIN_EMAIL").unwrap_or_default();
    let (hash, named) = (password::hash(&plain), name.clone());
    site.db.write(User::system(), move |tx| user::create(tx, &named, &email, &hash, true, true)).map_err(say)?;
    let _ = match given {
        Some(_) => writeln!(std::io::stdout(), "The superuser {name} was made."),
        None => writeln!(
            std::io::stdout(),
            "The superuser {name} was made with the password {plain}\nIt is shown this once; change it with: stockroom user password {name}"
        ),
    };
    Ok(())
}
