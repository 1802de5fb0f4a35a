import { expect, test } from "vitest";
import type {
  Fleet,
  MaintenanceWindow,
  RunSpec,
  StageSpec,
  UpdateRun,
  World,
} from "../../shared/simulator/model.ts";
import {
  cluster,
  fleetOf,
  HOUR,
  letRest,
  NEW_IMAGE,
  OLD_IMAGE,
  pool,
  REGION,
  world,
} from "./scene.ts";

const AZURE_LINUX = "AKSAzureLinux-V3gen2-202507.09.0";
const refused = expect.objectContaining({ code: "OperationNotAllowed" });

function spec(change: Partial<RunSpec> = {}): RunSpec {
  return {
    name: "run-1",
    upgrade: { type: "NodeImageOnly" },
    nodeImageSelection: { type: "Custom", customNodeImageVersions: [NEW_IMAGE] },
    ...change,
  };
}

function stage(name: string, groups: readonly string[], more: Partial<StageSpec> = {}): StageSpec {
  return { name, groups: groups.map((group) => ({ name: group })), ...more };
}

function scene(
  names: readonly string[],
  change: Partial<RunSpec> = {},
): { made: World; fleet: Fleet; run: UpdateRun } {
  const made = world();
  const fleet = fleetOf(made, names);
  return { made, fleet, run: fleet.createRun(spec(change)) };
}

function states(run: UpdateRun): Record<string, string> {
  const all = run.stages.flatMap(({ groups }) => groups.flatMap((one) => one.members ?? []));
  return Object.fromEntries(all.map(({ name, state }) => [name, state]));
}

/** Lets time pass until something holds. */
function letPassUntil(made: World, holds: () => boolean): void {
  for (let next = made.nextAt(); next !== undefined && !holds(); next = made.nextAt()) {
    made.advanceTo(next);
  }
  expect(holds()).toBe(true);
}

const gate = (displayName: string) => [{ displayName, type: "Approval" as const }];

test("gates of a group hold that group alone; its after gate holds the stage", () => {
  const { made, fleet, run } = scene(["a-1", "b-1"], {
    stages: [
      {
        name: "only",
        groups: [
          { name: "a", beforeGates: gate("before a"), afterGates: gate("after a") },
          { name: "b" },
        ],
      },
    ],
  });
  const open = (): string[] =>
    [...fleet.gates.values()]
      .filter(({ state }) => state === "Pending")
      .map(({ displayName, group, timing }) => `${displayName} ${group} ${timing}`);
  const approve = (): void => {
    for (const { name, state } of fleet.gates.values()) {
      if (state === "Pending") fleet.completeGate(name);
    }
  };
  run.start();
  letRest(made);
  expect(states(run)).toEqual({ "a-1": "NotStarted", "b-1": "Completed" });
  expect(open()).toEqual(["before a a Before"]);
  expect([run.status.state, run.stages[0]?.groups[0]?.state]).toEqual(["Pending", "Pending"]);
  approve();
  letRest(made);
  expect(states(run)).toEqual({ "a-1": "Completed", "b-1": "Completed" });
  expect(open()).toEqual(["after a a After"]);
  expect(run.status.state).toBe("Pending");
  approve();
  expect(run.status.state).toBe("Completed");
});

test("skipping a stage skips its gates, and a skipped gate cannot be approved", () => {
  const { made, fleet, run } = scene(["a-1", "b-1"], {
    stages: [stage("first", ["a"], { beforeGates: gate("CAB") }), stage("second", ["b"])],
  });
  run.start();
  letRest(made);
  const [cab] = fleet.gates.values();
  expect([run.status.state, cab?.state]).toEqual(["Pending", "Pending"]);
  run.skip([{ type: "Stage", name: "first" }]);
  letRest(made);
  expect(fleet.gates.get(cab?.name ?? "")?.state).toBe("Skipped");
  expect(() => fleet.completeGate(cab?.name ?? "")).toThrow(refused);
  expect(states(run)).toEqual({ "a-1": "Skipped", "b-1": "Completed" });
});

test("a stage of empty groups is Skipped with its wait and gates; a run of such stages is Skipped and can be stopped", () => {
  const { made, fleet, run } = scene(["a-1"], {
    stages: [
      stage("first", ["nobody"], { afterStageWaitInSeconds: 60, afterGates: gate("never") }),
    ],
  });
  run.start();
  letRest(made);
  expect(run.stages[0]).toMatchObject({ state: "Skipped", afterStageWait: { state: "Skipped" } });
  expect(fleet.gates.size).toBe(0);
  expect(run.status.state).toBe("Skipped");
  run.stop();
  expect(run.status.state).toBe("Stopped");
});

