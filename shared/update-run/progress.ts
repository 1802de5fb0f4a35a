import { formatDuration } from "../core/duration.ts";
import type { GateStatus, GroupStatus, StageStatus, UpdateRun, UpdateStatus } from "./ports.ts";
import { isTerminal } from "./state.ts";

/** One change of a run, at the time that Azure wrote (never the local clock). */
export interface ProgressLine {
  /** ISO 8601; the newest time of the run when the change has none of its own. */
  readonly time: string;
  readonly text: string;
}

interface Part {
  readonly label: string;
  /** Of a member: its group, and its name. */
  readonly place?: { readonly group: string; readonly name: string };
  readonly status: UpdateStatus;
  readonly note: string | undefined;
}

/** What happened between two looks at a run, oldest first. */
export function progress(before: UpdateRun | undefined, after: UpdateRun): readonly ProgressLine[] {
  const known = new Map(
    before === undefined ? [] : partsOf(before).map((part) => [part.label, part]),
  );
  const newest = newestTime(after);
  const news = partsOf(after).filter((part) => isNews(known.get(part.label), part));
  return gathered(news)
    .map(({ part, text }) => ({ time: timeOf(part.status) ?? newest, text }))
    .toSorted((a, b) => (second(a) < second(b) ? -1 : second(a) > second(b) ? 1 : 0));
}

/** Members of one group that come to the same state between two looks and still get a line each. */
const MAX_LINES_OF_A_KIND = 3;

/** A thousand members are not a thousand lines: those that do the same are told together, failures never. */
function gathered(
  news: readonly Part[],
): readonly { readonly part: Part; readonly text: string }[] {
  const kinds = new Map<string, Part[]>();
  for (const part of news) {
    const { place, status } = part;
    const alone = place === undefined || status.state === "Failed";
    const kind = alone ? part.label : `${place.group}: ${status.state}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), part]);
  }
  return [...kinds].flatMap(([kind, parts]) => {
    const [first] = parts;
    if (first === undefined) return [];
    if (parts.length <= MAX_LINES_OF_A_KIND) {
      return parts.map((part) => ({ part, text: describe(part) }));
    }
    const last = parts.reduce((a, b) =>
      (timeOf(a.status) ?? "") > (timeOf(b.status) ?? "") ? a : b,
    );
    const names = parts.slice(0, MAX_LINES_OF_A_KIND).map(({ place }) => place?.name);
    // Pending does not end by itself: why it began is told of the first.
    const why = first.status.state === "Pending" && first.note ? ` (first: ${first.note})` : "";
    const text = `${kind}, ${parts.length} members: ${names.join(", ")} and ${parts.length - names.length} more${why}`;
    return [{ part: last, text }];
  });
}

/** Changes within one second keep the order of the run: outer before inner. */
function second({ time }: ProgressLine): string {
  return time.slice(0, "2026-07-10T08:00:00".length);
}

export function formatProgress({ time, text }: ProgressLine): string {
  const stamp = time === "" ? "" : `${time.slice(0, 19).replace("T", " ")}Z  `;
  return `${stamp}${text}`;
}

function partsOf(run: UpdateRun): readonly Part[] {
  return [
    { label: `run ${run.name}`, status: run.status, note: run.status.error?.message },
    ...run.stageStatuses.flatMap(stageParts),
  ];
}

function stageParts(stage: StageStatus): readonly Part[] {
  const wait = stage.afterStageWait;
  return [
    { label: stage.name, status: stage, note: stage.error?.message },
    ...gateParts(stage.name, "before", stage.beforeGates),
    ...stage.groups.flatMap((group) => groupParts(stage.name, group)),
    ...gateParts(stage.name, "after", stage.afterGates),
    ...(wait === undefined
      ? []
      : [
          {
            label: `${stage.name} / after-stage wait`,
            status: wait,
            note: formatDuration(wait.waitDurationInSeconds * 1_000),
          },
        ]),
  ];
}

function groupParts(stage: string, group: GroupStatus): readonly Part[] {
  const path = `${stage} / ${group.name}`;
  return [
    { label: path, status: group, note: group.error?.message },
    ...gateParts(path, "before", group.beforeGates),
    ...group.members.map((member) => ({
      label: `${path} / ${member.name}`,
      place: { group: path, name: member.name },
      status: member,
      note: member.error?.message ?? member.message,
    })),
    ...gateParts(path, "after", group.afterGates),
  ];
}

function gateParts(path: string, timing: string, gates: readonly GateStatus[]): readonly Part[] {
  return gates.map((gate) => ({
    label: `${path} / ${timing} gate "${gate.displayName}"`,
    status: gate,
    note: undefined,
  }));
}

function isNews(before: Part | undefined, after: Part): boolean {
  if (before === undefined) return after.status.state !== "NotStarted";
  if (before.status.state !== after.status.state) return true;
  // A member may wait for its window first, and then for an image that its region lacks.
  return after.status.state === "Pending" && before.note !== after.note;
}

function describe({ label, status, note }: Part): string {
  const took = tookMilliseconds(status);
  const details = [took === undefined ? undefined : formatDuration(took), note].filter(
    (detail) => detail !== undefined && detail !== "",
  );
  return `${label}: ${status.state}${details.length === 0 ? "" : ` (${details.join("; ")})`}`;
}

/** From start to end, once both are known. */
export function tookMilliseconds(status: UpdateStatus): number | undefined {
  if (status.startTime === undefined || status.completedTime === undefined) return undefined;
  const took = Date.parse(status.completedTime) - Date.parse(status.startTime);
  return Number.isFinite(took) && took >= 0 ? took : undefined;
}

function timeOf(status: UpdateStatus): string | undefined {
  if (isTerminal(status.state)) return status.completedTime;
  return status.state === "Running" ? status.startTime : undefined;
}

function newestTime(run: UpdateRun): string {
  const times = partsOf(run).flatMap(({ status }) => [status.startTime, status.completedTime]);
  return times.reduce<string>(
    (newest, time) => ((time ?? "") > newest ? (time ?? "") : newest),
    "",
  );
}
