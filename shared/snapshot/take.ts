import type { ArmId } from "../core/arm-id.ts";
import { isError, toError } from "../core/errors.ts";
import type { SnapshotPlan } from "./plan.ts";
import type { NewSnapshot, NodePoolSnapshot, SnapshotPort } from "./ports.ts";

/** AKS refills a subscription's write bucket slowly: a few at a time is as fast as many. */
const MAX_CONCURRENT_WRITES = 4;

export interface TakenSnapshots {
  readonly taken: readonly NodePoolSnapshot[];
  readonly failed: readonly { readonly pool: ArmId; readonly error: Error }[];
}

/** Takes what the plan says; one pool that fails does not keep the others from being captured. */
export async function takeSnapshots(
  plan: Pick<SnapshotPlan, "take">,
  port: Pick<SnapshotPort, "createSnapshot">,
): Promise<TakenSnapshots> {
  const waiting = [...plan.take];
  const taken: NodePoolSnapshot[] = [];
  const failed: { pool: ArmId; error: Error }[] = [];

  const take = async (snapshot: NewSnapshot): Promise<void> => {
    try {
      taken.push(await port.createSnapshot(snapshot));
    } catch (thrown) {
      failed.push({ pool: snapshot.sourcePool, error: toError(thrown) });
      // What one write may not do, the next may not either: one refusal says it.
      if (isError(thrown, "unauthorized")) waiting.length = 0;
    }
  };
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await take(next);
  };
  await Promise.all(Array.from({ length: MAX_CONCURRENT_WRITES }, worker));
  return { taken, failed };
}
