// SVG elements, made as `h` makes those of HTML.

const SPACE = "http://www.w3.org/2000/svg";

/** Make an element: s("circle", {cx: 1, cy: 2, r: 3, class: "dot"}, child). */
export function s(tag, properties = {}, ...children) {
  const node = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value != null && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return node;
}
