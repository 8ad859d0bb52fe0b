//! `/accounts/…`: the few pages on which people log in, show a code, set a new password or follow a link from a mail. They work without
//! scripts, but for passkeys, which a browser shows to scripts alone. Each form carries a token against forged requests, which must repeat the cookie's.

use std::sync::Arc;

use subtle::ConstantTimeEq;

use super::factor::{self, Shown};
use super::session::{Entered, begin, waiting_user};
use super::{address, given, password};
use crate::engine::call::{Call, Reply, Verb};
use crate::error::{Error, Result};
use crate::identity::login::{Checked, load};
use crate::identity::mail_key::{self, Purpose};
use crate::identity::session;

/// Where the pages lie.
pub const ROOT: &str = "/accounts/";

/// Answers the pages of accounts.
///
/// # Errors
/// 404 where there is none, 403 for a form without its token.
pub fn answer(call: &Call) -> Result<Reply> {
    let post = match call.verb {
        Verb::Get => false,
        Verb::Post => true,
        other => return Err(Error::Method(other.name().into())),
    };
    if post {
        guard(call)?;
    }
    match (call.path.strip_prefix(ROOT).unwrap_or_default(), post) {
        ("login/", false) => login_form(call, ""),
        ("login/", true) => log_in(call),
        ("code/", false) => match waiting_user(call)? {
            Some((user, ..)) => code_form(call, user.id, ""),
            None => login_form(call, ""),
        },
        ("code/", true) => show_code(call),
        ("link/", false) => key_form(call, "Log in", &[Purpose::Login], "Log in with the link from your mail?", "Log in"),
        ("link/", true) => follow(call),
        ("verify/", false) => {
            key_form(call, "Confirm your address", &[Purpose::Verify, Purpose::Activate], "Is this e-mail address yours?", "Yes, confirm")
        }
        ("verify/", true) => verify(call),
        ("reset/", false) => reset_form(call, &key_of(call), ""),
        ("reset/", true) => reset(call),
        _ => Err(Error::NotFound("There is nothing at this address.".into())),
    }
}

/// Text inside HTML, also between quotes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A page; `targets` are places outside this server to which its form may lead.
pub fn page(status: u16, title: &str, content: &str, targets: &str) -> Reply {
    framed(status, title, content, targets, "")
}

/// A page with our scripts.
fn page_with_scripts(status: u16, title: &str, content: &str) -> Reply {
    framed(status, title, content, "", "script-src 'self'; connect-src 'self'; ")
}

fn framed(status: u16, title: &str, content: &str, targets: &str, more: &str) -> Reply {
    let title = escape(title);
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title} · stockroom</title>\n<link rel=\"icon\" type=\"image/svg+xml\" href=\"/static/stockroom/icon.svg\">\n\
         <link rel=\"stylesheet\" href=\"/static/stockroom/page.css\">\n</head>\n<body>\n<header class=\"top\"><div><a class=\"brand\" href=\"/\"><img src=\"/static/stockroom/icon.svg\" alt=\"\" width=\"29\" height=\"29\">stockroom</a></div></header>\n\
         <main class=\"page\" id=\"content\"><section class=\"card\">\n<h1>{title}</h1>\n{content}\n</section></main>\n</body>\n</html>\n"
    );
    let policy = format!(
        "default-src 'none'; {more}style-src 'self'; img-src 'self'; form-action 'self' {targets}; base-uri 'none'; frame-ancestors 'none'"
    );
    let mut reply = Reply::document("text/html; charset=utf-8", html.into_bytes())
        .with("Content-Security-Policy", policy.replace(" ;", ";"))
        // Keys stand in the addresses of these pages.
        .with("Referrer-Policy", "no-referrer")
        .with("Cache-Control", "no-store");
    reply.status = status;
    reply
}

/// The token of the visitor's forms: the one in the cookie, or a new one, which the answer then has to set.
pub struct Token {
    value: String,
    fresh: bool,
}

impl Token {
    /// The visitor's token.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn of(call: &Call) -> Result<Token> {
        match session::cookie(call.header("Cookie"), session::CSRF).filter(|c| !c.is_empty()) {
            Some(value) => Ok(Token { value: value.into(), fresh: false }),
            None => Ok(Token { value: session::csrf()?, fresh: true }),
        }
    }

    /// Its value.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The hidden field of a form.
    pub fn field(&self) -> String {
        hidden("csrfmiddlewaretoken", &self.value)
    }

    /// Sets the cookie, if it is not there yet.
    pub fn set(&self, reply: Reply, call: &Call) -> Reply {
        if self.fresh { session::with_csrf(reply, &self.value, call.secure) } else { reply }
    }
}

