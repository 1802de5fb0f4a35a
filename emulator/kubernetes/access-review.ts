import type { Cluster } from "../../shared/simulator/model.ts";
import type { Environment, WireReply, WireRequest } from "../service.ts";
import { allows, authorize, bearerOf } from "./authorization.ts";
import { parseObjectBody } from "./body.ts";
import { callerNamed, userInfo } from "./caller.ts";
import type { Caller } from "./caller.ts";
import { isJsonObject } from "./object.ts";
import type { JsonObject } from "./object.ts";
import { roleAllowsPath } from "./rbac.ts";
import { RESOURCES } from "./registry.ts";
import type { Target } from "./request-path.ts";
import { verbsOf } from "./resource.ts";
import { REVIEW_KINDS } from "./review-kinds.ts";
import type { ReviewKind } from "./review-kinds.ts";
import { badRequest, methodNotAllowed } from "./status.ts";

interface Review {
  readonly environment: Environment;
  readonly cluster: Cluster;
  readonly caller: Caller;
}

const REVIEWS: Readonly<Record<string, (review: Review, body: JsonObject) => JsonObject>> = {
  LocalSubjectAccessReview: reviewSubject,
  SelfSubjectAccessReview: ({ environment, cluster, caller }, { spec }) =>
    judge({ environment, cluster, caller }, spec),
  SelfSubjectReview: ({ caller }) => ({ userInfo: userInfo(caller) }),
  SelfSubjectRulesReview: reviewRules,
  SubjectAccessReview: reviewSubject,
  TokenReview: reviewToken,
};

/** Kinds about which others ask may be asked by those alone who may create them. */
const ABOUT_OTHERS = ["LocalSubjectAccessReview", "SubjectAccessReview", "TokenReview"];

/** `kubectl auth` and its like: who somebody is and what they may do, by the rule that requests are judged by. */
export function serveReview(
  review: Review,
  request: WireRequest,
  path: string,
): WireReply | undefined {
  const kind = REVIEW_KINDS.find((one) => pathOf(one).test(path));
  const answer = kind && REVIEWS[kind.kind];
  if (!answer) return undefined;
  if (request.method !== "POST") throw methodNotAllowed();
  if (ABOUT_OTHERS.includes(kind.kind)) {
    const { group, plural } = kind;
    const target = { group, plural, subresource: undefined, namespace: undefined };
    authorize(review.environment, review.cluster, { ...review, verb: "create", target });
  }
  const body = parseObjectBody(request);
  const spec = isJsonObject(body.spec) ? body.spec : {};
  const status = answer(review, { ...body, spec });
  const apiVersion = `${kind.group}/${kind.version}`;
  return { status: 201, body: { kind: kind.kind, apiVersion, metadata: {}, spec, status } };
}

function pathOf({ group, version, plural, namespaced }: ReviewKind): RegExp {
  const namespace = namespaced ? "namespaces/[^/]+/" : "";
  return new RegExp(`^/apis/${group}/${version}/${namespace}${plural}$`);
}

function reviewSubject({ environment, cluster }: Review, { spec }: JsonObject): JsonObject {
  const { user, groups } = isJsonObject(spec) ? spec : {};
  if (!user && !Array.isArray(groups)) {
    throw badRequest("spec.user: Required value: at least one of user or group must be specified");
  }
  const names = Array.isArray(groups) ? groups.map(String) : [];
  const caller = callerNamed(String(user ?? ""), names, environment.tokens.principals);
  return judge({ environment, cluster, caller }, spec);
}

function judge({ environment, cluster, caller }: Review, spec: unknown): JsonObject {
  const { resourceAttributes, nonResourceAttributes } = isJsonObject(spec) ? spec : {};
  if (isJsonObject(resourceAttributes)) {
    const { verb, target } = accessOf(resourceAttributes);
    return { allowed: allows(environment, cluster, { caller, verb, target }) };
  }
  if (!isJsonObject(nonResourceAttributes)) {
    throw badRequest(
      "spec: Invalid value: exactly one of nonResourceAttributes or resourceAttributes must be specified",
    );
  }
  const path = String(nonResourceAttributes.path ?? "");
  const isPublic = PUBLIC_PATHS.some((one) => path === one || path.startsWith(`${one}/`));
  const verb = String(nonResourceAttributes.verb ?? "");
  if (caller.kind === "administrator") return { allowed: true };
  if (isPublic && verb === "get") return { allowed: true };
  const isGranted = caller.kind === "user" && roleAllowsPath(cluster, caller.user, verb, path);
  return { allowed: isGranted };
}

function accessOf(given: JsonObject): { readonly verb: string; readonly target: Target } {
  const optional = (value: unknown): string | undefined => (value ? String(value) : undefined);
  return {
    verb: String(given.verb ?? ""),
    target: {
      group: String(given.group ?? ""),
      plural: String(given.resource ?? ""),
      subresource: optional(given.subresource),
      namespace: optional(given.namespace),
      name: optional(given.name),
    },
  };
}

const PUBLIC_PATHS = ["/api", "/apis", "/healthz", "/livez", "/openapi", "/readyz", "/version"];

function reviewRules({ environment, cluster, caller }: Review, body: JsonObject): JsonObject {
  const spec = isJsonObject(body.spec) ? body.spec : {};
  const namespace = spec.namespace ? String(spec.namespace) : undefined;
  const resourceRules = RESOURCES.map((resource) => {
    const { group, plural } = resource;
    const target: Target = { group, plural, subresource: undefined, namespace };
    const verbs = verbsOf(resource).filter((verb) =>
      allows(environment, cluster, { caller, verb, target }),
    );
    return { verbs, apiGroups: [group], resources: [plural] };
  });
  // A kind of several versions is one resource.
  const keys = resourceRules.map(({ apiGroups, resources }) => `${apiGroups[0]}/${resources[0]}`);
  return {
    resourceRules: resourceRules.filter(
      ({ verbs }, index) => verbs.length > 0 && keys.indexOf(keys[index] ?? "") === index,
    ),
    nonResourceRules: [{ verbs: ["get"], nonResourceURLs: PUBLIC_PATHS }],
    incomplete: false,
  };
}

function reviewToken({ environment, cluster }: Review, { spec }: JsonObject): JsonObject {
  const token = isJsonObject(spec) ? String(spec.token ?? "") : "";
  const request: WireRequest = {
    method: "GET",
    path: "/",
    query: new Map(),
    headers: { authorization: `Bearer ${token}` },
    body: Buffer.alloc(0),
    signal: AbortSignal.abort(),
  };
  const caller = bearerOf(environment, cluster, request);
  if (!caller) return { authenticated: false, error: "the token is not known or is over" };
  return { authenticated: true, user: userInfo(caller) };
}
