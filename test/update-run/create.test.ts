import { describe, expect, test } from "vitest";
import { FleetwrightError } from "../../shared/core/errors.ts";
import type { Release } from "../../shared/declaration/documents.ts";
import { applyStrategy, planGroups } from "../../shared/update-run/apply-strategy.ts";
import { stageDifferences } from "../../shared/update-run/compare.ts";
import { createRun as createAfter, runSpec } from "../../shared/update-run/create.ts";
import type {
  FleetPort,
  UpdateRun,
  UpdateRunSpec,
  UpdateStage,
} from "../../shared/update-run/ports.ts";
import { FLEET, status, updateRun } from "./run-builder.ts";

const STAGES: readonly UpdateStage[] = [{ name: "canary", groups: [{ name: "group-1a" }] }];
const STRATEGY = `${FLEET}/updateStrategies/canary-1a2b3c4d`;

function release(spec: Partial<Release["spec"]> = {}): Release {
  return {
    apiVersion: "fleetwright.dev/v1alpha1",
    kind: "Release",
    metadata: { name: "dev", generation: 3 },
    spec: {
      strategy: { name: "canary" },
      upgradeType: "NodeImageOnly",
      nodeImages: { "AKSUbuntu-2204gen2containerd": "202607.09.0" },
      ...spec,
    },
  };
}

/** A fleet that keeps its runs, and loses races when it is told to. */
function fleet(runs: UpdateRun[], raced?: UpdateRun) {
  const created: string[] = [];
  const port: Partial<FleetPort> = {
    getRun: async (_, name) => runs.find((run) => run.name === name),
    listRuns: async () => runs,
    createRun: async (_, name, spec) => {
      if (raced !== undefined) {
        runs.push(raced);
        throw new FleetwrightError("conflict", "exists");
      }
      const run = updateRun("NotStarted", { name, ...spec });
      runs.push(run);
      created.push(name);
      return run;
    },
  };
  return { port: port as FleetPort, created };
}

const createRun = (port: FleetPort, run: Parameters<typeof createAfter>[1]) =>
  createAfter(port, run, async () => {});

const declared = (spec: UpdateRunSpec = runSpec(release(), { strategyId: STRATEGY })) => ({
  fleet: FLEET,
  name: "dev-3-1a2b3c4d",
  spec,
  stages: STAGES,
});

describe("runSpec", () => {
  test("pins exact images and names the strategy, without a version for NodeImageOnly", () => {
    expect(runSpec(release({ kubernetesVersion: "1.33.5" }), { strategyId: STRATEGY })).toEqual({
      strategyId: STRATEGY,
      upgradeType: "NodeImageOnly",
      nodeImageSelection: {
        type: "Custom",
        customNodeImageVersions: ["AKSUbuntu-2204gen2containerd-202607.09.0"],
      },
    });
  });

  test("Full and ControlPlaneOnly carry the version", () => {
    const version = { kubernetesVersion: "1.34.1" };
    expect(
      runSpec(release({ upgradeType: "Full", ...version }), { strategyId: STRATEGY }),
    ).toMatchObject(version);
    const { nodeImages: _, ...bare } = release({
      upgradeType: "ControlPlaneOnly",
      ...version,
    }).spec;
    expect(runSpec({ ...release(), spec: bare }, { strategyId: STRATEGY })).toMatchObject(version);
  });

  test("nodes are never upgraded to an image that nobody pinned", () => {
    expect(() => runSpec(release({ nodeImages: {} }), { strategyId: STRATEGY })).toThrow(
      expect.objectContaining({ code: "preflight-failed" }),
    );
  });
});

