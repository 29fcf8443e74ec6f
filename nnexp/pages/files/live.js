"use strict";
// While a sweep trains: how far it is, every two seconds, and the page anew when runs have ended, or another sweep trains.
(() => {
  const EVERY = 2000;
  const home = document.querySelector("[data-live]");
  const part = (name) => home.querySelector(`[data-part="${name}"]`);
  const shown = part("name").textContent, began = performance.now();
  async function look() {
    try {
      const answer = await fetch("/state");
      if (!answer.ok) {
        part("left").textContent = await answer.text();
        return;
      }
      const state = await answer.json();
      home.querySelector("progress").value = state.share;
      for (const name of ["name", "text", "left", "best"]) part(name).textContent = state[name];
      for (const name of ["running", "failures"])
        part(name).replaceChildren(...state[name].map((text) => nnexp.element("li", {}, text)));
      const busy = document.activeElement?.matches("input, select, button, summary");
      const due = state.name !== shown || performance.now() - began > 1000 * state.pause;
      if (state.version !== home.dataset.live && due && !busy) location.reload();
    } catch {
      part("left").textContent = "nnexp watch has ended: this is what it showed last.";
    }
  }
  look();
  setInterval(look, EVERY);
})();
