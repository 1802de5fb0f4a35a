import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

export interface Timed {
  readonly wallMilliseconds: number;
  /** Of the command and all that it started. */
  readonly cpuMilliseconds: number;
}

export interface TimedOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** bash measures what a command and its children took, whatever they are written in. */
const SCRIPT = 'TIMEFORMAT="%3R %3U %3S"; time "$@" 1>&2';
const TIMES = /(\d+\.\d+) (\d+\.\d+) (\d+\.\d+)\s*$/;

/** Runs a command to its end; one that fails has no time worth telling. */
export async function timed(command: readonly string[], options: TimedOptions): Promise<Timed> {
  const child = spawn("bash", ["--norc", "-c", SCRIPT, "bash", ...command], {
    ...options,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
  const times = TIMES.exec(said);
  if (code !== 0 || times === null) {
    throw new Error(`${command.join(" ")} ended with ${String(code)}: ${said.slice(-2_000)}`);
  }
  const [wall = 0, user = 0, system = 0] = times.slice(1).map((seconds) => Number(seconds) * 1_000);
  return { wallMilliseconds: wall, cpuMilliseconds: user + system };
}
