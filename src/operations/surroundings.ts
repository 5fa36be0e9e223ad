import type { AnyTapestry } from '../authoring';
import { currentActor } from '../connection/provenance';
import type { Backends } from '../ports';
import type { TriggerDeclaration } from '../triggers';
import type { LiveFeed } from './live-feed';
import { Plans } from './plans';
import type { ServerReach } from './reach';

/** The data that operations work on. */
export interface ProjectData {
  readonly backends: Backends;
  readonly reach: ServerReach;
  /** The project's name, for the title. */
  readonly project: string;
  readonly tapestries: readonly AnyTapestry[];
  readonly triggers: readonly TriggerDeclaration[];
  readonly plans: Plans;
  /** The feed of changes; absent if the run history has no order of changes. */
  readonly live?: LiveFeed;
}

/** The data for operations, by default without tapestries and triggers. */
export function projectData(
  backends: Backends,
  reach: ServerReach,
  { project = '', tapestries = [], triggers = [] }: Partial<ProjectData> = {},
): ProjectData {
  return { backends, reach, project, tapestries, triggers, plans: new Plans(backends) };
}

/** The data for an operation, and its caller. */
export interface Surroundings extends ProjectData {
  readonly caller: Rights;
}

/** Actor and trigger for a run's record. */
export function starterOf({ actor, trigger = 'ui' }: Rights): { actor?: string; trigger: string } {
  return { trigger, ...(actor !== undefined && { actor }) };
}

const FACES: Readonly<Record<string, string>> = {
  ui: 'the page',
  api: 'the HTTP API',
  mcp: 'an assistant',
};

/**
 * The user and the face, for a note that is kept with an act: `by ada, by the page`. A note of the command line names
 * only its user.
 */
export function byWhom({ actor, trigger = 'ui' }: Rights): string {
  const face = FACES[trigger] ?? trigger;
  const who = trigger === 'cli' ? [actor ?? 'somebody'] : actor === undefined ? [face] : [actor, face];
  return who.map((one) => `by ${one}`).join(', ');
}

export function opensValues({ mayReadValues, opensSealed }: Rights): boolean {
  return mayReadValues !== false && opensSealed !== false;
}

/** Permissions and identity of a caller. */
export interface Rights {
  readonly mayAct: boolean;
  readonly isReadOnly: boolean;
  /** Whether values may be read. Default true. */
  readonly mayReadValues?: boolean;
  /** Whether sealed values and logs are opened. Default true. */
  readonly opensSealed?: boolean;
  /** Whether secrets are shown. */
  readonly maySeeSecrets: boolean;
  /** Actor that is recorded with runs that the caller starts. */
  readonly actor?: string;
  /** Trigger for the records of runs that the caller starts. Default `ui`. */
  readonly trigger?: string;
}

/** All rights of this process. */
export function ownRights(trigger: string): Rights {
  const actor = currentActor() ?? undefined;
  return { mayAct: true, isReadOnly: false, maySeeSecrets: true, trigger, ...(actor && { actor }) };
}
