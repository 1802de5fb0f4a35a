import type { PodDisruptionBudget } from "kubernetes-types/policy/v1.js";
import { UPGRADE_STATUS_LABEL } from "../core/kubernetes-labels.ts";
import type { Budget, BudgetLimit, LabelSelector, RemedyPort } from "../quarantine/ports.ts";
import type { Connect } from "./kubernetes-connection.ts";
import { ignoreAbsent, patch, translatedWrite } from "./kubernetes-write.ts";

/** Budgets, pods and labels that a remedy of a quarantined node changes. */
export function createRemedyPort(connect: Connect): RemedyPort {
  return {
    listBudgets(cluster) {
      const path = "/apis/policy/v1/poddisruptionbudgets";
      return translatedWrite(cluster, async () => {
        const budgets = await connect(cluster, (client) => client.list<PodDisruptionBudget>(path));
        return budgets.map(toBudget);
      });
    },
    changeBudget(cluster, { namespace, name, resourceVersion }, { limit, annotations }) {
      const path = `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets/${name}`;
      const spec = limit && { spec: { minAvailable: null, maxUnavailable: null, ...limit } };
      const body = { metadata: { resourceVersion, annotations }, ...spec };
      return translatedWrite(cluster, () => patch(connect, cluster, path, body));
    },
    deletePod(cluster, { namespace, name, uid }) {
      const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
      const body = { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid } };
      return translatedWrite(cluster, () =>
        ignoreAbsent(async () => {
          await connect(cluster, (client) => client.write({ method: "DELETE", path, body }));
        }),
      );
    },
    releaseNode(cluster, node, { uncordon }) {
      const body = {
        metadata: { labels: { [UPGRADE_STATUS_LABEL]: null } },
        ...(uncordon && { spec: { unschedulable: null } }),
      };
      return translatedWrite(cluster, () =>
        ignoreAbsent(() => patch(connect, cluster, `/api/v1/nodes/${node}`, body)),
      );
    },
  };
}

function toBudget({ metadata, spec, status }: PodDisruptionBudget): Budget {
  const { minAvailable, maxUnavailable } = spec ?? {};
  const controller = metadata?.ownerReferences?.find((owner) => owner.controller === true);
  const managers = (metadata?.managedFields ?? []).flatMap(({ manager }) => manager ?? []);
  const limit: BudgetLimit = {
    ...(minAvailable !== undefined && { minAvailable }),
    ...(maxUnavailable !== undefined && { maxUnavailable }),
  };
  return {
    namespace: metadata?.namespace ?? "",
    name: metadata?.name ?? "",
    resourceVersion: metadata?.resourceVersion ?? "",
    labels: metadata?.labels ?? {},
    annotations: metadata?.annotations ?? {},
    ...(controller && { controller: `${controller.kind}/${controller.name}` }),
    managers: [...new Set(managers)],
    selector: (spec?.selector ?? {}) as LabelSelector,
    limit,
    disruptionsAllowed: status?.disruptionsAllowed ?? 0,
    currentHealthy: status?.currentHealthy ?? 0,
    expectedPods: status?.expectedPods ?? 0,
  };
}
