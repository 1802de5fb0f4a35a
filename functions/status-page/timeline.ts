import { dayAndMonth } from "../../shared/status/day.ts";
import { DAY, HOUR, MINUTE } from "../../shared/core/duration.ts";
import type { RunStatus } from "../../shared/status/run-status.ts";
import { html, type Html } from "./html.ts";
import { lanesOf, type Bar, type Lane, type StageLanes } from "./lanes.ts";
import { percent } from "./progress.ts";
import { spaced } from "./state.ts";
import { clock, readable } from "./time.ts";

const MAX_TICKS = 8;
/** Narrower than this a bar is not seen. */
const MIN_SHARE = 0.004;
/** Steps of the scale that people count in. */
const STEPS = [5, 15, 30, 60, 120, 360, 720].map((minutes) => minutes * MINUTE);
const DAYS = [1, 2, 7, 30].map((days) => days * DAY);

interface Scale {
  readonly from: number;
  readonly to: number;
  /** Share of the width, 0 to 1. */
  readonly place: (time: number) => number;
}

/** Members, waits and gates against time. The tables below say the same in words. */
export function timeline(run: RunStatus, at: string): Html | undefined {
  const now = Date.parse(at);
  const stages = lanesOf(run, now);
  const bars = stages.flatMap(({ lanes }) => lanes.flatMap((lane) => lane.bars));
  // A run that found everything at its target took no time.
  if (bars.every(({ state }) => state === "Skipped")) return undefined;
  const scale = scaleOf(bars);
  const span = `${readable(scale.from)} to ${readable(scale.to)}`;
  const label = `Timeline of ${run.name}, ${span}. The tables below give every start and end.`;
  return html`<div class="timeline" role="img" aria-label="${label}">
    <div class="grid"><svg>${ticks(scale)}${nowLine(now, scale)}</svg></div>
    ${stages.map((stage) => stageLanes(stage, scale))}
  </div>`;
}

function scaleOf(bars: readonly Bar[]): Scale {
  const from = bars.reduce((least, bar) => Math.min(least, bar.from), Number.POSITIVE_INFINITY);
  const to = bars.reduce((most, bar) => Math.max(most, bar.to), from + MINUTE);
  return { from, to, place: (time) => (time - from) / (to - from) };
}

/** At full hours or days, as on a clock: the first one after the start. */
function ticks({ from, to, place }: Scale): readonly Html[] {
  const span = to - from;
  const step = [...STEPS, ...DAYS].find((one) => span / one <= MAX_TICKS) ?? span / MAX_TICKS;
  const first = Math.ceil(from / step) * step;
  const count = Math.max(0, Math.floor((to - first) / step) + 1);
  return Array.from({ length: count }, (_, index) => first + index * step).map((time, index) => {
    const x = percent(place(time));
    // Of the last tick no label fits.
    const label =
      place(time) < 0.94 && html`<text x="${x}" dx="4" y="11">${tickLabel(time, step)}</text>`;
    return html`<g class="${index % 2 === 1 && "minor"}"
      ><line x1="${x}" x2="${x}" y1="0" y2="100%" />${label}</g
    >`;
  });
}

function tickLabel(time: number, step: number): string {
  const date = new Date(time);
  const isMidnight = time % DAY === 0;
  if (step >= DAY) return dayAndMonth(date);
  return isMidnight && step >= HOUR ? dayAndMonth(date) : clock(date);
}

function nowLine(now: number, { from, to, place }: Scale): Html | undefined {
  if (now < from || now > to) return undefined;
  const x = percent(place(now));
  return html`<line class="now" x1="${x}" x2="${x}" y1="16" y2="100%" />`;
}

function stageLanes({ stage, lanes }: StageLanes, scale: Scale): Html {
  return html`<p class="stage">${stage}</p>
    ${lanes.map((lane) => laneRow(lane, scale))}`;
}

function laneRow({ label, bars }: Lane, scale: Scale): Html {
  return html`<div class="lane">
    <span>${label}</span>
    <svg>${bars.map((bar) => barRect(bar, scale, bars.length > 1))}</svg>
  </div>`;
}

function barRect(bar: Bar, { place }: Scale, isOneOfMany: boolean): Html {
  const x = percent(Math.min(place(bar.from), 1 - MIN_SHARE));
  const width = percent(Math.max(MIN_SHARE, place(bar.to) - place(bar.from)));
  const title = `${bar.label}: ${spaced(bar.state)}, ${readable(bar.from)} to ${readable(bar.to)}`;
  return html`<rect class="bar ${bar.kind} ${bar.state}" x="${x}" width="${width}"
    >${!isOneOfMany && html`<title>${title}</title>`}</rect
  >`;
}
