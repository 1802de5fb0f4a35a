import { afterEach, expect, test } from "vitest";
import { createArmClient } from "../../shared/azure/arm-client.ts";
import { connectClusters } from "../../shared/azure/kubernetes-connection.ts";
import { createDrainPort } from "../../shared/azure/kubernetes-drain.ts";
import { createRemedyPort } from "../../shared/azure/kubernetes-remedy.ts";
import { startCloudServer } from "./cloud-server.ts";
import type { Answer, CloudServer } from "./cloud-server.ts";

const CLUSTER =
  "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/quay-1";
const POD = { namespace: "harbour", name: "api-1", uid: "u1" };

let server: CloudServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** One server that is both ARM and the API server of a cluster, which gives one answer to everything. */
async function cluster(answer: Answer) {
  const cloud: CloudServer = await startCloudServer((request) =>
    request.url.includes("/listClusterUserCredential")
      ? { status: 200, body: kubeconfig(cloud) }
      : answer,
  );
  server = cloud;
  const credential = {
    getToken: async () => ({ token: "t", expiresOnTimestamp: Date.now() + 3_600_000 }),
  };
  const arm = createArmClient({ endpoint: cloud.origin, ca: cloud.ca, credential, maxRetries: 0 });
  const connect = connectClusters({ arm, credential, timeoutMs: 5_000 });
  const sent = () => cloud.requests.filter(({ url }) => !url.includes("/listCluster"));
  return { drain: createDrainPort(connect), remedies: createRemedyPort(connect), sent };
}

