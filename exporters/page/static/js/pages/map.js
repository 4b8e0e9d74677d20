import { h, put } from "../dom.js";

put(document.querySelector("#content"), h("p", { class: "empty" }, "Nothing here yet."));