test("Completed parts cannot be skipped, skipped ones may be skipped again", () => {
  const { made, run } = scene(["a-1", "b-1", "c-1"], {
    stages: [stage("first", ["a"], { afterStageWaitInSeconds: 60 }), stage("second", ["b", "c"])],
  });
  run.start();
  letPassUntil(made, () => run.stages[1]?.state === "Running");
  for (const [type, name] of [
    ["Member", "a-1"],
    ["Group", "a"],
    ["Stage", "first"],
    ["AfterStageWait", "first"],
  ] as const) {
    expect(() => run.skip([{ type, name }])).toThrow(refused);
  }
  run.skip([{ type: "Group", name: "b" }]);
  run.skip([{ type: "Group", name: "b" }]);
  letRest(made);
  // The member in flight was let finish.
  expect(states(run)["b-1"]).toBe("Completed");
  expect(run.stages[1]?.groups[0]?.state).toBe("Skipped");
});

test("all targets of a skip are looked at before any is skipped", () => {
  const { run } = scene(["a-1", "b-1"], { stages: [stage("first", ["a", "b"])] });
  const targets = [
    { type: "Member", name: "a-1" },
    { type: "Member", name: "none" },
  ] as const;
  expect(() => run.skip(targets)).toThrow(expect.objectContaining({ code: "InvalidParameter" }));
  expect(states(run)).toEqual({ "a-1": "NotStarted", "b-1": "NotStarted" });
});

test("a run stopped during its wait goes on with the same wait", () => {
  const { made, run } = scene(["a-1", "b-1"], {
    stages: [stage("first", ["a"], { afterStageWaitInSeconds: 7_200 }), stage("second", ["b"])],
  });
  run.start();
  letPassUntil(made, () => run.stages[0]?.afterStageWait?.state === "Running");
  const began = made.now;
  run.stop();
  expect(run.status.state).toBe("Stopped");
  made.advanceTo(began + HOUR);
  run.start();
  letRest(made);
  expect(run.stages[1]?.startTime).toBe(began + 2 * HOUR);
  expect(run.status.state).toBe("Completed");
});

test("ControlPlaneOnly leaves the pools alone", () => {
  const { made, run } = scene(["a-1"], {
    upgrade: { type: "ControlPlaneOnly", kubernetesVersion: "1.33.5" },
    nodeImageSelection: { type: "Latest" },
  });
  run.start();
  letRest(made);
  const target = made.clusters.get("/clusters/a-1");
  expect(target?.kubernetesVersion).toBe("1.33.5");
  expect(target?.pools.get("np")).toMatchObject({
    kubernetesVersion: "1.32.7",
    nodeImageVersion: OLD_IMAGE,
  });
});

const VERSIONS = [
  ["one minor version", "1.33.5", "Completed"],
  ["the version that it has", "1.32.7", "Skipped"],
  ["two minor versions", "1.34.1", "Failed"],
  ["an older version", "1.31.11", "Failed"],
  ["a version that its region lacks", "1.33.9", "Pending"],
] as const;

test.each(VERSIONS)("a member of 1.32.7 in a run to %s", (_, kubernetesVersion, state) => {
  const { made, run } = scene(["a-1"], {
    upgrade: { type: "ControlPlaneOnly", kubernetesVersion },
    nodeImageSelection: { type: "Latest" },
  });
  run.start();
  made.advanceTo(5 * HOUR);
  expect(states(run)).toEqual({ "a-1": state });
});

/** The second pool is of a family for which no image is common, or none was named. */
function twoFamilies(change: Partial<RunSpec>): { made: World; run: UpdateRun } {
  const made = world();
  const fleet = made.addFleet("/fleets/f");
  const linux = pool({
    name: "lin",
    mode: "User",
    osSku: "AzureLinux",
    nodeImageVersion: AZURE_LINUX,
  });
  const target = made.addCluster(cluster("a", { pools: [pool(), linux] }));
  fleet.putMember({ name: "a", clusterId: target.id });
  return { made, run: fleet.createRun(spec(change)) };
}

