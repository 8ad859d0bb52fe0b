//! What the server says about itself: `/api/`, `/api/version/`, health, the pages, the documents.

use serde_json::json;

use crate::common::setting;
use crate::engine::call::{Call, JSON, Reply, Verb};
use crate::engine::describe::{Endpoint, Field, any, flag, int, text};
use crate::error::Result;
use crate::identity::Access;
use crate::openapi;
use crate::packed::{packed, unpack};
use crate::site::{API_VERSION, SPEAKS, VERSION};

/// The addresses of this file.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        path: "api/",
        access: Access::Anyone,
        title: "server information",
        output: INFO,
        output_schema: "InfoApi",
        verbs: &[(Verb::Get, info)],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/version/",
        access: Access::Staff,
        title: "versions",
        output: VERSIONS,
        output_schema: "VersionView",
        verbs: &[(Verb::Get, version)],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/system/health/",
        access: Access::Anyone,
        title: "health",
        output: &[text("status", 0).fixed()],
        output_schema: "HealthCheckStatus",
        verbs: &[(Verb::Get, health)],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/license/",
        title: "licenses",
        output: &[any("backend").holds("[]").fixed(), any("frontend").holds("[]").fixed()],
        output_schema: "LicenseView",
        verbs: &[(Verb::Get, licenses)],
        ..Endpoint::BASE
    },
    // Traces end here elsewhere; there are none.
    Endpoint {
        path: "api/system-internal/observability/end",
        access: Access::Anyone,
        title: "end of a trace",
        input: &[text("traceid", 128).required().label("Trace"), text("service", 128).required().label("Service")],
        input_schema: "ObservabilityEnd",
        output_schema: "{}",
        verbs: &[(Verb::Post, |_| Ok(Reply::value(&json!({"status": "ok"}))))],
        ..Endpoint::BASE
    },
    Endpoint {
        path: "api/schema/",
        access: Access::Anyone,
        title: "OpenAPI document",
        documented: false,
        verbs: &[(Verb::Get, schema)],
        ..Endpoint::BASE
    },
];

static INFO: &[Field] = &[
    text("server", 0).fixed(),
    text("id", 0).null().fixed(),
    text("version", 0).fixed(),
    text("instance", 0).fixed(),
    int("apiVersion").fixed(),
    flag("worker_running").fixed(),
    int("worker_count").fixed(),
    int("worker_pending_tasks").fixed(),
    flag("plugins_enabled").fixed(),
    flag("plugins_install_disabled").fixed(),
    any("active_plugins").fixed(),
    flag("email_configured").fixed(),
    flag("debug_mode").fixed(),
    flag("docker_mode").fixed(),
    text("default_locale", 0).fixed(),
    any("customize").holds("{}").fixed(),
    flag("system_health").null().fixed(),
    text("database", 0).null().fixed(),
    text("platform", 0).null().fixed(),
    text("installer", 0).null().fixed(),
    text("target", 0).null().fixed(),
    text("django_admin", 0).null().fixed(),
    any("settings").holds("{}").fixed(),
];

static VERSIONS: &[Field] =
    &[flag("dev").fixed(), flag("up_to_date").fixed(), any("version").holds("{}").fixed(), any("links").holds("{}").fixed()];

/// The probe by which clients connect: open to anyone; details for staff alone.
fn info(call: &Call) -> Result<Reply> {
    let conn = call.db().read()?;
    let staff = call.user.known() && call.user.staff;
    let announced = setting::is_on(&conn, "INVENTREE_ANNOUNCE_ID")?;
    let id = if announced { Some(setting::value(&conn, "INVENTREE_INSTANCE_ID")?) } else { None };
    let for_staff = |text: &str| if staff { json!(text) } else { json!(null) };
    Ok(Reply::value(&json!({
        "server": "InvenTree",
        "id": id,
        "version": SPEAKS,
        "instance": setting::value(&conn, "INVENTREE_INSTANCE")?,
        "apiVersion": API_VERSION,
        "worker_running": false,
        "worker_count": 0,
        "worker_pending_tasks": 0,
        "plugins_enabled": false,
        "plugins_install_disabled": true,
        "active_plugins": [],
        "email_configured": call.site.mail.is_some(),
        "debug_mode": call.site.debug,
        "docker_mode": false,
        "default_locale": "en",
        "customize": {"logo": "/static/stockroom/icon.svg", "splash": "/static/stockroom/icon.svg", "login_message": null, "navbar_message": null, "disable_theme_storage": false},
        "system_health": if staff { json!(true) } else { json!(null) },
        "database": for_staff("sqlite3"),
        "platform": for_staff(&format!("stockroom {VERSION} ({} {})", std::env::consts::OS, std::env::consts::ARCH)),
        "installer": for_staff("stockroom"),
        "target": null,
        "django_admin": null,
        "settings": {
            "sso_registration": false,
            "registration_enabled": crate::auth::signup::is_open(call, &conn)?,
            "password_forgotten_enabled": setting::is_on(&conn, "LOGIN_ENABLE_PWD_FORGOT")?,
        },
    })))
}

fn version(_: &Call) -> Result<Reply> {
    Ok(Reply::value(&json!({
        "dev": false,
        "up_to_date": true,
        "version": {
            "server": SPEAKS, "api": API_VERSION, "commit_hash": null, "commit_date": null, "commit_branch": null,
            "python": format!("stockroom {VERSION}"), "django": format!("SQLite {}", rusqlite::version()),
        },
        "links": {"doc": "/api-doc/", "code": "/", "app": "/", "bug": "/"},
    })))
}

fn health(call: &Call) -> Result<Reply> {
    let alive: i64 = call.db().read()?.query_row("SELECT 1", [], |row| row.get(0))?;
    Ok(Reply::value(&json!({"status": if alive == 1 { "ok" } else { "loading" }})))
}

/// What this program is built from; there is no browser client whose parts could be named.
fn licenses(_: &Call) -> Result<Reply> {
    let text = format!("{{\"backend\":{},\"frontend\":[]}}", unpack(packed!("licenses.json"))?);
    Ok(Reply::document(JSON, text.into_bytes()))
}

/// YAML, or JSON where the client prefers it.
fn schema(call: &Call) -> Result<Reply> {
    let accepts_json = call.header("Accept").is_some_and(|a| a.contains("json") && !a.contains("yaml"));
    let json = call.query.get("format") == Some("json") || call.query.get("format").is_none() && accepts_json;
    Ok(if json {
        let kind = "application/vnd.oai.openapi+json; charset=utf-8";
        let unpacks = call.header("Accept-Encoding").is_some_and(|codings| codings.split(',').any(|coding| coding.trim() == "gzip"));
        let reply = if unpacks {
            Reply::document(kind, openapi::COMPRESSED).with("Content-Encoding", "gzip")
        } else {
            Reply::document(kind, openapi::served()?.into_bytes())
        };
        reply.with("Vary", "Accept-Encoding")
    } else {
        Reply::document("application/vnd.oai.openapi; charset=utf-8", openapi::yaml()?.as_bytes())
    })
}
