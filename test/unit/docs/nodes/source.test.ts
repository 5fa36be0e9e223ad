import { runLocally, source, tapestry } from 'selvage';

const report = tapestry('report', () => {
  const readings = source(
    { read: async ({ knotId }) => [{ from: knotId, degrees: 21 }] },
    { id: 'readings', retry: { maximumAttempts: 3 } },
  );
  return { readings };
});

test('a source starts with the run', async () => {
  const { values } = await runLocally(report, {});
  expect(values.readings).toEqual([{ from: 'readings', degrees: 21 }]);
});
