import type { JSX } from 'preact';
import type { Json } from '../../../values';
import { useSignalForm } from '../pages/act-dialogs';
import { Button } from '../ui/button';

/** Sends a signal that a knot waits for. */
export function SignalForm({
  run,
  signal,
  schema,
}: {
  run: string;
  signal: string;
  schema: Json;
}): JSX.Element {
  const { fields, send, isBusy } = useSignalForm({ run, signal, schema, onSent: () => undefined });
  return (
    <form
      class="signal-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {fields}
      <Button kind="primary" type="submit" isBusy={isBusy}>
        Send
      </Button>
    </form>
  );
}