test("Custom skips pools of families that it does not name", () => {
  const { made, run } = twoFamilies({});
  run.start();
  letRest(made);
  const pools = made.clusters.get("/clusters/a")?.pools;
  expect(states(run)).toEqual({ a: "Completed" });
  expect(pools?.get("np")?.nodeImageVersion).toBe(NEW_IMAGE);
  expect(pools?.get("lin")?.nodeImageVersion).toBe(AZURE_LINUX);
});

test("Consistent skips a member of which one pool has no common image", () => {
  const { made, run } = twoFamilies({ nodeImageSelection: { type: "Consistent" } });
  run.start();
  letRest(made);
  expect(states(run)).toEqual({ a: "Skipped" });
  expect(run.status.state).toBe("Skipped");
});

test("Consistent and Custom name images of the families that a Kubernetes upgrade brings", () => {
  const ubuntu2404 = "AKSUbuntu-2404gen2containerd-202507.09.0";
  for (const nodeImageSelection of [
    { type: "Consistent" },
    { type: "Custom", customNodeImageVersions: [ubuntu2404] },
  ] as const) {
    const made = world();
    made.images.release(REGION, ubuntu2404);
    const fleet = made.addFleet("/fleets/f");
    const pools = [pool({ kubernetesVersion: "1.33.5" })];
    const { id } = made.addCluster(cluster("a", { kubernetesVersion: "1.33.5", pools }));
    fleet.putMember({ name: "a", clusterId: id });
    const upgrade = { type: "Full", kubernetesVersion: "1.34.1" } as const;
    const run = fleet.createRun(spec({ upgrade, nodeImageSelection }));
    run.start();
    letRest(made);
    expect(run.status.state).toBe("Completed");
    expect(run.selectedNodeImageVersions).toEqual([ubuntu2404]);
    expect(made.clusters.get(id)?.pools.get("np")).toMatchObject({
      kubernetesVersion: "1.34.1",
      nodeImageVersion: ubuntu2404,
    });
  }
});

test("Consistent takes nobody back: a pool that is ahead of the common image stays", () => {
  const made = world();
  const newest = NEW_IMAGE.replace("07.09", "07.20");
  made.images.release("northeurope", NEW_IMAGE);
  made.images.release(REGION, newest);
  const fleet = made.addFleet("/fleets/f");
  for (const [name, region, nodeImageVersion] of [
    ["ahead", REGION, newest],
    ["behind", "northeurope", OLD_IMAGE],
  ] as const) {
    const { id } = made.addCluster(cluster(name, { region, pools: [pool({ nodeImageVersion })] }));
    fleet.putMember({ name, clusterId: id });
  }
  const run = fleet.createRun(spec({ nodeImageSelection: { type: "Consistent" } }));
  run.start();
  letRest(made);
  expect(run.selectedNodeImageVersions).toEqual([NEW_IMAGE]);
  expect(states(run)).toEqual({ ahead: "Skipped", behind: "Completed" });
  const imageOf = (name: string) => made.clusters.get(`/clusters/${name}`)?.pools.get("np");
  expect(imageOf("ahead")?.nodeImageVersion).toBe(newest);
  expect(imageOf("behind")?.nodeImageVersion).toBe(NEW_IMAGE);
});

test("Latest is looked up when the member's turn comes, Consistent once at the start", () => {
  const newest = NEW_IMAGE.replace("07.09", "07.20");
  for (const [type, expected] of [
    ["Latest", newest],
    ["Consistent", NEW_IMAGE],
  ] as const) {
    const { made, run } = scene(["a-1", "b-1"], {
      stages: [stage("first", ["a"]), stage("second", ["b"])],
      nodeImageSelection: { type },
    });
    run.start();
    letPassUntil(made, () => states(run)["a-1"] === "Running");
    made.images.release(REGION, newest);
    letRest(made);
    expect(made.clusters.get("/clusters/a-1")?.pools.get("np")?.nodeImageVersion).toBe(NEW_IMAGE);
    expect(made.clusters.get("/clusters/b-1")?.pools.get("np")?.nodeImageVersion).toBe(expected);
  }
});

test("a cluster that is busy when its turn comes fails its member", () => {
  const { made, run } = scene(["a-1"]);
  made.clusters.get("/clusters/a-1")?.settleIn("JoinFleet", HOUR);
  run.start();
  letRest(made);
  const member = run.stages[0]?.groups[0]?.members?.[0];
  expect(member).toMatchObject({ state: "Failed", error: { code: "OperationNotAllowed" } });
});

