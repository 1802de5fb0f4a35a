import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { AKS_SERVER_APPLICATION } from "../../emulator/kubernetes/authorization.ts";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";

let emulator: TestEmulator;

beforeAll(async () => {
  emulator = await startTestEmulator({ clock: "manual" });
});

afterAll(() => emulator.close());

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: { readonly server: string } }[];
  readonly users: readonly { readonly user: { readonly token?: string } }[];
}

/** The server and token of the kubeconfig that ARM hands out for its first cluster. */
async function adminAccess(): Promise<{ server: string; token: string }> {
  const [cluster] = await collect(emulator.aks.managedClusters.list());
  const [, group = ""] = /resourcegroups\/([^/]+)/i.exec(cluster?.id ?? "") ?? [];
  const name = cluster?.name ?? "";
  const result = await emulator.aks.managedClusters.listClusterAdminCredentials(group, name);
  const text = Buffer.from(result.kubeconfigs?.[0]?.value ?? []).toString("utf8");
  const { clusters, users } = parse(text) as Kubeconfig;
  return { server: clusters[0]?.cluster.server ?? "", token: users[0]?.user.token ?? "" };
}

async function collect<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of pages) items.push(item);
  return items;
}

async function nodes(server: string, token: string): Promise<number> {
  const path = `${new URL(server).pathname}/api/v1/nodes`;
  const headers = { authorization: `Bearer ${token}` };
  return (await emulator.call(path, { as: null, headers })).status;
}

test("the admin kubeconfig of ARM opens the cluster that it names", async () => {
  const { server, token } = await adminAccess();
  expect(await nodes(server, token)).toBe(200);
});

test("an Entra token for the AKS server opens it, one for another audience does not", async () => {
  const { server } = await adminAccess();
  expect(await nodes(server, emulator.token("owner", AKS_SERVER_APPLICATION))).toBe(200);
  expect(await nodes(server, emulator.token("owner"))).toBe(401);
});
