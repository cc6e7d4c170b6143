// Follows the progress of what was sent, and puts each answer in its place as soon as it is there.
"use strict";
(() => {
  const items = document.getElementById("items");
  const said = document.getElementById("said");
  const page = `/jobs/${items.dataset.job}`;
  let failures = 0;

  async function fetched(address, kind) {
    // A network that is gone breaks nothing off: without a limit this page would wait for ever.
    const response = await fetch(address, { headers: { Accept: kind }, cache: "no-store", signal: AbortSignal.timeout?.(20000) });
    if (response.status === 404 || response.status === 401) location.reload();
    if (!response.ok) throw new Error(String(response.status));
    return response;
  }

  async function show(state) {
    const section = document.getElementById(`item-${state.number}`);
    if (!section || section.dataset.state === state.state && state.final) return;
    if (state.final) {
      const html = await (await fetched(`${page}/items/${state.number}`, "text/html")).text();
      section.replaceWith(...new DOMParser().parseFromString(html, "text/html").body.children);
      said.textContent = state.words;
      return;
    }
    section.dataset.state = state.state;
    section.querySelector("[data-words]").textContent = state.words;
    const bar = section.querySelector("progress");
    if (state.state === "waiting") bar.value = 0;
    else if (state.progress === null) bar.removeAttribute("value");
    else bar.value = state.progress;
  }

  async function look() {
    try {
      const job = await (await fetched(`${page}/state`, "application/json")).json();
      failures = 0;
      for (const state of job.items) await show(state);
      if (job.final) {
        // The whole page anew: its heading, its buttons and its address then are those of a result.
        location.replace(page);
        return;
      }
    } catch {
      failures += 1;
      if (failures === 3) said.textContent = "The server does not answer at the moment. This page goes on when it does.";
    }
    setTimeout(look, Math.min(500 * 2 ** failures, 10000));
  }
  setTimeout(look, 300);
})();
