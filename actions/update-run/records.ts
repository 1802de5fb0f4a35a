import { setSecret } from "@actions/core";
import type { DeclarationRepository } from "../../shared/promotion/ports.ts";
import type { CheckPort } from "../../shared/update-run/checks.ts";
import type { ReviewHistory } from "../../shared/update-run/history.ts";

/** What a step reads and writes in its repository. */
export interface Records {
  readonly checks: CheckPort;
  readonly reviews: ReviewHistory;
  readonly declarations: DeclarationRepository;
}

/**
 * The repository's records, loaded when they are first asked for: most of what a step does needs no
 * GitHub, and its client costs more time to load than the rest of the action.
 */
export function openRecords(
  env: NodeJS.ProcessEnv,
  token: string | undefined,
): (() => Promise<Records>) | undefined {
  const [owner = "", repo = ""] = (env["GITHUB_REPOSITORY"] ?? "").split("/");
  if (token === undefined || owner === "" || repo === "") return undefined;
  setSecret(token);
  let opened: Promise<Records> | undefined;
  return () => (opened ??= connect(env, { token, owner, repo }));
}

async function connect(
  env: NodeJS.ProcessEnv,
  { token, owner, repo }: { readonly token: string; readonly owner: string; readonly repo: string },
): Promise<Records> {
  const [{ createGitHubClient }, checks, reviews, repository] = await Promise.all([
    import("../../shared/github/client.ts"),
    import("../../shared/github/checks.ts"),
    import("../../shared/github/review-history.ts"),
    import("../../shared/github/repository.ts"),
  ]);
  const home = { octokit: createGitHubClient(env, { token }), owner, repo };
  return {
    checks: checks.createCheckPort(home),
    reviews: reviews.createReviewHistory(home),
    declarations: repository.createDeclarationRepository(home),
  };
}
