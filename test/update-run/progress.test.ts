import { expect, test } from "vitest";
import { formatProgress, progress } from "../../shared/update-run/progress.ts";
import { gate, member, stage, status, updateRun } from "./run-builder.ts";

const lines = (...looks: Parameters<typeof progress>) => progress(...looks).map(formatProgress);

test("the first look tells what has begun, at the times that Azure wrote", () => {
  const run = updateRun("Running", {
    status: status("Running", "2026-07-10T08:00:01.123456789Z"),
    stageStatuses: [
      stage("canary", "Running", [
        member("m1", "Completed", {
          startTime: "2026-07-10T08:00:02Z",
          completedTime: "2026-07-10T08:12:02Z",
        }),
        member("m2", "NotStarted"),
      ]),
    ],
  });
  expect(lines(undefined, run)).toEqual([
    "2026-07-10 08:00:01Z  run dev-3-1a2b3c4d: Running",
    "2026-07-10 08:12:02Z  canary: Running",
    "2026-07-10 08:12:02Z  canary / canary-group: Running",
    "2026-07-10 08:12:02Z  canary / canary-group / m1: Completed (12 min)",
  ]);
});

test("an unchanged run tells nothing", () => {
  const run = updateRun("Running", { stageStatuses: [stage("canary", "Running", [])] });
  expect(lines(run, structuredClone(run))).toEqual([]);
});

test("a member that fails tells why, a pending one too", () => {
  const before = updateRun("Running", {
    stageStatuses: [stage("rest", "Running", [member("m1", "Running"), member("m2", "Running")])],
  });
  const after = updateRun("Running", {
    stageStatuses: [
      stage("rest", "Running", [
        member("m1", "Failed", {
          completedTime: "2026-07-10T09:00:00Z",
          error: { code: "UpgradeFailed", message: "drain of node n1 was refused" },
        }),
        member("m2", "Pending", { message: "the window is closed" }),
      ]),
    ],
  });
  expect(lines(before, after)).toEqual([
    "2026-07-10 09:00:00Z  rest / rest-group / m1: Failed (drain of node n1 was refused)",
    "2026-07-10 09:00:00Z  rest / rest-group / m2: Pending (the window is closed)",
  ]);
});

test("gates and the wait are told, as is a state nobody has heard of", () => {
  const parts = (state: "NotStarted" | "Pending" | "Completed", wait: "NotStarted" | "Running") =>
    updateRun("Pending", {
      stageStatuses: [
        stage("canary", "Pending", [], {
          afterGates: [gate("fleetwright: verified", state, state !== "NotStarted")],
          afterStageWait: { ...status(wait), waitDurationInSeconds: 3_600 },
        }),
      ],
    });
  expect(lines(parts("NotStarted", "NotStarted"), parts("Pending", "Running"))).toEqual([
    'canary / after gate "fleetwright: verified": Pending',
    "canary / after-stage wait: Running (1 h)",
  ]);
  const strange = updateRun("Paused" as "Running");
  expect(lines(updateRun("Running"), strange)).toEqual(["run dev-3-1a2b3c4d: Paused"]);
});

test("members that do the same are told in one line, failures never", () => {
  const names = Array.from({ length: 40 }, (_, index) => `m${index}`);
  const completed = { completedTime: "2026-07-10T09:00:00Z" };
  const before = updateRun("Running", {
    stageStatuses: [
      stage(
        "rest",
        "Running",
        names.map((name) => member(name, "Running")),
      ),
    ],
  });
  const after = updateRun("Running", {
    stageStatuses: [
      stage(
        "rest",
        "Running",
        names.map((name, index) => member(name, index < 2 ? "Failed" : "Completed", completed)),
      ),
    ],
  });
  expect(lines(before, after)).toEqual([
    "2026-07-10 09:00:00Z  rest / rest-group / m0: Failed",
    "2026-07-10 09:00:00Z  rest / rest-group / m1: Failed",
    "2026-07-10 09:00:00Z  rest / rest-group: Completed, 38 members: m2, m3, m4 and 35 more",
  ]);
});

test("a pending member tells a new reason, and many tell the first one's", () => {
  const pending = (count: number, message: string) =>
    updateRun("Running", {
      stageStatuses: [
        stage(
          "rest",
          "Running",
          Array.from({ length: count }, (_, index) => member(`m${index}`, "Pending", { message })),
        ),
      ],
    });
  const [window, image] = [pending(1, "the window is closed"), pending(1, "no such image")];
  expect(lines(window, image)).toEqual(["rest / rest-group / m0: Pending (no such image)"]);
  expect(lines(undefined, pending(5, "no such image")).at(-1)).toBe(
    "rest / rest-group: Pending, 5 members: m0, m1, m2 and 2 more (first: no such image)",
  );
});
