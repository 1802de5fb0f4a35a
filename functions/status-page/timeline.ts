import { formatDuration, HOUR, MINUTE, DAY } from "../../shared/core/duration.ts";
import type { RunStatus } from "../../shared/status/run-status.ts";
import { html, type Html } from "./html.ts";
import { lanesOf, type Bar, type Lane, type StageLanes } from "./lanes.ts";
import { readable } from "./time.ts";

const WIDTH = 960;
const LEFT = 190;
const RIGHT = 16;
const TOP = 28;
const LANE_HEIGHT = 22;
const STAGE_HEIGHT = 26;
/** Labels longer than this run into the bars. */
const MAX_LABEL_LENGTH = 26;
const MAX_TICKS = 8;
/** Steps of the scale that people count in. */
const STEPS = [
  5 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  7 * DAY,
  30 * DAY,
];

interface Scale {
  readonly from: number;
  readonly to: number;
  readonly x: (time: number) => number;
}

/** The run as a picture. The tables below it say the same in words. */
export function timeline(run: RunStatus, at: string, id: string): Html | undefined {
  const now = Date.parse(at);
  const stages = lanesOf(run, now);
  const bars = stages.flatMap(({ lanes }) => lanes.flatMap(({ bar }) => bar ?? []));
  if (bars.length === 0) return undefined;
  const scale = scaleOf(bars);
  const height = stages.reduce((sum, stage) => sum + heightOf(stage), TOP) + 8;
  return html`<div
    class="scroll"
    role="group"
    tabindex="0"
    data-key="timeline ${run.name}"
    aria-labelledby="${id}"
  >
    <svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="${id}" class="timeline">
      <title id="${id}">
        Timeline of ${run.name}, ${readable(scale.from)} to ${readable(scale.to)}. The tables below
        give every start and end.
      </title>
      ${ticks(scale, height)}
      ${stages.map((stage, index) => stageRows(stage, topOf(stages, index), scale))}
      ${now >= scale.from && now <= scale.to && html`<line class="now" x1="${scale.x(now)}" y1="${TOP - 8}" x2="${scale.x(now)}" y2="${height}" />`}
    </svg>
  </div>`;
}

function heightOf({ lanes }: StageLanes): number {
  return STAGE_HEIGHT + lanes.length * LANE_HEIGHT;
}

function topOf(stages: readonly StageLanes[], index: number): number {
  return stages.slice(0, index).reduce((sum, stage) => sum + heightOf(stage), TOP);
}

function scaleOf(bars: readonly Bar[]): Scale {
  const from = bars.reduce((least, bar) => Math.min(least, bar.from), Number.POSITIVE_INFINITY);
  const to = bars.reduce((most, bar) => Math.max(most, bar.to), from + MINUTE);
  const width = WIDTH - LEFT - RIGHT;
  return { from, to, x: (time) => round(LEFT + ((time - from) / (to - from)) * width) };
}

function ticks({ from, to, x }: Scale, height: number): readonly Html[] {
  const span = to - from;
  const step = STEPS.find((one) => span / one <= MAX_TICKS) ?? span / MAX_TICKS;
  return Array.from({ length: Math.floor(span / step) + 1 }, (_, index) => index * step).map(
    (offset) =>
      html`<line
          class="grid"
          x1="${x(from + offset)}"
          y1="${TOP - 8}"
          x2="${x(from + offset)}"
          y2="${height}"
        />
        <text class="tick" x="${x(from + offset) + 3}" y="${TOP - 12}"
          >+${formatDuration(offset)}</text
        >`,
  );
}

function stageRows({ stage, lanes }: StageLanes, top: number, scale: Scale): Html {
  return html`<text class="stage" x="8" y="${top + 18}">${shorten(stage)}</text>
    ${lanes.map((lane, index) => row(lane, top + STAGE_HEIGHT + index * LANE_HEIGHT, scale))}`;
}

function row({ label, bar }: Lane, top: number, scale: Scale): Html {
  return html`<rect
      class="lane"
      x="${LEFT}"
      y="${top + 2}"
      width="${WIDTH - LEFT - RIGHT}"
      height="${LANE_HEIGHT - 4}"
    />
    <text class="label" x="16" y="${top + 15}">${shorten(label)}</text
    >${bar && barRect(bar, top, scale)}`;
}

function barRect(bar: Bar, top: number, { x }: Scale): Html {
  const left = x(bar.from);
  const width = Math.max(3, round(x(bar.to) - left));
  return html`<rect
    class="bar ${bar.kind} ${bar.state}"
    x="${left}"
    y="${top + 5}"
    width="${width}"
    height="${LANE_HEIGHT - 10}"
    rx="3"
    ><title>${bar.label}: ${bar.state}, ${readable(bar.from)} to ${readable(bar.to)}</title></rect
  >`;
}

function shorten(label: string): string {
  return label.length <= MAX_LABEL_LENGTH ? label : `${label.slice(0, MAX_LABEL_LENGTH - 1)}…`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
