import { afterAll, beforeAll, expect, test } from "vitest";
import { DEFAULT_SCENARIO } from "../../emulator/scenario.ts";
import { startTestEmulator, type TestEmulator } from "../support/emulator.ts";

const IMAGE = "AKSUbuntu-2204gen2containerd-202607.16.0";

let emulator: TestEmulator;
beforeAll(async () => {
  const [cluster] = DEFAULT_SCENARIO.clusters ?? [];
  const clusters = [{ ...cluster!, location: "Harbourland" }];
  const images = [{ region: "Harbourland", version: IMAGE }];
  emulator = await startTestEmulator({ scenario: { ...DEFAULT_SCENARIO, clusters, images } });
});
afterAll(() => emulator?.close());

function post(path: string, body: unknown) {
  return emulator.call(`/_emulator${path}`, { method: "POST", body, as: null });
}

test.each([
  ["/images", { region: "westeuropa", version: IMAGE }, /^region: .*did you mean westeurope\?$/],
  ["/images", { region: "atlantis", version: IMAGE }, /^region: .*known are harbourland, west/],
  ["/images", { region: "westeurope", version: "foo" }, /^version: .*AKSUbuntu-2204gen2con/],
  ["/images", { region: "westeurope", version: "AKSUbuntu-2204gen2containerd" }, /^version: /],
  ["/images", { region: "westeurope" }, /^version: /],
  ["/capacities", { region: "eastus9", vmSize: "x", machines: 1 }, /did you mean eastus/],
  ["/clock", { factor: "x" }, /^factor: /],
  ["/clock", { advance: true }, /^advance: milliseconds, or a duration/],
  ["/clock", { advance: "soon" }, /^advance: milliseconds, or a duration/],
  ["/clock", {}, /^body: advance or factor/],
  ["/clock", { advance: 1, factor: 1 }, /^body: advance or factor/],
])("%s refuses %j by the field", async (path, body, message) => {
  const { status, json } = await post(path, body);
  expect(status).toBe(400);
  expect((json as { error: { message: string } }).error.message).toMatch(message);
});

test.each(["westeurope", "West Europe", "swedencentral", "harbourland"])(
  "an image may reach %s",
  async (region) => {
    expect((await post("/images", { region, version: IMAGE })).status).toBe(200);
  },
);

test("GET /_emulator lists the calls, and each of them is one", async () => {
  const { calls } = (await emulator.control("GET", "")) as { calls: readonly string[] };
  expect(calls).toEqual(
    expect.arrayContaining(["GET /_emulator/clock", "POST /_emulator/images {region, version}"]),
  );
  for (const [method = "", path = ""] of calls.map((call) => call.split(" "))) {
    const answer = await emulator.call(path, {
      method,
      body: method === "POST" ? {} : undefined,
      as: null,
    });
    expect([path, answer.status]).not.toEqual([path, 404]);
    expect(JSON.stringify(answer.json ?? "")).not.toContain("is no control call");
  }
  const unknown = await emulator.call("/_emulator/image", { as: null });
  expect(unknown).toMatchObject({ status: 404 });
  expect(JSON.stringify(unknown.json)).toContain("GET /_emulator lists");
});
