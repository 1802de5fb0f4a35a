import { parseArmId } from "../core/arm-id.ts";
import { digest } from "../core/digest.ts";
import { UPGRADE_STATUS_LABEL } from "../core/kubernetes-labels.ts";
import { outlastsDrain } from "./blocked-node.ts";
import { isResolved, type Holder, type QuarantinedNode, type QuarantineRecord } from "./record.ts";

/** An issue lists this many nodes; the rest is counted. Keeps the body far below GitHub's 65,536 characters. */
const MAX_NODES_LISTED = 40;

/** The hidden line by which the issue of a cause is found again. */
export function marker(record: Pick<QuarantineRecord, "environment" | "cause">): string {
  return `<!-- fleetwright:quarantine environment=${record.environment} cause=${digest(record.cause).slice(0, 16)} -->`;
}

export function renderTitle(record: QuarantineRecord): string {
  const { subject, verb } = describeCause(record);
  return `${record.environment}: ${subject} ${verb} nodes from being upgraded`;
}

/** A title names this many budgets; the issue names all. */
const MAX_BUDGETS_IN_TITLE = 3;

function describeCause(record: QuarantineRecord): { subject: string; verb: "keep" | "keeps" } {
  const { cause } = record;
  if (cause.startsWith("grace:"))
    return { subject: `the grace period of ${cause.slice("grace:".length)}`, verb: "keeps" };
  if (!cause.startsWith("pdb:")) return { subject: `a drain that timed out`, verb: "keeps" };
  const budgets = budgetsOf(record);
  const shown = budgets.slice(0, MAX_BUDGETS_IN_TITLE);
  const others = budgets.length - shown.length;
  const names = others > 0 ? [...shown, `${others} more`] : shown;
  const [last = "", ...first] = names.toReversed();
  return first.length === 0
    ? { subject: `pod disruption budget ${last}`, verb: "keeps" }
    : {
        subject: `pod disruption budgets ${first.toReversed().join(", ")} and ${last}`,
        verb: "keep",
      };
}

/** The budget of the cause, then those that hold its nodes as well. */
function budgetsOf(record: QuarantineRecord): readonly string[] {
  const open = record.nodes.filter(({ resolvedAt }) => !resolvedAt);
  const nodes = open.length > 0 ? open : record.nodes;
  const others = nodes
    .flatMap(holdersOf)
    .flatMap(({ pdb, overlapping = [] }) => [...(pdb ? [pdb] : []), ...overlapping]);
  return [...new Set([record.cause.slice("pdb:".length), ...others.toSorted()])];
}

function holdersOf(node: QuarantinedNode): readonly Holder[] {
  return [node, ...(node.alsoHeldBy ?? [])];
}

export function renderBody(record: QuarantineRecord): string {
  const held = record.nodes.filter((node) => !node.releasedAt && !node.resolvedAt);
  const lines = [
    marker(record),
    verdict(record, held.length),
    "",
    "| cluster | node pool | node | pod | budget | state |",
    "|---|---|---|---|---|---|",
    ...record.nodes.slice(0, MAX_NODES_LISTED).map(row),
    ...(record.nodes.length > MAX_NODES_LISTED
      ? ["", `${record.nodes.length - MAX_NODES_LISTED} more nodes are not listed.`]
      : []),
    "",
    ...guidance(record, held[0]),
  ];
  return lines.join("\n");
}

/** What a person can do; once it is done, what was to be done stays for whoever reads it later. */
function guidance(record: QuarantineRecord, held: QuarantinedNode | undefined): readonly string[] {
  if (held) {
    return [
      ...why(held),
      "AKS keeps one surge node for each quarantined node, so that the pool keeps its capacity on the new image",
      `beside the old node with its pod${capacity(held)}. The quarantined node takes no new pods and needs a person.`,
      "",
      ...remedies(held),
    ];
  }
  const last = record.nodes.at(-1);
  if (!last) return [];
  return ["<details><summary>The remedies</summary>", "", ...remedies(last), "", "</details>"];
}

function verdict(record: QuarantineRecord, held: number): string {
  if (record.nodes.length === 0)
    return "**No node is left to this cause.** Each is told of in the issue of another, under which it was seen first.";
  if (isResolved(record))
    return "**Resolved.** Every node of these pools is on its target image, Ready and schedulable.";
  if (held === 0)
    return "**Released.** No node is quarantined any more; the pools are not proved yet.";
  return `**${held} ${held === 1 ? "node is" : "nodes are"} quarantined**: cordoned, on the old image, kept by a pod that may not be evicted.`;
}

function row(node: QuarantinedNode): string {
  const holders = holdersOf(node);
  const pods = holders.map(({ pod }) => (pod ? code(pod) : "none")).join("<br>");
  const budgets = holders.map(budgetCell).join("<br>");
  const state = node.resolvedAt
    ? `resolved ${node.resolvedAt}`
    : node.releasedAt
      ? `released ${node.releasedAt}`
      : `quarantined since ${node.since}`;
  return `| ${code(parseArmId(node.cluster).name)} | ${code(node.nodePool)} | ${code(node.node)} | ${pods} | ${budgets} | ${state} |`;
}

function budgetCell(holder: Holder): string {
  if (!holder.pdb) return "none";
  const { disruptionsAllowed, healthyPods, requiredPods, overlapping = [] } = holder;
  const numbers = `${disruptionsAllowed ?? "?"} disruptions allowed, ${healthyPods ?? "?"} healthy of ${requiredPods ?? "?"} required`;
  const too = overlapping.map((pdb) => ` and ${code(pdb)}`).join("");
  return `${code(holder.pdb)}${too}: ${numbers}`;
}

