import { afterEach, expect, test } from "vitest";
import { createArmClient } from "../../shared/azure/arm-client.ts";
import { readNetworkSpace } from "../../shared/azure/network.ts";
import { startCloudServer } from "./cloud-server.ts";
import type { Answer, CloudServer } from "./cloud-server.ts";

const NETWORK =
  "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/harbour";
let server: CloudServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function read(answer: Answer) {
  server = await startCloudServer(() => answer);
  const credential = {
    getToken: async () => ({ token: "t", expiresOnTimestamp: Date.now() + 3_600_000 }),
  };
  const { origin, ca } = server;
  return readNetworkSpace(
    createArmClient({ endpoint: origin, ca, credential, maxRetries: 0 }),
    NETWORK,
  );
}

test("addresses of all subnets of a network come in one request; what Azure does not count is no number", async () => {
  const usage = (name: string, currentValue: number, limit: number) => ({
    id: `${NETWORK}/subnets/${name}`,
    currentValue,
    limit,
    name: { value: "SubnetSpace", localizedValue: "Subnet size and usage" },
    unit: "Count",
  });
  const space = await read({
    status: 200,
    body: { value: [usage("Nodes", 62, 251), usage("GatewaySubnet", -1, -1)] },
  });
  expect(space).toEqual({
    readable: true,
    subnets: new Map([[`${NETWORK}/subnets/nodes`.toLowerCase(), { used: 62, limit: 251 }]]),
  });
  expect(server?.requests.map(({ url }) => url.split("?")[0])).toEqual([`${NETWORK}/usages`]);
});

test.each([400, 403, 404])("an identity that is answered %i hears why", async (status) => {
  expect(await read({ status, body: { error: { code: "No", message: "no" } } })).toMatchObject({
    readable: false,
    reason: expect.stringContaining("harbour"),
  });
});
