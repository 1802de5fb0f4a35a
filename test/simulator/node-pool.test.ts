import { expect, test } from "vitest";
import { imageFamily } from "../../shared/simulator/images.ts";
import type { Cluster, UpgradeSettings, World } from "../../shared/simulator/model.ts";
import {
  block,
  cluster,
  deployment,
  FAMILY,
  letRest,
  NEW_IMAGE,
  OLD_IMAGE,
  pool,
  unblock,
  world,
} from "./scene.ts";

const MINUTE = 60_000;

function scene(
  settings: Partial<UpgradeSettings> = {},
  count = 2,
): { made: World; target: Cluster } {
  const made = world();
  const target = made.addCluster(
    cluster("c", {
      pools: [pool({ count, upgradeSettings: settings })],
      workloads: [deployment("app"), { ...deployment("agent"), kind: "DaemonSet" }],
    }),
  );
  return { made, target };
}

const refused = (code: string): unknown => expect.objectContaining({ code });

test.each([
  ["Linux", "Ubuntu", "Standard_D4ds_v5", "1.33.5", "AKSUbuntu-2204gen2containerd"],
  ["Linux", "Ubuntu", "Standard_D4ds_v5", "1.34.1", "AKSUbuntu-2404gen2containerd"],
  ["Linux", "Ubuntu2404", "Standard_D4ds_v5", "1.32.7", "AKSUbuntu-2404gen2containerd"],
  ["Linux", "Ubuntu", "Standard_D8pds_v5", "1.32.7", "AKSUbuntu-2204gen2arm64containerd"],
  ["Linux", "AzureLinux", "Standard_D4ds_v5", "1.31.11", "AKSAzureLinux-V2gen2"],
  ["Linux", "AzureLinux", "Standard_D4ds_v5", "1.32.7", "AKSAzureLinux-V3gen2"],
  ["Windows", "Windows2022", "Standard_D4ds_v5", "1.32.7", "AKSWindows-2022-containerd"],
] as const)("image family of %s %s %s %s", (osType, osSku, vmSize, kubernetesVersion, family) => {
  expect(imageFamily({ osType, osSku, vmSize, kubernetesVersion })).toBe(family);
});

test("nodes are named as AKS names them", () => {
  const { target } = scene();
  for (const name of target.nodes.keys()) expect(name).toMatch(/^aks-np-\d{8}-vmss00000[01]$/);
});

test("scaling keeps the image and goes both ways", () => {
  const { made, target } = scene();
  expect(target.updatePool("np", { count: 4 }).status).toBe("InProgress");
  expect(target.pools.get("np")?.provisioningState).toBe("Scaling");
  letRest(made);
  expect([...target.nodes.values()].map((node) => node.nodeImageVersion)).toEqual(
    Array.from({ length: 4 }, () => OLD_IMAGE),
  );
  target.updatePool("np", { count: 1 });
  letRest(made);
  expect([...target.nodes.values()].map(({ instance }) => instance)).toEqual([0]);
  expect([...target.pods.values()].map(({ ready }) => ready)).toEqual([true, true]);
});

test("a pool without snapshot goes to the newest image of its region", () => {
  const { made, target } = scene();
  const { nodeImageVersion: _, ...fresh } = pool({ name: "fresh" });
  target.addPool(fresh);
  expect(target.pools.get("fresh")).toMatchObject({
    nodeImageVersion: NEW_IMAGE,
    provisioningState: "Creating",
  });
  letRest(made);
  expect(target.pools.get("fresh")?.provisioningState).toBe("Succeeded");
  expect(target.nodes.size).toBe(4);
});

test("an image that is ahead of its region's newest, as of a snapshot from elsewhere, is not taken back", () => {
  const made = world();
  const ahead = `${FAMILY}-202507.30.0`;
  const pools = [pool({ nodeImageVersion: ahead })];
  const target = made.addCluster(cluster("c", { kubernetesVersion: "1.33.5", pools }));
  target.upgrade({ type: "NodeImageOnly" });
  letRest(made);
  target.updatePool("np", { kubernetesVersion: "1.33.5" });
  letRest(made);
  expect(target.pools.get("np")).toMatchObject({
    provisioningState: "Succeeded",
    kubernetesVersion: "1.33.5",
    nodeImageVersion: ahead,
  });
});

