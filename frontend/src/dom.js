// Elements, made of text that is never read as markup: whatever a trace holds, it is shown, not run.

/** make("p", {class: "note", onclick: f}, "text", child, ...); what is null is left out. */
export function make(tag, attributes = {}, ...children) {
  return furnish(document.createElement(tag), attributes, children);
}

/** The same for drawings. */
export function draw(tag, attributes = {}, ...children) {
  return furnish(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function furnish(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Put these in place of what it held. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined));
}

const waiting = [];

/** Do this when all that changes has changed: to ask where things are, before that, would have the page laid out each time. */
export function afterwards(task) {
  if (!waiting.length) queueMicrotask(() => waiting.splice(0).forEach((one) => one()));
  waiting.push(task);
}

/** Scroll a parent so that its child is seen, and leave the page where it is; across, too, where that is asked for. */
export const reveal = (child, parent, across = false) => afterwards(() => revealed(child, parent, across));

function revealed(child, parent, across) {
  const [inner, outer] = [child.getBoundingClientRect(), parent.getBoundingClientRect()];
  const margin = Math.min(40, outer.height / 4);
  if (inner.top < outer.top + margin) parent.scrollTop += inner.top - outer.top - margin;
  else if (inner.bottom > outer.bottom - margin) parent.scrollTop += inner.bottom - outer.bottom + margin;
  if (!across) return;
  if (inner.left < outer.left) parent.scrollLeft += inner.left - outer.left - 8;
  else if (inner.right > outer.right) parent.scrollLeft += inner.right - outer.right + 8;
}

/** Whether the reader asked for less motion. */
export const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

let last = 0;

/** An id that no other element has. */
export const unique = (name) => `tinyxm-${name}-${++last}`;
