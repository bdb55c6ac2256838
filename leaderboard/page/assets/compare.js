// The panel that compares two solvers, puzzle by puzzle.

function pairCounts(family, a, b) {
  if (family.metric) {
    const [aheadA, aheadB] = [family.pairs.ahead[a][b], family.pairs.ahead[b][a]];
    return { aheadA, aheadB, equal: family.puzzleCount - aheadA - aheadB, p: family.pairs.p[a][b] };
  }
  const both = bothSolved(family, a, b);
  const onlyA = family.solvers[a].solved - both;
  const onlyB = family.solvers[b].solved - both;
  return { both, onlyA, onlyB, neither: family.puzzleCount - both - onlyA - onlyB, p: mcnemar(onlyA, onlyB) };
}

function verdict(family, a, b, counts) {
  const [first, second] = [family.solvers[a], family.solvers[b]];
  const { metric } = family;
  const test = `${metric ? "sign-flip test over puzzles" : "exact McNemar test"}, two-sided, for this pair alone, p = ${probability(counts.p)}`;
  const [x, y] = metric ? [first.value, second.value] : [counts.onlyA, counts.onlyB];
  if (x === y) return `Neither is ahead: ${test}.`;
  const [ahead, behind] = (metric ? isBetter(metric, x, y) : x > y) ? [first, second] : [second, first];
  if (!(counts.p <= family.alpha)) return `These puzzles do not separate the two: ${test}, above ${family.alpha}.`;
  const words = metric ? `has the better ${metric.label} than` : "solves more than";
  return `${ahead.name} ${words} ${behind.name}: ${test}, at most ${family.alpha}.`;
}

function aheadTable([nameA, nameB], counts) {
  const row = (label, count) => html("tr", {}, html("th", { scope: "row" }, label), html("td", { class: "number" }, count));
  return html("div", { class: "scroll narrow" }, html("table", { class: "counts" },
    html("caption", {}, "Puzzles by the better solver"),
    html("tbody", {}, row(`${nameA} is better`, counts.aheadA), row(`${nameB} is better`, counts.aheadB), row("equal", counts.equal))));
}

function countTable([nameA, nameB], counts) {
  const row = (label, yes, no) => html("tr", {}, html("th", { scope: "row" }, label), html("td", { class: "number" }, yes), html("td", { class: "number" }, no));
  return html("div", { class: "scroll narrow" }, html("table", { class: "counts" },
    html("caption", {}, "Puzzles by the solvers that solved them"),
    html("thead", {}, html("tr", {}, html("td"), html("th", { scope: "col" }, `${nameB} solved`), html("th", { scope: "col" }, `${nameB} did not`))),
    html("tbody", {}, row(`${nameA} solved`, counts.both, counts.onlyA), row(`${nameA} did not`, counts.onlyB, counts.neither))));
}

function pairRecords(family, a, b) {
  if (family.metric) {
    return family.single.digests.map((_, p) => {
      const [first, second] = [valueOn(family, a, p), valueOn(family, b, p)];
      const outcome = first === second ? "equal" : isBetter(family.metric, first, second) ? "first" : "second";
      return { p, name: family.single.names[p], outcome, a: first, b: second };
    });
  }
  return family.single.digests.map((_, p) => {
    const [byA, byB] = [solvedIt(family, a, p), solvedIt(family, b, p)];
    const outcome = byA ? (byB ? "both" : "first only") : byB ? "second only" : "neither";
    return { p, name: family.single.names[p], outcome, a: solvedWithin(family, a, p), b: solvedWithin(family, b, p) };
  });
}

function pairTable(family, [nameA, nameB], records) {
  const { metric } = family;
  const outcomes = metric ? { first: nameA, second: nameB, equal: "equal" } : { both: "both", "first only": `only ${nameA}`, "second only": `only ${nameB}`, neither: "neither" };
  const text = metric ? (value) => metricText(value, metric) : seconds;
  const ratio = (one) => (one.a !== null && one.b !== null && one.a > 0 ? one.b / one.a : null);
  const container = html("div");
  const show = (outcome) => container.replaceChildren(dataTable({
    caption: `${nameA} and ${nameB}, puzzle by puzzle`,
    records: outcome ? records.filter((one) => one.outcome === outcome) : records,
    columns: [
      { label: "puzzle", head: true, value: (one) => one.name, cell: (one) => link(puzzlePath(family, one.p), one.name) },
      { label: metric ? "better" : "solved by", value: (one) => outcomes[one.outcome] },
      { label: nameA, number: true, value: (one) => one.a, cell: (one) => text(one.a) },
      { label: nameB, number: true, value: (one) => one.b, cell: (one) => text(one.b) },
      { label: "second / first", number: true, value: ratio, cell: (one) => number(ratio(one)) },
    ],
  }));
  show("");
  return [choice(metric ? "Better solver" : "Solved by", [["", "any"], ...Object.entries(outcomes)], "", show), container];
}

function pairPlot({ metric }, dots, names) {
  const time = { axis: logScale, text: seconds, tick: axisTime, what: "wall time" };
  const how = metric
    ? { axis: (values, from, to) => metricScale(metric, values, from, to), text: (value) => metricText(value, metric), tick: axisMetric(metric), what: metric.label }
    : time;
  return html("div", { class: "square" }, responsive(pairScatter(dots, ...names, how), `${how.what}, solver against solver`));
}

function pairPanel(family, a, b) {
  const names = [family.solvers[a].name, family.solvers[b].name];
  const counts = pairCounts(family, a, b);
  const options = family.solvers.slice(0, pairCount(family)).map((solver, s) => [s, solver.name]);
  const go = (first, second) => { location.hash = pairPath(family, Number(first), Number(second)); };
  const parts = [
    html("h1", { tabindex: -1 }, `${names[0]} and ${names[1]}`),
    html("div", { class: "filters" },
      choice("First", options, a, (value) => go(value, b)), choice("Second", options, b, (value) => go(a, value)),
      html("button", { type: "button", on: { click: () => go(b, a) } }, "Swap")),
    html("p", { class: "verdict" }, verdict(family, a, b, counts)),
    family.metric ? aheadTable(names, counts) : countTable(names, counts),
  ];
  if (family.single) {
    const records = pairRecords(family, a, b);
    const dots = family.metric ? records : records.filter((one) => one.a > 0 && one.b > 0);
    if (dots.length) parts.push(html("h2", {}, family.metric ? `${family.metric.label} on each puzzle` : "Time on the puzzles that both solved"), pairPlot(family, dots, names));
    parts.push(html("h2", {}, "Puzzle by puzzle"), ...pairTable(family, names, records));
  }
  return parts;
}