test("one operation at a time on a pool; another pool is free, the cluster is not", () => {
  const { made, target } = scene();
  target.addPool(pool({ name: "other" }));
  letRest(made);
  target.upgradeNodeImage("np", NEW_IMAGE);
  expect(target.pools.get("np")).toMatchObject({
    provisioningState: "UpgradingNodeImageVersion",
    nodeImageVersion: OLD_IMAGE,
  });
  expect(() => target.updatePool("np", {})).toThrow(
    "Another operation (np - UpgradingNodeImageVersion) is in progress",
  );
  expect(() => target.reconcile()).toThrow(refused("OperationNotAllowed"));
  expect(target.upgradeNodeImage("other", NEW_IMAGE).status).toBe("InProgress");
  letRest(made);
  expect(target.reconcile().status).toBe("InProgress");
  expect(() => target.upgradeNodeImage("np", NEW_IMAGE)).toThrow(refused("OperationNotAllowed"));
});

test("Schedule: the undrainable node is uncordoned, surge nodes go, the operation fails with AKS's words", () => {
  const { made, target } = scene({ maxSurge: "1" });
  block(target, "app");
  const operation = target.upgradeNodeImage("np", NEW_IMAGE);
  letRest(made);
  const [pod] = [...target.pods.values()].filter((one) => !one.daemonSet);
  expect(operation).toMatchObject({ status: "Failed", error: { code: "UpgradeFailed" } });
  expect(operation.error?.message).toContain(
    `Drain node ${pod?.node} failed when evicting pod ${pod?.name} failed with Too Many Requests error.`,
  );
  expect(operation.error?.message).toContain("blocked by pdb app with 0 unready pods.");
  expect([...target.nodes.values()].map((node) => [node.instance, node.unschedulable])).toEqual([
    [0, false],
    [1, false],
  ]);
  expect(target.provisioningState).toBe("Failed");

  unblock(target, "app");
  target.updatePool("np", {});
  letRest(made);
  expect(target.provisioningState).toBe("Succeeded");
  expect([...target.nodes.values()].every((node) => node.nodeImageVersion === NEW_IMAGE)).toBe(
    true,
  );
});

test("a quarantined node is ignored by a PUT for as long as it carries the label", () => {
  const { made, target } = scene({ maxSurge: "2", undrainableNodeBehavior: "Cordon" });
  block(target, "app");
  target.upgradeNodeImage("np", NEW_IMAGE);
  letRest(made);
  const blocked = [...target.nodes.values()].find((node) => node.unschedulable);
  const changes: string[] = [];
  made.subscribe((one) => {
    if (one.kind === "node" || one.kind === "pool") changes.push(one.change);
  });
  target.updatePool("np", {});
  letRest(made);
  expect(target.nodes.size).toBe(3);
  expect(blocked).toMatchObject({ unschedulable: true, nodeImageVersion: OLD_IMAGE });
  expect(changes).toEqual(["Changed", "Changed"]);
});

test("maxSurge 0 with maxUnavailable upgrades in place; a block then ends Canceled", () => {
  const { made, target } = scene({
    maxSurge: "0",
    maxUnavailable: "1",
    undrainableNodeBehavior: "Cordon",
  });
  block(target, "app");
  let machines = 0;
  made.subscribe(() => {
    machines = Math.max(machines, target.nodes.size);
  });
  const operation = target.upgradeNodeImage("np", NEW_IMAGE);
  letRest(made);
  expect(machines).toBe(2);
  expect(operation.status).toBe("Canceled");
});

/** Of six nodes the first three have a pod each that may not go. */
function blockedPool(upgradeSettings: Partial<UpgradeSettings>): { made: World; target: Cluster } {
  const made = world();
  const settings = { undrainableNodeBehavior: "Cordon", drainTimeoutInMinutes: 5 } as const;
  const target = made.addCluster(
    cluster("c", {
      pools: [
        pool({ count: 6, mode: "User", upgradeSettings: { ...settings, ...upgradeSettings } }),
      ],
      workloads: ["one", "two", "three"].map((name) => deployment(name)),
    }),
  );
  for (const name of ["one", "two", "three"]) block(target, name);
  target.upgradeNodeImage("np", NEW_IMAGE);
  letRest(made);
  return { made, target };
}

