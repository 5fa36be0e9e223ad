import { createHash } from 'node:crypto';
import { z } from 'zod';
import { contentHash, encodeValue, hashText, type Sha256 } from '../../../src/values';
import { compile, problemsOf, layoutOf } from '../../../src/plan';
import type { ReadKnotOptions, TapestryOptions } from '../../../src/authoring/records';
import {
  addKnot,
  addParameter,
  chain,
  constant,
  definition,
  emptyTapestry,
  parent,
  tapestryOf,
} from '../../support/tapestry-records';
import { thrownBy } from '../../support/thrown-by';
import { refusal } from '../../support/refusal';

const nodeSha256: Sha256 = (data) => createHash('sha256').update(data).digest('hex');

describe('the plan', () => {
  test('has parameters, definitions, knots and terminals, by index', () => {
    const tapestry = emptyTapestry('quickstart');
    const x = addParameter(tapestry, 'x');
    const double = definition('double', { version: '2' });
    const d = addKnot(tapestry, 'd', double, { x: parent(x), factor: constant(2) });
    const answer = addKnot(tapestry, 'answer', definition('add'), { b: parent(d), a: parent(x) });
    tapestry.terminals = new Map([['result', answer]]);

    const { plan, text, hash } = compile(tapestry);

    expect(plan).toEqual({
      format: 1,
      tapestry: 'quickstart',
      failOn: 'unhandled',
      parameters: [{ name: 'x' }],
      definitions: [
        { name: 'double', version: '2', codeHash: hashText('body of double') },
        { name: 'add', codeHash: hashText('body of add') },
      ],
      knots: [
        {
          id: 'param:x',
          definition: -1,
          inputs: {},
          policy: {},
          configHash: expect.stringMatching(/^sha256:/),
        },
        {
          id: 'd',
          definition: 0,
          inputs: { factor: { constant: 2, hash: contentHash(encodeValue(2)) }, x: { parent: 0 } },
          policy: {},
          configHash: expect.stringMatching(/^sha256:/),
        },
        {
          id: 'answer',
          definition: 1,
          inputs: { a: { parent: 0 }, b: { parent: 1 } },
          policy: {},
          configHash: expect.stringMatching(/^sha256:/),
        },
      ],
      terminals: [['result', 2]],
    });
    expect(JSON.parse(text)).toEqual(plan);
    expect(hash).toBe(hashText(text));
  });

  test('does not depend on which SHA-256 it is made with', () => {
    const tapestry = () => tapestryOf(chain(20));
    expect(compile(tapestry(), { sha256: nodeSha256 })).toEqual(compile(tapestry()));
  });

  test('has parents before children, else the order of placing, parameters first', () => {
    const tapestry = emptyTapestry();
    const step = definition('step');
    const late = addKnot(tapestry, 'late', step);
    addKnot(tapestry, 'free', step);
    const early = addKnot(tapestry, 'early', step);
    addParameter(tapestry, 'x');
    (late.inputs as Map<string, unknown>).set('in', parent(early));

    expect(compile(tapestry).plan.knots.map(({ id }) => id)).toEqual(['param:x', 'free', 'early', 'late']);
  });

  test('keeps defaults of parameters encoded', () => {
    const tapestry = tapestryOf([[]]);
    addParameter(tapestry, 'since', { value: new Date(0) });
    addParameter(tapestry, 'nothing', { value: undefined });

    expect(compile(tapestry).plan.parameters).toEqual([
      { name: 'since', default: { $type: 'date', value: '1970-01-01T00:00:00.000Z' } },
      { name: 'nothing', default: { $type: 'undefined' } },
    ]);
  });

  test('keeps constants encoded, with the hash of their own kind', () => {
    const tapestry = emptyTapestry();
    const bytes = new Uint8Array([1, 2, 3]);
    addKnot(tapestry, 'k', definition('step'), { bytes: constant(bytes), list: constant([1n]) });

    const { inputs } = compile(tapestry).plan.knots[0]!;

    expect(inputs).toEqual({
      bytes: { constant: { $type: 'bytes', value: 'AQID' }, hash: `bytes-sha256:${nodeSha256(bytes)}` },
      list: { constant: [{ $type: 'bigint', value: '1' }], hash: contentHash(encodeValue([1n])) },
    });
  });

  test('takes inputs of any name', () => {
    const tapestry = emptyTapestry();
    const inputs = JSON.parse('{"__proto__": 0, "constructor": 0, "10": 0, "9": 0}') as object;
    const named = Object.fromEntries(Object.keys(inputs).map((name) => [name, constant(name)]));
    addKnot(tapestry, 'k', definition('step'), named);

    const { plan, text } = compile(tapestry);

    expect(Object.keys(plan.knots[0]!.inputs)).toEqual(['9', '10', '__proto__', 'constructor']);
    expect(JSON.parse(text)).toEqual(plan);
  });

  test('has the failOn of the tapestry', () => {
    const tapestry = emptyTapestry('t', { failOn: 'any' });
    addKnot(tapestry, 'k', definition('step'));
    expect(compile(tapestry).plan.failOn).toBe('any');
  });
});

