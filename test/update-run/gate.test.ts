import { describe, expect, test } from "vitest";
import { judgeGate, needsLook, type MemberRecord } from "../../shared/update-run/gate.ts";
import type { CheckResult, VerificationRule } from "../../shared/update-run/check.ts";
import type { Gate, MemberStatus, StageStatus, UpdateRun } from "../../shared/update-run/ports.ts";

const OURS = "fleetwright: verified";
const DONE = "2026-07-10T10:00:00Z";
const SOAK_END = Date.parse("2026-07-10T11:00:00Z");

const bare = { startTime: undefined, completedTime: undefined, error: undefined };

function member(change: Partial<MemberStatus> = {}): MemberStatus {
  return {
    ...bare,
    name: "quay-1a",
    clusterId:
      "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/quay-1a",
    state: "Completed",
    completedTime: DONE,
    message: undefined,
    ...change,
  };
}

function stage(members: readonly MemberStatus[], change: Partial<StageStatus> = {}): StageStatus {
  return {
    ...bare,
    name: "stage1",
    state: "Running",
    groups: [
      { ...bare, name: "group-1a", state: "Completed", members, beforeGates: [], afterGates: [] },
    ],
    beforeGates: [],
    afterGates: [{ ...bare, displayName: OURS, gateId: "g", state: "Pending" }],
    afterStageWait: { ...bare, state: "Running", startTime: DONE, waitDurationInSeconds: 3600 },
    ...change,
  };
}

function run(...stages: readonly StageStatus[]): UpdateRun {
  return {
    id: "/run",
    name: "prod-2-abcdef01",
    etag: "1",
    upgradeType: "NodeImageOnly",
    nodeImageSelection: { type: "Custom" },
    status: { ...bare, state: "Running" },
    stageStatuses: stages,
    createdAt: undefined,
  };
}

const gate: Gate = {
  id: "/gate",
  name: "g",
  displayName: OURS,
  state: "Pending",
  runId: "/run",
  stage: "stage1",
  group: undefined,
  timing: "After",
  etag: "1",
};

const rule: VerificationRule = {
  approves: OURS,
  toleratedNotReady: 0,
  namespaces: [],
  team: undefined,
  observeOnly: false,
};

const proved: MemberRecord = {
  outcome: "pass",
  reasons: [],
  nodesUpgraded: 7,
  at: new Date(SOAK_END).toISOString(),
  completedTime: DONE,
};

function judge(change: {
  members?: readonly MemberStatus[];
  record?: MemberRecord | undefined;
  gate?: Partial<Gate>;
  now?: number;
  stage?: Partial<StageStatus>;
  rule?: Partial<VerificationRule>;
  teamCheck?: CheckResult;
  overtakenBy?: string;
}) {
  const record = "record" in change ? change.record : proved;
  return judgeGate({
    gate: { ...gate, ...change.gate },
    run: run(stage(change.members ?? [member()], change.stage)),
    verification: new Map([["stage1", { ...rule, ...change.rule }]]),
    ...(change.teamCheck ? { teamCheck: change.teamCheck } : {}),
    ...(change.overtakenBy ? { overtakenBy: change.overtakenBy } : {}),
    records: new Map(record ? [["quay-1a", record]] : []),
    now: change.now ?? SOAK_END,
  });
}

describe("a gate", () => {
  test("is approved when everything is done, proved after the soak, and the soak is over", () => {
    expect(judge({})).toMatchObject({ kind: "approve" });
  });

  test("is never approved beside a run of a newer generation that has started", () => {
    expect(judge({ overtakenBy: "prod-3-abcdef01" })).toEqual({
      kind: "refuse",
      reason: expect.stringContaining("prod-3-abcdef01, of a newer generation, was started"),
    });
  });

  test.each([
    ["of a person", { gate: { displayName: "CAB" } }],
    ["that is completed", { gate: { state: "Completed" as const } }],
    ["of a stage that we know nothing of", { gate: { stage: "stage9" } }],
  ])("%s is not touched", (_case, change) => {
    expect(judge(change).kind).toBe("not-ours");
  });

  test.each([
    ["the soak is not over", { now: SOAK_END - 1 }],
    [
      "a member is still running",
      { members: [member({ state: "Running", completedTime: undefined })] },
    ],
    ["a member has not been looked at", { record: undefined }],
    [
      "the verdict is of an earlier attempt",
      { record: { ...proved, completedTime: "2026-07-10T09:00:00Z" } },
    ],
    ["the verdict is from before the end of the soak", { record: { ...proved, at: DONE } }],
    ["the verdict is inconclusive", { record: { ...proved, outcome: "inconclusive" as const } }],
  ])("waits while %s", (_case, change) => {
    expect(judge(change).kind).toBe("wait");
  });

  test.each([
    ["a member failed", { members: [member({ state: "Failed" })] }],
    ["the nodes cannot be seen", { record: { ...proved, outcome: "unknown" as const } }],
    [
      "the nodes are not healthy after the soak",
      { record: { ...proved, outcome: "fail" as const } },
    ],
  ])("is refused when %s", (_case, change) => {
    expect(judge(change).kind).toBe("refuse");
  });

  test("is never approved on unknown, even during the soak", () => {
    const record = { ...proved, outcome: "unknown" as const };
    expect(judge({ record, now: SOAK_END - 1 }).kind).toBe("refuse");
  });

  test("does not wait for a member that a person skipped", () => {
    const skipped = member({ state: "Skipped", message: "skipped by request." });
    expect(judge({ members: [skipped], record: undefined }).kind).toBe("approve");
  });

  test("before a stage guards the stage before it", () => {
    const second = stage([member({ name: "quay-2a", state: "NotStarted" })], {
      name: "stage2",
      afterStageWait: undefined,
    });
    const before = { ...gate, stage: "stage2", timing: "Before" as const };
    const input = { gate: before, verification: new Map([["stage2", rule]]), now: SOAK_END };
    const stages = run(stage([member()]), second);
    expect(judgeGate({ ...input, run: stages, records: new Map([["quay-1a", proved]]) }).kind).toBe(
      "approve",
    );
    expect(judgeGate({ ...input, run: stages, records: new Map() }).kind).toBe("wait");
  });
});

