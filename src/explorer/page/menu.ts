import type { PageName } from '../../operations/project/about';
import { about } from './app';

/** Pages that need no further choice. */
const MENU = [
  'runs',
  'approvals',
  'schedules',
  'triggers',
  'streams',
  'workers',
  'waiting',
  'stats',
  'emitters',
] as const satisfies PageName[];

export type MenuPage = (typeof MENU)[number];

/** Those that this server has. */
export function menu(): MenuPage[] {
  return MENU.filter((name) => about.value.abilities.pages.includes(name));
}
