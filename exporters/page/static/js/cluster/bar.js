// What can be done with the photos that are chosen, at the foot of the page.

import { link, split } from "../corrections.js";
import { forgetAsked, moveSomewhere } from "../deciding.js";
import { h, put, the } from "../dom.js";
import { count } from "../format.js";
import { keys } from "../keys.js";

const ACTS = [
  { key: "s", label: "Split off", means: "split off what is chosen", fits: (many) => many > 0, run: split },
  { key: "m", label: "Move to…", means: "move what is chosen", fits: (many) => many > 0, run: moveSomewhere },
  { key: "l", label: "Same", means: "two photos show the same", fits: (many) => many === 2, run: (cluster, items) => link([cluster], items, true) },
  { key: "n", label: "Not the same", means: "two photos do not show the same", fits: (many) => many === 2, run: (cluster, items) => link([cluster], items, false) },
  { key: "f", label: "Forget photo…", means: "forget a photo", fits: (many) => many === 1, run: (cluster, [item]) => forgetAsked(cluster, item) },
];

/** cluster: tells the cluster as it is shown. items: tell what is chosen. clear: choose nothing. */
export function bar(cluster, items, clear) {
  const many = h("p", { class: "many", role: "status" });
  const run = (act) => act.fits(items().length) && act.run(cluster(), items());
  const buttons = ACTS.map((act) => h("button", { title: `${act.label} (${act.key})`, on: { click: () => run(act) } }, act.label));
  put(the("#bar"), many, buttons, h("button", { class: "plain", on: { click: clear } }, "Choose nothing"));
  for (const act of ACTS) keys({ [act.key]: [act.means, () => run(act)] });
  return (chosen) => {
    the("#bar").hidden = !chosen.length;
    many.textContent = `${count(chosen.length, "photo")} chosen`;
    ACTS.forEach((act, n) => { buttons[n].disabled = !act.fits(chosen.length); });
  };
}
