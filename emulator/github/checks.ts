import { z } from "zod";
import type { WireReply } from "../service.ts";
import { nodeId, renderActor } from "./actor.ts";
import {
  callingActor,
  callingApp,
  inRepository,
  json,
  numberParam,
  param,
  readBody,
  type RepositoryCall,
  type Route,
} from "./call.ts";
import { mergeWhenReady } from "./auto-merge.ts";
import { requireCommit } from "./commits.ts";
import { forbidden, invalid, notFound, unprocessable } from "./errors.ts";
import { type CheckRun, timestamp } from "./hub.ts";
import { newestOfEachName } from "./latest-checks.ts";
import { MAX_ANNOTATIONS_PER_REQUEST, MAX_CHECK_OUTPUT_CHARACTERS } from "./limits.ts";
import { listReply, pageOf } from "./paging.ts";
import { renderApp } from "./apps.ts";

const CheckAnnotation = z.object({
  path: z.string(),
  start_line: z.int(),
  end_line: z.int(),
  start_column: z.int().optional(),
  end_column: z.int().optional(),
  annotation_level: z.enum(["notice", "warning", "failure"]),
  message: z.string(),
  title: z.string().optional(),
  raw_details: z.string().optional(),
});

const CheckOutput = z.object({
  title: z.string().optional(),
  summary: z.string(),
  text: z.string().optional(),
  annotations: z.array(CheckAnnotation).default([]),
});

const CheckChange = z.object({
  name: z.string().optional(),
  details_url: z.string().optional(),
  external_id: z.string().optional(),
  status: z
    .enum(["queued", "in_progress", "completed", "waiting", "requested", "pending"])
    .optional(),
  started_at: z.string().optional(),
  completed_at: z.string().optional(),
  conclusion: z
    .enum([
      "action_required",
      "cancelled",
      "failure",
      "neutral",
      "success",
      "skipped",
      "stale",
      "timed_out",
    ])
    .optional(),
  output: CheckOutput.optional(),
});
const NewCheck = CheckChange.extend({ name: z.string(), head_sha: z.string() });

/** A person's token cannot write checks: only an App (GITHUB_TOKEN is one's, too) may. */
function requireApp(call: RepositoryCall): void {
  if (call.caller.kind === "token" && call.caller.token.permissions === undefined) {
    throw forbidden("You must authenticate via a GitHub App.");
  }
}

async function createCheck(call: RepositoryCall): Promise<WireReply> {
  requireApp(call);
  const input = readBody(call, NewCheck);
  requireFittingOutput(input);
  const { oid } = await requireCommit(call, input.head_sha);
  const check: CheckRun = {
    id: call.hub.nextId(),
    headSha: oid,
    app: callingApp(call),
    actor: callingActor(call),
    name: input.name,
    status: "queued",
    conclusion: null,
    startedAt: timestamp(call.hub.now()),
    completedAt: null,
    detailsUrl: null,
    externalId: null,
    title: null,
    summary: null,
    text: null,
    annotations: [],
  };
  applyChange(call, check, input);
  call.repository.checks.set(check.id, check);
  await mergeWhenReady(call.hub, call.repository, check.headSha);
  return json(201, renderCheck(call, check));
}

async function updateCheck(call: RepositoryCall): Promise<WireReply> {
  requireApp(call);
  const check = requireCheck(call);
  const input = readBody(call, CheckChange);
  requireFittingOutput(input);
  applyChange(call, check, input);
  await mergeWhenReady(call.hub, call.repository, check.headSha);
  return json(200, renderCheck(call, check));
}

function requireFittingOutput(input: z.output<typeof CheckChange>): void {
  const { output } = input;
  if (output === undefined) return;
  for (const field of ["summary", "text"] as const) {
    if ((output[field] ?? "").length > MAX_CHECK_OUTPUT_CHARACTERS) {
      throw invalid({
        resource: "CheckRun",
        code: "custom",
        field,
        message: `Only ${MAX_CHECK_OUTPUT_CHARACTERS} characters are allowed; ${output[field]?.length} were supplied.`,
      });
    }
  }
  if (output.annotations.length > MAX_ANNOTATIONS_PER_REQUEST) {
    throw unprocessable(
      `Invalid request.\n\nNo more than ${MAX_ANNOTATIONS_PER_REQUEST} items are allowed; ` +
        `${output.annotations.length} were supplied.`,
    );
  }
}

