/** The demo page: what an embedding page may do with the panel. */

const panel = document.querySelector("#panel");
const looks = document.querySelector("#looks");
const log = document.querySelector("#log");
const SHOWN = 12;

looks.addEventListener("input", () => {
  const wanted = new FormData(looks);
  panel.lang = wanted.get("lang");
  panel.toggleAttribute("theme", Boolean(wanted.get("theme")));
  if (wanted.get("theme")) panel.setAttribute("theme", wanted.get("theme"));
  panel.dataset.width = wanted.get("width");
});

function note(text) {
  const item = document.createElement("li");
  item.textContent = text;
  log.prepend(item);
  while (log.children.length > SHOWN) log.lastChild.remove();
}

panel.addEventListener("rid-hint", ({ detail }) => note(`rid-hint: ${detail.hint.line}`));
panel.addEventListener("rid-alert", ({ detail }) => note(`rid-alert: ${detail.alert.kind}`));
panel.addEventListener("rid-state", ({ detail }) => note(`rid-state: ${detail.connection}`));
panel.addEventListener("rid-feedback", ({ detail }) => note(`rid-feedback: ${detail.verdict}`));