function kubeconfig(cloud: CloudServer) {
  const config = {
    clusters: [
      {
        name: "c",
        cluster: {
          server: cloud.origin,
          "certificate-authority-data": Buffer.from(cloud.ca).toString("base64"),
        },
      },
    ],
    users: [{ name: "u", user: { token: "t" } }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  };
  const value = Buffer.from(JSON.stringify(config)).toString("base64");
  return { kubeconfigs: [{ name: "clusterUser", value }] };
}

const refusal = (
  status: number,
  reason: string,
  message: string,
  causes: readonly string[] = [],
): Answer => ({
  status,
  body: {
    kind: "Status",
    reason,
    message,
    details: { causes: causes.map((one) => ({ message: one })) },
  },
});

test("an eviction names the very pod, and its grace period only when one is asked for", async () => {
  const { drain, sent } = await cluster({ status: 201, body: {} });
  expect(await drain.evict(CLUSTER, POD, undefined)).toEqual({ kind: "evicting" });
  await drain.evict(CLUSTER, POD, 0);
  expect(sent().map(({ method, url }) => `${method} ${url}`)).toEqual(
    Array(2).fill("POST /api/v1/namespaces/harbour/pods/api-1/eviction"),
  );
  expect(sent().map(({ body }) => JSON.parse(body).deleteOptions)).toEqual([
    { preconditions: { uid: "u1" } },
    { preconditions: { uid: "u1" }, gracePeriodSeconds: 0 },
  ]);
});

test.each([
  ["gone", refusal(404, "NotFound", "no"), { kind: "gone" }],
  ["another pod of that name", refusal(409, "Conflict", "uid"), { kind: "gone" }],
  [
    "forbidden by a budget",
    refusal(429, "TooManyRequests", "Cannot evict pod", [
      "The disruption budget api needs 3 healthy pods and has 3 currently",
    ]),
    { kind: "refused", budget: "api", message: "Cannot evict pod" },
  ],
  [
    "under two budgets",
    refusal(500, "InternalError", "This pod has more than one PodDisruptionBudget"),
    { kind: "refused", budget: undefined },
  ],
])("an eviction of a pod that is %s", async (_, answer, expected) => {
  const { drain, sent } = await cluster(answer);
  expect(await drain.evict(CLUSTER, POD, undefined)).toMatchObject(expected);
  expect(sent()).toHaveLength(1);
});

test("a refusal names the repairer's role", async () => {
  const { drain } = await cluster(refusal(403, "Forbidden", "nodes is forbidden"));
  await expect(drain.cordon(CLUSTER, "n1", "blue-green")).rejects.toMatchObject({
    code: "unauthorized",
    remedy: expect.stringContaining("Fleetwright repairer"),
  });
});

test("cordon and uncordon leave and take their own mark; a node that is gone is no error", async () => {
  const { drain, sent } = await cluster(refusal(404, "NotFound", "no"));
  await drain.cordon(CLUSTER, "n1", "blue-green");
  await drain.uncordon(CLUSTER, "n1");
  expect(sent().map(({ headers, body }) => [headers["content-type"], JSON.parse(body)])).toEqual([
    [
      "application/merge-patch+json",
      {
        metadata: { annotations: { "fleetwright.dev/cordoned-by": "blue-green" } },
        spec: { unschedulable: true },
      },
    ],
    [
      "application/merge-patch+json",
      {
        metadata: { annotations: { "fleetwright.dev/cordoned-by": null } },
        spec: { unschedulable: null },
      },
    ],
  ]);
});

test("pods tell what a drain has to know of them", async () => {
  const item = (name: string, more: object) => ({
    metadata: { name, namespace: "harbour" },
    ...more,
  });
  const { drain } = await cluster({
    status: 200,
    body: {
      items: [
        item("pending", { spec: {} }),
        item("scratch", { spec: { nodeName: "n1", volumes: [{ name: "v", emptyDir: {} }] } }),
        item("done", { spec: { nodeName: "n1" }, status: { phase: "Succeeded" } }),
        {
          metadata: {
            name: "proxy",
            namespace: "kube-system",
            annotations: { "kubernetes.io/config.mirror": "x" },
          },
          spec: { nodeName: "n1" },
        },
        {
          metadata: {
            name: "ending",
            namespace: "harbour",
            deletionTimestamp: "2026-07-10T08:00:00Z",
          },
          spec: { nodeName: "n1" },
        },
      ],
    },
  });
  const pods = await drain.readBoundPods(CLUSTER, "n1");
  const marks = pods.map(({ name, hasEmptyDir, finished, mirror, terminating }) => [
    name,
    Object.entries({ hasEmptyDir, finished, mirror, terminating })
      .filter(([, set]) => set)
      .map(([mark]) => mark),
  ]);
  expect(marks).toEqual([
    ["scratch", ["hasEmptyDir"]],
    ["done", ["finished"]],
    ["proxy", ["mirror"]],
    ["ending", ["terminating"]],
  ]);
});

test("a budget is changed only as it was read: the other limit goes, a stranger's change is a conflict", async () => {
  const { remedies, sent } = await cluster(
    refusal(409, "Conflict", "the object has been modified"),
  );
  const budget = {
    namespace: "harbour",
    name: "api",
    resourceVersion: "7",
    labels: {},
    annotations: {},
    selector: {},
    limit: { maxUnavailable: 0 },
    disruptionsAllowed: 0,
    currentHealthy: 1,
    expectedPods: 1,
  };
  const change = { limit: { minAvailable: 1 }, annotations: { note: null } };
  await expect(remedies.changeBudget(CLUSTER, budget, change)).rejects.toMatchObject({
    code: "conflict",
  });
  expect(JSON.parse(sent()[0]?.body ?? "")).toEqual({
    metadata: { resourceVersion: "7", annotations: { note: null } },
    spec: { minAvailable: 1, maxUnavailable: null },
  });
});

test("a pod is deleted with its uid in the body", async () => {
  const { remedies, sent } = await cluster({ status: 200, body: {} });
  await remedies.deletePod(CLUSTER, POD);
  expect(sent()[0]).toMatchObject({
    method: "DELETE",
    url: "/api/v1/namespaces/harbour/pods/api-1",
  });
  expect(JSON.parse(sent()[0]?.body ?? "")).toMatchObject({ preconditions: { uid: "u1" } });
});
