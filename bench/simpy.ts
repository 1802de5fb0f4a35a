import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PACKAGE_ROOT } from "./places.ts";
import type { Model, Totals } from "./trace.ts";

/** The system's interpreter comes first: Debian installs SimPy for it alone. */
const INTERPRETERS = ["/usr/bin/python3", "python3"];
/** The largest model prints nothing but its totals. */
const TIMEOUT_MILLISECONDS = 120_000;

export const SIMPY_ABSENT =
  "SimPy is not installed (Debian: apt-get install python3-simpy3, or python3-simpy)";

export interface SimPy {
  /** Major version. */
  readonly version: string;
  run(file: string): SimPyResult;
}

export interface SimPyResult {
  /** Of the simulation alone, without the start of the interpreter and the reading of the file. */
  readonly milliseconds: number;
  readonly totals: Totals;
}

/** The first interpreter that can import SimPy. */
export function findSimPy(): SimPy | undefined {
  for (const interpreter of INTERPRETERS) {
    const answer = start(interpreter, "--version");
    if (answer === undefined) continue;
    const { simpy } = JSON.parse(answer) as { readonly simpy: string };
    return { version: simpy, run: (file) => run(interpreter, file) };
  }
  return undefined;
}

export async function writeModel(folder: string, model: Model): Promise<string> {
  const file = join(folder, "model.json");
  await writeFile(file, JSON.stringify(model));
  return file;
}

function run(interpreter: string, file: string): SimPyResult {
  const answer = start(interpreter, file);
  if (answer === undefined) throw new Error(`SimPy did not simulate ${file}`);
  return JSON.parse(answer) as SimPyResult;
}

function start(interpreter: string, argument: string): string | undefined {
  const script = join(PACKAGE_ROOT, "bench", "simpy", "main.py");
  const { status, stdout } = spawnSync(interpreter, ["-B", script, argument], {
    encoding: "utf8",
    timeout: TIMEOUT_MILLISECONDS,
    stdio: ["ignore", "pipe", "ignore"],
  });
  return status === 0 ? stdout : undefined;
}
