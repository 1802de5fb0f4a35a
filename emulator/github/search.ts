import type { WireReply } from "../service.ts";
import { atRoot, type Call, json, type RepositoryCall, type Route } from "./call.ts";
import { invalid } from "./errors.ts";
import { fullName, type Repository, repositoryKey, type Thread } from "./hub.ts";
import { renderIssue } from "./issues.ts";
import { MAX_SEARCH_RESULTS } from "./limits.ts";
import { pageOf } from "./paging.ts";
import { mayReach } from "./permissions.ts";

interface Query {
  readonly words: readonly string[];
  readonly qualifiers: readonly { readonly name: string; readonly value: string }[];
}

const token = /(-?[a-z-]+):("[^"]*"|\S+)|"([^"]*)"|(\S+)/gi;

function parseQuery(text: string): Query {
  const words: string[] = [];
  const qualifiers: { name: string; value: string }[] = [];
  for (const [, name, value, phrase, word] of text.matchAll(token)) {
    if (name !== undefined && value !== undefined) {
      qualifiers.push({ name: name.toLowerCase(), value: value.replaceAll('"', "") });
    } else words.push((phrase ?? word ?? "").toLowerCase());
  }
  return { words, qualifiers };
}

function searchIssues(call: Call): WireReply {
  const text = call.query.get("q") ?? "";
  if (text.trim() === "") throw invalid({ resource: "Search", field: "q", code: "missing" });
  const query = parseQuery(text);
  const found = searchedRepositories(call, query).flatMap((repository) =>
    [...repository.threads.values()]
      .filter((thread) => matches(repository, thread, query))
      .map((thread) => ({ repository, thread })),
  );
  const newestFirst = found.toSorted((a, b) => b.thread.createdAt - a.thread.createdAt);
  const page = pageOf(call, newestFirst.slice(0, MAX_SEARCH_RESULTS));
  const items = page.items.map(({ repository, thread }) => {
    const within: RepositoryCall = {
      ...call,
      repository,
      url: `${call.base}/repos/${fullName(repository)}`,
    };
    return { ...renderIssue(within, thread), score: 1 };
  });
  const body = { total_count: found.length, incomplete_results: false, items };
  return json(200, body, page.headers);
}

function searchedRepositories(call: Call, query: Query): readonly Repository[] {
  const named = query.qualifiers.filter(({ name }) => name === "repo").map(({ value }) => value);
  const all = [...call.hub.repositories.values()].filter((one) => mayReach(call.caller, one));
  if (named.length === 0) return all;
  const keys = named.map((name) =>
    repositoryKey(name.split("/")[0] ?? "", name.split("/")[1] ?? ""),
  );
  const chosen = all.filter((one) => keys.includes(fullName(one).toLowerCase()));
  if (chosen.length > 0) return chosen;
  throw invalid({
    resource: "Search",
    field: "q",
    code: "invalid",
    message:
      "The listed users and repositories cannot be searched either because the resources do not " +
      "exist or you do not have permission to view them.",
  });
}

function matches(repository: Repository, thread: Thread, query: Query): boolean {
  const places = query.qualifiers.filter(({ name }) => name === "in").map(({ value }) => value);
  const where = places.length === 0 ? ["title", "body"] : places.flatMap((one) => one.split(","));
  const text = searchedText(repository, thread, where);
  return (
    query.words.every((word) => text.includes(word)) &&
    query.qualifiers.every((qualifier) => qualifies(thread, qualifier))
  );
}

function searchedText(repository: Repository, thread: Thread, where: readonly string[]): string {
  const comments = where.includes("comments")
    ? [...repository.comments.values()].filter(({ thread: number }) => number === thread.number)
    : [];
  return [
    where.includes("title") ? thread.title : "",
    where.includes("body") ? (thread.body ?? "") : "",
    ...comments.map((comment) => comment.body),
  ]
    .join("\n")
    .toLowerCase();
}

function qualifies(
  thread: Thread,
  { name, value }: { readonly name: string; readonly value: string },
): boolean {
  if (name.startsWith("-")) return !qualifies(thread, { name: name.slice(1), value });
  switch (name) {
    case "is":
    case "state":
    case "type":
      return is(thread, value);
    case "author":
      return thread.user.login.toLowerCase() === value.replace(/^app\/(.+)$/, "$1[bot]");
    case "label":
      return thread.labels.some((label) => label.toLowerCase() === value.toLowerCase());
    case "head":
      return thread.pull?.headBranch === value;
    case "base":
      return thread.pull?.base === value;
    default:
      return true;
  }
}

function is(thread: Thread, value: string): boolean {
  switch (value) {
    case "issue":
      return thread.pull === undefined;
    case "pr":
    case "pull-request":
      return thread.pull !== undefined;
    case "merged":
      return thread.pull?.mergedAt !== undefined;
    case "open":
    case "closed":
      return thread.state === value;
    default:
      return true;
  }
}

export const searchRoutes: readonly Route[] = [atRoot("GET", "search/issues", searchIssues)];
