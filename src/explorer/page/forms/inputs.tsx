import { Field, Select, type FieldParts } from '../ui/field';
import type { FormField } from './schema';
import type { Draft } from './draft';

/** An input for text; the format makes it one for times, URLs and the like. */
export function TextInput({
  field,
  draft,
  parts,
  onChange,
}: {
  field: FormField & { kind: 'text' };
  draft: Draft;
  parts: FieldParts;
  onChange: (draft: Draft) => void;
}) {
  const value = typeof draft === 'string' ? draft : '';
  const types = {
    date: 'date',
    'date-time': 'datetime-local',
    time: 'time',
    email: 'email',
    uri: 'url',
  } as const;
  if (field.format === undefined && (value.includes('\n') || (field.maxLength ?? 0) > 200))
    return <textarea {...parts} value={value} onInput={(event) => onChange(event.currentTarget.value)} />;
  return (
    <input
      {...parts}
      type={field.format ? types[field.format] : 'text'}
      step={field.format === 'date-time' || field.format === 'time' ? 1 : undefined}
      autocomplete="off"
      value={value}
      onInput={(event) => onChange(event.currentTarget.value)}
    />
  );
}

/** A checkbox; a choice of three if the value may be left out. */
export function BooleanField({
  label,
  hint,
  error,
  isRequired,
  draft,
  onChange,
}: {
  label: string;
  hint?: string;
  error: string | undefined;
  isRequired: boolean;
  draft: Draft;
  onChange: (draft: Draft) => void;
}) {
  if (!isRequired)
    return (
      <Field label={label} hint={hint} error={error}>
        {(parts) => (
          <Select
            parts={parts}
            value={typeof draft === 'boolean' ? String(draft) : ''}
            options={[['', 'Not given'], 'true', 'false']}
            onChoose={(text) => onChange(text === '' ? undefined : text === 'true')}
          />
        )}
      </Field>
    );
  return (
    <div class="field column">
      <label class="check row">
        <input
          type="checkbox"
          checked={draft === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
        {label}
      </label>
      {hint !== undefined && <p class="hint">{hint}</p>}
      {error !== undefined && <p class="field-error">{error}</p>}
    </div>
  );
}

/** An input for a value written as JSON. */
export function JsonField({
  label,
  hint,
  isRequired = true,
  text,
  error,
  onChange,
}: {
  label: string;
  hint?: string;
  isRequired?: boolean;
  text: string;
  error: string | undefined;
  onChange: (text: string) => void;
}) {
  return (
    <Field label={label} hint={hint ?? 'JSON'} error={error} isRequired={isRequired}>
      {(parts) => (
        <textarea
          {...parts}
          class="mono"
          rows={Math.min(16, Math.max(3, text.split('\n').length))}
          spellcheck={false}
          value={text}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}
