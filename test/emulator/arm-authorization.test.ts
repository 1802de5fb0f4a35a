import { afterAll, beforeAll, expect, test } from "vitest";
import type { Scenario } from "../../emulator/scenario.ts";
import { DEFAULT_SCENARIO } from "../../emulator/scenario.ts";
import { startTestEmulator } from "../support/emulator.ts";
import type { CallOptions, TestEmulator } from "../support/emulator.ts";

/** Role assignments, role definitions and locks: written over the wire, and in force at once. */
const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const SUBSCRIPTION_PATH = `/subscriptions/${SUBSCRIPTION}`;
const GROUP = `${SUBSCRIPTION_PATH}/resourceGroups/demo`;
const CLUSTER = `${GROUP}/providers/Microsoft.ContainerService/managedClusters/cluster-1`;
const FLEET = `${GROUP}/providers/Microsoft.ContainerService/fleets/fleet-1`;
const NEWCOMER = "99999999-0000-4000-8000-000000000002";
const READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c";

const scenario: Scenario = {
  ...DEFAULT_SCENARIO,
  subscription: SUBSCRIPTION,
  principals: [
    {
      name: "newcomer",
      clientId: "99999999-0000-4000-8000-000000000001",
      objectId: NEWCOMER,
      roles: [],
    },
  ],
};

let emulator: TestEmulator;
beforeAll(async () => {
  emulator = await startTestEmulator({ scenario, clock: "manual" });
});
afterAll(() => emulator.close());

function call(path: string, options: CallOptions = {}): ReturnType<TestEmulator["call"]> {
  const separator = path.includes("?") ? "&" : "?";
  return emulator.call(`${path}${separator}api-version=2022-04-01`, options);
}

