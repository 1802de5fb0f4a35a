import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Status } from "../../shared/status/status.ts";
import {
  largeStatus,
  NOW,
  quarantined,
  environment,
  run,
  stage,
  member,
  statusOf,
} from "../functions/sample-status.ts";
import { startTestEmulator, type TestEmulator } from "../support/emulator.ts";
import { fleetwright } from "./command.ts";
import { FLEET, harbourScenario } from "./harbour.ts";

const FOLDER = resolve("examples/harbour");
const NOBODY = {
  owner: undefined,
  disruptionsAllowed: 0,
  healthyPods: undefined,
  requiredPods: undefined,
};
const RUN = "prod-1-0a1b2c3d";
let azure: TestEmulator;

beforeAll(async () => {
  azure = await startTestEmulator({ scenario: await harbourScenario(), clock: "manual" });
});
afterAll(() => azure?.close());

test("shows the run of an environment as Azure has it, and why its members wait", async () => {
  expect(await fleetwright(["status", FOLDER], { azure })).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("No update run yet."),
  });
  const strategy = {
    stages: [
      {
        name: "stage1",
        groups: [{ name: "group-1c" }],
        afterGates: [{ displayName: "fleetwright: verified", type: "Approval" }],
        afterStageWaitInSeconds: 3_600,
      },
      { name: "stage2", groups: [{ name: "group-2a" }] },
    ],
  };
  const managedClusterUpdate = {
    upgrade: { type: "NodeImageOnly" },
    nodeImageSelection: { type: "Latest" },
  };
  await azure.control("POST", "/images", {
    region: "westeurope",
    version: "AKSUbuntu-2204gen2containerd-202607.09.0",
  });
  const start = async (name: string, properties: object): Promise<void> => {
    const path = `${FLEET}/updateRuns/${name}`;
    await azure.call(`${path}?api-version=2026-06-01`, { method: "PUT", body: { properties } });
    await azure.control("POST", "/clock", { advance: "PT1M" });
    await azure.call(`${path}/start?api-version=2026-06-01`, { method: "POST" });
  };
  await start(RUN, { strategy, managedClusterUpdate });
  await azure.control("POST", "/clock", { advance: "PT5M" });
  const { code, stdout } = await fleetwright(["status", FOLDER], { azure });
  expect(code).toBe(0);
  expect(stdout).toMatch(/Run prod-1-0a1b2c3d is Running in stage1: 0 of \d members done/);
  expect(stdout).toMatch(/delfzijl +Running +upgrading its nodes/);
  expect(stdout).not.toMatch(/wicklow +NotStarted/);
  expect(stdout).toContain("Read from Azure: quarantined nodes, verdicts");
  expect(stdout).not.toContain("no release declares");
  expect(stdout).toMatch(/gate "fleetwright: verified" +NotStarted/);
  const all = await fleetwright(["status", FOLDER, "--all"], { azure });
  expect(all.stdout).toMatch(/wicklow +NotStarted +delfzijl of the same group goes first/);
  await azure.control("POST", "/clock", { advance: "PT3H" });
  const later = await fleetwright(["status", FOLDER, "--all"], { azure });
  expect(later.stdout).toMatch(/delfzijl +Completed +upgraded; the functions know its verdict/);
  await start("by-hand", { managedClusterUpdate });
  await azure.control("POST", "/clock", { advance: "PT10S" });
  const beside = await fleetwright(["status", FOLDER], { azure });
  expect(beside.stdout).toMatch(
    /A run that no release declares is Running in its fleet: by-hand\./,
  );
  const asked = ["status", FOLDER, "--environment", "prod", "-o", "json"];
  const json = await fleetwright(asked, { azure });
  const [prod] = (JSON.parse(json.stdout) as Status).environments;
  expect(prod?.runs[0]).toMatchObject({
    name: RUN,
    stages: [{ name: "stage1" }, { name: "stage2" }],
  });
});

test("a fleet that cannot be read is told, and fails the command", async () => {
  const { ready } = azure;
  const stranger = await fleetwright(["status", FOLDER], {
    azure,
    clientId: "99999999-0000-4000-8000-000000000000",
  });
  expect(stranger).toMatchObject({ code: 1, stdout: expect.stringContaining("cannot be read") });
  expect(stranger.stdout).not.toContain(ready.subscription.toUpperCase());
});

