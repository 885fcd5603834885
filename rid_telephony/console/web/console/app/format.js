/** Numbers, times and changes as people read them. */

import { language, say } from "./words.js";

/** Minutes and seconds of a call's clock: `1:05`, `1:02:03`. */
export function clock(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const minutes = Math.floor(seconds / 60);
  const rest = String(seconds % 60).padStart(2, "0");
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

/** Day and time of a moment. */
export function moment(text) {
  const options = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat(language(), { ...options, hour12: false }).format(new Date(text));
}

/** `86%`. */
export function percent(share) {
  return `${Math.round(share * 100)}%`;
}

/** With its sign: `+3.2`, `−0.4`. */
export function signed(value, digits = 0) {
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  return `${value > 0 ? "+" : "−"}${text}`;
}

/** A reason's size, in the unit of its figure. */
export function change(delta, unit) {
  switch (unit) {
    case "points":
    case "level":
      return signed(delta, 1);
    case "share":
      return `${signed(delta * 100, 1)}%`;
    case "log_odds":
      return `×${Math.exp(delta).toFixed(2)}`;
    case "weight":
    case "valence":
      return signed(delta, 2);
    case "probability":
      return percent(delta);
    default:
      return "";
  }
}

/** A figure's value, in its unit. */
export function amount(value, unit) {
  if (unit === "share") return percent(value);
  return value.toFixed(unit === "weight" || unit === "valence" ? 2 : 1).replace("-", "−");
}

/** Several phrases in one line. */
export function listed(phrases) {
  return phrases.filter(Boolean).join(say("comma"));
}

/** Words in quotation marks. */
export function quoted(text) {
  return text ? say("quote", { text }) : "";
}
