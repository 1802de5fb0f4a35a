import type { PodTemplateSpec } from "kubernetes-types/core/v1.js";
import type { LabelSelector } from "kubernetes-types/meta/v1.js";
import { canonicalJson } from "../../shared/core/digest.ts";
import { meets } from "../../shared/core/label-requirement.ts";
import type {
  Cluster,
  Replacement,
  Revision,
  Workload,
  WorkloadSpec,
} from "../../shared/simulator/model.ts";
import { labelExpressions } from "./label-expressions.ts";
import { validateLabels } from "./labels.ts";
import { isJsonObject, stringMap } from "./object.ts";
import type { JsonObject, KubernetesObject } from "./object.ts";
import { affinityErrors, placementOf } from "./pod-placement.ts";
import { objectAt, templateOf, withDefaults } from "./pod-template.ts";
import { invalid } from "./status.ts";
import type { InvalidField } from "./status.ts";
import { forgetWritten, rememberWritten, writtenSpec } from "./written-workload.ts";

/** Kinds of workloads that stand in the group `apps`. */
export type Kind = "Deployment" | "DaemonSet" | "StatefulSet";

export function workloadsOf(cluster: Cluster, kind: Kind): ReadonlyMap<string, Workload> {
  const found = [...cluster.workloads.values()].filter((workload) => workload.kind === kind);
  return new Map(found.map((workload) => [`${workload.namespace}/${workload.name}`, workload]));
}

export function workloadKey(workload: Pick<Workload, "kind" | "namespace" | "name">): string {
  return `${workload.kind}/${workload.namespace}/${workload.name}`;
}

export interface PodCounts {
  readonly all: number;
  readonly ready: number;
}

/** The pods of a workload, or of one of its revisions, that are not about to end. */
export function countPods(workload: Workload, revision?: Revision): PodCounts {
  const pods = workload.pods.filter(
    (pod) => pod.phase !== "Terminating" && (revision === undefined || pod.revision === revision),
  );
  return { all: pods.length, ready: pods.filter((pod) => pod.ready).length };
}

/** As written; the labels of its pods where nobody wrote one. */
export function selectorOf(cluster: Cluster, workload: Workload): LabelSelector {
  const { selector } = writtenSpec(cluster, workload);
  return isJsonObject(selector) ? selector : { matchLabels: { ...workload.labels } };
}

/** What is wanted of its pods: of a paused Deployment not what they are made from. */
export function wantedTemplate(cluster: Cluster, workload: Workload): PodTemplateSpec {
  const { template } = writtenSpec(cluster, workload);
  return isJsonObject(template) ? template : templateOf(workload, workload.revision);
}

/** The specification of a workload, scaled; a live workload has more to it than its own fields. */
export function withReplicas(workload: Workload, replicas: number): WorkloadSpec {
  const { kind, namespace, name, revision, replacement } = workload;
  const { labels, nodeSelector, tolerations, terminationGracePeriodSeconds, template } = revision;
  const { nodeTerms, apartFrom } = revision;
  return {
    kind,
    namespace,
    name,
    replicas,
    labels,
    nodeSelector,
    tolerations,
    terminationGracePeriodSeconds,
    ...(nodeTerms && { nodeTerms }),
    ...(apartFrom && { apartFrom }),
    ...(template && { template }),
    ...(replacement && { replacement }),
  };
}

/** Makes or changes a workload as a client wrote it, with its defaults (`admitWorkload`). */
export function putWorkload(cluster: Cluster, kind: Kind, body: KubernetesObject): void {
  const { name = "", namespace = "default" } = body.metadata ?? {};
  const spec = objectAt({ ...body }, "spec");
  const existing = cluster.workloads.get(workloadKey({ kind, namespace, name }));
  const wanted = objectAt(spec, "template");
  const template = existing ? knownTemplate(existing, wanted) : wanted;
  cluster.putWorkload({
    kind,
    namespace,
    name,
    replicas: kind === "DaemonSet" ? 0 : Number(spec.replicas),
    ...placementOf(wanted),
    ...(template && { template }),
    replacement: replacementOf(kind, spec),
  });
  rememberWritten(cluster, { kind, namespace, name }, body);
}

