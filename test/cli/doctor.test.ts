import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Diagnosis } from "../../cli/doctor/diagnosis.ts";
import { armKey } from "../../shared/core/arm-id.ts";
import { startTestEmulator, type TestEmulator } from "../support/emulator.ts";
import { fleetwright, type Surroundings } from "./command.ts";
import {
  clusterId,
  DEV_FLEET,
  FLEET,
  harbourScenario,
  ONLOOKER,
  SHIPPED,
  shippedActions,
  SUBSCRIPTION,
} from "./harbour.ts";

const EVENT_GRID = "api-version=2025-02-15";
let azure: TestEmulator;
let folder: string;

beforeAll(async () => {
  const scope = `/subscriptions/${SUBSCRIPTION}`;
  const shipped = await Promise.all(
    Object.entries(SHIPPED).map(async ([name, clientId]) => ({
      name,
      clientId,
      roles: [{ actions: await shippedActions(name), scope }],
    })),
  );
  const scenario = await harbourScenario((change) => {
    change.principals = [
      ...shipped,
      {
        name: "onlooker",
        clientId: ONLOOKER,
        roles: [
          {
            actions: [
              "Microsoft.ContainerService/fleets/*/read",
              "Microsoft.ContainerService/fleets/read",
              "Microsoft.ContainerService/managedClusters/read",
            ],
            scope,
          },
        ],
      },
    ];
    const channels = { dublin: "NodeImage", cork: "Unmanaged" } as Record<string, string>;
    change.clusters = change.clusters?.map((cluster) => ({
      ...cluster,
      autoUpgradeProfile: {
        upgradeChannel: cluster.name === "texel" ? "patch" : "none",
        nodeOSUpgradeChannel: channels[cluster.name] ?? "None",
      },
    }));
  });
  azure = await startTestEmulator({ scenario, clock: "manual" });
});
afterAll(() => azure?.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fleetwright-doctor-"));
  // The limits of ARM and of Kubernetes are by the minute, and each test asks everything.
  await azure.control("POST", "/clock", { advance: "PT2M" });
  await cp("examples/harbour", folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function examine(where: Surroundings = {}, ...args: readonly string[]) {
  const ended = await fleetwright(["doctor", folder, "-o", "json", ...args], { azure, ...where });
  const found = ended.stdout === "" ? [] : (JSON.parse(ended.stdout) as readonly Diagnosis[]);
  return { ...ended, found, of: (topic: string) => found.filter((one) => one.topic === topic) };
}

test("says what AKS and Fleet would do by themselves, with the command that stops it", async () => {
  const profile = `${FLEET}/autoUpgradeProfiles/weekly?api-version=2026-06-01`;
  await azure.call(profile, { method: "PUT", body: { properties: { channel: "NodeImage" } } });
  const { code, of } = await examine();
  expect(code).toBe(1);
  const told = of("auto-upgrade").map(({ verdict, message }) => `${verdict} ${message}`);
  expect(told).toEqual([
    expect.stringMatching(/^error prod: the fleet starts update runs by itself.* weekly/),
    expect.stringMatching(/^error AKS upgrades Kubernetes by itself on texel/),
    expect.stringMatching(/^error AKS changes node images by itself on dublin/),
    expect.stringMatching(/^warning the nodes of cork patch themselves/),
  ]);
  for (const { remedy } of of("auto-upgrade")) expect(remedy).toMatch(/az (aks|fleet) /);
  await azure.call(profile, { method: "DELETE" });
});

test("names every pool that one blocked node would fail, and no pool that quarantines", async () => {
  const pool = `${clusterId("cork")}/agentPools/apps`;
  const got = await azure.call(`${pool}?api-version=2026-04-01`);
  const { properties } = got.json as { properties: Record<string, unknown> };
  const upgradeSettings = { maxSurge: "2", undrainableNodeBehavior: "Cordon" };
  const body = { properties: { ...properties, upgradeSettings } };
  await azure.call(`${pool}?api-version=2026-04-01`, { method: "PUT", body });
  await azure.control("POST", "/clock", { advance: "PT1H" });
  const [found] = (await examine()).of("undrainable-nodes");
  expect(found).toMatchObject({ verdict: "warning" });
  // A program gets every name, a terminal the first ones.
  for (const name of ["texel", "dublin"]) expect(found?.message).toContain(`${name}/apps`);
  expect(found).not.toHaveProperty("brief");
  const table = await fleetwright(["doctor", folder], { azure });
  expect(table.stdout).toMatch(/one blocked node fails .* and \d+ more$/m);
  const told = found?.subjects?.map(armKey);
  expect(told).toContain(armKey(`${clusterId("texel")}/agentPools/apps`));
  expect(told).not.toContain(armKey(pool));
});

test("compares what this identity may do with the role that it should have", async () => {
  expect((await examine()).of("permissions")).toEqual([
    { topic: "permissions", verdict: "ok", message: "everything that Fleetwright operator may do" },
  ]);
  const { code, of } = await examine({ clientId: ONLOOKER });
  expect(code).toBe(1);
  const [found] = of("permissions");
  expect(found).toMatchObject({
    verdict: "error",
    remedy: expect.stringContaining("infra/roles/operator.json"),
  });
  expect(found?.subjects).toContain("Microsoft.ContainerService/fleets/updateRuns/start/action");
  expect(found?.subjects).not.toContain("Microsoft.ContainerService/fleets/updateRuns/read");
});

test.each(Object.entries(SHIPPED))(
  "needs no more than the shipped role of a %s, but for Event Grid",
  async (role, clientId) => {
    const { found, of } = await examine({ clientId }, "--role", role);
    expect(of("permissions")).toMatchObject([
      { verdict: "ok", message: `everything that Fleetwright ${role} may do` },
    ]);
    expect(of("kubernetes-api").map(({ verdict }) => verdict)).toEqual(["ok"]);
    const wrong = found.filter(({ verdict }) => verdict === "error").map(({ topic }) => topic);
    expect(new Set(wrong)).toEqual(new Set(["auto-upgrade"]));
    expect(of("events").map(({ verdict }) => verdict)).toEqual(["unknown", "unknown", "unknown"]);
  },
);

test("asks functions that follow the members for the right to subscribe, too", async () => {
  const env = { FLEETWRIGHT_EVENT_DESTINATION: "/subscriptions/s/resourceGroups/g/providers/x" };
  const { of } = await examine({ clientId: SHIPPED.reactor, env }, "--role", "reactor");
  expect(of("permissions")).toMatchObject([
    { verdict: "error", remedy: expect.stringContaining("infra/roles/subscriber.json") },
  ]);
});

test("tells nodes that cannot be seen from nodes that are well", async () => {
  expect((await examine()).of("kubernetes-api")[0]).toMatchObject({
    verdict: "ok",
    message: "71 nodes of 11 clusters can be seen",
  });
  const [found] = (await examine({ clientId: ONLOOKER })).of("kubernetes-api");
  expect(found).toMatchObject({
    verdict: "error",
    message: expect.stringContaining("cannot be seen"),
  });
  expect(found?.subjects).toHaveLength(11);
});

describe("events", () => {
  const verdicts = (found: readonly Diagnosis[]) => found.map(({ verdict }) => verdict);

  test("are missed where nobody listens, which costs time and nothing else", async () => {
    const { of } = await examine();
    expect(verdicts(of("events"))).toEqual(["warning", "warning", "warning"]);
    expect(of("events")[0]?.remedy).toContain("up to a minute later");
  });

  test("are heard once infra/subscriptions.bicep is deployed", async () => {
    const receiver = await listenForEvents();
    const put = async (path: string, body: object) => {
      const answer = await azure.call(`${path}?${EVENT_GRID}`, { method: "PUT", body });
      expect(answer.status, answer.text).toBeLessThan(300);
    };
    const listen = (scope: string, includedEventTypes: readonly string[]) =>
      put(`${scope}/providers/Microsoft.EventGrid/eventSubscriptions/fleetwright`, {
        properties: {
          destination: { endpointType: "WebHook", properties: { endpointUrl: receiver.url } },
          ...(includedEventTypes.length > 0 ? { filter: { includedEventTypes } } : {}),
        },
      });
    const place = `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour/providers/Microsoft.EventGrid`;
    const gates = `${place}/systemTopics/fleetwright-gates`;
    await put(`${place}/topics/fleetwright`, { location: "westeurope", properties: {} });
    await listen(`${place}/topics/fleetwright`, []);
    for (const fleet of [FLEET, DEV_FLEET]) {
      const { json } = await azure.call(`${fleet}/members?api-version=2026-06-01`);
      const { value } = json as { value: { properties: { clusterResourceId: string } }[] };
      for (const { properties } of value) {
        const types = ["Microsoft.ContainerService.NodePoolRollingSucceeded"];
        await listen(properties.clusterResourceId, types);
      }
    }
    await put(gates, {
      location: "global",
      properties: {
        source: `/subscriptions/${SUBSCRIPTION}`,
        topicType: "Microsoft.ResourceNotifications.AKSResources",
      },
    });
    expect((await examine()).of("events")[0]?.message).toContain("nobody listens");
    await put(`${gates}/eventSubscriptions/on-fleet-gate`, {
      properties: {
        destination: { endpointType: "WebHook", properties: { endpointUrl: receiver.url } },
      },
    });
    expect(verdicts((await examine()).of("events"))).toEqual(["ok", "ok", "ok"]);
    receiver.close();
  });
});

/** Accepts what Event Grid asks before it subscribes a webhook. */
async function listenForEvents(): Promise<{ readonly url: string; close(): void }> {
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      const [event] = JSON.parse(text || "[]") as { data?: { validationCode?: string } }[];
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ validationResponse: event?.data?.validationCode }));
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/events`, close: () => server.close() };
}

test("asks the repository with the token that would write to it", async () => {
  await azure.control("POST", "/github/repositories", {
    owner: "octo-org",
    name: "harbour",
    directory: folder,
  });
  const tokenWith = async (contents: string): Promise<string> => {
    const made = await azure.control("POST", "/github/tokens", {
      login: "fleetwright[bot]",
      permissions: { contents, metadata: "read" },
    });
    return (made as { token: string }).token;
  };
  const ask = async (token: string) => {
    const env = { FLEETWRIGHT_REPOSITORY: "octo-org/harbour", FLEETWRIGHT_GITHUB_TOKEN: token };
    return (await examine({ env })).of("github").map(({ verdict }) => verdict);
  };
  expect(await ask(await tokenWith("write"))).toEqual(["ok"]);
  expect(await ask(await tokenWith("read"))).toEqual(["error"]);
  expect(await ask("not-a-token")).toEqual(["error"]);
  expect((await examine()).of("github").map(({ verdict }) => verdict)).toEqual(["unknown"]);
});

describe("the GitHub App", () => {
  const NEEDED = {
    actions: "write",
    checks: "write",
    contents: "write",
    issues: "write",
    pull_requests: "write",
    metadata: "read",
  };
  const REPOSITORY = { owner: "tidal-org", name: "tides" };
  const ask = async (env: Record<string, string>, clientId?: string, ...args: string[]) => {
    const repository = `${REPOSITORY.owner}/${REPOSITORY.name}`;
    const where = { env: { FLEETWRIGHT_REPOSITORY: repository, ...env } };
    return (await examine({ ...where, ...(clientId ? { clientId } : {}) }, ...args)).of("github");
  };

  let key: string;
  let publicKey: string;
  beforeAll(async () => {
    await azure.control("POST", "/github/repositories", {
      ...REPOSITORY,
      directory: "examples/harbour",
    });
    const made = await azure.control("POST", "/keyvault/keys", { vault: "kv-tidal", name: "app" });
    ({ key, publicKey } = made as { key: string; publicKey: string });
  });

  async function settings(app: Record<string, unknown>): Promise<Record<string, string>> {
    const made = await azure.control("POST", "/github/apps", {
      slug: "tidal-fleetwright",
      publicKey,
      permissions: NEEDED,
      ...app,
    });
    const { appId } = made as { appId: number };
    return { FLEETWRIGHT_GITHUB_APP_ID: String(appId), FLEETWRIGHT_GITHUB_APP_KEY: key };
  }

  test("signs in its vault, is installed and may do what the functions do", async () => {
    expect(await ask(await settings({}))).toEqual([
      {
        topic: "github",
        verdict: "ok",
        message: expect.stringMatching(/^GitHub App tidal-fleetwright \(\d+\) signs in its vault/),
      },
    ]);
  });

  const { checks: _checks, ...withoutChecks } = NEEDED;
  test.each([
    [
      "asks for too little",
      { permissions: withoutChecks },
      /^does not ask for checks: write$/,
      /Permissions & events/,
    ],
    [
      "asks for what nobody accepted",
      { accepted: { ...NEEDED, contents: "read" } },
      /^asks for contents: write, which nobody accepted for this installation$/,
      /accept the new permissions: https:.*installations/,
    ],
    [
      "is not installed there",
      { repositories: ["tidal-org/other"] },
      /^is not installed on tidal-org\/tides$/,
      /apps\/tidal-fleetwright\/installations\/new/,
    ],
    ["is suspended", { suspended: true }, /^is suspended$/, /take it back into service/],
  ])("that %s is an error", async (_case, app, message, remedy) => {
    const [found, ...others] = await ask(await settings(app));
    expect(others).toEqual([]);
    expect(found?.verdict).toBe("error");
    expect(found?.message.replace(/^GitHub App tidal-fleetwright \(\d+\) /, "")).toMatch(message);
    expect(found?.remedy).toMatch(remedy);
  });

  test("that may too much, or has a webhook, is told so", async () => {
    const app = { permissions: { ...NEEDED, administration: "write" }, events: ["push"] };
    const found = await ask(await settings(app));
    expect(found.map(({ verdict }) => verdict)).toEqual(["ok", "warning", "warning"]);
    expect(found[1]?.message).toContain("more than the functions need: administration: write");
    expect(found[2]?.message).toContain("webhook events that nobody receives: push");
  });

  test("whose key is another App's is told from one whose vault may not be used", async () => {
    const other = await azure.control("POST", "/keyvault/keys", { vault: "kv-tidal", name: "old" });
    const stale = { ...(await settings({})), FLEETWRIGHT_GITHUB_APP_KEY: (other as never)["key"] };
    const [wrong] = await ask(stale);
    expect(wrong).toMatchObject({
      verdict: "error",
      message: expect.stringMatching(/^the vault signs, but GitHub does not take it for App \d+/),
    });
    const mine = await settings({});
    const forbidden = {
      message: expect.stringContaining("cannot ask GitHub as the App"),
      remedy: expect.stringContaining("Key Vault Crypto User"),
    };
    expect(await ask(mine, ONLOOKER)).toMatchObject([{ verdict: "unknown", ...forbidden }]);
    expect(await ask(mine, SHIPPED.reactor, "--role", "reactor")).toMatchObject([
      { verdict: "error", ...forbidden },
    ]);
  });

  test("without its key, or with an address that is none, is a wrong setting", async () => {
    const { FLEETWRIGHT_GITHUB_APP_ID } = await settings({});
    expect(await ask({ FLEETWRIGHT_GITHUB_APP_ID: FLEETWRIGHT_GITHUB_APP_ID ?? "" })).toMatchObject(
      [{ verdict: "error", message: expect.stringContaining("FLEETWRIGHT_GITHUB_APP_KEY is not") }],
    );
    const [found] = await ask({ ...(await settings({})), FLEETWRIGHT_GITHUB_APP_KEY: "kv/app" });
    expect(found).toMatchObject({
      verdict: "error",
      message: expect.stringContaining("is not the address of a key in a vault"),
    });
  });
});

test("judges the declared files with what the fleet says", async () => {
  const strategy = join(folder, "strategies", "harbour.yaml");
  const text = await readFile(strategy, "utf8");
  await writeFile(strategy, text.replace("        - name: group-2c\n", ""));
  const found = (await examine()).of("declarations");
  expect(found.some(({ message }) => message.includes("member-in-no-stage"))).toBe(true);
});

test("goes on where one look fails, and says which permission was missing", async () => {
  const text = await readFile(join(folder, "fleetwright.yaml"), "utf8");
  await writeFile(
    join(folder, "fleetwright.yaml"),
    text.replace("fleets/harbour-dev", "fleets/harbor-dev"),
  );
  const { code, of } = await examine();
  expect(code).toBe(1);
  expect(of("fleet")).toMatchObject([
    { verdict: "error", message: expect.stringContaining("harbor-dev") },
    { verdict: "ok", message: expect.stringContaining("prod") },
  ]);
  expect(of("sign-in")).toMatchObject([{ verdict: "ok" }]);
});

test("without a sign-in nothing is asked of Azure", async () => {
  const { code, stdout } = await fleetwright(["doctor", folder, "-o", "json"], {
    env: {
      AZURE_RESOURCE_MANAGER_ENDPOINT: azure.ready.arm,
      AZURE_TOKEN_CREDENTIALS: "AzureCliCredential",
    },
  });
  const found = JSON.parse(stdout) as readonly Diagnosis[];
  expect(code).toBe(1);
  expect(found.find(({ topic }) => topic === "sign-in")?.verdict).toBe("error");
  expect(found.find(({ topic }) => topic === "fleet")?.verdict).toBe("unknown");
  expect(found.some(({ topic }) => topic === "clusters")).toBe(false);
});

test("prints the worst first, without colours where nobody sees them", async () => {
  const { stdout } = await fleetwright(["doctor", folder], { azure });
  const verdicts = stdout
    .split("\n")
    .flatMap((line) => /^(error|unknown|warning|ok) /.exec(line)?.[1] ?? []);
  expect(verdicts).toEqual(
    verdicts.toSorted(
      (a, b) =>
        ["error", "unknown", "warning", "ok"].indexOf(a) -
        ["error", "unknown", "warning", "ok"].indexOf(b),
    ),
  );
  expect(stdout).not.toContain("\u001B");
  expect(stdout).toMatch(/\d+ errors?, \d+ unknown, \d+ warnings?, \d+ ok\n$/);
});

test("explains itself, and refuses what it does not know", async () => {
  expect(await fleetwright(["doctor", "--help"])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("Exit code"),
  });
  expect((await fleetwright(["doctor", "--role", "king"])).code).toBe(2);
  expect((await fleetwright(["doctor", "a", "b"])).code).toBe(2);
  expect((await fleetwright(["doctor", "-o", "xml"])).code).toBe(2);
});
