//! What a browser sees: the page at `/`, the API page, their parts.

use std::net::IpAddr;

use crate::engine::call::{Call, Facts, Reply, Verb};
use crate::error::{Error, Result};
use crate::front::Request;
use crate::identity::login::{Caller, Credentials};
use crate::packed::{packed, unpack};
use crate::server::Server;
use crate::{media, router};

/// Nothing from elsewhere, nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const HTML: &str = "text/html; charset=utf-8";

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Texts below `/static/`, packed.
static TEXTS: &[(&str, &str, &[u8])] = &[
    ("stockroom/page.css", "text/css; charset=utf-8", packed!("page.css")),
    ("stockroom/home.js", SCRIPT, packed!("home.js")),
    ("stockroom/passkey.js", SCRIPT, packed!("passkey.js")),
    ("stockroom/api-doc.js", SCRIPT, packed!("api-doc.js")),
    ("stockroom/browse.js", SCRIPT, packed!("browse.js")),
];
/// Images below `/static/`.
static IMAGES: &[(&str, &str, &[u8])] = &[
    ("stockroom/icon.svg", "image/svg+xml", include_bytes!("../assets/icon.svg")),
    ("img/blank_image.png", "image/png", include_bytes!("../assets/blank.png")),
    ("img/blank_image.thumbnail.png", "image/png", include_bytes!("../assets/blank.png")),
    ("img/blank_image.preview.png", "image/png", include_bytes!("../assets/blank.png")),
];

/// Answers everything outside `/api/`.
///
/// # Errors
/// 404 where there is nothing, 405 for verbs that change something.
pub fn page(server: &Server, request: &Request, path: &str, own: &str, client: IpAddr) -> Result<Reply> {
    use tiny_http::Method;
    if !matches!(request.method, Method::Get | Method::Head) {
        return Err(Error::Method(request.method.to_string()));
    }
    match path {
        "/" => html(packed!("home.html")),
        "/api-doc" | "/api-doc/" if known(server, request, path, own, client)? => html(packed!("api-doc.html")),
        "/api-doc" | "/api-doc/" => Ok(Reply::empty(302).with("Location", "/?next=/api-doc/")),
        // Proxies ask here before they serve files.
        "/auth/" => match known(server, request, path, own, client)? {
            true => Ok(Reply::document("text/plain; charset=utf-8", b"".as_slice())),
            false => Err(Error::Unauthenticated("Log in first.".into())),
        },
        "/metrics" if server.site().metrics => figures(server, request, path, own, client),
        "/favicon.ico" => Ok(Reply::empty(302).with("Location", "/static/stockroom/icon.svg")),
        _ if path.starts_with("/media/") => file(server, request, path, own, client),
        _ => asset(path.strip_prefix("/static/").unwrap_or_default()),
    }
}

/// A part of the pages.
fn asset(name: &str) -> Result<Reply> {
    let named = |files: &'static [(&str, &str, &[u8])]| files.iter().find(|file| file.0 == name);
    let reply = match (named(TEXTS), named(IMAGES)) {
        (Some((_, kind, bytes)), _) => Reply::document(kind, unpack(bytes)?.into_bytes()),
        (_, Some((_, kind, bytes))) => Reply::document(kind, *bytes),
        _ => return Err(Error::NotFound("There is nothing at this address.".into())),
    };
    Ok(reply.with("Cache-Control", "public, max-age=300").with("Content-Security-Policy", POLICY))
}

/// Figures of the server: for this machine itself, and for staff.
fn figures(server: &Server, request: &Request, path: &str, own: &str, client: IpAddr) -> Result<Reply> {
    if !client.is_loopback() {
        let caller = caller(server, request, path, own, client)?.ok_or_else(|| Error::Unauthenticated("Log in first.".into()))?;
        if !caller.user.staff {
            return Err(Error::denied());
        }
    }
    let text = server.metrics.text(server.site())?;
    Ok(Reply::document("text/plain; version=0.0.4; charset=utf-8", text.into_bytes()).with("Cache-Control", "no-store"))
}

