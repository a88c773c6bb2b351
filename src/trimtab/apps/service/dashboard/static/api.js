/* Asking the service: one key for the session, errors as text that says what to do. */

const BASE = new URL("../v1/", document.baseURI);
const KEY = "trimtab-key";

/** What went wrong, in words for the page; `status` is 0 where the service was not reached. */
export class ApiError extends Error {
  constructor(message, { status = 0, detail = null } = {}) {
    super(message);
    this.status = status;
    this.detail = detail;
  }
}

/** The key of this tab; it leaves with the tab. */
export const session = {
  get key() { return sessionStorage.getItem(KEY) ?? ""; },
  set key(text) { text ? sessionStorage.setItem(KEY, text) : sessionStorage.removeItem(KEY); },
};

/** The address of a path of the API, with its query. */
export function address(path, query = {}) {
  const url = new URL(path, BASE);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, value);
  }
  return url;
}

/** GET a path: its JSON. */
export const get = (path, query, options = {}) => ask("GET", address(path, query), options);

/** POST JSON to a path: its JSON. */
export const post = (path, body, options = {}) => ask("POST", address(path), { ...options, body });

async function ask(method, url, { body, signal, text = false } = {}) {
  const headers = { accept: text ? "text/html" : "application/json" };
  if (session.key) headers.authorization = `Bearer ${session.key}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  let answer;
  try {
    answer = await fetch(url, { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The service does not answer. Is it running, and is this page's address its own?");
  }
  if (answer.ok) return text ? answer.text() : answer.status === 204 ? null : answer.json();
  throw await failure(answer);
}

async function failure(answer) {
  const detail = await answer.json().catch(() => null);
  if (answer.status === 401) document.dispatchEvent(new CustomEvent("signedout"));
  return new ApiError(said(detail) || `The service answered ${answer.status}.`, { status: answer.status, detail });
}

/* The service says { error, message }; its framework, of a malformed request, a list of faults. */
function said(detail) {
  const inner = detail?.message ?? detail?.detail ?? detail?.error;
  if (Array.isArray(inner)) return inner.map((one) => `${(one.loc ?? []).slice(1).join(".")}: ${one.msg}`).join("; ");
  return typeof inner === "string" ? inner : "";
}
