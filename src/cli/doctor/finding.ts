export interface Finding {
  readonly subject: string;
  /** `error`: something needed is missing or unusable. `warning`: everything works, but could be better. */
  readonly status: 'ok' | 'warning' | 'error';
  readonly message: string;
  readonly fix?: string;
}

type Found = (message: string, fix?: string) => Finding;

export function about(subject: string): Readonly<Record<Finding['status'], Found>> {
  const found =
    (status: Finding['status']): Found =>
    (message, fix) => ({ subject, status, message, fix });
  return { ok: found('ok'), warning: found('warning'), error: found('error') };
}
