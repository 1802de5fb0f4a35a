/** `npm run sim -- [--seeds N] [--from SEED] [--profile many|events|storm|none] [--trace]`: the reliability test, on every core. */
import { fork } from "node:child_process";
import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    profile: { type: "string", default: "many" },
    trace: { type: "boolean", default: false },
  },
});
const outfile = join(root, "out", "simulation.mjs");
mkdirSync(dirname(outfile), { recursive: true });
await build({
  absWorkingDir: root,
  entryPoints: ["test/simulation/main.ts"],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  packages: "external",
  logLevel: "warning",
});

const began = Date.now();
const seeds = Number(values.seeds);
const workers = Math.min(availableParallelism(), seeds);
const share = Math.ceil(seeds / workers);
let calls = 0;
/** Seeds by what they saw. */
const seen = new Map();
const codes = await Promise.all(
  Array.from({ length: workers }, (_, index) => {
    const from = Number(values.from) + index * share;
    const count = Math.min(share, seeds - index * share);
    const args = ["--seeds", `${count}`, "--from", `${from}`, "--profile", values.profile];
    const child = fork(outfile, values.trace ? [...args, "--trace"] : args);
    child.on("message", (report) => {
      calls += report.calls;
      for (const [sight, times] of Object.entries(report.counts)) {
        seen.set(sight, (seen.get(sight) ?? 0) + times);
      }
    });
    return new Promise((done) => child.once("close", done));
  }),
);
const held = codes.every((code) => code === 0);
if (held) {
  for (const [sight, times] of seen) console.log(`${String(times).padStart(7)}  ${sight}`);
  const seconds = (Date.now() - began) / 1_000;
  console.log(`${seeds} seeds hold, ${calls} calls, ${seconds.toFixed(1)} s`);
}
process.exitCode = held ? 0 : 1;
