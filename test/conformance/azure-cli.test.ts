import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_SUBSCRIPTION } from "../../emulator/scenario.ts";
import type { ScenarioCluster } from "../../emulator/scenario.ts";
import { signIn, signInAsServicePrincipal } from "./azure-cli.ts";
import type { AzureCli } from "./azure-cli.ts";
import { withPrograms } from "../support/programs.ts";
import { startEmulatorProcess } from "./emulator-process.ts";
import type { EmulatorProcess } from "./emulator-process.ts";
import { CLOCK, NEW_IMAGE, OLD_IMAGE, scenarioWith } from "./scenario.ts";

const TIMEOUT = 180_000;
/** az ends so when what it asked for does not exist. */
const EXIT_NOT_FOUND = 3;

function cluster(name: string): ScenarioCluster {
  return {
    name,
    resourceGroup: "myResourceGroup",
    location: "eastus",
    kubernetesVersion: "1.31.8",
    pools: [
      { name: "nodepool1", count: 2, nodeImageVersion: OLD_IMAGE },
      { name: "second", mode: "User", count: 1, nodeImageVersion: OLD_IMAGE },
    ],
  };
}

const VIEWER = { clientId: "99999999-0000-4000-8000-000000000001", secret: "s3cret" };

const TEMPLATE = `{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {"name": {"type": "string"}}, // of the fleet
  "resources": [{
    "type": "Microsoft.ContainerService/fleets",
    "apiVersion": "2025-03-01",
    "name": "[parameters('name')]",
    "location": "[resourceGroup().location]"
  }],
  "outputs": {
    "id": {
      "type": "string",
      "value": "[resourceId('Microsoft.ContainerService/fleets', parameters('name'))]"
    }
  }
}`;

const scenario = scenarioWith({
  images: [
    { region: "eastus", version: OLD_IMAGE },
    { region: "eastus", version: NEW_IMAGE },
  ],
  principals: [
    {
      name: "viewer",
      clientId: VIEWER.clientId,
      secret: VIEWER.secret,
      roles: [{ actions: ["*/read"], scope: `/subscriptions/${DEFAULT_SUBSCRIPTION}` }],
    },
  ],
  clusters: ["versions", "power", "settings", "pools", "source"].map(cluster),
});

