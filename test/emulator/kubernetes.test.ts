import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Principal } from "../../emulator/service.ts";
import { QUARANTINED, UPGRADE_STATUS_LABEL } from "../../shared/core/kubernetes-labels.ts";
import { HOUR, MINUTE } from "../../shared/core/duration.ts";
import type { Cluster, World } from "../../shared/simulator/model.ts";
import { KubernetesClient } from "./kubernetes-client.ts";
import type { Body } from "./kubernetes-client.ts";
import { clusterId, startKubernetesServer } from "./kubernetes-server.ts";
import type { KubernetesServer } from "./kubernetes-server.ts";
import { NEW_IMAGE, OLD_IMAGE, quayWorld } from "./kubernetes-world.ts";

const READER: Principal = {
  objectId: "aaaaaaaa-0000-4000-8000-000000000001",
  clientId: "aaaaaaaa-0000-4000-8000-000000000002",
  name: "node-reader",
  grants: [
    {
      actions: ["Microsoft.ContainerService/managedClusters/nodes/read"],
      scope: clusterId("quay"),
    },
  ],
};
const EVICTOR: Principal = {
  ...READER,
  name: "evictor",
  grants: [
    {
      actions: ["Microsoft.ContainerService/managedClusters/pods/eviction/action"],
      scope: "/subscriptions",
    },
  ],
};

const MERGE = "application/merge-patch+json";
const STRATEGIC = "application/strategic-merge-patch+json";
const JSON_PATCH = "application/json-patch+json";
const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
const BUDGETS = "/apis/policy/v1/namespaces/dock/poddisruptionbudgets";

let world: World;
let quay: Cluster;
let server: KubernetesServer;
let api: KubernetesClient;

beforeEach(async () => {
  ({ world, quay } = quayWorld());
  server = await startKubernetesServer(world, { principals: [READER, EVICTOR] });
  api = new KubernetesClient(server, "quay");
});

afterEach(() => server.close());

function nodeName(index = 0): string {
  return [...quay.nodes.keys()].toSorted()[index] ?? "";
}

function podsOf(app: string): string[] {
  const pods = [...quay.pods.values()].filter(({ labels }) => labels.app === app);
  return pods.map(({ name }) => name);
}

function names(body: Body): string[] {
  return body.items.map(({ metadata }) => metadata.name);
}

async function evict(pod: string, body: object = {}, token?: string) {
  return api.call("POST", `/api/v1/namespaces/dock/pods/${pod}/eviction`, {
    body: { kind: "Eviction", apiVersion: "policy/v1", metadata: { name: pod }, ...body },
    ...(token !== undefined && { token }),
  });
}

