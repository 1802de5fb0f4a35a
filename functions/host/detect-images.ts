import { isError, toError } from "../../shared/core/errors.ts";
import { parseNodeImage } from "../../shared/core/node-image.ts";
import { announceImages, samplePools, type Sample } from "../../shared/promotion/lookout.ts";
import { inTurn, MAX_ASKED_PER_LOOK, nextPace, type Pace } from "../../shared/promotion/pace.ts";
import type { NodeImageReleased } from "../../shared/promotion/ports.ts";
import { writeRow } from "../../shared/update-run/ledger.ts";
import type { App } from "./compose.ts";
import { reachableMembers } from "./look.ts";

/** Reads that are under way at once: a throttled one stops the others before they are sent. */
const READS_AT_ONCE = 8;
const ROW = { partition: "lookout", row: "pace" } as const;

/** Asks each region for the newest image of each family that the fleets run, and announces news. */
export async function detectImages(app: App): Promise<void> {
  const places = samplePools(await reachableMembers(app));
  const pace = await readPace(app);
  const answers: Answer[] = [];
  const turn = inTurn(places, pace);
  for (let start = 0; start < turn.length; start += READS_AT_ONCE) {
    const batch = turn.slice(start, start + READS_AT_ONCE);
    answers.push(...(await Promise.all(batch.map((place) => ask(app, place)))));
    if (answers.some(({ throttled }) => throttled)) break;
  }
  const throttled = answers.some((answer) => answer.throttled);
  const answered = answers.filter((answer) => !answer.throttled).length;
  const next = nextPace(pace, { answered, throttled, places: places.length });
  if (next.atMost !== pace.atMost || next.start !== pace.start) {
    await writeRow(app.store, ROW.partition, ROW.row, next);
  }
  const seen = answers.flatMap(({ image }) => image ?? []);
  for (const { region, nodeImageVersion } of await announceImages(app, seen)) {
    app.logger.info("node image announced", { region, nodeImageVersion });
  }
}

async function readPace({ store }: App): Promise<Pace> {
  const known = await store.get<Pace>(ROW.partition, ROW.row);
  return known?.value ?? { atMost: MAX_ASKED_PER_LOOK, start: 0 };
}

interface Answer {
  readonly image: NodeImageReleased | undefined;
  readonly throttled: boolean;
}

/** One place that cannot be asked does not keep the others from being heard. */
async function ask(app: App, { region, family, pool }: Sample): Promise<Answer> {
  try {
    const nodeImageVersion = await app.inventory.latestNodeImage(pool.id);
    const noticedAt = new Date(app.clock.now()).toISOString();
    const known = parseNodeImage(nodeImageVersion).family === family;
    return {
      image: known ? { region, nodeImageVersion, noticedAt } : undefined,
      throttled: false,
    };
  } catch (error) {
    const throttled = isError(error, "throttled");
    app.logger.warn("a region could not be asked for its node image", {
      region,
      family,
      why: toError(error).message,
    });
    return { image: undefined, throttled };
  }
}
