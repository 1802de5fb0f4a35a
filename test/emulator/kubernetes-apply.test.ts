import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { KubernetesClient } from "./kubernetes-client.ts";
import type { Answer, Body } from "./kubernetes-client.ts";
import { startKubernetesServer } from "./kubernetes-server.ts";
import type { KubernetesServer } from "./kubernetes-server.ts";
import { quayWorld } from "./kubernetes-world.ts";

const APPLY = "application/apply-patch+yaml";
const MERGE = "application/merge-patch+json";
const TUG = "/apis/apps/v1/namespaces/default/deployments/tug";

let server: KubernetesServer;
let api: KubernetesClient;

beforeEach(async () => {
  server = await startKubernetesServer(quayWorld().world);
  api = new KubernetesClient(server, "quay");
});
afterEach(() => server.close());

interface Parts {
  readonly labels?: Record<string, string>;
  readonly replicas?: number;
  readonly env?: Record<string, string>;
}

function tug({ labels, replicas, env = {} }: Parts): object {
  const app = { app: "tug" };
  const variables = Object.entries(env).map(([name, value]) => ({ name, value }));
  const container = {
    name: "tug",
    image: "tug:1",
    ...(variables.length > 0 && { env: variables }),
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "tug", ...(labels && { labels }) },
    spec: {
      ...(replicas !== undefined && { replicas }),
      selector: { matchLabels: app },
      template: { metadata: { labels: app }, spec: { containers: [container] } },
    },
  };
}

function apply(manager: string, body: object, query = ""): Promise<Answer> {
  const path = `${TUG}?fieldManager=${manager}${query}`;
  return api.call("PATCH", path, { type: APPLY, body });
}

async function read(): Promise<Body> {
  return (await api.get(TUG)).body;
}

interface Manager {
  readonly manager: string;
  readonly operation: string;
  readonly fieldsV1: object;
}

async function managers(): Promise<readonly Manager[]> {
  const { managedFields } = (await read()).metadata as unknown as { managedFields: Manager[] };
  return managedFields;
}

function containerOf({ spec }: Body): unknown {
  return (spec.template as { spec: { containers: unknown[] } }).spec.containers[0];
}

describe("server-side apply", () => {
  test("makes an object, and takes away what its manager describes no longer", async () => {
    const first = { labels: { a: "1", b: "2" }, replicas: 3, env: { A: "1", B: "2" } };
    expect((await apply("ci", tug(first))).status).toBe(201);
    expect((await apply("ci", tug({ labels: { a: "1" }, env: { B: "2" } }))).status).toBe(200);
    const body = await read();
    expect(body.metadata.labels).toEqual({ a: "1" });
    expect(containerOf(body)).toMatchObject({ env: [{ name: "B", value: "2" }] });
    // Not described any more, so that its default holds again.
    expect(body.spec.replicas).toBe(1);
    expect(await managers()).toMatchObject([
      {
        manager: "ci",
        operation: "Apply",
        fieldsV1: { "f:metadata": { "f:labels": { "f:a": {} } }, "f:spec": { "f:selector": {} } },
      },
    ]);
  });

  test("leaves what others own, also when both describe it", async () => {
    await apply("ci", tug({ labels: { a: "1", shared: "x" } }));
    await apply("ops", { metadata: { name: "tug", labels: { shared: "x", mine: "y" } } });
    await api.call("PATCH", TUG, { type: MERGE, body: { metadata: { labels: { third: "z" } } } });
    await apply("ci", tug({}));
    expect((await read()).metadata.labels).toEqual({ shared: "x", mine: "y", third: "z" });
  });

  test("refuses to change what another manager set, and names it, unless it is forced", async () => {
    await apply("ci", tug({ replicas: 3 }));
    const scale = { type: MERGE, body: { spec: { replicas: 5 } } };
    await api.call("PATCH", `${TUG}/scale?fieldManager=hand`, scale);
    const refused = await apply("ci", tug({ replicas: 3 }));
    expect(refused).toMatchObject({
      status: 409,
      body: {
        kind: "Status",
        reason: "Conflict",
        message:
          'Apply failed with 1 conflict: conflict with "hand" with subresource "scale" using apps/v1: .spec.replicas',
        details: { causes: [{ reason: "FieldManagerConflict", field: ".spec.replicas" }] },
      },
    });
    expect((await apply("ci", tug({ replicas: 3 }), "&dryRun=All")).status).toBe(409);
    expect((await apply("ci", tug({ replicas: 5 }))).status).toBe(200);
    const forced = await apply("ci", tug({ replicas: 3 }), "&force=true");
    expect(forced.body.spec).toMatchObject({ replicas: 3 });
    expect((await managers()).map(({ manager }) => manager)).toEqual(["ci"]);
  });

  test("names the item of a list that is in conflict", async () => {
    await apply("ci", tug({ env: { A: "1" } }));
    const { status, body } = await apply("ops", tug({ env: { A: "2" } }));
    expect(status).toBe(409);
    expect(body.message).toContain(
      '.spec.template.spec.containers[name="tug"].env[name="A"].value',
    );
  });

  test("that is tried out changes nothing", async () => {
    await apply("ci", tug({ replicas: 3 }));
    const tried = await apply("ci", tug({ replicas: 4 }), "&dryRun=All");
    expect(tried.body.spec).toMatchObject({ replicas: 4 });
    expect((await read()).spec).toMatchObject({ replicas: 3 });
  });

  test.each([
    { name: "without a manager", path: TUG, body: tug({}) },
    {
      name: "with managers of its own making",
      path: `${TUG}?fieldManager=ci`,
      body: { metadata: { name: "tug", managedFields: [{ manager: "x" }] } },
    },
    { name: "that is a list", path: `${TUG}?fieldManager=ci`, body: [] },
  ])("$name is a bad request", async ({ path, body }) => {
    expect((await api.call("PATCH", path, { type: APPLY, body })).status).toBe(400);
  });
});