/// Does this client want to read rather than to compute? Browsers name HTML before everything else.
pub fn wants_page(accept: Option<&str>) -> bool {
    accept.is_some_and(|accept| accept.split(',').next().is_some_and(|first| first.trim().starts_with("text/html")))
}

/// An answer of the API as a page: what `serve --debug` shows in a browser.
pub fn readable(reply: Reply, path: &str, allow: &str) -> Reply {
    let pretty = serde_json::from_slice::<serde_json::Value>(&reply.body).ok().and_then(|json| serde_json::to_string_pretty(&json).ok());
    let body = pretty.unwrap_or_else(|| String::from_utf8_lossy(&reply.body).into_owned());
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    // The body last: what it holds must not be taken for a mark.
    let page = include_str!("../assets/browse.html")
        .replace("%PATH%", &escape(path))
        .replace("%STATUS%", &reply.status.to_string())
        .replace("%ALLOW%", &escape(allow))
        .replace("%BODY%", &escape(&body));
    Reply { status: reply.status, headers: reply.headers, ..html_of(page.into_bytes().into()) }
        .with("Content-Security-Policy", POLICY)
        .with("Cache-Control", "no-cache")
}

fn html(packed: &[u8]) -> Result<Reply> {
    Ok(html_of(unpack(packed)?.into_bytes().into()))
}

fn html_of(bytes: std::borrow::Cow<'static, [u8]>) -> Reply {
    Reply::document(HTML, bytes)
        .with("Content-Security-Policy", POLICY)
        .with("Referrer-Policy", "same-origin")
        .with("Cache-Control", "no-cache")
}

/// A file of the media folder, for those who may see a row that names it.
fn file(server: &Server, request: &Request, path: &str, own: &str, client: IpAddr) -> Result<Reply> {
    let caller = caller(server, request, path, own, client)?.ok_or_else(|| Error::Unauthenticated("Log in first.".into()))?;
    let name = percent_decoded(path.strip_prefix("/media/").unwrap_or_default());
    let call = Call::new(Facts {
        path: path.into(),
        origin: own.into(),
        client,
        token: caller.token,
        session: caller.session,
        ..Facts::of(server.site_shared(), caller.user)
    });
    if !router::may_see_file(&call, &name)? {
        return Err(Error::NotFound("There is no such file.".into()));
    }
    media::give(&call.site.folder, &name, request.header("Range"), request.header("If-None-Match"))
}

/// A path as it was before it became part of an address.
fn percent_decoded(path: &str) -> String {
    // Plus signs stay what they are in paths.
    let query = path.replace('+', "%2B");
    form_urlencoded::parse(query.replace('&', "%26").replace('=', "%3D").as_bytes())
        .next()
        .map_or(String::new(), |(name, _)| name.into_owned())
}

fn known(server: &Server, request: &Request, path: &str, own: &str, client: IpAddr) -> Result<bool> {
    Ok(caller(server, request, path, own, client)?.is_some())
}

/// Somebody with a session or a token; a password does not open pages.
fn caller(server: &Server, request: &Request, path: &str, own: &str, client: IpAddr) -> Result<Option<Caller>> {
    let authorization = request.header("Authorization").map(|a| match a.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => format!("Token {token}"),
        _ => a.to_string(),
    });
    let shown = Credentials {
        authorization: authorization.as_deref().filter(|a| !a.to_ascii_lowercase().starts_with("basic")),
        cookie: request.header("Cookie"),
        csrf: None,
        origin: None,
        own_origin: own,
        client,
        verb: Verb::Get,
        bearer: false,
    };
    match server.site().identity.who(&server.site().db, &shown) {
        Ok(caller) if server.lacks_factor(&caller, path, None)? => Ok(None),
        Ok(caller) => Ok(Some(caller).filter(|caller| caller.user.known())),
        Err(Error::Unauthenticated(_)) => Ok(None),
        Err(other) => Err(other),
    }
}