/// A hidden field.
pub fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value))
}

/// A form of another site must not do anything here.
///
/// # Errors
/// 403 if the form's token does not repeat the cookie's.
pub fn guard(call: &Call) -> Result<()> {
    let refused =
        || Err(Error::Denied("This form is out of date, or came from another site. Go back, reload the page and try again.".into()));
    // A page without referrer names no origin.
    if call.header("Origin").is_some_and(|origin| origin != "null" && origin != call.origin) {
        return refused();
    }
    let (cookie, field) = (session::cookie(call.header("Cookie"), session::CSRF), given(call, "csrfmiddlewaretoken"));
    match cookie {
        Some(cookie) if !cookie.is_empty() && bool::from(cookie.as_bytes().ct_eq(field.as_bytes())) => Ok(()),
        _ => refused(),
    }
}

/// Where to go afterwards: a place on this server, or its first page.
fn next(call: &Call) -> String {
    let asked = match call.verb {
        Verb::Post => given(call, "next"),
        _ => call.query.get("next").unwrap_or_default().to_string(),
    };
    let local = asked.starts_with('/') && !asked.starts_with("//") && !asked.contains(['\\', '\r', '\n', '\t']);
    if local { asked } else { "/".into() }
}

/// Leads on; the new page is fetched with GET.
fn lead(to: &str) -> Reply {
    Reply::empty(303).with("Location", to).with("Cache-Control", "no-store")
}

fn message(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("<p class=\"message bad\" role=\"alert\">{}</p>", escape(text)) }
}

fn login_form(call: &Call, problem: &str) -> Result<Reply> {
    if call.session.is_some() && problem.is_empty() {
        return Ok(lead(&next(call)));
    }
    let token = Token::of(call)?;
    let content = format!(
        "<form class=\"stack\" method=\"post\" action=\"/accounts/login/\">{}{}\
         <div><label for=\"username\">User name</label><input id=\"username\" name=\"username\" autocomplete=\"username\" autocapitalize=\"none\" spellcheck=\"false\" required></div>\
         <div><label for=\"password\">Password</label><input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" required></div>\
         {}<button class=\"main\">Sign in</button></form>{}",
        token.field(),
        hidden("next", &next(call)),
        message(problem),
        passkey_button(call, "login", "Sign in with a passkey")
    );
    Ok(token.set(page_with_scripts(if problem.is_empty() { 200 } else { 400 }, "Sign in", &content), call))
}

fn log_in(call: &Call) -> Result<Reply> {
    let (name, plain) = (given(call, "username"), given(call, "password"));
    match call.site.identity.check(call.db(), &name, &plain, call.client) {
        Ok(Checked::Right(user)) => {
            let method = session::by_password(&user.name, call.now);
            let entered = begin(call, &user, method)?;
            admit(call, entered)
        }
        Ok(Checked::Inactive | Checked::Wrong) => login_form(call, "Name and password do not fit."),
        Err(Error::TooMany) => login_form(call, "Too many failed attempts; wait a little."),
        Err(other) => Err(other),
    }
}

/// Sets the cookie of a login, and leads on or asks for the code.
fn admit(call: &Call, entered: Entered) -> Result<Reply> {
    let (reply, cookie) = match entered {
        Entered::In(cookie, _) => (session::with_csrf(lead(&next(call)), &session::csrf()?, call.secure), cookie),
        Entered::Waits(cookie) => {
            let user = session::staged(&*call.db().read()?, &cookie, call.now)?.map_or(0, |(user, _)| user);
            (code_form(call, user, "")?, cookie)
        }
    };
    Ok(session::with_session(reply, &cookie, call.secure))
}

/// A button for passkeys. A script shows it where the browser can do that, and leads on.
fn passkey_button(call: &Call, step: &str, label: &str) -> String {
    format!(
        "<p class=\"message bad\" id=\"passkey-problem\" role=\"alert\"></p>\
         <button type=\"button\" id=\"passkey\" data-path=\"/api/auth/v1/auth/webauthn/{step}\" data-next=\"{}\" hidden>{label}</button>\
         <script src=\"/static/stockroom/passkey.js\" defer></script>",
        escape(&next(call))
    )
}

