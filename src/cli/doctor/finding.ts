/** The result of one check. */
export interface Finding {
  readonly subject: string;
  /** `error`: something needed is missing or unusable; `warning`: everything works, but something could be better. */
  readonly status: 'ok' | 'warning' | 'error';
  /** What was found. */
  readonly message: string;
  /** How to fix it. */
  readonly fix?: string;
}