test.each([
  ["as many as surge nodes by default", { maxSurge: "1" }, 1, 0, "Failed"],
  ["up to maxBlockedNodes", { maxSurge: "1", maxBlockedNodes: "2" }, 2, 0, "Canceled"],
  [
    "and the other nodes go on in place",
    { maxSurge: "1", maxBlockedNodes: "67%" },
    3,
    3,
    "Canceled",
  ],
  ["with a surge node for each", { maxSurge: "4", maxBlockedNodes: "4" }, 3, 3, "Failed"],
  [
    "also without any surge",
    { maxSurge: "0", maxUnavailable: "1", maxBlockedNodes: "3" },
    3,
    0,
    "Canceled",
  ],
] as const)("blocked nodes are tolerated: %s", (_, settings, blocked, upgraded, state) => {
  const { target } = blockedPool(settings);
  const nodes = [...target.nodes.values()].filter(({ instance }) => instance < 6);
  const quarantined = nodes.filter(({ labels }) => labels["kubernetes.azure.com/upgrade-status"]);
  expect(quarantined.length).toBe(blocked);
  expect(nodes.filter((node) => node.nodeImageVersion === NEW_IMAGE).length).toBe(upgraded);
  expect(target.pools.get("np")?.provisioningState).toBe(state);
});

test("maxBlockedNodes below maxSurge is refused", () => {
  const upgradeSettings = { maxSurge: "50%", maxBlockedNodes: "2" };
  expect(() =>
    world().addCluster(cluster("c", { pools: [pool({ count: 6, upgradeSettings })] })),
  ).toThrow("maxBlockedNodes 2 cannot be less than maxSurge 50%");
});

test("the drain gives up exactly at its timeout, having tried every five seconds", () => {
  const { made, target } = scene({ maxSurge: "1", drainTimeoutInMinutes: 5 });
  block(target, "app");
  const times = new Map<string, number>();
  made.subscribe((one) => {
    if (one.kind === "node" && !times.has(one.change)) times.set(one.change, one.at);
  });
  target.upgradeNodeImage("np", NEW_IMAGE);
  letRest(made);
  expect((times.get("Uncordoned") ?? 0) - (times.get("Draining") ?? 0)).toBe(5 * MINUTE);
  const warning = target.nodeEvents.find(({ type }) => type === "Warning");
  expect(warning).toMatchObject({ reason: "Drain", count: 61 });
});

test("a pod that comes back to its node again and again does not keep the drain going for ever", () => {
  const settings = { maxSurge: "0", maxUnavailable: "1", drainTimeoutInMinutes: 5 };
  const { made, target } = scene(settings, 1);
  made.subscribe((one) => {
    if (one.kind !== "node" || one.change !== "Draining") return;
    target.patchNode(one.node, { unschedulable: false });
  });
  const operation = target.upgradeNodeImage("np", NEW_IMAGE);
  letRest(made);
  expect(operation.endedAt).toBe(5 * MINUTE);
  expect(operation).toMatchObject({
    status: "Failed",
    error: {
      message: expect.stringMatching(/did not complete pods \[default\/app-.*\]: timed out/),
    },
  });
});

test("a budget that is relaxed during the drain lets it go on", () => {
  const { made, target } = scene({ maxSurge: "1", undrainableNodeBehavior: "Cordon" });
  block(target, "app");
  const operation = target.upgradeNodeImage("np", NEW_IMAGE);
  made.advanceTo(15 * MINUTE);
  unblock(target, "app");
  letRest(made);
  expect(operation.status).toBe("Succeeded");
});

test("soak lies between drain and reimage, and is told as a node event", () => {
  const { made, target } = scene({ maxSurge: "1", nodeSoakDurationInMinutes: 5 });
  const order: string[] = [];
  made.subscribe((one) => {
    if (one.kind === "node" && one.node.endsWith("0")) order.push(one.change);
  });
  target.upgradeNodeImage("np", NEW_IMAGE);
  letRest(made);
  expect(order).toEqual([
    "Cordoned",
    "Draining",
    "Drained",
    "Soaking",
    "Reimaging",
    "Upgraded",
    "Uncordoned",
  ]);
  const messages = target.nodeEvents.map(({ reason, message }) => `${reason}: ${message}`);
  expect(messages).toContainEqual(
    expect.stringMatching(/^Upgrade: Soak duration 5m0s after draining node: aks-np-/),
  );
  expect(messages[0]).toMatch(
    /^Surge: Created a surge node \[aks-np-\d{8}-vmss000002 np\] for agentpool np$/,
  );
});

