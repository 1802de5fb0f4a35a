import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Budget, NodeView } from "../../shared/quarantine/ports.ts";
import type { ManagedCluster, NodePool } from "../../shared/snapshot/ports.ts";
import type { NetworkSpaces, SubnetSpace } from "../../shared/update-run/preflight/addresses.ts";
import { regionKey } from "../../shared/update-run/preflight/facts.ts";
import type { MemberFacts, PreflightFacts } from "../../shared/update-run/preflight/facts.ts";
import {
  judgePreflight,
  parsePreflightChoices,
  PREFLIGHT_RULES,
} from "../../shared/update-run/preflight/judge.ts";
import { renderPreflight } from "../../shared/update-run/preflight/render.ts";
import { updateRun } from "./run-builder.ts";

const FAMILY = "AKSUbuntu-2204gen2containerd";
const OLD = `${FAMILY}-202606.16.0`;
const PIN = `${FAMILY}-202607.09.0`;
const NOW = Date.parse("2026-07-20T08:00:00Z");

const pool = (change: Partial<NodePool> = {}): NodePool => ({
  id: "/pools/app",
  name: "app",
  mode: "User",
  count: 10,
  vmSize: "Standard_D4ds_v5",
  osType: "Linux",
  osSku: "Ubuntu",
  kubernetesVersion: "1.33.5",
  nodeImageVersion: OLD,
  provisioningState: "Succeeded",
  undrainableNodeBehavior: "Cordon",
  maxSurge: undefined,
  snapshotId: undefined,
  ...change,
});

const cluster = (change: Partial<ManagedCluster> = {}): ManagedCluster => ({
  id: "/clusters/quay-1",
  name: "quay-1",
  location: "westeurope",
  kubernetesVersion: "1.33.5",
  provisioningState: "Succeeded",
  powerState: "Running",
  nodePools: [pool()],
  ...change,
});

const node = (change: Partial<NodeView> = {}): NodeView => ({
  name: "node-0",
  nodePool: "app",
  nodeImageVersion: OLD,
  kubernetesVersion: "1.33.5",
  ready: true,
  unschedulable: false,
  quarantined: false,
  createdAt: "2026-07-01T00:00:00Z",
  ...change,
});

const budget = (limit: Budget["limit"], expectedPods = 3): Budget => ({
  namespace: "harbour",
  name: "tide",
  resourceVersion: "1",
  labels: {},
  annotations: {},
  selector: {},
  limit,
  disruptionsAllowed: 1,
  currentHealthy: expectedPods,
  expectedPods,
});

const member = (change: Partial<MemberFacts> = {}): MemberFacts => ({
  name: "quay-1",
  cluster: cluster(),
  nodes: { visible: true, nodes: [node()] },
  budgets: [],
  window: "none",
  ...change,
});

const facts = (change: Partial<PreflightFacts> = {}): PreflightFacts => ({
  now: NOW,
  release: {
    apiVersion: "fleetwright.dev/v1alpha1",
    kind: "Release",
    metadata: { name: "dev", generation: 1 },
    spec: { strategy: { name: "canary" }, upgradeType: "NodeImageOnly" },
  },
  spec: {
    upgradeType: "NodeImageOnly",
    nodeImageSelection: { type: "Custom", customNodeImageVersions: [PIN] },
  },
  stages: [],
  freezes: [],
  otherRuns: [],
  profiles: [],
  members: [member()],
  newestImages: new Map([[regionKey("westeurope", FAMILY), "202607.09.0"]]),
  kubernetesVersions: new Map(),
  quotas: new Map([["westeurope", { readable: true, quotas: [] }]]),
  networks: new Map(),
  ...change,
});

const HARBOUR =
  "/subscriptions/s/resourcegroups/rg/providers/microsoft.network/virtualnetworks/harbour";
