import { threads } from '../../../src';
import { inTypeScript } from './bodies';
import { parityOn } from './tapestries';

/* What the parity suite loads in body threads. */

const host = threads({ module: __filename, maxWorkers: 2 });

export const inThreads = parityOn(inTypeScript, { host });
/** What a thread finds. */
export default inThreads.tapestries;
