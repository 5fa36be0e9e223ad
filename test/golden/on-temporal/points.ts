/** Where a worker is lost, as a call to its backends tells. */
const POINTS = {
  'before the commit': { at: 'knot', what: 'the body has returned, nothing is stored' },
  'before the record': { at: 'knot', what: 'the value is put, its record is not inserted', stores: 'split' },
  'after the record': { at: 'knot', what: 'the record is inserted, the server does not know' },
  'commit fails': { at: 'knot', what: 'nothing is stored, and the worker lives', isSurvived: true },
  'commit is not answered': { at: 'knot', what: 'all is stored, and the worker lives', isSurvived: true },
  'before the start': { at: 'run', what: 'the parameters are recorded, the run is not' },
  'after the start': { at: 'run', what: 'the run is recorded, the server does not know' },
  'before the end': { at: 'run', what: 'all knots are recorded, the end of the run is not' },
  'after the end': { at: 'run', what: 'the end of the run is recorded, the server does not know' },
  'before the extended plan': { at: 'extended run', what: 'an extension is accepted, its plan is not saved' },
  'before the extension': { at: 'extended run', what: 'the extended plan is saved, the run does not say so' },
  'after the extension': {
    at: 'extended run',
    what: 'the run is on record with it, the server does not know',
  },
} as const satisfies Record<string, PointRules>;

interface PointRules {
  readonly at: 'knot' | 'run' | 'extended run';
  readonly what: string;
  /** Value and record must be in two places. */
  readonly stores?: 'split';
  /** A call fails, and the worker goes on. */
  readonly isSurvived?: true;
}

export type Point = keyof typeof POINTS;

export const rulesOf = (point: Point): PointRules => POINTS[point];

/** `split`: values as files, so that value and record are two steps. */
export type Stores = 'one database' | 'split';
