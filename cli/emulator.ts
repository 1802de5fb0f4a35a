import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { startEmulator } from "../emulator/emulator.ts";
import type { EmulatorOptions } from "../emulator/emulator.ts";
import { parseScenario } from "../emulator/scenario.ts";
import { UsageError } from "./usage.ts";

const USAGE = `fleetwright emulator [--port N] [--scenario FILE] [--clock real|manual|FACTOR] [--seed N]

Runs a local Azure until it is stopped, and prints one line of JSON: where it listens.

  --port      of ARM and all that is https (default: a free one)
  --scenario  what stands at the start, such as examples/harbour-azure.yaml (default: one empty subscription)
  --clock     real (default), manual, or virtual milliseconds per real one
  --seed      of every duration that is drawn
`;

/** `fleetwright emulator`: resolves to the exit code when it is told to end. */
export async function runEmulator(args: readonly string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(USAGE);
    return 0;
  }
  const options = await readOptions(args);
  // Before the line is out: whoever reads it may end us at once.
  const end = terminated();
  const emulator = await startEmulator(options);
  process.stdout.write(`${JSON.stringify(emulator.ready)}\n`);
  await end;
  await emulator.close();
  return 0;
}

async function readOptions(args: readonly string[]): Promise<EmulatorOptions> {
  const values = parseValues(args);
  const { scenario } = values;
  return {
    port: wholeNumber("port", values.port ?? "0", 65_535),
    clock: parseClock(values.clock ?? "real"),
    ...(values.seed === undefined
      ? {}
      : { seed: wholeNumber("seed", values.seed, Number.MAX_SAFE_INTEGER) }),
    ...(scenario === undefined
      ? {}
      : { scenario: parseScenario(await readFile(scenario, "utf8"), scenario) }),
  };
}

interface Values {
  readonly port?: string;
  readonly scenario?: string;
  readonly clock?: string;
  readonly seed?: string;
}

function parseValues(args: readonly string[]): Values {
  const option = { type: "string" } as const;
  const options = { port: option, scenario: option, clock: option, seed: option };
  try {
    return parseArgs({ args: [...args], options, strict: true }).values;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}

function parseClock(text: string): "real" | "manual" | number {
  if (text === "real" || text === "manual") return text;
  const factor = Number(text);
  if (Number.isFinite(factor) && factor > 0) return factor;
  throw new UsageError(`--clock ${text}: real, manual or a factor such as 3600 expected`);
}

function wholeNumber(name: string, text: string, max: number): number {
  if (/^\d+$/.test(text) && Number(text) <= max) return Number(text);
  throw new UsageError(`--${name} ${text}: a whole number up to ${max} expected`);
}

function terminated(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });
}
