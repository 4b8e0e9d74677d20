// A photo that somebody chooses, drops or pastes.

import { the } from "./dom.js";

const MOST_BYTES = 25 * 1024 * 1024;

/** What is wrong with a file, before it is sent; null for nothing. */
export function fault(file) {
  if (!file.type.startsWith("image/")) return `“${file.name}” is not a photo.`;
  if (file.size > MOST_BYTES) return `“${file.name}” is larger than 25 MB: choose a smaller photo.`;
  return null;
}

/** Call `take(file)` with what is chosen in `field`, or dropped or pasted on the page. */
export function takePhotos(field, take) {
  const takeFirst = (files) => files?.length && take(files[0]);
  field.addEventListener("change", () => {
    takeFirst(field.files);
    field.value = ""; // the same photo can be chosen again
  });
  document.addEventListener("paste", (event) => takeFirst(event.clipboardData?.files));
  document.addEventListener("dragover", (event) => showTarget(event, true));
  document.addEventListener("dragleave", (event) => event.relatedTarget || showTarget(event, false));
  document.addEventListener("drop", (event) => {
    showTarget(event, false);
    takeFirst(event.dataTransfer.files);
  });
}

function showTarget(event, shown) {
  if (!event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  the("#dropping").hidden = !shown;
}
