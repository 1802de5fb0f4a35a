import { expect, test } from "vitest";
import type { AutoUpgradeChannels, Cluster, World } from "../../shared/simulator/model.ts";
import {
  block,
  cluster,
  deployment,
  FAMILY,
  HOUR,
  letRest,
  NEW_IMAGE,
  OLD_IMAGE,
  pool,
  REGION,
  world,
} from "./scene.ts";

const OFF = { upgradeChannel: "none", nodeOsUpgradeChannel: "None" } as const;
const LATER_IMAGE = `${FAMILY}-202508.01.0`;

function scene(
  channels: Partial<AutoUpgradeChannels>,
  spec: Parameters<typeof cluster>[1] = {},
): { made: World; target: Cluster } {
  const made = world();
  const target = made.addCluster(cluster("c", spec));
  target.setAutoUpgrade({ ...OFF, ...channels });
  return { made, target };
}

const stateOf = (target: Cluster): unknown[] => [
  target.kubernetesVersion,
  target.pools.get("np")?.kubernetesVersion,
  target.pools.get("np")?.nodeImageVersion,
];

/** Supported: 1.31.11, 1.32.7, 1.33.3, 1.33.5, 1.34.1; the cluster starts at 1.32.7. */
const CHANNELS = [
  ["none", {}, ["1.32.7", "1.32.7", OLD_IMAGE]],
  ["patch", { upgradeChannel: "patch" }, ["1.32.7", "1.32.7", OLD_IMAGE]],
  ["stable", { upgradeChannel: "stable" }, ["1.33.5", "1.33.5", NEW_IMAGE]],
  ["node-image", { upgradeChannel: "node-image" }, ["1.32.7", "1.32.7", NEW_IMAGE]],
  [
    "NodeImage of the nodes",
    { nodeOsUpgradeChannel: "NodeImage" },
    ["1.32.7", "1.32.7", NEW_IMAGE],
  ],
  ["Unmanaged", { nodeOsUpgradeChannel: "Unmanaged" }, ["1.32.7", "1.32.7", OLD_IMAGE]],
] as const;

test.each(CHANNELS)("channel %s", (_, channels, expected) => {
  const { made, target } = scene(channels);
  letRest(made);
  expect(stateOf(target)).toEqual(expected);
  expect(target.provisioningState).toBe("Succeeded");
});

test("rapid takes one minor version at a time, the control plane first", () => {
  const { made, target } = scene({ upgradeChannel: "rapid" });
  made.images.release(REGION, "AKSUbuntu-2404gen2containerd-202507.09.0");
  const seen: string[] = [];
  made.subscribe(() => {
    if (seen.at(-1) !== target.kubernetesVersion) seen.push(target.kubernetesVersion);
  });
  letRest(made);
  expect(seen).toEqual(["1.32.7", "1.33.5", "1.34.1"]);
});

test("a new patch is taken when it is released", () => {
  const { made, target } = scene({ upgradeChannel: "patch" });
  letRest(made);
  made.releaseKubernetesVersion("1.32.9");
  letRest(made);
  expect(target.kubernetesVersion).toBe("1.32.9");
  expect(made.kubernetesVersions).toContain("1.32.9");
});

test("a released image moves even a pool that a run had pinned, but not one of a snapshot", () => {
  const { made, target } = scene(
    { nodeOsUpgradeChannel: "NodeImage" },
    {
      pools: [
        pool({ nodeImageVersion: NEW_IMAGE }),
        pool({ name: "snap", mode: "User", snapshotId: "/snapshots/s" }),
      ],
    },
  );
  made.images.release(REGION, LATER_IMAGE);
  letRest(made);
  expect(target.pools.get("np")?.nodeImageVersion).toBe(LATER_IMAGE);
  expect(target.pools.get("snap")?.nodeImageVersion).toBe(OLD_IMAGE);
});

test("without a window it begins within a day, however often something is released; with one, when that opens", () => {
  const early = scene({ nodeOsUpgradeChannel: "NodeImage" });
  early.made.advanceTo(20 * HOUR);
  early.made.images.release(REGION, LATER_IMAGE);
  early.made.advanceTo(24 * HOUR);
  expect(early.target.provisioningState).toBe("Upgrading");

  const held = scene({});
  held.target.setMaintenanceWindow("aksManagedNodeOSUpgradeSchedule", {
    schedule: { kind: "daily", intervalDays: 1 },
    durationHours: 4,
    utcOffset: "+00:00",
    startDate: "1970-01-03",
    startTime: "02:00",
  });
  held.target.setAutoUpgrade({ ...OFF, nodeOsUpgradeChannel: "NodeImage" });
  held.made.advanceTo(50 * HOUR - 1);
  expect(held.target.provisioningState).toBe("Succeeded");
  held.made.advanceTo(50 * HOUR);
  expect(held.target.provisioningState).toBe("Upgrading");
});

test("a stopped cluster waits for its start, a busy one for its end, a failed upgrade for the next release", () => {
  const { made, target } = scene({});
  target.stop();
  letRest(made);
  target.setAutoUpgrade({ ...OFF, nodeOsUpgradeChannel: "NodeImage" });
  letRest(made);
  expect(target.pools.get("np")?.nodeImageVersion).toBe(OLD_IMAGE);
  target.start();
  letRest(made);
  expect(target.pools.get("np")?.nodeImageVersion).toBe(NEW_IMAGE);

  const blocked = scene({ nodeOsUpgradeChannel: "NodeImage" }, { workloads: [deployment("app")] });
  block(blocked.target, "app");
  blocked.made.advanceTo(24 * HOUR - 1_000);
  blocked.target.settleIn("Something", HOUR);
  letRest(blocked.made);
  expect(blocked.target.provisioningState).toBe("Failed");
  const begun = [...blocked.target.operations.values()].filter(
    ({ kind }) => kind === "UpgradeNodeImageOnly",
  );
  expect(begun).toHaveLength(1);
});
