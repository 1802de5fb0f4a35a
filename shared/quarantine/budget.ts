import { canonicalJson } from "../core/digest.ts";
import type { Budget, BudgetChange, BudgetLimit } from "./ports.ts";

/** Ours, on a budget that a remedy has loosened: how it was, so that whoever comes next can put it back. */
export const ADJUSTED_ANNOTATION = "fleetwright.dev/adjusted-budget";

interface Adjustment {
  readonly original: BudgetLimit;
  readonly adjusted: BudgetLimit;
  /** For whose sake. */
  readonly nodes: readonly string[];
}

/** The adjustment that stands in a budget's annotation; what is not ours to read is none. */
export function adjustmentOf({ annotations }: Budget): Adjustment | undefined {
  const text = annotations[ADJUSTED_ANNOTATION];
  if (text === undefined) return undefined;
  try {
    const { original, adjusted, nodes } = JSON.parse(text) as Partial<Adjustment>;
    const complete = isLimit(original) && isLimit(adjusted) && Array.isArray(nodes);
    return complete ? { original, adjusted, nodes } : undefined;
  } catch {
    return undefined;
  }
}

function isLimit(value: unknown): value is BudgetLimit {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).every(
    ([key, amount]) =>
      (key === "minAvailable" || key === "maxUnavailable") &&
      (typeof amount === "number" || typeof amount === "string"),
  );
}

/** Loosens a budget so far that one pod may go now, in the field that its author chose. */
export function adjust(budget: Budget, nodes: readonly string[]): Required<BudgetChange> {
  const { limit: original, currentHealthy, expectedPods } = budget;
  const least = Math.max(0, currentHealthy - 1);
  const limit =
    original.maxUnavailable === undefined
      ? { minAvailable: least }
      : { maxUnavailable: expectedPods - least };
  const text = JSON.stringify({ original, adjusted: limit, nodes });
  return { limit, annotations: { [ADJUSTED_ANNOTATION]: text } };
}

/** Puts a budget back as it was, unless somebody has given it another limit meanwhile. */
export function restore(budget: Budget): BudgetChange | undefined {
  const adjustment = adjustmentOf(budget);
  if (adjustment === undefined) return undefined;
  const untouched = canonicalJson(adjustment.adjusted) === canonicalJson(budget.limit);
  return {
    ...(untouched && { limit: adjustment.original }),
    annotations: { [ADJUSTED_ANNOTATION]: null },
  };
}

/** Marks that the tools of GitOps leave on what they own. */
const OWNER_MARKS: readonly (readonly [string, string])[] = [
  ["kustomize.toolkit.fluxcd.io/name", "Flux"],
  ["helm.toolkit.fluxcd.io/name", "Flux"],
  ["fluxcd.io/sync-checksum", "Flux"],
  ["argocd.argoproj.io/instance", "Argo CD"],
  ["argocd.argoproj.io/tracking-id", "Argo CD"],
  ["meta.helm.sh/release-name", "Helm"],
];
const MANAGED_BY_LABEL = "app.kubernetes.io/managed-by";

/** Field managers of the same tools: Argo CD leaves no mark of its own unless it is told to. */
const OWNER_MANAGERS: Readonly<Record<string, string>> = {
  "argocd-controller": "Argo CD",
  "argocd-application-controller": "Argo CD",
  "kustomize-controller": "Flux",
  "helm-controller": "Flux",
  helm: "Helm",
};

/** Who would put the budget back, or find it changed, while we need it loose; undefined when nobody says so. */
export function budgetOwner(budget: Budget): string | undefined {
  const { labels, annotations, controller, managers = [] } = budget;
  const marks = { ...annotations, ...labels };
  const found = OWNER_MARKS.find(([mark]) => marks[mark] !== undefined)?.[1];
  const manager = managers.map((name) => OWNER_MANAGERS[name]).find((tool) => tool !== undefined);
  // kubectl and people write other values here, which claim nothing.
  const managed = /^(helm|flux|argo)/i.test(labels[MANAGED_BY_LABEL] ?? "");
  return found ?? manager ?? (managed ? labels[MANAGED_BY_LABEL] : controller);
}
