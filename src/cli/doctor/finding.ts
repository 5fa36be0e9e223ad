/** The result of one check. */
export interface Finding {
  readonly subject: string;
  /** `missing`: something needed is missing or unusable; `note`: everything works, but something could be better. */
  readonly verdict: 'ok' | 'note' | 'missing';
  readonly found: string;
  /** How to fix it. */
  readonly remedy?: string;
}
