//! `/api/auth/v1/…`: accounts as a browser sees them: log in, second factors, passwords, addresses, sessions.
//!
//! Answers are `{status, data?, meta?, errors?}`. Only a session counts here, never a token: these addresses belong to browsers.
//! Telephones, logins by code and other identity providers are not offered; their addresses answer as the contract has it where they
//! are switched off. So is registration by a passkey, here as in the reference: its address is not there.

pub mod address;
pub mod factor;
pub mod off;
pub mod page;
pub mod passkey;
pub mod password;
pub mod session;
pub mod signup;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::engine::call::{Call, JSON, Reply, Verb};
use crate::engine::describe::{Endpoint, Field, any, flag, helper, int, text};
use crate::engine::input::Content;
use crate::error::{Error, Result};
use crate::identity::session::{self as cookies, State};
use crate::identity::{Access, User};

/// What all addresses here have in common.
const OPEN: Endpoint = Endpoint { access: Access::Anyone, output: ENVELOPE, ..Endpoint::BASE };

static ENVELOPE: &[Field] = &[
    int("status").fixed(),
    any("data").holds("{}").null().fixed(),
    any("meta").holds("{}").null().fixed(),
    any("errors").holds("[]").null().fixed(),
];

const fn wanted(name: &'static str) -> Field {
    text(name, 0).required().request()
}

static CREDENTIAL: &[Field] = &[any("credential").holds("{}").required().request()];

