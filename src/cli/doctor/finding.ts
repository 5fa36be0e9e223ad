export interface Finding {
  readonly subject: string;
  /** `error`: something needed is missing or unusable. `warning`: everything works, but could be better. */
  readonly status: 'ok' | 'warning' | 'error';
  readonly message: string;
  readonly fix?: string;
}
