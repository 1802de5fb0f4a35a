import { afterEach, describe, expect, it } from "vitest";
import { azureCredential } from "../../shared/azure/credential.ts";
import { createGitHubCredential } from "../../shared/azure/github-credential.ts";
import { isError } from "../../shared/core/errors.ts";
import { startTestEmulator } from "../support/emulator.ts";
import { runBundled } from "./bundled-process.ts";
import { startCloudServer } from "./cloud-server.ts";
import type { Answer, CloudServer, ReceivedRequest } from "./cloud-server.ts";

const TENANT = "22222222-2222-2222-2222-222222222222";
const SCOPE = "https://management.azure.com/.default";
const ASSERTION = jwt({
  iss: "https://token.actions.githubusercontent.com",
  sub: "repo:harbour/fleet:environment:prod",
  aud: "api://AzureADTokenExchange",
});

let server: CloudServer | undefined;

afterEach(async () => {
  await server?.close();
});

function jwt(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "RS256" })}.${part(claims)}.signature`;
}

/** GitHub's issuer under `/id`, Entra everywhere else; tokens are numbered. */
async function start(entra?: Answer, github?: Answer): Promise<CloudServer> {
  let issued = 0;
  const answer = (request: ReceivedRequest): Answer => {
    if (request.url.startsWith("/id")) return github ?? { status: 200, body: { value: ASSERTION } };
    issued++;
    return entra ?? { status: 200, body: { access_token: `token-${issued}`, expires_in: 3600 } };
  };
  server = await startCloudServer(answer, "http");
  return server;
}

function environment({ origin }: CloudServer): Record<string, string> {
  return {
    ACTIONS_ID_TOKEN_REQUEST_URL: `${origin}/id?api-version=2.0`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: "request-token",
    AZURE_AUTHORITY_HOST: `${origin}/`,
  };
}

describe("a GitHub job", () => {
  it("exchanges its identity token for an Entra token, in two requests", async () => {
    const cloud = await start();
    const credential = azureCredential(environment(cloud), { clientId: "app", tenantId: TENANT });
    const token = await credential.getToken(SCOPE);
    expect(token?.token).toBe("token-1");
    const [identity, exchange] = cloud.requests;
    expect(identity?.url).toBe("/id?api-version=2.0&audience=api%3A%2F%2FAzureADTokenExchange");
    expect(identity?.headers.authorization).toBe("Bearer request-token");
    expect(exchange?.url).toBe(`/${TENANT}/oauth2/v2.0/token`);
    expect(Object.fromEntries(new URLSearchParams(exchange?.body))).toEqual({
      grant_type: "client_credentials",
      client_id: "app",
      scope: SCOPE,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: ASSERTION,
    });
    expect(cloud.requests).toHaveLength(2);
  });

  it("keeps a token per scope until five minutes before its end, also for callers at once", async () => {
    const cloud = await start();
    let now = Date.parse("2026-06-01T08:00:00Z");
    const credential = createGitHubCredential({
      requestUrl: `${cloud.origin}/id?api-version=2.0`,
      requestToken: "request-token",
      clientId: "app",
      tenantId: TENANT,
      authority: cloud.origin,
      now: () => now,
    });
    const token = async (scope: string) => (await credential.getToken(scope))?.token;
    expect(await Promise.all([token(SCOPE), token(SCOPE)])).toEqual(["token-1", "token-1"]);
    expect(await token("other/.default")).toBe("token-2");
    now += 54 * 60_000;
    expect(await token(SCOPE)).toBe("token-1");
    now += 2 * 60_000;
    expect(await token(SCOPE)).toBe("token-3");
  });

  it("is told which federated credential is missing", async () => {
    const cloud = await start({
      status: 401,
      body: {
        error: "invalid_client",
        error_description: "No matching federated identity record found.\r\nTrace ID: 1",
        error_codes: [700213],
      },
    });
    const credential = azureCredential(environment(cloud), { clientId: "app", tenantId: TENANT });
    const error = await credential.getToken(SCOPE).catch((thrown: unknown) => thrown);
    expect(isError(error, "unauthorized") && error.message).toBe(
      "Entra refused the sign-in of client app: AADSTS700213: No matching federated identity record found.",
    );
    expect(isError(error, "unauthorized") && error.remedy).toContain(
      "subject 'repo:harbour/fleet:environment:prod'",
    );
  });

  it("is told to ask for id-token: write", async () => {
    const cloud = await start(undefined, { status: 403 });
    const credential = azureCredential(environment(cloud), { clientId: "app", tenantId: TENANT });
    const error = await credential.getToken(SCOPE).catch((thrown: unknown) => thrown);
    expect(isError(error, "unauthorized") && error.remedy).toContain("id-token: write");
  });

  it("survives a moment without Entra", async () => {
    let refusals = 1;
    server = await startCloudServer((request) => {
      if (request.url.startsWith("/id")) return { status: 200, body: { value: ASSERTION } };
      if (refusals-- > 0) return { status: 503 };
      return { status: 200, body: { access_token: "late", expires_in: 3600 } };
    }, "http");
    const credential = azureCredential(environment(server), { clientId: "app", tenantId: TENANT });
    expect((await credential.getToken(SCOPE))?.token).toBe("late");
  });
});

describe("a Functions app", () => {
  const END = Math.floor(Date.parse("2030-01-01T00:00:00Z") / 1_000);
  const issued = (more: object) => ({
    status: 200,
    body: { access_token: "managed", token_type: "Bearer", resource: "r", ...more },
  });

  async function signIn(...answers: readonly Answer[]) {
    let next = 0;
    server = await startCloudServer(
      () => answers[Math.min(next++, answers.length - 1)] ?? { status: 500 },
      "http",
    );
    const endpoint = `${server.origin}/msi/token`;
    const env = { IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: "secret", AZURE_CLIENT_ID: "app" };
    return azureCredential(env)
      .getToken(SCOPE)
      .catch((thrown: unknown) => thrown);
  }

  it.each([
    ["seconds as text", { expires_on: String(END) }],
    ["seconds", { expires_on: END }],
    ["a date", { expires_on: "2030-01-01T00:00:00Z" }],
    ["a date of older hosts", { expires_on: "01/01/2030 00:00:00 +00:00" }],
  ])("has a managed identity, whose token ends as told: %s", async (_, end) => {
    expect(await signIn(issued(end))).toEqual({
      token: "managed",
      expiresOnTimestamp: END * 1_000,
    });
  });

  it("asks again for a token that does not tell its end", async () => {
    const token = await signIn(issued({}));
    expect(token).toMatchObject({ token: "managed", expiresOnTimestamp: expect.any(Number) });
  });

  it("is told what to assign when it has no such identity", async () => {
    const error = await signIn({ status: 400, body: { message: "No identity" } });
    expect(isError(error, "unauthorized") && error.message).toMatch(/status 400.*No identity/);
    expect(isError(error, "unauthorized") && error.remedy).toContain("client id app");
  });

  it("does not take a failure of the platform for a missing identity", async () => {
    expect(await signIn({ status: 503 }, issued({ expires_on: END }))).toMatchObject({
      token: "managed",
    });
    const error = await signIn({ status: 503 });
    expect(isError(error, "service-error") && error.message).toContain("503");
  });

  it.each([
    ["system-assigned", ""],
    ["user-assigned", "app"],
  ])("asks for a %s one just as @azure/identity does", async (_, clientId) => {
    const cloud = await startCloudServer(() => issued({ expires_on: String(END) }), "http");
    server = cloud;
    const env = { IDENTITY_ENDPOINT: `${cloud.origin}/msi/token`, IDENTITY_HEADER: "secret" };
    const options = clientId === "" ? "" : JSON.stringify({ clientId });
    // It keeps tokens, and where it found them, for all of a process.
    await runBundled(
      `import { ManagedIdentityCredential } from "@azure/identity";
       new ManagedIdentityCredential(${options}).getToken("${SCOPE}");`,
      { ca: cloud.ca, env },
    );
    await azureCredential(env, { clientId }).getToken(SCOPE);
    const [theirs, ours] = cloud.requests.map(({ method, url, headers }) => {
      const { pathname, searchParams } = new URL(url, cloud.origin);
      searchParams.sort();
      return [method, pathname, searchParams.toString(), headers["x-identity-header"]];
    });
    expect(ours).toEqual(theirs);
    expect(cloud.requests).toHaveLength(2);
  });
});

describe("the local Azure", () => {
  it("signs in a client with a secret, and a GitHub job, by settings alone", async () => {
    const subject = "repo:harbourworks/harbour:environment:prod";
    const principal = (name: string, id: number) => ({
      name,
      clientId: `99999999-0000-0000-0000-00000000000${id}`,
      secret: "s3cret",
      federated: [{ subject }],
      roles: [
        { actions: ["*/read"], scope: "/subscriptions/11111111-2222-3333-4444-555555555555" },
      ],
    });
    const emulator = await startTestEmulator({
      scenario: { principals: [principal("person", 1), principal("job", 2)] },
    });
    try {
      const { ready, ca } = emulator;
      const printObjectOf = `
        import { azureCredential } from "./shared/azure/credential.ts";
        import { armEndpoint } from "./shared/azure/environment.ts";
        const scope = armEndpoint(process.env) + "/.default";
        azureCredential(process.env).getToken(scope).then(({ token }) => {
          const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
          console.log(claims.appid + " " + claims.aud);
        });`;
      const env = {
        AZURE_AUTHORITY_HOST: new URL(ready.authority).origin,
        AZURE_RESOURCE_MANAGER_ENDPOINT: ready.arm,
        AZURE_TENANT_ID: ready.tenant,
      };
      const person = {
        ...env,
        AZURE_CLIENT_ID: principal("", 1).clientId,
        AZURE_CLIENT_SECRET: "s3cret",
      };
      expect(await runBundled(printObjectOf, { ca, env: person })).toMatch(
        `${principal("", 1).clientId} ${ready.arm}`,
      );
      const oidc = (await emulator.control("POST", "/oidc", { subject })) as {
        requestUrl: string;
        requestToken: string;
      };
      const job = {
        ...env,
        AZURE_CLIENT_ID: principal("", 2).clientId,
        ACTIONS_ID_TOKEN_REQUEST_URL: oidc.requestUrl,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: oidc.requestToken,
      };
      expect(await runBundled(printObjectOf, { ca, env: job })).toMatch(
        `${principal("", 2).clientId} ${ready.arm}`,
      );
    } finally {
      await emulator.close();
    }
  });
});
