import type { ArmId } from "../core/arm-id.ts";
import { FleetwrightError, isError } from "../core/errors.ts";
import { renderDifferences, stageDifferences, type Difference } from "./compare.ts";
import { toleratesFailures } from "./tolerance.ts";
import type { FleetMember, FleetPort, UpdateStage, UpdateStrategyResource } from "./ports.ts";

export interface DeclaredStrategy {
  readonly fleet: ArmId;
  /** Under its digest: an edited strategy is another one, and a run's strategy never changes. */
  readonly name: string;
  readonly stages: readonly UpdateStage[];
}

/** Creates a strategy that is absent; one that was edited in Azure is an error, never overwritten. */
export async function applyStrategy(
  port: FleetPort,
  declared: DeclaredStrategy,
  stored: readonly UpdateStrategyResource[],
): Promise<{ readonly changed: boolean }> {
  const existing = stored.find((strategy) => strategy.name === declared.name);
  if (existing !== undefined) return unchanged(declared, await whole(port, declared, existing));
  try {
    await port.createStrategy(declared.fleet, declared.name, declared.stages);
    return { changed: true };
  } catch (thrown) {
    const winner = isError(thrown, "conflict")
      ? await port.getStrategy(declared.fleet, declared.name, previewsOf(declared))
      : undefined;
    if (winner === undefined) throw thrown;
    return unchanged(declared, winner);
  }
}

/** What only a preview of the API shows is asked for where it was declared. */
async function whole(
  port: FleetPort,
  declared: DeclaredStrategy,
  listed: UpdateStrategyResource,
): Promise<UpdateStrategyResource> {
  const options = previewsOf(declared);
  if (!options.previews) return listed;
  return (await port.getStrategy(declared.fleet, declared.name, options)) ?? listed;
}

function previewsOf({ stages }: DeclaredStrategy): { readonly previews: boolean } {
  return { previews: toleratesFailures(stages) };
}

function unchanged(
  declared: DeclaredStrategy,
  stored: UpdateStrategyResource,
): { readonly changed: false } {
  const differences = [
    ...stageDifferences(declared.stages, stored.stages),
    ...lostTolerance(declared.stages, stored.stages),
  ];
  if (differences.length === 0) return { changed: false };
  throw new FleetwrightError(
    "plan-changed",
    `update strategy ${declared.name} was edited in Azure: ${renderDifferences(differences)}`,
    { subject: stored.id, remedy: "delete it in Azure, or declare the change here" },
  );
}

/** Somebody took every `maxAllowedFailures` out: what is not there at all is compared nowhere else. */
function lostTolerance(
  declared: readonly UpdateStage[],
  stored: readonly UpdateStage[],
): readonly Difference[] {
  if (!toleratesFailures(declared) || toleratesFailures(stored)) return [];
  return [{ field: "maxAllowedFailures", declared: "as in the stages", stored: "" }];
}

/** Takes away what nobody declares any more; with `If-Match`, so that it is still what was judged. */
export interface StrategyRemover {
  deleteStrategy(fleet: ArmId, name: string, etag: string): Promise<void>;
}

export interface GroupMove {
  readonly member: FleetMember;
  readonly group: string;
}

/** Which members have to change their update group, and which declared ones the fleet does not have. */
export function planGroups(
  declared: readonly { readonly name: string; readonly group: string }[],
  members: readonly FleetMember[],
): { readonly moves: readonly GroupMove[]; readonly absent: readonly string[] } {
  const byName = new Map(members.map((member) => [member.name, member]));
  const moves = declared.flatMap(({ name, group }) => {
    const member = byName.get(name);
    return member === undefined || member.group === group ? [] : [{ member, group }];
  });
  return { moves, absent: declared.filter(({ name }) => !byName.has(name)).map((m) => m.name) };
}
