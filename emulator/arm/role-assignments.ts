import { guidFrom } from "../guid.ts";
import type { Grant, TokenAuthority, WireReply } from "../service.ts";
import { objectAt, textAt } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { ArmError } from "./provider.ts";
import type { ArmRequest } from "./provider.ts";
import { invalid, methodNotAllowed, notFound } from "./refusal.ts";
import { roleId } from "./roles.ts";
import type { Role, Roles } from "./roles.ts";
import { isAtOrBelow, scopeOf } from "./scope.ts";

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

interface Assignment {
  /** A GUID. */
  readonly name: string;
  readonly principalId: string;
  readonly principalType: string;
  readonly role: Role;
  readonly scope: string;
}

/** `Microsoft.Authorization/roleAssignments`: those of the scenario, and those somebody makes; both are in force at once. */
export class RoleAssignments {
  readonly #tokens: TokenAuthority;
  readonly #roles: Roles;
  readonly #byName = new Map<string, Assignment>();

  constructor(tokens: TokenAuthority, roles: Roles) {
    this.#tokens = tokens;
    this.#roles = roles;
    for (const { objectId, grants } of tokens.principals) {
      for (const { actions, scope } of grants) {
        const role = roles.of(actions);
        const name = guidFrom(`${objectId} is ${role.guid} at ${scope.toLowerCase()}`);
        const principalType = "ServicePrincipal";
        const principalId = objectId.toLowerCase();
        this.#byName.set(name, { name, principalId, principalType, role, scope });
      }
    }
  }

  handle(request: ArmRequest): WireReply {
    const name = request.segments[0]?.[1]?.toLowerCase();
    if (name === undefined) return { status: 200, body: { value: this.#list(request) } };
    switch (request.method) {
      case "GET": {
        const found = this.#byName.get(name);
        if (!found) throw notFound(request.wire.path);
        return { status: 200, body: render(request, found) };
      }
      case "PUT":
        return this.#put(request, name);
      case "DELETE":
        return this.#delete(request, name);
      default:
        throw methodNotAllowed(request.method);
    }
  }

  #put(request: ArmRequest, name: string): WireReply {
    if (!GUID.test(name)) {
      throw invalid(
        `The role assignment ID '${name}' is not valid: it is a GUID.`,
        "InvalidRoleAssignmentId",
      );
    }
    const assignment = this.#parse(request, name);
    const twin = [...this.#byName.values()].find((one) => isSame(one, assignment));
    if (twin)
      throw new ArmError(409, "RoleAssignmentExists", "The role assignment already exists.");
    if (this.#byName.has(name)) {
      const message =
        "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.";
      throw new ArmError(409, "RoleAssignmentUpdateNotPermitted", message);
    }
    this.#byName.set(name, assignment);
    this.#enforce(assignment.principalId);
    return { status: 201, body: render(request, assignment) };
  }

  #parse(request: ArmRequest, name: string): Assignment {
    const properties = objectAt(request.body, "properties");
    const principalId = textAt(properties, "principalId")?.toLowerCase() ?? "";
    if (!GUID.test(principalId))
      throw invalid("properties.principalId must be a GUID.", "InvalidPrincipalId");
    const principalType = textAt(properties, "principalType");
    if (principalType === undefined && !this.#knows(principalId)) {
      // Azure, too, believes a caller who says what kind of principal it is.
      const message = `Principal ${principalId} does not exist in the directory.`;
      throw invalid(message, "PrincipalNotFound");
    }
    const asked = textAt(properties, "roleDefinitionId") ?? "";
    const role = this.#roles.find(asked);
    if (!role) {
      const message = `The specified role definition with ID '${asked}' does not exist.`;
      throw invalid(message, "RoleDefinitionDoesNotExist");
    }
    const scope = scopeOf(request);
    return { name, principalId, principalType: principalType ?? "ServicePrincipal", role, scope };
  }

  #delete(request: ArmRequest, name: string): WireReply {
    const found = this.#byName.get(name);
    if (!found) return { status: 204 };
    this.#byName.delete(name);
    this.#enforce(found.principalId);
    return { status: 200, body: render(request, found) };
  }

  #knows(principalId: string): boolean {
    return this.#tokens.principals.some(({ objectId }) => objectId.toLowerCase() === principalId);
  }

  #enforce(principalId: string): void {
    const mine = [...this.#byName.values()].filter((one) => one.principalId === principalId);
    this.#tokens.setGrants(
      principalId,
      mine.map(({ role: { actions, notActions }, scope }): Grant => ({
        actions,
        ...(notActions ? { notActions } : {}),
        scope,
      })),
    );
  }

  /** Those at the scope and above, and below it unless `atScope()` is asked for. */
  #list(request: ArmRequest): readonly JsonObject[] {
    if (request.method !== "GET") throw methodNotAllowed(request.method);
    const scope = scopeOf(request);
    const filter = request.wire.query.get("$filter") ?? "";
    const who = /(?:principalId eq |assignedTo\()'([^']*)'/i.exec(filter)?.[1]?.toLowerCase();
    const onlyAbove = /atScope\(\)/i.test(filter);
    return [...this.#byName.values()]
      .filter(
        (one) => isAtOrBelow(scope, one.scope) || (!onlyAbove && isAtOrBelow(one.scope, scope)),
      )
      .filter(({ principalId }) => who === undefined || principalId === who)
      .map((one) => render(request, one));
  }
}

function isSame(one: Assignment, other: Assignment): boolean {
  return (
    one.principalId === other.principalId &&
    one.role.guid === other.role.guid &&
    one.scope.toLowerCase() === other.scope.toLowerCase()
  );
}

function render({ subscription }: ArmRequest, assignment: Assignment): JsonObject {
  const { name, principalId, principalType, role, scope } = assignment;
  return {
    id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
    name,
    type: "Microsoft.Authorization/roleAssignments",
    properties: {
      roleDefinitionId: roleId(subscription, role),
      principalId,
      principalType,
      scope,
      condition: null,
      conditionVersion: null,
      createdOn: "2026-07-01T08:00:00Z",
      updatedOn: "2026-07-01T08:00:00Z",
      createdBy: null,
      updatedBy: null,
    },
  };
}
