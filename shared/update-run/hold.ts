import type { CheckPort } from "./checks.ts";

/** A person keeps a run from going further: none of our gates opens, and nobody starts it, until it is released. */
export interface Hold {
  readonly held: boolean;
  readonly by: string;
  readonly reason: string;
  /** ISO 8601, by GitHub's clock. */
  readonly at: string;
}

/** Who says it, and why. */
export interface Word {
  readonly by: string;
  readonly reason: string;
}

/** Name of the check that says whether a run is held; it stands on the commit that declares the run. */
export function holdCheckName(run: string): string {
  return `fleetwright hold: ${run}`;
}

/** How a run is held; undefined when it never was, or was released. */
export async function readHold(
  checks: CheckPort,
  commit: string,
  run: string,
): Promise<Hold | undefined> {
  const check = await checks.newest(commit, holdCheckName(run));
  const data = check?.data as Partial<Hold> | undefined;
  if (check === undefined || data?.held !== true) return undefined;
  return { held: true, by: data.by ?? "", reason: data.reason ?? "", at: check.at };
}

export async function writeHold(
  checks: CheckPort,
  commit: string,
  run: string,
  { held, by, reason }: Word & { readonly held: boolean },
): Promise<void> {
  const what = held ? "Held" : "Released";
  await checks.create(commit, {
    name: holdCheckName(run),
    outcome: held ? "action-required" : "success",
    title: `${what} by ${by}`,
    summary: held
      ? `Update run \`${run}\` is held by ${by}: ${reason}\n\nNone of Fleetwright's gates opens, and nobody starts the run, until it is released with \`operation: resume\`. Members in flight finish.`
      : `Update run \`${run}\` was released by ${by}: ${reason}`,
    data: { held, by, reason },
  });
}