const NODES = `${HARBOUR}/subnets/nodes`;
const PODS = `${HARBOUR}/subnets/pods`;
const ONE_SUBNET = {
  maxPods: 30,
  subnetId: NODES,
  podSubnetId: undefined,
  staticBlocks: false,
};
const spaces = (subnets: readonly (readonly [string, SubnetSpace])[]): NetworkSpaces =>
  new Map([[HARBOUR, { readable: true, subnets: new Map(subnets) }]]);

const withCluster = (change: Partial<ManagedCluster>) =>
  facts({ members: [member({ cluster: cluster(change) })] });
const withPool = (change: Partial<NodePool>) => withCluster({ nodePools: [pool(change)] });
const withMember = (change: Partial<MemberFacts>) => facts({ members: [member(change)] });
const nightly = (startTime: string) => ({
  schedule: { kind: "daily" as const, intervalDays: 1 },
  durationHours: 4,
  utcOffset: "+02:00",
  startDate: "2026-07-01",
  startTime,
});
const full = {
  upgradeType: "Full" as const,
  kubernetesVersion: "1.34.1",
  nodeImageSelection: { type: "Custom" as const, customNodeImageVersions: [PIN] },
};

test("a sound fleet passes", () => {
  expect(judgePreflight(facts())).toEqual({
    verdict: "pass",
    judgements: [],
    skip: [],
    atTarget: [],
    unchecked: [],
  });
});

const freeze = { name: "regatta", from: "2026-07-20", to: "2026-07-21", timezone: "UTC" };
const quotas = [{ name: "cores", used: 97, limit: 100 }];

