import { SCHEDULERS, type Schedulers } from '../../workflows/temporal-host';
import { SimulatedStore } from './store';

/**
 * What is under test, and the store that it must live with. Internal: the simulator's own tests put defective ones in their
 * place, to see that each defect is found.
 */
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
