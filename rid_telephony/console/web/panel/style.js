/** How the panel looks. Every colour and size that a page may want to change is a property. */

const LIGHT = `
  --_surface: var(--rid-surface, #ffffff);
  --_sunken: var(--rid-sunken, #f6f6f3);
  --_text: var(--rid-text, #1b1d20);
  --_muted: var(--rid-muted, #5c6066);
  --_line: var(--rid-line, #e6e5e0);
  --_edge: var(--rid-edge, #84888e);
  --_accent: var(--rid-accent, #0b6470);
  --_on-accent: var(--rid-on-accent, #ffffff);
  --_alarm: var(--rid-alarm, #b3231a);
  --_on-alarm: var(--rid-on-alarm, #ffffff);
  --_trouble: var(--rid-trouble, #2c3035);
  --_on-trouble: var(--rid-on-trouble, #ffffff);
  --_notice: var(--rid-notice, #fff0cc);
  --_on-notice: var(--rid-on-notice, #573800);
  color-scheme: light;
`;

const DARK = `
  --_surface: var(--rid-surface, #1a1c1f);
  --_sunken: var(--rid-sunken, #232629);
  --_text: var(--rid-text, #efeeea);
  --_muted: var(--rid-muted, #a7abb1);
  --_line: var(--rid-line, #34383d);
  --_edge: var(--rid-edge, #7d8289);
  --_accent: var(--rid-accent, #74ccd6);
  --_on-accent: var(--rid-on-accent, #06282d);
  --_alarm: var(--rid-alarm, #c2352b);
  --_on-alarm: var(--rid-on-alarm, #ffffff);
  --_trouble: var(--rid-trouble, #d8d7d2);
  --_on-trouble: var(--rid-on-trouble, #1a1c1f);
  --_notice: var(--rid-notice, #46360f);
  --_on-notice: var(--rid-on-notice, #ffe3a3);
  color-scheme: dark;
`;

/** Out of sight, but not for screen readers. */
const UNSEEN = `
  position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap;
`;

const HOST = `
:host {
  ${LIGHT}
  display: block;
  container: rid-hints / inline-size;
  min-inline-size: 0;
  color: var(--_text);
  background: var(--_surface);
  font: 400 var(--rid-size, 16px)/1.5 var(--rid-font, system-ui, -apple-system, "Segoe UI",
    "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei UI", "Microsoft YaHei",
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Micro Hei", sans-serif);
  font-synthesis-weight: none;
  line-break: strict;
  overflow-wrap: anywhere;
  border: 1px solid var(--_line);
  border-radius: var(--rid-radius, 14px);
  overflow: hidden;
}
@media (prefers-color-scheme: dark) { :host(:not([theme="light"])) { ${DARK} } }
:host([theme="dark"]) { ${DARK} }
:host([hidden]), [hidden] { display: none !important; }
*, *::before, *::after { box-sizing: border-box; }
p, dl, dd, dt, ol, li { margin: 0; padding: 0; list-style: none; }
button {
  font: inherit; color: inherit; background: none; border: 0; cursor: pointer;
  border-radius: .625em; min-block-size: 2.5em; padding: 0 .75em;
  display: inline-flex; align-items: center; justify-content: center; gap: .4em;
}
button[aria-disabled="true"] { cursor: default; }
:focus-visible { outline: 3px solid var(--_accent); outline-offset: 2px; }
.icon {
  inline-size: 1em; block-size: 1em; flex: none; fill: none; stroke: currentcolor;
  stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round;
}
.unseen { ${UNSEEN} }
.panel { position: relative; }
`;

const HEADER = `
.header {
  display: flex; align-items: center; gap: .5em; min-block-size: 3.75em;
  padding: .25em .5em .25em 1.25em; border-block-end: 1px solid var(--_line);
}
.where { flex: 1; min-inline-size: 0; font-size: .875em; line-height: 1.4; }
.status { display: flex; align-items: center; gap: .55em; font-weight: 600; }
.dot { inline-size: .55em; block-size: .55em; border-radius: 50%; flex: none;
  border: 2px solid var(--_edge); }
.panel[data-link="live"][data-phase="talking"] .dot {
  background: var(--_accent); border-color: var(--_accent); }
.who { color: var(--_muted); font-weight: 400; white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis; }
.note { color: var(--_muted); font-size: .93em; }
.note:empty { display: none; }
.header button { font-size: .875em; }
.toggle { color: var(--_muted); border: 1px solid transparent; }
.toggle[aria-expanded="true"] { color: var(--_accent); border-color: currentcolor; }
.reconnect { border: 1px solid currentcolor; white-space: nowrap; }
.panel[data-trouble] .header { background: var(--_trouble); color: var(--_on-trouble); }
.panel[data-trouble] .toggle .name { ${UNSEEN} }
.panel[data-trouble] .header :is(.who, .note, .toggle) { color: inherit; }
.panel[data-trouble] .dot { border-radius: 0; border-color: currentcolor; rotate: 45deg; }
.panel[data-trouble] .header :focus-visible { outline-color: currentcolor; }
`;

