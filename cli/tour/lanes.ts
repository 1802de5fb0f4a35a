import type { HistoryEntry, Report } from "./report.ts";
import type { BandSpan, Lane, LaneSpan, Timeline } from "./timeline.ts";

/** Which change opens and which ones close a span of a node. */
const NODE_SPANS: readonly {
  readonly kind: LaneSpan["kind"];
  readonly opens: string;
  readonly closes: readonly string[];
}[] = [
  { kind: "surge", opens: "SurgeCreating", closes: ["Removed"] },
  { kind: "drain", opens: "Draining", closes: ["Drained", "Quarantined", "Uncordoned", "Removed"] },
  { kind: "reimage", opens: "Reimaging", closes: ["Upgraded"] },
  {
    kind: "quarantine",
    opens: "Quarantined",
    closes: ["QuarantineReleased", "Upgraded", "Removed"],
  },
];

/** Turns the history of the local Azure into the lanes of the picture. Pure. */
export function timelineOf(report: Report, history: readonly HistoryEntry[]): Timeline {
  const end = Date.parse(report.endedAt);
  // The one that shows everything: two stages, a gate, a node that could not be drained.
  const run = report.runs.find(({ environment }) => environment === "prod") ?? report.runs[0];
  const lanes = (run?.stages ?? []).flatMap((stage) =>
    stage.groups.flatMap((group) =>
      group.members.map((member): Lane => {
        const own = history.filter(
          ({ cluster }) => cluster?.split("/").at(-1)?.toLowerCase() === member.name.toLowerCase(),
        );
        const upgrades = memberSpans(history, member.name, end);
        return {
          name: member.name,
          stage: stage.name,
          spans: [...upgrades, ...nodeSpans(own, end)],
        };
      }),
    ),
  );
  const states = history.filter(
    ({ kind, scope, name }) => kind === "run" && scope === "run" && name === run?.name,
  );
  const last = states.at(-1);
  return {
    title: run ? `Update run ${run.name}: ${run.state}` : "No update run",
    lanes,
    spans: (run?.stages ?? []).flatMap((stage) => bands(stage, history, end)),
    resumed: states.filter(isResumed).map(at),
    until: last?.state === "Running" || last === undefined ? end : at(last),
  };
}

/** A run that waited for a gate goes on by itself: only one that had ended is resumed. */
function isResumed({ state }: HistoryEntry, index: number, all: readonly HistoryEntry[]): boolean {
  const before = all[index - 1]?.state;
  return state === "Running" && (before === "Failed" || before === "Stopped");
}

function at(change: HistoryEntry): number {
  return Date.parse(change.at);
}

function memberSpans(
  history: readonly HistoryEntry[],
  member: string,
  end: number,
): readonly LaneSpan[] {
  const changes = history.filter(
    ({ kind, scope, name }) => kind === "run" && scope === "member" && name === member,
  );
  return changes.flatMap((change, index): LaneSpan[] => {
    if (change.state !== "Running") return [];
    const to = changes[index + 1]?.at;
    return [{ kind: "upgrade", from: Date.parse(change.at), to: to ? Date.parse(to) : end }];
  });
}

function nodeSpans(history: readonly HistoryEntry[], end: number): readonly LaneSpan[] {
  const changes = history.filter(({ kind }) => kind === "node");
  return NODE_SPANS.flatMap(({ kind, opens, closes }) =>
    changes.flatMap((change, index): LaneSpan[] => {
      if (change.change !== opens) return [];
      const close = changes
        .slice(index + 1)
        .find((later) => later.node === change.node && closes.includes(later.change ?? ""));
      return [{ kind, from: Date.parse(change.at), to: close ? Date.parse(close.at) : end }];
    }),
  );
}

function bands(
  stage: Report["runs"][number]["stages"][number],
  history: readonly HistoryEntry[],
  end: number,
): readonly BandSpan[] {
  const waits = history.filter(
    ({ kind, scope, name }) => kind === "run" && scope === "wait" && name === stage.name,
  );
  const begins = waits.find(({ state }) => state === "Running")?.at;
  const ends = waits.find(({ state }) => state === "Completed" || state === "Skipped")?.at;
  const from = begins ? Date.parse(begins) : undefined;
  return [
    ...(from === undefined
      ? []
      : [
          {
            kind: "wait" as const,
            stage: stage.name,
            label: `wait after ${stage.name}`,
            from,
            to: ends ? Date.parse(ends) : end,
          },
        ]),
    ...stage.gates.flatMap((gate): BandSpan[] => {
      const opened = from ?? (stage.completedTime ? Date.parse(stage.completedTime) : undefined);
      if (opened === undefined) return [];
      return [
        {
          kind: "gate",
          stage: stage.name,
          label: `gate "${gate.displayName}"`,
          from: opened,
          to: gate.approvedAt ? Date.parse(gate.approvedAt) : end,
        },
      ];
    }),
  ];
}
