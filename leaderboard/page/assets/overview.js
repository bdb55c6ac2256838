// The parts below each family's table: a plot of the ranking measure, results by label, puzzles, machines.

/** A plot with a line per solver, buttons that hide and show lines, and the same numbers as a table. */
function lineSection({ family, heading, note, label, plot, table }) {
  const hidden = new Set();
  const said = html("p", { class: "said", "aria-live": "polite" });
  const container = responsive(plot(family, hidden, (text) => { said.textContent = text; }), label);
  const toggle = (n) => (event) => {
    const off = !hidden.has(n);
    hidden[off ? "add" : "delete"](n);
    event.currentTarget.setAttribute("aria-pressed", String(!off));
    container.querySelector(`[data-line="${n}"]`).toggleAttribute("hidden", off);
  };
  const legend = family.solvers.map((solver, n) =>
    html("button", { type: "button", class: lineClass(n), "aria-pressed": "true", on: { click: toggle(n) } },
      svg("svg", { class: "key", width: 22, height: 10, "aria-hidden": "true" }, svg("line", { x1: 0, x2: 22, y1: 5, y2: 5, "stroke-dasharray": dash(n) })), solver.name));
  return html("section", {}, html("h3", {}, heading),
    html("p", { class: "note" }, `${note} Point at a line, or move to it with Tab, to read its name. The buttons hide and show lines.`),
    container, said, html("div", { class: "legend", role: "group", "aria-label": "Lines shown" }, legend),
    html("details", {}, html("summary", {}, "The same as a table"), table));
}

function cactusSection(family) {
  const within = (line, time) => line.solved[line.wall_s.findLastIndex((wall) => wall <= time)] ?? 0;
  const table = dataTable({
    caption: `Puzzles of ${family.puzzleCount} solved within a time`,
    records: family.solvers.map((solver, n) => ({ solver, line: family.cactus[n] })),
    columns: [
      { label: "solver", head: true, value: (one) => one.solver.name },
      ...[0.1, 1, 10, 60].map((mark) => ({ label: `${mark} s`, number: true, first: "descending", value: (one) => within(one.line, mark) })),
      { label: "any time", number: true, first: "descending", value: (one) => one.solver.solved },
    ],
  });
  return lineSection({ family, table, plot: cactusPlot, heading: "Solved within a time", label: "Puzzles solved within a time, one line per solver",
    note: "A puzzle counts from the time within which more than half of its cells are solved." });
}

function metricSection(family) {
  const { metric, byPuzzle } = family;
  const table = dataTable({
    caption: `${metric.label} by puzzle`,
    records: byPuzzle.names.map((name, n) => ({ name, n })),
    columns: [
      { label: "puzzle", head: true, value: (one) => one.name },
      ...family.solvers.map((solver, s) => ({ label: solver.name, number: true, value: (one) => byPuzzle.values[s][one.n], cell: (one) => metricText(byPuzzle.values[s][one.n], metric) })),
    ],
  });
  const way = metric.better === "low" ? "Lower" : "Higher";
  return lineSection({ family, table, plot: metricPlot, heading: `${metric.label} by puzzle`, label: `${metric.label} by puzzle, one line per solver`,
    note: `${way} is better. Seeds of a puzzle are averaged; a cell without a score counts as a failure.` });
}

const rankingSection = (family) => (family.metric ? metricSection(family) : cactusSection(family));

/** One solver's result on the puzzles with one value of a label: text, interval, a bar for shares, and a value for sorting. */
function facetResult(family, facet, s, v) {
  const [low, high] = [facet.low[s][v], facet.high[s][v]];
  const { metric } = family;
  if (metric) {
    const value = facet.mean[s][v];
    return { value, shown: metricText(value, metric), interval: `${metricText(low, metric)}–${metricText(high, metric)}`, bar: null };
  }
  const [solved, all] = [facet.solved[s][v], facet.puzzles[v]];
  const interval = `${(100 * low).toFixed(0)}–${(100 * high).toFixed(0)} %`;
  return { value: solved / all, shown: `${solved}/${all}`, interval, bar: shareBar(solved / all, low, high) };
}

function facetTable(family, facet) {
  const cell = (s, v) => {
    const { shown, interval, bar } = facetResult(family, facet, s, v);
    return html("div", { class: bar ? "share" : null, title: `${100 * (1 - family.alpha)} % interval ${interval}` },
      html("span", {}, shown, html("span", { class: "unseen" }, `, interval ${interval}`)), bar);
  };
  const { metric } = family;
  return dataTable({
    caption: metric ? `${metric.label} by ${facet.key}, averaged over puzzles` : `Puzzles solved by ${facet.key}; whiskers are Wilson intervals`,
    records: family.solvers.map((solver, s) => s),
    step: 30,
    columns: [
      { label: "solver", head: true, value: (s) => family.solvers[s].name, cell: (s) => link(solverPath(family, s), family.solvers[s].name) },
      ...facet.values.map((value, v) => ({
        label: `${value}`, first: metric && metric.better === "low" ? "ascending" : "descending", value: (s) => facetResult(family, facet, s, v).value, cell: (s) => cell(s, v),
      })),
    ],
  });
}

function facetSection(family) {
  if (!family.facets.length) return null;
  const container = html("div");
  const show = (key) => container.replaceChildren(facetTable(family, family.facets.find((facet) => facet.key === key)));
  show(family.facets[0].key);
  return html("section", {}, html("h3", {}, "Results by kind of puzzle"),
    choice("By", family.facets.map((facet) => [facet.key, facet.key]), family.facets[0].key, show), container);
}

