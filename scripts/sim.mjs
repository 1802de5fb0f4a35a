/** `npm run sim -- [--seeds N] [--from SEED] [--profile many|events|storm|none] [--trace]`: the reliability test, on every core. */
import { fork } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const { values } = parseArgs({
  options: {
    help: { type: "boolean" },
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    profile: { type: "string", default: "many" },
    trace: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(
    "npm run sim -- [--seeds N] [--from SEED] [--profile many|events|storm|none] [--trace]\n" +
      "The whole product under faults drawn from each seed; a seed that breaks is printed, and replays exactly.",
  );
  process.exit(0);
}
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

/** Production's Node, where `npm ci --prefix test/node24` has installed it: a seed takes a third less than on Node 20. */
const PRODUCTION = join(root, "test/node24/node_modules/.bin/node");
const isProduction = process.platform !== "win32" && existsSync(PRODUCTION);
const execPath = isProduction ? PRODUCTION : process.execPath;
const execArgv = [
  // Schedules are short-lived objects by the million: with a small nursery a tenth of the time goes to moving them.
  "--max-semi-space-size=64",
  // Nothing is hot here and everything is warm: a compiler that waits longer compiles less. Newer ones do of themselves.
  ...(!isProduction && process.version.startsWith("v20.") ? ["--interrupt-budget=270336"] : []),
];
const TOLD_EVERY_MILLISECONDS = 10_000;

const began = Date.now();
const seeds = Number(values.seeds);
const first = Number(values.from);
const workers = Math.min(availableParallelism(), seeds);
/** Small enough that no worker is left alone at the end. */
const SEEDS_AT_ONCE = 20;
let given = 0;
let calls = 0;
let node = "";
let done = 0;
/** Seeds by what they saw. */
const seen = new Map();

function tell() {
  const seconds = (Date.now() - began) / 1_000;
  console.log(`${done} of ${seeds} seeds, ${(done / seconds).toFixed(0)} a second`);
}
const telling = setInterval(tell, TOLD_EVERY_MILLISECONDS);

function nextShare() {
  const from = first + given;
  const count = Math.min(SEEDS_AT_ONCE, seeds - given);
  given += count;
  return { from, count };
}

const children = Array.from({ length: workers }, () => {
  const args = ["--profile", values.profile];
  return fork(outfile, values.trace ? [...args, "--trace"] : args, { execPath, execArgv });
});
const codes = await Promise.all(
  children.map((child) => {
    child.on("message", (report) => {
      if (report.done !== undefined) child.send(nextShare());
      done += report.done ?? 0;
      calls += report.calls ?? 0;
      node = report.node ?? node;
      for (const [sight, times] of Object.entries(report.counts ?? {})) {
        seen.set(sight, (seen.get(sight) ?? 0) + times);
      }
    });
    return new Promise((ended) =>
      child.once("close", (code) => {
        // One seed that breaks is enough to work on: the others need not be waited for.
        if (code !== 0) for (const other of children) other.kill();
        ended(code);
      }),
    );
  }),
);
clearInterval(telling);
const held = codes.every((code) => code === 0);
if (held) {
  for (const [sight, times] of seen) console.log(`${String(times).padStart(7)}  ${sight}`);
  const seconds = (Date.now() - began) / 1_000;
  const pace = `${(seeds / seconds).toFixed(0)} a second on ${workers} cores with Node ${node}`;
  console.log(`${seeds} seeds hold, ${calls} calls, ${seconds.toFixed(1)} s, ${pace}`);
}
process.exitCode = held ? 0 : 1;
