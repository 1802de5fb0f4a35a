import type { ArmRequest } from "../arm/provider.ts";
import { invalid, methodNotAllowed, notFound } from "../arm/refusal.ts";
import type { WireReply } from "../service.ts";
import { requireCluster } from "./context.ts";
import type { AksContext } from "./context.ts";

/** Types that AKS has and of which a simulated cluster never has any: clients list them beside the rest. */
const OF_CLUSTER = new Set([
  "identitybindings",
  "jwtauthenticators",
  "loadbalancers",
  "managednamespaces",
  "meshmemberships",
  "meshupgradeprofiles",
  "outboundnetworkdependenciesendpoints",
  "privateendpointconnections",
  "privatelinkresources",
  "trustedaccessrolebindings",
]);
const OF_LOCATION = new Set([
  "guardrailsversions",
  "meshrevisionprofiles",
  "safeguardsversions",
  "trustedaccessroles",
]);

/** A preview: of a cluster's settings, not of a pool's image. */
const CLUSTER_SNAPSHOTS = "managedclustersnapshots";

/** Undefined: a type that is not among them. */
export function absentTypeReply(context: AksContext, request: ArmRequest): WireReply | undefined {
  const [[parent, first] = [], [type, name] = [""], ...more] = request.segments;
  if (parent === CLUSTER_SNAPSHOTS) return clusterSnapshotReply(request, first);
  if (more.length > 0) return undefined;
  const isOfCluster = parent === "managedclusters" && OF_CLUSTER.has(type);
  if (!isOfCluster && !(parent === "locations" && OF_LOCATION.has(type))) return undefined;
  if (isOfCluster) requireCluster(context, request);
  return noneOf(request, name);
}

function clusterSnapshotReply(request: ArmRequest, name: string | undefined): WireReply {
  if (request.method === "PUT") {
    const message = "Snapshots of whole clusters are not taken here: take one of a node pool.";
    throw invalid(message, "NotSupported");
  }
  return noneOf(request, name);
}

function noneOf(request: ArmRequest, name: string | undefined): WireReply {
  if (request.method === "DELETE" && name !== undefined) return { status: 204 };
  if (request.method !== "GET") throw methodNotAllowed(request.method);
  if (name !== undefined) throw notFound(request.wire.path);
  return { status: 200, body: { value: [] } };
}
