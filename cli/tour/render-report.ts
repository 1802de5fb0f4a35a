import type { Report, RunFact } from "./report.ts";

/** The report for a person: verdict first, then what happened. Pure. */
export function renderReport(report: Report): string {
  const proven = report.snapshots.filter(({ kind }) => kind === "proven").length;
  const outgoing = report.snapshots.length - proven;
  return [
    `# Tour: ${report.ok ? "everything as promised" : "NOT as promised"}`,
    "",
    ...report.problems.map((problem) => `- ${problem}`),
    `Virtual time ${report.startedAt} to ${report.endedAt}.`,
    "",
    ...report.pullRequests.map(
      ({ number, title, state, changes }) =>
        `- pull request #${number} (${state}): ${title}; changes ${changes.map(({ file }) => file).join(", ")}`,
    ),
    `- snapshots: ${outgoing} outgoing, ${proven} proven`,
    `- events: ${report.events.published} published, ${report.events.delivered} delivered, ${report.events.retried} retried`,
    `- calls to the local Azure: ${report.azureCalls.total}`,
    `- the run that nobody reviewed: ${report.refused}`,
    ...report.quarantined.map(
      ({ cluster, nodePool, node, pod, pdb, issue, resolvedAt }) =>
        `- quarantined: node ${node} of ${cluster}/${nodePool}, pod ${pod}, budget ${pdb}; issue #${issue?.number} is ${issue?.state}, resolved ${resolvedAt}`,
    ),
    "",
    ...report.runs.flatMap(renderRun),
    "![timeline](timeline.svg)",
    "",
  ].join("\n");
}

function renderRun(run: RunFact): readonly string[] {
  return [
    `## ${run.name}: ${run.state} after ${run.attempts} starts`,
    "",
    "| stage | group | member | state | nodes upgraded |",
    "|---|---|---|---|---|",
    ...run.stages.flatMap((stage) =>
      stage.groups.flatMap((group) =>
        group.members.map(
          (member) =>
            `| ${stage.name} | ${group.name} | ${member.name} | ${member.state} | ${member.nodesUpgraded} |`,
        ),
      ),
    ),
    "",
    ...run.stages.flatMap((stage) =>
      stage.gates.map(
        (gate) =>
          `Gate "${gate.displayName}" of ${stage.name}: ${gate.state}, approved ${gate.approvedAt ?? "never"} by ${gate.approvedBy ?? "nobody"}; the wait ended ${stage.waitedUntil ?? "never"}.`,
      ),
    ),
    "",
  ];
}
