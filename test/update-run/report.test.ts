import { describe, expect, test } from "vitest";
import type { QuarantineRecord } from "../../shared/quarantine/record.ts";
import { holdsOf, runReport } from "../../shared/update-run/report.ts";
import { member, stage, updateRun } from "./run-builder.ts";

const FAILED_AT = "2026-07-10T11:00:00.123456789Z";

function failedRun(...names: readonly string[]) {
  const members = names.map((name) => member(name, "Failed", { completedTime: FAILED_AT }));
  return updateRun("Failed", { stageStatuses: [stage("canary", "Failed", members)] });
}

function leftBehind(name: string, resolvedAt?: string): QuarantineRecord {
  const node = {
    cluster: member(name, "Failed").clusterId.toLowerCase(),
    nodePool: "apps",
    node: "aks-apps-1-vmss000000",
    pod: "harbour/tide-1",
    owner: "ReplicaSet harbour/tide",
    pdb: "harbour/tide",
    disruptionsAllowed: 0,
    healthyPods: 1,
    requiredPods: 1,
    since: "2026-07-10T10:59:00.000Z",
    ...(resolvedAt ? { resolvedAt } : {}),
  };
  return { environment: "dev", cause: "pdb:harbour/tide", issue: 2, nodes: [node] };
}

describe("a failed run is held by an issue of its own", () => {
  test.each([
    ["unless its node has one", ["quay-1"], [leftBehind("quay-1")], 0],
    [
      "not even when the node is repaired and nobody has resumed the run yet",
      ["quay-1"],
      [leftBehind("quay-1", "2026-07-10T11:30:00.000Z")],
      0,
    ],
    [
      "when its node belongs to an earlier upgrade",
      ["quay-1"],
      [leftBehind("quay-1", "2026-07-10T09:00:00.000Z")],
      1,
    ],
    ["when another member failed as well", ["quay-1", "quay-2"], [leftBehind("quay-1")], 1],
    ["when nothing else tells of it", ["quay-1"], [], 1],
  ] as const)("%s", (_case, names, quarantine, holds) => {
    const input = {
      environment: "dev",
      commit: "c0ffee",
      run: failedRun(...names),
      gates: new Map(),
      quarantine,
      closed: false,
    };
    expect(holdsOf(input)).toHaveLength(holds);
  });
});

test("a run that its strategy let go on past failed members is held, and its check fails", () => {
  const failed = [1, 2, 3, 4, 5, 6, 7].map((number) => member(`quay-${number}`, "Failed"));
  const members = [...failed, member("quay-8", "Completed")];
  const input = {
    environment: "dev",
    commit: "c0ffee",
    run: updateRun("Completed", { stageStatuses: [stage("canary", "Completed", members)] }),
    gates: new Map(),
    quarantine: [],
    closed: false,
  };
  const hold =
    "the run went on past quay-1, quay-2, quay-3, quay-4, quay-5 and 2 more, which failed";
  expect(holdsOf(input)).toEqual([hold]);
  expect(runReport(input)).toMatchObject({
    state: "failure",
    title: `dev-3-1a2b3c4d: ${hold}`,
  });
});
