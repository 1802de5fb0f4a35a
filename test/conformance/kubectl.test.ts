import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ScenarioCluster } from "../../emulator/scenario.ts";
import { withPrograms } from "../support/programs.ts";
import { runProgram } from "./client-program.ts";
import type { Outcome } from "./client-program.ts";
import { startEmulatorProcess } from "./emulator-process.ts";
import type { EmulatorProcess } from "./emulator-process.ts";
import { CLOCK, NEW_IMAGE, OLD_IMAGE, scenarioWith } from "./scenario.ts";
import { connect } from "./sdk-clients.ts";
import type { SdkClients } from "./sdk-clients.ts";

const TIMEOUT = 120_000;
const GROUP = "myResourceGroup";
const QUARANTINED = "kubernetes.azure.com/upgrade-status";

function cluster(name: string): ScenarioCluster {
  return {
    name,
    resourceGroup: GROUP,
    location: "eastus",
    kubernetesVersion: "1.32.9",
    pools: [
      {
        name: "nodepool1",
        count: 2,
        nodeImageVersion: OLD_IMAGE,
        upgradeSettings: {
          maxSurge: "2",
          drainTimeoutInMinutes: 5,
          undrainableNodeBehavior: "Cordon",
        },
      },
    ],
    workloads: [
      { name: "ledger", namespace: "dock", replicas: 1 },
      { name: "crane", namespace: "dock", replicas: 3 },
      { name: "agent", namespace: "kube-system", kind: "DaemonSet" },
    ],
    budgets: [
      { name: "ledger", namespace: "dock", selector: { app: "ledger" }, minAvailable: 1 },
      { name: "crane", namespace: "dock", selector: { app: "crane" }, maxUnavailable: 1 },
    ],
  };
}

const scenario = scenarioWith({
  images: [
    { region: "eastus", version: OLD_IMAGE },
    { region: "eastus", version: NEW_IMAGE },
  ],
  clusters: ["reading", "draining", "upgrading"].map(cluster),
});

