import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { runStep, startStep } from "../../cli/tour/runner.ts";
import type { RunningStep, Step, StepResult } from "../../cli/tour/runner.ts";
import type { TestEmulator } from "./emulator.ts";

const ROOT = join(import.meta.dirname, "../..");

export interface JobOptions {
  /** Declared files by path. */
  readonly files: Readonly<Record<string, string>>;
  readonly azure?: TestEmulator;
  readonly clientId?: string;
  /** Subject of the workflow's OIDC token. */
  readonly subject?: string;
  /** Anything else for the environment of the steps. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A checked-out repository and an identity: steps run in it as on a runner. */
export interface Job {
  /** Folder of the checked-out repository. */
  readonly workspace: string;
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
    workspace,
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
  const { ready } = azure;
  const oidc = (await azure.control("POST", "/oidc", { subject: subject ?? "" })) as {
    readonly requestUrl: string;
    readonly requestToken: string;
  };
  return {
    AZURE_RESOURCE_MANAGER_ENDPOINT: ready.arm,
    AZURE_AUTHORITY_HOST: new URL(ready.authority).origin,
    AZURE_TENANT_ID: ready.tenant,
    AZURE_CLIENT_ID: clientId ?? "",
    NODE_EXTRA_CA_CERTS: ready.ca,
    ACTIONS_ID_TOKEN_REQUEST_URL: oidc.requestUrl,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: oidc.requestToken,
  };
}
