import type { Pod } from "kubernetes-types/core/v1.js";
import type { WireReply } from "../service.ts";
import { KubernetesError, conflict, methodNotAllowed } from "./status.ts";
import { requireCurrent } from "./write.ts";
import type { WriteRequest } from "./write.ts";

/** What schedulers post: a pod has its node already, or there is none for it. */
export function bindPod(write: WriteRequest, name: string): WireReply {
  if (write.request.method !== "POST") throw methodNotAllowed();
  const pod = requireCurrent(write, name) as Pod;
  const node = pod.spec?.nodeName;
  if (node !== undefined) {
    const why = `pod ${name} is already assigned to node ${JSON.stringify(node)}`;
    throw conflict({ group: "", plural: "pods/binding" }, name, why);
  }
  const message = `no node has room for ${name}: this cluster's own scheduler places every pod that fits`;
  throw new KubernetesError(501, "NotImplemented", message);
}
