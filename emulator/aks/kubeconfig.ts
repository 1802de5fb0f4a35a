import { stringify } from "yaml";
import { adminToken } from "../kubernetes/admin-token.ts";
import { objectAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import type { ArmRequest } from "../arm/provider.ts";
import { invalid } from "../arm/refusal.ts";
import type { WireReply } from "../service.ts";
import type { AksContext, ClusterTarget } from "./context.ts";

/** Application ids of the AKS server and client in every tenant. Source: learn.microsoft.com/azure/aks/kubelogin-authentication */
const AKS_SERVER_APP = "6dae42f8-4368-4678-94ff-3960e28e3630";
const AKS_CLIENT_APP = "80faf920-1908-4b52-b5ef-a8e7bedfc67a";

export function credentialsReply(
  context: AksContext,
  request: ArmRequest,
  target: ClusterTarget,
): WireReply {
  const isAdmin = request.action === "listclusteradmincredential";
  const stored = objectAt(context.clusters.get(target.id)?.body ?? {}, "properties");
  if (isAdmin && stored["disableLocalAccounts"] === true) {
    throw invalid(
      "Getting static credential is not allowed because this cluster is set to disable local accounts.",
      "BadRequest",
    );
  }
  const name = isAdmin ? "clusterAdmin" : "clusterUser";
  const user = isAdmin ? staticUser(context, target) : userOf(context, request, target, stored);
  const text = kubeconfig(context, request, target, { name, user });
  const value = Buffer.from(text).toString("base64");
  return { status: 200, body: { kubeconfigs: [{ name, value }] } };
}

/** Without Entra integration (and unless asked otherwise) a cluster hands out a static credential to users, too. */
function userOf(
  context: AksContext,
  request: ArmRequest,
  target: ClusterTarget,
  stored: JsonObject,
): JsonObject {
  const format = request.wire.query.get("format")?.toLowerCase();
  if (format === "azure") return azureUser(context);
  if (format === "exec" || "aadProfile" in stored) return execUser(context);
  return staticUser(context, target);
}

function staticUser(context: AksContext, { cluster }: ClusterTarget): JsonObject {
  return { token: adminToken(context.environment, cluster.id) };
}

function execUser(context: AksContext): JsonObject {
  return {
    exec: {
      apiVersion: "client.authentication.k8s.io/v1beta1",
      command: "kubelogin",
      args: [
        "get-token",
        "--environment",
        "AzurePublicCloud",
        "--server-id",
        AKS_SERVER_APP,
        "--client-id",
        AKS_CLIENT_APP,
        "--tenant-id",
        context.environment.tenant,
        "--login",
        "devicecode",
      ],
      env: null,
      provideClusterInfo: false,
    },
  };
}

function azureUser(context: AksContext): JsonObject {
  return {
    "auth-provider": {
      name: "azure",
      config: {
        "apiserver-id": AKS_SERVER_APP,
        "client-id": AKS_CLIENT_APP,
        "config-mode": "1",
        environment: "AzurePublicCloud",
        "tenant-id": context.environment.tenant,
      },
    },
  };
}

function kubeconfig(
  context: AksContext,
  request: ArmRequest,
  { id, cluster }: ClusterTarget,
  { name, user }: { readonly name: string; readonly user: JsonObject },
): string {
  const { origin, caPem } = context.environment;
  const resourceGroup = id.split("/")[4] ?? "";
  const userName = `${name}_${resourceGroup}_${cluster.name}`;
  const path = `${request.subscription}/${resourceGroup}/${cluster.name}`;
  return stringify({
    apiVersion: "v1",
    clusters: [
      {
        cluster: {
          "certificate-authority-data": Buffer.from(caPem).toString("base64"),
          server: `${origin()}/clusters/${path}`,
        },
        name: cluster.name,
      },
    ],
    // The administrator's context has the same name: az adds `-admin` when it merges.
    contexts: [{ context: { cluster: cluster.name, user: userName }, name: cluster.name }],
    "current-context": cluster.name,
    kind: "Config",
    preferences: {},
    users: [{ name: userName, user }],
  });
}
