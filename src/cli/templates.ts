export interface Template {
  /** One line. */
  readonly summary: string;
  /** What `npm start` runs the pipeline with. */
  readonly parameters: readonly string[];
}

/** By name: of each there is a folder in `templates` of the package. */
export const TEMPLATES: Readonly<Record<string, Template>> = {
  first: { summary: 'two knots and a parameter', parameters: ['name=Ada'] },
  map: { summary: 'a body for each element of a list, and sums over them', parameters: ['count=200'] },
  nightly: {
    summary: 'a report that is started once a day, with sources that may fail',
    parameters: ['day=2026-01-31'],
  },
};
export const DEFAULT_TEMPLATE = 'first';
