import { type Layout } from '../../plan';
import { Scheduler, type Command, type SavedScheduler, type SchedulerOptions } from '../../scheduler';
import type { Slot } from '../../workflows/slot';
import { SimulatedStore } from './store';

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
  ) => { readonly scheduler: Scheduler<Slot>; readonly commands: Command[] };
  readonly createStore: () => SimulatedStore;
}

export const REAL_PARTS: SimulatedParts = {
  createScheduler: (layout, options) => new Scheduler<Slot>(layout, options),
  restoreScheduler: (layout, saved, options) => Scheduler.restore<Slot>(layout, saved, options),
  createStore: () => new SimulatedStore(),
};
