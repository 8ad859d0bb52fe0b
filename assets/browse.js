// The page that `serve --debug` shows for an address of the API: links in the answer, and a form for each verb that the reader may use.
"use strict";

const at = (id) => document.getElementById(id);
const here = location.pathname;

function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(key, value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value != null) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child != null && child !== false));
  return node;
}

function cookie(name) {
  const pair = document.cookie.split("; ").find((part) => part.startsWith(`${name}=`));
  return pair ? decodeURIComponent(pair.slice(name.length + 1)) : "";
}

function ask(method, body) {
  const headers = { Accept: "application/json" };
  if (method !== "OPTIONS") headers["X-CSRFToken"] = cookie("csrftoken");
  if (typeof body === "string") headers["Content-Type"] = "application/json";
  return fetch(method === "OPTIONS" ? here : here + location.search, { method, headers, body, credentials: "same-origin", cache: "no-store" });
}

// The answer: keys of rows lead to the rows, pages to their neighbours ---------------------------------------------

function readAnswer() {
  let data;
  try { data = JSON.parse(at("answer").textContent); } catch { return null; }
  for (const [key, text] of [["previous", "Previous page"], ["next", "Next page"]]) {
    if (data && typeof data[key] === "string") {
      const link = new URL(data[key]);
      at("pages").append(el("a", { href: link.pathname + link.search }, text));
    }
  }
  const rows = Array.isArray(data) ? data : data && Array.isArray(data.results) ? data.results : [];
  for (const row of rows.slice(0, 50)) {
    if (row && row.pk !== undefined) at("pages").append(el("a", { href: `${here}${row.pk}/` }, `#${row.pk}`));
  }
  return data;
}

// Forms -------------------------------------------------------------------------------------------------------------

function entry(name, field, value) {
  const id = `field-${name}`;
  const hint = field.help_text ? el("span", { class: "small soft" }, ` ${field.help_text}`) : null;
  const label = el("label", { for: id }, `${field.label || name}${field.required ? " *" : ""}`);
  let input;
  if (field.type === "boolean") {
    input = el("select", { id, name }, ...["", "true", "false"].map((text) => el("option", { value: text }, text || "—")));
  } else if (Array.isArray(field.choices)) {
    const options = field.choices.map((choice) => el("option", { value: choice.value }, choice.display_name ?? choice.value));
    input = el("select", { id, name }, el("option", { value: "" }, "—"), ...options);
  } else if (field.type === "image upload" || field.type === "file upload") {
    input = el("input", { id, name, type: "file" });
  } else {
    input = el("input", { id, name, type: field.type === "date" ? "date" : "text", autocomplete: "off" });
  }
  if (value !== undefined && value !== null && input.type !== "file" && typeof value !== "object") input.value = String(value);
  input.kind = field.type;
  return el("div", {}, label, hint, input);
}

/** What the form says: JSON, or a form with files if one was chosen. Fields that are empty are not sent. */
function bodyOf(form, raw) {
  if (raw.value.trim()) return raw.value;
  const inputs = [...form.querySelectorAll("[name]")];
  if (inputs.some((input) => input.type === "file" && input.files.length)) {
    const data = new FormData();
    for (const input of inputs) {
      if (input.type === "file") { if (input.files.length) data.append(input.name, input.files[0]); } else if (input.value !== "") data.append(input.name, input.value);
    }
    return data;
  }
  const data = {};
  for (const input of inputs) {
    if (input.type === "file" || input.value === "") continue;
    const kind = input.kind;
    if (kind === "boolean") data[input.name] = input.value === "true";
    else if (kind === "integer" || kind === "related field") data[input.name] = /^-?\d+$/.test(input.value) ? Number(input.value) : input.value;
    else data[input.name] = input.value;
  }
  return JSON.stringify(data);
}

function formFor(method, fields, row) {
  const writable = Object.entries(fields || {}).filter(([, field]) => !field.read_only);
  const said = el("pre", { class: "answer", hidden: true, role: "status" });
  const raw = el("textarea", { rows: 3, spellcheck: "false", "aria-label": "JSON to send instead", placeholder: "JSON to send instead of the fields" });
  const form = el("form", { class: "stack" });
  form.append(...writable.map(([name, field]) => entry(name, field, row ? row[name] : undefined)), raw, el("div", { class: "row" }, el("button", {}, method)));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await ask(method, bodyOf(form, raw));
    const text = await answer.text();
    said.hidden = false;
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* it is no JSON, so it is shown as it came */ }
    said.textContent = `${answer.status}\n${shown}`;
  });
  return el("details", { class: "card" }, el("summary", {}, method), form, said);
}

function deletion() {
  const said = el("pre", { class: "answer", hidden: true, role: "status" });
  const button = el("button", {
    click: async () => {
      if (!confirm(`Delete ${here}?`)) return;
      const answer = await ask("DELETE");
      said.hidden = false;
      said.textContent = `${answer.status}\n${await answer.text()}`;
    },
  }, "DELETE");
  return el("details", { class: "card" }, el("summary", {}, "DELETE"), el("div", { class: "row" }, button), said);
}

async function start() {
  const row = readAnswer();
  const answer = await ask("OPTIONS");
  if (answer.status === 401) {
    at("forms").append(el("p", { class: "card" }, el("a", { href: `/?next=${encodeURIComponent(here + location.search)}` }, "Sign in"), " to see more."));
    return;
  }
  const told = await answer.json().catch(() => ({}));
  const allowed = (answer.headers.get("Allow") || "").split(",").map((verb) => verb.trim());
  const actions = told.actions || {};
  for (const method of ["POST", "PUT", "PATCH"]) {
    const fields = actions[method] || (method === "PATCH" ? actions.PUT : undefined);
    if (allowed.includes(method) && fields) at("forms").append(formFor(method, fields, method === "POST" ? null : row));
  }
  if (allowed.includes("DELETE") && actions.DELETE !== undefined) at("forms").append(deletion());
}

start();
