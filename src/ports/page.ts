/** One page of a listing. Pass `cursor` to get the next page; it is absent on the last one. */
export interface Page<T> {
  readonly items: T[];
  readonly cursor?: string;
}

export interface PageOptions {
  /** Maximum number of items, 1 to 1,000. Default 100. */
  readonly limit?: number;
  readonly cursor?: string;
}