test("abort ends the operation Canceled; the next PUT resumes it", () => {
  const { made, target } = scene({ maxSurge: "1" }, 3);
  const operation = target.upgradeNodeImage("np", NEW_IMAGE);
  made.advanceTo(10 * MINUTE);
  expect(target.abortPool("np").status).toBe("Succeeded");
  expect(operation).toMatchObject({ status: "Canceled" });
  letRest(made);
  expect(target.pools.get("np")).toMatchObject({
    provisioningState: "Canceled",
    nodeImageVersion: OLD_IMAGE,
  });
  expect(() => target.abortPool("np")).toThrow(refused("OperationNotAllowed"));
  target.updatePool("np", {});
  letRest(made);
  const nodes = [...target.nodes.values()];
  expect(nodes.length).toBe(3);
  expect(nodes.every((node) => node.nodeImageVersion === NEW_IMAGE && !node.unschedulable)).toBe(
    true,
  );
});

test("a snapshot's older image is refused unless the rule allows it", () => {
  const strict = scene();
  strict.target.upgradeNodeImage("np", NEW_IMAGE);
  letRest(strict.made);
  expect(() => strict.target.upgradeNodeImage("np", OLD_IMAGE, "/snapshots/s")).toThrow(
    refused("InvalidParameter"),
  );
  const lenient = world({ rules: { allowSnapshotDowngrade: true } });
  const target = lenient.addCluster(
    cluster("c", { pools: [pool({ nodeImageVersion: NEW_IMAGE })] }),
  );
  target.upgradeNodeImage("np", OLD_IMAGE, "/snapshots/s");
  letRest(lenient);
  expect(target.pools.get("np")).toMatchObject({
    nodeImageVersion: OLD_IMAGE,
    snapshotId: "/snapshots/s",
    provisioningState: "Succeeded",
  });
});

test("the check for unsatisfiable budgets refuses before any drain, when the rule is on", () => {
  const made = world({ rules: { checkUnsatisfiableBudgets: true } });
  const target = made.addCluster(cluster("c", { workloads: [deployment("app")] }));
  block(target, "app");
  expect(() => target.upgrade({ type: "NodeImageOnly" })).toThrow(refused("UnsatisfiablePDB"));
  expect(() => target.upgradeNodeImage("np", NEW_IMAGE)).toThrow(refused("UnsatisfiablePDB"));
  const version = { kubernetesVersion: "1.32.7", nodeImageVersion: NEW_IMAGE };
  expect(() => target.updatePool("np", version)).toThrow(refused("UnsatisfiablePDB"));
  expect(target.provisioningState).toBe("Succeeded");
});

test("versions: no pool above its control plane, no minor skipped, none back", () => {
  const { target } = scene();
  expect(() => target.updatePool("np", { kubernetesVersion: "1.33.5" })).toThrow(
    refused("NodePoolMcVersionIncompatible"),
  );
  for (const kubernetesVersion of ["1.34.1", "1.31.11"]) {
    expect(() => target.upgrade({ type: "Full", kubernetesVersion })).toThrow(
      refused("InvalidParameter"),
    );
  }
  expect(() => target.upgradeNodeImage("np", `${FAMILY}-209901.01.0`)).toThrow(
    refused("InvalidParameter"),
  );
  expect(() => target.upgradeNodeImage("none", NEW_IMAGE)).toThrow(refused("NotFound"));
});

test("a cluster is created in virtual time, stopped, started and deleted", () => {
  const made = world();
  const { ready: _, ...creating } = cluster("new", { workloads: [deployment("app")] });
  const target = made.addCluster(creating);
  expect([target.provisioningState, target.operations.size, target.nodes.size]).toEqual([
    "Creating",
    1,
    0,
  ]);
  letRest(made);
  expect([target.provisioningState, target.nodes.size]).toEqual(["Succeeded", 2]);
  expect([...target.pods.values()].map(({ phase, ready }) => [phase, ready])).toEqual([
    ["Running", true],
  ]);
  target.stop();
  letRest(made);
  expect(target.powerState).toBe("Stopped");
  expect(() => target.reconcile()).toThrow(refused("OperationNotAllowed"));
  target.start();
  letRest(made);
  expect(target.powerState).toBe("Running");
  const deletion = target.delete();
  letRest(made);
  expect([deletion.status, made.clusters.size]).toEqual(["Succeeded", 0]);
});