/** A template that comes back as it was shown is one that the world knows: nothing new has to be made of it. */
function knownTemplate({ name, revisions }: Workload, wanted: JsonObject): object | undefined {
  const text = canonicalJson(wanted);
  const known = revisions.findLast((one) => canonicalJson(templateOf({ name }, one)) === text);
  return known ? known.template : wanted;
}

function replacementOf(kind: Kind, spec: JsonObject): Replacement {
  const strategy = objectAt(spec, kind === "Deployment" ? "strategy" : "updateStrategy");
  const { maxSurge, maxUnavailable, partition } = objectAt(strategy, "rollingUpdate");
  const { progressDeadlineSeconds: deadline } = spec;
  return {
    type: strategy.type as Replacement["type"],
    ...(maxSurge !== undefined && { maxSurge: String(maxSurge) }),
    ...(maxUnavailable !== undefined && { maxUnavailable: String(maxUnavailable) }),
    ...(typeof partition === "number" && { partition }),
    ...(typeof deadline === "number" && { progressDeadlineSeconds: deadline }),
    paused: spec.paused === true,
    parallel: spec.podManagementPolicy === "Parallel",
  };
}

export function removeWorkload(
  cluster: Cluster,
  kind: Kind,
  { namespace = "default", name }: { readonly namespace?: string; readonly name: string },
): void {
  cluster.deleteWorkload(kind, namespace, name);
  forgetWritten(cluster, { kind, namespace, name });
}

const ROLLING = "RollingUpdate";

/** What the API server fills in. Source: kubernetes.io/docs/reference/kubernetes-api/workload-resources */
const DEFAULTS: Readonly<Record<Kind, (spec: JsonObject) => JsonObject>> = {
  Deployment: (spec) => ({
    replicas: 1,
    progressDeadlineSeconds: 600,
    ...spec,
    strategy: strategyOf(spec.strategy, { maxSurge: "25%", maxUnavailable: "25%" }),
  }),
  DaemonSet: (spec) => ({
    ...spec,
    updateStrategy: strategyOf(spec.updateStrategy, { maxSurge: 0, maxUnavailable: 1 }),
  }),
  StatefulSet: (spec) => ({
    replicas: 1,
    podManagementPolicy: "OrderedReady",
    serviceName: "",
    persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
    ...spec,
    updateStrategy: strategyOf(spec.updateStrategy, { partition: 0 }),
  }),
};

function strategyOf(given: unknown, defaults: object): JsonObject {
  const strategy = isJsonObject(given) ? given : {};
  const type = strategy.type || ROLLING;
  if (type !== ROLLING) return { ...strategy, type };
  return { type, rollingUpdate: { ...defaults, ...objectAt(strategy, "rollingUpdate") } };
}

/** As a client wrote it, with defaults; throws 422 for what the API server would refuse. */
export function admitWorkload<Body extends KubernetesObject>(
  kind: Kind,
  desired: Body,
  current?: Body,
): Body {
  const { status: _status, ...body } = { ...desired } as Body & JsonObject;
  const written = objectAt(body, "spec");
  const spec = DEFAULTS[kind]({
    revisionHistoryLimit: 10,
    ...written,
    template: withDefaults(objectAt(written, "template")),
  });
  const errors = [
    ...validateLabels(body.metadata?.labels),
    ...replicaErrors(kind, spec.replicas),
    ...selectorErrors(spec, current),
    ...podErrors("spec.template.spec", objectAt(objectAt(spec, "template"), "spec")),
    ...strategyErrors(kind, spec),
  ];
  if (errors.length > 0) throw invalid(`${kind}.apps`, body.metadata?.name ?? "", errors);
  return { ...body, spec } as unknown as Body;
}

/** More than any node pool takes; a slip of the keyboard must not fill the memory. */
const MAX_REPLICAS = 9_999;

function replicaErrors(kind: Kind, replicas: unknown): InvalidField[] {
  if (kind === "DaemonSet") return [];
  const rule = isCount(replicas)
    ? `this cluster takes at most ${MAX_REPLICAS}`
    : "must be an integer greater than or equal to 0";
  if (isCount(replicas) && Number(replicas) <= MAX_REPLICAS) return [];
  const message = `Invalid value: ${JSON.stringify(replicas)}: ${rule}`;
  return [{ field: "spec.replicas", message }];
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}

