import { armKey } from "../../shared/core/arm-id.ts";
import { isObject, objectAt, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { ArmError } from "../arm/provider.ts";
import type { ArmRequest } from "../arm/provider.ts";
import { invalid, methodNotAllowed, notFound } from "../arm/refusal.ts";
import { isTooDeep, MAX_NESTING } from "../nesting.ts";
import type { Environment, WireReply, WireRequest } from "../service.ts";
import { Deployment } from "./deployment.ts";
import type { DeploymentError } from "./deployment.ts";
import { deploymentBody } from "./deployment-body.ts";
import type { DeploymentRecord } from "./deployment-body.ts";
import { parseLenientJson } from "./lenient-json.ts";
import { NotYet, planTemplate } from "./plan.ts";
import type { Plan } from "./plan.ts";
import { invalidTemplate } from "./refusal.ts";
import { templateHash } from "./template-hash.ts";
import { whatIf } from "./what-if.ts";

/** ARM keeps as many per group. Source: learn.microsoft.com, deployment history */
const MAX_KEPT = 800;
const NAME = /^[-\w._()]{1,64}$/;

export interface DeploymentsOptions {
  readonly environment: Environment;
  /** Resource Manager as a caller reaches it. */
  readonly send: (request: WireRequest) => Promise<WireReply>;
  /** A resource, whoever asks; undefined when it is not there. */
  readonly look: (request: ArmRequest, id: string) => Promise<JsonObject | undefined>;
  readonly groupBody: (name: string) => JsonObject;
  readonly pollHeaders: () => Record<string, string>;
}

/** `Microsoft.Resources/deployments` of a resource group and of the subscription: templates, checked and deployed. */
export class Deployments {
  readonly #options: DeploymentsOptions;
  readonly #kept = new Map<string, DeploymentRecord>();

  constructor(options: DeploymentsOptions) {
    this.#options = options;
  }

  async handle(request: ArmRequest): Promise<WireReply> {
    const [[, name] = ["", undefined], child] = request.segments;
    if (name === undefined) return this.#list(request);
    if (child) return this.#child(request, child);
    switch (request.method) {
      case "GET":
        return { status: 200, body: deploymentBody(this.#require(request)) };
      case "PUT":
        return this.#deploy(request, name);
      case "POST":
        return this.#act(request, name);
      case "DELETE":
        this.#kept.delete(idOf(request));
        return { status: 204 };
      default:
        throw methodNotAllowed(request.method);
    }
  }

  deleteGroup(subscription: string, resourceGroup: string): void {
    const prefix = armKey(`/subscriptions/${subscription}/resourceGroups/${resourceGroup}/`);
    for (const key of this.#kept.keys()) if (key.startsWith(prefix)) this.#kept.delete(key);
  }

  #list(request: ArmRequest): WireReply {
    if (request.method !== "GET") throw methodNotAllowed(request.method);
    const prefix = idOf(request);
    const isHere = (key: string): boolean =>
      key.startsWith(`${prefix}/`) && !key.slice(prefix.length + 1).includes("/");
    const records = [...this.#kept].filter(([key]) => isHere(key)).map(([, record]) => record);
    return { status: 200, body: { value: records.toReversed().map(deploymentBody) } };
  }

  #child(request: ArmRequest, child: readonly [string, string | undefined]): WireReply {
    if (request.method !== "GET") throw methodNotAllowed(request.method);
    const record = this.#require(request, 1);
    const [type, wanted] = child;
    if (type === "operationstatuses") return this.#status(record);
    if (type !== "operations") throw notFound(request.wire.path);
    const steps = record.deployment.steps(record.id);
    if (wanted === undefined) return { status: 200, body: { value: steps } };
    const found = steps.find(({ operationId }) => operationId === wanted);
    if (!found) throw notFound(request.wire.path);
    return { status: 200, body: found };
  }

  #status({ deployment }: DeploymentRecord): WireReply {
    const { state, error } = deployment;
    const headers = state === "Running" ? this.#options.pollHeaders() : {};
    return { status: 200, headers, body: { status: state, ...(error && { error }) } };
  }

  async #act(request: ArmRequest, name: string): Promise<WireReply> {
    switch (request.action) {
      case "validate": {
        const { plan, given } = await this.#plan(request, name, isNotThere);
        return { status: 200, body: validated(request, plan, given) };
      }
      case "whatif": {
        const look = (id: string): Promise<JsonObject | undefined> =>
          this.#options.look(request, id);
        const { plan } = await this.#plan(
          request,
          name,
          async (id) => (await look(id)) ?? isNotThere(),
        );
        const changes = await whatIf(plan, look);
        return { status: 200, body: { status: "Succeeded", properties: { changes } } };
      }
      case "cancel":
        this.#cancel(request);
        return { status: 204 };
      case "exporttemplate":
        return { status: 200, body: { template: this.#require(request).template } };
      default:
        throw methodNotAllowed(`POST ${request.action ?? ""}`);
    }
  }

  #cancel(request: ArmRequest): void {
    const { deployment, name } = this.#require(request);
    if (deployment.state === "Running") deployment.cancel();
    else {
      const message = `The deployment '${name}' is ${deployment.state} and cannot be canceled.`;
      throw new ArmError(409, "DeploymentCannotBeCancelled", message);
    }
  }

  async #deploy(request: ArmRequest, name: string): Promise<WireReply> {
    if (!NAME.test(name)) {
      throw invalid(
        `The deployment name '${name}' is invalid: letters, digits, -, _, (, ) and ., at most 64.`,
        "InvalidDeploymentName",
      );
    }
    const key = idOf(request);
    if (this.#kept.get(key)?.deployment.state === "Running") {
      throw new ArmError(409, "DeploymentActive", `The deployment '${name}' is still running.`);
    }
    const look = (id: string): Promise<JsonObject | undefined> => this.#options.look(request, id);
    const { plan, given } = await this.#plan(request, name, look);
    const deployment = new Deployment(plan, {
      pacer: this.#options.environment.pacer,
      look,
      put: (resource, body) => this.#send(request, "PUT", { ...resource, body }),
      failureOf: (reply) => this.#failureOf(request, reply),
    });
    const id = request.wire.path.replace(/\/$/, "");
    const record = { id, name, deployment, ...given };
    this.#kept.delete(key);
    this.#kept.set(key, record);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    void deployment.run();
    const query = new URLSearchParams({ "api-version": request.apiVersion });
    const { environment, pollHeaders } = this.#options;
    const url = `${environment.origin()}${id}/operationStatuses/${deployment.operationId}?${query}`;
    return {
      status: 201,
      headers: { "Azure-AsyncOperation": encodeURI(url), ...pollHeaders() },
      body: deploymentBody(record),
    };
  }

  #send(
    request: ArmRequest,
    method: string,
    to: { readonly id: string; readonly apiVersion: string; readonly body?: JsonObject },
  ): Promise<WireReply> {
    const { authorization } = request.wire.headers;
    return this.#options.send({
      method,
      path: to.id,
      query: new Map([["api-version", to.apiVersion]]),
      headers: { ...(authorization !== undefined && { authorization }) },
      body: Buffer.from(to.body ? JSON.stringify(to.body) : ""),
      signal: new AbortController().signal,
    });
  }

  /** What the provider's own operation says. */
  async #failureOf(request: ArmRequest, reply: WireReply): Promise<DeploymentError | undefined> {
    const url = reply.headers?.["Azure-AsyncOperation"];
    if (url === undefined) return undefined;
    const { pathname } = new URL(url);
    const { apiVersion } = request;
    const answer = await this.#send(request, "GET", { id: decodeURI(pathname), apiVersion });
    const error = isObject(answer.body) ? objectAt(answer.body, "error") : {};
    return typeof error["code"] === "string"
      ? { code: error["code"], message: String(error["message"]) }
      : undefined;
  }

  #require(request: ArmRequest, levels = 0): DeploymentRecord {
    const found = this.#kept.get(idOf(request, levels));
    if (found) return found;
    const name = request.segments[0]?.[1] ?? "";
    throw new ArmError(404, "DeploymentNotFound", `Deployment '${name}' could not be found.`);
  }

  async #plan(
    request: ArmRequest,
    name: string,
    look: (id: string) => Promise<JsonObject | undefined>,
  ): Promise<{ readonly plan: Plan; readonly given: Given }> {
    const given = readGiven(request.wire);
    const { environment, groupBody } = this.#options;
    const { resourceGroup } = request;
    const plan = await planTemplate({
      name,
      ...given,
      now: environment.pacer.now(),
      look,
      scope: {
        subscription: request.subscription,
        tenant: environment.tenant,
        resourceGroup:
          resourceGroup === undefined
            ? undefined
            : { name: resourceGroup, body: groupBody(resourceGroup) },
      },
    });
    return { plan, given };
  }
}