describe("who may do what", () => {
  test.each([
    { name: "no token", token: "" },
    { name: "a made-up token", token: "made-up" },
  ])("$name is a 401 Status", async ({ token }) => {
    const { status, body } = await api.get("/api/v1/nodes", { token });
    expect(status).toBe(401);
    expect(body).toMatchObject({ kind: "Status", reason: "Unauthorized", code: 401 });
  });

  test("the administrator's token of one cluster opens no other", async () => {
    const { status } = await api.get("/api/v1/nodes", { token: server.adminToken("pier") });
    expect(status).toBe(401);
  });

  test("a principal may do what its data actions say, and a 403 names the missing one", async () => {
    const token = READER.name;
    expect((await api.get("/api/v1/nodes", { token })).status).toBe(200);
    const watch = await api.watch("/api/v1/nodes?watch=1", { token });
    expect(await watch.take(3)).toHaveLength(3);
    watch.close();
    const pods = await api.get("/api/v1/pods", { token });
    expect(pods).toMatchObject({ status: 403, body: { kind: "Status", reason: "Forbidden" } });
    expect(pods.body.message).toContain("Microsoft.ContainerService/managedClusters/pods/read");
    const budgets = await api.call("DELETE", `${BUDGETS}/ledger`, { token });
    expect(budgets.body.message).toContain("managedClusters/policy/poddisruptionbudgets/delete");
    const node = await api.call("PATCH", `/api/v1/nodes/${nodeName()}`, {
      token,
      type: MERGE,
      body: { spec: { unschedulable: true } },
    });
    expect(node.body.message).toContain("managedClusters/nodes/write");
    expect(quay.nodes.get(nodeName())?.unschedulable).toBe(false);
  });

  test("an eviction needs an action of its own", async () => {
    const [pod = ""] = podsOf("ledger");
    expect((await evict(pod, {}, READER.name)).body.message).toContain("pods/eviction/action");
    expect((await evict(pod, {}, EVICTOR.name)).status).toBe(429);
  });

  test.each([
    { verb: "list", resource: "nodes", allowed: true },
    { verb: "delete", resource: "nodes", allowed: false },
  ])("an access review says $allowed to $verb $resource", async ({ verb, resource, allowed }) => {
    const { status, body } = await api.call(
      "POST",
      "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
      { token: READER.name, body: { spec: { resourceAttributes: { verb, resource } } } },
    );
    expect(status).toBe(201);
    expect(body.status.allowed).toBe(allowed);
  });

  test("the version is public, as on a real cluster", async () => {
    const { status, body } = await api.get("/version", { token: "" });
    expect(status).toBe(200);
    expect(body).toMatchObject({ major: "1", minor: "33", gitVersion: "v1.33.5" });
  });

  test("every write is audited with its caller", async () => {
    const [pod = ""] = podsOf("ledger");
    await evict(pod, {}, EVICTOR.name);
    expect(server.audit.entries.at(-1)).toMatchObject({
      service: "kubernetes",
      operation: "CREATE pods/eviction",
      status: 429,
      principal: EVICTOR.objectId,
    });
    await api.get("/api/v1/nodes");
    expect(server.audit.counts("kubernetes").byOperation["LIST nodes"]).toBe(1);
  });
});

describe("what is not there", () => {
  test("another cluster", async () => {
    const { status, body } = await new KubernetesClient(server, "pier").get("/api/v1/nodes");
    expect(status).toBe(404);
    expect(body.kind).toBe("Status");
  });

  test("the API server of a stopped cluster", async () => {
    quay.stop();
    server.clock.advance(HOUR);
    expect((await api.get("/api/v1/nodes")).status).toBe(503);
  });

  test("the path is matched without case, as ARM ids are", async () => {
    const path = new URL(server.address("QUAY")).pathname.replace("/harbour/", "/Harbour/");
    const request = { method: "GET", path: `${path}/version`, query: new Map(), headers: {} };
    const { createKubernetesService } = await import("../../emulator/kubernetes/service.ts");
    const service = createKubernetesService(server.environment);
    const { signal } = new AbortController();
    const reply = await service.handle({ ...request, body: Buffer.alloc(0), signal });
    expect(reply?.status).toBe(200);
  });

  test.each([
    { name: "an unknown resource", method: "GET", path: "/api/v1/secretsantas", status: 404 },
    { name: "an unknown group", method: "GET", path: "/apis/nothing.k8s.io/v1", status: 404 },
    { name: "an unknown node", method: "GET", path: "/api/v1/nodes/nope", status: 404 },
    { name: "deleting all namespaces", method: "DELETE", path: "/api/v1/namespaces", status: 405 },
    { name: "an unknown method", method: "PROPFIND", path: "/api/v1/nodes", status: 405 },
    {
      name: "an unknown field",
      method: "GET",
      path: "/api/v1/pods?fieldSelector=spec.colour%3Dred",
      status: 400,
    },
    {
      name: "a broken label selector",
      method: "GET",
      path: "/api/v1/pods?labelSelector=a%20in%20b",
      status: 400,
    },
    {
      name: "a foreign continue token",
      method: "GET",
      path: "/api/v1/pods?limit=1&continue=x",
      status: 410,
    },
    {
      name: "a watch from a word",
      method: "GET",
      path: "/api/v1/pods?watch=true&resourceVersion=now",
      status: 400,
    },
  ])("$name is answered by a Status", async ({ method, path, status }) => {
    const answer = await api.call(method, path);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ kind: "Status", status: "Failure", code: status });
  });

  test.each([
    { name: "broken JSON", type: "application/json", body: "{", status: 400 },
    { name: "a list", type: "application/json", body: "[]", status: 400 },
    { name: "another kind", type: "application/json", body: { kind: "Pod" }, status: 400 },
    { name: "a form", type: "text/plain", body: "a=b", status: 415 },
    {
      name: "broken protobuf",
      type: "application/vnd.kubernetes.protobuf",
      body: Buffer.from("k8s\0\xff\xff"),
      status: 400,
    },
    {
      name: "something else called protobuf",
      type: "application/vnd.kubernetes.protobuf",
      body: "{}",
      status: 400,
    },
    { name: "no name", type: "application/json", body: { spec: {} }, status: 422 },
  ])("a body that is $name is answered by a Status", async ({ type, body, status }) => {
    const answer = await api.call("POST", BUDGETS, { type, body });
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ kind: "Status", code: status });
  });

  test("a client that takes no JSON is told so", async () => {
    const { status } = await api.get("/api/v1/nodes", { accept: "application/cbor" });
    expect(status).toBe(406);
  });
});

