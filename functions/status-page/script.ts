/**
 * What the page does in a browser: filters members, and brings itself up to date with the address it was
 * opened with (key included), which it sends nowhere else. Without it the page is whole and stands still.
 */
export const SCRIPT = `
"use strict";
(() => {
  const PERIOD_MILLISECONDS = 15000;
  const byId = (id) => document.getElementById(id);
  const filter = byId("filter"), tone = byId("tone"), matches = byId("matches"), pause = byId("pause");
  const freshness = byId("freshness"), news = byId("news");
  let paused = false, asking = false, updatedAt = Date.now(), before;

  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const folds = () => new Map(all("#content details").map((one) => [one.dataset.key, one.open]));
  const unfold = (known) => {
    for (const one of all("#content details")) {
      const open = known.get(one.dataset.key);
      if (open !== undefined) one.open = open;
    }
  };

  const applyFilter = () => {
    const words = filter.value.toLowerCase().split(/\\s+/).filter(Boolean);
    const rows = all("tr[data-member]");
    const isAsked = words.length > 0 || tone.value !== "";
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const isWanted = tone.value === "" || row.dataset.tone === tone.value;
      row.hidden = !(isWanted && words.every((word) => text.includes(word)));
      if (!row.hidden) shown += 1;
    }
    if (isAsked && before === undefined) before = folds();
    for (const group of all("details.group")) {
      const some = group.querySelector("tr[data-member]:not([hidden])") !== null;
      group.hidden = !some;
      if (isAsked && some) group.open = true;
    }
    if (!isAsked && before !== undefined) {
      unfold(before);
      before = undefined;
    }
    const told = isAsked ? shown + " of " + rows.length + " members" : "";
    if (matches.textContent !== told) matches.textContent = told;
  };

  const headlines = (root) =>
    new Map(all(".headline", root).map((one) => [one.dataset.name, one.textContent]));

  const tell = (known, now) => {
    const changed = [...now].filter(([name, text]) => known.get(name) !== text);
    if (changed.length > 0) news.textContent = changed.map(([name, text]) => name + ": " + text).join(" ");
  };

  const replace = (fresh) => {
    const known = folds();
    const places = new Map(all("#content .scroll").map((one) => [one.dataset.key, one.scrollLeft]));
    const focused = document.activeElement?.dataset?.key;
    tell(headlines(document), headlines(fresh));
    byId("content").replaceChildren(...document.importNode(fresh.getElementById("content"), true).childNodes);
    byId("environments").replaceChildren(...document.importNode(fresh.getElementById("environments"), true).childNodes);
    byId("as-of").replaceChildren(...document.importNode(fresh.getElementById("as-of"), true).childNodes);
    document.title = fresh.title;
    unfold(known);
    applyFilter();
    for (const one of all("#content .scroll")) one.scrollLeft = places.get(one.dataset.key) ?? 0;
    if (focused !== undefined && document.activeElement === document.body) {
      all("#content [data-key]").find((one) => one.dataset.key === focused && one.tagName !== "DETAILS")?.focus({ preventScroll: true });
    }
  };

  const isReading = () => {
    const selection = document.getSelection();
    return selection !== null && !selection.isCollapsed && byId("content").contains(selection.anchorNode);
  };

  const ask = async () => {
    const reply = await fetch(location.href, {
      headers: { accept: "text/html" },
      cache: "no-store",
      signal: AbortSignal.timeout(PERIOD_MILLISECONDS),
    });
    const text = await reply.text();
    if (!reply.ok) throw new Error("the answer was " + reply.status);
    return new DOMParser().parseFromString(text, "text/html");
  };

  const refresh = async () => {
    if (paused || asking || document.hidden || isReading()) return;
    asking = true;
    try {
      const fresh = await ask();
      if (fresh.getElementById("content") === null) throw new Error("the answer was another page");
      replace(fresh);
      updatedAt = Date.now();
      freshness.textContent = "";
    } catch (error) {
      const told = "Could not be updated: " + error.message + ". It will be tried again.";
      if (freshness.textContent !== told) freshness.textContent = told;
    } finally {
      asking = false;
    }
  };

  filter.addEventListener("input", applyFilter);
  tone.addEventListener("change", applyFilter);
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    if (!paused) void refresh();
  });
  document.addEventListener("visibilitychange", () => {
    if (Date.now() - updatedAt >= PERIOD_MILLISECONDS) void refresh();
  });
  setInterval(() => void refresh(), PERIOD_MILLISECONDS);
  byId("tools").hidden = false;
})();
`;
