import type { WireReply } from "../service.ts";
import { objectKey } from "./object.ts";
import { KubernetesError, methodNotAllowed, notFound } from "./status.ts";
import type { WriteRequest } from "./write.ts";

/**
 * What needs a container. The simulated world runs none: a log is there and empty, as that of a container
 * that says nothing; `exec`, `attach`, `port-forward` and `debug` are told so.
 */
export function serveContainers(write: WriteRequest, subresource: string, name: string): WireReply {
  const { journal, namespace, request } = write;
  if (!journal.get(objectKey(namespace, name))) throw notFound(journal.resource, name);
  if (subresource !== "log") throw nothingRuns(subresource, name);
  if (request.method !== "GET") throw methodNotAllowed();
  return { status: 200, body: "" };
}

function nothingRuns(subresource: string, name: string): KubernetesError {
  const consequence =
    subresource === "ephemeralcontainers"
      ? `none can be added to ${name}`
      : `there is nothing to ${subresource} to in ${name}`;
  const message = `the pods of this cluster run no containers: ${consequence}`;
  return new KubernetesError(501, "NotImplemented", message);
}
