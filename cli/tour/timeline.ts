/**
 * The picture of a tour: members against virtual time. Pure: facts in, SVG text out. Times are
 * milliseconds since the Unix epoch.
 */
export interface Timeline {
  readonly title: string;
  readonly lanes: readonly Lane[];
  readonly spans: readonly BandSpan[];
  /** When the run was started again after it had failed or was stopped. */
  readonly resumed: readonly number[];
  /** When the run ended, or the picture was taken. */
  readonly until: number;
}

export interface Lane {
  readonly name: string;
  readonly stage: string;
  readonly spans: readonly LaneSpan[];
}

export interface LaneSpan {
  readonly kind: "upgrade" | "surge" | "drain" | "reimage" | "quarantine";
  readonly from: number;
  readonly to: number;
}

/** A wait or a gate spans all lanes of its stage. */
export interface BandSpan {
  readonly kind: "wait" | "gate";
  readonly stage: string;
  readonly label: string;
  readonly from: number;
  readonly to: number;
}

const WIDTH = 960;
const LEFT = 120;
const RIGHT = 24;
const TOP = 84;
const LANE_HEIGHT = 26;
const STAGE_GAP = 48;
/** Below the last lane, when its stage has neither wait nor gate. */
const LAST_GAP = 12;
const LEGEND_HEIGHT = 44;
/** Room for the label of an hour. */
const LABEL_WIDTH = 30;
const HOUR = 3_600_000;
/** Of the legend's letters, on the safe side. */
const CHARACTER_WIDTH = 6.5;
const LEGEND_GAP = 20;

/** Where a kind of span lies in its lane, as a share of the lane's height. */
const ROWS: Readonly<Record<LaneSpan["kind"], readonly [top: number, height: number]>> = {
  upgrade: [0.08, 0.84],
  surge: [0.14, 0.22],
  drain: [0.39, 0.22],
  reimage: [0.64, 0.22],
  quarantine: [0.08, 0.84],
};

