import { branch, firstOk, gate, knot, map, tapestry, waitForSignal } from 'selvage';
import { z } from 'zod';

/** Bodies take so long that the pictures have something to show. */
const lasting = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const stations = knot('stations', async ({ region, count }: { region: string; count: number }) => {
  await lasting(400);
  return Array.from({ length: count }, (_, station) => `${region}-${station}`);
});
const radar = knot(
  'radar',
  { retry: { maximumAttempts: 3, initialInterval: 1_000 } },
  async ({ region }: { region: string }, { attempt, logger }) => {
    await lasting(350);
    logger.info(`radar of ${region}, attempt ${attempt}`);
    if (attempt < 3) throw new Error(`503 Service Unavailable: radar.example.org/${region}`);
    return { cells: 48, region, strongest: 41 };
  },
);
const archive = knot('archive', { version: '1', cache: true }, async ({ region }: { region: string }) => {
  await lasting(900);
  return { region, mean: 11.5 };
});
const fetchStation = knot('fetch-station', ({ station }: { station: string }) => ({
  station,
  celsius: 12 + (station.length % 3),
}));
type Reading = Readonly<{ station: string; celsius: number }>;
const dropBroken = knot('drop-broken', async ({ readings }: { readings: readonly Reading[] }) => {
  await lasting(250);
  return readings.filter(({ celsius }) => celsius > -60);
});
const calibrate = knot(
  'calibrate',
  async ({ readings, offset }: { readings: readonly Reading[]; offset: number }) => {
    await lasting(300);
    if (offset > 5) throw new RangeError(`An offset of ${offset} °C is more than a sensor drifts.`);
    return readings.reduce((sum, { celsius }) => sum + celsius, 0) / readings.length + offset;
  },
);
const anomaly = knot('anomaly', async ({ mean, normal }: { mean: number; normal: { mean: number } }) => {
  await lasting(200);
  return Math.round((mean - normal.mean) * 10) / 10;
});
const chart = knot('chart', async ({ mean }: { mean: number }) => {
  await lasting(300);
  return `<svg><!-- ${mean} --></svg>`;
});
const warning = knot('warning', ({ by }: { by: number }) => `Unusual: ${by} °C off the mean.`);
const note = knot('note', ({ by }: { by: number }) => `Nothing unusual: ${by} °C.`);
const alarm = knot('alarm', ({ of }: { of: { strongest: number } }) => `A storm of ${of.strongest} dBZ.`);
const report = knot('report', async ({ text, picture }: { text: string; picture: string }) => {
  await lasting(250);
  return { text, picture };
});
const publish = knot('publish', ({ text, by }: { text: string; by: { by: string } }) => ({
  text,
  by: by.by,
}));

export const weatherReport = tapestry(
  'weather-report',
  { parameters: { region: z.string(), stations: z.number().default(240), offset: z.number().default(0) } },
  (_, { region, stations: count, offset }) => {
    const all = stations({ region, count }, { id: 'fetch.stations' });
    const seen = radar({ region }, { id: 'fetch.radar' });
    const normal = archive({ region }, { id: 'fetch.normal' });
    const readings = map({ over: all, each: fetchStation, bind: 'station' }, { id: 'fetch.readings' });
    const whole = dropBroken({ readings }, { id: 'clean.whole' });
    const mean = calibrate({ readings: whole, offset }, { id: 'clean.calibrated' });
    const by = anomaly({ mean, normal }, { id: 'clean.anomaly' });
    const picture = chart({ mean }, { id: 'chart' });
    const kind = branch(
      {
        input: by,
        branches: ['unusual', 'usual'],
        selector: (value) => (Math.abs(value) > 1 ? 'unusual' : 'usual'),
      },
      { id: 'kind' },
    );
    const text = firstOk(
      {
        of: [
          warning({ by: kind.path('unusual') }, { id: 'warning' }),
          note({ by: kind.path('usual') }, { id: 'note' }),
        ],
      },
      { id: 'text' },
    );
    const storm = gate({ input: seen, predicate: ({ strongest }) => strongest > 50 }, { id: 'storm' });
    alarm({ of: storm }, { id: 'alarm' });
    const made = report({ text, picture }, { id: 'report' });
    const approval = waitForSignal(
      {
        name: 'approval',
        schema: z
          .object({ by: z.string(), comment: z.string().optional() })
          .describe('An editor reads the report'),
        timeout: 7 * 86_400_000,
        after: [made],
      },
      { id: 'approval' },
    );
    return { published: publish({ text, by: approval }, { id: 'publish' }) };
  },
);

const mean = knot('mean', ({ day }: { day: string }) => day.length);
export const dailyMeans = tapestry('daily-means', { parameters: { day: z.string() } }, (_, { day }) => ({
  mean: mean({ day }, { id: 'mean' }),
}));
const image = knot('image', ({ orbit }: { orbit: number }) => `orbit ${orbit}`);
export const satelliteImage = tapestry(
  'satellite-image',
  { parameters: { orbit: z.number() } },
  (_, { orbit }) => ({ image: image({ orbit }, { id: 'image' }) }),
);
