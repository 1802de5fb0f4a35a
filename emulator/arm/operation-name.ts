import type { ResourceTarget } from "./request.ts";

/** Types in the case of the documents: a caller may spell them in any. */
const TYPE_NAMES = [
  "managedClusters",
  "agentPools",
  "upgradeProfiles",
  "availableAgentPoolVersions",
  "maintenanceConfigurations",
  "machines",
  "commandResults",
  "snapshots",
  "fleets",
  "members",
  "updateRuns",
  "updateStrategies",
  "autoUpgradeProfiles",
  "gates",
  "kubernetesVersions",
  "orchestrators",
  "locations",
  "usages",
  "virtualNetworks",
  "subnets",
  "topics",
  "topicTypes",
  "systemTopics",
  "eventSubscriptions",
  "tags",
  "deployments",
  "roleAssignments",
  "roleDefinitions",
  "locks",
  "vmSizes",
  "userAssignedIdentities",
  "federatedIdentityCredentials",
];
const ACTION_NAMES = [
  "upgradeNodeImageVersion",
  "deleteMachines",
  "abort",
  "runCommand",
  "start",
  "stop",
  "skip",
  "generateUpdateRun",
  "listClusterUserCredential",
  "listClusterAdminCredential",
  "listCredentials",
  "rotateClusterCertificates",
  "rotateServiceAccountSigningKeys",
  "resetServicePrincipalProfile",
  "resetAADProfile",
  "listKeys",
  "regenerateKey",
];
const PROPER = new Map([...TYPE_NAMES, ...ACTION_NAMES].map((name) => [name.toLowerCase(), name]));

function proper(name: string): string {
  return PROPER.get(name.toLowerCase()) ?? name;
}

/** The name for audit and counts: `PUT fleets/updateRuns`, `LIST managedClusters`, `POST agentPools/abort`. */
export function operationName(method: string, target: ResourceTarget): string {
  const types = target.segments.map(([type]) => proper(type));
  // A pool is known by its own name; nobody says "managedClusters/agentPools".
  const path = types[0] === "managedClusters" && types.length > 1 ? types.slice(1) : types;
  const isList = method === "GET" && target.segments.at(-1)?.[1] === undefined;
  const action = target.action === undefined ? [] : [proper(target.action)];
  return `${isList ? "LIST" : method} ${[...path, ...action].join("/")}`;
}

/** The action that a role must hold, as `Microsoft.ContainerService/fleets/updateRuns/start/action`. */
export function requiredAction(method: string, target: ResourceTarget): string {
  const types = target.segments.map(([type]) => proper(type)).join("/");
  return `${properNamespace(target.namespace)}/${types}/${verb(method, target.action)}`;
}

function verb(method: string, action: string | undefined): string {
  if (method === "GET" || method === "HEAD") return "read";
  if (method === "DELETE") return "delete";
  if (method === "POST") return action === undefined ? "action" : `${proper(action)}/action`;
  return "write";
}

function properNamespace(namespace: string): string {
  const known = [
    "Microsoft.ContainerService",
    "Microsoft.Network",
    "Microsoft.EventGrid",
    "Microsoft.Resources",
    "Microsoft.Authorization",
    "Microsoft.Compute",
    "Microsoft.ManagedIdentity",
  ];
  return known.find((name) => name.toLowerCase() === namespace.toLowerCase()) ?? namespace;
}
