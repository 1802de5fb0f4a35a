import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { MINUTE } from "../../shared/core/duration.ts";
import type { Cluster, World } from "../../shared/simulator/model.ts";
import { createKubernetesService } from "../../emulator/kubernetes/service.ts";
import type { WireReply, WireRequest } from "../../emulator/service.ts";
import { startKubernetesServer } from "./kubernetes-server.ts";
import type { KubernetesServer } from "./kubernetes-server.ts";
import { NEW_IMAGE, quayWorld } from "./kubernetes-world.ts";

type Item = { readonly metadata: { readonly name: string; readonly namespace?: string } };

/** The service itself, without a socket, as the administrator of `quay`. */
class Lists {
  readonly #service: ReturnType<typeof createKubernetesService>;
  readonly #server: KubernetesServer;

  constructor(server: KubernetesServer) {
    this.#server = server;
    this.#service = createKubernetesService(server.environment);
  }

  async ask(path: string, headers: WireRequest["headers"] = {}): Promise<WireReply> {
    const [bare = "", query = ""] = path.split("?");
    const reply = await this.#service.handle({
      method: "GET",
      path: `${new URL(this.#server.address("quay")).pathname}${bare}`,
      query: new Map(new URLSearchParams(query)),
      headers: { authorization: `Bearer ${this.#server.adminToken("quay")}`, ...headers },
      body: Buffer.alloc(0),
      signal: new AbortController().signal,
    });
    return reply ?? { status: 404 };
  }

  async items(path: string): Promise<Item[]> {
    const { body } = await this.ask(path);
    return (JSON.parse(String(body)) as { items: Item[] }).items;
  }
}

/** A list must say of each object what a GET of it says, which is made anew every time. */
async function expectFresh(lists: Lists, path: string, root: string): Promise<void> {
  const items = await lists.items(path);
  for (const item of items) {
    const { namespace, name } = item.metadata;
    const where = namespace === undefined ? "" : `/namespaces/${namespace}`;
    const plural = path.split("?")[0]?.split("/").at(-1) ?? "";
    const { body } = await lists.ask(`${root}${where}/${plural}/${name}`);
    expect(body).toMatchObject(item);
  }
}

const HAPPENINGS: Readonly<Record<string, (world: World, quay: Cluster, node: string) => void>> = {
  "a node is cordoned": (_world, quay, node) => quay.patchNode(node, { unschedulable: true }),
  "a node is labelled": (_world, quay, node) => quay.patchNode(node, { labels: { a: "b" } }),
  "the pool is labelled": (_world, quay) => quay.updatePool("workers", { nodeLabels: { c: "d" } }),
  "a pod is deleted": (_world, quay) => {
    const [pod] = quay.pods.values();
    if (pod) quay.deletePod(pod.namespace, pod.name);
  },
  "a workload is scaled": (_world, quay) => {
    quay.putWorkload({
      kind: "Deployment",
      namespace: "default",
      name: "crane",
      replicas: 2,
      labels: { app: "crane" },
    });
  },
  "an upgrade begins": (world, quay) => {
    world.images.release("westeurope", NEW_IMAGE);
    world.advanceTo(world.now + MINUTE);
    quay.upgradeNodeImage("workers", NEW_IMAGE);
  },
  "the upgrade goes on": (world) => world.advanceTo(world.now + 5 * MINUTE),
  "the upgrade ends": (world) => world.advanceTo(world.now + 600 * MINUTE),
  // Kubelets go on writing when they were last heard of.
  "nothing but time passes": (world) => world.advanceTo(world.now + 7 * MINUTE),
};

test("a list that is asked for again shows whatever happened in between", async () => {
  const { world, quay } = quayWorld();
  const server = await startKubernetesServer(world);
  try {
    const lists = new Lists(server);
    const questions = [
      ["/api/v1/nodes", "/api/v1"],
      ["/api/v1/pods", "/api/v1"],
      ["/api/v1/pods?labelselector=app%3Dcrane", "/api/v1"],
      ["/apis/apps/v1/deployments", "/apis/apps/v1"],
      ["/apis/policy/v1/poddisruptionbudgets", "/apis/policy/v1"],
    ] as const;
    for (const [name, happen] of Object.entries(HAPPENINGS)) {
      for (const [path] of questions) await lists.ask(path);
      happen(world, quay, [...quay.nodes.keys()][0] ?? "");
      for (const [path, root] of questions) {
        await expectFresh(lists, path, root).catch((error: unknown) => {
          throw new Error(`${path} after: ${name}`, { cause: error });
        });
      }
    }
  } finally {
    await server.close();
  }
});

test("an unchanged list is made once, and packed for clients that ask for it", async () => {
  const { world } = quayWorld();
  for (let index = 0; index < 100; index++)
    world.clusters.values().next().value?.putWorkload(app(index));
  const server = await startKubernetesServer(world);
  try {
    const lists = new Lists(server);
    const plain = await lists.ask("/api/v1/pods");
    expect((await lists.ask("/api/v1/pods")).body).toBe(plain.body);
    const packed = await lists.ask("/api/v1/pods", { "accept-encoding": "gzip" });
    expect(packed.headers).toMatchObject({ "Content-Encoding": "gzip", Vary: "Accept-Encoding" });
    expect(gunzipSync(packed.body as Buffer)).toEqual(plain.body);
    const few = await lists.ask("/api/v1/nodes", { "accept-encoding": "gzip" });
    expect(few.headers).not.toHaveProperty("Content-Encoding");
  } finally {
    await server.close();
  }
});

function app(index: number): Parameters<Cluster["putWorkload"]>[0] {
  const name = `app-${index}`;
  return { kind: "Deployment", namespace: "default", name, replicas: 1, labels: { app: name } };
}
