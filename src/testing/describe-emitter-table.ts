import * as assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { DeadLetter, DeadLetterQuery, EmitterState, EmitterTable, StoredDeadLetter } from '../ports';
import { suite, TECHNOLOGY_TESTS } from './conformance';
import { allPages } from './pages';
import { everyOther, retried } from './retried';
import { withDoneButFailed } from './troubled';

const START = { position: null, positionAt: null };
const AT = 1_700_000_000_000;

function letter(id: string, reason = 'too large'): DeadLetter {
  return {
    eventId: `run/${id}/finished`,
    change: {
      position: '7_1',
      kind: 'knot-finished',
      run_id: 'run-1',
      temporal_run_id: 'run',
      tapestry: 'ünïcode "quoted" 😀\n',
      knot_id: id,
      outcome: 'ok',
      at: AT,
    },
    reason,
  };
}

async function stateOf(table: EmitterTable, name: string): Promise<EmitterState> {
  return (await table.list()).find((state) => state.name === name)!;
}

async function lettersOf(table: EmitterTable, query: DeadLetterQuery = {}): Promise<StoredDeadLetter[]> {
  return await allPages(query.limit ?? 100, (page) => table.deadLetters('log', { ...query, ...page }));
}

const idsOf = (letters: readonly DeadLetter[]): string[] => letters.map(({ eventId }) => eventId).sort();

