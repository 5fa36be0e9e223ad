import { openBackends } from 'selvage/backends';
import type { StartClaim, StartLedger } from '../../src/ports';
import { GroupedCalls } from '../../src/connection/grouped-calls';
import { freshPostgres, freshSqlite, freshValkey } from '../backends/places';
import { onServices, type ServicePart } from '../backends/services';
import { atLeast, readable, type Benchmark, type BenchmarkOptions, type Row } from '../benchmark';
import { median, timed } from '../statistics';

const EVENTS = 20_000;
/** Events that are delivered together, as by a fetch of Kafka. */
const TOGETHER = 500;
/** Those that are delivered each by itself, as by requests. */
const AT_ONCE = 100;
const DUPLICATES_A_SECOND = 5_000;

const LEDGERS: readonly { readonly name: string; readonly target?: number; place: ServicePart['place'] }[] = [
  { name: 'SQLite', target: DUPLICATES_A_SECOND, place: freshSqlite },
  { name: 'Postgres', target: DUPLICATES_A_SECOND, place: freshPostgres },
  { name: 'Valkey', place: freshValkey },
];

/** How fast the start ledger answers that a key was there; and how fast it takes new ones and their marks. */
export const ledger: Benchmark = {
  ...onServices(
    'ledger',
    LEDGERS.map(({ name, target, place }) => ({
      name: `triggers: ledger, ${name}`,
      place,
      run: (url, options) => measure(name, target, url, options),
    })),
  ),
  name: 'triggers: ledger',
};

async function measure(
  name: string,
  target: number | undefined,
  url: string,
  { repetitions }: BenchmarkOptions,
): Promise<Row[]> {
  const { startLedger, close } = await openBackends({ environment: {}, url: 'memory:', ledger: url });
  try {
    const times: Record<'started' | 'duplicates' | 'one by one', number[]> = {
      started: [],
      duplicates: [],
      'one by one': [],
    };
    for (let repetition = -1; repetition < repetitions; repetition++) {
      const claims = freshClaims(EVENTS, repetition);
      const one = {
        started: await timed(async () => {
          await inGroups(startLedger, claims);
          for (let at = 0; at < claims.length; at += TOGETHER)
            await startLedger.markStarted(claims.slice(at, at + TOGETHER));
        }),
        duplicates: await timed(() => inGroups(startLedger, claims)),
        'one by one': await timed(() => oneByOne(startLedger, claims)),
      };
      if (repetition < 0) continue;
      for (const [what, time] of Object.entries(one)) times[what as keyof typeof times].push(time);
    }
    const speed = (of: readonly number[]): number => (EVENTS * 1_000) / median(of);
    const shown = (measure: string, of: readonly number[]): Row =>
      target === undefined
        ? { measure, measured: `${readable(speed(of))} events/s`, numbers: { value: speed(of), times: of } }
        : atLeast(measure, speed(of), target, 'events/s', { times: of });
    return [
      shown(`duplicates dropped, ${name}, ${TOGETHER} together`, times.duplicates),
      shown(`duplicates dropped, ${name}, each by itself, ${AT_ONCE} at once`, times['one by one']),
      {
        measure: `keys claimed and marked, ${name}, ${TOGETHER} together`,
        measured: `${readable(speed(times.started))} events/s`,
        numbers: { value: speed(times.started), times: times.started },
      },
    ];
  } finally {
    await close();
  }
}

async function inGroups(startLedger: StartLedger, claims: readonly StartClaim[]): Promise<void> {
  for (let at = 0; at < claims.length; at += TOGETHER)
    await startLedger.claim(claims.slice(at, at + TOGETHER));
}

/** As {@link serve} does it. */
async function oneByOne(startLedger: StartLedger, claims: readonly StartClaim[]): Promise<void> {
  const calls = new GroupedCalls((some: readonly StartClaim[]) => startLedger.claim(some), 1_000);
  let next = 0;
  const request = async (): Promise<void> => {
    while (next < claims.length) await calls.call([claims[next++]!]);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, request));
}

function freshClaims(count: number, repetition: number): StartClaim[] {
  return Array.from({ length: count }, (_, index) => ({
    trigger: 'kafka:orders',
    key: `orders/${index % 12}/${repetition}-${index}@1700000000000`,
    runId: `orders~${repetition}-${index}`,
    requestHash: null,
    event: { topic: 'orders', partition: index % 12, offset: index },
  }));
}
