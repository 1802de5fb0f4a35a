import { execFile } from "node:child_process";

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
