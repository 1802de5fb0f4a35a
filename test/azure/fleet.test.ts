import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Scenario } from "../../emulator/scenario.ts";
import { createArmClient } from "../../shared/azure/arm-client.ts";
import type { ArmClient } from "../../shared/azure/arm-client.ts";
import { createClusterInventory } from "../../shared/azure/clusters.ts";
import { createFleetPort } from "../../shared/azure/fleet.ts";
import { createNodeReader } from "../../shared/azure/kubernetes.ts";
import { createSnapshotPort } from "../../shared/azure/snapshots.ts";
import { sameArmId } from "../../shared/core/arm-id.ts";
import { isError } from "../../shared/core/errors.ts";
import type { ErrorCode } from "../../shared/core/errors.ts";
import type { FleetPort, Gate, UpdateRunSpec, UpdateStage } from "../../shared/update-run/ports.ts";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";

const FAMILY = "AKSUbuntu-2204gen2containerd";
const OLD = `${FAMILY}-202606.16.0`;
const NEW = `${FAMILY}-202607.01.0`;
const NEWER = `${FAMILY}-202607.08.0`;
const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour`;
const FLEET = `${GROUP}/providers/Microsoft.ContainerService/fleets/harbour`;
const QUAY = `${GROUP}/providers/Microsoft.ContainerService/managedClusters/quay-1`;

const STAGES: readonly UpdateStage[] = [
  {
    name: "canary",
    groups: [{ name: "blue" }],
    maxConcurrency: "1",
    afterStageWaitInSeconds: 600,
    afterGates: [{ displayName: "fleetwright: verified", type: "Approval" }],
  },
  { name: "rest", groups: [{ name: "green", maxConcurrency: "50%" }] },
];

const scenario: Scenario = {
  subscription: SUBSCRIPTION,
  images: [{ region: "westeurope", version: OLD }],
  clusters: ["quay-1", "quay-2"].map((name) => ({
    name,
    resourceGroup: "harbour",
    location: "westeurope",
    pools: [
      { name: "system", mode: "System" as const, count: 1, osSku: "Ubuntu", nodeImageVersion: OLD },
    ],
    workloads: [{ name: "api", namespace: "harbour", replicas: 2 }],
    budgets: [{ name: "api", namespace: "harbour", selector: { app: "api" }, maxUnavailable: 1 }],
  })),
  fleets: [
    {
      name: "harbour",
      resourceGroup: "harbour",
      location: "westeurope",
      members: [
        { name: "m1", cluster: "quay-1", group: "blue" },
        { name: "m2", cluster: "quay-2", group: "green" },
      ],
    },
  ],
  principals: [
    {
      name: "reader",
      clientId: "99999999-0000-0000-0000-000000000001",
      roles: [
        {
          actions: [
            "Microsoft.ContainerService/fleets/read",
            "Microsoft.ContainerService/fleets/*/read",
          ],
          scope: `/subscriptions/${SUBSCRIPTION}`,
        },
      ],
    },
  ],
};

let emulator: TestEmulator;
let arm: ArmClient;
let fleet: FleetPort;
let runs = 0;
let run = "";

beforeAll(async () => {
  emulator = await startTestEmulator({ scenario, clock: "manual" });
  arm = armFor("owner");
  fleet = createFleetPort(arm);
});

afterAll(() => emulator?.close());

beforeEach(() => {
  run = `prod-${++runs}`;
});

function credential(principal: string) {
  return {
    getToken: async (scopes: string | string[]) => {
      const audience = String(scopes).replace("/.default", "");
      const token = emulator.token(principal, audience);
      return { token, expiresOnTimestamp: Date.now() + 3_600_000 };
    },
  };
}

function armFor(principal: string): ArmClient {
  return createArmClient({
    endpoint: emulator.ready.arm,
    ca: emulator.ca,
    credential: credential(principal),
    pollIntervalMs: 5,
  });
}

function advance(duration: string): Promise<unknown> {
  return emulator.control("POST", "/clock", { advance: duration });
}

async function codeOf(call: Promise<unknown>): Promise<ErrorCode | undefined> {
  const thrown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  const codes: readonly ErrorCode[] = ["conflict", "not-found", "unauthorized", "invalid-input"];
  return codes.find((code) => isError(thrown, code));
}

/** The node image by its full version, as an environment pins it. */
function pinned(version: string, stages: readonly UpdateStage[] = STAGES): UpdateRunSpec {
  const nodeImageSelection = { type: "Custom", customNodeImageVersions: [version] } as const;
  return { stages, upgradeType: "NodeImageOnly", nodeImageSelection };
}

async function pendingGate(): Promise<Gate> {
  for (let hours = 0; hours < 24; hours++) {
    const gates = await fleet.listGates(FLEET);
    const found = gates.find((gate) => gate.runId.endsWith(`/${run}`) && gate.state === "Pending");
    if (found !== undefined) return found;
    await advance("PT1H");
  }
  throw new Error("no gate within a day");
}

describe("members", () => {
  it("are listed with their cluster and group", async () => {
    const members = await fleet.listMembers(FLEET);
    expect(members.map(({ name, group }) => [name, group])).toEqual([
      ["m1", "blue"],
      ["m2", "green"],
    ]);
    expect(sameArmId(members[0]?.clusterId ?? "", QUAY)).toBe(true);
  });

  it("move to another group and to none, unless somebody was faster", async () => {
    const member = async () =>
      (await fleet.listMembers(FLEET)).find((candidate) => candidate.name === "m2");
    const first = await member();
    await fleet.setMemberGroup(FLEET, "m2", "red", first?.etag ?? "");
    expect((await member())?.group).toBe("red");
    expect(await codeOf(fleet.setMemberGroup(FLEET, "m2", "x", first?.etag ?? ""))).toBe(
      "conflict",
    );
    await fleet.setMemberGroup(FLEET, "m2", undefined, (await member())?.etag ?? "");
    const ungrouped = await member();
    expect(ungrouped?.group).toBeUndefined();
    expect(ungrouped?.clusterId).toBe(first?.clusterId);
    await fleet.setMemberGroup(FLEET, "m2", "green", ungrouped?.etag ?? "");
  });
});

describe("strategies", () => {
  it("keep gates and concurrency, and are created once", async () => {
    expect(await fleet.getStrategy(FLEET, "harbour")).toBeUndefined();
    const created = await fleet.createStrategy(FLEET, "harbour", STAGES);
    expect(created.stages).toEqual(STAGES);
    expect(created.etag).not.toBe("");
    expect(await fleet.getStrategy(FLEET, "harbour")).toEqual(created);
    expect(await fleet.listStrategies(FLEET)).toEqual([created]);
    expect(await codeOf(fleet.createStrategy(FLEET, "harbour", STAGES))).toBe("conflict");
  });

  it("keep what only a preview of the service knows, and show it when they are asked for it", async () => {
    const tolerant: UpdateStage[] = [
      {
        name: "all",
        maxAllowedFailures: "2",
        groups: [{ name: "blue", maxAllowedFailures: "25%" }],
      },
    ];
    expect((await fleet.createStrategy(FLEET, "tolerant", tolerant)).stages).toEqual(tolerant);
    const read = async (options?: { readonly previews: boolean }) =>
      (await fleet.getStrategy(FLEET, "tolerant", options))?.stages;
    expect(await read({ previews: true })).toEqual(tolerant);
    expect(await read()).toEqual([{ name: "all", groups: [{ name: "blue" }] }]);
    const inLine = { ...pinned(NEW), stages: tolerant };
    expect((await fleet.createRun(FLEET, "tolerant", inLine)).stages).toEqual(tolerant);
  });

  it("that the service refuses say why", async () => {
    const unnamed: UpdateStage[] = [{ name: "-bad-", groups: [{ name: "g" }] }];
    expect(await codeOf(fleet.createStrategy(FLEET, "bad", unnamed))).toBe("invalid-input");
  });
});

describe("a run", () => {
  it("goes through its gate to the pinned image, and its nodes prove it", async () => {
    await emulator.control("POST", "/images", { region: "westeurope", version: NEW });
    const created = await fleet.createRun(FLEET, run, pinned(NEW));
    expect(created).toMatchObject({
      name: run,
      upgradeType: "NodeImageOnly",
      nodeImageSelection: { type: "Custom", customNodeImageVersions: [NEW] },
      status: { state: "NotStarted" },
    });
    expect(created.stages).toEqual(STAGES);
    expect(created.stageStatuses.map((stage) => stage.name)).toEqual(["canary", "rest"]);
    expect(await codeOf(fleet.createRun(FLEET, run, pinned(NEW)))).toBe("conflict");
    expect(await codeOf(fleet.startRun(FLEET, run, '"stale"'))).toBe("conflict");
    await fleet.startRun(FLEET, run, created.etag);
    const gate = await pendingGate();
    expect(gate).toMatchObject({
      displayName: "fleetwright: verified",
      stage: "canary",
      timing: "After",
      group: undefined,
    });
    expect(await fleet.getGate(gate.id)).toEqual(gate);
    const waiting = await fleet.getRun(FLEET, run);
    const [canary, rest] = waiting?.stageStatuses ?? [];
    expect(canary?.groups[0]?.members[0]).toMatchObject({ name: "m1", state: "Completed" });
    expect(canary?.afterGates[0]?.gateId).toBe(gate.id);
    expect(canary?.afterStageWait?.waitDurationInSeconds).toBe(600);
    expect(rest?.groups[0]?.members[0]?.state).toBe("NotStarted");
    expect(await codeOf(fleet.approveGate(gate.id, '"stale"'))).toBe("conflict");
    await fleet.approveGate(gate.id, gate.etag);
    expect((await fleet.getGate(gate.id))?.state).toBe("Completed");
    await advance("P1D");
    const done = await fleet.getRun(FLEET, run);
    expect(done?.status.state).toBe("Completed");
    expect(done?.status.completedTime).toMatch(/^2026-/);
    const reader = createNodeReader({ arm, credential: credential("owner"), timeoutMs: 5_000 });
    const seen = await reader.readNodes(QUAY);
    expect(seen).toMatchObject({
      visible: true,
      nodes: [{ nodePool: "system", nodeImageVersion: NEW, ready: true, quarantined: false }],
    });
  });

  it("without stages is one stage, where a member can be skipped", async () => {
    const created = await fleet.createRun(FLEET, run, {
      upgradeType: "NodeImageOnly",
      nodeImageSelection: { type: "Latest" },
    });
    expect(created.stageStatuses).toHaveLength(1);
    await fleet.skip(FLEET, run, [{ type: "Member", name: "m1" }]);
    const skipped = await fleet.getRun(FLEET, run);
    const members = skipped?.stageStatuses[0]?.groups[0]?.members ?? [];
    expect(members.find((member) => member.name === "m1")?.state).toBe("Skipped");
    expect((await fleet.listRuns(FLEET)).map((one) => one.name)).toContain(run);
  });

  it("can be stopped on its way", async () => {
    await emulator.control("POST", "/images", { region: "westeurope", version: NEWER });
    await fleet.createRun(FLEET, run, pinned(NEWER));
    await fleet.startRun(FLEET, run);
    await advance("PT1M");
    expect((await fleet.getRun(FLEET, run))?.status.state).toBe("Running");
    await fleet.stopRun(FLEET, run);
    await advance("PT6H");
    expect((await fleet.getRun(FLEET, run))?.status.state).toBe("Stopped");
  });

  it("that does not exist is undefined to read and not-found to start", async () => {
    expect(await fleet.getRun(FLEET, "nowhere")).toBeUndefined();
    expect(await codeOf(fleet.startRun(FLEET, "nowhere"))).toBe("not-found");
    expect(await codeOf(fleet.stopRun(FLEET, "nowhere"))).toBe("not-found");
  });

  it("is not created by a reader, who learns which permission is missing", async () => {
    const reader = createFleetPort(armFor("reader"));
    expect((await reader.listMembers(FLEET)).length).toBe(2);
    const error = await reader
      .createRun(FLEET, run, pinned(OLD))
      .catch((thrown: unknown) => thrown);
    expect(isError(error, "unauthorized") && error.message).toMatch(
      /missing permission Microsoft\.ContainerService\/fleets\/updateRuns\/write .*Fleetwright operator/,
    );
  });
});

describe("clusters and snapshots", () => {
  it("come from one list, pools inside", async () => {
    const clusters = await createClusterInventory(arm).listClusters(SUBSCRIPTION);
    expect(clusters.map((cluster) => cluster.name)).toEqual(["quay-1", "quay-2"]);
    expect(clusters[0]).toMatchObject({
      location: "westeurope",
      provisioningState: "Succeeded",
      powerState: "Running",
      nodePools: [
        { name: "system", mode: "System", count: 1, undrainableNodeBehavior: "Schedule" },
      ],
    });
    expect(sameArmId(clusters[0]?.nodePools[0]?.id ?? "", `${QUAY}/agentPools/system`)).toBe(true);
  });

  it("know the newest image of a pool", async () => {
    const latest = await createClusterInventory(arm).latestNodeImage(`${QUAY}/agentPools/system`);
    expect(latest.startsWith(FAMILY)).toBe(true);
  });

  it("record what a pool runs", async () => {
    const port = createSnapshotPort(arm);
    const id = `${GROUP}/providers/Microsoft.ContainerService/snapshots/outgoing-quay-1-system`;
    const taken = await port.createSnapshot({
      id,
      location: "westeurope",
      tags: { "fleetwright-kind": "outgoing" },
      sourcePool: `${QUAY}/agentPools/system`,
    });
    expect(taken).toMatchObject({
      name: "outgoing-quay-1-system",
      tags: { "fleetwright-kind": "outgoing" },
    });
    expect(taken.nodeImageVersion.startsWith(FAMILY)).toBe(true);
    expect(taken.createdAt).toMatch(/^2026-/);
    expect(await port.listSnapshots(SUBSCRIPTION)).toEqual([taken]);
  });
});

describe("what stands on a node of the emulator", () => {
  it("is its pods and budgets", async () => {
    const reader = createNodeReader({ arm, credential: credential("owner"), timeoutMs: 5_000 });
    const seen = await reader.readNodes(QUAY);
    const name = seen.visible ? (seen.nodes[0]?.name ?? "") : "";
    const pods = await reader.readPods(QUAY, name);
    expect(pods.filter((pod) => pod.owner === "Deployment/api")).toHaveLength(2);
    expect(await reader.readBudgets(QUAY, "harbour")).toMatchObject([
      {
        name: "api",
        selector: { matchLabels: { app: "api" } },
        maxUnavailable: "1",
        expectedPods: 2,
      },
    ]);
  });

  it("is invisible to who may not look", async () => {
    const outsider = { arm, credential: credential("reader"), timeoutMs: 5_000 };
    const seen = await createNodeReader(outsider).readNodes(QUAY);
    expect(seen.visible).toBe(false);
  });
});
