import { useState } from 'preact/hooks';
import type { Json } from '../../../values';
import { isSame } from './is-same';
import type { FormField } from './schema';
import { readForm, type Filled, type FormErrors } from './read-form';
import { draftOf, type Draft } from './draft';

export interface FormState {
  readonly field: FormField;
  readonly draft: Draft;
  readonly asJson: string | undefined;
  readonly errors: FormErrors;
  change(draft: Draft): void;
  changeJson(text: string): void;
  setErrors(errors: FormErrors): void;
  /** Switches between fields and JSON. Text that is not valid JSON stays. */
  toggleJson(): void;
  /** Reads the form, and shows its errors. */
  read(): Filled;
}

/** @param isRequired whether something must be filled in */
export function useForm(field: FormField, isRequired = true, initial?: Json): FormState {
  const [draft, setDraft] = useState(() => draftOf(field, initial ?? field.default));
  const [asJson, setJson] = useState<string | undefined>(undefined);
  const [errors, setErrors] = useState<FormErrors>({});
  const readJson = (text: string): Filled => readForm({ kind: 'json' }, text, isRequired);
  return {
    field,
    draft,
    asJson,
    errors,
    change(next) {
      setDraft(next);
    },
    changeJson: setJson,
    setErrors,
    toggleJson() {
      if (asJson === undefined) {
        const { value } = readForm(field, draft, isRequired);
        setErrors({});
        setJson(JSON.stringify(value ?? null, undefined, 2));
        return;
      }
      const filled = readJson(asJson);
      setErrors(filled.errors);
      if (Object.keys(filled.errors).length > 0) return;
      const next = draftOf(field, filled.value);
      if (!isSame(readForm(field, next, isRequired).value, filled.value)) {
        setErrors({ '': 'The form has no fields for all of this.' });
        return;
      }
      setDraft(next);
      setJson(undefined);
    },
    read() {
      const filled = asJson === undefined ? readForm(field, draft, isRequired) : readJson(asJson);
      setErrors(filled.errors);
      return filled;
    },
  };
}
