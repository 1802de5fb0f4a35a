import { files as harbour } from "./harbour.ts";
import { CLUSTERS } from "./quay.ts";

/** One step, by an identity with the shipped role, or with all of it but one permission. */
export interface Row {
  readonly action: string;
  readonly inputs: Readonly<Record<string, string>>;
  /** Last parts of the permission that is missing; none: the step is to succeed. */
  readonly without?: string;
  /** The step goes on without this permission, and says what it could not read; or what it did with all. */
  readonly told?: RegExp;
  /** Declared otherwise, for this step's identity alone. */
  readonly files?: Readonly<Record<string, string>>;
  /** The first node of a pool is one that an upgrade had to leave behind. */
  readonly quarantined?: { readonly cluster: string; readonly pool: string };
  /** Virtual time that passes before, in ISO 8601. */
  readonly after?: string;
}

/** Stands for the node that was quarantined right before. */
export const NODE = "the quarantined node";
export const AKS = "Microsoft.ContainerService";
const QUAY_1 = { "cluster-id": `${CLUSTERS}/quay-1`, "poll-interval": "1s" };
const pool = (name: string, operation: string, more = {}) => ({
  ...QUAY_1,
  operation,
  "node-pool": name,
  ...more,
});
const dev = (operation: string, more = {}) => ({ operation, environment: "dev", ...more });
const update = (operation: string, more = {}) =>
  dev(operation, { "poll-interval": "1s", "reviewed-plan": "off", ...more });

/** Stands for a token of the repository. */
export const TOKEN = "the token";
const PROMOTE = { environment: "prod", "github-token": TOKEN };
/** Without a look at the nodes nothing is proved. */
const BLIND = /is not promoted to prod yet: quay-1: /;

export const STRATEGY = `apiVersion: fleetwright.dev/v1alpha1
kind: UpdateStrategy
metadata: {name: canary}
spec:
  stages:
    - {name: canary, groups: [{name: canary}], afterGates: [{displayName: CAB, type: Approval}]}
`;

const OWN_GROUPS = harbour["fleetwright.yaml"].replace(
  "{name: dev,",
  "{name: dev, members: [{name: quay-1, group: blue}],",
);

const OF_A_VERSION = harbour["releases/dev.yaml"].replace(
  "spec:",
  "spec:\n  kubernetesVersion: 1.33.5\n  upgradeType: Full",
);

/** A preflight says what it could not look at. */
const LOOKING_AHEAD: readonly Row[] = [
  ...(
    [
      ["Microsoft.Compute/locations/usages/read", /missing permission \S+usages\/read/],
      ["Microsoft.Network/virtualNetworks/usages/read", /subnet harbour\/nodes: .*usages\/read/],
      ["fleets/autoUpgradeProfiles/read", /auto-upgrade profiles could not be read/],
      ["managedClusters/policy/poddisruptionbudgets/read", /poddisruptionbudgets\/read/],
      ["managedClusters/maintenanceConfigurations/read", /windows of quay-1 could not be read/],
      ["managedClusters/agentPools/upgradeProfiles/read", /newest images of westeurope/],
    ] as const
  ).map(([without, told]): Row => ({
    action: "update-run",
    inputs: update("preflight"),
    without,
    told,
  })),
  {
    action: "update-run",
    inputs: update("preflight"),
    files: { "releases/dev.yaml": OF_A_VERSION },
    without: "locations/kubernetesVersions/read",
    told: /Kubernetes versions of westeurope could not be read/,
  },
];