describe("discovery", () => {
  test("the plain form offers eviction by policy/v1: without it kubectl drain deletes pods", async () => {
    const { body } = await api.get("/api/v1");
    expect(body.resources).toContainEqual({
      name: "pods/eviction",
      singularName: "",
      namespaced: true,
      group: "policy",
      version: "v1",
      kind: "Eviction",
      verbs: ["create"],
    });
  });

  test.each(["v2", "v2beta1"])("the aggregated form %s is offered", async (version) => {
    const media = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
    const { headers, body } = await api.get("/apis", { accept: `${media},application/json` });
    expect(headers["content-type"]).toBe(media);
    expect(body.apiVersion).toBe(`apidiscovery.k8s.io/${version}`);
    const names = body.items.map(({ metadata }) => metadata.name);
    expect(names.slice(0, 3)).toEqual(["apps", "events.k8s.io", "policy"]);
    expect(new Set(names).size).toBe(names.length);
  });

  test("groups, versions and the OpenAPI index name what is served", async () => {
    expect((await api.get("/apis/policy")).body).toMatchObject({
      kind: "APIGroup",
      name: "policy",
    });
    const list = await api.get("/apis/apps/v1");
    expect(list.body).toMatchObject({ kind: "APIResourceList", groupVersion: "apps/v1" });
    const index = await api.get("/openapi/v3");
    expect(Object.keys(index.body.paths as object)).toContain("apis/policy/v1");
    expect((await api.get("/openapi/v3/apis/policy/v1")).body.openapi).toBe("3.0.0");
    expect((await api.get("/openapi/v2")).body.swagger).toBe("2.0");
  });
});

