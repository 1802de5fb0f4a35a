import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { expect, test } from "vitest";

/** Clients that npm does not bring, with the Debian package of each. */
const PACKAGES = { az: "azure-cli", kubectl: "kubernetes-client" } as const;

export type ClientProgram = keyof typeof PACKAGES;

/**
 * Registers the tests of a client. Where it is missing one test stands for them all: it fails in CI, which
 * installs every client, and is skipped with the reason on a developer's machine.
 */
export function withClients(programs: readonly ClientProgram[], tests: () => void): void {
  const missing = programs.filter((program) => findProgram(program) === undefined);
  if (missing.length === 0) {
    tests();
    return;
  }
  const packages = missing.map((program) => PACKAGES[program]).join(" ");
  const reason = `${missing.join(" and ")} not found on the PATH (Debian: apt-get install ${packages})`;
  if (process.env["CI"]) test(reason, () => expect.fail(reason));
  else test.skip(reason);
}

export function findProgram(name: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Run {
  readonly env: NodeJS.ProcessEnv;
  /** Where relative file names of the arguments begin. */
  readonly folder?: string;
  readonly input?: string;
}

/** A client that does not come back would otherwise hold its test for ever. */
const TIMEOUT_MILLISECONDS = 150_000;

export function runProgram(file: string, args: readonly string[], run: Run): Promise<Outcome> {
  const { env, folder, input } = run;
  return new Promise((resolve) => {
    const options = { env, cwd: folder, timeout: TIMEOUT_MILLISECONDS };
    const child = execFile(file, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
    // Nobody sits at a terminal: a question ends the command unless an answer is given.
    child.stdin?.end(input ?? "");
  });
}
