import { MapRates, ProgressDisplay, progressLine } from '../../../src/cli/show/progress';
import type { Progress } from '../../../src/client';
import { recordedOutput, screen } from './output-streams';

function progress(changes: Partial<Progress['counts']>, others: Partial<Progress> = {}): Progress {
  return {
    runId: 'r',
    counts: { ok: 0, err: 0, skipped: 0, running: 0, waiting: 0, total: 10, ...changes },
    running: [],
    failures: [],
    waits: [],
    maps: [],
    elapsedMs: 0,
    done: false,
    ...others,
  };
}

test('the line counts what is done, running, failed and skipped, and names a few that run', () => {
  const seen = progress({ ok: 2, err: 1, skipped: 1, running: 4 }, { running: ['a', 'b', 'c', 'd'] });
  expect(progressLine(seen, 1234)).toBe(
    '4 of 10 knots done, 4 running, 1 failed, 1 skipped, 1.2 s  a, b, c, …',
  );
  expect(progressLine(progress({ ok: 1 }), 0)).toBe('1 of 10 knots done, 0 running, 0 ms');
  const waits = [{ knotId: 'approval', signal: 'approve' }];
  expect(progressLine(progress({}, { waits }), 0)).toBe('0 of 10 knots done, 0 running, 1 waiting, 0 ms');
  expect(progressLine(undefined, 0)).toBe('waiting for a worker, 0 ms');
});

test('a signal that is waited for is told once, with the command that sends it', () => {
  const { output, stdout } = recordedOutput();
  const display = new ProgressDisplay(output, ['--address', 'host:7233']);
  const until = new Date(2026, 0, 31, 12).getTime();
  const [approval, nap] = [
    { knotId: 'approval', signal: 'approve', until },
    { knotId: 'nap', until },
  ];
  display.show(progress({}, { waits: [nap, approval] }));
  display.show(progress({}, { waits: [approval, { knotId: 'odd', signal: 'a name' }] }));
  display.stop();
  expect(stdout.text.split('\n')).toEqual([
    'waits approval: for the signal "approve" until 2026-01-31 12:00:00. Send it with:',
    '  npx selvage signal r approve JSON --address host:7233',
    'waits odd: for the signal "a name". Send it with:',
    "  npx selvage signal r 'a name' JSON --address host:7233",
    '',
  ]);
});

test('of a thousand waits, the first are told', () => {
  const { output, stdout } = recordedOutput();
  const waits = Array.from({ length: 1_000 }, (_, n) => ({ knotId: `k${n}`, signal: `s${n}` }));
  new ProgressDisplay(output).show(progress({}, { waits }));
  expect(stdout.text.split('\n').length).toBeLessThan(20);
});

test('a map that runs: elements, of how many, how fast, how long that takes', () => {
  const rates = new MapRates();
  const seen = (done: number, at: number, total?: number): string => {
    const map = { knotId: 'pages', done, ...(total !== undefined && { total }) };
    rates.note([map], at);
    return rates.describe(map);
  };
  expect(seen(1_000, 0, 10_000)).toBe('pages 1,000 of 10,000');
  expect(seen(1_200, 10_000, 10_000)).toBe('pages 1,200 of 10,000, 20/s, 7 min 20 s left');
  // By the last half minute alone.
  expect(seen(1_300, 40_000, 10_000)).toBe('pages 1,300 of 10,000, 3.3/s, 43 min 30 s left');
  expect(seen(1_301, 100_000, 10_000)).toBe('pages 1,301 of 10,000, 1.0/min, 144 h 59 min left');
  expect(seen(1_301, 200_000, 10_000)).toBe('pages 1,301 of 10,000');
  expect(seen(1_301, 200_000)).toBe('pages 1,301 done');
});

test('on a narrow terminal, the map comes first', () => {
  const { output, stdout } = recordedOutput({ isTTY: true, env: { NO_COLOR: '1' } });
  const display = new ProgressDisplay(output);
  display.show(progress({ ok: 1, running: 1 }, { maps: [{ knotId: 'pages', done: 3, total: 10 }] }));
  expect(screen(stdout.text)[0]).toMatch(/^. pages 3 of 10; 1 of 10 knots done, 1 running/);
  display.stop();
});

test('on a terminal, one line is kept up to date, below a line for each failure', () => {
  const { output, stdout } = recordedOutput({ isTTY: true, env: { NO_COLOR: '1' } });
  const display = new ProgressDisplay(output);
  const failures = [{ knotId: 'bad', type: 'RangeError', message: 'too much\nand more' }];
  display.show(progress({ running: 1 }));
  display.show(progress({ ok: 1, err: 1 }, { failures }));
  const [failed, live] = screen(stdout.text);
  expect(failed).toBe('failed bad: RangeError: too much');
  expect(live).toMatch(/^. 2 of 10 knots done, 0 running, 1 failed/);
  display.stop();
  display.show(progress({ ok: 10 }));
  expect(screen(stdout.text)).toEqual(['failed bad: RangeError: too much', '']);
});

test('elsewhere, a failure is told once, and what goes well not at all', () => {
  const { output, stdout } = recordedOutput();
  const display = new ProgressDisplay(output);
  const failures = [{ knotId: 'bad', type: 'Error', message: 'no' }];
  for (let ok = 0; ok < 10; ok++) display.show(progress({ ok, err: 1 }, { failures }));
  display.stop();
  expect(stdout.text).toBe('failed bad: Error: no\n');
});
