import { expect, test } from "vitest";
import type { GroupSpec, StageSpec, UpdateRun, World } from "../../shared/simulator/model.ts";
import {
  block,
  cluster,
  deployment,
  letRest,
  NEW_IMAGE,
  OLD_IMAGE,
  pool,
  unblock,
  world,
} from "./scene.ts";

interface Scene {
  readonly made: World;
  readonly run: UpdateRun;
}

/** Members such as `a-1` and `a-2!` of group `a`; those with an exclamation mark fail, for their pods may not go. */
function scene(members: readonly string[], stages: readonly StageSpec[]): Scene {
  const made = world();
  const fleet = made.addFleet("/fleets/f");
  for (const marked of members) {
    const name = marked.replace("!", "");
    const target = made.addCluster(
      cluster(name, {
        pools: [pool({ count: 1, upgradeSettings: { drainTimeoutInMinutes: 5 } })],
        workloads: [deployment("app")],
      }),
    );
    if (marked.endsWith("!")) block(target, "app");
    fleet.putMember({ name, clusterId: target.id, group: name.split("-")[0] ?? "" });
  }
  const run = fleet.createRun({
    name: "run-1",
    stages,
    upgrade: { type: "NodeImageOnly" },
    nodeImageSelection: { type: "Latest" },
  });
  return { made, run };
}

function play(members: readonly string[], stages: readonly StageSpec[]): Scene {
  const made = scene(members, stages);
  made.run.start();
  letRest(made.made);
  return made;
}

function stage(allowed: string | undefined, groups: readonly GroupSpec[], name = "s"): StageSpec {
  return { name, groups, ...(allowed !== undefined && { maxAllowedFailures: allowed }) };
}

function group(name: string, allowed?: string, maxConcurrency = "1"): GroupSpec {
  return {
    name,
    maxConcurrency,
    ...(allowed !== undefined && { maxAllowedFailures: allowed }),
  };
}

function membersOf({ run }: Scene): Record<string, string> {
  const all = run.stages.flatMap(({ groups }) => groups.flatMap(({ members }) => members ?? []));
  return Object.fromEntries(all.map(({ name, state }) => [name, state]));
}

function statesOf({ run }: Scene): readonly string[] {
  return [
    run.status.state,
    ...run.stages.flatMap(({ state, groups }) => [state, ...groups.map((one) => one.state)]),
  ];
}

test("unset and 0 put up with no failure", () => {
  for (const allowed of [undefined, "0", "0%"]) {
    const made = play(["a-1!", "a-2"], [stage(allowed, [group("a", allowed)])]);
    expect(statesOf(made)).toEqual(["Failed", "Failed", "Failed"]);
    expect(membersOf(made)).toEqual({ "a-1": "Failed", "a-2": "NotStarted" });
  }
});

test("within its limits a run goes on past failed members, also to the next stage, and is Completed", () => {
  const stages = [stage("1", [group("a", "1")], "first"), stage(undefined, [group("b")], "second")];
  const made = play(["a-1!", "a-2", "b-1"], stages);
  expect(membersOf(made)).toEqual({ "a-1": "Failed", "a-2": "Completed", "b-1": "Completed" });
  expect(statesOf(made)).toEqual(["Completed", "Completed", "Completed", "Completed", "Completed"]);
  expect(() => made.run.start()).toThrow("is Completed and cannot be started");
});

test("all members of a group may fail, if it allows so many", () => {
  const made = play(["a-1!", "a-2!"], [stage("2", [group("a", "2")])]);
  expect(statesOf(made)).toEqual(["Completed", "Completed", "Completed"]);
});

test("percentages are rounded up, of the group and of all members of the stage", () => {
  const stages = [stage("25%", [group("a", "25%"), group("b", "0%")])];
  const { run } = scene(["a-1", "a-2", "a-3", "a-4", "a-5", "b-1"], stages);
  const [only] = run.stages;
  const allowed = only?.groups.map(({ maxAllowedFailures }) => maxAllowedFailures);
  expect([only?.maxAllowedFailures, allowed]).toEqual([2, [2, 0]]);
});

