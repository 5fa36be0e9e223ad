import type { ErrorView } from '../../../operations/knots/error-view';
import { shownText } from '../shown-text';
import { Button } from '../ui/button';
import { copy } from '../ui/copy';
import { countWords } from '../words';
import { KnotSection } from './knot-section';
import { PlaceLink } from './place-link';

/** @param brief the graph's short form of the error, shown until the whole one is loaded */
export function KnotError(props: {
  error: ErrorView | undefined;
  brief: { readonly type: string; readonly message: string } | undefined;
}) {
  const { error, brief } = props;
  const shown = error ?? { ...brief!, traceback: '' };
  return (
    <KnotSection
      title="Error"
      aside={
        <Button
          kind="quiet"
          icon="copy"
          label="Copy the error"
          onClick={() => copy(shown.traceback || `${shown.type}: ${shown.message}`, 'Error')}
        />
      }
    >
      <ErrorTree error={shown} depth={0} />
    </KnotSection>
  );
}

function ErrorTree({ error, depth }: { error: ErrorView; depth: number }) {
  const { type, message, at, traceback, cause, errors } = error;
  return (
    <div class="knot-error">
      {depth > 0 && <p class="muted">caused by</p>}
      <p>
        <code class="tone-err">{shownText(type)}</code> <span class="message">{shownText(message)}</span>
      </p>
      {at !== undefined && (
        <p class="muted">
          <PlaceLink at={at} />
        </p>
      )}
      {traceback !== '' && <Frames text={traceback} isOpen={depth === 0} />}
      {depth < 8 && cause && <ErrorTree error={cause} depth={depth + 1} />}
      {depth < 8 &&
        errors?.map((member, index) => <ErrorTree key={index} error={member} depth={depth + 1} />)}
    </div>
  );
}

/** Highlights frames of the user's own files over those of libraries and Node. */
function Frames({ text, isOpen }: { text: string; isOpen: boolean }) {
  const frames = text.split('\n').filter((line) => /^\s+at /u.test(line));
  if (frames.length === 0) return <></>;
  return (
    <details open={isOpen}>
      <summary class="fine">{countWords(frames.length, 'frame')}</summary>
      <ol class="knot-frames sunken">
        {frames.map((frame, index) => (
          <li key={index} class={/node_modules|node:|\/lib\/|<anonymous>/u.test(frame) ? 'muted' : undefined}>
            {shownText(frame.trim().replace(/^at /u, ''))}
          </li>
        ))}
      </ol>
    </details>
  );
}
