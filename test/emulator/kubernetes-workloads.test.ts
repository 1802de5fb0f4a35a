import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MINUTE, SECOND } from "../../shared/core/duration.ts";
import type { Cluster, Pod } from "../../shared/simulator/model.ts";
import { KubernetesClient } from "./kubernetes-client.ts";
import type { Answer, Body } from "./kubernetes-client.ts";
import { startKubernetesServer } from "./kubernetes-server.ts";
import type { KubernetesServer } from "./kubernetes-server.ts";
import { quayWorld } from "./kubernetes-world.ts";

const STRATEGIC = "application/strategic-merge-patch+json";
const MERGE = "application/merge-patch+json";
const APPS = "/apis/apps/v1/namespaces/default";
const PODS = "/api/v1/namespaces/default/pods";
const CRANE = `${APPS}/deployments/crane`;

let quay: Cluster;
let server: KubernetesServer;
let api: KubernetesClient;

beforeEach(async () => {
  const { world, quay: cluster } = quayWorld();
  quay = cluster;
  server = await startKubernetesServer(world);
  api = new KubernetesClient(server, "quay");
});
afterEach(() => server.close());

function patch(path: string, body: object, type = STRATEGIC): Promise<Answer> {
  return api.call("PATCH", path, { type, body });
}

function withImage(name: string, image: string): object {
  return { spec: { template: { spec: { containers: [{ name, image }] } } } };
}

/** The template of a ReplicaSet, as `kubectl rollout undo` puts it back into its Deployment. */
function withoutHash(replicaSet: Body | undefined): object {
  const text = JSON.stringify(replicaSet?.spec.template);
  return JSON.parse(text, (key, value: unknown) =>
    key === "pod-template-hash" ? undefined : value,
  ) as object;
}

function podsOf(app: string): Pod[] {
  return [...quay.pods.values()].filter(({ labels }) => labels.app === app);
}

function imagesOf(list: Body): unknown[] {
  return list.items.map(({ spec }) => (spec.containers as { image: string }[])[0]?.image);
}

function workload(kind: string, name: string, spec: object = {}): object {
  const labels = { app: name };
  const template = {
    metadata: { labels },
    spec: { containers: [{ name, image: `${name}:1` }] },
  };
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name },
    spec: { selector: { matchLabels: labels }, template, ...spec },
  };
}

async function listOf(path: string, query = ""): Promise<Body> {
  return (await api.get(`${path}${query}`)).body;
}

