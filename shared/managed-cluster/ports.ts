import type { ArmId } from "../core/arm-id.ts";
import type { BegunOperation } from "../node-pool/ports.ts";

/** A resource in ARM's own words. */
export type ArmBody = Readonly<Record<string, unknown>>;

export interface ManagedClusterPort {
  getClusterBody(cluster: ArmId): Promise<ArmBody | undefined>;
  /** Creates only: a cluster that exists already is a conflict. */
  createCluster(cluster: ArmId, body: ArmBody): Promise<BegunOperation>;
  /** Writes the body again over a cluster whose creation failed. */
  putCluster(cluster: ArmId, body: ArmBody, etag: string): Promise<BegunOperation>;
}
