import { createPrivateKey, createSign } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  ManagedIdentityCredential,
  WorkloadIdentityCredential,
} from "@azure/identity";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Scenario } from "../../emulator/scenario.ts";
import { DEFAULT_SCENARIO } from "../../emulator/scenario.ts";
import { send, startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";
import { makeRsaCertificate } from "../support/rsa-certificate.ts";

const OPERATOR = "99999999-0000-4000-8000-000000000001";
const WORKFLOW = "99999999-0000-4000-8000-000000000002";
const SIGNER = "99999999-0000-4000-8000-000000000003";
const SUBJECT = "repo:acme/harbour:environment:prod";
const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";

const scenario: Scenario = {
  ...DEFAULT_SCENARIO,
  subscription: SUBSCRIPTION,
  principals: [
    {
      name: "operator",
      clientId: OPERATOR,
      secret: "s3cret",
      roles: [
        {
          actions: ["Microsoft.ContainerService/fleets/*/read"],
          dataActions: ["Microsoft.ContainerService/managedClusters/nodes/read"],
          scope: `/subscriptions/${SUBSCRIPTION}`,
        },
      ],
    },
    { name: "workflow", clientId: WORKFLOW, federated: [{ subject: SUBJECT }] },
  ],
};

const mine = await makeRsaCertificate("CN=signer");
const another = await makeRsaCertificate("CN=signer");

let emulator: TestEmulator;
beforeAll(async () => {
  const roles = [{ actions: ["*/read"], scope: "/" }];
  const signer = { name: "signer", clientId: SIGNER, certificate: mine.certificate, roles };
  const principals = [...(scenario.principals ?? []), signer];
  emulator = await startTestEmulator({ scenario: { ...scenario, principals }, clock: "manual" });
});
afterAll(() => emulator.close());

function authority(): {
  authorityHost: string;
  disableInstanceDiscovery: boolean;
  tlsOptions: { ca: string };
} {
  const { arm } = emulator.ready;
  return { authorityHost: arm, disableInstanceDiscovery: true, tlsOptions: { ca: emulator.ca } };
}

function claimsOf(token: string): Record<string, unknown> {
  const payload = token.split(".")[1] ?? "";
  return JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
}

function form(fields: Readonly<Record<string, string>>): string {
  return new URLSearchParams(fields).toString();
}

test("a client secret is exchanged for a token that ARM takes", async () => {
  const credential = new ClientSecretCredential(
    emulator.ready.tenant,
    OPERATOR,
    "s3cret",
    authority(),
  );
  const { token, expiresOnTimestamp } = await credential.getToken(
    "https://management.azure.com/.default",
  );
  expect(claimsOf(token)).toMatchObject({
    iss: `https://sts.windows.net/${emulator.ready.tenant}/`,
    aud: "https://management.azure.com",
    appid: OPERATOR,
    tid: emulator.ready.tenant,
  });
  expect(expiresOnTimestamp).toBeGreaterThan(Date.now());
  const path = `/subscriptions/${SUBSCRIPTION}/resourceGroups/demo/providers/Microsoft.ContainerService/fleets/fleet-1/members?api-version=2025-03-01`;
  const answer = await emulator.call(path, { as: "operator" });
  expect(answer.status).toBe(200);
});

test("a wrong secret is refused with the code that Entra gives", async () => {
  const credential = new ClientSecretCredential(
    emulator.ready.tenant,
    OPERATOR,
    "guess",
    authority(),
  );
  await expect(credential.getToken("https://management.azure.com/.default")).rejects.toThrow(
    /AADSTS7000215/,
  );
});

test("a workflow's id token of the local issuer is exchanged when subject and audience match", async () => {
  const { requestUrl, requestToken } = (await emulator.control("POST", "/oidc", {
    subject: SUBJECT,
    claims: { repository: "acme/harbour" },
  })) as { requestUrl: string; requestToken: string };
  const idToken = async (audience: string): Promise<string> => {
    const url = `${requestUrl}&audience=${encodeURIComponent(audience)}`;
    const headers = { authorization: `Bearer ${requestToken}` };
    const { json } = await send(url, emulator.ca, { headers });
    return (json as { value: string }).value;
  };
  const good = await idToken("api://AzureADTokenExchange");
  expect(claimsOf(good)).toMatchObject({ sub: SUBJECT, repository: "acme/harbour" });
  const exchange = (assertion: string): Promise<{ token: string }> =>
    new ClientAssertionCredential(
      emulator.ready.tenant,
      WORKFLOW,
      async () => assertion,
      authority(),
    ).getToken("https://management.azure.com/.default");
  await expect(exchange(good)).resolves.toMatchObject({ token: expect.stringMatching(/^ey/) });
  await expect(exchange(await idToken("https://elsewhere.example"))).rejects.toThrow(
    /AADSTS700213/,
  );
  await expect(exchange(`${good.slice(0, -8)}AAAAAAAA`)).rejects.toThrow(/AADSTS700211/);
});

test("a token file, as a pod with workload identity has it, is exchanged too", async () => {
  const { requestUrl, requestToken } = (await emulator.control("POST", "/oidc", {
    subject: SUBJECT,
  })) as { requestUrl: string; requestToken: string };
  const url = `${requestUrl}&audience=api://AzureADTokenExchange`;
  const { json } = await send(url, emulator.ca, {
    headers: { authorization: `Bearer ${requestToken}` },
  });
  const tokenFilePath = join(emulator.environment.directory, "token");
  await writeFile(tokenFilePath, (json as { value: string }).value);
  const tenantId = emulator.ready.tenant;
  const options = { tenantId, clientId: WORKFLOW, tokenFilePath, ...authority() };
  const { token } = await new WorkloadIdentityCredential(options).getToken(
    "https://management.azure.com/.default",
  );
  expect(claimsOf(token)).toMatchObject({ appid: WORKFLOW });
});

test("an application signs in with the certificate that it is registered with, and no other", async () => {
  const signIn = ({ certificate, key }: typeof mine): Promise<{ token: string }> =>
    new ClientCertificateCredential(
      emulator.ready.tenant,
      SIGNER,
      { certificate: `${key}${certificate}` },
      authority(),
    ).getToken("https://management.azure.com/.default");
  expect(claimsOf((await signIn(mine)).token)).toMatchObject({ appid: SIGNER });
  await expect(signIn(another)).rejects.toThrow(/AADSTS700027/);
});

test("a role at the root is one in every subscription", async () => {
  const { json } = await emulator.call("/subscriptions?api-version=2022-12-01", { as: "signer" });
  expect(json).toMatchObject({ value: [{ subscriptionId: SUBSCRIPTION }] });
});

test("a certificate's assertion is for this authority, of this application and not over", async () => {
  const { arm, tenant } = emulator.ready;
  const now = Math.floor(Date.now() / 1_000);
  const good = { iss: SIGNER, sub: SIGNER, aud: `${arm}/adfs/oauth2/token`, exp: now + 600 };
  const exchange = async (claims: object): Promise<number> => {
    const parts = [{ alg: "RS256", typ: "JWT" }, claims].map((part) =>
      Buffer.from(JSON.stringify(part)).toString("base64url"),
    );
    const signature = createSign("sha256")
      .update(parts.join("."))
      .sign(createPrivateKey(mine.key))
      .toString("base64url");
    const { status } = await send(`${arm}/${tenant}/oauth2/v2.0/token`, emulator.ca, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: form({
        grant_type: "client_credentials",
        client_id: SIGNER,
        scope: "https://management.azure.com/.default",
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: [...parts, signature].join("."),
      }),
    });
    return status;
  };
  expect(await exchange(good)).toBe(200);
  expect(await exchange({ ...good, exp: now - 1 })).toBe(401);
  expect(await exchange({ ...good, aud: "https://login.elsewhere.example/token" })).toBe(401);
  expect(await exchange({ ...good, sub: OPERATOR })).toBe(401);
});

