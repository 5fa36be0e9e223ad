import type { ComponentChildren } from 'preact';
import type { SourceError } from '../source/source-error';
import { Button } from './button';
import { Icon, type IconName } from './icons';

export function Empty(props: { icon?: IconName; title: string; children?: ComponentChildren }) {
  const { icon, title, children } = props;
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
          <a href={error.docs} target="_blank">
            <code class="code">{error.code}</code>
          </a>
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