describe("reading", () => {
  test("a node carries what AKS writes on it", async () => {
    const { body } = await api.get(`/api/v1/nodes/${nodeName()}`);
    expect(body.metadata.labels).toMatchObject({
      agentpool: "workers",
      "kubernetes.azure.com/agentpool": "workers",
      "kubernetes.azure.com/mode": "system",
      "kubernetes.azure.com/node-image-version": OLD_IMAGE,
      "kubernetes.io/hostname": nodeName(),
      "kubernetes.io/os": "linux",
      "kubernetes.io/arch": "amd64",
      "topology.kubernetes.io/region": "westeurope",
      team: "harbour",
    });
    expect(body.status).toMatchObject({
      nodeInfo: { kubeletVersion: "v1.33.5" },
      capacity: { cpu: "4", pods: "110" },
    });
    expect(readyStatus(body)).toBe("True");
  });

  test("selectors of all forms narrow a list", async () => {
    const count = async (query: string): Promise<number> =>
      (await api.get(`/api/v1/pods?${query}`)).body.items.length;
    expect(await count("labelSelector=app%3Dcrane")).toBe(4);
    expect(await count("labelSelector=app%20in%20(crane,ledger)")).toBe(6);
    expect(await count("labelSelector=app%20notin%20(crane,ledger)")).toBe(3);
    expect(await count("labelSelector=app,!pod-template-generation")).toBe(6);
    expect(await count("labelSelector=app!%3Dcrane&fieldSelector=metadata.namespace%3Ddock")).toBe(
      2,
    );
    expect(await count(`fieldSelector=spec.nodeName%3D%3D${nodeName()}`)).toBe(
      [...quay.pods.values()].filter(({ node }) => node === nodeName()).length,
    );
    expect(await count("fieldSelector=status.phase!%3DRunning")).toBe(0);
    expect((await api.get("/api/v1/namespaces/dock/pods")).body.items).toHaveLength(2);
  });

  test("pages are complete, in order and of one version", async () => {
    const pages: Body[] = [];
    let token: string | undefined = "";
    while (token !== undefined) {
      const next: Body = (await api.get(`/api/v1/pods?limit=4&continue=${token}`)).body;
      pages.push(next);
      token = next.metadata.continue;
    }
    expect(pages.map(({ items }) => items.length)).toEqual([4, 4, 1]);
    expect(pages.map(({ metadata }) => metadata.remainingItemCount)).toEqual([5, 1, undefined]);
    expect(new Set(pages.map(({ metadata }) => metadata.resourceVersion)).size).toBe(1);
    const whole = await api.get("/api/v1/pods");
    expect(pages.flatMap(names)).toEqual(names(whole.body));
  });

  test("a pod belongs to a controller that can be read", async () => {
    const { body } = await api.get("/api/v1/namespaces/dock/pods");
    const owner = body.items[0]?.metadata.ownerReferences?.[0];
    expect(owner?.kind).toBe("ReplicaSet");
    expect(body.items[0]?.metadata.name.startsWith(`${owner?.name}-`)).toBe(true);
    const set = await api.get(`/apis/apps/v1/namespaces/dock/replicasets/${owner?.name}`);
    expect(set.body.metadata.ownerReferences?.[0]).toMatchObject({
      kind: "Deployment",
      name: "ledger",
    });
    const daemonSet = await api.get("/apis/apps/v1/namespaces/kube-system/daemonsets/proxy");
    expect(daemonSet.body.status.numberReady).toBe(3);
  });

  test("a table has rows with the usual cells and each object's metadata", async () => {
    const { body } = await api.get("/api/v1/nodes", { accept: TABLE });
    const columns = body.columnDefinitions as { name: string; priority: number }[];
    expect(columns.filter(({ priority }) => priority === 0).map(({ name }) => name)).toEqual([
      "Name",
      "Status",
      "Roles",
      "Age",
      "Version",
    ]);
    expect(body.kind).toBe("Table");
    expect(body.rows).toHaveLength(3);
    expect(body.rows).toContainEqual({
      cells: expect.arrayContaining([nodeName(), "Ready", "<none>", "v1.33.5"]),
      object: expect.objectContaining({ kind: "PartialObjectMetadata" }),
    });
  });

  test("metadata alone can be asked for", async () => {
    const accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    const { body } = await api.get("/api/v1/nodes", { accept });
    expect(body.kind).toBe("PartialObjectMetadataList");
    expect(body.items[0]).not.toHaveProperty("spec");
  });

  test("a budget shows its numbers, and namespaces follow from what is in them", async () => {
    const { body } = await api.get(`${BUDGETS}/ledger`);
    expect(body.spec).toEqual({ minAvailable: 2, selector: { matchLabels: { app: "ledger" } } });
    expect(body.status).toMatchObject({
      expectedPods: 2,
      currentHealthy: 2,
      desiredHealthy: 2,
      disruptionsAllowed: 0,
    });
    expect(names((await api.get("/api/v1/namespaces")).body)).toEqual([
      "default",
      "dock",
      "kube-node-lease",
      "kube-public",
      "kube-system",
    ]);
  });
});

function readyStatus(node: Body): unknown {
  const conditions = node.status.conditions as { type: string; status: string }[];
  return conditions.find(({ type }) => type === "Ready")?.status;
}

