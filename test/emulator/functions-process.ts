import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FLEETWRIGHT = join(ROOT, "dist/cli/fleetwright.js");
export const FIXTURE_APP = join(ROOT, "test/fixtures/functions-app");

export interface ReadyLine {
  readonly url: string;
  readonly functions: readonly Readonly<Record<string, unknown>>[];
  readonly eventGridKey: string;
  readonly functionKey: string;
  readonly masterKey: string;
}

export interface FunctionsProcess {
  readonly ready: ReadyLine;
  readonly stdout: () => string;
  readonly stderr: () => string;
  terminate(): void;
  readonly exitCode: Promise<number | null>;
}

/** Runs `fleetwright functions` and waits for its ready line; undefined when it ends without one. */
export async function runFunctions(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly host: FunctionsProcess | undefined; readonly stderr: () => string }> {
  const child: ChildProcessByStdio<null, Readable, Readable> = spawn(
    process.execPath,
    [FLEETWRIGHT, "functions", ...args],
    { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] },
  );
  const output = { stdout: "", stderr: "" };
  child.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
  const line = new Promise<string | undefined>((found) => {
    child.stdout.on("data", (chunk: Buffer) => {
      output.stdout += chunk.toString();
      if (output.stdout.includes("\n")) found(output.stdout.split("\n", 1)[0]);
    });
    child.once("close", () => found(undefined));
  });
  const exitCode = once(child, "close").then(([code]) => code as number | null);
  const stderr = (): string => output.stderr;
  const first = await line;
  if (first === undefined) return { host: undefined, stderr };
  const host: FunctionsProcess = {
    ready: JSON.parse(first) as ReadyLine,
    stdout: () => output.stdout,
    stderr,
    terminate: () => child.kill("SIGTERM"),
    exitCode,
  };
  return { host, stderr };
}

/** An app in a temporary folder: files by path. It finds this project's `@azure/functions`. */
export async function writeApp(
  files: Readonly<Record<string, string>>,
): Promise<{ readonly directory: string; remove(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "fleetwright-app-"));
  await symlink(join(ROOT, "node_modules"), join(directory, "node_modules"));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
  return { directory, remove: () => rm(directory, { recursive: true }) };
}

export interface ControlledClock {
  readonly url: string;
  now: number;
  close(): Promise<void>;
}

/** A clock as the emulator's control tells it, moved by hand. */
export async function startClock(start: number): Promise<ControlledClock> {
  const server = createServer((_request, response) => {
    const now = new Date(clock.now).toISOString();
    response.end(JSON.stringify({ now, factor: 0 }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const clock: ControlledClock = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    now: start,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return clock;
}