type Shown = LaneSpan["kind"] | BandSpan["kind"] | "resume";
const LEGEND: readonly (readonly [kind: Shown, label: string])[] = [
  ["upgrade", "member upgrading"],
  ["surge", "surge node"],
  ["drain", "drain"],
  ["reimage", "reimage"],
  ["quarantine", "quarantined node"],
  ["wait", "after-stage wait"],
  ["gate", "gate"],
  ["resume", "resumed"],
];

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #24292f; }
  .title { font-size: 16px; font-weight: 600; } .muted { fill: #57606a; font-size: 11px; }
  .label { paint-order: stroke; stroke: #ffffff; stroke-width: 4px; }
  .paper { fill: #ffffff; } .lane { fill: #f6f8fa; } .grid { stroke: #d0d7de; stroke-width: 1; }
  .upgrade { fill: #dbe9f9; } .surge { fill: #8250df; } .drain { fill: #bf8700; } .reimage { fill: #1a7f37; }
  .quarantine { fill: #cf222e; fill-opacity: 0.35; stroke: #cf222e; }
  .wait { fill: #afb8c1; } .gate { fill: #0969da; } .resume { fill: #bc4c00; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .muted { fill: #9198a1; } .paper { fill: #0d1117; } .lane { fill: #161b22; }
    .label { stroke: #0d1117; } .grid { stroke: #30363d; } .upgrade { fill: #1f3350; } .wait { fill: #484f58; }
  }`;

export function renderTimeline(timeline: Timeline): string {
  const all = [...timeline.lanes.flatMap(({ spans }) => spans), ...timeline.spans];
  const start = Math.min(...all.map(({ from }) => from));
  const end = Math.max(...all.map(({ to }) => to), timeline.until, start + 1);
  const scale = (time: number): number =>
    round(LEFT + ((time - start) / (end - start)) * (WIDTH - LEFT - RIGHT));
  const placed = placeLanes(timeline);
  const height = placed.bottom + LEGEND_HEIGHT;
  const bottom = placed.bottom;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escape(timeline.title)}">`,
    `<style>${STYLE}\n</style>`,
    `<rect class="paper" width="${WIDTH}" height="${height}"/>`,
    `<text class="title" x="16" y="26">${escape(timeline.title)}</text>`,
    `<text class="muted" x="16" y="44">virtual time, ${iso(start)} to ${iso(end)}</text>`,
    ...grid(start, end, scale, bottom),
    ...timeline.lanes.flatMap((lane, index) =>
      timeline.lanes[index - 1]?.stage === lane.stage
        ? []
        : stageLabel(lane.stage, (placed.top.get(lane) ?? TOP) - 6),
    ),
    ...timeline.lanes.flatMap((lane) => renderLane(lane, placed.top.get(lane) ?? TOP, scale)),
    ...timeline.spans.flatMap((span) => renderBand(span, timeline.lanes, placed, scale)),
    ...timeline.resumed.map((at) => renderResume(at, scale(at), bottom)),
    ...legend(bottom),
    "</svg>",
    "",
  ].join("\n");
}

interface Placed {
  readonly top: ReadonlyMap<Lane, number>;
  readonly bottom: number;
}

/** Lanes from top to bottom, with room below each stage for its wait and gate. */
function placeLanes({ lanes, spans }: Timeline): Placed {
  const top = new Map<Lane, number>();
  let y = TOP;
  for (const [index, lane] of lanes.entries()) {
    const before = lanes[index - 1];
    if (before && before.stage !== lane.stage) y += STAGE_GAP;
    top.set(lane, y);
    y += LANE_HEIGHT;
  }
  const hasBands = spans.some(({ stage }) => stage === lanes.at(-1)?.stage);
  return { top, bottom: y + (hasBands ? STAGE_GAP : LAST_GAP) };
}

function stageLabel(stage: string, y: number): readonly string[] {
  return [`<text class="muted" x="16" y="${y}">${escape(stage)}</text>`];
}

function renderLane(lane: Lane, top: number, scale: (time: number) => number): readonly string[] {
  return [
    `<rect class="lane" x="${LEFT}" y="${top + 1}" width="${WIDTH - LEFT - RIGHT}" height="${LANE_HEIGHT - 2}"/>`,
    `<text x="16" y="${top + 17}">${escape(lane.name)}</text>`,
    ...lane.spans.map((span) => {
      const [offset, share] = ROWS[span.kind];
      const x = scale(span.from);
      return `<rect class="${span.kind}" x="${x}" y="${round(top + offset * LANE_HEIGHT)}" width="${Math.max(1.5, round(scale(span.to) - x))}" height="${round(share * LANE_HEIGHT)}"><title>${escape(lane.name)}: ${span.kind}, ${iso(span.from)} to ${iso(span.to)}</title></rect>`;
    }),
  ];
}

function renderBand(
  span: BandSpan,
  lanes: readonly Lane[],
  placed: Placed,
  scale: (time: number) => number,
): readonly string[] {
  const last = lanes.findLast(({ stage }) => stage === span.stage);
  const y =
    (last ? (placed.top.get(last) ?? TOP) : TOP) + LANE_HEIGHT + (span.kind === "wait" ? 4 : 16);
  const x = scale(span.from);
  const width = Math.max(2, round(scale(span.to) - x));
  return [
    `<rect class="${span.kind}" x="${x}" y="${y}" width="${width}" height="9" rx="2"><title>${escape(span.label)}, ${iso(span.from)} to ${iso(span.to)}</title></rect>`,
    `<text class="muted label" x="${round(x + width + 6)}" y="${y + 9}">${escape(span.label)}</text>`,
  ];
}

function renderResume(at: number, x: number, bottom: number): string {
  return `<rect class="resume" x="${x}" y="${TOP - 18}" width="1.5" height="${bottom - TOP + 18}"><title>resumed at ${iso(at)}</title></rect>`;
}

/** A line and a label each hour, and where the run ends; an hour's label that would touch the end's is left out. */
function grid(
  start: number,
  end: number,
  scale: (time: number) => number,
  bottom: number,
): readonly string[] {
  const hours = Math.ceil((end - start) / HOUR);
  const step = Math.max(1, Math.ceil(hours / 12));
  const last = scale(end);
  const lines = Array.from({ length: Math.floor(hours / step) + 1 }, (_, index) => index * step)
    .map((hour) => ({ x: scale(start + hour * HOUR), label: `+${hour} h` }))
    .filter(({ x }) => x <= last);
  return [
    ...lines.flatMap(({ x, label }) => [
      ...gridLine(x, bottom),
      ...(x + 2 * LABEL_WIDTH > last
        ? []
        : [`<text class="muted" x="${x + 3}" y="${TOP - 22}">${label}</text>`]),
    ]),
    ...gridLine(last, bottom),
    `<text class="muted" x="${last}" y="${TOP - 22}" text-anchor="end">${elapsed(end - start)}</text>`,
  ];
}

function gridLine(x: number, bottom: number): readonly string[] {
  return [`<line class="grid" x1="${x}" y1="${TOP - 18}" x2="${x}" y2="${bottom}"/>`];
}

/** `+3 h 06`. */
function elapsed(milliseconds: number): string {
  const minutes = Math.round(milliseconds / 60_000);
  return `+${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")}`;
}

function legend(bottom: number): readonly string[] {
  let next = 16;
  return LEGEND.flatMap(([kind, label]) => {
    const x = next;
    next += 18 + label.length * CHARACTER_WIDTH + LEGEND_GAP;
    return [
      `<rect class="${kind}" x="${x}" y="${bottom + 16}" width="12" height="12"/>`,
      `<text class="muted" x="${x + 18}" y="${bottom + 26}">${label}</text>`,
    ];
  });
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function iso(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace("T", " ");
}

function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
