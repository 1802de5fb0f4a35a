import { objectsAt, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import type { ArmRequest, ResourceProvider } from "../arm/provider.ts";
import type { ResourceGroups } from "../arm/resource-groups.ts";
import { listAll } from "../arm/resource-list.ts";
import { subscriptionBody, TRACKED_TYPES } from "../arm/subscription.ts";
import { requiredAction } from "../arm/operation-name.ts";
import { parseArmPath } from "../arm/request.ts";
import type { Environment } from "../service.ts";
import type { Row } from "./evaluate.ts";

const CONTAINER_SERVICE = "Microsoft.ContainerService";
/** What a fleet has; the table `aksresources` of Azure has no more of AKS. */
const OF_FLEET = ["members", "updateRuns", "updateStrategies", "gates", "autoUpgradeProfiles"];
/** Tables that Azure has, and of which nothing is here. */
const EMPTY_TABLES = [
  "advisorresources",
  "alertsmanagementresources",
  "containerserviceeventresources",
  "extensionresources",
  "healthresources",
  "maintenanceresources",
  "patchassessmentresources",
  "policyresources",
  "quotaresources",
  "securityresources",
  "servicehealthresources",
];
export const TABLES = ["resources", "resourcecontainers", "aksresources", ...EMPTY_TABLES];

export interface RowsOptions {
  readonly environment: Environment;
  readonly providers: readonly ResourceProvider[];
  readonly groups: ResourceGroups;
}

/** The rows of a table that the caller may read. `request` is one of the caller's, below the subscription. */
export async function rowsOf(
  options: RowsOptions,
  table: string,
  request: ArmRequest,
): Promise<readonly Row[]> {
  const { tokens } = options.environment;
  const all = await everyRow(options, table, request);
  return all.filter((row) => {
    const id = String(row["id"]);
    const target = parseArmPath(id, "GET");
    const action =
      target.kind === "resource"
        ? requiredAction("GET", target)
        : "Microsoft.Resources/subscriptions/resourceGroups/read";
    return tokens.allows(request.principal, action, id);
  });
}

function everyRow(
  options: RowsOptions,
  table: string,
  request: ArmRequest,
): Promise<readonly Row[]> | readonly Row[] {
  switch (table) {
    case "resources":
      return trackedResources(options, request);
    case "resourcecontainers":
      return containers(options, request);
    case "aksresources":
      return partsOfFleets(options, request);
    default:
      return [];
  }
}

async function trackedResources(
  options: RowsOptions,
  request: ArmRequest,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const [namespace, types] of Object.entries(TRACKED_TYPES)) {
    for (const type of types) {
      const found = await listAll(providerOf(options, namespace), { ...request, namespace }, [
        [type, undefined],
      ]);
      rows.push(...found.map((one) => rowOf(options, one, `${namespace}/${type}`)));
    }
  }
  return rows;
}

async function partsOfFleets(options: RowsOptions, request: ArmRequest): Promise<readonly Row[]> {
  const provider = providerOf(options, CONTAINER_SERVICE);
  const asked = { ...request, namespace: CONTAINER_SERVICE };
  const rows: Row[] = [];
  for (const fleet of await listAll(provider, asked, [["fleets", undefined]])) {
    const resourceGroup = textAt(fleet, "id")?.split("/")[4];
    for (const type of OF_FLEET) {
      const found = await listAll(provider, { ...asked, resourceGroup }, [
        ["fleets", textAt(fleet, "name")],
        [type, undefined],
      ]);
      rows.push(...found.map((one) => rowOf(options, one, `${CONTAINER_SERVICE}/fleets/${type}`)));
    }
  }
  return rows;
}

function containers(options: RowsOptions, { subscription }: ArmRequest): readonly Row[] {
  const { tenant } = options.environment;
  const { displayName, ...properties } = subscriptionBody(subscription, tenant);
  const own = { id: `/subscriptions/${subscription}`, name: displayName, properties };
  const groups = objectsAt(options.groups.list(undefined).body as JsonObject, "value");
  return [
    rowOf(options, own, "Microsoft.Resources/subscriptions"),
    ...groups.map((group) =>
      rowOf(options, group, "Microsoft.Resources/subscriptions/resourceGroups"),
    ),
  ];
}

function providerOf({ providers }: RowsOptions, namespace: string): ResourceProvider {
  const wanted = namespace.toLowerCase();
  const provider = providers.find((one) => one.namespace.toLowerCase() === wanted);
  if (!provider) throw new Error(`no provider of ${namespace}`);
  return provider;
}

/** The columns of Resource Graph: types and groups in lower case. */
function rowOf({ environment }: RowsOptions, resource: JsonObject, type: string): Row {
  const id = String(resource["id"]);
  const [, , subscriptionId, , resourceGroup = ""] = id.split("/");
  const { name, location = "", kind = "", sku = null, tags = null, identity = null } = resource;
  return {
    id,
    name,
    type: type.toLowerCase(),
    tenantId: environment.tenant,
    kind,
    location,
    resourceGroup: resourceGroup.toLowerCase(),
    subscriptionId,
    managedBy: "",
    sku,
    plan: null,
    properties: resource["properties"] ?? {},
    tags,
    identity,
    zones: null,
    extendedLocation: null,
  };
}
