import { guidFrom } from "../guid.ts";
import type { WireReply } from "../service.ts";
import { objectAt, objectsAt, textAt, textListAt } from "./json.ts";
import type { JsonObject } from "./json.ts";
import type { ArmRequest } from "./provider.ts";
import { invalid, methodNotAllowed, notFound } from "./refusal.ts";

export interface Role {
  readonly guid: string;
  readonly roleName: string;
  /** Actions and data actions in one: the emulator does not tell them apart. */
  readonly actions: readonly string[];
  readonly notActions?: readonly string[];
}

const ALERTS_AND_DEPLOYMENTS = ["Microsoft.Resources/deployments/*", "Microsoft.Resources/*/read"];

/** Ids of built-in roles in every tenant. Source: learn.microsoft.com/azure/role-based-access-control/built-in-roles */
const BUILT_IN: readonly Role[] = [
  { guid: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", roleName: "Owner", actions: ["*"] },
  {
    guid: "b24988ac-6180-42a0-ab88-20f7382dd24c",
    roleName: "Contributor",
    actions: ["*"],
    notActions: [
      "Microsoft.Authorization/*/Delete",
      "Microsoft.Authorization/*/Write",
      "Microsoft.Authorization/elevateAccess/Action",
    ],
  },
  { guid: "acdd72a7-3385-48ef-bd42-f606fba81ae7", roleName: "Reader", actions: ["*/read"] },
  {
    guid: "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
    roleName: "User Access Administrator",
    actions: ["*/read", "Microsoft.Authorization/*"],
  },
  {
    guid: "ed7f3fbd-7b88-4dd4-9017-9adb7ce333f8",
    roleName: "Azure Kubernetes Service Contributor Role",
    actions: [
      "Microsoft.ContainerService/locations/*",
      "Microsoft.ContainerService/managedClusters/*",
      "Microsoft.ContainerService/managedclustersnapshots/*",
      "Microsoft.ContainerService/snapshots/*",
      ...ALERTS_AND_DEPLOYMENTS,
    ],
  },
  {
    guid: "63bb64ad-9799-4770-b5c3-24ed299a07bf",
    roleName: "Azure Kubernetes Fleet Manager Contributor Role",
    actions: ["Microsoft.ContainerService/fleets/*", ...ALERTS_AND_DEPLOYMENTS],
  },
  {
    guid: "4abbcc35-e782-43d8-92c5-2d3f1bd2253f",
    roleName: "Azure Kubernetes Service Cluster User Role",
    actions: [
      "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action",
      "Microsoft.ContainerService/managedClusters/read",
    ],
  },
  {
    guid: "0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8",
    roleName: "Azure Kubernetes Service Cluster Admin Role",
    actions: [
      "Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action",
      "Microsoft.ContainerService/managedClusters/accessProfiles/listCredential/action",
      "Microsoft.ContainerService/managedClusters/read",
      "Microsoft.ContainerService/managedClusters/runcommand/action",
    ],
  },
  {
    guid: "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b",
    roleName: "Azure Kubernetes Service RBAC Cluster Admin",
    actions: [
      "Microsoft.ContainerService/managedClusters/*/read",
      "Microsoft.ContainerService/managedClusters/*/write",
      "Microsoft.ContainerService/managedClusters/*/delete",
      "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action",
    ],
  },
  {
    guid: "1e241071-0855-49ea-94dc-649edcd759de",
    roleName: "EventGrid Contributor",
    actions: ["Microsoft.EventGrid/*", ...ALERTS_AND_DEPLOYMENTS],
  },
  {
    guid: "d5a91429-5739-47e2-a06b-3470a27159e7",
    roleName: "EventGrid Data Sender",
    actions: ["Microsoft.EventGrid/topics/read", "Microsoft.EventGrid/events/send/action"],
  },
];

/** `Microsoft.Authorization/roleDefinitions`: the built-in ones that matter here, and those somebody made. */
export class Roles {
  readonly #byGuid = new Map(BUILT_IN.map((role) => [role.guid, role]));

  /** The role with exactly these actions: a built-in one, or a custom role made for them. */
  of(actions: readonly string[]): Role {
    const text = actions.join(", ");
    const known = BUILT_IN.find(
      (role) => role.notActions === undefined && role.actions.join(", ") === text,
    );
    const role = known ?? { guid: guidFrom(`role of ${text}`), roleName: text, actions };
    this.#byGuid.set(role.guid, role);
    return role;
  }

  /** By its id or GUID. */
  find(idOrGuid: string): Role | undefined {
    return this.#byGuid.get(idOrGuid.split("/").at(-1)?.toLowerCase() ?? "");
  }

  handle(request: ArmRequest): WireReply {
    const name = request.segments[0]?.[1]?.toLowerCase();
    if (name === undefined) return { status: 200, body: { value: this.#named(request) } };
    switch (request.method) {
      case "GET":
        return { status: 200, body: this.#render(request, this.#existing(request, name)) };
      case "PUT":
        return this.#put(request, name);
      case "DELETE": {
        const role = this.#byGuid.get(name);
        if (!role) return { status: 204 };
        if (BUILT_IN.includes(role)) throw invalid("A built-in role cannot be deleted.");
        this.#byGuid.delete(name);
        return { status: 200, body: this.#render(request, role) };
      }
      default:
        throw methodNotAllowed(request.method);
    }
  }

  #existing(request: ArmRequest, guid: string): Role {
    const role = this.#byGuid.get(guid);
    if (!role) throw notFound(request.wire.path);
    return role;
  }

  #put(request: ArmRequest, guid: string): WireReply {
    const properties = objectAt(request.body, "properties");
    const roleName = textAt(properties, "roleName");
    if (roleName === undefined) throw invalid("properties.roleName is required.");
    const before = this.#byGuid.get(guid);
    if (before && BUILT_IN.includes(before)) throw invalid("A built-in role cannot be changed.");
    const twin = [...this.#byGuid.values()].find((role) => role.roleName === roleName);
    if (twin && twin.guid !== guid) {
      throw invalid(
        `A role named '${roleName}' exists already.`,
        "RoleDefinitionWithSameNameExists",
      );
    }
    const role = { guid, roleName, ...permissionsIn(properties) };
    this.#byGuid.set(guid, role);
    return { status: 201, body: this.#render(request, role) };
  }

  #named(request: ArmRequest): readonly JsonObject[] {
    if (request.method !== "GET") throw methodNotAllowed(request.method);
    const filter = request.wire.query.get("$filter") ?? "";
    const wanted = /roleName eq '([^']*)'/i.exec(filter)?.[1]?.toLowerCase();
    const type = /type eq '([^']*)'/i.exec(filter)?.[1]?.toLowerCase();
    return [...this.#byGuid.values()]
      .filter(({ roleName }) => wanted === undefined || roleName.toLowerCase() === wanted)
      .filter((role) => type === undefined || typeOf(role).toLowerCase() === type)
      .map((role) => this.#render(request, role));
  }

  #render({ subscription }: ArmRequest, role: Role): JsonObject {
    const { roleName, actions, notActions = [] } = role;
    const isBuiltIn = BUILT_IN.includes(role);
    return {
      id: roleId(subscription, role),
      name: role.guid,
      type: "Microsoft.Authorization/roleDefinitions",
      properties: {
        roleName,
        type: typeOf(role),
        description: "",
        assignableScopes: [isBuiltIn ? "/" : `/subscriptions/${subscription}`],
        permissions: [{ actions, notActions, dataActions: [], notDataActions: [] }],
      },
    };
  }
}

export function roleId(subscription: string, { guid }: Role): string {
  return `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/${guid}`;
}

function typeOf(role: Role): string {
  return BUILT_IN.includes(role) ? "BuiltInRole" : "CustomRole";
}

function permissionsIn(properties: JsonObject): Pick<Role, "actions" | "notActions"> {
  const permissions = objectsAt(properties, "permissions");
  const all = (...keys: readonly string[]): string[] =>
    permissions.flatMap((permission) => keys.flatMap((key) => textListAt(permission, key) ?? []));
  return {
    actions: all("actions", "dataActions"),
    notActions: all("notActions", "notDataActions"),
  };
}
