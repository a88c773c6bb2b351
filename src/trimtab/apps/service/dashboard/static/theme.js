/* Light or dark before the first paint: what was chosen here, else what the system prefers. */
(() => {
  const KEY = "trimtab-theme";
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    try { return localStorage.getItem(KEY); } catch { return null; }
  };
  const apply = () => {
    const wanted = chosen() ?? "auto";
    const shown = wanted === "auto" ? (dark.matches ? "dark" : "light") : wanted;
    document.documentElement.dataset.theme = shown;
    document.dispatchEvent(new CustomEvent("themechange", { detail: { wanted, shown } }));
  };
  window.trimtabTheme = {
    wanted: () => chosen() ?? "auto",
    choose(wanted) {
      try { localStorage.setItem(KEY, wanted); } catch { /* it then lasts until the reload */ }
      apply();
    },
  };
  dark.addEventListener("change", apply);
  apply();
})();
