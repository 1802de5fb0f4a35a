import { afterAll, beforeAll, expect, test } from "vitest";
import { nodePoolRolled, swept } from "../../functions/host/asked.ts";
import { detectImages } from "../../functions/host/detect-images.ts";
import { readImages } from "../../shared/promotion/lookout.ts";
import { startLocalApp, type LocalApp } from "./local-app.ts";

/** The fleet of dev is gone; prod, which is declared after it, is looked at all the same. */
const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const AKS = `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour/providers/Microsoft.ContainerService`;
const CLUSTER = `${AKS}/managedClusters/quay-1`;
const FAMILY = "AKSUbuntu-2404gen2containerd";

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
        },
      ],
      fleets: [
        {
          name: "prod",
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
    - {name: dev, fleet: ${AKS}/fleets/dev}
    - {name: prod, fleet: ${AKS}/fleets/prod}
`,
      "releases/dev.yaml": release("dev"),
      "releases/prod.yaml": release("prod"),
    },
  });
}, 60_000);
afterAll(() => local?.close());

function release(name: string): string {
  return `apiVersion: fleetwright.dev/v1alpha1
kind: Release
metadata: {name: ${name}, generation: 1}
spec:
  strategy: {name: all}
  nodeImages: {${FAMILY}: "202606.16.0"}
`;
}

const rowOf = (partition: string) => local.app.store.get(partition, "prod");
const failures = () => local.told.filter(({ message }) => message === "a look failed");

test("the sweep looks at what it can, and fails in the end with what is wrong and what to do", async () => {
  await expect(swept(local.app)).rejects.toThrow(/fleets\/dev does not exist/);
  // Each writes its row when it has looked at prod.
  expect(await rowOf("leftovers")).toBeDefined();
  expect(await rowOf("proposals")).toBeDefined();
  expect(failures()[0]).toMatchObject({
    level: "error",
    fields: {
      at: "dev",
      code: "not-found",
      why: expect.stringContaining("fleets/dev"),
      remedy: expect.stringContaining("Fleetwright reactor"),
    },
  });
});

test("an event of prod's cluster is answered, though nobody can say what dev has", async () => {
  const type = "Microsoft.ContainerService.NodePoolRollingSucceeded";
  await expect(nodePoolRolled(local.app, { type, source: CLUSTER })).resolves.toBeUndefined();
  const other = `${AKS}/managedClusters/of-dev`;
  await expect(nodePoolRolled(local.app, { type, source: other })).rejects.toThrow(/fleets\/dev/);
});

test("images are noticed where prod runs", async () => {
  await detectImages({ ...local.app, publisher: { publish: async () => {} } });
  expect((await readImages(local.app.store)).map(({ row }) => row)).toEqual([
    `westeurope:${FAMILY}-202606.16.0`,
  ]);
});
