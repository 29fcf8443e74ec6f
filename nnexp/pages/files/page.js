"use strict";
// What the scripts of the page share. Texts go into the page as texts, never as markup.
const nnexp = {
  element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (value === true) made.setAttribute(name, "");
      else if (value !== false && value !== undefined) made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  },
  data(node) {
    const section = node.closest("[data-section]").dataset.section;
    nnexp.cache ??= {};
    return nnexp.cache[section] ??= JSON.parse(document.getElementById("data-" + section).textContent);
  },
  // A select with its label; `change` is called with the number of the choice.
  select(text, choices, change, chosen = 0) {
    const options = choices.map((choice, k) => nnexp.element("option", {value: k, selected: k === chosen}, choice));
    const select = nnexp.element("select", {onchange: () => change(Number(select.value))}, ...options);
    return nnexp.element("label", {}, text + " ", select);
  },
  // A checkbox with its label; `label.box` is the box.
  checkbox(text, checked, change) {
    const box = nnexp.element("input", {type: "checkbox", onchange: () => change(box.checked)});
    box.checked = checked;
    const label = nnexp.element("label", {}, box, " ", text);
    label.box = box;
    return label;
  },
  table(headings, rows, caption) {
    const head = nnexp.element("tr", {}, ...headings.map((text) => nnexp.element("th", {scope: "col"}, text)));
    const body = rows.map(([first, ...rest]) => nnexp.element("tr", {},
      nnexp.element("th", {scope: "row"}, first), ...rest.map((text) => nnexp.element("td", {}, text))));
    const table = nnexp.element("table", {}, nnexp.element("caption", {}, caption),
      nnexp.element("thead", {}, head), nnexp.element("tbody", {}, ...body));
    return nnexp.element("div", {class: "scroll", role: "group", tabindex: "0", "aria-label": caption}, table);
  },
  text(value) {
    if (value === null || value === undefined) return "-";
    return typeof value === "number" ? String(Number(value.toPrecision(12))) : value;
  },
};
