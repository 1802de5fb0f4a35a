import type {
  ClusterSpec,
  DisruptionBudget,
  NodePoolSpec,
  WorkloadSpec,
  World,
} from "../shared/simulator/model.ts";
import { createWorld } from "../shared/simulator/world.ts";

export interface FleetShape {
  readonly clusters: number;
  /** Per cluster. */
  readonly pools: number;
  /** Per pool. */
  readonly nodes: number;
  /** Per node. */
  readonly pods: number;
}

const REGION = "westeurope";
const FAMILY = "AKSUbuntu-2204gen2containerd";
const OLD_IMAGE = `${FAMILY}-202606.16.0`;
const NEW_IMAGE = `${FAMILY}-202607.09.0`;
const KUBERNETES_VERSION = "1.33.5";
const MAX_SURGE = "33%";
/** Every Deployment has this many replicas, and a budget that lets one of them be away. */
const REPLICAS = 10;
const NAMESPACE = "default";
export const SEED = 7;

/** A world in which a newer image than that of the clusters is out. */
export function benchWorld(): World {
  const world = createWorld({ seed: SEED, start: 0 });
  world.images.release(REGION, OLD_IMAGE);
  world.images.release(REGION, NEW_IMAGE);
  return world;
}

export function clusterSpec(shape: FleetShape, index: number): ClusterSpec {
  return {
    id: `/clusters/${index}`,
    name: `cluster-${index}`,
    region: REGION,
    kubernetesVersion: KUBERNETES_VERSION,
    ...contentsOf(shape),
    ready: true,
  };
}

type Contents = Pick<ClusterSpec, "pools" | "workloads" | "budgets">;
const contents = new Map<FleetShape, Contents>();

/** All clusters of a shape are alike; what is measured is not how they are written down. */
function contentsOf(shape: FleetShape): Contents {
  const known = contents.get(shape);
  if (known !== undefined) return known;
  const apps = Math.ceil((shape.pools * shape.nodes * shape.pods) / REPLICAS);
  const made: Contents = {
    pools: Array.from({ length: shape.pools }, (_, pool) => poolSpec(pool, shape.nodes)),
    workloads: Array.from({ length: apps }, (_, app) => deployment(app)),
    budgets: Array.from({ length: apps }, (_, app) => budget(app)),
  };
  contents.set(shape, made);
  return made;
}

function poolSpec(index: number, count: number): NodePoolSpec {
  return {
    name: `pool${index}`,
    mode: index === 0 ? "System" : "User",
    osType: "Linux",
    osSku: "Ubuntu",
    vmSize: "Standard_D4ds_v5",
    count,
    kubernetesVersion: KUBERNETES_VERSION,
    nodeImageVersion: OLD_IMAGE,
    upgradeSettings: { maxSurge: MAX_SURGE },
  };
}

function deployment(index: number): WorkloadSpec {
  const name = `app-${index}`;
  const labels = { app: name };
  return { kind: "Deployment", namespace: NAMESPACE, name, labels, replicas: REPLICAS };
}

function budget(index: number): DisruptionBudget {
  const name = `app-${index}`;
  return { namespace: NAMESPACE, name, selector: { app: name }, maxUnavailable: 1 };
}
