/** Curves over the time of a call, drawn by uPlot (vendor/uplot). */

import uPlot from "../../vendor/uplot/uPlot.esm.js";
import { clock } from "./format.js";

/** Room for the names of values at the left, and at the right; lanes below keep to it too. */
export const GUTTER = 64;
export const MARGIN = 14;

/** Seconds between two marks of the time axis, the first that leaves enough room. */
const STEPS = [5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600];

/** How each curve is drawn: colour (a custom property) and dashes. */
export const STYLES = Object.freeze({
  relationship: { colour: "--rid-accent", width: 2.5 },
  valence: { colour: "--rid-mood", width: 2 },
  purchase_intent: { colour: "--rid-agent", width: 2, dash: [8, 4] },
  trust: { colour: "--rid-good", width: 2, dash: [2, 4] },
  satisfaction: { colour: "--rid-warm", width: 2, dash: [10, 3, 2, 3] },
  complaint_risk: { colour: "--rid-grave", width: 2, dash: [4, 2] },
  churn_risk: { colour: "--rid-grave", width: 2, dash: [4, 2] },
});

/** One plot. */
export class Plot {
  /**
   * @param {object} options
   * @param {number} options.height Pixels.
   * @param {[number, number]} options.range Of the values.
   * @param {(value: number) => string} options.mark Names a value of the axis.
   * @param {number[]} options.marks Values of the axis that are named.
   * @param {boolean} options.hasTimes Whether the times stand below.
   * @param {(seconds: number|null) => void} options.onHover
   * @param {(seconds: number) => void} options.onPick
   */
  constructor(options) {
    this._options = options;
    this.node = document.createElement("div");
    this.node.className = "plot";
    this.node.setAttribute("role", "img");
    this._watch = new ResizeObserver(() => this._fit());
    this._watch.observe(this.node);
  }

  /**
   * Draw curves.
   *
   * @param {{name: string, points: [number, number][]}[]} curves Points are `[at_ms, value]`.
   * @param {number} duration Milliseconds.
   * @param {number[]} alarms Moments to be marked, milliseconds.
   */
  show(curves, duration, alarms = []) {
    this._shown = { curves, duration, alarms };
    this._plot?.destroy();
    this._plot = null;
    this._fit();
  }

  _fit() {
    const width = this.node.clientWidth;
    if (!width || !this._shown) return;
    if (this._plot) this._plot.setSize({ width, height: this._options.height });
    else this._plot = new uPlot(this._made(width), this._data(), this.node);
  }

  /** All curves over the same times; a value holds until the next one is told. */
  _data() {
    const { curves, duration } = this._shown;
    const times = new Set(curves.flatMap(({ points }) => points.map(([at]) => at)));
    const all = [...times, duration].sort((a, b) => a - b);
    return [all.map((at) => at / 1000), ...curves.map(({ points }) => held(points, all))];
  }

  _made(width) {
    const { height, range, onHover, onPick } = this._options;
    const { curves, duration } = this._shown;
    const style = getComputedStyle(document.documentElement);
    return {
      width,
      height,
      padding: [10, MARGIN, this._options.hasTimes ? 0 : 6, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: {
        x: { time: false, range: [0, Math.max(1, duration / 1000)] },
        y: { range },
      },
      axes: this._axes(style),
      series: [{}, ...curves.map(({ name }) => this._series(name, style))],
      hooks: {
        draw: [(plot) => this._drawAlarms(plot, style)],
        setCursor: [(plot) => onHover?.(under(plot))],
        ready: [
          (plot) =>
            plot.over.addEventListener("click", () => {
              const at = under(plot);
              if (at !== null) onPick?.(at);
            }),
        ],
      },
    };
  }

  _series(name, style) {
    const { colour, width, dash } = STYLES[name];
    const stroke = style.getPropertyValue(colour).trim();
    const isSigned = this._options.range[0] < 0;
    return {
      stroke,
      width,
      dash,
      fill: isSigned ? `${stroke}33` : undefined,
      fillTo: isSigned ? 0 : undefined,
      paths: uPlot.paths.stepped({ align: 1 }),
      points: { show: false },
    };
  }

  _axes(style) {
    const { marks, mark, hasTimes } = this._options;
    const look = {
      stroke: style.getPropertyValue("--rid-muted").trim(),
      font: `12px ${style.getPropertyValue("--rid-font").trim()}`,
      grid: { stroke: style.getPropertyValue("--rid-line").trim(), width: 1 },
      ticks: { show: false },
    };
    const times = {
      ...look,
      size: hasTimes ? 26 : 0,
      gap: 6,
      splits: (plot) => timeMarks(plot.scales.x.max, plot.width - GUTTER - MARGIN),
      values: (_plot, at) => at.map((seconds) => (hasTimes ? clock(seconds * 1000) : "")),
    };
    const values = { ...look, size: GUTTER, gap: 8, splits: () => marks };
    return [times, { ...values, values: (_plot, found) => found.map(mark) }];
  }

  _drawAlarms(plot, style) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = style.getPropertyValue("--rid-grave").trim();
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([]);
    for (const at of this._shown.alarms) {
      const x = Math.round(plot.valToPos(at / 1000, "x", true));
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }
}

/** The value of a curve at a moment; null before its first. */
export function valueAt(points, at) {
  let found = null;
  for (const [when, value] of points) {
    if (when > at) break;
    found = value;
  }
  return found;
}

function held(points, times) {
  let next = 0;
  let value = null;
  return times.map((at) => {
    while (next < points.length && points[next][0] <= at) value = points[next++][1];
    return value;
  });
}

function under(plot) {
  const { left } = plot.cursor;
  return left === null || left < 0 ? null : plot.posToVal(left, "x");
}

function timeMarks(seconds, width) {
  const room = 64;
  const step = STEPS.find((each) => (each / seconds) * width >= room) ?? STEPS.at(-1);
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_none, at) => at * step);
}
