import { SCHEDULERS, type Schedulers } from '../../workflows/temporal-host';
import { SimulatedStore } from './store';

/** The parts under test, and their store. The simulator's own tests replace these parts by defective ones. */
export interface SimulatedParts {
  readonly createScheduler: Schedulers['create'];
  readonly restoreScheduler: Schedulers['restore'];
  readonly createStore: () => SimulatedStore;
}

export const REAL_PARTS: SimulatedParts = {
  createScheduler: SCHEDULERS.create,
  restoreScheduler: SCHEDULERS.restore,
  createStore: () => new SimulatedStore(),
};
