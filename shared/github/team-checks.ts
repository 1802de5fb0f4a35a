import { FleetwrightError } from "../core/errors.ts";
import type { TeamCheckPort, TeamCheckRun } from "../update-run/team-check.ts";
import { attempt, unlessMissing } from "./errors.ts";
import type { RepositoryHome } from "./issues.ts";

/** Check runs that others write, and workflows that the team owns. */
export function createTeamChecks({ octokit, owner, repo }: RepositoryHome): TeamCheckPort {
  const home = { owner, repo };
  return {
    async readCheckRun(commit, name) {
      const response = await attempt(`checks of ${owner}/${repo}@${commit.slice(0, 8)}`, () =>
        octokit.request("GET /repos/{owner}/{repo}/commits/{ref}/check-runs", {
          ...home,
          ref: commit,
          check_name: name,
          filter: "latest",
        }),
      );
      const found = response.data.check_runs
        .map((check) => toRun({ ...check, started_at: check.started_at ?? "" }))
        .toSorted((a, b) => Date.parse(b.startedAt) - Date.parse(a.startedAt));
      return found[0];
    },
    async dispatch(file, inputs) {
      const path = "POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches";
      const response = await attempt(`workflow ${file} of ${owner}/${repo}`, async () => {
        const ref = (await octokit.request("GET /repos/{owner}/{repo}", home)).data.default_branch;
        const request = { ...home, workflow_id: file, ref, inputs: { ...inputs } };
        return octokit.request(path, { ...request, return_run_details: true });
      });
      // A server that does not know `return_run_details` answers 204 without a body.
      const details: { readonly workflow_run_id?: number | bigint } | undefined = response.data;
      const id = Number(details?.workflow_run_id);
      if (Number.isSafeInteger(id)) return { id };
      throw new FleetwrightError(
        "unsupported",
        `GitHub does not say which run of ${file} it began`,
        {
          remedy: "use a check run instead (team: {checkRun: …}) on this GitHub Enterprise Server",
        },
      );
    },
    async readWorkflowRun(id) {
      const response = await unlessMissing(`workflow run ${id} of ${owner}/${repo}`, () =>
        octokit.request("GET /repos/{owner}/{repo}/actions/runs/{run_id}", { ...home, run_id: id }),
      );
      if (!response) return undefined;
      const { run_started_at, created_at } = response.data;
      return toRun({ ...response.data, started_at: run_started_at ?? created_at });
    },
  };
}

function toRun(wire: {
  readonly status: string | null;
  readonly conclusion: string | null;
  readonly started_at: string;
  readonly html_url: string | null;
}): TeamCheckRun {
  return {
    status: wire.status ?? "queued",
    conclusion: wire.conclusion ?? undefined,
    startedAt: wire.started_at,
    url: wire.html_url ?? "",
  };
}