test("asks the functions where they are named, with the key in a header", async () => {
  const { server, url, keys } = await serve(
    statusOf([
      environment({
        quarantined: [
          quarantined({
            alsoHeldBy: [{ ...NOBODY, pod: "shop/bar-0", pdb: "shop/bar" }],
          }),
          quarantined({ node: "aks-workers-9", resolvedAt: "2026-07-10T11:40:00Z" }),
        ],
        soaking: { run: RUN, target: "live", until: "2026-07-13T12:00:00.000Z" },
        untold: [
          {
            environment: "prod",
            key: "k",
            text: "stage1 is done",
            at: NOW,
            tries: 2,
            reason: "the webhook answers 500",
            nextTryAt: Date.parse("2026-07-10T12:06:00Z"),
          },
        ],
        runs: [
          run(
            [
              stage("stage1", {
                state: "Failed",
                members: [member("quay-2", { state: "Failed" })],
              }),
            ],
            { state: "Failed" },
          ),
        ],
      }),
    ]),
  );
  const env = { FLEETWRIGHT_STATUS_URL: url, FLEETWRIGHT_STATUS_KEY: "secret" };
  const { code, stdout } = await fleetwright(["status"], { env });
  for (const told of [
    "quarantined: Quay-4/aks-workers-1 of pool workers, since 2026-07-10 11:30Z",
    "kept by pod shop/cart-0 of StatefulSet/cart, budget shop/cart: 0 may go, 1 healthy, 1 required; pod shop/bar-0, budget shop/bar",
    "https://github.example/octo-org/harbour/issues/7",
    "Newer node images and Kubernetes versions queue: what prod-1-0a1b2c3d brought soaks for live until 2026-07-13 12:00Z.",
    '"stage1 is done" (2 tries; the webhook answers 500): tried again 2026-07-10 12:06Z.',
    "1 earlier quarantined node is proved again.",
    "AKSUbuntu-2204gen2containerd 202607.09.0, valid until 7 Oct 2026",
  ]) {
    expect(stdout).toContain(told);
  }
  expect([code, keys]).toEqual([1, ["secret"]]);
  const wrong = await fleetwright(["status"], {
    env: { ...env, FLEETWRIGHT_STATUS_URL: `${url}/no?code=secret` },
  });
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining("it answers 404") });
  expect(wrong.stderr).not.toContain("secret");
  server.close();
});

test("--all shows earlier runs and which region offers which node image; nothing moves the cursor", async () => {
  const nodeImages = [
    {
      region: "westeurope",
      nodeImageVersion: "AKSUbuntu-2204gen2containerd-202607.16.0",
      noticedAt: "2026-07-10T10:00:00Z",
    },
  ];
  const problem = "\u001B[2Jgone";
  const runs = [run([], { name: "prod-2-x" }), run([], { name: "prod-1-y", state: "Completed" })];
  const status = { ...statusOf([environment({ runs, problem })]), nodeImages };
  const { server, url } = await serve(status as Status);
  const { stdout } = await fleetwright(["status", "--all"], {
    env: { FLEETWRIGHT_STATUS_URL: url },
  });
  server.close();
  expect(stdout).toContain("202607.16.0 is out in westeurope");
  expect(stdout).toMatch(/prod-1-y +Completed +started 2026-07-10 08:00Z/);
  expect(stdout).toMatch(/westeurope +AKSUbuntu-2204gen2containerd 202607\.16\.0 +noticed/);
  expect(stdout).not.toContain("\u001B");
});

test("1,000 members fit on a screen", async () => {
  const { server, url } = await serve(largeStatus());
  const { stdout } = await fleetwright(["status"], { env: { FLEETWRIGHT_STATUS_URL: url } });
  expect(stdout.split("\n").length).toBeLessThan(20);
  expect(stdout).toContain("failed: a node is quarantined");
  server.close();
});

test("explains itself, and refuses what it does not know", async () => {
  expect(await fleetwright(["status", "--help"])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("FLEETWRIGHT_STATUS_URL"),
  });
  expect(await fleetwright(["status", FOLDER, "--environment", "test"], { azure })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("there is no environment test: declared: dev, prod"),
  });
  expect((await fleetwright(["status", resolve("docs")], { azure })).code).toBe(1);
  expect((await fleetwright(["status", "-o", "xml"])).code).toBe(2);
});

async function serve(
  status: Status,
): Promise<{ readonly server: Server; readonly url: string; readonly keys: string[] }> {
  const keys: string[] = [];
  const server = createServer((request, response) => {
    const known = request.url === "/api/status";
    if (known) keys.push(String(request.headers["x-functions-key"]));
    response.writeHead(known ? 200 : 404, { "content-type": "application/json" });
    response.end(known ? JSON.stringify(status) : "");
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    server,
    keys,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/status`,
  };
}
