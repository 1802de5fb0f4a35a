import { FleetwrightError } from "../../shared/core/errors.ts";
import { readClusters } from "../../shared/snapshot/fleet-clusters.ts";
import type { ClusterInventory, ManagedCluster } from "../../shared/snapshot/ports.ts";
import { assertPinned } from "../../shared/update-run/pins.ts";
import type { FleetPort } from "../../shared/update-run/ports.ts";
import type { Target } from "./target.ts";

interface PreflightDeps {
  readonly fleet: FleetPort;
  readonly inventory: ClusterInventory;
}

type Declared = NonNullable<Target["declared"]>;

/** What must hold before a run is created: nothing was written yet when it does not. */
export async function preflight(deps: PreflightDeps, declared: Declared): Promise<void> {
  assertPinned(declared.release, await clustersOf(deps, declared));
  await assertStrategyStored(deps.fleet, declared);
}

/** Clusters of the members that the stages reach; others are left out of the run. */
async function clustersOf(
  { fleet, inventory }: PreflightDeps,
  declared: Declared,
): Promise<readonly ManagedCluster[]> {
  const oneByOne = declared.stages.length === 0;
  const groups = new Set(declared.stages.flatMap((stage) => stage.groups.map(({ name }) => name)));
  const members = await fleet.listMembers(declared.fleet);
  const reached = members.filter(
    ({ group }) => oneByOne || (group !== undefined && groups.has(group)),
  );
  return readClusters(
    inventory,
    reached.map((member) => member.clusterId),
  );
}

async function assertStrategyStored(fleet: FleetPort, declared: Declared): Promise<void> {
  const { strategyId } = declared.spec;
  if (strategyId === undefined) return;
  const name = strategyId.split("/").at(-1) ?? "";
  if ((await fleet.getStrategy(declared.fleet, name)) !== undefined) return;
  throw new FleetwrightError(
    "not-found",
    `update strategy ${name} does not exist in ${declared.fleet}`,
    {
      subject: `${declared.fleet}/updateStrategies/${name}`,
      remedy: "apply the declared strategies first, with the strategy action (operation: apply)",
    },
  );
}