/** Names come from clusters: as code, without the characters that would end it. */
function code(text: string): string {
  return `\`${text.replaceAll(/[`|\r\n]/g, " ")}\``;
}

/** The three ways out of the AKS documentation, as commands to paste. */
function remedies(node: QuarantinedNode): readonly string[] {
  const { name, resourceGroup } = parseArmId(node.cluster);
  const finish = [
    `kubectl label node ${node.node} ${UPGRADE_STATUS_LABEL}-`,
    `az aks nodepool update --resource-group ${resourceGroup} --cluster-name ${name} --name ${node.nodePool}`,
  ];
  return [
    "### Choose one remedy",
    "",
    ...(node.pdb ? adjustBudgets(node, finish) : waitLonger(node, finish)),
    "2. **Delete the pod** by hand; its owner makes a new one on another node:",
    ...block([...holdersOf(node).map(deletePod), ...finish]),
    "3. **Delete the node** once the pod can go; the surge node that stayed takes its place:",
    ...block([
      `kubectl drain ${node.node} --ignore-daemonsets --delete-emptydir-data`,
      `az aks nodepool delete-machines --resource-group ${resourceGroup} --cluster-name ${name} --name ${node.nodePool} --machine-names ${node.node}`,
    ]),
    "A quarantined node fails its member and stops the update run. After the remedy, resume the run:",
    "the `update-run` action with `operation: resume`. This issue closes by itself when the pool is proved.",
  ];
}

function deletePod({ pod: id }: Holder): string {
  const [namespace = "<namespace>", pod = "<pod>"] = id?.split("/") ?? [];
  return `kubectl --namespace ${namespace} delete pod ${pod}`;
}

function adjustBudgets(node: QuarantinedNode, finish: readonly string[]): readonly string[] {
  const holders = holdersOf(node).filter(({ pdb }) => pdb);
  const what = holders.length > 1 ? "each budget, so that its pod" : "the budget, so that the pod";
  return [
    `1. **Adjust ${what} may move**, and put it back afterwards:`,
    ...block([
      ...holders.map(loosen),
      ...finish,
      ...holders.flatMap((holder) => (holder.pdbLimit ? [putBack(holder)] : [])),
    ]),
    ...(holders.some(({ overlapping }) => overlapping)
      ? [
          "   A pod that more than one budget selects is never evicted, whatever they allow: leave it one, by the selectors or with `kubectl delete pdb`.",
        ]
      : []),
  ];
}

function loosen({ pdb }: Holder): string {
  return patchBudget(pdb, { minAvailable: null, maxUnavailable: 1 });
}

function putBack({ pdb, pdbLimit }: Holder): string {
  const { minAvailable, maxUnavailable } = pdbLimit ?? {};
  const original = { minAvailable: limit(minAvailable), maxUnavailable: limit(maxUnavailable) };
  return patchBudget(pdb, original);
}

function patchBudget(id: string | undefined, spec: object): string {
  const [namespace = "", pdb = ""] = id?.split("/") ?? [];
  return `kubectl --namespace ${namespace} patch pdb ${pdb} --type merge --patch '${JSON.stringify({ spec })}'`;
}

/** A number as a number, a share as a text, and nothing as what takes the field away. */
function limit(value: string | undefined): number | string | null {
  if (value === undefined) return null;
  return /^\d+$/.test(value) ? Number(value) : value;
}

/** No budget stands in the way: the pod needs longer than AKS waits. */
function waitLonger(node: QuarantinedNode, finish: readonly string[]): readonly string[] {
  const { name, resourceGroup } = parseArmId(node.cluster);
  const grace = Math.ceil((node.gracePeriodSeconds ?? 0) / 60);
  const minutes = Math.max(grace, node.drainTimeoutMinutes ?? 30) + 15;
  return [
    "1. **Give the drain more time**, so that the pod may end by itself:",
    ...block([
      `az aks nodepool update --resource-group ${resourceGroup} --cluster-name ${name} --name ${node.nodePool} --drain-timeout ${minutes}`,
      ...finish,
    ]),
  ];
}

/** Who blocks, and by what. */
function why(node: QuarantinedNode): readonly string[] {
  return [...holdersOf(node).map((holder) => sentence(holder, node)), ""];
}

function sentence(holder: Holder, node: QuarantinedNode): string {
  const pod = holder.pod ? `Pod ${code(holder.pod)}` : "A pod";
  const owner = holder.owner ? ` of ${code(holder.owner)}` : "";
  const [other] = holder.overlapping ?? [];
  if (holder.pdb && other)
    return `${pod}${owner} is never evicted: more than one budget selects it, ${code(holder.pdb)} and ${code(other)}.`;
  if (holder.pdb)
    return `${pod}${owner} may not be evicted: ${code(holder.pdb)} allows ${holder.disruptionsAllowed ?? "?"} disruptions.`;
  const timeout = `AKS waits ${node.drainTimeoutMinutes ?? 30} minutes for a drain`;
  if (holder.gracePeriodSeconds !== undefined && outlastsDrain(holder, node))
    return `${pod}${owner} may take ${holder.gracePeriodSeconds} s to end, and ${timeout}.`;
  return `${pod}${owner} did not leave in time: ${timeout}, and no budget forbids its eviction.`;
}

function capacity({ capacity: found }: QuarantinedNode): string {
  return found ? `: ${found.schedulable} nodes took pods then, ${found.wanted} are wanted` : "";
}

function block(commands: readonly string[]): readonly string[] {
  return ["   ```sh", ...commands.map((command) => `   ${command}`), "   ```"];
}
