import { InMemoryDataStore } from '../../../src/adapters/memory';
import { createInMemoryBackends } from '../../../src/backends';
import { Outages } from '../../../src/connection/outages';
import { readWanted } from '../../../src/connection/wanted-values';
import { SelvageError } from '../../../src/errors';
import { sampleLineage, sampleValue } from '../../../src/testing/sample-records';
import { refusal } from '../../support/refusal';
import { rejectionOf } from '../../support/rejection-of';
import { thrownBy } from '../../support/thrown-by';

const AWAY = new SelvageError('BackendUnavailable', 'Nothing listens.', { details: { away: true } });
const WRONG = new SelvageError('BackendUnavailable', 'There is no such bucket.');

let said: string[];
beforeEach(() => (said = []));
const outages = (outageLimit: number): Outages => new Outages({ outageLimit }, (line) => said.push(line));

/** Fails so many times, and answers then how often it was called. */
function failing(times: number, error: SelvageError): () => Promise<number> {
  let calls = 0;
  return async () => {
    calls += 1;
    if (calls <= times) throw error;
    return calls;
  };
}

test('a call is made again until nobody is away any more, and an outage is told once for all', async () => {
  const waiting = outages(30);
  expect(await Promise.all([1, 2, 3].map(() => waiting.through(failing(1, AWAY))))).toEqual([2, 2, 2]);
  expect(said).toEqual(['warning BackendUnavailable: Nothing listens. Waiting for it, for 0.03 s at most.']);
  expect(await waiting.through(failing(1, AWAY), { outageLimit: Infinity })).toBe(2);
  expect(said[1]).toMatch(/Waiting for it\.$/);
});

test('the limit ends it, with who is away; without a limit it is told at once', async () => {
  const error = await rejectionOf(outages(20).through(failing(100, AWAY)));
  expect(error).toMatchObject({
    ...refusal('BackendUnavailable', /Nothing listens\. That has been so for 0\.02 s.*`outageLimit`/),
    details: { away: true, outageLimit: 20 },
  });
  said = [];
  expect(await rejectionOf(outages(0).through(failing(1, AWAY)))).toBe(AWAY);
  expect(await rejectionOf(outages(20).through(failing(1, AWAY), { outageLimit: 0 }))).toBe(AWAY);
  expect(await rejectionOf(outages(20).through(failing(1, WRONG)))).toBe(WRONG);
  expect(said).toEqual([]);
});

test.each([-1, NaN])('the limit %p is refused', (outageLimit) => {
  expect(thrownBy(() => outages(outageLimit))).toMatchObject(refusal('InvalidConfig', 'outageLimit'));
});

describe('of values of which some cannot be read', () => {
  const texts = ['1', '22', '333', '4444'];
  const records = texts.map((text) =>
    sampleLineage({
      knot_id: `k${text.length}`,
      output_hash: sampleValue(text).hash,
      output_size: text.length,
      extra: {},
    }),
  );

  /** A store that asks another one for what is longer than two bytes. */
  class Store extends InMemoryDataStore {
    readonly asked: string[][] = [];

    constructor(private readonly error: SelvageError) {
      super();
      for (const text of texts) this.putOne(sampleValue(text));
    }

    override async getMany(hashes: readonly string[]): Promise<Map<string, Uint8Array>> {
      this.asked.push([...hashes]);
      if (hashes.some((hash) => texts.slice(2).some((text) => sampleValue(text).hash === hash)))
        throw this.error;
      return await super.getMany(hashes);
    }
  }

  async function read(error: SelvageError): Promise<{ values: Record<string, unknown>; store: Store }> {
    const store = new Store(error);
    const wanted = await readWanted({ ...createInMemoryBackends(), dataStore: store }, records, (call) =>
      call(),
    );
    const values = {};
    for (const { knot_id: id } of records) wanted.copyTo(values, id, id);
    return { values, store };
  }

  test.each([
    ['away', AWAY, 5],
    ['not to be used', WRONG, 6],
  ])(
    'those that can be are, where a store is %s; to read another one says which it is, and why',
    async (_, error, asked) => {
      const { values, store } = await read(error);
      expect(Object.keys(values)).toEqual(['k1', 'k2', 'k3', 'k4']);
      expect([values['k1'], values['k2']]).toEqual([1, 22]);
      for (const id of ['k3', 'k4']) {
        const thrown = thrownBy(() => values[id]);
        expect(thrown).toMatchObject(
          refusal(
            'BackendUnavailable',
            RegExp(
              `value of knot "${id}" of run "run-1" \\(sha256:.*\\) cannot be read now: ${error.message}`,
            ),
          ),
        );
        expect(thrown.details).toMatchObject({ run: 'run-1', knot: id });
      }
      // Nobody waits for each larger one, where the first has shown that its server is away.
      expect(store.asked).toHaveLength(asked);
    },
  );
});