function applyChange(
  call: RepositoryCall,
  check: CheckRun,
  input: z.output<typeof CheckChange>,
): void {
  if (input.status === "completed" && input.conclusion === undefined && check.conclusion === null) {
    throw unprocessable('Invalid request.\n\n"conclusion" is required for status "completed".');
  }
  check.name = input.name ?? check.name;
  check.detailsUrl = input.details_url ?? check.detailsUrl;
  check.externalId = input.external_id ?? check.externalId;
  check.startedAt = input.started_at ?? check.startedAt;
  check.status = input.status ?? check.status;
  if (input.conclusion !== undefined) {
    // A conclusion completes the check, whatever status was sent along.
    check.status = "completed";
    check.conclusion = input.conclusion;
  }
  if (check.status === "completed") {
    check.completedAt = input.completed_at ?? check.completedAt ?? timestamp(call.hub.now());
  } else {
    check.conclusion = null;
    check.completedAt = null;
  }
  if (input.output === undefined) return;
  check.title = input.output.title ?? check.title;
  check.summary = input.output.summary;
  check.text = input.output.text ?? check.text;
  check.annotations.push(...input.output.annotations);
}

function requireCheck(call: RepositoryCall): CheckRun {
  const check = call.repository.checks.get(numberParam(call, "id"));
  if (check === undefined) throw notFound();
  return check;
}

function renderCheck(call: RepositoryCall, check: CheckRun): object {
  const url = `${call.url}/check-runs/${check.id}`;
  return {
    id: check.id,
    node_id: nodeId("CheckRun", check.id),
    head_sha: check.headSha,
    external_id: check.externalId ?? "",
    url,
    html_url: `${call.base}/${call.repository.owner.login}/${call.repository.name}/runs/${check.id}`,
    details_url: check.detailsUrl,
    status: check.status,
    conclusion: check.conclusion,
    started_at: check.startedAt,
    completed_at: check.completedAt,
    output: {
      title: check.title,
      summary: check.summary,
      text: check.text,
      annotations_count: check.annotations.length,
      annotations_url: `${url}/annotations`,
    },
    name: check.name,
    check_suite: { id: check.id },
    app:
      check.app === undefined
        ? { slug: "github-actions", name: "GitHub Actions", owner: renderActor(call, check.actor) }
        : renderApp(call, check.app),
    pull_requests: [],
  };
}

async function listChecks(call: RepositoryCall): Promise<WireReply> {
  const { oid } = await requireCommit(call, param(call, "ref"));
  const { query } = call;
  const name = query.get("check_name");
  const status = query.get("status");
  const matching = [...call.repository.checks.values()].filter(
    (check) =>
      check.headSha === oid &&
      (name === undefined || check.name === name) &&
      (status === undefined || check.status === status),
  );
  const checks = query.get("filter") === "all" ? matching : newestOfEachName(matching);
  const page = pageOf(call, checks.toReversed());
  const check_runs = page.items.map((check) => renderCheck(call, check));
  return json(200, { total_count: checks.length, check_runs }, page.headers);
}

export const checkRoutes: readonly Route[] = [
  inRepository("POST", "check-runs", "checks:write", createCheck),
  inRepository("GET", "check-runs/{id}", "checks:read", (call) =>
    json(200, renderCheck(call, requireCheck(call))),
  ),
  inRepository("PATCH", "check-runs/{id}", "checks:write", updateCheck),
  inRepository("GET", "check-runs/{id}/annotations", "checks:read", (call) =>
    listReply(call, requireCheck(call).annotations, (annotation) => annotation),
  ),
  inRepository("GET", "commits/{ref*}/check-runs", "checks:read", listChecks),
];