describe("a newer template of a Deployment", () => {
  test("replaces the pods step by step, within its surge and its unavailable pods", async () => {
    const seen: { readonly live: number; readonly ready: number }[] = [];
    await patch(CRANE, withImage("crane", "crane:2"));
    for (let step = 0; step < 60; step++) {
      const live = podsOf("crane").filter(({ phase }) => phase !== "Terminating");
      seen.push({ live: live.length, ready: live.filter(({ ready }) => ready).length });
      server.clock.advance(SECOND);
    }
    // Four replicas with the default of 25%: one more, or one less.
    expect(Math.max(...seen.map(({ live }) => live))).toBe(5);
    expect(Math.min(...seen.map(({ ready }) => ready))).toBe(3);
    const pods = await listOf(PODS, "?labelSelector=app%3Dcrane");
    expect(imagesOf(pods)).toEqual(Array.from({ length: 4 }, () => "crane:2"));
    const { body } = await api.get(CRANE);
    expect(body.status).toMatchObject({ replicas: 4, updatedReplicas: 4, readyReplicas: 4 });
    expect(body.metadata.annotations?.["deployment.kubernetes.io/revision"]).toBe("2");
  });

  test("leaves a ReplicaSet for each template, which owns its pods; going back takes it up again", async () => {
    const [first] = (await listOf(`${APPS}/replicasets`)).items;
    await patch(CRANE, withImage("crane", "crane:2"));
    server.clock.advance(MINUTE);
    const sets = (await listOf(`${APPS}/replicasets`)).items;
    expect(sets.map(({ spec }) => spec.replicas).toSorted()).toEqual([0, 4]);
    const newest = sets.find(({ spec }) => spec.replicas === 4);
    const [pod] = (await listOf(PODS)).items;
    expect(pod?.metadata.ownerReferences?.[0]).toMatchObject({ name: newest?.metadata.name });
    const old = sets.find(({ metadata }) => metadata.uid === first?.metadata.uid);
    const template = withoutHash(old);
    await patch(CRANE, { spec: { template } });
    server.clock.advance(MINUTE);
    const after = (await listOf(`${APPS}/replicasets`)).items;
    const again = after.find(({ spec }) => spec.replicas === 4);
    expect(again?.metadata).toMatchObject({
      name: first?.metadata.name,
      annotations: { "deployment.kubernetes.io/revision": "3" },
    });
  });

  test("is not one when an object comes back as it was shown, or only its metadata changes", async () => {
    const before = podsOf("crane").map(({ name }) => name);
    const { body } = await api.get(CRANE);
    expect((await api.call("PUT", CRANE, { body })).status).toBe(200);
    await patch(CRANE, { metadata: { annotations: { "harbour/note": "seen" } } });
    await patch(CRANE, { spec: { revisionHistoryLimit: 3 } });
    server.clock.advance(MINUTE);
    expect(podsOf("crane").map(({ name }) => name)).toEqual(before);
  });

  test("waits while the Deployment is paused", async () => {
    await patch(CRANE, { spec: { paused: true } });
    await patch(CRANE, withImage("crane", "crane:2"));
    server.clock.advance(MINUTE);
    expect(imagesOf(await listOf(PODS))).not.toContain("crane:2");
    const { body } = await api.get(CRANE);
    expect(JSON.stringify(body.spec.template)).toContain("crane:2");
    expect(body.status.conditions).toContainEqual(
      expect.objectContaining({ type: "Progressing", reason: "DeploymentPaused" }),
    );
    await patch(CRANE, { spec: { paused: null } }, MERGE);
    server.clock.advance(MINUTE);
    expect(new Set(imagesOf(await listOf(PODS)))).toEqual(new Set(["crane:2"]));
  });

  test("that no node takes leaves enough old pods, is told, and can be taken back", async () => {
    await patch(CRANE, { spec: { template: { spec: { nodeSelector: { dock: "nowhere" } } } } });
    const watch = await api.watch(
      `${APPS}/deployments?watch=true&fieldSelector=metadata.name%3Dcrane`,
    );
    server.clock.advance(11 * MINUTE);
    const late = await watch.until(({ object }) =>
      JSON.stringify(object.status).includes("ProgressDeadlineExceeded"),
    );
    watch.close();
    expect(late.object.status).toMatchObject({ readyReplicas: 3 });
    const pending = (await listOf(PODS, "?fieldSelector=status.phase%3DPending")).items;
    expect(pending[0]?.status.conditions).toContainEqual(
      expect.objectContaining({
        reason: "Unschedulable",
        message: expect.stringMatching(
          /^0\/3 nodes are available: 3 node\(s\) didn't match Pod's node affinity\/selector/,
        ),
      }),
    );
    const events = await listOf("/api/v1/namespaces/default/events");
    expect(events.items).toContainEqual(
      expect.objectContaining({
        reason: "FailedScheduling",
        involvedObject: expect.objectContaining({ kind: "Pod", name: pending[0]?.metadata.name }),
      }),
    );
    await patch(CRANE, { spec: { template: { spec: { nodeSelector: null } } } }, MERGE);
    server.clock.advance(MINUTE);
    expect((await api.get(CRANE)).body.status).toMatchObject({ readyReplicas: 4, replicas: 4 });
  });

  test("with Recreate begins when nothing is left of the old one", async () => {
    await patch(CRANE, { spec: { strategy: { type: "Recreate", rollingUpdate: null } } }, MERGE);
    const before = new Set(podsOf("crane").map(({ name }) => name));
    await patch(CRANE, withImage("crane", "crane:2"));
    expect(podsOf("crane").every(({ phase }) => phase === "Terminating")).toBe(true);
    server.clock.advance(MINUTE);
    expect(podsOf("crane")).toHaveLength(4);
    expect(podsOf("crane").some(({ name }) => before.has(name))).toBe(false);
  });

  test("may not change the selector", async () => {
    const answer = await patch(CRANE, { spec: { selector: { matchLabels: { app: "other" } } } });
    expect(answer).toMatchObject({
      status: 422,
      body: { message: expect.stringContaining("field is immutable") },
    });
  });

  test("counts for the budget as what the Deployment asks for", async () => {
    await api.call("POST", "/apis/policy/v1/namespaces/default/poddisruptionbudgets", {
      body: {
        metadata: { name: "crane" },
        spec: { minAvailable: 4, selector: { matchLabels: { app: "crane" } } },
      },
    });
    await patch(CRANE, withImage("crane", "crane:2"));
    expect(quay.budgetStatus(quay.budgets.get("default/crane") as never)).toMatchObject({
      expectedPods: 4,
      desiredHealthy: 4,
      disruptionsAllowed: 0,
    });
  });
});

