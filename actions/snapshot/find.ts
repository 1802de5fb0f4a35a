import { counted, markdownTable } from "../../shared/core/markdown.ts";
import { findSnapshots } from "../../shared/snapshot/find.ts";
import type { NodePoolSnapshot } from "../../shared/snapshot/ports.ts";
import type { Report } from "../runner/report.ts";
import { listExisting } from "./existing.ts";
import type { Scope } from "./inputs.ts";

/** Ids in the JSON output, and rows of the summary. */
const MAX_LISTED = 100;

export async function find({ inputs, deps, environment, clusters }: Scope): Promise<Report> {
  const kind = inputs.kind ?? "proven";
  const found = findSnapshots(await listExisting(deps.snapshots, clusters), {
    environment: environment.name,
    kind,
    imageFamily: inputs.imageFamily,
    vmSize: inputs.vmSize,
    ...(inputs.nodePools.length > 0 && {
      sourcePools: clusters.flatMap(({ nodePools }) => nodePools.map(({ id }) => id)),
    }),
  });
  const [newest] = found;
  const verdict =
    newest === undefined
      ? `**None** of ${environment.name} is ${kind} and fits.`
      : `**${newest.name}**, the newest of ${found.length}.`;
  deps.runner.log(newest === undefined ? "no snapshot fits" : `found ${newest.id}`);
  return {
    outputs: {
      changed: "false",
      found: String(newest !== undefined),
      "snapshot-id": newest?.id ?? "",
      "node-image-version": newest?.nodeImageVersion ?? "",
      "kubernetes-version": newest?.kubernetesVersion ?? "",
      "snapshot-ids": JSON.stringify(found.slice(0, MAX_LISTED).map(({ id }) => id)),
    },
    summary: [
      `## ${counted(found.length, "snapshot")} (${kind}) of ${environment.name}`,
      verdict,
      table(found),
    ].join("\n\n"),
  };
}

function table(found: readonly NodePoolSnapshot[]): string {
  if (found.length === 0) return "";
  const head = ["Snapshot", "Node image", "Kubernetes", "VM size", "Taken"];
  const rows = found
    .slice(0, MAX_LISTED)
    .map((snapshot) => [
      snapshot.name,
      snapshot.nodeImageVersion,
      snapshot.kubernetesVersion,
      snapshot.vmSize,
      snapshot.createdAt,
    ]);
  return markdownTable(head, rows);
}
