import { z } from 'zod';
import { defined, type Json } from '../values';
import { answerJson } from '../values/answer-json';
import { budgetOf } from '../plan';
import { planOf } from '../runtime';
import { nodeSha256 } from '../backends';
import type { AnswerOf, AskOf, OperationName } from '../operations';
import { call } from '../operations/call';
import type { ProjectData, Rights } from '../operations/surroundings';
import { requireTapestry } from '../operations/require-tapestry';
import { OUTCOME_KINDS, RUN_STATUSES } from '../authoring/outcome';
import { recordOf } from '../authoring';
import { encryptionOf } from '../encryption/seal-backends';
import { searchDocs } from './docs-search';
import {
  shownRun,
  shownKnot,
  plannedKnot,
  durationOf,
  shownError,
  shownWalk,
  shownJson,
  PAGE,
  pageFrom,
} from './shown-answers';

/** Surroundings that tools need to answer. */
export interface ToolSurroundings {
  readonly data: ProjectData;
  readonly rights: Rights;
}

/** One tool: its description for a model, and its implementation. */
export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: z.ZodRawShape;
  /** Only offered with `--allow-write`. */
  readonly isWriting: boolean;
  call(input: unknown, surroundings: ToolSurroundings): Promise<Json>;
}
const TEXT_CHARACTERS = 8_000;
const FAILED = 10;

const runId = z.string().min(1).max(2_000).describe('Id of a run, as the tool `runs` lists it.');
const hashText = z
  .string()
  .min(4)
  .max(200)
  .describe('Hash of a value, sha256:… or bytes-sha256:…, or its beginning (four digits or more).');
const cursor = z
  .string()
  .max(2_000)
  .optional()
  .describe('Where to go on: what an earlier answer gave as `cursor`.');
/** Of a list that is at hand as a whole: the index at which a page begins. */
const index = cursor
  .unwrap()
  .regex(/^\d{1,15}$/)
  .optional();
const time = z.iso.datetime({ offset: true }).optional();

function tool<Shape extends z.ZodRawShape>(
  name: string,
  definition: {
    readonly title: string;
    readonly description: string;
    readonly input: Shape;
    readonly isWriting?: boolean;
    readonly call: (input: z.output<z.ZodObject<Shape>>, surroundings: ToolSurroundings) => Promise<unknown>;
  },
): Tool {
  const { input, call, isWriting = false, ...told } = definition;
  const schema = z.strictObject(input) as unknown as z.ZodType<z.output<z.ZodObject<Shape>>>;
  return {
    name,
    ...told,
    input,
    isWriting,
    // Undefined properties are left out.
    call: async (given, surroundings) =>
      JSON.parse(JSON.stringify(answerJson(await call(schema.parse(given ?? {}), surroundings)))) as Json,
  };
}

async function ask<Name extends OperationName>(
  { data, rights }: ToolSurroundings,
  name: Name,
  what: AskOf<Name>,
): Promise<AnswerOf<Name>> {
  return await call({ ...data, caller: rights }, name, what);
}