describe("writing a node", () => {
  test.each([
    { type: MERGE, body: { metadata: { labels: { berth: "4" } } } },
    { type: STRATEGIC, body: { metadata: { labels: { berth: "4" } } } },
    { type: JSON_PATCH, body: [{ op: "add", path: "/metadata/labels/berth", value: "4" }] },
  ])("$type adds a label", async ({ type, body }) => {
    const path = `/api/v1/nodes/${nodeName()}`;
    const answer = await api.call("PATCH", path, { type, body });
    expect(answer.status).toBe(200);
    expect(answer.body.metadata.labels).toMatchObject({ berth: "4", agentpool: "workers" });
    expect(quay.nodes.get(nodeName())?.labels).toEqual({ berth: "4" });
  });

  test("cordon and uncordon move the taint of the unschedulable with them", async () => {
    const path = `/api/v1/nodes/${nodeName()}`;
    const patch = (unschedulable: boolean | null) =>
      api.call("PATCH", path, { type: STRATEGIC, body: { spec: { unschedulable } } });
    const cordoned = await patch(true);
    expect(cordoned.body.spec).toMatchObject({
      unschedulable: true,
      taints: [{ key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" }],
    });
    const uncordoned = await patch(null);
    expect(uncordoned.body.spec).not.toHaveProperty("taints");
    expect(quay.nodes.get(nodeName())).toMatchObject({ unschedulable: false, taints: [] });
    expect(Number(uncordoned.body.metadata.resourceVersion)).toBeGreaterThan(
      Number(cordoned.body.metadata.resourceVersion),
    );
  });

  test("labels of AKS's own come back", async () => {
    const body = { metadata: { labels: { agentpool: null, "kubernetes.io/os": null } } };
    const answer = await api.call("PATCH", `/api/v1/nodes/${nodeName()}`, { type: MERGE, body });
    expect(answer.body.metadata.labels).toMatchObject({
      agentpool: "workers",
      "kubernetes.io/os": "linux",
    });
  });

  test("a whole node is replaced unless it is stale", async () => {
    const path = `/api/v1/nodes/${nodeName()}`;
    const { body } = await api.get(path);
    const annotations = { ...body.metadata.annotations, "harbour/note": "seen" };
    const changed = { ...body, metadata: { ...body.metadata, annotations } };
    expect((await api.call("PUT", path, { body: changed })).status).toBe(200);
    expect(quay.nodes.get(nodeName())?.annotations).toEqual({ "harbour/note": "seen" });
    const again = await api.call("PUT", path, { body: changed });
    expect(again).toMatchObject({ status: 409, body: { reason: "Conflict" } });
  });

  test("a dry run changes nothing", async () => {
    const patch = { type: MERGE, body: { spec: { unschedulable: true } } };
    const dry = await api.call("PATCH", `/api/v1/nodes/${nodeName()}?dryRun=All`, patch);
    expect(dry.body.spec.unschedulable).toBe(true);
    expect(quay.nodes.get(nodeName())?.unschedulable).toBe(false);
    const odd = await api.call("PATCH", `/api/v1/nodes/${nodeName()}?dryRun=Some`, patch);
    expect(odd.status).toBe(400);
  });

  test.each([
    { name: "a bad label", body: { metadata: { labels: { berth: "no spaces" } } } },
    { name: "an unknown effect", body: { spec: { taints: [{ key: "a", effect: "Never" }] } } },
  ])("$name is invalid", async ({ body }) => {
    const answer = await api.call("PATCH", `/api/v1/nodes/${nodeName()}`, { type: MERGE, body });
    expect(answer).toMatchObject({ status: 422, body: { kind: "Status", reason: "Invalid" } });
  });

  test("a deleted node is gone", async () => {
    const name = nodeName(2);
    const answer = await api.call("DELETE", `/api/v1/nodes/${name}`);
    expect(answer.body).toMatchObject({ kind: "Status", status: "Success" });
    server.clock.advance(HOUR);
    expect((await api.get(`/api/v1/nodes/${name}`)).status).toBe(404);
  });
});

describe("budgets and evictions", () => {
  test("a budget refuses with 429, its name and no Retry-After", async () => {
    const [pod = ""] = podsOf("ledger");
    const { status, headers, body } = await evict(pod);
    expect(status).toBe(429);
    expect(headers).not.toHaveProperty("retry-after");
    expect(body).toMatchObject({
      reason: "TooManyRequests",
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      details: {
        causes: [
          {
            reason: "DisruptionBudget",
            message: "The disruption budget ledger needs 2 healthy pods and has 2 currently",
          },
        ],
      },
    });
    expect((await evict(pod, { deleteOptions: { dryRun: ["All"] } })).status).toBe(429);
  });

  test("a relaxed budget lets one pod go, then none until its replacement is ready", async () => {
    const relax = { type: MERGE, body: { spec: { minAvailable: 1 } } };
    const relaxed = await api.call("PATCH", `${BUDGETS}/ledger`, relax);
    expect(relaxed.body.metadata.generation).toBe(2);
    expect(relaxed.body.status).toMatchObject({ disruptionsAllowed: 1, observedGeneration: 2 });
    const [first = "", second = ""] = podsOf("ledger");
    expect((await evict(first, { deleteOptions: { dryRun: ["All"] } })).status).toBe(201);
    expect((await evict(first)).body).toMatchObject({ kind: "Status", status: "Success" });
    const leaving = await api.get(`/api/v1/namespaces/dock/pods/${first}`);
    expect(leaving.body.metadata.deletionTimestamp).toBeDefined();
    expect((await evict(second)).status).toBe(429);
    server.clock.advance(MINUTE);
    expect((await api.get(`/api/v1/namespaces/dock/pods/${first}`)).status).toBe(404);
    expect((await evict(second)).status).toBe(201);
  });

  test("two budgets over one pod are refused, as the real eviction is", async () => {
    const body = budget("second", { maxUnavailable: 1 });
    expect((await api.call("POST", BUDGETS, { body })).status).toBe(201);
    const [pod = ""] = podsOf("ledger");
    const answer = await evict(pod);
    expect(answer.status).toBe(500);
    expect(answer.body.message).toContain("more than one PodDisruptionBudget");
  });

  test("an eviction of another pod than the path's, or of none, is refused", async () => {
    const [pod = ""] = podsOf("ledger");
    expect((await evict(pod, { metadata: { name: "other" } })).status).toBe(400);
    expect((await evict("nobody")).status).toBe(404);
    const stale = { deleteOptions: { preconditions: { uid: "not-its-uid" } } };
    expect((await evict(pod, stale)).status).toBe(409);
  });

  test("a budget is created once, replaced and deleted", async () => {
    const body = budget("fresh", { maxUnavailable: "50%" });
    const created = await api.call("POST", BUDGETS, { body });
    expect(created).toMatchObject({ status: 201, body: { metadata: { generation: 1 } } });
    expect((await api.call("POST", BUDGETS, { body })).body.reason).toBe("AlreadyExists");
    const changed = budget("fresh", { minAvailable: 1 });
    const replaced = await api.call("PUT", `${BUDGETS}/fresh`, { body: changed });
    expect(replaced.body).toMatchObject({ spec: { minAvailable: 1 }, metadata: { generation: 2 } });
    expect(replaced.body.metadata.uid).toBe(created.body.metadata.uid);
    expect(replaced.body.spec).not.toHaveProperty("maxUnavailable");
    const deleted = await api.call("DELETE", `${BUDGETS}/fresh`);
    expect(deleted.body).toMatchObject({ kind: "Status", status: "Success" });
    expect(quay.budgets.has("dock/fresh")).toBe(false);
  });

  test.each([
    { name: "both limits", limits: { minAvailable: 1, maxUnavailable: 1 } },
    { name: "a negative limit", limits: { minAvailable: -1 } },
    { name: "a limit above 100%", limits: { maxUnavailable: "101%" } },
    {
      name: "a selector with values for Exists",
      limits: {
        maxUnavailable: 1,
        selector: { matchExpressions: [{ key: "app", operator: "Exists", values: ["a"] }] },
      },
    },
    {
      name: "a selector with an operator of its own",
      limits: { maxUnavailable: 1, selector: { matchExpressions: [{ key: "a", operator: "Is" }] } },
    },
    {
      name: "an unknown policy for unready pods",
      limits: { maxUnavailable: 1, unhealthyPodEvictionPolicy: "Never" },
    },
  ])("$name is invalid", async ({ limits }) => {
    const answer = await api.call("POST", BUDGETS, { body: budget("odd", limits) });
    expect(answer).toMatchObject({ status: 422, body: { reason: "Invalid" } });
    expect(quay.budgets.has("dock/odd")).toBe(false);
  });
});

function budget(name: string, spec: object): object {
  const selector = { matchLabels: { app: "ledger" } };
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name, namespace: "dock" },
    spec: { selector, ...spec },
  };
}

