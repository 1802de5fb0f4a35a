import { describe, expect, test } from "vitest";
import { worstOf, type Outcome } from "../../shared/update-run/check.ts";
import { obstaclesOf } from "../../shared/update-run/obstacles.ts";
import type { Rollout } from "../../shared/update-run/rollout.ts";
import { targetsOf } from "../../shared/update-run/targets.ts";
import {
  askTeam,
  judgeTeamCheck,
  type TeamCheckPort,
  type TeamCheckRun,
} from "../../shared/update-run/team-check.ts";
import { verifyWorkloads, type WorkloadView } from "../../shared/update-run/workloads.ts";
import type { ManagedCluster } from "../../shared/snapshot/ports.ts";
import { memoryStateStore } from "../support/memory-state-store.ts";
import { member, stage, updateRun } from "./run-builder.ts";

const FAMILY = "AKSUbuntu-2204gen2containerd";

test.each([
  [["pass", "fail", "unknown"], "fail"],
  [["pass", "inconclusive", "unknown"], "unknown"],
  [["pass", "inconclusive"], "inconclusive"],
  [["pass", "pass"], "pass"],
  [[], "unknown"],
] as [Outcome[], Outcome][])("the worst of %j is %s", (outcomes, worst) => {
  expect(worstOf(outcomes)).toBe(worst);
});

describe("workloads", () => {
  const tide: WorkloadView = {
    kind: "Deployment",
    namespace: "harbour",
    name: "tide",
    desired: 3,
    available: 3,
    observed: true,
  };
  const verify = (workloads: readonly WorkloadView[], baseline: readonly string[] = []) =>
    verifyWorkloads({
      seen: { visible: true, workloads },
      namespaces: ["harbour"],
      baseline: new Set(baseline),
    });

  test.each([
    ["all available", [tide], [], "pass"],
    ["one with a pod too few", [tide, { ...tide, name: "crane", available: 2 }], [], "fail"],
    ["one that is just being changed", [{ ...tide, observed: false }], [], "inconclusive"],
    ["nothing at all", [], [], "inconclusive"],
    [
      "one that was bad before the run",
      [tide, { ...tide, name: "crane", available: 0 }],
      ["Deployment harbour/crane"],
      "pass",
    ],
    ["only what was bad before", [tide], ["Deployment harbour/tide"], "inconclusive"],
  ] as const)("%s: %s", (_case, workloads, baseline, outcome) => {
    expect(verify(workloads, baseline).outcome).toBe(outcome);
  });

  test("that cannot be seen are unknown, and the reason is kept", () => {
    const seen = { visible: false, reason: "403" } as const;
    const result = verifyWorkloads({ seen, namespaces: ["harbour"], baseline: new Set() });
    expect(result).toMatchObject({ outcome: "unknown", detail: expect.stringContaining("403") });
  });
});

describe("the team's check", () => {
  const since = Date.parse("2026-07-10T10:00:00Z");
  const passed: TeamCheckRun = {
    status: "completed",
    conclusion: "success",
    startedAt: "2026-07-10T10:05:00Z",
    url: "https://github.example/1",
  };

  test.each([
    ["success", passed, "pass"],
    ["failure", { ...passed, conclusion: "failure" }, "fail"],
    ["neutral", { ...passed, conclusion: "neutral" }, "inconclusive"],
    ["still running", { ...passed, status: "in_progress", conclusion: undefined }, "inconclusive"],
    ["from before the stage", { ...passed, startedAt: "2026-07-10T09:00:00Z" }, "inconclusive"],
    ["absent", undefined, "inconclusive"],
  ] as const)("%s: %s", (_case, run, outcome) => {
    expect(judgeTeamCheck("smoke", run, since).outcome).toBe(outcome);
  });

  const request = {
    partition: "run:x",
    environment: "prod",
    run: "prod-2-abcdef01",
    commit: "abc",
    stage: "stage1",
    check: { kind: "workflow", file: "smoke.yml" },
    since,
  } as const;

  function setUp(dispatch: TeamCheckPort["dispatch"]) {
    let now = 0;
    const team: TeamCheckPort = {
      dispatch,
      readCheckRun: async () => undefined,
      readWorkflowRun: async () => passed,
    };
    const deps = { store: memoryStateStore(), wallClock: { now: () => now }, team };
    return { deps, later: (milliseconds: number) => (now += milliseconds) };
  }

  test("a workflow is dispatched once, however often and by however many it is asked", async () => {
    const dispatched: unknown[] = [];
    const { deps } = setUp(async (file, inputs) => {
      dispatched.push({ file, inputs });
      return { id: 7 };
    });
    await Promise.all([askTeam(deps, request), askTeam(deps, request)]);
    expect(await askTeam(deps, request)).toMatchObject({ outcome: "pass" });
    expect(dispatched).toEqual([
      {
        file: "smoke.yml",
        inputs: { environment: "prod", run: "prod-2-abcdef01", stage: "stage1" },
      },
    ]);
    await askTeam(deps, { ...request, since: since + 1 });
    expect(dispatched).toHaveLength(2);
  });

  test("is unknown when GitHub fails, and a crash between intent and answer is made good", async () => {
    let fails = true;
    const { deps, later } = setUp(async () => {
      if (fails) throw new Error("503");
      return { id: 8 };
    });
    expect(await askTeam(deps, request)).toMatchObject({ outcome: "unknown" });
    fails = false;
    expect(await askTeam(deps, request)).toMatchObject({ outcome: "inconclusive" });
    later(3 * 60_000);
    expect(await askTeam(deps, request)).toMatchObject({ outcome: "pass" });
  });
});

