import { useMemo, useState } from 'preact/hooks';
import type { TapestryView } from '../../../operations/tapestries/view';
import { about, source } from '../app';
import { FormFields } from '../forms/form';
import { useForm } from '../forms/use-form';
import { parametersField } from '../forms/schema';
import { go, href } from '../router';
import { Dialog } from '../ui/dialog';
import { TextField } from '../ui/field';
import { Icon } from '../ui/icons';
import { ErrorBox } from '../ui/states';
import { toast } from '../ui/toast';

export function ChooseTapestry(props: { onChoose: (name: string) => void; onClose: () => void }) {
  return (
    <Dialog title="Start a run of" width="small" onClose={props.onClose}>
      <ul class="choose">
        {about.value.tapestries.map(({ name, description }) => (
          <li key={name}>
            <button type="button" class="pick row" onClick={() => props.onChoose(name)}>
              <Icon name="tapestry" />
              <span>
                {name}
                {description !== undefined && <small class="muted">{description}</small>}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

/** Starts a run, with a form made from the schemas of the tapestry's parameters. */
export function StartDialog({ tapestry, onClose }: { tapestry: string; onClose: () => void }) {
  const view = about.value.tapestries.find(({ name }) => name === tapestry);
  if (!view)
    return (
      <Dialog title={`Start ${tapestry}`} width="small" onClose={onClose}>
        <p>
          The file that this page was started with has no tapestry <code>{tapestry}</code>: start it where it
          is, by <code>selvage run FILE</code>.
        </p>
      </Dialog>
    );
  return <StartForm view={view} onClose={onClose} />;
}

function StartForm({ view, onClose }: { view: TapestryView; onClose: () => void }) {
  const field = useMemo(() => parametersField(view.parameters), [view]);
  const form = useForm(field);
  const [runId, setRunId] = useState('');
  const [tags, setTags] = useState('');
  const names = tags
    .split(',')
    .map((tag) => tag.trim())
    .filter(Boolean);
  const start = (): Promise<void> =>
    form.send(async (value) => {
      const { runId: run } = await source().act('runs.start', {
        tapestry: view.name,
        parameters: value ?? {},
        runId: runId.trim() || undefined,
        tags: names.length > 0 ? names : undefined,
      });
      onClose();
      toast('Started', 'ok', { href: href({ page: 'run', run }), text: run });
      go({ page: 'run', run });
    });
  return (
    <Dialog
      title={`Start ${view.name}`}
      onClose={onClose}
      onSubmit={() => void start()}
      submit={{ icon: 'play', isBusy: form.isBusy, children: 'Start' }}
    >
      {view.description !== undefined && <p class="lead muted">{view.description}</p>}
      {form.refusal && <ErrorBox error={form.refusal} />}
      {view.parameters.length === 0 ? (
        <p class="lead muted">It takes no parameters.</p>
      ) : (
        <FormFields form={form} label="Parameters" />
      )}
      <details class="more">
        <summary>Run id and tags</summary>
        <div class="form column">
          <TextField
            label="Run id"
            hint="Started once under this id, however often it is asked for. If left out, one is made."
            value={runId}
            onChange={setRunId}
          />
          <TextField label="Tags" hint="Separated by commas." value={tags} onChange={setTags} />
        </div>
      </details>
    </Dialog>
  );
}
