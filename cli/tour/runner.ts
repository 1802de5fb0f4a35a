import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { parseEnvironmentFile } from "./runner-files.ts";
import { createCommandReader } from "./runner-commands.ts";
import type { Annotation } from "./runner-commands.ts";

/**
 * Runs a JavaScript action as a GitHub runner does: a fresh process of its bundle that knows inputs as
 * `INPUT_*`, writes files for outputs and summary, and speaks `::commands::` on its streams.
 * Source of the contract: https://github.com/actions/runner (NodeScriptActionHandler.cs, FileCommandManager.cs)
 */
export interface Step {
  /** Folder with the action.yml. */
  readonly action: string;
  readonly inputs: Readonly<Record<string, string>>;
  /** The checked-out repository. */
  readonly workspace: string;
  /** The job's own token, which inputs get by `${{ github.token }}`. */
  readonly token?: string;
  /** What the job gives the step: OIDC variables, endpoints, CA files. Nothing else is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** Node to run it with; this process's own by default. */
  readonly node?: string;
  /** Called with each line as it would appear in the job's log. */
  readonly onLine?: (line: string) => void;
}

export interface StepResult {
  /** 128 + signal when a signal ended the process. */
  readonly exitCode: number;
  readonly outputs: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly state: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly annotations: readonly Annotation[];
  /** The job's log: both streams, without commands, secrets masked. */
  readonly log: string;
}

export interface RunningStep {
  /** A cancelled job sends SIGINT, then SIGTERM. */
  kill(signal: NodeJS.Signals): void;
  readonly finished: Promise<StepResult>;
}

const FILE_COMMANDS = ["OUTPUT", "ENV", "STATE", "PATH", "STEP_SUMMARY"] as const;
const SIGNAL_NUMBERS: Readonly<Record<string, number>> = { SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** Starts a step and waits for its end. */
export async function runStep(step: Step): Promise<StepResult> {
  const running = await startStep(step);
  return running.finished;
}

export async function startStep(step: Step): Promise<RunningStep> {
  const definition = await readAction(step.action);
  const directory = await mkdtemp(join(tmpdir(), "fleetwright-step-"));
  const files = await createFiles(directory);
  const commands = createCommandReader(step.onLine);
  for (const name of Object.keys(step.inputs)) {
    if (!(name in definition.defaults)) commands.read(`::warning::Unexpected input '${name}'`);
  }
  const child = spawn(step.node ?? process.execPath, [definition.main], {
    cwd: step.workspace,
    env: stepEnvironment(
      step,
      { ...defaultsOf(step, definition), ...step.inputs },
      directory,
      files,
    ),
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream, crlfDelay: Infinity }).on("line", commands.read);
  }
  const ended = new Promise<number>((done, fail) => {
    child.once("error", fail);
    child.once("close", (code, signal) => done(code ?? 128 + (SIGNAL_NUMBERS[signal ?? ""] ?? 0)));
  });
  return {
    kill: (signal) => void child.kill(signal),
    finished: collect(ended, files, commands, directory),
  };
}

/** The one expression that our definitions have as a default. */
function defaultsOf({ token }: Step, { defaults }: ActionDefinition): Record<string, string> {
  return Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [
      name,
      value.replace("${{ github.token }}", token ?? ""),
    ]),
  );
}

interface ActionDefinition {
  readonly main: string;
  readonly defaults: Readonly<Record<string, string>>;
}

async function readAction(folder: string): Promise<ActionDefinition> {
  const definition = parse(await readFile(join(folder, "action.yml"), "utf8")) as {
    readonly inputs?: Readonly<Record<string, { readonly default?: string | boolean | number }>>;
    readonly runs: { readonly main: string };
  };
  const defaults = Object.entries(definition.inputs ?? {}).map(
    ([name, input]): [string, string] => [name, String(input.default ?? "")],
  );
  return {
    main: resolve(folder, definition.runs.main),
    defaults: Object.fromEntries(defaults),
  };
}

async function createFiles(directory: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  await mkdir(join(directory, "temp"));
  for (const name of FILE_COMMANDS) {
    const path = join(directory, name.toLowerCase());
    await writeFile(path, "");
    files.set(name, path);
  }
  return files;
}

function stepEnvironment(
  step: Step,
  inputs: Readonly<Record<string, string>>,
  directory: string,
  files: ReadonlyMap<string, string>,
): Record<string, string> {
  // The runner upper-cases names and replaces spaces only: hyphens stay.
  const asVariables = Object.entries(inputs).map(([name, value]): [string, string] => [
    `INPUT_${name.replaceAll(" ", "_").toUpperCase()}`,
    value,
  ]);
  const asFiles = [...files].map(([name, path]): [string, string] => [`GITHUB_${name}`, path]);
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: directory,
    CI: "true",
    GITHUB_ACTIONS: "true",
    GITHUB_WORKSPACE: step.workspace,
    GITHUB_REPOSITORY: "octo-org/harbour",
    GITHUB_RUN_ID: "1",
    GITHUB_SERVER_URL: "https://github.com",
    RUNNER_TEMP: join(directory, "temp"),
    ...Object.fromEntries(asVariables),
    ...Object.fromEntries(asFiles),
    ...step.env,
  };
}

async function collect(
  ended: Promise<number>,
  files: ReadonlyMap<string, string>,
  commands: ReturnType<typeof createCommandReader>,
  directory: string,
): Promise<StepResult> {
  const read = (name: string) => readFile(files.get(name) ?? "", "utf8");
  try {
    const exitCode = await ended;
    return {
      exitCode,
      outputs: parseEnvironmentFile(await read("OUTPUT")),
      environment: parseEnvironmentFile(await read("ENV")),
      state: parseEnvironmentFile(await read("STATE")),
      summary: await read("STEP_SUMMARY"),
      annotations: commands.annotations,
      log: commands.log(),
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
