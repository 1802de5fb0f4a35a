import { mkdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import {
  awaitApproval,
  awaitProof,
  awaitQuarantine,
  editStrategy,
  merge,
  prepareFleet,
  promoteToProd,
  releaseNodeImage,
  repair,
  resume,
  review,
  runAction,
  startRollout,
  startUnreviewed,
  succeed,
  type Checkout,
} from "./tour/acts.ts";
import { timelineOf } from "./tour/lanes.ts";
import { collectReport, readHistory, type Report } from "./tour/report.ts";
import { renderReport } from "./tour/render-report.ts";
import { writeKubeconfigs } from "./tour/operator.ts";
import { openTour, type Tour } from "./tour/stage-set.ts";
import { createStory } from "./tour/story.ts";
import { renderTimeline } from "./tour/timeline.ts";
import { toError } from "../shared/core/errors.ts";
import { UsageError } from "./usage.ts";

const USAGE = `fleetwright tour [--keep] [--clock FACTOR] [--seed N] [--output DIR]

Shows the main job end to end on a local Azure: a new node image is noticed, proposed, reviewed, proved in
dev, promoted to prod, rolled out stage by stage, held by a node that cannot be drained, repaired, and
proved. Then a changed strategy is promoted, and a run that nobody reviewed is refused.

  --keep     leave everything running at the end and print where it listens
  --clock    virtual milliseconds per real one (default 600)
  --seed     of every duration that is drawn (default 1)
  --output   folder of report.json, report.md and timeline.svg (default out/tour)
`;

/** Slow enough that a handler's round trip is minutes, not hours, of virtual time. */
const DEFAULT_CLOCK_FACTOR = "600";

/** What shells expect of a program that Ctrl+C ended. */
const EXIT_SIGINT = 130;
const EXIT_SIGTERM = 143;

export async function tour(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) {
    process.stdout.write(USAGE);
    return 0;
  }
  const story = createStory((line) => process.stdout.write(`${line}\n`));
  let stop = async (): Promise<void> => {};
  const interrupted = (signal: NodeJS.Signals): void => {
    story.say(`${signal}: stopping`);
    void stop().finally(() => process.exit(signal === "SIGINT" ? EXIT_SIGINT : EXIT_SIGTERM));
  };
  process.once("SIGINT", interrupted);
  process.once("SIGTERM", interrupted);
  const stage = await openTour({ ...options, story, onStart: (way) => (stop = way) });
  try {
    const report = await play(stage);
    await publish(stage, report, options.output);
    if (options.keep) await keepOpen(stage);
    return report.ok ? 0 : 1;
  } finally {
    await stage.stop();
    process.off("SIGINT", interrupted);
    process.off("SIGTERM", interrupted);
  }
}

interface Options {
  readonly keep: boolean;
  readonly clockFactor: number;
  readonly seed: number;
  readonly output: string;
}

/** Undefined when help is asked for. */
function readOptions(args: readonly string[]): Options | undefined {
  const values = parseValues(args);
  if (values.help) return undefined;
  const clockFactor = Number(values.clock);
  if (!(clockFactor > 0)) throw new UsageError(`--clock takes a number above 0\n\n${USAGE}`);
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed)) throw new UsageError(`--seed takes a whole number\n\n${USAGE}`);
  return { keep: values.keep, clockFactor, seed, output: values.output };
}

function parseValues(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        keep: { type: "boolean", default: false },
        clock: { type: "string", default: DEFAULT_CLOCK_FACTOR },
        seed: { type: "string", default: "1" },
        output: { type: "string", default: join("out", "tour") },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${toError(error).message}\n\n${USAGE}`);
  }
}

/** The acts in their order. */
export async function play(stage: Tour): Promise<Report> {
  const proposed = await releaseNodeImage(stage);
  await review(stage, "dev", proposed);
  const dev = await merge(stage, proposed);
  await prepareFleet(stage, "dev", dev);
  succeed(await (await startRollout(stage, "dev", dev)).finished, "the run of dev");
  const promotion = await promoteToProd(stage, dev);
  await review(stage, "prod", promotion);
  const prod = await merge(stage, promotion);
  await rollOutProd(stage, prod);
  await promoteStrategy(stage);
  const refused = await startUnreviewed(stage);
  return collectReport(stage, refused.outputs["failure-reason"] ?? "");
}

/** The run of prod: held up by a node that cannot be drained, repaired, resumed, proved. */
async function rollOutProd(stage: Tour, checkout: Checkout): Promise<void> {
  await prepareFleet(stage, "prod", checkout);
  const rollout = await startRollout(stage, "prod", checkout);
  await awaitApproval(stage);
  const quarantined = await awaitQuarantine(stage);
  const stopped = await rollout.finished;
  stage.story.say(
    `the step ended with exit code ${stopped.exitCode}: ${stopped.outputs["failure-reason"]}`,
  );
  await repair(stage, quarantined);
  succeed(await resume(stage, checkout), "resuming the run");
  await awaitProof(stage);
}

/** A changed strategy goes the same way as a changed image. */
async function promoteStrategy(stage: Tour): Promise<void> {
  const edited = await editStrategy(stage);
  const promotion = await promoteToProd(stage, edited);
  await review(stage, "prod", promotion);
  const merged = await merge(stage, promotion);
  const apply = { operation: "apply", environment: "prod" };
  succeed(await runAction(stage, "prod", "strategy", merged, apply), "applying the strategy");
  succeed(
    await (
      await startRollout(stage, "prod", merged)
    ).finished,
    "the run of the new strategy",
  );
}

async function publish(stage: Tour, report: Report, output: string): Promise<void> {
  await mkdir(output, { recursive: true });
  const text = renderReport(report);
  const picture = renderTimeline(timelineOf(report, await readHistory(stage)));
  await writeFile(join(output, "report.json"), `${JSON.stringify(report, undefined, 2)}\n`);
  await writeFile(join(output, "report.md"), text);
  await writeFile(join(output, "timeline.svg"), picture);
  stage.story.chapter("The report");
  stage.story.detail(text);
  stage.story.say(`written to ${relative(process.cwd(), output) || "."}`);
}

/** Leaves everything up until the person has seen enough. */
async function keepOpen(stage: Tour): Promise<void> {
  const { emulator } = stage.azure;
  const { url, functionKey } = stage.functions.ready;
  stage.story.chapter("Everything stays up until you press Ctrl+C");
  stage.story.say(`ARM         ${emulator.arm} (CA: ${emulator.ca})`);
  stage.story.say(
    `token       curl -s -H Metadata:true -d resource=${emulator.arm} ${emulator.msi}`,
  );
  stage.story.say(`status      ${url}/api/status?code=${functionKey}`);
  stage.story.say(`GitHub      ${emulator.github}`);
  for (const path of await writeKubeconfigs(stage.azure, stage.clusterIds)) {
    stage.story.say(`kubeconfig  ${path}`);
  }
  stage.story.say(`repository  git clone ${stage.repository.gitDirectory}`);
  stage.story.say(`control     ${emulator.control}`);
  // The signal handlers of the tour end it.
  await new Promise<never>(() => {});
}
