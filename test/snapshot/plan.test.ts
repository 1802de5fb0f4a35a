import { expect, test } from "vitest";
import { armKey } from "../../shared/core/arm-id.ts";
import { FleetwrightError } from "../../shared/core/errors.ts";
import { planSnapshots } from "../../shared/snapshot/plan.ts";
import type { SnapshotRequest } from "../../shared/snapshot/plan.ts";
import type {
  ManagedCluster,
  NewSnapshot,
  NodePool,
  NodePoolSnapshot,
} from "../../shared/snapshot/ports.ts";
import { takeSnapshots } from "../../shared/snapshot/take.ts";

const GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/harbour";
const IMAGE = "AKSUbuntu-2204gen2containerd-202607.09.0";

function pool(name: string, more: Partial<NodePool> = {}, cluster = "north"): NodePool {
  return {
    id: `${GROUP}/providers/Microsoft.ContainerService/managedClusters/${cluster}/agentPools/${name}`,
    name,
    mode: "User",
    count: 3,
    vmSize: "Standard_D4s_v5",
    osType: "Linux",
    osSku: "Ubuntu",
    kubernetesVersion: "1.33.5",
    nodeImageVersion: IMAGE,
    provisioningState: "Succeeded",
    undrainableNodeBehavior: "Cordon",
    maxSurge: undefined,
    snapshotId: undefined,
    ...more,
  };
}

function cluster(nodePools: readonly NodePool[], name = "north"): ManagedCluster {
  return {
    id: `${GROUP}/providers/Microsoft.ContainerService/managedClusters/${name}`,
    name,
    location: "northeurope",
    kubernetesVersion: "1.33.5",
    provisioningState: "Succeeded",
    powerState: "Running",
    nodePools,
  };
}

function plan(nodePools: readonly NodePool[], more: Partial<SnapshotRequest> = {}) {
  return planSnapshots({
    kind: "outgoing",
    environment: "dev",
    generation: 3,
    run: "dev-3-1a2b3c4d",
    clusters: [cluster(nodePools)],
    existing: [],
    ...more,
  });
}

/** The snapshot as Azure stores it: read-only fields copied from the source pool. */
function stored(
  { id, location, tags, sourcePool }: NewSnapshot,
  source: NodePool,
): NodePoolSnapshot {
  const { nodeImageVersion, kubernetesVersion, vmSize } = source;
  const name = id.split("/").at(-1) ?? "";
  const createdAt = "2026-07-10T08:00:00Z";
  return {
    id,
    name,
    location,
    tags,
    sourcePool,
    nodeImageVersion,
    kubernetesVersion,
    vmSize,
    osType: source.osType,
    osSku: source.osSku,
    createdAt,
  };
}

test("a snapshot says where it comes from and lies in its cluster's region and group", () => {
  const { take, captured, refused } = plan([pool("app")]);
  expect({ take, captured, refused }).toMatchObject({ captured: [], refused: [] });
  expect(take).toHaveLength(1);
  expect(take[0]?.id).toMatch(
    new RegExp(
      `^${GROUP}/providers/Microsoft.ContainerService/snapshots/outgoing-north-app-[0-9a-f]{8}$`,
    ),
  );
  expect(take[0]).toMatchObject({
    location: "northeurope",
    tags: {
      "fleetwright-kind": "outgoing",
      "fleetwright-environment": "dev",
      "fleetwright-generation": "3",
      "fleetwright-run": "dev-3-1a2b3c4d",
      "fleetwright-source-pool": pool("app").id,
    },
  });
});

test("the same look twice takes nothing the second time, whatever case ids come back in", () => {
  const source = pool("app");
  const first = plan([source]).take.map((snapshot) => stored(snapshot, source));
  const existing = first.map((one) => ({ ...one, sourcePool: one.sourcePool.toLowerCase() }));
  expect(plan([source], { existing })).toMatchObject({ take: [], captured: existing });
});

test.each([
  ["another image", { nodeImageVersion: "AKSUbuntu-2204gen2containerd-202607.16.0" }],
  ["another Kubernetes version", { kubernetesVersion: "1.34.1" }],
])("%s is another snapshot with another name", (_, change) => {
  const existing = plan([pool("app")]).take.map((snapshot) => stored(snapshot, pool("app")));
  const { take } = plan([pool("app", change)], { existing });
  expect(take).toHaveLength(1);
  expect(take[0]?.id).not.toBe(existing[0]?.id);
});

test("outgoing and proven of one pool are two snapshots", () => {
  const existing = plan([pool("app")]).take.map((snapshot) => stored(snapshot, pool("app")));
  expect(plan([pool("app")], { existing, kind: "proven" }).take).toHaveLength(1);
});

test("long names are cut, stay different and within 63 characters", () => {
  const long = "a".repeat(63);
  const names = ["one", "two"].map((name) =>
    planSnapshots({
      kind: "proven",
      environment: "dev",
      clusters: [cluster([pool(name, {}, long)], long)],
      existing: [],
    })
      .take[0]?.id.split("/")
      .at(-1),
  );
  expect(new Set(names).size).toBe(2);
  for (const name of names) expect(name).toMatch(/^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$/);
});

test.each([
  ["a pool that is being upgraded", "outgoing", { provisioningState: "Upgrading" }, /is Upgrading/],
  [
    "a proven image that is not the pin",
    "proven",
    { nodeImageVersion: IMAGE.replace("09", "01") },
    /the pin is 202607.09.0/,
  ],
  [
    "a proven image of an unpinned family",
    "proven",
    { nodeImageVersion: "AKSAzureLinux-V3gen2-202607.09.0" },
    /pins no image/,
  ],
] as const)("%s is refused with the reason", (_, kind, change, reason) => {
  const { take, refused } = plan([pool("app", change)], {
    kind,
    pins: { "AKSUbuntu-2204gen2containerd": "202607.09.0" },
  });
  expect(take).toEqual([]);
  expect(refused).toEqual([{ pool: pool("app").id, reason: expect.stringMatching(reason) }]);
});

test("nodes that are not proved are no source of a proven snapshot, and no matter to an outgoing one", () => {
  const unproved = new Map([[armKey(pool("app").id), "node n1 is quarantined"]]);
  expect(plan([pool("app")], { kind: "proven", unproved }).refused[0]?.reason).toBe(
    "node n1 is quarantined",
  );
  expect(plan([pool("app")], { kind: "outgoing", unproved }).take).toHaveLength(1);
});

test("one pool that fails does not keep the others; a missing permission is asked for once", async () => {
  const { take } = plan(Array.from({ length: 20 }, (_, index) => pool(`p${index}`)));
  const attempt = async (code: "conflict" | "unauthorized") => {
    let calls = 0;
    const createSnapshot = async (snapshot: NewSnapshot) => {
      calls += 1;
      if (calls === 1 || code === "unauthorized") throw new FleetwrightError(code, "no");
      return stored(snapshot, pool("app"));
    };
    const result = await takeSnapshots({ take }, { createSnapshot });
    return { calls, taken: result.taken.length, failed: result.failed.length };
  };
  expect(await attempt("conflict")).toEqual({ calls: 20, taken: 19, failed: 1 });
  expect((await attempt("unauthorized")).calls).toBeLessThan(5);
});
