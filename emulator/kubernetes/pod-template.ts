import type { Container, PodTemplateSpec, Toleration } from "kubernetes-types/core/v1.js";
import type { Revision, Workload } from "../../shared/simulator/model.ts";
import { isJsonObject } from "./object.ts";
import type { JsonObject } from "./object.ts";

/** The simulated world runs no containers; a template that nobody wrote shows this one. */
const IMAGE = "mcr.microsoft.com/oss/v2/kubernetes/pause:3.10";

/** What the pods of a revision are made from: as its client wrote it, or made up for one that nobody wrote. */
export function templateOf(
  workload: Pick<Workload, "name">,
  revision: Revision,
  extraLabels: Readonly<Record<string, string>> = {},
): PodTemplateSpec {
  const template = (revision.template as PodTemplateSpec | undefined) ?? usual(workload, revision);
  const labels = { ...template.metadata?.labels, ...extraLabels };
  return { ...template, metadata: { ...template.metadata, labels } };
}

/** Asked for each pod of a list. */
const made = new WeakMap<Revision, PodTemplateSpec>();

function usual(workload: Pick<Workload, "name">, revision: Revision): PodTemplateSpec {
  const template = made.get(revision) ?? madeUp(workload, revision);
  made.set(revision, template);
  return template;
}

function madeUp({ name }: Pick<Workload, "name">, revision: Revision): PodTemplateSpec {
  const { labels, nodeSelector, tolerations } = revision;
  const spec = {
    containers: [{ name, image: IMAGE }],
    ...(Object.keys(nodeSelector).length > 0 && { nodeSelector: { ...nodeSelector } }),
    ...(tolerations.length > 0 && { tolerations: [...tolerations] as Toleration[] }),
    terminationGracePeriodSeconds: revision.terminationGracePeriodSeconds,
  };
  return withDefaults({ metadata: { labels: { ...labels } }, spec });
}

/**
 * A pod template, or a pod, with what the API server fills in.
 * Source: kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1
 */
export function withDefaults(template: JsonObject): PodTemplateSpec {
  const { creationTimestamp: _none, ...metadata } = objectAt(template, "metadata");
  const { initContainers, containers, ...spec } = objectAt(template, "spec");
  return {
    ...template,
    metadata,
    spec: {
      dnsPolicy: "ClusterFirst",
      restartPolicy: "Always",
      schedulerName: "default-scheduler",
      securityContext: {},
      terminationGracePeriodSeconds: 30,
      ...spec,
      ...(Array.isArray(initContainers) && { initContainers: initContainers.map(withImageRules) }),
      containers: Array.isArray(containers) ? containers.map(withImageRules) : [],
    },
  } as PodTemplateSpec;
}

function withImageRules(container: unknown): Container {
  const given = isJsonObject(container) ? container : {};
  const { ports, ...others } = given;
  return {
    imagePullPolicy: /:(?!latest$)[^/]+$/.test(String(given.image)) ? "IfNotPresent" : "Always",
    resources: {},
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    ...others,
    ...(Array.isArray(ports) && {
      ports: ports.map((port: unknown) => ({ protocol: "TCP", ...(isJsonObject(port) && port) })),
    }),
  } as Container;
}

/** As wide tables show them. */
export function containerNames(template: PodTemplateSpec | undefined): string {
  return (template?.spec?.containers ?? []).map(({ name }) => name).join(",");
}

export function containerImages(template: PodTemplateSpec | undefined): string {
  return (template?.spec?.containers ?? []).map(({ image }) => image).join(",");
}

export function objectAt(body: JsonObject, field: string): JsonObject {
  const value = body[field];
  return isJsonObject(value) ? value : {};
}
