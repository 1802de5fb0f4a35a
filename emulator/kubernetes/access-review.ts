import type { Environment, WireReply, WireRequest } from "../service.ts";
import { allows } from "./authorization.ts";
import type { Caller, Target } from "./authorization.ts";
import { parseObjectBody } from "./body.ts";
import { isJsonObject } from "./object.ts";
import type { JsonObject } from "./object.ts";
import { RESOURCES } from "./registry.ts";
import { verbsOf } from "./resource.ts";
import { badRequest } from "./status.ts";

interface Review {
  readonly environment: Environment;
  readonly clusterId: string;
  readonly caller: Caller;
}

const REVIEWS: Readonly<Record<string, (review: Review, body: JsonObject) => JsonObject>> = {
  "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews": reviewAccess,
  "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews": reviewRules,
  "/apis/authentication.k8s.io/v1/selfsubjectreviews": reviewSelf,
};

/** `kubectl auth`: who the caller is and what it may do, by the rule that requests are judged by. */
export function serveReview(
  review: Review,
  request: WireRequest,
  path: string,
): WireReply | undefined {
  const answer = REVIEWS[path];
  if (!answer || request.method !== "POST") return undefined;
  return { status: 201, body: answer(review, parseObjectBody(request)) };
}

function reviewAccess({ environment, clusterId, caller }: Review, body: JsonObject): JsonObject {
  const spec = isJsonObject(body.spec) ? body.spec : {};
  const attributes = spec.resourceAttributes;
  if (!isJsonObject(attributes)) {
    throw badRequest("spec.resourceAttributes: Required value: this server reviews resources only");
  }
  const target = {
    group: String(attributes.group ?? ""),
    plural: String(attributes.resource ?? ""),
    subresource: attributes.subresource ? String(attributes.subresource) : undefined,
    namespace: attributes.namespace ? String(attributes.namespace) : undefined,
  };
  const verb = String(attributes.verb ?? "");
  const allowed = allows(environment, clusterId, { caller, verb, target });
  return {
    kind: "SelfSubjectAccessReview",
    apiVersion: "authorization.k8s.io/v1",
    metadata: {},
    spec,
    status: { allowed },
  };
}

const PUBLIC_PATHS = ["/api", "/apis", "/healthz", "/livez", "/openapi", "/readyz", "/version"];

function reviewRules({ environment, clusterId, caller }: Review, body: JsonObject): JsonObject {
  const resourceRules = RESOURCES.map((resource) => {
    const { group, plural } = resource;
    const target: Target = { group, plural, subresource: undefined, namespace: undefined };
    const verbs = verbsOf(resource).filter((verb) =>
      allows(environment, clusterId, { caller, verb, target }),
    );
    return { verbs, apiGroups: [group], resources: [plural] };
  });
  return {
    kind: "SelfSubjectRulesReview",
    apiVersion: "authorization.k8s.io/v1",
    metadata: {},
    spec: isJsonObject(body.spec) ? body.spec : {},
    status: {
      resourceRules: resourceRules.filter(({ verbs }) => verbs.length > 0),
      nonResourceRules: [{ verbs: ["get"], nonResourceURLs: PUBLIC_PATHS }],
      incomplete: false,
    },
  };
}

function reviewSelf({ caller }: Review): JsonObject {
  const userInfo =
    caller.kind === "administrator"
      ? { username: "masterclient", groups: ["system:masters", "system:authenticated"] }
      : { username: caller.principal.objectId, groups: ["system:authenticated"] };
  return {
    kind: "SelfSubjectReview",
    apiVersion: "authentication.k8s.io/v1",
    metadata: {},
    status: { userInfo },
  };
}
