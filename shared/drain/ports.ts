import type { ArmId } from "../core/arm-id.ts";

export interface PodName {
  readonly namespace: string;
  readonly name: string;
  /** A pod of the same name that came later is another pod. */
  readonly uid: string;
}

/** A pod as whoever empties its node has to see it. */
export interface BoundPod extends PodName {
  readonly node: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `Deployment/name`, `DaemonSet/name`, …; undefined for a bare pod that nobody makes again. */
  readonly owner: string | undefined;
  /** Made by the kubelet from a file on the node: it cannot be evicted. */
  readonly mirror: boolean;
  /** Succeeded or Failed: nothing runs in it any more. */
  readonly finished: boolean;
  readonly terminating: boolean;
  /** Its data in emptyDir volumes ends with it. */
  readonly hasEmptyDir: boolean;
}

export type EvictionAnswer =
  | { readonly kind: "evicting" }
  | { readonly kind: "gone" }
  /** A budget forbids it now; `budget` where the API says which one. */
  | { readonly kind: "refused"; readonly budget: string | undefined; readonly message: string };

/** Empties nodes. Pods leave by the eviction API alone, so that budgets are obeyed. */
export interface DrainPort {
  /** Pods bound to nodes of the cluster; of one node when it is named. */
  readBoundPods(cluster: ArmId, node?: string): Promise<readonly BoundPod[]>;
  /** Cordons in the name of `by`, which stands in an annotation; a node that is gone is no error. */
  cordon(cluster: ArmId, node: string, by: string): Promise<void>;
  /** Takes back a cordon and its annotation. */
  uncordon(cluster: ArmId, node: string): Promise<void>;
  evict(
    cluster: ArmId,
    pod: PodName,
    gracePeriodSeconds: number | undefined,
  ): Promise<EvictionAnswer>;
}
