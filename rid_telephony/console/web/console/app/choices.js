/** What the reader has chosen: colours and language. */

const NAMES = Object.freeze({ theme: "rid-theme", language: "rid-language" });

/** `light`, `dark` or an empty string for the system's. */
export function theme() {
  return read(NAMES.theme);
}

/** Keep a choice and apply it. */
export function choose(what, value) {
  try {
    if (value) localStorage.setItem(NAMES[what], value);
    else localStorage.removeItem(NAMES[what]);
  } catch {
    // Without storage the choice cannot be kept.
  }
  dispatchEvent(new Event("rid-chosen"));
}

/** Call `draw` whenever colours or language have changed. */
export function onLook(draw) {
  addEventListener("rid-look", draw);
}

function read(name) {
  try {
    return localStorage.getItem(name) ?? "";
  } catch {
    return "";
  }
}
