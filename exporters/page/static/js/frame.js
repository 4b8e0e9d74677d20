// What stands around every page: scope, menu, colours, name, shortcuts.

import { get, Problem } from "./api.js";
import { h, put, the } from "./dom.js";
import { keysWanted, listKeys, wantKeys } from "./keys.js";
import { page, scope } from "./scope.js";
import { tell } from "./toast.js";

const MOST_SCOPES = 2000;

showScope();
document.addEventListener("cairn:scope", showScope);
the("#scope-form").addEventListener("submit", chooseScope);
the("#scope").addEventListener("change", chooseScope);
the("#scope").addEventListener("focus", offerScopes, { once: true });
the("#show-keys").addEventListener("click", listKeys);
keepName();
keepColours();
keepKeys();

/** The scope goes with whoever follows the menu. */
function showScope() {
  the("#scope").value = scope();
  for (const link of document.querySelectorAll("a[data-keep-scope]")) {
    link.href = page(new URL(link.href).pathname);
  }
}

function chooseScope(event) {
  event.preventDefault();
  const chosen = the("#scope").value.trim();
  if (chosen === scope()) return;
  const inside = ["/cluster", "/photo"].includes(location.pathname);
  location.assign(page(inside ? "/clusters" : location.pathname, { scope: chosen }));
}

async function offerScopes() {
  try {
    const { rows } = await get("scopes");
    put(the("#scopes"), rows.slice(0, MOST_SCOPES).map((name) => h("option", { value: name })));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    tell(error.message, { kind: "bad" });
  }
}

function keepName() {
  const field = the("#author");
  field.value = localStorage.getItem("cairn.author") ?? "";
  field.addEventListener("change", () => localStorage.setItem("cairn.author", field.value.trim()));
}

function keepColours() {
  const chosen = localStorage.getItem("cairn.theme") ?? "system";
  for (const choice of document.querySelectorAll("input[name=theme]")) {
    choice.checked = choice.value === chosen;
    choice.addEventListener("change", () => {
      localStorage.setItem("cairn.theme", choice.value);
      if (choice.value === "system") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = choice.value;
    });
  }
}

function keepKeys() {
  const box = the("#use-keys");
  box.checked = keysWanted();
  box.addEventListener("change", () => wantKeys(box.checked));
}
