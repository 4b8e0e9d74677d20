// A photo that somebody chooses, drops or pastes.

import { the } from "./dom.js";

const MB = 1024 * 1024;
/** By the ends of names, for browsers that do not know these. */
const KINDS = {
  heic: "image/heic", heif: "image/heif", tif: "image/tiff", tiff: "image/tiff", webp: "image/webp",
};

/** Media type of a file; empty where nobody knows. */
export const kindOf = ({ type, name }) => type || (KINDS[name.split(".").pop().toLowerCase()] ?? "");

/** What is wrong with a file, before it is sent; null for nothing. */
export function fault(file, mostBytes) {
  if (!kindOf(file).startsWith("image/")) return `“${file.name}” is not a photo.`;
  if (file.size <= mostBytes) return null;
  const most = (mostBytes / MB).toLocaleString("en", { maximumFractionDigits: 1 });
  return `“${file.name}” is larger than ${most} MB: choose a smaller photo.`;
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
