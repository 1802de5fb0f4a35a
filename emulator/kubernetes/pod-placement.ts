import type { PodTemplateSpec } from "kubernetes-types/core/v1.js";
import type { LabelExpression, PodTerm, WorkloadSpec } from "../../shared/simulator/model.ts";
import { labelExpressions } from "./label-expressions.ts";
import { isJsonObject, stringMap } from "./object.ts";
import type { JsonObject } from "./object.ts";
import { objectAt } from "./pod-template.ts";
import type { InvalidField } from "./status.ts";

type Placement = Pick<
  WorkloadSpec,
  | "labels"
  | "nodeSelector"
  | "tolerations"
  | "terminationGracePeriodSeconds"
  | "nodeTerms"
  | "apartFrom"
>;

/** What the world acts on of a pod template. */
export function placementOf(template: PodTemplateSpec): Placement {
  const spec = objectAt({ ...template }, "spec");
  const { nodeSelector, tolerations, terminationGracePeriodSeconds: grace } = spec;
  const nodeTerms = nodeTermsOf(spec);
  const apartFrom = apartFromOf(spec);
  return {
    labels: stringMap(template.metadata?.labels),
    ...(isJsonObject(nodeSelector) && { nodeSelector: stringMap(nodeSelector) }),
    ...(Array.isArray(tolerations) && {
      tolerations: tolerations.filter(isJsonObject).map(stringMap),
    }),
    ...(typeof grace === "number" && { terminationGracePeriodSeconds: grace }),
    ...(nodeTerms && { nodeTerms }),
    ...(apartFrom.length > 0 && { apartFrom }),
  };
}

const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";
const NODE_TERMS = `affinity.nodeAffinity.${REQUIRED}.nodeSelectorTerms`;
const POD_TERMS = `affinity.podAntiAffinity.${REQUIRED}`;

function listAt(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function nodeTermsOf(spec: JsonObject): (readonly LabelExpression[])[] | undefined {
  const affinity = objectAt(objectAt(spec, "affinity"), "nodeAffinity");
  const { nodeSelectorTerms } = objectAt(affinity, REQUIRED);
  if (nodeSelectorTerms === undefined) return undefined;
  return listAt(nodeSelectorTerms).map((term) => [
    ...labelExpressions(term, NODE_TERMS).expressions,
    // The only field that a term may name is the name of the node, which its host name is here.
    ...labelExpressions({ matchExpressions: term.matchFields }, NODE_TERMS).expressions.map(
      (field) => ({ ...field, key: "kubernetes.io/hostname" }),
    ),
  ]);
}

function apartFromOf(spec: JsonObject): PodTerm[] {
  const affinity = objectAt(objectAt(spec, "affinity"), "podAntiAffinity");
  return listAt(affinity[REQUIRED]).map((term) => {
    const selector = objectAt(term, "labelSelector");
    const equal = Object.entries(stringMap(selector.matchLabels)).map(
      ([key, value]): LabelExpression => ({ key, operator: "In", values: [value] }),
    );
    const { expressions } = labelExpressions(selector, POD_TERMS);
    return { selector: [...equal, ...expressions], topologyKey: String(term.topologyKey ?? "") };
  });
}

/** Expressions that cannot be read; node affinity by number (`Gt`, `Lt`) is not known here. */
export function affinityErrors(path: string, spec: JsonObject): InvalidField[] {
  const { nodeAffinity, podAntiAffinity } = objectAt(spec, "affinity");
  const nodeTerms = isJsonObject(nodeAffinity)
    ? listAt(objectAt(nodeAffinity, REQUIRED).nodeSelectorTerms)
    : [];
  const podTerms = isJsonObject(podAntiAffinity) ? listAt(podAntiAffinity[REQUIRED]) : [];
  return [
    ...nodeTerms.flatMap((term) => labelExpressions(term, `${path}.${NODE_TERMS}`).errors),
    ...podTerms.flatMap(
      (term) => labelExpressions(objectAt(term, "labelSelector"), `${path}.${POD_TERMS}`).errors,
    ),
  ];
}
