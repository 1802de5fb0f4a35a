import type { ArmId } from "../core/arm-id.ts";
import { FleetwrightError } from "../core/errors.ts";
import { KubernetesRefusal } from "./kubernetes-client.ts";
import { toVisibilityError } from "./kubernetes-connection.ts";
import type { Connect } from "./kubernetes-connection.ts";

const MERGE_PATCH = "application/merge-patch+json";

export async function patch(
  connect: Connect,
  cluster: ArmId,
  path: string,
  body: unknown,
): Promise<void> {
  await connect(cluster, (client) =>
    client.write({ method: "PATCH", path, body, contentType: MERGE_PATCH }),
  );
}

/** Whoever wants something away, or changed on something that may go, is content when it is gone. */
export async function ignoreAbsent(write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof KubernetesRefusal) || error.status !== 404) throw error;
  }
}

/** As with reads; but it is the repairer's role that is missing, and a change of somebody else is a conflict. */
export async function translatedWrite<T>(cluster: ArmId, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof KubernetesRefusal)) throw toVisibilityError(error, cluster);
    throw toWriteError(error, cluster);
  }
}

function toWriteError(refusal: KubernetesRefusal, cluster: ArmId): FleetwrightError {
  const details = { subject: cluster, cause: refusal };
  const message = `the Kubernetes API refused: ${refusal.message}`;
  if (refusal.status === 409) {
    return new FleetwrightError("conflict", message, {
      ...details,
      remedy: "somebody changed it at the same time; run the step again",
    });
  }
  if (refusal.status === 401 || refusal.status === 403) {
    return new FleetwrightError("unauthorized", message, {
      ...details,
      remedy: "grant this identity the role 'Fleetwright repairer' on the cluster",
    });
  }
  return new FleetwrightError("service-error", message, details);
}
