import type { ArmId } from "../core/arm-id.ts";
import { FleetwrightError } from "../core/errors.ts";
import { podsToMove } from "../drain/pods.ts";
import type { BoundPod, DrainPort } from "../drain/ports.ts";
import type { NodePoolDetails, NodePoolPort } from "../node-pool/ports.ts";
import type { NodeReader, NodeView } from "../quarantine/ports.ts";
import type { ManagedCluster } from "../snapshot/ports.ts";
import { isGreenOf } from "./observed.ts";
import type { ObservedColours, Side } from "./observed.ts";

export interface ObserveDeps {
  readonly nodePools: NodePoolPort;
  readonly nodes: NodeReader;
  readonly drain: DrainPort;
}

export interface Colours {
  readonly cluster: ArmId;
  /** Name of the blue pool. */
  readonly blue: string;
  /** Name of the green pool; found by its tags when undefined. */
  readonly green: string | undefined;
}

/** Reads both pools as they stand. Nodes that cannot be seen are an error: nothing is decided blindly. */
export async function observe(deps: ObserveDeps, colours: Colours): Promise<ObservedColours> {
  const { cluster: id, blue: name } = colours;
  const [cluster, seen, pods] = await Promise.all([
    deps.nodePools.getCluster(id),
    deps.nodes.readNodes(id),
    deps.drain.readBoundPods(id),
  ]);
  if (cluster === undefined) {
    throw new FleetwrightError("not-found", `${id} does not exist`, { subject: id });
  }
  if (!seen.visible) {
    throw new FleetwrightError("unreachable", `the nodes cannot be seen: ${seen.reason}`, {
      subject: id,
    });
  }
  const read = (pool: string) => deps.nodePools.getPool(`${id}/agentPools/${pool}`);
  const [blue, green] = await Promise.all([read(name), findGreen(colours, cluster, read)]);
  const side = (pool: NodePoolDetails | undefined) => pool && sideOf(pool, seen.nodes, pods);
  return { cluster, name, blue: side(blue), green: side(green) };
}

async function findGreen(
  { blue, green }: Colours,
  { nodePools }: ManagedCluster,
  read: (pool: string) => Promise<NodePoolDetails | undefined>,
): Promise<NodePoolDetails | undefined> {
  if (green !== undefined) return read(green);
  const others = nodePools.map(({ name }) => name).filter((name) => name !== blue);
  const pools = await Promise.all(others.map(read));
  return pools.find((pool) => pool !== undefined && isGreenOf(pool, blue));
}

function sideOf(
  pool: NodePoolDetails,
  nodes: readonly NodeView[],
  pods: readonly BoundPod[],
): Side {
  const own = nodes.filter(({ nodePool }) => nodePool === pool.name);
  const names = new Set(own.map(({ name }) => name));
  return { pool, nodes: own, pods: podsToMove(pods).filter(({ node }) => names.has(node)) };
}
