/** Building the panel's DOM: text goes in as text, never as markup. */

const SVG = "http://www.w3.org/2000/svg";

/** Outlines on a grid of 16, drawn with the current colour. */
const ICONS = {
  alarm: "M8 1.8 15 14H1L8 1.8Z M8 6.2v3.9 M8 12.1v.1",
  notice: "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13Z M8 4.6v4.2 M8 11.2v.1",
  up: "M4 12 12 4 M6 4h6v6",
  down: "M4 4l8 8 M12 6v6H6",
  steady: "M3 8h10 M9.5 4.5 13 8l-3.5 3.5",
  words: "M2 3h12v8H7l-3 2.6V11H2V3Z M5 6h6 M5 8.3h4",
};

/**
 * An element.
 *
 * @param {string} tag
 * @param {object} [attributes] `text` becomes textContent; `hidden` and other booleans are set or
 *   left out.
 * @param {...Node} children
 */
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") node.textContent = value;
    else set(node, name, value);
  }
  node.append(...children);
  return node;
}

/** An icon; it is decoration, the words beside it say the same. */
export function icon(name) {
  const node = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  node.setAttribute("viewBox", "0 0 16 16");
  node.setAttribute("class", "icon");
  node.setAttribute("aria-hidden", "true");
  node.append(path);
  draw(node, name);
  return node;
}

/** Change what an icon shows. */
export function draw(node, name) {
  set(node.firstChild, "d", ICONS[name]);
}

/** Set text where it differs, so that nothing is announced or laid out twice. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Set text of which each clause stays on one line where it fits. */
export function writeClauses(node, text) {
  if (node.textContent === text) return;
  const clauses = text.match(/[^，。：；！？、]+[，。：；！？、]*|[，。：；！？、]+/gu) ?? [];
  node.replaceChildren(...clauses.map((clause) => make("span", { class: "clause", text: clause })));
}

/** Set or remove an attribute where it differs. */
export function set(node, name, value) {
  if (value === false || value === null || value === undefined) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value === true ? "" : value)) {
    node.setAttribute(name, value === true ? "" : String(value));
  }
}
