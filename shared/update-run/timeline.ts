import type { MemberStatus, StageStatus, UpdateRun, UpdateStatus } from "./ports.ts";
import { membersOfStage } from "./state.ts";

/** Bars that can still be told apart on one page; longer runs show their stages alone. */
const MAX_BARS = 60;

/**
 * A run as a Mermaid chart, which GitHub draws in a summary; the tables beside it say the same. Nothing
 * for a run that has not begun.
 */
export function renderTimeline(run: UpdateRun): readonly string[] {
  const now = newestTime(run);
  if (run.status.startTime === undefined || now === undefined) return [];
  const members = run.stageStatuses.flatMap(membersOfStage);
  const begun = members.filter(({ member }) => member.startTime !== undefined);
  const detailed = begun.length <= MAX_BARS;
  const lines = run.stageStatuses.flatMap((stage) => sectionOf(stage, now, detailed));
  if (lines.length === 0) return [];
  const head = ["gantt", "  dateFormat YYYY-MM-DDTHH:mm:ss", "  axisFormat %d %b %H:%M"];
  return [["```mermaid", ...head, ...lines, "```"].join("\n")];
}

function sectionOf(stage: StageStatus, now: string, detailed: boolean): readonly string[] {
  if (stage.startTime === undefined) return [];
  const wait = stage.afterStageWait;
  return [
    `  section ${plain(stage.name)}`,
    ...(detailed ? [] : [bar(stage.name, stage, now)]),
    ...(detailed ? membersOfStage(stage).flatMap(({ member }) => memberBar(member, now)) : []),
    ...(wait?.startTime === undefined ? [] : [bar("wait", wait, now)]),
  ];
}

function memberBar(member: MemberStatus, now: string): readonly string[] {
  return member.startTime === undefined ? [] : [bar(member.name, member, now)];
}

function bar(name: string, status: UpdateStatus, now: string): string {
  const start = status.startTime ?? now;
  const end = status.completedTime ?? now;
  // A bar without length is not drawn.
  const until = second(end) > second(start) ? second(end) : "1s";
  const mark = MARKS[status.state];
  return `  ${plain(name)} :${mark === undefined ? "" : `${mark}, `}${second(start)}, ${until}`;
}

const MARKS: Readonly<Record<string, string>> = {
  Completed: "done",
  Failed: "crit",
  Running: "active",
  Stopping: "active",
  Pending: "active",
};

function second(time: string): string {
  return time.slice(0, "2026-07-10T08:00:00".length);
}

/** Colons, commas and hashes mean something to Mermaid. */
function plain(name: string): string {
  return name.replaceAll(/[^\w -]/g, " ");
}

function newestTime({ status, stageStatuses }: UpdateRun): string | undefined {
  const parts: readonly UpdateStatus[] = [
    status,
    ...stageStatuses.flatMap((stage) => [
      stage,
      ...(stage.afterStageWait ? [stage.afterStageWait] : []),
      ...membersOfStage(stage).map(({ member }) => member),
    ]),
  ];
  const times = parts.flatMap(({ startTime, completedTime }) => [
    startTime ?? "",
    completedTime ?? "",
  ]);
  return times.toSorted().at(-1) || undefined;
}
