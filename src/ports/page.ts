/** One page of a listing. Pass the page's `cursor` to get the next page; it is absent on the last page. */
export interface Page<T> {
  readonly items: T[];
  readonly cursor?: string;
}

export interface PageOptions {
  /** Maximum number of items, 1 to 1,000. Default 100. */
  readonly limit?: number;
  readonly cursor?: string;
}
