import { describe, expect, test } from "vitest";
import { parseDeclarations } from "../../shared/declaration/parse.ts";
import { soaking } from "../../shared/promotion/soaking.ts";
import type { UpdateRun } from "../../shared/update-run/ports.ts";
import { updateRun } from "../update-run/run-builder.ts";

const FAMILY = "AKSUbuntu-2404gen2containerd";
const FLEET = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/fleets/f";
const HOUR = 3_600_000;
const END = Date.parse("2026-07-10T10:00:00Z");

function declared(soak: string, prodPin: string, prod: string) {
  const release = (name: string, pin: string, more = "") => `apiVersion: fleetwright.dev/v1alpha1
kind: Release
metadata: {name: ${name}, generation: 2}
spec:
  strategy: {name: all}
  nodeImages: {${FAMILY}: "${pin}"}
  ${more}
`;
  const workspace = `apiVersion: fleetwright.dev/v1alpha1
kind: Workspace
spec:
  environments:
    - {name: dev, fleet: ${FLEET}}
    - {name: prod, fleet: ${FLEET}, promotesFrom: dev, nodeImage: {soak: ${soak}}}
`;
  return parseDeclarations([
    { path: "fleetwright.yaml", text: workspace },
    { path: "releases/dev.yaml", text: release("dev", "202607.09.0") },
    { path: "releases/prod.yaml", text: release("prod", prodPin, prod) },
  ]);
}

function devRun(name: string, state: UpdateRun["status"]["state"], started: string): UpdateRun {
  const done = state === "Completed" ? { completedTime: new Date(END).toISOString() } : {};
  return updateRun(state, {
    name,
    status: { ...updateRun(state).status, startTime: started, ...done },
    nodeImageSelection: {
      type: "Custom",
      customNodeImageVersions: [`${FAMILY}-202607.09.0`],
    },
  });
}

const DAY_BEFORE = "2026-07-09T10:00:00Z";
const completed = devRun("dev-2-1a2b3c4d", "Completed", DAY_BEFORE);

function find(
  runs: readonly UpdateRun[],
  {
    soak = "72h",
    prodPin = "202606.16.0",
    prod = "",
    hours = 1,
  }: Partial<Record<"soak" | "prodPin" | "prod", string>> & { hours?: number } = {},
) {
  const declarations = declared(soak, prodPin, prod);
  expect(declarations.findings).toEqual([]);
  const dev = declarations.workspace?.value.spec.environments[0];
  if (!dev) throw new Error("dev is not declared");
  return soaking(declarations, dev, { runs, now: END + hours * HOUR });
}

describe("newer images queue", () => {
  test("behind one that soaks for the next environment, until its soak is over", () => {
    const until = END + 72 * HOUR;
    expect(find([completed])).toEqual({ run: "dev-2-1a2b3c4d", target: "prod", until });
    expect(find([completed], { hours: 71 })).toBeDefined();
    expect(find([completed], { hours: 72 })).toBeUndefined();
  });

  test("behind a run that is under way", () => {
    const running = devRun("dev-2-1a2b3c4d", "Running", DAY_BEFORE);
    expect(find([running])).toMatchObject({ target: "prod", until: undefined });
  });
});

describe("a Kubernetes version that soaks", () => {
  const upgraded: UpdateRun = {
    ...completed,
    upgradeType: "Full",
    kubernetesVersion: "1.34.1",
  };
  const queues = (version?: string, upgradeType = "Full") =>
    find([upgraded], {
      prodPin: "202607.09.0",
      prod:
        version === undefined ? "" : `kubernetesVersion: ${version}\n  upgradeType: ${upgradeType}`,
    }) !== undefined;

  test.each([
    ["holds newer ones up until the next environment has it", queues("1.33.5"), true],
    ["holds nothing up once it was promoted", queues("1.34.1"), false],
    ["nor where the next environment declares no version", queues(), false],
    ["nor where versions are not taken over", queues("1.33.5", "NodeImageOnly"), false],
  ])("%s", (_case, found, expected) => {
    expect(found).toBe(expected);
  });
});

describe("nothing queues", () => {
  test.each([
    ["where nobody asks for a soak", [completed], { soak: "0s" }],
    ["once the image was promoted", [completed], { prodPin: "202607.09.0" }],
    ["before anything ran", [], {}],
    ["behind the run of another release", [devRun("prod-2-1a2b3c4d", "Completed", DAY_BEFORE)], {}],
  ] as const)("%s", (_case, runs, change) => {
    expect(find(runs, change)).toBeUndefined();
  });

  test.each(["Failed", "Stopped"] as const)(
    "behind a run that %s: a newer image may be what mends it",
    (state) => {
      const later = devRun("dev-3-1a2b3c4d", state, "2026-07-10T10:30:00Z");
      expect(find([completed, later])).toBeUndefined();
    },
  );
});
