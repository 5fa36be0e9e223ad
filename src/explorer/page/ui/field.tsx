import type { ComponentChildren, Ref } from 'preact';
import { useId } from 'preact/hooks';

/** Attributes of a field's input that connect it to its label, hint and error. */
export interface FieldParts {
  id: string;
  'aria-describedby'?: string;
  'aria-invalid'?: true;
}

export function Field(props: {
  label: string;
  hint?: ComponentChildren;
  error?: string;
  isRequired?: boolean;
  children: (parts: FieldParts) => ComponentChildren;
}) {
  const { label, hint, error, isRequired = false, children } = props;
  const id = useId();
  const described = [hint !== undefined ? `${id}-hint` : '', error !== undefined ? `${id}-error` : '']
    .join(' ')
    .trim();
  return (
    <div class={`field column${error !== undefined ? ' wrong' : ''}`}>
      <label for={id}>
        {label}
        {!isRequired && <span class="muted"> optional</span>}
      </label>
      {children({
        id,
        ...(described !== '' && { 'aria-describedby': described }),
        ...(error !== undefined && { 'aria-invalid': true as const }),
      })}
      {hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error !== undefined && (
        <p class="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

export function TextField(props: {
  label: string;
  hint?: string;
  isRequired?: boolean;
  value: string;
  onChange: (text: string) => void;
  offers?: readonly string[];
}) {
  const { label, hint, isRequired, value, onChange, offers } = props;
  return (
    <Field label={label} hint={hint} isRequired={isRequired}>
      {(parts) => (
        <>
          <input
            {...parts}
            type="text"
            autocomplete="off"
            spellcheck={false}
            list={offers && `${parts.id}-offers`}
            value={value}
            onInput={(event) => onChange(event.currentTarget.value)}
          />
          {offers && (
            <datalist id={`${parts.id}-offers`}>
              {offers.map((offer) => (
                <option key={offer} value={offer} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  );
}

export function Select(props: {
  /** A label, for a choice without a field around it. */
  label?: string;
  parts?: FieldParts;
  value: string;
  options: readonly (string | readonly [value: string, words: string])[];
  onChoose: (value: string) => void;
}) {
  return (
    <select
      {...props.parts}
      aria-label={props.label}
      value={props.value}
      onChange={(event) => props.onChoose(event.currentTarget.value)}
    >
      {props.options.map((option) => {
        const [value, words] = typeof option === 'string' ? [option, option] : option;
        return (
          <option key={value} value={value}>
            {words}
          </option>
        );
      })}
    </select>
  );
}

/** A search in what is shown, without a field around it. */
export function Search(props: {
  label: string;
  value: string;
  input?: Ref<HTMLInputElement>;
  onChange: (text: string) => void;
  onKeyDown?: (event: KeyboardEvent) => void;
}) {
  const { label, value, input, onChange, onKeyDown } = props;
  return (
    <input
      ref={input}
      type="search"
      placeholder={label}
      aria-label={label}
      autocomplete="off"
      spellcheck={false}
      value={value}
      onInput={(event) => onChange(event.currentTarget.value)}
      onKeyDown={onKeyDown}
    />
  );
}
