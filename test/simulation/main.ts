import { parseArgs } from "node:util";
import { MANY_FAULTS, NO_FAULTS, STORM } from "./faults.ts";
import { simulate } from "./simulate.ts";

/** `npm run sim -- [--seeds N] [--from SEED] [--no-faults | --storm] [--trace]`: exit code 1 and the seed when an invariant breaks. */
const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    "no-faults": { type: "boolean", default: false },
    storm: { type: "boolean", default: false },
    trace: { type: "boolean", default: false },
  },
});
const first = Number(values.from);
const count = Number(values.seeds);
const flags = (["no-faults", "storm"] as const).filter((flag) => values[flag]);
const faults = values["no-faults"] ? NO_FAULTS : values.storm ? STORM : MANY_FAULTS;

async function main(): Promise<number> {
  const began = Date.now();
  let calls = 0;
  for (let seed = first; seed < first + count; seed++) {
    const outcome = await simulate(seed, faults, values.trace ? console.log : undefined);
    calls += outcome.calls;
    if (outcome.broken.length === 0) continue;
    console.log(`seed ${seed} breaks:`);
    for (const what of outcome.broken.slice(0, 10)) console.log(`  ${what}`);
    console.log(
      `replay: npm run sim -- --from ${seed} --seeds 1${flags.map((flag) => ` --${flag}`).join("")}`,
    );
    return 1;
  }
  const seconds = (Date.now() - began) / 1_000;
  console.log(`${count} seeds hold, ${calls} calls, ${seconds.toFixed(1)} s`);
  return 0;
}

void main().then((code) => (process.exitCode = code));
