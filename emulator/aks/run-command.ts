import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { objectsAt, textAt, withoutUndefined } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { ArmError } from "../arm/provider.ts";
import type { ArmRequest } from "../arm/provider.ts";
import { invalid, methodNotAllowed, notFound } from "../arm/refusal.ts";
import { armTime, armTimeIfAny } from "../arm/time.ts";
import type { WireReply } from "../service.ts";
import { requireCluster } from "./context.ts";
import type { AksContext, ClusterTarget, CommandResult } from "./context.ts";
import { credentialsReply } from "./kubeconfig.ts";
import { kubectlArguments } from "./kubectl-command.ts";

/** What AKS itself keeps of an output. Source: learn.microsoft.com/azure/aks/access-private-cluster */
const MAX_LOG_BYTES = 512 * 1024;
/** Longer than kubectl waits by default for anything it is asked here. */
const MAX_SECONDS = 60;
/** Each is a process of this machine. */
const MAX_AT_ONCE = 4;
const MAX_RESULTS = 100;

/** `POST runCommand`: the kubectl of this machine, against the cluster's Kubernetes API. */
export function runCommand(
  context: AksContext,
  request: ArmRequest,
  target: ClusterTarget,
): WireReply {
  const command = textAt(request.body, "command");
  if (command === undefined) throw invalid("The command is required.");
  if (textAt(request.body, "context") !== undefined) {
    throw invalid("Files do not come along with a command here.", "RunCommandNotSupported");
  }
  const words = kubectlArguments(command);
  const running = [...context.commands.values()].filter(({ end }) => end === undefined).length;
  if (running >= MAX_AT_ONCE) {
    const message = `${MAX_AT_ONCE} commands are running: wait for one of them.`;
    throw new ArmError(429, "TooManyRequests", message, { "Retry-After": "2" });
  }
  const { body } = credentialsReply(
    context,
    { ...request, action: "listclusteradmincredential" },
    target,
  );
  const [credential = {}] = objectsAt(body as JsonObject, "kubeconfigs");
  const kubeconfig = Buffer.from(textAt(credential, "value") ?? "", "base64").toString("utf8");
  const startedAt = context.environment.pacer.now();
  const result: CommandResult = { clusterId: target.id, startedAt, end: undefined };
  void carryOut(context, result, { words, kubeconfig });
  const id = remember(context, result);
  return {
    status: 202,
    headers: pollHeaders(context, request, `${target.id}/commandResults/${id}`),
  };
}

async function carryOut(
  { environment: { pacer, directory } }: AksContext,
  result: CommandResult,
  { words, kubeconfig }: { readonly words: readonly string[]; readonly kubeconfig: string },
): Promise<void> {
  const ended = await kubectl(words, { kubeconfig, directory });
  result.end = { ...ended, at: pacer.now() };
}

function remember({ commands }: AksContext, result: CommandResult): string {
  const [oldest] = commands.keys();
  if (commands.size >= MAX_RESULTS && oldest !== undefined) commands.delete(oldest);
  // The Azure CLI reads ids without hyphens only.
  const id = randomUUID().replaceAll("-", "");
  commands.set(id, result);
  return id;
}

function pollHeaders(
  { environment, operations }: AksContext,
  request: ArmRequest,
  id: string,
): Readonly<Record<string, string>> {
  const query = new URLSearchParams({ "api-version": request.apiVersion });
  return { ...operations.pollHeaders(), Location: `${environment.origin()}${id}?${query}` };
}

/** `GET commandResults/{id}`: 202 until the command has ended. */
export function commandResult(context: AksContext, request: ArmRequest): WireReply {
  if (request.method !== "GET") throw methodNotAllowed(request.method);
  const target = requireCluster(context, request);
  const name = request.segments[1]?.[1]?.toLowerCase() ?? "";
  const found = context.commands.get(name);
  const id = `${target.id}/commandResults/${name}`;
  if (!found || found.clusterId !== target.id) throw notFound(id);
  return found.end
    ? { status: 200, body: render(name, found) }
    : { status: 202, headers: pollHeaders(context, request, id), body: render(name, found) };
}

function render(id: string, { startedAt, end }: CommandResult): JsonObject {
  return {
    id,
    properties: withoutUndefined({
      provisioningState: end ? "Succeeded" : "Running",
      exitCode: end?.exitCode,
      startedAt: armTime(startedAt),
      finishedAt: armTimeIfAny(end?.at),
      logs: end?.logs,
    }),
  };
}

interface Ended {
  readonly exitCode: number;
  readonly logs: string;
}

/** Never rejects: what could not run has ended, too. */
async function kubectl(
  words: readonly string[],
  { kubeconfig, directory }: { readonly kubeconfig: string; readonly directory: string },
): Promise<Ended> {
  try {
    const home = await mkdtemp(join(directory, "command-"));
    const file = join(home, "kubeconfig");
    await writeFile(file, kubeconfig, { mode: 0o600 });
    const ended = await run(words, { PATH: process.env["PATH"], HOME: home, KUBECONFIG: file });
    await rm(home, { recursive: true, force: true });
    return ended;
  } catch (error) {
    return { exitCode: 1, logs: error instanceof Error ? error.message : String(error) };
  }
}

function run(words: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn("kubectl", words, {
      env,
      cwd: env["HOME"],
      stdio: ["ignore", "pipe", "pipe"],
      timeout: MAX_SECONDS * 1_000,
      killSignal: "SIGKILL",
    });
    let logs = "";
    const hear = (chunk: Buffer): void => {
      if (logs.length < MAX_LOG_BYTES)
        logs = (logs + chunk.toString("utf8")).slice(0, MAX_LOG_BYTES);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.once("error", () => {
      resolve({ exitCode: 127, logs: "There is no kubectl on the PATH of the local Azure.\n" });
    });
    child.once("close", (code) => {
      const note = code === null ? `The command was ended after ${MAX_SECONDS} seconds.\n` : "";
      resolve({ exitCode: code ?? 124, logs: logs + note });
    });
  });
}
