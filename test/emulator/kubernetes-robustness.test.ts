import fc from "fast-check";
import { expect, test } from "vitest";
import type { Cluster } from "../../shared/simulator/model.ts";
import { createKubernetesService } from "../../emulator/kubernetes/service.ts";
import type { WireReply, WireRequest } from "../../emulator/service.ts";
import { startKubernetesServer } from "./kubernetes-server.ts";
import type { KubernetesServer } from "./kubernetes-server.ts";
import { quayWorld } from "./kubernetes-world.ts";

/** About a second; the same on every machine, by the seed. */
const RUNS = 2_000;
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const TYPES = [
  "application/json",
  "application/yaml",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/json-patch+json",
  "application/vnd.kubernetes.protobuf",
];
const PATHS = [
  "/api/v1/nodes",
  "/api/v1/pods",
  "/api/v1/namespaces/dock/pods",
  "/apis/policy/v1/namespaces/dock/poddisruptionbudgets",
  "/apis/policy/v1/namespaces/dock/poddisruptionbudgets/ledger",
  "/apis/apps/v1/namespaces/dock/deployments",
  "/apis/apps/v1/namespaces/dock/deployments/ledger",
  "/apis/apps/v1/namespaces/dock/deployments/ledger/scale",
  "/apis/apps/v1/namespaces/kube-system/daemonsets/proxy",
  "/api/v1/events",
  "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
];
const QUERY_KEYS = [
  "labelselector",
  "fieldselector",
  "limit",
  "continue",
  "watch",
  "resourceversion",
  "dryrun",
  "timeoutseconds",
  "includeobject",
];

const mostly = <T, U>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<U>): fc.Arbitrary<T | U> =>
  fc.oneof({ arbitrary: usual, weight: 9 }, { arbitrary: odd, weight: 1 });

const labels = mostly(fc.constant({ app: "ledger" }), fc.anything());
const limit = mostly(fc.oneof(fc.nat(3), fc.constant("50%"), fc.constant(null)), fc.anything());
const spec = fc.record(
  {
    minAvailable: limit,
    maxUnavailable: limit,
    selector: mostly(fc.record({ matchLabels: labels }), fc.anything()),
    replicas: mostly(fc.nat(4), fc.anything()),
    template: mostly(fc.record({ metadata: fc.record({ labels }) }), fc.anything()),
    unschedulable: mostly(fc.boolean(), fc.anything()),
    taints: mostly(
      fc.array(
        fc.record({ key: fc.constantFrom("a", "b"), effect: fc.constantFrom("NoSchedule", "x") }),
      ),
      fc.anything(),
    ),
  },
  { requiredKeys: [] },
);

/** Objects that look enough like Kubernetes' to get past the first look, and some that do not. */
const body = mostly(
  fc.record(
    {
      metadata: mostly(
        fc.record(
          { name: fc.constantFrom("ledger", "fresh"), labels, annotations: labels },
          { requiredKeys: ["name"] },
        ),
        fc.anything(),
      ),
      spec: mostly(spec, fc.anything()),
      deleteOptions: mostly(fc.constant({}), fc.anything()),
    },
    { requiredKeys: [] },
  ),
  fc.oneof(fc.string(), fc.json()),
);

const requests = fc.record({
  method: fc.constantFrom(...METHODS),
  path: mostly(fc.constantFrom("{node}", "{pod}", "{pod}/eviction", ...PATHS), fc.webPath()),
  query: mostly(
    fc.constant({}),
    fc.dictionary(fc.constantFrom(...QUERY_KEYS), fc.oneof(fc.string(), fc.nat().map(String))),
  ),
  type: fc.constantFrom(...TYPES),
  accept: mostly(
    fc.constantFrom("*/*", "application/json;as=Table;v=v1;g=meta.k8s.io"),
    fc.string(),
  ),
  body,
});

type Sketch = typeof requests extends fc.Arbitrary<infer T> ? T : never;

function toRequest(server: KubernetesServer, sketch: Sketch, signal: AbortSignal): WireRequest {
  const { world } = server.environment;
  const [quay] = world.clusters.values();
  const node = [...(quay?.nodes.keys() ?? [])][0];
  const pod = [...(quay?.pods.values() ?? [])].find(({ namespace }) => namespace === "dock");
  const path = sketch.path
    .replace("{node}", `/api/v1/nodes/${node}`)
    .replace("{pod}", `/api/v1/namespaces/dock/pods/${pod?.name}`);
  const text = typeof sketch.body === "string" ? sketch.body : stringify(sketch.body);
  return {
    // Three nodes would be used up soon.
    method: sketch.path === "{node}" && sketch.method === "DELETE" ? "GET" : sketch.method,
    path: `${new URL(server.address("quay")).pathname}${path}`,
    query: new Map(Object.entries(sketch.query)),
    headers: {
      authorization: `Bearer ${server.adminToken("quay")}`,
      "content-type": sketch.type,
      accept: sketch.accept,
    },
    body: Buffer.from(text),
    signal,
  };
}

/** JSON.stringify refuses big integers, which `fc.anything` makes now and then. */
function stringify(value: unknown): string {
  return (
    JSON.stringify(value, (_key, member: unknown) =>
      typeof member === "bigint" ? Number(member) : member,
    ) ?? ""
  );
}

/** What an earlier request deleted is put back, so that later ones get past "not found". */
function restore(quay: Cluster): void {
  const ledger = { namespace: "dock", name: "ledger" };
  const labels = { app: "ledger" };
  if (!quay.budgets.has("dock/ledger")) {
    quay.putBudget({ ...ledger, selector: labels, minAvailable: 2 });
  }
  if (!quay.workloads.has("Deployment/dock/ledger")) {
    quay.putWorkload({ kind: "Deployment", ...ledger, replicas: 2, labels });
  }
}

/** The API server's own 500 (two budgets over a pod) is an answer; one that reports an accident is not. */
function isWellFormed(reply: WireReply): boolean {
  if (reply.status < 400) return reply.status >= 200;
  const text = JSON.stringify(reply.body);
  return text.includes('"kind":"Status"') && !text.includes("Internal error occurred");
}

test("no request brings the server down: each is served, or refused by a Status", async () => {
  const { world, quay } = quayWorld();
  const server = await startKubernetesServer(world);
  const service = createKubernetesService(server.environment);
  await fc.assert(
    fc.asyncProperty(requests, async (sketch) => {
      restore(quay);
      const hangUp = new AbortController();
      const request = toRequest(server, sketch, hangUp.signal);
      const reply = await service.handle(request);
      hangUp.abort();
      expect(reply && isWellFormed(reply), JSON.stringify(reply)).toBe(true);
    }),
    { seed: 11, numRuns: RUNS },
  );
  await server.close();
});