export function parseReplicas(kind: Kind, name: string, value: unknown): number {
  const replicas = value ?? 1;
  const errors = replicaErrors(kind, replicas);
  if (errors.length > 0) throw invalid(`${kind}.apps`, name, errors);
  return Number(replicas);
}

function selectorErrors(spec: JsonObject, current: KubernetesObject | undefined): InvalidField[] {
  const selector = objectAt(spec, "selector");
  const before = current && objectAt({ ...current }, "spec").selector;
  if (before !== undefined && canonicalJson(before) !== canonicalJson(selector)) {
    const message = `Invalid value: ${JSON.stringify(selector)}: field is immutable`;
    return [{ field: "spec.selector", message }];
  }
  const labels = stringMap(objectAt(objectAt(spec, "template"), "metadata").labels);
  const equal = Object.entries(stringMap(selector.matchLabels));
  const { expressions, errors } = labelExpressions(selector, "spec.selector");
  if (errors.length > 0) return errors;
  if (equal.length + expressions.length === 0) {
    return [{ field: "spec.selector", message: "Required value" }];
  }
  const matches =
    equal.every(([key, value]) => labels[key] === value) &&
    expressions.every((expression) => meets(expression, labels[expression.key]));
  if (matches) return [];
  const message = `Invalid value: ${JSON.stringify(labels)}: \`selector\` does not match template \`labels\``;
  return [{ field: "spec.template.metadata.labels", message }];
}

/** A year; whoever waits longer for a pod to end has mistyped. */
const MAX_GRACE_SECONDS = 365 * 86_400;

/** Of a pod or of a template: containers, with names and images, and the grace of their end. */
export function podErrors(path: string, podSpec: JsonObject): InvalidField[] {
  const { terminationGracePeriodSeconds: grace } = podSpec;
  const errors = [...containerErrors(path, podSpec), ...affinityErrors(path, podSpec)];
  if (isCount(grace) && Number(grace) <= MAX_GRACE_SECONDS) return errors;
  const message = `Invalid value: ${JSON.stringify(grace)}: must be a whole number of seconds from 0 to ${MAX_GRACE_SECONDS}`;
  return [...errors, { field: `${path}.terminationGracePeriodSeconds`, message }];
}

function containerErrors(path: string, podSpec: JsonObject): InvalidField[] {
  const containers = Array.isArray(podSpec.containers) ? podSpec.containers : [];
  if (containers.length === 0) return [{ field: `${path}.containers`, message: "Required value" }];
  return containers.filter(isJsonObject).flatMap((container, index) =>
    ["name", "image"]
      .filter((field) => typeof container[field] !== "string" || container[field] === "")
      .map((field) => ({
        field: `${path}.containers[${index}].${field}`,
        message: "Required value",
      })),
  );
}

const STRATEGIES: Readonly<Record<Kind, readonly string[]>> = {
  Deployment: ["Recreate", ROLLING],
  DaemonSet: ["OnDelete", ROLLING],
  StatefulSet: ["OnDelete", ROLLING],
};

function strategyErrors(kind: Kind, spec: JsonObject): InvalidField[] {
  const field = kind === "Deployment" ? "strategy" : "updateStrategy";
  const { type, rollingUpdate } = objectAt(spec, field);
  if (!STRATEGIES[kind].includes(String(type))) {
    const supported = STRATEGIES[kind].map((name) => JSON.stringify(name)).join(", ");
    const message = `Unsupported value: ${JSON.stringify(type)}: supported values: ${supported}`;
    return [{ field: `spec.${field}.type`, message }];
  }
  const amounts = Object.entries(isJsonObject(rollingUpdate) ? rollingUpdate : {});
  return amounts
    .filter(([, amount]) => !isCount(amount) && !/^\d+%$/.test(String(amount)))
    .map(([name, amount]) => ({
      field: `spec.${field}.rollingUpdate.${name}`,
      message: `Invalid value: ${JSON.stringify(amount)}: must be an integer or a percentage (e.g '5%')`,
    }));
}
