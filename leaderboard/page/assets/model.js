// The page's data, and functions to look up values in the data.

const data = JSON.parse(byId("data").textContent);
const SOLVED = data.endings.indexOf("solved");

/** Position of each puzzle's first cell; cells are sorted by puzzle. */
function startsOf(family) {
  const starts = new Array(family.single.digests.length + 1).fill(0);
  for (const puzzle of family.single.results.puzzle) starts[puzzle + 1] += 1;
  for (let n = 1; n < starts.length; n += 1) starts[n] += starts[n - 1];
  return starts;
}

for (const family of data.families) {
  family.path = `#/f/${encodeURIComponent(family.name)}`;
  family.metric = family.metrics.find((metric) => metric.key === family.rankBy) || null; // null if puzzles solved rank the solvers
  if (family.single) family.starts = startsOf(family);
}

const solverPath = (family, s) => `${family.path}/s/${encodeURIComponent(family.solvers[s].name)}`;
const puzzlePath = (family, p) => `${family.path}/p/${family.single.digests[p].slice(0, 16)}`;
const pairPath = (family, a, b) => `${family.path}/c/${encodeURIComponent(family.solvers[a].name)}/${encodeURIComponent(family.solvers[b].name)}`;
const solverNamed = (family, name) => family.solvers.findIndex((solver) => solver.name === name);
const solvedIt = (family, s, p) => family.single.solved[s][p] === "1";

/** The value of a label, or of a field of the spec, for one puzzle; null if the puzzle has no value. */
function labelOf(column, p) {
  return column.values[column.codes[p]];
}

/** One cell of one solver. */
function result(family, s, cell) {
  const { results } = family.single;
  const own = results.solvers[s];
  return {
    solver: s,
    puzzle: results.puzzle[cell],
    seed: results.seed[cell],
    status: data.endings[parseInt(own.status[cell], 36)],
    wall_s: own.wall_s[cell],
    reason: own.reason[cell] === null ? "" : results.reasons[own.reason[cell]],
    metric: (key) => own.metrics[key][cell],
  };
}

const cellsOf = (family, p) => Array.from({ length: family.starts[p + 1] - family.starts[p] }, (_, n) => family.starts[p] + n);
const manySeeds = (family) => new Set(family.single.results.seed).size > 1;

/** The time by which more than half of a puzzle's cells are solved; null if they never are. */
function solvedWithin(family, s, p) {
  const own = family.single.results.solvers[s];
  const cells = cellsOf(family, p);
  const times = cells.filter((cell) => parseInt(own.status[cell], 36) === SOLVED && own.wall_s[cell] !== null).map((cell) => own.wall_s[cell]);
  return times.sort((a, b) => a - b)[Math.floor(cells.length / 2)] ?? null;
}

/** The ranking metric of one solver on one puzzle, seeds averaged. */
function valueOn(family, s, p) {
  if (!family.positions) family.positions = new Map(family.byPuzzle.puzzles.map((puzzle, n) => [puzzle, n]));
  return family.byPuzzle.values[s][family.positions.get(p)];
}

/** Whether the first value of a metric is better than the second. */
const isBetter = (metric, first, second) => (metric.better === "high" ? first > second : first < second);

/** How many solvers, from the top of the table, can be compared in pairs. */
const pairCount = (family) => (family.pairs ? family.pairs.p : family.both || family.solvers).length;

/** How many puzzles two solvers both solved. */
function bothSolved(family, a, b) {
  if (!family.single) return family.both[a][b];
  let count = 0;
  for (let p = 0; p < family.puzzleCount; p += 1) count += solvedIt(family, a, p) && solvedIt(family, b, p);
  return count;
}
