import { MAX_NAME_CHARACTERS, NAME_PATTERN } from "../limits.ts";
import type { Declared } from "../parse.ts";
import { repeated, report, type LintInput, type Problem } from "../rule.ts";
import type { Finding } from "../finding.ts";
import type { Path } from "../source-map.ts";
import { ONE_BY_ONE } from "../strategy.ts";

/** Names of stages, groups, strategies, releases and environments end up in ARM resources. */
export function badNames(input: LintInput): readonly Finding[] {
  const { workspace, strategies, releases } = input;
  return [
    ...strategies.flatMap((strategy) =>
      [
        badName(["metadata", "name"], strategy.value.metadata.name),
        ...strategy.value.spec.stages.flatMap((stage, s) => [
          badName(["spec", "stages", s, "name"], stage.name),
          ...stage.groups.map((group, g) =>
            badName(["spec", "stages", s, "groups", g, "name"], group.name),
          ),
        ]),
      ].flatMap((problem) => problem.map((found) => report(strategy, found))),
    ),
    ...releases.flatMap((release) =>
      badName(["metadata", "name"], release.value.metadata.name).map((p) => report(release, p)),
    ),
    ...(workspace?.value.spec.environments ?? []).flatMap((environment, e) =>
      [
        badName(["spec", "environments", e, "name"], environment.name),
        ...Object.entries(environment.groups).map(([declared, name]) =>
          badName(["spec", "environments", e, "groups", declared], name),
        ),
        ...declaredMembers(environment.members).map(({ group }, m) =>
          badName(["spec", "environments", e, "members", m, "group"], group),
        ),
      ].flatMap((problem) => (workspace ? problem.map((p) => report(workspace, p)) : [])),
    ),
  ];
}

function badName(path: Path, name: string): readonly Problem[] {
  if (name.length <= MAX_NAME_CHARACTERS && NAME_PATTERN.test(name)) return [];
  return [
    {
      code: "bad-name",
      path,
      message: `${JSON.stringify(name)} is not a name that Fleet accepts`,
      remedy: `use 1 to ${MAX_NAME_CHARACTERS} lower-case letters, digits and hyphens, none at the ends`,
    },
  ];
}

/** Members that the repository keeps itself; none when the fleet's own groups count. */
export function declaredMembers(
  members: "fleet" | readonly { readonly name: string; readonly group: string }[],
): readonly { readonly name: string; readonly group: string }[] {
  return members === "fleet" ? [] : members;
}

export function duplicateNames(input: LintInput): readonly Finding[] {
  const { workspace, strategies, releases } = input;
  const environments = workspace?.value.spec.environments ?? [];
  return [
    ...duplicateDocuments(strategies, "duplicate-strategy", "strategy"),
    ...duplicateDocuments(releases, "duplicate-release", "release"),
    ...strategies
      .filter(({ value }) => value.metadata.name === ONE_BY_ONE.metadata.name)
      .map((strategy) =>
        report(strategy, {
          code: "duplicate-strategy",
          path: ["metadata", "name"],
          message: `strategy ${ONE_BY_ONE.metadata.name} is built in: all members of the fleet, one after the other`,
          remedy: "give this one another name",
        }),
      ),
    ...repeated(environments.map(({ name }) => name)).flatMap((index) =>
      workspace
        ? [
            report(workspace, {
              code: "duplicate-environment",
              path: ["spec", "environments", index, "name"],
              message: `environment ${environments[index]?.name} is declared twice`,
              remedy: "give each environment its own name",
            }),
          ]
        : [],
    ),
  ];
}

function duplicateDocuments(
  documents: readonly Declared<{ readonly metadata: { readonly name: string } }>[],
  code: "duplicate-strategy" | "duplicate-release",
  what: string,
): readonly Finding[] {
  const names = documents.map(({ value }) => value.metadata.name);
  return repeated(names).flatMap((index) => {
    const document = documents[index];
    const first = documents[names.indexOf(names[index] ?? "")];
    if (!document || !first) return [];
    const message = `${what} ${names[index]} is declared in ${first.file} already`;
    const remedy = "rename one of the two, or remove it";
    return [report(document, { code, path: ["metadata", "name"], message, remedy })];
  });
}

export function duplicateMembers({ workspace }: LintInput): readonly Finding[] {
  if (!workspace) return [];
  return workspace.value.spec.environments.flatMap(({ members }, e) => {
    const names = declaredMembers(members).map(({ name }) => name);
    return repeated(names).map((index) =>
      report(workspace, {
        code: "duplicate-member",
        path: ["spec", "environments", e, "members", index, "name"],
        message: `member ${names[index]} is listed twice`,
        remedy: "a member belongs to one update group",
      }),
    );
  });
}
