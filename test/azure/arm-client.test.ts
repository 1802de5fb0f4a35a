import { afterEach, describe, expect, it } from "vitest";
import { createArmClient } from "../../shared/azure/arm-client.ts";
import type { ArmClient } from "../../shared/azure/arm-client.ts";
import { armOperation } from "../../shared/azure/arm-operation.ts";
import { createFleetPort } from "../../shared/azure/fleet.ts";
import { createClusterInventory } from "../../shared/azure/clusters.ts";
import { FleetwrightError } from "../../shared/core/errors.ts";
import { startCloudServer } from "./cloud-server.ts";
import type { Answer, CloudServer } from "./cloud-server.ts";

const FLEET =
  "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/Microsoft.ContainerService/fleets/f1";
const credential = {
  getToken: async () => ({ token: "t", expiresOnTimestamp: Date.now() + 3_600_000 }),
};

let server: CloudServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function armThatAnswers(...answers: readonly Answer[]): Promise<ArmClient> {
  let next = 0;
  server = await startCloudServer(
    () => answers[Math.min(next++, answers.length - 1)] ?? { status: 500 },
  );
  return createArmClient({ endpoint: server.origin, ca: server.ca, credential, maxRetries: 1 });
}

function arm(error: { readonly code: string; readonly message: string }): { error: object } {
  return { error };
}

async function failure(call: Promise<unknown>): Promise<FleetwrightError> {
  const thrown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(FleetwrightError);
  return thrown as FleetwrightError;
}

describe("a refused call", () => {
  it.each([
    { status: 401, code: "unauthorized" },
    { status: 403, code: "unauthorized" },
    { status: 409, code: "conflict" },
    { status: 412, code: "conflict" },
    { status: 400, code: "invalid-input" },
    { status: 500, code: "service-error" },
  ] as const)("with status $status is $code and names the resource", async ({ status, code }) => {
    const client = await armThatAnswers({ status, body: arm({ code: "Some", message: "words" }) });
    const error = await failure(createFleetPort(client).startRun(FLEET, "r1"));
    expect(error.code).toBe(code);
    expect(error.subject).toBe(`${FLEET}/updateRuns/r1`);
    expect(error.message).toContain(`${FLEET}/updateRuns/r1`);
  });

  it("says which permission is missing, where, and which role has it", async () => {
    const message =
      `The client 'c1' with object id '0b1e' does not have authorization to perform action ` +
      `'Microsoft.ContainerService/fleets/updateRuns/write' over scope '${FLEET}/updateRuns/r1' or the scope is invalid.`;
    const client = await armThatAnswers({
      status: 403,
      body: arm({ code: "AuthorizationFailed", message }),
    });
    const spec = { upgradeType: "NodeImageOnly", nodeImageSelection: { type: "Latest" } } as const;
    const error = await failure(createFleetPort(client).createRun(FLEET, "r1", spec));
    expect(error.message).toBe(
      `missing permission Microsoft.ContainerService/fleets/updateRuns/write on ${FLEET}/updateRuns/r1: ` +
        `grant the role 'Fleetwright operator' there to the identity 0b1e`,
    );
  });

  it("names the linked resource when the permission is missing there", async () => {
    const message =
      "The client 'c1' with object id '0b1e' has permission to perform action 'a/write' on scope '/x'; however, " +
      "it does not have permission to perform action(s) 'Microsoft.ContainerService/managedClusters/agentPools/read' " +
      "on the linked scope(s) '/pools/p1' or the linked scope(s) are invalid.";
    const client = await armThatAnswers({
      status: 403,
      body: arm({ code: "LinkedAuthorizationFailed", message }),
    });
    const error = await failure(createFleetPort(client).listStrategies(FLEET));
    expect(error.message).toContain(
      "Microsoft.ContainerService/managedClusters/agentPools/read on /pools/p1",
    );
  });

  it("knows the action of a list without ARM's help", async () => {
    const client = await armThatAnswers({ status: 403, body: arm({ code: "X", message: "no" }) });
    const error = await failure(createClusterInventory(client).listClusters("s1"));
    expect(error.message).toContain(
      "missing permission Microsoft.ContainerService/managedClusters/read on /subscriptions/s1",
    );
  });

  it("is undefined where the resource may be missing, and not-found where it must exist", async () => {
    const answer = { status: 404, body: arm({ code: "ResourceNotFound", message: "gone" }) };
    const fleet = createFleetPort(await armThatAnswers(answer));
    expect(await fleet.getRun(FLEET, "r1")).toBeUndefined();
    const error = await failure(fleet.listMembers(FLEET));
    expect(error.code).toBe("not-found");
    expect(error.message).toContain(FLEET);
    expect(error.remedy).toContain("Fleetwright operator");
  });
});

