import { readFile } from "node:fs/promises";
import { relative, resolve, sep } from "node:path";
import { parseDocument } from "yaml";
import { FleetwrightError, toError } from "../../shared/core/errors.ts";
import { asBody } from "../../shared/managed-cluster/definition.ts";
import type { ArmBody } from "../../shared/managed-cluster/ports.ts";

/** A body of some kilobytes; more is another file. */
const MAX_BYTES = 1_000_000;

/** Reads a cluster in ARM's words from the checked-out repository, as YAML or JSON. */
export async function readDefinition(workspace: string, path: string): Promise<ArmBody> {
  const inside = relative(workspace, resolve(workspace, path));
  if (inside === ".." || inside.startsWith(`..${sep}`)) {
    throw invalid(
      path,
      "is outside of the repository",
      "name a file of the checked-out repository",
    );
  }
  const body = asBody(parse(path, await read(resolve(workspace, path), path)));
  if (typeof body["location"] !== "string" || body["properties"] === undefined) {
    throw invalid(
      path,
      "has no location or no properties",
      "write the body of a managedClusters PUT",
    );
  }
  return body;
}

async function read(file: string, path: string): Promise<string> {
  try {
    const text = await readFile(file, "utf8");
    if (text.length <= MAX_BYTES) return text;
  } catch (thrown) {
    throw invalid(path, `cannot be read: ${toError(thrown).message}`, "check the path", thrown);
  }
  throw invalid(path, `has more than ${MAX_BYTES} bytes`, "check the path");
}

function parse(path: string, text: string): unknown {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error === undefined) return document.toJS();
  throw invalid(path, `is not sound: ${error.message}`, "correct the file");
}

function invalid(path: string, what: string, remedy: string, cause?: unknown): FleetwrightError {
  return new FleetwrightError("invalid-input", `definition ${path} ${what}`, {
    subject: path,
    remedy,
    ...(cause !== undefined && { cause }),
  });
}
