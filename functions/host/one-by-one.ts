import { FleetwrightError, toError } from "../../shared/core/errors.ts";
import type { Logger } from "../../shared/core/logger.ts";

/**
 * Does each though others fail: a fleet that Azure refuses does not keep the others from being looked at. In the
 * end the first failure is thrown, so that the trigger counts as failed and Event Grid asks again.
 */
export async function oneByOne<T>(
  logger: Logger,
  items: Iterable<readonly [name: string, item: T]>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const failed: Error[] = [];
  for (const [name, item] of items) {
    try {
      await work(item);
    } catch (thrown) {
      const error = toError(thrown);
      logger.error("a look failed", { at: name, ...explained(error) });
      failed.push(error);
    }
  }
  const [first] = failed;
  if (first) throw first;
}

/** What a person has to know of a failure. */
export function explained(error: Error): Readonly<Record<string, string | undefined>> {
  const { code, remedy, subject } = error instanceof FleetwrightError ? error : {};
  return { code, why: error.message, remedy, subject };
}
