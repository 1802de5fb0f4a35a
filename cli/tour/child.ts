import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";

/** A child process that is ready when a line on its standard output says so. */
export interface Child<Ready> {
  readonly ready: Ready;
  /** Last lines of both streams, for when something goes wrong. */
  log(): string;
  stop(): Promise<void>;
}

export interface ChildOptions<Ready> {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Returns what the line tells, or undefined for any other line. */
  readonly readyFrom: (line: string) => Ready | undefined;
}

/** Starting takes a second or two; a machine under load gets half a minute. */
const READY_MILLISECONDS = 30_000;
/** Then SIGKILL: an orphan would keep ports and folders. */
const STOP_MILLISECONDS = 5_000;
/** A person reads them on a terminal. */
const MAX_LOG_LINES = 100;

export async function startChild<Ready>(options: ChildOptions<Ready>): Promise<Child<Ready>> {
  const child = spawn(process.execPath, [options.file, ...options.args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
  });
  const orphanGuard = (): void => void child.kill("SIGKILL");
  process.once("exit", orphanGuard);
  child.once("exit", () => process.off("exit", orphanGuard));
  const lines: string[] = [];
  const log = (): string => lines.join("\n");
  const ready = await readyLine(child, options, lines, log);
  return { ready, log, stop: () => stop(child) };
}

function readyLine<Ready>(
  child: ChildProcess,
  options: ChildOptions<Ready>,
  lines: string[],
  log: () => string,
): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      child.kill("SIGKILL");
      reject(new Error(`${options.name} ${why}\n${log()}`));
    };
    const timer = setTimeout(() => fail("did not get ready in time"), READY_MILLISECONDS);
    const onLine = (line: string): void => {
      lines.push(line);
      if (lines.length > MAX_LOG_LINES) lines.shift();
      const ready = options.readyFrom(line);
      if (ready === undefined) return;
      clearTimeout(timer);
      resolve(ready);
    };
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface({ input: stream }).on("line", onLine);
    }
    child.once("exit", (code) => {
      clearTimeout(timer);
      fail(`ended with exit code ${code}`);
    });
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MILLISECONDS);
  await ended;
  clearTimeout(timer);
}
