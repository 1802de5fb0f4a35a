import type { WireReply } from "../service.ts";
import { objectAt, textAt } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { ArmError } from "./provider.ts";
import type { ArmRequest } from "./provider.ts";
import { invalid, methodNotAllowed, notFound } from "./refusal.ts";
import { isAtOrBelow, scopeOf } from "./scope.ts";

const LEVELS = ["CanNotDelete", "ReadOnly"];

interface Lock {
  readonly id: string;
  readonly name: string;
  readonly scope: string;
  readonly level: string;
  readonly body: JsonObject;
}

/**
 * `Microsoft.Authorization/locks`. A lock holds at its scope and below; `CanNotDelete` refuses DELETE,
 * `ReadOnly` every change and action. Source: learn.microsoft.com/azure/azure-resource-manager/management/lock-resources
 */
export class Locks {
  readonly #byId = new Map<string, Lock>();

  handle(request: ArmRequest): WireReply {
    const name = request.segments[0]?.[1];
    const scope = scopeOf(request);
    if (name === undefined) {
      if (request.method !== "GET") throw methodNotAllowed(request.method);
      const found = [...this.#byId.values()].filter((lock) => isAtOrBelow(lock.scope, scope));
      return { status: 200, body: { value: found.map(render) } };
    }
    const id = `${scope}/providers/Microsoft.Authorization/locks/${name}`;
    const before = this.#byId.get(id.toLowerCase());
    switch (request.method) {
      case "GET":
        if (!before) throw notFound(request.wire.path);
        return { status: 200, body: render(before) };
      case "PUT": {
        const lock = parseLock({ id: before?.id ?? id, name, scope }, request.body);
        this.#byId.set(id.toLowerCase(), lock);
        return { status: before ? 200 : 201, body: render(lock) };
      }
      case "DELETE":
        return { status: this.#byId.delete(id.toLowerCase()) ? 200 : 204 };
      default:
        throw methodNotAllowed(request.method);
    }
  }

  /** Throws 409 `ScopeLocked` when a lock refuses the method on the resource or resource group at `path`. */
  check(method: string, path: string): void {
    if (method === "GET" || method === "HEAD" || this.#byId.size === 0) return;
    const verb = method === "DELETE" ? "delete" : "write";
    const holding = [...this.#byId.values()].filter(
      ({ level, scope }) =>
        (verb === "delete" || level === "ReadOnly") &&
        // What is deleted takes along what is below it.
        (isAtOrBelow(path, scope) || (verb === "delete" && isAtOrBelow(scope, path))),
    );
    if (holding.length === 0) return;
    throw new ArmError(
      409,
      "ScopeLocked",
      `The scope '${path}' cannot perform ${verb} operation because following scope(s) are locked: ` +
        `'${holding.map(({ scope }) => scope).join("', '")}'. Please remove the lock and try again.`,
    );
  }
}

function parseLock(identity: Pick<Lock, "id" | "name" | "scope">, body: JsonObject): Lock {
  const asked = textAt(objectAt(body, "properties"), "level");
  const level = LEVELS.find((one) => one.toLowerCase() === asked?.toLowerCase());
  if (level === undefined) {
    throw invalid(`properties.level must be one of ${LEVELS.join(", ")}.`, "InvalidLockLevel");
  }
  return { ...identity, level, body };
}

function render({ id, name, level, body }: Lock): JsonObject {
  return {
    ...body,
    id,
    name,
    type: "Microsoft.Authorization/locks",
    properties: { ...objectAt(body, "properties"), level },
  };
}
