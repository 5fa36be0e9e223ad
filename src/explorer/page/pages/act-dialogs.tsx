import type { ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { Json } from '../../../values';
import { useAct, type Acting } from '../acting';
import { FormFields } from '../forms/form';
import { useForm } from '../forms/use-form';
import { fieldOf } from '../forms/schema';
import { source } from '../app';
import { forgetAnswers } from '../store';
import { Dialog } from '../ui/dialog';
import { TextField } from '../ui/field';
import { ErrorBox } from '../ui/states';
import { toast } from '../ui/toast';

/** Asks before an act that cannot be taken back. */
function ActDialog(props: {
  /** The act in words: `Cancel the run`. */
  words: string;
  act: (acting: Acting) => Promise<unknown>;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const { words, act, onClose, children } = props;
  const acting = useAct();
  return (
    <Dialog
      title={`${words}?`}
      width="small"
      onClose={onClose}
      onSubmit={() => void act(acting).then((done) => done && onClose())}
      leave="Keep running"
      submit={{ kind: 'danger', isBusy: acting.isBusy, children: words }}
    >
      {acting.error && <ErrorBox error={acting.error} />}
      {children}
    </Dialog>
  );
}

export function CancelDialog({ run, onClose }: { run: string; onClose: () => void }) {
  return (
    <ActDialog
      words="Cancel the run"
      act={(acting) => acting.act('runs.cancel', { runId: run }, 'Cancel asked for')}
      onClose={onClose}
    >
      <p>
        <strong class="break">{run}</strong> stops: running bodies receive the cancel, and waiting knots are
        skipped. Finished knots stay on record, and the run can be resumed.
      </p>
    </ActDialog>
  );
}

export function TerminateDialog({ run, onClose }: { run: string; onClose: () => void }) {
  const [reason, setReason] = useState('');
  return (
    <ActDialog
      words="Terminate the run"
      act={(acting) =>
        acting.act('runs.terminate', { runId: run, reason: reason.trim() || undefined }, 'Terminated')
      }
      onClose={onClose}
    >
      <div class="form column">
        <p>
          <strong class="break">{run}</strong> ends at once, and nothing in it is told. Where there is time,
          cancel it instead.
        </p>
        <TextField label="Reason" value={reason} onChange={setReason} />
      </div>
    </ActDialog>
  );
}

export function DrainDialog({ stream, onClose }: { stream: string; onClose: () => void }) {
  return (
    <ActDialog
      words="Drain the stream"
      act={(acting) => acting.act('streams.drain', { stream }, `${stream} is told to end`)}
      onClose={onClose}
    >
      <p>
        <strong class="break">{stream}</strong> reads nothing more. When what it has read is finished, it
        ends, and so do its processes. Started again, it goes on from there.
      </p>
    </ActDialog>
  );
}

export interface SignalFormProps {
  run: string;
  signal: string;
  schema: Json;
  onSent?: () => void;
}

export function useSignalForm({ run, signal, schema, onSent }: SignalFormProps) {
  const field = useMemo(() => fieldOf(schema), [JSON.stringify(schema)]);
  const form = useForm(field);
  const send = async (payload: Json = null): Promise<void> => {
    await source().act('runs.signal', { runId: run, signal, payload });
    toast(`Sent ${signal}`);
    onSent?.();
    forgetAnswers();
  };
  return {
    isBusy: form.isBusy,
    attributes: {
      noValidate: true,
      onSubmit: (event: Event) => {
        event.preventDefault();
        void form.send(send);
      },
    },
    fields: (
      <>
        {form.refusal && <ErrorBox error={form.refusal} />}
        <FormFields form={form} label="Payload" />
      </>
    ),
  };
}
