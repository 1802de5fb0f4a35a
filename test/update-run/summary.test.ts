import { expect, test } from "vitest";
import { renderRunSummary, verdict } from "../../shared/update-run/summary.ts";
import { gate, member, stage, status, updateRun } from "./run-builder.ts";

const summary = (run: ReturnType<typeof updateRun>) =>
  renderRunSummary({ run, environment: "prod", act: "Started and followed." });

test("verdict first, worst member first", () => {
  const text = summary(
    updateRun("Failed", {
      status: status("Failed", "2026-07-10T08:00:00Z", "2026-07-10T10:05:00Z"),
      stageStatuses: [
        stage("canary", "Completed", [member("good", "Completed")]),
        stage("rest", "Failed", [
          member("waiting", "Pending", { message: "window closed" }),
          member("bad", "Failed", { error: { code: "UpgradeFailed", message: "node | <n1>" } }),
        ]),
      ],
    }),
  );
  expect(text.split("\n").slice(0, 3)).toEqual([
    "## Update run `dev-3-1a2b3c4d`: Failed",
    "",
    "**Failed**: 3 members, 1 Failed, 1 Pending, 1 Completed. Started and followed.",
  ]);
  expect(text).toContain("started 2026-07-10T08:00:00Z, took 2 h 5 min");
  expect(text).toContain("| rest | rest-group | bad | Failed | node \\| &lt;n1&gt; |");
  expect(text.indexOf("| bad |")).toBeLessThan(text.indexOf("| waiting |"));
  expect(text).toContain("| canary | Completed | 1 of 1 |");
});

test("the verdict names the gate that a run waits for", () => {
  const run = updateRun("Pending", {
    stageStatuses: [
      stage("canary", "Pending", [], {
        afterGates: [gate("CAB", "Pending", true), gate("later", "NotStarted", false)],
      }),
    ],
  });
  expect(verdict(run)).toBe(
    '**Pending**: 0 members, none started. It waits for the gate "CAB" after canary.',
  );
});

test("a thousand members with long messages stay below GitHub's 1 MiB, visibly cut", () => {
  const message = "x".repeat(5_000);
  const stages = Array.from({ length: 40 }, (_, index) =>
    stage(
      `stage${index}`,
      "Failed",
      Array.from({ length: 100 }, (__, count) =>
        member(`m${index}-${count}`, "Failed", { error: { code: "E", message } }),
      ),
    ),
  );
  const text = summary(updateRun("Failed", { stageStatuses: stages }));
  expect(Buffer.byteLength(text)).toBeLessThan(1_048_576);
  expect(text).toMatch(/Members of \d+ more stages are left out/);
  expect(text).toContain("| stage39 | Failed |");
});

test("a timeline shows what ran when; a long one shows stages alone", () => {
  const times = { startTime: "2026-07-10T08:00:00Z", completedTime: "2026-07-10T08:12:00.5Z" };
  const runOf = (count: number) =>
    updateRun("Running", {
      status: status("Running", times.startTime),
      stageStatuses: [
        stage(
          "canary",
          "Completed",
          Array.from({ length: count }, (_, index) => member(`m${index}`, "Completed", times)),
          {
            ...times,
            afterStageWait: {
              ...status("Running", times.completedTime),
              waitDurationInSeconds: 60,
            },
          },
        ),
        stage("rest", "NotStarted", [member("later", "NotStarted")]),
      ],
    });
  expect(summary(runOf(1))).toContain(
    [
      "```mermaid",
      "gantt",
      "  dateFormat YYYY-MM-DDTHH:mm:ss",
      "  axisFormat %d %b %H:%M",
      "  section canary",
      "  m0 :done, 2026-07-10T08:00:00, 2026-07-10T08:12:00",
      "  wait :active, 2026-07-10T08:12:00, 1s",
      "```",
    ].join("\n"),
  );
  expect(summary(runOf(200))).toContain("  canary :done, 2026-07-10T08:00:00, 2026-07-10T08:12:00");
  expect(summary(runOf(200))).not.toContain("  m0 :");
  expect(summary(updateRun("NotStarted"))).not.toContain("mermaid");
});