test("pods wait for room, tolerations and selectors are honoured", () => {
  const made = world();
  const target = made.addCluster(
    cluster("c", {
      pools: [
        pool({ name: "sys", count: 1, nodeTaints: ["CriticalAddonsOnly=true:NoSchedule"] }),
        pool({ name: "user", mode: "User", count: 1, maxPods: 1 }),
      ],
      workloads: [
        deployment("app", { replicas: 2, nodeSelector: { agentpool: "user" } }),
        deployment("system", { tolerations: [{ key: "CriticalAddonsOnly", operator: "Exists" }] }),
      ],
    }),
  );
  const poolsOf = (app: string): (string | undefined)[] =>
    [...target.pods.values()]
      .filter((pod) => pod.labels["app"] === app)
      .map((pod) => target.nodes.get(pod.node ?? "")?.pool);
  expect(poolsOf("app")).toEqual(["user", undefined]);
  expect(poolsOf("system")).toEqual(["sys"]);
  target.updatePool("user", { count: 2 });
  letRest(made);
  expect(poolsOf("app")).toEqual(["user", "user"]);
});

test("an eviction says which budget forbids it, and how that stands", () => {
  const { target } = scene();
  block(target, "app");
  const [pod] = [...target.pods.values()].filter((one) => !one.daemonSet);
  expect(target.evict("default", pod?.name ?? "")).toEqual({
    allowed: false,
    budget: "app",
    status: { expectedPods: 1, currentHealthy: 1, desiredHealthy: 1, disruptionsAllowed: 0 },
  });
});

test.each([
  ["batch", ["01", "23"]],
  ["pipeline", ["01", "12", "23"]],
  ["single", ["0", "1", "2", "3"]],
] as const)("surge mode %s: who is away together", (surgeMode, together) => {
  const made = world({ rules: { surgeMode } });
  const upgradeSettings = { maxSurge: "2" };
  const target = made.addCluster(cluster("c", { pools: [pool({ count: 4, upgradeSettings })] }));
  const sets: string[] = [];
  made.subscribe((one) => {
    if (one.kind !== "node" || one.change !== "Draining") return;
    const away = [...target.nodes.values()].filter((node) => node.unschedulable && !node.surge);
    sets.push(away.map(({ instance }) => instance).join(""));
  });
  target.upgradeNodeImage("np", NEW_IMAGE);
  letRest(made);
  // Nodes of one set are cordoned one after the other: only the full sets tell.
  const width = surgeMode === "single" ? 1 : 2;
  expect(sets.filter((set) => set.length === width)).toEqual(together);
});

test("a node that somebody uncordons while it is reimaged takes the pods that wait, once it is back", () => {
  const { made, target } = scene({ maxSurge: "0", maxUnavailable: "1" }, 1);
  target.upgradeNodeImage("np", NEW_IMAGE);
  const node = () => [...target.nodes.values()][0];
  for (let next = made.nextAt(); node()?.phase !== "Reimaging"; next = made.nextAt()) {
    if (next === undefined) throw new Error("the node was never reimaged");
    made.advanceTo(next);
  }
  target.patchNode(node()?.name ?? "", { unschedulable: false });
  letRest(made);
  expect(node()).toMatchObject({ nodeImageVersion: NEW_IMAGE, unschedulable: false });
  expect([...target.pods.values()].map(({ phase, ready }) => [phase, ready])).toEqual([
    ["Running", true],
    ["Running", true],
  ]);
});

test("the default of maxSurge follows the Kubernetes version of the cluster, a named one does not", () => {
  const made = world();
  const np = { nodeImageVersion: OLD_IMAGE, kubernetesVersion: "1.31.11", count: 20 };
  const target = made.addCluster(
    cluster("c", {
      kubernetesVersion: "1.31.11",
      pools: [
        pool(np),
        pool({ ...np, name: "own", mode: "User", upgradeSettings: { maxSurge: "2" } }),
      ],
    }),
  );
  const surge = (name: string): unknown => target.pools.get(name)?.upgradeSettings.maxSurge;
  expect([surge("np"), surge("own")]).toEqual(["1", "2"]);
  target.upgrade({ type: "ControlPlaneOnly", kubernetesVersion: "1.32.7" });
  letRest(made);
  expect([surge("np"), surge("own")]).toEqual(["10%", "2"]);
  target.updatePool("np", { upgradeSettings: { maxSurge: "1" } });
  letRest(made);
  target.upgrade({ type: "Full", kubernetesVersion: "1.33.5" });
  letRest(made);
  expect(surge("np")).toBe("1");
});
