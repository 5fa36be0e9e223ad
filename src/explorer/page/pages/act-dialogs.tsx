import { useMemo, useState } from 'preact/hooks';
import type { Json } from '../../../values';
import { useAct } from '../acting';
import { FormFields } from '../forms/form';
import { useForm } from '../forms/use-form';
import { fieldOf } from '../forms/schema';
import { errorsIn } from '../forms/read-form';
import { asSourceError, type SourceError } from '../source/source-error';
import { source } from '../app';
import { forgetAnswers } from '../store';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Field } from '../ui/field';
import { ErrorBox } from '../ui/states';
import { toast } from '../ui/toast';

/** Cancels a run: bodies are asked to end, and finished knots keep their outcomes. */
export function CancelDialog({ run, onClose }: { run: string; onClose: () => void }) {
  const cancel = useAct();
  return (
    <Dialog
      title="Cancel the run?"
      width="small"
      onClose={onClose}
      onSubmit={() =>
        void cancel.act('runs.cancel', { runId: run }, 'Cancel asked for').then((done) => done && onClose())
      }
      foot={
        <>
          <Button onClick={onClose}>Keep running</Button>
          <Button kind="danger" type="submit" isBusy={cancel.isBusy}>
            Cancel the run
          </Button>
        </>
      }
    >
      {cancel.error && <ErrorBox error={cancel.error} />}
      <p>
        <strong class="break">{run}</strong> stops: bodies that run are told, knots that wait are skipped.
        What has run stays on record, and the run can be resumed.
      </p>
    </Dialog>
  );
}

/** Terminates a run: it ends at once, even if bodies are running. */
export function TerminateDialog({ run, onClose }: { run: string; onClose: () => void }) {
  const terminate = useAct();
  const [reason, setReason] = useState('');
  return (
    <Dialog
      title="Terminate the run?"
      width="small"
      onClose={onClose}
      onSubmit={() =>
        void terminate
          .act(
            'runs.terminate',
            { runId: run, ...(reason.trim() !== '' && { reason: reason.trim() }) },
            'Terminated',
          )
          .then((done) => done && onClose())
      }
      foot={
        <>
          <Button onClick={onClose}>Keep running</Button>
          <Button kind="danger" type="submit" isBusy={terminate.isBusy}>
            Terminate the run
          </Button>
        </>
      }
    >
      {terminate.error && <ErrorBox error={terminate.error} />}
      <div class="form">
        <p>
          <strong class="break">{run}</strong> ends at once, and nothing in it is told. Where there is time,
          cancel it instead.
        </p>
        <Field label="Reason">
          {(parts) => (
            <input
              {...parts}
              type="text"
              autocomplete="off"
              value={reason}
              onInput={(event) => setReason(event.currentTarget.value)}
            />
          )}
        </Field>
      </div>
    </Dialog>
  );
}

/** Drains a stream, which no act takes back. */
export function DrainDialog({ stream, onClose }: { stream: string; onClose: () => void }) {
  const drain = useAct();
  return (
    <Dialog
      title="Drain the stream?"
      width="small"
      onClose={onClose}
      onSubmit={() =>
        void drain
          .act('streams.drain', { stream }, `${stream} is told to end`)
          .then((done) => done && onClose())
      }
      foot={
        <>
          <Button onClick={onClose}>Keep running</Button>
          <Button kind="danger" type="submit" isBusy={drain.isBusy}>
            Drain the stream
          </Button>
        </>
      }
    >
      {drain.error && <ErrorBox error={drain.error} />}
      <p>
        <strong class="break">{stream}</strong> reads nothing more. When what it has read is finished, it
        ends, and so do its processes. Started again, it goes on from there.
      </p>
    </Dialog>
  );
}

export interface SignalFormProps {
  run: string;
  signal: string;
  /** The payload's schema. */
  schema: Json;
  onSent: () => void;
  onCancel?: () => void;
}

/** A form for the payload of a signal. Problems that the server reports are shown at the fields. */
export function useSignalForm({ run, signal, schema, onSent }: SignalFormProps) {
  const field = useMemo(() => fieldOf(schema), [JSON.stringify(schema)]);
  const form = useForm(field);
  const [error, setError] = useState<SourceError>();
  const [isBusy, setBusy] = useState(false);
  const send = async (): Promise<void> => {
    const { value, errors } = form.read();
    if (Object.keys(errors).length > 0) return;
    setBusy(true);
    setError(undefined);
    try {
      await source().act('runs.signal', { runId: run, signal, payload: value ?? null });
      toast(`Sent ${signal}`);
      onSent();
      forgetAnswers();
    } catch (refusal) {
      const refused = asSourceError(refusal);
      form.setErrors(errorsIn(refused.details));
      setError(refused);
    }
    setBusy(false);
  };
  return {
    isBusy,
    send: () => void send(),
    fields: (
      <>
        {error && <ErrorBox error={error} />}
        <FormFields form={form} label="Payload" />
      </>
    ),
  };
}
