import { announce } from "../../shared/core/outbox.ts";
import { swept } from "../../functions/host/asked.ts";
import { renderPage } from "../../functions/status-page/page.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { detectImages } from "../../functions/host/detect-images.ts";
import { lookAtVersions } from "../../functions/host/look-at-versions.ts";
import { currentDeclarations, lookAtNodeImages } from "../../functions/host/look.ts";
import { readStatus } from "../../shared/status/status.ts";
import { startLocalApp, type LocalApp } from "./local-app.ts";

/** Images that come faster than they soak, on the emulator's wires. */
const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const AKS = `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour/providers/Microsoft.ContainerService`;
const FAMILY = "AKSUbuntu-2404gen2containerd";
const RUN = "dev-2-1a2b3c4d";

const release = (name: string, generation: number, pin: string) =>
  `apiVersion: fleetwright.dev/v1alpha1
kind: Release
metadata: {name: ${name}, generation: ${generation}}
spec:
  strategy: {name: all}
  nodeImages: {${FAMILY}: "${pin}"}
`;

let local: LocalApp;

beforeAll(async () => {
  const names = ["dev", "prod"];
  local = await startLocalApp({
    scenario: {
      subscription: SUBSCRIPTION,
      kubernetesVersions: ["1.33.5"],
      images: ["202606.16.0", "202607.09.0"].map((version) => ({
        region: "westeurope",
        version: `${FAMILY}-${version}`,
      })),
      clusters: names.map((name) => ({
        name: `quay-${name}`,
        resourceGroup: "harbour",
        location: "westeurope",
        kubernetesVersion: "1.33.5",
        pools: [
          {
            name: "system",
            mode: "System" as const,
            count: 1,
            osSku: "Ubuntu",
            nodeImageVersion: `${FAMILY}-202606.16.0`,
          },
        ],
      })),
      fleets: names.map((name) => ({
        name,
        resourceGroup: "harbour",
        location: "westeurope",
        members: [{ name: `quay-${name}`, cluster: `quay-${name}`, group: "one" }],
      })),
    },
    files: {
      "fleetwright.yaml": `apiVersion: fleetwright.dev/v1alpha1
kind: Workspace
spec:
  environments:
    - {name: dev, fleet: ${AKS}/fleets/dev, kubernetes: {propose: patch}}
    - {name: prod, fleet: ${AKS}/fleets/prod, promotesFrom: dev, nodeImage: {soak: 72h}}
`,
      "releases/dev.yaml": release("dev", 2, "202607.09.0"),
      "releases/prod.yaml": release("prod", 1, "202606.16.0"),
    },
  });
  const { fleets } = local.app;
  await fleets.createRun(`${AKS}/fleets/dev`, RUN, {
    upgradeType: "NodeImageOnly",
    nodeImageSelection: {
      type: "Custom",
      customNodeImageVersions: [`${FAMILY}-202607.09.0`],
    },
  });
  await fleets.startRun(`${AKS}/fleets/dev`, RUN);
  await local.advance("PT2H");
}, 60_000);
afterAll(() => local?.close());

const pulls = () => local.github<readonly { body: string }[]>("GET", "/pulls?state=all");

async function releaseImage(version: string): Promise<void> {
  await local.azure.control("POST", "/images", {
    region: "westeurope",
    version: `${FAMILY}-${version}`,
  });
  // What is published is of no matter here.
  await detectImages({ ...local.app, publisher: { publish: async () => {} } });
}

test("two newer images wait while the one before them soaks, and somebody can read why", async () => {
  for (const version of ["202607.16.0", "202607.23.0"]) {
    await releaseImage(version);
    await lookAtNodeImages(local.app, "now");
  }
  expect(await pulls()).toEqual([]);
  expect(local.told.at(-1)).toMatchObject({
    message: "newer node images queue behind one that soaks",
    fields: { environment: "dev", run: RUN, target: "prod" },
  });
  const status = await readStatus(local.app, await currentDeclarations(local.app));
  expect(status.environments).toMatchObject([
    { name: "dev", soaking: { run: RUN, target: "prod", until: expect.any(String) } },
    { name: "prod" },
  ]);
  expect(status.environments[1]?.soaking).toBeUndefined();
});

test("a newer Kubernetes version waits as well", async () => {
  await local.azure.control("POST", "/kubernetes-versions", { version: "1.33.7" });
  await lookAtVersions(local.app, "now");
  expect(await pulls()).toEqual([]);
  expect(local.told).toContainEqual(
    expect.objectContaining({
      message: "Kubernetes versions looked at",
      fields: { environment: "dev", verdict: "queue", version: "1.33.7" },
    }),
  );
});

test("a message that the webhook does not take is shown with its environment", async () => {
  const refuse = async () => ({ delivered: false, reason: "the webhook answers 500" }) as const;
  const app = { ...local.app, notifier: { send: refuse } };
  const at = "2026-07-10T09:00:00Z";
  await announce(app, [{ environment: "dev", key: "k", text: "canary is done", at }]);
  await swept(app);
  const status = await readStatus(app, await currentDeclarations(app));
  const shown = [{ text: "canary is done", tries: 1, reason: "the webhook answers 500" }];
  expect(status.environments[0]?.untold).toMatchObject(shown);
  expect(status.environments[1]?.untold).toBeUndefined();
  expect(renderPage(status)).toContain("canary is done");
});

test("once its soak is over, one pull request proposes the newest of them", async () => {
  await local.advance("P3D");
  await lookAtNodeImages(local.app, "now");
  await lookAtNodeImages(local.app, "now");
  const found = await pulls();
  expect(found).toHaveLength(1);
  expect(found[0]?.body).toContain("202607.23.0");
  expect(found[0]?.body).not.toContain("202607.16.0");
});

test("and so is the newest Kubernetes version, in a pull request of its own", async () => {
  await lookAtVersions(local.app, "now");
  const found = await pulls();
  expect(found).toHaveLength(2);
  expect(found.map(({ body }) => body).join()).toContain(
    "can move from Kubernetes 1.33.5 to 1.33.7",
  );
});
