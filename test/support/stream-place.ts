import type { Backends } from '../../src/ports';
import { forcedReplay } from './forced-replay';
import { quietRuntime } from './quiet-runtime';
import { sharedServerAddress } from './temporal-server';
import { bundledInterpreter } from './workflow-bundle';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Options of `runStream` for a test. */
export function streamPlace(backends: Backends) {
  quietRuntime();
  return {
    address: sharedServerAddress(),
    backends,
    logger: silent,
    workerOptions: { workflowBundle: bundledInterpreter(), ...forcedReplay },
  };
}
