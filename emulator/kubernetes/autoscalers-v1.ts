import type { HorizontalPodAutoscaler } from "kubernetes-types/autoscaling/v1.js";
import { isJsonObject } from "./object.ts";
import type { JsonObject, KubernetesObject } from "./object.ts";
import { plainResources } from "./plain-resources.ts";
import type { Resource } from "./resource.ts";

const GROUP = "autoscaling";
const KIND = "HorizontalPodAutoscaler";

/** The older form of autoscalers, which know the CPU alone: `kubectl autoscale` up to 1.25 writes it. */
export function autoscalersV1(): Resource<KubernetesObject> {
  const newer = plainResources.find(({ group, kind }) => group === GROUP && kind === KIND);
  if (!newer) throw new Error("autoscalers are not served");
  const { create, update } = newer;
  return {
    ...newer,
    version: "v1",
    categories: [],
    render: (body, view) => older(newer.render(body, view)),
    create: (cluster, desired) => create?.(cluster, toNewer(desired)),
    update: (cluster, current, desired) => update?.(cluster, current, toNewer(desired)),
  };
}

function older(object: KubernetesObject): KubernetesObject {
  const { spec } = object as JsonObject;
  const { metrics, behavior: _behavior, ...others } = isJsonObject(spec) ? spec : {};
  const utilization = cpuUtilization(metrics);
  return {
    ...object,
    apiVersion: "autoscaling/v1",
    kind: KIND,
    spec: {
      ...others,
      ...(utilization !== undefined && { targetCPUUtilizationPercentage: utilization }),
    },
  } as KubernetesObject;
}

function cpuUtilization(metrics: unknown): number | undefined {
  const list = Array.isArray(metrics) ? metrics.filter(isJsonObject) : [];
  const resources = list.map(({ resource }) => (isJsonObject(resource) ? resource : {}));
  const target = resources.find(({ name }) => name === "cpu")?.target;
  const value = isJsonObject(target) ? target.averageUtilization : undefined;
  return typeof value === "number" ? value : undefined;
}

function toNewer(written: KubernetesObject): KubernetesObject {
  const { spec, ...object } = written as KubernetesObject & Pick<HorizontalPodAutoscaler, "spec">;
  const { targetCPUUtilizationPercentage, ...others } = spec ?? {};
  const target = { type: "Utilization", averageUtilization: targetCPUUtilizationPercentage };
  const metrics = [{ type: "Resource", resource: { name: "cpu", target } }];
  const newer = {
    ...object,
    apiVersion: "autoscaling/v2",
    spec: { ...others, ...(targetCPUUtilizationPercentage !== undefined && { metrics }) },
  };
  return newer as KubernetesObject;
}
