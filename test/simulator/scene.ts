import type {
  Cluster,
  ClusterSpec,
  Fleet,
  NodePoolSpec,
  Transition,
  World,
  WorkloadSpec,
} from "../../shared/simulator/model.ts";
import { createWorld } from "../../shared/simulator/world.ts";

export const HOUR = 3_600_000;
export const REGION = "westeurope";
export const FAMILY = "AKSUbuntu-2204gen2containerd";
export const OLD_IMAGE = `${FAMILY}-202506.16.0`;
export const NEW_IMAGE = `${FAMILY}-202507.09.0`;

export function pool(spec: Partial<NodePoolSpec> = {}): NodePoolSpec {
  return {
    name: "np",
    mode: "System",
    osType: "Linux",
    osSku: "Ubuntu",
    vmSize: "Standard_D4ds_v5",
    count: 2,
    kubernetesVersion: "1.32.7",
    nodeImageVersion: OLD_IMAGE,
    ...spec,
  };
}

export function deployment(name: string, spec: Partial<WorkloadSpec> = {}): WorkloadSpec {
  return {
    kind: "Deployment",
    namespace: "default",
    name,
    replicas: 1,
    labels: { app: name },
    ...spec,
  };
}

export function cluster(name: string, spec: Partial<ClusterSpec> = {}): ClusterSpec {
  return {
    id: `/clusters/${name}`,
    name,
    region: REGION,
    kubernetesVersion: "1.32.7",
    pools: [pool()],
    ready: true,
    ...spec,
  };
}

/** A world in which both images are out. */
export function world(options: Partial<Parameters<typeof createWorld>[0]> = {}): World {
  const made = createWorld({ seed: 7, start: 0, ...options });
  made.images.release(REGION, OLD_IMAGE);
  made.images.release(REGION, NEW_IMAGE);
  return made;
}

/** A fleet of clusters, each named like its member, in the group that the name begins with. */
export function fleetOf(made: World, names: readonly string[]): Fleet {
  const fleet = made.addFleet("/fleets/f");
  for (const name of names) {
    const { id } = made.addCluster(cluster(name));
    fleet.putMember({ name, clusterId: id, group: name.split("-")[0] ?? name });
  }
  return fleet;
}

/** No scene has so much to do: one that goes on is caught in a circle. */
const MAX_STEPS = 200_000;

export function letRest(made: World): void {
  for (let step = 0; step < MAX_STEPS; step++) {
    const next = made.nextAt();
    if (next === undefined) return;
    made.advanceTo(next);
  }
  throw new Error(`the world does not come to rest within ${MAX_STEPS} steps`);
}

export function logOf(made: World): Transition[] {
  const log: Transition[] = [];
  made.subscribe((transition) => log.push(transition));
  return log;
}

/** A zero-disruption budget for the app. */
export function block(target: Cluster, app: string): void {
  target.putBudget({ namespace: "default", name: app, selector: { app }, maxUnavailable: 0 });
}

export function unblock(target: Cluster, app: string): void {
  target.deleteBudget("default", app);
}
