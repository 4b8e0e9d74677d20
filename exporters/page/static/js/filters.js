// Filters of clusters: a form whose fields live in the address of the page.

import { page } from "./scope.js";

const TYPING_MS = 300;

/** Fill a form from the address, keep the address as the form is, and call `changed` then. */
export function filters(form, changed) {
  const asked = new URLSearchParams(location.search);
  for (const field of fields(form)) {
    field.value = asked.get(field.name) ?? "";
    if (!field.checkValidity()) field.value = ""; // an address can say anything
  }
  let before = JSON.stringify(filled(form));
  let timer = 0;
  const apply = () => {
    clearTimeout(timer);
    const now = JSON.stringify(filled(form));
    if (now === before || !form.checkValidity()) return;
    before = now;
    history.replaceState(null, "", page(location.pathname, filled(form)));
    changed();
  };
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(apply, TYPING_MS);
  });
  form.addEventListener("change", apply);
  form.addEventListener("submit", (event) => { event.preventDefault(); apply(); });
  return { clear: () => { for (const field of fields(form)) field.value = ""; apply(); } };
}

const fields = (form) => [...form.elements].filter((field) => field.name);

/** What is chosen, by the names that stand in the address. */
export const filled = (form) =>
  Object.fromEntries(fields(form).filter((field) => field.value).map((field) => [field.name, field.value.trim()]));

/** The same as the API asks for it: days become seconds, the last day as a whole. */
export function asked(form) {
  const { since, until, ...rest } = filled(form);
  return { ...rest, since: since && midnight(since, 0), until: until && midnight(until, 1) };
}

/** Seconds of the midnight that begins a day where the reader lives, or one some days later. */
function midnight(day, later) {
  const date = new Date(`${day}T00:00`);
  date.setDate(date.getDate() + later);
  return date.getTime() / 1000;
}