function assignment(scope: string, number: number): string {
  const name = `22222222-0000-4000-8000-${String(number).padStart(12, "0")}`;
  return `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
}

function assign(
  scope: string,
  number: number,
  role: string,
  more: object = {},
): ReturnType<typeof call> {
  const roleDefinitionId = `${SUBSCRIPTION_PATH}/providers/Microsoft.Authorization/roleDefinitions/${role}`;
  const properties = { roleDefinitionId, principalId: NEWCOMER, ...more };
  return call(assignment(scope, number), { method: "PUT", body: { properties } });
}

test("a role that is assigned lets its principal in, and no longer once it is taken away", async () => {
  const look = async (path: string): Promise<number> =>
    (await call(path, { as: "newcomer" })).status;
  expect(await look(CLUSTER)).toBe(403);
  const made = await assign(CLUSTER, 1, READER);
  expect(made).toMatchObject({ status: 201, json: { properties: { scope: CLUSTER } } });
  expect([await look(CLUSTER), await look(FLEET)]).toEqual([200, 403]);
  const tags = { method: "PATCH", body: { tags: {} }, as: "newcomer" };
  expect((await call(CLUSTER, tags)).status).toBe(403);
  expect((await call(assignment(CLUSTER, 1))).json).toMatchObject({
    properties: { principalId: NEWCOMER },
  });
  expect((await call(assignment(CLUSTER, 1), { method: "DELETE" })).status).toBe(200);
  expect((await call(assignment(CLUSTER, 1), { method: "DELETE" })).status).toBe(204);
  expect(await look(CLUSTER)).toBe(403);
});

test("a contributor changes everything but who may do what", async () => {
  await assign(GROUP, 2, CONTRIBUTOR);
  const tags = { method: "PATCH", body: { tags: { a: "b" } }, as: "newcomer" };
  expect((await call(CLUSTER, tags)).status).toBe(200);
  const more = { method: "PUT", body: { properties: {} }, as: "newcomer" };
  const refused = await call(assignment(CLUSTER, 3), more);
  expect(refused.status).toBe(403);
  expect(refused.text).toContain("'Microsoft.Authorization/roleAssignments/write'");
  await call(assignment(GROUP, 2), { method: "DELETE" });
});

test("a role assignment that cannot be is refused as Azure refuses it", async () => {
  await assign(FLEET, 4, READER);
  const code = async (reply: ReturnType<typeof call>): Promise<unknown> => {
    const { status, json } = await reply;
    return [status, (json as { error: { code: string } }).error.code];
  };
  expect(await code(assign(FLEET, 5, READER))).toEqual([409, "RoleAssignmentExists"]);
  expect(await code(assign(FLEET, 4, CONTRIBUTOR))).toEqual([
    409,
    "RoleAssignmentUpdateNotPermitted",
  ]);
  const nobody = "33333333-0000-4000-8000-000000000000";
  expect(await code(assign(FLEET, 6, nobody))).toEqual([400, "RoleDefinitionDoesNotExist"]);
  const stranger = { principalId: nobody };
  expect(await code(assign(FLEET, 6, READER, stranger))).toEqual([400, "PrincipalNotFound"]);
  const told = await assign(FLEET, 6, READER, { ...stranger, principalType: "Group" });
  expect(told.status).toBe(201);
});

test("a custom role is made, assigned and found by its name", async () => {
  const guid = "44444444-0000-4000-8000-000000000000";
  const role = `${SUBSCRIPTION_PATH}/providers/Microsoft.Authorization/roleDefinitions/${guid}`;
  const permissions = [
    { actions: ["Microsoft.ContainerService/fleets/*"], notActions: ["*/delete"] },
  ];
  const properties = { roleName: "Helmsman", permissions, assignableScopes: [SUBSCRIPTION_PATH] };
  expect((await call(role, { method: "PUT", body: { properties } })).status).toBe(201);
  const filter = encodeURIComponent("roleName eq 'Helmsman'");
  const roles = `${SUBSCRIPTION_PATH}/providers/Microsoft.Authorization/roleDefinitions`;
  expect((await call(`${roles}?$filter=${filter}`)).json).toMatchObject({
    value: [{ name: guid, properties: { type: "CustomRole" } }],
  });
  await assign(GROUP, 7, guid);
  expect((await call(`${FLEET}/members`, { as: "newcomer" })).status).toBe(200);
  expect((await call(FLEET, { method: "DELETE", as: "newcomer" })).status).toBe(403);
});

test("a lock against deletion keeps a resource and its group; a lock against writing keeps all as it is", async () => {
  const locks = `${CLUSTER}/providers/Microsoft.Authorization/locks`;
  const lock = (level: string): ReturnType<typeof call> =>
    call(`${locks}/keep`, { method: "PUT", body: { properties: { level, notes: "moored" } } });
  const tag = (): ReturnType<typeof call> =>
    call(CLUSTER, { method: "PATCH", body: { tags: { a: "b" } } });
  expect((await lock("Anchored")).json).toMatchObject({ error: { code: "InvalidLockLevel" } });
  expect((await lock("CanNotDelete")).status).toBe(201);
  const refused = await call(CLUSTER, { method: "DELETE" });
  expect(refused).toMatchObject({ status: 409, json: { error: { code: "ScopeLocked" } } });
  expect(refused.text).toContain(CLUSTER);
  expect((await call(`${CLUSTER}/agentPools/nodepool1`, { method: "DELETE" })).status).toBe(409);
  expect((await call(GROUP, { method: "DELETE" })).status).toBe(409);
  expect((await tag()).status).toBe(200);
  expect((await lock("ReadOnly")).status).toBe(200);
  expect((await tag()).json).toMatchObject({ error: { code: "ScopeLocked" } });
  expect((await call(`${CLUSTER}/stop`, { method: "POST" })).status).toBe(409);
  expect((await call(CLUSTER)).status).toBe(200);
  const all = await call(`${SUBSCRIPTION_PATH}/providers/Microsoft.Authorization/locks`);
  expect(all.json).toMatchObject({
    value: [{ name: "keep", properties: { level: "ReadOnly", notes: "moored" } }],
  });
  expect((await call(`${locks}/keep`, { method: "DELETE" })).status).toBe(200);
  expect((await call(`${locks}/keep`, { method: "DELETE" })).status).toBe(204);
  expect((await tag()).status).toBe(200);
});
