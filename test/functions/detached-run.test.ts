import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startAzurite } from "../azure/azurite.ts";
import type { Azurite } from "../azure/azurite.ts";
import { FAMILY, files, OLD, scenario } from "../actions/harbour.ts";
import { hostRepository, REPOSITORY } from "../actions/hosted-repository.ts";
import type { HostedRepository } from "../actions/hosted-repository.ts";
import { runFunctions } from "../emulator/functions-process.ts";
import type { FunctionsProcess } from "../emulator/functions-process.ts";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";
import type { Job } from "../support/job.ts";

/** An action's process starts a run and leaves it; the functions, in their own host's process, see it through. */
const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const CHECK = "fleetwright: dev";
const TIMEOUT_MILLISECONDS = 60_000;
/** A person's gate, so that the run cannot end before the step has left it. */
const STRATEGY = `apiVersion: fleetwright.dev/v1alpha1
kind: UpdateStrategy
metadata: {name: canary}
spec:
  stages:
    - {name: canary, groups: [{name: canary}], afterGates: [{displayName: CAB, type: Approval}]}
    - {name: rest, groups: [{name: blue}]}
`;
const declared = { ...files, "strategies/canary.yaml": STRATEGY };

const APP = "harbour-fleetwright";
const PERMISSIONS = {
  actions: "write",
  checks: "write",
  contents: "write",
  issues: "write",
  pull_requests: "write",
  statuses: "write",
} as const;

/** A chat that refuses each message once. */
const received: { readonly id: string; readonly text: string }[] = [];
const chat = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const id = String(request.headers["idempotency-key"]);
    const isNew = received.every((message) => message.id !== id);
    const { text } = JSON.parse(Buffer.concat(chunks).toString("utf8")) as { text: string };
    received.push({ id, text });
    response.writeHead(isNew ? 503 : 200).end();
  });
});

let emulator: TestEmulator;
let repository: HostedRepository;
let azurite: Azurite;
let host: FunctionsProcess | undefined;
let settings: Readonly<Record<string, string>>;
let commit: string;
let job: Job;

beforeAll(async () => {
  emulator = await startTestEmulator({ scenario, clock: 5_000 });
  repository = await hostRepository(emulator, declared);
  azurite = await startAzurite();
  const main = await repository.call<{ object: { sha: string } }>("GET", "/git/ref/heads/main");
  commit = main.object.sha;
  const control = <T>(path: string, body: object) =>
    emulator.control("POST", path, body) as Promise<T>;
  const key = await control<{ key: string; publicKey: string }>("/keyvault/keys", {
    vault: "kv-harbour",
    name: "github-app",
  });
  const { appId } = await control<{ appId: number }>("/github/apps", {
    slug: APP,
    publicKey: key.publicKey,
    permissions: PERMISSIONS,
  });
  // What actions/create-github-app-token gives to a job: GitHub lets only an App end a check that it began.
  const { token } = await control<{ token: string }>("/github/tokens", {
    login: `${APP}[bot]`,
    permissions: PERMISSIONS,
    app: appId,
  });
  job = await repository.jobAt(declared, { commit, token });
  await new Promise<void>((listening) => chat.listen(0, "127.0.0.1", listening));
  const { port } = chat.address() as AddressInfo;
  const { ready } = emulator;
  settings = {
    AZURE_RESOURCE_MANAGER_ENDPOINT: ready.arm,
    AZURE_AUTHORITY_HOST: new URL(ready.authority).origin,
    NODE_EXTRA_CA_CERTS: ready.ca,
    IDENTITY_ENDPOINT: ready.msi,
    IDENTITY_HEADER: "local",
    AzureWebJobsStorage: azurite.connection,
    GITHUB_API_URL: ready.github,
    FLEETWRIGHT_REPOSITORY: REPOSITORY,
    FLEETWRIGHT_TOPIC_ENDPOINT: `${ready.arm}/topics/fleetwright/api/events`,
    FLEETWRIGHT_GITHUB_APP_ID: String(appId),
    FLEETWRIGHT_GITHUB_APP_KEY: key.key,
    FLEETWRIGHT_WEBHOOK_URL: `http://127.0.0.1:${port}/services/s3cret`,
  };
}, TIMEOUT_MILLISECONDS);
afterAll(async () => {
  host?.terminate();
  await host?.exitCode;
  chat.close();
  await azurite.stop();
  await repository.close();
  await emulator.close();
});

/** Until then the functions were down: nothing of the run was seen. */
async function startFunctions(): Promise<void> {
  const args = ["--app", PROJECT, "--control", emulator.ready.control];
  const started = await runFunctions(args, settings);
  if (started.host === undefined) throw new Error(started.stderr());
  host = started.host;
}