test("the id token endpoint wants the request token of the job", async () => {
  const url = `${emulator.ready.oidc}/token?api-version=2.0&audience=x`;
  const { status } = await send(url, emulator.ca, { headers: { authorization: "Bearer no" } });
  expect(status).toBe(401);
});

test("the managed identity is the owner of the subscription, in both forms of the endpoint", async () => {
  process.env["IDENTITY_ENDPOINT"] = emulator.ready.msi;
  process.env["IDENTITY_HEADER"] = "any";
  try {
    const token = await new ManagedIdentityCredential().getToken(
      "https://management.azure.com/.default",
    );
    const owner = emulator.environment.tokens.principals.find(({ name }) => name === "owner");
    expect(claimsOf(token.token)["oid"]).toBe(owner?.objectId);
  } finally {
    delete process.env["IDENTITY_ENDPOINT"];
    delete process.env["IDENTITY_HEADER"];
  }
  const posted = await fetch(emulator.ready.msi, {
    method: "POST",
    headers: { Metadata: "true" },
    body: new URLSearchParams({ resource: "https://management.core.windows.net/" }),
  });
  const body = (await posted.json()) as Record<string, string>;
  expect(body["token_type"]).toBe("Bearer");
  expect(Number(body["expires_on"])).toBeGreaterThan(Date.now() / 1_000);
  expect(claimsOf(body["access_token"] ?? "")["tid"]).toBe(emulator.ready.tenant);
});

