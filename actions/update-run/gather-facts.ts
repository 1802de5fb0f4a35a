import { armKey } from "../../shared/core/arm-id.ts";
import { createLimiter } from "../../shared/core/limiter.ts";
import { parseNodeImage } from "../../shared/core/node-image.ts";
import { isError } from "../../shared/core/errors.ts";
import type { Release } from "../../shared/declaration/documents.ts";
import type { ArmId } from "../../shared/core/arm-id.ts";
import { readClusters } from "../../shared/snapshot/fleet-clusters.ts";
import type { ManagedCluster } from "../../shared/snapshot/ports.ts";
import type { DeclaredRun } from "../../shared/update-run/create.ts";
import type { FleetMember } from "../../shared/update-run/ports.ts";
import { networkOf, subnetsOf } from "../../shared/update-run/preflight/addresses.ts";
import type { NetworkSpace, NetworkSpaces } from "../../shared/update-run/preflight/addresses.ts";
import { regionKey } from "../../shared/update-run/preflight/facts.ts";
import type {
  MemberFacts,
  PreflightFacts,
  PreflightPort,
} from "../../shared/update-run/preflight/facts.ts";
import { isActive } from "../../shared/update-run/state.ts";
import type { Step } from "./step.ts";

const MAX_AT_ONCE = 16;

/** Reads what the rules of a preflight judge: lists for all members, the nodes of those that come first. */
export async function gatherFacts(
  { deps, inputs, target }: Step,
  declared: DeclaredRun & { readonly release: Release },
): Promise<PreflightFacts> {
  const { fleet, inventory, preflights } = deps;
  const ordered = inOrder(declared, await fleet.listMembers(declared.fleet));
  const clusters = await readClusters(
    inventory,
    ordered.map(({ clusterId }) => clusterId),
  );
  const runs = await fleet.listRuns(declared.fleet);
  const regions = firstOf(clusters, ({ location }) => location);
  const replacesNodes = declared.spec.upgradeType !== "ControlPlaneOnly";
  return {
    release: declared.release,
    spec: declared.spec,
    stages: declared.stages,
    freezes: target.freezes,
    otherRuns: runs.filter(({ name, status }) => name !== declared.name && isActive(status.state)),
    profiles: await preflights.listAutoUpgradeProfiles(declared.fleet),
    members: await lookAtMembers(deps, declared.spec.upgradeType, {
      ordered,
      clusters,
      seen: inputs.preflightMembers,
    }),
    newestImages: await newestImages(deps, declared, clusters),
    kubernetesVersions:
      declared.spec.kubernetesVersion === undefined
        ? new Map()
        : await perRegion(regions, (id, region) => preflights.listKubernetesVersions(id, region)),
    quotas: replacesNodes
      ? await perRegion(regions, (id, region) => deps.quotas.readQuotas(id, region))
      : new Map(),
    networks: replacesNodes ? await readNetworks(preflights, clusters) : new Map(),
    // Asked last: it is the machine's time until Azure has answered once.
    now: deps.now(),
  };
}

/** The members that the run reaches, those of the first stage first. */
function inOrder({ stages }: DeclaredRun, members: readonly FleetMember[]): readonly FleetMember[] {
  if (stages.length === 0) return members;
  const groups = stages.flatMap((stage) => stage.groups.map(({ name }) => name));
  return groups.flatMap((name) => members.filter(({ group }) => group === name));
}

/** One cluster to ask for each key. */
function firstOf(
  clusters: readonly ManagedCluster[],
  key: (cluster: ManagedCluster) => string,
): ReadonlyMap<string, ManagedCluster> {
  return new Map(clusters.toReversed().map((cluster) => [key(cluster), cluster]));
}

async function perRegion<T>(
  regions: ReadonlyMap<string, ManagedCluster>,
  ask: (cluster: ArmId, region: string) => Promise<T>,
): Promise<ReadonlyMap<string, T>> {
  const answers = [...regions].map(async ([region, { id }]): Promise<[string, T]> => [
    region,
    await ask(id, region),
  ]);
  return new Map(await Promise.all(answers));
}

/** One request per virtual network, however many clusters are in it. */
async function readNetworks(
  preflights: PreflightPort,
  clusters: readonly ManagedCluster[],
): Promise<NetworkSpaces> {
  const networks = new Map(
    clusters.flatMap(subnetsOf).map((subnet) => [armKey(networkOf(subnet)), networkOf(subnet)]),
  );
  const limit = createLimiter(MAX_AT_ONCE);
  const spaces = [...networks].map(async ([key, network]): Promise<[string, NetworkSpace]> => [
    key,
    await limit(() => preflights.readNetworkSpace(network)),
  ]);
  return new Map(await Promise.all(spaces));
}

/** One upgrade profile per region and family, and only for pins that could be too new for a region. */
async function newestImages(
  { inventory }: Step["deps"],
  { spec }: DeclaredRun,
  clusters: readonly ManagedCluster[],
): Promise<ReadonlyMap<string, string | undefined>> {
  const pins = (spec.nodeImageSelection.customNodeImageVersions ?? []).map(parseNodeImage);
  const pools = clusters.flatMap(({ location, nodePools }) =>
    nodePools.map((pool) => ({
      location,
      pool,
      family: parseNodeImage(pool.nodeImageVersion).family,
    })),
  );
  const samples = new Map(
    pools
      .filter(({ family }) => pins.some((pin) => pin.family === family))
      .map(({ location, family, pool }) => [regionKey(location, family), pool.id]),
  );
  const newest = new Map<string, string | undefined>();
  for (const [key, pool] of samples) {
    const image = await readable(() => inventory.latestNodeImage(pool));
    newest.set(key, image && parseNodeImage(image).version);
  }
  return newest;
}

interface MembersToSee {
  readonly ordered: readonly FleetMember[];
  readonly clusters: readonly ManagedCluster[];
  /** Of how many, the first ones, the Kubernetes API is asked. */
  readonly seen: number;
}

async function lookAtMembers(
  { nodes, remedies, preflights }: Step["deps"],
  upgradeType: DeclaredRun["spec"]["upgradeType"],
  { ordered, clusters, seen: bound }: MembersToSee,
): Promise<readonly MemberFacts[]> {
  const byId = new Map(clusters.map((cluster) => [armKey(cluster.id), cluster]));
  const windowName =
    upgradeType === "NodeImageOnly"
      ? "aksManagedNodeOSUpgradeSchedule"
      : "aksManagedAutoUpgradeSchedule";
  const limit = createLimiter(MAX_AT_ONCE);
  const facts = ordered.map(async ({ name, clusterId }, index): Promise<readonly MemberFacts[]> => {
    const cluster = byId.get(armKey(clusterId));
    if (cluster === undefined) return [];
    const isSeen = index < bound && cluster.powerState === "Running";
    if (!isSeen) {
      return [{ name, cluster, nodes: undefined, budgets: undefined, window: undefined }];
    }
    return limit(async () => {
      const [seen, window] = await Promise.all([
        nodes.readNodes(clusterId),
        preflights.readMaintenanceWindow(clusterId, windowName),
      ]);
      const budgets = seen.visible
        ? await readable(() => remedies.listBudgets(clusterId))
        : undefined;
      return [{ name, cluster, nodes: seen, budgets, window }];
    });
  });
  return (await Promise.all(facts)).flat();
}

/** What this identity may not read speaks neither for nor against the run. */
async function readable<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isError(error, "unauthorized")) return undefined;
    throw error;
  }
}
