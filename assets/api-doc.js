// The page at "/api-doc/": draws the OpenAPI document of this server, and sends calls from it.
//
// The document has some 640 operations. What is closed is not drawn: a group draws its rows, a row its tables and
// a schema its fields when the reader opens them. All text arrives as text nodes, so nothing in it can be markup.
"use strict";

const SCHEMA = "/api/schema/?format=json";
const SESSION = "/api/auth/v1/auth/session";
const VERBS = ["get", "post", "put", "patch", "delete"];
const MOST_ROWS = 150; // drawn for one filter before the reader asks for all
const MOST_TEXT = 300000; // characters of an answer on the page; the rest can be saved
const HEADERS = ["content-type", "content-length", "location", "allow", "etag", "last-modified", "retry-after",
  "www-authenticate", "content-disposition", "x-request-id"];

let doc = { paths: {}, components: {} };
let calls = [];
let groups = new Map();
let token = ""; // never stored

// Small tools ------------------------------------------------------------------------------------------------------

const at = (id) => document.getElementById(id);

/** An element with attributes (functions become listeners) and children; strings become text nodes. */
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

/** A <details> that is filled when it is opened for the first time. */
function lazy(attributes, summary, fill) {
  const box = el("details", attributes, el("summary", {}, ...summary));
  box.fill = () => {
    if (box.filled) return;
    box.filled = true;
    box.append(...[fill()].flat());
  };
  box.addEventListener("toggle", () => box.open && box.fill());
  return box;
}

