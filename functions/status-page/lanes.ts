import type { MemberView, RunStatus, StageView } from "../../shared/status/run-status.ts";

/** A bar of the timeline. Times are milliseconds since the Unix epoch. */
export interface Bar {
  readonly kind: "member" | "wait" | "gate";
  readonly label: string;
  readonly state: string;
  readonly from: number;
  readonly to: number;
}

export interface Lane {
  readonly label: string;
  /** Undefined until there is something to draw. */
  readonly bar: Bar | undefined;
}

export interface StageLanes {
  readonly stage: string;
  readonly lanes: readonly Lane[];
}

/** A picture of more lanes than this is not looked at; groups stand for their members then. */
const MAX_MEMBER_LANES = 60;

/** Members, waits and gates of a run against time, stage by stage. Pure. */
export function lanesOf(run: RunStatus, now: number): readonly StageLanes[] {
  const members = run.stages.reduce((sum, stage) => sum + stage.members.length, 0);
  const single = members <= MAX_MEMBER_LANES;
  return run.stages.map((stage) => ({
    stage: stage.name,
    lanes: [
      ...gateLanes(stage, "before", now),
      ...(single ? stage.members.map((member) => memberLane(member, now)) : groupLanes(stage, now)),
      ...waitLanes(stage, now),
      ...gateLanes(stage, "after", now),
    ],
  }));
}

function memberLane(member: MemberView, now: number): Lane {
  return { label: member.name, bar: barOf("member", member.name, member, now) };
}

function groupLanes(stage: StageView, now: number): readonly Lane[] {
  return [...byGroup(stage.members)].map(([group, members]) => {
    const started = members.map(({ startTime }) => startTime).filter((time) => time !== undefined);
    const open = members.some(({ completedTime }) => completedTime === undefined);
    const ends = members.map(({ completedTime }) => completedTime ?? "");
    const span = {
      state: groupState(members),
      startTime: started.toSorted()[0],
      completedTime: open ? undefined : ends.toSorted().at(-1),
    };
    const label = `${group} (${members.length})`;
    return { label, bar: barOf("member", label, span, now) };
  });
}

export function byGroup(
  members: readonly MemberView[],
): ReadonlyMap<string, readonly MemberView[]> {
  const groups = new Map<string, MemberView[]>();
  for (const member of members) {
    const group = groups.get(member.group) ?? [];
    group.push(member);
    groups.set(member.group, group);
  }
  return groups;
}

/** The state that a person must know of first. */
function groupState(members: readonly MemberView[]): string {
  const worst = ["Failed", "Stopped", "Stopping", "Pending", "Running", "NotStarted"];
  return worst.find((state) => members.some((member) => member.state === state)) ?? "Completed";
}

function waitLanes({ wait }: StageView, now: number): readonly Lane[] {
  if (!wait) return [];
  const bar = barOf("wait", "wait after the stage", wait, now);
  const end = wait.endsAt === undefined ? undefined : Date.parse(wait.endsAt);
  const planned = bar && end !== undefined && wait.state !== "Skipped" ? { ...bar, to: end } : bar;
  return [{ label: "wait", bar: planned }];
}

function gateLanes({ gates }: StageView, timing: "before" | "after", now: number): readonly Lane[] {
  return gates
    .filter((gate) => gate.timing === timing)
    .map((gate) => ({
      label: gate.displayName,
      bar: barOf("gate", `gate "${gate.displayName}"`, gate, now),
    }));
}

/** What began and has not ended lasts until now. */
function barOf(
  kind: Bar["kind"],
  label: string,
  span: {
    readonly state: string;
    readonly startTime: string | undefined;
    readonly completedTime: string | undefined;
  },
  now: number,
): Bar | undefined {
  const from = Date.parse(span.startTime ?? span.completedTime ?? "");
  if (!Number.isFinite(from)) return undefined;
  const end = Date.parse(span.completedTime ?? "");
  const to = Math.max(from, Number.isFinite(end) ? end : now);
  return { kind, label, state: span.state, from, to };
}
