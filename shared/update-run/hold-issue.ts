import { digest } from "../core/digest.ts";
import { escapeMarkdown } from "../core/markdown.ts";
import { keepIssue, openIssues, type KeepIssueDeps } from "../quarantine/keep-issue.ts";

export type HoldDeps = KeepIssueDeps;

const partitionOf = (environment: string): string => `holds:${environment}`;

/** One issue for each held run, open for as long as it is held; false: it does not say so yet. */
export async function reportHold(
  deps: HoldDeps,
  environment: string,
  run: string,
  reasons: readonly string[],
): Promise<boolean> {
  const marker = `<!-- fleetwright:held environment=${environment} cause=${digest(run).slice(0, 16)} -->`;
  const text = {
    title: `${environment}: update run ${run} is held`,
    body: renderHold(marker, run, reasons),
  };
  return keepIssue(deps, {
    partition: partitionOf(environment),
    row: run,
    marker,
    text: reasons.length > 0 ? text : undefined,
    labels: ["fleetwright", "held"],
    closing: "The run is not held any more.",
  });
}

/** Closes the issues of runs that nobody looks at any more: a newer run took their place. */
export async function endHolds(
  deps: HoldDeps,
  environment: string,
  looked: ReadonlySet<string>,
): Promise<void> {
  const runs = await openIssues(deps.store, partitionOf(environment));
  for (const run of runs.filter((name) => !looked.has(name))) {
    await reportHold(deps, environment, run, []);
  }
}

/** Reasons come from clusters and services: none of them becomes markup. */
function renderHold(marker: string, run: string, reasons: readonly string[]): string {
  return [
    marker,
    `**Update run \`${run}\` is held**: what was verified does not allow it to go on.`,
    "",
    ...reasons.map((reason) => `- ${escapeMarkdown(reason)}`),
    "",
    "It goes on by itself once the checks pass; they are looked at again every minute. A person who knows better",
    "approves the gate with a reason, skips the member, or stops the run: the action `update-run`.",
  ].join("\n");
}
