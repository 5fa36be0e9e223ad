import { randomUUID } from 'node:crypto';
import { cronTrigger, knot, tapestry } from '../../../src';
import { serve } from '../../../src/serve';
import type { Trigger } from '../../../src/triggers';
import { onClose, selvageForAll } from '../../support/open-selvage';
import { listening } from '../../support/listening';
import { rejectionOf } from '../../support/rejection-of';

const one = knot('one', () => 1);
const counting = tapestry('counting', () => ({ y: one({}, { id: 'y' }) }));

const shared = selvageForAll({ tapestries: [counting] });
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

test('with a health port, the other port shows nothing of the process', async () => {
  const served = await serve({ selvage: shared(), logger: quiet, triggers: [], port: 0, healthPort: 0 });
  onClose(() => served.stop());
  for (const path of ['/livez', '/readyz', '/metrics']) {
    expect((await fetch(`${served.url}${path}`)).status).toBe(404);
    expect((await served.fetch(new Request(`http://localhost${path}`))).status).toBe(404);
    expect((await fetch(`${served.healthUrl}${path}`)).status).toBe(200);
  }
});

test('a process that finds its port taken begins no trigger', async () => {
  const other = await listening();
  onClose(() => other.close());
  let made = 0;
  const trigger = cronTrigger({ id: `each-${randomUUID()}`, everySeconds: 60, tapestry: counting });
  const make = async (): Promise<Trigger> => {
    made += 1;
    return { id: trigger.id, kind: 'cron', run: async () => {} };
  };
  const error = await rejectionOf(
    serve({ selvage: shared(), logger: quiet, triggers: [trigger], port: other.port, make }),
  );
  expect(error).toMatchObject({ code: 'PortInUse' });
  expect(made).toBe(0);
});

test('what does not end is left when the time of the stop is over', async () => {
  const lines: string[] = [];
  const logger = { ...quiet, warn: (_: object, line: string) => void lines.push(line) };
  const trigger = cronTrigger({ id: `each-${randomUUID()}`, everySeconds: 60, tapestry: counting });
  const make = async (): Promise<Trigger> => ({
    id: trigger.id,
    kind: 'cron',
    run: () => new Promise(() => {}),
  });
  const served = await serve({ selvage: shared(), logger, triggers: [trigger], make, stopTimeout: 1 });
  await served.stop();
  expect(lines).toEqual([expect.stringContaining('It is abandoned; its events are delivered again')]);
});
