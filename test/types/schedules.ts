import { z } from 'zod';
import { cronTrigger, schedule, tapestry } from '../../src';

const weather = tapestry('weather', { parameters: { city: z.string(), at: z.date() } }, () => {});
const plain = tapestry('plain', () => {});

schedule(plain, { id: 'a', cron: '@daily' });
schedule(weather, { id: 'a', cron: '@daily', parameters: { city: 'Bern' }, plannedTime: 'at' });
schedule(weather, { id: 'a', every: '1h', parameters: { city: 'Bern', at: new Date(0) } });
cronTrigger({ everySeconds: 60, tapestry: weather });

// @ts-expect-error -- a parameter is missing
schedule(weather, { id: 'a', cron: '@daily', parameters: { city: 'Bern' } });
// @ts-expect-error -- so are all of them
schedule(weather, { id: 'a', cron: '@daily' });
// @ts-expect-error -- a parameter of another type
schedule(weather, { id: 'a', cron: '@daily', parameters: { city: 5 }, plannedTime: 'at' });
// @ts-expect-error -- no such parameter
schedule(weather, { id: 'a', cron: '@daily', parameters: { city: 'Bern' }, plannedTime: 'when' });
// @ts-expect-error -- no such policy
schedule(plain, { id: 'a', cron: '@daily', overlap: 'queue' });
// @ts-expect-error -- no distance
cronTrigger({});
