import type { ComponentChildren } from 'preact';
import type { SourceError } from '../source/source-error';
import { Button } from './button';
import { Icon, type IconName } from './icons';

/** A placeholder for an empty view: the reason, and what to do. */
export function Empty({
  icon,
  title,
  children,
}: {
  icon?: IconName;
  title: string;
  children?: ComponentChildren;
}) {
  return (
    <div class="empty column">
      {icon && <Icon name={icon} size={24} />}
      <h2>{title}</h2>
      {children !== undefined && <div class="muted">{children}</div>}
    </div>
  );
}

const REMEDIES: Readonly<Record<string, string>> = {
  UiOffline: 'The page asks again by itself when the server is back.',
  Unauthenticated: 'Open the link that the command has printed.',
};

export function ErrorBox({ error, onRetry }: { error: SourceError; onRetry?: () => void }) {
  const remedy = REMEDIES[error.code];
  return (
    <div class="error-box row" role="alert">
      <Icon name="warning" />
      <div class="grow">
        <p>
          <code class="code">{error.code}</code>
        </p>
        <p class="message">{error.message}</p>
        {remedy !== undefined && <p class="muted">{remedy}</p>}
      </div>
      {onRetry && (
        <Button icon="again" onClick={onRetry}>
          Retry
        </Button>
      )}
    </div>
  );
}

/** The state of a question. */
export interface Asked<Value> {
  readonly value?: Value;
  readonly error?: SourceError;
  reload(): void;
}

/** What an answer brings; before it is there, grey lines or the reason why it is missing. */
export function Answered<Value>(props: {
  answer: Asked<Value>;
  /** Shows errors only while there is no answer, not above an older one. */
  isQuiet?: boolean;
  rows?: number;
  height?: number;
  children: (value: Value) => ComponentChildren;
}) {
  const { answer, isQuiet = false, rows, height = 42, children } = props;
  const { value, error, reload } = answer;
  return (
    <>
      {error && !(isQuiet && value !== undefined) && <ErrorBox error={error} onRetry={reload} />}
      {value === undefined ? !error && <Skeleton rows={rows} height={height} /> : children(value)}
    </>
  );
}

/** Grey lines while content is loading; shown only after a moment, so that quick answers do not flash. */
export function Skeleton({ rows = 8, height = 40 }: { rows?: number; height?: number }) {
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} class="row" style={{ height: `${height}px` }}>
          <span style={{ width: `${[62, 48, 70, 55][index % 4]}%` }} />
        </div>
      ))}
    </div>
  );
}
