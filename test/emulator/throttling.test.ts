import { expect, test } from "vitest";
import { ArmError } from "../../emulator/arm/provider.ts";
import { parseArmPath } from "../../emulator/arm/request.ts";
import { Throttle } from "../../emulator/arm/throttling.ts";
import { DEFAULT_SCENARIO } from "../../emulator/scenario.ts";
import { startTestEmulator } from "../support/emulator.ts";

const SUBSCRIPTION = "/subscriptions/11111111-2222-3333-4444-555555555555";
const PROVIDER = `${SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.ContainerService`;
const LIST = `${SUBSCRIPTION}/providers/Microsoft.ContainerService/managedClusters`;
const OPERATION = `${SUBSCRIPTION}/providers/Microsoft.ContainerService/locations/x/operations/1`;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

interface Clock {
  now: number;
}

/** A call of its own principal, so that only the service's own bucket counts. */
function callIn(throttle: Throttle): (method: string, path: string, principal?: string) => boolean {
  let sequence = 0;
  return (method, path, principal = `p${(sequence += 1)}`) => {
    const parsed = parseArmPath(path, method);
    const target =
      parsed.kind === "resource"
        ? parsed
        : ({ kind: parsed.kind === "operation" ? "operation" : "other" } as const);
    try {
      throttle.take({ method, subscription: SUBSCRIPTION, principal, target });
      return true;
    } catch (error) {
      if (error instanceof ArmError && error.status === 429) return false;
      throw error;
    }
  };
}

/** Sources: AKS quotas page and ARM's limits page; `other` does not share the bucket. */
const BUCKETS = [
  {
    name: "LIST of a subscription's clusters",
    call: ["GET", LIST],
    burst: 500,
    refill: SECOND,
    other: ["GET", `${PROVIDER}/managedClusters`],
  },
  {
    name: "LIST of a group's clusters",
    call: ["GET", `${PROVIDER}/managedClusters`],
    burst: 60,
    refill: SECOND,
    other: ["GET", `${PROVIDER.replace("/rg/", "/rg2/")}/managedClusters`],
  },
  {
    name: "GET of a cluster",
    call: ["GET", `${PROVIDER}/managedClusters/a`],
    burst: 60,
    refill: SECOND,
    other: ["GET", `${PROVIDER}/managedClusters/b`],
  },
  {
    name: "PUT of a cluster",
    call: ["PUT", `${PROVIDER}/managedClusters/a`],
    burst: 20,
    refill: MINUTE,
    other: ["PUT", `${PROVIDER}/managedClusters/b`],
  },
  {
    name: "PUT of a node pool",
    call: ["PUT", `${PROVIDER}/managedClusters/a/agentPools/x`],
    burst: 20,
    refill: MINUTE,
    other: ["PUT", `${PROVIDER}/managedClusters/a/agentPools/y`],
  },
  {
    name: "GET of an operation",
    call: ["GET", OPERATION],
    burst: 200,
    refill: SECOND / 2,
    other: ["GET", `${PROVIDER}/managedClusters/a`],
  },
  {
    name: "node image upgrades, upgrade profiles and snapshots together",
    call: ["POST", `${PROVIDER}/managedClusters/a/agentPools/x/upgradeNodeImageVersion`],
    burst: 60,
    refill: SECOND,
    other: ["PUT", `${PROVIDER}/managedClusters/a/agentPools/x`],
  },
] as const;

test.each(BUCKETS)(
  "$name: $burst at once, then one per refill",
  ({ call, burst, refill, other }) => {
    const clock: Clock = { now: 0 };
    const send = callIn(new Throttle(() => clock.now, 1));
    for (let index = 0; index < burst; index++) expect(send(call[0], call[1])).toBe(true);
    expect(send(call[0], call[1])).toBe(false);
    expect(send(other[0], other[1])).toBe(true);
    clock.now += refill - 1;
    expect(send(call[0], call[1])).toBe(false);
    clock.now += 1;
    expect(send(call[0], call[1])).toBe(true);
    expect(send(call[0], call[1])).toBe(false);
  },
);

test("snapshots and upgrade profiles share one bucket of the subscription", () => {
  const send = callIn(new Throttle(() => 0, 1));
  for (let index = 0; index < 30; index++) {
    expect(send("PUT", `${PROVIDER}/snapshots/s${index}`)).toBe(true);
    const pool = `${PROVIDER}/managedClusters/c${index}/agentPools/x`;
    expect(send("GET", `${pool}/upgradeProfiles/default`)).toBe(true);
  }
  expect(send("GET", `${PROVIDER}/snapshots/s1`)).toBe(false);
});

/** Fleet Manager publishes no limits of its own: those of ARM hold. */
const PRINCIPALS = [
  ["reads", "GET", 250, 25],
  ["writes", "PUT", 200, 10],
  ["deletes", "DELETE", 200, 10],
] as const;

test.each(PRINCIPALS)("%s of one principal", (_, method, burst, perSecond) => {
  const clock: Clock = { now: 0 };
  const send = callIn(new Throttle(() => clock.now, 1));
  const one = (): boolean => send(method, `${PROVIDER}/fleets/f`, "one");
  for (let index = 0; index < burst; index++) expect(one()).toBe(true);
  expect(one()).toBe(false);
  expect(send(method, `${PROVIDER}/fleets/f`, "two")).toBe(true);
  clock.now += SECOND;
  for (let index = 0; index < perSecond; index++) expect(one()).toBe(true);
  expect(one()).toBe(false);
});

test("all principals together have fifteen times as much", () => {
  const send = callIn(new Throttle(() => 0, 1));
  for (let index = 0; index < 3_750; index++)
    expect(send("GET", `${PROVIDER}/fleets/f`)).toBe(true);
  expect(send("GET", `${PROVIDER}/fleets/f`)).toBe(false);
});

test("answers tell what is left; a 429 is an ARM error that says when to come back", async () => {
  const emulator = await startTestEmulator({
    scenario: { ...DEFAULT_SCENARIO, throttling: true },
    clock: "manual",
  });
  try {
    const { subscription } = emulator.ready;
    const cluster = `/subscriptions/${subscription}/resourceGroups/demo/providers/Microsoft.ContainerService/managedClusters/cluster-1`;
    const path = `${cluster}?api-version=2026-04-01`;
    const first = await emulator.call(path);
    expect(first.headers).toMatchObject({
      "x-ms-ratelimit-remaining-subscription-reads": "249",
      "x-ms-ratelimit-remaining-subscription-global-reads": "3749",
    });
    const group = path.replace("/managedClusters/cluster-1", "/snapshots/none");
    expect((await emulator.call(group, { method: "DELETE" })).headers).toMatchObject({
      "x-ms-ratelimit-remaining-subscription-deletes": "199",
    });
    for (let index = 0; index < 59; index++) await emulator.call(path);
    const refused = await emulator.call(path);
    expect(refused.status).toBe(429);
    expect(refused.json).toEqual({ error: { code: "Throttled", message: expect.any(String) } });
    expect(refused.headers["retry-after"]).toBe("1");
  } finally {
    await emulator.close();
  }
});
