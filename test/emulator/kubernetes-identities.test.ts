import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Principal } from "../../emulator/service.ts";
import { KubernetesClient } from "./kubernetes-client.ts";
import type { Answer } from "./kubernetes-client.ts";
import { clusterId, startKubernetesServer } from "./kubernetes-server.ts";
import type { KubernetesServer } from "./kubernetes-server.ts";
import { quayWorld } from "./kubernetes-world.ts";

const READER: Principal = {
  objectId: "aaaaaaaa-0000-0000-0000-000000000001",
  clientId: "aaaaaaaa-0000-0000-0000-000000000002",
  name: "reader",
  grants: [
    {
      actions: ["Microsoft.ContainerService/managedClusters/pods/read"],
      scope: clusterId("quay"),
    },
  ],
};
const ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts";
const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const PODS = "/api/v1/namespaces/default/pods";
const BOT = "system:serviceaccount:default:bot";

let server: KubernetesServer;
let api: KubernetesClient;

beforeAll(async () => {
  server = await startKubernetesServer(quayWorld().world, { principals: [READER] });
  api = new KubernetesClient(server, "quay");
  await api.call("POST", ACCOUNTS, { body: { metadata: { name: "bot" } } });
});
afterAll(() => server.close());

async function tokenOf(name: string, spec: object = {}): Promise<string> {
  const { status, body } = await api.call("POST", `${ACCOUNTS}/${name}/token`, { body: { spec } });
  expect(status).toBe(201);
  return String(body.status["token"]);
}

function review(group: string, plural: string, spec: object, token?: string): Promise<Answer> {
  const path = `/apis/${group}.k8s.io/v1/${plural}`;
  return api.call("POST", path, { body: { spec }, ...(token !== undefined && { token }) });
}

describe("a service account", () => {
  test("signs in with a token and may do what the cluster's roles let it", async () => {
    const token = await tokenOf("bot");
    const refused = await api.get(PODS, { token });
    expect(refused.status).toBe(403);
    expect(refused.body.message).toBe(
      `pods is forbidden: User "${BOT}" cannot list resource "pods" in API group "" in the namespace "default"`,
    );
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" };
    const subjects = [{ kind: "ServiceAccount", name: "bot", namespace: "default" }];
    const binding = { metadata: { name: "bot" }, roleRef, subjects };
    await api.call("POST", `${RBAC}/namespaces/default/rolebindings`, { body: binding });
    expect((await api.get(PODS, { token })).status).toBe(200);
    expect((await api.get("/api/v1/namespaces/kube-system/pods", { token })).status).toBe(403);
    expect((await api.call("DELETE", `${PODS}/crane-0`, { token })).status).toBe(403);
  });

  test("is bound by names, groups, wildcards and names of objects", async () => {
    const rule = { apiGroups: ["policy"], resources: ["*"], verbs: ["get"] };
    const names = {
      apiGroups: [""],
      resources: ["configmaps"],
      resourceNames: ["one"],
      verbs: ["*"],
    };
    await api.call("POST", `${RBAC}/clusterroles`, {
      body: { metadata: { name: "narrow" }, rules: [rule, names] },
    });
    const subject = { kind: "Group", name: "system:serviceaccounts:default" };
    await api.call("POST", `${RBAC}/clusterrolebindings`, {
      body: {
        metadata: { name: "narrow" },
        roleRef: { kind: "ClusterRole", name: "narrow" },
        subjects: [subject],
      },
    });
    const token = await tokenOf("default");
    const statusOf = async (path: string): Promise<number> =>
      (await api.get(path, { token })).status;
    expect(await statusOf("/apis/policy/v1/namespaces/default/poddisruptionbudgets/x")).toBe(404);
    expect(await statusOf("/apis/policy/v1/namespaces/default/poddisruptionbudgets")).toBe(403);
    expect(await statusOf("/api/v1/namespaces/default/configmaps/one")).toBe(404);
    expect(await statusOf("/api/v1/namespaces/default/configmaps/two")).toBe(403);
  });

  test("is nobody with a token for others, of another cluster, of an account that is gone", async () => {
    const foreign = await tokenOf("bot", { audiences: ["vault"] });
    expect((await api.get(PODS, { token: foreign })).status).toBe(401);
    const mine = await tokenOf("bot");
    const other = new KubernetesClient(server, "pier");
    expect((await other.get(PODS, { token: mine })).status).not.toBe(200);
    const [head, claims] = mine.split(".");
    expect((await api.get(PODS, { token: `${head}.${claims}.AAAA` })).status).toBe(401);
    await api.call("POST", ACCOUNTS, { body: { metadata: { name: "brief" } } });
    const brief = await tokenOf("brief");
    expect((await api.get(PODS, { token: brief })).status).toBe(403);
    await api.call("DELETE", `${ACCOUNTS}/brief`);
    expect((await api.get(PODS, { token: brief })).status).toBe(401);
  });

  test("gets no token for a minute, nor one that does not exist", async () => {
    const spec = { expirationSeconds: 60 };
    const short = await api.call("POST", `${ACCOUNTS}/bot/token`, { body: { spec } });
    expect(short.status).toBe(422);
    expect((await api.call("POST", `${ACCOUNTS}/nobody/token`, { body: {} })).status).toBe(404);
    expect((await api.get(`${ACCOUNTS}/bot/token`)).status).toBe(405);
  });
});