const SHOP = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: pier}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: shop, image: "shop:7"}]}
`;

withPrograms(["kubectl"], () => {
  let emulator: EmulatorProcess;
  let sdk: SdkClients;
  let home: string;

  beforeAll(async () => {
    emulator = await startEmulatorProcess(scenario, CLOCK);
    sdk = connect(emulator);
    home = await mkdtemp(join(tmpdir(), "fleetwright-kubectl-"));
  });
  afterAll(async () => {
    await rm(home, { recursive: true, force: true });
    await emulator?.stop();
  });

  /** kubectl with the kubeconfig that Resource Manager hands out, and a home of its own. */
  async function kubectlFor(name: string) {
    const { kubeconfigs } = await sdk.aks.managedClusters.listClusterUserCredentials(GROUP, name);
    const file = join(home, `${name}.yaml`);
    await writeFile(file, Buffer.from(kubeconfigs?.[0]?.value ?? ""));
    const env = { PATH: process.env["PATH"], HOME: home, KUBECONFIG: file };
    const run = (...args: string[]): Promise<Outcome> =>
      runProgram("kubectl", args, { env, folder: home });
    return {
      run,
      async text(...args: string[]): Promise<string> {
        const { code, stdout, stderr } = await run(...args);
        if (code !== 0) throw new Error(`kubectl ${args.join(" ")} ended with ${code}: ${stderr}`);
        return stdout.trim();
      },
    };
  }

  const nodeOf = ["get", "pods", "-n", "dock", "-l", "app=ledger", "-o"].concat(
    "jsonpath={.items[0].spec.nodeName}",
  );
  const allowOne = JSON.stringify({ spec: { minAvailable: 0 } });
  const patch = ["patch", "pdb", "ledger", "-n", "dock", "--type", "merge", "-p", allowOne];

  describe.concurrent("kubectl", () => {
    test(
      "gets, describes and selects what a cluster has",
      async () => {
        const { text, run } = await kubectlFor("reading");
        expect(await text("get", "nodes", "-l", "agentpool=nodepool1")).toMatch(
          /Ready .* v1\.32\.9/,
        );
        expect(await text("get", "pods", "-A", "-o", "wide")).toMatch(
          /dock +crane-\S+ +1\/1 +Running/,
        );
        expect(await text("get", "pdb", "-n", "dock")).toMatch(/ledger +1 +N\/A +0 /);
        // Not `describe pdb`: Debian's kubectl asks for policy/v1beta1, which clusters have no longer.
        const allowed = ["get", "pdb", "crane", "-n", "dock", "-o"];
        expect(await text(...allowed, "jsonpath={.status.disruptionsAllowed}")).toBe("1");
        expect(await text("describe", "deploy", "crane", "-n", "dock")).toMatch(
          /3 desired .* 3 available/,
        );
        const [node = ""] = (await text("get", "nodes", "-o", "name")).split("\n");
        expect(await text("describe", node)).toContain(
          `kubernetes.azure.com/node-image-version=${OLD_IMAGE}`,
        );
        expect(await text("label", node, "dock=north")).toContain("labeled");
        expect(await text("get", "nodes", "-l", "dock=north", "-o", "name")).toBe(node);
        expect(await text("label", node, "dock-")).toContain(node.split("/")[1]);
        expect(await text("get", "nodes", "-l", "dock=north", "-o", "name")).toBe("");
        expect(await text("version", "-o", "json")).toContain('"gitVersion": "v1.32');
        const nothing = await run("get", "pod", "nothing", "-n", "dock");
        expect(nothing.stderr).toContain('(NotFound): pods "nothing" not found');
      },
      TIMEOUT,
    );

    test(
      "finds what every cluster has, and applies, makes and deletes objects of its own",
      async () => {
        const { text, run } = await kubectlFor("reading");
        expect(await text("get", "services")).toMatch(/^kubernetes +ClusterIP +10\.0\.0\.1/m);
        expect(await text("get", "all", "-A")).toContain("deployment.apps/crane");
        expect(await text("get", "--raw", "/healthz")).toBe("ok");
        expect(await text("auth", "can-i", "--list")).toContain("poddisruptionbudgets.policy");
        expect(await text("top", "nodes", "-l", "agentpool=nodepool1")).toMatch(
          /^aks-\S+ +1\d\dm/m,
        );
        expect(await text("top", "pods", "-n", "dock")).toMatch(/^crane-\S+ +1m +4Mi/m);
        expect(await text("explain", "nodes.spec.unschedulable")).toMatch(/schedulability/);
        await text("create", "namespace", "pier");
        await text("create", "configmap", "settings", "--from-literal=a=b", "-n", "pier");
        const file = join(home, "shop.yaml");
        await writeFile(file, SHOP);
        expect(await text("apply", "-f", file)).toContain("created");
        expect(await text("apply", "-f", file)).toContain("unchanged");
        const misspelt = join(home, "misspelt.yaml");
        await writeFile(misspelt, SHOP.replace("selector:", "replicaz: 2\n  selector:"));
        expect((await run("apply", "-f", misspelt)).stderr).toMatch(/unknown field .*replicaz/);
        const newer = join(home, "newer.yaml");
        await writeFile(newer, SHOP.replace("shop:7", "shop:8"));
        expect((await run("diff", "-f", newer)).stdout).toMatch(/^\+ +- image: shop:8$/m);
        expect(await text("apply", "-f", newer, "--dry-run=server")).toContain("(server dry run)");
        await text("rollout", "status", "deployment/shop", "-n", "pier", "--timeout=60s");
        expect(await text("get", "deployment", "shop", "-n", "pier", "-o", "wide")).toContain(
          "shop:7",
        );
        expect(await text("logs", "deployment/shop", "-n", "pier")).not.toContain("rror");
        const bot = ["--as", "system:serviceaccount:pier:bot", "-n", "pier"];
        expect((await run("auth", "can-i", "list", "pods", ...bot)).stdout).toContain("no");
        await text("create", "serviceaccount", "bot", "-n", "pier");
        const view = ["--clusterrole=view", "--serviceaccount=pier:bot", "-n", "pier"];
        await text("create", "rolebinding", "bot", ...view);
        expect(await text("auth", "can-i", "list", "pods", ...bot)).toBe("yes");
        await text("autoscale", "deployment/shop", "--max=3", "--cpu-percent=50", "-n", "pier");
        expect(await text("get", "hpa", "-n", "pier")).toMatch(/^shop +Deployment\/shop/m);
        await text("delete", "namespace", "pier", "--timeout=60s");
        const gone = await run("get", "namespace", "pier");
        expect(gone.stderr).toContain('namespaces "pier" not found');
      },
      TIMEOUT,
    );

    test(
      "a drain obeys the budget until it is patched",
      async () => {
        const { text, run } = await kubectlFor("draining");
        const node = await text(...nodeOf);
        const drain = ["drain", node, "--ignore-daemonsets", "--delete-emptydir-data"];
        const refused = await run(...drain, "--timeout=2s");
        expect(refused.code).toBe(1);
        expect(refused.stderr).toContain("would violate the pod's disruption budget");
        expect(await text("get", "node", node)).toContain("SchedulingDisabled");
        expect(await text(...nodeOf)).toBe(node);
        expect(await text(...patch)).toContain("patched");
        await text(...drain, "--timeout=60s");
        await text("wait", "--for=condition=Ready", "pods", "--all", "-n", "dock");
        expect(await text(...nodeOf)).not.toBe(node);
        const left = [
          "get",
          "pods",
          "-A",
          "--field-selector",
          `spec.nodeName=${node}`,
          "-o",
          "name",
        ];
        expect(await text(...left)).toMatch(/^pod\/agent-\S+$/);
        await text("uncordon", node);
        expect(await text("get", "node", node)).not.toContain("SchedulingDisabled");
      },
      TIMEOUT,
    );

    test(
      "a node that an upgrade left behind is set free: budget adjusted, label removed, pool put",
      async () => {
        const { text } = await kubectlFor("upgrading");
        const { agentPools } = sdk.aks;
        const stuck = await text(...nodeOf);
        const upgrade = agentPools.upgradeNodeImageVersion(GROUP, "upgrading", "nodepool1");
        await expect(upgrade).rejects.toThrow(/Cannot evict pod/);
        const quarantined = ["get", "nodes", "-l", `${QUARANTINED}=Quarantined`, "-o", "name"];
        expect(await text(...quarantined)).toBe(`node/${stuck}`);
        expect(await text("get", "nodes", "--no-headers")).toMatch(/(.+\n){2}.+/);
        expect(await text("get", "events", "-A")).toContain("Eviction blocked by");
        expect(await agentPools.get(GROUP, "upgrading", "nodepool1")).toMatchObject({
          provisioningState: "Failed",
          count: 2,
        });
        await text(...patch);
        await text("label", "node", stuck, `${QUARANTINED}-`);
        const pool = await agentPools.get(GROUP, "upgrading", "nodepool1");
        await agentPools.createOrUpdate(GROUP, "upgrading", "nodepool1", pool);
        expect(await agentPools.get(GROUP, "upgrading", "nodepool1")).toMatchObject({
          provisioningState: "Succeeded",
          nodeImageVersion: NEW_IMAGE,
          count: 2,
        });
        const images =
          "jsonpath={.items[*].metadata.labels.kubernetes\\.azure\\.com/node-image-version}";
        expect(await text("get", "nodes", "-o", images)).toBe(`${NEW_IMAGE} ${NEW_IMAGE}`);
        expect(await text(...quarantined)).toBe("");
      },
      TIMEOUT,
    );
  });
});
