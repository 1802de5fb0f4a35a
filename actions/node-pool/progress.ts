import type { ArmId } from "../../shared/core/arm-id.ts";
import type { PoolTarget } from "../../shared/node-pool/plan.ts";
import type { ClusterNodes } from "../../shared/quarantine/ports.ts";
import type { NodePoolDeps, NodePoolInputs } from "./inputs.ts";

/** Says how far the pool is, whenever that has changed. */
export function progressReader(
  { inputs, deps, poolId }: { inputs: NodePoolInputs; deps: NodePoolDeps; poolId: ArmId },
  target: PoolTarget,
): () => Promise<void> {
  let told = "";
  return async () => {
    const pool = await deps.nodePools.getPool(poolId);
    const state = pool?.provisioningState ?? "gone";
    const nodes =
      inputs.verify === "nodes" ? nodesText(await deps.nodes.readNodes(inputs.cluster)) : "";
    const line = `${inputs.nodePool}: ${state}${nodes}`;
    if (line === told) return;
    told = line;
    deps.runner.log(`${new Date(deps.now()).toISOString().slice(0, 19)}Z  ${line}`);
  };

  function nodesText(nodes: ClusterNodes): string {
    if (!nodes.visible) return ", nodes not visible";
    const own = nodes.nodes.filter((node) => node.nodePool === inputs.nodePool);
    const { nodeImageVersion: image, kubernetesVersion: version } = target;
    const done = own.filter(
      (node) =>
        (image ?? node.nodeImageVersion) === node.nodeImageVersion &&
        (version ?? node.kubernetesVersion) === node.kubernetesVersion,
    );
    const goal = [image, version].find((part) => part !== undefined);
    const share = goal === undefined ? `${own.length}` : `${done.length} of ${own.length}`;
    const quarantined = own.filter((node) => node.quarantined).length;
    return `, ${share} nodes${goal === undefined ? "" : ` on ${goal}`}${quarantined > 0 ? `, ${quarantined} quarantined` : ""}`;
  }
}
