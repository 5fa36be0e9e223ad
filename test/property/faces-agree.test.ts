import fc from 'fast-check';
import { z } from 'zod';
import { knot, map, runLocally, tapestry } from '../../src';
import type { ProblemDocument } from '../../src/api/problem-document';
import { RemoteApi } from '../../src/api/remote';
import { createInMemoryBackends } from '../../src/backends/in-memory';
import { runCommandLine } from '../../src/cli/command-line';
import { Output } from '../../src/cli/output/output';
import { SelvageError } from '../../src/errors';
import { callTool, toolsFor } from '../../src/mcp/tools';
import { OPERATIONS } from '../../src/operations';
import { flagOf } from '../../src/operations/fields';
import { innerOf } from '../../src/operations/flat';
import { invoke } from '../../src/operations/invoke';
import { commandOf, kebab, type Operation } from '../../src/operations/operation';
import { projectData, type Rights } from '../../src/operations/surroundings';
import type { Backends } from '../../src/ports';
import { answerJson } from '../../src/values/answer-json';
import { closeAll } from '../support/open-selvage';
import { nobody, openPage } from '../support/page';

const length = knot('length', ({ word }: { word: string }) => {
  if (word === 'bad') throw new RangeError('no such word, password=hunter2');
  return word.length;
});
const words = tapestry('words', { parameters: { words: z.array(z.string()) } }, (_, { words: over }) => ({
  lengths: map({ over, each: length, bind: 'word', onError: 'collect' }, { id: 'lengths' }),
}));
const total = tapestry(
  'total',
  { parameters: { a: z.number(), password: z.string() } },
  (_, { a, password }) => ({
    sum: knot('sum', ({ a: one, password: two }: { a: number; password: string }) => ({
      one,
      two,
      all: [one, two.length],
    }))({ a, password }, { id: 'sum' }),
  }),
);

/** All but what is about this moment and this process. */
const QUESTIONS = new Map(
  (OPERATIONS as readonly Operation[]).flatMap((one) =>
    one.kind === 'question' && one.name !== 'project.about' ? [[one.name, one] as const] : [],
  ),
);

afterEach(closeAll);

async function project(): Promise<Backends> {
  const backends = createInMemoryBackends();
  await runLocally(words, { words: ['a', 'bb'] }, { backends, runId: 'good' });
  await runLocally(words, { words: ['a', 'bad', 'ccc'] }, { backends, runId: 'bad' }).catch(() => undefined);
  await runLocally(total, { a: 1, password: 'hunter2' }, { backends, runId: 'first' });
  await runLocally(total, { a: 2, password: 'hunter2' }, { backends, runId: 'second' });
  return backends;
}

/** What fields may be asked for: what there is, and what there is not. */
async function namesIn(backends: Backends): Promise<string[]> {
  const { items } = await backends.runHistory.findLineage({ limit: 100 });
  return [
    ...items.flatMap(({ output_hash: hash, knot_id: id, run_id: run }) => [
      id,
      run,
      ...(hash === null ? [] : [hash]),
    ]),
    ...['words', 'total', 'nobody', 'sha256:ffff', '2h', '1', '', 'code', '\0', 'é"\n'],
  ];
}

function askOf(schema: unknown, names: readonly string[]): fc.Arbitrary<unknown> {
  const inner = innerOf(schema);
  if (inner instanceof z.ZodObject)
    return fc.record(
      Object.fromEntries(Object.entries(inner.shape).map(([name, field]) => [name, askOf(field, names)])),
      {
        requiredKeys: Object.entries(inner.shape).flatMap(([name, field]) =>
          (field as z.ZodType).safeParse(undefined).success ? [] : [name],
        ),
      },
    );
  if (inner instanceof z.ZodEnum) return fc.constantFrom(...inner.options, 'nothing');
  if (inner instanceof z.ZodArray) return fc.array(askOf(inner.element, names), { maxLength: 3 });
  if (inner instanceof z.ZodBoolean) return fc.boolean();
  if (inner instanceof z.ZodNumber) return fc.integer({ min: -1, max: 120 });
  // Times and lengths of time.
  if (inner instanceof z.ZodPipe) return fc.oneof(askOf(inner.in, names), fc.constantFrom('2h', '7d'));
  if (inner instanceof z.ZodUnion) return fc.oneof(...inner.options.map((option) => askOf(option, names)));
  return fc.constantFrom(...names);
}

