import type { TokenCredential } from "@azure/identity";
import { armKey } from "../core/arm-id.ts";
import type { ArmId } from "../core/arm-id.ts";
import { FleetwrightError, toError } from "../core/errors.ts";
import { createLimiter } from "../core/limiter.ts";
import type { ArmClient } from "./arm-client.ts";
import { readClusterAccess } from "./cluster-access.ts";
import type { ClusterAccess } from "./kubeconfig.ts";
import { KubernetesRefusal, createKubernetesClient } from "./kubernetes-client.ts";
import type { KubernetesClient } from "./kubernetes-client.ts";

export interface ConnectionOptions {
  readonly arm: ArmClient;
  readonly credential: TokenCredential;
  /** Bound of one request to a cluster. */
  readonly timeoutMs: number;
  /** Hears of secrets that a kubeconfig brings, before they are used. */
  onSecret?(secret: string): void;
}

/** The AKS server application: the audience of a token for any Entra-enabled cluster. */
const AKS_SCOPE = "6dae42f8-4368-4678-94ff-3960e28e3630/.default";
/** A look at 1,000 clusters ends within minutes, and no more than this many sockets wait for silent ones. */
const MAX_CLUSTERS_AT_ONCE = 16;

export type Connect = <T>(
  cluster: ArmId,
  use: (client: KubernetesClient) => Promise<T>,
) => Promise<T>;

/** A client of each cluster's own Kubernetes API, whenever one is needed. */
export function connectClusters(options: ConnectionOptions): Connect {
  const limit = createLimiter(MAX_CLUSTERS_AT_ONCE);
  const known = new Map<string, Promise<ClusterAccess>>();
  return (cluster, use) => limit(() => withCluster(options, known, cluster, use));
}

/** Where a cluster is and its CA are asked for once, until the cluster does not know us or we not it. */
async function withCluster<T>(
  options: ConnectionOptions,
  known: Map<string, Promise<ClusterAccess>>,
  cluster: ArmId,
  use: (client: KubernetesClient) => Promise<T>,
): Promise<T> {
  const key = armKey(cluster);
  const cached = known.get(key);
  const access = cached ?? readClusterAccess(options.arm, cluster);
  known.set(key, access);
  try {
    return await use(await connect(options, access));
  } catch (error) {
    if (!(await isStale(error, access))) throw error;
    known.delete(key);
    // A rotated certificate looks like a stranger: ask again where the cluster is, once.
    if (cached === undefined || error instanceof FleetwrightError) throw error;
    return withCluster(options, known, cluster, use);
  }
}

async function connect(
  options: ConnectionOptions,
  access: Promise<ClusterAccess>,
): Promise<KubernetesClient> {
  const found = await access;
  if (found.user.kind === "token") options.onSecret?.(found.user.token);
  if (found.user.kind === "certificate") options.onSecret?.(found.user.key);
  return createKubernetesClient({
    access: found,
    timeoutMs: options.timeoutMs,
    bearerToken: () => bearerToken(options.credential, found),
  });
}

async function bearerToken(credential: TokenCredential, { user }: ClusterAccess): Promise<string> {
  if (user.kind === "token") return user.token;
  const token = await credential.getToken(AKS_SCOPE);
  if (token === null) throw new FleetwrightError("unauthorized", "no token for the AKS clusters");
  return token.token;
}

export async function translated<T>(cluster: ArmId, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toVisibilityError(error, cluster);
  }
}

/** A refusal of an Entra token says nothing about the kubeconfig; one of the kubeconfig's own secret does. */
async function isStale(error: unknown, access: Promise<ClusterAccess>): Promise<boolean> {
  if (!(error instanceof KubernetesRefusal)) return true;
  return error.status === 401 && (await access).user.kind !== "entra";
}

/** Why a cluster's objects cannot be seen: one sentence, with what to do. */
export function toVisibilityError(thrown: unknown, cluster: ArmId): FleetwrightError {
  if (thrown instanceof FleetwrightError) return thrown;
  const details = { subject: cluster, cause: thrown };
  if (thrown instanceof KubernetesRefusal) return refused(thrown, details);
  const error = toError(thrown);
  const code = (error as NodeJS.ErrnoException).code;
  const why = error.message || String(code);
  return new FleetwrightError("unreachable", `cannot reach the Kubernetes API: ${why}`, {
    ...details,
    remedy:
      code === "ENOTFOUND"
        ? "a private cluster is seen only from a network that resolves its name"
        : "check that this network may connect to the API server (authorized IP ranges, private endpoint)",
  });
}

function refused(
  { status, message }: KubernetesRefusal,
  details: { readonly subject: string; readonly cause: unknown },
): FleetwrightError {
  if (status !== 401 && status !== 403) {
    return new FleetwrightError("service-error", `the Kubernetes API refused: ${message}`, details);
  }
  return new FleetwrightError("unauthorized", `the Kubernetes API refused: ${message}`, {
    ...details,
    remedy:
      "grant this identity the role 'Azure Kubernetes Service RBAC Reader' or the shipped cluster role on the cluster",
  });
}
