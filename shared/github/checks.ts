import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { Check, CheckOutcome, CheckPort, NewCheck } from "../update-run/checks.ts";
import { attempt } from "./errors.ts";
import type { RepositoryHome } from "./issues.ts";

/** Characters of a check's summary and of its text. Source: OpenAPI of the REST API, checks/create. */
const MAX_TEXT_CHARACTERS = 65_535;
/** What a check may hold once it is unpacked: the plan of 1,000 members is about 60 kB. */
const MAX_DATA_BYTES = 4_000_000;

/** Check runs of one answer. Source: OpenAPI of the REST API, checks/list-for-ref. */
const MAX_PAGE = 100;

const CONCLUSIONS = {
  success: "success",
  neutral: "neutral",
  failure: "failure",
  "action-required": "action_required",
} as const;

/** Check runs through GitHub's REST API; writing them needs a token of an App, such as the job's own. */
export function createCheckPort({ octokit, owner, repo }: RepositoryHome): CheckPort {
  const subject = (name: string) => `the check "${name}" of ${owner}/${repo}`;
  return {
    newest: (commit, name) =>
      attempt(subject(name), async () => {
        const { data } = await octokit.request(
          "GET /repos/{owner}/{repo}/commits/{ref}/check-runs",
          {
            owner,
            repo,
            ref: commit,
            check_name: name,
            filter: "latest",
          },
        );
        const [newest] = data.check_runs.toSorted((a, b) => Number(b.id) - Number(a.id));
        return newest && toCheck(newest);
      }),
    all: (commit, name, limit) =>
      attempt(subject(name), async () => {
        const { data } = await octokit.request(
          "GET /repos/{owner}/{repo}/commits/{ref}/check-runs",
          {
            owner,
            repo,
            ref: commit,
            check_name: name,
            filter: "all",
            per_page: Math.min(limit, MAX_PAGE),
          },
        );
        return data.check_runs.toSorted((a, b) => Number(b.id) - Number(a.id)).map(toCheck);
      }),
    create: (commit, check) =>
      attempt(subject(check.name), async () => {
        const { data } = await octokit.request("POST /repos/{owner}/{repo}/check-runs", {
          owner,
          repo,
          head_sha: commit,
          name: check.name,
          ...(check.externalId !== undefined && { external_id: check.externalId }),
          ...(check.outcome === "in-progress"
            ? { status: "in_progress" as const }
            : { status: "completed" as const, conclusion: CONCLUSIONS[check.outcome] }),
          output: {
            title: check.title,
            summary: check.summary.slice(0, MAX_TEXT_CHARACTERS),
            ...(check.data !== undefined && { text: pack(check) }),
          },
        });
        // What was just packed need not be unpacked.
        return {
          ...toCheck({ ...data, output: { ...data.output, text: null } }),
          ...dataOf(check),
        };
      }),
  };
}

function dataOf({ data }: NewCheck): Pick<NewCheck, "data"> {
  return data === undefined ? {} : { data };
}

interface CheckRun {
  readonly name: string;
  readonly status: string;
  readonly conclusion: string | null;
  readonly external_id: string | null;
  readonly started_at: string | null;
  readonly html_url: string | null;
  readonly app: { readonly slug?: string } | null;
  readonly output: {
    readonly title: string | null;
    readonly summary: string | null;
    readonly text: string | null;
  };
}

function toCheck(run: CheckRun): Check {
  const { name, output, external_id: externalId } = run;
  const data = unpack(output.text ?? "");
  return {
    name,
    outcome: outcomeOf(run.status, run.conclusion),
    ...(externalId && { externalId }),
    title: output.title ?? "",
    summary: output.summary ?? "",
    ...(data !== undefined && { data }),
    at: run.started_at ?? "",
    url: run.html_url ?? "",
    app: run.app?.slug ?? "",
  };
}

function outcomeOf(status: string, conclusion: string | null): CheckOutcome {
  if (status !== "completed") return "in-progress";
  if (conclusion === "action_required") return "action-required";
  return conclusion === "success" || conclusion === "neutral" ? conclusion : "failure";
}

const DATA = /<!-- fleetwright:data ([A-Za-z0-9+/=]+) -->/;

/** Packed, the plan of a thousand members fits; as a comment, nobody has to see it. */
function pack({ name, data }: NewCheck): string {
  const text = `<!-- fleetwright:data ${deflateRawSync(JSON.stringify(data)).toString("base64")} -->`;
  if (text.length > MAX_TEXT_CHARACTERS) throw new RangeError(`${name} is too large for a check`);
  return text;
}

/** What somebody else wrote, or cut, is no data. */
function unpack(text: string): unknown {
  const packed = DATA.exec(text)?.[1];
  if (packed === undefined) return undefined;
  try {
    const bytes = inflateRawSync(Buffer.from(packed, "base64"), {
      maxOutputLength: MAX_DATA_BYTES,
    });
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}
