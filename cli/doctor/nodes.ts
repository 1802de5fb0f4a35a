import type { ArmId } from "../../shared/core/arm-id.ts";
import { createLimiter } from "../../shared/core/limiter.ts";
import { counted } from "../../shared/core/markdown.ts";
import type { ClusterNodes, NodeReader } from "../../shared/quarantine/ports.ts";
import type { ManagedCluster } from "../../shared/snapshot/ports.ts";
import { naming, type Diagnosis } from "./diagnosis.ts";

/** Each cluster has an API server of its own; more at once only crowds our own connection. */
const CLUSTERS_AT_ONCE = 32;

/** Whether the nodes can be seen, which every verdict on a run needs, and whether some are left over. */
export async function checkNodes(
  reader: NodeReader,
  clusters: readonly ManagedCluster[],
): Promise<readonly Diagnosis[]> {
  const limit = createLimiter(CLUSTERS_AT_ONCE);
  const running = clusters.filter(({ powerState }) => powerState === "Running");
  const seen = await Promise.all(
    running.map(
      async ({ id, name }) =>
        [name, impersonal(await limit(() => reader.readNodes(id)), id)] as const,
    ),
  );
  return judgeNodes(new Map(seen));
}

/** The same reason in every cluster is one finding: it may not name its own. */
function impersonal(answer: ClusterNodes, cluster: ArmId): ClusterNodes {
  if (answer.visible) return answer;
  const name = new RegExp(cluster.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"), "gi");
  return { visible: false, reason: answer.reason.replaceAll(name, "the cluster") };
}

/** Pure. */
export function judgeNodes(seen: ReadonlyMap<string, ClusterNodes>): readonly Diagnosis[] {
  const unseen = new Map<string, string[]>();
  const quarantined: string[] = [];
  let nodes = 0;
  for (const [cluster, answer] of seen) {
    if (answer.visible) {
      nodes += answer.nodes.length;
      quarantined.push(
        ...answer.nodes.filter((node) => node.quarantined).map(({ name }) => `${cluster}/${name}`),
      );
    } else {
      unseen.set(answer.reason, [...(unseen.get(answer.reason) ?? []), cluster]);
    }
  }
  return [...judgeSight(unseen, nodes, seen.size), ...judgeQuarantine(quarantined)];
}

function judgeSight(
  unseen: ReadonlyMap<string, readonly string[]>,
  nodes: number,
  clusters: number,
): readonly Diagnosis[] {
  if (unseen.size === 0) {
    const message = `${counted(nodes, "node")} of ${counted(clusters, "cluster")} can be seen`;
    return [{ topic: "kubernetes-api", verdict: "ok", message }];
  }
  return [...unseen].map(([reason, names]) => ({
    topic: "kubernetes-api",
    verdict: "error",
    ...naming(names, (clusters) => `the nodes of ${clusters} cannot be seen: ${reason}`),
    remedy:
      "their verdict is unknown and their gates stay closed; grant the Kubernetes data actions of the role, or run where the cluster can be reached",
    subjects: names,
  }));
}

function judgeQuarantine(names: readonly string[]): readonly Diagnosis[] {
  if (names.length === 0) return [];
  return [
    {
      topic: "quarantine",
      verdict: "warning",
      ...naming(
        names,
        (nodes) => `${counted(names.length, "quarantined node")} left over: ${nodes}`,
      ),
      remedy: "action quarantine lists who blocks them and the remedies",
      subjects: names,
    },
  ];
}
