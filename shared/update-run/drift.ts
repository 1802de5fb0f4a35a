import { renderDifferences, stageDifferences } from "./compare.ts";
import type { DeclaredStrategy } from "./apply-strategy.ts";
import type { FleetMember, UpdateRun, UpdateStrategyResource } from "./ports.ts";
import { isActive } from "./state.ts";

/** Something that is not in Azure as it is declared, or in Azure and not declared. */
export interface Drift {
  readonly kind: DriftKind;
  /** The strategy, member, group or node pool. */
  readonly subject: string;
  readonly detail: string;
}

/** A closed list: workflows switch on it. */
export type DriftKind =
  | "strategy-missing"
  | "strategy-edited"
  | "strategy-undeclared"
  | "member-absent"
  | "member-undeclared"
  | "member-moved"
  | "group-emptied"
  | "pool-image"
  | "pool-image-not-pinned"
  | "kubernetes-version";

/** Strategies that this repository stores end with eight digits of their digest. */
const OURS = /-[0-9a-f]{8}$/;

/** In both directions: what apply would create, what somebody edited, and what nobody declares any more. */
export function strategyDrift(
  declared: readonly DeclaredStrategy[],
  stored: readonly UpdateStrategyResource[],
): readonly Drift[] {
  const wanted = new Map(declared.map((strategy) => [strategy.name, strategy]));
  const existing = new Set(stored.map(({ name }) => name));
  return [
    ...declared
      .filter(({ name }) => !existing.has(name))
      .map(({ name }): Drift => ({
        kind: "strategy-missing",
        subject: name,
        detail: "is declared and not stored: apply creates it",
      })),
    ...stored.flatMap((strategy): readonly Drift[] => {
      const declaration = wanted.get(strategy.name);
      if (declaration === undefined) {
        const detail = "is stored and not declared";
        return [{ kind: "strategy-undeclared", subject: strategy.name, detail }];
      }
      const differences = stageDifferences(declaration.stages, strategy.stages);
      if (differences.length === 0) return [];
      const detail = `was edited in Azure: ${renderDifferences(differences)}`;
      return [{ kind: "strategy-edited", subject: strategy.name, detail }];
    }),
  ];
}

/**
 * Stored strategies that are no longer declared and that no run waits to use. Only names of our form:
 * what somebody else stored is theirs.
 */
export function removableStrategies(
  declared: readonly DeclaredStrategy[],
  stored: readonly UpdateStrategyResource[],
  runs: readonly UpdateRun[],
): readonly UpdateStrategyResource[] {
  const wanted = new Set(declared.map(({ name }) => name));
  const inUse = new Set(
    runs
      .filter(({ status }) => status.state === "NotStarted" || isActive(status.state))
      .map(({ strategyId }) => strategyId?.split("/").at(-1)?.toLowerCase()),
  );
  return stored.filter(
    ({ name }) => OURS.test(name) && !wanted.has(name) && !inUse.has(name.toLowerCase()),
  );
}

export interface DeclaredMember {
  readonly name: string;
  readonly group: string;
}

/**
 * Members against the list that an environment declares, and the groups that its moves would empty. In a shared
 * fleet `live` leaves out what other environments declare, and `everyone` does not: theirs fill a group, too.
 */
export function memberDrift(
  declared: readonly DeclaredMember[],
  live: readonly FleetMember[],
  everyone = live,
): readonly Drift[] {
  const wanted = new Map(declared.map(({ name, group }) => [name, group]));
  const present = new Set(live.map(({ name }) => name));
  const moved = live.filter(({ name, group }) => wanted.has(name) && wanted.get(name) !== group);
  return [
    ...declared
      .filter(({ name }) => !present.has(name))
      .map(({ name }): Drift => ({
        kind: "member-absent",
        subject: name,
        detail: "is declared, its fleet does not have it",
      })),
    ...live
      .filter(({ name }) => !wanted.has(name))
      .map(({ name, group }): Drift => ({
        kind: "member-undeclared",
        subject: name,
        detail: `is in ${groupText(group)} and not declared`,
      })),
    ...moved.map(({ name, group }): Drift => ({
      kind: "member-moved",
      subject: name,
      detail: `is in ${groupText(group)}, declared in group ${wanted.get(name)}`,
    })),
    ...emptiedGroups(everyone, wanted).map(({ group, movers }): Drift => ({
      kind: "group-emptied",
      subject: group,
      detail: `this move empties group ${group}: ${movers.join(", ")} ${movers.length === 1 ? "was" : "were"} its last; runs skip a group without members`,
    })),
  ];
}

function groupText(group: string | undefined): string {
  return group === undefined ? "no group" : `group ${group}`;
}

/** Groups that have members now and would have none once every member stands as declared. */
export function emptiedGroups(
  live: readonly FleetMember[],
  wanted: ReadonlyMap<string, string>,
): readonly { readonly group: string; readonly movers: readonly string[] }[] {
  const after = new Set(live.map(({ name, group }) => wanted.get(name) ?? group));
  const before = [...new Set(live.flatMap(({ group }) => group ?? []))];
  return before
    .filter((group) => !after.has(group))
    .map((group) => ({
      group,
      movers: live.filter((member) => member.group === group).map(({ name }) => name),
    }));
}
