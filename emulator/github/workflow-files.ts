import { parse } from "yaml";
import type { RepositoryCall } from "./call.ts";
import { forbidden } from "./errors.ts";
import { entryAt } from "./trees.ts";

const folder = ".github/workflows/";

/** An App's token changes workflow files only with the permission `workflows`. */
export function requireWorkflowPermission(call: RepositoryCall, paths: readonly string[]): void {
  if (!paths.some((path) => path.startsWith(folder))) return;
  const permissions = call.caller.kind === "token" ? call.caller.token.permissions : {};
  if (permissions !== undefined && permissions.workflows !== "write") throw forbidden();
}

export interface WorkflowInput {
  readonly name: string;
  readonly required: boolean;
}

/** Inputs of a workflow's `workflow_dispatch`; undefined when the file or the trigger is missing. */
export async function dispatchInputs(
  call: RepositoryCall,
  commit: string,
  file: string,
): Promise<
  | { readonly kind: "no-file" }
  | { readonly kind: "no-trigger" }
  | { readonly kind: "inputs"; readonly inputs: readonly WorkflowInput[] }
> {
  const entry = await entryAt(call.repository.git, commit, folder + file);
  if (entry?.type !== "blob") return { kind: "no-file" };
  const text = (await call.repository.git.readBlob(entry.oid)).toString("utf8");
  const triggers = property(parseYaml(text), "on");
  if (!names(triggers).includes("workflow_dispatch")) return { kind: "no-trigger" };
  const inputs = property(property(triggers, "workflow_dispatch"), "inputs");
  return {
    kind: "inputs",
    inputs: names(inputs).map((name) => {
      const input = property(inputs, name);
      const required = property(input, "required") === true;
      return { name, required: required && property(input, "default") === undefined };
    }),
  };
}

function parseYaml(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

/** `on: push`, `on: [push]` and `on: {push: …}` all name triggers. */
function names(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.filter((item) => typeof item === "string");
  return typeof value === "object" && value !== null ? Object.keys(value) : [];
}
