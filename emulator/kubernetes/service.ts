import { SECOND } from "../../shared/core/duration.ts";
import type { Cluster } from "../../shared/simulator/model.ts";
import type { Environment, Service, WireReply, WireRequest } from "../service.ts";
import { serveReview } from "./access-review.ts";
import { authenticate, authorize } from "./authorization.ts";
import { bindPod } from "./binding.ts";
import type { Verb } from "./authorization.ts";
import { userInfo } from "./caller.ts";
import type { Caller } from "./caller.ts";
import { deleteCollection, deleteObject } from "./delete.ts";
import { serveDiscovery, servePublicInfo } from "./discovery.ts";
import { evictPod } from "./eviction.ts";
import { Journals } from "./journals.ts";
import { objectKey } from "./object.ts";
import { serveOpenApi } from "./open-api.ts";
import { getObject, listObjects } from "./read.ts";
import { findResource, otherVersions } from "./registry.ts";
import { serveContainers } from "./containers.ts";
import { pathByToken } from "./path-by-token.ts";
import { parseClusterPath, parseResourcePath } from "./request-path.ts";
import type { ClusterPath, ResourcePath } from "./request-path.ts";
import { serveScale } from "./scale.ts";
import { serveTokenRequest } from "./service-account-tokens.ts";
import { serveStatus } from "./status-subresource.ts";
import {
  KubernetesError,
  failureStatus,
  methodNotAllowed,
  toKubernetesError,
  unknownPath,
} from "./status.ts";
import { watchObjects } from "./watch.ts";
import { createObject, patchObject, replaceObject } from "./write.ts";
import type { WriteRequest } from "./write.ts";

/**
 * The Kubernetes API of every simulated cluster, under `/clusters/<subscription>/<group>/<name>`.
 * A caller shows an Entra token for the AKS server application, whose principal needs the Azure data
 * action behind each verb, or the token of the cluster's administrator.
 */
export function createKubernetesService(environment: Environment): Service {
  const journals = new Journals(environment);
  return {
    handle: (request) => {
      const path = parseClusterPath(request.path) ?? pathByToken(environment, request);
      return path && serve({ environment, journals, request, path });
    },
  };
}

interface Call {
  readonly environment: Environment;
  readonly journals: Journals;
  readonly request: WireRequest;
  readonly path: ClusterPath;
}

function serve(call: Call): WireReply {
  const audited: Audited = { operation: call.request.method, principal: undefined };
  const reply = answer(call, audited);
  const { method, path } = call.request;
  call.environment.audit.record({
    service: "kubernetes",
    method,
    operation: audited.operation,
    path,
    status: reply.status,
    principal: audited.principal,
    write: !["GET", "HEAD", "OPTIONS"].includes(method),
  });
  return reply;
}

interface Audited {
  operation: string;
  principal: string | undefined;
}

function answer(call: Call, audited: Audited): WireReply {
  try {
    // Reading the clock lets the world catch up.
    call.environment.pacer.now();
    return serveCluster(call, audited);
  } catch (thrown) {
    const error = toKubernetesError(thrown);
    return { status: error.code, body: failureStatus(error) };
  }
}

function serveCluster(call: Call, audited: Audited): WireReply {
  const { environment, request, path } = call;
  const cluster = environment.world.clusters.get(path.clusterKey);
  if (!cluster) throw unknownPath();
  if (cluster.powerState === "Stopped") throw stopped(cluster);
  const publicInfo = servePublicInfo(cluster, path.path, request.query);
  if (publicInfo) return publicInfo;
  const caller = authenticate(environment, cluster, request);
  audited.principal = caller.kind === "administrator" ? "administrator" : userInfo(caller).username;
  const discovery =
    request.method === "GET" &&
    (serveDiscovery(request, path.path) ?? serveOpenApi(request, path.server, path.path));
  if (discovery) return discovery;
  const review = serveReview({ environment, cluster, caller }, request, path.path);
  if (review) return review;
  const resourcePath = parseResourcePath(path.path);
  if (resourcePath) return serveResource(call, { cluster, caller, audited, path: resourcePath });
  throw unknownPath();
}

