import { expect, test } from "vitest";
import type { Cluster, World, WorldOptions } from "../../shared/simulator/model.ts";
import { cluster, letRest, NEW_IMAGE, OLD_IMAGE, pool, REGION, world } from "./scene.ts";

const SIZE = "Standard_D4ds_v5";
const FAMILY = "standardDDSv5Family";
/** Two nodes of four vCPUs, upgraded with a surge of one. */
const NODES = pool({ upgradeSettings: { maxSurge: "1" } });

function scene(limits: Pick<WorldOptions, "quotas" | "capacities">): {
  made: World;
  target: Cluster;
} {
  const made = world(limits);
  return { made, target: made.addCluster(cluster("c", { pools: [NODES] })) };
}

function quota(limit: number, name = "cores"): Pick<WorldOptions, "quotas"> {
  return { quotas: [{ region: REGION, name, limit }] };
}

function capacity(machines: number): Pick<WorldOptions, "capacities"> {
  return { capacities: [{ region: REGION, vmSize: SIZE, machines }] };
}

const short = (message: string): unknown =>
  expect.objectContaining({
    code: "ErrCode_InsufficientVCPUQuota",
    message: expect.stringContaining(message),
  });

test("an upgrade whose surge is beyond the quota is refused before anything begins", () => {
  const { target } = scene(quota(8));
  const message = "left regional vcpu quota 0, requested quota 4";
  expect(() => target.upgradeNodeImage("np", NEW_IMAGE)).toThrow(short(message));
  expect(target.pools.get("np")?.provisioningState).toBe("Succeeded");
  const same = target.upgradeNodeImage("np", OLD_IMAGE);
  expect(same.status).toBe("InProgress");
});

test("the quota of a VM family holds beside that of the region", () => {
  const { made, target } = scene(quota(12, FAMILY));
  const message = `requested 8, remaining 4 for family ${FAMILY}`;
  expect(() => target.updatePool("np", { count: 4 })).toThrow(short(message));
  target.updatePool("np", { count: 3 });
  letRest(made);
  expect(made.machines.usedVcpus(REGION).get(FAMILY)).toBe(12);
  expect(() => target.addPool(pool({ name: "more", mode: "User", count: 1 }))).toThrow(short(""));
  const other = pool({ name: "other", mode: "User", count: 1, vmSize: "Standard_E4s_v5" });
  target.addPool(other);
});

test("what is deleted gives its vCPUs back, and a cluster takes all of them along", () => {
  const { made, target } = scene(quota(12));
  target.updatePool("np", { count: 1 });
  letRest(made);
  expect(made.machines.usedVcpus(REGION).get("cores")).toBe(4);
  target.delete();
  letRest(made);
  expect(made.machines.usedVcpus(REGION).get("cores")).toBe(0);
  made.addCluster(cluster("d", { pools: [pool({ count: 3 })], ready: false }));
  letRest(made);
  expect(() => made.addCluster(cluster("e", { ready: false }))).toThrow(short(""));
  expect(made.clusters.size).toBe(1);
});

test("a region without machines fails the upgrade, and a PUT goes on once there are some", () => {
  const { made, target } = scene(capacity(2));
  const operation = target.upgradeNodeImage("np", NEW_IMAGE);
  letRest(made);
  expect(operation).toMatchObject({ status: "Failed", error: { code: "AllocationFailed" } });
  expect([...target.nodes.values()]).toMatchObject([
    { nodeImageVersion: OLD_IMAGE, unschedulable: false },
    { nodeImageVersion: OLD_IMAGE, unschedulable: false },
  ]);
  expect(target.provisioningState).toBe("Failed");
  made.machines.setCapacity({ region: REGION, vmSize: SIZE, machines: 3 });
  target.updatePool("np", {});
  letRest(made);
  expect([...target.nodes.values()].map((node) => node.nodeImageVersion)).toEqual([
    NEW_IMAGE,
    NEW_IMAGE,
  ]);
  expect(target.provisioningState).toBe("Succeeded");
});

test("from Kubernetes 1.35 on, a surge that cannot be had becomes a surge of one", () => {
  const upgraded = (kubernetesVersion: string): string => {
    const made = world({ ...capacity(5), kubernetesVersions: [kubernetesVersion] });
    const upgradeSettings = { maxSurge: "100%" };
    const pools = [pool({ count: 4, kubernetesVersion, upgradeSettings })];
    const target = made.addCluster(cluster("c", { kubernetesVersion, pools }));
    const operation = target.upgradeNodeImage("np", NEW_IMAGE);
    letRest(made);
    return operation.status;
  };
  expect(upgraded("1.34.1")).toBe("Failed");
  expect(upgraded("1.35.0")).toBe("Succeeded");
});

test("a surge that cannot be had falls back to maxUnavailable, in place, where both are set", () => {
  const made = world(capacity(4));
  const upgradeSettings = { maxSurge: "2", maxUnavailable: "2" };
  const target = made.addCluster(cluster("c", { pools: [pool({ count: 4, upgradeSettings })] }));
  let away = 0;
  made.subscribe(() => {
    const nodes = [...target.nodes.values()];
    away = Math.max(away, nodes.filter(({ unschedulable }) => unschedulable).length);
    expect(nodes.length).toBe(4);
  });
  target.upgradeNodeImage("np", NEW_IMAGE);
  letRest(made);
  expect([away, target.pools.get("np")?.provisioningState]).toEqual([2, "Succeeded"]);
});

test("a pool that grows beyond the region gets what there is, and fails", () => {
  const { made, target } = scene(capacity(3));
  const operation = target.updatePool("np", { count: 5 });
  letRest(made);
  expect(operation).toMatchObject({ status: "Failed", error: { code: "AllocationFailed" } });
  expect(target.nodes.size).toBe(3);
  const created = made.addCluster(cluster("d", { ready: false }));
  letRest(made);
  expect(created.provisioningState).toBe("Failed");
});
