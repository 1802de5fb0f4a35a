import type { Call, Route } from "./call.ts";
import { appRoutes } from "./apps.ts";
import { checkRoutes } from "./checks.ts";
import { commentRoutes } from "./comments.ts";
import { commitRoutes } from "./commits.ts";
import { contentsRoutes } from "./contents.ts";
import { deploymentRoutes } from "./deployments.ts";
import { dispatchRoutes } from "./dispatches.ts";
import { gitDataRoutes } from "./git-data.ts";
import { issueRoutes } from "./issues.ts";
import { labelRoutes } from "./labels.ts";
import { pullMergeRoutes } from "./pull-merge.ts";
import { graphqlRoutes } from "./graphql.ts";
import { pullRoutes } from "./pulls.ts";
import { rateLimitRoutes } from "./rate-limit.ts";
import { refRoutes } from "./refs.ts";
import { repositoryRoutes } from "./repositories.ts";
import { reviewRoutes } from "./reviews.ts";
import { searchRoutes } from "./search.ts";
import { statusRoutes } from "./statuses.ts";

/** The more special pattern stands before the one that would swallow it. */
const routes: readonly Route[] = [
  ...appRoutes,
  ...graphqlRoutes,
  ...rateLimitRoutes,
  ...searchRoutes,
  ...repositoryRoutes,
  ...contentsRoutes,
  ...checkRoutes,
  ...statusRoutes,
  ...pullRoutes,
  ...commitRoutes,
  ...refRoutes,
  ...gitDataRoutes,
  ...commentRoutes,
  ...labelRoutes,
  ...issueRoutes,
  ...pullMergeRoutes,
  ...reviewRoutes,
  ...deploymentRoutes,
  ...dispatchRoutes,
];

export interface Match {
  readonly route: Route;
  readonly params: Call["params"];
  /** Names the operation in the audit log: `POST repos/git/refs`. */
  readonly operation: string;
}

const compiled = routes.map((route) => {
  const whole = route.scope === "root" ? route.pattern : `repos/{owner}/{repo}/${route.pattern}`;
  const pattern = whole.replace(/\/$/, "");
  return { route, expression: expressionOf(pattern), operation: operationOf(route, pattern) };
});

/** The route of a method and a decoded path without leading slash. */
export function findRoute(method: string, path: string): Match | undefined {
  for (const { route, expression, operation } of compiled) {
    if (route.method !== method) continue;
    const found = expression.exec(path);
    if (found !== null) return { route, params: { ...found.groups }, operation };
  }
  return undefined;
}

function expressionOf(pattern: string): RegExp {
  const source = pattern
    .replaceAll(/\{(\w+)\*\}/g, "(?<$1>.+)")
    .replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)");
  return new RegExp(`^${source}$`);
}

function operationOf(route: Route, pattern: string): string {
  return `${route.method} ${pattern.replaceAll(/\/\{\w+\*?\}/g, "")}`;
}
