import { parseArgs } from "node:util";
import { Coverage } from "./coverage.ts";
import { PROFILES, type Profile } from "./faults.ts";
import { simulate } from "./simulate.ts";

/** One share of `npm run sim`: exit code 1 and the seed when an invariant breaks, the counts otherwise. */
const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    profile: { type: "string", default: "many" },
    trace: { type: "boolean", default: false },
  },
});
const first = Number(values.from);
const count = Number(values.seeds);
const profile = values.profile as Profile;

/** How many seeds the parent is told of at once. */
const TOLD_AT_ONCE = 20;

async function main(): Promise<number> {
  // Thousands of drawn faults are errors that nobody prints: their stacks cost more than the calls that fail.
  if (!values.trace) Error.stackTraceLimit = 0;
  const coverage = new Coverage();
  let calls = 0;
  for (let seed = first; seed < first + count; seed++) {
    const outcome = await simulate(seed, PROFILES[profile], values.trace ? console.log : undefined);
    calls += outcome.calls;
    coverage.add(outcome.seen);
    if ((seed - first) % TOLD_AT_ONCE === TOLD_AT_ONCE - 1) process.send?.({ done: TOLD_AT_ONCE });
    if (outcome.broken.length === 0) continue;
    console.log(`seed ${seed} breaks:`);
    for (const what of outcome.broken.slice(0, 10)) console.log(`  ${what}`);
    const flag = profile === "many" ? "" : ` --profile ${profile}`;
    console.log(`replay: npm run sim -- --from ${seed} --seeds 1${flag}`);
    return 1;
  }
  const { version: node } = process;
  process.send?.({ done: count % TOLD_AT_ONCE, calls, counts: coverage.counts, node });
  return 0;
}

void main().then((code) => (process.exitCode = code));