/** In this order: a step that is to succeed makes ready what the next ones need. */
export const OPERATOR: readonly Row[] = [
  { action: "strategy", inputs: dev("apply"), without: "fleets/updateStrategies/read" },
  { action: "strategy", inputs: dev("apply"), without: "fleets/updateStrategies/write" },
  { action: "strategy", inputs: dev("apply") },
  {
    action: "strategy",
    inputs: dev("apply"),
    files: {
      "fleetwright.yaml": OWN_GROUPS,
      "strategies/canary.yaml": STRATEGY.replace("{name: canary}]", "{name: blue}]"),
    },
    without: "fleets/members/write",
  },
  {
    action: "strategy",
    inputs: dev("apply", { "delete-undeclared": "true" }),
    files: { "strategies/canary.yaml": STRATEGY.replace("CAB", "Board") },
    without: "fleets/updateStrategies/delete",
  },
  { action: "snapshot", inputs: dev("find"), without: "fleets/members/read" },
  { action: "snapshot", inputs: dev("find"), without: "managedClusters/read" },
  { action: "snapshot", inputs: dev("find"), without: "snapshots/read" },
  {
    action: "snapshot",
    inputs: dev("take", { kind: "outgoing" }),
    without: "snapshots/write",
  },
  { action: "snapshot", inputs: dev("take", { kind: "outgoing" }) },
  ...[
    "managedClusters/agentPools/read",
    "managedClusters/agentPools/upgradeProfiles/read",
    "managedClusters/listClusterUserCredential/action",
    "managedClusters/nodes/read",
    "managedClusters/agentPools/upgradeNodeImageVersion/action",
  ].map((without) => ({
    action: "node-pool",
    inputs: pool("app", "upgrade-node-image"),
    without,
  })),
  {
    action: "node-pool",
    inputs: pool("app", "upgrade-node-image", { "max-surge": "1" }),
    without: "managedClusters/agentPools/write",
  },
  {
    action: "node-pool",
    inputs: pool("app", "delete"),
    without: "managedClusters/agentPools/delete",
  },
  {
    action: "node-pool",
    inputs: { ...pool("held", "upgrade-node-image"), "cluster-id": `${CLUSTERS}/quay-2` },
    quarantined: { cluster: "quay-2", pool: "held" },
    without: "managedClusters/pods/read",
    told: /not told: .*managedClusters\/pods\/read/,
  },
  {
    action: "cluster",
    inputs: {
      operation: "create",
      "cluster-id": `${CLUSTERS}/quay-9`,
      definition: "clusters/quay-9.yaml",
    },
    without: "managedClusters/write",
  },
  { action: "update-run", inputs: update("create"), without: "fleets/updateRuns/read" },
  { action: "update-run", inputs: update("create"), without: "fleets/updateRuns/write" },
  ...LOOKING_AHEAD,
  { action: "update-run", inputs: update("run"), without: "fleets/updateRuns/write" },
  { action: "update-run", inputs: update("create") },
  {
    action: "update-run",
    inputs: update("hold", { reason: "a test" }),
    without: "fleets/updateRuns/read",
  },
  { action: "update-run", inputs: update("resume"), without: "fleets/updateRuns/read" },
  { action: "update-run", inputs: update("start"), without: "fleets/updateRuns/start/action" },
  {
    action: "update-run",
    inputs: update("skip", { targets: "Stage:canary", reason: "a test" }),
    without: "fleets/updateRuns/skip/action",
  },
  { action: "update-run", inputs: update("start") },
  { action: "update-run", inputs: update("stop"), without: "fleets/updateRuns/stop/action" },
  ...["fleets/gates/read", "fleets/gates/write"].map((without) => ({
    action: "update-run",
    inputs: update("approve", { reason: "a test" }),
    without,
    after: "PT12H",
  })),
  { action: "update-run", inputs: update("approve", { reason: "a test" }) },
  { action: "update-run", inputs: update("follow") },
  { action: "update-run", inputs: update("run") },
  { action: "update-run", inputs: update("retry") },
  {
    action: "update-run",
    inputs: update("roll-back", { reason: "a test" }),
    without: "snapshots/read",
  },
  ...["fleets/updateRuns/read", "managedClusters/read", "snapshots/read"].map((without) => ({
    action: "promote",
    inputs: PROMOTE,
    without,
  })),
  ...["managedClusters/listClusterUserCredential/action", "managedClusters/nodes/read"].map(
    (without): Row => ({ action: "promote", inputs: PROMOTE, without, told: BLIND }),
  ),
  { action: "promote", inputs: PROMOTE, told: /Pull request #1 carries dev-1-\w+ to prod/ },
  { action: "snapshot", inputs: dev("take", { kind: "outgoing" }) },
  { action: "snapshot", inputs: dev("prune", { keep: "1" }), without: "snapshots/delete" },
  { action: "snapshot", inputs: dev("prune", { keep: "1" }) },
];

const blueGreen = (operation: string, more = {}): Pick<Row, "action" | "inputs"> => ({
  action: "blue-green",
  inputs: pool("app", operation, more),
});
const green = { "green-node-pool": "green", "kubernetes-version": "1.33.5" };
const quarantine = (remedy: string, without: string): Row => ({
  action: "quarantine",
  inputs: { ...QUAY_1, operation: "fix", nodes: NODE, remedy },
  quarantined: { cluster: "quay-1", pool: "held" },
  without,
});

export const READER: readonly Row[] = [
  {
    action: "strategy",
    inputs: { operation: "lint", live: "true" },
    without: "fleets/members/read",
  },
  { action: "strategy", inputs: { operation: "lint", live: "true" } },
  { action: "snapshot", inputs: dev("find"), without: "managedClusters/read" },
  { action: "strategy", inputs: dev("diff"), without: "fleets/updateStrategies/read" },
  { action: "snapshot", inputs: dev("find"), without: "snapshots/read" },
  { action: "update-run", inputs: update("preflight"), without: "fleets/updateRuns/read" },
  ...LOOKING_AHEAD,
  ...["managedClusters/listClusterUserCredential/action", "managedClusters/nodes/read"].map(
    (without): Row => ({ action: "quarantine", inputs: { ...QUAY_1, operation: "list" }, without }),
  ),
  {
    action: "quarantine",
    inputs: { ...QUAY_1, operation: "list" },
    quarantined: { cluster: "quay-1", pool: "held" },
    without: "managedClusters/pods/read",
  },
  { action: "quarantine", inputs: dev("list") },
];

export const REPAIRER: readonly Row[] = [
  { action: "quarantine", inputs: dev("list"), without: "fleets/members/read" },
  ...[
    "managedClusters/read",
    "managedClusters/agentPools/read",
    "managedClusters/listClusterUserCredential/action",
    "managedClusters/nodes/read",
    "managedClusters/pods/read",
  ].map((without): Row => ({ ...blueGreen("status"), without })),
  quarantine("adjust-pdb", "managedClusters/policy/poddisruptionbudgets/read"),
  quarantine("adjust-pdb", "managedClusters/policy/poddisruptionbudgets/write"),
  quarantine("adjust-pdb", "managedClusters/pods/eviction/action"),
  quarantine("delete-pod", "managedClusters/pods/delete"),
  quarantine("delete-node", "managedClusters/agentPools/deleteMachines/action"),
  quarantine("release", "managedClusters/nodes/write"),
  {
    ...blueGreen("start", {
      "green-node-pool": "green",
      snapshot: "newest-proven",
      environment: "dev",
    }),
    without: "snapshots/read",
  },
  { ...blueGreen("start", green), without: "managedClusters/agentPools/write" },
  {
    ...blueGreen("start", green),
    without: "Microsoft.Compute/locations/usages/read",
    told: /the quota cannot be read: missing permission \S+usages\/read/,
  },
  { ...blueGreen("drain"), without: "managedClusters/nodes/write" },
  blueGreen("drain"),
  { ...blueGreen("verify"), without: "managedClusters/nodes/read" },
  { ...blueGreen("commit"), without: "managedClusters/nodes/read" },
  { ...blueGreen("roll-back"), without: "managedClusters/nodes/write" },
  { ...blueGreen("roll-back"), without: "managedClusters/agentPools/delete" },
  blueGreen("roll-back"),
];
