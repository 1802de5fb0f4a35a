import { DAY, formatDuration } from "../core/duration.ts";
import { counted, escapeMarkdown, markdownTable } from "../core/markdown.ts";
import type { Release } from "../declaration/documents.ts";
import { imageExpiry } from "../snapshot/expiry.ts";
import { tookMilliseconds } from "../update-run/progress.ts";
import type { SkipRecord } from "../update-run/skip-record.ts";
import { firstGap, type EvidenceItem, type Judged } from "./evidence.ts";
import type { MemberEvidence } from "./observe.ts";
import { releaseNotesUrl } from "./release-notes.ts";
import type { ProposalText } from "./render.ts";

/** GitHub takes 65,536 characters; members give way to everything else. */
const MAX_BODY_CHARACTERS = 65_000;

/** Skipped members that are listed above the fold. */
const MAX_SKIPPED = 50;

/** Characters of a person's reason. */
const MAX_REASON_CHARACTERS = 300;

export interface PromotionText extends Judged {
  readonly source: string;
  /** The release that the pull request changes. */
  readonly target: Release;
}

const MARKS = { pass: "✅", wait: "⏳", fail: "❌" };

/** Title and body of a promotion: what changes, why it is proved, and who had a word in it. Pure. */
export function renderPromotion(text: PromotionText): ProposalText {
  const { candidate, source, target, evidence } = text;
  const { run, release } = candidate.source;
  const { name, generation } = target.metadata;
  const gap = firstGap(evidence);
  const head = [
    `<!-- fleetwright:promotion environment=${name} from=${source} generation=${release.metadata.generation} ${runMark(run.name)} -->`,
    ...(gap === undefined
      ? []
      : [`> [!CAUTION]\n> Not to be merged as it stands: ${escapeMarkdown(gap.detail)}.`]),
    `**${source}** proved generation ${release.metadata.generation}. Merging brings it to **${name}** as generation ${generation + 1}; the update run then follows the declared strategy, stage by stage.`,
    "### What changes",
    changeTable(text),
    ...notesOf(candidate.plan.nodeImages),
    ...candidate.plan.notes.map((note) => `- ${note}`),
    "### Evidence",
    evidenceTable(evidence),
    ...skippedLines(text),
    `Update run [\`${run.name}\`](https://portal.azure.com/#resource${run.id}) of commit ${candidate.source.rollout.commit}.`,
  ].join("\n\n");
  return { title: titleOf(text), body: withMembers(head, text) };
}

/** In the hidden first line: which run a promotion pull request carries on. */
export function runMark(run: string): string {
  return `run=${run}`;
}

function titleOf({ candidate: { plan }, source, target }: PromotionText): string {
  const images = Object.values(plan.nodeImages);
  const what = [
    ...(images.length > 0 ? [`node image ${[...new Set(images)].join(", ")}`] : []),
    ...(plan.kubernetesVersion === undefined ? [] : [`Kubernetes ${plan.kubernetesVersion}`]),
    ...(plan.digest === undefined ? [] : [`strategy ${target.spec.strategy.name}`]),
  ];
  return `${target.metadata.name}: promote ${what.join(", ")} from ${source}`;
}

function changeTable({ candidate, target, source }: PromotionText): string {
  const { plan, provedAt } = candidate;
  const images = Object.entries(plan.nodeImages).map(([family, version]) => {
    const image = `${family}-${version}`;
    return [
      `\`${family}\``,
      `\`${target.spec.nodeImages?.[family] ?? "none"}\``,
      `\`${version}\``,
      lifeOf(image, provedAt),
    ];
  });
  const version =
    plan.kubernetesVersion === undefined
      ? []
      : [
          [
            "Kubernetes",
            target.spec.kubernetesVersion ?? "not on record",
            plan.kubernetesVersion,
            "",
          ],
        ];
  const digest =
    plan.digest === undefined
      ? []
      : [
          [
            `strategy \`${target.spec.strategy.name}\``,
            `\`${short(target.spec.strategy.digest)}\``,
            `\`${short(plan.digest)}\``,
            candidate.source.strategy.metadata.name === target.spec.strategy.name
              ? `as ${source} ran it`
              : "as declared on the default branch",
          ],
        ];
  return markdownTable(["", "from", "to", ""], [...images, ...version, ...digest]);
}