/** Text in which `marked` words are set as code. */
function prose(text) {
  const parts = text.trim().split(/`+([^`]+)`+/);
  return el("p", { class: "prose" }, ...parts.map((part, i) => (i % 2 ? el("code", {}, part) : part)));
}

function cookie(name) {
  const pair = document.cookie.split("; ").find((part) => part.startsWith(`${name}=`));
  return pair ? decodeURIComponent(pair.slice(name.length + 1)) : "";
}

function textOf(value) {
  return typeof value === "string" && value ? value : JSON.stringify(value);
}

// The document -----------------------------------------------------------------------------------------------------

/** What "#/components/…" points to; an empty object when it points nowhere. */
function follow(ref) {
  const names = String(ref).replace(/^#\//, "").split("/").map((name) => name.replace(/~1/g, "/").replace(/~0/g, "~"));
  let value = doc;
  for (const name of names) value = value && Object.hasOwn(value, name) ? value[name] : undefined;
  return value || {};
}

function resolved(value) {
  for (let step = 0; value && value.$ref && step < 20; step += 1) value = follow(value.$ref);
  return value || {};
}

/** A schema without its references: { name, schema }, where `name` is that of the component, if it is one. */
function plain(schema) {
  let name = "";
  let extra = {};
  for (let step = 0; step < 20; step += 1) {
    if (schema.$ref) {
      name = schema.$ref.split("/").pop();
      schema = follow(schema.$ref);
      continue;
    }
    const only = schema.allOf && schema.allOf.length === 1 && !schema.properties;
    if (!only) break;
    const { allOf, ...rest } = schema;
    extra = { ...rest, ...extra };
    schema = allOf[0];
  }
  return { name, schema: { ...schema, ...extra } };
}

/** The fields of an object schema: those of all its parts together. */
function fieldsOf(schema, depth = 0) {
  let properties = { ...schema.properties };
  let required = [...(schema.required || [])];
  for (const part of depth < 8 ? schema.allOf || [] : []) {
    const of = fieldsOf(plain(part).schema, depth + 1);
    properties = { ...of.properties, ...properties };
    required = required.concat(of.required);
  }
  return { properties, required };
}

function choicesOf(schema) {
  return schema.oneOf || schema.anyOf || null;
}

function typeOf(schema) {
  const { name, schema: own } = plain(schema);
  const choices = choicesOf(own);
  let type = own.type || (own.properties || own.allOf ? "object" : own.enum ? "value" : "any");
  if (choices) type = [...new Set(choices.map(typeOf))].join(" or ");
  else if (own.type === "array") type = `list of ${typeOf(own.items || {})}`;
  else if (own.additionalProperties && typeof own.additionalProperties === "object" && !own.properties) {
    type = `map of ${typeOf(own.additionalProperties)}`;
  } else if (type === "object" && name) type = name;
  else if (own.format && !["double", "int64", "int32"].includes(own.format)) type += ` (${own.format})`;
  return own.nullable ? `${type} or null` : type;
}

function limitsOf(schema) {
  const own = plain(schema).schema;
  const items = own.items ? plain(own.items).schema : {};
  const limits = [];
  const from = (key, text) => own[key] !== undefined && own[key] !== null && limits.push(`${text} ${textOf(own[key])}`);
  const values = (own.enum || items.enum || []).filter((value) => value !== null && value !== "");
  if (values.length) limits.push(`one of ${values.map(textOf).join(", ")}`);
  from("default", "default");
  from("minimum", "at least");
  // The bounds of a 64-bit number say nothing to a reader.
  if (Math.abs(own.maximum) < 2 ** 53) from("maximum", "at most");
  from("minLength", "shortest");
  from("maxLength", "longest");
  from("pattern", "pattern");
  return limits;
}

/** What the schema looks like as a value, for the text of a new request: required fields, or all when none is. */
function sample(schema, seen = []) {
  const { name, schema: own } = plain(schema);
  if (own.example !== undefined) return own.example;
  if (own.default !== undefined && own.default !== null) return own.default;
  const choices = choicesOf(own);
  if (choices) return choices.length ? sample(choices[0], seen) : null;
  const values = own.enum || [];
  if (values.length) return values.find((value) => value !== "" && value !== null) ?? values[0];
  if (own.type === "array") {
    if (own.items && own.items.$ref && seen.includes(plain(own.items).name)) return [];
    return own.items ? [sample(own.items, seen)] : [];
  }
  if (own.type === "integer" || own.type === "number") return own.minimum > 0 ? own.minimum : 0;
  if (own.type === "boolean") return false;
  if (own.type === "string") {
    if (own.format === "date") return new Date().toISOString().slice(0, 10);
    if (own.format === "date-time") return new Date().toISOString();
    return own.format === "decimal" ? "0" : "";
  }
  if (name && seen.includes(name)) return null;
  const { properties, required } = fieldsOf(own);
  const writable = Object.entries(properties).filter(([, field]) => !plain(field).schema.readOnly);
  const must = writable.filter(([key]) => required.includes(key));
  const chosen = must.length || seen.length ? must : writable.slice(0, 8);
  return Object.fromEntries(chosen.map(([key, field]) => [key, sample(field, name ? [...seen, name] : seen)]));
}

/** The list of calls and their groups, by the first part of the path after "/api/". */
function index() {
  calls = [];
  groups = new Map();
  for (const [path, item] of Object.entries(doc.paths || {})) {
    for (const verb of VERBS.filter((name) => item[name])) {
      const op = item[verb];
      const group = path.replace(/^\/api(?=\/|$)/, "").split("/").find((part) => part && !part.startsWith("{")) || "api";
      const id = op.operationId || `${verb} ${path}`;
      const parameters = [...(item.parameters || []), ...(op.parameters || [])].map(resolved);
      const words = [verb, path, id, op.summary, op.description, ...(op.tags || [])].join(" ").toLowerCase();
      const call = { id, verb, path, op, group, words, parameters };
      calls.push(call);
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push(call);
    }
  }
  groups = new Map([...groups].sort(([a], [b]) => a.localeCompare(b)));
}

// Schemas ----------------------------------------------------------------------------------------------------------

/** The fields of a schema as a list; `sent` says whether it is for a request or an answer. */
function fieldList(schema, sent, seen) {
  const { properties, required } = fieldsOf(schema);
  const shown = Object.entries(properties).filter(([, field]) => {
    const own = plain(field).schema;
    return sent ? !own.readOnly : !own.writeOnly;
  });
  if (!shown.length) return el("p", { class: "soft small" }, "No fields.");
  if (sent) shown.sort(([a], [b]) => required.includes(b) - required.includes(a));
  return el("ul", { class: "tree" }, ...shown.map(([name, field]) => {
    const own = plain(field).schema;
    const note = [own.description || (own.title && own.title !== name ? own.title : ""), ...limitsOf(field)];
    return el("li", {},
      el("span", { class: "name" }, name), " ",
      el("span", { class: "soft" }, typeOf(field)), " ",
      sent && required.includes(name) && el("span", { class: "flag bad" }, "required"),
      note.some(Boolean) && el("span", { class: "note" }, note.filter(Boolean).join(" · ")),
      schemaBox(field, sent, seen));
  }));
}

/** What stands behind a field: a box to open when it is an object, or a list or a choice of objects. */
function schemaBox(schema, sent, seen) {
  const { name, schema: own } = plain(schema);
  const inner = own.type === "array" ? own.items
    : own.additionalProperties && typeof own.additionalProperties === "object" && !own.properties ? own.additionalProperties
      : null;
  if (inner) return schemaBox(inner, sent, seen);
  const choices = choicesOf(own);
  if (choices) {
    const boxes = choices.map((choice) => schemaBox(choice, sent, seen)).filter(Boolean);
    return boxes.length ? el("div", {}, ...boxes) : null;
  }
  if (!own.properties && !own.allOf) return null;
  if (name && seen.includes(name)) return el("span", { class: "note" }, `The fields of ${name} as above.`);
  return lazy({ class: "more" }, [`Fields of ${name || "this object"}`],
    () => fieldList(own, sent, name ? [...seen, name] : seen));
}

/** A schema from the top: its type, and its fields at once when it has some. */
function schemaView(schema, sent) {
  const { name, schema: own } = plain(schema);
  const parts = [el("p", { class: "small" }, el("span", { class: "soft" }, "Type: "), el("code", {}, typeOf(schema)))];
  const limits = limitsOf(schema);
  if (limits.length) parts.push(el("p", { class: "small soft" }, limits.join(" · ")));
  if (own.properties || own.allOf) parts.push(fieldList(own, sent, name ? [name] : []));
  else parts.push(schemaBox(schema, sent, []));
  return parts.filter(Boolean);
}

/** The bodies of a request or an answer, with media types of the same schema together. */
function contentView(content, sent) {
  const bySchema = new Map();
  for (const [type, media] of Object.entries(content || {})) {
    const key = JSON.stringify(media.schema || {});
    if (!bySchema.has(key)) bySchema.set(key, { types: [], schema: media.schema || {} });
    bySchema.get(key).types.push(type);
  }
  return [...bySchema.values()].flatMap(({ types, schema }) => [
    el("p", { class: "small soft" }, types.join(", ")),
    ...schemaView(schema, sent),
  ]);
}

// One call ---------------------------------------------------------------------------------------------------------

function parameterTable(parameters) {
  const head = ["Name", "In", "Type", "Description"].map((text) => el("th", { scope: "col" }, text));
  const rows = parameters.map((parameter) => {
    const schema = parameter.schema || {};
    const note = [parameter.description, ...limitsOf(schema)].filter(Boolean).join(" · ");
    return el("tr", {},
      el("td", {}, el("code", {}, parameter.name), " ",
        parameter.required && el("span", { class: "flag bad" }, "required")),
      el("td", { class: "soft" }, parameter.in),
      el("td", { class: "soft" }, typeOf(schema)),
      el("td", {}, note));
  });
  return el("div", { class: "scroll" },
    el("table", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows)));
}

function securityView(op) {
  const wanted = op.security || doc.security || [];
  const ways = wanted.flatMap((way) => Object.keys(way));
  const names = { tokenAuth: "API token", basicAuth: "Basic", cookieAuth: "session", oauth2: "OAuth2" };
  if (!ways.length) return el("p", {}, "No sign-in needed.");
  const open = wanted.some((way) => Object.keys(way).length === 0);
  const scopes = wanted.flatMap((way) => Object.values(way).flat());
  return el("div", {},
    el("p", {}, `${[...new Set(ways)].map((way) => names[way] || way).join(", ")}${open ? "; or nobody signed in" : ""}.`),
    scopes.length > 0 && el("p", {}, el("span", { class: "soft" }, "OAuth2 scopes: "),
      ...scopes.flatMap((scope, i) => [i ? ", " : "", el("code", {}, scope)])));
}

function section(title, ...children) {
  return el("section", {}, el("h3", {}, title), ...children);
}

/** Everything about one call, drawn when its row is opened. */
function callView(call) {
  const { op, parameters } = call;
  const body = resolved(op.requestBody);
  const link = `#${encodeURIComponent(call.id)}`;
  const attempt = tryView(call, body);
  const answers = Object.entries(op.responses || {}).map(([status, answer]) => {
    answer = resolved(answer);
    const word = answer.description || "";
    const title = [el("strong", { class: /^[23]/.test(status) ? "good" : "warn" }, status), word && ` ${word}`];
    if (!answer.content) return el("p", {}, ...title, word ? "" : " without a body");
    const type = Object.values(answer.content)[0].schema;
    return lazy({ class: "answer" }, [...title, el("span", { class: "soft" }, type ? typeOf(type) : "")],
      () => el("div", {}, ...contentView(answer.content, false)));
  });
  return el("div", { class: "inside" },
    el("div", {},
      op.deprecated && el("p", { class: "warn" }, "Deprecated: do not build on it."),
      op.summary && el("p", {}, el("strong", {}, op.summary)),
      op.description && prose(op.description),
      el("div", { class: "row small soft" },
        el("span", {}, "Operation ", el("a", { href: link }, el("code", {}, call.id))),
        el("button", { type: "button", class: "slim", click: () => goTo(attempt) }, "Try it"))),
    parameters.length > 0 && section("Parameters", parameterTable(parameters)),
    body.content && section(body.required ? "Body (required)" : "Body", body.description && prose(body.description),
      ...contentView(body.content, true)),
    section("Answers", ...answers),
    section("Who may", securityView(op)),
    attempt);
}

