import { createHash } from "node:crypto";
import { armKey } from "../../shared/core/arm-id.ts";
import type { Environment } from "../service.ts";

/**
 * The bearer token of a cluster's local administrator, as its admin kubeconfig carries it. AKS hands
 * out a client certificate there; a token opens the same door without one. Always the same for one
 * cluster of one emulator, of no use to another.
 */
export function adminToken(
  environment: Pick<Environment, "tenant" | "caPem">,
  clusterId: string,
): string {
  return createHash("sha256")
    .update(["cluster-admin", environment.tenant, armKey(clusterId), environment.caPem].join("\n"))
    .digest("hex");
}
