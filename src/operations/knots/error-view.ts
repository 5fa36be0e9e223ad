import { z } from 'zod';
import { list } from '../fields';

export const errorView = z.object({
  type: z.string(),
  message: z.string(),
  traceback: z.string(),
  /** `file:line:column`. */
  at: z.string().optional(),
  get cause() {
    return errorView.optional();
  },
  get errors() {
    return list(errorView).optional();
  },
});
export type ErrorView = z.output<typeof errorView>;