describe("workloads", () => {
  const PATH = "/apis/apps/v1/namespaces/default/deployments";

  test("a deployment is created, scaled and deleted", async () => {
    const labels = { app: "tug" };
    const body = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "tug" },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: "tug", image: "tug:1" }] },
        },
      },
    };
    expect((await api.call("POST", PATH, { body })).status).toBe(201);
    server.clock.advance(MINUTE);
    expect((await api.get(`${PATH}/tug`)).body.status).toMatchObject({ readyReplicas: 2 });
    const scale = { type: MERGE, body: { spec: { replicas: 1 } } };
    const scaled = await api.call("PATCH", `${PATH}/tug/scale`, scale);
    expect(scaled.body).toMatchObject({ kind: "Scale", spec: { replicas: 1 } });
    server.clock.advance(MINUTE);
    expect(podsOf("tug")).toHaveLength(1);
    await api.call("DELETE", `${PATH}/tug`);
    server.clock.advance(MINUTE);
    expect(podsOf("tug")).toHaveLength(0);
  });

  test("a template that its selector does not match is invalid", async () => {
    const spec = { selector: { matchLabels: { app: "a" } }, template: {} };
    const answer = await api.call("POST", PATH, { body: { metadata: { name: "a" }, spec } });
    expect(answer.status).toBe(422);
  });

  test("a deleted pod ends gracefully and is replaced", async () => {
    const [pod = ""] = podsOf("crane");
    const path = `/api/v1/namespaces/default/pods/${pod}`;
    const answer = await api.call("DELETE", path, { body: { propagationPolicy: "Background" } });
    expect(answer.body).toMatchObject({ kind: "Pod", metadata: { name: pod } });
    server.clock.advance(MINUTE);
    expect(podsOf("crane")).toHaveLength(4);
    expect(podsOf("crane")).not.toContain(pod);
  });
});

