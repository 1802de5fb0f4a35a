/** `npm run sim -- [--seeds N] [--from SEED]`: bundles the simulation, then runs it on every core. */
import { spawn } from "node:child_process";
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
    "no-faults": { type: "boolean", default: false },
    storm: { type: "boolean", default: false },
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

const seeds = Number(values.seeds);
const workers = Math.min(availableParallelism(), seeds);
const share = Math.ceil(seeds / workers);
const codes = await Promise.all(
  Array.from({ length: workers }, (_, index) => {
    const from = Number(values.from) + index * share;
    const count = Math.min(share, seeds - index * share);
    const flags = ["no-faults", "storm", "trace"]
      .filter((flag) => values[flag])
      .map((flag) => `--${flag}`);
    const args = [outfile, "--seeds", String(count), "--from", String(from), ...flags];
    const child = spawn(process.execPath, args, { stdio: "inherit" });
    return new Promise((done) => child.once("close", done));
  }),
);
process.exitCode = codes.every((code) => code === 0) ? 0 : 1;