describe("createRun", () => {
  test("creates once; the second time it changes nothing", async () => {
    const { port, created } = fleet([]);
    expect((await createRun(port, declared())).changed).toBe(true);
    expect((await createRun(port, declared())).changed).toBe(false);
    expect(created).toEqual(["dev-3-1a2b3c4d"]);
  });

  test("what the service fills in or spells otherwise is no difference", async () => {
    const existing = updateRun("Running", {
      strategyId: STRATEGY.toLowerCase(),
      stages: [
        { ...STAGES[0]!, maxConcurrency: "50", afterStageWaitInSeconds: 0, beforeGates: [] },
      ],
    });
    expect(await createRun(fleet([existing]).port, declared())).toEqual({
      run: existing,
      changed: false,
    });
  });

  test.each<[string, Partial<UpdateRun>, RegExp]>([
    ["images", { nodeImageSelection: { type: "Latest" } }, /node image selection: declared Custom/],
    ["upgrade type", { upgradeType: "Full" }, /upgrade type: declared NodeImageOnly, stored Full/],
    ["strategy", { strategyId: `${FLEET}/updateStrategies/other` }, /strategy: declared .*canary/],
    [
      "stages",
      { stages: [{ name: "all", groups: [] }] },
      /stage canary: declared .* stored nothing/,
    ],
  ])("an existing run with other %s is named and left alone", async (_, change, message) => {
    const { port, created } = fleet([updateRun("NotStarted", change)]);
    await expect(createRun(port, declared())).rejects.toMatchObject({
      code: "plan-changed",
      message: expect.stringMatching(message),
    });
    expect(created).toEqual([]);
  });

  test("another active run of the fleet comes first", async () => {
    const other = updateRun("Pending", { name: "dev-2-ffffffff" });
    await expect(createRun(fleet([other]).port, declared())).rejects.toMatchObject({
      code: "preflight-failed",
      subject: other.id,
    });
    const ended = updateRun("Stopped", { name: "dev-2-ffffffff", status: status("Stopped") });
    expect((await createRun(fleet([ended]).port, declared())).changed).toBe(true);
  });

  test("a slow job of an older commit creates nothing once a newer generation has a run", async () => {
    const other = (name: string) => updateRun("NotStarted", { name });
    const { port, created } = fleet([other("dev-12-ffffffff")]);
    await expect(createRun(port, declared())).rejects.toMatchObject({
      code: "preflight-failed",
      message: expect.stringMatching(/dev-3-\w+ was overtaken: dev-12-ffffffff .* is NotStarted/),
    });
    expect(created).toEqual([]);
    // Another release, an older generation, and a way back are no newer ones; nor is a name that is not ours.
    for (const name of ["prod-12-ffffffff", "dev-2-ffffffff", "dev-12-ffffffff-back-ffffffff", "x"])
      expect((await createRun(fleet([other(name)]).port, declared())).changed).toBe(true);
  });

  test("what speaks against a new run does not matter to one that exists", async () => {
    const refuse = async () => {
      throw new FleetwrightError("preflight-failed", "no");
    };
    const existing = fleet([updateRun("Running")]).port;
    expect((await createAfter(existing, declared(), refuse)).changed).toBe(false);
    const { port, created } = fleet([]);
    await expect(createAfter(port, declared(), refuse)).rejects.toThrow("no");
    expect(created).toEqual([]);
  });

  test("a lost race is won when the winner is the same run", async () => {
    const { changed } = await createRun(fleet([], updateRun("NotStarted")).port, declared());
    expect(changed).toBe(false);
    const different = updateRun("NotStarted", { upgradeType: "Full" });
    await expect(createRun(fleet([], different).port, declared())).rejects.toMatchObject({
      code: "plan-changed",
    });
  });
});

describe("strategies", () => {
  const resource = (stages: readonly UpdateStage[]) => [
    { id: STRATEGY, name: "canary-1a2b3c4d", etag: "1", stages },
  ];
  const wanted = { fleet: FLEET, name: "canary-1a2b3c4d", stages: STAGES };
  const neverCreates = {} as FleetPort;

  test("one that is stored as declared is left alone", async () => {
    const port = neverCreates;
    expect(await applyStrategy(port, wanted, resource(STAGES))).toEqual({ changed: false });
  });

  test("one that was edited in Azure is an error that says where", async () => {
    const edited = [{ ...STAGES[0]!, afterStageWaitInSeconds: 60 }];
    await expect(applyStrategy(neverCreates, wanted, resource(edited))).rejects.toMatchObject({
      code: "plan-changed",
      message: expect.stringContaining("stage canary"),
    });
  });

  test("a changed order of the same stages is a difference", () => {
    const more = [...STAGES, { name: "rest", groups: [] }];
    expect(stageDifferences(more, more.toReversed()).map(({ field }) => field)).toEqual([
      "order of stages",
    ]);
  });

  test("only members in another group are moved; unknown ones are told", () => {
    const members = ["a", "b"].map((name) => ({ name, clusterId: "", group: "g1", etag: "1" }));
    const plan = planGroups(
      [
        { name: "a", group: "g1" },
        { name: "b", group: "g2" },
        { name: "c", group: "g1" },
      ],
      members,
    );
    expect(plan).toEqual({ moves: [{ member: members[1], group: "g2" }], absent: ["c"] });
  });
});