/** Asks of each state. */
const NUMBER = 400;

type Face = (operation: Operation, ask: object) => Promise<unknown>;

/** Undefined: this face does not have the operation. An answer, or the code and the words of the refusal. */
async function toldBy(face: Face, operation: Operation, ask: object): Promise<unknown> {
  try {
    return await face(operation, ask);
  } catch (error) {
    if (!SelvageError.is(error)) throw error;
    return { code: error.code, message: error.message };
  }
}

/** What a command line finds wrong before it asks, in words of its own. */
const REFUSED = { code: 'InvalidRequest' };

const isWord = (one: unknown): one is string | number => typeof one === 'string' || typeof one === 'number';

/** The words by which a command line asks so; undefined if it cannot, as where a switch is to be off. */
function wordsFor(operation: Operation, ask: object): string[] | undefined {
  // A tapestry of the page's file has an option, and its parameters are written in other words.
  const at = operation.readsFile ? [] : (operation.at ?? []);
  if (operation.readsFile && 'parameters' in ask) return undefined;
  const given = new Map<string, unknown>(Object.entries(ask).filter(([, value]) => value !== undefined));
  const flags = [...given].flatMap(([name, value]) => {
    if (at.includes(name)) return [];
    const field = (operation.ask as z.ZodObject).shape[name] as z.ZodType;
    const { flag = kebab(name) } = flagOf(field);
    if (typeof value === 'number' && !(innerOf(field) instanceof z.ZodNumber)) return [undefined];
    if (typeof value === 'boolean') return value ? [`--${flag}`] : [undefined];
    return [value].flat().map((one) => (isWord(one) ? `--${flag}=${one}` : undefined));
  });
  const places = at.flatMap((name) => (given.has(name) ? [String(given.get(name))] : []));
  // An empty list is none, and what stands by place has no place without the one before it.
  if (
    flags.includes(undefined) ||
    [...given.values()].some((value) => Array.isArray(value) && value.length === 0)
  )
    return undefined;
  if (at.slice(0, places.length).some((name) => !given.has(name))) return undefined;
  return [...commandOf(operation).split(' '), ...(flags as string[]), '--', ...places];
}

async function written(argv: readonly string[]): Promise<string> {
  let text = '';
  const stdout = { write: (more: string) => void (text += more) };
  await runCommandLine(argv, new Output(stdout, { write: () => {} }));
  return text;
}

/** Operations that are verbs of the command line: a page elsewhere can be asked by them. */
async function verbs(): Promise<Set<Operation>> {
  const found = new Set<Operation>();
  for (const one of QUESTIONS.values()) {
    const help = await written([...commandOf(one).split(' '), '--help', '--all']);
    if (help.startsWith(`Usage: selvage ${commandOf(one)} `) && help.includes('--api')) found.add(one);
  }
  return found;
}

/** What a verb writes with `--json`; undefined if it cannot be asked so. */
async function commandLine(operation: Operation, ask: object, api: string): Promise<unknown> {
  const words = wordsFor(operation, ask);
  if (!words) return undefined;
  const argv = words.toSpliced(words.indexOf('--'), 0, '--json', '--api', api);
  const told = JSON.parse(await written(argv)) as { readonly error?: Readonly<Record<string, string>> };
  if (told.error === undefined) return told;
  const { code, message } = told.error;
  return code === 'Usage' ? REFUSED : { code, message };
}

/** Without the position in the feed of changes, which a page alone follows. */
const json = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (name, member: unknown) => (name === 'position' ? undefined : member));

/** Windows of time that end now are the same for all faces. */
const NOW = Date.now() + 60_000;

/** A history whose reads take their time, or fail for some. */
function altered(backends: Backends, alter: (name: string, ...asked: unknown[]) => Promise<void>): Backends {
  const runHistory = new Proxy(backends.runHistory, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function' || typeof name !== 'string') return member;
      const call = member.bind(target) as (...asked: unknown[]) => unknown;
      if (name === 'now') return () => Promise.resolve(NOW);
      if (!/^(find|get|list|runsOf|referredTo)/.test(name)) return call;
      return async (...asked: unknown[]) => {
        await alter(name, ...asked);
        return await call(...asked);
      };
    },
  });
  return { ...backends, runHistory };
}

