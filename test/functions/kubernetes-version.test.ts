import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { kubernetesVersionChanged } from "../../functions/host/asked.ts";
import { lookAtVersions } from "../../functions/host/look-at-versions.ts";
import { findVersion } from "../../shared/promotion/kubernetes-version.ts";
import { startLocalApp, type LocalApp } from "./local-app.ts";

const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour/providers/Microsoft.ContainerService`;
const FAMILY = "AKSUbuntu-2204gen2containerd";

describe("the version to move to", () => {
  const regions = [
    ["1.32.7", "1.32.9", "1.33.5", "1.34.1"],
    ["1.32.7", "1.32.9", "1.33.5", "1.33.7"],
  ];
  test.each([
    ["1.32.7", "patch", { version: "1.32.9", kind: "propose" }],
    ["1.32.7", "minor", { version: "1.33.5", kind: "propose" }],
    ["1.32.9", "patch", { version: "1.33.5", kind: "tell" }],
    ["1.32.7", "manual", { version: "1.33.5", kind: "tell" }],
    // One region has 1.33.7 and the other 1.34.1: neither is everywhere.
    ["1.33.5", "minor", undefined],
  ] as const)("from %s with %s", (current, mode, expected) => {
    expect(findVersion(current, regions, mode)).toEqual(expected);
  });
});

const workspace = `apiVersion: fleetwright.dev/v1alpha1
kind: Workspace
spec:
  environments:
    - {name: dev, fleet: ${GROUP}/fleets/harbour, kubernetes: {propose: minor}}
    - {name: bay, fleet: ${GROUP}/fleets/bay}
`;
const release = (name: string) => `apiVersion: fleetwright.dev/v1alpha1
kind: Release
metadata: {name: ${name}, generation: 1}
spec:
  strategy: {name: one}
  kubernetesVersion: "1.32.7" # as it is today
  nodeImages: {${FAMILY}: "202606.16.0"}
