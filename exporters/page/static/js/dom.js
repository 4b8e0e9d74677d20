// Builds the document. Whatever a server says becomes text or an attribute, never markup.

/**
 * Make an element: h("a", {href, class, on: {click}}, "text", child, null).
 * True sets an attribute without value; false, null and undefined leave it out.
 */
export function h(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "on") {
      for (const [kind, listener] of Object.entries(value)) node.addEventListener(kind, listener);
    } else if (name === "data") {
      Object.assign(node.dataset, value);
    } else if (value === true) {
      node.setAttribute(name, "");
    } else if (value !== false && value != null) {
      node.setAttribute(name, value);
    }
  }
  node.append(...children.flat().filter((child) => child != null && child !== false));
  return node;
}

/** Put children into a node, in place of what was there. */
export function put(node, ...children) {
  node.replaceChildren(...children.flat().filter((child) => child != null && child !== false));
  node.removeAttribute("aria-busy");
  return node;
}

/** Write text, but only where it is another: screen readers read anew whatever is written. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** The one element that a selector names; it has to be there. */
export function the(selector, within = document) {
  const found = within.querySelector(selector);
  if (!found) throw new Error(`there is no ${selector}`);
  return found;
}
