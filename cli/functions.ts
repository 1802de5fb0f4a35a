import { Console } from "node:console";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { FunctionAppError, localSettings } from "../emulator/functions-host/function-app.ts";
import { startFunctionsHost } from "../emulator/functions-host/host.ts";
import type { RunningHost } from "../emulator/functions-host/host.ts";
import { followClock, machineClock } from "../emulator/functions-host/virtual-clock.ts";
import type { VirtualClock } from "../emulator/functions-host/virtual-clock.ts";
import { toError } from "../shared/core/errors.ts";
import { UsageError } from "./usage.ts";

const USAGE = "usage: fleetwright functions --app DIR [--port 0] [--control URL]";
/** What the app leaves running (timers, sockets) may not keep the process for longer. */
const EXIT_TIMEOUT_MILLISECONDS = 1_000;

/** `fleetwright functions`: hosts a function app until SIGTERM or SIGINT; resolves to the exit code. */
export async function runFunctions(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  try {
    const host = await start(options);
    process.stdout.write(`${JSON.stringify(readyLine(host))}\n`);
    await stopRequested();
    await host.close();
    return 0;
  } catch (error) {
    process.stderr.write(`${explain(toError(error))}\n`);
    return 1;
  } finally {
    setTimeout(() => process.exit(), EXIT_TIMEOUT_MILLISECONDS).unref();
  }
}

/** A module that cannot be loaded is explained by its stack, a wrong file by one sentence. */
function explain(error: Error): string {
  if (!(error instanceof FunctionAppError)) return error.stack ?? error.message;
  return error.cause === undefined
    ? error.message
    : `${error.message}\n${toError(error.cause).stack}`;
}

interface Options {
  readonly app: string;
  readonly port: number;
  readonly control: string | undefined;
}

function parseOptions(args: readonly string[]): Options {
  const { app, port, control } = parseValues(args);
  const isPort = /^\d{1,5}$/.test(port) && Number(port) <= 65_535;
  if (app === undefined || !isPort) throw new UsageError(USAGE);
  return { app: resolve(app), port: Number(port), control };
}

function parseValues(args: readonly string[]) {
  try {
    const options = {
      app: { type: "string" },
      port: { type: "string", default: "0" },
      control: { type: "string" },
    } as const;
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError(`${toError(error).message}\n${USAGE}`);
  }
}

async function start({ app, port, control }: Options): Promise<RunningHost> {
  // The ready line is all that stdout carries: what the app prints is log.
  globalThis.console = new Console({ stdout: process.stderr, stderr: process.stderr });
  for (const [name, value] of Object.entries(await localSettings(app))) process.env[name] ??= value;
  process.chdir(app);
  return startFunctionsHost({
    directory: app,
    port,
    clock: await chooseClock(control),
    settings: process.env,
    write: (line) => process.stderr.write(`${line}\n`),
  });
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
