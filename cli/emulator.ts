import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startEmulator } from "../emulator/emulator.ts";
import type { EmulatorOptions, ReadyLine } from "../emulator/emulator.ts";
import { parseScenario } from "../emulator/scenario.ts";
import { FleetwrightError } from "../shared/core/errors.ts";
import { HELP, readArguments, refusePositionals } from "./arguments.ts";
import { shellSettings } from "./emulator-settings.ts";
import { PACKAGE_ROOT } from "./package-root.ts";
import { UsageError } from "./usage.ts";

const USAGE = `fleetwright emulator [--port N] [--scenario FILE] [--clock real|manual|FACTOR] [--seed N] [--env FILE]

Runs a local Azure until it is stopped, and prints one line of JSON: where it listens.

  --port      of ARM and all that is https (default: a free one)
  --scenario  what stands at the start, such as examples/harbour-azure.yaml (default: one empty subscription)
  --clock     real (default), manual, or virtual milliseconds per real one
  --seed      of every duration that is drawn
  --env       a file to write it to as shell variables, to be sourced: fleetwright, the SDKs, az and curl find it

Exit code: 0 when it is told to end, 1 when it cannot start, 2 when the command is not understood.
`;

/** `fleetwright emulator`: resolves to the exit code when it is told to end. */
export async function runEmulator(args: readonly string[]): Promise<number> {
  const options = await readOptions(args);
  if (options === undefined) {
    process.stdout.write(USAGE);
    return 0;
  }
  // Before the line is out: whoever reads it may end us at once.
  const end = terminated();
  const emulator = await startEmulator(options);
  try {
    if (options.env !== undefined) await writeSettings(options.env, emulator.ready);
    process.stdout.write(`${JSON.stringify(emulator.ready)}\n`);
    await end;
    return 0;
  } finally {
    await emulator.close();
  }
}

const TEXT = { type: "string" } as const;
const OPTIONS = {
  ...HELP,
  port: TEXT,
  scenario: TEXT,
  clock: TEXT,
  seed: TEXT,
  env: TEXT,
} as const;

interface Options extends EmulatorOptions {
  readonly env: string | undefined;
}

/** Undefined when help is asked for. */
async function readOptions(args: readonly string[]): Promise<Options | undefined> {
  const { values, positionals } = readArguments(args, OPTIONS, USAGE);
  if (values.help) return undefined;
  refusePositionals(positionals, USAGE);
  const { port = "0", clock = "real", seed, scenario, env } = values;
  return {
    env,
    port: wholeNumber("port", port, 65_535),
    clock: parseClock(clock),
    ...(seed === undefined ? {} : { seed: wholeNumber("seed", seed, Number.MAX_SAFE_INTEGER) }),
    ...(scenario === undefined
      ? {}
      : { scenario: parseScenario(await readScenario(scenario), scenario) }),
  };
}

async function writeSettings(path: string, ready: ReadyLine): Promise<void> {
  try {
    await writeFile(path, shellSettings(ready));
  } catch (cause) {
    throw new FleetwrightError("invalid-input", `--env ${path} cannot be written`, {
      subject: path,
      remedy: "name a file in a folder that is there",
      cause,
    });
  }
}

async function readScenario(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new FleetwrightError("not-found", `the scenario ${path} cannot be read`, {
      subject: path,
      remedy: `name a file, such as ${join(PACKAGE_ROOT, "examples", "harbour-azure.yaml")}`,
      cause,
    });
  }
}

function parseClock(text: string): "real" | "manual" | number {
  if (text === "real" || text === "manual") return text;
  const factor = Number(text);
  if (Number.isFinite(factor) && factor > 0) return factor;
  throw new UsageError(`--clock ${text}: real, manual or a factor such as 3600 expected`, USAGE);
}

function wholeNumber(name: string, text: string, max: number): number {
  if (/^\d+$/.test(text) && Number(text) <= max) return Number(text);
  throw new UsageError(`--${name} ${text}: a whole number up to ${max} expected`, USAGE);
}

function terminated(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });
}
