import { fragment, knot, runLocally, tapestry, type KnotContext, type LocalRun } from '../../../src';
import { Negate, double, refusedFragments, spare, total } from '../../support/refused-fragments';

/** A run whose knot `plan` extends it by what `bring` says. */
async function extendedBy(
  bring: (context: KnotContext) => unknown,
  options: { extensible?: boolean; run?: Parameters<typeof runLocally>[2] } = {},
): Promise<LocalRun<Record<string, unknown>>> {
  const planner = knot('planner', async (_: { of: number }, context) => {
    await bring(context);
    return 'planned';
  });
  const base = tapestry(
    'base',
    options.extensible === false ? {} : { extensible: { definitions: [spare, Negate] } },
    () => {
      const d = double({ x: 21 }, { id: 'd' });
      const failed = knot('fails', () => {
        throw new Error('no');
      })({}, { id: 'failed' });
      double({ x: failed }, { id: 'below' });
      const plan = planner({ of: d }, { id: 'plan' });
      return { d: total({ a: d, b: 1 }, { id: 't' }), plan };
    },
  );
  return await runLocally(base, {}, options.run as object);
}

test('a body gives the run more knots, which depend on finished knots, on its own and on one another', async () => {
  const run = await extendedBy((context) => {
    context.extend(
      fragment((f) => {
        const d2 = double({ x: f.ref<number>('d') }, { id: 'd2' });
        const s = spare({ x: d2 }, { id: 's' });
        return { last: Negate.place({ x: total({ a: s, b: 1 }, { id: 't2' }) }, { id: 'n' }) };
      }),
    );
  });
  expect(run.outputs).toMatchObject({ d: 42, plan: 'planned', d2: 84, s: 184, t2: 185, n: -185 });
  expect(run.values).toEqual({ d: 43, plan: 'planned', last: -185 });
  const record = run.lineage.find(({ knot_id }) => knot_id === 'plan')!;
  expect(record.extra['extension']).toMatch(/^sha256:/);
  expect(run.lineage.find(({ knot_id }) => knot_id === 'd2')!.parent_knot_ids).toEqual({ x: 'd' });
});

test('newcomers of failed and skipped parents come to what their policy says, and what waits for them, too', async () => {
  const run = await extendedBy((context) => {
    context.extend(
      fragment((f) => {
        double({ x: f.ref('below') }, { id: 'skipped' });
        double({ x: f.ref('failed') }, { id: 'strict', errorPolicy: 'requireAllParents' });
        double({ x: f.ref('strict2') }, { id: 'strict-below' });
      }),
    );
    context.extend(
      fragment(
        (f) => void double({ x: f.ref('failed') }, { id: 'strict2', errorPolicy: 'requireAllParents' }),
      ),
    );
  });
  expect(run.outcomes['skipped']).toMatchObject({ kind: 'skipped', reason: 'parent_failed_or_skipped' });
  expect(run.outcomes['strict']).toMatchObject({ kind: 'err', error: { type: 'RequireAllParents' } });
  expect(run.outcomes['strict-below']).toMatchObject({ kind: 'skipped' });
});

test('knots of an extension extend the run again', async () => {
  const down = knot('down', ({ left }: { left: number }, context): number => {
    if (left > 0) context.extend(fragment(() => void down({ left: left - 1 }, { id: `left-${left - 1}` })));
    return left;
  });
  const run = await runLocally(
    tapestry('down', { extensible: true }, () => void down({ left: 5 }, { id: 'left-5' })),
    {},
  );
  expect(run.outputs).toEqual(Object.fromEntries([5, 4, 3, 2, 1, 0].map((left) => [`left-${left}`, left])));
});

test('of an attempt that throws nothing is kept', async () => {
  let attempts = 0;
  const flaky = knot('flaky', { retry: { maximumAttempts: 2, initialInterval: 1 } }, (_: object, context) => {
    attempts += 1;
    context.extend(fragment(() => void double({ x: attempts }, { id: `of-attempt-${attempts}` })));
    if (attempts === 1) throw new Error('once');
    return attempts;
  });
  const run = await runLocally(
    tapestry('flaky', { extensible: true }, () => {
      double({ x: 1 }, { id: 'd' });
      flaky({}, { id: 'f' });
    }),
    {},
  );
  expect(Object.keys(run.outputs).sort()).toEqual(['d', 'f', 'of-attempt-2']);
});

