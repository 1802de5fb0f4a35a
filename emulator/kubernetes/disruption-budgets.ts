import type { LabelSelector } from "kubernetes-types/meta/v1.js";
import type { PodDisruptionBudget } from "kubernetes-types/policy/v1.js";
import type { Cluster, DisruptionBudget } from "../../shared/simulator/model.ts";
import { meets } from "../../shared/core/label-requirement.ts";
import { ageOf } from "./age.ts";
import { labelExpressions } from "./label-expressions.ts";
import { validateLabels } from "./labels.ts";
import { isJsonObject, stringMap, toTime } from "./object.ts";
import { statusOf } from "./resource.ts";
import type { Column, Resource } from "./resource.ts";
import { invalid } from "./status.ts";
import type { InvalidField } from "./status.ts";

export const disruptionBudgets: Resource<DisruptionBudget, PodDisruptionBudget> = {
  group: "policy",
  version: "v1",
  plural: "poddisruptionbudgets",
  singular: "poddisruptionbudget",
  kind: "PodDisruptionBudget",
  namespaced: true,
  shortNames: ["pdb"],
  categories: [],
  subresources: [statusOf("policy", "PodDisruptionBudget")],
  selectableFields: ["metadata.name", "metadata.namespace"],
  columns: columns(),
  changes: "compared",
  dependsOn: ["poddisruptionbudgets", "pods", "deployments"],
  sources: (cluster) => cluster.budgets,
  phase: (budget, cluster) =>
    cluster.budgetStatus(budget).disruptionsAllowed > 0 ? "True" : "False",
  render: (budget, view) => ({
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: {
      name: budget.name,
      namespace: budget.namespace,
      ...(budget.labels && { labels: { ...budget.labels } }),
      ...(budget.annotations && { annotations: { ...budget.annotations } }),
    },
    spec: {
      ...(budget.minAvailable !== undefined && { minAvailable: budget.minAvailable }),
      ...(budget.maxUnavailable !== undefined && { maxUnavailable: budget.maxUnavailable }),
      selector: selectorOf(budget),
      ...(budget.alwaysAllowsUnready === true && { unhealthyPodEvictionPolicy: ALWAYS_ALLOW }),
    },
    status: status(view.cluster, budget, toTime(view.phaseSince ?? view.cluster.createdAt)),
  }),
  create: (cluster, desired) => cluster.putBudget(parseBudget(desired)),
  update: (cluster, current, desired) => {
    if (specText(current) !== specText(desired)) cluster.putBudget(parseBudget(desired));
  },
  remove: (cluster, { namespace, name }) => cluster.deleteBudget(namespace ?? "default", name),
};

const ALWAYS_ALLOW = "AlwaysAllow";

function selectorOf({ selector, expressions }: DisruptionBudget): LabelSelector {
  const matchExpressions = expressions?.map(({ key, operator, values = [] }) => ({
    key,
    operator,
    ...(values.length > 0 && { values: [...values] }),
  }));
  const hasLabels = Object.keys(selector).length > 0 || !matchExpressions;
  return {
    ...(hasLabels && { matchLabels: { ...selector } }),
    ...(matchExpressions && { matchExpressions }),
  };
}

/** The budgets that a pod falls under. */
export function budgetsOf(
  cluster: Cluster,
  pod: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> },
): readonly DisruptionBudget[] {
  return [...cluster.budgets.values()].filter(
    ({ namespace, selector, expressions = [] }) =>
      namespace === pod.namespace &&
      Object.entries(selector).every(([key, value]) => pod.labels[key] === value) &&
      expressions.every((expression) => meets(expression, pod.labels[expression.key])),
  );
}

function status(
  cluster: Cluster,
  budget: DisruptionBudget,
  since: string,
): NonNullable<PodDisruptionBudget["status"]> {
  const numbers = cluster.budgetStatus(budget);
  const allowed = numbers.disruptionsAllowed > 0;
  return {
    conditions: [
      {
        type: "DisruptionAllowed",
        status: allowed ? "True" : "False",
        reason: allowed ? "SufficientPods" : "InsufficientPods",
        message: "",
        lastTransitionTime: since,
        observedGeneration: 0,
      },
    ],
    currentHealthy: numbers.currentHealthy,
    desiredHealthy: numbers.desiredHealthy,
    disruptionsAllowed: numbers.disruptionsAllowed,
    expectedPods: numbers.expectedPods,
    observedGeneration: 0,
  };
}

