// Two solvers side by side, puzzle by puzzle.

function pairCounts(family, a, b) {
  const both = bothSolved(family, a, b);
  const onlyA = family.solvers[a].solved - both;
  const onlyB = family.solvers[b].solved - both;
  return { both, onlyA, onlyB, neither: family.puzzleCount - both - onlyA - onlyB, p: mcnemar(onlyA, onlyB) };
}

function verdict(family, [nameA, nameB], counts) {
  const test = `exact McNemar test, two-sided, p = ${probability(counts.p)}`;
  if (counts.onlyA === counts.onlyB) return `Neither is ahead: ${test}.`;
  const [ahead, behind] = counts.onlyA > counts.onlyB ? [nameA, nameB] : [nameB, nameA];
  return counts.p < family.alpha
    ? `${ahead} solves more than ${behind}: ${test}, below ${family.alpha}.`
    : `These puzzles cannot tell them apart: ${test}, not below ${family.alpha}.`;
}

function countTable([nameA, nameB], counts) {
  const row = (label, yes, no) => html("tr", {}, html("th", { scope: "row" }, label), html("td", { class: "number" }, yes), html("td", { class: "number" }, no));
  return html("div", { class: "scroll narrow" }, html("table", { class: "counts" },
    html("caption", {}, "Puzzles by who solved them"),
    html("thead", {}, html("tr", {}, html("td"), html("th", { scope: "col" }, `${nameB} solved`), html("th", { scope: "col" }, `${nameB} did not`))),
    html("tbody", {}, row(`${nameA} solved`, counts.both, counts.onlyA), row(`${nameA} did not`, counts.onlyB, counts.neither))));
}

function pairRecords(family, a, b) {
  return family.single.digests.map((_, p) => {
    const [byA, byB] = [solvedIt(family, a, p), solvedIt(family, b, p)];
    const outcome = byA ? (byB ? "both" : "first only") : byB ? "second only" : "neither";
    return { p, name: family.single.names[p], outcome, a: solvedWithin(family, a, p), b: solvedWithin(family, b, p) };
  });
}

function pairTable(family, [nameA, nameB], records) {
  const outcomes = { both: "both", "first only": `only ${nameA}`, "second only": `only ${nameB}`, neither: "neither" };
  const ratio = (one) => (one.a !== null && one.b !== null && one.a > 0 ? one.b / one.a : null);
  const place = html("div");
  const show = (outcome) => place.replaceChildren(dataTable({
    caption: `${nameA} and ${nameB}, puzzle by puzzle`,
    records: outcome ? records.filter((one) => one.outcome === outcome) : records,
    columns: [
      { label: "puzzle", head: true, value: (one) => one.name, cell: (one) => link(puzzlePath(family, one.p), one.name) },
      { label: "solved by", value: (one) => outcomes[one.outcome] },
      { label: nameA, number: true, value: (one) => one.a, cell: (one) => seconds(one.a) },
      { label: nameB, number: true, value: (one) => one.b, cell: (one) => seconds(one.b) },
      { label: "second / first", number: true, value: ratio, cell: (one) => number(ratio(one)) },
    ],
  }));
  show("");
  return [choice("Solved by", [["", "any"], ...Object.entries(outcomes)], "", show), place];
}

function pairPanel(family, a, b) {
  const names = [family.solvers[a].name, family.solvers[b].name];
  const counts = pairCounts(family, a, b);
  const options = family.solvers.slice(0, family.both ? family.both.length : undefined).map((solver, s) => [s, solver.name]);
  const go = (first, second) => { location.hash = pairPath(family, Number(first), Number(second)); };
  const parts = [
    html("h1", { tabindex: -1 }, `${names[0]} and ${names[1]}`),
    html("div", { class: "filters" },
      choice("First", options, a, (value) => go(value, b)), choice("Second", options, b, (value) => go(a, value)),
      html("button", { type: "button", on: { click: () => go(b, a) } }, "Swap")),
    html("p", { class: "verdict" }, verdict(family, names, counts)),
    countTable(names, counts),
  ];
  if (family.single) {
    const records = pairRecords(family, a, b);
    const timed = records.filter((one) => one.a > 0 && one.b > 0);
    if (timed.length) parts.push(html("h2", {}, "Time on the puzzles that both solved"), html("div", { class: "square" }, responsive(timeScatter(timed, ...names), "Time against time")));
    parts.push(html("h2", {}, "Puzzle by puzzle"), ...pairTable(family, names, records));
  }
  return parts;
}
