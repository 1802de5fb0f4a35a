import type { WireRequest } from "../service.ts";
import { verifyAppJwt } from "./apps.ts";
import type { Caller, Need } from "./call.ts";
import { forbidden, GitHubError, notFound } from "./errors.ts";
import { fullName, type Hub, type Permissions, type Repository, repositoryKey } from "./hub.ts";

/** Whom the `Authorization` header stands for; Basic is what git and curl -u send. */
export function authenticate(hub: Hub, request: WireRequest): Caller {
  const [scheme, credential] = (request.headers.authorization ?? "").split(" ", 2);
  if (scheme === "" || scheme === undefined) return { kind: "anonymous" };
  if (credential === undefined) throw new GitHubError(401, "Bad credentials");
  if (/^basic$/i.test(scheme)) {
    const password = Buffer.from(credential, "base64").toString("utf8").split(":")[1];
    return findToken(hub, password ?? "");
  }
  return credential.split(".").length === 3
    ? { kind: "app", app: verifyAppJwt(hub, credential) }
    : findToken(hub, credential);
}

/** A token nobody issued is refused, not ignored. */
function findToken(hub: Hub, text: string): Caller {
  const token = hub.tokens.get(text);
  if (token === undefined || (token.expiresAt !== undefined && token.expiresAt <= Date.now())) {
    throw new GitHubError(401, "Bad credentials");
  }
  return { kind: "token", token };
}

/** Private repositories do not exist for those who cannot see them. */
export function mayReach(caller: Caller, repository: Repository): boolean {
  if (caller.kind !== "token") return !repository.private;
  const { repositories } = caller.token;
  return (
    !repository.private ||
    repositories === undefined ||
    repositories.includes(fullName(repository).toLowerCase())
  );
}

export function findRepository(hub: Hub, caller: Caller, owner: string, name: string): Repository {
  const repository = hub.repositories.get(repositoryKey(owner, name));
  if (repository === undefined || !mayReach(caller, repository)) throw notFound();
  return repository;
}

/** Throws unless the caller holds one of the needed permissions. */
export function requireOneOf(caller: Caller, repository: Repository, needs: readonly Need[]): void {
  if (caller.kind === "app") throw forbidden();
  const reading = needs.some((need) => need.endsWith(":read"));
  if (caller.kind === "anonymous") {
    if (reading && !repository.private) return;
    throw new GitHubError(401, "Requires authentication");
  }
  const { permissions } = caller.token;
  if (permissions === undefined || needs.some((need) => holds(permissions, need))) return;
  throw forbidden();
}

function holds(permissions: Permissions, need: Need): boolean {
  const granted: Readonly<Record<string, string | undefined>> = permissions;
  const [name = "", access] = need.split(":");
  // Every token of an App may read what the repository is.
  if (need === "metadata:read") return true;
  return granted[name] === "write" || granted[name] === access;
}
