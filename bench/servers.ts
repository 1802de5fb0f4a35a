import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A server in a process of its own that says in one line of JSON that it is ready. */
export interface ServerProcess<Ready> {
  readonly pid: number;
  readonly ready: Ready;
  /** From before the start to the ready line. */
  readonly startMilliseconds: number;
  stop(): Promise<void>;
}

export async function startServerProcess<Ready>(
  args: readonly string[],
): Promise<ServerProcess<Ready>> {
  const began = performance.now();
  const child = spawn(process.execPath, [...args], { stdio: ["ignore", "pipe", "inherit"] });
  // Whatever ends the bench ends what it started.
  const end = (): void => void child.kill();
  process.once("exit", end);
  const closed = once(child, "close").then(() => process.off("exit", end));
  const line = once(createInterface({ input: child.stdout }), "line") as Promise<[string]>;
  const ready = await Promise.race([line, closed.then(() => undefined)]);
  const startMilliseconds = performance.now() - began;
  if (ready === undefined || child.pid === undefined) {
    throw new Error(`node ${args.join(" ")} ended with ${child.exitCode} before it was ready`);
  }
  return {
    pid: child.pid,
    ready: JSON.parse(ready[0]) as Ready,
    startMilliseconds,
    async stop() {
      child.kill();
      await closed;
    },
  };
}
