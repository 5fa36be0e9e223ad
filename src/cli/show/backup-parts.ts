import type { BackedUp } from '../files/project-backup';

const WORDS: Readonly<Record<BackedUp, string>> = {
  server: "the embedded server's runs",
  history: 'run history',
  store: 'plans',
  data: 'values',
  largeData: 'large values',
  ledger: 'start ledger',
};

export function wordsOf(holds: readonly BackedUp[]): string {
  return holds.map((part) => WORDS[part]).join(', ');
}
