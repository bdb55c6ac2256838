// Tables that can be sorted by click or key; long tables show a part at a time.

/** Marks the sorted column, for screen readers too, and returns the sign of the order. */
function turn(header, button) {
  const before = header.getAttribute("aria-sort");
  const first = button.dataset.first || "ascending";
  const next = before === null ? first : before === "ascending" ? "descending" : "ascending";
  for (const other of header.parentElement.children) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", next);
  return next === "ascending" ? 1 : -1;
}

/** Makes a table of the markup sortable; each cell's data-value is its value for sorting. */
function sortMarkup(table) {
  const body = table.tBodies[0];
  const ranked = [...body.rows];
  for (const button of table.querySelectorAll("thead button")) {
    button.addEventListener("click", () => {
      const header = button.closest("th");
      const sign = turn(header, button);
      const value = (row) => {
        const raw = row.cells[header.cellIndex].dataset.value;
        return "text" in button.dataset || raw === "" ? raw : Number(raw);
      };
      body.append(...[...ranked].sort((a, b) => compareValues(value(a), value(b), sign)));
    });
  }
}

/**
 * A table of records. Columns: { label, value(record) for sorting, cell(record) for showing, number, words, first, head }.
 * Only `step` rows are shown at first; a button shows more.
 */
function dataTable({ caption, columns, records, step = 100, empty = "None." }) {
  let shown = step;
  let sorted = records;
  const body = html("tbody");
  const more = html("div", { class: "more" });
  const row = (record) => html("tr", {}, columns.map((column) => {
    const content = column.cell ? column.cell(record) : column.value(record);
    const attributes = { class: (column.number && "number") || (column.words && "words") };
    return column.head ? html("th", { scope: "row", ...attributes }, content) : html("td", attributes, content);
  }));
  const draw = () => {
    body.replaceChildren(...sorted.slice(0, shown).map(row));
    if (!records.length) body.append(html("tr", {}, html("td", { colspan: columns.length }, empty)));
    more.replaceChildren();
    const left = sorted.length - shown;
    if (left > 0) {
      more.append(html("button", { type: "button", on: { click: () => { shown += 10 * step; draw(); } } },
        `Show ${Math.min(left, 10 * step)} more of ${left}`));
    }
  };
  const header = (column) => {
    const button = html("button", { type: "button", "data-first": column.first }, column.label);
    const cell = html("th", { scope: "col", class: column.number && "number" }, button);
    button.addEventListener("click", () => {
      const sign = turn(cell, button);
      sorted = [...records].sort((a, b) => compareValues(column.value(a), column.value(b), sign));
      draw();
    });
    return cell;
  };
  const table = html("table", {}, html("caption", {}, caption), html("thead", {}, html("tr", {}, columns.map(header))), body);
  draw();
  return html("div", {}, html("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption }, table), more);
}
