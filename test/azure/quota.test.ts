import { afterEach, expect, test } from "vitest";
import { createArmClient } from "../../shared/azure/arm-client.ts";
import { createQuotaPort } from "../../shared/azure/quota.ts";
import { startCloudServer } from "./cloud-server.ts";
import type { Answer, CloudServer } from "./cloud-server.ts";

const CLUSTER =
  "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/quay-1";
let server: CloudServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function read(answer: (url: string) => Answer) {
  server = await startCloudServer(({ url }) => answer(url));
  const credential = {
    getToken: async () => ({ token: "t", expiresOnTimestamp: Date.now() + 3_600_000 }),
  };
  const { origin, ca } = server;
  const arm = createArmClient({ endpoint: origin, ca, credential, maxRetries: 0 });
  return createQuotaPort(arm).readQuotas(CLUSTER, "westeurope");
}

test("quotas are read from all pages of the cluster's region", async () => {
  const usage = (value: string) => ({ name: { value }, currentValue: 4, limit: 10 });
  const quotas = await read((url) =>
    url.includes("page=2")
      ? { status: 200, body: { value: [usage("standardDDSv5Family")] } }
      : {
          status: 200,
          body: {
            value: [usage("cores")],
            nextLink: `${server?.origin ?? ""}${url}&page=2`,
          },
        },
  );
  expect(server?.requests[0]?.url).toContain(
    "/subscriptions/s/providers/Microsoft.Compute/locations/westeurope/usages",
  );
  expect(quotas).toEqual({
    readable: true,
    quotas: [
      { name: "cores", used: 4, limit: 10 },
      { name: "standardDDSv5Family", used: 4, limit: 10 },
    ],
  });
});

test.each([400, 403, 404])(
  "an identity that is answered %i hears why there is no quota to tell",
  async (status) => {
    expect(
      await read(() => ({ status, body: { error: { code: "No", message: "no" } } })),
    ).toMatchObject({ readable: false, reason: expect.stringMatching(/locations/) });
  },
);
