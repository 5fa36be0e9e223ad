import { useState } from 'preact/hooks';
import type { Json } from '../../../values';
import { asSourceError, type SourceError } from '../source/source-error';
import { isSame } from './is-same';
import type { FormField } from './schema';
import { errorsIn, readForm, type Filled, type FormErrors } from './read-form';
import { draftOf, type Draft } from './draft';

export interface FormState {
  readonly field: FormField;
  readonly draft: Draft;
  readonly asJson: string | undefined;
  readonly errors: FormErrors;
  change(draft: Draft): void;
  changeJson(text: string): void;
  /** Switches between fields and JSON. Text that is not valid JSON stays in the form. */
  toggleJson(): void;
  readonly isBusy: boolean;
  readonly refusal: SourceError | undefined;
  /** Acts if there are no errors; those that the server reports are shown at the fields. */
  send(act: (value: Json | undefined) => Promise<void>): Promise<void>;
}

export function useForm(field: FormField): FormState {
  const [draft, setDraft] = useState(() => draftOf(field, field.default));
  const [asJson, setJson] = useState<string | undefined>(undefined);
  const [errors, setErrors] = useState<FormErrors>({});
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<SourceError>();
  const readJson = (text: string): Filled => readForm({ kind: 'json' }, text, true);
  return {
    field,
    draft,
    asJson,
    errors,
    change: setDraft,
    changeJson: setJson,
    toggleJson() {
      if (asJson === undefined) {
        const { value } = readForm(field, draft, true);
        setErrors({});
        setJson(JSON.stringify(value ?? null, undefined, 2));
        return;
      }
      const filled = readJson(asJson);
      setErrors(filled.errors);
      if (Object.keys(filled.errors).length > 0) return;
      const next = draftOf(field, filled.value);
      if (!isSame(readForm(field, next, true).value, filled.value)) {
        setErrors({ '': 'The form has no fields for all of this.' });
        return;
      }
      setDraft(next);
      setJson(undefined);
    },
    isBusy,
    refusal,
    async send(act) {
      const filled = asJson === undefined ? readForm(field, draft, true) : readJson(asJson);
      setErrors(filled.errors);
      if (Object.keys(filled.errors).length > 0) return;
      setBusy(true);
      setRefusal(undefined);
      try {
        await act(filled.value);
      } catch (error) {
        const refused = asSourceError(error);
        setErrors(errorsIn(refused.details));
        setRefusal(refused);
      }
      setBusy(false);
    },
  };
}
