// Runs before the first paint, or a dark page would flash white.
{
  const chosen = localStorage.getItem("cairn.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}
