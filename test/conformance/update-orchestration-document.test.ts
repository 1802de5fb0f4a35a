import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ScenarioCluster } from "../../emulator/scenario.ts";
import { signIn } from "./azure-cli.ts";
import type { AzureCli } from "./azure-cli.ts";
import { withPrograms } from "../support/programs.ts";
import { commandLines, readCommandBlocks } from "./document.ts";
import { startEmulatorProcess } from "./emulator-process.ts";
import type { EmulatorProcess } from "./emulator-process.ts";
import { CLOCK, NEW_IMAGE, scenarioWith } from "./scenario.ts";

const TIMEOUT = 180_000;
const API_VERSION = "api-version=2025-03-01";
const STAGES_FILE = join(import.meta.dirname, "documents/example-stages.json");
const POLL_MILLISECONDS = 500;
/** A run over four clusters takes about ten virtual minutes and one wait of an hour: seven real seconds. */
const MAX_POLLS = 200;

/**
 * The `fleet` extension of az cannot be installed without its registry: these requests stand in for its
 * commands, as recorded from the extension (bodies) and its source. Commands without a request send none.
 */
const STAND_INS: readonly {
  readonly command: string;
  readonly request?: {
    readonly method: "put" | "post" | "patch" | "delete";
    readonly path: string;
    readonly body?: "one-by-one" | "staged" | "by-strategy" | "strategy" | "member" | "skip";
  };
}[] = [
  { command: "az extension add" },
  { command: "az extension update" },
  {
    command:
      "az fleet updaterun create --resource-group $GROUP --fleet-name $FLEET --name run-1 --upgrade-type Full --kubernetes-version 1.26.0 --node-image-selection Latest",
    request: { method: "put", path: "/updateRuns/run-1", body: "one-by-one" },
  },
  {
    command: "az fleet updaterun start --resource-group $GROUP --fleet-name $FLEET --name run-1",
    request: { method: "post", path: "/updateRuns/run-1/start" },
  },
  {
    command: "az fleet member create",
    request: { method: "put", path: "/members/member1", body: "member" },
  },
  {
    command:
      "az fleet updaterun create --resource-group $GROUP --fleet-name $FLEET --name run-1 --upgrade-type Full --kubernetes-version 1.26.0 --node-image-selection Latest --stages example-stages.json",
    request: { method: "put", path: "/updateRuns/run-1", body: "staged" },
  },
  {
    command: "az fleet updatestrategy create",
    request: { method: "put", path: "/updateStrategies/strategy-1", body: "strategy" },
  },
  {
    command: "az fleet updaterun create --resource-group $GROUP --fleet-name $FLEET --name run-5",
    request: { method: "put", path: "/updateRuns/run-5", body: "by-strategy" },
  },
  {
    command:
      "az fleet updaterun start --resource-group $GROUP --fleet-name $FLEET --name <run-name>",
    request: { method: "post", path: "/updateRuns/run-5/start" },
  },
  {
    command: "az fleet updaterun stop",
    request: { method: "post", path: "/updateRuns/run-5/stop" },
  },
  {
    command: "az fleet updaterun skip",
    request: { method: "post", path: "/updateRuns/run-5/skip", body: "skip" },
  },
];

function cluster(name: string, location: string): ScenarioCluster {
  const pools = [{ name: "nodepool1", count: 1 }];
  return { name, resourceGroup: "myResourceGroup", location, kubernetesVersion: "1.25.11", pools };
}

const scenario = scenarioWith({
  clusters: [
    cluster("one", "eastus"),
    cluster("two", "westeurope"),
    cluster("three", "eastus"),
    cluster("joining", "eastus"),
  ],
  fleets: [
    {
      name: "myFleet",
      resourceGroup: "myResourceGroup",
      location: "eastus",
      members: [
        { name: "one", cluster: "one", group: "group-1b" },
        { name: "two", cluster: "two", group: "group-2a" },
        { name: "three", cluster: "three", group: "group-2b" },
      ],
    },
  ],
});

test("every command of the document that cannot run here is listed with its request", async () => {
  const commands = commandLines(await readCommandBlocks("update-orchestration.sh"));
  const standsFor = (command: string): string | undefined =>
    STAND_INS.map((one) => one.command)
      .filter((start) => `${command} `.startsWith(`${start} `))
      .toSorted((a, b) => b.length - a.length)[0];
  const found = commands.map((command) => ({ command, standIn: standsFor(command) }));
  expect(found.filter(({ standIn }) => standIn === undefined)).toEqual([]);
  const used = new Set(found.map(({ standIn }) => standIn));
  expect(STAND_INS.filter(({ command }) => !used.has(command))).toEqual([]);
});

