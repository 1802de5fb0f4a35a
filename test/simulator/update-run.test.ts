import { expect, test } from "vitest";
import type {
  Fleet,
  MemberStatus,
  RunSpec,
  StageSpec,
  UpdateRun,
  World,
} from "../../shared/simulator/model.ts";
import {
  block,
  cluster,
  deployment,
  FAMILY,
  fleetOf,
  HOUR,
  letRest,
  logOf,
  NEW_IMAGE,
  OLD_IMAGE,
  pool,
  REGION,
  unblock,
  world,
} from "./scene.ts";

const CUSTOM = { type: "Custom", customNodeImageVersions: [NEW_IMAGE] } as const;

function spec(change: Partial<RunSpec> = {}): RunSpec {
  return {
    name: "run-1",
    upgrade: { type: "NodeImageOnly" },
    nodeImageSelection: CUSTOM,
    ...change,
  };
}

function stage(name: string, groups: readonly string[], more: Partial<StageSpec> = {}): StageSpec {
  return { name, groups: groups.map((group) => ({ name: group })), ...more };
}

function members(run: UpdateRun): Map<string, MemberStatus> {
  const all = run.stages.flatMap(({ groups }) => groups.flatMap((one) => one.members ?? []));
  return new Map(all.map((member) => [member.name, member]));
}

function states(run: UpdateRun): Record<string, string> {
  return Object.fromEntries([...members(run)].map(([name, { state }]) => [name, state]));
}

function scene(
  names: readonly string[],
  change: Partial<RunSpec> = {},
): { made: World; fleet: Fleet; run: UpdateRun } {
  const made = world();
  const fleet = fleetOf(made, names);
  return { made, fleet, run: fleet.createRun(spec(change)) };
}

test("one by one: never two members at once, in the order of their names", () => {
  const { made, run } = scene(["b", "a", "c"]);
  const order: string[] = [];
  made.subscribe((one) => {
    if (one.kind !== "run" || one.scope !== "member") return;
    expect(
      [...members(run).values()].filter(({ state }) => state === "Running").length,
    ).toBeLessThan(2);
    order.push(`${one.name} ${one.state}`);
  });
  run.start();
  expect(run.status.state).toBe("NotStarted");
  made.advanceTo(1_500);
  expect([run.status.state, run.stages[0]?.state]).toEqual(["Running", "NotStarted"]);
  letRest(made);
  expect(order).toEqual(
    ["a", "b", "c"].flatMap((name) => [`${name} Running`, `${name} Completed`]),
  );
  expect(run.status.state).toBe("Completed");
});

test("groups run side by side, stages one after another and after the wait", () => {
  const { made, run } = scene(["a-1", "a-2", "b-1", "c-1"], {
    stages: [
      stage("first", ["a", "b", "nobody"], { afterStageWaitInSeconds: 3_600 }),
      stage("second", ["c"]),
    ],
  });
  run.start();
  letRest(made);
  const [first, second] = run.stages;
  const [a, b, nobody] = first?.groups ?? [];
  expect([a?.startTime, nobody?.state, nobody?.members]).toEqual([
    b?.startTime,
    "Skipped",
    undefined,
  ]);
  const [earlier, later] = a?.members ?? [];
  expect(later?.startTime).toBe(earlier?.completedTime);
  const wait = first?.afterStageWait;
  expect(wait?.startTime).toBe(Math.max(a?.completedTime ?? 0, b?.completedTime ?? 0));
  expect(wait?.completedTime).toBe((wait?.startTime ?? 0) + HOUR);
  expect(second?.startTime).toBe(wait?.completedTime);
  expect(run.status.state).toBe("Completed");
});

test("maxConcurrency: of the group, capped by the stage, percentages rounded down to at least one", () => {
  const most = (maxConcurrency: string, ofStage?: string): number => {
    const { made, run } = scene(["a-1", "a-2", "a-3", "a-4"], {
      stages: [
        {
          name: "only",
          groups: [{ name: "a", maxConcurrency }],
          ...(ofStage !== undefined && { maxConcurrency: ofStage }),
        },
      ],
    });
    let peak = 0;
    made.subscribe(() => {
      const running = [...members(run).values()].filter(({ state }) => state === "Running");
      peak = Math.max(peak, running.length);
    });
    run.start();
    letRest(made);
    return peak;
  };
  expect(most("3")).toBe(3);
  expect(most("60%")).toBe(2);
  expect(most("10%")).toBe(1);
  expect(most("4", "2")).toBe(2);
});

