/** Activities of a run in flight at once; the server refuses more than 2,000 pending ones. */
export const RUNNING_KNOTS = 500;
