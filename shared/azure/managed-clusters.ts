import type { ArmId } from "../core/arm-id.ts";
import { isError } from "../core/errors.ts";
import type { ArmBody, ManagedClusterPort } from "../managed-cluster/ports.ts";
import type { BegunOperation } from "../node-pool/ports.ts";
import type { ArmClient } from "./arm-client.ts";
import { AKS_API_VERSION } from "./clusters.ts";
import { asObject } from "./json.ts";
import { beginOperation } from "./long-running.ts";

/** Clusters in ARM's own words: a declared body reaches Azure as it was written. */
export function createManagedClusterPort(arm: ArmClient): ManagedClusterPort {
  const at = (cluster: ArmId) =>
    arm.rest.pathUnchecked(`${cluster}?api-version=${AKS_API_VERSION}`);
  const put = (
    id: ArmId,
    body: ArmBody,
    headers: Record<string, string>,
  ): Promise<BegunOperation> =>
    beginOperation(arm, { id, action: "Microsoft.ContainerService/managedClusters/write" }, () =>
      at(id).put({ body, headers }),
    );
  return {
    async getClusterBody(cluster) {
      try {
        return asObject((await at(cluster).get()).body);
      } catch (error) {
        if (isError(error, "not-found")) return undefined;
        throw error;
      }
    },
    createCluster: (cluster, body) => put(cluster, body, { "If-None-Match": "*" }),
    putCluster: (cluster, body, etag) => put(cluster, body, { "If-Match": etag }),
  };
}
