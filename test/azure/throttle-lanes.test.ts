import { afterEach, expect, test } from "vitest";
import { createArmClient } from "../../shared/azure/arm-client.ts";
import type { ArmClient } from "../../shared/azure/arm-client.ts";
import { startCloudServer } from "./cloud-server.ts";
import type { CloudServer } from "./cloud-server.ts";

const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const BURST = 60;
const CALLS = 200;

let server: CloudServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** AKS's own bucket: sixty at once, one a second after that. Time goes on only by waiting. */
async function throttledCloud(patienceMs: number) {
  let now = 0;
  const bucket = { tokens: BURST, at: 0 };
  const said: string[] = [];
  let refused = 0;
  server = await startCloudServer(({ url }) => {
    if (!url.includes("/managedClusters/")) return { status: 200, body: {} };
    bucket.tokens = Math.min(BURST, bucket.tokens + (now - bucket.at) / 1_000);
    bucket.at = now;
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return { status: 200, body: {} };
    }
    refused++;
    return { status: 429, headers: { "retry-after": "1" }, body: { error: { code: "Throttled" } } };
  });
  const arm = createArmClient({
    endpoint: server.origin,
    ca: server.ca,
    credential: {
      getToken: async () => ({ token: "t", expiresOnTimestamp: Date.now() + 3_600_000 }),
    },
    lanes: {
      patienceMs,
      onThrottled: (sentence) => said.push(sentence),
      sleep: async (milliseconds) => void (now += milliseconds),
      elapsed: () => now,
    },
  });
  return { arm, said, refused: () => refused, elapsed: () => now };
}

const access = (arm: ArmClient, cluster: number) =>
  arm.rest
    .pathUnchecked(
      `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/quay-${cluster}/listClusterUserCredential?api-version=2026-04-01`,
    )
    .post();

test("calls beyond the burst go at the pace that Azure grants, and none fails", async () => {
  const { arm, said, refused, elapsed } = await throttledCloud(3_600_000);
  const calls = Array.from(
    { length: CALLS },
    async (_, index) => (await access(arm, index)).status,
  );
  expect(new Set(await Promise.all(calls))).toEqual(new Set(["200"]));
  expect(elapsed()).toBeGreaterThanOrEqual((CALLS - BURST) * 1_000);
  // One refusal for each that was under way when it began, then about one in sixteen.
  expect(refused()).toBeLessThan(CALLS - BURST + 20);
  expect(elapsed()).toBeLessThan(1.2 * (CALLS - BURST) * 1_000);
  expect(said).toEqual([
    `Azure throttles Microsoft.ContainerService/managedClusters/listClusterUserCredential/action of subscription ${SUBSCRIPTION}: going on at the pace it grants`,
  ]);
});

test("patience ends, and with it the call; others are not held up", async () => {
  const { arm } = await throttledCloud(5_000);
  const calls = Array.from({ length: CALLS }, (_, index) => access(arm, index));
  const ended = await Promise.allSettled(calls);
  const failures = ended.filter(({ status }) => status === "rejected");
  expect(failures.length).toBeGreaterThan(0);
  expect(failures.length).toBeLessThan(CALLS - BURST);
  expect(failures[0]).toMatchObject({ reason: { code: "throttled" } });
  const list = await arm.rest.pathUnchecked(`/subscriptions/${SUBSCRIPTION}/x?api-version=1`).get();
  expect(list.status).toBe("200");
});
