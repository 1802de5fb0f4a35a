import { Evaluator, Lexer, Parser, data } from "@actions/expressions";
import { parse } from "yaml";

/** One job as one event runs it: where GitHub says that it is, and what it asks of our actions. */
export interface Place {
  readonly job: string;
  readonly event: string;
  /** GitHub environment; undefined: none. */
  readonly environment: string | undefined;
  /** Subject of its OIDC token. Source: https://docs.github.com/actions/reference/security/oidc */
  readonly subject: string;
  /** It may ask for that token at all. */
  readonly signsIn: boolean;
  /** `action operation` of each step that is one of ours. */
  readonly operations: readonly string[];
}

interface Input {
  readonly options?: readonly string[];
}

interface Step {
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string>>;
}

interface Job {
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string>>;
  readonly environment?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly strategy?: { readonly matrix?: Readonly<Record<string, readonly string[]>> };
  readonly steps?: readonly Step[];
}

interface Workflow {
  readonly name: string;
  readonly on: Readonly<
    Record<string, { readonly inputs?: Readonly<Record<string, Input>> } | null>
  >;
  readonly jobs: Readonly<Record<string, Job>>;
}

type Values = Readonly<Record<string, string>>;

interface Context {
  readonly event: string;
  readonly inputs: Values;
}

const REPOSITORY = "octo-org/harbour";
const OWN_STEP = /^fleetwright\/fleetwright\/actions\/([a-z-]+)@/;

/** Every place of a workflow, for each event, input that is a choice, and value of a matrix. */
export function placesOf(text: string, read: (path: string) => string): readonly Place[] {
  const { name, on, jobs } = parse(text) as Workflow;
  return Object.entries(on)
    .filter(([event]) => event !== "workflow_call")
    .flatMap(([event, trigger]) =>
      combinations(choices(trigger?.inputs ?? {})).flatMap((inputs) =>
        placesOfJobs(jobs, { event, inputs }, read),
      ),
    )
    .map((place) => ({ ...place, job: `${name}: ${place.job}` }));
}

function placesOfJobs(
  jobs: Workflow["jobs"],
  context: Context,
  read: (path: string) => string,
): readonly Place[] {
  return Object.entries(jobs).flatMap(([id, job]) => {
    if (job.uses === undefined) return placesOfJob(id, job, context);
    const inputs = evaluateAll(job.with ?? {}, context, {});
    return placesOfJobs((parse(read(job.uses)) as Workflow).jobs, { ...context, inputs }, read);
  });
}

function placesOfJob(id: string, job: Job, context: Context): readonly Place[] {
  return combinations(job.strategy?.matrix ?? {}).map((matrix) => {
    const environment = evaluate(job.environment ?? "", context, matrix) || undefined;
    return {
      job: id,
      event: context.event,
      environment,
      subject: `repo:${REPOSITORY}:${subjectEnd(context.event, environment)}`,
      signsIn: job.permissions?.["id-token"] === "write",
      operations: (job.steps ?? []).flatMap((step) => operationOf(step, context, matrix)),
    };
  });
}

function subjectEnd(event: string, environment: string | undefined): string {
  if (environment !== undefined) return `environment:${environment}`;
  return event === "pull_request" ? "pull_request" : "ref:refs/heads/main";
}

function operationOf({ uses = "", with: inputs = {} }: Step, context: Context, matrix: Values) {
  const action = OWN_STEP.exec(uses)?.[1];
  if (action === undefined) return [];
  const { operation } = evaluateAll(inputs, context, matrix);
  // Only `promote` has an operation by default.
  return [`${action} ${operation ?? action}`];
}

function choices(
  inputs: Readonly<Record<string, Input>>,
): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { options }]) => [name, options ?? [""]]),
  );
}

function combinations(axes: Readonly<Record<string, readonly string[]>>): readonly Values[] {
  return Object.entries(axes).reduce<readonly Values[]>(
    (all, [name, values]) =>
      all.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
    [{}],
  );
}

function evaluateAll(values: Values, context: Context, matrix: Values): Values {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, evaluate(String(value), context, matrix)]),
  );
}

/** As GitHub does, with its own evaluator. */
function evaluate(text: string, { event, inputs }: Context, matrix: Values): string {
  const known = { github: { event_name: event }, inputs, matrix, vars: {}, steps: {} };
  return text.replaceAll(/\$\{\{(.*?)\}\}/g, (_, expression: string) => {
    const { tokens } = new Lexer(expression).lex();
    const parsed = new Parser(tokens, Object.keys(known), []).parse();
    return new Evaluator(parsed, dictionary(known)).evaluate().coerceString();
  });
}

interface Tree {
  readonly [key: string]: string | Tree;
}

function dictionary(tree: Tree): data.Dictionary {
  return new data.Dictionary(
    ...Object.entries(tree).map(([key, value]) => ({
      key,
      value: typeof value === "string" ? new data.StringData(value) : dictionary(value),
    })),
  );
}
