import { mkdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { FleetwrightError } from "../shared/core/errors.ts";
import { HELP, readArguments, refusePositionals } from "./arguments.ts";
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
  type PullRequest,
} from "./tour/acts.ts";
import { timelineOf } from "./tour/lanes.ts";
import { collectReport, readHistory, type Report } from "./tour/report.ts";
import { renderReport, summarize } from "./tour/render-report.ts";
import { leaveOpen } from "./tour/leave-open.ts";
import { openTour, type Tour } from "./tour/stage-set.ts";
import { createStory } from "./tour/story.ts";
import { renderTimeline } from "./tour/timeline.ts";
import { UsageError } from "./usage.ts";

/** Slow enough that a handler's round trip is minutes, not hours, of virtual time. */
const DEFAULT_CLOCK_FACTOR = "600";

const USAGE = `fleetwright tour [--keep] [--verbose] [--clock FACTOR] [--seed N] [--output DIR]

Shows the main job end to end on a local Azure: a new node image is noticed, proposed, reviewed, proved in
dev, promoted to prod, rolled out stage by stage, held by a node that cannot be drained, repaired, and
proved. Then a changed strategy is promoted, and a run that nobody reviewed is refused.

  --keep     leave everything running at the end, in real time, and print where it listens
  --verbose  tell every line of every step; without it they stand in tour.log
  --clock    virtual milliseconds per real one (default ${DEFAULT_CLOCK_FACTOR})
  --seed     of every duration that is drawn (default 1)
  --output   folder of report.md, report.json, timeline.svg and tour.log (default out/tour)

Exit code: 0 when everything went as promised, 1 when not, 2 when the command is not understood.
`;

const LOG = "tour.log";

/** What shells expect of a program that Ctrl+C ended. */
const EXIT_SIGINT = 130;
const EXIT_SIGTERM = 143;
/** Characters of a line where nothing says how wide the terminal is, and where it is too narrow to wrap for. */
const DEFAULT_WIDTH = 120;
const MIN_WIDTH = 60;

export async function tour(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) {
    process.stdout.write(USAGE);
    return 0;
  }
  await makeFolder(options.output);
  const story = createStory({
    write: (line) => process.stdout.write(`${line}\n`),
    verbose: options.verbose,
    width: Math.max(MIN_WIDTH, process.stdout.columns ?? DEFAULT_WIDTH),
  });
  story.say(
    "Starting a local Azure, a storage account and the functions: the tour takes a minute or two.",
  );
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
    if (options.keep) {
      await leaveOpen(stage);
      // The signal handlers of the tour end it.
      await new Promise<never>(() => {});
    }
    return report.ok ? 0 : 1;
  } catch (error) {
    const log = join(options.output, LOG);
    await writeFile(log, story.log());
    story.say(`the tour cannot go on; what happened until then is in ${log}`);
    throw error;
  } finally {
    await stage.stop();
    process.off("SIGINT", interrupted);
    process.off("SIGTERM", interrupted);
  }
}

/** Before the tour, not after it, a person wants to know that nothing can be written there. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    throw new FleetwrightError("invalid-input", `--output ${path} cannot be made a folder`, {
      subject: path,
      remedy: "name one that you may write to",
      cause,
    });
  }
}

interface Options {
  readonly keep: boolean;
  readonly verbose: boolean;
  readonly clockFactor: number;
  readonly seed: number;
  readonly output: string;
}

/** Undefined when help is asked for. */
function readOptions(args: readonly string[]): Options | undefined {
  const options = {
    ...HELP,
    keep: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
    clock: { type: "string", default: DEFAULT_CLOCK_FACTOR },
    seed: { type: "string", default: "1" },
    output: { type: "string", default: join("out", "tour") },
  } as const;
  const { values, positionals } = readArguments(args, options, USAGE);
  if (values.help) return undefined;
  refusePositionals(positionals, USAGE);
  const clockFactor = Number(values.clock);
  if (!(clockFactor > 0)) throw new UsageError(`--clock takes a number above 0`, USAGE);
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed)) throw new UsageError(`--seed takes a whole number`, USAGE);
  const { keep, verbose, output } = values;
  return { keep, verbose, clockFactor, seed, output };
}

/** The acts in their order. */
export async function play(stage: Tour): Promise<Report> {
  const { story } = stage;
  story.chapter("A new node image is released, noticed, and proposed for dev");
  const proposed = await releaseNodeImage(stage);
  await review(stage, "dev", proposed);
  story.chapter("dev gets it, one cluster after the other");
  const dev = await merge(stage, proposed);
  await prepareFleet(stage, "dev", dev);
  succeed(await (await startRollout(stage, "dev", dev)).finished, "the run of dev");
  story.chapter("What dev proved is promoted to prod by pull request");
  const promotion = await promoteToProd(stage, dev);
  await review(stage, "prod", promotion);
  await rollOutProd(stage, promotion);
  story.chapter("A changed strategy goes the same way as a changed image");
  await promoteStrategy(stage);
  story.chapter("A run that nobody reviewed is refused");
  const refused = await startUnreviewed(stage);
  return collectReport(stage, refused.outputs["failure-reason"] ?? "");
}

/** The run of prod: held up by a node that cannot be drained, repaired, resumed, proved. */
async function rollOutProd(stage: Tour, promotion: PullRequest): Promise<void> {
  const { story } = stage;
  story.chapter("prod gets it, stage by stage");
  const checkout = await merge(stage, promotion);
  await prepareFleet(stage, "prod", checkout);
  const rollout = await startRollout(stage, "prod", checkout);
  await awaitApproval(stage);
  const quarantined = await awaitQuarantine(stage);
  const stopped = await rollout.finished;
  story.say(
    `the step ended with exit code ${stopped.exitCode}: ${stopped.outputs["failure-reason"]}`,
  );
  story.chapter("An operator frees the node; the run is resumed by name and completes");
  await repair(stage, quarantined);
  succeed(await resume(stage, checkout), "resuming the run");
  await awaitProof(stage);
}

async function promoteStrategy(stage: Tour): Promise<void> {
  const edited = await editStrategy(stage);
  const promotion = await promoteToProd(stage, edited);
  await review(stage, "prod", promotion);
  const merged = await merge(stage, promotion);
  const apply = { operation: "apply", environment: "prod" };
  succeed(await runAction(stage, "prod", "strategy", merged, apply), "applying the strategy");
  const rollout = await startRollout(stage, "prod", merged);
  succeed(await rollout.finished, "the run of the new strategy");
}

async function publish(stage: Tour, report: Report, output: string): Promise<void> {
  const { story } = stage;
  story.chapter("The report");
  for (const line of summarize(report)) story.say(line);
  const files = {
    "report.md": renderReport(report),
    "report.json": `${JSON.stringify(report, undefined, 2)}\n`,
    "timeline.svg": renderTimeline(timelineOf(report, await readHistory(stage))),
    [LOG]: story.log(),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(output, name), text);
  const folder = relative(process.cwd(), output) || ".";
  story.say(`written to ${folder}: ${Object.keys(files).join(", ")}`);
}
