import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ScenarioCluster } from "../../emulator/scenario.ts";
import { signIn } from "./azure-cli.ts";
import type { AzureCli } from "./azure-cli.ts";
import { withPrograms } from "../support/programs.ts";
import { readCommandBlocks, withNames } from "./document.ts";
import type { CommandBlocks } from "./document.ts";
import { startEmulatorProcess } from "./emulator-process.ts";
import type { EmulatorProcess } from "./emulator-process.ts";
import { CLOCK, scenarioWith } from "./scenario.ts";

const TIMEOUT = 180_000;
const REPLICAS = 4;
/** The document's name is one character longer than AKS allows. */
const GREEN = "greenpool";

function cluster(name: string): ScenarioCluster {
  return {
    name,
    resourceGroup: "myResourceGroup",
    location: "eastus",
    kubernetesVersion: "1.31.8",
    pools: [
      { name: "system", count: 1, nodeTaints: ["CriticalAddonsOnly=true:NoSchedule"] },
      { name: "bluenodepool", count: 2, kubernetesVersion: "1.30.9" },
    ],
    workloads: [
      { name: "shop", namespace: "trade", replicas: REPLICAS },
      { name: "agent", namespace: "kube-system", kind: "DaemonSet" },
    ],
    budgets: [{ name: "shop", namespace: "trade", selector: { app: "shop" }, maxUnavailable: 1 }],
  };
}

const scenario = scenarioWith({ clusters: [cluster("commit"), cluster("rollback")] });

withPrograms(["az", "kubectl"], () => {
  let emulator: EmulatorProcess;
  let cli: AzureCli;
  let document: CommandBlocks;

  beforeAll(async () => {
    emulator = await startEmulatorProcess(scenario, CLOCK);
    document = await readCommandBlocks("rolling-upgrade.sh");
    cli = await signIn(emulator.ready);
  }, TIMEOUT);
  afterAll(async () => {
    await cli?.close();
    await emulator?.stop();
  });

  /** One cluster with the kubeconfig that az gives for it. */
  function clusterNamed(name: string) {
    const kubectl = `kubectl --kubeconfig ${name}.yaml`;
    const lines = async (command: string): Promise<string[]> => {
      const { code, stdout, stderr } = await cli.shell(`${kubectl} ${command}`);
      if (code !== 0) throw new Error(`kubectl ${command} ended with ${code}: ${stderr}`);
      return stdout
        .trim()
        .split("\n")
        .filter((line) => line !== "");
    };
    const nodesOf = (pool: string): Promise<string[]> =>
      lines(
        `get nodes -l agentpool=${pool} -o jsonpath='{range .items[*]}{.metadata.name}{"\\n"}{end}'`,
      );
    return {
      lines,
      nodesOf,
      /** Pools under the pods of the application. */
      async placement(): Promise<Record<string, number>> {
        const nodes = await lines(
          `get pods -n trade -l app=shop -o jsonpath='{range .items[*]}{.spec.nodeName}{"\\n"}{end}'`,
        );
        const pools = nodes.map((node) => node.split("-")[1] ?? "");
        return Object.fromEntries(
          [...new Set(pools)].map((pool) => [pool, pools.filter((one) => one === pool).length]),
        );
      },
      /** A block of the document with this cluster's names. */
      async block(title: string): Promise<void> {
        const [blue, green] = [await nodesOf("bluenodepool"), await nodesOf(GREEN)];
        const names = {
          myAKSCluster: name,
          greennodepool: GREEN,
          "<blue-node-1>": blue[0] ?? "",
          "<blue-node-2>": blue[1] ?? "",
          "<green-node-1>": green[0] ?? "",
          "<green-node-2>": green[1] ?? "",
          "kubectl ": `${kubectl} `,
        };
        const commands = document.get(title) ?? "";
        const used = Object.entries(names).filter(([from]) => commands.includes(from));
        const outcome = await cli.shell(withNames(document, title, Object.fromEntries(used)));
        expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
      },
      pools: async (): Promise<unknown> =>
        cli.json(
          `aks nodepool list --cluster-name ${name} -g myResourceGroup --query sort([].name)`,
        ),
    };
  }

  async function migrate(name: string): Promise<ReturnType<typeof clusterNamed>> {
    await cli.json(`aks get-credentials -g myResourceGroup -n ${name} --file ${name}.yaml`);
    const subject = clusterNamed(name);
    expect(await subject.placement()).toEqual({ bluenodepool: REPLICAS });
    await subject.block("Step 1: Create green node pool");
    expect(await subject.pools()).toEqual(["bluenodepool", GREEN, "system"].toSorted());
    const versions = `get nodes -l agentpool=${GREEN} --no-headers`;
    expect((await subject.lines(versions)).every((line) => line.endsWith("v1.31.8"))).toBe(true);
    await subject.block("Step 2: Cordon blue nodes");
    const blue = await subject.lines("get nodes -l agentpool=bluenodepool --no-headers");
    expect(blue.every((line) => line.includes("SchedulingDisabled"))).toBe(true);
    expect(await subject.placement()).toEqual({ bluenodepool: REPLICAS });
    await subject.block("Step 3: Drain blue nodes (with your preferred options)");
    expect(await subject.placement()).toEqual({ [GREEN]: REPLICAS });
    return subject;
  }

  describe.concurrent("the manual blue-green upgrade of the document", () => {
    test(
      "is committed by deleting the blue pool",
      async () => {
        const subject = await migrate("commit");
        await subject.block("Step 5A: Commit - Delete blue node pool");
        expect(await subject.pools()).toEqual([GREEN, "system"]);
        expect(await subject.nodesOf("bluenodepool")).toEqual([]);
        expect(await subject.placement()).toEqual({ [GREEN]: REPLICAS });
      },
      TIMEOUT,
    );

    test(
      "is rolled back to the blue pool",
      async () => {
        const subject = await migrate("rollback");
        await subject.block("Step 5B: Roll back - Return to blue nodes");
        expect(await subject.pools()).toEqual(["bluenodepool", "system"]);
        expect(await subject.placement()).toEqual({ bluenodepool: REPLICAS });
        const blue = await subject.lines("get nodes -l agentpool=bluenodepool --no-headers");
        expect(blue.some((line) => line.includes("SchedulingDisabled"))).toBe(false);
      },
      TIMEOUT,
    );
  });
});
