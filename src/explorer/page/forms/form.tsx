import { Button } from '../ui/button';
import { Field, Select, type FieldParts } from '../ui/field';
import { labelOf, type FormField, type FormMember } from './schema';
import { pathTo, type FormErrors } from './read-form';
import { draftOf, UnionDraft, type Draft } from './draft';
import type { FormState } from './use-form';

export function FormFields({ form, label }: { form: FormState; label: string }) {
  const { field, draft, asJson, errors } = form;
  const isPlain = field.kind === 'json';
  return (
    <div class="form column">
      {asJson === undefined ? (
        <AnyField
          field={field}
          draft={draft}
          path=""
          label={label}
          errors={errors}
          isRequired
          isRoot
          onChange={form.change}
        />
      ) : (
        <JsonField
          label={label}
          text={asJson}
          error={errors[''] ?? Object.entries(errors).map(([path, message]) => `${path}: ${message}`)[0]}
          onChange={form.changeJson}
        />
      )}
      {!isPlain && (
        <p>
          <Button kind="quiet" onClick={form.toggleJson}>
            {asJson === undefined ? 'Write JSON instead' : 'Back to the form'}
          </Button>
        </p>
      )}
    </div>
  );
}

interface AnyFieldProps {
  field: FormField;
  draft: Draft;
  path: string;
  label: string;
  errors: FormErrors;
  isRequired: boolean;
  isRoot?: boolean;
  onChange: (draft: Draft) => void;
}

type PropsOf<Kind extends FormField['kind']> = AnyFieldProps & { field: FormField & { kind: Kind } };

function AnyField(props: AnyFieldProps) {
  const { field, draft, path, label, errors, isRequired, onChange } = props;
  const error = errors[path];
  const around = {
    label: field.title ?? label,
    ...(field.hint !== undefined && { hint: field.hint }),
    error,
    isRequired: isRequired && !field.isNullable,
  };
  switch (field.kind) {
    case 'text':
      return (
        <Field {...around}>
          {(parts) => <TextInput field={field} draft={draft} parts={parts} onChange={onChange} />}
        </Field>
      );
    case 'number':
      return (
        <Field {...around}>
          {(parts) => (
            <input
              {...parts}
              type="text"
              inputMode={field.isInteger ? 'numeric' : 'decimal'}
              autocomplete="off"
              value={typeof draft === 'string' ? draft : ''}
              onInput={(event) => onChange(event.currentTarget.value)}
            />
          )}
        </Field>
      );
    case 'boolean':
      return <BooleanField {...around} draft={draft} onChange={onChange} />;
    case 'choice':
      return (
        <Field {...around}>
          {(parts) => (
            <Select
              parts={parts}
              value={typeof draft === 'number' ? String(draft) : ''}
              options={[
                ...(draft === undefined || !around.isRequired
                  ? [['', around.isRequired ? 'Choose…' : 'Not given'] as const]
                  : []),
                ...field.options.map((option, index) => [String(index), labelOf(option)] as const),
              ]}
              onChoose={(index) => onChange(index === '' ? undefined : Number(index))}
            />
          )}
        </Field>
      );
    case 'object':
      return <ObjectField {...props} field={field} />;
    case 'list':
      return <ListField {...props} field={field} />;
    case 'union':
      return <UnionField {...props} field={field} />;
    case 'json':
      return (
        <JsonField
          label={around.label}
          hint={around.hint}
          isRequired={around.isRequired}
          text={typeof draft === 'string' ? draft : ''}
          error={error}
          onChange={onChange}
        />
      );
  }
}