/** [rule, what speaks for it, what it says, what is near but sound] */
const CASES: readonly (readonly [string, PreflightFacts, RegExp, PreflightFacts])[] = [
  [
    "frozen",
    facts({ freezes: [freeze] }),
    /from 2026-07-20 to 2026-07-21/,
    facts({ freezes: [{ ...freeze, from: "2026-07-21" }] }),
  ],
  ["other-run", facts({ otherRuns: [updateRun("Running")] }), /is Running/, facts()],
  [
    "fleet-auto-upgrade",
    facts({ profiles: [{ name: "auto", channel: "NodeImage", disabled: false }] }),
    /auto follows the channel NodeImage/,
    facts({ profiles: [{ name: "auto", channel: "NodeImage", disabled: true }] }),
  ],
  [
    "family-not-pinned",
    withMember({
      cluster: cluster({
        nodePools: [pool({ nodeImageVersion: "AKSWindows-2022-containerd-20348.3207.260101" })],
      }),
      nodes: { visible: true, nodes: [] },
    }),
    /AKSWindows-2022-containerd \(quay-1\/app\)/,
    facts({ spec: full, kubernetesVersions: new Map([["westeurope", ["1.34.1"]]]) }),
  ],
  [
    "image-not-in-region",
    facts({ newestImages: new Map([[regionKey("westeurope", FAMILY), "202606.16.0"]]) }),
    /westeurope has no .*202607.09.0 yet: its newest is 202606.16.0/,
    facts({ newestImages: new Map([[regionKey("westeurope", FAMILY), "202607.16.0"]]) }),
  ],
  [
    "image-expired",
    facts({ now: Date.parse("2026-10-08T00:00:00Z") }),
    /more than 90 days ago/,
    facts({ now: Date.parse("2026-10-07T00:00:00Z") }),
  ],
  [
    "version-not-in-region",
    facts({ spec: full, kubernetesVersions: new Map([["westeurope", ["1.33.5"]]]) }),
    /westeurope does not offer Kubernetes 1.34.1/,
    facts({ spec: full, kubernetesVersions: new Map([["westeurope", ["1.34.1"]]]) }),
  ],
  ["cluster-stopped", withCluster({ powerState: "Stopped" }), /is stopped/, facts()],
  ["cluster-busy", withCluster({ provisioningState: "Updating" }), /is Updating/, facts()],
  [
    "cluster-busy",
    withPool({ provisioningState: "UpgradingNodeImageVersion" }),
    /node pool app is busy/,
    facts(),
  ],
  ["cluster-failed", withPool({ provisioningState: "Failed" }), /app is Failed/, facts()],
  [
    "cluster-auto-upgrade",
    withCluster({ autoUpgrade: { channel: "none", nodeOsChannel: "NodeImage" } }),
    /by the channel NodeImage/,
    withCluster({ autoUpgrade: { channel: "none", nodeOsChannel: "Unmanaged" } }),
  ],
  [
    "outside-window",
    withMember({ window: nightly("22:00") }),
    /closed until 2026-07-20T20:00:00.000Z/,
    withMember({ window: nightly("08:00") }),
  ],
  ["pool-on-schedule", withPool({ undrainableNodeBehavior: "Schedule" }), /on Schedule/, facts()],
  ["pool-from-snapshot", withPool({ snapshotId: "/snapshots/s" }), /from a snapshot/, facts()],
  [
    "quarantined-nodes",
    withMember({ nodes: { visible: true, nodes: [node({ quarantined: true })] } }),
    /node node-0 is quarantined/,
    facts(),
  ],
  [
    "old-image-nodes",
    withMember({ nodes: { visible: true, nodes: [node({ nodeImageVersion: PIN })] } }),
    /its pool says .*202606.16.0/,
    facts(),
  ],
  [
    "unsatisfiable-budget",
    withMember({ budgets: [budget({ maxUnavailable: 0 })] }),
    /harbour\/tide allows no disruption/,
    withMember({ budgets: [budget({ maxUnavailable: "1%" })] }),
  ],
  [
    "unsatisfiable-budget",
    withMember({ budgets: [budget({ minAvailable: "100%" })] }),
    /harbour\/tide/,
    withMember({ budgets: [budget({ minAvailable: 2 }), budget({ minAvailable: 1 }, 0)] }),
  ],
  [
    "nodes-not-seen",
    withMember({ nodes: { visible: false, reason: "private cluster" } }),
    /private cluster/,
    facts(),
  ],
  [
    "quota",
    facts({ quotas: new Map([["westeurope", { readable: true, quotas }]]) }),
    /no room for 1 surge nodes of pool app/,
    facts({
      quotas: new Map([
        ["westeurope", { readable: true, quotas: [{ name: "cores", used: 96, limit: 100 }] }],
      ]),
    }),
  ],
  [
    "subnet-addresses",
    { ...withPool({ network: ONE_SUBNET }), networks: spaces([[NODES, { used: 30, limit: 60 }]]) },
    /subnet harbour\/nodes has 30 of 60 addresses free, .* take 31/,
    { ...withPool({ network: ONE_SUBNET }), networks: spaces([[NODES, { used: 29, limit: 60 }]]) },
  ],
];

describe("each rule speaks for its own reason, and only for that", () => {
  test.each(CASES)("%s", (rule, bad, says, sound) => {
    const { judgements } = judgePreflight(bad);
    expect(judgements.map((judgement) => judgement.rule)).toEqual([rule]);
    expect(judgements[0]?.concerns[0]?.message).toMatch(says);
    expect(judgePreflight(sound).judgements).toEqual([]);
  });

  test("no rule is left out", () => {
    const names = PREFLIGHT_RULES.map(({ name }) => name);
    expect([...new Set(CASES.map(([rule]) => rule))].toSorted()).toEqual(names.toSorted());
  });
});