describe("watching", () => {
  test("a watch continues a list without a gap", async () => {
    const list = await api.get("/api/v1/nodes");
    quay.patchNode(nodeName(1), { unschedulable: true });
    const query = `watch=true&resourceVersion=${list.body.metadata.resourceVersion}`;
    const watch = await api.watch(`/api/v1/nodes?${query}`);
    const [missed] = await watch.take(1);
    expect(missed).toMatchObject({
      type: "MODIFIED",
      object: { metadata: { name: nodeName(1) }, spec: { unschedulable: true } },
    });
    quay.patchNode(nodeName(1), { unschedulable: false });
    const live = await watch.until(({ object }) => !("unschedulable" in object.spec));
    expect(live).toMatchObject({ type: "MODIFIED", object: { metadata: { name: nodeName(1) } } });
    watch.close();
  });

  test("what enters or leaves a selection is added or deleted for its watcher", async () => {
    const selector = encodeURIComponent(`${UPGRADE_STATUS_LABEL}=${QUARANTINED}`);
    const watch = await api.watch(`/api/v1/nodes?watch=true&labelSelector=${selector}`);
    quay.patchNode(nodeName(), { labels: { [UPGRADE_STATUS_LABEL]: QUARANTINED } });
    quay.patchNode(nodeName(), { labels: {} });
    const events = await watch.take(2);
    expect(events.map(({ type }) => type)).toEqual(["ADDED", "DELETED"]);
    watch.close();
  });

  test("a budget's watcher hears of pods that come and go", async () => {
    const watch = await api.watch(`${BUDGETS}?watch=true`);
    const [present] = await watch.take(1);
    expect(present?.type).toBe("ADDED");
    quay.deletePod("dock", podsOf("ledger")[0] ?? "");
    const hurt = await watch.until(({ object }) => object.status.currentHealthy === 1);
    expect(hurt.type).toBe("MODIFIED");
    server.clock.advance(MINUTE);
    await watch.until(({ object }) => object.status.currentHealthy === 2);
    watch.close();
  });

  test("the present state can be asked for as events, ended by a bookmark", async () => {
    const query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    const watch = await api.watch(`/api/v1/nodes?${query}&allowWatchBookmarks=true`);
    const events = await watch.take(4);
    expect(events.map(({ type }) => type)).toEqual(["ADDED", "ADDED", "ADDED", "BOOKMARK"]);
    expect(events[3]?.object.metadata.annotations).toEqual({ "k8s.io/initial-events-end": "true" });
    watch.close();
  });

  test("a version that is too old ends the watch with 410", async () => {
    const watch = await api.watch("/api/v1/nodes?watch=true&resourceVersion=7");
    const events = await watch.rest();
    expect(events).toMatchObject([{ type: "ERROR", object: { kind: "Status", code: 410 } }]);
  });

  test("a table is watched row by row, and timeoutSeconds ends the stream", async () => {
    const watch = await api.watch("/api/v1/nodes?watch=true&timeoutSeconds=1", { accept: TABLE });
    const events = await watch.rest();
    expect(events.map(({ object }) => object.kind)).toEqual(["Table", "Table", "Table"]);
  });
});

