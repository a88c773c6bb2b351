/* The stream of the service: one WebSocket, opened again when it closes, and watched for silence. */
import { address, session } from "./api.js";

const STALE_MS = 10_000;
const WAIT_MS = [500, 1000, 2000, 5000, 10_000];
const EVENTS_MAX = 500;

const heard = new Map();

/** What the stream has told. `state` is connecting, live, stale or offline. */
export const live = {
  venue: null,
  overview: null,
  worst: [],
  events: [],
  raised: [],
  problems: [],
  notices: [],
  state: "connecting",
  over: false,
  running: false,
  tell,
  on(name, hear) {
    if (!heard.has(name)) heard.set(name, new Set());
    heard.get(name).add(hear);
    return () => heard.get(name).delete(hear);
  },
  /** Call `act` when the venue has moved, at most once in `every` ms, never while hidden. */
  moved(act, every = 1000) {
    let last = 0;
    let timer = null;
    const run = () => { timer = null; last = Date.now(); if (!document.hidden) act(); };
    const off = live.on("moved", () => { timer ??= setTimeout(run, Math.max(0, last + every - Date.now())); });
    return () => { clearTimeout(timer); off(); };
  },
  start() { live.running = true; connect(); watching ??= setInterval(watch, 1000); },
  stop() { live.running = false; clearInterval(watching); watching = null; clearTimeout(waiting); socket?.close(); socket = null; },
};

let socket = null;
let watching = null;
let waiting = null;
let tries = 0;
let last = 0;

function tell(name, value) {
  for (const hear of heard.get(name) ?? []) hear(value);
}

function become(state) {
  if (live.state === state) return;
  live.state = state;
  tell("state", state);
}

function watch() {
  if (live.state === "live" && Date.now() - last > STALE_MS) become("stale");
}

function connect() {
  const url = address("stream");
  url.protocol = url.protocol.replace("http", "ws");
  const opened = new WebSocket(url);
  socket = opened;
  opened.onopen = () => { if (session.key) opened.send(JSON.stringify({ key: session.key })); };
  opened.onmessage = (message) => { if (socket === opened) take(JSON.parse(message.data)); };
  opened.onclose = () => {
    if (socket !== opened || !live.running) return;
    become("offline");
    waiting = setTimeout(connect, WAIT_MS[Math.min(tries, WAIT_MS.length - 1)]);
    tries += 1;
  };
}

function take(message) {
  last = Date.now();
  tries = 0;
  become("live");
  if (message.overview) {
    live.overview = message.type === "snapshot" ? message.overview : { ...live.overview, ...message.overview };
    tell("overview", live.overview);
  }
  if (message.worst) { live.worst = message.worst; tell("worst", live.worst); }
  if (message.events) takeEvents(message);
  if (message.alert) tell("alert", message.alert);
  if (message.overview) tell("moved", message);
}

/* A snapshot holds the latest events, a frame those after the last one; either may overlap. */
function takeEvents(message) {
  const newest = message.type === "snapshot" ? 0 : live.events[0]?.number ?? 0;
  const fresh = message.events.filter((event) => event.number > newest);
  const before = message.type === "snapshot" ? [] : live.events;
  live.events = [...fresh].reverse().concat(before).slice(0, EVENTS_MAX);
  if (fresh.length || message.type === "snapshot") tell("events", fresh);
}
