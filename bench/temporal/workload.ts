import type { Tapestry } from 'selvage';

/** The same work, once as a tapestry and once written by hand as a workflow. */
export interface Workload {
  readonly name: string;
  /** Made anew for each process that needs it. */
  readonly tapestry: () => Tapestry<{ start: number }, { result: number }>;
  /** Exported by `bench/raw/workflows.ts`; takes `start` and `size`, answers what the tapestry's `result` is. */
  readonly workflow: string;
  readonly size: number;
  /** Knots of the tapestry that run a body, and activities of the workflow. */
  readonly knots: number;
}
