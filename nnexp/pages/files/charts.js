"use strict";
// The charts, by Plotly: hover for values, drag to zoom, boxes to hide points, switches for logarithmic scales.
(() => {
  // From few to much: the shades of all pictures, dark for more; in the dark the other way round.
  const SHADES = ["#bddf26", "#7ad151", "#44bf70", "#22a884", "#21918c", "#2a788e", "#355f8d", "#414487", "#440154"];
  const DASHES = ["solid", "dash", "dot", "dashdot", "longdash"];
  const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "triangle-down", "x", "cross", "star"];
  const MARKS = {best: ["star", 17, "★ best"], highest: ["diamond", 11, "◆ highest"],
    alike: ["circle", 10, "● may be the best"], worse: ["circle-open", 10, "○ worse"], "": ["circle", 9, ""]};
  const MOST_GROUPS = 40, MOST_BANDS = 4, BESIDE = 0.012;
  const CONFIG = {displayModeBar: false, responsive: true};
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let printing = false;

  const isDark = () => dark.matches && !printing;
  const PRINT = {"--ink": "#000000", "--dim": "#444444", "--line": "#bbbbbb", "--paper": "#ffffff", "--bad": "#8a1522"};
  const css = (name) => printing ? PRINT[name] : getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  // Plotly takes some tags in texts for markup.
  const plain = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

  function shade(rank, count) {
    const share = count > 1 ? rank / (count - 1) : 0.75;
    const place = (isDark() ? 0.62 * (1 - share) : 0.38 + 0.62 * share) * (SHADES.length - 1);
    const [low, high] = [Math.floor(place), Math.ceil(place)].map((k) => SHADES[k]);
    const part = (hex, k) => parseInt(hex.slice(1 + 2 * k, 3 + 2 * k), 16), t = place - Math.floor(place);
    return "rgb(" + [0, 1, 2].map((k) => Math.round(part(low, k) * (1 - t) + part(high, k) * t)).join(",") + ")";
  }
  const faint = (colour, alpha) => colour.replace("rgb(", "rgba(").replace(")", `,${alpha})`);

  // Ticks at all digits, or at 1, 2, 5 of each power of ten.
  function ticks(values) {
    const wide = Math.max(...values) > 8 * Math.min(...values);
    return {tickformat: "~g", ...(wide ? {dtick: "D2"} : {})};
  }

  // An accuracy on a logarithmic scale is its error rate, 100 - accuracy, with the best still on top.
  // Errors below half of the smallest mean error lie there: 100 % has a place, too, with a line that says so.
  function scaleOf(metric, log, means) {
    const errors = log && metric.error;
    const positive = means.filter((v) => v !== null).map((v) => errors ? 100 - v : v).filter((v) => v > 0);
    const least = positive.length ? Math.min(...positive) / 2 : 1;
    const place = (v) => v === null ? null : errors ? Math.max(100 - v, least) : log ? (v > 0 ? v : null) : v;
    const title = errors ? metric.label.replace("accuracy", "error rate") : metric.label;
    const perfect = errors && means.some((v) => v !== null && v >= 100) ? least : null;
    return {place, errors, perfect, axis: {type: log ? "log" : "linear", ...(log ? ticks(positive) : {}), title: {text: plain(title)},
      autorange: errors ? "reversed" : true}};
  }

  function layout(x, y, zoom, perfect) {
    const [ink, dim, line] = ["--ink", "--dim", "--line"].map(css);
    const axis = {gridcolor: line, linecolor: dim, zeroline: false, tickfont: {color: ink}, automargin: true};
    return {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false, uirevision: zoom,
      font: {family: "system-ui, sans-serif", size: 13, color: ink}, margin: {l: 60, r: 15, t: 10, b: 45},
      hovermode: "closest", hoverlabel: {bgcolor: css("--paper"), bordercolor: dim, font: {color: ink}},
      dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
      xaxis: {...axis, ...x}, yaxis: {...axis, ...y}, ...(perfect ? lineAt(perfect, dim) : {}),
    };
  }

  // Where no example is wrong: a logarithmic scale has no 0.
  const lineAt = (error, color) => ({
    shapes: [{type: "line", xref: "paper", x0: 0, x1: 1, y0: error, y1: error, line: {color, width: 1, dash: "dot"}}],
    annotations: [{xref: "paper", x: 1, xanchor: "right", y: Math.log10(error), yanchor: "bottom", text: "0 %: all right",
      showarrow: false, font: {color, size: 12}}],
  });

  const range = (mean, low, high) =>
    nnexp.text(mean) + (low === null || low === undefined ? "" : ` (${nnexp.text(low)} to ${nnexp.text(high)})`);

  // The frame of a chart: `draw(state)` gives traces and layout, `values(state)` the table of what is drawn.
  function frame(home, chart, parts) {
    const plot = nnexp.element("div", {class: "plot", role: "img", "aria-label": parts.label});
    const details = nnexp.element("details", {ontoggle: () => {
      if (details.open) details.replaceChildren(details.firstChild, parts.values());
    }}, nnexp.element("summary", {}, "Values as a table"));
    const redraw = () => {
      const {traces, x, y, zoom, perfect} = parts.draw();
      Plotly.react(plot, traces, layout(x, y, zoom, perfect), CONFIG);
      home.dataset.drawn = "true";
      if (details.open) details.replaceChildren(details.firstChild, parts.values());
    };
    const reset = nnexp.element("button", {type: "button",
      onclick: () => { parts.zoomed = (parts.zoomed ?? 0) + 1; redraw(); }}, "reset zoom");
    home.replaceChildren(nnexp.element("div", {class: "controls"}, ...parts.controls(redraw), reset), plot,
      ...(parts.legend ? [parts.legend(redraw)] : []), details);
    redraw();
    home.redraw = () => { parts.recolour?.(); redraw(); };
  }

  function swatch(colour, dash, symbol) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
    for (const [name, value] of Object.entries({width: 30, height: 10, "aria-hidden": "true"})) svg.setAttribute(name, value);
    const dashes = {solid: "", dash: "7 3", dot: "2 2", dashdot: "7 2 2 2", longdash: "11 3"};
    const look = {x1: 0, x2: 30, y1: 5, y2: 5, stroke: colour, "stroke-width": 3, "stroke-dasharray": dashes[dash]};
    for (const [name, value] of Object.entries(look)) line.setAttribute(name, value);
    svg.append(line);
    return svg;
  }

  // Boxes that hide lines; `names`: key -> text, `look(key)`: colour and dash.
  function legendOf(title, keys, names, hidden, look, redraw) {
    const boxes = new Map();
    const change = (some, shown) => {
      some.forEach((key) => { shown ? hidden.delete(key) : hidden.add(key); boxes.get(key).box.checked = shown; });
      redraw();
    };
    keys.forEach((key) => {
      const label = nnexp.checkbox("", true, (shown) => change([key], shown));
      label.append(swatch(...look(key)), " " + names(key));
      boxes.set(key, label);
    });
    const buttons = keys.length > 2 ? [["all", true], ["none", false]].map(([text, shown]) =>
      nnexp.element("button", {type: "button", onclick: () => change(keys, shown)}, text)) : [];
    const field = nnexp.element("fieldset", {class: "legend"}, nnexp.element("legend", {}, title), ...boxes.values(), ...buttons);
    field.recolour = () => keys.forEach((key) => boxes.get(key).querySelector("svg").replaceWith(swatch(...look(key))));
    return field;
  }

  function alongAxes(home, chart) {
    const spread = chart.axes.map((a) => a.ticks.length);
    const state = {metric: 0, axis: spread.indexOf(Math.max(...spread)), dots: chart.metrics[0].runs !== undefined, hidden: new Set()};
    const metric = () => chart.metrics[state.metric], axis = () => chart.axes[state.axis];
    const count = chart.marks.length, points = Array.from({length: count}, (_, k) => k);
    const name = (k) => chart.axes.map((a) => `${a.name}=${a.labels[k]}`).join(", ");
    let legend = null, groups = [], logX, logY, redraw = () => {};

    // The points that differ along the axis alone belong together; where nearly all stand alone, no line joins them.
    function regroup() {
      const others = chart.axes.filter((each) => each !== axis()), by = new Map();
      points.forEach((k) => {
        const key = others.map((a) => `${a.name}=${a.labels[k]}`).join(", ");
        by.set(key, [...(by.get(key) ?? []), k]);
      });
      const joined = by.size <= MOST_GROUPS && by.size < count;
      groups = joined ? [...by].map(([title, own]) => ({title, own})) : [{title: "all points", own: points, apart: true}];
      state.hidden.clear();
      const places = (k) => axis().places[k];
      groups.forEach((group) => group.own.sort((a, b) => places(a) - places(b)));
    }
    const look = (k) => [shade(k, groups.length), DASHES[k % DASHES.length]];
    function relegend() {
      const fresh = groups.length > 1 ? legendOf("lines", groups.map((_, k) => k), (k) => groups[k].title, state.hidden, look, redraw)
        : nnexp.element("span");
      legend?.replaceWith(fresh);
      legend = fresh;
    }
    function settleScales() {
      const {kind, places} = axis();
      logX.box.checked = kind === "log" || kind === "symlog";
      logX.hidden = kind === "categories" || places.some((p) => p < 0);
      logY.box.checked = metric().scale !== "linear";
      logY.hidden = !metric().error && !metric().log;
    }
    // Where values lie along x: by size, by its logarithm, or one beside the other.
    function along() {
      const {kind, places, ticks} = axis(), byRank = kind === "categories" || (logX.box.checked && places.includes(0));
      const ranks = new Map([...new Set(places)].sort((a, b) => a - b).map((p, k) => [p, k]));
      const log = logX.box.checked && !byRank;
      const at = (p) => byRank ? ranks.get(p) : p;
      const inner = ticks.map(([p]) => at(p)), spread = inner.map((p) => log ? Math.log10(p) : p);
      const step = BESIDE * (Math.max(...spread) - Math.min(...spread) || 1);
      const beside = (p) => log ? at(p) * 10 ** step : at(p) + step;
      const many = ticks.length > 30;
      return {at, beside, x: {type: log ? "log" : "linear", title: {text: plain(axis().name)},
        ...(many && !byRank ? (log ? {tickformat: "~g"} : {}) : {tickmode: "array", tickvals: inner, ticktext: ticks.map(([, text]) => plain(text))})}};
    }
    function draw() {
      const m = metric(), {at, beside, x} = along(), places = axis().places;
      const y = scaleOf(m, logY.box.checked && !logY.hidden, m.mean), traces = [];
      groups.forEach((group, g) => {
        if (state.hidden.has(g)) return;
        const [colour, dash] = look(g), own = group.own.filter((k) => m.mean[k] !== null);
        const half = (k, end) => m[end][k] === null ? 0 : Math.abs(y.place(m[end][k]) - y.place(m.mean[k]));
        if (state.dots && m.runs) {
          for (const [kind, values, symbol] of [["run", m.runs, "circle"], ["stuck run", m.stuck, "x-thin-open"]]) {
            const dots = group.own.flatMap((k) => values[k].filter((v) => v !== null).map((v) => [k, v]));
            if (dots.length) traces.push({type: "scatter", mode: "markers", x: dots.map(([k]) => beside(places[k])),
              y: dots.map(([, v]) => y.place(v)), hovertext: dots.map(([k, v]) => plain(`${kind}: ${nnexp.text(v)}, ${name(k)}`)),
              hoverinfo: "text", marker: {symbol, size: kind === "run" ? 5 : 8, color: css("--dim"), opacity: 0.7}});
          }
        }
        traces.push({
          type: "scatter", mode: group.apart || axis().kind === "categories" && groups.length === 1 ? "markers" : "lines+markers",
          x: own.map((k) => at(places[k])), y: own.map((k) => y.place(m.mean[k])),
          line: {color: colour, dash, width: 1.6}, hoverinfo: "text",
          hovertext: own.map((k) => plain(`${name(k)}: ${range(m.mean[k], m.low[k], m.high[k])}, n = ${chart.n[k]}`)),
          error_y: {type: "data", symmetric: false, color: colour, thickness: 2, width: 5,
            array: own.map((k) => half(k, y.errors ? "low" : "high")), arrayminus: own.map((k) => half(k, y.errors ? "high" : "low"))},
          marker: {color: colour, symbol: own.map((k) => MARKS[chart.marks[k]][0]), size: own.map((k) => MARKS[chart.marks[k]][1]),
            line: {width: own.map((k) => chart.marks[k] === "worse" ? 2 : 0), color: colour}},
        });
      });
      return {traces, x, y: y.axis, perfect: y.perfect, zoom: [state.metric, state.axis, logX.box.checked, logY.box.checked, parts.zoomed].join()};
    }
    const parts = {
      label: `Chart: ${chart.title}. Its values are in the table below it.`,
      draw,
      controls(again) {
        redraw = again;
        logX = nnexp.checkbox("logarithmic along x", false, redraw);
        logY = nnexp.checkbox("logarithmic along y", false, redraw);
        const controls = [];
        if (chart.metrics.length > 1) controls.push(nnexp.select("figure", chart.metrics.map((m) => m.label),
          (k) => { state.metric = k; settleScales(); redraw(); }));
        if (chart.axes.length > 1) controls.push(nnexp.select("along", chart.axes.map((a) => a.name),
          (k) => { state.axis = k; regroup(); relegend(); settleScales(); redraw(); }, state.axis));
        controls.push(logX, logY);
        if (state.dots) controls.push(nnexp.checkbox("each run", true, (shown) => { state.dots = shown; redraw(); }));
        regroup();
        settleScales();
        return controls;
      },
      legend() {
        relegend();
        const marks = [...new Set(chart.marks)].map((mark) => MARKS[mark][2]).filter(Boolean).join("   ");
        return nnexp.element("div", {}, legend, nnexp.element("p", {class: "notes"}, marks));
      },
      recolour: () => legend.recolour?.(),
      values() {
        const m = metric();
        return nnexp.table([...chart.axes.map((a) => a.name), m.label, "95 % interval", "n"], points.map((k) => [
          ...chart.axes.map((a) => a.labels[k]), nnexp.text(m.mean[k]),
          m.low[k] === null ? "-" : `${nnexp.text(m.low[k])} to ${nnexp.text(m.high[k])}`, nnexp.text(chart.n[k])]), chart.title);
      },
    };
    frame(home, chart, parts);
  }

  function curves(home, chart) {
    const keys = chart.order, hidden = new Set();
    const state = {metric: 0, over: "epochs", bands: keys.length <= MOST_BANDS};
    const metric = () => chart.metrics[state.metric], rank = new Map(keys.map((key, k) => [key, k]));
    const look = (key) => [shade(rank.get(key), keys.length), DASHES[rank.get(key) % DASHES.length]];
    const mark = (key) => ({best: " ★ best", highest: " ◆ highest", alike: " ●"})[chart.marks[key]] ?? "";
    let logX, logY, legend = null;

    function draw() {
      const m = metric(), traces = [], shown = m.lines.filter((line) => !hidden.has(line.point));
      const y = scaleOf(m, logY.box.checked && !logY.hidden, shown.flatMap((line) => line.mean));
      const xs = (line) => state.over === "seconds" ? line.seconds : chart.epochs[line.epochs];
      const where = (v) => state.over === "seconds" ? `${nnexp.text(v)} s` : `epoch ${v}`;
      for (const line of shown) {
        const [colour, dash] = look(line.point), x = xs(line), best = ["best", "highest"].includes(chart.marks[line.point]);
        if (state.bands && line.low) traces.push({type: "scatter", mode: "lines", fill: "toself", fillcolor: faint(colour, 0.18),
          line: {width: 0}, hoverinfo: "skip", x: [...x, ...x.slice().reverse()],
          y: [...line.high.map(y.place), ...line.low.map(y.place).reverse()]});
        traces.push({type: "scatter", mode: "lines", x, y: line.mean.map(y.place), line: {color: colour, dash, width: best ? 3 : 1.8},
          hoverinfo: "text", hovertext: x.map((v, k) =>
            plain(`${chart.points[line.point]}, ${where(v)}: ${range(line.mean[k], line.low?.[k], line.high?.[k])}`))});
      }
      for (const run of m.runs.filter((each) => !hidden.has(each.point))) {
        const x = run[state.over], colour = look(run.point)[0], last = run.values.length - 1;
        traces.push({type: "scatter", mode: "lines+markers", x, y: run.values.map(y.place), line: {color: colour, width: 0.8},
          marker: {symbol: "x", color: css(run.status === "diverged" ? "--bad" : "--ink"), size: run.values.map((_, k) => k === last ? 9 : 0)},
          hoverinfo: "text", hovertext: x.map((v, k) => plain(`${run.status} run, ${chart.points[run.point]}, ${where(v)}: ${nnexp.text(run.values[k])}`))});
      }
      const title = state.over === "seconds" ? "training time of a run (s)" : "epoch";
      return {traces, y: y.axis, perfect: y.perfect, zoom: [state.metric, state.over, logX.box.checked, logY.box.checked, parts.zoomed].join(),
        x: {...(logX.box.checked ? {type: "log", tickformat: "~g"} : {type: "linear"}), title: {text: title}}};
    }
    const parts = {
      label: `Chart: ${chart.title}. Its values are in the table below it.`,
      draw,
      controls(redraw) {
        const settle = () => {
          logY.box.checked = metric().scale !== "linear";
          logY.hidden = !metric().error && !metric().log;
        };
        logX = nnexp.checkbox("logarithmic along x", false, redraw);
        logY = nnexp.checkbox("logarithmic along y", false, redraw);
        const timed = chart.metrics[0].lines.some((line) => line.seconds.some((s) => s !== null));
        settle();
        return [
          nnexp.select("figure", chart.metrics.map((m) => m.label), (k) => { state.metric = k; settle(); redraw(); }),
          ...(timed ? [nnexp.select("over", ["epochs", "training time"],
            (k) => { state.over = k ? "seconds" : "epochs"; redraw(); })] : []),
          logX, logY,
          ...(metric().lines.some((line) => line.low) ? [nnexp.checkbox("bands", state.bands, (b) => { state.bands = b; redraw(); })] : []),
        ];
      },
      legend(redraw) {
        legend = keys.length > 1 ? legendOf("points", keys, (key) => chart.points[key] + mark(key), hidden, look, redraw)
          : nnexp.element("span");
        return legend;
      },
      recolour: () => legend.recolour?.(),
      values() {
        const lines = metric().lines.filter((line) => !hidden.has(line.point));
        const epochs = [...new Set(lines.flatMap((line) => chart.epochs[line.epochs]))].sort((a, b) => a - b);
        const at = lines.map((line) => new Map(chart.epochs[line.epochs].map((epoch, k) => [epoch, range(line.mean[k], line.low?.[k], line.high?.[k])])));
        return nnexp.table(["epoch", ...lines.map((line) => chart.points[line.point])],
          epochs.map((epoch) => [String(epoch), ...at.map((own) => own.get(epoch) ?? "-")]), `${metric().label}, ${chart.title}`);
      },
    };
    frame(home, chart, parts);
  }

  // A chart is drawn when it comes near, and all of them before the page is printed.
  const KINDS = {axis: alongAxes, curves};
  const homes = [...document.querySelectorAll("[data-chart]")];
  const draw = (home) => {
    if (home.dataset.drawn) return;
    const chart = nnexp.data(home).charts[home.dataset.chart];
    KINDS[chart.kind](home, chart);
  };
  const near = new IntersectionObserver((entries) => entries.filter((e) => e.isIntersecting).forEach((e) => {
    near.unobserve(e.target);
    draw(e.target);
  }), {rootMargin: "600px"});
  homes.forEach((home) => near.observe(home));
  const again = () => homes.filter((home) => home.dataset.drawn).forEach((home) => home.redraw());
  dark.addEventListener("change", again);
  addEventListener("beforeprint", () => {
    printing = true;
    homes.forEach(draw);
    again();
    homes.forEach((home) => Plotly.Plots.resize(home.querySelector(".plot")));
  });
  addEventListener("afterprint", () => { printing = false; again(); });
})();
