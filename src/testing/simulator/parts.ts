import { Scheduler, type Layout, type SavedScheduler, type SchedulerOptions } from '../../engine';
import { SimulatedStore, type Value } from './store';

/** A value, or null where it is to be looked up by the record of its knot. */
export type Slot = Value | null;

/**
 * What is under test, and the store that it must live with. Internal: the simulator's own tests put defective ones in their
 * place, to see that each defect is found.
 */
export interface SimulatedParts {
  readonly createScheduler: (layout: Layout, options: SchedulerOptions) => Scheduler<Slot>;
  readonly restoreScheduler: (
    layout: Layout,
    saved: SavedScheduler<Slot>,
    options: SchedulerOptions,
  ) => ReturnType<typeof Scheduler.restore<Slot>>;
  readonly createStore: () => SimulatedStore;
}

export const REAL_PARTS: SimulatedParts = {
  createScheduler: (layout, options) => new Scheduler<Slot>(layout, options),
  restoreScheduler: (layout, saved, options) => Scheduler.restore<Slot>(layout, saved, options),
  createStore: () => new SimulatedStore(),
};
