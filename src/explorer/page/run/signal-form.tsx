import type { JSX } from 'preact';
import { useSignalForm, type SignalFormProps } from '../pages/act-dialogs';
import { Button } from '../ui/button';

/** Sends a signal that a knot waits for. */
export function SignalForm(props: SignalFormProps): JSX.Element {
  const { fields, attributes, isBusy } = useSignalForm(props);
  return (
    <form class="signal-form" {...attributes}>
      {fields}
      <Button kind="primary" type="submit" isBusy={isBusy}>
        Send
      </Button>
    </form>
  );
}
