import { mkdtemp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { runStep, startStep } from "../../cli/tour/runner.ts";
import type { RunningStep, Step, StepResult } from "../../cli/tour/runner.ts";

const ROOT = join(import.meta.dirname, "../..");

/** What a job needs to know of a local Azure: the emulator's ready line. */
export interface LocalAzure {
  readonly arm: string;
  readonly authority: string;
  readonly ca: string;
  readonly control: string;
  readonly tenant: string;
}

export interface JobOptions {
  /** Declared files by path. */
  readonly files: Readonly<Record<string, string>>;
  readonly azure?: LocalAzure;
  readonly clientId?: string;
  /** Subject of the workflow's OIDC token. */
  readonly subject?: string;
  /** Anything else for the environment of the steps. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A checked-out repository and an identity: steps run in it as on a runner. */
export interface Job {
  run(action: string, inputs: Readonly<Record<string, string>>): Promise<StepResult>;
  start(
    action: string,
    inputs: Readonly<Record<string, string>>,
    onLine: (line: string) => void,
  ): Promise<RunningStep>;
  write(files: Readonly<Record<string, string>>): Promise<void>;
  close(): Promise<void>;
}

export async function createJob(options: JobOptions): Promise<Job> {
  const workspace = await mkdtemp(join(tmpdir(), "fleetwright-job-"));
  const write = async (files: Readonly<Record<string, string>>) => {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(workspace, path)), { recursive: true });
      await writeFile(join(workspace, path), text);
    }
  };
  await write(options.files);
  const step = async (action: string, inputs: Readonly<Record<string, string>>): Promise<Step> => ({
    action: join(ROOT, "actions", action),
    inputs,
    workspace,
    env: { ...(await azureVariables(options)), ...options.env },
  });
  return {
    run: async (action, inputs) => runStep(await step(action, inputs)),
    start: async (action, inputs, onLine) => startStep({ ...(await step(action, inputs)), onLine }),
    write,
    close: () => rm(workspace, { recursive: true, force: true }),
  };
}

async function azureVariables({
  azure,
  clientId,
  subject,
}: JobOptions): Promise<Record<string, string>> {
  if (azure === undefined) return {};
  const oidc = await control<{ requestUrl: string; requestToken: string }>(azure, "POST", "/oidc", {
    subject: subject ?? "",
  });
  return {
    AZURE_RESOURCE_MANAGER_ENDPOINT: azure.arm,
    AZURE_AUTHORITY_HOST: new URL(azure.authority).origin,
    AZURE_TENANT_ID: azure.tenant,
    AZURE_CLIENT_ID: clientId ?? "",
    NODE_EXTRA_CA_CERTS: azure.ca,
    ACTIONS_ID_TOKEN_REQUEST_URL: oidc.requestUrl,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: oidc.requestToken,
  };
}

/** A call to the emulator's control plane. */
export async function control<T>(
  azure: LocalAzure,
  method: "GET" | "POST",
  path: string,
  body?: unknown,
): Promise<T> {
  const ca = await readFile(azure.ca, "utf8");
  return new Promise<T>((done, fail) => {
    const call = request(`${azure.control}${path}`, { method, ca }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", fail);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        if ((response.statusCode ?? 500) < 300) done(JSON.parse(text || "null") as T);
        else fail(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
      });
    });
    call.on("error", fail);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
