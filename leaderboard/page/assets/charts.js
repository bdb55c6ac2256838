// Plots as inline SVG. Only a few kinds are needed, so the page carries no chart library.

const COLOURS = 8;
const DASHES = ["", "6 3", "2 3"];
const HEIGHT = 320;
const EDGE = { left: 52, right: 14, top: 12, bottom: 42 };
const lineClass = (n) => `series c${n % COLOURS}`;
const dash = (n) => DASHES[Math.floor(n / COLOURS) % DASHES.length] || null;

/** A chart that is redrawn whenever its width changes, so that its text keeps its size on a phone. */
function responsive(draw, label) {
  const container = html("div", { class: "chart", role: "group", "aria-label": label });
  let last = 0;
  new ResizeObserver(() => {
    const width = Math.floor(container.clientWidth);
    if (width && width !== last) {
      last = width;
      container.replaceChildren(draw(width));
    }
  }).observe(container);
  return container;
}

function logScale(values, from, to) {
  const positive = values.filter((value) => value > 0);
  const low = Math.log10(0.8 * Math.min(...positive, 1));
  const high = Math.log10(1.25 * Math.max(...positive, 10 ** (low + 0.5)));
  const scale = (value) => from + ((Math.log10(Math.max(value, 10 ** low)) - low) / (high - low)) * (to - from);
  const room = Math.abs(to - from) / 55; // number of labels that fit
  const every = Math.max(1, Math.ceil((high - low) / room));
  const within = 3 * (high - low) <= room ? [1, 2, 5] : [1];
  const ticks = [];
  for (let power = Math.floor(low); power <= high; power += every) ticks.push(...within.map((part) => part * 10 ** power));
  return { scale, ticks: ticks.filter((tick) => tick >= 10 ** low && tick <= 10 ** high) };
}

function wholeTicks(most) {
  const raw = most / 5;
  const power = 10 ** Math.floor(Math.log10(Math.max(raw, 1)));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw) || 1;
  const ticks = [];
  for (let value = 0; value <= most; value += step) ticks.push(value);
  return ticks;
}

function axes(width, xTicks, yTicks, { x, y, xText, yText, xLabel, yLabel }) {
  const [right, bottom] = [width - EDGE.right, HEIGHT - EDGE.bottom];
  return svg("g", { class: "axes", "aria-hidden": "true" },
    yTicks.map((value) => [
      svg("line", { x1: EDGE.left, x2: right, y1: y(value), y2: y(value) }),
      svg("text", { x: EDGE.left - 6, y: y(value) + 4, "text-anchor": "end" }, yText(value)),
    ]),
    xTicks.map((value) => [
      svg("line", { x1: x(value), x2: x(value), y1: EDGE.top, y2: bottom }),
      svg("text", { x: x(value), y: bottom + 16, "text-anchor": "middle" }, xText(value)),
    ]),
    svg("text", { x: (EDGE.left + right) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, xLabel),
    svg("text", { transform: `translate(12 ${(EDGE.top + bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, yLabel));
}

/** Puzzles solved within a time, a line per solver; `hidden` holds the numbers of the lines that are switched off. */
function cactusPlot(family, hidden, say) {
  const most = Math.max(1, ...family.solvers.map((solver) => solver.solved));
  const all = family.cactus.flatMap((line) => line.wall_s);
  return (width) => {
    const { scale: x, ticks } = logScale(all, EDGE.left, width - EDGE.right);
    const y = (count) => HEIGHT - EDGE.bottom - (count / most) * (HEIGHT - EDGE.bottom - EDGE.top);
    const lines = family.cactus.map((line, n) => {
      const solver = family.solvers[n];
      let path = `M${EDGE.left} ${y(0)}`;
      line.wall_s.forEach((time, i) => { path += `H${x(time).toFixed(1)}V${y(line.solved[i]).toFixed(1)}`; });
      path += `H${width - EDGE.right}`;
      const label = `${solver.name}: ${solver.solved} of ${family.puzzleCount} puzzles`;
      const tell = () => say(label);
      return svg("g", { class: lineClass(n), tabindex: 0, role: "img", "aria-label": label, "data-line": n,
        hidden: hidden.has(n), on: { mouseenter: tell, focus: tell, mouseleave: () => say(""), blur: () => say("") } },
        svg("title", {}, label), svg("path", { d: path, class: "wide" }), svg("path", { d: path, "stroke-dasharray": dash(n) }));
    });
    return svg("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}` },
      axes(width, ticks, wholeTicks(most), { x, y, xText: axisTime, yText: String, xLabel: "wall time", yLabel: "puzzles solved" }), lines);
  };
}

/** A linear axis over the values. */
function linearScale(values, from, to) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = (most - least || Math.abs(most) || 1) * 0.06;
  const [low, high] = [least - room, most + room];
  const step = niceStep((high - low) / 5);
  const ticks = [];
  for (let n = Math.ceil(low / step); n * step <= high; n += 1) ticks.push(n * step);
  return { scale: (value) => from + ((value - low) / (high - low)) * (to - from), ticks };
}

function niceStep(raw) {
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((m) => m * power).find((step) => step >= raw * 0.999);
}

/** The axis of a metric, on its own scale. A logarithmic axis spans the values only. */
function metricScale(metric, values, from, to) {
  if (metric.scale !== "log") return linearScale(values, from, to);
  const logs = values.map(Math.log10);
  if (Math.max(...logs) - Math.min(...logs) < 1) return linearTicksOnLog(values, from, to);
  const axis = linearScale(logs, from, to);
  return { scale: (value) => axis.scale(Math.log10(value)), ticks: axis.ticks.filter(Number.isInteger).map((tick) => 10 ** tick) };
}

