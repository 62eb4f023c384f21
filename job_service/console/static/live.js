// Keeps the regions marked `data-live` fresh: told by /events, else by asking now and then. Polite: not while the tab is
// hidden, not under the pointer or a selection, and one switch ends it.
"use strict";
(() => {
  const QUIET = 2000, POLL = 15000, KEY = "job-service-live";
  const control = document.querySelector("[data-live-switch]");
  const region = () => document.querySelector("[data-live]");
  if (!control || !region()) return;
  const part = (name) => document.querySelector(`[data-live-${name}]`);
  const memory = { get: () => { try { return localStorage.getItem(KEY); } catch { return null; } },
                   set: (value) => { try { localStorage.setItem(KEY, value); } catch { /* a private window */ } } };
  let source = null, poll = 0, due = 0, last = 0, changes = 0, asking = false;

  const say = (text) => { const state = part("state"); if (state && state.textContent !== text) state.textContent = text; };
  const wanted = () => part("toggle").checked && !document.hidden;
  const touched = () => region().matches(":hover") && region().querySelector("tbody") !== null
    || region().contains(document.activeElement) && document.activeElement !== part("toggle")
    || region().querySelector("input[type=checkbox][name]:checked, details[data-kept]") !== null
    || String(getSelection()) !== "";

  const refresh = async () => {
    due = 0;
    if (asking || !wanted()) return;
    asking = true;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, credentials: "same-origin" });
      const fresh = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-live]");
      if (!fresh) return;
      const open = [...region().querySelectorAll("details")].map((one) => one.open);
      const logs = region().querySelector(".log"), end = logs && logs.scrollTop + logs.clientHeight >= logs.scrollHeight - 8;
      const place = logs && logs.scrollTop;
      const kept = region().contains(control) ? control : null, every = region().dataset.every;
      region().replaceWith(document.adoptNode(fresh));
      if (kept) part("switch").replaceWith(kept);
      region().querySelectorAll("details").forEach((one, at) => { if (at < open.length) one.open = open[at]; });
      const log = region().querySelector(".log");
      if (log) log.scrollTop = end ? log.scrollHeight : place;
      changes = 0; last = Date.now();
      part("show").hidden = true;
      if (region().dataset.every !== every) settle();
    } catch { say("not connected"); } finally { asking = false; }
  };
  const changed = () => {
    changes += 1;
    if (touched()) { const show = part("show"); show.hidden = false; show.textContent = changes === 1 ? "Show 1 change" : `Show ${changes} changes`; return; }
    if (!due) due = setTimeout(refresh, Math.max(QUIET - (Date.now() - last), 150));
  };
  const listen = () => {
    const query = new URLSearchParams();
    if (region().dataset.kind) query.set("kind", region().dataset.kind);
    if (region().dataset.job) query.set("jobId", region().dataset.job);
    source = new EventSource(`${document.body.dataset.events}?${query}`);
    source.onopen = () => say("");
    source.onmessage = changed;
    // Refused (too many readers) or not there: ask now and then instead.
    source.onerror = () => { if (source && source.readyState === EventSource.CLOSED) { source = null; say("every 15 s"); } };
    // What no event tells of says itself how often to ask, for as long as it goes on.
    const hurried = () => Number(region().dataset.every);
    poll = setInterval(() => { if ((!source || hurried()) && !touched()) refresh(); }, hurried() || POLL);
  };
  const hush = () => { if (source) source.close(); source = null; clearInterval(poll); clearTimeout(due); due = 0; };
  const settle = () => { hush(); say(""); if (wanted()) { listen(); } };

  control.hidden = false;
  part("toggle").checked = memory.get() !== "off";
  part("toggle").addEventListener("change", (event) => { memory.set(event.target.checked ? "on" : "off"); settle(); });
  part("show").addEventListener("click", refresh);
  document.addEventListener("visibilitychange", () => { settle(); if (wanted()) refresh(); });
  addEventListener("pagehide", hush);
  const log = region().querySelector(".log");
  if (log) log.scrollTop = log.scrollHeight;
  settle();
})();
