import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { LiveMessage } from '../../src/explorer/contract';
import { fromAnswerJson } from '../../src/values/answer-json';
import { freshFolder } from '../backends/places';
import { limited, readable, type Benchmark } from '../benchmark';
import { median } from '../statistics';
import { CommandProcess, endServer } from './page-process';

const KNOTS = 100;
const LIMIT_MS = 250;

const PIPELINE = `
const { knot, tapestry } = require('selvage');
const step = knot('step', async ({ n }) => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  return n + 1;
});
exports.steps = tapestry('steps', () => {
  let n = step({ n: 0 }, { id: 'k0' });
  for (let index = 1; index < ${KNOTS}; index++) n = step({ n }, { id: 'k' + index });
  return { n };
});
`;

/**
 * From the end of a body in a worker, as its record says, until the event of it is read from the page's server: worker, server of the page and
 * reader are three processes of one machine.
 */
export const onThePage: Benchmark = {
  name: 'seeing: on the page',
  async run({ repetitions }) {
    const { url: folder, drop } = await freshFolder((made) => made);
    writeFileSync(path.join(folder, 'steps.js'), PIPELINE.replace("'selvage'", JSON.stringify(PACKAGE)));
    const worker = CommandProcess.start(folder, ['worker', 'steps.js']);
    const page = CommandProcess.start(folder, ['ui', '--port', '0']);
    try {
      const origin = await page.origin();
      await worker.hears(/\n/);
      const times: number[] = [];
      for (let repetition = -1; repetition < repetitions; repetition++) {
        const some = await oneRun(folder, origin, `steps-${repetition + 1}`);
        if (repetition >= 0) times.push(...some);
      }
      times.sort((a, b) => a - b);
      const p95 = times[Math.floor(times.length * 0.95)]!;
      return [
        limited(
          'seeing: an event in a worker until it is on the page, p95',
          p95,
          LIMIT_MS,
          'ms',
          { times },
          `median ${readable(median(times))}`,
        ),
      ];
    } finally {
      await page.end();
      await worker.end();
      await endServer(folder);
      await drop();
    }
  },
};

const PACKAGE = path.join(__dirname, '..', '..');

/** Milliseconds of each knot of a run. */
async function oneRun(folder: string, origin: string, runId: string): Promise<number[]> {
  const stop = new AbortController();
  const response = await fetch(`${origin}/api/v1/live`, { signal: stop.signal });
  const starting = CommandProcess.start(folder, ['run', 'steps.js', '--detach', '--run-id', runId]);
  const times: number[] = [];
  let rest = '';
  for await (const bytes of response.body!.pipeThrough(new TextDecoderStream())) {
    const now = Date.now();
    const frames = (rest + bytes).split('\n\n');
    rest = frames.pop()!;
    for (const event of frames.flatMap(eventsOf)) {
      if (event.runId !== runId) continue;
      if (event.kind === 'knot-finished') times.push(now - event.at);
      if (event.kind === 'run-ended') stop.abort();
    }
    if (stop.signal.aborted) break;
  }
  await starting.end();
  if (times.length !== KNOTS) throw new Error(`${times.length} of ${KNOTS} knots were told.`);
  return times;
}

function eventsOf(frame: string): LiveMessage[] {
  const data = /^data: (.*)$/m.exec(frame)?.[1];
  return data === undefined ? [] : (fromAnswerJson(JSON.parse(data)) as LiveMessage[]);
}
