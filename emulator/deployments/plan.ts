import { armKey } from "../../shared/core/arm-id.ts";
import { isObject, objectAt, objectsAt, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { ArmError } from "../arm/provider.ts";
import { callsIn, copyCount, evaluate, evaluateGiven } from "./evaluate.ts";
import type { Surroundings } from "./evaluate.ts";
import { parameterNamed, readParameters } from "./parameters.ts";
import type { Parameters } from "./parameters.ts";
import { invalidTemplate } from "./refusal.ts";
import { namesIn, resourcePath, scopeFunctions } from "./scope-functions.ts";
import type { DeploymentScope } from "./scope-functions.ts";

/** ARM's own bound on the resources of a template. */
const MAX_RESOURCES = 800;

export interface PlannedResource {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly apiVersion: string;
  /** Ids, as keys, of the resources of the template that come before it. */
  readonly after: ReadonlySet<string>;
  /** Only looked at, not deployed. */
  readonly isExisting: boolean;
  /** What is sent to its provider; throws NotYet where it refers to what is not deployed. */
  readonly body: () => Promise<JsonObject>;
}

export interface Plan {
  readonly parameters: Parameters;
  /** Each after those that it depends on. */
  readonly resources: readonly PlannedResource[];
  readonly outputs: () => Promise<JsonObject>;
}

/** What a template refers to is not there before it is deployed. */
export class NotYet extends Error {}

export interface PlanOptions {
  readonly name: string;
  /** Of a deployment to the subscription. */
  readonly location: string | undefined;
  readonly template: JsonObject;
  readonly parameters: JsonObject;
  readonly scope: DeploymentScope;
  /** Virtual time, for utcNow(). */
  readonly now: number;
  /** A resource as it is now; undefined when it is not there, NotYet when nothing is looked at. */
  readonly look: (id: string) => Promise<JsonObject | undefined>;
}

/** One resource of a template, its loops unrolled and its children taken out. */
interface Declared {
  readonly declaration: JsonObject;
  readonly symbol: string | undefined;
  readonly around: Surroundings;
  readonly parent: Declared | undefined;
}

interface Named extends Declared {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  /** The loop that made it. */
  readonly loop: string | undefined;
  readonly isWanted: boolean;
}

/** Works out what a template would deploy, and in which order; throws ArmError for what is not valid. */
export async function planTemplate(options: PlanOptions): Promise<Plan> {
  const { template, scope } = options;
  if (!isObject(template["parameters"] ?? {})) throw invalidTemplate("parameters is no object");
  const own = scopeFunctions(scope);
  const first: Surroundings = {
    loops: [],
    functions: {
      ...own,
      utcnow: () => basicTime(options.now),
      deployment: () => deploymentOf(options),
    },
  };
  const parameters = await readParameters(template, options.parameters, first);
  const named: Named[] = [];
  const around = surroundings(options, { parameters, named, own });
  for (const declared of await declaredIn(template, around))
    named.push(await nameOf(declared, scope));
  if (named.length > MAX_RESOURCES) {
    throw invalidTemplate(`the template has more than ${MAX_RESOURCES} resources`);
  }
  const wanted = named.filter(({ isWanted }) => isWanted);
  const planned: PlannedResource[] = [];
  for (const one of wanted) planned.push(await plannedOf(one, named));
  return { parameters, resources: inOrder(planned), outputs: () => outputsOf(template, around) };
}

function basicTime(now: number): string {
  return new Date(now).toISOString().replace(/[-:]|\.\d+/g, "");
}

function deploymentOf({ name, location, template, parameters }: PlanOptions): JsonObject {
  const properties = { template, parameters, mode: "Incremental" };
  return { name, ...(location !== undefined && { location }), properties };
}

interface Known {
  readonly parameters: Parameters;
  readonly named: readonly Named[];
  readonly own: Surroundings["functions"];
}

function surroundings(options: PlanOptions, { parameters, named, own }: Known): Surroundings {
  const variables = objectAt(options.template, "variables");
  const worked = new Map<string, Promise<unknown>>();
  const around: Surroundings = {
    loops: [],
    functions: {
      ...own,
      deployment: () => deploymentOf(options),
      parameters: (name) => parameterNamed(parameters, name),
      variables: (name) => variableNamed(String(name)),
      reference: (to, _apiVersion, full) => refer(options, named, { to: String(to), full }),
    },
  };

  async function variableNamed(name: string): Promise<unknown> {
    const key = name.toLowerCase();
    const all = await copiedVariables(variables, around, worked);
    const found = Object.keys(all).find((one) => one.toLowerCase() === key);
    if (found === undefined) throw invalidTemplate(`the template variable '${name}' is not found`);
    if (evaluating.has(key)) throw invalidTemplate(`the variable '${name}' refers to itself`);
    const before = worked.get(key);
    if (before) return before;
    evaluating.add(key);
    const value = await evaluate(all[found], around).finally(() => evaluating.delete(key));
    worked.set(key, Promise.resolve(value));
    return value;
  }
  const evaluating = new Set<string>();
  return around;
}

/** Variables that a loop makes stand beside the others. */
async function copiedVariables(
  variables: JsonObject,
  around: Surroundings,
  worked: Map<string, Promise<unknown>>,
): Promise<JsonObject> {
  const { copy, ...others } = variables;
  if (!Array.isArray(copy)) return variables;
  const names = copy.filter(isObject).map((one) => String(one["name"]));
  if (names.some((name) => !worked.has(name.toLowerCase()))) {
    for (const [name, value] of Object.entries((await evaluate({ copy }, around)) as JsonObject)) {
      worked.set(name.toLowerCase(), Promise.resolve(value));
    }
  }
  return { ...others, ...Object.fromEntries(names.map((name) => [name, null])) };
}

async function refer(
  options: PlanOptions,
  named: readonly Named[],
  { to, full }: { readonly to: string; readonly full: unknown },
): Promise<unknown> {
  const id = to.startsWith("/") ? to : matching(named, to)[0]?.id;
  if (id === undefined) {
    throw invalidTemplate(
      `the resource '${to}' that is referred to is not defined in the template`,
    );
  }
  const found = await options.look(id);
  if (!found) {
    const message = `The Resource '${id}' was not found; the template refers to it.`;
    throw new ArmError(404, "ResourceNotFound", message);
  }
  return String(full).toLowerCase() === "full" ? found : (found["properties"] ?? {});
}

async function declaredIn(template: JsonObject, around: Surroundings): Promise<Declared[]> {
  const { resources } = template;
  const entries: (readonly [string | undefined, unknown])[] = Array.isArray(resources)
    ? resources.map((one: unknown) => [undefined, one] as const)
    : Object.entries(isObject(resources) ? resources : {});
  const all: Declared[] = [];
  for (const [symbol, declaration] of entries) {
    if (!isObject(declaration)) throw invalidTemplate("a resource is no object");
    all.push(...(await unrolled({ declaration, symbol, around, parent: undefined })));
  }
  return all;
}

/** A resource with a loop, as often as the loop says; with what stands in it. */
async function unrolled(declared: Declared): Promise<Declared[]> {
  const { declaration, around } = declared;
  const { copy } = declaration;
  const all: Declared[] = [];
  const count = isObject(copy) ? await copyCount(copy, around) : 1;
  for (let index = 0; index < count; index++) {
    const loops = isObject(copy)
      ? [{ name: String(copy["name"]), index }, ...around.loops]
      : around.loops;
    const one = { ...declared, around: { ...around, loops } };
    all.push(one);
    for (const child of objectsAt(declaration, "resources")) {
      all.push(
        ...(await unrolled({
          declaration: child,
          symbol: undefined,
          around: one.around,
          parent: one,
        })),
      );
    }
  }
  return all;
}

async function nameOf(declared: Declared, scope: DeploymentScope): Promise<Named> {
  const { declaration, around, parent } = declared;
  const inside = parent && (await nameOf(parent, scope));
  const ownType = String(await evaluate(declaration["type"], around));
  const ownName = namesIn(await evaluate(declaration["name"], around)).join("/");
  const type = inside ? `${inside.type}/${ownType}` : ownType;
  const name = inside ? `${inside.name}/${ownName}` : ownName;
  const copy = objectAt(declaration, "copy");
  const condition = await evaluate(declaration["condition"] ?? true, around);
  const isWanted = condition === true && inside?.isWanted !== false;
  const id = await idOf({ type, name, declared }, scope);
  return { ...declared, type, name, id, isWanted, loop: textAt(copy, "name") };
}

async function idOf(
  { type, name, declared }: { type: string; name: string; declared: Declared },
  scope: DeploymentScope,
): Promise<string> {
  const { declaration, around } = declared;
  const base = `/subscriptions/${scope.subscription}`;
  if (type.toLowerCase() === "microsoft.resources/resourcegroups") {
    return `${base}/resourceGroups/${name}`;
  }
  const wanted = await evaluate(declaration["resourceGroup"], around);
  const group = typeof wanted === "string" ? wanted : scope.resourceGroup?.name;
  const here = group === undefined ? base : `${base}/resourceGroups/${group}`;
  const given = await evaluate(declaration["scope"], around);
  const path = resourcePath(type, namesIn(name));
  if (typeof given !== "string" || given === "") return `${here}/providers/${path}`;
  const at = given.startsWith("/") ? given.replace(/\/$/, "") : `${here}/providers/${given}`;
  return `${at}/providers/${path}`;
}

/** Those of the template that a `dependsOn` or a `reference` means. */
function matching(named: readonly Named[], text: string): readonly Named[] {
  const wanted = text.toLowerCase();
  // A group's id has two forms: subscriptionResourceId() gives that of a resource.
  const key = armKey(text).replace(
    "/providers/microsoft.resources/resourcegroups/",
    "/resourcegroups/",
  );
  const exact = named.filter(
    (one) => one.symbol?.toLowerCase() === wanted || armKey(one.id) === key,
  );
  if (exact.length > 0) return exact;
  return named.filter(
    ({ name, loop, type }) =>
      name.toLowerCase() === wanted ||
      loop?.toLowerCase() === wanted ||
      `${type}/${name}`.toLowerCase() === wanted,
  );
}

async function plannedOf(one: Named, named: readonly Named[]): Promise<PlannedResource> {
  const { declaration, around, id, type, name } = one;
  const apiVersion = String(await evaluate(declaration["apiVersion"], around));
  if (declaration["apiVersion"] === undefined) {
    throw invalidTemplate(`the resource '${name}' has no apiVersion`);
  }
  const before = [...(await dependencies(one, named)), ...(await referredTo(one, named))];
  const wanted = before.filter((other) => other.isWanted && other.id !== id);
  return {
    id,
    type,
    name,
    apiVersion,
    after: new Set(wanted.map((other) => armKey(other.id))),
    isExisting: declaration["existing"] === true,
    body: () => bodyOf(declaration, around),
  };
}

async function dependencies(
  { declaration, around, parent, name }: Named,
  named: readonly Named[],
): Promise<readonly Named[]> {
  const listed = await evaluate(declaration["dependsOn"] ?? [], around);
  const texts = Array.isArray(listed) ? listed.map(String) : [];
  const found = texts.flatMap((text) => {
    const all = matching(named, text);
    if (all.length > 0) return all;
    throw invalidTemplate(
      `the resource '${text}' that '${name}' depends on is not defined in the template`,
    );
  });
  const above =
    parent &&
    named.find((one) => one.declaration === parent.declaration && name.startsWith(`${one.name}/`));
  return above ? [...found, above] : found;
}

/** Who refers to a resource of the template comes after it. */
async function referredTo(
  { declaration, around }: Named,
  named: readonly Named[],
): Promise<readonly Named[]> {
  const { resources: _children, ...own } = declaration;
  const found: Named[] = [];
  for (const { name, given } of callsIn(own)) {
    const [to] = given;
    if (name !== "reference" || !to) continue;
    found.push(...matching(named, String(await evaluateGiven(to, around))));
  }
  return found;
}

/** What the template says of a resource beside what its provider is to know. */
const NOT_SENT = new Set([
  "apiVersion",
  "comments",
  "condition",
  "copy",
  "dependsOn",
  "existing",
  "name",
  "resourceGroup",
  "resources",
  "scope",
  "subscriptionId",
  "type",
]);

async function bodyOf(declaration: JsonObject, around: Surroundings): Promise<JsonObject> {
  const sent = Object.entries(declaration).filter(([key]) => !NOT_SENT.has(key));
  const isInner =
    String(
      objectAt(objectAt(declaration, "properties"), "expressionEvaluationOptions")["scope"],
    ).toLowerCase() === "inner";
  if (!isInner) return (await evaluate(Object.fromEntries(sent), around)) as JsonObject;
  // The expressions of a template within are its own.
  const { template, ...properties } = objectAt(declaration, "properties");
  const others = { ...Object.fromEntries(sent), properties };
  const body = (await evaluate(others, around)) as JsonObject;
  return { ...body, properties: { ...objectAt(body, "properties"), template } };
}

function inOrder(resources: readonly PlannedResource[]): readonly PlannedResource[] {
  const ordered: PlannedResource[] = [];
  const placed = new Set<string>();
  let waiting = resources;
  requireOnce(resources);
  while (waiting.length > 0) {
    const ready = waiting.filter(({ after }) => [...after].every((id) => placed.has(id)));
    if (ready.length === 0) {
      const names = waiting.map(({ name }) => name).join(", ");
      throw invalidTemplate(`circular dependency detected on resource: ${names}`);
    }
    ordered.push(...ready);
    for (const { id } of ready) placed.add(armKey(id));
    waiting = waiting.filter((one) => !ready.includes(one));
  }
  return ordered;
}

function requireOnce(resources: readonly PlannedResource[]): void {
  const seen = new Set<string>();
  for (const { id } of resources) {
    if (seen.has(armKey(id)))
      throw invalidTemplate(`the resource '${id}' is defined multiple times`);
    seen.add(armKey(id));
  }
}

async function outputsOf(template: JsonObject, around: Surroundings): Promise<JsonObject> {
  const outputs: [string, JsonObject][] = [];
  for (const [name, output] of Object.entries(objectAt(template, "outputs"))) {
    const declared = isObject(output) ? output : {};
    if ((await evaluate(declared["condition"] ?? true, around)) !== true) continue;
    const type = String(declared["type"]);
    const value = /^secure/i.test(type) ? {} : { value: await evaluate(declared["value"], around) };
    outputs.push([name, { type, ...value }]);
  }
  return Object.fromEntries(outputs);
}
