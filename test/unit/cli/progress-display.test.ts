import { ProgressDisplay, progressLine } from '../../../src/cli/progress-display';
import type { Progress } from '../../../src/client';
import { recordedOutput, screen } from './output-streams';

function progress(changes: Partial<Progress['counts']>, others: Partial<Progress> = {}): Progress {
  return {
    runId: 'r',
    counts: { ok: 0, err: 0, skipped: 0, running: 0, waiting: 0, total: 10, ...changes },
    running: [],
    failures: [],
    elapsed: 0,
    done: false,
    ...others,
  };
}

test('the line counts what is done, running, failed and skipped, and names a few that run', () => {
  const seen = progress({ ok: 2, err: 1, skipped: 1, running: 4 }, { running: ['a', 'b', 'c', 'd'] });
  expect(progressLine(seen, 1234)).toBe(
    '4 of 10 knots done, 4 running, 1 failed, 1 skipped, 1.2 s  a, b, c, …',
  );
  expect(progressLine(undefined, 0)).toBe('waiting for a worker, 0 ms');
});

test('on a terminal, one line is kept up to date, below a line for each failure', () => {
  const { output, stdout } = recordedOutput({ isTTY: true, env: { NO_COLOR: '1' } });
  const display = new ProgressDisplay(output);
  const failures = [{ knot: 'bad', type: 'RangeError', message: 'too much\nand more' }];
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
  const failures = [{ knot: 'bad', type: 'Error', message: 'no' }];
  for (let ok = 0; ok < 10; ok++) display.show(progress({ ok, err: 1 }, { failures }));
  display.stop();
  expect(stdout.text).toBe('failed bad: Error: no\n');
});
