import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { relative, resolve, sep } from "node:path";
import { createInterface } from "node:readline";
import { formatDuration, HOUR, SECOND } from "../../shared/core/duration.ts";
import { FleetwrightError, toError } from "../../shared/core/errors.ts";
import type { ObservedColours } from "../../shared/blue-green/observed.ts";
import { workspaceFolder } from "../runner/workspace.ts";
import { duration, optionalText } from "../runner/inputs.ts";
import type { BlueGreenDeps, Operation } from "./request.ts";

interface Validation {
  /** Relative to the workspace. */
  readonly program: string;
  readonly timeoutMilliseconds: number;
  readonly env: NodeJS.ProcessEnv;
  log(line: string): void;
}

const TIMEOUT_BOUNDS = { min: SECOND, max: HOUR };
/** A log with more lines is one that nobody reads. */
const MAX_LINES = 1_000;
/** Between the polite signal and the other one. */
const KILL_AFTER_MILLISECONDS = 5 * SECOND;

/** The inputs validation and validation-timeout, as the question that they stand for. */
export function readValidation(
  env: NodeJS.ProcessEnv,
  log: (line: string) => void,
): BlueGreenDeps["validate"] {
  const program = optionalText("validation");
  const timeoutMilliseconds = duration("validation-timeout", TIMEOUT_BOUNDS);
  return async (operation, observed) => {
    if (program === undefined) return;
    await validate({ program, timeoutMilliseconds, env, log }, operation, observed);
  };
}

/** Asks the user's own program whether green serves; throws when it says no, or nothing in time. */
async function validate(
  validation: Validation,
  operation: Operation,
  { cluster, name, green }: ObservedColours,
): Promise<void> {
  const { program, timeoutMilliseconds, log } = validation;
  log(`validation ${program}: is asked`);
  const end = await run(validation, {
    FLEETWRIGHT_OPERATION: operation,
    FLEETWRIGHT_CLUSTER_ID: cluster.id,
    FLEETWRIGHT_NODE_POOL: name,
    FLEETWRIGHT_GREEN_NODE_POOL: green?.pool.name ?? "",
  });
  if (end === 0) return;
  const said =
    end === "timed-out"
      ? `did not end within ${formatDuration(timeoutMilliseconds)}`
      : `ended with ${end}`;
  throw new FleetwrightError("run-failed", `validation ${program} ${said}`, {
    subject: cluster.id,
    remedy: "see its lines in the log; repair green and run the step again, or roll back",
  });
}

/** Its exit code, the signal that ended it, or `timed-out`. */
async function run(
  { program, timeoutMilliseconds, env, log }: Validation,
  context: Readonly<Record<string, string>>,
): Promise<number | string> {
  const workspace = workspaceFolder(env);
  // No shell: what stands in the input is a file, not words for one.
  const child = spawn(inside(workspace, program), [], {
    cwd: workspace,
    env: { ...withoutInputs(env), ...context },
    stdio: ["ignore", "pipe", "pipe"],
  });
  tell(child, log);
  const timers = [
    setTimeout(() => child.kill("SIGTERM"), timeoutMilliseconds),
    setTimeout(() => child.kill("SIGKILL"), timeoutMilliseconds + KILL_AFTER_MILLISECONDS),
  ];
  const stop = () => child.kill("SIGKILL");
  process.once("exit", stop);
  try {
    const [code, signal] = (await once(child, "close")) as [number | null, string | null];
    return child.killed ? "timed-out" : (code ?? signal ?? "");
  } catch (thrown) {
    throw notRun(program, thrown);
  } finally {
    for (const timer of timers) clearTimeout(timer);
    process.removeListener("exit", stop);
  }
}

/** The prefix also keeps a line from being a command to the runner. */
function tell({ stdout, stderr }: ChildProcess, log: (line: string) => void): void {
  let lines = 0;
  for (const stream of [stdout, stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (line) => {
      lines++;
      if (lines <= MAX_LINES) log(`validation: ${line}`);
      if (lines === MAX_LINES) log("validation: the rest of its lines is left out");
    });
  }
}

function notRun(program: string, thrown: unknown): FleetwrightError {
  const message = `validation ${program} cannot be run: ${toError(thrown).message}`;
  return new FleetwrightError("invalid-input", message, {
    remedy: "name an executable file of the checked-out repository (git add --chmod=+x)",
    cause: thrown,
  });
}

function inside(workspace: string, program: string): string {
  const path = resolve(workspace, program);
  const way = relative(workspace, path);
  if (way !== ".." && !way.startsWith(`..${sep}`)) return path;
  throw new FleetwrightError(
    "invalid-input",
    `validation ${program} is outside of the repository`,
    {
      remedy: "name a file of the checked-out repository",
    },
  );
}

/** Inputs are this step's own. */
function withoutInputs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("INPUT_")));
}
