import type { Environment } from "../../shared/declaration/documents.ts";
import type { LiveFleets } from "../../shared/declaration/lint.ts";
import type { FleetMember, FleetPort } from "../../shared/update-run/ports.ts";

/** What the lint wants to know of Azure: one list of members per fleet, and Azure's time. */
export async function readLiveFleets(
  environments: readonly Environment[],
  deps: { readonly fleet: FleetPort; now(): number },
): Promise<LiveFleets> {
  const members = new Map<string, readonly FleetMember[]>();
  for (const { fleet } of environments) {
    if (!members.has(fleet)) members.set(fleet, await deps.fleet.listMembers(fleet));
  }
  // Asked last: it is the machine's time until Azure has answered once.
  return { members, now: deps.now() };
}