test('two bodies that extend at once see what the other has brought, and the later of two that clash fails', async () => {
  const bring = knot('bring', async ({ id, after }: { id: string; after: number }, context) => {
    await new Promise((resolve) => setTimeout(resolve, after));
    context.extend(fragment(() => void double({ x: after }, { id })));
    return id;
  });
  const run = await runLocally(
    tapestry('clash', { extensible: true }, () => {
      double({ x: 1 }, { id: 'd' });
      bring({ id: 'same', after: 1 }, { id: 'first' });
      bring({ id: 'same', after: 30 }, { id: 'second' });
      bring({ id: 'other', after: 1 }, { id: 'third' });
    }),
    {},
  );
  expect(run.outcomes['first']!.kind).toBe('ok');
  expect(run.outcomes['second']).toMatchObject({ kind: 'err', error: { type: 'DuplicateId' } });
  expect(run.outputs).toMatchObject({ same: 2, other: 2 });
});

test('stand-ins of definitions run for newcomers, too', async () => {
  const run = await extendedBy(
    (context) => context.extend(fragment(() => void spare({ x: 1 }, { id: 's' }))),
    { run: { replace: { spare: () => 'stand-in' } } },
  );
  expect(run.outputs['s']).toBe('stand-in');
});

test('a run that was asked for some knots takes newcomers beside them', async () => {
  const run = await extendedBy(
    (context) => context.extend(fragment((f) => ({ more: double({ x: f.ref<number>('d') }, { id: 'd2' }) }))),
    { run: { terminals: ['plan'] } },
  );
  expect(Object.keys(run.outputs).sort()).toEqual(['d', 'd2', 'plan']);
  expect(run.values).toEqual({ plan: 'planned', more: 84 });
});

describe('a body whose extension is refused fails, and the run is as it was:', () => {
  test.each(refusedFragments({ knot: 't', terminal: 'plan' }))('$lie', async ({ make, code, message }) => {
    const run = await extendedBy((context) => context.extend(make()));
    expect(run.outcomes['plan']).toMatchObject({
      kind: 'err',
      error: { type: code, message: expect.stringMatching(message) },
    });
    expect(Object.keys(run.outcomes).sort()).toEqual(['below', 'd', 'failed', 'plan', 't']);
    expect(run.values).toEqual({ d: 43 });
  });

  test('two of its own fragments that bring the same id', async () => {
    const run = await extendedBy((context) => {
      context.extend(fragment(() => void double({ x: 1 }, { id: 'e' })));
      context.extend(fragment(() => void double({ x: 2 }, { id: 'e' })));
    });
    expect(run.outcomes['plan']).toMatchObject({ kind: 'err', error: { type: 'DuplicateId' } });
    expect(run.outcomes).not.toHaveProperty('e');
  });

  test('a tapestry that takes no more knots', async () => {
    const run = await extendedBy(
      (context) => context.extend(fragment(() => void double({ x: 1 }, { id: 'e' }))),
      { extensible: false },
    );
    expect(run.outcomes['plan']).toMatchObject({ kind: 'err', error: { type: 'NotExtensible' } });
  });

  test('a body that has ended', async () => {
    let late: KnotContext | undefined;
    await extendedBy((context) => {
      late = context;
    });
    expect(() => late!.extend(fragment(() => void double({ x: 1 }, { id: 'e' })))).toThrow(/has ended/);
  });
});

test('what is no definition is refused where the tapestry is wired', () => {
  const wire = (extensible: unknown) => () =>
    tapestry('base', { extensible: extensible as boolean }, () => void double({ x: 1 }, { id: 'd' }));
  expect(wire({ definitions: [() => 1] })).toThrow(/item 0 of its definitions is none/);
  expect(wire({ definitions: 5 })).toThrow(/"extensible".*must be a list of definitions/);
  expect(wire('yes')).toThrow(/"extensible".*must be true or an object/);
});