/// The addresses.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        path: "api/auth/v1/config",
        title: "log-in options",
        operations: &["allauth_config_get"],
        verbs: &[(Verb::Get, session::config)],
        ..OPEN
    },
    Endpoint {
        path: "api/auth/v1/auth/session",
        title: "session",
        operations: &["allauth_auth_session_get", "allauth_auth_session_delete"],
        statuses: &["200", "401"],
        verbs: &[(Verb::Get, session::show), (Verb::Delete, session::log_out)],
        ..OPEN
    },
    Endpoint {
        path: "api/auth/v1/auth/login",
        title: "login",
        operations: &["allauth_auth_login_post"],
        input: &[wanted("username"), wanted("password")],
        verbs: &[(Verb::Post, session::log_in)],
        ..OPEN
    },
    Endpoint {
        path: "api/auth/v1/auth/reauthenticate",
        title: "proof of identity",
        operations: &["allauth_auth_reauthenticate_post"],
        input: &[wanted("password")],
        verbs: &[(Verb::Post, session::prove)],
        ..OPEN
    },
    Endpoint {
        path: "api/auth/v1/auth/sessions",
        title: "sessions of the caller",
        operations: &["allauth_auth_sessions_get", "allauth_auth_sessions_delete"],
        statuses: &["200", "200"],
        input: &[any("sessions").holds("[]").required().request()],
        verbs: &[(Verb::Get, session::list), (Verb::Delete, session::end)],
        ..OPEN
    },
    Endpoint {
        path: "api/auth/v1/auth/signup",
        title: "registration",
        operations: &["allauth_auth_signup_post"],
        input: &[wanted("username"), text("email", 0).request(), wanted("password")],
        verbs: &[(Verb::Post, signup::sign_up)],
        ..OPEN
    },
    Endpoint {
        path: "api/auth/v1/account/password/change",
        title: "change of the password",
        operations: &["allauth_account_password_change_post"],
        statuses: &["401"],
        input: &[text("current_password", 0).request(), wanted("new_password")],
        verbs: &[(Verb::Post, password::change)],
        ..OPEN
    },
    Endpoint {
        path: "api/auth/v1/auth/password/request",
        title: "forgotten password",
        operations: &["allauth_auth_password_request_post"],
        input: &[wanted("email")],
        verbs: &[(Verb::Post, password::request)],
        ..OPEN
    },
    Endpoint {
        path: "api/auth/v1/auth/password/reset",
        title: "new password",
        operations: &["allauth_auth_password_reset_get", "allauth_auth_password_reset_post"],
        statuses: &["200", "401"],
        input: &[wanted("key"), wanted("password")],
        verbs: &[(Verb::Get, password::reset_info), (Verb::Post, password::reset)],
        ..OPEN
    },
    Endpoint {
        path: "api/auth/v1/account/email",
        title: "e-mail addresses of the caller",
        operations: &[
            "allauth_account_email_get",
            "allauth_account_email_post",
            "allauth_account_email_put",
            "allauth_account_email_patch",
            "allauth_account_email_delete",
        ],
        statuses: &["200", "200", "200", "200", "200"],
        input: &[wanted("email"), flag("primary").request()],
        verbs: &[
            (Verb::Get, address::list),
            (Verb::Post, address::add),
            (Verb::Put, address::verify_again),
            (Verb::Patch, address::make_first),
            (Verb::Delete, address::remove),
        ],
        ..OPEN
    },
    Endpoint {
        path: "api/auth/v1/auth/email/verify",
        title: "verification of an e-mail address",
        operations: &["allauth_auth_email_verify_get", "allauth_auth_email_verify_post"],
        input: &[wanted("key")],
        verbs: &[(Verb::Get, address::verify_info), (Verb::Post, address::verify)],
        ..OPEN
    },
    Endpoint {
        path: "api/auth/v1/account/authenticators",
        title: "second factors of the caller",
        operations: &["allauth_account_authenticators_get"],
        verbs: &[(Verb::Get, factor::list)],
        ..OPEN
    },
    Endpoint {
        path: "api/auth/v1/account/authenticators/totp",
        title: "authenticator app",
        operations: &[
            "allauth_account_authenticators_totp_get",
            "allauth_account_authenticators_totp_post",
            "allauth_account_authenticators_totp_delete",
        ],
        statuses: &["200", "200", "200"],
        input: &[wanted("code")],
        verbs: &[(Verb::Get, factor::show_app), (Verb::Post, factor::add_app), (Verb::Delete, factor::remove_app)],
        ..OPEN
    },
    Endpoint {
        path: "api/auth/v1/account/authenticators/recovery-codes",
        title: "recovery codes",
        operations: &["allauth_account_authenticators_recovery-codes_get", "allauth_account_authenticators_recovery-codes_post"],
        verbs: &[(Verb::Get, factor::show_codes), (Verb::Post, factor::renew_codes)],
        ..OPEN
    },
    Endpoint {
        path: "api/auth/v1/auth/2fa/authenticate",
        title: "second factor",
        operations: &["allauth_auth_2fa_authenticate_post"],
        input: &[wanted("code")],
        verbs: &[(Verb::Post, factor::authenticate)],
        ..OPEN
    },
    Endpoint {
        path: "api/auth/v1/auth/2fa/reauthenticate",
        title: "proof of identity by second factor",
        operations: &["allauth_auth_2fa_reauthenticate_post"],
        input: &[wanted("code")],
        verbs: &[(Verb::Post, factor::prove)],
        ..OPEN
    },
    Endpoint {
        path: "api/auth/v1/account/authenticators/webauthn",
        title: "passkeys of the caller",
        operations: &[
            "allauth_account_authenticators_webauthn_get",
            "allauth_account_authenticators_webauthn_post",
            "allauth_account_authenticators_webauthn_put",
            "allauth_account_authenticators_webauthn_delete",
        ],
        statuses: &["200", "200", "200", "200"],
        query: &[helper("passwordless")],
        input: &[
            text("name", 0).request(),
            int("id").request(),
            any("credential").holds("{}").request(),
            any("authenticators").holds("[]").request(),
        ],
        verbs: &[
            (Verb::Get, passkey::creation),
            (Verb::Post, passkey::register),
            (Verb::Put, passkey::rename),
            (Verb::Delete, passkey::remove),
        ],
        ..OPEN
    },
    Endpoint {
        path: "api/auth/v1/auth/webauthn/login",
        title: "login by passkey",
        operations: &["allauth_auth_webauthn_login_get", "allauth_auth_webauthn_login_post"],
        statuses: &["200", "200"],
        input: CREDENTIAL,
        verbs: &[(Verb::Get, passkey::login_request), (Verb::Post, passkey::log_in)],
        ..OPEN
    },
    Endpoint {
        path: "api/auth/v1/auth/webauthn/authenticate",
        title: "second factor by passkey",
        operations: &["allauth_auth_webauthn_authenticate_get", "allauth_auth_webauthn_authenticate_post"],
        statuses: &["200", "200"],
        input: CREDENTIAL,
        verbs: &[(Verb::Get, passkey::second_request), (Verb::Post, passkey::authenticate)],
        ..OPEN
    },
    Endpoint {
        path: "api/auth/v1/auth/webauthn/reauthenticate",
        title: "proof of identity by passkey",
        operations: &["allauth_auth_webauthn_reauthenticate_get", "allauth_auth_webauthn_reauthenticate_post"],
        statuses: &["200", "200"],
        input: CREDENTIAL,
        verbs: &[(Verb::Get, passkey::proof_request), (Verb::Post, passkey::prove)],
        ..OPEN
    },
    Endpoint {
        path: "api/auth/v1/account/providers",
        title: "identity providers of the caller",
        operations: &["allauth_account_providers_get", "allauth_account_providers_delete"],
        statuses: &["200", "400"],
        input: &[wanted("provider"), wanted("account")],
        verbs: &[(Verb::Get, off::nothing), (Verb::Delete, off::no_such_account)],
        ..OPEN
    },
    Endpoint {
        path: "api/auth/v1/account/phone",
        title: "telephone numbers of the caller",
        operations: &["allauth_account_phone_get", "allauth_account_phone_post"],
        statuses: &["200", "409"],
        input: &[wanted("phone")],
        verbs: &[(Verb::Get, off::nothing), (Verb::Post, off::conflict_of_caller)],
        ..OPEN
    },
    off::conflicts("api/auth/v1/auth/2fa/trust", &["allauth_auth_2fa_trust_post"], &[(Verb::Post, off::conflict)]),
    off::conflicts("api/auth/v1/auth/email/verify/resend", &["allauth_auth_email_verify_resend_post"], &[(Verb::Post, off::conflict)]),
    off::conflicts("api/auth/v1/auth/phone/verify", &["allauth_auth_phone_verify_post"], &[(Verb::Post, off::conflict)]),
    off::conflicts("api/auth/v1/auth/phone/verify/resend", &["allauth_auth_phone_verify_resend_post"], &[(Verb::Post, off::conflict)]),
    off::conflicts("api/auth/v1/auth/code/confirm", &["allauth_auth_code_confirm_post"], &[(Verb::Post, off::conflict)]),
    off::conflicts(
        "api/auth/v1/auth/provider/signup",
        &["allauth_auth_provider_signup_get", "allauth_auth_provider_signup_post"],
        &[(Verb::Get, off::conflict), (Verb::Post, off::conflict)],
    ),
    Endpoint {
        path: "api/auth/v1/auth/code/request",
        title: "login by code",
        operations: &["allauth_auth_code_request_post"],
        statuses: &["403"],
        verbs: &[(Verb::Post, off::forbidden)],
        ..OPEN
    },
    Endpoint {
        path: "api/auth/v1/auth/provider/redirect",
        title: "login with an identity provider",
        operations: &["allauth_auth_provider_redirect_post"],
        statuses: &["400"],
        verbs: &[(Verb::Post, off::no_such_provider)],
        ..OPEN
    },
    Endpoint {
        path: "api/auth/v1/auth/provider/token",
        title: "login with a token of an identity provider",
        operations: &["allauth_auth_provider_token_post"],
        statuses: &["400"],
        verbs: &[(Verb::Post, off::no_such_provider)],
        ..OPEN
    },
    Endpoint {
        path: "api/auth/v1/tokens/refresh",
        title: "renewal of a token",
        operations: &["allauth_tokens_refresh_post"],
        statuses: &["400"],
        input: &[wanted("refresh_token")],
        verbs: &[(Verb::Post, off::no_such_token)],
        ..OPEN
    },
];

