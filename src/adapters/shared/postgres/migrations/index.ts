import type { Migration } from 'kysely';
import { commonMigrations } from '../../sql/migrations';
import { POSTGRES_WORDS } from '../words';
import * as initial from './0006-initial';

/** In the order in which they run, which is the order of their names. The numbers are those of SQLite, where the first one was 0001. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0006-initial': initial,
  ...commonMigrations(POSTGRES_WORDS),
};
