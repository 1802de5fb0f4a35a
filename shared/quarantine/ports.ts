import type { ArmId } from "../core/arm-id.ts";

export interface NodeView {
  readonly name: string;
  readonly nodePool: string;
  readonly nodeImageVersion: string;
  readonly kubernetesVersion: string;
  readonly ready: boolean;
  readonly unschedulable: boolean;
  /** Carries the label `kubernetes.azure.com/upgrade-status=Quarantined`. */
  readonly quarantined: boolean;
  /** ISO 8601. */
  readonly createdAt: string;
}

export interface PodView {
  readonly namespace: string;
  readonly name: string;
  readonly node: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** `Deployment/name`, `DaemonSet/name`, …; undefined for a bare pod. */
  readonly owner: string | undefined;
  readonly ready: boolean;
}

export interface BudgetView {
  readonly namespace: string;
  readonly name: string;
  /** `matchLabels` of the budget's selector; a budget with `matchExpressions` keeps them apart. */
  readonly selector: Readonly<Record<string, string>>;
  readonly minAvailable: string | undefined;
  readonly maxUnavailable: string | undefined;
  readonly disruptionsAllowed: number;
  readonly currentHealthy: number;
  readonly desiredHealthy: number;
  readonly expectedPods: number;
}

/** "Cannot see the nodes" is an answer of its own, never an empty list. */
export type ClusterNodes =
  | { readonly visible: true; readonly nodes: readonly NodeView[] }
  | { readonly visible: false; readonly reason: string };

/** Reads a cluster's Kubernetes API; nothing here writes. */
export interface NodeReader {
  readNodes(cluster: ArmId): Promise<ClusterNodes>;
  /** Pods on one node. */
  readPods(cluster: ArmId, node: string): Promise<readonly PodView[]>;
  /** Budgets of one namespace. */
  readBudgets(cluster: ArmId, namespace: string): Promise<readonly BudgetView[]>;
}

export interface Issue {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly state: "open" | "closed";
  readonly url: string;
}

/** Issues that carry a hidden marker, so that one cause is one issue. */
export interface IssueTracker {
  /** Newest issue, open or closed, whose body contains the marker. */
  findByMarker(marker: string): Promise<Issue | undefined>;
  open(issue: {
    readonly title: string;
    readonly body: string;
    readonly labels: readonly string[];
  }): Promise<Issue>;
  update(
    number: number,
    change: { readonly title?: string; readonly body?: string; readonly state?: "open" | "closed" },
  ): Promise<void>;
  comment(number: number, body: string): Promise<void>;
}