describe("the managers of an object", () => {
  test("are those who made and changed it; a change takes the field from the other", async () => {
    const path = TUG.replace("/tug", "");
    await api.call("POST", `${path}?fieldManager=maker`, {
      body: tug({ labels: { a: "1", b: "2" } }),
    });
    await api.call("PATCH", `${TUG}?fieldManager=hand`, {
      type: MERGE,
      body: { metadata: { labels: { a: "2" } } },
    });
    const [maker, hand] = await managers();
    expect(maker).toMatchObject({
      manager: "maker",
      operation: "Update",
      fieldsV1: { "f:metadata": { "f:labels": { "f:b": {} } } },
    });
    expect(maker?.fieldsV1).not.toHaveProperty(["f:metadata", "f:labels", "f:a"]);
    expect(hand).toMatchObject({ fieldsV1: { "f:metadata": { "f:labels": { "f:a": {} } } } });
  });

  test("can be handed on, as kubectl does when it turns to server-side apply", async () => {
    const path = TUG.replace("/tug", "");
    await api.call("POST", `${path}?fieldManager=kubectl-client-side-apply`, {
      body: tug({ labels: { a: "1", b: "2" } }),
    });
    const handed = (await managers()).map((one) => ({
      ...one,
      manager: "kubectl",
      operation: "Apply",
    }));
    const patch = [{ op: "replace", path: "/metadata/managedFields", value: handed }];
    await api.call("PATCH", TUG, { type: "application/json-patch+json", body: patch });
    await apply("kubectl", tug({ labels: { a: "1" } }));
    expect((await read()).metadata.labels).toEqual({ a: "1" });
  });

  test.each([
    { name: "a word", managedFields: "me" },
    { name: "a list of words", managedFields: ["me"] },
    { name: "fields of another making", managedFields: [{ fieldsV1: { "k:{": {} } }] },
    { name: "an item without its keys", managedFields: [{ fieldsV1: { "f:a": { "k:[]": {} } } }] },
  ])("are refused as $name", async ({ managedFields }) => {
    await apply("ci", tug({}));
    const body = { metadata: { managedFields } };
    const refused = await api.call("PATCH", TUG, { type: MERGE, body });
    expect(refused).toMatchObject({ status: 400, body: { kind: "Status" } });
    expect(await managers()).toMatchObject([{ manager: "ci" }]);
  });
});