describe("an upgrade, seen through the API", () => {
  function upgrade(): void {
    world.images.release("westeurope", NEW_IMAGE);
    quay.upgradeNodeImage("workers", NEW_IMAGE);
  }

  test("a node that cannot be drained is quarantined; a person with kubectl resolves it", async () => {
    upgrade();
    server.clock.advance(12 * HOUR);
    const selector = encodeURIComponent(`${UPGRADE_STATUS_LABEL}=${QUARANTINED}`);
    const { body } = await api.get(`/api/v1/nodes?labelSelector=${selector}`);
    expect(body.items).toHaveLength(1);
    expect(body.items[0]?.spec.unschedulable).toBe(true);
    expect(body.items[0]?.metadata.labels).toMatchObject({
      "kubernetes.azure.com/node-image-version": OLD_IMAGE,
    });
    const name = names(body)[0] ?? "";
    const relax = { type: MERGE, body: { spec: { minAvailable: 1 } } };
    await api.call("PATCH", `${BUDGETS}/ledger`, relax);
    const release = {
      type: MERGE,
      body: { metadata: { labels: { [UPGRADE_STATUS_LABEL]: null } } },
    };
    const released = await api.call("PATCH", `/api/v1/nodes/${name}`, release);
    expect(released.body.metadata.labels).not.toHaveProperty(UPGRADE_STATUS_LABEL);
    expect(quay.nodes.get(name)?.labels).not.toHaveProperty(UPGRADE_STATUS_LABEL);
    quay.updatePool("workers", {});
    server.clock.advance(12 * HOUR);
    const images = (await api.get("/api/v1/nodes")).body.items.map(
      ({ metadata }) => metadata.labels?.["kubernetes.azure.com/node-image-version"],
    );
    expect(images).toEqual([NEW_IMAGE, NEW_IMAGE, NEW_IMAGE]);
  });

  test("a watcher sees the surge node come, work and go, and nodes away while they are reimaged", async () => {
    quay.deleteBudget("dock", "ledger");
    const watch = await api.watch("/api/v1/nodes?watch=true");
    const before = new Set((await watch.take(3)).map(({ object }) => object.metadata.name));
    upgrade();
    server.clock.advance(12 * HOUR);
    const surge = await watch.until(({ type }) => type === "ADDED");
    expect(before).not.toContain(surge.object.metadata.name);
    expect(readyStatus(surge.object)).toBe("False");
    await watch.until(({ object }) => readyStatus(object) === "Unknown");
    const gone = await watch.until(({ type }) => type === "DELETED");
    expect(gone.object.metadata.name).toBe(surge.object.metadata.name);
    watch.close();
  });

  test("its events stand on the nodes, in both groups", async () => {
    upgrade();
    server.clock.advance(12 * HOUR);
    const query = "fieldSelector=involvedObject.kind%3DNode,reason%3DSurge";
    const { body } = await api.get(`/api/v1/events?${query}`);
    expect(body.items[0]).toMatchObject({
      type: "Normal",
      reason: "Surge",
      involvedObject: { kind: "Node" },
      message: expect.stringContaining("surge node"),
    });
    const other = await api.get("/apis/events.k8s.io/v1/events?fieldSelector=reason%3DSurge");
    expect(other.body.items[0]).toMatchObject({ regarding: { kind: "Node" } });
  });
});
