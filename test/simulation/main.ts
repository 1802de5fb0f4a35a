import { once } from "node:events";
import { parseArgs } from "node:util";
import { Coverage } from "./coverage.ts";
import { PROFILES, type Profile } from "./faults.ts";
import { simulate } from "./simulate.ts";

/**
 * A worker of `npm run sim`, which hands out the seeds, or `--seeds` of them on its own: exit code 1 and the
 * seed when an invariant breaks, the counts otherwise.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    profile: { type: "string", default: "many" },
    trace: { type: "boolean", default: false },
  },
});
const profile = values.profile as Profile;

interface Share {
  readonly from: number;
  /** 0: there are none left. */
  readonly count: number;
}

const NONE: Share = { from: 1, count: 0 };

/** The next seeds, when those before are done. */
async function nextShare(done: number): Promise<Share> {
  if (process.send === undefined) return done > 0 ? NONE : { ...NONE, count: Number(values.seeds) };
  const answer = once(process, "message");
  process.send({ done });
  const [share] = (await answer) as [Share];
  return share;
}

async function main(): Promise<number> {
  // Thousands of drawn faults are errors that nobody prints: their stacks cost more than the calls that fail.
  if (!values.trace) Error.stackTraceLimit = 0;
  const coverage = new Coverage();
  let calls = 0;
  let share = await nextShare(0);
  while (share.count > 0) {
    for (let seed = share.from; seed < share.from + share.count; seed++) {
      const trace = values.trace ? console.log : undefined;
      const outcome = await simulate(seed, PROFILES[profile], trace);
      calls += outcome.calls;
      coverage.add(outcome.seen);
      if (outcome.broken.length > 0) return tell(seed, outcome.broken);
    }
    share = await nextShare(share.count);
  }
  process.send?.({ calls, counts: coverage.counts, node: process.version });
  return 0;
}

function tell(seed: number, broken: readonly string[]): number {
  console.log(`seed ${seed} breaks:`);
  for (const what of broken.slice(0, 10)) console.log(`  ${what}`);
  const flag = profile === "many" ? "" : ` --profile ${profile}`;
  console.log(`replay: npm run sim -- --from ${seed} --seeds 1${flag}`);
  return 1;
}

process.exitCode = await main();
if (process.connected) process.disconnect();
