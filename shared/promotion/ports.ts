export interface PullRequest {
  readonly number: number;
  readonly url: string;
  readonly state: "open" | "closed" | "merged";
  readonly headSha: string;
  readonly title: string;
  readonly body: string;
}

export interface Proposal {
  /** Deterministic: one branch, and so one open pull request, per environment and purpose. */
  readonly branch: string;
  readonly title: string;
  readonly body: string;
  readonly labels: readonly string[];
  /** Whole new texts by path. */
  readonly files: Readonly<Record<string, string>>;
}

/** The repository that declares everything, as its host shows it. */
export interface DeclarationRepository {
  /** Head commit of the default branch. */
  head(): Promise<string>;
  /** Declared files (fleetwright.yaml, strategies/**, releases/**) at a commit. */
  readDeclarations(
    commit: string,
  ): Promise<readonly { readonly path: string; readonly text: string }[]>;
  /** Commits that touched a path, newest first, at most `limit`. */
  history(path: string, limit: number): Promise<readonly string[]>;
  readFile(commit: string, path: string): Promise<string | undefined>;
  /** The open pull request of a branch. */
  findProposal(branch: string): Promise<PullRequest | undefined>;
  /** Opens the pull request, or brings the open one up to date; sends nothing when it says all this already. */
  propose(
    proposal: Proposal,
  ): Promise<{ readonly pullRequest: PullRequest; readonly changed: boolean }>;
}

/** One new node image in one region. */
export interface NodeImageReleased {
  readonly region: string;
  readonly nodeImageVersion: string;
  /** ISO 8601. */
  readonly noticedAt: string;
}

export interface EventPublisher {
  /** Publishes CloudEvents `Fleetwright.NodeImageReleased`; ids are deterministic, so that a repeat is a duplicate. */
  publish(events: readonly NodeImageReleased[]): Promise<void>;
}
