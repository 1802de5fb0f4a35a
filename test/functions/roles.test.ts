import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { App } from "../../functions/host/compose.ts";
import { FleetwrightError } from "../../shared/core/errors.ts";
import type { NewSnapshot } from "../../shared/snapshot/ports.ts";
import { startLocalApp, type LocalApp } from "./local-app.ts";

/** The functions' ports under exactly the shipped role, and with one permission less. */
const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour`;
const AKS = `${GROUP}/providers/Microsoft.ContainerService`;
const FLEET = `${AKS}/fleets/harbour`;
const CLUSTER = `${AKS}/managedClusters/quay-1`;
const POOL = `${CLUSTER}/agentPools/system`;
const FAMILY = "AKSUbuntu-2404gen2containerd";
const scope = `/subscriptions/${SUBSCRIPTION}`;

const { Actions, DataActions } = JSON.parse(
  readFileSync("infra/roles/reactor.json", "utf8"),
) as Record<"Actions" | "DataActions", string[]>;
const permissions = [...Actions, ...DataActions];

/** What the functions cannot do without each permission; every way ends with what was refused. */
const USES: Readonly<Record<string, (app: App) => Promise<unknown>>> = {
  "fleets/members/read": (app) => app.fleets.listMembers(FLEET),
  "fleets/updateRuns/read": (app) => app.fleets.listRuns(FLEET),
  "fleets/gates/read": (app) => app.fleets.listGates(FLEET),
  "fleets/gates/write": async (app) => {
    const [gate] = await app.fleets.listGates(FLEET);
    return app.fleets.approveGate(gate?.id ?? "", gate?.etag ?? "");
  },
  "locations/kubernetesVersions/read": (app) =>
    app.versions?.supportedVersions(SUBSCRIPTION, "westeurope") ?? Promise.resolve(),
  "managedClusters/read": (app) => app.inventory.listClusters(SUBSCRIPTION),
  "managedClusters/agentPools/upgradeProfiles/read": (app) => app.inventory.latestNodeImage(POOL),
  "managedClusters/listClusterUserCredential/action": (app) => seen(app),
  "snapshots/read": (app) => app.snapshots.listSnapshots(SUBSCRIPTION),
  "snapshots/write": (app) => app.snapshots.createSnapshot(snapshot("refused")),
  "managedClusters/nodes/read": (app) => seen(app),
  "managedClusters/pods/read": (app) => app.nodes.readPods(CLUSTER, "aks-system-1"),
  "managedClusters/policy/poddisruptionbudgets/read": (app) =>
    app.nodes.readBudgets(CLUSTER, "harbour"),
  "managedClusters/apps/deployments/read": workloads,
  "managedClusters/apps/statefulsets/read": workloads,
  "managedClusters/apps/daemonsets/read": workloads,
};

/** Used where this test cannot take them away. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  "managedClusters/agentPools/read": "ARM asks for it on the source of a snapshot (linked access)",
  "Microsoft.EventGrid/events/send/action": "test/azure/event-publisher.test.ts",
};

function snapshot(name: string): NewSnapshot {
  return { id: `${AKS}/snapshots/${name}`, location: "westeurope", sourcePool: POOL, tags: {} };
}

/** Nodes that cannot be seen are an answer, which gives the reason. */
async function seen(app: App): Promise<void> {
  const nodes = await app.nodes.readNodes(CLUSTER);
  if (!nodes.visible) throw new Error(nodes.reason);
}

async function workloads(app: App): Promise<void> {
  const found = await app.workloads?.readWorkloads(CLUSTER, ["harbour"]);
  if (found && !found.visible) throw new Error(found.reason);
}

const short = (permission: string): string => permission.replace("Microsoft.ContainerService/", "");
const principal = (name: string, actions: readonly string[], index: number) => ({
  name,
  clientId: `99999999-0000-0000-0000-${String(index).padStart(12, "0")}`,
  roles: [{ actions: [...actions], scope }],
});

let local: LocalApp;

beforeAll(async () => {
  local = await startLocalApp({
    scenario: {
      subscription: SUBSCRIPTION,
      images: [{ region: "westeurope", version: `${FAMILY}-202606.16.0` }],
      clusters: [
        {
          name: "quay-1",
          resourceGroup: "harbour",
          location: "westeurope",
          pools: [{ name: "system", mode: "System" as const, count: 1, osSku: "Ubuntu" }],
          workloads: [{ name: "tide", namespace: "harbour", replicas: 1 }],
        },
      ],
      principals: [
        principal("reactor", permissions, 0),
        ...permissions.map((without, index) =>
          principal(
            `without ${short(without)}`,
            permissions.filter((one) => one !== without),
            index + 1,
          ),
        ),
      ],
      fleets: [
        {
          name: "harbour",
          resourceGroup: "harbour",
          location: "westeurope",
          members: [{ name: "quay-1", cluster: "quay-1", group: "one" }],
        },
      ],
    },
    files: { "README.md": "# Harbour\n" },
    principal: "reactor",
  });
  const owner = local.as("owner");
  await owner.fleets.createRun(FLEET, "run-1", {
    stages: [
      {
        name: "one",
        groups: [{ name: "one", beforeGates: [], afterGates: [] }],
        beforeGates: [{ displayName: "ours", type: "Approval" }],
        afterGates: [],
      },
    ],
    upgradeType: "NodeImageOnly",
    nodeImageSelection: { type: "Latest" },
  });
  await owner.fleets.startRun(FLEET, "run-1");
  await local.advance("PT1M");
}, 60_000);
afterAll(() => local?.close());

test("every permission of the reactor has a use", () => {
  const used = [...Object.keys(USES), ...Object.keys(ELSEWHERE)];
  expect(used.toSorted()).toEqual(permissions.map(short).toSorted());
});

describe("without", () => {
  test.each(Object.entries(USES))("%s, what needs it is refused by name", async (name, use) => {
    const refused = await use(local.as(`without ${name}`)).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(String(refused)).toContain(name);
    if (refused instanceof FleetwrightError) expect(refused.code).toBe("unauthorized");
  });
});

test("with all of them, nothing is refused", async () => {
  for (const [name, use] of Object.entries(USES)) {
    await use(local.app).catch((error: unknown) => {
      throw new Error(`${name} does not do`, { cause: error });
    });
  }
});