export const TOOLS: readonly Tool[] = [
  tool('runs', {
    title: 'List runs',
    description:
      'Lists runs of pipelines (tapestries), newest first: id, tapestry, status, times, counts of knots by outcome, tags. Narrow it by status, tapestry, tag or time. Begin here to find what failed or is running.',
    input: {
      tapestry: z.string().min(1).optional().describe('Only runs of this tapestry.'),
      status: z.enum(RUN_STATUSES).optional().describe('Only runs of this status.'),
      tag: z.string().min(1).optional().describe('Only runs with this tag.'),
      trigger: z
        .string()
        .min(1)
        .optional()
        .describe('Only runs that this started: cli, code, kafka:orders, …'),
      partition: z.string().min(1).optional().describe('Only runs of this partition.'),
      since: time.describe('Only runs begun then or later, ISO 8601.'),
      until: time.describe('Only runs begun before that, ISO 8601.'),
      limit: z.int().min(1).max(100).optional().describe('How many at most. Default 20.'),
      cursor,
    },
    call: async ({ since, until, limit = 20, ...conditions }, surroundings) => {
      const page = await ask(surroundings, 'runs.list', {
        ...defined(conditions),
        limit,
        ...(since !== undefined && { since: Date.parse(since) }),
        ...(until !== undefined && { until: Date.parse(until) }),
      });
      return { items: page.items.map(shownRun), cursor: page.cursor };
    },
  }),
  tool('run', {
    title: 'Show a run',
    description:
      'Shows one run: its status, what failed first and why, why it waits if it is not over, and its knots (steps) in the order of the plan with outcome, duration and hash of the value. Long lists go on with `cursor`.',
    input: {
      runId,
      outcome: z.enum(OUTCOME_KINDS).optional().describe('Only knots with this outcome.'),
      cursor: index,
    },
    call: async ({ runId, outcome, cursor }, surroundings) => {
      const view = await ask(surroundings, 'runs.show', { runId });
      const { knots } = view.graph;
      const chosen = knots.filter(({ state }) => outcome === undefined || state?.outcome === outcome);
      const failed = knots.filter(({ state }) => state?.outcome === 'err');
      const waits = view.run.status === 'running' ? await ask(surroundings, 'runs.explain', { runId }) : {};
      return {
        run: {
          ...shownRun(view.run),
          planHash: view.run.planHash,
          vcsCommit: view.run.vcsCommit,
          parentRunId: view.run.parentRunId,
          resumedFrom: view.run.resumedFrom,
        },
        failed: failed.slice(0, FAILED).map(shownKnot),
        waiting: waits.waiting && Object.fromEntries(Object.entries(waits.waiting).slice(0, PAGE)),
        workflowTask: waits.workflowTask,
        ...pageFrom(cursor, chosen, shownKnot),
        previousRunId: view.previousRunId,
        nextRunId: view.nextRunId,
      };
    },
  }),
  tool('knot', {
    title: 'Show a knot of a run',
    description:
      'Shows one knot of a run, or one element of a map (`users[17]`): its inputs with their hashes, its error with causes and stack, its attempts, why its value was reused or not, and the end of what it logged. Of a map, its elements are counted and the failed ones named.',
    input: { runId, knotId: z.string().min(1).max(2_000).describe('Id of the knot.') },
    call: async ({ runId, knotId }, surroundings) => {
      const view = await ask(surroundings, 'knots.show', { runId, knotId });
      const { log, state, ...others } = view;
      const isMap = state?.elements !== undefined;
      const failed = isMap
        ? await ask(surroundings, 'knots.elements', { runId, map: knotId, outcome: 'err', limit: FAILED })
        : undefined;
      return {
        ...others,
        state: state && { ...state, ...durationOf(state) },
        log:
          log && !isSealed(surroundings)
            ? {
                text: log.text.slice(-TEXT_CHARACTERS),
                truncated: log.truncated || log.text.length > TEXT_CHARACTERS,
              }
            : undefined,
        elements: failed && {
          total: failed.total,
          counts: failed.counts,
          failed: failed.items.map(({ id, state: { error } }) => ({ id, error: shownError(error) })),
        },
      };
    },
  }),
  tool('why', {
    title: 'Why a value is what it is',
    description:
      'Walks up from a value by its hash: the knot that made it, what went in, who made that, and so on, over runs. Use it to find where a wrong value came from.',
    input: { hash: hashText, runId: runId.optional(), cursor: index },
    call: async ({ hash, runId, cursor }, surroundings) =>
      shownWalk(
        await ask(surroundings, 'lineage.why', { hash, ...(runId !== undefined && { runId }) }),
        cursor,
      ),
  }),
  tool('impact', {
    title: 'What was made of a value',
    description:
      'Walks down from a value by its hash, over all runs: who has it, what took it in, what that made, and so on. Use it to find what a wrong value has spoilt.',
    input: { hash: hashText, cursor: index },
    call: async ({ hash, cursor }, surroundings) =>
      shownWalk(await ask(surroundings, 'lineage.impact', { hash }), cursor),
  }),
  tool('diff', {
    title: 'Compare two runs',
    description:
      'Compares two runs knot by knot, and says in a sentence which knot differs first and why: other code, constants, parameters, signals, a failure, or a body that gives something else on the same inputs.',
    input: { first: runId, second: runId, cursor: index },
    call: async ({ first, second, cursor }, surroundings) => {
      const { graph, items, ...compared } = await ask(surroundings, 'runs.compare', { first, second });
      return {
        ...compared,
        first: shownRun(compared.first),
        second: shownRun(compared.second),
        same: graph.knots.length - items.length,
        ...pageFrom(cursor, items),
      };
    },
  }),
  tool('value', {
    title: 'Read a value',
    description:
      'Reads a value by its hash, or a part of it by `path`. Large values are cut; of a list, `from` says which item to begin with. What looks like a secret is redacted. Values that the store has sealed are not opened.',
    input: {
      hash: hashText,
      runId: runId.optional().describe('The run that it is of, where values are kept for subjects.'),
      path: z
        .array(z.union([z.string().max(2_000), z.int().min(0)]))
        .max(100)
        .optional()
        .describe('Names and positions that lead into the value, such as ["users", 3, "name"].'),
      from: z.int().min(0).optional().describe('Of a list, the first item; of a text, the first character.'),
    },
    call: async ({ hash, runId, path, from: first }, surroundings) => {
      if (isSealed(surroundings)) {
        return {
          form: 'none',
          hash,
          code: 'ValueSealed',
          message:
            'The values of this store are sealed, and are not opened for a model. A person can: selvage value HASH.',
        };
      }
      const view = await ask(surroundings, 'values.show', {
        hash,
        ...defined({ runId, path, from: first }),
        ...(hash.startsWith('bytes-') ? {} : { as: 'json' as const }),
      });
      if (view.form === 'json') return shownJson(view.hash, view.size, view.json, view.truncated);
      if (view.form === 'text') {
        const text = view.text.slice(0, TEXT_CHARACTERS);
        return { ...view, text, truncated: view.truncated || view.text.length > TEXT_CHARACTERS };
      }
      if (view.form === 'image')
        return { form: 'image', hash: view.hash, size: view.size, mediaType: view.mediaType };
      if (view.form === 'bytes') return { ...view, hex: view.hex.slice(0, 256) };
      return view;
    },
  }),
  tool('plan_preview', {
    title: 'Preview a plan',
    description:
      'Shows what a run of a tapestry of the given file would be: its parameters with their JSON Schemas, its knots with their inputs, and what it asks of the server at most. Nothing is run. Without a name, the tapestries are listed.',
    input: { tapestry: z.string().min(1).optional().describe('Name of the tapestry.'), cursor: index },
    call: async ({ tapestry, cursor }, surroundings) => {
      const { tapestries } = await ask(surroundings, 'project.about', {});
      if (tapestry === undefined) {
        return {
          items: tapestries.map(({ name, description, graph }) => ({
            name,
            description,
            knots: graph.knots.length,
          })),
          note:
            tapestries.length === 0
              ? 'No file was given: start `selvage mcp FILE` with one that exports tapestries.'
              : undefined,
        };
      }
      const made = requireTapestry(surroundings.data, tapestry);
      const view = tapestries.find(({ name }) => name === tapestry)!;
      const budget = budgetOf(planOf(recordOf(made), nodeSha256).loaded.layout);
      const { knots, depth, width, events, executions } = budget;
      return {
        tapestry,
        description: view.description,
        planHash: view.graph.planHash,
        parameters: view.parameters,
        partitioned: view.partitioned,
        atMost: { knots, depth, width, events, executions },
        ...pageFrom(cursor, view.graph.knots, (knot) => plannedKnot(knot, view.graph)),
      };
    },
  }),
  tool('resume_preview', {
    title: 'Preview a resume',
    description:
      'Says what a run that goes on from another one would take over and what it would run again. Needs the Temporal server. Nothing is started.',
    input: { runId, from: knotsFrom() },
    call: async ({ runId, from: knots }, surroundings) => {
      const { reused, runs } = await ask(surroundings, 'runs.previewResume', {
        runId,
        ...defined({ from: knots }),
      });
      return { reused: reused.length, items: runs.slice(0, 4 * PAGE), total: runs.length };
    },
  }),
  tool('docs_search', {
    title: 'Search the documentation',
    description:
      'Searches the documentation of Selvage that comes with the installed version, and answers sections as Markdown: how something is written or configured, what an error code means.',
    input: {
      query: z.string().min(2).max(300).describe('A few words: what one would type into a search box.'),
      limit: z.int().min(1).max(10).optional().describe('How many sections at most. Default 5.'),
    },
    call: async ({ query, limit = 5 }) => ({ items: searchDocs(query, limit) }),
  }),
  tool('start', {
    title: 'Start a run',
    description:
      'Starts a run of a tapestry of the given file, and returns its id at once. It has effects: bodies of the tapestry run. Look at `plan_preview` for the parameters first. A worker must be there for it (`selvage worker` or `selvage dev`).',
    isWriting: true,
    input: {
      tapestry: z.string().min(1).describe('Name of the tapestry.'),
      parameters: z.record(z.string(), z.json()).describe('By name, as `plan_preview` describes them.'),
      runId: z
        .string()
        .min(1)
        .max(200)
        .optional()
        .describe('Id of the run; the same id is never started twice.'),
      tags: z.array(z.string().min(1)).max(20).optional(),
    },
    call: async ({ tapestry, parameters, ...others }, surroundings) =>
      await ask(surroundings, 'runs.start', { tapestry, parameters, ...defined(others) }),
  }),
  tool('signal', {
    title: 'Send a signal',
    description:
      'Sends a signal that a knot of a run waits for, such as an approval. It has effects, and cannot be taken back. `run` and `knot` say what is waited for and what a payload must be.',
    isWriting: true,
    input: {
      runId,
      signal: z.string().min(1).max(2_000).describe('Name of the signal.'),
      payload: z.json().describe('What the schema of the waiting knot takes.'),
    },
    call: async ({ runId, signal, payload }, surroundings) => {
      await ask(surroundings, 'runs.signal', { runId, signal, payload });
      return { runId, signal, taken: true };
    },
  }),
  tool('resume', {
    title: 'Resume a run',
    description:
      'Starts a run that goes on from one that is over: takes over what is Ok, and runs again what is not, or the knots in `from` with all below them. It has effects. Look at `resume_preview` first.',
    isWriting: true,
    input: { runId, from: knotsFrom() },
    call: async ({ runId, from: knots }, surroundings) =>
      await ask(surroundings, 'runs.resume', { runId, ...defined({ from: knots }) }),
  }),
];

function knotsFrom(): z.ZodOptional<z.ZodArray<z.ZodString>> {
  return z
    .array(z.string().min(1).max(2_000))
    .max(1_000)
    .optional()
    .describe('Ids of knots that run again, with all below them. Default: those that are not Ok.');
}

function isSealed({ data }: ToolSurroundings): boolean {
  return encryptionOf(data.backends) !== undefined;
}