describe("surge nodes need addresses of their subnets", () => {
  const network = ONE_SUBNET;
  const surge = { maxSurge: "2", network };
  const room = (free: number, pods = 1_000) =>
    spaces([
      [NODES, { used: 251 - free, limit: 251 }],
      [PODS, { used: 1_000 - pods, limit: 1_000 }],
    ]);
  const overlay = { plugin: "azure", mode: "overlay" };
  const withPods = { ...network, podSubnetId: PODS };
  test.each([
    ["Azure CNI: a node and each of its pods", {}, surge, 62, undefined],
    [
      "Azure CNI, one too few",
      {},
      surge,
      61,
      /harbour\/nodes has 61 of 251 .* app \(2 × 31\) take 62/,
    ],
    ["a percentage is rounded up", {}, { ...surge, maxSurge: "11%" }, 61, /app \(2 × 31\)/],
    ["10 % where the pool does not say", {}, { network }, 30, /app \(1 × 31\)/],
    ["never more surge than the pool has nodes", {}, { ...surge, maxSurge: "50" }, 309, /10 × 31/],
    ["an overlay: the node alone", { network: overlay }, surge, 2, undefined],
    ["an overlay without room", { network: overlay }, surge, 1, /\(2 × 1\) take 2/],
    ["kubenet", { network: { plugin: "kubenet", mode: undefined } }, surge, 2, undefined],
    ["a subnet for pods", {}, { ...surge, network: withPods }, 2, undefined],
    ["no surge at all", {}, { ...surge, maxSurge: "0" }, 0, undefined],
  ] as const)("%s", (_, ofCluster, ofPool, free, expected) => {
    const found = withCluster({ ...ofCluster, nodePools: [pool(ofPool)] });
    expectConcern({ ...found, networks: room(free) }, expected);
  });

  test("pods of a subnet of their own take batches, and whole blocks when static", () => {
    const full = { ...withCluster({ nodePools: [pool({ ...surge, network: withPods })] }) };
    expectConcern({ ...full, networks: room(9, 32) }, undefined);
    expectConcern({ ...full, networks: room(9, 31) }, /harbour\/pods has 31 .* \(2 × 16\) take 32/);
    const blocks = pool({ ...surge, network: { ...withPods, maxPods: 60, staticBlocks: true } });
    expectConcern(
      { ...withCluster({ nodePools: [blocks] }), networks: room(9, 127) },
      /\(2 × 64\) take 128/,
    );
  });

  test("pools in one subnet count together", () => {
    const two = withCluster({ nodePools: [pool(surge), pool({ ...surge, name: "extra" })] });
    expectConcern({ ...two, networks: room(124) }, undefined);
    expectConcern({ ...two, networks: room(123) }, /app \(2 × 31\), extra \(2 × 31\) take 124/);
  });

  test.each([
    [
      "a network that cannot be read",
      new Map([[HARBOUR, { readable: false as const, reason: "no right" }]]),
      /harbour\/nodes: no right/,
    ],
    [
      "a subnet that Azure does not count",
      spaces([[PODS, { used: 0, limit: 9 }]]),
      /harbour\/nodes: Azure does not count/,
    ],
  ] as const)("%s is unknown, which is said", (_, networks, sentence) => {
    const report = judgePreflight({ ...withPool(surge), networks });
    expect(report.judgements).toEqual([]);
    expect(report.unchecked.join()).toMatch(sentence);
  });

  test("a control plane's upgrade takes none", () => {
    const alone = {
      ...withPool(surge),
      spec: { ...full, upgradeType: "ControlPlaneOnly" as const },
    };
    expect(judgePreflight(alone).unchecked).toEqual([]);
  });

  function expectConcern(found: PreflightFacts, expected: RegExp | undefined): void {
    const { judgements, unchecked } = judgePreflight(found);
    expect(unchecked).toEqual([]);
    const messages = judgements.map(
      ({ rule, concerns }) => `${rule}: ${concerns.map(({ message }) => message).join()}`,
    );
    expect(messages).toEqual(expected === undefined ? [] : [expect.stringMatching(expected)]);
  }
});

test("a VM size whose name does not tell its vCPUs leaves the quota unknown, which is said", () => {
  const report = judgePreflight(withPool({ vmSize: "Standard_DS4_v2" }));
  expect(report.unchecked).toEqual(["quota of Standard_DS4_v2: the name does not tell its vCPUs"]);
});

