import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StepResult } from "../../cli/tour/runner.ts";
import type { Scenario } from "../../emulator/scenario.ts";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";
import { createJob } from "../support/job.ts";
import type { Job } from "../support/job.ts";
import { files as harbour, SUBJECT } from "./harbour.ts";
import { CLUSTERS, FLEET, NEW, OLD, SUBSCRIPTION, scenario as quay } from "./quay.ts";

/** One step, by an identity with the shipped role, or with all of it but one permission. */
interface Row {
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
const NODE = "the quarantined node";
const REPOSITORY = "octo-org/harbour";
const AKS = "Microsoft.ContainerService";
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
const TOKEN = "the token";
const PROMOTE = { environment: "prod", "github-token": TOKEN };
/** Without a look at the nodes nothing is proved. */
const BLIND = /is not promoted to prod yet: quay-1: /;

const STRATEGY = `apiVersion: fleetwright.dev/v1alpha1
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
const OPERATOR: readonly Row[] = [
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
  { action: "update-run", inputs: update("create") },
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

const READER: readonly Row[] = [
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

const REPAIRER: readonly Row[] = [
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
  { ...blueGreen("roll-back"), without: "managedClusters/agentPools/delete" },
  blueGreen("roll-back"),
];

interface Role {
  readonly Actions: readonly string[];
  readonly DataActions: readonly string[];
}

function permissionsOf(role: string): readonly string[] {
  const path = join(import.meta.dirname, `../../infra/roles/${role}.json`);
  const { Actions, DataActions } = JSON.parse(readFileSync(path, "utf8")) as Role;
  return [...Actions, ...DataActions];
}

const full = (permission: string) =>
  permission.startsWith("Microsoft.") ? permission : `${AKS}/${permission}`;

const clientId = (index: number) => `99999999-0000-0000-0001-${String(index).padStart(12, "0")}`;

/** Identities: the first with the whole role, then one for each permission that it lacks. */
function identities(permissions: readonly string[]): Scenario["principals"] {
  return [undefined, ...permissions].map((without, index) => ({
    name: `identity-${index}`,
    clientId: clientId(index),
    federated: [{ subject: SUBJECT }],
    roles: [
      {
        actions: permissions.filter((one) => one !== without),
        scope: `/subscriptions/${SUBSCRIPTION}`,
      },
    ],
  }));
}

const BODY = `location: westeurope
identity: {type: SystemAssigned}
properties:
  dnsPrefix: quay-9
  kubernetesVersion: 1.33.5
  agentPoolProfiles: [{name: system, mode: System, count: 1, vmSize: Standard_D4ds_v5}]
`;
const files = {
  ...harbour,
  "strategies/canary.yaml": STRATEGY,
  "clusters/quay-9.yaml": BODY,
};

/** The repository that `promote` reads and writes: what dev ran, and an environment after it. */
const repository = {
  ...files,
  "fleetwright.yaml": harbour["fleetwright.yaml"]
    .replace("spec:", "spec:\n  snapshots: {capture: [outgoing]}")
    .concat(`    - {name: prod, fleet: ${FLEET}-prod, promotesFrom: dev, nodeImage: {soak: 0s}}\n`),
  "releases/prod.yaml": harbour["releases/dev.yaml"]
    .replace("name: dev", "name: prod")
    .replace(NEW.split("-").at(-1) ?? "", OLD.split("-").at(-1) ?? ""),
};

describe.each([
  ["reader", READER],
  ["operator", OPERATOR],
  ["repairer", REPAIRER],
] as const)("the %s", (role, rows) => {
  const permissions = permissionsOf(role);
  let emulator: TestEmulator;
  const jobs = new Map<number, Job>();
  let token: string;

  beforeAll(async () => {
    // With its budgets an update run of the operator would fail.
    const clusters = quay.clusters?.map((cluster) => ({
      ...cluster,
      budgets: role === "operator" ? [] : cluster.budgets,
    }));
    const scenario = {
      ...quay,
      ...(clusters && { clusters }),
      principals: identities(permissions),
    };
    emulator = await startTestEmulator({ scenario, clock: 600 });
    await emulator.control("POST", "/images", { region: "westeurope", version: NEW });
    const [owner, name] = REPOSITORY.split("/");
    await emulator.control("POST", "/github/repositories", { owner, name, files: repository });
    const granted = { contents: "write", pull_requests: "write", checks: "read" };
    const login = "fleetwright[bot]";
    const answer = await emulator.control("POST", "/github/tokens", {
      login,
      permissions: granted,
    });
    ({ token } = answer as { token: string });
  });
  afterAll(async () => {
    for (const job of jobs.values()) await job.close();
    await emulator.close();
  });

  function quarantine({ cluster: name, pool: held }: NonNullable<Row["quarantined"]>): string {
    const clusters = [...emulator.environment.world.clusters.values()];
    const cluster = clusters.find((one) => one.name === name);
    const node = [...(cluster?.nodes.values() ?? [])].find((one) => one.pool === held);
    if (cluster === undefined || node === undefined) throw new Error(`${name} has no ${held}`);
    const labels = { ...node.labels, "kubernetes.azure.com/upgrade-status": "Quarantined" };
    cluster.patchNode(node.name, { labels, unschedulable: true });
    return node.name;
  }

  async function run({
    action,
    inputs,
    without,
    after,
    files: changed,
    quarantined,
  }: Row): Promise<StepResult> {
    const node = quarantined && quarantine(quarantined);
    if (after !== undefined) await emulator.control("POST", "/clock", { advance: after });
    const index = without === undefined ? 0 : permissions.indexOf(full(without)) + 1;
    const known = jobs.get(index);
    const job =
      known ??
      (await createJob({
        files,
        azure: emulator,
        clientId: clientId(index),
        subject: SUBJECT,
        env: { GITHUB_API_URL: emulator.ready.github, GITHUB_REPOSITORY: REPOSITORY },
      }));
    jobs.set(index, job);
    await job.write(changed ?? {});
    const values: Readonly<Record<string, string | undefined>> = { [NODE]: node, [TOKEN]: token };
    const given = Object.entries(inputs).map(([name, value]) => [name, values[value] ?? value]);
    return job.run(action, Object.fromEntries(given) as Record<string, string>);
  }

  test.each(rows.map((row) => [row.action, row.inputs["operation"], row.without, row] as const))(
    "%s %s without %s",
    async (_action, _operation, without, row) => {
      const { exitCode, outputs, annotations, log, summary } = await run(row);
      if (without === undefined) {
        expect({ exitCode, last: annotations.at(-1)?.message }).toMatchObject({ exitCode: 0 });
        expect(log).toMatch(row.told ?? "");
        return;
      }
      if (row.told !== undefined) {
        expect(`${log}\n${summary}`).toMatch(row.told);
        return;
      }
      expect(annotations.at(-1)?.message ?? "").toContain(full(without));
      expect([exitCode, ["unauthorized", "unreachable"]]).toEqual([
        1,
        expect.arrayContaining([outputs["failure-reason"]]),
      ]);
    },
  );

  test("has no permission that no step needs", () => {
    const needed = rows.flatMap(({ without }) => (without === undefined ? [] : [full(without)]));
    expect([...new Set(needed)].toSorted()).toEqual(permissions.toSorted());
  });
});
