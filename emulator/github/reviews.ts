import { z } from "zod";
import type { WireReply } from "../service.ts";
import { nodeId, renderActor } from "./actor.ts";
import {
  callingActor,
  inRepository,
  json,
  readBody,
  type RepositoryCall,
  type Route,
} from "./call.ts";
import { htmlUrl } from "./commits.ts";
import { GitHubError, unprocessable } from "./errors.ts";
import { type PullThread, type Review, timestamp } from "./hub.ts";
import { listReply } from "./paging.ts";
import { renderPull } from "./pulls.ts";
import { requirePull } from "./threads.ts";

const stateOf = {
  APPROVE: "APPROVED",
  REQUEST_CHANGES: "CHANGES_REQUESTED",
  COMMENT: "COMMENTED",
} as const;

const NewReview = z.object({
  event: z.enum(["APPROVE", "REQUEST_CHANGES", "COMMENT"]),
  body: z.string().default(""),
  commit_id: z.string().optional(),
});

function renderReview(call: RepositoryCall, thread: PullThread, review: Review): object {
  return {
    id: review.id,
    node_id: nodeId("PullRequestReview", review.id),
    user: renderActor(call, review.user),
    body: review.body,
    state: review.state,
    html_url: htmlUrl(call, `/pull/${thread.number}#pullrequestreview-${review.id}`),
    pull_request_url: `${call.url}/pulls/${thread.number}`,
    submitted_at: timestamp(review.submittedAt),
    commit_id: review.commit,
    author_association: "COLLABORATOR",
  };
}

function createReview(call: RepositoryCall): WireReply {
  const thread = requirePull(call);
  const input = readBody(call, NewReview);
  const user = callingActor(call);
  if (user.id === thread.user.id && input.event !== "COMMENT") {
    const what = input.event === "APPROVE" ? "approve" : "request changes on";
    throw new GitHubError(422, `Can not ${what} your own pull request`);
  }
  if (input.event !== "APPROVE" && input.body === "") {
    throw unprocessable("Review body is required");
  }
  const review: Review = {
    id: call.hub.nextId(),
    user,
    body: input.body,
    state: stateOf[input.event],
    commit: input.commit_id ?? thread.pull.headSha,
    submittedAt: call.hub.now(),
  };
  thread.pull.reviews.push(review);
  return json(200, renderReview(call, thread, review));
}

const Reviewers = z.object({
  reviewers: z.array(z.string()).default([]),
  team_reviewers: z.array(z.string()).default([]),
});

function requestReviewers(call: RepositoryCall): WireReply {
  const thread = requirePull(call);
  const { reviewers } = readBody(call, Reviewers);
  const { pull } = thread;
  pull.requestedReviewers = [...new Set([...pull.requestedReviewers, ...reviewers])];
  return json(201, renderPull(call, thread));
}

export const reviewRoutes: readonly Route[] = [
  inRepository("GET", "pulls/{number}/reviews", "pull_requests:read", (call) => {
    const thread = requirePull(call);
    return listReply(call, thread.pull.reviews, (review) => renderReview(call, thread, review));
  }),
  inRepository("POST", "pulls/{number}/reviews", "pull_requests:write", createReview),
  inRepository(
    "POST",
    "pulls/{number}/requested_reviewers",
    "pull_requests:write",
    requestReviewers,
  ),
];