const STATES: Readonly<Record<string, (backends: Backends) => Backends>> = {
  'as it should be': (backends) => altered(backends, () => Promise.resolve()),
  slow: (backends) => altered(backends, async () => await new Promise((resolve) => setTimeout(resolve, 1))),
  damaged: (backends) =>
    altered(backends, (_, first) =>
      JSON.stringify(first ?? null).includes('bad')
        ? Promise.reject(new SelvageError('DatabaseDamaged', 'A record cannot be read.'))
        : Promise.resolve(),
    ),
};

describe.each(Object.keys(STATES))('a run history that is %s, without a server', (state) => {
  test('whatever is asked, program, HTTP API, command line and tools answer the same', async () => {
    const whole = await project();
    const names = await namesIn(whole);
    const backends = STATES[state]!(whole);
    const rights: Rights = { mayAct: true, isReadOnly: false, maySeeSecrets: true, trigger: 'api' };
    const data = projectData(backends, nobody, { project: 'test', tapestries: [words, total] });
    const page = await openPage({ backends, tapestries: [words, total] });
    const remote = new RemoteApi({ url: page.url, token: page.token });
    const tools = toolsFor(false);
    const isVerb = await verbs();
    const faces: Record<string, Face> = {
      http: async (operation, ask) => json(answerJson(await remote.invoke(operation, ask))),
      // The query of a URL does not tell the text 1 from the number, which a time or duration takes.
      url: async ({ name, ask: schema }, ask) => {
        const isAskable = Object.entries(ask).every(
          ([field, member]) =>
            typeof member === 'string' &&
            !(innerOf((schema as z.ZodObject).shape[field]) instanceof z.ZodPipe && /^\d+$/.test(member)),
        );
        if (!isAskable) return undefined;
        const { status, body } = await page.question(name, ask, {
          authorization: `Bearer ${page.token}`,
        });
        const told = JSON.parse(body) as ProblemDocument;
        return status === 200 ? json(told) : { code: told.code, message: told.detail };
      },
      mcp: async (operation, ask) => {
        const [tool] = [...tools].find(([, one]) => one === operation) ?? [];
        if (tool === undefined) return undefined;
        return JSON.parse(await callTool(tools, { ...data, caller: rights }, tool, { ...ask })) as unknown;
      },
      'command line': async (operation, ask) =>
        isVerb.has(operation) ? await commandLine(operation, ask, page.url) : undefined,
    };
    process.env['SELVAGE_TOKEN'] = page.token;
    const inProgram: Face = async (operation, ask) =>
      json(answerJson(await invoke(operation, { ...data, caller: rights }, ask)));
    const asks = fc.constantFrom(...[...QUESTIONS].map(([name]) => name)).chain((name) => {
      const { ask, examples = [] } = QUESTIONS.get(name)!;
      return fc
        .oneof(askOf(ask, names), fc.constantFrom(...(examples as object[])))
        .map((one) => [name, one as object] as const);
    });
    let answered = 0;
    const asked = new Map(Object.keys(faces).map((name) => [name, new Set<string>()]));
    await fc.assert(
      fc.asyncProperty(asks, async ([question, ask]) => {
        const operation = QUESTIONS.get(question)!;
        const expected = await toldBy(inProgram, operation, ask);
        if (!Object.hasOwn(expected as object, 'code')) answered += 1;
        for (const [name, face] of Object.entries(faces)) {
          let told = await toldBy(face, operation, ask);
          // A fast machine asks more often than one caller may.
          while ((told as { code?: string } | undefined)?.code === 'TooManyRequests') {
            await new Promise((resolve) => setTimeout(resolve, 100));
            told = await toldBy(face, operation, ask);
          }
          if (told === undefined) continue;
          asked.get(name)!.add(question);
          if (told === REFUSED) expect({ face: name, told: expected }).toMatchObject({ told: REFUSED });
          else expect({ face: name, told }).toEqual({ face: name, told: expected });
        }
      }),
      { numRuns: NUMBER },
    );
    expect(answered).toBeGreaterThan(NUMBER / 5);
    for (const [face, questions] of asked)
      expect({ face, isAsked: questions.size > 5 }).toEqual({ face, isAsked: true });
  });
});