const updateRun = (operation: string, inputs: Readonly<Record<string, string>> = {}) =>
  job.run("update-run", {
    operation,
    environment: "dev",
    "poll-interval": "1s",
    "reviewed-plan": "off",
    ...inputs,
  });

interface CheckRun {
  readonly id: number;
  readonly status: string;
  readonly conclusion: string | null;
  readonly external_id: string;
  readonly output: { readonly title: string };
}

/** The newest of a run: where step and functions both began one at once, it is the one that GitHub shows. */
async function checkOf(run: string): Promise<CheckRun | undefined> {
  const query = `check_name=${encodeURIComponent(CHECK)}&filter=all&per_page=100`;
  const { check_runs } = await repository.call<{ check_runs: readonly CheckRun[] }>(
    "GET",
    `/commits/${commit}/check-runs?${query}`,
  );
  const found = check_runs.filter(({ external_id }) => external_id === run);
  return found.toSorted((one, other) => other.id - one.id)[0];
}

/** The sweep runs by its own schedule, once a minute of Azure's time. */
async function finishedCheck(run: string): Promise<CheckRun | undefined> {
  return expect
    .poll(() => checkOf(run), { timeout: TIMEOUT_MILLISECONDS / 2, interval: 200 })
    .toMatchObject({ status: "completed" })
    .then(() => checkOf(run));
}

test(
  "a step detaches, and the functions finish the check that it left",
  async () => {
    await job.run("strategy", { operation: "apply" });
    await job.run("snapshot", { operation: "take", environment: "dev", kind: "outgoing" });
    const left = await updateRun("run", { "detach-after": "1s" });
    expect(left).toMatchObject({ exitCode: 0, outputs: { detached: "true", state: "Running" } });
    const name = left.outputs["run-name"] ?? "";
    const open = await checkOf(name);
    expect(open).toMatchObject({ status: "in_progress" });
    expect(left.outputs["check-url"]).toContain(String(open?.id));

    await startFunctions();
    // Before the gate waits for somebody, there is nothing to approve.
    const approve = () => updateRun("approve", { reason: "the canary sings" });
    await expect
      .poll(async () => (await approve()).exitCode, { timeout: TIMEOUT_MILLISECONDS / 2 })
      .toBe(0);
    expect(await finishedCheck(name)).toMatchObject({
      id: open?.id,
      conclusion: "success",
      output: { title: `${name} is done and proved` },
    });
  },
  TIMEOUT_MILLISECONDS,
);

test(
  "a roll-back that a step left is proved by its own images, and its check finished",
  async () => {
    const left = await updateRun("roll-back", {
      reason: "the tide table is wrong",
      "detach-after": "1s",
    });
    expect(left).toMatchObject({ exitCode: 0 });
    const name = left.outputs["run-name"] ?? "";
    expect(name).toMatch(/^dev-1-[0-9a-f]{8}-back-[0-9a-f]{8}$/);
    expect(await finishedCheck(name)).toMatchObject({
      conclusion: "success",
      output: { title: `${name} is done and proved` },
    });
    const pools = [...emulator.environment.world.clusters.values()].flatMap(({ pools: all }) =>
      [...all.values()].map(({ nodeImageVersion }) => nodeImageVersion),
    );
    expect(new Set(pools)).toEqual(new Set([`${FAMILY}-${OLD}`]));
  },
  TIMEOUT_MILLISECONDS,
);

test(
  "the chat was told of each stage and of each end, again where it refused, and not once more",
  async () => {
    const tries = (what: RegExp): readonly number[] => {
      const counts = new Map<string, number>();
      for (const { id, text } of received) {
        if (what.test(text)) counts.set(id, (counts.get(id) ?? 0) + 1);
      }
      return [...counts.values()];
    };
    const polling = { timeout: TIMEOUT_MILLISECONDS / 2, interval: 200 };
    for (const what of [
      /^dev: canary of dev-1-[0-9a-f]{8} is done \(\d+ members\) \(.* UTC, message [0-9a-f]{8}\)$/,
      /^dev: rest of dev-1-[0-9a-f]{8} is done/,
      /^dev: update run dev-1-[0-9a-f]{8} is done and proved/,
      /^dev: update run dev-1-[0-9a-f]{8}-back-[0-9a-f]{8} is done and proved/,
    ]) {
      await expect.poll(() => tries(what), polling).toEqual([2]);
    }
    await expect.poll(() => new Set(tries(/^dev: /)), polling).toEqual(new Set([2]));
  },
  TIMEOUT_MILLISECONDS,
);
