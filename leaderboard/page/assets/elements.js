// All elements are made here. Strings become text, never markup, because names are foreign text.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, listen] of Object.entries(value)) node.addEventListener(event, listen);
    } else {
      node.setAttribute(name, value === true ? "" : String(value));
    }
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

const html = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
const byId = (id) => document.getElementById(id);
const link = (href, ...children) => html("a", { href }, ...children);

/** A list of terms and values; terms without a value are left out. */
function facts(pairs) {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return html("dl", { class: "facts" }, shown.map(([term, value]) => html("div", {}, html("dt", {}, term), html("dd", {}, value))));
}

/** A labelled choice; `choose` gets the value. */
function choice(label, options, value, choose) {
  const select = html("select", { on: { change: () => choose(select.value) } },
    options.map(([key, text]) => html("option", { value: key }, text)));
  select.value = value;
  return html("label", {}, `${label} `, select);
}
