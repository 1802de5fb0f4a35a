import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { DEFAULT_SCENARIO } from "../../emulator/scenario.ts";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";
import { withPrograms } from "../support/programs.ts";

/** What `az aks command invoke` asks for: kubectl in a cluster that nobody reaches from outside. */
const VERSION = "?api-version=2022-11-01";

let emulator: TestEmulator;
let cluster: string;
beforeAll(async () => {
  emulator = await startTestEmulator({
    scenario: { ...DEFAULT_SCENARIO, throttling: false },
    clock: 600,
  });
  cluster = `/subscriptions/${emulator.ready.subscription}/resourceGroups/demo/providers/Microsoft.ContainerService/managedClusters/cluster-1`;
});
afterAll(() => emulator.close());

function begin(body: unknown): ReturnType<TestEmulator["call"]> {
  return emulator.call(`${cluster}/runCommand${VERSION}`, { method: "POST", body });
}

test.each([
  ["ls /", "'ls' is another program"],
  ["kubectl get nodes; id", "';' needs a shell"],
  ["kubectl get nodes | grep x", "'|' needs a shell"],
  ["kubectl get nodes $(id)", "'$' needs a shell"],
  ["kubectl get 'nodes", "needs a shell"],
  ["kubectl exec pod -- id", "'kubectl exec' is not among them"],
  ["kubectl", "'kubectl ' is not among them"],
  ["kubectl get -f /etc/passwd", "'-f' is not allowed"],
  ["kubectl create configmap c --from-file=/etc/passwd", "is not allowed"],
  ["kubectl get nodes --kubeconfig=/etc/kubeconfig", "is not allowed"],
  ["kubectl get nodes -ojsonpath-file=/etc/passwd", "is not allowed"],
  ["kubectl get nodes --server https://example.com", "'--server' is not allowed"],
])("%s is refused, and why", async (command, why) => {
  const { status, json } = await begin({ command });
  expect([status, json]).toMatchObject([400, { error: { code: "RunCommandNotSupported" } }]);
  expect(JSON.stringify(json)).toContain(why);
});

test("a command with files, without words and of another cluster is refused", async () => {
  expect((await begin({ command: "kubectl get nodes", context: "UEs=" })).status).toBe(400);
  expect((await begin({})).status).toBe(400);
  const nowhere = `${cluster}/commandResults/0123456789abcdef${VERSION}`;
  expect((await emulator.call(nowhere)).status).toBe(404);
});

withPrograms(["kubectl"], () => {
  async function outcome(command: string): Promise<{ exitCode: number; logs: string }> {
    const begun = await begin({ command });
    expect(begun.status).toBe(202);
    const { pathname, search } = new URL(String(begun.headers["location"]));
    // The Azure CLI finds the id by this.
    expect(`${pathname}${search}`).toMatch(/commandResults\/(\w*)\?/);
    const ended = await vi.waitFor(
      async () => {
        const answer = await emulator.call(`${pathname}${search}`);
        if (answer.status === 202) {
          expect(answer.json).toMatchObject({ properties: { provisioningState: "Running" } });
        }
        expect(answer.status).toBe(200);
        return answer;
      },
      { timeout: 60_000, interval: 100 },
    );
    return (ended.json as { properties: { exitCode: number; logs: string } }).properties;
  }

  test("kubectl sees and changes the cluster, and its failures are told", async () => {
    const nodes = await outcome("kubectl get nodes -o name");
    expect(nodes).toMatchObject({
      exitCode: 0,
      logs: expect.stringMatching(/^node\/aks-nodepool1-/),
    });
    const [node = ""] = nodes.logs.split("\n");
    expect(await outcome(`kubectl cordon ${node}`)).toMatchObject({ exitCode: 0 });
    const patch = `kubectl patch pdb web -p '{"spec": {"maxUnavailable": 2}}' --type merge`;
    expect(await outcome(patch)).toMatchObject({ exitCode: 0 });
    const cordoned = [...emulator.environment.world.clusters.values()][0]?.nodes;
    expect([...(cordoned?.values() ?? [])].filter((one) => one.unschedulable)).toHaveLength(1);
    expect(await outcome("kubectl top nodes")).toMatchObject({
      exitCode: 0,
      logs: expect.stringContaining(node.slice("node/".length)),
    });
    const settings = "kubectl create configmap settings --from-literal=a=b";
    expect(await outcome(settings)).toMatchObject({ exitCode: 0 });
    expect(await outcome("kubectl get pods nobody")).toMatchObject({
      exitCode: 1,
      logs: expect.stringContaining("NotFound"),
    });
  }, 120_000);
});
