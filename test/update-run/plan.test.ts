import { describe, expect, test } from "vitest";
import { comparePlans, planHash, planOf, planOfRun } from "../../shared/update-run/plan.ts";
import type { FleetMember, UpdateRun, UpdateStage } from "../../shared/update-run/ports.ts";

const FLEET =
  "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/f/providers/Microsoft.ContainerService/fleets/harbour";
const clusterId = (name: string) => `${FLEET.replace("fleets/harbour", "managedClusters")}/${name}`;
const member = (name: string, group: string | undefined): FleetMember => ({
  name,
  group,
  clusterId: clusterId(name),
  etag: "",
});
const stages: readonly UpdateStage[] = [
  { name: "canary", groups: [{ name: "canary" }], afterStageWaitInSeconds: 600 },
  { name: "rest", groups: [{ name: "blue" }, { name: "green" }] },
];
const image = "AKSUbuntu-2204gen2containerd-202607.09.0";
const declared = {
  fleet: FLEET,
  name: "dev-1-0123abcd",
  spec: {
    strategyId: `${FLEET}/updateStrategies/canary-1`,
    upgradeType: "NodeImageOnly" as const,
    nodeImageSelection: { type: "Custom" as const, customNodeImageVersions: [image] },
  },
  stages,
};
const members = [member("quay-1", "canary"), member("quay-2", "blue"), member("idle", undefined)];
const reviewed = planOf(declared, members);

test("members outside the stages are no part of a plan, and their order is none either", () => {
  expect(reviewed.members.map(({ name }) => name)).toEqual(["quay-1", "quay-2"]);
  expect(planHash(planOf(declared, members.toReversed()))).toBe(planHash(reviewed));
  expect(planOf({ ...declared, stages: [] }, members).members).toHaveLength(3);
});

const change = (spec: object = {}, withStages = stages) => ({
  ...declared,
  spec: { ...declared.spec, ...spec },
  stages: withStages,
});
const pinned = (version: string) => ({
  nodeImageSelection: {
    type: "Custom" as const,
    customNodeImageVersions: [image.replace("202607.09.0", version)],
  },
});

describe("what is about to happen is compared with what was reviewed", () => {
  test.each([
    ["nothing", declared, members, [], []],
    [
      "a member that left is a note",
      declared,
      members.slice(0, 1),
      [],
      [/quay-2 has left the fleet/],
    ],
    [
      "a member that joined blocks",
      declared,
      [...members, member("quay-3", "green")],
      [/quay-3 of group green joined after the review/],
      [],
    ],
    [
      "a member in another group blocks",
      declared,
      [member("quay-1", "canary"), member("quay-2", "canary")],
      [/quay-2 moved from group blue to canary/],
      [],
    ],
    [
      "another cluster under the same name blocks",
      declared,
      [member("quay-1", "canary"), { ...member("quay-2", "blue"), clusterId: clusterId("pier") }],
      [/quay-2 is another cluster/],
      [],
    ],
    ["another pin blocks", change(pinned("202607.16.0")), members, [/node images: reviewed/], []],
    ["another order blocks", change({}, stages.toReversed()), members, [/order of stages/], []],
    [
      "a shorter wait blocks",
      change({}, [{ name: "canary", groups: [{ name: "canary" }] }, ...stages.slice(1)]),
      members,
      [/stage canary/],
      [],
    ],
    [
      "another upgrade type blocks",
      change({ upgradeType: "Full", kubernetesVersion: "1.34.1" }),
      members,
      [/upgrade type: reviewed NodeImageOnly, now Full/, /Kubernetes version/],
      [],
    ],
  ])("%s", (_, later, now, blocks, notes) => {
    const found = comparePlans(reviewed, planOf(later, now));
    expect(found).toEqual({
      blocks: blocks.map((sentence) => expect.stringMatching(sentence)),
      notes: notes.map((sentence) => expect.stringMatching(sentence)),
    });
  });

  test("a run as Fleet stored it is the plan that was declared", () => {
    const idle = { startTime: undefined, completedTime: undefined, error: undefined };
    const notStarted = { state: "NotStarted" as const, ...idle };
    const status = (name: string) => ({
      ...notStarted,
      name,
      clusterId: clusterId(name).toLowerCase(),
      message: undefined,
    });
    const stored: UpdateRun = {
      ...declared.spec,
      id: `${FLEET}/updateRuns/${declared.name}`,
      name: declared.name,
      etag: "",
      createdAt: undefined,
      // The service fills in its defaults.
      stages: stages.map((stage) => ({ ...stage, maxConcurrency: "50", beforeGates: [] })),
      status: notStarted,
      stageStatuses: [
        ["canary", "canary", "quay-1"],
        ["rest", "blue", "quay-2"],
      ].map(([stage = "", group = "", name = ""]) => ({
        ...notStarted,
        name: stage,
        beforeGates: [],
        afterGates: [],
        afterStageWait: undefined,
        groups: [
          { ...notStarted, name: group, beforeGates: [], afterGates: [], members: [status(name)] },
        ],
      })),
    };
    expect(comparePlans(reviewed, planOfRun(declared, stored))).toEqual({ blocks: [], notes: [] });
  });
});
