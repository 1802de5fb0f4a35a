import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { makeServerCertificate } from "../emulator/certificates.ts";
import { startServer } from "../emulator/server.ts";
import type { WireReply, WireRequest } from "../emulator/service.ts";
import { PACKAGE_ROOT } from "./places.ts";
import { cpuMillisecondsOf, processMeter } from "./processes.ts";
import type { ProcessOptions, ProcessUsage } from "./processes.ts";

export interface ActionStep {
  readonly action: string;
  readonly inputs: Readonly<Record<string, string>>;
}

export interface ActionRunner {
  /** From the process's start to its first request to ARM, identity token and sign-in included, or to GitHub's API. */
  toFirstRequest(step: ActionStep): Promise<ProcessUsage>;
  toEnd(step: ActionStep): Promise<ProcessUsage>;
  /** `node -e 0` in the same environment. */
  floor(): Promise<ProcessUsage>;
  close(): Promise<void>;
}

/** In the workspace: the body of a cluster that an action could create. */
export const DEFINITION = "cluster.json";
const POOL = { name: "system", mode: "System", count: 3, vmSize: "Standard_D4ds_v5" };
const CLUSTER = { location: "westeurope", properties: { agentPoolProfiles: [POOL] } };
const TENANT = "22222222-3333-4444-5555-666666666666";
const CLIENT = "33333333-4444-5555-6666-777777777777";
const FILES = ["GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STATE", "GITHUB_PATH", "GITHUB_STEP_SUMMARY"];
const IDENTITY_TOKEN = ["{}", "{}"].map((part) => btoa(part)).join(".");
const TOKEN_SECONDS = 3_600;

/** Runs bundles as a GitHub runner does, on a wire that signs in and then refuses: the start is all we want. */
export async function actionRunner(folder: string): Promise<ActionRunner> {
  const wire = await startWire(folder);
  const meter = await processMeter(folder);
  const workspace = await checkOut(folder);
  const job = await jobVariables(folder, workspace, wire);
  const run = async (step: ActionStep, options: ProcessOptions = {}): Promise<ProcessUsage> => {
    const bundle = join(PACKAGE_ROOT, "dist", "actions", `${step.action}.cjs`);
    const env = { ...job, ...(await inputVariables(step)) };
    return meter([bundle], { cwd: workspace, env, ...options });
  };
  return {
    toEnd: (step) => run(step),
    floor: () => meter(["-e", "0"], { env: job }),
    async toFirstRequest(step) {
      let began = { at: 0, pid: 0 };
      const first = wire.nextRequest(() => ({
        wallMilliseconds: performance.now() - began.at,
        cpuMilliseconds: cpuMillisecondsOf(began.pid),
      }));
      const usage = await run(step, {
        onStart: (started) => {
          began = started;
        },
      });
      const { wallMilliseconds, cpuMilliseconds } = first();
      return {
        ...usage,
        wallMilliseconds,
        cpuMilliseconds: cpuMilliseconds ?? usage.cpuMilliseconds,
      };
    },
    close: () => wire.close(),
  };
}

interface Wire {
  readonly origin: string;
  readonly ca: string;
  /** Looks at the moment of the next request to ARM or GitHub; the returned function tells what was seen. */
  nextRequest<T>(look: () => T): () => T;
  close(): Promise<void>;
}

async function startWire(folder: string): Promise<Wire> {
  const certificate = await makeServerCertificate();
  const ca = join(folder, "ca.pem");
  await writeFile(ca, certificate.caPem);
  let onRequest: (() => void) | undefined;
  const server = await startServer({
    port: 0,
    tls: { key: certificate.keyPem, cert: certificate.certificatePem },
    answer: async (request) =>
      signIn(request) ??
      refuse(() => {
        onRequest?.();
        onRequest = undefined;
      }),
    now: Date.now,
    onError: (error) => process.stderr.write(`bench: ${String(error)}\n`),
  });
  return {
    ca,
    origin: `https://127.0.0.1:${server.port}`,
    close: () => server.close(),
    nextRequest<T>(look: () => T) {
      let seen: { readonly value: T } | undefined;
      onRequest = () => {
        seen = { value: look() };
      };
      return () => {
        if (seen === undefined) throw new Error("the action sent no request to ARM or GitHub");
        return seen.value;
      };
    },
  };
}

function signIn({ path }: WireRequest): WireReply | undefined {
  if (path === "/oidc") return { status: 200, body: { value: `${IDENTITY_TOKEN}.` } };
  if (!path.endsWith("/oauth2/v2.0/token")) return undefined;
  const token = { access_token: "token", token_type: "Bearer", expires_in: TOKEN_SECONDS };
  return { status: 200, body: token };
}

/** No client tries a 403 again. */
function refuse(seen: () => void): WireReply {
  seen();
  return { status: 403, body: { error: { code: "AuthorizationFailed", message: "refused" } } };
}

async function checkOut(folder: string): Promise<string> {
  const workspace = join(folder, "workspace");
  await cp(join(PACKAGE_ROOT, "examples", "harbour"), workspace, { recursive: true });
  await writeFile(join(workspace, DEFINITION), JSON.stringify(CLUSTER));
  return workspace;
}

async function jobVariables(
  folder: string,
  workspace: string,
  { origin, ca }: Wire,
): Promise<Record<string, string>> {
  return {
    ...(await runnerFiles(folder, workspace)),
    GITHUB_API_URL: origin,
    AZURE_RESOURCE_MANAGER_ENDPOINT: origin,
    AZURE_AUTHORITY_HOST: origin,
    AZURE_TENANT_ID: TENANT,
    AZURE_CLIENT_ID: CLIENT,
    NODE_EXTRA_CA_CERTS: ca,
    ACTIONS_ID_TOKEN_REQUEST_URL: `${origin}/oidc?job=1`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: "request",
  };
}

/** What a runner tells every step, and the files that it gives them. */
export async function runnerFiles(
  folder: string,
  workspace: string,
): Promise<Record<string, string>> {
  const temporary = join(folder, "temp");
  await mkdir(temporary);
  const files = FILES.map((name): [string, string] => [name, join(folder, name)]);
  for (const [, file] of files) await writeFile(file, "");
  return {
    ...Object.fromEntries(files),
    CI: "true",
    GITHUB_ACTIONS: "true",
    GITHUB_WORKSPACE: workspace,
    GITHUB_REPOSITORY: "octo-org/harbour",
    GITHUB_RUN_ID: "1",
    RUNNER_TEMP: temporary,
  };
}

/** Upper case, spaces to underscores: all that the runner does to names. */
export async function inputVariables({
  action,
  inputs,
}: ActionStep): Promise<Record<string, string>> {
  const file = join(PACKAGE_ROOT, "actions", action, "action.yml");
  const definition = parse(await readFile(file, "utf8")) as {
    readonly inputs: Readonly<Record<string, { readonly default?: unknown }>>;
  };
  const all = Object.entries(definition.inputs).map(([name, input]): [string, string] => [
    `INPUT_${name.replaceAll(" ", "_").toUpperCase()}`,
    inputs[name] ?? String(input.default ?? ""),
  ]);
  return Object.fromEntries(all);
}
