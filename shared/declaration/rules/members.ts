import { armKey } from "../../core/arm-id.ts";
import type { Finding } from "../finding.ts";
import {
  boundEnvironments,
  mayBeRefused,
  report,
  type Bound,
  type LintInput,
  type LiveMember,
} from "../rule.ts";
import { resolveStages } from "../strategy.ts";
import { declaredMembers } from "./names.ts";

/** Members named in one message; the rest is counted. */
const MAX_NAMED = 5;

/** Fleet leaves members outside the listed groups out of a run without a word. */
export function membersInNoStage(input: LintInput): readonly Finding[] {
  const { workspace } = input;
  // What is refused could hold the missing group.
  if (!workspace || mayBeRefused(input, "UpdateStrategy") || mayBeRefused(input, "Release")) {
    return [];
  }
  return fleets(input).flatMap((bound) => {
    const [first] = bound;
    if (!first) return [];
    const groups = new Set(bound.flatMap((one) => groupsOf(one).map(({ name }) => name)));
    const members = bound.flatMap((one) => membersOf(one, input) ?? []);
    const missing = members.filter(({ group }) => group === undefined || !groups.has(group));
    if (missing.length === 0) return [];
    const unique = [...new Map(missing.map((member) => [member.name, member])).values()];
    const strategies = [...new Set(bound.map(({ strategy }) => strategy.value.metadata.name))];
    return [
      report(workspace, {
        code: "member-in-no-stage",
        path: ["spec", "environments", first.index, "fleet"],
        message: `${sayMembers(unique)} in no stage of ${strategies.join(", ")}, so no run upgrades ${unique.length === 1 ? "it" : "them"}`,
        remedy: "add the update group to a stage, or give the member another group",
      }),
    ];
  });
}

function sayMembers(members: readonly LiveMember[]): string {
  const named = members
    .slice(0, MAX_NAMED)
    .map(({ name, group }) => `${name} (${group ? `group ${group}` : "no group"})`)
    .join(", ");
  const rest = members.length - MAX_NAMED;
  const more = rest > 0 ? ` and ${rest} more` : "";
  return `${members.length === 1 ? "member" : "members"} ${named}${more} ${members.length === 1 ? "is" : "are"}`;
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
