import type { ManagedCluster, NodePoolSnapshot } from "../../shared/snapshot/ports.ts";
import { verifyPools } from "../../shared/update-run/verify-pools.ts";
import type { Verdict } from "../../shared/update-run/verify.ts";
import { askUntil } from "../runner/waiting.ts";
import type { ClusterDeps, ClusterInputs } from "./inputs.ts";

export interface VerifiedCluster {
  readonly cluster: ManagedCluster | undefined;
  /** Undefined when nobody wanted it. */
  readonly verdict: Verdict | undefined;
}

/** Proves every node pool of the cluster from its nodes; that of the snapshot by the snapshot's image. */
export async function verifyCluster(
  { cluster: id, verify }: ClusterInputs,
  deps: ClusterDeps,
  snapshot: NodePoolSnapshot | undefined,
): Promise<VerifiedCluster> {
  const cluster = await deps.nodePools.getCluster(id);
  if (cluster === undefined || verify === "none") return { cluster, verdict: undefined };
  const first = cluster.nodePools.find(({ mode }) => mode === "System");
  const pools = cluster.nodePools.map((pool) =>
    pool === first ? { ...pool, ...held(snapshot) } : pool,
  );
  const verdict = await askUntil(
    deps.waiting,
    async () =>
      verifyPools({
        nodes: await deps.nodes.readNodes(id),
        pools,
        baseline: new Set(),
        now: deps.now(),
      }),
    ({ outcome }) => outcome !== "inconclusive",
  );
  return { cluster, verdict };
}

function held(snapshot: NodePoolSnapshot | undefined) {
  if (snapshot === undefined) return {};
  const { nodeImageVersion, kubernetesVersion } = snapshot;
  return { nodeImageVersion, kubernetesVersion };
}