test("gate and wait run together, and both must be over", () => {
  const { made, fleet, run } = scene(["a-1", "b-1"], {
    stages: [
      stage("first", ["a"], {
        afterStageWaitInSeconds: 3_600,
        afterGates: [{ displayName: "verified", type: "Approval" }],
      }),
      stage("second", ["b"], { beforeGates: [{ displayName: "CAB", type: "Approval" }] }),
    ],
  });
  const log = logOf(made);
  run.start();
  letRest(made);
  expect(run.status.state).toBe("Pending");
  expect(run.stages[0]).toMatchObject({ state: "Pending", afterStageWait: { state: "Completed" } });
  const [verified] = fleet.gates.values();
  expect(verified).toMatchObject({
    state: "Pending",
    stage: "first",
    timing: "After",
    run: "run-1",
  });
  expect(run.stages[0]?.afterGates[0]?.gateId).toBe(verified?.name);
  expect(run.stages[1]?.beforeGates[0]?.gateId).toBeUndefined();

  fleet.completeGate(verified?.name ?? "");
  expect([run.stages[0]?.state, run.stages[1]?.state]).toEqual(["Completed", "Pending"]);
  expect(run.stages[1]?.groups[0]?.state).toBe("NotStarted");
  letRest(made);
  expect(states(run)).toEqual({ "a-1": "Completed", "b-1": "NotStarted" });

  fleet.completeGate([...fleet.gates.keys()][1] ?? "");
  letRest(made);
  expect(run.status.state).toBe("Completed");
  const gates = log.flatMap((one) => (one.kind === "gate" ? [one.change] : []));
  expect(gates).toEqual(["Created", "Updated", "Created", "Updated"]);
  fleet.removeRun("run-1");
  expect(fleet.gates.size).toBe(0);
});

test("an approved gate does not shorten the wait", () => {
  const { made, fleet, run } = scene(["a-1", "b-1"], {
    stages: [
      stage("first", ["a"], {
        afterStageWaitInSeconds: 7_200,
        afterGates: [{ displayName: "ok", type: "Approval" }],
      }),
      stage("second", ["b"]),
    ],
  });
  run.start();
  for (
    let next = made.nextAt();
    next !== undefined && fleet.gates.size === 0;
    next = made.nextAt()
  ) {
    made.advanceTo(next);
  }
  const reached = made.now;
  fleet.completeGate([...fleet.gates.keys()][0] ?? "");
  expect(run.stages[0]?.state).toBe("Running");
  letRest(made);
  expect(run.stages[1]?.startTime).toBe(reached + 2 * HOUR);
});

/** The last member's app allows no disruption. */
function sceneWithBlockedMember(
  names: readonly string[],
  blocked: string,
  change: Partial<RunSpec>,
) {
  const made = world();
  const fleet = made.addFleet("/fleets/f");
  for (const name of names) {
    const target = made.addCluster(
      cluster(name, {
        pools: [
          pool({
            // Twelve nodes one by one outlast the half hour after which a drain gives up.
            count: name === "b-1" ? 12 : 2,
            upgradeSettings: { undrainableNodeBehavior: "Cordon", maxSurge: "1" },
          }),
        ],
        workloads: [deployment("app")],
      }),
    );
    if (name === blocked) block(target, "app");
    fleet.putMember({ name, clusterId: target.id, group: name.split("-")[0] ?? name });
  }
  return { made, fleet, run: fleet.createRun(spec(change)) };
}