withPrograms(["az"], () => {
  let emulator: EmulatorProcess;
  let cli: AzureCli;

  beforeAll(async () => {
    emulator = await startEmulatorProcess(scenario, CLOCK);
    cli = await signIn(emulator.ready);
  }, TIMEOUT);
  afterAll(async () => {
    await cli?.close();
    await emulator?.stop();
  });

  const aks = (command: string): Promise<unknown> => cli.json(`aks ${command} -g myResourceGroup`);
  const nodepool = (command: string, cluster: string): Promise<unknown> =>
    aks(`nodepool ${command} --cluster-name ${cluster}`);

  // Each test has a cluster of its own: they run side by side.
  describe.concurrent("az aks", () => {
    test(
      "shows and lists, in every form of output",
      async () => {
        expect(await aks("show -n source")).toMatchObject({
          name: "source",
          resourceGroup: "myResourceGroup",
          provisioningState: "Succeeded",
          identity: { type: "SystemAssigned" },
          agentPoolProfiles: [{ name: "nodepool1" }, { name: "second" }],
        });
        const names = (await cli.json("aks list --query [].name")) as string[];
        expect(names).toEqual(expect.arrayContaining(["pools", "source"]));
        const table = await cli.az("aks list -o table");
        expect(table.stdout).toMatch(/^source +eastus +myResourceGroup +1\.31\.8 /m);
        const pools = await cli.az(
          "aks nodepool list --cluster-name source -g myResourceGroup -o table",
        );
        expect(pools.stdout).toMatch(/^nodepool1 +Linux +1\.31\.8 +Standard_D4ds_v5 +2 /m);
        const versions = await cli.az("aks get-versions -l eastus -o table");
        expect(versions.stdout).toMatch(/^1\.31\.8 +1\.32\.9$/m);
      },
      TIMEOUT,
    );

    test(
      "deploys a template with its comments, after saying what it would change",
      async () => {
        await writeFile(join(cli.home, "fleet.json"), TEMPLATE);
        const deployment = "-g myResourceGroup -f fleet.json -p name=templated";
        const foreseen = await cli.az(`deployment group what-if ${deployment} --no-pretty-print`);
        expect(JSON.parse(foreseen.stdout)).toMatchObject({ changes: [{ changeType: "Create" }] });
        expect(await cli.json(`deployment group create ${deployment}`)).toMatchObject({
          properties: {
            provisioningState: "Succeeded",
            outputs: { id: { value: expect.stringMatching(/\/fleets\/templated$/) } },
          },
        });
        const type = "--resource-type Microsoft.ContainerService/fleets";
        const shown = await cli.json(`resource show -g myResourceGroup -n templated ${type}`);
        expect(shown).toMatchObject({ location: "eastus" });
      },
      TIMEOUT,
    );

    test(
      "keeps what is locked, answers questions over all, and says what is not offered",
      async () => {
        const lock = "-n keep -g myResourceGroup --resource source";
        const type = "--resource-type Microsoft.ContainerService/managedClusters";
        await cli.json(`lock create ${lock} ${type} --lock-type CanNotDelete`);
        expect(await cli.az("aks delete -g myResourceGroup -n source --yes")).toMatchObject({
          code: 1,
          stderr: expect.stringContaining("(ScopeLocked)"),
        });
        await cli.json(`lock delete ${lock} ${type}`);
        const url = "/providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01";
        // Without blanks: the arguments of a command are parted at them.
        const body = JSON.stringify({ query: "resources|where(name=='source')|project\tname" });
        expect(await cli.json(`rest --method post --url ${url} --body ${body}`)).toMatchObject({
          data: [{ name: "source" }],
        });
        expect(await cli.az("group export -n myResourceGroup")).toMatchObject({
          stderr: expect.stringContaining("(NotSupported)"),
        });
      },
      TIMEOUT,
    );

    test(
      "tells the upgrades, and upgrades control plane and pools",
      async () => {
        expect(await aks("get-upgrades -n versions")).toMatchObject({
          controlPlaneProfile: { upgrades: [{ kubernetesVersion: "1.32.9" }] },
        });
        const only = "upgrade -n versions --kubernetes-version 1.32.9 --control-plane-only --yes";
        expect(await aks(only)).toMatchObject({
          kubernetesVersion: "1.32.9",
          agentPoolProfiles: [{ orchestratorVersion: "1.31.8" }, { orchestratorVersion: "1.31.8" }],
        });
        expect(
          await aks("nodepool get-upgrades --cluster-name versions --nodepool-name nodepool1"),
        ).toMatchObject({
          latestNodeImageVersion: NEW_IMAGE,
          upgrades: [{ kubernetesVersion: "1.32.9" }],
        });
        const all = await aks("upgrade -n versions --kubernetes-version 1.33.5 --yes");
        expect(all).toMatchObject({
          kubernetesVersion: "1.33.5",
          provisioningState: "Succeeded",
          agentPoolProfiles: [{ orchestratorVersion: "1.33.5" }, { orchestratorVersion: "1.33.5" }],
        });
        const skipped = await cli.az(
          "aks upgrade -g myResourceGroup -n versions --kubernetes-version 1.25.11 --yes",
        );
        expect(skipped).toMatchObject({
          code: 1,
          stderr: expect.stringMatching(/^ERROR: \(\w+\) /m),
        });
      },
      TIMEOUT,
    );

    test(
      "stops and starts clusters and pools, and waits",
      async () => {
        await aks("stop -n power");
        expect(await aks("show -n power --query powerState.code")).toBe("Stopped");
        const refused = await cli.az(
          "aks nodepool scale -g myResourceGroup --cluster-name power -n second -c 3",
        );
        expect(refused.stderr).toContain("(OperationNotAllowed)");
        await aks("start -n power --no-wait");
        await aks("wait -n power --updated --interval 1 --timeout 60");
        expect(await aks("show -n power --query powerState.code")).toBe("Running");
        await nodepool("stop -n second", "power");
        const query = "show -n second --query [count,powerState.code,provisioningState]";
        expect(await nodepool(query, "power")).toEqual([1, "Stopped", "Succeeded"]);
        await nodepool("start -n second --no-wait", "power");
        await nodepool("wait -n second --updated --interval 1 --timeout 60", "power");
        expect(await nodepool(query, "power")).toEqual([1, "Running", "Succeeded"]);
        await aks("rotate-certs -n power --yes");
      },
      TIMEOUT,
    );

    test(
      "updates, scales and hands out credentials",
      async () => {
        expect(await aks("update -n settings --tags team=harbour --query tags")).toEqual({
          team: "harbour",
        });
        expect(
          await aks("update -n settings --auto-upgrade-channel patch --query autoUpgradeProfile"),
        ).toMatchObject({ upgradeChannel: "patch", nodeOSUpgradeChannel: "None" });
        expect(
          await aks("scale -n settings --nodepool-name nodepool1 --node-count 3"),
        ).toMatchObject({ agentPoolProfiles: [{ count: 3, nodeImageVersion: OLD_IMAGE }, {}] });
        const merged = "get-credentials -n settings --file merged.yaml";
        await aks(merged);
        await aks(`${merged} --admin`);
        const kubeconfig = await readFile(join(cli.home, "merged.yaml"), "utf8");
        expect(kubeconfig).toContain("current-context: settings-admin");
        expect(kubeconfig).toContain(`server: ${emulator.ready.arm}/clusters/`);
      },
      TIMEOUT,
    );

    test(
      "adds, updates, scales, upgrades and deletes pools",
      async () => {
        const added =
          "add -n fresh --node-count 1 --labels tier=web --node-taints dry=dock:NoSchedule";
        expect(await nodepool(added, "pools")).toMatchObject({
          nodeImageVersion: NEW_IMAGE,
          nodeLabels: { tier: "web" },
          nodeTaints: ["dry=dock:NoSchedule"],
          provisioningState: "Succeeded",
        });
        expect(await nodepool("update -n fresh --max-surge 33% --tags a=b", "pools")).toMatchObject(
          { upgradeSettings: { maxSurge: "33%" }, tags: { a: "b" }, count: 1 },
        );
        expect(await nodepool("scale -n fresh -c 2", "pools")).toMatchObject({
          count: 2,
          tags: { a: "b" },
        });
        await nodepool("upgrade -n second --node-image-only", "pools");
        expect(await nodepool("show -n second", "pools")).toMatchObject({
          nodeImageVersion: NEW_IMAGE,
        });
        await aks("upgrade -n pools --node-image-only --yes");
        await nodepool("wait -n nodepool1 --updated --interval 1 --timeout 60", "pools");
        expect(await aks("show -n pools --query agentPoolProfiles[].nodeImageVersion")).toEqual([
          NEW_IMAGE,
          NEW_IMAGE,
          NEW_IMAGE,
        ]);
        await nodepool("delete -n fresh", "pools");
        expect(await nodepool("list --query sort([].name)", "pools")).toEqual([
          "nodepool1",
          "second",
        ]);
        const last = await cli.az(
          "aks nodepool delete -g myResourceGroup --cluster-name pools -n nodepool1",
        );
        expect(last.stderr).toContain("at least one system agent pool");
      },
      TIMEOUT,
    );

    test(
      "takes, lists, shows and deletes snapshots, also by their older name",
      async () => {
        const id = String(await nodepool("show -n nodepool1 --query id", "source"));
        const take = `nodepool snapshot create --nodepool-id ${id}`;
        await aks(`${take} -n kept --tags kind=proven`);
        await aks(`${take} -n kept2 --location eastus`);
        expect(await aks("nodepool snapshot list --query sort([].name)")).toEqual([
          "kept",
          "kept2",
        ]);
        expect(await cli.json("aks snapshot list --query [].nodeImageVersion")).toEqual([
          OLD_IMAGE,
          OLD_IMAGE,
        ]);
        expect(await aks("snapshot show -n kept")).toMatchObject({ tags: { kind: "proven" } });
        const elsewhere = await cli.az(
          `aks ${take} -g myResourceGroup -n far --location westeurope`,
        );
        expect(elsewhere).toMatchObject({ code: 1 });
        expect(elsewhere.stderr).toContain("(InvalidParameter)");
        await aks("nodepool snapshot delete -n kept --yes");
        await aks("snapshot delete -n kept2 --yes");
        await aks("nodepool snapshot delete -n kept --yes");
        const gone = await cli.az("aks nodepool snapshot show -n kept -g myResourceGroup");
        expect(gone).toMatchObject({ code: EXIT_NOT_FOUND });
        expect(gone.stderr).toContain("(ResourceNotFound)");
      },
      TIMEOUT,
    );

    test(
      "creates and deletes clusters",
      async () => {
        const create = "create -n made --no-ssh-key --node-count 1 --kubernetes-version 1.32.9";
        expect(await aks(create)).toMatchObject({
          provisioningState: "Succeeded",
          kubernetesVersion: "1.32.9",
          agentPoolProfiles: [{ name: "nodepool1", count: 1, mode: "System" }],
        });
        await aks("delete -n made --yes");
        const gone = await cli.az("aks show -n made -g myResourceGroup");
        expect(gone).toMatchObject({ code: EXIT_NOT_FOUND });
        expect(await cli.az("aks create -n made --no-ssh-key -g nowhere")).toMatchObject({
          code: EXIT_NOT_FOUND,
          stderr: expect.stringContaining("(ResourceGroupNotFound)"),
        });
      },
      TIMEOUT,
    );
  });

  test(
    "what az asks of Resource Manager around it",
    async () => {
      expect(await cli.json("group show -n myresourcegroup --query location")).toBe("eastus");
      expect(await cli.json("group create -n other -l westeurope")).toMatchObject({
        properties: { provisioningState: "Succeeded" },
      });
      expect(await cli.json("group exists -n other")).toBe(true);
      await cli.json("group delete -n other --yes");
      expect(await cli.json("group exists -n other")).toBe(false);
      const clusters = "--resource-type Microsoft.ContainerService/managedClusters";
      const found = await cli.json(`resource list -g myResourceGroup ${clusters} --query [].name`);
      expect(found).toEqual(expect.arrayContaining(["power", "source"]));
      expect(
        await cli.json(`resource show -g myResourceGroup -n source ${clusters}`),
      ).toMatchObject({ properties: { provisioningState: "Succeeded" } });
      const provider = "provider show -n Microsoft.ContainerService --query registrationState";
      expect(await cli.json(provider)).toBe("Registered");
      await cli.json("provider register -n Microsoft.ContainerService");
      const id = String(await cli.json("aks show -g myResourceGroup -n source --query id"));
      await cli.json(`tag update --resource-id ${id} --operation merge --tags team=dock`);
      expect(await cli.json(`tag list --resource-id ${id} --query properties.tags`)).toEqual({
        team: "dock",
      });
      expect(await cli.json("resource list --tag team=dock --query [].name")).toEqual(["source"]);
      expect(await cli.json("lock list -g myResourceGroup")).toEqual([]);
      await cli.json("feature register --namespace Microsoft.ContainerService --name SomePreview");
    },
    TIMEOUT,
  );

  test(
    "a service principal sees what its role lets it see",
    async () => {
      const viewer = await signInAsServicePrincipal(emulator.ready, VIEWER);
      try {
        expect(await viewer.json("aks list --query [].name")).toContain("source");
        const refused = await viewer.az("aks stop -g myResourceGroup -n source");
        expect(refused).toMatchObject({
          code: 1,
          stderr: expect.stringContaining(
            "'Microsoft.ContainerService/managedClusters/stop/action'",
          ),
        });
      } finally {
        await viewer.close();
      }
    },
    TIMEOUT,
  );
});
