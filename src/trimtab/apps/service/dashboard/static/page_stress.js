/* Stress: thousands of possible paths from where the venue stands now, with progress and result. */
import { address, get, post, session } from "./api.js";
import { announce, h, put } from "./dom.js";
import { count, counted, moment, words } from "./format.js";
import { banner, empty, failed, head, loading, panel, table } from "./parts.js";
import { stressResult } from "./stress_result.js";
import { requestSchema, schemaForm } from "./schema_form.js";
import { may } from "./two_steps.js";

export const TITLE = "Stress";
const PATH = "/v1/stress";
const RUNNING = ["queued", "running"];
const POLL_MS = 700;

/** Open the page. */
export function open({ live }) {
  const state = { runs: [], chosen: null, shown: "", reports: false, closers: [] };
  const question = h("div", {}, loading());
  const list = runTable((run) => { state.chosen = run.id; state.shown = ""; drawChosen(state, result, cancel); });
  const runs = h("div", {}, loading());
  const result = h("div", {});
  const cancel = async (run) => { await post(`stress/${run.id}/cancel`, {}); poll.now(); };
  const poll = poller(async () => {
    state.runs = (await get("stress")).runs;
    state.chosen ??= state.runs[0]?.id ?? null;
    const made = state.runs.length ? list.update(state.runs) : empty("Nothing has been asked yet.", "A run starts from the venue's accounts and prices at the moment of asking, and touches nothing.");
    if (runs.firstChild !== made) runs.replaceChildren(made);
    await drawChosen(state, result, cancel);
    return state.runs.some((run) => RUNNING.includes(run.state));
  }, (error) => runs.replaceChildren(failed(error, () => poll.now())));
  const started = (run) => { state.chosen = run.id; state.shown = ""; announce("The stress run has started."); poll.now(); };
  ask(question, { live, started, state }).then((there) => { if (there) poll.now(); else others.forEach((part) => part.remove()); });
  const others = [panel("Runs", { size: "w7" }, runs), panel("Result", {}, result)];
  return {
    parts: [
      head(TITLE, "What could happen from here: price paths, market impact, liquidators and the waterfall, path by path."),
      h("div", { class: "panels" }, panel("Question", { size: "w5" }, question), ...others),
    ],
    close() { poll.close(); state.closers.forEach((close) => close()); },
  };
}

/* The form, as the service's own description has it; false where this service has no stress. */
async function ask(place, { live, started, state }) {
  let api;
  try {
    api = await get("openapi.json");
  } catch (error) {
    place.replaceChildren(failed(error));
    return false;
  }
  const schema = requestSchema(api, PATH);
  if (!schema) {
    place.replaceChildren(empty("This service runs no stress.", "Its version, or the way it was started, leaves that out; trimtab stress asks the same question from the command line."));
    return false;
  }
  state.reports = `${PATH}/{id_}/report` in api.paths || `${PATH}/{id}/report` in api.paths;
  const form = schemaForm(api, schema);
  const said = h("div", { role: "alert" });
  const allowed = may(live, "operate");
  const go = h("button", { type: "submit", class: "main", disabled: !allowed }, "Launch");
  const launch = async (event) => {
    event.preventDefault();
    go.disabled = true;
    said.replaceChildren();
    try { started(await post("stress", form.value())); } catch (error) { said.replaceChildren(banner(error.message, "bad")); } finally { go.disabled = false; }
  };
  place.replaceChildren(h("form", { class: "stack", onsubmit: launch }, h("div", { class: "form" }, form.fields), said,
    h("p", {}, go, allowed ? null : h("span", { class: "note" }, " This needs a key of role operate."))));
  return true;
}

const runTable = (choose) => table("Runs", [
  { name: "run", cell: (row) => [h("button", { type: "button", class: "quiet" }, String(row.id).slice(0, 8)), h("span", { class: "below" }, row.began ? ["from ", moment(row.as_of)] : "waits")] },
  { name: "question", whole: true, cell: (row) => h("span", { class: "note" }, asked(row.question ?? {})) },
  { name: "state", cell: (row) => h("span", { class: `tag ${{ done: "good", failed: "bad", running: "warn" }[row.state] ?? ""}` }, words(row.state)) },
  { name: "progress", cell: (row) => (RUNNING.includes(row.state) ? progress(row) : [count(row.done), row.error ? h("span", { class: "below tone-bad" }, row.error) : null]) },
], { key: (row) => row.id, choose });

const asked = (question) => [question.paths && `${question.paths} paths`, question.horizon_hours && `${question.horizon_hours} h`, question.process && words(question.process), question.shock && words(question.shock), question.seed !== undefined && `seed ${question.seed}`].filter(Boolean).join(", ");

const progress = (row) => [h("progress", { max: row.total || 1, value: row.done, "aria-label": `Run ${row.id}` }), h("span", { class: "below" }, `${counted(row.done, "path")} of ${Number(row.total).toLocaleString("en-US")}`)];

async function drawChosen(state, place, cancel) {
  const chosen = state.runs.find((run) => run.id === state.chosen);
  if (!chosen) return void place.replaceChildren(empty("No result yet.", "Launch a run, or choose one of the list."));
  const mark = `${chosen.id} ${chosen.state} ${RUNNING.includes(chosen.state) ? chosen.done : ""}`;
  if (mark === state.shown) return;
  const before = state.shown;
  state.shown = mark;
  if (RUNNING.includes(chosen.state)) return void put(place, h("p", {}, chosen.state === "queued" ? "Waiting for its turn." : "In progress, beside the service and giving way to it."), ...progress(chosen), h("p", {}, stopButton(chosen, cancel)));
  if (chosen.state !== "done") return void put(place, banner(`This run ${chosen.state === "failed" ? "failed" : `was ${chosen.state}`}. ${chosen.error ?? ""}`, "bad"));
  const whole = await get(`stress/${chosen.id}`);
  if (before.startsWith(`${chosen.id} running`)) announce("The stress run is done.");
  state.closers.splice(0).forEach((close) => close());
  place.replaceChildren(h("p", { class: "form" }, state.reports ? reportLink(chosen) : null, saveButton(chosen, whole.result)), stressResult(whole.result, state.closers));
}

function stopButton(run, cancel) {
  return h("button", { type: "button", class: "grave", onclick: () => cancel(run) }, "Stop this run");
}

/* Without a key the report is a page of its own; with one, the header must go along, so it is saved. */
function reportLink(run) {
  if (!session.key) return h("a", { class: "button", href: address(`stress/${run.id}/report`).href, target: "_blank", rel: "noopener" }, "Open the report");
  return h("button", { type: "button", onclick: async () => {
    const text = await get(`stress/${run.id}/report`, {}, { text: true });
    save(text, { type: "text/html", name: `stress-${run.id}.html` });
  } }, "Save the report");
}

const saveButton = (run, result) => h("button", { type: "button", onclick: () => save(JSON.stringify(result, null, 1), { type: "application/json", name: `stress-${run.id}.json` }) }, "Save the answer as JSON");

function save(text, { type, name }) {
  const link = h("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/* Ask again soon while something runs, at leisure while nothing does. */
function poller(act, fail) {
  let timer = null;
  let closed = false;
  const now = async () => {
    clearTimeout(timer);
    let busy = false;
    try { busy = await act(); } catch (error) { fail(error); }
    if (!closed) timer = setTimeout(now, busy ? POLL_MS : 10 * POLL_MS);
  };
  return { now, close() { closed = true; clearTimeout(timer); } };
}