function notesOf(nodeImages: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(nodeImages).map(([family, version]) => {
    const image = `${family}-${version}`;
    return `Release notes: [${image}](${releaseNotesUrl(image)})`;
  });
}

function short(digest: string | undefined): string {
  return digest === undefined ? "not pinned" : digest.slice(0, "sha256:".length + 12);
}

/** Age when it was proved, and the day on which AKS stops upgrading to it. */
function lifeOf(image: string, provedAt: number): string {
  const expiry = imageExpiry(image);
  if (expiry === undefined) return "";
  const age = Math.max(0, Math.floor((provedAt - (expiry - 90 * DAY)) / DAY));
  return `${counted(age, "day")} old when proved, valid until ${new Date(expiry).toISOString().slice(0, 10)}`;
}

export function evidenceTable(evidence: readonly EvidenceItem[]): string {
  return markdownTable(
    ["", "", ""],
    evidence.map(({ name, outcome, detail }) => [MARKS[outcome], name, detail]),
  );
}

/** What a person took out of the run: members, which so proved nothing, and waits. */
function skippedLines(text: PromotionText): readonly string[] {
  const skipped = text.observed.members.filter(({ excused }) => excused);
  const lines = [...skipped.map(skippedLine), ...skippedWaits(text.observed.skips ?? [])];
  if (lines.length === 0) return [];
  const rest = lines.length - MAX_SKIPPED;
  const members = `${counted(skipped.length, "member")} skipped, and so not proved`;
  return [
    [
      `${skipped.length > 0 ? members : "Skipped"}${whoElse(text, skipped)}:`,
      ...lines.slice(0, MAX_SKIPPED),
      ...(rest > 0 ? [`- and ${rest} more`] : []),
    ].join("\n"),
  ];
}

function skippedLine({ stage, member, skip }: MemberEvidence): string {
  const why = skip === undefined ? escapeMarkdown(member.message ?? "skipped") : wordOf(skip);
  return `- \`${member.name}\` (${escapeMarkdown(stage)}): ${why}`;
}

function skippedWaits(skips: readonly SkipRecord[]): readonly string[] {
  return skips.flatMap((skip) =>
    skip.targets
      .filter(({ type }) => type === "AfterStageWait")
      .map(({ name }) => `- the wait after ${escapeMarkdown(name)}: ${wordOf(skip)}`),
  );
}

function wordOf({ by, reason, at }: SkipRecord): string {
  const flat = reason.replaceAll(/\s+/g, " ").trim().slice(0, MAX_REASON_CHARACTERS);
  return `skipped by ${escapeMarkdown(by)} ${at}: ${escapeMarkdown(flat)}`;
}

/** Where nobody recorded who it was, Azure's activity log knows. */
function whoElse(
  { candidate, observed }: PromotionText,
  skipped: readonly MemberEvidence[],
): string {
  if (skipped.every(({ skip }) => skip !== undefined)) return "";
  const log = `https://portal.azure.com/#resource${candidate.source.run.id}/eventlogs`;
  const lacks = observed.skips === undefined ? "; the token may not read checks" : "";
  return ` (who and why, where it is not told: [activity log](${log})${lacks})`;
}

/** Members below the fold, as many as fit; the rest is counted. */
function withMembers(head: string, { observed }: PromotionText): string {
  const { members } = observed;
  const open = `\n\n<details><summary>${counted(members.length, "member")}</summary>\n\n`;
  const close = "\n\n</details>\n";
  const table = markdownTable(["member", "stage", "state", "took", "nodes"], members.map(rowOf));
  const lines = table.split("\n");
  const room = MAX_BODY_CHARACTERS - head.length - open.length - close.length;
  let used = 0;
  const kept = lines.filter((line) => (used += line.length + 1) <= room);
  const rest = lines.length - kept.length;
  const note = rest > 0 ? `\n\n${counted(rest, "more member")}: see the update run.` : "";
  return `${head}${open}${kept.join("\n")}${note}${close}`;
}

function rowOf({ member, stage, verdict, excused, skip }: MemberEvidence): readonly string[] {
  const took = tookMilliseconds(member);
  return [
    `\`${member.name}\``,
    stage,
    excused ? `Skipped by ${skip?.by ?? "a person"}` : member.state,
    took === undefined ? "" : formatDuration(took),
    verdict === undefined ? "" : String(verdict.nodesUpgraded),
  ];
}
