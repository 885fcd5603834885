/**
 * Colours and language before anything is drawn, so that no page flashes. A classic script, the
 * first of every page. The two choices are all that is ever kept in the browser.
 */
(function () {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");

  function kept(name) {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  }

  function apply() {
    const chosen = kept("rid-theme");
    const theme = chosen === "light" || chosen === "dark" ? chosen : "";
    root.dataset.theme = theme || (dark.matches ? "dark" : "light");
    const language = kept("rid-language") || navigator.language || "";
    root.lang = /^en\b/i.test(language) ? "en" : "zh-CN";
  }

  apply();
  dark.addEventListener("change", () => {
    apply();
    dispatchEvent(new Event("rid-look"));
  });
  addEventListener("rid-chosen", () => {
    apply();
    dispatchEvent(new Event("rid-look"));
  });
})();
