/** Commits that were looked at in review: heads of merged pull requests. */
export interface ReviewHistory {
  /**
   * Heads of the pull requests that brought a commit, and the last change of each path before it, to
   * their branch; each once, that of the commit itself first.
   */
  reviewedHeads(commit: string, paths: readonly string[]): Promise<readonly string[]>;
}
