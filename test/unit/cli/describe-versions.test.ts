import type { BodyVersion, Versions } from '../../../src/client';
import { describeVersions } from '../../../src/cli/show/versions';

const HASH = `sha256:3fdba35f${'0'.repeat(56)}`;

function body(changes: Partial<BodyVersion>): BodyVersion {
  return {
    body: 'load@1',
    codeHash: HASH,
    runs: 1,
    pinned: 0,
    oldestStartedAt: 0,
    oldestRunId: 'nightly-1',
    tapestries: ['nightly'],
    workers: [{ identity: 'w', taskQueue: 'selvage/nightly' }],
    safeToRemove: false,
    ...changes,
  };
}

/** The row of a body, in its columns. */
function rowOf(changes: Partial<BodyVersion>, versions: Partial<Versions> = {}): string[] {
  const bodies = [body(changes)];
  const lines = describeVersions({
    plans: [],
    bodies,
    open: 1,
    unknownRuns: [],
    silentWorkers: [],
    workersKnown: true,
    ...versions,
  }).split('\n');
  const heading = lines.findIndex((line) => line.startsWith('BODY'));
  const starts = ['BODY', 'CODE', 'NEEDED BY', 'WORKERS', 'SAFE TO REMOVE'].map((name) =>
    lines[heading]!.indexOf(name),
  );
  return starts.map((start, index) => lines[heading + 1]!.slice(start, starts[index + 1]).trim());
}

test('the code is that which the runs were started with, or known to the host alone, or needed by none', () => {
  expect(rowOf({})).toEqual(['load@1', '3fdba35f', '1 run, oldest nightly-1', '1 of selvage/nightly', 'no']);
  expect(rowOf({ codeHash: null })[1]).toBe('body host');
  const unneeded = rowOf({ codeHash: null, runs: 0, safeToRemove: true });
  expect(unneeded).toEqual(['load@1', '', 'no run', '1 of selvage/nightly', 'yes']);
});

test('a worker that polls several queues is one worker', () => {
  const workers = ['selvage/a', 'selvage/b'].map((taskQueue) => ({ identity: 'w', taskQueue }));
  expect(rowOf({ workers })[3]).toBe('1 of selvage/a and selvage/b');
});

test('that nobody has a body is said only where all workers have told theirs', () => {
  expect(rowOf({ workers: [] })[3]).toBe('none');
  expect(rowOf({ workers: [] }, { silentWorkers: ['1@other'] })[3]).toBe('none that tells');
  expect(rowOf({ workers: [] }, { workersKnown: false })[3]).toBe('not known');
});
