import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Scenario } from "../../emulator/scenario.ts";
import type { TestEmulator } from "../support/emulator.ts";

/** One cluster whose node pools are changed one by one, and a principal with exactly the shipped role. */
export const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
export const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour`;
export const CLUSTERS = `${GROUP}/providers/Microsoft.ContainerService/managedClusters`;
export const FLEET = `${GROUP}/providers/Microsoft.ContainerService/fleets/harbour`;
export const SNAPSHOTS = `${GROUP}/providers/Microsoft.ContainerService/snapshots`;
export const OPERATOR = "99999999-0000-0000-0000-000000000001";
export const SUBJECT = "repo:octo-org/harbour:environment:dev";
export const FAMILY = "AKSUbuntu-2204gen2containerd";
export const OLD = `${FAMILY}-202606.16.0`;
export const NEW = `${FAMILY}-202607.09.0`;

interface Role {
  readonly Actions: readonly string[];
  readonly DataActions: readonly string[];
}

/** What `infra/roles/operator.json` grants, less what a test takes away. */
export function shippedRole(without: readonly string[] = []): string[] {
  const path = join(import.meta.dirname, "../../infra/roles/operator.json");
  const { Actions, DataActions } = JSON.parse(readFileSync(path, "utf8")) as Role;
  return [...Actions, ...DataActions].filter((action) => !without.includes(action));
}

const principal = (index: number, without?: readonly string[]) => ({
  name: `operator-${index}`,
  clientId: OPERATOR.replace(/1$/, String(index)),
  federated: [{ subject: SUBJECT }],
  roles: [{ actions: shippedRole(without), scope: `/subscriptions/${SUBSCRIPTION}` }],
});

/** Client ids of operators that lack one permission each. */
export const LACKING = [
  "Microsoft.ContainerService/managedClusters/nodes/read",
  "Microsoft.ContainerService/snapshots/delete",
  "Microsoft.ContainerService/managedClusters/write",
] as const;

export function operatorWithout(action: (typeof LACKING)[number]): string {
  return OPERATOR.replace(/1$/, String(LACKING.indexOf(action) + 2));
}

export const scenario: Scenario = {
  subscription: SUBSCRIPTION,
  start: "2026-07-10T08:00:00Z",
  kubernetesVersions: ["1.32.9", "1.33.5"],
  images: [{ region: "westeurope", version: OLD }],
  clusters: ["quay-1", "quay-2"].map((name) => ({
    name,
    resourceGroup: "harbour",
    location: "westeurope",
    kubernetesVersion: "1.33.5",
    pools: [
      {
        name: "system",
        mode: "System" as const,
        count: 1,
        nodeImageVersion: OLD,
        vnetSubnetID: "harbour/nodes",
      },
      { name: "app", mode: "User" as const, count: 2, nodeImageVersion: OLD },
      {
        name: "held",
        mode: "User" as const,
        count: 2,
        nodeImageVersion: OLD,
        upgradeSettings: {
          undrainableNodeBehavior: "Cordon" as const,
          drainTimeoutInMinutes: 5,
          maxSurge: "2",
        },
      },
    ],
    workloads: [
      {
        name: "ledger",
        namespace: "harbour",
        replicas: 1,
        nodeSelector: { "kubernetes.azure.com/agentpool": "held" },
      },
    ],
    budgets: [
      { name: "ledger", namespace: "harbour", selector: { app: "ledger" }, minAvailable: 1 },
    ],
  })),
  virtualNetworks: [
    {
      name: "harbour",
      resourceGroup: "harbour",
      subnets: [{ name: "nodes", addressPrefix: "10.1.0.0/22" }],
    },
  ],
  fleets: [
    {
      name: "harbour",
      resourceGroup: "harbour",
      location: "westeurope",
      members: [{ name: "quay-1", cluster: "quay-1", group: "canary" }],
    },
  ],
  principals: [principal(1), ...LACKING.map((action, index) => principal(index + 2, [action]))],
};

export const files = {
  "fleetwright.yaml": `apiVersion: fleetwright.dev/v1alpha1
kind: Workspace
spec:
  snapshots: {keep: 1}
  environments:
    - {name: dev, fleet: ${FLEET}}
`,
};

/** Puts a snapshot of a pool there, tagged as one that the product took. */
export async function takeSnapshot(
  emulator: TestEmulator,
  name: string,
  { cluster = "quay-1", pool = "app", kind = "proven", environment = "dev" } = {},
): Promise<string> {
  const id = `${SNAPSHOTS}/${name}`;
  const sourceResourceId = `${CLUSTERS}/${cluster}/agentPools/${pool}`;
  const answer = await emulator.call(`${id}?api-version=2026-04-01`, {
    method: "PUT",
    body: {
      location: "westeurope",
      tags: { "fleetwright-kind": kind, "fleetwright-environment": environment },
      properties: { creationData: { sourceResourceId }, snapshotType: "NodePool" },
    },
  });
  if (answer.status !== 200) throw new Error(answer.text);
  return id;
}

/** A reader of the writes to ARM since it was last asked. */
export function writesTo(emulator: TestEmulator): () => Promise<readonly string[]> {
  let counted = 0;
  return async () => {
    const { entries } = (await emulator.control("GET", "/audit")) as {
      entries: readonly { operation: string; write: boolean; service: string }[];
    };
    const all = entries.filter(({ write, service }) => write && service === "arm");
    const fresh = all.slice(counted).map(({ operation }) => operation);
    counted = all.length;
    return fresh;
  };
}
