"use strict";
// The table of every run: searched, sorted, and shown a hundred rows at a time.
(() => {
  const ROWS = 100;

  function cell(column, row) {
    if (column.texts) return column.texts[row];
    return column.codes ? column.words[column.codes[row]] : column.values[row];
  }

  function text(column, row) {
    const value = cell(column, row);
    return column.decimals !== undefined && value !== null ? value.toFixed(column.decimals) : nnexp.text(value);
  }

  // Numbers by size, texts by their letters; what is missing comes last, whichever way.
  function order(column, rows, down) {
    const sign = down ? -1 : 1;
    return rows.slice().sort((a, b) => {
      const [x, y] = [cell(column, a), cell(column, b)];
      if (x === null || y === null) return (x === null) - (y === null);
      return sign * (typeof x === "number" ? x - y : String(x).localeCompare(String(y), "en", {numeric: true}));
    });
  }

  function show(home) {
    const {rows, columns} = nnexp.data(home).runs;
    const all = Array.from({length: rows}, (_, k) => k);
    const state = {rows: all, page: 0, sorted: null, down: false};
    let texts = null;

    function search(words) {
      texts ??= all.map((row) => " " + columns.map((c) => `${c.name}=${text(c, row)}`.replaceAll(" ", "_"))
        .join(" ").toLowerCase() + " ");
      const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
      const fits = (text) => wanted.every((word) => text.includes(word.includes("=") ? ` ${word} ` : word));
      state.rows = wanted.length ? all.filter((row) => fits(texts[row])) : all;
      sort();
    }
    function sort() {
      if (state.sorted !== null) state.rows = order(columns[state.sorted], state.rows, state.down);
      state.page = 0;
      fill();
    }
    const heads = columns.map((column, k) => {
      const button = nnexp.element("button", {type: "button", onclick: () => {
        state.down = state.sorted === k ? !state.down : false;
        state.sorted = k;
        heads.forEach((head, other) => other === k
          ? head.setAttribute("aria-sort", state.down ? "descending" : "ascending") : head.removeAttribute("aria-sort"));
        arrows.forEach((arrow, other) => { arrow.textContent = other === k ? (state.down ? " ▼" : " ▲") : ""; });
        sort();
      }}, column.name);
      return nnexp.element("th", {scope: "col"}, button);
    });
    const arrows = heads.map((head) => {
      const arrow = nnexp.element("span", {"aria-hidden": "true"});
      head.firstChild.append(arrow);
      return arrow;
    });
    const body = nnexp.element("tbody");
    const status = nnexp.element("span", {role: "status"});
    const back = nnexp.element("button", {type: "button", onclick: () => { state.page -= 1; fill(); }}, "previous");
    const on = nnexp.element("button", {type: "button", onclick: () => { state.page += 1; fill(); }}, "next");

    function fill() {
      const first = state.page * ROWS, shown = state.rows.slice(first, first + ROWS);
      body.replaceChildren(...shown.map((row) => nnexp.element("tr", {}, ...columns.map((column, k) =>
        nnexp.element(k ? "td" : "th", k ? {} : {scope: "row"}, text(column, row))))));
      const found = state.rows.length, last = first + shown.length;
      status.textContent = found ? `${first + 1} to ${last} of ${found} runs`
        : all.length ? "no run has all of these words" : "no run has ended yet";
      back.disabled = first === 0;
      on.disabled = last >= found;
    }
    const field = nnexp.element("input", {type: "search", oninput: () => search(field.value),
      placeholder: "seed=0 status=finished"});
    const id = home.dataset.runs;
    home.replaceChildren(
      nnexp.element("div", {class: "controls"}, nnexp.element("label", {}, "search ", field), back, on, status),
      nnexp.element("div", {class: "scroll", role: "group", tabindex: "0", "aria-labelledby": id},
        nnexp.element("table", {}, nnexp.element("thead", {}, nnexp.element("tr", {}, ...heads)), body)));
    fill();
  }
  document.querySelectorAll("[data-runs]").forEach(show);
})();