test("a failed member fails its group, stage and run; members in flight finish, nothing new starts", () => {
  const { made, run } = sceneWithBlockedMember(["a-1", "a-2", "b-1", "b-2", "c-1"], "a-1", {
    stages: [stage("first", ["a", "b"]), stage("second", ["c"])],
  });
  const seen: string[] = [];
  made.subscribe((one) => {
    if (one.kind === "run" && one.scope === "run") seen.push(one.state);
  });
  run.start();
  letRest(made);
  expect(states(run)).toEqual({
    "a-1": "Failed",
    "a-2": "NotStarted",
    "b-1": "Completed",
    "b-2": "NotStarted",
    "c-1": "NotStarted",
  });
  expect(run.stages.map(({ state }) => state)).toEqual(["Failed", "NotStarted"]);
  expect(run.stages[0]?.groups.map(({ state }) => state)).toEqual(["Failed", "Stopped"]);
  expect(run.status).toMatchObject({ state: "Failed", error: { code: "UpgradeFailed" } });
  expect(seen).toEqual(["Running", "Stopping", "Failed"]);
});

test("a quarantined node fails the run; repaired and resumed, its member ends Completed", () => {
  const { made, fleet, run } = sceneWithBlockedMember(["a-1", "a-2", "b-1"], "a-2", {
    stages: [stage("first", ["a"]), stage("second", ["b"])],
  });
  run.start();
  letRest(made);
  expect(states(run)).toEqual({ "a-1": "Completed", "a-2": "Failed", "b-1": "NotStarted" });
  const doneAt = members(run).get("a-1")?.completedTime;
  const target = made.clusters.get("/clusters/a-2");
  const node = [...(target?.nodes.values() ?? [])].find((one) => one.unschedulable);
  if (target === undefined || node === undefined) throw new Error("no quarantined node");
  expect(target.nodes.size).toBe(3);

  unblock(target, "app");
  target.patchNode(node.name, { labels: {} });
  expect(made.nextAt()).toBeUndefined();
  expect(target.provisioningState).toBe("Failed");
  target.updatePool("np", {});
  letRest(made);
  expect(target.provisioningState).toBe("Succeeded");
  expect([...target.nodes.values()].map((one) => [one.instance, one.nodeImageVersion])).toEqual([
    [0, NEW_IMAGE],
    [1, NEW_IMAGE],
  ]);

  run.start();
  letRest(made);
  expect(states(run)).toEqual({ "a-1": "Completed", "a-2": "Completed", "b-1": "Completed" });
  expect(members(run).get("a-1")?.completedTime).toBe(doneAt);
  expect(run.status.state).toBe("Completed");
  expect(fleet.runs.get("run-1")).toBe(run);
});

test("deleteMachines followed by any PUT restores the pool too; the spare takes the node's place", () => {
  const { made, run } = sceneWithBlockedMember(["a-1"], "a-1", {});
  run.start();
  letRest(made);
  const target = made.clusters.get("/clusters/a-1");
  const node = [...(target?.nodes.values() ?? [])].find((one) => one.unschedulable);
  if (target === undefined || node === undefined) throw new Error("no quarantined node");
  unblock(target, "app");
  target.deleteMachines("np", [node.name]);
  letRest(made);
  target.updatePool("np", {});
  letRest(made);
  expect(target.pools.get("np")).toMatchObject({ count: 2, provisioningState: "Succeeded" });
  expect([...target.nodes.values()].map(({ instance }) => instance)).toEqual([1, 2]);
});

test("stop lets the member in flight finish; start goes on with the next", () => {
  const { made, run } = scene(["a", "b", "c"]);
  run.start();
  made.advanceTo(60_000);
  run.stop();
  expect(run.status.state).toBe("Stopping");
  letRest(made);
  expect(run.status.state).toBe("Stopped");
  expect(states(run)).toEqual({ a: "Completed", b: "NotStarted", c: "NotStarted" });
  run.start();
  letRest(made);
  expect(run.status.state).toBe("Completed");
});

const skips = [
  { type: "Member", name: "a-1", skipped: ["a-1"] },
  { type: "Group", name: "a", skipped: ["a-1", "a-2"] },
  { type: "Stage", name: "first", skipped: ["a-1", "a-2", "b-1"] },
] as const;

for (const { type, name, skipped } of skips) {
  test(`skip ${type} before the start`, () => {
    const { made, run } = scene(["a-1", "a-2", "b-1", "c-1"], {
      stages: [stage("first", ["a", "b"], { afterStageWaitInSeconds: 60 }), stage("second", ["c"])],
    });
    const before = run.revision;
    run.skip([{ type, name }]);
    expect(run.revision).toBeGreaterThan(before);
    run.start();
    letRest(made);
    for (const [member, status] of members(run)) {
      const isSkipped = (skipped as readonly string[]).includes(member);
      expect(status.state).toBe(isSkipped ? "Skipped" : "Completed");
      if (isSkipped) expect(status.message).toBe("skipped by request.");
    }
    expect(run.stages[0]?.afterStageWait?.state).toBe(type === "Stage" ? "Skipped" : "Completed");
    expect(run.status.state).toBe("Completed");
  });
}