describe("a passing trouble", () => {
  const empty: Answer = { status: 200, body: { value: [] } };

  it("is waited out as long as Retry-After says", async () => {
    const throttled: Answer = { status: 429, headers: { "retry-after": "1" } };
    const fleet = createFleetPort(await armThatAnswers(throttled, empty));
    expect(await fleet.listGates(FLEET)).toEqual([]);
    expect(server?.requests).toHaveLength(2);
  });

  it("is reported at once when Retry-After is longer than a request may sleep", async () => {
    const throttled: Answer = { status: 429, headers: { "retry-after": "600" } };
    const fleet = createFleetPort(await armThatAnswers(throttled, empty));
    const error = await failure(fleet.listGates(FLEET));
    expect(error.code).toBe("throttled");
    expect(error.remedy).toContain("600 s");
    expect(server?.requests).toHaveLength(1);
  });

  it("of the service is tried again", async () => {
    const fleet = createFleetPort(await armThatAnswers({ status: 503 }, empty));
    expect(await fleet.listGates(FLEET)).toEqual([]);
  });
});

describe("a road that is closed", () => {
  it("is unreachable, with a hint at the certificate authority when nobody vouches for the server", async () => {
    await armThatAnswers({ status: 200 });
    const client = createArmClient({
      endpoint: server?.origin ?? "",
      credential,
      maxRetries: 0,
    });
    const error = await failure(createFleetPort(client).listGates(FLEET));
    expect(error.code).toBe("unreachable");
    expect(error.remedy).toContain("NODE_EXTRA_CA_CERTS");
  });

  it("is unreachable when nobody listens", async () => {
    const client = await armThatAnswers({ status: 200 });
    await server?.close();
    const error = await failure(createFleetPort(client).listGates(FLEET));
    expect(error.code).toBe("unreachable");
  });
});

describe("a long-running operation", () => {
  const spec = { upgradeType: "NodeImageOnly", nodeImageSelection: { type: "Latest" } } as const;

  it("that fails says what the service said, about which resource", async () => {
    const operation = { status: "Failed", error: { code: "Broken", message: "the fleet is busy" } };
    server = await startCloudServer(({ method }) => {
      if (method !== "PUT") return { status: 200, body: operation };
      const headers = { "azure-asyncoperation": `${server?.origin}/operations/1?api-version=1` };
      return { status: 201, body: { name: "r1", properties: {} }, headers };
    });
    const client = createArmClient({ endpoint: server.origin, ca: server.ca, credential });
    const error = await failure(createFleetPort(client).createRun(FLEET, "r1", spec));
    expect(error.code).toBe("service-error");
    expect(error.message).toContain(`${FLEET}/updateRuns/r1`);
    expect(error.message).toContain("the fleet is busy");
  });

  it("is looked at until its end, and then gives the resource", async () => {
    let looks = 0;
    server = await startCloudServer(({ method, url }) => {
      if (url.startsWith("/operations")) {
        return { status: 200, body: { status: ++looks < 3 ? "InProgress" : "Succeeded" } };
      }
      const headers = { "azure-asyncoperation": `${server?.origin}/operations/1?api-version=1` };
      const body = { name: "r1", properties: {} };
      return method === "PUT" ? { status: 201, body: {}, headers } : { status: 200, body };
    });
    const client = createArmClient({
      endpoint: server.origin,
      ca: server.ca,
      credential,
      pollIntervalMs: 1,
    });
    expect((await createFleetPort(client).createRun(FLEET, "r1", spec)).name).toBe("r1");
    expect(looks).toBe(3);
  });
});

describe("Azure's clock", () => {
  it("follows the Date header of the answers, not this machine", async () => {
    const date = "Mon, 01 Jun 2026 08:00:00 GMT";
    const client = await armThatAnswers({ status: 200, body: { value: [] }, headers: { date } });
    await createFleetPort(client).listGates(FLEET);
    const ahead = client.clock.now() - Date.parse(date);
    expect(ahead).toBeGreaterThanOrEqual(0);
    expect(ahead).toBeLessThan(3_600_000);
  });
});

describe("the operation of a request", () => {
  const provider = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService";
  it.each([
    [
      "GET",
      `${provider}/fleets/f/updateRuns/r`,
      `${provider}/fleets/f/updateRuns/r`,
      "fleets/updateRuns/read",
    ],
    ["GET", `${provider}/fleets/f/gates`, `${provider}/fleets/f`, "fleets/gates/read"],
    ["PUT", `${provider}/snapshots/x`, `${provider}/snapshots/x`, "snapshots/write"],
    [
      "POST",
      `${provider}/fleets/f/updateRuns/r/start`,
      `${provider}/fleets/f/updateRuns/r`,
      "fleets/updateRuns/start/action",
    ],
    ["DELETE", `${provider}/snapshots/x`, `${provider}/snapshots/x`, "snapshots/delete"],
    [
      "GET",
      "/subscriptions/s/providers/Microsoft.ContainerService/snapshots",
      "/subscriptions/s",
      "snapshots/read",
    ],
  ])("%s %s", (method, path, id, action) => {
    const url = `https://management.azure.com${path}?api-version=2026-06-01`;
    expect(armOperation(method, url)).toEqual({
      id,
      action: `Microsoft.ContainerService/${action}`,
    });
  });
});
