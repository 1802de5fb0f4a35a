import type { Scenario } from "../../emulator/scenario.ts";
import { shippedRole } from "./quay.ts";

/** A small harbour: two clusters in two groups, one fleet, and the identities of its jobs. */
export const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
export const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour`;
export const FLEET = `${GROUP}/providers/Microsoft.ContainerService/fleets/harbour`;
export const OPERATOR = "99999999-0000-0000-0000-000000000001";
export const READER = "99999999-0000-0000-0000-000000000002";
export const SUBJECT = "repo:octo-org/harbour:environment:dev";
export const FAMILY = "AKSUbuntu-2204gen2containerd";
export const OLD = "202606.16.0";
export const NEW = "202607.09.0";

const pool = (name: string, mode: "System" | "User") => ({
  name,
  mode,
  count: 2,
  nodeImageVersion: `${FAMILY}-${OLD}`,
});

const cluster = (name: string) => ({
  name,
  resourceGroup: "harbour",
  location: "westeurope",
  kubernetesVersion: "1.33.5",
  pools: [pool("system", "System"), pool("app", "User")],
});

/** A reader; the operator has what is shipped, no more. */
const READ = [
  "Microsoft.ContainerService/fleets/*/read",
  "Microsoft.ContainerService/fleets/read",
  "Microsoft.ContainerService/managedClusters/read",
  "Microsoft.ContainerService/managedClusters/agentPools/read",
  "Microsoft.ContainerService/snapshots/read",
];
const principal = (name: string, clientId: string, actions: readonly string[]) => ({
  name,
  clientId,
  federated: [{ subject: SUBJECT }],
  roles: [{ actions: [...actions], scope: `/subscriptions/${SUBSCRIPTION}` }],
});

export const scenario: Scenario = {
  subscription: SUBSCRIPTION,
  start: "2026-07-10T08:00:00Z",
  images: [OLD, NEW].map((version) => ({
    region: "westeurope",
    version: `${FAMILY}-${version}`,
  })),
  clusters: [cluster("quay-1"), cluster("quay-2")],
  fleets: [
    {
      name: "harbour",
      resourceGroup: "harbour",
      location: "westeurope",
      members: [
        { name: "quay-1", cluster: "quay-1", group: "canary" },
        { name: "quay-2", cluster: "quay-2", group: "blue" },
      ],
    },
  ],
  principals: [principal("operator", OPERATOR, shippedRole()), principal("reader", READER, READ)],
};

export const files = {
  "fleetwright.yaml": `apiVersion: fleetwright.dev/v1alpha1
kind: Workspace
spec:
  environments:
    - {name: dev, fleet: ${FLEET}}
`,
  "strategies/canary.yaml": `apiVersion: fleetwright.dev/v1alpha1
kind: UpdateStrategy
metadata: {name: canary}
spec:
  stages:
    - {name: canary, groups: [{name: canary}], afterStageWaitInSeconds: 600}
    - {name: rest, groups: [{name: blue}]}
`,
  "releases/dev.yaml": release(1, NEW),
};

export function release(generation: number, version: string): string {
  return `apiVersion: fleetwright.dev/v1alpha1
kind: Release
metadata: {name: dev, generation: ${generation}}
spec:
  strategy: {name: canary}
  nodeImages: {${FAMILY}: ${version}}
`;
}