function puzzleRecords(family) {
  return family.single.digests.map((digest, p) => {
    let [count, best] = [0, null];
    if (family.metric) {
      for (let s = 0; s < family.solvers.length; s += 1) {
        const value = valueOn(family, s, p);
        count += cellsOf(family, p).some((cell) => result(family, s, cell).status === "scored");
        if (best === null || isBetter(family.metric, value, best.value)) best = { s, value };
      }
      return { p, name: family.single.names[p], digest, count, best: count ? best : null };
    }
    for (let s = 0; s < family.solvers.length; s += 1) {
      if (!solvedIt(family, s, p)) continue;
      count += 1;
      const time = solvedWithin(family, s, p);
      if (time !== null && (best === null || time < best.time)) best = { s, time };
    }
    return { p, name: family.single.names[p], digest, count, best };
  });
}

function puzzleSection(family) {
  if (!family.single) return null;
  const all = puzzleRecords(family);
  const groups = Object.entries(family.single.groups);
  const container = html("div");
  const show = (text) => {
    const wanted = text.toLowerCase();
    const matches = ({ p, name, digest }) => [name, digest, ...groups.map(([, column]) => labelOf(column, p))].join(" ").toLowerCase().includes(wanted);
    container.replaceChildren(dataTable({
      caption: `Puzzles of ${family.name}`,
      records: wanted ? all.filter(matches) : all,
      step: 25,
      columns: [
        { label: "puzzle", head: true, value: (one) => one.name, cell: (one) => link(puzzlePath(family, one.p), one.name) },
        ...groups.map(([key, column]) => ({ label: key, number: typeof column.values[0] === "number", words: column.values.some((value) => String(value).length > 12), value: (one) => labelOf(column, one.p), cell: (one) => labelOf(column, one.p) ?? "–" })),
        { label: `${family.metric ? "scored" : "solved"} by, of ${family.solvers.length}`, number: true, value: (one) => one.count },
        { label: family.metric ? `best ${family.metric.label}` : "quickest", words: true, value: (one) => (one.best ? one.best.value ?? one.best.time : null),
          cell: (one) => (one.best ? [`${family.metric ? metricText(one.best.value, family.metric) : seconds(one.best.time)}, `, link(solverPath(family, one.best.s), family.solvers[one.best.s].name)] : "–") },
      ],
    }));
  };
  show("");
  const input = html("input", { type: "search", autocomplete: "off", on: { input: () => show(input.value) } });
  return html("section", {}, html("h3", {}, "Puzzles"), html("label", {}, "Find ", input), container);
}

function pairSection(family) {
  if (family.solvers.length < 2) return null;
  return html("p", {}, link(pairPath(family, 0, 1), `Set two ${family.name} solvers side by side`));
}

function machineSection() {
  const sessions = Object.entries(data.sessions);
  if (!sessions.length) return null;
  return html("section", {}, html("h2", {}, "Measured on"), dataTable({
    caption: "Machine and settings of each session",
    records: sessions,
    step: 10,
    columns: [
      { label: "started", head: true, value: ([, one]) => one.started.replace("T", " ") },
      { label: "processor", value: ([, one]) => one.cpu },
      { label: "cores", number: true, value: ([, one]) => one.cores },
      { label: "jobs", number: true, value: ([, one]) => one.jobs },
      { label: "threads", number: true, value: ([, one]) => one.threads },
      { label: "isolation", value: ([, one]) => one.isolation },
      { label: "versions", words: true, value: ([, one]) => one.versions },
    ],
  }));
}

/** Filters the tables of the markup by name, family and status. */
function filterTables() {
  const [text, family, status, count] = ["filter-text", "filter-family", "filter-status", "filter-count"].map(byId);
  const apply = () => {
    const wanted = text.value.trim().toLowerCase();
    let shown = 0;
    for (const section of document.querySelectorAll(".family")) {
      const { name } = data.families[Number(section.dataset.family)];
      section.hidden = family.value !== "" && family.value !== name;
      for (const row of section.querySelector(".ranking").tBodies[0].rows) {
        const named = row.dataset.solver.toLowerCase().includes(wanted);
        row.hidden = !(named && (status.value === "" || row.dataset.statuses.split(" ").includes(status.value)));
        shown += !row.hidden && !section.hidden;
      }
    }
    count.textContent = `${shown} solver${shown === 1 ? "" : "s"}`;
  };
  for (const control of [text, family, status]) control.addEventListener("input", apply);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  family.closest("label").hidden = data.families.length < 2;
  apply();
}

function drawOverview() {
  for (const table of document.querySelectorAll("[data-sortable]")) sortMarkup(table);
  for (const section of document.querySelectorAll(".family")) {
    const family = data.families[Number(section.dataset.family)];
    for (const name of section.querySelectorAll("a[data-number]")) name.href = solverPath(family, Number(name.dataset.number));
    section.querySelector("[data-more]").append(
      ...[pairSection, rankingSection, facetSection, puzzleSection].map((draw) => draw(family)).filter(Boolean));
  }
  const machines = machineSection();
  if (machines) byId("overview").append(machines);
  if (data.summed) {
    byId("summed").hidden = false;
    byId("summed").textContent = `This page summarises ${data.results} results. With more than ${data.most} results it leaves out single puzzles and single results; netjigsaw leaderboard --by puzzle shows them.`;
  }
  filterTables();
}
