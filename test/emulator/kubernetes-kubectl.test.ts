import { execFile, execFileSync } from "node:child_process";
import { accessSync, constants, readdirSync, realpathSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { describe, test, vi } from "vitest";
import { QUARANTINED, UPGRADE_STATUS_LABEL } from "../../shared/core/kubernetes-labels.ts";
import type { Cluster } from "../../shared/simulator/model.ts";
import { withPrograms } from "../support/programs.ts";
import { startKubernetesServer } from "./kubernetes-server.ts";
import type { KubernetesServer } from "./kubernetes-server.ts";
import { quayWorld } from "./kubernetes-world.ts";

/** Virtual milliseconds per real one: pods end and start within a fraction of a second. */
const SPEED = 60;

/**
 * The kubectl on the PATH, with the oldest and the newest of the versions that some distributions keep beside
 * it (`kubectl.1.32`) in its place where there are any.
 */
function findClients(): string[] {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const found = folders.map((folder) => join(folder, "kubectl")).find(isExecutable);
  if (found === undefined) return [];
  const home = dirname(realpathSync(found));
  const versioned = readdirSync(home).filter((name) => /^kubectl\.1\.\d+$/.test(name));
  const age = (name: string): number => Number(name.split(".").at(-1));
  const byAge = versioned.toSorted((a, b) => age(a) - age(b));
  const both = [...new Set([...byAge.slice(0, 1), ...byAge.slice(-1)])];
  return both.length > 0 ? both.map((name) => join(home, name)) : [found];
}

/** The first kubectl that speaks policy/v1; older ones ask for v1beta1, which clusters serve no longer. */
const FIRST_MINOR_WITH_POLICY_V1 = 21;
/** Older ones look for what may be tried dry in OpenAPI 2, which describes no kind here. */
const FIRST_MINOR_WITH_OPEN_API_3 = 27;

function minorOf(binary: string): number {
  const printed = execFileSync(binary, ["version", "--client", "-o", "json"], { encoding: "utf8" });
  return Number(/"minor": "(\d+)/.exec(printed)?.[1]);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const clients = findClients();
// The protocol itself is tested without kubectl; this file proves that kubectl agrees.
if (clients.length === 0) withPrograms(["kubectl"], () => undefined);

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Bench {
  readonly server: KubernetesServer;
  readonly quay: Cluster;
  readonly speaksPolicyV1: boolean;
  readonly readsOpenApi3: boolean;
  kubectl(args: readonly string[], editor?: string): Promise<Outcome>;
  nodeName(index?: number): string;
  /** Node of the first pod of an application. */
  nodeOf(app: string): string;
}

async function startBench(binary: string): Promise<Bench> {
  const { world, quay } = quayWorld();
  const server = await startKubernetesServer(world, { speed: SPEED });
  const kubeconfig = await server.kubeconfig("quay");
  const home = join(server.directory, "home");
  await mkdir(home, { recursive: true });
  return {
    server,
    quay,
    speaksPolicyV1: minorOf(binary) >= FIRST_MINOR_WITH_POLICY_V1,
    readsOpenApi3: minorOf(binary) >= FIRST_MINOR_WITH_OPEN_API_3,
    nodeName: (index = 0) => [...quay.nodes.keys()].toSorted()[index] ?? "",
    nodeOf: (app) => [...quay.pods.values()].find(({ labels }) => labels.app === app)?.node ?? "",
    kubectl: (args, editor = "true") => {
      const env = { PATH: process.env.PATH, HOME: home, KUBECONFIG: kubeconfig, EDITOR: editor };
      return run(binary, args, env);
    },
  };
}

function run(binary: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Outcome> {
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

const benches = test.extend<{ bench: Bench }>({
  bench: async ({ task }, use) => {
    const bench = await startBench(task.suite?.name ?? "");
    await use(bench);
    await bench.server.close();
  },
});

// Each test has a world of its own and mostly waits for kubectl.
describe.concurrent.each(clients)("%s", () => {
  benches("get prints the usual columns", async ({ bench, expect }) => {
    const { kubectl, nodeName } = bench;
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

  benches("describe finds everything it asks for", async ({ bench, expect }) => {
    const { kubectl, nodeName } = bench;
    const node = await kubectl(["describe", "node", nodeName()]);
    expect(node.code).toBe(0);
    expect(node.stdout).toContain("KubeletReady");
    expect(node.stdout).toContain("Non-terminated Pods");
    const budget = await kubectl(["describe", "pdb", "ledger", "-n", "dock"]);
    if (bench.speaksPolicyV1) expect(budget.stdout).toMatch(/Allowed disruptions: +0/);
    else expect(budget.stderr).toContain("could not find the requested resource");
    const workload = await kubectl(["describe", "deploy,pods", "-n", "dock"]);
    expect(workload.stdout).toMatch(/NewReplicaSet: +ledger-\w+ \(2\/2 replicas created\)/);
    expect(workload.stdout).toMatch(/Controlled By: +ReplicaSet\/ledger-/);
  });

  benches(
    "cordon, label, taint, annotate and uncordon reach the node",
    async ({ bench, expect }) => {
      const { kubectl, quay, nodeName } = bench;
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
    },
  );

  benches("drain obeys the budget, and goes through once it allows", async ({ bench, expect }) => {
    const { kubectl, quay, nodeOf } = bench;
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

  benches("a budget is created, edited, applied and deleted", async ({ bench, expect }) => {
    const { kubectl, quay, server } = bench;
    const created = await kubectl([
      "create",
      "pdb",
      "crane",
      "--selector=app=crane",
      "--max-unavailable=25%",
    ]);
    if (!bench.speaksPolicyV1) {
      expect(created.stderr).toContain('in version "policy/v1beta1"');
      return;
    }
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

  benches("a deployment is created, scaled, waited for and deleted", async ({ bench, expect }) => {
    const { kubectl, quay } = bench;
    await kubectl(["create", "deployment", "tug", "--image=tug:1", "--replicas=2"]);
    const rollout = await kubectl(["rollout", "status", "deploy/tug", "--timeout=30s"]);
    expect(rollout.stdout).toContain("successfully rolled out");
    await kubectl(["scale", "deploy/tug", "--replicas=1"]);
    const condition = ["wait", "--for=condition=Available", "deploy/tug", "--timeout=30s"];
    expect((await kubectl(condition)).stdout).toContain("condition met");
    await kubectl(["delete", "deployment", "tug"]);
    expect(quay.workloads.has("Deployment/default/tug")).toBe(false);
  });

  benches("a rollout is followed, taken back and restarted", async ({ bench, expect }) => {
    const { kubectl, quay } = bench;
    const images = async (): Promise<string> => {
      const path = "jsonpath={.items[*].spec.containers[*].image}";
      return (await kubectl(["get", "pods", "-l", "app=crane", "-o", path])).stdout;
    };
    const status = ["rollout", "status", "deploy/crane", "--timeout=40s"];
    await kubectl(["set", "image", "deploy/crane", "crane=crane:2"]);
    expect((await kubectl(status)).stdout).toContain("successfully rolled out");
    expect(await images()).toContain("crane:2");
    await kubectl(["rollout", "undo", "deploy/crane"]);
    expect((await kubectl(status)).code).toBe(0);
    const history = await kubectl(["rollout", "history", "deploy/crane"]);
    expect(history.stdout).toMatch(/^2 .*\n3 /m);
    const before = [...quay.pods.values()].filter(({ labels }) => labels.app === "crane");
    await kubectl(["rollout", "restart", "deploy/crane"]);
    expect((await kubectl(status)).code).toBe(0);
    // The last of the old ones may still be stopping.
    const left = before.map(({ name }) => quay.pods.get(`default/${name}`)?.phase);
    expect(left.every((phase) => phase === undefined || phase === "Terminating")).toBe(true);
    await kubectl(["rollout", "restart", "ds/proxy", "-n", "kube-system"]);
    const proxies = ["rollout", "status", "ds/proxy", "-n", "kube-system", "--timeout=40s"];
    expect((await kubectl(proxies)).stdout).toContain("successfully rolled out");
  });

  benches("pods of their own are run, drained by force, and gone", async ({ bench, expect }) => {
    const { kubectl, quay } = bench;
    const run = await kubectl(["run", "tug", "--image=tug:1", "--labels=app=tug"]);
    expect(run.stdout).toContain("pod/tug created");
    await kubectl(["wait", "--for=condition=Ready", "pod/tug", "--timeout=40s"]);
    const node = quay.pods.get("default/tug")?.node ?? "";
    const debug = await kubectl(["debug", `node/${node}`, "--image=tug:1"]);
    expect(debug.stdout + debug.stderr).toContain("Creating debugging pod");
    const refused = await kubectl(["debug", "pod/tug", "--image=tug:1"]);
    expect(refused.stderr).toContain("run no containers");
    await kubectl(["patch", "pdb", "ledger", "-n", "dock", "-p", '{"spec":{"minAvailable":1}}']);
    const drain = ["drain", node, "--ignore-daemonsets", "--timeout=40s"];
    const unforced = await kubectl(drain);
    expect(unforced.stderr).toMatch(/(declare no controller|not managed by).*default\/tug/);
    expect(await kubectl([...drain, "--force"])).toMatchObject({ code: 0 });
    expect(quay.pods.has("default/tug")).toBe(false);
  });

  benches("a StatefulSet is applied, a job is refused", async ({ bench, expect }) => {
    const { kubectl, server } = bench;
    const file = join(server.directory, "db.json");
    const labels = { app: "db" };
    const containers = [{ name: "db", image: "db:1" }];
    const spec = {
      serviceName: "db",
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers } },
    };
    const body = { apiVersion: "apps/v1", kind: "StatefulSet", metadata: { name: "db" }, spec };
    await writeFile(file, JSON.stringify(body));
    expect((await kubectl(["apply", "-f", file])).stdout).toContain("db created");
    const status = await kubectl(["rollout", "status", "sts/db", "--timeout=40s"]);
    expect(status.stdout).toContain("2 new pods have been updated");
    expect((await kubectl(["apply", "-f", file])).stdout).toContain("db unchanged");
    const difference = await kubectl(["diff", "-f", file]);
    if (bench.readsOpenApi3) expect(difference.code).toBe(0);
    else expect(difference.stderr).toContain("doesn't support dry-run");
    const made = await kubectl(["create", "clusterrole", "watch", "--verb=get", "--resource=pods"]);
    expect(made.stdout).toContain("clusterrole.rbac.authorization.k8s.io/watch created");
    const job = await kubectl(["create", "job", "sweep", "--image=sweep:1"]);
    expect(job.stderr).toContain("jobs may not be created: nothing runs in the pods");
    const orphaned = await kubectl(["delete", "sts", "db", "--cascade=orphan"]);
    expect(orphaned.stderr).toContain("leaves no orphans behind");
  });

  benches(
    "delete pod waits until it is gone; wait and get -w follow",
    async ({ bench, expect }) => {
      const { kubectl, quay, server } = bench;
      const pod = [...quay.pods.values()].find(({ labels }) => labels.app === "crane");
      const watched = kubectl(["get", "pods", "-w", "--request-timeout=3s"]);
      // It has listed the pod once it watches.
      await vi.waitFor(
        () => expect(server.audit.counts().byOperation).toHaveProperty("WATCH pods"),
        { timeout: 30_000 },
      );
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
    },
  );

  benches(
    "auth can-i and missing things are answered as on a real cluster",
    async ({ bench, expect }) => {
      const { kubectl } = bench;
      expect((await kubectl(["auth", "can-i", "delete", "nodes"])).stdout.trim()).toBe("yes");
      const foreign = await kubectl(["auth", "can-i", "delete", "nodes", "--as=somebody"]);
      expect(foreign.stdout.trim()).toBe("no");
      const missing = await kubectl(["get", "node", "nope"]);
      expect(missing).toMatchObject({ code: 1 });
      expect(missing.stderr).toContain('Error from server (NotFound): nodes "nope" not found');
    },
  );
});
