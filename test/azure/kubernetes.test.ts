import { afterEach, describe, expect, it } from "vitest";
import { createArmClient } from "../../shared/azure/arm-client.ts";
import { createNodeReader } from "../../shared/azure/kubernetes.ts";
import { isError } from "../../shared/core/errors.ts";
import type { NodeReader } from "../../shared/quarantine/ports.ts";
import { startCloudServer } from "./cloud-server.ts";
import type { Answer, CloudServer, ReceivedRequest } from "./cloud-server.ts";

const CLUSTER =
  "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/quay-1";

let server: CloudServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

interface Cloud {
  readonly reader: NodeReader;
  readonly server: CloudServer;
  /** Requests for kubeconfigs. */
  kubeconfigs(): number;
}

interface CloudOptions {
  readonly user?: string;
  /** Another API server than this one. */
  readonly apiServer?: string;
  /** What ARM answers instead of a kubeconfig. */
  readonly arm?: Answer;
  readonly timeoutMs?: number;
}

/** One server that is both ARM and the cluster's API server; tokens name the scope they were asked for. */
async function startCloud(
  kubernetes: (url: URL, request: ReceivedRequest) => Answer | undefined,
  options: CloudOptions = {},
): Promise<Cloud> {
  const cloud: CloudServer = await startCloudServer((request) => {
    if (request.url.includes("/listClusterUserCredential")) {
      return options.arm ?? { status: 200, body: credentials(cloud, options) };
    }
    const url = new URL(request.url, "https://cluster");
    return kubernetes(url, request) ?? { status: 404, body: status(404, "NotFound", "no") };
  });
  server = cloud;
  const credential = {
    getToken: async (scope: string | string[]) => ({
      token: `for ${String(scope)}`,
      expiresOnTimestamp: Date.now() + 3_600_000,
    }),
  };
  const arm = createArmClient({ endpoint: cloud.origin, ca: cloud.ca, credential, maxRetries: 0 });
  return {
    reader: createNodeReader({ arm, credential, timeoutMs: options.timeoutMs ?? 5_000 }),
    server: cloud,
    kubeconfigs: () =>
      cloud.requests.filter(({ url }) => url.includes("/listClusterUserCredential")).length,
  };
}

function credentials(cloud: CloudServer, options: CloudOptions): object {
  const ca = Buffer.from(cloud.ca).toString("base64");
  const kubeconfig = `apiVersion: v1
kind: Config
current-context: quay-1
contexts: [{name: quay-1, context: {cluster: quay-1, user: me}}]
clusters:
  - {name: other, cluster: {server: https://other.invalid}}
  - {name: quay-1, cluster: {server: "${options.apiServer ?? cloud.origin}", certificate-authority-data: ${ca}}}
users: [{name: me, user: ${options.user ?? "{exec: {command: kubelogin}}"}}]
`;
  return {
    kubeconfigs: [{ name: "clusterUser", value: Buffer.from(kubeconfig).toString("base64") }],
  };
}

function status(code: number, reason: string, message: string): object {
  return { kind: "Status", status: "Failure", code, reason, message };
}

function node(
  name: string,
  change: { labels?: object; spec?: object; ready?: string } = {},
): object {
  return {
    metadata: {
      name,
      creationTimestamp: "2026-06-01T08:00:00Z",
      labels: {
        "kubernetes.azure.com/agentpool": "apps",
        "kubernetes.azure.com/node-image-version": "AKSUbuntu-2204gen2containerd-202606.16.0",
        ...change.labels,
      },
    },
    spec: change.spec ?? {},
    status: {
      conditions: [
        { type: "MemoryPressure", status: "False" },
        { type: "Ready", status: change.ready ?? "True" },
      ],
      nodeInfo: { kubeletVersion: "v1.33.5" },
    },
  };
}

