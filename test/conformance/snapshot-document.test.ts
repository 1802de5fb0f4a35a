import { afterAll, beforeAll, expect, test } from "vitest";
import { signIn } from "./azure-cli.ts";
import type { AzureCli } from "./azure-cli.ts";
import { withPrograms } from "../support/programs.ts";
import { readCommandBlocks, withNames } from "./document.ts";
import type { CommandBlocks } from "./document.ts";
import { startEmulatorProcess } from "./emulator-process.ts";
import type { EmulatorProcess } from "./emulator-process.ts";
import { CLOCK, NEW_IMAGE, OLD_IMAGE, scenarioWith } from "./scenario.ts";

const TIMEOUT = 180_000;
const IN_CLUSTER = "--cluster-name myAKSCluster --resource-group myResourceGroup";

const scenario = scenarioWith({
  images: [
    { region: "eastus", version: OLD_IMAGE },
    { region: "eastus", version: NEW_IMAGE },
  ],
  clusters: [
    {
      name: "myAKSCluster",
      resourceGroup: "myResourceGroup",
      location: "eastus",
      kubernetesVersion: "1.32.9",
      pools: [
        { name: "nodepool1", count: 2 },
        {
          name: "lagging",
          count: 4,
          kubernetesVersion: "1.31.8",
          nodeImageVersion: OLD_IMAGE,
          // Three real seconds per node: time enough to abort the upgrade.
          upgradeSettings: { nodeSoakDurationInMinutes: 30 },
        },
        { name: "oldimage", count: 1, nodeImageVersion: OLD_IMAGE },
      ],
    },
  ],
});

withPrograms(["az"], () => {
  let emulator: EmulatorProcess;
  let cli: AzureCli;
  let document: CommandBlocks;

  beforeAll(async () => {
    emulator = await startEmulatorProcess(scenario, CLOCK);
    document = await readCommandBlocks("node-pool-snapshot.sh");
    cli = await signIn(emulator.ready);
    expect(await cli.shell(withNames(document, "Take a node pool snapshot"))).toMatchObject({
      code: 0,
    });
  }, TIMEOUT);
  afterAll(async () => {
    await cli?.close();
    await emulator?.stop();
  });

  const pool = (name: string): Promise<unknown> =>
    cli.json(`aks nodepool show --name ${name} ${IN_CLUSTER}`);
  const snapshotId = async (): Promise<unknown> =>
    cli.json("aks nodepool snapshot show -n MySnapshot -g myResourceGroup --query id");

  test("the snapshot holds what its source pool ran", async () => {
    const shown = await cli.json("aks nodepool snapshot show -n MySnapshot -g myResourceGroup");
    expect(shown).toMatchObject({
      kubernetesVersion: "1.32.9",
      nodeImageVersion: NEW_IMAGE,
      osType: "Linux",
      osSku: "Ubuntu",
      vmSize: "Standard_D4ds_v5",
      snapshotType: "NodePool",
    });
  });

  test(
    "a pool, an upgrade and a cluster are made from the snapshot by the commands of the document",
    async () => {
      const newer = NEW_IMAGE.replace("202606.26", "202606.28");
      await emulator.control("POST", "/images", { region: "eastus", version: newer });
      expect(
        await cli.shell(withNames(document, "Create a node pool from a snapshot")),
      ).toMatchObject({ code: 0 });
      expect(await pool("np2")).toMatchObject({
        provisioningState: "Succeeded",
        nodeImageVersion: NEW_IMAGE,
        orchestratorVersion: "1.32.9",
        creationData: { sourceResourceId: await snapshotId() },
      });
      expect(
        await cli.shell(withNames(document, "Create a cluster from a snapshot")),
      ).toMatchObject({
        code: 0,
      });
      expect(await cli.json("aks show -n myAKSCluster2 -g myResourceGroup")).toMatchObject({
        provisioningState: "Succeeded",
        kubernetesVersion: "1.32.9",
        agentPoolProfiles: [
          {
            mode: "System",
            nodeImageVersion: NEW_IMAGE,
            creationData: { sourceResourceId: await snapshotId() },
          },
        ],
      });
      await cli.json("aks nodepool scale --name np2 --node-count 4 " + IN_CLUSTER);
      expect(await pool("np2")).toMatchObject({ count: 4, nodeImageVersion: NEW_IMAGE });
      await cli.json(`aks nodepool upgrade --name np2 --node-image-only ${IN_CLUSTER}`);
      expect(await pool("np2")).toMatchObject({ nodeImageVersion: newer, creationData: null });
    },
    TIMEOUT,
  );

  // az 2.45.0 fails on its own on a pool that is `Succeeded` or `Failed` (it reads a field that a pool does
  // not have); a pool whose upgrade was aborted is `Canceled`, and there the command goes through.
  test(
    "a pool is upgraded to the snapshot by the command of the document",
    async () => {
      await cli.json(
        `aks nodepool upgrade --name lagging --node-image-only --no-wait ${IN_CLUSTER}`,
      );
      const id = await cli.json(`aks nodepool show --name lagging ${IN_CLUSTER} --query id`);
      await cli.json(`rest --method post --url ${String(id)}/abort?api-version=2026-04-01`);
      expect(await pool("lagging")).toMatchObject({ provisioningState: "Canceled" });
      const names = { nodepool1: "lagging" };
      const block = withNames(document, "Upgrade a node pool to a snapshot", names);
      expect(await cli.shellAnswered(block)).toMatchObject({ code: 0 });
      expect(await pool("lagging")).toMatchObject({
        provisioningState: "Succeeded",
        orchestratorVersion: "1.32.9",
        nodeImageVersion: NEW_IMAGE,
        creationData: { sourceResourceId: await snapshotId() },
      });
    },
    TIMEOUT,
  );

  test(
    "at the same Kubernetes version the image alone is upgraded to the snapshot's",
    async () => {
      const id = String(await snapshotId());
      const upgrade = `aks nodepool upgrade --name oldimage --node-image-only --snapshot-id ${id}`;
      await cli.json(`${upgrade} ${IN_CLUSTER}`);
      expect(await pool("oldimage")).toMatchObject({
        orchestratorVersion: "1.32.9",
        nodeImageVersion: NEW_IMAGE,
        creationData: { sourceResourceId: id },
      });
    },
    TIMEOUT,
  );
});
