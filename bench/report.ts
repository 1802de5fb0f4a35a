import { spread } from "./pairs.ts";
import type { Pair } from "./pairs.ts";

export interface Measurement {
  /** Name of the row, as `npm run bench` takes it. */
  readonly row: string;
  readonly measure: string;
  readonly unit: "ms" | "MB" | "%" | "1/s" | "KB";
  /** Medians; shown, never judged: they are this machine's. */
  readonly ours: number;
  readonly beside: { readonly what: string; readonly value: number };
  /** What the ratio divides; it alone can be compared between machines. */
  readonly ratioOf: string;
  readonly ratio: number;
  /** Quartiles of the pairs' ratios. */
  readonly low: number;
  readonly high: number;
  readonly pairs: number;
  readonly target?: string;
  readonly note?: string;
}

/** What could not be measured here, and why. */
export interface Absent {
  readonly row: string;
  readonly absent: string;
}

export type Line = Measurement | Absent;

export interface Comparison {
  readonly row: string;
  readonly measure: string;
  readonly unit: Measurement["unit"];
  readonly beside: string;
  readonly pairs: readonly Pair<number>[];
  /** Default `ours ÷ beside`; throughputs say how many times as fast we are. */
  readonly ratioOf?: "ours ÷ beside" | "beside ÷ ours" | "growth exponent";
  readonly ratio?: (pair: Pair<number>) => number;
  readonly target?: string;
  readonly note?: string;
}

/** The median of the pairs' own ratios, not the ratio of medians: what slowed both cancels out. */
export function compare(comparison: Comparison): Measurement {
  const { row, measure, unit, beside, pairs, ratioOf = "ours ÷ beside" } = comparison;
  const divide = ({ ours, beside: other }: Pair<number>) =>
    ratioOf === "beside ÷ ours" ? other / ours : ours / other;
  const { median, low, high } = spread(pairs.map(comparison.ratio ?? divide));
  return {
    row,
    measure,
    unit,
    ours: spread(pairs.map(({ ours }) => ours)).median,
    beside: { what: beside, value: spread(pairs.map((pair) => pair.beside)).median },
    ratioOf,
    ratio: median,
    low,
    high,
    pairs: pairs.length,
    ...(comparison.target !== undefined && { target: comparison.target }),
    ...(comparison.note !== undefined && { note: comparison.note }),
  };
}

export function jsonLines(lines: readonly Line[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

const HEADINGS = [
  "Row",
  "Measure",
  "Ours",
  "Beside it",
  "Ratio",
  "Quartiles",
  "Pairs",
  "Target",
] as const;

export function table(lines: readonly Line[]): string {
  const rows = lines.map((line) => ("absent" in line ? absentRow(line) : measuredRow(line)));
  const notes = new Set(lines.flatMap((line) => ("note" in line ? [line.note] : [])));
  return [...aligned([HEADINGS, ...rows]), "", ...[...notes].map((note) => `- ${note}`)].join("\n");
}

/** A Markdown table whose columns also stand in line on a terminal. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = HEADINGS.map((_, column) =>
    Math.max(...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  const [head = "", ...body] = rows.map(
    (cells) => `| ${cells.map((text, column) => text.padEnd(widths[column] ?? 0)).join(" | ")} |`,
  );
  return [head, `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...body];
}

function absentRow({ row, absent }: Absent): string[] {
  return [row, absent, "", "", "", "", "", ""];
}

function measuredRow(line: Measurement): string[] {
  const { row, measure, unit, ours, beside, ratioOf, ratio, low, high, pairs, target = "" } = line;
  return [
    row,
    measure,
    `${rounded(ours)} ${unit}`,
    `${beside.what}: ${rounded(beside.value)} ${unit}`,
    `${rounded(ratio)} (${ratioOf})`,
    `${rounded(low)} – ${rounded(high)}`,
    String(pairs),
    target,
  ];
}

/** Three significant digits are more than a shared machine can promise. */
function rounded(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}