test("skip AfterStageWait ends only the wait; a failed member can be skipped and the run resumed", () => {
  const waiting = scene(["a-1", "b-1"], {
    stages: [stage("first", ["a"], { afterStageWaitInSeconds: 3_600 }), stage("second", ["b"])],
  });
  waiting.run.skip([{ type: "AfterStageWait", name: "first" }]);
  waiting.run.start();
  letRest(waiting.made);
  const [first, second] = waiting.run.stages;
  expect(first?.afterStageWait?.state).toBe("Skipped");
  expect(second?.startTime).toBe(first?.groups[0]?.completedTime);

  const failed = sceneWithBlockedMember(["a", "b"], "a", {});
  failed.run.start();
  letRest(failed.made);
  failed.run.skip([{ type: "Member", name: "a" }]);
  failed.run.start();
  letRest(failed.made);
  expect(states(failed.run)).toEqual({ a: "Skipped", b: "Completed" });
  expect(failed.run.status.state).toBe("Completed");
});

test("what the state does not allow is refused", () => {
  const { made, run } = scene(["a"]);
  const refused = expect.objectContaining({ code: "OperationNotAllowed" });
  expect(() => run.stop()).toThrow(refused);
  expect(() => run.skip([{ type: "Member", name: "z" }])).toThrow(
    expect.objectContaining({ code: "InvalidParameter" }),
  );
  run.start();
  expect(() => run.replace(spec())).toThrow(refused);
  made.advanceTo(60_000);
  expect(() => run.start()).toThrow(refused);
  expect(() => run.skip([{ type: "Member", name: "a" }])).toThrow(refused);
  letRest(made);
  expect(() => run.skip([{ type: "Member", name: "a" }])).toThrow(refused);
  expect(() => run.start()).toThrow(refused);
});

test("members and strategy are copied at creation; members at their target are skipped", () => {
  const { made, fleet, run } = scene(["a"]);
  fleet.putMember({ name: "late", clusterId: made.addCluster(cluster("late")).id });
  run.start();
  letRest(made);
  expect(states(run)).toEqual({ a: "Completed" });
  const again = fleet.createRun(spec({ name: "run-2" }));
  again.start();
  letRest(made);
  expect(states(again)).toEqual({ a: "Skipped", late: "Completed" });
});

test("a member whose region lacks the image is Pending, yields, and is tried again", () => {
  const made = world();
  const fleet = fleetOf(made, ["b"]);
  const far = made.addCluster(cluster("a", { region: "northeurope" }));
  fleet.putMember({ name: "a", clusterId: far.id });
  const run = fleet.createRun(spec());
  run.start();
  made.advanceTo(2 * HOUR);
  expect(states(run)).toEqual({ a: "Pending", b: "Completed" });
  expect(members(run).get("a")).toMatchObject({ error: { code: "NodeImageVersionNotAvailable" } });
  made.images.release("North Europe", NEW_IMAGE);
  made.advanceTo(12 * HOUR);
  expect(states(run)).toEqual({ a: "Completed", b: "Completed" });
});

test("a stopped cluster fails its member", () => {
  const { made, run } = scene(["a"]);
  made.clusters.get("/clusters/a")?.stop();
  letRest(made);
  run.start();
  letRest(made);
  expect(members(run).get("a")).toMatchObject({
    state: "Failed",
    error: { code: "OperationNotAllowed" },
  });
});

