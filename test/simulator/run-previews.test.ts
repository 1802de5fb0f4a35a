import { expect, test } from "vitest";
import type {
  Fleet,
  LabelExpression,
  RunSpec,
  ScheduledStart,
  StageSpec,
  UpdateRun,
  World,
} from "../../shared/simulator/model.ts";
import { cluster, HOUR, letRest, world } from "./scene.ts";

const DAY = 24 * HOUR;
/** A Monday, at midnight UTC. */
const MONDAY = Date.UTC(2026, 6, 6);

function spec(stages: readonly StageSpec[]): RunSpec {
  return {
    name: "run-1",
    stages,
    upgrade: { type: "NodeImageOnly" },
    nodeImageSelection: { type: "Latest" },
  };
}

function is(key: string, value: string): LabelExpression[] {
  return [{ key, operator: "In", values: [value] }];
}

/** Members by name, with their group and labels. */
function fleetWith(
  made: World,
  members: Readonly<Record<string, { group?: string; labels?: Record<string, string> }>>,
): Fleet {
  const fleet = made.addFleet("/fleets/f");
  for (const [name, more] of Object.entries(members)) {
    fleet.putMember({ name, clusterId: made.addCluster(cluster(name)).id, ...more });
  }
  return fleet;
}

function layout({ stages }: UpdateRun): unknown {
  return stages.map(({ groups }) =>
    Object.fromEntries(
      groups.map(({ name, members }) => [name, members?.map((member) => member.name) ?? []]),
    ),
  );
}

const FLEET = {
  m1: { group: "blue", labels: { env: "prod", tier: "web" } },
  m2: { group: "blue", labels: { env: "test" } },
  m3: { labels: { env: "prod" } },
};

test("a stage with a selector and no groups has one group of whoever it selects, with the limits of the stage", () => {
  const stage = { name: "prod", groups: [], memberSelector: is("env", "prod") };
  const limits = { maxConcurrency: "2", maxAllowedFailures: "50%" };
  const run = fleetWith(world(), FLEET).createRun(spec([{ ...stage, ...limits }]));
  expect(layout(run)).toEqual([{ prod: ["m1", "m3"] }]);
  expect(run.stages[0]?.groups[0]).toMatchObject({ maxConcurrency: 2, maxAllowedFailures: 1 });
});

test("a stage's selector goes before the choice of its groups", () => {
  const stages = [{ name: "s", groups: [{ name: "blue" }], memberSelector: is("env", "prod") }];
  expect(layout(fleetWith(world(), FLEET).createRun(spec(stages)))).toEqual([{ blue: ["m1"] }]);
});

test("a group's selector selects whatever group a member is in", () => {
  const stages = [{ name: "s", groups: [{ name: "any", memberSelector: is("env", "prod") }] }];
  expect(layout(fleetWith(world(), FLEET).createRun(spec(stages)))).toEqual([
    { any: ["m1", "m3"] },
  ]);
});

test("whoever several selectors select is in the first group of them", () => {
  const stages = [
    { name: "web", groups: [], memberSelector: is("tier", "web") },
    { name: "prod", groups: [], memberSelector: is("env", "prod") },
  ];
  expect(layout(fleetWith(world(), FLEET).createRun(spec(stages)))).toEqual([
    { web: ["m1"] },
    { prod: ["m3"] },
  ]);
});

test("a stage without groups and without a selector is refused", () => {
  const fleet = fleetWith(world(), FLEET);
  expect(() => fleet.createRun(spec([{ name: "s", groups: [] }]))).toThrow("has no groups");
});

function scheduled(start: number, when: ScheduledStart): Scheduled {
  const made = world({ start });
  const fleet = fleetWith(made, { m1: { group: "a" } });
  const beforeGates = [
    { displayName: "wait", type: "ScheduledStart", scheduledStart: when } as const,
  ];
  const run = fleet.createRun(spec([{ name: "s", groups: [{ name: "a" }], beforeGates }]));
  run.start();
  return { made, fleet, run };
}

interface Scheduled {
  readonly made: World;
  readonly fleet: Fleet;
  readonly run: UpdateRun;
}

const WEDNESDAY = { startDay: "Wednesday", startTime: "02:00", utcOffset: "+00:00" } as const;

test("a scheduled start opens by itself at the next such time", () => {
  const { made, fleet, run } = scheduled(MONDAY, WEDNESDAY);
  made.advanceTo(MONDAY + HOUR);
  const [gate] = fleet.gates.values();
  expect(gate).toMatchObject({ gateType: "ScheduledStart", state: "Pending", timing: "Before" });
  expect(gate?.scheduledStart?.absoluteStartTime).toBe(MONDAY + 2 * DAY + 2 * HOUR);
  expect([run.status.state, run.stages[0]?.state]).toEqual(["Pending", "Pending"]);
  letRest(made);
  const member = run.stages[0]?.groups[0]?.members?.[0];
  expect(member?.startTime).toBe(MONDAY + 2 * DAY + 2 * HOUR);
  expect([gate?.state, run.status.state]).toEqual(["Completed", "Completed"]);
});

test.each([
  [
    "past by an hour: a week on",
    MONDAY + 2 * DAY + 3 * HOUR,
    WEDNESDAY,
    MONDAY + 9 * DAY + 2 * HOUR,
  ],
  [
    "Monday evening in the west is Tuesday in UTC",
    MONDAY,
    { startDay: "Monday", startTime: "20:00", utcOffset: "-08:00" } as const,
    MONDAY + DAY + 4 * HOUR,
  ],
  [
    "Monday morning in the east is Sunday in UTC",
    MONDAY,
    { startDay: "Monday", startTime: "06:00", utcOffset: "+14:00" } as const,
    MONDAY + 6 * DAY + 16 * HOUR,
  ],
])("a scheduled start that is %s", (_, start, when, expected) => {
  const { made, fleet } = scheduled(start, when);
  made.advanceTo(start + 10_000);
  const [gate] = fleet.gates.values();
  expect(gate?.scheduledStart?.absoluteStartTime).toBe(expected);
});

test("somebody may open a scheduled start before its time", () => {
  const { made, fleet, run } = scheduled(MONDAY, WEDNESDAY);
  made.advanceTo(MONDAY + HOUR);
  const [gate] = fleet.gates.values();
  fleet.completeGate(gate?.name ?? "");
  expect(run.stages[0]?.groups[0]?.members?.[0]?.state).toBe("Running");
  letRest(made);
  expect(run.status.state).toBe("Completed");
});

test("a stage that is skipped takes its scheduled start with it", () => {
  const { made, fleet, run } = scheduled(MONDAY, WEDNESDAY);
  made.advanceTo(MONDAY + HOUR);
  run.skip([{ type: "Stage", name: "s" }]);
  letRest(made);
  expect([...fleet.gates.values()].map(({ state }) => state)).toEqual(["Skipped"]);
});

test("a scheduled start cannot stand after what it is for", () => {
  const gate = { displayName: "wait", type: "ScheduledStart", scheduledStart: WEDNESDAY } as const;
  const fleet = fleetWith(world(), FLEET);
  expect(() =>
    fleet.createRun(spec([{ name: "s", groups: [{ name: "a", afterGates: [gate] }] }])),
  ).toThrow("has to stand before it");
});
