import type { Scenario } from "../emulator/scenario.ts";

/**
 * One job in two tongues: look at a node pool, keep a snapshot of it, upgrade its node image, wait for the end.
 * Each turn has a cluster of its own, whose pool is on the old image.
 */
const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const GROUP = "harbour";
const POOL = "apps";
const FAMILY = "AKSUbuntu-2204gen2containerd";
export const SUBJECT = "repo:octo-org/harbour:environment:dev";
export const CLIENT = "99999999-0000-0000-0000-000000000001";
const PROVIDER = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}/providers/Microsoft.ContainerService`;

const clusterId = (turn: number) => `${PROVIDER}/managedClusters/quay-${turn}`;

export function poolScenario(turns: number): Scenario {
  const names = Array.from({ length: turns }, (_, turn) => `quay-${turn}`);
  const pool = { count: 3, nodeImageVersion: `${FAMILY}-202606.16.0` };
  return {
    subscription: SUBSCRIPTION,
    start: "2026-07-10T08:00:00Z",
    images: ["202606.16.0", "202607.09.0"].map((version) => ({
      region: "westeurope",
      version: `${FAMILY}-${version}`,
    })),
    clusters: names.map((name) => ({
      name,
      resourceGroup: GROUP,
      location: "westeurope",
      kubernetesVersion: "1.33.5",
      pools: [
        { ...pool, name: "system", mode: "System" },
        { ...pool, name: POOL, mode: "User" },
      ],
    })),
    fleets: [
      {
        name: "harbour",
        resourceGroup: GROUP,
        location: "westeurope",
        members: names.map((name) => ({ name, cluster: name, group: "canary" })),
      },
    ],
    principals: [
      {
        name: "job",
        clientId: CLIENT,
        federated: [{ subject: SUBJECT }],
        roles: [{ actions: ["*"], scope: `/subscriptions/${SUBSCRIPTION}` }],
      },
    ],
  };
}

/** What the repository of the actions declares. */
export const DECLARED = {
  "fleetwright.yaml": `apiVersion: fleetwright.dev/v1alpha1
kind: Workspace
spec:
  environments:
    - {name: dev, fleet: ${PROVIDER}/fleets/harbour}
`,
  "strategies/canary.yaml": `apiVersion: fleetwright.dev/v1alpha1
kind: UpdateStrategy
metadata: {name: canary}
spec:
  stages:
    - {name: canary, groups: [{name: canary}], afterStageWaitInSeconds: 600}
`,
  "releases/dev.yaml": `apiVersion: fleetwright.dev/v1alpha1
kind: Release
metadata: {name: dev, generation: 1}
spec:
  strategy: {name: canary}
  nodeImages: {${FAMILY}: 202607.09.0}
`,
};

/** The steps of a workflow. */
export function actionSteps(turn: number) {
  return [
    {
      action: "snapshot",
      inputs: {
        operation: "take",
        environment: "dev",
        kind: "outgoing",
        "node-pools": `quay-${turn}/${POOL}`,
      },
    },
    {
      action: "node-pool",
      inputs: {
        operation: "upgrade-node-image",
        "cluster-id": clusterId(turn),
        "node-pool": POOL,
        "poll-interval": "1s",
      },
    },
  ];
}

/** The lines of a script. */
export function azCommands(turn: number): readonly (readonly string[])[] {
  const pool = `-g ${GROUP} --cluster-name quay-${turn} -n ${POOL}`;
  return [
    `aks nodepool show ${pool}`,
    `aks nodepool snapshot create -g ${GROUP} -n outgoing-${turn} -l westeurope --nodepool-id ${clusterId(turn)}/agentPools/${POOL}`,
    `aks nodepool upgrade ${pool} --node-image-only`,
    `aks nodepool wait ${pool} --updated --interval 1`,
  ].map((line) => ["az", ...line.split(" ")]);
}
