"use strict";
// A field that leaves the rows of a table that have all of its words, and a choice of verdicts.
document.querySelectorAll("[data-filter]").forEach((home) => {
  const rows = [...document.querySelectorAll(`#${home.dataset.filter} tbody tr`)];
  const verdicts = [...new Set(rows.map((row) => row.dataset.verdict))];
  let verdict = null;
  const status = nnexp.element("span", {role: "status"});
  const field = nnexp.element("input", {type: "search", oninput: () => show()});
  function show() {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = (verdict !== null && row.dataset.verdict !== verdict) || !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    status.textContent = `${shown} of ${rows.length} claims`;
  }
  const choice = nnexp.select("verdict", ["any", ...verdicts], (k) => { verdict = k ? verdicts[k - 1] : null; show(); });
  home.append(nnexp.element("label", {}, "search ", field), choice, status);
  show();
});
