import { armKey } from "../shared/core/arm-id.ts";
import { SimulationError } from "../shared/simulator/model.ts";
import type {
  ClusterSpec,
  DisruptionBudget,
  Fleet,
  NodePoolSpec,
  World,
  WorkloadSpec,
} from "../shared/simulator/model.ts";
import { clusterId as clusterIdOf, clusterKey, fleetKey } from "./arm/ids.ts";
import { memberLabels } from "./fleet/member-labels.ts";
import { clusterName, ScenarioError } from "./scenario.ts";
import type { Scenario, ScenarioCluster, ScenarioPool } from "./scenario.ts";

/** A size that Azure's own examples use, with room for the pods of a rehearsal. */
const DEFAULT_VM_SIZE = "Standard_D4ds_v5";
const DEFAULT_NODE_COUNT = 3;

/** Brings the images, clusters and fleets of a scenario into the world, ready at its start. */
export function populate(world: World, scenario: Scenario, subscription: string): void {
  for (const image of scenario.images ?? []) world.images.release(image.region, image.version);
  for (const cluster of scenario.clusters ?? []) {
    const spec = clusterSpec(cluster, subscription, world.kubernetesVersions);
    told(`cluster ${cluster.name}`, () => world.addCluster(spec));
  }
  for (const spec of scenario.fleets ?? []) {
    const fleet = world.addFleet(fleetKey(subscription, spec.resourceGroup, spec.name));
    for (const member of spec.members ?? []) {
      const { name, group } = member;
      const id = memberClusterId(scenario, subscription, member.cluster);
      const clusterId = armKey(id);
      const cluster = world.clusters.get(clusterId);
      const labels = memberLabels({ name, clusterId: id }, cluster, member.labels);
      told(`member ${name} of fleet ${spec.name}`, () =>
        fleet.putMember(defined<NewMember>({ name, clusterId, group, labels })),
      );
    }
  }
}

type NewMember = Parameters<Fleet["putMember"]>[0];

/** What the world refuses is a mistake in the scenario: say where. */
function told(subject: string, add: () => unknown): void {
  try {
    add();
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error;
    throw new ScenarioError([`scenario: ${subject}: ${error.message}`]);
  }
}

function clusterSpec(
  cluster: ScenarioCluster,
  subscription: string,
  kubernetesVersions: readonly string[],
): ClusterSpec {
  const kubernetesVersion = cluster.kubernetesVersion ?? kubernetesVersions.at(-1) ?? "1.33.5";
  return {
    id: clusterKey(subscription, cluster.resourceGroup, cluster.name),
    name: cluster.name,
    region: cluster.location,
    kubernetesVersion,
    pools: cluster.pools.map((pool, index) => poolSpec(pool, index, kubernetesVersion)),
    workloads: (cluster.workloads ?? []).map(workloadSpec),
    budgets: (cluster.budgets ?? []).map(budget),
    ready: true,
  };
}

function poolSpec(pool: ScenarioPool, index: number, kubernetesVersion: string): NodePoolSpec {
  const windows = pool.osType === "Windows";
  // Where its addresses come from is written down beside the world: no upgrade depends on it.
  const { vnetSubnetID: _subnet, podSubnetID: _pods, podIPAllocationMode: _mode, ...own } = pool;
  return defined<NodePoolSpec>({
    mode: index === 0 ? "System" : "User",
    osType: "Linux",
    osSku: windows ? "Windows2022" : "Ubuntu",
    vmSize: DEFAULT_VM_SIZE,
    count: DEFAULT_NODE_COUNT,
    kubernetesVersion,
    ...own,
    upgradeSettings: pool.upgradeSettings && defined(pool.upgradeSettings),
    upgradeSettingsBlueGreen:
      pool.upgradeSettingsBlueGreen && defined(pool.upgradeSettingsBlueGreen),
  });
}

function workloadSpec(workload: NonNullable<ScenarioCluster["workloads"]>[number]): WorkloadSpec {
  return defined<WorkloadSpec>({
    kind: "Deployment",
    namespace: "default",
    replicas: 1,
    labels: { app: workload.name },
    ...workload,
    tolerations: workload.tolerations?.map((toleration) => defined(toleration)),
  });
}

function budget(input: NonNullable<ScenarioCluster["budgets"]>[number]): DisruptionBudget {
  return defined<DisruptionBudget>({ namespace: "default", ...input });
}

function memberClusterId(scenario: Scenario, subscription: string, cluster: string): string {
  const found = scenario.clusters?.find(({ name }) => name.toLowerCase() === clusterName(cluster));
  return clusterIdOf(subscription, found?.resourceGroup ?? "", found?.name ?? cluster);
}

/** Without the keys whose value is undefined: "absent" and "undefined" differ under exact optional types. */
function defined<T extends object>(value: { [Key in keyof T]: T[Key] | undefined }): T {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries) as T;
}
