// One solver, or one puzzle.

const statusText = (status) => html("span", { class: `tag ${status}` }, status);

function resultColumns(family, lead) {
  return [
    lead,
    ...(manySeeds(family) ? [{ label: "seed", number: true, value: (one) => one.seed }] : []),
    { label: "status", value: (one) => one.status, cell: (one) => statusText(one.status) },
    { label: "wall time", number: true, value: (one) => one.wall_s, cell: (one) => seconds(one.wall_s) },
    ...family.metrics.filter((metric) => metric.headline).map((metric) => ({
      label: metric.label, number: true, first: metric.better === "high" ? "descending" : "ascending",
      value: (one) => one.metric(metric.key), cell: (one) => metricText(one.metric(metric.key), metric),
    })),
    { label: "reason", words: true, value: (one) => one.reason, cell: (one) => html("span", { class: "reason" }, one.reason) },
  ];
}

const statusCounts = (statuses) => html("ul", { class: "statuses" },
  Object.entries(statuses).map(([status, count]) => html("li", {}, statusText(status), ` ${count}`)));

function solverFacts(family, solver) {
  const machines = [...new Set(solver.sessions.filter((id) => data.sessions[id]).map((id) => {
    const one = data.sessions[id];
    return `${one.cpu}, ${one.cores} cores, ${one.jobs} job${one.jobs > 1 ? "s" : ""}, ${one.versions}`;
  }))];
  return facts([
    ["Rank", solver.rank === null ? "none: provisional, not run on every cell" : `${solver.rank} of ${family.solvers.length}`],
    ["Puzzles solved", `${solver.solved} of ${family.puzzleCount}`],
    [`${100 * (1 - family.alpha)} % interval`, `${percent(solver.low)} to ${percent(solver.high)}`],
    ["Cells solved", `${solver.cellsSolved} of ${family.cellCount}`],
    ["Coverage", `${solver.covered} of ${family.cellCount} cells`],
    ...family.metrics.map((metric) => [`${metric.label}, ${metric.summary}`, metricText(solver.metrics[metric.key], metric)]),
    ["Median wall time", solver.wall_s === null ? "∞" : seconds(solver.wall_s)],
    ["Parameters", solver.parameters || "none set"],
    ["Digest of the source", html("code", {}, solver.source)],
    ["Limits", solver.limits.join("; ")],
    ["Measured on", machines.join("; ")],
  ]);
}

function solverPanel(family, s) {
  const solver = family.solvers[s];
  const parts = [html("h1", { tabindex: -1 }, solver.name), html("p", {}, `A solver of ${family.name}.`), solverFacts(family, solver)];
  if (family.solvers.length > 1) {
    const other = s === 0 ? 1 : 0;
    parts.push(html("p", {}, link(pairPath(family, s, other), `Set it beside ${family.solvers[other].name}`)));
  }
  parts.push(html("h2", {}, "How its cells ended"), statusCounts(solver.statuses));
  if (family.single) {
    const records = family.single.results.puzzle.map((_, cell) => result(family, s, cell));
    const place = html("div");
    const show = (status) => place.replaceChildren(dataTable({
      caption: `Results of ${solver.name}`,
      records: status ? records.filter((one) => one.status === status) : records,
      columns: resultColumns(family, { label: "puzzle", head: true, value: (one) => family.single.names[one.puzzle],
        cell: (one) => link(puzzlePath(family, one.puzzle), family.single.names[one.puzzle]) }),
    }));
    show("");
    const shown = records.slice(0, 800);
    parts.push(
      strip(shown.map((one) => ({ status: one.status, title: `${family.single.names[one.puzzle]}: ${one.status}` })), `One square per cell, ${shown.length} of ${records.length}; the table says the same`),
      html("h2", {}, "Puzzle by puzzle"),
      choice("Status", [["", "any"], ...Object.keys(solver.statuses).map((status) => [status, status])], "", show), place);
  }
  return parts;
}

function puzzlePicture(family, p) {
  const said = (key) => {
    const column = family.single.spec[key] || family.single.groups[key];
    const value = column ? labelOf(column, p) : null;
    return Number.isInteger(value) && value > 0 ? value : null;
  };
  const [depth, width] = [said("depth"), said("width")];
  return depth && width ? networkPicture(depth, width, said("hidden") || 0) : null;
}

function puzzlePanel(family, p) {
  const { single } = family;
  const cells = cellsOf(family, p);
  const records = family.solvers.flatMap((_, s) => cells.map((cell) => result(family, s, cell)));
  const solvers = family.solvers.map((_, s) => s).filter((s) => solvedIt(family, s, p));
  const said = (part) => Object.entries(single[part]).map(([key, column]) => [key, labelOf(column, p)]);
  const own = new Set(Object.keys(single.spec));
  return [
    html("h1", { tabindex: -1 }, single.names[p]),
    html("p", {}, `A puzzle of ${family.name}. ${solvers.length} of ${family.solvers.length} solvers solved it.`),
    puzzlePicture(family, p),
    strip(records.map((one) => ({ status: one.status, title: `${family.solvers[one.solver].name}: ${one.status}` })), "One square per result; the table says the same"),
    facts([["Digest", html("code", {}, single.digests[p])], ...said("groups").filter(([key]) => !own.has(key))]),
    html("h2", {}, "Recipe, as far as it is public"),
    Object.keys(single.spec).length ? facts(said("spec")) : html("p", {}, "The store has no manifest of this puzzle."),
    html("h2", {}, "Solver by solver"),
    dataTable({ caption: `Results on ${single.names[p]}`, records,
      columns: resultColumns(family, { label: "solver", head: true, value: (one) => family.solvers[one.solver].name,
        cell: (one) => link(solverPath(family, one.solver), family.solvers[one.solver].name) }) }),
  ];
}