test("a pool from a snapshot keeps its image with Latest; Consistent upgrades it and drops the snapshot", () => {
  const made = world();
  const fleet = made.addFleet("/fleets/f");
  const target = made.addCluster(cluster("a", { pools: [pool({ snapshotId: "/snapshots/s" })] }));
  fleet.putMember({ name: "a", clusterId: target.id });
  const latest = fleet.createRun(spec({ nodeImageSelection: { type: "Latest" } }));
  latest.start();
  letRest(made);
  expect(target.pools.get("np")).toMatchObject({
    nodeImageVersion: OLD_IMAGE,
    snapshotId: "/snapshots/s",
  });
  expect(states(latest)).toEqual({ a: "Skipped" });

  const consistent = fleet.createRun(
    spec({ name: "run-2", nodeImageSelection: { type: "Consistent" } }),
  );
  consistent.start();
  letRest(made);
  expect(consistent.selectedNodeImageVersions).toEqual([NEW_IMAGE]);
  expect(target.pools.get("np")).toMatchObject({
    nodeImageVersion: NEW_IMAGE,
    snapshotId: undefined,
  });
});

test("Consistent picks the newest image that all regions have", () => {
  const made = world();
  const fleet = fleetOf(made, ["a"]);
  const older = `${FAMILY}-202507.01.0`;
  made.images.release(REGION, older);
  made.images.release("northeurope", older);
  const far = made.addCluster(cluster("far", { region: "northeurope" }));
  fleet.putMember({ name: "far", clusterId: far.id });
  const run = fleet.createRun(spec({ nodeImageSelection: { type: "Consistent" } }));
  run.start();
  letRest(made);
  expect(run.selectedNodeImageVersions).toEqual([older]);
});

test("Full upgrades the control plane first, then the pools", () => {
  const { made, run } = scene(["a"], {
    upgrade: { type: "Full", kubernetesVersion: "1.33.5" },
    nodeImageSelection: { type: "Latest" },
  });
  const target = made.clusters.get("/clusters/a");
  const order: string[] = [];
  made.subscribe((one) => {
    if (one.kind === "node") expect(target?.kubernetesVersion).toBe("1.33.5");
    if (one.kind === "pool") order.push(one.change);
  });
  run.start();
  letRest(made);
  expect(run.status.state).toBe("Completed");
  expect(order).toContain("RollingSucceeded");
  for (const node of target?.nodes.values() ?? []) {
    expect([node.kubernetesVersion, node.nodeImageVersion]).toEqual(["1.33.5", NEW_IMAGE]);
  }
});

const badSpecs: readonly (readonly [string, Partial<RunSpec>])[] = [
  ["name", { name: "Bad Name" }],
  ["no stages", { stages: [] }],
  ["stage twice", { stages: [stage("s", ["a"]), stage("s", ["b"])] }],
  ["group twice", { stages: [stage("s", ["a", "a"])] }],
  [
    "51 groups",
    {
      stages: [
        stage(
          "s",
          Array.from({ length: 51 }, (_, index) => `g${index}`),
        ),
      ],
    },
  ],
  ["concurrency", { stages: [stage("s", ["a"], { maxConcurrency: "0" })] }],
  [
    "version with NodeImageOnly",
    { upgrade: { type: "NodeImageOnly", kubernetesVersion: "1.33.5" } },
  ],
  ["no version with Full", { upgrade: { type: "Full" } }],
  ["Custom without images", { nodeImageSelection: { type: "Custom" } }],
  [
    "two images of a family",
    { nodeImageSelection: { type: "Custom", customNodeImageVersions: [OLD_IMAGE, NEW_IMAGE] } },
  ],
];

test.each(badSpecs)("a run is refused: %s", (_, change) => {
  const fleet = world().addFleet("/fleets/f");
  expect(() => fleet.createRun(spec(change))).toThrow(
    expect.objectContaining({ code: "InvalidParameter" }),
  );
});

test("a member of which some pools are at their target says so, and is Completed", () => {
  const made = world();
  const fleet = made.addFleet("/fleets/f");
  const pools = [pool(), pool({ name: "done", mode: "User", nodeImageVersion: NEW_IMAGE })];
  const { id } = made.addCluster(cluster("m", { pools }));
  fleet.putMember({ name: "m", clusterId: id });
  const run = fleet.createRun(spec());
  run.start();
  letRest(made);
  expect(members(run).get("m")).toMatchObject({
    state: "Completed",
    message: `Skipped upgrade of following agent pool(s): current node image version "${NEW_IMAGE}" of agent pool "done" is already at or ahead of target upgrade version "${NEW_IMAGE}".`,
  });
});