function goTo(box) {
  box.scrollIntoView({ block: "start" });
  box.querySelector("input, select, textarea, button").focus({ preventScroll: true });
}

// Trying it out ----------------------------------------------------------------------------------------------------

/** A field for one parameter; `field.take()` yields its text, empty when it is not to be sent. */
function inputFor(parameter) {
  const own = plain(parameter.schema || {}).schema;
  const choices = own.type === "boolean" ? ["true", "false"] : (own.enum || []).filter((value) => value !== null && value !== "");
  let input;
  if (choices.length) {
    input = el("select", {}, el("option", { value: "" }, "–"),
      ...choices.map((choice) => el("option", { value: textOf(choice) }, textOf(choice))));
  } else {
    input = el("input", { autocomplete: "off", autocapitalize: "none", spellcheck: "false",
      inputmode: own.type === "integer" ? "numeric" : own.type === "number" ? "decimal" : null });
  }
  if (parameter.in === "path" || parameter.required) input.required = true;
  const field = el("label", {}, el("span", { class: "mono" }, parameter.name), input);
  field.take = () => input.value;
  field.input = input;
  field.parameter = parameter;
  return field;
}

function quoted(text) {
  return `'${text.replace(/'/g, "'\\''")}'`;
}

function tryView(call, requestBody) {
  const { verb, path, parameters } = call;
  const fields = el("div", { class: "fields" });
  const line = el("p", { class: "line mono" });
  const problem = el("p", { class: "bad message", role: "alert" });
  const shown = el("div", { class: "shown" });
  const send = el("button", { class: "main" }, "Send");
  const json = requestBody.content && (requestBody.content["application/json"] || Object.values(requestBody.content)[0]);
  let body = null;

  const draw = () => {
    line.replaceChildren(`${verb.toUpperCase()} `, target(false));
  };
  const add = (parameter, value = "") => {
    const field = inputFor(parameter);
    field.input.value = value;
    field.input.addEventListener("input", draw);
    fields.append(field);
    draw();
    return field;
  };
  const has = (name) => [...fields.children].some((field) => field.parameter.name === name);
  function target(strict) {
    let filled = path;
    const query = new URLSearchParams();
    for (const field of fields.children) {
      const text = field.take();
      if (field.parameter.in === "path") {
        if (!text && !strict) continue;
        filled = filled.replaceAll(`{${field.parameter.name}}`, encodeURIComponent(text));
      } else if (text !== "") query.append(field.parameter.name, text);
    }
    const tail = query.toString();
    return tail ? `${filled}?${tail}` : filled;
  }

  for (const parameter of parameters.filter((one) => one.in === "path" || (one.in === "query" && one.required))) {
    // Without a limit a list answers with everything that it has.
    add(parameter, parameter.name === "limit" ? "10" : "");
  }
  const optional = parameters.filter((one) => one.in === "query" && !one.required);
  if (verb === "get" && optional.some((one) => one.name === "limit")) add(optional.find((one) => one.name === "limit"), "10");
  draw();

  let adder = null;
  const left = () => optional.filter((one) => !has(one.name));
  if (left().length) {
    const select = el("select", {});
    const refill = () => {
      select.replaceChildren(el("option", { value: "" }, "Choose…"),
        ...left().map((one) => el("option", { value: one.name }, one.name)));
      adder.hidden = left().length === 0;
    };
    const addChosen = () => {
      const chosen = optional.find((one) => one.name === select.value);
      if (!chosen) return;
      add(chosen).input.focus();
      refill();
    };
    adder = el("div", { class: "adder" }, el("label", {}, "Query parameter", select),
      el("button", { type: "button", click: addChosen }, "Add"));
    refill();
  }

  if (json) {
    const text = JSON.stringify(sample(json.schema || {}), null, 2);
    body = el("textarea", { rows: String(Math.min(16, Math.max(4, text.split("\n").length))), spellcheck: "false",
      autocapitalize: "none" });
    body.value = text;
  }

  /** The body as it will be sent, or undefined when what stands there is no JSON. */
  const bodyText = () => {
    problem.textContent = "";
    if (!body || !body.value.trim()) return null;
    try {
      return JSON.stringify(JSON.parse(body.value));
    } catch (error) {
      problem.textContent = `The body is not JSON: ${error.message}`;
      body.focus();
      return undefined;
    }
  };

  const copyCurl = async (event) => {
    const text = bodyText();
    if (text === undefined) return;
    const parts = ["curl", "-X", verb.toUpperCase(), "-H", quoted("Authorization: Token YOUR-TOKEN")];
    if (text !== null) parts.push("-H", quoted("Content-Type: application/json"), "--data-raw", quoted(text));
    parts.push(quoted(location.origin + target(true)));
    const button = event.currentTarget;
    const command = parts.join(" ");
    try {
      await navigator.clipboard.writeText(command); // missing on plain http: then it is shown instead
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy as curl"; }, 1600);
    } catch {
      shown.replaceChildren(el("pre", { tabindex: "0" }, command));
    }
  };

  const submit = async (event) => {
    event.preventDefault();
    const text = bodyText();
    if (text === undefined) return;
    const where = target(true);
    if (verb === "delete" && !confirm(`Delete for good?\n\nDELETE ${where}`)) return;
    send.disabled = true;
    shown.replaceChildren(el("p", { class: "soft", role: "status" }, "Waiting for the answer…"));
    try {
      shown.replaceChildren(...await answerView(verb, where, text));
    } catch (error) {
      shown.replaceChildren(el("p", { class: "bad", role: "alert" }, `No answer: ${error.message}`));
    } finally {
      send.disabled = false;
    }
  };

  return el("section", { class: "try" },
    el("h3", {}, "Try it"),
    el("form", { class: "stack", submit },
      fields.children.length || adder ? fields : null,
      adder,
      body && el("label", {}, "Body (JSON)", body),
      line,
      problem,
      el("div", { class: "row" }, send, el("button", { type: "button", class: "slim", click: copyCurl }, "Copy as curl"))),
    shown);
}