describe("a gate before a stage whose members are not ready", () => {
  test("waits, and names the member and what is wrong with it", () => {
    const second = stage([member({ name: "quay-2a", state: "NotStarted" })], {
      name: "stage2",
      afterStageWait: undefined,
    });
    const judgement = judgeGate({
      gate: { ...gate, stage: "stage2", timing: "Before" },
      verification: new Map([["stage2", rule]]),
      now: SOAK_END,
      run: run(stage([member()]), second),
      records: new Map([["quay-1a", proved]]),
      obstacles: new Map([["quay-2a", "its cluster is stopped"]]),
    });
    expect(judgement).toEqual({
      kind: "wait",
      reason: "quay-2a is not ready to be upgraded: its cluster is stopped",
    });
  });
});

describe("the team's own check", () => {
  const team = { kind: "check-run", name: "smoke" } as const;
  const says = (outcome: CheckResult["outcome"]): CheckResult => ({
    check: "team",
    outcome,
    detail: `smoke says ${outcome}`,
  });

  test("is asked last, when everything of ours passes", () => {
    expect(judge({ rule: { team } })).toEqual({
      kind: "ask",
      check: team,
      since: Date.parse(DONE),
    });
    expect(judge({ rule: { team }, record: undefined }).kind).toBe("wait");
    expect(judge({ rule: { team }, now: SOAK_END - 1 }).kind).toBe("wait");
  });

  test.each([
    ["pass", "approve"],
    ["fail", "refuse"],
    ["unknown", "refuse"],
    ["inconclusive", "wait"],
  ] as const)("%s: %s", (outcome, kind) => {
    expect(judge({ rule: { team }, teamCheck: says(outcome) }).kind).toBe(kind);
  });

  test("stands in the evidence", () => {
    const judgement = judge({ rule: { team }, teamCheck: says("pass") });
    expect(judgement).toMatchObject({ evidence: [expect.anything(), "smoke says pass"] });
  });
});

test("a strategy that only observes is told what would be done, and nothing is done", () => {
  expect(judge({ rule: { observeOnly: true } })).toMatchObject({
    kind: "observe",
    evidence: [expect.stringContaining("quay-1a: 7 nodes on their target image")],
  });
});

describe("a member is looked at", () => {
  const look = (change: {
    member?: MemberStatus;
    record?: MemberRecord;
    captureProven?: boolean;
    held?: boolean;
    gatePending?: boolean;
    now?: number;
  }) =>
    needsLook({
      member: change.member ?? member(),
      stage: stage([member()]),
      record: change.record,
      captureProven: change.captureProven ?? false,
      gatePending: change.gatePending ?? true,
      held: change.held ?? false,
      now: change.now ?? SOAK_END,
    });

  test.each([
    ["when it was never looked at", {}, true],
    ["not while it runs", { member: member({ state: "Running" }) }, false],
    [
      "not when a person skipped it",
      { member: member({ state: "Skipped", message: "skipped by request." }) },
      false,
    ],
    ["not when it is proved", { record: proved }, false],
    [
      "again after another attempt",
      { record: proved, member: member({ completedTime: "2026-07-10T12:00:00Z" }) },
      true,
    ],
    ["again when it failed the check", { record: { ...proved, outcome: "fail" as const } }, true],
    [
      "again while a node of its cluster is on record as quarantined",
      { record: proved, held: true },
      true,
    ],
    ["again when its proven snapshots are missing", { record: proved, captureProven: true }, true],
    ["again when the soak is over", { record: { ...proved, at: DONE } }, true],
    [
      "not again when no gate waits for it",
      { record: { ...proved, at: DONE }, gatePending: false },
      false,
    ],
    ["not again during the soak", { record: { ...proved, at: DONE }, now: SOAK_END - 1 }, false],
  ])("%s", (_case, change, expected) => {
    expect(look(change)).toBe(expected);
  });
});