describe("nodes", () => {
  it("are read page by page with an Entra token for AKS", async () => {
    const cloud = await startCloud((url) => {
      if (url.pathname !== "/api/v1/nodes") return undefined;
      const next = url.searchParams.get("continue");
      if (next === "page/2") return { status: 200, body: { metadata: {}, items: [node("n2")] } };
      return {
        status: 200,
        body: { metadata: { continue: "page/2" }, items: [node("n1", { ready: "Unknown" })] },
      };
    });
    const seen = await cloud.reader.readNodes(CLUSTER);
    expect(seen).toEqual({
      visible: true,
      nodes: ["n1", "n2"].map((name) => ({
        name,
        nodePool: "apps",
        nodeImageVersion: "AKSUbuntu-2204gen2containerd-202606.16.0",
        kubernetesVersion: "1.33.5",
        ready: name === "n2",
        unschedulable: false,
        quarantined: false,
        createdAt: "2026-06-01T08:00:00Z",
      })),
    });
    const [, first] = cloud.server.requests;
    expect(first?.headers.authorization).toBe(
      "Bearer for 6dae42f8-4368-4678-94ff-3960e28e3630/.default",
    );
    const query = new URL(first?.url ?? "", "https://cluster").searchParams;
    expect(query.get("labelSelector")).toBe("kubernetes.azure.com/agentpool");
    expect(query.get("limit")).toBe("500");
  });

  it("say when they are cordoned and quarantined", async () => {
    const labels = { "kubernetes.azure.com/upgrade-status": "Quarantined" };
    const cloud = await startCloud(() => ({
      status: 200,
      body: { items: [node("n1", { labels, spec: { unschedulable: true } })] },
    }));
    const seen = await cloud.reader.readNodes(CLUSTER);
    expect(seen).toMatchObject({ nodes: [{ quarantined: true, unschedulable: true }] });
  });

  it("of a cluster are found through ARM once, whatever the case of its id", async () => {
    const cloud = await startCloud(() => ({ status: 200, body: { items: [] } }));
    await cloud.reader.readNodes(CLUSTER);
    await cloud.reader.readNodes(CLUSTER.toLowerCase());
    await cloud.reader.readBudgets(CLUSTER, "harbour");
    expect(cloud.kubeconfigs()).toBe(1);
  });

  it("of a cluster without Entra are read with what its kubeconfig holds", async () => {
    const cloud = await startCloud(() => ({ status: 200, body: { items: [] } }), {
      user: "{token: static}",
    });
    expect(await cloud.reader.readNodes(CLUSTER)).toEqual({ visible: true, nodes: [] });
    expect(cloud.server.requests[1]?.headers.authorization).toBe("Bearer static");
  });

  it("are read again after a moment of overload", async () => {
    let refusals = 1;
    const cloud = await startCloud(() => {
      if (refusals-- > 0) {
        return {
          status: 429,
          body: status(429, "TooManyRequests", "busy"),
          headers: { "retry-after": "0" },
        };
      }
      return { status: 200, body: { items: [] } };
    });
    expect(await cloud.reader.readNodes(CLUSTER)).toEqual({ visible: true, nodes: [] });
  });
});

