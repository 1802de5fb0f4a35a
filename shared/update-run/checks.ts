/**
 * Check runs of a commit are the memory that actions and functions share: whoever has a token of the
 * repository sees them, in GitHub's own pages too. They are only ever added, and the newest of a name
 * counts: GitHub lets nobody but its author change a check, and what was said before stays readable.
 */
export interface NewCheck {
  readonly name: string;
  readonly outcome: CheckOutcome;
  /** What the check is about, where its name does not say. */
  readonly externalId?: string;
  readonly title: string;
  /** Markdown for a person. */
  readonly summary: string;
  /** JSON for whoever reads it again. */
  readonly data?: unknown;
}

/** GitHub's word for how a check stands; `in-progress` has no end yet. */
export type CheckOutcome = "in-progress" | "success" | "neutral" | "failure" | "action-required";

export interface Check extends NewCheck {
  /** ISO 8601, by GitHub's clock. */
  readonly at: string;
  /** For a person. */
  readonly url: string;
  /** Slug of the App behind the token that wrote it; `github-actions` for a job's own token. */
  readonly app: string;
}

export interface CheckPort {
  /** The newest check of this name on a commit, whoever wrote it. */
  newest(commit: string, name: string): Promise<Check | undefined>;
  /** All of this name on a commit, newest first, at most `limit`. */
  all(commit: string, name: string, limit: number): Promise<readonly Check[]>;
  create(commit: string, check: NewCheck): Promise<Check>;
}

/** Name of the check that shows how the runs of an environment stand; its external id is the run's name. */
export function runCheckName(environment: string): string {
  return `fleetwright: ${environment}`;
}