function specText(budget: PodDisruptionBudget): string {
  const { labels, annotations } = budget.metadata ?? {};
  return JSON.stringify([labels, annotations, budget.spec]);
}

function parseBudget(body: PodDisruptionBudget): DisruptionBudget {
  const { name = "", namespace = "default", labels, annotations } = body.metadata ?? {};
  const spec: unknown = body.spec ?? {};
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy } = isJsonObject(spec)
    ? spec
    : {};
  const selected = labelExpressions(isJsonObject(selector) ? selector : {}, "spec.selector");
  const errors = [
    ...validateLabels(labels),
    ...limitErrors(minAvailable, maxUnavailable),
    ...selected.errors,
    ...policyErrors(unhealthyPodEvictionPolicy),
  ];
  if (errors.length > 0) throw invalid("PodDisruptionBudget.policy", name, errors);
  return {
    namespace,
    name,
    selector: stringMap(isJsonObject(selector) ? selector.matchLabels : undefined),
    ...(selected.expressions.length > 0 && { expressions: selected.expressions }),
    ...(unhealthyPodEvictionPolicy === ALWAYS_ALLOW && { alwaysAllowsUnready: true }),
    ...limit(minAvailable, maxUnavailable),
    ...(labels && { labels: stringMap(labels) }),
    ...(annotations && { annotations: stringMap(annotations) }),
  };
}

function limit(
  minAvailable: unknown,
  maxUnavailable: unknown,
): Pick<DisruptionBudget, "minAvailable" | "maxUnavailable"> {
  if (isLimit(maxUnavailable)) return { maxUnavailable };
  // A budget without a limit guards nothing, as minAvailable 0 does.
  return { minAvailable: isLimit(minAvailable) ? minAvailable : 0 };
}

function isLimit(value: unknown): value is number | string {
  if (typeof value === "number") return Number.isInteger(value) && value >= 0;
  return typeof value === "string" && /^(100|[1-9]?\d)%$/.test(value);
}

function limitErrors(minAvailable: unknown, maxUnavailable: unknown): InvalidField[] {
  if (isGiven(minAvailable) && isGiven(maxUnavailable)) {
    const message = "Invalid value: minAvailable and maxUnavailable cannot be both set";
    return [{ field: "spec", message }];
  }
  const limits = Object.entries({ minAvailable, maxUnavailable });
  return limits
    .filter(([, value]) => isGiven(value) && !isLimit(value))
    .map(([name, value]) => ({
      field: `spec.${name}`,
      message: `Invalid value: ${JSON.stringify(value)}: must be an integer or percentage, greater than or equal to 0`,
    }));
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

const POLICIES: readonly unknown[] = [undefined, null, ALWAYS_ALLOW, "IfHealthyBudget"];

function policyErrors(policy: unknown): InvalidField[] {
  if (POLICIES.includes(policy)) return [];
  const message = `Unsupported value: ${JSON.stringify(policy)}: supported values: "AlwaysAllow", "IfHealthyBudget"`;
  return [{ field: "spec.unhealthyPodEvictionPolicy", message }];
}

function columns(): readonly Column<PodDisruptionBudget>[] {
  const shown = { type: "string", description: "", priority: 0 } as const;
  const number = { type: "integer", description: "", priority: 0 } as const;
  return [
    { ...shown, name: "Name", format: "name", value: ({ metadata }) => metadata?.name ?? "" },
    { ...shown, name: "Min Available", value: ({ spec }) => String(spec?.minAvailable ?? "N/A") },
    {
      ...shown,
      name: "Max Unavailable",
      value: ({ spec }) => String(spec?.maxUnavailable ?? "N/A"),
    },
    {
      ...number,
      name: "Allowed Disruptions",
      value: ({ status }) => status?.disruptionsAllowed ?? 0,
    },
    {
      ...shown,
      name: "Age",
      value: ({ metadata }, now) => ageOf(metadata?.creationTimestamp, now),
    },
  ];
}
