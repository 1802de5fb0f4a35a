import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KubernetesClient } from "./kubernetes-client.ts";
import type { Answer } from "./kubernetes-client.ts";
import { startKubernetesServer } from "./kubernetes-server.ts";
import type { KubernetesServer } from "./kubernetes-server.ts";
import { quayWorld } from "./kubernetes-world.ts";

let server: KubernetesServer;
let api: KubernetesClient;

beforeAll(async () => {
  server = await startKubernetesServer(quayWorld().world);
  api = new KubernetesClient(server, "quay");
});
afterAll(() => server.close());

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly required?: readonly string[];
  readonly allOf?: readonly Schema[];
  readonly $ref?: string;
  readonly "x-kubernetes-group-version-kind"?: readonly object[];
  readonly "x-kubernetes-patch-merge-key"?: string;
}

type Schemas = Readonly<Record<string, Schema>>;

async function schemasOf(root: string): Promise<Schemas> {
  const { body } = await api.get(`/openapi/v3/${root}`);
  return (body as unknown as { components: { schemas: Schemas } }).components.schemas;
}

function target(schemas: Schemas, schema: Schema): Schema {
  const reference = schema.$ref ?? schema.allOf?.[0]?.$ref;
  if (reference === undefined) return schema;
  const found = schemas[reference.split("/").at(-1) ?? ""];
  if (!found) throw new Error(`${reference} leads nowhere`);
  return found;
}

/** Where a value is not what the schema says of it. */
function misfits(schemas: Schemas, schema: Schema, value: unknown, path: string): string[] {
  const { type, properties, items, additionalProperties } = target(schemas, schema);
  if (Array.isArray(value)) {
    if (type !== "array" || !items) return [`${path}: a list`];
    return value.flatMap((one, index) => misfits(schemas, items, one, `${path}[${index}]`));
  }
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([name, member]) => {
      const known = properties?.[name] ?? additionalProperties;
      if (known) return misfits(schemas, known, member, `${path}.${name}`);
      return type === "object" && !properties ? [] : [`${path}.${name}: unknown`];
    });
  }
  const kind = typeof value === "number" ? "integer" : typeof value;
  return type === undefined || type === kind || type === "object" ? [] : [`${path}: ${kind}`];
}

interface Kind {
  readonly path: string;
  readonly root: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

/** Every kind that is kept (what is measured has no schema), with the path of its list. */
async function kinds(): Promise<readonly Kind[]> {
  const { body } = await api.get("/apis");
  const { groups } = body as unknown as { groups: { versions: { groupVersion: string }[] }[] };
  const named = groups.flatMap(({ versions }) => versions);
  const roots = ["api/v1", ...named.map(({ groupVersion }) => `apis/${groupVersion}`)];
  const lists = await Promise.all(
    roots.map(async (root) => {
      const answer = await api.get(`/${root}`);
      const { resources } = answer.body as unknown as {
        resources: { name: string; kind: string; verbs: string[] }[];
      };
      return resources
        .filter(({ name, verbs }) => !name.includes("/") && verbs.includes("watch"))
        .map(({ name, kind, verbs }) => ({ root, kind, verbs, path: `/${root}/${name}` }));
    }),
  );
  return lists.flat();
}

describe("the schemas of the third version", () => {
  test("describe every object that the server shows, field by field", async () => {
    const created = { metadata: { name: "kept" }, data: { a: "1" } };
    await api.call("POST", "/api/v1/namespaces/default/configmaps", { body: created });
    const problems: string[] = [];
    let shown = 0;
    for (const { root, kind, path } of await kinds()) {
      const schemas = await schemasOf(root);
      const schema = Object.entries(schemas).find(
        ([name, one]) => name.endsWith(`.${kind}`) && one["x-kubernetes-group-version-kind"],
      )?.[1];
      if (!schema) throw new Error(`${root} ${kind} has no schema`);
      const { items } = (await api.get(path)).body;
      shown += items.length;
      problems.push(...items.flatMap((item) => misfits(schemas, schema, item, kind)));
    }
    expect(shown).toBeGreaterThan(20);
    expect([...new Set(problems)]).toEqual([]);
  });

  test("say how lists merge and which fields have to be there", async () => {
    const schemas = await schemasOf("apis/apps/v1");
    const spec = schemas["io.k8s.api.core.v1.PodSpec"];
    expect(spec?.required).toEqual(["containers"]);
    expect(spec?.properties?.["containers"]?.["x-kubernetes-patch-merge-key"]).toBe("name");
    expect(spec?.properties?.["tolerations"]).not.toHaveProperty("x-kubernetes-patch-merge-key");
    expect(spec?.properties?.["nodeName"]?.description).toMatch(/node/);
  });
});

/** Contents of the fields of a protobuf message that have this number, all of them length-delimited. */
function contents(message: Buffer, wanted: number): Buffer[] {
  const found: Buffer[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++];
      if (byte === undefined) throw new Error("the message ends within a number");
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const length = varint();
    if (tag % 8 !== 2 || at + length > message.length) throw new Error("not length-delimited");
    if (tag >> 3 === wanted) found.push(message.subarray(at, at + length));
    at += length;
  }
  return found;
}

