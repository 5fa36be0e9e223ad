import { knot, runLocally, sink, source, tapestry } from 'selvage';

const sent = new Map<string, string>();
const confirm = knot('confirm', ({ receipt }: { receipt: { to: string } }) => `sent to ${receipt.to}`);

const mailing = tapestry('mailing', () => {
  const text = source({ read: () => 'Rain tomorrow' }, { id: 'text' });
  const receipt = sink(
    {
      inputs: { text, to: 'ann@example.com' },
      write: ({ text, to }, { idempotencyKey }) => {
        // Called again after a crash, it writes the same again, and no second one.
        sent.set(idempotencyKey, text);
        return { to };
      },
    },
    { id: 'mail' },
  );
  return { confirmation: confirm({ receipt }, { id: 'confirmation' }) };
});

test('a sink may have a value, and children', async () => {
  const { values } = await runLocally(mailing, {});
  expect(values.confirmation).toBe('sent to ann@example.com');
  expect([...sent.values()]).toEqual(['Rain tomorrow']);
});
