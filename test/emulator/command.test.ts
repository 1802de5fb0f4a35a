import { spawn, spawnSync } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ReadyLine } from "../../emulator/emulator.ts";
import { send } from "../support/emulator.ts";

const COMMAND = "dist/cli/fleetwright.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fleetwright-test-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function run(...args: string[]): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [COMMAND, "emulator", ...args]);
}

async function exitOf(child: ChildProcessWithoutNullStreams): Promise<[number | null, string]> {
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const [code] = (await once(child, "close")) as [number | null];
  return [code, errors];
}

test.each(["SIGTERM", "SIGINT"] as const)(
  "one line of JSON, then it serves until %s and leaves nothing behind",
  async (signal) => {
    const child = run("--clock", "manual", "--seed", "7");
    const lines: string[] = [];
    const reader = createInterface({ input: child.stdout });
    reader.on("line", (line) => lines.push(line));
    await once(reader, "line");
    const ready = JSON.parse(lines[0] ?? "") as ReadyLine;
    expect(ready.authority).toBe(`${ready.arm}/${ready.tenant}`);
    const ca = await readFile(ready.ca, "utf8");
    const { json } = await send(`${ready.control}/clock`, ca);
    expect(json).toEqual({ now: "2026-07-01T08:00:00.000Z", factor: 0 });
    const exit = exitOf(child);
    child.kill(signal);
    expect(await exit).toEqual([0, ""]);
    expect(lines).toHaveLength(1);
    expect(existsSync(dirname(ready.ca))).toBe(false);
  },
);

test("a scenario file decides what there is", async () => {
  const file = join(folder, "scenario.yaml");
  await writeFile(file, "subscription: 11111111-2222-3333-4444-555555555555\n");
  const env = join(folder, "it's azure.env");
  const child = run("--scenario", file, "--env", env);
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const ready = JSON.parse(line) as ReadyLine;
  expect(ready).toMatchObject({ subscription: "11111111-2222-3333-4444-555555555555" });
  // A shell that sources the file has what the clients look for.
  const shell = 'echo "$AZURE_RESOURCE_MANAGER_ENDPOINT $NODE_EXTRA_CA_CERTS $LOCAL_AZURE_CONTROL"';
  const sourced = spawnSync("sh", ["-c", `. "$0"; ${shell}`, env], { encoding: "utf8" });
  expect(sourced.stdout).toBe(`${ready.arm} ${ready.ca} ${ready.control}\n`);
  const exit = exitOf(child);
  child.kill("SIGTERM");
  expect(await exit).toEqual([0, ""]);
});

const MISTAKES = [
  { name: "an unknown option", args: ["--colour", "blue"], code: 2, says: /--colour/ },
  { name: "a clock of nonsense", args: ["--clock", "soon"], code: 2, says: /real, manual/ },
  { name: "a port out of range", args: ["--port", "70000"], code: 2, says: /--port 70000/ },
  {
    name: "a file that cannot be written",
    args: ["--env", "/none/azure.env"],
    code: 1,
    says: /none\/azure\.env cannot be written/,
  },
  { name: "a file that is not there", args: ["--scenario", "/none.yaml"], code: 1, says: /none/ },
];

test.each(MISTAKES)("$name ends with exit code $code", async ({ args, code, says }) => {
  const [exit, errors] = await exitOf(run(...args));
  expect(exit).toBe(code);
  expect(errors).toMatch(says);
});

test("a bad scenario is told field by field", async () => {
  const file = join(folder, "bad.yaml");
  await writeFile(file, "clusters: [{name: a}]\n");
  const [exit, errors] = await exitOf(run("--scenario", file));
  expect(exit).toBe(1);
  expect(errors).toContain(`${file}: clusters[0].resourceGroup: `);
});
