import type { Environment, WireReply, WireRequest } from "../service.ts";
import { allows } from "./authorization.ts";
import type { Caller } from "./authorization.ts";
import { parseObjectBody } from "./body.ts";
import { isJsonObject } from "./object.ts";
import { badRequest } from "./status.ts";

export const ACCESS_REVIEW_PATH = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/** `kubectl auth can-i`: may the caller do this? Answered by the rule that requests are judged by. */
export function reviewAccess(
  environment: Environment,
  clusterId: string,
  caller: Caller,
  request: WireRequest,
): WireReply {
  const body = parseObjectBody(request);
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
    status: 201,
    body: {
      kind: "SelfSubjectAccessReview",
      apiVersion: "authorization.k8s.io/v1",
      metadata: {},
      spec,
      status: { allowed },
    },
  };
}
