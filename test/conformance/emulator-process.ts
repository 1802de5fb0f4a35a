import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ReadyLine } from "../../emulator/emulator.ts";
import type { Scenario } from "../../emulator/scenario.ts";
import { send } from "../support/emulator.ts";

const COMMAND = join(import.meta.dirname, "../../dist/cli/fleetwright.js");

/** `fleetwright emulator` as its users run it: a process of its own, known by its ready line alone. */
export interface EmulatorProcess {
  readonly ready: ReadyLine;
  readonly ca: string;
  /** A call of control, such as `control("POST", "/clock", { advance: "PT1H" })`. */
  control(method: string, path: string, body?: unknown): Promise<unknown>;
  /** Ends it; throws when it had anything to complain about. */
  stop(): Promise<void>;
}

export async function startEmulatorProcess(
  scenario: Scenario,
  clock: string,
): Promise<EmulatorProcess> {
  const folder = await mkdtemp(join(tmpdir(), "fleetwright-conformance-"));
  const file = join(folder, "scenario.json");
  await writeFile(file, JSON.stringify(scenario));
  const child = spawn(process.execPath, [
    COMMAND,
    "emulator",
    "--scenario",
    file,
    "--clock",
    clock,
  ]);
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  const closed = once(child, "close");
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), "line"),
    closed.then(() => []),
  ]);
  if (typeof line[0] !== "string") throw new Error(`the emulator did not start: ${complaints}`);
  const ready = JSON.parse(line[0]) as ReadyLine;
  const ca = await readFile(ready.ca, "utf8");
  return {
    ready,
    ca,
    async control(method, path, body) {
      const answer = await send(`${ready.control}${path}`, ca, { method, body });
      if (answer.status >= 300) throw new Error(`control ${method} ${path}: ${answer.text}`);
      return answer.json;
    },
    async stop() {
      child.kill("SIGTERM");
      const [code] = (await closed) as [number | null];
      await rm(folder, { recursive: true, force: true });
      if (code !== 0 || complaints !== "") {
        throw new Error(`the emulator ended with ${code}: ${complaints}`);
      }
    },
  };
}
