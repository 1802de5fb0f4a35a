import type { Issue, IssueTracker, NewIssue } from "./ports.ts";

/**
 * The issue that carries a marker. Clocks jump and processes stall, so that two instances may have opened one
 * each whatever they agreed on before: the oldest counts, and a younger one gives way to it.
 */
export async function findIssue(issues: IssueTracker, marker: string): Promise<Issue | undefined> {
  const [oldest, ...younger] = await issues.findByMarker(marker);
  for (const { number } of younger) {
    // Without the marker nobody finds it again.
    await issues.update(number, { state: "closed", body: `Opened twice: see #${oldest?.number}.` });
  }
  return oldest;
}

/** Opens an issue, and looks whether somebody else did so in the meantime. */
export async function openIssue(
  issues: IssueTracker,
  marker: string,
  issue: NewIssue,
): Promise<Issue> {
  const opened = await issues.open(issue);
  return (await findIssue(issues, marker)) ?? opened;
}