describe('terminals', () => {
  test('are the knots without consumers, by id, where the tapestry names none; parameters never', () => {
    const tapestry = tapestryOf([[], [0], [0], [1]], 0);
    addParameter(tapestry, 'unused');
    expect(compile(tapestry).plan.terminals).toEqual([
      ['k00002', 3],
      ['k00003', 4],
    ]);
  });

  test('keep the order of naming, and may be parameters', () => {
    const tapestry = emptyTapestry();
    const x = addParameter(tapestry, 'x');
    const knot = addKnot(tapestry, 'k', definition('step'));
    tapestry.terminals = new Map([
      ['z', knot],
      ['a', x],
    ]);
    expect(compile(tapestry).plan.terminals).toEqual([
      ['z', 1],
      ['a', 0],
    ]);
  });

  test('of another tapestry, not registered, or none at all are refused', () => {
    const tapestry = tapestryOf([[]]);
    const [foreign] = tapestryOf([[]]).knots.values();
    tapestry.terminals = new Map([['answer', foreign!]]);
    expect(thrownBy(() => compile(tapestry))).toMatchObject(refusal('ForeignKnot', "'answer'"));

    tapestry.terminals = new Map([['answer', { ...[...tapestry.knots.values()][0]! }]]);
    expect(thrownBy(() => compile(tapestry))).toMatchObject(refusal('UnknownKnot', "'answer'"));

    tapestry.terminals = new Map();
    expect(thrownBy(() => compile(tapestry)).code).toBe('UnknownTerminal');
  });
});

describe('the policy of a knot', () => {
  function policy(
    knot: ReadKnotOptions,
    ofDefinition: ReadKnotOptions = {},
    ofTapestry: TapestryOptions<number>['knots'] = {},
  ) {
    const tapestry = emptyTapestry('t', { knots: ofTapestry });
    addKnot(tapestry, 'k', definition('step', { options: ofDefinition }), {}, knot);
    const { policy: compiled, summary, configHash } = compile(tapestry).plan.knots[0]!;
    return { policy: compiled, summary, configHash };
  }

  test('is its own, else of the definition, else of the tapestry, option by option', () => {
    const resolved = policy(
      { timeout: 1 },
      { timeout: 2, retry: { maximumAttempts: 3 }, summary: 'two' },
      {
        timeout: 3,
        retry: { initialInterval: 5, maximumAttempts: 9 },
        cancelGrace: 7,
        dispatcher: { kind: 'queue', taskQueue: 'q' },
      },
    );
    expect(resolved).toMatchObject({
      policy: { timeout: 1, retry: { maximumAttempts: 3 }, cancelGrace: 7, taskQueue: 'q' },
      summary: 'two',
    });
  });

  test('of a knot can take back the task queue of the tapestry', () => {
    const tapestryOptions: TapestryOptions<number>['knots'] = {
      dispatcher: { kind: 'queue', taskQueue: 'q' },
    };
    expect(policy({ dispatcher: { kind: 'queue' } }, {}, tapestryOptions).policy).toEqual({});
  });

  test.each<[string, ReadKnotOptions]>([
    ['errorPolicy', { errorPolicy: 'skipIfParentFailed' }],
    ['retry', { retry: {} }],
    ['one attempt', { retry: { maximumAttempts: 1, initialInterval: 5 } }],
    ['cancelGrace', { cancelGrace: 10_000 }],
    ['dispatcher', { dispatcher: { kind: 'queue' } }],
    ['onCodeChange', { onCodeChange: 'run' }],
    ['priority', { priority: 3 }],
  ])('is the same whether a default is written down or not: %s', (_, options) => {
    expect(policy(options)).toEqual(policy({}));
  });

  test('says that a knot waits for its old code, which the layout has no need of', () => {
    const tapestry = emptyTapestry('t', { knots: { onCodeChange: 'wait' } });
    addKnot(tapestry, 'waits', definition('step'));
    addKnot(tapestry, 'runs', definition('step'), {}, { onCodeChange: 'run' });
    const { plan } = compile(tapestry);
    expect(plan.knots.map(({ policy }) => policy)).toEqual([{ onCodeChange: 'wait' }, {}]);
    expect(layoutOf(plan).policies).toEqual([{}]);
  });

  test('names the keys of its limits, by default that of the definition', () => {
    const api = { key: 'api', limit: 3 };
    expect(policy({ maxConcurrent: 2, ratePerSecond: 0.5, priority: 1 }).policy).toEqual({
      maxConcurrent: { key: 'step', limit: 2 },
      ratePerSecond: { key: 'step', limit: 0.5 },
      priority: 1,
    });
    expect(policy({ maxConcurrent: api }, { maxConcurrent: 1, ratePerSecond: api }).policy).toEqual({
      maxConcurrent: api,
      ratePerSecond: api,
    });
  });

  test('names a limit of a function that is written in place by tapestry and knot', () => {
    const tapestry = emptyTapestry('t', {});
    addKnot(tapestry, 'k', definition('selvage.reduce', { inline: true }), {}, { maxConcurrent: 2 });
    expect(compile(tapestry).plan.knots[0]!.policy.maxConcurrent).toEqual({ key: 't/k', limit: 2 });
  });

  test.each<ReadKnotOptions>([{ maxConcurrent: 1 }, { ratePerSecond: 1 }])(
    'makes a local knot with the limit %j go by itself, which the layout has no need of',
    (limit) => {
      const tapestry = emptyTapestry('t', { knots: { dispatcher: { kind: 'local' } } });
      addKnot(tapestry, 'limited', definition('step'), {}, limit);
      addKnot(tapestry, 'local', definition('step'), {}, { priority: 5 });
      const { plan } = compile(tapestry);
      expect(layoutOf(plan).policies).toEqual([{}, { local: true, priority: 5 }]);
    },
  );

  test('has no defaults of a retry', () => {
    const retry = {
      maximumAttempts: 4,
      initialInterval: 500,
      backoffCoefficient: 2,
      maximumInterval: 50_000,
      nonRetryableErrors: [],
    };
    expect(policy({ retry }).policy).toEqual({ retry: { maximumAttempts: 4, initialInterval: 500 } });
  });

  test('does not go to parameters', () => {
    const tapestry = emptyTapestry('t', { knots: { timeout: 5, summary: 'all' } });
    addParameter(tapestry, 'x');
    addKnot(tapestry, 'k', definition('step'));
    const [parameter] = compile(tapestry).plan.knots;
    expect(parameter).toEqual({
      id: 'param:x',
      definition: -1,
      inputs: {},
      policy: {},
      configHash: expect.any(String),
    });
  });
});