const STAGE = `
.stage {
  display: flex; flex-direction: column; block-size: var(--rid-stage-size, 27em);
  overflow: hidden;
}
.alert { padding: .8em 1.25em .9em; display: grid; gap: .1em .75em;
  grid-template-columns: 1fr auto; flex: none; max-block-size: 62%; overflow: auto; }
.alert[data-tone="alarm"] { background: var(--_alarm); color: var(--_on-alarm); }
.alert[data-tone="notice"] { background: var(--_notice); color: var(--_on-notice); }
.alert .icon { font-size: 1.2em; }
.alert .title { display: flex; align-items: center; gap: .5em; font-weight: 650; }
.alert .said { grid-column: 1 / -1; font-size: .875em; }
.alert .count { grid-column: 2; font-size: .8125em; text-align: center; }
.alert[data-more] .said, .alert[data-more] .said:empty ~ .label { grid-column: 1; }
.alert[data-more] .said:empty ~ :is(.count, .label) { grid-row: 2; }
.alert .label { grid-column: 1 / -1; font-size: .8125em; margin-block-start: .35em; }
.alert .wording { grid-column: 1 / -1; font-size: 1.0625em; font-weight: 600; text-wrap: pretty; }
.alert p:empty { display: none; }
.alert button { border: 1px solid currentcolor; align-self: start; font-size: .875em;
  min-block-size: 2.3em; }
.alert :focus-visible, .alert:focus-visible { outline-color: currentcolor; }
.alert:focus-visible { outline-offset: -5px; }

.hint { flex: 1; min-block-size: 0; overflow: auto; padding: 1.1em 1.25em 0;
  scrollbar-width: thin; }
.hint::after { content: ""; display: block; position: sticky; inset-block-end: 0; pointer-events: none;
  block-size: 1.4em; background: linear-gradient(transparent, var(--_surface) 85%); }
.hint:focus-visible { outline-offset: -3px; }
.kind { font-size: .8125em; color: var(--_muted); min-block-size: 1.5em;
  display: flex; align-items: center; gap: .4em; }
.panel[data-tone="alarm"] .kind { color: var(--_text); font-weight: 650; }
.line { font-size: 1.625em; line-height: 1.36; font-weight: 650; letter-spacing: .005em;
  margin-block: .2em .5em; text-wrap: balance; }
.clause { display: inline-block; }
.script { font-size: 1.0625em; line-height: 1.65; padding-inline-start: .85em; text-wrap: pretty;
  border-inline-start: 3px solid var(--_accent); }
.script:empty { display: none; }
.panel[data-hint="none"] .line { font-size: 1.25em; font-weight: 500; color: var(--_muted); }
.panel[data-hint="none"] .script { border: 0; padding: 0; font-size: .9375em;
  color: var(--_muted); white-space: pre-line; }
.panel[data-hint="past"] :is(.line, .script) { color: var(--_muted); font-weight: 400; }
.panel[data-hint="past"] .script { border-color: var(--_line); }
.panel[data-alert] .line { font-size: 1.375em; }

.reason { margin-block-start: 1em; padding-block: .8em; border-block-start: 1px solid var(--_line);
  font-size: .9375em; }
.reason .sure { color: var(--_muted); font-size: .875em; margin-block-start: .25em; }
.quotes { margin-block-start: .5em; }
.quotes li { padding-block: .3em; }
.quotes .speaker { color: var(--_muted); font-size: .8125em; display: block; }

.feedback { flex: none; display: grid; grid-template-columns: 1fr 1fr 1fr auto; gap: .5em;
  padding: .25em 1.25em 1em; }
.feedback button { border: 1px solid var(--_edge); min-block-size: 2.75em; padding: 0 .5em;
  font-size: .9375em; white-space: nowrap; }
.feedback button:hover:not([aria-disabled="true"]) { background: var(--_sunken); }
.feedback button[aria-pressed="true"] { background: var(--_accent); color: var(--_on-accent);
  border-color: var(--_accent); }
.feedback button[aria-disabled="true"]:not([aria-pressed="true"]) { border-color: var(--_line);
  color: var(--_muted); }
.feedback .why { border-color: transparent; color: var(--_accent); }
.feedback .why[aria-expanded="true"] { border-color: currentcolor; }
.key { font-size: .75em; opacity: .8; font-variant-numeric: tabular-nums; }
.panel[data-hint="none"] .feedback { display: none; }
.panel[data-mute] .feedback { grid-template-columns: auto; justify-content: start; }
`;