describe("a workload", () => {
  test.each([
    { name: "a billion replicas", spec: { replicas: 1e9 }, field: "spec.replicas" },
    { name: "half a replica", spec: { replicas: 0.5 }, field: "spec.replicas" },
    {
      name: "an endless grace",
      spec: { template: { spec: { terminationGracePeriodSeconds: 1e300 } } },
      field: "spec.template.spec.terminationGracePeriodSeconds",
    },
    {
      name: "a strategy of its own",
      spec: { strategy: { type: "Slowly" } },
      field: "spec.strategy.type",
    },
    {
      name: "a surge of words",
      spec: { strategy: { rollingUpdate: { maxSurge: "some" } } },
      field: "spec.strategy.rollingUpdate.maxSurge",
    },
    {
      name: "a container without an image",
      spec: { template: { spec: { containers: [{ name: "side" }] } } },
      field: "spec.template.spec.containers[1].image",
    },
  ])("with $name is invalid, and the field is named", async ({ spec, field }) => {
    const answer = await patch(CRANE, { spec });
    expect(answer).toMatchObject({ status: 422, body: { details: { causes: [{ field }] } } });
    expect(podsOf("crane")).toHaveLength(4);
  });

  test("keeps its pods' owner while they stop after it was deleted", async () => {
    await api.call("DELETE", CRANE);
    const [pod] = (await listOf(PODS)).items;
    expect(pod?.metadata).toMatchObject({
      deletionTimestamp: expect.any(String),
      ownerReferences: [{ kind: "ReplicaSet" }],
    });
  });

  test("has its ReplicaSet made again when somebody deletes it", async () => {
    const before = podsOf("crane").map(({ name }) => name);
    const [set] = (await listOf(`${APPS}/replicasets`)).items;
    const path = `${APPS}/replicasets/${set?.metadata.name}`;
    expect((await api.call("DELETE", path)).status).toBe(200);
    server.clock.advance(MINUTE);
    expect(podsOf("crane")).toHaveLength(4);
    expect(podsOf("crane").some(({ name }) => before.includes(name))).toBe(false);
    await patch(CRANE, withImage("crane", "crane:2"));
    server.clock.advance(MINUTE);
    expect((await api.call("DELETE", path)).status).toBe(200);
    expect((await listOf(`${APPS}/replicasets`)).items).toHaveLength(1);
    expect(podsOf("crane").filter(({ ready }) => ready)).toHaveLength(4);
  });
});

