// What the pages do beyond plain HTML: keys, live counts, and times in the reader's own zone. Without it all of them work.
"use strict";

const rows = [...document.querySelectorAll("[data-row]")];
const linkOf = (row) => row.querySelector("a");

function move(step) {
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step))];
  if (next) {
    linkOf(next).focus();
    next.scrollIntoView({ block: "nearest" });
  }
}

const isTyping = (target) => target instanceof HTMLElement && target.matches("input, textarea, select");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "/") document.getElementById("q")?.focus();
  else {
    const link = /^[a-z]$/.test(event.key) && document.querySelector(`a.button[data-key="${event.key}"], a[data-key="${event.key}"]`);
    if (!link) return;
    link.click();
  }
  event.preventDefault();
});

const here = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  if (!Number.isNaN(at.valueOf())) time.title = `${here.format(at)} here${time.title ? `; ${time.title}` : ""}`;
}

const counts = document.querySelector("[data-counts]");
async function count() {
  if (document.hidden) return;
  const answer = await fetch(counts.dataset.counts, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok || !answer.headers.get("Content-Type").startsWith("application/json")) return;
  for (const [name, number] of Object.entries(await answer.json())) {
    const shown = counts.querySelector(`[data-count="${name}"]`);
    if (shown && shown.textContent !== String(number)) {
      shown.textContent = number;
      document.getElementById("news").hidden = false;
    }
  }
}
if (counts) setInterval(count, 10000);

// One click, one verdict: a second one would be the same event, but why make its owner wonder.
for (const form of document.querySelectorAll("form.verdict")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
// A page that comes back from the browser's memory may be sent again.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
