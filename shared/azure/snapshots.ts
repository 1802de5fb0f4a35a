import { $delete, createOrUpdate, get, list } from "@azure/arm-containerservice/api/snapshots";
import type { Snapshot } from "@azure/arm-containerservice/models";
import { parseArmId } from "../core/arm-id.ts";
import type { ArmId } from "../core/arm-id.ts";
import { isError } from "../core/errors.ts";
import type { NodePoolSnapshot, SnapshotPort } from "../snapshot/ports.ts";
import type { ArmClient, ArmContext } from "./arm-client.ts";
import { AKS_API_VERSION } from "./clusters.ts";

export function createSnapshotPort(arm: ArmClient): SnapshotPort {
  return {
    async listSnapshots(subscription) {
      const snapshots: NodePoolSnapshot[] = [];
      for await (const snapshot of list(arm.context(subscription, AKS_API_VERSION))) {
        snapshots.push(toSnapshot(snapshot));
      }
      return snapshots;
    },
    async getSnapshot(id) {
      const { context, resourceGroup, name } = locate(arm, id);
      try {
        return toSnapshot(await get(context, resourceGroup, name));
      } catch (error) {
        if (isError(error, "not-found")) return undefined;
        throw error;
      }
    },
    async deleteSnapshot(id) {
      const { context, resourceGroup, name } = locate(arm, id);
      await $delete(context, resourceGroup, name);
    },
    async createSnapshot({ id, location, tags, sourcePool }) {
      const { context, resourceGroup, name } = locate(arm, id);
      const creationData = { sourceResourceId: sourcePool };
      const body = { location, tags: { ...tags }, snapshotType: "NodePool", creationData };
      return toSnapshot(await createOrUpdate(context, resourceGroup, name, body));
    },
  };
}

function locate(
  arm: ArmClient,
  id: ArmId,
): { readonly context: ArmContext; readonly resourceGroup: string; readonly name: string } {
  const { subscription, resourceGroup, name } = parseArmId(id);
  return { context: arm.context(subscription, AKS_API_VERSION), resourceGroup, name };
}

function toSnapshot(snapshot: Snapshot): NodePoolSnapshot {
  return {
    id: snapshot.id ?? "",
    name: snapshot.name ?? "",
    location: snapshot.location,
    tags: snapshot.tags ?? {},
    sourcePool: snapshot.creationData?.sourceResourceId ?? "",
    nodeImageVersion: snapshot.nodeImageVersion ?? "",
    kubernetesVersion: snapshot.kubernetesVersion ?? "",
    vmSize: snapshot.vmSize ?? "",
    osType: snapshot.osType ?? "",
    osSku: snapshot.osSku ?? "",
    createdAt: snapshot.systemData?.createdAt?.toISOString() ?? "",
  };
}
