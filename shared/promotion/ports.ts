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
  /** The commit of the default branch whose texts these change: when it says another thing by now, nothing is sent. */
  readonly basedOn: string;
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
  /**
   * Opens the pull request, or brings the open one up to date; sends nothing when it says all this already.
   *
   * @throws `conflict` when the default branch has overtaken the proposal: make it anew.
   */
  propose(
    proposal: Proposal,
  ): Promise<{ readonly pullRequest: PullRequest; readonly changed: boolean }>;
}

/** A pull request with what people and machines have set on it. */
export interface ReviewedPull extends PullRequest {
  readonly labels: readonly string[];
  readonly author: string;
  /** Such as `squash`; undefined without auto-merge. */
  readonly autoMerge: MergeMethod | undefined;
  /** GitHub's id of it in GraphQL. */
  readonly nodeId: string;
}

export type MergeMethod = "squash" | "merge" | "rebase";

export interface CheckResult {
  readonly name: string;
  /** `success`, `failure`, …; undefined while it runs. */
  readonly conclusion: string | undefined;
}

export interface PullComment {
  readonly author: string;
  readonly body: string;
  /** The author may write to the repository. */
  readonly trusted: boolean;
}

/** What GitHub knows of commits and pull requests beyond their texts. */
export interface ReviewPort {
  /** The merged pull request that brought a commit to its branch. */
  broughtBy(commit: string): Promise<ReviewedPull | undefined>;
  /** The open pull request of a branch. */
  openPull(branch: string): Promise<ReviewedPull | undefined>;
  comments(pull: number): Promise<readonly PullComment[]>;
  /** The newest result of each check on a commit. */
  checks(commit: string): Promise<readonly CheckResult[]>;
  /** Lets GitHub merge once its rules are met; says why when GitHub will not. */
  enableAutoMerge(pull: ReviewedPull, method: MergeMethod): Promise<string | undefined>;
  disableAutoMerge(pull: ReviewedPull): Promise<void>;
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

/** Kubernetes versions that AKS offers. */
export interface KubernetesVersions {
  /** Full versions that a region supports, previews left out. */
  supportedVersions(subscription: string, region: string): Promise<readonly string[]>;
}