/** Azure takes the API server of a stopped cluster away altogether. */
function stopped(cluster: Cluster): KubernetesError {
  const message = `the cluster ${cluster.name} is stopped`;
  return new KubernetesError(503, "ServiceUnavailable", message);
}

/** How long a controller takes to finish something; a second of the client's time at least, which may send more. */
const CONTROLLER_MILLISECONDS = 5 * SECOND;

interface ResourceCall {
  readonly cluster: Cluster;
  readonly caller: Caller;
  readonly audited: Audited;
  readonly path: ResourcePath;
}

function serveResource(call: Call, { cluster, caller, audited, path }: ResourceCall): WireReply {
  const { environment, journals, request } = call;
  const resource = findResource(path.group, path.version, path.plural);
  const verb = verbOf(request, path);
  const { subresource, namespace } = path;
  const name = [path.plural, ...(subresource === undefined ? [] : [subresource])].join("/");
  audited.operation = `${verb.toUpperCase()} ${name}`;
  if (!resource || (namespace !== undefined && !resource.namespaced)) throw unknownPath();
  authorize(environment, cluster, { caller, verb, target: { ...path } });
  const now = (): number => environment.world.now;
  const journal = journals.open(cluster, resource);
  const later = (task: () => void): void => {
    const { pacer } = environment;
    const delay = Math.max(CONTROLLER_MILLISECONDS, pacer.factor * SECOND);
    pacer.at(pacer.now() + delay, () => {
      task();
      journal.refresh();
    });
  };
  // Other versions of the kind find out at the same time, so that they tell the same of an object.
  const siblings = otherVersions(resource).map((one) => journals.open(cluster, one));
  const write: WriteRequest = { request, cluster, journal, namespace, now, later, warnings: [] };
  const reply =
    subresource === undefined
      ? serveVerb(verb, write, path)
      : serveSubresource(environment, write, path);
  for (const sibling of siblings) sibling.refresh();
  return reply;
}

function verbOf({ method, query }: WireRequest, { name }: ResourcePath): Verb {
  switch (method) {
    case "GET":
    case "HEAD":
      if (/^(true|1)$/.test(query.get("watch") ?? "")) return "watch";
      return name === undefined ? "list" : "get";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return name === undefined ? "deletecollection" : "delete";
    default:
      throw methodNotAllowed();
  }
}

function serveVerb(verb: Verb, write: WriteRequest, path: ResourcePath): WireReply {
  const { name, namespace } = path;
  if (verb === "watch" && write.journal.resource.unwatched !== true) {
    return watchObjects(write, name);
  }
  if (verb === "list") return listObjects(write);
  if (write.journal.resource.namespaced && namespace === undefined) throw methodNotAllowed();
  if (verb === "deletecollection") return deleteCollection(write);
  if (verb === "create") {
    if (name !== undefined) throw methodNotAllowed();
    return createObject(write);
  }
  if (name === undefined) throw methodNotAllowed();
  switch (verb) {
    case "get":
      return getObject(write, objectKey(namespace, name), name);
    case "update":
      return replaceObject(write, name);
    case "patch":
      return patchObject(write, name);
    case "delete":
      return deleteObject(write, name);
    default:
      throw methodNotAllowed();
  }
}

function serveSubresource(
  environment: Environment,
  write: WriteRequest,
  { name, namespace, subresource = "" }: ResourcePath,
): WireReply {
  const { resource } = write.journal;
  const known = resource.subresources.some((candidate) => candidate.name === subresource);
  if (!known || name === undefined) throw unknownPath();
  if (resource.namespaced && namespace === undefined) throw unknownPath();
  if (subresource === "status") return serveStatus(write, name);
  if (subresource === "scale") return serveScale(write, name);
  if (subresource === "binding") return bindPod(write, name);
  if (subresource === "token") return serveTokenRequest(environment, write, name);
  if (subresource !== "eviction") return serveContainers(write, subresource, name);
  if (write.request.method !== "POST") throw methodNotAllowed();
  return evictPod(write, name);
}
