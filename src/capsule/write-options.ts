export interface WriteCapsuleOptions {
  /** Most bytes of all values together. Default 16 MiB. */
  readonly maxTotalBytes?: number;
  /** Most bytes of one value; a larger one is left out. Default 1 MiB. */
  readonly maxValueBytes?: number;
  /** Whether values are included. Default true. */
  readonly values?: boolean;
  /**
   * Data to keep back: the id of a knot, or a path into its value, such as `users`, `users.*.email`,
   * `param:customer.name`. Hashes stay. For a whole knot, its error and its log are kept back, too. Default:
   * nothing.
   */
  readonly redact?: readonly string[];
  /** Whether what looks like a secret is included, in values and in texts of errors. Default false. */
  readonly secrets?: boolean;
  /** Keeps back all values of runs with a subject, and the subject's name. Default false. */
  readonly redactSubject?: boolean;
}
