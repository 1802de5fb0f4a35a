import type { MemberView, RunStatus, StageView } from "../../shared/status/run-status.ts";

/** A bar of the timeline. Times are milliseconds since the Unix epoch. */
export interface Bar {
  /** What of a wait lies ahead is `planned`. */
  readonly kind: "member" | "wait" | "planned" | "gate";
  readonly label: string;
  readonly state: string;
  readonly from: number;
  readonly to: number;
}

export interface Lane {
  readonly label: string;
  /** Empty until there is something to draw; of a group, those of its members. */
  readonly bars: readonly Bar[];
}

export interface StageLanes {
  readonly stage: string;
  readonly lanes: readonly Lane[];
}

/** A picture of more lanes than this is not looked at; the members of a group share one then. */
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
  return { label: member.name, bars: barOf("member", member.name, member, now) };
}

function groupLanes(stage: StageView, now: number): readonly Lane[] {
  return [...byGroup(stage.members)].map(([group, members]) => ({
    label: `${group} (${members.length})`,
    bars: members.flatMap((member) => barOf("member", member.name, member, now)),
  }));
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

function waitLanes({ wait }: StageView, now: number): readonly Lane[] {
  if (!wait) return [];
  const [past] = barOf("wait", "wait after the stage", wait, now);
  if (!past) return [{ label: "wait", bars: [] }];
  const end = Date.parse(wait.endsAt ?? "");
  const isOpen = wait.completedTime === undefined && wait.state !== "Skipped";
  const ahead: Bar = { ...past, kind: "planned", from: past.to, to: end };
  return [{ label: "wait", bars: isOpen && end > past.to ? [past, ahead] : [past] }];
}

function gateLanes({ gates }: StageView, timing: "before" | "after", now: number): readonly Lane[] {
  return gates
    .filter((gate) => gate.timing === timing)
    .map((gate) => ({
      label: gate.displayName,
      bars: barOf("gate", `gate "${gate.displayName}"`, gate, now),
    }));
}

/** What began and has not ended lasts until now; nothing before it began. */
function barOf(
  kind: Bar["kind"],
  label: string,
  span: {
    readonly state: string;
    readonly startTime: string | undefined;
    readonly completedTime: string | undefined;
  },
  now: number,
): readonly Bar[] {
  const from = Date.parse(span.startTime ?? span.completedTime ?? "");
  if (!Number.isFinite(from)) return [];
  const end = Date.parse(span.completedTime ?? "");
  const to = Math.max(from, Number.isFinite(end) ? end : now);
  return [{ kind, label, state: span.state, from, to }];
}