async function headersFor(verb, text) {
  const headers = { Accept: "application/json, */*;q=0.5" };
  if (text !== null) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Token ${token}`;
  else if (verb !== "get") {
    if (!cookie("csrftoken")) await fetch(SESSION, { credentials: "same-origin" });
    headers["X-CSRFToken"] = cookie("csrftoken");
  }
  return headers;
}

/** Sends a call and yields the elements that show its answer. */
async function answerView(verb, where, text) {
  const url = new URL(where, location.origin);
  if (url.origin !== location.origin) throw new Error("this call would leave the server");
  const headers = await headersFor(verb, text);
  const start = performance.now();
  const answer = await fetch(url, {
    method: verb.toUpperCase(), headers, body: text === null ? undefined : text, cache: "no-store",
    credentials: token ? "omit" : "same-origin",
  });
  const blob = await answer.blob();
  const time = Math.round(performance.now() - start);
  const type = answer.headers.get("content-type") || "";
  const parts = [el("p", { role: "status" },
    el("strong", { class: answer.ok ? "good" : "bad" }, `${answer.status} ${answer.statusText}`.trim()),
    el("span", { class: "soft" }, ` · ${time} ms · ${blob.size.toLocaleString("en")} bytes`))];
  const given = HEADERS.filter((name) => answer.headers.has(name));
  if (given.length) {
    parts.push(el("p", { class: "small soft mono" },
      ...given.flatMap((name, i) => [i ? el("br") : "", `${name}: ${answer.headers.get(name)}`])));
  }
  if (blob.size === 0) return [...parts, el("p", { class: "soft" }, "No body.")];
  const readable = /json|^text\/|xml|yaml|javascript/.test(type) || !type;
  if (readable) {
    let body = await blob.text();
    if (/json/.test(type)) {
      try {
        body = JSON.stringify(JSON.parse(body), null, 2);
      } catch { /* shown as it came */ }
    }
    parts.push(el("pre", { tabindex: "0", "aria-label": "Body of the answer" }, body.slice(0, MOST_TEXT)));
    if (body.length <= MOST_TEXT) return parts;
    parts.push(el("p", { class: "soft small" }, "The answer is longer than what is shown."));
  }
  const link = el("a", { href: "#", class: "button slim", download: where.split("?")[0].split("/").filter(Boolean).pop() || "answer" }, "Save the answer");
  link.addEventListener("click", () => {
    link.href = URL.createObjectURL(blob);
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  });
  return [...parts, el("p", {}, link)];
}

// The list ---------------------------------------------------------------------------------------------------------

function pathView(path) {
  return el("code", { class: "path" }, ...path.split(/(\{[^}]*\})/).map((part) =>
    (part.startsWith("{") ? el("span", { class: "param" }, part) : part)));
}

function callRow(call) {
  const brief = (call.op.summary || call.op.description || "").split("\n")[0];
  const row = lazy({ class: "call" }, [
    el("span", { class: `verb ${call.verb}` }, call.verb.toUpperCase()),
    pathView(call.path),
    brief && el("span", { class: "brief" }, brief),
  ].filter(Boolean), () => callView(call));
  if (call.op.deprecated) row.querySelector(".path").classList.add("gone");
  row.call = call;
  return row;
}

function groupBox(name, list, open) {
  const box = lazy({ class: "group" }, [
    el("h2", {}, name),
    el("span", { class: "count soft small" }, `${list.length} call${list.length === 1 ? "" : "s"}`),
  ], () => list.map(callRow));
  box.group = name;
  if (open) {
    box.fill();
    box.open = true;
  }
  return box;
}

function matching(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return calls.filter((call) => words.every((word) => call.words.includes(word)));
}

/** Draws the groups; with a filter, only what it leaves, opened. */
function drawList(all = false) {
  const text = at("filter").value.trim();
  const boxes = [];
  let found = "";
  if (!text) {
    for (const [name, list] of groups) boxes.push(groupBox(name, list, false));
  } else {
    const hits = matching(text);
    const kept = all ? hits : hits.slice(0, MOST_ROWS);
    for (const name of groups.keys()) {
      const list = kept.filter((call) => call.group === name);
      if (list.length) boxes.push(groupBox(name, list, true));
    }
    found = `${hits.length} of ${calls.length} calls`;
    if (kept.length < hits.length) {
      boxes.push(el("button", { type: "button", click: () => drawList(true) }, `Show all ${hits.length}`));
    }
  }
  at("found").textContent = found;
  at("calls").replaceChildren(...boxes);
  markSide("");
}

function markSide(name) {
  for (const link of at("side-list").querySelectorAll("a")) {
    if (link.dataset.group !== name) {
      link.removeAttribute("aria-current");
      continue;
    }
    link.setAttribute("aria-current", "true");
    // Only the list beside the calls may scroll; scrollIntoView would move the page too.
    const list = document.querySelector(".side");
    const top = link.getBoundingClientRect().top - list.getBoundingClientRect().top;
    if (top < 0 || top > list.clientHeight - 40) list.scrollTop += top - list.clientHeight / 2;
  }
}

function openGroup(name) {
  if (at("filter").value) {
    at("filter").value = "";
    drawList();
  }
  const box = [...at("calls").children].find((child) => child.group === name);
  if (!box) return null;
  box.fill();
  box.open = true;
  markSide(name);
  return box;
}

function drawSide() {
  at("side-list").replaceChildren(...[...groups].map(([name, list]) => el("li", {},
    el("a", { href: `#group:${name}`, "data-group": name, click: (event) => {
      event.preventDefault();
      const box = openGroup(name);
      if (!box) return;
      box.scrollIntoView({ block: "start" });
      box.querySelector("summary").focus({ preventScroll: true });
    } }, name, el("span", { class: "soft small" }, String(list.length))))));
}