/** A logarithmic axis over less than a decade, labelled at round numbers. */
function linearTicksOnLog(values, from, to) {
  const axis = linearScale(values.map(Math.log10), from, to);
  const within = linearScale(values, from, to).ticks.filter((tick) => tick > 0);
  return { scale: (value) => axis.scale(Math.log10(value)), ticks: within };
}

const axisMetric = (metric) => (value) => (metric.shown === "percent" ? `${number(100 * value, 3)} %` : number(value, 3));

/** The ranking metric by puzzle, a line per solver; `hidden` holds the numbers of the lines that are switched off. */
function metricPlot(family, hidden, say) {
  const { metric, byPuzzle } = family;
  const all = byPuzzle.values.flat();
  const count = byPuzzle.puzzles.length;
  return (width) => {
    const x = (n) => EDGE.left + ((n + 0.5) / count) * (width - EDGE.right - EDGE.left);
    const { scale: y, ticks } = metricScale(metric, all, HEIGHT - EDGE.bottom, EDGE.top);
    const lines = byPuzzle.values.map((values, n) => {
      const label = `${family.solvers[n].name}: ${metric.label} ${metricText(family.solvers[n].value, metric)} on average`;
      const tell = () => say(label);
      const path = values.map((value, p) => `${p ? "L" : "M"}${x(p).toFixed(1)} ${y(value).toFixed(1)}`).join("");
      return svg("g", { class: lineClass(n), tabindex: 0, role: "img", "aria-label": label, "data-line": n,
        hidden: hidden.has(n), on: { mouseenter: tell, focus: tell, mouseleave: () => say(""), blur: () => say("") } },
        svg("title", {}, label), svg("path", { d: path, class: "wide" }), svg("path", { d: path, "stroke-dasharray": dash(n) }),
        count <= 60 ? values.map((value, p) => svg("circle", { class: "point", cx: x(p).toFixed(1), cy: y(value).toFixed(1), r: 3 },
          svg("title", {}, `${byPuzzle.names[p]}: ${metricText(value, metric)}`))) : null);
    });
    return svg("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}` },
      axes(width, [], ticks, { x, y, xText: String, yText: axisMetric(metric), xLabel: `${count} puzzles, best median first`, yLabel: metric.label }), lines);
  };
}

/** Values of two solvers on the same puzzles, one dot per puzzle; equal values lie on the diagonal. */
function pairScatter(points, first, second, { axis, text, tick, what }) {
  const all = points.flatMap((point) => [point.a, point.b]);
  return (width) => {
    const { scale: x, ticks } = axis(all, EDGE.left, width - EDGE.right);
    const { scale: y, ticks: yTicks } = axis(all, HEIGHT - EDGE.bottom, EDGE.top);
    const ends = [Math.min(...all), Math.max(...all)];
    return svg("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img",
      "aria-label": `${what} of ${first} against ${second} on ${points.length} puzzles; the table has the numbers` },
      axes(width, ticks, yTicks, { x, y, xText: tick, yText: tick, xLabel: `${first}, ${what}`, yLabel: `${second}` }),
      svg("line", { class: "diagonal", x1: x(ends[0]), y1: y(ends[0]), x2: x(ends[1]), y2: y(ends[1]) }),
      points.map((point) => svg("circle", { class: "dot", cx: x(point.a), cy: y(point.b), r: 4 },
        svg("title", {}, `${point.name}: ${text(point.a)}, ${text(point.b)}`))));
  };
}

/** A share with its interval as a small bar; the text beside it says the same. */
function shareBar(share, low, high) {
  const at = (value) => (100 * value).toFixed(1);
  return svg("svg", { class: "bar", viewBox: "0 0 100 12", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "track", x: 0, y: 3, width: 100, height: 6 }),
    svg("rect", { class: "value", x: 0, y: 3, width: at(share), height: 6 }),
    svg("path", { class: "whisker", d: `M${at(low)} 6H${at(high)}M${at(low)} 3V9M${at(high)} 3V9` }));
}

/** One square per ending, coloured by status; the table beside it says the same in words. */
function strip(endings, label) {
  const size = 14;
  const across = 40;
  const rows = Math.max(1, Math.ceil(endings.length / across));
  const columns = Math.min(across, Math.max(1, endings.length));
  return svg("svg", { class: "strip", width: size * columns, height: size * rows, viewBox: `0 0 ${size * columns} ${size * rows}`, role: "img", "aria-label": label },
    endings.map(({ status, title }, n) => svg("rect", {
      class: `status ${status}`, x: (n % across) * size + 1, y: Math.floor(n / across) * size + 1, width: size - 2, height: size - 2, rx: 2,
    }, svg("title", {}, title))));
}

/** A network in outline, as the family's record describes it: one box per layer, as tall as the layer is wide. */
function networkPicture({ layers, caption }) {
  const step = 300 / layers.length;
  const widest = Math.max(...layers, 1);
  const tall = (units) => Math.max(4, (64 * units) / widest);
  return html("figure", { class: "network" },
    svg("svg", { viewBox: "0 0 312 72", role: "img", "aria-label": caption },
      svg("line", { class: "state", x1: 0, x2: 312, y1: 36, y2: 36 }),
      layers.map((units, n) => svg("rect", { class: n % 2 ? "odd" : "even", x: 6 + n * step, y: 36 - tall(units) / 2, width: step * 0.72, height: tall(units), rx: 1 }))),
    html("figcaption", {}, caption));
}
