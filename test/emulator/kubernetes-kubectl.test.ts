import { execFile } from "node:child_process";
import { accessSync, constants, readdirSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { QUARANTINED, UPGRADE_STATUS_LABEL } from "../../shared/core/kubernetes-labels.ts";
import type { Cluster } from "../../shared/simulator/model.ts";
import { startKubernetesServer } from "./kubernetes-server.ts";
import type { KubernetesServer } from "./kubernetes-server.ts";
import { quayWorld } from "./kubernetes-world.ts";

/** Where distributions of the Google Cloud CLI keep one client per minor version. */
const VERSIONED_CLIENTS = "/usr/lib/google-cloud-sdk/bin";
/** Virtual milliseconds per real one: pods end and start within a fraction of a second. */
const SPEED = 60;

/** The kubectl binaries of this machine: that on the PATH, and any older and newer ones beside it. */
function findClients(): string[] {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const onPath = folders.map((folder) => join(folder, "kubectl")).find(isExecutable);
  const versioned = listFolder(VERSIONED_CLIENTS).filter((name) => /^kubectl\.1\.\d+$/.test(name));
  const ends = [versioned.at(0), versioned.at(-1)].filter((name) => name !== undefined);
  const files = [...new Set(ends)].map((name) => join(VERSIONED_CLIENTS, name));
  return files.length > 0 ? files : onPath === undefined ? [] : [onPath];
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}

const clients = findClients();
// The protocol itself is tested without kubectl; this file proves that kubectl agrees.
if (clients.length === 0) test.skip("there is no kubectl on the PATH of this machine");

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe.each(clients)("%s", (binary) => {
  let server: KubernetesServer;
  let quay: Cluster;

  beforeEach(async () => {
    const made = quayWorld();
    quay = made.quay;
    server = await startKubernetesServer(made.world, { speed: SPEED });
  });

  afterEach(() => server.close());

  async function kubectl(args: readonly string[], editor = "true"): Promise<Outcome> {
    const kubeconfig = await server.kubeconfig("quay");
    const home = join(server.directory, "home");
    await mkdir(home, { recursive: true });
    const env = { PATH: process.env.PATH, HOME: home, KUBECONFIG: kubeconfig, EDITOR: editor };
    return new Promise((resolve) => {
      execFile(binary, args, { env, timeout: 45_000 }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
        resolve({ code, stdout, stderr });
      });
    });
  }

  function rows(outcome: Outcome): string[][] {
    return outcome.stdout
      .trim()
      .split("\n")
      .map((line) => line.trim().split(/ {2,}/));
  }

  function nodeName(index = 0): string {
    return [...quay.nodes.keys()].toSorted()[index] ?? "";
  }

  function nodeOf(app: string): string {
    const pod = [...quay.pods.values()].find(({ labels }) => labels.app === app);
    return pod?.node ?? "";
  }

  test("get prints the usual columns", async () => {
    const nodes = rows(await kubectl(["get", "nodes"]));
    expect(nodes[0]).toEqual(["NAME", "STATUS", "ROLES", "AGE", "VERSION"]);
    expect(nodes[1]?.slice(0, 3)).toEqual([nodeName(), "Ready", "<none>"]);
    expect(rows(await kubectl(["get", "pods", "-A", "-o", "wide"]))[0]).toEqual(
      ["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE"].concat([
        "NOMINATED NODE",
        "READINESS GATES",
      ]),
    );
    const budgets = rows(await kubectl(["get", "pdb", "-A"]));
    expect(budgets[0]?.slice(1, 5)).toEqual([
      "NAME",
      "MIN AVAILABLE",
      "MAX UNAVAILABLE",
      "ALLOWED DISRUPTIONS",
    ]);
    expect(budgets[1]?.slice(0, 5)).toEqual(["dock", "ledger", "2", "N/A", "0"]);
    const all = await kubectl(["get", "deploy,rs,ds", "-A"]);
    expect(all.stdout).toMatch(/deployment\.apps\/crane +4\/4/);
    expect(all.stdout).toMatch(/daemonset\.apps\/proxy +3/);
  });

  test("describe finds everything it asks for", async () => {
    const node = await kubectl(["describe", "node", nodeName()]);
    expect(node.code).toBe(0);
    expect(node.stdout).toContain("KubeletReady");
    expect(node.stdout).toContain("Non-terminated Pods");
    const budget = await kubectl(["describe", "pdb", "ledger", "-n", "dock"]);
    expect(budget.stdout).toMatch(/Allowed disruptions: +0/);
    const workload = await kubectl(["describe", "deploy,pods", "-n", "dock"]);
    expect(workload.stdout).toMatch(/NewReplicaSet: +ledger-\w+ \(2\/2 replicas created\)/);
    expect(workload.stdout).toMatch(/Controlled By: +ReplicaSet\/ledger-/);
  });

  test("cordon, label, taint, annotate and uncordon reach the node", async () => {
    const name = nodeName();
    expect((await kubectl(["cordon", name])).stdout).toContain("cordoned");
    expect((await kubectl(["get", "nodes"])).stdout).toContain("Ready,SchedulingDisabled");
    expect((await kubectl(["cordon", name])).stdout).toContain("already cordoned");
    await kubectl(["label", "node", name, `${UPGRADE_STATUS_LABEL}=${QUARANTINED}`]);
    await kubectl(["annotate", "node", name, "harbour/note=seen"]);
    await kubectl(["taint", "node", name, "harbour=closed:NoSchedule"]);
    expect(quay.nodes.get(name)).toMatchObject({
      labels: { [UPGRADE_STATUS_LABEL]: QUARANTINED },
      annotations: { "harbour/note": "seen" },
      taints: [{ key: "harbour", value: "closed", effect: "NoSchedule" }],
    });
    await kubectl(["label", "node", name, `${UPGRADE_STATUS_LABEL}-`]);
    await kubectl(["taint", "node", name, "harbour-"]);
    await kubectl(["uncordon", name]);
    expect(quay.nodes.get(name)).toMatchObject({ unschedulable: false, labels: {}, taints: [] });
  });

  test("drain obeys the budget, and goes through once it allows", async () => {
    const name = nodeOf("ledger");
    const drain = ["drain", name, "--ignore-daemonsets"];
    const refused = await kubectl([...drain, "--timeout=2s"]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("violate the pod's disruption budget");
    expect(quay.nodes.get(name)?.unschedulable).toBe(true);
    const running = [...quay.pods.values()].filter(({ labels }) => labels.app === "ledger");
    expect(running).toHaveLength(2);
    const patch = JSON.stringify({ spec: { minAvailable: 1 } });
    await kubectl(["patch", "pdb", "ledger", "-n", "dock", "--type", "merge", "-p", patch]);
    const drained = await kubectl([...drain, "--timeout=40s"]);
    expect(drained).toMatchObject({ code: 0 });
    expect(nodeOf("ledger")).not.toBe(name);
    const left = [...quay.pods.values()].filter(({ node }) => node === name);
    expect(left.every(({ daemonSet }) => daemonSet)).toBe(true);
  });

  test("a budget is created, edited, applied and deleted", async () => {
    const created = await kubectl([
      "create",
      "pdb",
      "crane",
      "--selector=app=crane",
      "--max-unavailable=25%",
    ]);
    expect(created.stderr).toBe("");
    expect(quay.budgets.get("default/crane")).toMatchObject({ maxUnavailable: "25%" });
    const editor = "sed -i s/minAvailable:.2/minAvailable:\\ 1/";
    const edited = await kubectl(["edit", "pdb", "ledger", "-n", "dock"], editor);
    expect(edited).toMatchObject({ code: 0, stdout: expect.stringContaining("edited") });
    expect(quay.budgets.get("dock/ledger")?.minAvailable).toBe(1);
    const file = join(server.directory, "budget.json");
    await writeFile(
      file,
      JSON.stringify({
        apiVersion: "policy/v1",
        kind: "PodDisruptionBudget",
        metadata: { name: "fresh", namespace: "dock" },
        spec: { maxUnavailable: 1, selector: { matchLabels: { app: "ledger" } } },
      }),
    );
    expect((await kubectl(["apply", "-f", file])).stdout).toContain("fresh created");
    expect((await kubectl(["apply", "-f", file])).code).toBe(0);
    expect((await kubectl(["delete", "-f", file])).stdout).toContain("deleted");
    expect(quay.budgets.has("dock/fresh")).toBe(false);
  });

  test("a deployment is created, scaled, waited for and deleted", async () => {
    await kubectl(["create", "deployment", "tug", "--image=tug:1", "--replicas=2"]);
    const rollout = await kubectl(["rollout", "status", "deploy/tug", "--timeout=30s"]);
    expect(rollout.stdout).toContain("successfully rolled out");
    await kubectl(["scale", "deploy/tug", "--replicas=1"]);
    const condition = ["wait", "--for=condition=Available", "deploy/tug", "--timeout=30s"];
    expect((await kubectl(condition)).stdout).toContain("condition met");
    await kubectl(["delete", "deployment", "tug"]);
    expect(quay.workloads.has("Deployment/default/tug")).toBe(false);
  });

  test("delete pod waits until it is gone; wait and get -w follow", async () => {
    const pod = [...quay.pods.values()].find(({ labels }) => labels.app === "crane");
    const watched = kubectl(["get", "pods", "-w", "--request-timeout=4s"]);
    const deleted = await kubectl(["delete", "pod", pod?.name ?? ""]);
    expect(deleted).toMatchObject({ code: 0 });
    expect(quay.pods.has(`default/${pod?.name}`)).toBe(false);
    const ready = await kubectl([
      "wait",
      "--for=condition=Ready",
      "pods",
      "--all",
      "--timeout=30s",
    ]);
    expect(ready).toMatchObject({ code: 0 });
    expect((await watched).stdout).toContain(pod?.name);
  });

  test("auth can-i and missing things are answered as on a real cluster", async () => {
    expect((await kubectl(["auth", "can-i", "delete", "nodes"])).stdout.trim()).toBe("yes");
    const missing = await kubectl(["get", "node", "nope"]);
    expect(missing).toMatchObject({ code: 1 });
    expect(missing.stderr).toContain('Error from server (NotFound): nodes "nope" not found');
  });
});
