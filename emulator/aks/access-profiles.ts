import { objectsAt, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import type { ArmRequest } from "../arm/provider.ts";
import { methodNotAllowed, notFound } from "../arm/refusal.ts";
import type { WireReply } from "../service.ts";
import { requireCluster } from "./context.ts";
import type { AksContext } from "./context.ts";
import { credentialsReply } from "./kubeconfig.ts";

const ACTIONS: Readonly<Record<string, string>> = {
  clusteradmin: "listclusteradmincredential",
  clusteruser: "listclusterusercredential",
};

/** `POST accessProfiles/{role}/listCredential`, the older way to a kubeconfig. */
export function accessProfile(context: AksContext, request: ArmRequest): WireReply {
  const target = requireCluster(context, request);
  const role = request.segments[1]?.[1] ?? "";
  const action = ACTIONS[role.toLowerCase()];
  if (action === undefined) throw notFound(request.wire.path);
  if (request.method !== "POST" || request.action !== "listcredential") {
    throw methodNotAllowed(request.method);
  }
  const { body } = credentialsReply(context, { ...request, action }, target);
  const [kubeconfig = {}] = objectsAt(body as JsonObject, "kubeconfigs");
  const kubeConfig = textAt(kubeconfig, "value");
  return {
    status: 200,
    body: {
      id: `${target.id}/accessProfiles/${role}`,
      name: role,
      type: "Microsoft.ContainerService/managedClusters/accessProfiles",
      location: target.cluster.region,
      properties: { kubeConfig },
    },
  };
}