describe("a StatefulSet", () => {
  const DB = `${APPS}/statefulsets/db`;
  const create = (spec: object): Promise<Answer> =>
    api.call("POST", `${APPS}/statefulsets`, { body: workload("StatefulSet", "db", spec) });

  test("makes its pods in order, and each again under its name once the old one is gone", async () => {
    expect((await create({ replicas: 2 })).status).toBe(201);
    expect(podsOf("db").map(({ name }) => name)).toEqual(["db-0"]);
    server.clock.advance(MINUTE);
    expect(podsOf("db").map(({ name }) => name)).toEqual(["db-0", "db-1"]);
    const before = quay.pods.get("default/db-0")?.uid;
    const eviction = { metadata: { name: "db-0" } };
    expect((await api.call("POST", `${PODS}/db-0/eviction`, { body: eviction })).status).toBe(201);
    expect(podsOf("db")).toHaveLength(2);
    server.clock.advance(MINUTE);
    expect(quay.pods.get("default/db-0")).toMatchObject({ ready: true });
    expect(quay.pods.get("default/db-0")?.uid).not.toBe(before);
    const { metadata } = (await api.get(`${PODS}/db-0`)).body;
    expect(metadata.ownerReferences).toMatchObject([{ kind: "StatefulSet", name: "db" }]);
  });

  test("is scaled from its end and takes up a newer template from its end, down to the partition", async () => {
    await create({ replicas: 3 });
    server.clock.advance(MINUTE);
    await patch(`${DB}/scale`, { spec: { replicas: 2 } }, MERGE);
    server.clock.advance(MINUTE);
    expect(podsOf("db").map(({ name }) => name)).toEqual(["db-0", "db-1"]);
    await patch(DB, { spec: { updateStrategy: { rollingUpdate: { partition: 1 } } } });
    await patch(DB, withImage("db", "db:2"));
    server.clock.advance(MINUTE);
    expect(imagesOf(await listOf(PODS, "?labelSelector=app%3Ddb"))).toEqual(["db:1", "db:2"]);
    expect((await api.get(DB)).body.status).toMatchObject({ updatedReplicas: 1, replicas: 2 });
    await patch(DB, { spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } });
    server.clock.advance(MINUTE);
    expect(imagesOf(await listOf(PODS, "?labelSelector=app%3Ddb"))).toEqual(["db:2", "db:2"]);
  });
});

describe("a DaemonSet", () => {
  const PROXY = "/apis/apps/v1/namespaces/kube-system/daemonsets/proxy";

  test("takes up a newer template one node at a time and keeps the older ones", async () => {
    await patch(PROXY, withImage("proxy", "proxy:2"));
    let fewest = 3;
    for (let step = 0; step < 60; step++) {
      server.clock.advance(SECOND);
      fewest = Math.min(fewest, podsOf("proxy").filter(({ ready }) => ready).length);
    }
    expect(fewest).toBe(2);
    const pods = await listOf("/api/v1/namespaces/kube-system/pods");
    expect(new Set(imagesOf(pods))).toEqual(new Set(["proxy:2"]));
    expect((await api.get(PROXY)).body.status).toMatchObject({
      desiredNumberScheduled: 3,
      updatedNumberScheduled: 3,
      numberReady: 3,
    });
    const kept = await listOf("/apis/apps/v1/namespaces/kube-system/controllerrevisions");
    expect(kept.items.map(({ revision }) => revision).toSorted()).toEqual([1, 2]);
  });

  test("with OnDelete waits for somebody to delete its pods", async () => {
    await patch(
      PROXY,
      { spec: { updateStrategy: { type: "OnDelete", rollingUpdate: null } } },
      MERGE,
    );
    await patch(PROXY, withImage("proxy", "proxy:2"));
    server.clock.advance(MINUTE);
    const pods = "/api/v1/namespaces/kube-system/pods";
    expect(imagesOf(await listOf(pods))).not.toContain("proxy:2");
    await api.call("DELETE", `${pods}?labelSelector=app%3Dproxy`);
    server.clock.advance(MINUTE);
    expect(new Set(imagesOf(await listOf(pods)))).toEqual(new Set(["proxy:2"]));
  });
});

