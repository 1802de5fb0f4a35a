import { Console } from "node:console";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { FunctionAppError, localSettings } from "../emulator/functions-host/function-app.ts";
import { startFunctionsHost } from "../emulator/functions-host/host.ts";
import type { RunningHost } from "../emulator/functions-host/host.ts";
import { followClock, machineClock } from "../emulator/functions-host/virtual-clock.ts";
import type { VirtualClock } from "../emulator/functions-host/virtual-clock.ts";
import { toError } from "../shared/core/errors.ts";

const USAGE = "usage: fleetwright functions --app DIR [--port 0] [--control URL]";

/** `fleetwright functions`: hosts a function app until SIGTERM or SIGINT; resolves to the exit code. */
export async function functions(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options === undefined) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  try {
    const host = await start(options);
    process.stdout.write(`${JSON.stringify(readyLine(host))}\n`);
    await stopRequested();
    await host.close();
    return 0;
  } catch (error) {
    const { message, stack } = toError(error);
    const cause = error instanceof FunctionAppError && error.cause;
    process.stderr.write(`${error instanceof FunctionAppError ? message : stack}\n`);
    if (cause) process.stderr.write(`${toError(cause).stack}\n`);
    return 1;
  }
}

interface Options {
  readonly app: string;
  readonly port: number;
  readonly control: string | undefined;
}

function parseOptions(args: readonly string[]): Options | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        app: { type: "string" },
        port: { type: "string", default: "0" },
        control: { type: "string" },
      },
    });
    const port = Number(values.port);
    const isPort = Number.isInteger(port) && port >= 0 && port <= 65_535;
    return values.app === undefined || !isPort
      ? undefined
      : { app: resolve(values.app), port, control: values.control };
  } catch (error) {
    process.stderr.write(`${toError(error).message}\n`);
    return undefined;
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
