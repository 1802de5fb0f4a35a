import type { components } from "@octokit/openapi-types";
import { z } from "zod";
import type { WireReply } from "../service.ts";
import { nodeId, renderActor } from "./actor.ts";
import {
  callingActor,
  inRepository,
  json,
  noContent,
  numberParam,
  readBody,
  type RepositoryCall,
  type Route,
} from "./call.ts";
import { htmlUrl } from "./commits.ts";
import { invalid, notFound } from "./errors.ts";
import { type Comment, timestamp } from "./hub.ts";
import { listReply } from "./paging.ts";
import { requireFittingText, requireThread } from "./threads.ts";

function renderComment(
  call: RepositoryCall,
  comment: Comment,
): components["schemas"]["issue-comment"] {
  const web = call.repository.threads.get(comment.thread)?.pull === undefined ? "issues" : "pull";
  return {
    id: comment.id,
    node_id: nodeId("IssueComment", comment.id),
    url: `${call.url}/issues/comments/${comment.id}`,
    html_url: htmlUrl(call, `/${web}/${comment.thread}#issuecomment-${comment.id}`),
    issue_url: `${call.url}/issues/${comment.thread}`,
    body: comment.body,
    user: renderActor(call, comment.user),
    created_at: timestamp(comment.createdAt),
    updated_at: timestamp(comment.updatedAt),
    author_association: "COLLABORATOR",
  };
}

function listComments(call: RepositoryCall, thread: number | undefined): Promise<WireReply> {
  const since = call.query.get("since");
  const comments = [...call.repository.comments.values()].filter(
    (comment) =>
      (thread === undefined || comment.thread === thread) &&
      (since === undefined || comment.updatedAt >= Date.parse(since)),
  );
  return listReply(call, comments, (comment) => renderComment(call, comment));
}

const CommentInput = z.object({ body: z.string() });

function readComment(call: RepositoryCall): string {
  const { body } = readBody(call, CommentInput);
  if (body.trim() === "") {
    throw invalid({ resource: "IssueComment", code: "missing_field", field: "body" });
  }
  requireFittingText("IssueComment", { body });
  return body;
}

function createComment(call: RepositoryCall): WireReply {
  const thread = requireThread(call);
  const body = readComment(call);
  const now = call.hub.now();
  const comment: Comment = {
    id: call.hub.nextId(),
    thread: thread.number,
    user: callingActor(call),
    createdAt: now,
    body,
    updatedAt: now,
  };
  call.repository.comments.set(comment.id, comment);
  thread.updatedAt = now;
  return json(201, renderComment(call, comment));
}

function requireComment(call: RepositoryCall): Comment {
  const comment = call.repository.comments.get(numberParam(call, "id"));
  if (comment === undefined) throw notFound();
  return comment;
}

function updateComment(call: RepositoryCall): WireReply {
  const comment = requireComment(call);
  comment.body = readComment(call);
  comment.updatedAt = call.hub.now();
  return json(200, renderComment(call, comment));
}

function deleteComment(call: RepositoryCall): WireReply {
  call.repository.comments.delete(requireComment(call).id);
  return noContent;
}

const read = ["issues:read", "pull_requests:read"] as const;
const write = ["issues:write", "pull_requests:write"] as const;

export const commentRoutes: readonly Route[] = [
  inRepository("GET", "issues/comments", read, (call) => listComments(call, undefined)),
  inRepository("GET", "issues/comments/{id}", read, (call) =>
    json(200, renderComment(call, requireComment(call))),
  ),
  inRepository("PATCH", "issues/comments/{id}", write, updateComment),
  inRepository("DELETE", "issues/comments/{id}", write, deleteComment),
  inRepository("GET", "issues/{number}/comments", read, (call) =>
    listComments(call, requireThread(call).number),
  ),
  inRepository("POST", "issues/{number}/comments", write, createComment),
];