test("the worst verdict comes first, and members to skip are named once", () => {
  const broken = facts({
    freezes: [freeze],
    members: [
      member({ cluster: cluster({ powerState: "Stopped", provisioningState: "Failed" }) }),
      member({
        name: "quay-2",
        cluster: cluster({ provisioningState: "Updating" }),
        nodes: undefined,
        window: undefined,
      }),
    ],
    profiles: undefined,
  });
  const choices = parsePreflightChoices("cluster-stopped=skip, cluster-failed=skip");
  const report = judgePreflight(broken, choices);
  expect(report.verdict).toBe("block");
  expect(report.judgements.map(({ verdict }) => verdict)).toEqual([
    "block",
    "wait",
    "skip",
    "skip",
  ]);
  expect(report.skip).toEqual(["quay-1"]);
  expect(renderPreflight(report)).toMatch(
    /Not checked: nodes, budgets and windows of quay-2: preflight-members .*profiles/,
  );
});

describe("a member at its target already is a note, and changes no verdict", () => {
  const reached = { nodeImageVersion: PIN, kubernetesVersion: "1.34.1" };
  const there = { kubernetesVersion: "1.34.1", nodePools: [pool(reached)] };
  const controlPlane = { ...full, upgradeType: "ControlPlaneOnly" as const };
  const latest = { type: "Latest" as const };
  test.each([
    [
      "its pools run the pins",
      facts().spec,
      { nodePools: [pool({ nodeImageVersion: PIN })] },
      true,
    ],
    ["one pool does not", facts().spec, { nodePools: [pool(reached), pool()] }, false],
    ["Azure chooses", { ...facts().spec, nodeImageSelection: latest }, there, false],
    ["pins and version", full, there, true],
    ["any patch of the version", { ...full, kubernetesVersion: "1.34" }, there, true],
    ["another version", full, { nodePools: [pool({ nodeImageVersion: PIN })] }, false],
    ["its control plane", controlPlane, { kubernetesVersion: "1.34.1" }, true],
    ["an older control plane", controlPlane, {}, false],
  ])("%s", (_, spec, change, isThere) => {
    const found = withMember({
      cluster: cluster(change),
      nodes: { visible: true, nodes: [] },
    });
    const report = judgePreflight({ ...found, spec });
    expect(report.atTarget).toEqual(isThere ? ["quay-1"] : []);
    expect(report.verdict).toBe("pass");
    expect(/\| note \| at-target \| .*quay-1/.test(renderPreflight(report))).toBe(isThere);
  });
});

test.each([
  ["frozen=warn", /frozen takes block/],
  ["frosen=block", /did you mean frozen\? rules are frozen/],
  ["quotas=warn", /did you mean quota\?/],
  ["cluster-stopped", /takes block, skip, wait, warn/],
])("the choice %s is refused with what there is", (text, remedy) => {
  expect(() => parsePreflightChoices(text)).toThrow(
    expect.objectContaining({ code: "invalid-input", remedy: expect.stringMatching(remedy) }),
  );
});

test("the documentation has every rule with its verdicts", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/actions.md"), "utf8");
  const rows = page
    .split("\n")
    .filter((line) => /^\| `[a-z-]+` .*\| `(block|wait|warn)` /.test(line))
    .map((line) => line.split("|").map((cell) => cell.trim().replaceAll("`", "")))
    .map(([, rule, , first, others]) => [rule, first, ...(others ? others.split(", ") : [])]);
  expect(rows).toEqual(PREFLIGHT_RULES.map(({ name, verdicts }) => [name, ...verdicts]));
});

test("an image older than the newest is known where a node pool runs it, and unknown elsewhere", () => {
  const older = { newestImages: new Map([[regionKey("westeurope", FAMILY), "202607.16.0"]]) };
  expect(judgePreflight(facts(older)).unchecked.join()).toMatch(
    /whether westeurope has .*202607.09.0: Azure names only the newest image/,
  );
  const ran = member({ cluster: cluster({ nodePools: [pool({ nodeImageVersion: PIN })] }) });
  expect(judgePreflight(facts({ ...older, members: [member(), ran] })).unchecked).toEqual([]);
});
