import { isError } from "../core/errors.ts";
import type { RunReport, RunReporter } from "../update-run/report.ts";
import { boundedBody } from "./body.ts";
import { attempt } from "./errors.ts";
import type { RepositoryHome } from "./issues.ts";

/** A commit status has room for this much. Source: "description is too long (maximum is 140 characters)". */
const MAX_DESCRIPTION_CHARACTERS = 140;

/**
 * How a run stands, at the commit that it was created from: a check run of the App, or a commit status
 * where a person's token may not write checks.
 */
export function createRunReporter(home: RepositoryHome): RunReporter {
  return {
    async publish(report) {
      try {
        await publishCheck(home, report);
      } catch (error) {
        if (!isError(error, "unauthorized")) throw error;
        await publishStatus(home, report);
      }
    },
  };
}

async function publishCheck(
  { octokit, owner, repo }: RepositoryHome,
  report: RunReport,
): Promise<void> {
  await attempt(`check ${report.name} of ${owner}/${repo}`, async () => {
    const found = await octokit.request("GET /repos/{owner}/{repo}/commits/{ref}/check-runs", {
      owner,
      repo,
      ref: report.commit,
      check_name: report.name,
    });
    const known = found.data.check_runs.find(({ external_id }) => external_id === report.run);
    const content = {
      external_id: report.run,
      ...(report.state === "in_progress"
        ? { status: "in_progress" as const }
        : { status: "completed" as const, conclusion: report.state }),
      output: { title: report.title, summary: boundedBody(report.summary) },
    };
    const home = { owner, repo, name: report.name, head_sha: report.commit };
    await (known
      ? octokit.request("PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}", {
          owner,
          repo,
          check_run_id: known.id,
          ...content,
        })
      : octokit.request("POST /repos/{owner}/{repo}/check-runs", { ...home, ...content }));
  });
}

const STATUS = {
  in_progress: "pending",
  action_required: "failure",
  failure: "failure",
  success: "success",
} as const;

async function publishStatus(
  { octokit, owner, repo }: RepositoryHome,
  report: RunReport,
): Promise<void> {
  await attempt(`status ${report.name} of ${owner}/${repo}`, () =>
    octokit.request("POST /repos/{owner}/{repo}/statuses/{sha}", {
      owner,
      repo,
      sha: report.commit,
      state: STATUS[report.state],
      context: report.name,
      description: report.title.slice(0, MAX_DESCRIPTION_CHARACTERS),
    }),
  );
}