fn code_form(call: &Call, user: i64, problem: &str) -> Result<Reply> {
    let token = Token::of(call)?;
    let passkeys = factor::kinds(&*call.db().read()?, user)?.iter().any(|kind| kind == "webauthn");
    let button = if passkeys { passkey_button(call, "authenticate", "Use a passkey") } else { String::new() };
    let content = format!(
        "<form class=\"stack\" method=\"post\" action=\"/accounts/code/\">{}{}\
         <div><label for=\"code\">Code of your authenticator app, or a recovery code</label><input id=\"code\" name=\"code\" autocomplete=\"one-time-code\" inputmode=\"numeric\" required></div>\
         {}<button class=\"main\">Go on</button></form>{button}",
        token.field(),
        hidden("next", &next(call)),
        message(problem)
    );
    Ok(token.set(page_with_scripts(if problem.is_empty() { 200 } else { 400 }, "Second factor", &content), call))
}

fn show_code(call: &Call) -> Result<Reply> {
    match factor::finish(call, given(call, "code"))? {
        Shown::In(cookie, _, methods) => admit(call, Entered::In(cookie, methods)),
        Shown::Nothing => login_form(call, "That took too long. Sign in again."),
        Shown::Refused(_) => match waiting_user(call)? {
            None => login_form(call, "Too many wrong codes. Sign in again."),
            Some((user, ..)) => code_form(call, user.id, "This code is not right, or was used before."),
        },
    }
}

fn key_of(call: &Call) -> String {
    match call.verb {
        Verb::Post => given(call, "key"),
        _ => call.query.get("key").unwrap_or_default().to_string(),
    }
}

fn bad_key() -> Reply {
    page(400, "This link is not valid", "<p>It was used before, or is too old. Ask for a new one.</p>", "")
}

/// One button: programs that look at the links of mails must not use them up.
fn key_form(call: &Call, title: &str, purposes: &[Purpose], question: &str, button: &str) -> Result<Reply> {
    let key = key_of(call);
    let holder = mail_key::look(&*call.db().read()?, purposes, &key, call.now)?;
    let Some(holder) = holder else { return Ok(bad_key()) };
    let token = Token::of(call)?;
    let content = format!(
        "<form class=\"stack\" method=\"post\" action=\"{}\">{}{}<p>{} ({})</p><button class=\"main\">{button}</button></form>",
        escape(&call.path),
        token.field(),
        hidden("key", &key),
        escape(question),
        escape(&holder.email)
    );
    Ok(token.set(page(200, title, &content, ""), call))
}

fn follow(call: &Call) -> Result<Reply> {
    let key = key_of(call);
    let Some(holder) = call.write(move |tx, _| mail_key::take(tx, &[Purpose::Login], &key))? else { return Ok(bad_key()) };
    let user = load(&*call.db().read()?, holder.user)?;
    let Some(user) = user.map(Arc::new) else { return Ok(bad_key()) };
    let entered = begin(call, &user, session::by_mail(&holder.email, call.now))?;
    admit(call, entered)
}

fn verify(call: &Call) -> Result<Reply> {
    if !address::confirm(call, key_of(call))? {
        return Ok(bad_key());
    }
    Ok(page(200, "Thank you", "<p>The address is confirmed.</p>", ""))
}

fn reset_form(call: &Call, key: &str, problem: &str) -> Result<Reply> {
    let known = mail_key::look(&*call.db().read()?, &[Purpose::Reset], key, call.now)?.is_some();
    if !known {
        return Ok(bad_key());
    }
    let token = Token::of(call)?;
    let content = format!(
        "<form class=\"stack\" method=\"post\" action=\"/accounts/reset/\">{}{}\
         <div><label for=\"password\">New password</label><input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"new-password\" required></div>\
         {}<button class=\"main\">Set the password</button></form>",
        token.field(),
        hidden("key", key),
        message(problem)
    );
    Ok(token.set(page(if problem.is_empty() { 200 } else { 400 }, "New password", &content, ""), call))
}

fn reset(call: &Call) -> Result<Reply> {
    let (key, plain) = (key_of(call), given(call, "password"));
    match password::set_by_key(call, key.clone(), &plain)? {
        None => Ok(page(200, "Done", "<p>The new password is set. <a href=\"/accounts/login/\">Sign in</a> with it.</p>", "")),
        Some(wrong) => reset_form(call, &key, &wrong.texts().join(" ")),
    }
}
