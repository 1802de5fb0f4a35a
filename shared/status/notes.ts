import type { OutboxEntry } from "../core/outbox.ts";
import type { EnvironmentStatus } from "./status.ts";

/** Messages that are named; a webhook that is gone takes none of them. */
const MAX_UNTOLD = 3;

/**
 * What else there is to know of an environment, a sentence each: why no newer image is proposed, what the webhook did
 * not take, what was proved again. Instants are written as ISO 8601 in UTC, for whoever shows them. Pure.
 */
export function notesOf(environment: EnvironmentStatus): readonly string[] {
  const { soaking, untold = [], quarantined, foreignRuns = [] } = environment;
  const more = untold.length - MAX_UNTOLD;
  const proved = quarantined.filter(({ resolvedAt }) => resolvedAt !== undefined).length;
  return [
    ...foreignRuns.map(
      ({ name, state }) => `A run that no release declares is ${state} in its fleet: ${name}.`,
    ),
    ...(soaking ? [soakNote(soaking)] : []),
    ...untold.slice(0, MAX_UNTOLD).map(untoldNote),
    ...(more > 0 ? [`The webhook did not take ${more} more messages.`] : []),
    ...(proved > 0
      ? [`${proved} earlier quarantined ${proved === 1 ? "node is" : "nodes are"} proved again.`]
      : []),
  ];
}

/** Why something newer is out, and nobody proposes it. */
function soakNote({ run, target, until }: NonNullable<EnvironmentStatus["soaking"]>): string {
  const end = until === undefined ? "once it is done" : `until ${until}`;
  return `Newer node images and Kubernetes versions queue: what ${run} brought soaks for ${target} ${end}.`;
}

function untoldNote({ text, tries, reason, givenUpAt, nextTryAt }: OutboxEntry): string {
  const why = reason === undefined ? "nothing was heard" : reason;
  const what = `A message has not arrived for certain, "${text}" (${tries} tries; ${why})`;
  if (givenUpAt !== undefined) return `${what}: given up ${givenUpAt}.`;
  return nextTryAt === undefined
    ? `${what}.`
    : `${what}: tried again ${new Date(nextTryAt).toISOString()}.`;
}