describe("reviews", () => {
  const getPods = { verb: "get", resource: "pods", namespace: "kube-system" };

  test("tell whose a token is", async () => {
    const spec = { token: await tokenOf("bot") };
    const known = await review("authentication", "tokenreviews", spec);
    expect(known.body.status).toMatchObject({ authenticated: true, user: { username: BOT } });
    const principal = await review("authentication", "tokenreviews", { token: "reader" });
    expect(principal.body.status).toMatchObject({ user: { username: READER.objectId } });
    const unknown = await review("authentication", "tokenreviews", { token: "nonsense" });
    expect(unknown.body.status).toMatchObject({ authenticated: false });
  });

  test("tell what somebody else may do, to those who may ask", async () => {
    const allowed = async (spec: object): Promise<unknown> =>
      (await review("authorization", "subjectaccessreviews", spec)).body.status["allowed"];
    expect(await allowed({ user: READER.objectId, resourceAttributes: getPods })).toBe(true);
    expect(await allowed({ user: "somebody", resourceAttributes: getPods })).toBe(false);
    const masters = ["system:masters"];
    expect(await allowed({ user: "x", groups: masters, resourceAttributes: getPods })).toBe(true);
    const nonResourceAttributes = { path: "/healthz", verb: "get" };
    expect(await allowed({ user: "x", nonResourceAttributes })).toBe(true);
    expect(
      await allowed({ user: "x", nonResourceAttributes: { path: "/logs", verb: "get" } }),
    ).toBe(false);
    const local = await api.call(
      "POST",
      "/apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews",
      { body: { spec: { user: "x", resourceAttributes: getPods } } },
    );
    expect(local.body).toMatchObject({
      kind: "LocalSubjectAccessReview",
      status: { allowed: false },
    });
    const asked = { user: "x", resourceAttributes: getPods };
    expect((await review("authorization", "subjectaccessreviews", asked, "reader")).status).toBe(
      403,
    );
    expect((await review("authorization", "subjectaccessreviews", {})).status).toBe(400);
  });

  test("are in discovery, and answer to POST alone", async () => {
    const { body } = await api.get("/apis/authorization.k8s.io/v1");
    const { resources } = body as unknown as { resources: { name: string; verbs: string[] }[] };
    expect(resources).toContainEqual(
      expect.objectContaining({ name: "subjectaccessreviews", verbs: ["create"] }),
    );
    expect((await api.get("/apis/authentication.k8s.io/v1/tokenreviews")).status).toBe(405);
  });
});

describe("impersonation", () => {
  test("lets an administrator see the cluster as somebody else does", async () => {
    const as = (headers: Record<string, string>, path = PODS): Promise<Answer> =>
      api.get(path, { headers });
    expect((await as({ "Impersonate-User": "somebody" })).status).toBe(403);
    expect((await as({ "Impersonate-User": READER.objectId })).status).toBe(200);
    const nodes = await as({ "Impersonate-User": READER.objectId }, "/api/v1/nodes");
    expect(nodes.body.message).toContain("managedClusters/nodes/read");
    const masters = { "Impersonate-User": "x", "Impersonate-Group": "system:masters" };
    expect((await as(masters, "/api/v1/nodes")).status).toBe(200);
  });

  test("is an action of its own", async () => {
    const headers = { "Impersonate-User": "somebody" };
    const { status, body } = await api.get(PODS, { token: "reader", headers });
    expect(status).toBe(403);
    expect(body.message).toContain("managedClusters/users/impersonate/action");
  });
});

test("a pod that has its node cannot be bound to another", async () => {
  const [pod] = (await api.get(PODS)).body.items;
  const path = `${PODS}/${pod?.metadata.name}/binding`;
  const { status, body } = await api.call("POST", path, {
    body: { target: { name: "elsewhere" } },
  });
  expect(status).toBe(409);
  expect(body.message).toContain("is already assigned to node");
});

describe("the metrics API", () => {
  const METRICS = "/apis/metrics.k8s.io/v1beta1";

  test("adds up what the containers of a node request", async () => {
    const requests = { cpu: "250m", memory: "64Mi" };
    const containers = [{ name: "busy", image: "busy:1", resources: { requests } }];
    const before = await usageOf("workers");
    const labels = { app: "busy" };
    await api.call("POST", "/apis/apps/v1/namespaces/default/deployments", {
      body: {
        metadata: { name: "busy" },
        spec: {
          replicas: 2,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers } },
        },
      },
    });
    server.clock.advance(60_000);
    const { items } = (await api.get(`${METRICS}/namespaces/default/pods?labelSelector=app=busy`))
      .body;
    expect(items).toHaveLength(2);
    expect(items[0]).toMatchObject({
      containers: [{ name: "busy", usage: { cpu: "250000000n", memory: "65536Ki" } }],
    });
    const after = await usageOf("workers");
    expect(after.cores - before.cores).toBeCloseTo(0.5);
  });

  async function usageOf(pool: string): Promise<{ readonly cores: number }> {
    const { items } = (await api.get(`${METRICS}/nodes?labelSelector=agentpool=${pool}`)).body;
    const used = items.map(({ usage }) => Number.parseInt((usage as { cpu: string }).cpu, 10));
    return { cores: used.reduce((sum, one) => sum + one, 0) / 1e9 };
  }

  test("knows single nodes, and nothing to watch", async () => {
    const [node] = (await api.get("/api/v1/nodes")).body.items;
    const one = await api.get(`${METRICS}/nodes/${node?.metadata.name}`);
    expect(one.body).toMatchObject({ kind: "NodeMetrics", window: "15s" });
    expect((await api.get(`${METRICS}/nodes/nothing`)).status).toBe(404);
    expect((await api.get(`${METRICS}/nodes?watch=true`)).status).toBe(405);
  });
});
