import { knot, runLocally, tapestry, type FailOn, type Outcome } from 'selvage';

const fail = knot('fail', (): number => {
  throw new Error('no luck');
});
const recover = knot('recover', { receives: 'outcomes' }, ({ x }: { x: Outcome<number> }) => x.kind);

const attempts = (failOn: FailOn) =>
  tapestry('attempts', { failOn }, () => {
    const x = fail({}, { id: 'attempt' });
    return { report: recover({ x }, { id: 'report' }) };
  });

test.each(['unhandled', 'any', 'never'] as const)(
  'failOn: %s says nothing about the status',
  async (failOn) => {
    const result = await runLocally(attempts(failOn), {});
    expect(result.status).toBe('failed');
    expect(result.succeeded).toBe(false);
    expect(result.outcomes['report']).toEqual({ kind: 'ok', value: 'err' });
  },
);
