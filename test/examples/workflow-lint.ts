import { isMap, isScalar, LineCounter, parseDocument, visit, type Pair } from "yaml";

/** A rule of https://docs.github.com/actions/security-guides that a workflow breaks: `line: what`. */
export type WorkflowFinding = string;

/** Actions of this project are used at a moving tag; every other one at a commit. */
const OWN = /^(\.\/|fleetwright\/fleetwright\/)/;
const PINNED = /^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/;
/** What a job may hold beyond reading. Anything else is a finding. */
const WRITES = new Set(["id-token", "checks", "contents", "attestations"]);

/** Minimal permissions, pinned actions, no expression in a script, no credentials left behind. Pure. */
export function lintWorkflow(text: string): readonly WorkflowFinding[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const workflow = document.toJS() as Workflow;
  const findings: WorkflowFinding[] = [...lintTriggers(workflow), ...lintPermissions(workflow)];
  visit(document, {
    Pair(_, pair) {
      if (!isScalar(pair.key) || !isScalar(pair.value) || !pair.key.range) return;
      const at = lines.linePos(pair.key.range[0]).line;
      for (const finding of lintPair(pair, text.split("\n")[at - 1] ?? "")) {
        findings.push(`${at}: ${finding}`);
      }
    },
    Map(_, map) {
      const uses = String(map.get("uses") ?? "");
      if (!uses.startsWith("actions/checkout@") || !map.range) return;
      const inputs = map.get("with");
      const kept = !isMap(inputs) || inputs.get("persist-credentials") !== false;
      if (kept)
        findings.push(`${lines.linePos(map.range[0]).line}: checkout leaves the token behind`);
    },
  });
  return findings;
}

interface Job {
  readonly uses?: string;
  readonly permissions?: Readonly<Record<string, string>> | string;
  readonly "timeout-minutes"?: number;
}

interface Workflow {
  readonly on?: Readonly<Record<string, unknown>> | string | readonly string[];
  readonly permissions?: Readonly<Record<string, string>> | string;
  readonly jobs?: Readonly<Record<string, Job>>;
}

/** Runs with the repository's secrets on code that anybody proposes. */
function lintTriggers({ on = {} }: Workflow): readonly WorkflowFinding[] {
  const names = typeof on === "string" ? [on] : Array.isArray(on) ? on : Object.keys(on);
  return names.includes("pull_request_target") ? ["pull_request_target is not used"] : [];
}

function lintPermissions({ permissions, jobs = {} }: Workflow): readonly WorkflowFinding[] {
  const top = isNothing(permissions) ? [] : ["the workflow itself holds no permission: {}"];
  return [
    ...top,
    ...Object.entries(jobs).flatMap(([name, job]) => [
      ...lintJobPermissions(name, job),
      ...(job.uses === undefined && job["timeout-minutes"] === undefined
        ? [`job ${name} has no timeout-minutes`]
        : []),
    ]),
  ];
}

function isNothing(permissions: Workflow["permissions"]): boolean {
  return typeof permissions === "object" && Object.keys(permissions).length === 0;
}

function lintJobPermissions(name: string, { permissions }: Job): readonly WorkflowFinding[] {
  if (typeof permissions !== "object") return [`job ${name} does not list its permissions`];
  return Object.entries(permissions)
    .filter(([scope, access]) => access === "write" && !WRITES.has(scope))
    .map(([scope]) => `job ${name} writes ${scope}`);
}

function lintPair(pair: Pair, line: string): readonly WorkflowFinding[] {
  const [key, value] = [String(pair.key), isScalar(pair.value) ? String(pair.value.value) : ""];
  if (key === "run" && value.includes("${{")) return ["an expression is pasted into a script"];
  if (key !== "uses" || OWN.test(value)) return [];
  if (!PINNED.test(value)) return [`${value} is not pinned to a commit`];
  return /# v\d/.test(line) ? [] : [`${value} does not say its version`];
}