/// An answer in the form that all of them have here.
pub fn envelope(status: u16, rest: Value) -> Reply {
    let mut all = json!({ "status": status });
    if let (Some(all), Value::Object(rest)) = (all.as_object_mut(), rest) {
        all.extend(rest);
    }
    let mut reply = Reply::value(&all).with("Cache-Control", "no-store");
    reply.status = status;
    reply.kind = JSON;
    reply
}

/// What is wrong with a request, in the form that answers have here.
#[derive(Default)]
pub struct Wrong(Vec<Value>);

impl Wrong {
    /// One thing more that is wrong.
    pub fn add(&mut self, field: &str, code: &str, message: &str) {
        self.0.push(json!({"message": message, "code": code, "param": field}));
    }

    /// The answer where just one thing is wrong.
    pub fn one(field: &str, code: &str, message: &str) -> Reply {
        let mut wrong = Wrong::default();
        wrong.add(field, code, message);
        wrong.reply()
    }

    /// Nothing wrong?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The sentences alone.
    pub fn texts(&self) -> Vec<&str> {
        self.0.iter().filter_map(|one| one["message"].as_str()).collect()
    }

    /// The answer that says so.
    pub fn reply(self) -> Reply {
        envelope(400, json!({ "errors": self.0 }))
    }
}

