import { parse } from "yaml";
import { FleetwrightError } from "../core/errors.ts";
import { asList, asObject, asText } from "./json.ts";
import type { JsonObject } from "./json.ts";

/** Where a cluster's Kubernetes API is, whom to trust there, and how to sign in. */
export interface ClusterAccess {
  readonly server: string;
  /** PEM; undefined when the server's certificate is publicly trusted. */
  readonly ca: string | undefined;
  readonly user:
    | { readonly kind: "entra" }
    | { readonly kind: "token"; readonly token: string }
    | { readonly kind: "certificate"; readonly cert: string; readonly key: string };
}

/**
 * Reads the current context of a kubeconfig. A user that signs in by a program (`exec`, kubelogin) or by the
 * old `auth-provider` is an Entra cluster: the caller brings its own token and runs no program.
 */
export function parseKubeconfig(text: string): ClusterAccess {
  const config = asObject(parse(text));
  const context = asObject(named(config["contexts"], config["current-context"])["context"]);
  const cluster = asObject(named(config["clusters"], context["cluster"])["cluster"]);
  const user = asObject(named(config["users"], context["user"])["user"]);
  const server = asText(cluster["server"]);
  if (server === undefined) {
    throw new FleetwrightError("service-error", "the cluster's kubeconfig names no server");
  }
  return { server, ca: decoded(cluster["certificate-authority-data"]), user: toUser(user) };
}

function toUser(user: JsonObject): ClusterAccess["user"] {
  if (user["exec"] !== undefined || user["auth-provider"] !== undefined) return { kind: "entra" };
  const cert = decoded(user["client-certificate-data"]);
  const key = decoded(user["client-key-data"]);
  if (cert !== undefined && key !== undefined) return { kind: "certificate", cert, key };
  const token = asText(user["token"]);
  return token === undefined ? { kind: "entra" } : { kind: "token", token };
}

/** The entry of this name; a kubeconfig without a usable `current-context` has one entry of each. */
function named(entries: unknown, name: unknown): JsonObject {
  const list = asList(entries);
  return list.find((entry) => entry["name"] === name) ?? list[0] ?? {};
}

function decoded(value: unknown): string | undefined {
  const base64 = asText(value);
  return base64 === undefined ? undefined : Buffer.from(base64, "base64").toString("utf8");
}