const SIGNS = `
.signs { display: grid; grid-template-columns: 1fr 1fr; gap: 1px;
  border-block-start: 1px solid var(--_line); background: var(--_line); }
.sign { background: var(--_surface); padding: .7em .5em .75em 1.25em; min-inline-size: 0;
  min-block-size: 5.6em; }
.sign:nth-child(-n + 2) { min-block-size: 6.7em; }
.sign:nth-child(even) { padding-inline-start: 1em; }
.sign dt { font-size: .8125em; color: var(--_muted); }
.sign .value { font-weight: 600; display: flex; align-items: center; gap: .3em; }
.sign .value .icon { color: var(--_muted); }
.sign[data-empty] .value { font-weight: 400; color: var(--_muted); }
.sign[data-grave] .value { color: var(--_grave); }
.sign[data-grave] .value .icon { color: inherit; }
.sign .more { font-size: .8125em; color: var(--_muted); }
.sign[data-grave-more] .more { color: var(--_grave); font-weight: 600; }
.steps { display: flex; gap: 3px; margin-block: .3em .15em; }
.steps i { inline-size: 1.1em; block-size: 4px; border-radius: 2px; background: var(--_line); }
.steps i[data-on] { background: var(--_accent); }
.bar { block-size: 4px; border-radius: 2px; background: var(--_line); overflow: hidden;
  margin-block: .3em .15em; max-inline-size: 6.5em; }
.bar i { display: block; block-size: 100%; background: var(--_accent); }
:host { --_grave: var(--_alarm); }
@media (prefers-color-scheme: dark) { :host(:not([theme="light"])) { --_grave: #ff9a90; } }
:host([theme="dark"]) { --_grave: #ff9a90; }
:host([theme="light"]) { --_grave: var(--_alarm); }
`;

const TRANSCRIPT = `
.transcript { border-block-start: 1px solid var(--_line); background: var(--_sunken); }
.words { block-size: var(--rid-transcript-size, 17em); overflow: auto; padding: .9em 1.25em;
  scrollbar-width: thin; overscroll-behavior: contain; }
.words:focus-visible { outline-offset: -3px; }
.words li { margin-block-end: .7em; font-size: .9375em; line-height: 1.55; }
.words .speaker { display: block; font-size: .8em; color: var(--_muted); }
.words li[data-role="customer"] .speaker { color: var(--_accent); font-weight: 600; }
.words li[data-partial] .text { color: var(--_muted); }
.nothing { color: var(--_muted); font-size: .9375em; }
`;

const SIZES = `
@container rid-hints (max-width: 359px) {
  .panel:lang(en) .key { display: none; }
}
@container rid-hints (min-width: 400px) {
  .stage { block-size: var(--rid-stage-size, 24em); }
  .line { font-size: 1.75em; }
  .header, .alert, .hint, .feedback, .words { padding-inline-start: 1.5em; }
  .alert, .hint, .feedback, .words { padding-inline-end: 1.5em; }
  .sign:nth-child(odd) { padding-inline-start: 1.5em; }
}
@container rid-hints (min-width: 680px) {
  .body { display: grid; grid-template-columns: minmax(0, 1fr) minmax(14em, 34%);
    grid-template-rows: auto 1fr; }
  .stage { block-size: var(--rid-stage-size, 27em); grid-row: 1 / 3; }
  .line { font-size: 2.125em; line-height: 1.3; }
  .clause { display: inline-block; }
.script { font-size: 1.1875em; }
  .panel[data-alert] .line { font-size: 1.75em; }
  .alert .wording { font-size: 1.25em; }
  .signs { grid-template-columns: 1fr; grid-auto-rows: 1fr; border-block-start: 0; gap: 0; align-content: stretch;
    border-inline-start: 1px solid var(--_line); background: none; grid-row: 1 / 3; }
  .sign, .sign:nth-child(even) { padding: .7em 1.5em; background: none;
    border-block-start: 1px solid var(--_line); display: flex; flex-direction: column;
    justify-content: center; }
  .sign:first-child { border-block-start: 0; }
  .transcript { grid-column: 1 / -1; }
}
@media (prefers-reduced-motion: no-preference) {
  .hint[data-new] :is(.line, .script, .kind) { animation: rid-arrive .18s ease-out; }
  .panel[data-hint="past"] :is(.line, .script) { transition: color .4s; }
  @keyframes rid-arrive { from { opacity: .25; transform: translateY(3px); } }
}
@media (forced-colors: active) {
  .alert { border: 3px solid; }
  .feedback button[aria-pressed="true"] { border: 3px solid Highlight; }
  .steps i, .bar { border: 1px solid; }
  .steps i[data-on], .bar i { background: Highlight; forced-color-adjust: none; }
}
`;

const SHEET = new CSSStyleSheet();
SHEET.replaceSync([HOST, HEADER, STAGE, SIGNS, TRANSCRIPT, SIZES].join("\n"));

/** The panel's style, shared by all panels of a page. */
export const sheet = SHEET;