function ObjectField(props: PropsOf<'object'>) {
  const { field, draft, path, label, errors, isRoot, onChange } = props;
  const drafts = (draft ?? {}) as Record<string, Draft>;
  // Members with only one possible value are not shown.
  const members = field.members
    .filter((member) => !isFixed(member))
    .map(({ name, field: member, isRequired }) => (
      <AnyField
        key={name}
        field={member}
        draft={drafts[name]}
        path={pathTo(path, name)}
        label={name}
        errors={errors}
        isRequired={isRequired}
        onChange={(next) => onChange({ ...drafts, [name]: next })}
      />
    ));
  const error = errors[path] !== undefined && <p class="field-error">{errors[path]}</p>;
  if (isRoot)
    return (
      <>
        {members}
        {error}
      </>
    );
  return (
    <fieldset class="group column">
      <legend>{field.title ?? label}</legend>
      {field.hint !== undefined && <p class="hint">{field.hint}</p>}
      {members}
      {error}
    </fieldset>
  );
}

function isFixed({ field, isRequired }: FormMember): boolean {
  return isRequired && field.kind === 'choice' && field.options.length === 1 && !field.isNullable;
}

function ListField(props: PropsOf<'list'>) {
  const { field, draft, path, label, errors, onChange } = props;
  const items = Array.isArray(draft) ? draft : [];
  const title = field.title ?? label;
  return (
    <fieldset class="group column">
      <legend>{title}</legend>
      {field.hint !== undefined && <p class="hint">{field.hint}</p>}
      {items.map((item, index) => (
        <div key={index} class="list-item row">
          <AnyField
            field={field.item}
            draft={item}
            path={pathTo(path, index)}
            label={`${title} ${index + 1}`}
            errors={errors}
            isRequired
            onChange={(next) => onChange(items.with(index, next))}
          />
          <Button
            kind="quiet"
            icon="close"
            label={`Take ${title} ${index + 1} out`}
            onClick={() => onChange(items.toSpliced(index, 1))}
          />
        </div>
      ))}
      {errors[path] !== undefined && <p class="field-error">{errors[path]}</p>}
      <p>
        <Button icon="plus" onClick={() => onChange([...items, draftOf(field.item)])}>
          Add
        </Button>
      </p>
    </fieldset>
  );
}

function UnionField(props: PropsOf<'union'>) {
  const { field, draft, path, label, errors, isRequired, onChange } = props;
  const union = draft instanceof UnionDraft ? draft : new UnionDraft(0, undefined);
  const title = field.title ?? label;
  const option = field.options[union.chosen];
  const absent = field.isNullable ? ['null'] : isRequired ? [] : ['none'];
  return (
    <fieldset class="group column">
      <legend>{title}</legend>
      {field.hint !== undefined && <p class="hint">{field.hint}</p>}
      <Select
        label={`Kind of ${title}`}
        value={String(union.chosen)}
        options={[...field.options.map((one) => one.title), ...absent].map((name, index) => [
          String(index),
          name,
        ])}
        onChoose={(index) => {
          const next = field.options[Number(index)];
          onChange(new UnionDraft(Number(index), next && draftOf(next.field)));
        }}
      />
      {option && (
        <AnyField
          field={option.field}
          draft={union.draft}
          path={path}
          label={option.title}
          errors={errors}
          isRequired={isRequired}
          isRoot={option.field.kind === 'object'}
          onChange={(next) => onChange(new UnionDraft(union.chosen, next))}
        />
      )}
    </fieldset>
  );
}

function TextInput(props: {
  field: FormField & { kind: 'text' };
  draft: Draft;
  parts: FieldParts;
  onChange: (draft: Draft) => void;
}) {
  const { field, draft, parts, onChange } = props;
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

/** A boolean as a checkbox, or as a choice of three if the value may be left out. */
function BooleanField(props: {
  label: string;
  hint?: string;
  error: string | undefined;
  isRequired: boolean;
  draft: Draft;
  onChange: (draft: Draft) => void;
}) {
  const { label, hint, error, isRequired, draft, onChange } = props;
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

function JsonField(props: {
  label: string;
  hint?: string;
  isRequired?: boolean;
  text: string;
  error: string | undefined;
  onChange: (text: string) => void;
}) {
  const { label, hint, isRequired = true, text, error, onChange } = props;
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
