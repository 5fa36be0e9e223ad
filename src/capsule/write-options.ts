export interface WriteCapsuleOptions {
  /** Maximum total size of values in bytes. Default 16 MiB. */
  readonly maxTotalBytes?: number;
  /** Maximum size of a value in bytes; a larger one is left out. Default 1 MiB. */
  readonly maxValueBytes?: number;
  /** Whether values are included. Default true. */
  readonly values?: boolean;
  /**
   * Data to keep back: a knot's id, or a path into its value, such as `users`, `users.*.email`,
   * `param:customer.name`. Hashes stay. A whole knot includes its error and log. Default: nothing.
   */
  readonly redact?: readonly string[];
  /** Whether secrets in values and error texts are included. Default false. */
  readonly secrets?: boolean;
  /** Whether to keep back all values of runs with a subject, and the subject's name. Default false. */
  readonly redactSubject?: boolean;
}