withPrograms(["az"], () => {
  let emulator: EmulatorProcess;
  let cli: AzureCli;
  let fleet: string;

  beforeAll(async () => {
    emulator = await startEmulatorProcess(scenario, CLOCK);
    cli = await signIn(emulator.ready);
    const group = `/subscriptions/${emulator.ready.subscription}/resourceGroups/myResourceGroup`;
    fleet = `${group}/providers/Microsoft.ContainerService/fleets/myFleet`;
    await copyFile(STAGES_FILE, join(cli.home, "example-stages.json"));
    await writeBodies(cli.home, group);
  }, TIMEOUT);
  afterAll(async () => {
    await cli?.close();
    await emulator?.stop();
  });

  /** Sends what stands in for the command of the document that begins so. */
  async function send(command: string): Promise<unknown> {
    const found = STAND_INS.find((one) => one.command.includes(command));
    if (!found?.request) throw new Error(`nothing stands in for ${command}`);
    const { method, path, body } = found.request;
    return rest(method, path, body === undefined ? undefined : `@${body}.json`);
  }

  async function rest(method: string, path: string, body?: string): Promise<unknown> {
    const withBody = body === undefined ? "" : ` --body ${body}`;
    return cli.json(`rest --method ${method} --url ${fleet}${path}?${API_VERSION}${withBody}`);
  }

  async function runWhen(name: string, states: readonly string[]): Promise<RunBody> {
    for (let poll = 0; poll < MAX_POLLS; poll++) {
      const run = (await rest("get", `/updateRuns/${name}`)) as RunBody;
      if (states.includes(run.properties.status.status.state)) return run;
      await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    }
    throw new Error(`${name} did not become ${states.join(" or ")}`);
  }

  test(
    "a run updates one cluster after the other",
    async () => {
      expect(await send("--node-image-selection Latest")).toMatchObject({
        name: "run-1",
        properties: { provisioningState: "Succeeded", status: { status: { state: "NotStarted" } } },
      });
      expect(
        await send("start --resource-group $GROUP --fleet-name $FLEET --name run-1"),
      ).toMatchObject({
        properties: { status: { status: { state: "NotStarted" } } },
      });
      const { properties } = await runWhen("run-1", ["Completed", "Failed"]);
      expect(properties.status.status.state).toBe("Completed");
      const members = membersOf(properties);
      expect(members.map(({ name }) => name)).toEqual(["one", "three", "two"]);
      for (const [index, { status }] of members.slice(1).entries()) {
        const before = Date.parse(members[index]?.status.completedTime ?? "");
        expect(Date.parse(status.startTime ?? "")).toBeGreaterThanOrEqual(before);
      }
      const shown = await cli.json("aks show -g myResourceGroup -n two");
      expect(shown).toMatchObject({
        kubernetesVersion: "1.26.0",
        agentPoolProfiles: [{ orchestratorVersion: "1.26.0" }],
      });
      expect(await rest("delete", "/updateRuns/run-1")).toBeUndefined();
    },
    TIMEOUT,
  );

  test(
    "a cluster joins a group, and a staged run waits between its stages",
    async () => {
      expect(await send("az fleet member create")).toMatchObject({
        properties: { group: "group-1a", provisioningState: "Joining" },
      });
      expect(await send("--stages example-stages.json")).toMatchObject({
        properties: { strategy: { stages: [{ name: "stage1" }, { name: "stage2" }] } },
      });
      await send("start --resource-group $GROUP --fleet-name $FLEET --name run-1");
      const { properties } = await runWhen("run-1", ["Completed", "Failed"]);
      expect(properties.status.stages).toMatchObject([
        {
          name: "stage1",
          status: { state: "Completed" },
          groups: [
            { name: "group-1a", members: [{ name: "member1", status: { state: "Completed" } }] },
            { name: "group-1b", members: [{ name: "one", status: { state: "Skipped" } }] },
            { name: "group-1c", status: { state: "Skipped" } },
          ],
          afterStageWaitStatus: { status: { state: "Completed" }, waitDurationInSeconds: 3_600 },
        },
        { name: "stage2" },
      ]);
      const [first, second] = properties.status.stages;
      const apart =
        Date.parse(second?.status.startTime ?? "") -
        Date.parse(first?.groups[0]?.status.completedTime ?? "");
      expect(apart).toBeGreaterThanOrEqual(3_600_000);
    },
    TIMEOUT,
  );

  test(
    "a run from a strategy is partly skipped, started, stopped and resumed",
    async () => {
      for (const region of ["eastus", "westeurope"]) {
        await emulator.control("POST", "/images", { region, version: NEW_IMAGE });
      }
      expect(await send("az fleet updatestrategy create")).toMatchObject({ name: "strategy-1" });
      expect(await send("--name run-5")).toMatchObject({
        properties: {
          updateStrategyId: `${fleet}/updateStrategies/strategy-1`,
          strategy: { stages: [{ name: "stage1" }, { name: "stage2" }] },
        },
      });
      expect(await send("az fleet updaterun skip")).toMatchObject({ name: "run-5" });
      await send("--name <run-name>");
      await runWhen("run-5", ["Running"]);
      expect(await send("az fleet updaterun stop")).toMatchObject({ name: "run-5" });
      await runWhen("run-5", ["Stopped"]);
      await send("--name <run-name>");
      const { properties } = await runWhen("run-5", ["Completed", "Failed"]);
      expect(properties.status.nodeImageSelection).toMatchObject({
        selectedNodeImageVersions: [{ version: NEW_IMAGE }],
      });
      expect(properties.status.stages).toMatchObject([
        { status: { state: "Completed" } },
        { status: { state: "Skipped" } },
      ]);
      const image = "--query agentPoolProfiles[0].nodeImageVersion";
      expect(await cli.json(`aks show -g myResourceGroup -n joining ${image}`)).toBe(NEW_IMAGE);
      expect(await cli.json(`aks show -g myResourceGroup -n two ${image}`)).not.toBe(NEW_IMAGE);
    },
    TIMEOUT,
  );

  test("siblings: lists, tags, groups and deletions", async () => {
    expect(await rest("get", "/updateStrategies")).toMatchObject({
      value: [{ name: "strategy-1" }],
    });
    expect(await rest("patch", "", '{"tags":{"a":"b"}}')).toMatchObject({ tags: { a: "b" } });
    const group = '{"properties":{"group":"group-9"}}';
    expect(await rest("patch", "/members/member1", group)).toMatchObject({
      properties: { group: "group-9" },
    });
    await rest("delete", "/members/member1");
    expect(await rest("get", "/members")).toMatchObject({ value: [{}, {}, {}] });
    await rest("delete", "/updateRuns/run-5");
    await rest("delete", "/updateStrategies/strategy-1");
    const gone = await cli.az(`rest --method get --url ${fleet}/updateRuns/run-5?${API_VERSION}`);
    expect(gone.code).toBe(1);
    expect(gone.stderr).toContain("ResourceNotFound");
  });
});

