import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

/** Attributes of a field's input that connect it to its label, hint and error. */
export interface FieldParts {
  id: string;
  'aria-describedby'?: string;
  'aria-invalid'?: true;
}

export function Field({
  label,
  hint,
  error,
  isRequired = false,
  children,
}: {
  label: string;
  hint?: ComponentChildren;
  error?: string;
  isRequired?: boolean;
  children: (parts: FieldParts) => ComponentChildren;
}) {
  const id = useId();
  const described = [hint !== undefined ? `${id}-hint` : '', error !== undefined ? `${id}-error` : '']
    .join(' ')
    .trim();
  return (
    <div class={`field${error !== undefined ? ' wrong' : ''}`}>
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
