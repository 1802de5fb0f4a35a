import { armKey } from "../../core/arm-id.ts";
import type { Finding } from "../finding.ts";
import {
  boundEnvironments,
  mayBeRefused,
  report,
  type Bound,
  type LintInput,
  type LiveMember,
  type Problem,
} from "../rule.ts";
import { ONE_BY_ONE, resolveStages } from "../strategy.ts";
import { declaredMembers } from "./names.ts";

/** Members named in one message; the rest is counted. */
const MAX_NAMED = 5;

/** Fleet leaves members outside the listed groups out of a run without a word. */
export function membersInNoStage(input: LintInput): readonly Finding[] {
  // What is refused could hold the missing group.
  if (mayBeRefused(input, "UpdateStrategy") || mayBeRefused(input, "Release")) return [];
  const wholeFleets = fleetsOneByOne(input);
  return fleets(input).flatMap((bound) => {
    if (bound.some(({ environment }) => wholeFleets.has(armKey(environment.fleet)))) return [];
    const groups = new Set(bound.flatMap((one) => groupsOf(one).map(({ name }) => name)));
    const strategies = [...new Set(bound.map(({ strategy }) => strategy.value.metadata.name))];
    const isLeftOut = ({ group }: LiveMember): boolean => group === undefined || !groups.has(group);
    return [
      ...bound.flatMap((one) => declaredLeftOut(one, input, isLeftOut, strategies)),
      ...liveLeftOut(bound, input, isLeftOut, strategies),
    ];
  });
}

/** One by one leaves no member out, whatever its group. */
function fleetsOneByOne({ workspace, releases }: LintInput): ReadonlySet<string> {
  const environments = workspace?.value.spec.environments ?? [];
  const whole = environments.filter(({ name }) =>
    releases.some(
      ({ value }) =>
        value.metadata.name === name && value.spec.strategy.name === ONE_BY_ONE.metadata.name,
    ),
  );
  return new Set(whole.map(({ fleet }) => armKey(fleet)));
}

function declaredLeftOut(
  { environment, index }: Bound,
  { workspace }: LintInput,
  isLeftOut: (member: LiveMember) => boolean,
  strategies: readonly string[],
): readonly Finding[] {
  return declaredMembers(environment.members).flatMap((member, position) => {
    if (!workspace || !isLeftOut(member)) return [];
    const path = ["spec", "environments", index, "members", position, "group"];
    return [report(workspace, leftOut([member], path, strategies))];
  });
}

/** One finding for a fleet, however many environments share it. */
function liveLeftOut(
  bound: readonly Bound[],
  input: LintInput,
  isLeftOut: (member: LiveMember) => boolean,
  strategies: readonly string[],
): readonly Finding[] {
  const live = bound.find(({ environment }) => environment.members === "fleet");
  if (!live || !input.workspace) return [];
  const members = (membersOf(live, input) ?? []).filter(isLeftOut);
  if (members.length === 0) return [];
  const path = ["spec", "environments", live.index, "fleet"];
  return [report(input.workspace, leftOut(members, path, strategies))];
}

function leftOut(
  members: readonly LiveMember[],
  path: Problem["path"],
  strategies: readonly string[],
): Problem {
  const one = members.length === 1;
  return {
    code: "member-in-no-stage",
    path,
    message: `${sayMembers(members)} ${one ? "is" : "are"} in no stage of ${strategies.join(", ")}, so no run upgrades ${one ? "it" : "them"}`,
    remedy: "add the update group to a stage, or give the member another group",
  };
}

function sayMembers(members: readonly LiveMember[]): string {
  const named = members
    .slice(0, MAX_NAMED)
    .map(({ name, group }) => `${name} (${group ? `group ${group}` : "no group"})`)
    .join(", ");
  const rest = members.length - MAX_NAMED;
  const more = rest > 0 ? ` and ${rest} more` : "";
  return `${members.length === 1 ? "member" : "members"} ${named}${more}`;
}

/** Environments by fleet: those of a shared fleet cover its members together. */
function fleets(input: LintInput): readonly (readonly Bound[])[] {
  const byFleet = new Map<string, Bound[]>();
  for (const bound of boundEnvironments(input)) {
    const key = armKey(bound.environment.fleet);
    byFleet.set(key, [...(byFleet.get(key) ?? []), bound]);
  }
  return [...byFleet.values()];
}

/** Accepted when the run is created, skipped when it starts: mostly a typing mistake. */
export function groupsWithoutMembers(input: LintInput): readonly Finding[] {
  return boundEnvironments(input).flatMap((bound) => {
    const members = membersOf(bound, input);
    if (!members) return [];
    const inUse = new Set(members.map(({ group }) => group));
    return groupsOf(bound)
      .filter(({ name }) => !inUse.has(name))
      .map(({ name, path }) =>
        report(bound.strategy, {
          code: "group-without-members",
          severity: "warning",
          path,
          message: `update group ${name} has no member in environment ${bound.environment.name}`,
          remedy: "give a member this group, or remove the group from the stage",
        }),
      );
  });
}

/** Declared members, else those of the live fleet; undefined when nobody knows. */
function membersOf({ environment }: Bound, { live }: LintInput): readonly LiveMember[] | undefined {
  if (environment.members !== "fleet") return declaredMembers(environment.members);
  const key = armKey(environment.fleet);
  for (const [fleet, members] of live.members ?? []) {
    if (armKey(fleet) === key) return members;
  }
  return undefined;
}

function groupsOf({ environment, strategy }: Bound): readonly {
  readonly name: string;
  readonly path: readonly (string | number)[];
}[] {
  return resolveStages(strategy.value, environment.groups).flatMap(({ groups }, stage) =>
    groups.map(({ name }, group) => ({
      name,
      path: ["spec", "stages", stage, "groups", group, "name"],
    })),
  );
}
