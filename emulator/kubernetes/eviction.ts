import type { Cluster, DisruptionBudget } from "../../shared/simulator/model.ts";
import type { WireReply } from "../service.ts";
import { parseObjectBody } from "./body.ts";
import { budgetsOf } from "./disruption-budgets.ts";
import { isJsonObject, objectKey } from "./object.ts";
import { KubernetesError, badRequest, notFound, successStatus } from "./status.ts";
import { requirePreconditions } from "./delete.ts";
import { isDryRun } from "./write.ts";
import type { WriteRequest } from "./write.ts";

/** `POST …/pods/<pod>/eviction`: deletes the pod, unless its budget forbids it now. */
export function evictPod(write: WriteRequest, name: string): WireReply {
  const { cluster, journal, request } = write;
  const namespace = write.namespace ?? "default";
  const pod = cluster.pods.get(objectKey(namespace, name));
  const current = journal.get(objectKey(namespace, name));
  if (!pod || !current) throw notFound(journal.resource, name);
  const eviction = parseObjectBody(request);
  requireEvictionOf(eviction, name);
  const options = isJsonObject(eviction.deleteOptions) ? eviction.deleteOptions : {};
  requirePreconditions(journal.resource, name, current, options.preconditions);
  const budgets = budgetsOf(cluster, pod);
  if (budgets.length > 1) throw moreThanOneBudget();
  if (isDryRun(request, options)) refuseWithoutBudget(cluster, budgets, pod.ready);
  else evict(cluster, namespace, name);
  return { status: 201, body: successStatus() };
}

function requireEvictionOf(eviction: { readonly [field: string]: unknown }, name: string): void {
  const { kind = "Eviction", metadata } = eviction;
  const given = isJsonObject(metadata) ? metadata.name : undefined;
  if (kind !== "Eviction") throw badRequest(`cannot be handled as a Eviction: ${String(kind)}`);
  if (given !== undefined && given !== name) {
    throw badRequest("name in URL does not match name in Eviction object");
  }
}

function evict(cluster: Cluster, namespace: string, name: string): void {
  const result = cluster.evict(namespace, name);
  if (result.allowed) return;
  // The world names a budget by its name or with its namespace before it.
  const budgetName = result.budget.split("/").at(-1) ?? result.budget;
  const { desiredHealthy, currentHealthy } = result.status;
  throw budgetForbids(budgetName, desiredHealthy, currentHealthy);
}

function refuseWithoutBudget(
  cluster: Cluster,
  [budget]: readonly DisruptionBudget[],
  podIsReady: boolean,
): void {
  if (!budget || !podIsReady) return;
  const { disruptionsAllowed, desiredHealthy, currentHealthy } = cluster.budgetStatus(budget);
  if (disruptionsAllowed <= 0) throw budgetForbids(budget.name, desiredHealthy, currentHealthy);
}

/**
 * No Retry-After header: with one, client-go retries inside the request without a word; kubectl's own
 * loop of five seconds is what people see on a real cluster.
 */
function budgetForbids(name: string, needed: number, healthy: number): KubernetesError {
  const message = `The disruption budget ${name} needs ${needed} healthy pods and has ${healthy} currently`;
  return new KubernetesError(
    429,
    "TooManyRequests",
    "Cannot evict pod as it would violate the pod's disruption budget.",
    { causes: [{ reason: "DisruptionBudget", message }] },
  );
}

function moreThanOneBudget(): KubernetesError {
  return new KubernetesError(
    500,
    "InternalError",
    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
  );
}
