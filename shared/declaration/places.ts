import type { DeclaredFile } from "./read-documents.ts";

/** Where declared files come from: a folder, or a repository at a commit. */
export interface DeclarationSource {
  read(): Promise<readonly DeclaredFile[]>;
}

/** Folders that are searched with all their subfolders. */
export const DECLARATION_FOLDERS = ["strategies", "releases"] as const;

export const WORKSPACE_FILES = ["fleetwright.yaml", "fleetwright.yml", "fleetwright.json"] as const;

/** One workspace, and a strategy and a release for each of a few hundred environments. */
export const MAX_DECLARED_FILES = 1_000;

/** Is a path, relative to the repository's root and with forward slashes, one of a declared file? */
export function isDeclarationPath(path: string): boolean {
  if (WORKSPACE_FILES.some((name) => name === path)) return true;
  const [folder, ...rest] = path.split("/");
  return (
    rest.length > 0 &&
    DECLARATION_FOLDERS.some((name) => name === folder) &&
    /\.(ya?ml|json)$/.test(path)
  );
}
