import type { Scenario } from "../emulator/scenario.ts";

const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const GROUP = "bench";
const LARGE_CLUSTER = "large";
const FAMILY = "AKSUbuntu-2204gen2containerd";
const OLD_IMAGE = `${FAMILY}-202605.16.0`;
/** Clusters that the fleet's run brings on at the same time. */
const UPDATE_GROUPS = 10;
const API_VERSION = "2026-06-01";

/** Clusters of three pools with three nodes each in one fleet, and one cluster of so many nodes beside it. */
export function fleetScenario(size: {
  readonly clusters: number;
  /** 0 for no such cluster. */
  readonly nodes: number;
}): Scenario {
  const names = Array.from({ length: size.clusters }, (_, index) => `cluster-${index}`);
  return {
    subscription: SUBSCRIPTION,
    images: [
      { region: "westeurope", version: OLD_IMAGE },
      { region: "westeurope", version: `${FAMILY}-202606.16.0` },
    ],
    clusters: [...names.map(cluster), ...(size.nodes > 0 ? [largeCluster(size.nodes)] : [])],
    fleets: [
      { name: "fleet", resourceGroup: GROUP, location: "westeurope", members: names.map(member) },
    ],
  };
}

type ScenarioCluster = NonNullable<Scenario["clusters"]>[number];

function cluster(name: string): ScenarioCluster {
  const apps = ["web", "api", "queue", "worker"];
  return {
    name,
    resourceGroup: GROUP,
    location: "westeurope",
    kubernetesVersion: "1.33.5",
    pools: ["system", "apps", "batch"].map((pool) => ({
      name: pool,
      count: 3,
      nodeImageVersion: OLD_IMAGE,
    })),
    workloads: apps.map((app) => ({ name: app, replicas: 6 })),
    budgets: apps.map((app) => ({ name: app, selector: { app }, maxUnavailable: 1 })),
  };
}

function largeCluster(count: number): ScenarioCluster {
  const pools = [{ name: "system", count, nodeImageVersion: OLD_IMAGE }];
  return { ...cluster(LARGE_CLUSTER), pools };
}

type ScenarioMember = NonNullable<NonNullable<Scenario["fleets"]>[number]["members"]>[number];

function member(name: string, index: number): ScenarioMember {
  return { name, cluster: name, group: `group-${index % UPDATE_GROUPS}` };
}

export const RUN_BODY = {
  properties: {
    strategy: {
      stages: [
        {
          name: "all",
          groups: Array.from({ length: UPDATE_GROUPS }, (_, index) => ({ name: `group-${index}` })),
        },
      ],
    },
    managedClusterUpdate: {
      upgrade: { type: "NodeImageOnly" },
      nodeImageSelection: { type: "Latest" },
    },
  },
};

export function runPath(): string {
  const fleet = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}/providers/Microsoft.ContainerService/fleets/fleet`;
  return `${fleet}/updateRuns/run?api-version=${API_VERSION}`;
}

export function nodesPath(): string {
  return `/clusters/${SUBSCRIPTION}/${GROUP}/${LARGE_CLUSTER}/api/v1/nodes`;
}
