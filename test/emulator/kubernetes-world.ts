import type { Cluster, World } from "../../shared/simulator/model.ts";
import { createWorld } from "../../shared/simulator/world.ts";
import { clusterId } from "./kubernetes-server.ts";

export const OLD_IMAGE = "AKSUbuntu-2204gen2containerd-202606.01.0";
export const NEW_IMAGE = "AKSUbuntu-2204gen2containerd-202607.01.0";

/** One cluster, `quay`: three workers, two applications and a DaemonSet; `ledger` may lose no pod. */
export function quayWorld(): { readonly world: World; readonly quay: Cluster } {
  const world = createWorld({ seed: 7, start: Date.UTC(2026, 6, 1) });
  world.images.release("westeurope", OLD_IMAGE);
  const quay = world.addCluster({
    id: clusterId("quay"),
    name: "quay",
    region: "westeurope",
    kubernetesVersion: "1.33.5",
    ready: true,
    pools: [
      {
        name: "workers",
        mode: "System",
        osType: "Linux",
        osSku: "Ubuntu",
        vmSize: "Standard_D4ds_v5",
        count: 3,
        kubernetesVersion: "1.33.5",
        nodeImageVersion: OLD_IMAGE,
        nodeLabels: { team: "harbour" },
        upgradeSettings: { maxSurge: "1", undrainableNodeBehavior: "Cordon" },
      },
    ],
    workloads: [
      deployment("default", "crane", 4),
      deployment("dock", "ledger", 2),
      { ...deployment("kube-system", "proxy", 0), kind: "DaemonSet" },
    ],
    budgets: [{ namespace: "dock", name: "ledger", selector: { app: "ledger" }, minAvailable: 2 }],
  });
  return { world, quay };
}

function deployment(
  namespace: string,
  name: string,
  replicas: number,
): {
  kind: "Deployment";
  namespace: string;
  name: string;
  replicas: number;
  labels: Record<string, string>;
} {
  return { kind: "Deployment", namespace, name, replicas, labels: { app: name } };
}
