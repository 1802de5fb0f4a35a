import { clusterKey } from "../arm/ids.ts";
import type { ClusterSpec, Operation } from "../../shared/simulator/model.ts";
import { objectAt, objectsAt, textAt, withoutUndefined } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { page } from "../arm/paging.ts";
import { AKS_PRECONDITION, checkPreconditions } from "../arm/preconditions.ts";
import type { ArmRequest } from "../arm/provider.ts";
import { changing, invalid, methodNotAllowed } from "../arm/refusal.ts";
import type { WireReply } from "../service.ts";
import { applyAutoUpgrade, parseAutoUpgrade } from "./auto-upgrade.ts";
import { clusterEtag, renderCluster } from "./cluster-body.ts";
import { beginClusterChange } from "./cluster-change.ts";
import { clusterIds, clusterOperation, putHeaders, requireCluster } from "./context.ts";
import type { AksContext, ClusterTarget } from "./context.ts";
import { applyForceUpgrade } from "./force-upgrade.ts";
import { credentialsReply } from "./kubeconfig.ts";
import { defaultVersion, resolveVersion } from "./kubernetes-versions.ts";
import { knownFields } from "./pool-previews.ts";
import { poolSpec, rememberPool } from "./pools.ts";
import { runCommand } from "./run-command.ts";

/** Source: learn.microsoft.com, naming rules for managedClusters */
const NAME = /^[a-zA-Z0-9]$|^[a-zA-Z0-9][-_a-zA-Z0-9]{0,61}[a-zA-Z0-9]$/;

export function handleClusters(context: AksContext, request: ArmRequest): WireReply {
  if (request.segments[0]?.[1] === undefined) return listClusters(context, request);
  if (request.method === "POST") return actOnCluster(context, request);
  switch (request.method) {
    case "GET":
      return {
        status: 200,
        body: renderCluster(context, request, requireCluster(context, request)),
      };
    case "PUT":
      return putCluster(context, request);
    case "PATCH":
      return patchTags(context, request);
    case "DELETE":
      return deleteCluster(context, request);
    default:
      throw methodNotAllowed(request.method);
  }
}

function listClusters(context: AksContext, request: ArmRequest): WireReply {
  if (request.method !== "GET") throw methodNotAllowed(request.method);
  const { world, origin } = context.environment;
  const group = request.resourceGroup;
  const prefix = clusterKey(request.subscription, group ?? "", "");
  const scope = group === undefined ? prefix.split("/resourcegroups/")[0] : prefix;
  const found = [...world.clusters]
    .filter(([key]) => key.startsWith(`${scope}/`))
    .map(([key, cluster]) => renderCluster(context, request, { id: idOf(context, key), cluster }));
  return page(request, found, { origin: origin() });
}

/** The id of a cluster in the case of its creation. */
export function idOf(context: AksContext, key: string): string {
  return context.clusters.get(key)?.id ?? key;
}

function putCluster(context: AksContext, request: ArmRequest): WireReply {
  const { id, key, name } = clusterIds(request);
  if (!NAME.test(name)) throw invalid(`The cluster name '${name}' is invalid.`);
  const cluster = context.environment.world.clusters.get(key);
  const etag = cluster && clusterEtag(context, { id, cluster });
  checkPreconditions(request.wire.headers, etag, AKS_PRECONDITION);
  return cluster
    ? updateCluster(context, request, { id: idOf(context, key), cluster })
    : createCluster(context, request, { id, key, name });
}

function createCluster(
  context: AksContext,
  request: ArmRequest,
  { id, key, name }: { readonly id: string; readonly key: string; readonly name: string },
): WireReply {
  const { world } = context.environment;
  const location = textAt(request.body, "location");
  if (location === undefined) {
    throw invalid("The location property is required for this definition.", "LocationRequired");
  }
  const properties = objectAt(request.body, "properties");
  const profiles = profilesOf(request, properties);
  if (profiles.length === 0) throw invalid("At least one agent pool profile is required.");
  const asked = textAt(properties, "kubernetesVersion");
  const supported = world.kubernetesVersions;
  const kubernetesVersion =
    asked === undefined ? defaultVersion(supported) : resolveVersion(supported, asked);
  const spec: ClusterSpec = {
    id: key,
    name,
    region: location.toLowerCase().replaceAll(" ", ""),
    kubernetesVersion,
    pools: profiles.map((profile, index) =>
      poolSpec(context, {
        name: textAt(profile, "name")?.toLowerCase() ?? "",
        properties: profile,
        controlPlane: kubernetesVersion,
        defaultMode: index === 0 ? "System" : "User",
      }),
    ),
    ready: false,
  };
  if (!spec.pools.some(({ mode }) => mode === "System")) {
    throw invalid("There has to be at least one system agent pool.");
  }
  const body = withAutoUpgrade(request.body);
  parseAutoUpgrade(objectAt(body, "properties"));
  const cluster = changing(() => world.addCluster(spec));
  applyAutoUpgrade(cluster, objectAt(body, "properties"));
  applyForceUpgrade(cluster, objectAt(body, "properties"));
  // A namesake that was deleted leaves nothing behind.
  for (const store of [context.clusters, context.pools, context.maintenance]) store.deleteTree(id);
  rememberCluster(context, request, id, body);
  rememberProfiles(context, request, id, profiles);
  const creation = [...cluster.operations.values()].at(-1);
  const headers = creation
    ? putHeaders(context, request, clusterOperation(request, cluster, [creation]))
    : {};
  return { status: 201, headers, body: renderCluster(context, request, { id, cluster }) };
}