describe('the config hash', () => {
  function configHash(
    of = definition('step'),
    value: unknown = 1,
    options: ReadKnotOptions = {},
    id = 'k',
  ): string {
    const tapestry = emptyTapestry();
    const source = addKnot(tapestry, 'source', definition('source'));
    addKnot(tapestry, id, of, { value: constant(value), from: parent(source) }, options);
    return compile(tapestry).plan.knots[1]!.configHash;
  }

  test('is that of definition, version, constants and policy', () => {
    const different = [
      configHash(),
      configHash(definition('other')),
      configHash(definition('step', { version: '1' })),
      configHash(definition('step'), 2),
      configHash(definition('step'), '1'),
      configHash(definition('step'), 1, { timeout: 5 }),
    ];
    expect(new Set(different).size).toBe(different.length);
  });

  test('is not that of id, parents, source or summary', () => {
    expect(configHash(definition('step', { source: 'other' }))).toBe(configHash());
    expect(configHash(definition('step'), 1, { summary: 'other' }, 'other')).toBe(configHash());
  });

  test('is counted once for like knots', () => {
    let calls = 0;
    const counting: Sha256 = (data) => {
      calls += 1;
      return nodeSha256(data);
    };
    const tapestry = emptyTapestry();
    const step = definition('step');
    const shared = { deep: [1, 2, 3] };
    for (let index = 0; index < 1_000; index++)
      addKnot(tapestry, `k${index}`, step, { shared: constant(shared) });
    compile(tapestry, { sha256: counting });
    expect(calls).toBe(4); // the source, the constant, the config, the plan
  });
});

test('all that is refused can be told at once', () => {
  const step = definition('step');
  const foreign = addKnot(emptyTapestry('other'), 'far', step);
  const tapestry = emptyTapestry('here');
  const a = addKnot(tapestry, 'a', step, { far: parent(foreign), f: constant(() => 1) });
  const b = addKnot(tapestry, 'b', definition('step', { source: '() => 2' }), { in: parent(a) });
  (a.inputs as Map<string, unknown>).set('in', parent(b));
  (tapestry as { terminals: unknown }).terminals = new Map([['t', foreign]]);
  expect(problemsOf(tapestry, nodeSha256).map(({ code }) => code)).toEqual([
    'ForeignKnot',
    'Cycle',
    'NotEncodable',
    'DuplicateDefinition',
    'ForeignKnot',
  ]);
  expect(thrownBy(() => compile(tapestry)).code).toBe('ForeignKnot');
});