/** Registers the tests that every {@link EmitterTable} must pass, in the test file of the call (jest, vitest, mocha). */
export const describeEmitterTable = suite<EmitterTable>('emitter table', {
  ...TECHNOLOGY_TESTS,

  async 'begins an emitter once, and gives each who begins it a version of its own'({ adapter }) {
    assert.deepEqual(await adapter.list(), []);
    const first = await adapter.begin('log', { position: '7_1', positionAt: AT + 0.5 });
    assert.ok(Math.abs(first.createdAt - Date.now()) < 600_000);
    assert.deepEqual(first, {
      name: 'log',
      version: first.version,
      position: '7_1',
      positionAt: AT + 0.5,
      delivered: 0,
      deliveredAt: null,
      failures: 0,
      failingSince: null,
      lastError: null,
      retryAt: null,
      disabledAt: null,
      disabledBecause: null,
      rewoundAt: null,
      createdAt: first.createdAt,
      deadLetters: 0,
      redriven: 0,
    });
    const again = await adapter.begin('log', START);
    assert.ok(again.version > first.version);
    assert.deepEqual(again, { ...first, version: again.version });
    const late = { position: '9_9', positionAt: AT, delivered: 1 };
    assert.equal(await adapter.advance('log', first.version, late), undefined);
    assert.equal(await adapter.fail('log', first.version, { error: 'late', retryIn: 1 }), undefined);
    assert.deepEqual(await adapter.list(), [again]);
  },

  async 'advances, counts what was delivered, and ends a series of failures'({ adapter }) {
    let { version } = await adapter.begin('log', START);
    for (const error of ['first', 'second: ünïcode 😀\n"quoted"']) {
      version = (await adapter.fail('log', version, { error, retryIn: 5_000.5 }))!;
      await delay(2);
    }
    const failing = await stateOf(adapter, 'log');
    assert.deepEqual(
      [failing.failures, failing.lastError, failing.version],
      [2, 'second: ünïcode 😀\n"quoted"', version],
    );
    assert.ok(failing.failingSince! < failing.retryAt! - 5_000, JSON.stringify(failing));
    version = (await adapter.advance('log', version, { position: '8_1', positionAt: AT, delivered: 3 }))!;
    version = (await adapter.advance('log', version, { position: '9_1', positionAt: AT + 1, delivered: 2 }))!;
    const state = await stateOf(adapter, 'log');
    assert.deepEqual(
      [state.position, state.positionAt, state.delivered, state.version],
      ['9_1', AT + 1, 5, version],
    );
    assert.deepEqual(
      [state.failures, state.failingSince, state.lastError, state.retryAt],
      [0, null, null, null],
    );
    assert.ok(state.deliveredAt! >= failing.failingSince!);
    await adapter.advance('log', version, { position: '9_2', positionAt: AT + 1, delivered: 0 });
    assert.equal((await stateOf(adapter, 'log')).deliveredAt, state.deliveredAt);
  },

  async 'keeps emitters apart, and lists them by name'({ adapter }) {
    const { version } = await adapter.begin('b', START);
    await adapter.begin('a', START);
    await adapter.advance('b', version, { ...START, delivered: 1, deadLetters: [letter('x')] });
    assert.deepEqual(
      (await adapter.list()).map(({ name, delivered, deadLetters }) => [name, delivered, deadLetters]),
      [
        ['a', 0, 0],
        ['b', 1, 1],
      ],
    );
    assert.ok(await adapter.remove('b'));
    assert.ok(!(await adapter.remove('b')));
    assert.deepEqual((await adapter.deadLetters('b')).items, []);
    assert.deepEqual(
      (await adapter.list()).map(({ name }) => name),
      ['a'],
    );
  },

  async 'moves a cursor at somebody’s word, whoever delivers'({ adapter }) {
    const { version } = await adapter.begin('log', START);
    const disabled = await adapter.fail('log', version, { error: 'e', retryIn: 0, disable: 'it fails' });
    assert.deepEqual((await stateOf(adapter, 'log')).disabledBecause, 'it fails');
    assert.ok(await adapter.move('log', { position: '3_1', positionAt: AT }));
    const moved = await stateOf(adapter, 'log');
    assert.deepEqual(
      [moved.position, moved.positionAt, moved.failures, moved.lastError],
      ['3_1', AT, 0, null],
    );
    assert.deepEqual([moved.disabledAt, moved.disabledBecause, moved.rewoundAt], [null, null, null]);
    assert.equal(await adapter.advance('log', disabled!, { ...START, delivered: 1 }), undefined);
    await adapter.move('log', { ...START, isRewound: true });
    assert.ok((await stateOf(adapter, 'log')).rewoundAt! >= moved.createdAt);
    assert.ok(!(await adapter.move('other', START)));
  },

  async 'resumes one that is disabled, or waits, and remembers its failures, whose time begins anew'({
    adapter,
  }) {
    const { version } = await adapter.begin('log', START);
    await adapter.fail('log', version, { error: 'e', retryIn: 1_000_000, disable: 'it fails' });
    const before = await stateOf(adapter, 'log');
    await delay(2);
    assert.ok(await adapter.resume('log'));
    const { failures, failingSince, retryAt, disabledAt, disabledBecause, lastError } = await stateOf(
      adapter,
      'log',
    );
    assert.deepEqual([failures, retryAt, disabledAt, disabledBecause, lastError], [1, null, null, null, 'e']);
    assert.ok(failingSince! > before.failingSince!);
    assert.ok(!(await adapter.resume('other')));
    await adapter.begin('whole', START);
    await adapter.resume('whole');
    assert.equal((await stateOf(adapter, 'whole')).failingSince, null);
  },

  async 'keeps dead letters with the change that they are made of, the latest reason of each'({ adapter }) {
    const { version } = await adapter.begin('log', START);
    const deadLetters = [letter('a'), letter('b')];
    const next = await adapter.advance('log', version, { ...START, delivered: 0, deadLetters });
    await delay(2);
    const again = [letter('b', 'refused again'), letter('c')];
    await adapter.advance('log', next!, { ...START, delivered: 0, deadLetters: again });
    const letters = await lettersOf(adapter, { limit: 2 });
    assert.deepEqual(idsOf(letters), idsOf([letter('a'), ...again]));
    const [{ at, ...b }] = letters.filter(({ reason }) => reason === 'refused again') as [StoredDeadLetter];
    assert.deepEqual(b, { ...again[0], emitter: 'log', redrivenAt: null });
    assert.ok(Math.abs(at - Date.now()) < 600_000);
    assert.equal((await stateOf(adapter, 'log')).deadLetters, 3);
  },

  async 'has dead letters delivered once more, or forgotten'({ adapter }) {
    const { version } = await adapter.begin('log', START);
    const deadLetters = ['a', 'b', 'c', 'd'].map((id) => letter(id));
    const next = await adapter.advance('log', version, { ...START, delivered: 0, deadLetters });
    assert.equal(await adapter.redrive('log', [letter('a').eventId, letter('b').eventId, 'unknown']), 2);
    assert.equal((await stateOf(adapter, 'log')).redriven, 2);
    assert.deepEqual(idsOf(await lettersOf(adapter, { redriven: true })), idsOf([letter('a'), letter('b')]));
    const settled = [letter('a').eventId];
    const refused = [letter('b', 'no')];
    await adapter.advance('log', next!, { ...START, delivered: 1, deadLetters: refused, settled });
    assert.deepEqual(await lettersOf(adapter, { redriven: true }), []);
    assert.deepEqual(idsOf(await lettersOf(adapter)), idsOf(['b', 'c', 'd'].map((id) => letter(id))));
    assert.equal(await adapter.forget('log', [letter('c').eventId]), 1);
    assert.equal(await adapter.redrive('log'), 2);
    assert.equal(await adapter.forget('log'), 2);
    assert.deepEqual(await lettersOf(adapter), []);
  },

  async 'takes thousands of dead letters at once'({ adapter }) {
    const { version } = await adapter.begin('log', START);
    const deadLetters = Array.from({ length: 2_500 }, (_, index) => letter(`k${index}`));
    await adapter.advance('log', version, { ...START, delivered: 0, deadLetters });
    assert.deepEqual(idsOf(await lettersOf(adapter, { limit: 1_000 })), idsOf(deadLetters));
    assert.equal(await adapter.redrive('log', idsOf(deadLetters)), 2_500);
    assert.equal(await adapter.forget('log'), 2_500);
  },

  async 'shows what another adapter changed'({ adapter, another }) {
    const { version } = await adapter.begin('log', START);
    const other = await another();
    await other.advance('log', version, { position: '5_1', positionAt: AT, delivered: 1 });
    assert.equal((await stateOf(adapter, 'log')).position, '5_1');
    assert.deepEqual(await adapter.list(), await other.list());
  },

  async 'lets one of several that know a version change the state'({ adapter, another }) {
    const tables = [adapter, await another(), await another()];
    let { version } = await adapter.begin('log', START);
    for (let round = 0; round < 20; round++) {
      const results = await Promise.all(
        tables.map((table, index) => {
          const advance = { position: `${round}_${index}`, positionAt: AT, delivered: 1 };
          return table.advance('log', version, advance);
        }),
      );
      const [won, ...more] = results.flatMap((result, index) => (result === undefined ? [] : [index]));
      assert.deepEqual(more, []);
      version = results[won!]!;
      const { position, delivered } = await stateOf(adapter, 'log');
      assert.deepEqual([position, delivered], [`${round}_${won}`, round + 1]);
    }
  },

  async 'is behind what was delivered, never before it, where answers get lost and calls are repeated'({
    adapter,
  }) {
    const troubled = withDoneButFailed(adapter, everyOther());
    const { version } = await retried(() => troubled.begin('log', START));
    const advance = { position: '5_1', positionAt: AT, delivered: 1, deadLetters: [letter('a')] };
    await retried(() => troubled.advance('log', version, advance));
    await retried(() => troubled.advance('log', version, advance));
    const state = await stateOf(adapter, 'log');
    assert.deepEqual([state.position, state.delivered, state.deadLetters], ['5_1', 1, 1]);
  },

  async 'loses no cursor when its connections break, and makes new ones by itself'({
    adapter,
    cutConnections,
  }) {
    const { version } = await adapter.begin('log', START);
    await cutConnections();
    await retried(() => adapter.advance('log', version, { position: '5_1', positionAt: AT, delivered: 1 }));
    await cutConnections();
    const [state] = await retried(() => adapter.list());
    assert.equal(state!.position, '5_1');
  },
});
