/** A page of a listing. `cursor` continues it; absent on the last page. */
export interface Page<T> {
  readonly items: T[];
  readonly cursor?: string;
}

export interface PageOptions {
  /** How many items at most, 1 to 1,000. Default 100. */
  readonly limit?: number;
  readonly cursor?: string;
}
