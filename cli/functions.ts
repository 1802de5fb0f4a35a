import { Console } from "node:console";
import { resolve } from "node:path";
import { FunctionAppError, localSettings } from "../emulator/functions-host/function-app.ts";
import { startFunctionsHost } from "../emulator/functions-host/host.ts";
import type { RunningHost } from "../emulator/functions-host/host.ts";
import { followClock, machineClock } from "../emulator/functions-host/virtual-clock.ts";
import type { VirtualClock } from "../emulator/functions-host/virtual-clock.ts";
import { toError } from "../shared/core/errors.ts";
import { explain } from "./explain.ts";
import { HELP, readArguments, refusePositionals } from "./arguments.ts";
import { UsageError } from "./usage.ts";

const USAGE = `fleetwright functions --app DIR [--port N] [--control URL]

Hosts a function app as Azure does, until it is stopped: its Event Grid, timer and HTTP triggers. It prints one line
of JSON: where it listens, its functions and its keys. What the functions log goes to standard error.

  --app      the app's folder: package.json with "main", host.json, and local.settings.json if there is one
  --port     to listen at on 127.0.0.1 (default: a free one)
  --control  of a local Azure (fleetwright emulator), whose clock the timers then follow

Exit code: 0 when it is told to end, 1 when the app cannot be started, 2 when the command is not understood.
`;
const MAX_PORT = 65_535;
/** What the app leaves running (timers, sockets) may not keep the process for longer. */
const EXIT_TIMEOUT_MILLISECONDS = 1_000;

/** `fleetwright functions`: hosts a function app until SIGTERM or SIGINT; resolves to the exit code. */
export async function runFunctions(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options === undefined) {
    process.stdout.write(USAGE);
    return 0;
  }
  try {
    const host = await start(options);
    process.stdout.write(`${JSON.stringify(readyLine(host))}\n`);
    await stopRequested();
    await host.close();
    return 0;
  } catch (error) {
    process.stderr.write(`fleetwright: ${explain(error)}${stackOf(error)}\n`);
    return 1;
  } finally {
    setTimeout(() => process.exit(), EXIT_TIMEOUT_MILLISECONDS).unref();
  }
}

/** A module that cannot be loaded is explained by its stack, all else by one sentence. */
function stackOf(error: unknown): string {
  if (!(error instanceof FunctionAppError) || error.cause === undefined) return "";
  return `\n${toError(error.cause).stack}`;
}

interface Options {
  readonly app: string;
  readonly port: number;
  readonly control: string | undefined;
}

/** Undefined when help is asked for. */
function parseOptions(args: readonly string[]): Options | undefined {
  const options = {
    ...HELP,
    app: { type: "string" },
    port: { type: "string", default: "0" },
    control: { type: "string" },
  } as const;
  const { values, positionals } = readArguments(args, options, USAGE);
  if (values.help) return undefined;
  refusePositionals(positionals, USAGE);
  const { app, port, control } = values;
  if (app === undefined) throw new UsageError("--app is missing", USAGE);
  if (!/^\d{1,5}$/.test(port) || Number(port) > MAX_PORT) {
    throw new UsageError(`--port ${port}: a whole number up to ${MAX_PORT} expected`, USAGE);
  }
  return { app: resolve(app), port: Number(port), control };
}

async function start({ app, port, control }: Options): Promise<RunningHost> {
  // The ready line is all that stdout carries: what the app prints is log.
  globalThis.console = new Console({ stdout: process.stderr, stderr: process.stderr });
  for (const [name, value] of Object.entries(await localSettings(app))) process.env[name] ??= value;
  enter(app);
  return startFunctionsHost({
    directory: app,
    port,
    clock: await chooseClock(control),
    settings: process.env,
    write: (line) => process.stderr.write(`${line}\n`),
  });
}

function enter(app: string): void {
  try {
    process.chdir(app);
  } catch {
    throw new FunctionAppError(`${app} is not a folder: --app takes the one with package.json`);
  }
}

async function chooseClock(control: string | undefined): Promise<VirtualClock> {
  if (control === undefined) return machineClock;
  return followClock(control, (error) =>
    process.stderr.write(`the clock of ${control} cannot be read: ${toError(error).message}\n`),
  );
}

function readyLine({ url, triggers, keys }: RunningHost): object {
  return { url, functions: triggers, ...keys };
}

/** Resolves at the first signal to stop; a second one ends the process as usual. */
function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      process.off("SIGTERM", stop);
      process.off("SIGINT", stop);
      resolve();
    };
    process.on("SIGTERM", stop);
    process.on("SIGINT", stop);
  });
}
