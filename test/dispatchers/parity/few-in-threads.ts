import { threads } from '../../../src';
import { inTypeScript } from './bodies';
import { parityOn } from './tapestries';

/* As in-threads.ts, with few tapestries. */

const host = threads({ module: __filename, maxWorkers: 2 });

export const fewInThreads = parityOn(inTypeScript, { host, size: 'small' });
export default fewInThreads.tapestries;
