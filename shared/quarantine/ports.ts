import type { ArmId } from "../core/arm-id.ts";
import type { PodName } from "../drain/ports.ts";

export interface NodeView {
  readonly name: string;
  readonly nodePool: string;
  readonly nodeImageVersion: string;
  readonly kubernetesVersion: string;
  readonly ready: boolean;
  readonly unschedulable: boolean;
  /** Carries the label `kubernetes.azure.com/upgrade-status=Quarantined`. */
  readonly quarantined: boolean;
  /** Who of ours cordoned it; absent when nobody did, or somebody else. */
  readonly cordonedBy?: string;
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
  /** How long it may take to end; absent when the reader does not say. */
  readonly gracePeriodSeconds?: number;
}

export interface BudgetView {
  readonly namespace: string;
  readonly name: string;
  /** Undefined selects no pod, an empty one every pod of the namespace. */
  readonly selector: LabelSelector | undefined;
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

/** What a budget asks for, as it was written: a number stays a number, `50%` a text. */
export interface BudgetLimit {
  readonly minAvailable?: number | string;
  readonly maxUnavailable?: number | string;
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** A budget with all that changing it has to know. */
export interface Budget {
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** `Kind/name` of the controller that made it, if one did. */
  readonly controller?: string;
  /** Programs that wrote its fields, such as `argocd-controller`. */
  readonly managers?: readonly string[];
  readonly selector: LabelSelector;
  readonly limit: BudgetLimit;
  readonly disruptionsAllowed: number;
  readonly currentHealthy: number;
  readonly expectedPods: number;
}

export interface BudgetChange {
  /** Absent: the limit stays. */
  readonly limit?: BudgetLimit;
  /** Annotations to set, or with `null` to take away. */
  readonly annotations: Readonly<Record<string, string | null>>;
}

/** What a remedy writes to a cluster's Kubernetes API, apart from draining. */
export interface RemedyPort {
  /** Budgets of all namespaces. */
  listBudgets(cluster: ArmId): Promise<readonly Budget[]>;
  /** Refused with `conflict` when the budget is not any more as it was read. */
  changeBudget(cluster: ArmId, budget: Budget, change: BudgetChange): Promise<void>;
  /** Deletes a pod whatever its budget says. */
  deletePod(cluster: ArmId, pod: PodName): Promise<void>;
  /** Takes the label of the quarantine off a node, and the cordon where the node need not be upgraded any more. */
  releaseNode(cluster: ArmId, node: string, options: { readonly uncordon: boolean }): Promise<void>;
}

export interface Issue {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly state: "open" | "closed";
  readonly url: string;
}

export interface NewIssue {
  readonly title: string;
  readonly body: string;
  readonly labels: readonly string[];
}

/** Issues that carry a hidden marker, so that one cause is one issue. */
export interface IssueTracker {
  /** Issues, open or closed, whose body contains the marker; oldest first. */
  findByMarker(marker: string): Promise<readonly Issue[]>;
  open(issue: NewIssue): Promise<Issue>;
  update(
    number: number,
    change: { readonly title?: string; readonly body?: string; readonly state?: "open" | "closed" },
  ): Promise<void>;
  comment(number: number, body: string): Promise<void>;
}
