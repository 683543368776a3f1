// Before anything is drawn, so that the page does not change its colours while it is read.
(() => {
  const stored = localStorage.getItem("unmask.theme");
  if (stored === "light" || stored === "dark") document.documentElement.dataset.theme = stored;
})();
