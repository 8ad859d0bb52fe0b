//! `/o/…`: this server as OAuth 2 authorization server and OpenID Connect provider. It is off unless it was switched on.
//!
//! Authorization code with PKCE, client credentials, refresh with rotation; neither implicit nor password grant (RFC 9700). Codes and
//! tokens are random and kept as digests. What comes of one consent is a family: if a code or a refresh token is used twice, somebody
//! stole it, and the whole family ends.

pub mod authorize;
pub mod client;
pub mod key;
pub mod token;

use serde_json::{Value, json};

use crate::auth::page;
use crate::engine::call::{Call, JSON, Query, Reply, Verb};
use crate::error::{Error, Result};
use crate::identity::scope;
use crate::site::Site;

/// Where the addresses lie.
pub const ROOT: &str = "/o/";

/// Is it on? It can be switched on for one request by an empty parameter, as the contract's flag has it.
pub fn is_on(site: &Site, query: &Query) -> bool {
    site.oauth || query.get("oidc") == Some("")
}

/// Answers everything below `/o/`.
///
/// # Errors
/// 404 where there is nothing, 405 for other verbs.
pub fn answer(call: &Call) -> Result<Reply> {
    let missing = || Err(Error::NotFound("There is nothing at this address.".into()));
    if !is_on(&call.site, &call.query) {
        return missing();
    }
    let path = call.path.strip_prefix(ROOT).unwrap_or_default();
    match (path, call.verb) {
        ("authorize/", Verb::Get) => authorize::ask(call),
        ("authorize/", Verb::Post) => authorize::decide(call),
        ("token/", Verb::Post) => token::hand_out(call),
        ("revoke_token/", Verb::Post) => token::revoke(call),
        ("introspect/", Verb::Post) => token::introspect(call),
        ("userinfo/", Verb::Get | Verb::Post) => token::userinfo(call),
        (".well-known/openid-configuration" | ".well-known/openid-configuration/", Verb::Get) => Ok(discovery(call)),
        (".well-known/jwks.json", Verb::Get) => key::published(call),
        ("applications/", Verb::Get) => client::list(call),
        ("applications/", Verb::Post) => client::register(call),
        (
            "authorize/"
            | "token/"
            | "revoke_token/"
            | "introspect/"
            | "userinfo/"
            | "applications/"
            | ".well-known/jwks.json"
            | ".well-known/openid-configuration"
            | ".well-known/openid-configuration/",
            other,
        ) => Err(Error::Method(other.name().into())),
        _ => match path.strip_prefix("applications/").and_then(|rest| rest.strip_suffix('/')) {
            Some(id) if call.verb == Verb::Delete => client::unregister(call, id),
            _ => missing(),
        },
    }
}

/// The page that says what went wrong.
pub fn refused(status: u16, text: &str) -> Reply {
    page::page(status, "That did not work", &format!("<p>{}</p>", page::escape(text)), "")
}

/// The name of this server as it stands in tokens.
pub fn issuer(call: &Call) -> String {
    format!("{}/o", call.site.url.as_deref().unwrap_or(&call.origin).trim_end_matches('/'))
}

/// JSON that nobody may keep.
pub fn told(status: u16, value: &Value) -> Reply {
    let mut reply = Reply::value(value).with("Cache-Control", "no-store").with("Pragma", "no-cache");
    reply.status = status;
    reply.kind = JSON;
    reply
}

/// An error in the form of RFC 6749, section 5.2.
pub fn error(status: u16, code: &str, text: &str) -> Reply {
    told(status, &json!({"error": code, "error_description": text}))
}

fn discovery(call: &Call) -> Reply {
    let issuer = issuer(call);
    let at = |path: &str| format!("{issuer}/{path}");
    let scopes: Vec<String> = scope::all().into_iter().map(|(name, _)| name).collect();
    told(
        200,
        &json!({
            "issuer": issuer,
            "authorization_endpoint": at("authorize/"),
            "token_endpoint": at("token/"),
            "userinfo_endpoint": at("userinfo/"),
            "revocation_endpoint": at("revoke_token/"),
            "introspection_endpoint": at("introspect/"),
            "jwks_uri": at(".well-known/jwks.json"),
            "scopes_supported": scopes,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "claims_supported": ["sub", "name", "preferred_username", "email", "email_verified"],
            "authorization_response_iss_parameter_supported": true,
            "request_parameter_supported": false,
            "request_uri_parameter_supported": false,
        }),
    )
}
