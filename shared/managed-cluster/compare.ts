import type { ArmBody } from "./ports.ts";
import { asBody } from "./definition.ts";

/** What ARM takes and never tells: nothing can be said about it. */
const WRITE_ONLY = new Set(["adminPassword", "secret"]);

/**
 * Where a cluster differs from what is declared, as paths; fields that nobody declared are AKS's own. Lists
 * of named things are compared by name, since AKS orders them as it likes.
 */
export function clusterDifferences(declared: ArmBody, live: ArmBody): readonly string[] {
  return differences(declared, live, "");
}

function differences(wanted: unknown, found: unknown, path: string): readonly string[] {
  if (Array.isArray(wanted)) return listDifferences(wanted, found, path);
  if (typeof wanted === "object" && wanted !== null) {
    const other = asBody(found);
    return Object.entries(wanted)
      .filter(([name, value]) => value !== undefined && value !== null && !WRITE_ONLY.has(name))
      .flatMap(([name, value]) =>
        differences(value, other[name], path === "" ? name : `${path}.${name}`),
      );
  }
  return sameScalar(wanted, found, path) ? [] : [path];
}

function listDifferences(
  wanted: readonly unknown[],
  found: unknown,
  path: string,
): readonly string[] {
  const others: readonly unknown[] = Array.isArray(found) ? found : [];
  return wanted.flatMap((value, index) => {
    const name = asBody(value)["name"];
    const other =
      name === undefined ? others[index] : others.find((one) => asBody(one)["name"] === name);
    const at = `${path}[${typeof name === "string" ? name : index}]`;
    return other === undefined ? [at] : differences(value, other, at);
  });
}

/** ARM writes regions, enumerations and ids in a case of its own. */
function sameScalar(wanted: unknown, found: unknown, path: string): boolean {
  const spelled = (value: unknown) => String(value ?? "").toLowerCase();
  if (path === "location") {
    return spelled(wanted).replaceAll(" ", "") === spelled(found).replaceAll(" ", "");
  }
  return spelled(wanted) === spelled(found);
}
