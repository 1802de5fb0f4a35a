import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import type { LocalAzure } from "./local-azure.ts";

/**
 * The person who frees a quarantined node, with the calls that kubectl and the Azure CLI would make:
 * adjust the budget, take the label off the node, then any PUT of the pool.
 */
export interface Operator {
  allowOneDisruption(namespace: string, budget: string): Promise<void>;
  releaseNode(node: string): Promise<void>;
  /** `az aks nodepool update` without a change: AKS finishes what it had left. */
  updatePool(pool: string): Promise<void>;
  poolState(pool: string): Promise<string>;
}

const AKS_VERSION = "2026-04-01";

export async function operatorOf(azure: LocalAzure, clusterId: string): Promise<Operator> {
  const kubernetes = await adminAccess(azure, clusterId);
  const patch = (path: string, body: unknown): Promise<unknown> =>
    azure.wire.send("PATCH", `${kubernetes.server}${path}`, {
      token: kubernetes.token,
      headers: { "content-type": "application/merge-patch+json" },
      body,
    });
  const poolPath = (pool: string): string =>
    `${clusterId}/agentPools/${pool}?api-version=${AKS_VERSION}`;
  return {
    async allowOneDisruption(namespace, budget) {
      await patch(`/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets/${budget}`, {
        spec: { minAvailable: null, maxUnavailable: 1 },
      });
    },
    async releaseNode(node) {
      await patch(`/api/v1/nodes/${node}`, {
        metadata: { labels: { "kubernetes.azure.com/upgrade-status": null } },
      });
    },
    async updatePool(pool) {
      const body = await azure.arm("GET", poolPath(pool));
      await azure.arm("PUT", poolPath(pool), body);
    },
    async poolState(pool) {
      const body = await azure.arm<PoolBody>("GET", poolPath(pool));
      return body.properties.provisioningState;
    },
  };
}

interface PoolBody {
  readonly properties: { readonly provisioningState: string };
}

async function adminAccess(
  azure: LocalAzure,
  clusterId: string,
): Promise<{ readonly server: string; readonly token: string }> {
  const kubeconfig = parse(await adminKubeconfig(azure, clusterId)) as {
    readonly clusters: readonly { readonly cluster: { readonly server: string } }[];
    readonly users: readonly { readonly user: { readonly token: string } }[];
  };
  return {
    server: kubeconfig.clusters[0]?.cluster.server ?? "",
    token: kubeconfig.users[0]?.user.token ?? "",
  };
}

async function adminKubeconfig(azure: LocalAzure, clusterId: string): Promise<string> {
  const credentials = await azure.arm<{ kubeconfigs: readonly { value: string }[] }>(
    "POST",
    `${clusterId}/listClusterAdminCredential?api-version=${AKS_VERSION}`,
  );
  return Buffer.from(credentials.kubeconfigs[0]?.value ?? "", "base64").toString("utf8");
}

/** `az aks get-credentials --admin` for every cluster: one file each, for kubectl. */
export async function writeKubeconfigs(
  azure: LocalAzure,
  clusterIds: readonly string[],
): Promise<readonly string[]> {
  return Promise.all(
    clusterIds.map(async (clusterId) => {
      const path = join(azure.directory, `${clusterId.split("/").at(-1)}.kubeconfig`);
      await writeFile(path, await adminKubeconfig(azure, clusterId));
      return path;
    }),
  );
}