test("a client id asks the managed identity endpoint for another identity", async () => {
  const ask = async (clientId: string): Promise<Response> =>
    fetch(`${emulator.ready.msi}?api-version=2019-08-01&resource=x&client_id=${clientId}`, {
      headers: { "X-IDENTITY-HEADER": "any" },
    });
  const known = (await (await ask(OPERATOR)).json()) as { access_token: string };
  expect(claimsOf(known.access_token)["appid"]).toBe(OPERATOR);
  expect((await ask("99999999-0000-4000-8000-00000000dead")).status).toBe(400);
});

test.each([
  ["client_id", OPERATOR],
  ["clientid", OPERATOR],
  ["object_id", ""],
  [
    "msi_res_id",
    "/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/operator",
  ],
])("a virtual machine's endpoint knows an identity by its %s", async (parameter, id) => {
  const operator = emulator.environment.tokens.principals.find(({ name }) => name === "operator");
  const { origin } = new URL(emulator.ready.msi);
  const query = new URLSearchParams({
    resource: "x",
    [parameter]: id || String(operator?.objectId),
  });
  const url = `${origin}/metadata/identity/oauth2/token?api-version=2018-02-01&${query}`;
  const answer = await fetch(url, { headers: { Metadata: "true" } });
  const { access_token } = (await answer.json()) as { access_token: string };
  expect(claimsOf(access_token)["appid"]).toBe(OPERATOR);
});

test("a role of a scenario grants its actions and data actions", () => {
  const { tokens } = emulator.environment;
  const operator = tokens.principals.find(({ name }) => name === "operator");
  const may = (action: string) =>
    tokens.allows(
      operator!,
      `Microsoft.ContainerService/${action}`,
      `/subscriptions/${SUBSCRIPTION}/resourceGroups/demo`,
    );
  expect(may("fleets/members/read")).toBe(true);
  expect(may("managedClusters/nodes/read")).toBe(true);
  expect(may("managedClusters/pods/read")).toBe(false);
});

test("the managed identity endpoint refuses a request without its header", async () => {
  const { status } = await fetch(`${emulator.ready.msi}?resource=x`);
  expect(status).toBe(400);
});

const REJECTED = [
  { name: "another grant", fields: { grant_type: "password" }, error: "unsupported_grant_type" },
  {
    name: "no scope",
    fields: { grant_type: "client_credentials", client_id: OPERATOR },
    error: "invalid_request",
  },
  {
    name: "an unknown application",
    fields: { grant_type: "client_credentials", scope: "x/.default", client_id: "nobody" },
    error: "unauthorized_client",
  },
];

test.each(REJECTED)("the token endpoint rejects $name", async ({ fields, error }) => {
  const answer = await emulator.call(`/${emulator.ready.tenant}/oauth2/v2.0/token`, {
    method: "POST",
    as: null,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: form(fields as unknown as Record<string, string>),
  });
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.json).toMatchObject({ error, error_codes: [expect.any(Number)] });
});

test("the ADFS form that older Azure CLIs use gives tokens, too", async () => {
  const discovery = await emulator.call("/adfs/.well-known/openid-configuration", { as: null });
  const { token_endpoint } = discovery.json as { token_endpoint: string };
  const answer = await send(token_endpoint, emulator.ca, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: form({
      grant_type: "client_credentials",
      client_id: OPERATOR,
      client_secret: "s3cret",
      scope: "https://management.core.windows.net//.default",
    }),
  });
  const { access_token } = answer.json as { access_token: string };
  expect(claimsOf(access_token)["aud"]).toBe("https://management.core.windows.net");
});

test("a foreign tenant is not found", async () => {
  const path = "/00000000-0000-4000-8000-000000000000/v2.0/.well-known/openid-configuration";
  const answer = await emulator.call(path, { as: null });
  expect(answer.status).toBe(400);
  expect(answer.json).toMatchObject({ error: "invalid_request", error_codes: [90002] });
});
