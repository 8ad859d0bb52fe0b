//! `/o/authorize/`: the user is asked whether a program may act for it.

use super::client::{self, Client};
use super::{issuer, refused};
use crate::auth::page::{self, Token, escape, hidden};
use crate::auth::{Here, given};
use crate::db;
use crate::engine::call::{Call, Reply, Verb};
use crate::error::Result;
use crate::identity::scope::Scopes;
use crate::identity::token::{digest, hex, random};

/// Seconds in which a code is to be traded in.
const CODE_LIFE: i64 = 60;
/// The parameters that the form carries along.
const CARRIED: [&str; 8] =
    ["response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge", "code_challenge_method"];
/// Longest value of a parameter.
const LONGEST: usize = 2000;

/// A request that can be put to the user.
struct Asked {
    client: Client,
    redirect: String,
    scopes: Scopes,
    state: String,
    nonce: String,
    challenge: String,
}

/// A parameter of the query, or of the form that repeats it.
fn parameter(call: &Call, name: &str) -> String {
    match call.verb {
        Verb::Post => given(call, name),
        _ => call.query.get(name).unwrap_or_default().to_string(),
    }
}

/// Leads back to the program.
fn back(call: &Call, redirect: &str, state: &str, pairs: &[(&str, &str)]) -> Reply {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    if !state.is_empty() {
        query.append_pair("state", state);
    }
    query.append_pair("iss", &issuer(call));
    let joint = if redirect.contains('?') { '&' } else { '?' };
    Reply::empty(302)
        .with("Location", format!("{redirect}{joint}{}", query.finish()))
        .with("Cache-Control", "no-store")
        .with("Referrer-Policy", "no-referrer")
}

/// Reads the request. Until program and address are known to belong together nothing is sent there.
fn read(call: &Call) -> Result<std::result::Result<Asked, Reply>> {
    let conn = call.db().read()?;
    if call.query.iter().any(|(name, _)| call.query.iter().filter(|(other, _)| *other == name).count() > 1)
        || CARRIED.iter().any(|name| parameter(call, name).len() > LONGEST)
    {
        return Ok(Err(refused(400, "A parameter of this request is too long or was given twice.")));
    }
    let Some(client) = client::find(&conn, &parameter(call, "client_id"))? else {
        return Ok(Err(refused(400, "The program that asks is not registered here.")));
    };
    let redirect = match parameter(call, "redirect_uri") {
        // One that is registered alone need not be named.
        empty if empty.is_empty() && client.redirects.len() == 1 => client.redirects.first().cloned().unwrap_or_default(),
        named => named,
    };
    if !client.redirects.contains(&redirect) {
        return Ok(Err(refused(400, "The program wants to return to an address that is not registered for it.")));
    }
    let state = parameter(call, "state");
    let wrong = |code: &str, text: &str| Ok(Err(back(call, &redirect, &state, &[("error", code), ("error_description", text)])));
    if parameter(call, "response_type") != "code" {
        return wrong("unsupported_response_type", "Only code is possible.");
    }
    for name in ["request", "request_uri"] {
        if !parameter(call, name).is_empty() {
            return wrong(if name == "request" { "request_not_supported" } else { "request_uri_not_supported" }, "Say it in the query.");
        }
    }
    let scopes = match parameter(call, "scope") {
        none if none.trim().is_empty() => Scopes::parse("g:read"),
        named => Scopes::parse(&named),
    };
    let Some(scopes) = scopes else { return wrong("invalid_scope", "There is no such scope.") };
    let (challenge, method) = (parameter(call, "code_challenge"), parameter(call, "code_challenge_method"));
    if challenge.is_empty() && client.secret.is_none() {
        return wrong("invalid_request", "A program without a secret must use PKCE.");
    }
    let sound = challenge.len() == 43 && challenge.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if !challenge.is_empty() && (method != "S256" || !sound) {
        return wrong("invalid_request", "PKCE is possible with S256 alone.");
    }
    Ok(Ok(Asked { redirect: redirect.clone(), state: state.clone(), nonce: parameter(call, "nonce"), client, scopes, challenge }))
}

