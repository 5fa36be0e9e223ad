import type { Backends } from '../../src/ports';

/** The backends, with the same trouble in each of them and in commits (see src/testing/troubled.ts). */
export function troubledBackends(real: Backends, trouble: <T extends object>(adapter: T) => T): Backends {
  return {
    commit: trouble(real).commit,
    tapestryStore: trouble(real.tapestryStore),
    runHistory: trouble(real.runHistory),
    dataStore: trouble(real.dataStore),
    leaseTable: trouble(real.leaseTable),
    startLedger: trouble(real.startLedger),
    close: () => real.close(),
  };
}
