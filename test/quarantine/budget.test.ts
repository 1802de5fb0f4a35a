import { describe, expect, test } from "vitest";
import { adjust, adjustmentOf, budgetOwner, restore } from "../../shared/quarantine/budget.ts";
import type { Budget, BudgetLimit, LabelSelector } from "../../shared/quarantine/ports.ts";
import { selects } from "../../shared/quarantine/selector.ts";

function budget(limit: BudgetLimit, change: Partial<Budget> = {}): Budget {
  return {
    namespace: "harbour",
    name: "api",
    resourceVersion: "1",
    labels: {},
    annotations: {},
    selector: {},
    limit,
    disruptionsAllowed: 0,
    currentHealthy: 3,
    expectedPods: 4,
    ...change,
  };
}

/** The budget as the API would return it after a change. */
function changed(
  before: Budget,
  { limit, annotations }: NonNullable<ReturnType<typeof restore>>,
): Budget {
  const kept = Object.entries({ ...before.annotations, ...annotations });
  return {
    ...before,
    limit: limit ?? before.limit,
    annotations: Object.fromEntries(
      kept.filter((entry): entry is [string, string] => entry[1] !== null),
    ),
  };
}

test.each<[BudgetLimit, BudgetLimit]>([
  [{ minAvailable: 3 }, { minAvailable: 2 }],
  [{ minAvailable: "100%" }, { minAvailable: 2 }],
  [{ maxUnavailable: 0 }, { maxUnavailable: 2 }],
  [{ maxUnavailable: "0%" }, { maxUnavailable: 2 }],
])("%j allows one disruption as %j, and is restored exactly", (original, loosened) => {
  const before = budget(original, { annotations: { note: "kept" } });
  const loose = changed(before, adjust(before, ["node-1"]));
  expect(loose.limit).toEqual(loosened);
  expect(adjustmentOf(loose)).toEqual({ original, adjusted: loosened, nodes: ["node-1"] });
  const change = restore(loose);
  expect(change && changed(loose, change)).toEqual(before);
});

test("no pod healthy: the least that a budget can ask for is nothing", () => {
  expect(adjust(budget({ minAvailable: 1 }, { currentHealthy: 0 }), []).limit).toEqual({
    minAvailable: 0,
  });
});

test("what somebody else wrote meanwhile is not overwritten", () => {
  const before = budget({ minAvailable: 3 });
  const loose = changed(before, adjust(before, ["node-1"]));
  const theirs = { ...loose, limit: { minAvailable: 1 } };
  expect(restore(theirs)).toEqual({ annotations: { "fleetwright.dev/adjusted-budget": null } });
  expect(restore(before)).toBeUndefined();
});

test.each([
  "",
  "{",
  "null",
  "[]",
  '{"original":{},"adjusted":{}}',
  '{"original":{"minAvailable":{}},"adjusted":{},"nodes":[]}',
])("an annotation that is not ours to read is none: %s", (text) => {
  expect(
    adjustmentOf(budget({}, { annotations: { "fleetwright.dev/adjusted-budget": text } })),
  ).toBeUndefined();
});

test.each<[string | undefined, Partial<Budget>]>([
  [undefined, {}],
  [undefined, { labels: { "app.kubernetes.io/managed-by": "kubectl" } }],
  ["Helm", { labels: { "app.kubernetes.io/managed-by": "Helm" } }],
  ["Helm", { annotations: { "meta.helm.sh/release-name": "api" } }],
  ["Flux", { labels: { "kustomize.toolkit.fluxcd.io/name": "apps" } }],
  ["Flux", { labels: { "helm.toolkit.fluxcd.io/name": "apps" } }],
  ["Argo CD", { labels: { "argocd.argoproj.io/instance": "apps" } }],
  ["Argo CD", { annotations: { "argocd.argoproj.io/tracking-id": "apps:policy" } }],
  [undefined, { managers: ["kubectl-client-side-apply", "kube-controller-manager"] }],
  ["Argo CD", { managers: ["kube-controller-manager", "argocd-controller"] }],
  ["Flux", { managers: ["kustomize-controller"] }],
  ["Cluster/orders-db", { controller: "Cluster/orders-db" }],
])("%s owns %j", (owner, marks) => {
  expect(budgetOwner(budget({}, marks))).toBe(owner);
});

describe("a selector", () => {
  const labels = { app: "api", tier: "front" };
  const expression = (
    key: string,
    operator: string,
    values?: readonly string[],
  ): LabelSelector => ({
    matchExpressions: [{ key, operator, ...(values && { values }) }],
  });
  test.each<[LabelSelector, boolean]>([
    [{}, true],
    [{ matchLabels: { app: "api" } }, true],
    [{ matchLabels: { app: "web" } }, false],
    [expression("app", "In", ["api", "web"]), true],
    [expression("app", "In", ["web"]), false],
    [expression("zone", "In", ["1"]), false],
    [expression("app", "NotIn", ["web"]), true],
    [expression("app", "NotIn", ["api"]), false],
    [expression("zone", "NotIn", ["1"]), true],
    [expression("tier", "Exists"), true],
    [expression("zone", "Exists"), false],
    [expression("zone", "DoesNotExist"), true],
    [expression("tier", "DoesNotExist"), false],
    [expression("tier", "Resembles"), false],
    [{ matchLabels: { app: "api" }, ...expression("tier", "DoesNotExist") }, false],
  ])("%j: %s", (selector, expected) => {
    expect(selects(selector, labels)).toBe(expected);
  });
});