/// A text of the body as it came (a password may begin with a blank); empty if there is none.
pub fn given(call: &Call, name: &str) -> String {
    match call.content.raw(name) {
        Some(Value::String(text)) => text,
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// The same; without it the request is refused.
pub fn needed(call: &Call, name: &str, wrong: &mut Wrong) -> String {
    let text = given(call, name);
    if text.is_empty() {
        wrong.add(name, "required", "This is needed.");
    }
    text
}

/// A page of another site must not be able to do something here in the name of its visitor. Sessions are guarded before a request gets
/// here; this is for requests without one.
///
/// # Errors
/// 403 if the header does not repeat the cookie.
pub fn guard(call: &Call) -> Result<()> {
    if call.session.is_some() {
        return Ok(());
    }
    let cookie = cookies::cookie(call.header("Cookie"), cookies::CSRF).filter(|cookie| !cookie.is_empty());
    let foreign = call.header("Origin").is_some_and(|origin| origin != call.origin);
    if foreign || cookie.is_none() || cookie != call.header("X-CSRFToken") {
        return Err(Error::Denied("CSRF check failed: fetch the session first and send its csrftoken as X-CSRFToken.".into()));
    }
    Ok(())
}

/// The caller's session.
pub struct Here {
    /// Whose it is.
    pub user: Arc<User>,
    /// The value of the cookie.
    pub value: String,
    /// What its row holds.
    pub state: State,
}

impl Here {
    /// How long a proof of identity is fresh enough for what concerns security, in milliseconds.
    const FRESH: i64 = 300_000;

    /// The session that carries the request; `None` if none does.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn of(call: &Call) -> Result<Option<Here>> {
        let Some(value) = &call.session else { return Ok(None) };
        let state = cookies::state(&*call.db().read()?, value)?;
        Ok(state.map(|state| Here { user: call.user.clone(), value: value.clone(), state }))
    }

    /// Was it proven lately who sits there?
    pub fn is_fresh(&self, call: &Call) -> bool {
        call.now - self.state.proven < Here::FRESH
    }
}

/// An array in the body.
pub fn given_list(call: &Call, name: &str) -> Option<Vec<Value>> {
    match &call.content {
        Content::Json(json) => json.get(name)?.as_array().cloned(),
        _ => None,
    }
}
