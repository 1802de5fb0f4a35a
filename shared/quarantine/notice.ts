import type { Notice } from "../core/outbox.ts";
import type { QuarantinedNode, QuarantineRecord } from "./record.ts";

/** One message per episode of a cause, however many nodes join it; none once every node is proved. Pure. */
export function quarantineNotices(record: QuarantineRecord): readonly Notice[] {
  const { environment, cause, issue, issueUrl, nodes } = record;
  const held = nodes.filter(({ resolvedAt }) => !resolvedAt);
  const [first] = held;
  if (!first || issue === undefined) return [];
  const who =
    held.length > 1
      ? `node ${first.node} and ${held.length - 1} more are quarantined`
      : `node ${first.node} is quarantined`;
  const since = episodeSince(nodes);
  return [
    {
      environment,
      key: `quarantined:${issue}:${since}`,
      text: `${who} (${cause}): ${issueUrl ?? `issue #${issue}`}`,
      at: since,
      ...(issueUrl === undefined ? {} : { link: issueUrl }),
    },
  ];
}

/** When the cause last began to hold nodes: from then on it held one at any time. */
function episodeSince(nodes: readonly QuarantinedNode[]): string {
  let since = "";
  let until = "";
  for (const node of nodes.toSorted((a, b) => (a.since < b.since ? -1 : 1))) {
    if (node.since > until) since = node.since;
    const end = node.resolvedAt ?? FOREVER;
    if (end > until) until = end;
  }
  return since;
}

/** After every ISO 8601 time. */
const FOREVER = "9999";
