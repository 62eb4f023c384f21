"use strict";

const LONGEST_SHOWN = 100_000;

function requestOf(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  const headers = {};
  for (const field of form.querySelectorAll("input")) {
    if (field.value === "") continue;
    if (field.dataset.in === "path") path = path.replace(`{${field.name}}`, encodeURIComponent(field.value));
    else if (field.dataset.in === "header") headers[field.name] = field.value;
    else query.append(field.name, field.value);
  }
  const token = document.getElementById("token").value;
  if (token) headers.Authorization = `Bearer ${token}`;
  const body = form.querySelector("textarea");
  if (body) headers["Content-Type"] = body.dataset.media;
  const search = query.toString() ? `?${query}` : "";
  const url = `${document.body.dataset.root}${path}${search}`;
  return [url, { method: form.dataset.method, headers, body: body ? body.value : undefined }];
}

function pretty(text, type) {
  if (!type.includes("json")) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

async function readSome(response) {
  const reader = response.body?.getReader();
  if (!reader) return "";
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    text += decoder.decode(value, { stream: !done });
    // A stream of events has no end; its beginning is what there is to show.
    const endless = (response.headers.get("Content-Type") ?? "").includes("event-stream");
    if (!done && !endless && text.length < LONGEST_SHOWN) continue;
    if (!done) await reader.cancel();
    return text;
  }
}

async function send(form) {
  const output = form.querySelector("output");
  const shown = document.createElement("pre");
  output.replaceChildren(shown);
  shown.textContent = "…";
  try {
    const [url, options] = requestOf(form);
    const response = await fetch(url, options);
    const type = response.headers.get("Content-Type") ?? "";
    const body = pretty(await readSome(response), type);
    const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    shown.textContent = `${options.method} ${url}\n${response.status} ${response.statusText}\n${headers}\n\n${body}`;
  } catch (error) {
    shown.textContent = `Not sent: ${error.message}`;
  }
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  send(event.target);
});

document.getElementById("filter").addEventListener("input", (event) => {
  const wanted = event.target.value.toLowerCase();
  for (const details of document.querySelectorAll("main > section > details")) {
    details.hidden = !details.querySelector("summary").textContent.toLowerCase().includes(wanted);
  }
});
