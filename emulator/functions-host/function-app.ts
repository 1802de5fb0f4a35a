import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { isObject, objectAt, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { findFiles } from "./glob.ts";

export interface FunctionApp {
  readonly directory: string;
  /** Files that register functions. */
  readonly files: readonly string[];
  /** What stands before the route of an HTTP function: `api` unless host.json says otherwise. */
  readonly routePrefix: string;
}

/** An app that cannot be hosted; the message says which file is wrong. */
export class FunctionAppError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "FunctionAppError";
  }
}

/** Reads package.json and host.json of an app, as the host does before it starts a worker. */
export async function readFunctionApp(directory: string): Promise<FunctionApp> {
  const manifest = await readJson(join(directory, "package.json"));
  const host = await readJson(join(directory, "host.json"));
  if (host["version"] !== "2.0") {
    throw new FunctionAppError(`${join(directory, "host.json")}: version must be "2.0"`);
  }
  const main = textAt(manifest, "main");
  if (main === undefined) {
    throw new FunctionAppError(`${join(directory, "package.json")}: main is missing`);
  }
  const files = await findFiles(directory, main);
  if (files.length === 0) throw new FunctionAppError(`no file in ${directory} matches ${main}`);
  const routePrefix = objectAt(objectAt(host, "extensions"), "http")["routePrefix"];
  return { directory, files, routePrefix: typeof routePrefix === "string" ? routePrefix : "api" };
}

/** Runs the files of an app, one after the other, as the worker does. */
export async function loadFunctionApp({ files }: FunctionApp): Promise<void> {
  for (const file of files) {
    try {
      await import(pathToFileURL(file).href);
    } catch (error) {
      throw new FunctionAppError(`${file} cannot be loaded: ${String(error)}`, { cause: error });
    }
  }
}

/** `Values` of local.settings.json, where present: what the environment does not set already. */
export async function localSettings(directory: string): Promise<Readonly<Record<string, string>>> {
  const file = join(directory, "local.settings.json");
  if (!existsSync(file)) return {};
  const values = objectAt(await readJson(file), "Values");
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));
}

async function readJson(file: string): Promise<JsonObject> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new FunctionAppError(`${file} cannot be read: ${why}`);
  }
  if (!isObject(parsed)) throw new FunctionAppError(`${file}: an object is expected`);
  return parsed;
}