test("a fleet takes a thousand members, a run upgrades them fifty at a time, and the next one is refused", () => {
  const made = world();
  const fleet = made.addFleet("/fleets/f");
  for (let index = 0; index < 1_000; index++) {
    const spot = made.addCluster(cluster(`c${index}`, { pools: [pool({ count: 1 })] }));
    fleet.putMember({ name: `c${index}`, clusterId: spot.id, group: `g${index % 50}` });
  }
  const extra = made.addCluster(cluster("extra")).id;
  expect(() => fleet.putMember({ name: "extra", clusterId: extra })).toThrow(
    expect.objectContaining({ code: "Conflict" }),
  );
  const groups = Array.from({ length: 50 }, (_, index) => ({
    name: `g${index}`,
    maxConcurrency: "5",
  }));
  const run = fleet.createRun(spec({ stages: [{ name: "all", groups }] }));
  let running = 0;
  let peak = 0;
  made.subscribe((one) => {
    if (one.kind !== "run" || one.scope !== "member") return;
    running += one.state === "Running" ? 1 : -1;
    peak = Math.max(peak, running);
  });
  run.start();
  letRest(made);
  expect(run.status.state).toBe("Completed");
  expect(peak).toBe(50);
});

const window = (startTime: string, startDate = "1970-01-01"): MaintenanceWindow => ({
  schedule: { kind: "daily", intervalDays: 1 },
  durationHours: 4,
  utcOffset: "+00:00",
  startDate,
  startTime,
});
const NODE_OS = "aksManagedNodeOSUpgradeSchedule";

test("members go by window: open, opening within four hours, none, closed; a closed one is Pending until it opens", () => {
  const { made, run } = scene(["a", "b", "c", "d"]);
  const of = (name: string) => made.clusters.get(`/clusters/${name}`);
  of("a")?.setMaintenanceWindow(NODE_OS, window("10:00"));
  of("c")?.setMaintenanceWindow(NODE_OS, window("03:00"));
  of("d")?.setMaintenanceWindow(NODE_OS, window("00:00"));
  const order: string[] = [];
  made.subscribe((one) => {
    if (one.kind === "run" && one.scope === "member") order.push(`${one.name} ${one.state}`);
  });
  run.start();
  letRest(made);
  expect(order.filter((entry) => !entry.endsWith("Completed"))).toEqual([
    "d Running",
    "c Pending",
    "b Running",
    "a Pending",
    "c Running",
    "a Running",
  ]);
  const [a] = run.stages[0]?.groups[0]?.members ?? [];
  expect(a?.state).toBe("Completed");
  expect(of("a")?.operations.size).toBe(1);
  expect([...(of("a")?.operations.values() ?? [])][0]?.startedAt).toBe(10 * HOUR);
});

test("a member that waits says when its window opens, and the run is Pending; a new window is taken at once", () => {
  const { made, run } = scene(["a"]);
  const target = made.clusters.get("/clusters/a");
  target?.setMaintenanceWindow(NODE_OS, window("10:00", "1970-01-03"));
  run.start();
  made.advanceTo(HOUR);
  expect(run.status.state).toBe("Pending");
  const [member] = run.stages[0]?.groups[0]?.members ?? [];
  expect(member).toMatchObject({
    state: "Pending",
    message:
      "member maintenance window is unavailable for update. next window opens at: 1970-01-03T10:00:00.000Z",
    error: undefined,
  });
  const before = run.revision;
  target?.setMaintenanceWindow(NODE_OS, window("20:00"));
  expect(member?.message).toContain("1970-01-01T20:00");
  expect(run.revision).toBeGreaterThan(before);
  target?.setMaintenanceWindow(NODE_OS, undefined);
  expect(member?.state).toBe("Running");
  letRest(made);
  expect(run.status.state).toBe("Completed");
});

test("Kubernetes upgrades wait for the other window", () => {
  const { made, run } = scene(["a"], {
    upgrade: { type: "ControlPlaneOnly", kubernetesVersion: "1.33.5" },
    nodeImageSelection: { type: "Latest" },
  });
  const target = made.clusters.get("/clusters/a");
  target?.setMaintenanceWindow(NODE_OS, window("20:00"));
  target?.setMaintenanceWindow("aksManagedAutoUpgradeSchedule", window("05:00"));
  run.start();
  letRest(made);
  expect([...(target?.operations.values() ?? [])][0]?.startedAt).toBe(5 * HOUR);
});