describe("a pod of its own", () => {
  const bare = (spec: object = {}): object => ({
    metadata: { name: "tug", labels: { app: "tug" } },
    spec: { containers: [{ name: "tug", image: "tug:1" }], ...spec },
  });

  test("is placed by the scheduler, belongs to nobody and is not replaced", async () => {
    const created = await api.call("POST", PODS, { body: bare() });
    expect(created).toMatchObject({
      status: 201,
      body: { kind: "Pod", metadata: { name: "tug" } },
    });
    expect(created.body.metadata).not.toHaveProperty("ownerReferences");
    expect(created.body.spec).toMatchObject({
      nodeName: expect.stringMatching(/^aks-workers/),
      restartPolicy: "Always",
    });
    server.clock.advance(MINUTE);
    expect((await api.get(`${PODS}/tug`)).body.status).toMatchObject({ phase: "Running" });
    expect((await api.call("POST", PODS, { body: bare() })).status).toBe(409);
    const eviction = { metadata: { name: "tug" } };
    await api.call("POST", `${PODS}/tug/eviction`, { body: eviction });
    expect((await api.get(`${PODS}/tug`)).body.metadata.deletionTimestamp).toBeDefined();
    server.clock.advance(MINUTE);
    expect((await api.get(`${PODS}/tug`)).status).toBe(404);
    expect(podsOf("tug")).toEqual([]);
  });

  test("falls under a budget that selects it", async () => {
    await api.call("POST", PODS, { body: bare() });
    server.clock.advance(MINUTE);
    await api.call("POST", "/apis/policy/v1/namespaces/default/poddisruptionbudgets", {
      body: {
        metadata: { name: "tug" },
        spec: {
          minAvailable: 1,
          selector: {
            matchExpressions: [{ key: "app", operator: "In", values: ["tug", "barge"] }],
          },
        },
      },
    });
    const eviction = { metadata: { name: "tug" } };
    const refused = await api.call("POST", `${PODS}/tug/eviction`, { body: eviction });
    expect(refused.status).toBe(429);
  });

  test("that names its node passes by the scheduler", async () => {
    const [node = ""] = [...quay.nodes.keys()];
    quay.patchNode(node, { unschedulable: true });
    await api.call("POST", PODS, { body: bare({ nodeName: node }) });
    server.clock.advance(MINUTE);
    expect(quay.pods.get("default/tug")).toMatchObject({ node, ready: true });
  });

  test("without a container is invalid; tried out it is not made", async () => {
    const answer = await api.call("POST", PODS, { body: bare({ containers: [] }) });
    expect(answer).toMatchObject({
      status: 422,
      body: { message: 'Pod "tug" is invalid: spec.containers: Required value' },
    });
    const tried = await api.call("POST", `${PODS}?dryRun=All`, { body: bare() });
    expect(tried.body.spec).toMatchObject({ dnsPolicy: "ClusterFirst" });
    expect(quay.pods.has("default/tug")).toBe(false);
  });
});

describe("pods", () => {
  test("are deleted as a collection, by selector", async () => {
    const before = podsOf("crane").map(({ name }) => name);
    const answer = await api.call("DELETE", `${PODS}?labelSelector=app%3Dcrane`);
    expect(answer).toMatchObject({ status: 200, body: { kind: "PodList" } });
    expect(answer.body.items).toHaveLength(4);
    server.clock.advance(MINUTE);
    expect(podsOf("crane")).toHaveLength(4);
    expect(podsOf("crane").some(({ name }) => before.includes(name))).toBe(false);
    expect(podsOf("proxy")).toHaveLength(3);
  });

  test("go at once with a grace of 0, also when they stop already", async () => {
    const [first, second] = podsOf("crane").map(({ name }) => name);
    const now = { gracePeriodSeconds: 0 };
    await api.call("DELETE", `${PODS}/${first}`, { body: now });
    expect((await api.get(`${PODS}/${first}`)).status).toBe(404);
    await api.call("DELETE", `${PODS}/${second}`);
    expect((await api.get(`${PODS}/${second}`)).status).toBe(200);
    await api.call("DELETE", `${PODS}/${second}`, { body: now });
    expect((await api.get(`${PODS}/${second}`)).status).toBe(404);
  });

  test("are labelled and annotated, but not changed", async () => {
    const [name] = podsOf("crane").map((pod) => pod.name);
    const watch = await api.watch(`${PODS}?watch=true&labelSelector=seen`);
    const written = await patch(`${PODS}/${name}`, { metadata: { labels: { seen: "yes" } } });
    expect(written.body.metadata.labels).toMatchObject({ seen: "yes", app: "crane" });
    expect(await watch.take(1)).toMatchObject([{ type: "ADDED", object: { metadata: { name } } }]);
    watch.close();
    const spec = { spec: { terminationGracePeriodSeconds: 7 } };
    expect((await patch(`${PODS}/${name}`, spec, MERGE)).status).toBe(422);
  });

  test("that do not tolerate a NoExecute taint leave their node, whatever budgets say", async () => {
    const node = podsOf("ledger")[0]?.node ?? "";
    const taints = [{ key: "dock", value: "closed", effect: "NoExecute" }];
    await patch(`/api/v1/nodes/${node}`, { spec: { taints } });
    server.clock.advance(MINUTE);
    expect([...quay.pods.values()].filter((pod) => pod.node === node)).toEqual([]);
    expect(podsOf("ledger")).toHaveLength(2);
    expect(podsOf("proxy")).toHaveLength(2);
    await patch(`/api/v1/nodes/${node}`, { spec: { taints: null } }, MERGE);
    server.clock.advance(MINUTE);
    expect(podsOf("proxy")).toHaveLength(3);
  });
});