async function isNotThere(): Promise<never> {
  throw new NotYet("what the template refers to is not deployed yet");
}

/** The id of the deployment that a request is about, or of the list of them; `levels` below it. */
function idOf(request: ArmRequest, levels = 0): string {
  const parts = request.wire.path.split("/").filter((part) => part !== "");
  const at = parts.findLastIndex((part) => part.toLowerCase() === "deployments");
  const isAbout = request.segments[0]?.[1] !== undefined || levels > 0;
  const group =
    request.resourceGroup === undefined ? "" : `/resourceGroups/${request.resourceGroup}`;
  const scope = `/subscriptions/${request.subscription}${group}`;
  const name = isAbout ? `/${parts[at + 1] ?? ""}` : "";
  return armKey(`${scope}/providers/Microsoft.Resources/deployments${name}`);
}

interface Given {
  readonly location: string | undefined;
  readonly template: JsonObject;
  readonly parameters: JsonObject;
}

function readGiven(wire: WireRequest): Given {
  const body = parseBody(wire.body.toString("utf8"));
  const properties = objectAt(body, "properties");
  const { template, parameters = {}, mode = "Incremental" } = properties;
  for (const link of ["templateLink", "parametersLink"]) {
    if (link in properties) {
      throw invalid(`'${link}' is not followed here: send the content itself.`, "NotSupported");
    }
  }
  if (String(mode).toLowerCase() !== "incremental") {
    const message = `The mode '${String(mode)}' is not offered here: only Incremental, which deletes nothing.`;
    throw invalid(message, "NotSupported");
  }
  if (!isObject(template)) throw invalidTemplate("there is no template");
  if (!isObject(parameters)) throw invalidTemplate("the parameters are no object");
  return { location: textAt(body, "location"), template, parameters };
}

function parseBody(text: string): JsonObject {
  let body: unknown;
  try {
    body = parseLenientJson(text);
  } catch {
    throw invalid("The request content was invalid JSON.", "InvalidRequestContent");
  }
  if (isTooDeep(body)) {
    const message = `The request content is nested deeper than ${MAX_NESTING} levels.`;
    throw invalid(message, "InvalidRequestContent");
  }
  if (!isObject(body)) throw invalid("The request content must be an object.");
  return body;
}

function validated(request: ArmRequest, plan: Plan, { template, parameters }: Given): JsonObject {
  const id = request.wire.path.replace(/\/validate\/?$/i, "");
  return {
    id,
    name: request.segments[0]?.[1],
    type: "Microsoft.Resources/deployments",
    properties: {
      templateHash: templateHash(template),
      parameters,
      mode: "Incremental",
      provisioningState: "Succeeded",
      validatedResources: plan.resources.map((resource) => ({ id: resource.id })),
    },
  };
}