/// `GET authorize/`
///
/// # Errors
/// The database cannot be asked.
pub fn ask(call: &Call) -> Result<Reply> {
    let asked = match read(call)? {
        Ok(asked) => asked,
        Err(reply) => return Ok(reply),
    };
    let silent = call.query.get("prompt") == Some("none");
    let Some(here) = Here::of(call)? else {
        if silent {
            return Ok(back(call, &asked.redirect, &asked.state, &[("error", "login_required")]));
        }
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(call.query.iter()).finish();
        let next: String = form_urlencoded::byte_serialize(format!("{}?{query}", call.path).as_bytes()).collect();
        return Ok(Reply::empty(302).with("Location", format!("/accounts/login/?next={next}")).with("Cache-Control", "no-store"));
    };
    if client::lacks_factor(&*call.db().read()?, here.user.id)? {
        return Ok(refused(403, "Set up a second factor first."));
    }
    if silent {
        return Ok(back(call, &asked.redirect, &asked.state, &[("error", "consent_required")]));
    }
    let token = Token::of(call)?;
    let list: String = asked
        .scopes
        .described()
        .into_iter()
        .map(|(name, what)| format!("<li>{} <code>{}</code></li>", escape(&what), escape(&name)))
        .collect();
    let carried: String = CARRIED.iter().map(|name| hidden(name, &parameter(call, name))).collect();
    // The switch of this one request has to hold for the next.
    let action = if call.site.oauth { "/o/authorize/" } else { "/o/authorize/?oidc=" };
    let content = format!(
        "<p><strong>{}</strong> asks to act for you, <strong>{}</strong>, on this server. It could:</p><ul>{list}</ul>\
         <p class=\"small soft\">It can never do more than you can. Afterwards you return to <code>{}</code>.</p>\
         <form class=\"stack\" method=\"post\" action=\"{action}\">{}{carried}\
         <button class=\"main\" name=\"allow\" value=\"yes\">Allow</button> <button name=\"allow\" value=\"no\">Refuse</button></form>",
        escape(&asked.client.name),
        escape(&here.user.name),
        escape(&asked.redirect),
        token.field()
    );
    Ok(token.set(page::page(200, "Allow this program?", &content, &place(&asked.redirect)), call))
}

/// Scheme and host of an address, or the scheme alone, as a content policy names it.
fn place(redirect: &str) -> String {
    match redirect.split_once("://") {
        Some((scheme @ ("http" | "https"), rest)) => format!("{scheme}://{}", rest.split(['/', '?']).next().unwrap_or_default()),
        _ => format!("{}:", redirect.split(':').next().unwrap_or_default()),
    }
}

/// `POST authorize/`: the user's answer.
///
/// # Errors
/// 403 if the form does not come from our page.
pub fn decide(call: &Call) -> Result<Reply> {
    page::guard(call)?;
    let asked = match read(call)? {
        Ok(asked) => asked,
        Err(reply) => return Ok(reply),
    };
    let Some(here) = Here::of(call)? else { return Ok(refused(401, "You are not logged in any more.")) };
    if client::lacks_factor(&*call.db().read()?, here.user.id)? {
        return Ok(refused(403, "Set up a second factor first."));
    }
    if given(call, "allow") != "yes" {
        return Ok(back(call, &asked.redirect, &asked.state, &[("error", "access_denied")]));
    }
    let code = hex(&random::<24>()?);
    let family: [u8; 16] = random()?;
    let (key, proven, redirect) = (digest(&code), here.state.proven, asked.redirect.clone());
    let some = |text: &str| Some(text.to_string()).filter(|t| !t.is_empty());
    let (challenge, nonce, client, scopes) = (some(&asked.challenge), some(&asked.nonce), asked.client.id, asked.scopes.0);
    call.write(move |tx, call| {
        // Used ones stay for a while, so that a second use is noticed.
        db::run(tx, "DELETE FROM oauth_code WHERE expires < ?1", [tx.now - 86_400_000])?;
        db::run(
            tx,
            "INSERT INTO oauth_code (digest, client, user, family, redirect, scopes, challenge, nonce, authenticated, expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            (key, client, call.user.id, family, redirect, scopes, challenge, nonce, proven, tx.now + CODE_LIFE * 1000),
        )
    })?;
    Ok(back(call, &asked.redirect, &asked.state, &[("code", &code)]))
}