interface Status {
  readonly state: string;
  readonly startTime?: string;
  readonly completedTime?: string;
}

interface RunBody {
  readonly properties: {
    readonly status: {
      readonly status: Status;
      readonly nodeImageSelection?: object;
      readonly stages: readonly {
        readonly name: string;
        readonly status: Status;
        readonly groups: readonly {
          readonly name: string;
          readonly status: Status;
          readonly members?: readonly { readonly name: string; readonly status: Status }[];
        }[];
      }[];
    };
  };
}

function membersOf({ status }: RunBody["properties"]) {
  return status.stages.flatMap(({ groups }) => groups.flatMap(({ members }) => members ?? []));
}

/** Request bodies as files, which is how az takes them without a shell's quoting. */
async function writeBodies(home: string, group: string): Promise<void> {
  const provider = `${group}/providers/Microsoft.ContainerService`;
  const strategy: unknown = JSON.parse(await readFile(join(home, "example-stages.json"), "utf8"));
  const full = {
    upgrade: { type: "Full", kubernetesVersion: "1.26.0" },
    nodeImageSelection: { type: "Latest" },
  };
  const images = {
    upgrade: { type: "NodeImageOnly" },
    nodeImageSelection: { type: "Consistent" },
  };
  const bodies = {
    "one-by-one": { properties: { managedClusterUpdate: full } },
    staged: { properties: { strategy, managedClusterUpdate: full } },
    strategy: { properties: { strategy } },
    "by-strategy": {
      properties: {
        updateStrategyId: `${provider}/fleets/myFleet/updateStrategies/strategy-1`,
        managedClusterUpdate: images,
      },
    },
    member: {
      properties: { clusterResourceId: `${provider}/managedClusters/joining`, group: "group-1a" },
    },
    skip: {
      targets: [
        { type: "Group", name: "group-1b" },
        { type: "Stage", name: "stage2" },
      ],
    },
  };
  for (const [name, body] of Object.entries(bodies)) {
    await writeFile(join(home, `${name}.json`), JSON.stringify(body));
  }
}
