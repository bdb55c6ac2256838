// Addresses, the theme, and the start of the program.

/** Finds the panel of an address: null for the overview, undefined for an unknown address. */
function panelFor(hash) {
  let steps;
  try {
    steps = hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  } catch {
    return undefined;
  }
  if (steps[0] === "") return null;
  const family = steps[0] === "f" ? data.families.find((one) => one.name === steps[1]) : undefined;
  if (!family) return undefined;
  if (steps[2] === "s") {
    const s = solverNamed(family, steps[3]);
    return s < 0 ? undefined : () => solverPanel(family, s);
  }
  if (steps[2] === "p" && family.single && /^[0-9a-z]{4,}$/.test(steps[3])) {
    const p = family.single.digests.findIndex((digest) => digest.startsWith(steps[3]));
    return p < 0 ? undefined : () => puzzlePanel(family, p);
  }
  if (steps[2] === "c") {
    const [a, b] = [solverNamed(family, steps[3]), solverNamed(family, steps[4])];
    const known = Math.min(a, b) >= 0 && Math.max(a, b) < pairCount(family);
    return known ? () => pairPanel(family, a, b) : undefined;
  }
  return undefined;
}

const title = document.title;
let left = 0; // scroll position of the overview
let from = null; // the link that was followed from there

function route(event) {
  const [overview, panel] = [byId("overview"), byId("panel")];
  const draw = panelFor(location.hash);
  const had = !overview.hidden;
  if (draw === null) {
    overview.hidden = false;
    panel.hidden = true;
    document.title = title;
    if (event && !had) {
      (from && from.isConnected ? from : overview.querySelector("h1")).focus({ preventScroll: true });
      scrollTo(0, left);
    }
    return;
  }
  if (had && event) [left, from] = [scrollY, document.activeElement];
  const nowhere = () => [html("h1", { tabindex: -1 }, "Not on this page"), html("p", {}, "The address names no solver or puzzle of this page.")];
  panel.replaceChildren(html("p", { class: "back" }, link("#/", "← Leaderboard")), ...(draw || nowhere)().filter(Boolean));
  overview.hidden = true;
  panel.hidden = false;
  const heading = panel.querySelector("h1");
  document.title = `${heading.textContent} – ${title}`;
  scrollTo(0, 0);
  heading.focus({ preventScroll: true });
}

function startTheme() {
  const button = byId("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = null; // kept only while the page is open
  const show = () => {
    const dark = chosen === null ? system.matches : chosen;
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    button.setAttribute("aria-pressed", String(dark));
  };
  button.addEventListener("click", () => { chosen = !(chosen === null ? system.matches : chosen); show(); });
  system.addEventListener("change", show);
  show();
}

// A jump to the main part must not look like an address.
document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); byId("main").focus(); });
byId("plain").hidden = true;
for (const id of ["theme", "filters"]) byId(id).hidden = false;
startTheme();
drawOverview();
addEventListener("hashchange", route);
route(null);
performance.mark("interactive");
