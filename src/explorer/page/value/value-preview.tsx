import { late } from '../ui/late';

/** A value in its own form: JSON, text, an image, a table, bytes, or the reason why it cannot be shown. */
export const ValuePreview = late(async () => (await import('./value-late')).ValueContent);
/** What differs between two values. */
export const ValueDiff = late(async () => (await import('./value-late')).ValueDiff);