`;

let local: LocalApp;

beforeAll(async () => {
  local = await startLocalApp({
    scenario: {
      subscription: SUBSCRIPTION,
      kubernetesVersions: ["1.32.7"],
      images: [{ region: "westeurope", version: `${FAMILY}-202606.16.0` }],
      clusters: ["quay-1", "bay-1"].map((name) => ({
        name,
        resourceGroup: "harbour",
        location: "westeurope",
        kubernetesVersion: "1.32.7",
        pools: [{ name: "system", mode: "System" as const, count: 1, osSku: "Ubuntu" }],
      })),
      fleets: [
        { name: "harbour", cluster: "quay-1" },
        { name: "bay", cluster: "bay-1" },
      ].map(({ name, cluster }) => ({
        name,
        resourceGroup: "harbour",
        location: "westeurope",
        members: [{ name: cluster, cluster, group: "one" }],
      })),
    },
    files: {
      "fleetwright.yaml": workspace,
      "releases/dev.yaml": release("dev"),
      "releases/bay.yaml": release("bay"),
    },
  });
}, 60_000);
afterAll(() => local?.close());

const event = (type: string, cluster: string, data: object) => ({
  id: `${type}-${cluster}`,
  type: `Microsoft.ContainerService.${type}`,
  source: `${GROUP}/managedClusters/${cluster}`,
  subject: cluster,
  data,
});
const available = (cluster: string) => event("NewKubernetesVersionAvailable", cluster, {});
const support = (cluster: string, state: string) =>
  event(`ClusterSupport${state}`, cluster, { kubernetesVersion: "1.32" });

interface Titled {
  readonly title: string;
  readonly state: string;
  readonly number: number;
  readonly pull_request?: object;
}
const pulls = () => local.github<readonly Titled[]>("GET", "/pulls?state=all");
const issues = async () =>
  (await local.github<readonly Titled[]>("GET", "/issues?state=all")).filter(
    (issue) => !issue.pull_request,
  );
const writes = async () => {
  const { entries } = (await local.azure.control("GET", "/audit")) as {
    entries: readonly { operation: string }[];
  };
  return entries.length;
};

describe("on-kubernetes-version", () => {
  beforeEach(() => expect(local).toBeDefined());

  test("does nothing while there is nothing newer", async () => {
    await kubernetesVersionChanged(local.app, available("quay-1"));
    expect([await pulls(), await issues()]).toEqual([[], []]);
  });

  test("proposes a version once to who wants one, and tells it once to who does not", async () => {
    await local.azure.control("POST", "/kubernetes-versions", { version: "1.33.5" });
    for (let times = 0; times < 3; times++) {
      await kubernetesVersionChanged(local.app, available("quay-1"));
    }
    expect((await pulls()).map(({ title }) => title)).toEqual(["dev: Kubernetes 1.33.5"]);
    expect((await issues()).map(({ title }) => title)).toEqual([
      "bay: Kubernetes 1.33.5 is available",
    ]);
    const file = await local.github<{ content: string }>(
      "GET",
      `/contents/releases/dev.yaml?ref=${encodeURIComponent("fleetwright/dev/kubernetes")}`,
    );
    const text = Buffer.from(file.content, "base64").toString();
    expect(text).toContain('kubernetesVersion: "1.33.5" # as it is today');
    expect(text).toContain("upgradeType: Full");
    expect(text).toContain("generation: 2");
  });

  test("takes a newer version into the same pull request and the same issue", async () => {
    await local.azure.control("POST", "/kubernetes-versions", { version: "1.33.7" });
    await kubernetesVersionChanged(local.app, available("bay-1"));
    expect((await pulls()).map(({ title }) => title)).toEqual(["dev: Kubernetes 1.33.7"]);
    expect((await issues()).map(({ title }) => title)).toEqual([
      "bay: Kubernetes 1.33.7 is available",
    ]);
  });

  test("warns once that support ends, and says when it has ended", async () => {
    await kubernetesVersionChanged(local.app, support("quay-1", "Ending"));
    await kubernetesVersionChanged(local.app, support("quay-1", "Ending"));
    const titles = async () => (await issues()).map(({ title }) => title);
    expect(await titles()).toContain("dev: Kubernetes 1.32 soon loses support");
    await kubernetesVersionChanged(local.app, support("quay-1", "Ended"));
    // Event Grid keeps no order: a late one takes nothing back.
    await kubernetesVersionChanged(local.app, support("quay-1", "Ending"));
    expect(await titles()).toContain("dev: Kubernetes 1.32 is out of support");
    expect(await titles()).toHaveLength(2);
  });

  test.each([
    ["a cluster of nobody", support("elsewhere", "Ended")],
    ["a version that is none", event("ClusterSupportEnded", "bay-1", { kubernetesVersion: "<b>" })],
    ["another type", event("NodePoolRollingFailed", "bay-1", {})],
    ["more than an event holds", { ...support("bay-1", "Ended"), extra: "x".repeat(70_000) }],
  ])("%s changes nothing", async (_case, foreign) => {
    const before = [await pulls(), await issues()];
    await kubernetesVersionChanged(local.app, foreign);
    expect([await pulls(), await issues()]).toEqual(before);
    const rows = await local.app.store.list<{ cluster: string }>("support");
    expect(rows).toHaveLength(1);
  });

  test("the sweep looks once an hour, and closes a warning when nobody runs the version any more", async () => {
    const calls = await writes();
    await lookAtVersions(local.app, "when-due");
    expect(await writes()).toBe(calls);
    await local.azure.call(`${GROUP}/managedClusters/quay-1?api-version=2026-04-01`, {
      method: "PUT",
      body: { location: "westeurope", properties: { kubernetesVersion: "1.33.7" } },
    });
    await local.advance("PT3H");
    await local.app.fleets.listMembers(`${GROUP}/fleets/harbour`);
    await lookAtVersions(local.app, "when-due");
    const warning = (await issues()).find(({ title }) => title.startsWith("dev:"));
    expect(warning?.state).toBe("closed");
  });

  test("warns of a version that its region has withdrawn, though the event was lost, and of no newer one", async () => {
    const warnings = async () =>
      (await issues()).filter(({ title, state }) => title.endsWith("support") && state === "open");
    const look = (...offered: readonly string[]) =>
      lookAtVersions({ ...local.app, versions: { supportedVersions: async () => offered } }, "now");
    await look();
    // A preview is offered nowhere.
    await look("1.31.11");
    expect(await warnings()).toEqual([]);
    await look("1.34.1", "1.33.7");
    await look("1.34.1", "1.33.7");
    expect((await warnings()).map(({ title }) => title)).toEqual([
      "bay: Kubernetes 1.32 is out of support",
    ]);
    // Whatever Azure offers later: what was told is not taken back while the cluster runs it.
    await look("1.32.9");
    expect(await warnings()).toHaveLength(1);
  });
});
