import { clusterKey } from "../arm/ids.ts";
import type { Cluster, ClusterSpec, Operation } from "../../shared/simulator/model.ts";
import { objectAt, objectsAt, textAt, withoutUndefined } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { page } from "../arm/paging.ts";
import { AKS_PRECONDITION, checkPreconditions } from "../arm/preconditions.ts";
import type { ArmRequest } from "../arm/provider.ts";
import { changing, invalid, methodNotAllowed } from "../arm/refusal.ts";
import type { WireReply } from "../service.ts";
import { clusterEtag, renderCluster } from "./cluster-body.ts";
import { clusterIds, clusterOperation, putHeaders, requireCluster } from "./context.ts";
import type { AksContext, ClusterTarget } from "./context.ts";
import { credentialsReply } from "./kubeconfig.ts";
import { resolveVersion } from "./kubernetes-versions.ts";
import { addPool, changeOf, poolSpec, rememberPool } from "./pools.ts";

/** Source: learn.microsoft.com, naming rules for managedClusters */
const NAME = /^[a-zA-Z0-9]$|^[a-zA-Z0-9][-_a-zA-Z0-9]{0,61}[a-zA-Z0-9]$/;

export function handleClusters(context: AksContext, request: ArmRequest): WireReply {
  if (request.segments[0]?.[1] === undefined) return listClusters(context, request);
  if (request.method === "POST") return actOnCluster(context, request);
  switch (request.method) {
    case "GET":
      return { status: 200, body: renderCluster(context, requireCluster(context, request)) };
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
    .map(([key, cluster]) => renderCluster(context, { id: idOf(context, key), cluster }));
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
  const profiles = objectsAt(properties, "agentPoolProfiles");
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
  const cluster = changing(() => world.addCluster(spec));
  rememberCluster(context, request, id, withAutoUpgrade(request.body));
  rememberProfiles(context, request, id, profiles);
  const creation = [...cluster.operations.values()].at(-1);
  const headers = creation
    ? putHeaders(context, request, clusterOperation(request, cluster, [creation]))
    : {};
  return { status: 201, headers, body: renderCluster(context, { id, cluster }) };
}

/** The newest patch of the minor version before the newest, as AKS chooses. */
function defaultVersion(supported: readonly string[]): string {
  return supported.at(-2) ?? supported.at(-1) ?? "1.33.5";
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
  const profiles = objectsAt(properties, "agentPoolProfiles");
  const begun = beginUpdate(context, target, properties, profiles);
  const before = context.clusters.get(target.id)?.body ?? {};
  const merged = { ...objectAt(before, "properties"), ...properties };
  rememberCluster(context, request, target.id, { ...before, ...request.body, properties: merged });
  rememberProfiles(context, request, target.id, profiles);
  const tracked = clusterOperation(request, target.cluster, begun);
  return {
    status: 200,
    headers: putHeaders(context, request, tracked),
    body: renderCluster(context, target),
  };
}

/** A new version upgrades, changed or new pools are updated one by one, and any other PUT reconciles. */
function beginUpdate(
  context: AksContext,
  target: ClusterTarget,
  properties: JsonObject,
  profiles: readonly JsonObject[],
): readonly [Operation, ...Operation[]] {
  const { cluster } = target;
  const asked = textAt(properties, "kubernetesVersion");
  const supported = [...context.environment.world.kubernetesVersions, cluster.kubernetesVersion];
  const version =
    asked === undefined ? cluster.kubernetesVersion : resolveVersion(supported, asked);
  if (version !== cluster.kubernetesVersion) return [upgrade(cluster, version, profiles)];
  const [first, ...others] = profiles.flatMap((profile) => {
    const operation = beginProfile(context, target, profile);
    return operation ? [operation] : [];
  });
  return first ? [first, ...others] : [changing(() => cluster.reconcile())];
}

/** The control plane alone, unless the profiles ask for the new version too. */
function upgrade(cluster: Cluster, version: string, profiles: readonly JsonObject[]): Operation {
  const asked = profiles.map((profile) => textAt(profile, "orchestratorVersion"));
  const withPools = asked.some((one) => one !== undefined && version.startsWith(one));
  const type = withPools ? "Full" : "ControlPlaneOnly";
  return changing(() => cluster.upgrade({ type, kubernetesVersion: version }));
}

function beginProfile(
  context: AksContext,
  target: ClusterTarget,
  profile: JsonObject,
): Operation | undefined {
  const name = textAt(profile, "name")?.toLowerCase() ?? "";
  const pool = target.cluster.pools.get(name);
  if (!pool) return addPool(context, target, { name, properties: profile });
  const change = changeOf(context, pool, profile);
  if (Object.keys(change).length === 0) return undefined;
  return changing(() => target.cluster.updatePool(name, change));
}

function patchTags(context: AksContext, request: ArmRequest): WireReply {
  const target = requireCluster(context, request);
  const before = context.clusters.get(target.id)?.body ?? {};
  const body = withoutUndefined({ ...before, tags: request.body["tags"] });
  rememberCluster(context, request, target.id, body);
  return { status: 200, body: renderCluster(context, target) };
}

function deleteCluster(context: AksContext, request: ArmRequest): WireReply {
  const { key } = clusterIds(request);
  const cluster = context.environment.world.clusters.get(key);
  if (!cluster) return { status: 204 };
  const operation = changing(() => cluster.delete());
  const tracked = clusterOperation(request, cluster, [operation]);
  return { status: 202, headers: context.operations.track(tracked, request.apiVersion) };
}

function actOnCluster(context: AksContext, request: ArmRequest): WireReply {
  const target = requireCluster(context, request);
  switch (request.action) {
    case "listclusterusercredential":
    case "listclusteradmincredential":
      return credentialsReply(context, request, target);
    case "start":
      return beginPower(context, request, target, () => target.cluster.start());
    case "stop":
      return beginPower(context, request, target, () => target.cluster.stop());
    default:
      throw methodNotAllowed(`POST ${request.action ?? ""}`);
  }
}

function beginPower(
  context: AksContext,
  request: ArmRequest,
  target: ClusterTarget,
  begin: () => Operation,
): WireReply {
  const operation = changing(begin);
  const result = (): WireReply => ({ status: 200, body: renderCluster(context, target) });
  const tracked = clusterOperation(request, target.cluster, [operation], result);
  return { status: 202, headers: context.operations.track(tracked, request.apiVersion) };
}
