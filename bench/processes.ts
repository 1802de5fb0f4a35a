import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";

export interface ProcessUsage {
  readonly wallMilliseconds: number;
  readonly cpuMilliseconds: number;
  readonly peakMegabytes: number;
  readonly stdout: string;
}

export interface ProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** For those who look at the process while it lives. */
  readonly onStart?: (began: { readonly at: number; readonly pid: number }) => void;
}

/** Node has no usage of a child that has ended: each tells its own on its way out, over file descriptor 3. */
const PROBE = `"use strict";
process.once("exit", () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  require("node:fs").writeSync(3, JSON.stringify({ cpu: userCPUTime + systemCPUTime, maxRSS }));
});
`;

/** Writes the probe; the returned function runs a Node process with it from start to end. */
export async function processMeter(
  folder: string,
): Promise<(args: readonly string[], options?: ProcessOptions) => Promise<ProcessUsage>> {
  const probe = join(folder, "probe.cjs");
  await writeFile(probe, PROBE);
  return (args, options = {}) => measure(["--require", probe, ...args], options);
}

async function measure(args: readonly string[], options: ProcessOptions): Promise<ProcessUsage> {
  const began = performance.now();
  const child = spawn(process.execPath, [...args], {
    stdio: ["ignore", "pipe", "ignore", "pipe"],
    env: { ...process.env, ...options.env },
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });
  options.onStart?.({ at: began, pid: child.pid ?? 0 });
  const ended = once(child, "exit").then(() => performance.now() - began);
  const [stdout, usage] = await Promise.all([
    text(child.stdout as Readable),
    text(child.stdio[3] as Readable),
  ]);
  const wallMilliseconds = await ended;
  if (usage === "") throw new Error(`node ${args.join(" ")} ended with ${child.exitCode}`);
  const { cpu, maxRSS } = JSON.parse(usage) as { readonly cpu: number; readonly maxRSS: number };
  return { wallMilliseconds, cpuMilliseconds: cpu / 1_000, peakMegabytes: maxRSS / 1_024, stdout };
}

/** CPU time of a living process; undefined where there is no /proc to read it from. */
export function cpuMillisecondsOf(pid: number): number | undefined {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const nanoseconds = threads.map((thread) =>
      Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]),
    );
    return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e6;
  } catch {
    return undefined;
  }
}

export function residentMegabytesOf(pid: number): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024;
  } catch {
    return undefined;
  }
}