describe("affinity", () => {
  const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";
  const withAffinity = (affinity: object): object => ({
    spec: { replicas: 4, template: { spec: { affinity } } },
  });
  const apart = (topologyKey: string): object => ({
    podAntiAffinity: {
      [REQUIRED]: [{ labelSelector: { matchLabels: { app: "crane" } }, topologyKey }],
    },
  });

  test("keeps pods apart that ask for it; one too many waits and says why", async () => {
    await patch(CRANE, { spec: { strategy: { type: "Recreate", rollingUpdate: null } } }, MERGE);
    await patch(CRANE, withAffinity(apart("kubernetes.io/hostname")));
    server.clock.advance(MINUTE);
    const placed = podsOf("crane").filter(({ node }) => node !== undefined);
    expect(new Set(placed.map(({ node }) => node)).size).toBe(3);
    expect(placed).toHaveLength(3);
    const waiting = podsOf("crane").find(({ node }) => node === undefined);
    const { body } = await api.get(`${PODS}/${waiting?.name}`);
    expect(JSON.stringify(body.status)).toContain("3 node(s) didn't match pod anti-affinity rules");
    // A node that is drained gives the others nothing: its pod has nowhere to go.
    const [first] = placed;
    quay.patchNode(first?.node ?? "", { unschedulable: true });
    quay.evict("default", first?.name ?? "");
    server.clock.advance(MINUTE);
    expect(podsOf("crane").filter(({ node }) => node === undefined)).toHaveLength(2);
    quay.patchNode(first?.node ?? "", { unschedulable: false });
    server.clock.advance(MINUTE);
    expect(podsOf("crane").filter(({ ready }) => ready)).toHaveLength(3);
  });

  test("by zone counts all nodes without zones as one", async () => {
    await patch(CRANE, { spec: { strategy: { type: "Recreate", rollingUpdate: null } } }, MERGE);
    await patch(CRANE, withAffinity(apart("topology.kubernetes.io/zone")));
    server.clock.advance(MINUTE);
    expect(podsOf("crane").filter(({ ready }) => ready)).toHaveLength(1);
  });

  test.each([
    { name: "by label", term: { key: "dock", operator: "In", values: ["north", "south"] } },
    { name: "by name", field: true },
  ])("to nodes $name places pods there only", async ({ term, field = false }) => {
    const [, second = ""] = [...quay.nodes.keys()];
    quay.patchNode(second, { labels: { dock: "north" } });
    const byName = { key: "metadata.name", operator: "In", values: [second] };
    const terms = [field ? { matchFields: [byName] } : { matchExpressions: [term] }];
    const nodeAffinity = { [REQUIRED]: { nodeSelectorTerms: terms } };
    await patch(CRANE, withAffinity({ nodeAffinity }));
    server.clock.advance(MINUTE);
    expect(new Set(podsOf("crane").map(({ node }) => node))).toEqual(new Set([second]));
  });

  test("with an operator that this cluster does not know is invalid", async () => {
    const terms = [{ matchExpressions: [{ key: "cores", operator: "Gt", values: ["4"] }] }];
    const nodeAffinity = { [REQUIRED]: { nodeSelectorTerms: terms } };
    expect((await patch(CRANE, withAffinity({ nodeAffinity }))).status).toBe(422);
  });
});

