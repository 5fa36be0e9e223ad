import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { emitter, knot, local, queue, tapestry, type LiveEvent } from '../../src';
import { Latch } from '../support/latch';
import { closeAll, openSelvage, temporaryFolder } from '../support/open-selvage';
import { inPython, whyNoPython } from '../support/python-bodies';

afterEach(closeAll);

/** Listens to the runs of one tapestry; `onProgress` is called with what a body says of itself. */
function listening(name: string, onProgress: () => void) {
  const heard: LiveEvent[] = [];
  const watcher = emitter(
    'watcher',
    {
      deliver: async () => {},
      live: (event) => {
        heard.push(event);
        if (event.type === 'knot-progress') onProgress();
      },
    },
    { filter: { tapestries: [name] } },
  );
  return { heard, watcher };
}

function expected(runId: string, tapestryName: string): unknown[] {
  const common = { runId, tapestry: tapestryName, knotId: 'work', attempt: 1 };
  return [
    expect.objectContaining({ type: 'knot-started', ...common }),
    expect.objectContaining({ type: 'knot-progress', ...common, details: { done: 1 } }),
  ];
}

test.each([
  ['in the queue', queue()],
  ['in a segment', local()],
])(
  'an emitter of a worker hears that a body begins, and how far it is, while it runs %s',
  async (_where, dispatcher) => {
    const isHeard = new Latch();
    const work = knot('work', async (_: object, { heartbeat }) => {
      heartbeat({ done: 1 });
      await isHeard.passed;
      return 1;
    });
    const working = tapestry('working', { knots: { dispatcher } }, () => ({
      end: work({}, { id: 'work' }),
    }));
    const { heard, watcher } = listening('working', () => isHeard.open());
    const selvage = await openSelvage({ tapestries: [working], emitters: [watcher] });
    const run = await selvage.start(working, {});
    expect(await run.values()).toEqual({ end: 1 });
    expect(heard).toEqual(expected(run.runId, 'working'));
  },
);

const missing = whyNoPython();
const because = missing === undefined ? '' : ` (SKIPPED: ${missing})`;

(missing === undefined ? test : test.skip)(`it hears it of a body in Python, too${because}`, async () => {
  const file = path.join(await temporaryFolder(), 'heard');
  const beating = tapestry('beating', (t) => ({
    end: inPython.beats({ file: t.parameter('file', z.string()) }, { id: 'work' }),
  }));
  const { heard, watcher } = listening('beating', () => writeFileSync(file, ''));
  const selvage = await openSelvage({ tapestries: [beating], emitters: [watcher] });
  const run = await selvage.start(beating, { file });
  expect(await run.values()).toEqual({ end: 1 });
  expect(heard).toEqual(expected(run.runId, 'beating'));
});
