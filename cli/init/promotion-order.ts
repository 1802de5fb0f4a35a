/** Names of environments that come last everywhere, and of those that come before them. */
const LAST = /^(prod|production|prd|live)(-|$)/;
const EARLIER = /^(dev|development|test|tst|qa|int|sandbox|stage|staging|stg|pre|preprod|uat)(-|$)/;

/** From the first environment to the last; undefined where there is nothing to promote. */
export function sayOrder(environments: readonly string[]): string | undefined {
  return environments.length < 2 ? undefined : `promotions go from ${environments.join(" to ")}`;
}

/** What looks turned around, by the names alone: an environment such as dev that promotes from prod. */
export function reversedOrder(environments: readonly string[]): string | undefined {
  const pair = environments.flatMap((name, index) => {
    const before = environments[index - 1];
    const isReversed = before !== undefined && LAST.test(before) && EARLIER.test(name);
    return isReversed ? [{ before, name }] : [];
  })[0];
  if (pair === undefined) return undefined;
  return `${pair.name} promotes from ${pair.before}, which looks turned around: name the fleets from the first environment to the last`;
}
