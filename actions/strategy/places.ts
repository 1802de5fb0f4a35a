import type { Environment } from "../../shared/declaration/documents.ts";
import type { Declarations } from "../../shared/declaration/parse.ts";
import type { Drift } from "../../shared/update-run/drift.ts";
import { strategiesOf } from "./scope.ts";

/** Where something is declared, or would be. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

type Path = readonly (string | number)[];

/** The line of a declared file that a difference is about. */
export function placeOf(
  { kind, subject }: Drift,
  environment: Environment,
  declarations: Declarations,
): Place {
  const { workspace, strategies, releases } = declarations;
  const release = releases.find(({ value }) => value.metadata.name === environment.name);
  const index = workspace?.value.spec.environments.indexOf(environment) ?? 0;
  const inWorkspace = (path: Path) => located(workspace, ["spec", "environments", index, ...path]);
  switch (kind) {
    case "strategy-missing":
    case "strategy-edited": {
      const one = strategiesOf(environment, declarations).find(({ name }) => name === subject);
      const strategy = strategies.find(({ value }) => value.metadata.name === one?.declared);
      return strategy === undefined ? inWorkspace(["fleet"]) : located(strategy, ["spec"]);
    }
    case "strategy-undeclared":
      return inWorkspace(["fleet"]);
    case "member-absent":
    case "member-moved":
      return inWorkspace(["members", indexOfMember(environment, subject), "group"]);
    case "member-undeclared":
    case "group-emptied":
      return inWorkspace(["members"]);
    case "pool-image":
    case "pool-image-not-pinned":
      return located(release, ["spec", "nodeImages"]);
    case "kubernetes-version":
      return located(release, ["spec", "kubernetesVersion"]);
  }
}

function indexOfMember({ members }: Environment, name: string): number {
  return members === "fleet" ? 0 : members.findIndex((member) => member.name === name);
}

function located(
  declared:
    | {
        readonly file: string;
        locate(path: Path): { readonly line: number; readonly column: number };
      }
    | undefined,
  path: Path,
): Place {
  if (declared === undefined) return { file: "fleetwright.yaml", line: 1, column: 1 };
  return { file: declared.file, ...declared.locate(path) };
}
