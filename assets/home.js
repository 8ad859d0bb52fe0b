// The page at "/": what this server is, how to reach it, and a place to sign in.
"use strict";

const SESSION = "/api/auth/v1/auth/session";
const LOGIN = "/api/auth/v1/auth/login";

const at = (id) => document.getElementById(id);

function show(id, visible) {
  at(id).hidden = !visible;
}

function cookie(name) {
  const pair = document.cookie.split("; ").find((part) => part.startsWith(`${name}=`));
  return pair ? decodeURIComponent(pair.slice(name.length + 1)) : "";
}

async function ask(path, method = "GET", body) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRFToken"] = cookie("csrftoken");
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: "same-origin",
    cache: "no-store",
  });
  // An answer without a readable body is judged by its status alone.
  const data = await answer.json().catch(() => null);
  return { ok: answer.ok, status: answer.status, data };
}

// State of the server ---------------------------------------------------------------------------------------------

function setState(text, tone) {
  at("state").textContent = text;
  at("state").className = `state ${tone}`;
}

async function loadServer() {
  try {
    const [root, health] = await Promise.all([ask("/api/"), ask("/api/system/health/")]);
    const about = root.data || {};
    if (about.instance) {
      at("instance").textContent = about.instance;
      document.title = `${about.instance} · stockroom`;
    }
    at("version").textContent = about.version || "–";
    at("api-version").textContent = about.apiVersion ?? "–";
    const status = (health.data && health.data.status) || `HTTP ${health.status}`;
    at("health").textContent = status;
    if (root.ok && health.ok && status === "ok") setState("Running", "good");
    else if (status === "loading") setState("Starting", "warn");
    else setState("Needs attention", "bad");
  } catch {
    at("health").textContent = "no answer";
    setState("Not reachable", "bad");
  }
}

// Address and snippets --------------------------------------------------------------------------------------------

function fillAddresses() {
  const origin = location.origin;
  at("address").textContent = origin;
  at("python").textContent = [
    "from inventree.api import InvenTreeAPI",
    "from inventree.part import Part",
    "",
    "api = InvenTreeAPI(",
    `    "${origin}",`,
    '    username="…", password="…",',
    ")",
    "print(Part.list(api, limit=5))",
  ].join("\n");
  const local = /^(localhost|127\.|\[::1\]$)/.test(location.hostname);
  show("local", local);
  show("plain", location.protocol === "http:" && !local);
}

async function copyText(text) {
  // Browsers give the clipboard object to https pages only; at home this page is often plain http.
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "unseen";
  area.readOnly = true;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (!copied) throw new Error("The browser did not copy.");
}

function wireCopyButtons() {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.setAttribute("aria-label", `Copy: ${at(button.dataset.copy).getAttribute("aria-label")}`);
    button.addEventListener("click", async () => {
      let word = "Copied";
      try {
        await copyText(at(button.dataset.copy).textContent);
      } catch {
        getSelection().selectAllChildren(at(button.dataset.copy));
        word = "Selected";
      }
      button.textContent = word;
      at("copied").textContent = word;
      button.focus();
      setTimeout(() => {
        button.textContent = "Copy";
        at("copied").textContent = "";
      }, 1600);
    });
  }
}

// Who is signed in ------------------------------------------------------------------------------------------------

// The page to go on to: only one of this server. The address is resolved first, because "/\t/host" and "/\host"
// lead elsewhere although they start with one slash.
function nextPage() {
  const wanted = new URLSearchParams(location.search).get("next");
  if (!wanted || !wanted.startsWith("/") || wanted.startsWith("//")) return null;
  try {
    const url = new URL(wanted, location.origin);
    return url.origin === location.origin ? url : null;
  } catch {
    return null;
  }
}

function showAccount(user) {
  show("asking", false);
  show("login", !user);
  show("signed", Boolean(user));
  show("signed-actions", Boolean(user));
  at("account").textContent = user ? "Account" : "Sign in";
  if (!user) {
    // Sent here to sign in: on a phone the form is a screen further down.
    if (nextPage()) at("username").focus();
    return;
  }
  const full = [user.first_name, user.last_name].filter(Boolean).join(" ");
  at("who").textContent = full ? `${full} (${user.username})` : user.username;
  at("rank").textContent = user.is_superuser ? " · administrator" : user.is_staff ? " · staff" : "";
  const next = nextPage();
  if (next) {
    at("onward").href = next.href;
    at("onward").textContent = next.pathname === "/api-doc/" ? "Open the API reference" : "Continue";
  }
}

async function loadAccount() {
  try {
    // Sets the cookie that the sign-in form sends back; a 401 here only says that nobody is signed in.
    const session = await ask(SESSION);
    if (!session.ok) return showAccount(null);
    const me = await ask("/api/user/me/");
    showAccount(me.ok ? me.data : null);
  } catch {
    at("asking").textContent = "The server does not answer.";
  }
}

function reasonOf(answer) {
  const first = (answer.data && answer.data.errors && answer.data.errors[0]) || {};
  if (answer.status === 429 || first.code === "too_many_login_attempts") {
    return "Too many tries. Wait a moment, then try again.";
  }
  if (first.code === "username_password_mismatch") return "User name and password do not match.";
  if (answer.status === 401) return "This account is closed.";
  if (answer.status === 403) return "The server refused the form. Allow cookies for this address and try again.";
  return first.message || `The server answered with status ${answer.status}.`;
}

async function signIn(event) {
  event.preventDefault();
  at("problem").textContent = "";
  at("submit").disabled = true;
  try {
    if (!cookie("csrftoken")) await ask(SESSION);
    const answer = await ask(LOGIN, "POST", { username: at("username").value, password: at("password").value });
    if (answer.ok || answer.status === 409) { // 409: signed in already, perhaps in another tab
      at("password").value = "";
      const next = nextPage();
      if (next) return location.assign(next.href);
      await loadAccount();
      at("onward").focus();
      return;
    }
    const flows = (answer.data && answer.data.data && answer.data.data.flows) || [];
    if (flows.some((flow) => flow.id === "mfa_authenticate" && flow.is_pending)) {
      const next = nextPage();
      return location.assign(`/accounts/code/?next=${encodeURIComponent(next ? next.pathname + next.search : "/")}`);
    }
    at("problem").textContent = reasonOf(answer);
    at("password").select();
  } catch {
    at("problem").textContent = "The server does not answer.";
  } finally {
    at("submit").disabled = false;
  }
}

async function signOut() {
  at("logout").disabled = true;
  try {
    await ask(SESSION, "DELETE"); // answers 401: nobody is signed in any more
    await loadAccount();
    at("username").focus();
  } catch {
    at("asking").textContent = "The server does not answer.";
    show("asking", true);
  } finally {
    at("logout").disabled = false;
  }
}

fillAddresses();
wireCopyButtons();
at("login").addEventListener("submit", signIn);
at("logout").addEventListener("click", signOut);
loadServer();
loadAccount();
