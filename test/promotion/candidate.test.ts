import { describe, expect, test } from "vitest";
import { findCandidate } from "../../shared/promotion/candidate.ts";
import {
  announceImages,
  coverageOf,
  readImages,
  samplePools,
} from "../../shared/promotion/lookout.ts";
import type { NodeImageReleased } from "../../shared/promotion/ports.ts";
import type { ManagedCluster } from "../../shared/snapshot/ports.ts";
import { memoryStateStore } from "../support/memory-state-store.ts";

const FAMILY = "AKSUbuntu-2204gen2containerd";

function cluster(name: string, location: string, image = `${FAMILY}-202606.16.0`): ManagedCluster {
  const id = `/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/${name}`;
  return {
    id,
    name,
    location,
    kubernetesVersion: "1.33.5",
    provisioningState: "Succeeded",
    powerState: "Running",
    nodePools: ["system", "apps"].map((pool) => ({
      id: `${id}/agentPools/${pool}`,
      name: pool,
      mode: "User",
      count: 3,
      vmSize: "Standard_D4s_v5",
      osType: "Linux",
      osSku: "Ubuntu",
      kubernetesVersion: "1.33.5",
      nodeImageVersion: image,
      provisioningState: "Succeeded",
      undrainableNodeBehavior: "Schedule" as const,
      maxSurge: undefined,
      snapshotId: undefined,
    })),
  };
}

const clusters = [
  cluster("a", "westeurope"),
  cluster("b", "northeurope"),
  cluster("c", "westeurope"),
];

function seen(region: string, version: string): NodeImageReleased {
  return { region, nodeImageVersion: `${FAMILY}-${version}`, noticedAt: "2026-07-10T10:00:00Z" };
}

function candidate(images: readonly NodeImageReleased[], allRegions = true) {
  return findCandidate({
    pins: { [FAMILY]: "202606.16.0" },
    clusters,
    coverage: coverageOf(images),
    allRegions,
  });
}

describe("a node image is proposed", () => {
  test("when all regions of the environment have it", () => {
    const images = [seen("westeurope", "202607.09.0"), seen("northeurope", "202607.09.0")];
    expect(candidate(images).nodeImages).toEqual({ [FAMILY]: "202607.09.0" });
  });

  test("not while one region lacks it, and says which", () => {
    expect(candidate([seen("westeurope", "202607.09.0")])).toEqual({
      nodeImages: {},
      waiting: [{ family: FAMILY, regions: ["northeurope"] }],
    });
  });

  test("as far as all regions have come, when a newer one is on its way", () => {
    const images = [seen("westeurope", "202607.20.0"), seen("northeurope", "202607.09.0")];
    expect(candidate(images).nodeImages).toEqual({ [FAMILY]: "202607.09.0" });
  });

  test("from any region where that is declared", () => {
    expect(candidate([seen("westeurope", "202607.09.0")], false).nodeImages).toEqual({
      [FAMILY]: "202607.09.0",
    });
  });

  test("never backwards, and versions compare as numbers", () => {
    expect(
      candidate([seen("westeurope", "202605.01.0"), seen("northeurope", "202605.01.0")]).nodeImages,
    ).toEqual({});
    const both = [
      seen("westeurope", "202606.16.10"),
      seen("westeurope", "202606.16.9"),
      seen("northeurope", "202606.16.10"),
    ];
    expect(candidate(both).nodeImages).toEqual({ [FAMILY]: "202606.16.10" });
  });
});

test("one upgrade profile is read per region and image family", () => {
  const many = [...clusters, cluster("d", "westeurope", "AKSAzureLinux-V3gen2-202606.16.0")];
  expect(samplePools(many).map(({ region, family }) => `${region}/${family}`)).toEqual([
    `westeurope/${FAMILY}`,
    `northeurope/${FAMILY}`,
    "westeurope/AKSAzureLinux-V3gen2",
  ]);
});

describe("an image is announced", () => {
  const clock = { now: () => Date.parse("2026-07-10T11:00:00Z") };

  test("once, however often it is seen", async () => {
    const published: NodeImageReleased[] = [];
    const publisher = {
      publish: async (events: readonly NodeImageReleased[]) => void published.push(...events),
    };
    const deps = { store: memoryStateStore(), publisher, clock };
    await announceImages(deps, [seen("westeurope", "202607.09.0")]);
    await announceImages(deps, [seen("westeurope", "202607.09.0")]);
    expect(published).toHaveLength(1);
  });

  test("by the next look when publishing failed after noticing", async () => {
    const store = memoryStateStore();
    const failing = { publish: () => Promise.reject(new Error("topic down")) };
    await expect(
      announceImages({ store, publisher: failing, clock }, [seen("westeurope", "202607.09.0")]),
    ).rejects.toThrow("topic down");
    expect((await readImages(store))[0]?.value.publishedAt).toBeUndefined();
    const published: NodeImageReleased[] = [];
    const publisher = {
      publish: async (events: readonly NodeImageReleased[]) => void published.push(...events),
    };
    await announceImages({ store, publisher, clock }, []);
    expect(published).toHaveLength(1);
  });
});
