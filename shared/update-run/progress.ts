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
  readonly status: UpdateStatus;
  readonly note: string | undefined;
}

/** What happened between two looks at a run, oldest first. */
export function progress(before: UpdateRun | undefined, after: UpdateRun): readonly ProgressLine[] {
  const known = new Map(
    before === undefined ? [] : partsOf(before).map((part) => [part.label, part]),
  );
  const newest = newestTime(after);
  return partsOf(after)
    .filter((part) => isNews(known.get(part.label), part))
    .map((part) => ({ time: timeOf(part.status) ?? newest, text: describe(part) }))
    .toSorted((a, b) => (second(a) < second(b) ? -1 : second(a) > second(b) ? 1 : 0));
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
  return before.status.state !== after.status.state;
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