test("a group over its limit is Failed whatever its stage allows; the group beside it is Stopped", () => {
  const made = play(
    ["a-1!", "a-2", "b-1", "b-2"],
    [stage("5", [group("a", "0"), group("b", "1")])],
  );
  expect(statesOf(made)).toEqual(["Failed", "Failed", "Failed", "Stopped"]);
  expect(membersOf(made)).toMatchObject({ "a-2": "NotStarted", "b-1": "Completed" });
});

test("a stage over its limit is Failed although each of its groups is within its own", () => {
  const members = ["a-1!", "a-2", "a-3", "b-1!", "b-2", "b-3"];
  const made = play(members, [stage("1", [group("a", "1"), group("b", "1")])]);
  expect(statesOf(made).slice(0, 2)).toEqual(["Failed", "Failed"]);
  expect(statesOf(made).slice(2)).toEqual(["Stopped", "Stopped"]);
  expect(made.run.status.error?.message).toMatch(
    /^2 members of stage 's' failed, more than its maxAllowedFailures of 1\. Drain node /,
  );
});

test("members that fail side by side may be more than the limit before anything stops", () => {
  const members = ["a-1!", "a-2!", "a-3!", "a-4", "a-5"];
  const made = play(members, [stage("1", [group("a", "1", "3")])]);
  // The first failure was tolerated, so that one more was started.
  expect(membersOf(made)).toEqual({
    "a-1": "Failed",
    "a-2": "Failed",
    "a-3": "Failed",
    "a-4": "Completed",
    "a-5": "NotStarted",
  });
  expect(made.run.status.state).toBe("Failed");
});

test("started again, a run tries the failed members of what is not over yet, and those alone", () => {
  const stages = [
    stage("1", [group("a", "1")], "first"),
    stage("1", [group("b", "1"), group("c", "0")], "second"),
  ];
  const made = play(["a-1!", "b-1!", "b-2", "c-1", "c-2", "c-3", "c-4!"], stages);
  expect(statesOf(made).slice(3)).toEqual(["Failed", "Completed", "Failed"]);
  for (const target of made.made.clusters.values()) {
    if (target.budgets.size > 0) unblock(target, "app");
  }
  made.run.start();
  letRest(made.made);
  expect(membersOf(made)).toEqual({
    "a-1": "Failed",
    "b-1": "Failed",
    "b-2": "Completed",
    "c-1": "Completed",
    "c-2": "Completed",
    "c-3": "Completed",
    "c-4": "Completed",
  });
  expect(statesOf(made)[0]).toBe("Completed");
});

test("stopped within its limits, a run is Stopped and not Failed", () => {
  const made = scene(["a-1!", "a-2", "a-3"], [stage("1", [group("a", "1")])]);
  made.run.start();
  while (membersOf(made)["a-2"] !== "Running") made.made.advanceTo(made.made.nextAt() ?? 0);
  made.run.stop();
  letRest(made.made);
  expect(statesOf(made)).toEqual(["Stopped", "Stopped", "Stopped"]);
  expect(membersOf(made)).toEqual({ "a-1": "Failed", "a-2": "Completed", "a-3": "NotStarted" });
});

test("gates and waits follow a stage that has tolerated failures", () => {
  const afterGates = [{ displayName: "CAB", type: "Approval" as const }];
  const stages = [{ ...stage("1", [group("a", "1")]), afterGates, afterStageWaitInSeconds: 60 }];
  const made = play(["a-1!", "a-2"], stages);
  expect(statesOf(made)).toEqual(["Pending", "Pending", "Completed"]);
  expect(made.run.stages[0]?.afterStageWait?.state).toBe("Completed");
});

test("a member that is blocked is Failed on its old image, tolerated or not", () => {
  const made = play(["a-1!", "a-2"], [stage("1", [group("a", "1")])]);
  const images = ["a-1", "a-2"].map((name) =>
    [...(made.made.clusters.get(`/clusters/${name}`)?.nodes.values() ?? [])].map(
      ({ nodeImageVersion }) => nodeImageVersion,
    ),
  );
  expect(images).toEqual([[OLD_IMAGE], [NEW_IMAGE]]);
});