/** Opens the call that the address names after "#". */
function openAddressed() {
  let id = "";
  try {
    id = decodeURIComponent(location.hash.slice(1));
  } catch {
    return;
  }
  const call = calls.find((one) => one.id === id);
  if (!call) return;
  const box = openGroup(call.group);
  const row = box && [...box.children].find((child) => child.call === call);
  if (!row) return;
  row.fill();
  row.open = true;
  document.title = `${call.id} · API reference`;
  row.scrollIntoView({ block: "start", behavior: "instant" });
  row.querySelector("summary").focus({ preventScroll: true });
}

// Who sends, and the start -----------------------------------------------------------------------------------------

async function drawWho() {
  const who = at("who");
  const sends = (name, how) => who.replaceChildren("Calls are sent as ", el("strong", {}, name), ` (${how}).`);
  try {
    const answer = await fetch("/api/user/me/", {
      headers: token ? { Accept: "application/json", Authorization: `Token ${token}` } : { Accept: "application/json" },
      credentials: token ? "omit" : "same-origin", cache: "no-store",
    });
    if (answer.ok) {
      const user = await answer.json();
      sends(user.username || "?", token ? "API token" : "session");
    } else if (token) {
      who.replaceChildren(el("span", { class: "bad" }, `The server does not take this token (status ${answer.status}).`));
    } else {
      who.replaceChildren("Nobody is signed in. ", el("a", { href: "/?next=/api-doc/" }, "Sign in"), " to try calls from this page.");
    }
  } catch {
    who.textContent = "The server does not answer.";
  }
}