describe("taints and labels of a whole pool", () => {
  test("drive pods away and let waiting ones in, as those of a node do", () => {
    quay.updatePool("workers", { nodeTaints: ["dock=closed:NoExecute"] });
    server.clock.advance(MINUTE);
    expect([...quay.pods.values()].filter(({ node }) => node !== undefined)).toEqual([]);
    expect(podsOf("crane")).toHaveLength(4);
    quay.updatePool("workers", { nodeTaints: [] });
    server.clock.advance(MINUTE);
    expect([...quay.pods.values()].every(({ ready }) => ready)).toBe(true);
    expect(podsOf("proxy")).toHaveLength(3);
  });
});

describe("the state of a node", () => {
  test("keeps conditions and resources that others than the kubelet write", async () => {
    const [node = ""] = [...quay.nodes.keys()];
    const path = `/api/v1/nodes/${node}/status`;
    const conditions = [
      { type: "KernelDeadlock", status: "False", reason: "KernelHasNoDeadlock" },
      { type: "Ready", status: "False" },
    ];
    const status = { conditions, capacity: { "harbour.example/crane": "2" } };
    const written = await patch(path, { status });
    expect(written.status).toBe(200);
    const read = (await api.get(path)).body.status as { conditions: { type: string }[] };
    expect(read.conditions).toContainEqual(expect.objectContaining(conditions[0]));
    expect(read.conditions).toContainEqual(
      expect.objectContaining({ type: "Ready", status: "True" }),
    );
    expect(read).toMatchObject({ allocatable: { "harbour.example/crane": "2" } });
  });
});

describe("what clients keep in a cluster", () => {
  test("leases by which they agree on a leader, beside those of the kubelets", async () => {
    const path = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
    const lease = { metadata: { name: "lock" }, spec: { holderIdentity: "first" } };
    expect((await api.call("POST", path, { body: lease })).status).toBe(201);
    const taken = { spec: { holderIdentity: "second" } };
    expect((await patch(`${path}/lock`, taken, MERGE)).body.spec).toMatchObject(taken.spec);
    const all = await listOf("/apis/coordination.k8s.io/v1/leases");
    expect(all.items).toHaveLength(4);
    expect((await api.call("DELETE", `${path}/lock`)).status).toBe(200);
  });

  test.each([
    { name: "a time", lastTimestamp: "2026-07-01T00:00:00Z" },
    { name: "no time", lastTimestamp: undefined },
    { name: "a word for a time", lastTimestamp: "soon" },
  ])("events with $name, in both of their forms", async ({ lastTimestamp }) => {
    const involvedObject = { kind: "Node", name: "one" };
    const event = { metadata: { generateName: "seen" }, reason: "Seen", involvedObject };
    const path = "/api/v1/namespaces/default/events";
    const body = { ...event, message: "a drain began", lastTimestamp };
    expect((await api.call("POST", path, { body })).status).toBe(201);
    const [newer] = (await listOf("/apis/events.k8s.io/v1/namespaces/default/events")).items;
    expect(newer).toMatchObject({
      reason: "Seen",
      note: "a drain began",
      regarding: involvedObject,
    });
  });
});

describe("an unready pod", () => {
  test("may always be evicted where its budget says so", async () => {
    await patch(CRANE.replace("crane", "ledger").replace("default", "dock"), {
      spec: { replicas: 2 },
    });
    const budgets = "/apis/policy/v1/namespaces/dock/poddisruptionbudgets/ledger";
    await patch(budgets, { spec: { minAvailable: 3 } }, MERGE);
    const [first] = podsOf("ledger");
    const path = `/api/v1/namespaces/dock/pods`;
    await api.call("DELETE", `${path}/${first?.name}`, { body: { gracePeriodSeconds: 0 } });
    const unready = podsOf("ledger").find(({ ready }) => !ready)?.name;
    const eviction = { body: { metadata: { name: unready } } };
    expect((await api.call("POST", `${path}/${unready}/eviction`, eviction)).status).toBe(429);
    const policy = { spec: { unhealthyPodEvictionPolicy: "AlwaysAllow" } };
    expect((await patch(budgets, policy, MERGE)).body.spec).toMatchObject(policy.spec);
    expect((await api.call("POST", `${path}/${unready}/eviction`, eviction)).status).toBe(201);
  });
});
