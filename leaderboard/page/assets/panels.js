// The panels of one solver and of one puzzle.

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

function rankWords(family, solver) {
  if (solver.place !== null) return `${solver.place} of ${family.solvers.filter((one) => one.place !== null).length}`;
  if (solver.provisional) return "none: provisional, not run on every cell";
  return `none: ${family.metric && !family.solvers.every((one) => one.place === null) ? "no score" : family.whyUnranked}`;
}

/** The solvers that share a letter with this one. */
function notSeparated(family, solver) {
  const own = new Set(solver.letters.includes(" ") ? solver.letters.split(" ") : solver.letters);
  const shares = (one) => [...(one.letters.includes(" ") ? one.letters.split(" ") : one.letters)].some((letter) => own.has(letter));
  if (solver.place === null) return null;
  return family.solvers.filter((one) => one !== solver && shares(one)).map((one) => one.name).join(", ") || "no other solver";
}

function solverFacts(family, solver) {
  const machines = [...new Set(solver.sessions.filter((id) => data.sessions[id]).map((id) => {
    const one = data.sessions[id];
    return `${one.cpu}, ${one.cores} cores, ${one.jobs} job${one.jobs > 1 ? "s" : ""}, ${one.versions}`;
  }))];
  const { metric } = family;
  const value = (one) => (metric ? metricText(one, metric) : percent(one));
  return facts([
    ["Rank", rankWords(family, solver)],
    ["Not separated from", notSeparated(family, solver)],
    ...(metric
      ? [[`${metric.label}, ${metric.scale === "log" ? "geometric mean" : "mean"}`, value(solver.value)]]
      : [["Puzzles solved", `${solver.solved} of ${family.puzzleCount}`]]),
    [`${100 * (1 - family.alpha)} % interval`, solver.low === null ? "–" : `${value(solver.low)} to ${value(solver.high)}`],
    metric ? ["Cells scored", `${solver.cellsScored} of ${family.cellCount}`] : ["Cells solved", `${solver.cellsSolved} of ${family.cellCount}`],
    ["Coverage", `${solver.covered} of ${family.cellCount} cells`],
    ...family.metrics.filter((one) => one !== metric).map((one) => [`${one.label}, ${one.summary}`, metricText(solver.metrics[one.key], one)]),
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
    parts.push(html("p", {}, link(pairPath(family, s, other), `Compare it with ${family.solvers[other].name}`)));
  }
  parts.push(html("h2", {}, "How its cells ended"), statusCounts(solver.statuses));
  if (family.single) {
    const records = family.single.results.puzzle.map((_, cell) => result(family, s, cell));
    const container = html("div");
    const show = (status) => container.replaceChildren(dataTable({
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
      choice("Status", [["", "any"], ...Object.keys(solver.statuses).map((status) => [status, status])], "", show), container);
  }
  return parts;
}

function puzzlePicture(family, p) {
  const outline = labelOf(family.single.outlines, p);
  return outline ? networkPicture(outline) : null;
}

/** How many solvers solved a puzzle, or have a score on it. */
function puzzleSummary(family, p) {
  const { count, best } = puzzleRecords(family)[p];
  const all = family.solvers.length;
  if (!family.metric) return `A puzzle of ${family.name}. ${count} of ${all} solvers solved it.`;
  const first = best ? ` The best ${family.metric.label} is ${metricText(best.value, family.metric)}, by ${family.solvers[best.s].name}.` : "";
  return `A puzzle of ${family.name}. ${count} of ${all} solvers have a score.${first}`;
}

function puzzlePanel(family, p) {
  const { single } = family;
  const cells = cellsOf(family, p);
  const records = family.solvers.flatMap((_, s) => cells.map((cell) => result(family, s, cell)));
  const said = (part) => Object.entries(single[part]).map(([key, column]) => [key, labelOf(column, p)]);
  const own = new Set(Object.keys(single.spec));
  return [
    html("h1", { tabindex: -1 }, single.names[p]),
    html("p", {}, puzzleSummary(family, p)),
    puzzlePicture(family, p),
    strip(records.map((one) => ({ status: one.status, title: `${family.solvers[one.solver].name}: ${one.status}` })), "One square per result; the table says the same"),
    facts([["Digest", html("code", {}, single.digests[p])], ...said("groups").filter(([key]) => !own.has(key))]),
    html("h2", {}, "Public part of the recipe"),
    Object.keys(single.spec).length ? facts(said("spec")) : html("p", {}, "The store has no manifest of this puzzle."),
    html("h2", {}, "Solver by solver"),
    dataTable({ caption: `Results on ${single.names[p]}`, records,
      columns: resultColumns(family, { label: "solver", head: true, value: (one) => family.solvers[one.solver].name,
        cell: (one) => link(solverPath(family, one.solver), family.solvers[one.solver].name) }) }),
  ];
}
