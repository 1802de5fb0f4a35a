import { counted } from "../../shared/core/markdown.ts";
import type { Environment } from "../../shared/declaration/documents.ts";
import { lint } from "../../shared/declaration/lint.ts";
import { parseDeclarations, type ParsedDeclarations } from "../../shared/declaration/parse.ts";
import { readDeclarations } from "../../shared/declaration/load.ts";
import type { LiveMember } from "../../shared/declaration/rule.ts";
import { noEnvironment } from "../no-environment.ts";
import { UsageError } from "../usage.ts";
import type { Diagnosis } from "./diagnosis.ts";

/** What the folder declares, or why it declares nothing. */
export async function readDeclared(folder: string): Promise<ParsedDeclarations> {
  return parseDeclarations(await readDeclarations(folder));
}

export function environmentsOf(
  { workspace }: ParsedDeclarations,
  only: readonly string[],
): readonly Environment[] {
  const all = workspace?.value.spec.environments ?? [];
  const strange = only.find((name) => !all.some((one) => one.name === name));
  if (strange !== undefined) {
    const known = all.map(({ name }) => name);
    throw new UsageError(noEnvironment(strange, known));
  }
  return only.length === 0 ? all : all.filter(({ name }) => only.includes(name));
}

/** The lint of the files, with what Azure says where it could be asked: the members, and the time. Pure. */
export function judgeDeclarations(
  declarations: ParsedDeclarations,
  members: ReadonlyMap<string, readonly LiveMember[]>,
  now: number | undefined,
): readonly Diagnosis[] {
  const findings = [
    ...declarations.findings,
    ...lint(declarations, { members, ...(now === undefined ? {} : { now }) }),
  ];
  if (findings.length === 0) {
    const environments = declarations.workspace?.value.spec.environments.length ?? 0;
    const parts = [
      counted(environments, "environment"),
      `${declarations.strategies.length} strategies`,
      counted(declarations.releases.length, "release"),
    ];
    return [{ topic: "declarations", verdict: "ok", message: parts.join(", ") }];
  }
  return findings.map((finding) => ({
    topic: "declarations",
    verdict: finding.severity,
    message: `${finding.file}:${finding.line}:${finding.column} ${finding.code}: ${finding.message}`,
    remedy: finding.remedy,
    subjects: [finding.file],
  }));
}