describe('refused is', () => {
  test('a tapestry without anything', () => {
    const tapestry = emptyTapestry('bare');
    expect(thrownBy(() => compile(tapestry))).toMatchObject({
      code: 'EmptyTapestry',
      message: expect.stringContaining("'bare'"),
      details: { tapestry: 'bare' },
    });
  });

  test('a parent of another tapestry', () => {
    const other = emptyTapestry('other');
    const foreign = addKnot(other, 'far', definition('step'));
    const tapestry = emptyTapestry('here');
    addKnot(tapestry, 'near', definition('step'), { value: parent(foreign) });
    expect(thrownBy(() => compile(tapestry))).toMatchObject(
      refusal('ForeignKnot', /'value'.*'near'.*'far'.*'other'.*'here'/),
    );
  });

  test('a parent that was not registered', () => {
    const tapestry = emptyTapestry('here');
    const step = definition('step');
    const gone = addKnot(tapestry, 'gone', step);
    tapestry.knots.delete('gone');
    addKnot(tapestry, 'near', step, { value: parent(gone) });
    expect(thrownBy(() => compile(tapestry))).toMatchObject(
      refusal('UnknownKnot', /'value'.*'near'.*'gone'.*'here'/),
    );
  });

  test('a circle, which is named', () => {
    const tapestry = emptyTapestry('round');
    const step = definition('step');
    const a = addKnot(tapestry, 'a', step);
    const b = addKnot(tapestry, 'b', step, { in: parent(a) });
    const c = addKnot(tapestry, 'c', step, { in: parent(b) });
    addKnot(tapestry, 'below', step, { in: parent(c) });
    (a.inputs as Map<string, unknown>).set('in', parent(c));

    const error = thrownBy(() => compile(tapestry));

    expect(error).toMatchObject({ code: 'Cycle', details: { tapestry: 'round', knots: ['a', 'c', 'b'] } });
    expect(error.message).toContain('a <- c <- b <- a');
  });

  test('a long circle, of which some knots are named', () => {
    const tapestry = tapestryOf(chain(1_000));
    const knots = [...tapestry.knots.values()];
    (knots[0]!.inputs as Map<string, unknown>).set('in', parent(knots[999]!));

    const error = thrownBy(() => compile(tapestry));

    expect(error.details['knots']).toHaveLength(1_000);
    expect(error.message.length).toBeLessThan(400);
  });

  test('two definitions of one name and version', () => {
    const tapestry = emptyTapestry();
    addKnot(tapestry, 'one', definition('step', { version: '1' }));
    addKnot(tapestry, 'two', definition('step', { version: '2' }));
    expect(compile(tapestry).plan.definitions).toHaveLength(2);

    // Two definitions of one function are one.
    addKnot(tapestry, 'again', definition('step', { version: '2' }));
    expect(compile(tapestry).plan.definitions).toHaveLength(2);
  });

  test.each([
    { what: 'another source', other: { source: '() => "another body"' }, told: /bodies differ/ },
    { what: 'another function of one source', other: { code: () => 2 }, told: /two functions.*captured/ },
    { what: 'other schemas', other: { input: z.any() }, told: /one function.*schemas/ },
  ])('a second definition of one name and version with $what', ({ other, told }) => {
    const tapestry = emptyTapestry();
    addKnot(tapestry, 'one', definition('step', { version: '2' }));
    addKnot(tapestry, 'three', definition('step', { version: '2', ...other }));
    const error = thrownBy(() => compile(tapestry));
    expect(error).toMatchObject(refusal('DuplicateDefinition', /'step' version '2'.*'three'/));
    expect(error.message).toMatch(told);
  });

  test('of functions in place, those of one source are one body to the plan: their knots tell them apart', () => {
    const tapestry = emptyTapestry();
    addKnot(tapestry, 'one', definition('selvage.step', { inline: true, code: () => 1 }));
    addKnot(tapestry, 'two', definition('selvage.step', { inline: true, code: () => 2 }));
    expect(compile(tapestry).plan.definitions).toHaveLength(1);
  });

  test('a constant that cannot be encoded', () => {
    const tapestry = emptyTapestry();
    addKnot(tapestry, 'k', definition('step'), { users: constant([{ greet: () => 'hi' }]) });
    expect(thrownBy(() => compile(tapestry))).toMatchObject({
      code: 'NotEncodable',
      message: expect.stringMatching(/'users'.*'k'.*\$\[0\]\.greet/),
      details: { knot: 'k', input: 'users', path: '$[0].greet' },
    });
  });

  test('more constants than a worker should hold', () => {
    const tapestry = emptyTapestry();
    const texts = ['x'.repeat(1024 * 1024)];
    const step = definition('step');
    for (let index = 0; index < 65; index++) addKnot(tapestry, `k${index}`, step, { text: constant(texts) });
    expect(thrownBy(() => compile(tapestry))).toMatchObject({
      code: 'PlanTooLarge',
      details: { knot: 'k63', input: 'text' },
    });
  });
});