function cluster(change: Partial<ManagedCluster> = {}): ManagedCluster {
  const pool: ManagedCluster["nodePools"][number] = {
    id: "/pool",
    name: "apps",
    mode: "System",
    count: 3,
    vmSize: "Standard_D4s_v5",
    osType: "Linux",
    osSku: "Ubuntu",
    kubernetesVersion: "1.33.5",
    nodeImageVersion: `${FAMILY}-202606.16.0`,
    provisioningState: "Succeeded",
    undrainableNodeBehavior: "Cordon",
    maxSurge: undefined,
    snapshotId: undefined,
  };
  return {
    id: member("quay-1", "NotStarted").clusterId,
    name: "quay-1",
    location: "westeurope",
    kubernetesVersion: "1.33.5",
    provisioningState: "Succeeded",
    powerState: "Running",
    nodePools: [pool],
    ...change,
  };
}

describe("what a run had to bring to a member", () => {
  const rollout: Rollout = {
    environment: "prod",
    fleet: "/fleet",
    commit: "abc",
    generation: 2,
    runName: "prod-2-abcdef01",
    nodeImages: { [FAMILY]: "202607.09.0" },
    upgradeType: "NodeImageOnly",
    kubernetesVersion: undefined,
    verification: new Map(),
    captureProven: true,
    snapshotResourceGroup: undefined,
  };

  test("is the pin of each pool's family", () => {
    expect(targetsOf(cluster(), {}, rollout)).toEqual({
      images: new Map([["apps", `${FAMILY}-202607.09.0`]]),
      shortcomings: [],
    });
  });

  test("is missing for a family without a pin, and for a control plane that stayed behind", () => {
    const full: Rollout = {
      ...rollout,
      upgradeType: "Full",
      kubernetesVersion: "1.34.1",
      nodeImages: {},
    };
    expect(targetsOf(cluster(), {}, full)?.shortcomings).toEqual([
      `pool apps runs ${FAMILY}, for which nothing is pinned`,
      "the control plane runs Kubernetes 1.33.5, not 1.34.1",
    ]);
  });

  test("is what Azure says that it chose, and not known when it does not say", () => {
    const latest: Rollout = { ...rollout, nodeImages: {}, nodeImageSelection: "Latest" };
    const selectedImages = [`${FAMILY}-202607.09.0`];
    expect(targetsOf(cluster(), { selectedImages }, latest)?.images.get("apps")).toBe(
      `${FAMILY}-202607.09.0`,
    );
    expect(targetsOf(cluster(), {}, latest)).toBeUndefined();
  });

  test("leaves the pools their image when only control planes are upgraded", () => {
    const alone: Rollout = {
      ...rollout,
      upgradeType: "ControlPlaneOnly",
      kubernetesVersion: "1.33.5",
    };
    expect(targetsOf(cluster(), {}, alone)).toEqual({
      images: new Map([["apps", `${FAMILY}-202606.16.0`]]),
      shortcomings: [],
    });
  });
});

describe("a member that has not begun is not ready", () => {
  const run = updateRun("Running", {
    stageStatuses: [stage("rest", "NotStarted", [member("quay-1", "NotStarted")])],
  });
  const obstacle = (one: ManagedCluster | undefined) =>
    obstaclesOf(run, new Map(one ? [[one.id.toLowerCase(), one]] : []), []).get("quay-1");

  test.each([
    ["nothing", cluster(), undefined],
    ["gone", undefined, "its cluster cannot be found in Azure"],
    ["stopped", cluster({ powerState: "Stopped" }), "its cluster is stopped"],
    ["busy", cluster({ provisioningState: "Upgrading" }), "its cluster is Upgrading"],
  ] as const)("%s", (_case, one, expected) => {
    expect(obstacle(one)).toBe(expected);
  });
});