test("the second version tells the same as JSON and as protobuf, which older kubectl asks for", async () => {
  const json = (await api.get("/openapi/v2")).body as unknown as {
    definitions: Schemas;
    paths: Record<string, { patch?: { parameters: { name: string }[] } }>;
  };
  const patch = json.paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]?.patch;
  expect(patch?.parameters.map(({ name }) => name)).toContain("dryRun");
  const accept = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
  const bytes = await api.bytes("/openapi/v2", accept);
  const schemas = contents(contents(bytes, 9)[0] ?? Buffer.alloc(0), 1).map((entry) => ({
    name: contents(entry, 1)[0]?.toString("utf8") ?? "",
    fields: contents(contents(entry, 2)[0] ?? Buffer.alloc(0), 25).flatMap((all) =>
      contents(all, 1).map((field) => contents(field, 1)[0]?.toString("utf8")),
    ),
  }));
  expect(schemas.map(({ name, fields }) => [name, fields])).toEqual(
    Object.entries(json.definitions).map(([name, { properties = {} }]) => [
      name,
      Object.keys(properties),
    ]),
  );
});

describe("what a client writes", () => {
  const DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments";

  function deployment(name: string, spec: object): object {
    const labels = { app: name };
    const containers = [{ name, image: `${name}:1` }];
    return {
      metadata: { name },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers } },
        ...spec,
      },
    };
  }

  function create(name: string, spec: object, query = ""): Promise<Answer> {
    return api.call("POST", `${DEPLOYMENTS}${query}`, { body: deployment(name, spec) });
  }

  test("is refused, warned about or passed over where it holds unknown fields, and never keeps them", async () => {
    const strict = await create("strict", { replicaz: 2 }, "?fieldValidation=Strict");
    expect(strict.status).toBe(400);
    expect(strict.body.message).toBe(
      'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.replicaz"',
    );
    const warned = await create("warned", { replicaz: 2 });
    expect(warned.status).toBe(201);
    expect(warned.headers.warning).toBe(String.raw`299 - "unknown field \"spec.replicaz\""`);
    expect(warned.body.spec).not.toHaveProperty("replicaz");
    const ignored = await create("ignored", { replicaz: 2 }, "?fieldValidation=Ignore");
    expect([ignored.status, ignored.headers.warning]).toEqual([201, undefined]);
    expect((await create("else", {}, "?fieldValidation=Never")).status).toBe(400);
  });

  test("is refused where a value is not of its field's type, the position told", async () => {
    const env = [{ name: "PORT", value: 80 }];
    const containers = [{ name: "typed", image: "typed:1", env }];
    const labels = { app: "typed" };
    const { status, body } = await create("typed", {
      template: { metadata: { labels }, spec: { containers } },
    });
    expect(status).toBe(400);
    expect(body.message).toContain(
      "json: cannot unmarshal number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string",
    );
    expect((await create("typed", { replicas: "2" })).status).toBe(400);
    expect((await create("typed", { template: [] })).status).toBe(400);
  });

  test("may hold quantities as numbers, newer fields than 1.30 and nulls", async () => {
    const resources = { limits: { cpu: 1, memory: "1Gi" } };
    const containers = [{ name: "wide", image: "wide:1", resources, env: null }];
    const spec = { containers, hostnameOverride: "wide", resources };
    const template = { metadata: { labels: { app: "wide" }, creationTimestamp: null }, spec };
    const answer = await create("wide", { template }, "?fieldValidation=Strict");
    expect(answer.status).toBe(201);
  });

  test("is refused by a patch and an apply too", async () => {
    await create("patched", { replicas: 1 });
    const path = `${DEPLOYMENTS}/patched`;
    const patch = (type: string, body: object, query = ""): Promise<Answer> =>
      api.call("PATCH", `${path}${query}`, { type, body });
    const merge = "application/merge-patch+json";
    const strict = await patch(merge, { spec: { replicaz: 2 } }, "?fieldValidation=Strict");
    expect(strict.status).toBe(422);
    expect(strict.body.message).toContain('unknown field "spec.replicaz"');
    expect((await patch(merge, { spec: { replicas: "2" } })).status).toBe(400);
    const applied = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "patched" } };
    const apply = await patch(
      "application/apply-patch+yaml",
      { ...applied, spec: { replicaz: 2 } },
      "?fieldManager=test",
    );
    expect(apply.status).toBe(500);
    expect(apply.body.message).toContain(".spec.replicaz: field not declared in schema");
  });

  test("never makes a header that cannot be sent", async () => {
    const { status, headers } = await create("odd", { "repli\ncas\u2603\u0007": 1 });
    expect(status).toBe(201);
    expect(headers.warning).toMatch(/^299 - "unknown field [\x20-\x7e]+"$/);
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`x${index}`, 1]));
    expect((await create("many", many)).status).toBe(201);
  });
});
