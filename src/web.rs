//! What a browser sees: the page at `/`, the API page, their parts.

use std::net::IpAddr;

use crate::engine::call::{Reply, Verb};
use crate::error::{Error, Result};
use crate::front::Request;
use crate::identity::login::Credentials;
use crate::server::Server;

/// Nothing from elsewhere, nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const HTML: &str = "text/html; charset=utf-8";

/// Files below `/static/`.
static FILES: &[(&str, &str, &[u8])] = &[
    ("stockroom/page.css", "text/css; charset=utf-8", include_bytes!("../assets/page.css")),
    ("stockroom/home.js", "text/javascript; charset=utf-8", include_bytes!("../assets/home.js")),
    ("stockroom/api-doc.js", "text/javascript; charset=utf-8", include_bytes!("../assets/api-doc.js")),
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
        "/" => Ok(html(include_bytes!("../assets/home.html"))),
        "/api-doc" | "/api-doc/" if known(server, request, path, own, client)? => Ok(html(include_bytes!("../assets/api-doc.html"))),
        "/api-doc" | "/api-doc/" => Ok(Reply::empty(302).with("Location", "/?next=/api-doc/")),
        // Proxies ask here before they serve files.
        "/auth/" => match known(server, request, path, own, client)? {
            true => Ok(Reply::document("text/plain; charset=utf-8", b"".as_slice())),
            false => Err(Error::Unauthenticated("Log in first.".into())),
        },
        "/favicon.ico" => Ok(Reply::empty(302).with("Location", "/static/stockroom/icon.svg")),
        _ => match path.strip_prefix("/static/").and_then(|name| FILES.iter().find(|f| f.0 == name)) {
            Some((_, kind, bytes)) => {
                Ok(Reply::document(kind, *bytes).with("Cache-Control", "public, max-age=300").with("Content-Security-Policy", POLICY))
            }
            None if path.starts_with("/media/") && !known(server, request, path, own, client)? => {
                Err(Error::Unauthenticated("Log in first.".into()))
            }
            None => Err(Error::NotFound("There is nothing at this address.".into())),
        },
    }
}

fn html(bytes: &'static [u8]) -> Reply {
    Reply::document(HTML, bytes)
        .with("Content-Security-Policy", POLICY)
        .with("Referrer-Policy", "same-origin")
        .with("Cache-Control", "no-cache")
}

/// Is it somebody with a session or a token? A password does not open pages.
fn known(server: &Server, request: &Request, path: &str, own: &str, client: IpAddr) -> Result<bool> {
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
        Ok(caller) => Ok(caller.user.known() && !server.lacks_factor(&caller, path, None)?),
        Err(Error::Unauthenticated(_)) => Ok(false),
        Err(other) => Err(other),
    }
}