async function start() {
  const facts = at("facts");
  try {
    const answer = await fetch(SCHEMA, { headers: { Accept: "application/vnd.oai.openapi+json, application/json" }, credentials: "same-origin" });
    if (answer.status === 401 || answer.status === 403) {
      facts.replaceChildren("The description of the API is for users only. ", el("a", { href: "/?next=/api-doc/" }, "Sign in"), ".");
      return;
    }
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    doc = await answer.json();
  } catch (error) {
    facts.replaceChildren(el("span", { class: "bad" }, `The description of the API did not arrive: ${error.message}.`));
    return;
  }
  index();
  const info = doc.info || {};
  const schemas = Object.keys((doc.components || {}).schemas || {}).length;
  facts.textContent = `${info.title || "API"}, version ${info.version || "?"}: ${calls.length} calls on ${Object.keys(doc.paths || {}).length} paths, ${schemas} kinds of object.`;
  drawSide();
  drawList();
  openAddressed();
}

let pause = 0;
at("filter").addEventListener("input", () => {
  clearTimeout(pause);
  pause = setTimeout(drawList, 120);
});
at("filter").addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  at("filter").value = "";
  drawList();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) return;
  event.preventDefault();
  at("filter").focus();
});
at("calls").addEventListener("toggle", (event) => {
  const { call, open } = event.target;
  if (!call || !open) return;
  history.replaceState(null, "", `#${encodeURIComponent(call.id)}`);
  markSide(call.group);
}, true); // toggle does not bubble
at("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  token = at("token").value.trim();
  drawWho();
});
at("token-drop").addEventListener("click", () => {
  token = "";
  at("token").value = "";
  drawWho();
});
addEventListener("hashchange", openAddressed);
drawWho();
start();
