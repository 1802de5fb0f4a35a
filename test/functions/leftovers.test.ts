import { afterAll, beforeAll, expect, test } from "vitest";
import { nodePoolRolled } from "../../functions/host/asked.ts";
import { lookAtLeftovers } from "../../functions/host/look-at-leftovers.ts";
import { sendMessages, type Notifier } from "../../shared/core/outbox.ts";
import { startLocalApp, type LocalApp } from "./local-app.ts";

/** An upgrade that nobody declared left a quarantined node: no run knows of it, and it is told all the same. */
const FAMILY = "AKSUbuntu-2204gen2containerd";
const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour/providers/Microsoft.ContainerService`;
const CLUSTER = `${GROUP}/managedClusters/quay-1`;
const POOL = `${CLUSTER}/agentPools/system`;

let local: LocalApp;

beforeAll(async () => {
  local = await startLocalApp({
    scenario: {
      subscription: SUBSCRIPTION,
      images: ["202606.16.0", "202607.09.0"].map((version) => ({
        region: "westeurope",
        version: `${FAMILY}-${version}`,
      })),
      clusters: [
        {
          name: "quay-1",
          resourceGroup: "harbour",
          location: "westeurope",
          pools: [
            {
              name: "system",
              mode: "System",
              count: 2,
              osSku: "Ubuntu",
              nodeImageVersion: `${FAMILY}-202606.16.0`,
              upgradeSettings: {
                undrainableNodeBehavior: "Cordon",
                maxSurge: "2",
                drainTimeoutInMinutes: 5,
              },
            },
          ],
          workloads: [{ name: "tide", namespace: "harbour", replicas: 2 }],
          budgets: [
            { name: "tide", namespace: "harbour", selector: { app: "tide" }, minAvailable: 2 },
          ],
        },
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
    files: {
      "fleetwright.yaml": `apiVersion: fleetwright.dev/v1alpha1
kind: Workspace
spec:
  environments:
    - {name: prod, fleet: ${GROUP}/fleets/harbour}
`,
    },
  });
}, 60_000);
afterAll(() => local?.close());

const issues = () =>
  local.github<readonly { title: string; body: string; state: string }[]>(
    "GET",
    "/issues?state=all",
  );

test("nothing is told of a cluster without leftovers", async () => {
  await lookAtLeftovers(local.app);
  expect(await issues()).toEqual([]);
});

test("a node that an upgrade by hand left behind becomes one issue with cause, capacity and remedies", async () => {
  await local.azure.call(`${POOL}/upgradeNodeImageVersion?api-version=2026-04-01`, {
    method: "POST",
  });
  await local.advance("PT6H");
  await local.app.fleets.listMembers(`${GROUP}/fleets/harbour`);
  const event = {
    id: "1",
    type: "Microsoft.ContainerService.NodePoolRollingFailed",
    source: CLUSTER,
    subject: "quay-1",
    data: { nodePoolName: "system" },
  };
  const messages: string[] = [];
  const notifier: Notifier = {
    async send({ text }) {
      messages.push(text);
      return { delivered: true };
    },
  };
  const app = { ...local.app, notifier };
  await nodePoolRolled(app, event);
  await nodePoolRolled(app, event);
  await lookAtLeftovers(app);
  await sendMessages(app);
  await sendMessages(app);
  // No run knows of the node, and the chat is told all the same, once.
  expect(messages).toEqual([
    expect.stringMatching(/^prod: node \S+ and 1 more are quarantined \(pdb:harbour\/tide\): http/),
  ]);
  const [issue, ...others] = await issues();
  expect(others).toEqual([]);
  expect(issue?.title).toBe(
    "prod: pod disruption budget harbour/tide keeps nodes from being upgraded",
  );
  expect(issue?.body).toMatch(
    /Pod `harbour\/tide-[^`]+` of `Deployment\/tide` may not be evicted: `harbour\/tide` allows 0 disruptions\./,
  );
  expect(issue?.body).toMatch(/\d nodes took pods then, 2 are wanted/);
  // The budget is put back as it was.
  expect(issue?.body).toContain(
    `patch pdb tide --type merge --patch '{"spec":{"minAvailable":2,"maxUnavailable":null}}'`,
  );
});

test("the issue closes with proof once the node is freed and the pool is whole", async () => {
  const nodes = await local.app.nodes.readNodes(CLUSTER);
  const held = nodes.visible ? nodes.nodes.filter(({ quarantined }) => quarantined) : [];
  expect(held.length).toBeGreaterThan(0);
  const cluster = local.azure.environment.world.clusters.get(CLUSTER.toLowerCase());
  cluster?.putBudget({
    namespace: "harbour",
    name: "tide",
    selector: { app: "tide" },
    maxUnavailable: 1,
  });
  for (const { name } of held) cluster?.patchNode(name, { labels: {} });
  await lookAtLeftovers(local.app, CLUSTER);
  expect((await issues())[0]).toMatchObject({ state: "open" });
  await local.azure.call(`${POOL}/upgradeNodeImageVersion?api-version=2026-04-01`, {
    method: "POST",
  });
  await local.advance("PT6H");
  await lookAtLeftovers(local.app, CLUSTER);
  expect((await issues())[0]).toMatchObject({ state: "closed" });
});