function profilesOf({ apiVersion }: ArmRequest, properties: JsonObject): readonly JsonObject[] {
  return objectsAt(properties, "agentPoolProfiles").map((one) => knownFields(one, apiVersion));
}

/** A cluster that asks for nothing gets AKS's own node image channel: it would move a pinned image. */
function withAutoUpgrade(body: JsonObject): JsonObject {
  const properties = objectAt(body, "properties");
  const autoUpgradeProfile = {
    nodeOSUpgradeChannel: "NodeImage",
    ...objectAt(properties, "autoUpgradeProfile"),
  };
  return { ...body, properties: { ...properties, autoUpgradeProfile } };
}

function rememberCluster(
  context: AksContext,
  request: ArmRequest,
  id: string,
  body: JsonObject,
): void {
  const at = context.environment.pacer.now();
  context.clusters.put({ id, body, at, by: request.principal.clientId });
}

function rememberProfiles(
  context: AksContext,
  request: ArmRequest,
  id: string,
  profiles: readonly JsonObject[],
): void {
  for (const profile of profiles) {
    const name = textAt(profile, "name")?.toLowerCase() ?? "";
    const { name: _name, ...properties } = profile;
    rememberPool(context, request, `${id}/agentPools/${name}`, properties);
  }
}

function updateCluster(context: AksContext, request: ArmRequest, target: ClusterTarget): WireReply {
  const properties = objectAt(request.body, "properties");
  const profiles = profilesOf(request, properties);
  const before = context.clusters.get(target.id)?.body ?? {};
  const known = objectAt(before, "properties");
  const merged = { ...known, ...properties, ...keptChannels(known, properties) };
  parseAutoUpgrade(merged);
  applyForceUpgrade(target.cluster, merged);
  const begun = beginOr(
    () => applyForceUpgrade(target.cluster, known),
    () => beginClusterChange(context, target, properties, profiles),
  );
  applyAutoUpgrade(target.cluster, merged);
  rememberCluster(context, request, target.id, { ...before, ...request.body, properties: merged });
  rememberProfiles(context, request, target.id, profiles);
  const tracked = clusterOperation(request, target.cluster, [begun]);
  return {
    status: 200,
    headers: putHeaders(context, request, tracked),
    body: renderCluster(context, request, target),
  };
}

/** A PUT that is refused changes nothing: what was set for its sake is set back. */
function beginOr(takeBack: () => void, begin: () => Operation): Operation {
  try {
    return begin();
  } catch (error) {
    takeBack();
    throw error;
  }
}

/** A caller whose api-version does not know a channel does not reset it. */
function keptChannels(known: JsonObject, properties: JsonObject): JsonObject {
  if (!("autoUpgradeProfile" in properties)) return {};
  const profiles = [known, properties].map((from) => objectAt(from, "autoUpgradeProfile"));
  return { autoUpgradeProfile: { ...profiles[0], ...profiles[1] } };
}

function patchTags(context: AksContext, request: ArmRequest): WireReply {
  const target = requireCluster(context, request);
  const before = context.clusters.get(target.id)?.body ?? {};
  // null takes all tags away; a body without them leaves them as they are.
  const tags = "tags" in request.body ? { tags: request.body["tags"] ?? undefined } : {};
  const body = withoutUndefined({ ...before, ...tags });
  rememberCluster(context, request, target.id, body);
  return { status: 200, body: renderCluster(context, request, target) };
}

function deleteCluster(context: AksContext, request: ArmRequest): WireReply {
  const { key } = clusterIds(request);
  const cluster = context.environment.world.clusters.get(key);
  if (!cluster) return { status: 204 };
  const etag = clusterEtag(context, { id: idOf(context, key), cluster });
  checkPreconditions(request.wire.headers, etag, AKS_PRECONDITION);
  const operation = changing(() => cluster.delete());
  const tracked = clusterOperation(request, cluster, [operation]);
  return { status: 202, headers: context.operations.track(tracked, request.apiVersion) };
}

function actOnCluster(context: AksContext, request: ArmRequest): WireReply {
  const target = requireCluster(context, request);
  switch (request.action) {
    case "listclusterusercredential":
    case "listclustermonitoringusercredential":
    case "listclusteradmincredential":
      return credentialsReply(context, request, target);
    case "start":
      return beginAction(context, request, target, () => target.cluster.start());
    case "stop":
      return beginAction(context, request, target, () => target.cluster.stop());
    case "abort":
      return beginAction(context, request, target, () => target.cluster.abort());
    // New certificates, keys and secrets reach the nodes; what they run stays.
    case "rotateclustercertificates":
    case "rotateserviceaccountsigningkeys":
    case "resetserviceprincipalprofile":
    case "resetaadprofile":
      return beginAction(context, request, target, () => target.cluster.reconcile());
    case "runcommand":
      return runCommand(context, request, target);
    default:
      throw methodNotAllowed(`POST ${request.action ?? ""}`);
  }
}

function beginAction(
  context: AksContext,
  request: ArmRequest,
  target: ClusterTarget,
  begin: () => Operation,
): WireReply {
  const operation = changing(begin);
  const result = (): WireReply => ({ status: 200, body: renderCluster(context, request, target) });
  const tracked = clusterOperation(request, target.cluster, [operation], result);
  return { status: 202, headers: context.operations.track(tracked, request.apiVersion) };
}