describe("a cluster that cannot be seen", () => {
  it.each([
    { code: 401, reason: "Unauthorized", message: "Unauthorized" },
    { code: 403, reason: "Forbidden", message: 'nodes is forbidden: User "x" cannot list' },
  ])("because of $code is not empty: it is invisible, with the reason", async (refusal) => {
    const cloud = await startCloud(() => ({
      status: refusal.code,
      body: status(refusal.code, refusal.reason, refusal.message),
    }));
    const seen = await cloud.reader.readNodes(CLUSTER);
    expect(seen.visible).toBe(false);
    expect(seen.visible === false && seen.reason).toContain(refusal.message);
    expect(seen.visible === false && seen.reason).toContain("grant");
  });

  it.each([
    { user: "{exec: {command: kubelogin}}", kubeconfigs: 1 },
    { user: "{token: rotated}", kubeconfigs: 2 },
  ])("is asked for again only when its own secret $user fails", async ({ user, kubeconfigs }) => {
    let code = 200;
    const answer = () => ({
      status: code,
      body: code === 200 ? { items: [] } : status(code, "No", "no"),
    });
    const cloud = await startCloud(answer, { user });
    await cloud.reader.readNodes(CLUSTER);
    code = 403;
    await cloud.reader.readNodes(CLUSTER);
    expect(cloud.kubeconfigs()).toBe(1);
    code = 401;
    expect((await cloud.reader.readNodes(CLUSTER)).visible).toBe(false);
    expect(cloud.kubeconfigs()).toBe(kubeconfigs);
  });

  it("because its name does not resolve here is probably private", async () => {
    const cloud = await startCloud(() => undefined, {
      apiServer: "https://quay-1.privatelink.invalid",
    });
    const seen = await cloud.reader.readNodes(CLUSTER);
    expect(seen.visible === false && seen.reason).toContain("cannot reach the Kubernetes API");
  });

  it("because nobody answers in time says so", async () => {
    const { createServer } = await import("node:net");
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as { port: number };
    const cloud = await startCloud(() => undefined, {
      apiServer: `https://127.0.0.1:${port}`,
      timeoutMs: 200,
    });
    const seen = await cloud.reader.readNodes(CLUSTER);
    silent.close();
    expect(seen.visible === false && seen.reason).toContain("no answer within 0.2 s");
  });

  it("because ARM gives no kubeconfig names the missing permission", async () => {
    const cloud = await startCloud(() => undefined, {
      arm: { status: 403, body: { error: { code: "AuthorizationFailed", message: "no" } } },
    });
    const seen = await cloud.reader.readNodes(CLUSTER);
    expect(seen.visible === false && seen.reason).toContain(
      "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action",
    );
  });

  it("throws where an empty list would be read as all is well", async () => {
    const cloud = await startCloud(() => ({ status: 403, body: status(403, "Forbidden", "no") }));
    const error = await cloud.reader.readPods(CLUSTER, "n1").catch((thrown: unknown) => thrown);
    expect(isError(error, "unauthorized")).toBe(true);
    const other = await cloud.reader.readBudgets(CLUSTER, "x").catch((thrown: unknown) => thrown);
    expect(isError(other, "unauthorized")).toBe(true);
  });
});

describe("what stands on a node", () => {
  it("is its pods, with the owner that people know", async () => {
    const pod = (name: string, labels: object, reference?: object): object => ({
      metadata: {
        namespace: "harbour",
        name,
        labels,
        ...(reference && { ownerReferences: [{ controller: true, ...reference }] }),
      },
      spec: { nodeName: "n1" },
      status: { conditions: [{ type: "Ready", status: "True" }] },
    });
    const cloud = await startCloud((url) =>
      url.searchParams.get("fieldSelector") === "spec.nodeName=n1"
        ? {
            status: 200,
            body: {
              items: [
                pod(
                  "api-1",
                  { "pod-template-hash": "7d4" },
                  { kind: "ReplicaSet", name: "api-7d4" },
                ),
                pod("rs-1", {}, { kind: "ReplicaSet", name: "bare-set" }),
                pod("log-1", {}, { kind: "DaemonSet", name: "log" }),
                pod("lonely", {}),
              ],
            },
          }
        : undefined,
    );
    const pods = await cloud.reader.readPods(CLUSTER, "n1");
    expect(pods.map((view) => view.owner)).toEqual([
      "Deployment/api",
      "ReplicaSet/bare-set",
      "DaemonSet/log",
      undefined,
    ]);
    expect(pods[0]).toMatchObject({ namespace: "harbour", node: "n1", ready: true });
  });

  it("and the budgets of a namespace, in the words of the API", async () => {
    const cloud = await startCloud((url) =>
      url.pathname === "/apis/policy/v1/namespaces/harbour/poddisruptionbudgets"
        ? {
            status: 200,
            body: {
              items: [
                {
                  metadata: { namespace: "harbour", name: "tide" },
                  spec: { minAvailable: 3, selector: { matchLabels: { app: "tide" } } },
                  status: {
                    disruptionsAllowed: 0,
                    currentHealthy: 3,
                    desiredHealthy: 3,
                    expectedPods: 3,
                  },
                },
              ],
            },
          }
        : undefined,
    );
    expect(await cloud.reader.readBudgets(CLUSTER, "harbour")).toEqual([
      {
        namespace: "harbour",
        name: "tide",
        selector: { matchLabels: { app: "tide" } },
        minAvailable: "3",
        maxUnavailable: undefined,
        disruptionsAllowed: 0,
        currentHealthy: 3,
        desiredHealthy: 3,
        expectedPods: 3,
      },
    ]);
  });
});
