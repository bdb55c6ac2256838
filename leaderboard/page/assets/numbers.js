// Formats of numbers, and the McNemar test of a pair of solvers.

const LARGEST = 1e308; // the store's value for infinity
const number = (value, digits = 3) => (value === null ? "–" : String(Number(value.toPrecision(digits))));
const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)} %`;

function metricText(value, metric) {
  if (value === null || value === undefined) return "–";
  if (Math.abs(value) >= LARGEST) return value > 0 ? "∞" : "−∞";
  if (metric.shown === "percent") return percent(value, metric.digits);
  return metric.shown === "scientific" ? value.toExponential(metric.digits) : value.toFixed(metric.digits);
}

function seconds(value) {
  if (value === null) return "–";
  if (value >= 100) return `${value.toFixed(0)} s`;
  if (value >= 1) return `${value.toFixed(2)} s`;
  return `${Number((1000 * value).toPrecision(3))} ms`;
}

/** A power of ten in seconds, for an axis. */
function axisTime(value) {
  if (value >= 1) return `${Number(value.toPrecision(1))} s`;
  return value >= 0.0009 ? `${Number((1000 * value).toPrecision(1))} ms` : `${Number((1e6 * value).toPrecision(1))} µs`;
}

/** Two-sided p of the exact McNemar test: twice the smaller tail of the fair binomial distribution. */
function mcnemar(onlyFirst, onlySecond) {
  const n = onlyFirst + onlySecond;
  const least = Math.min(onlyFirst, onlySecond);
  let logTerm = -n * Math.LN2; // log of C(n, k) / 2^n
  const terms = [];
  for (let k = 0; k <= least; k += 1) {
    terms.push(logTerm);
    logTerm += Math.log(n - k) - Math.log(k + 1);
  }
  const top = terms[least];
  const tail = terms.reduce((sum, term) => sum + Math.exp(term - top), 0);
  return Math.min(1, 2 * Math.exp(top) * tail);
}

const probability = (p) => (p < 0.0001 ? p.toExponential(1) : String(Number(p.toPrecision(2))));
const compareText = new Intl.Collator(undefined, { numeric: true }).compare;

/** Orders two values; unknown values come last in both directions. */
function compareValues(a, b, sign) {
  const [noA, noB] = [a === null || a === "", b === null || b === ""];
  if (noA || noB) return noA - noB;
  return sign * (typeof a === "number" && typeof b === "number" ? a - b : compareText(String(a), String(b)));
}
