import type { AnyTapestry } from '../authoring';
import { currentActor } from '../connection/provenance';
import type { Backends } from '../ports';
import type { TriggerDeclaration } from '../triggers';
import type { LiveFeed } from './live-feed';
import { Plans } from './plans';
import type { ServerReach } from './reach';

/** Everything that questions are answered from, whoever asks. */
export interface ProjectData {
  readonly backends: Backends;
  readonly reach: ServerReach;
  /** The project's name, for the title. */
  readonly project: string;
  readonly tapestries: readonly AnyTapestry[];
  readonly triggers: readonly TriggerDeclaration[];
  readonly plans: Plans;
  /** Absent if the run history has no order of changes. */
  readonly live?: LiveFeed;
}

/** Of a program that has loaded no tapestries and triggers, unless they are given. */
export function projectData(
  backends: Backends,
  reach: ServerReach,
  { project = '', tapestries = [], triggers = [] }: Partial<ProjectData> = {},
): ProjectData {
  return { backends, reach, project, tapestries, triggers, plans: new Plans(backends) };
}

/** What an operation has at hand. */
export interface Surroundings extends ProjectData {
  readonly caller: Rights;
}

/** The actor and the trigger that the record of a run gets. */
export function starterOf({ actor, trigger = 'ui' }: Rights): { actor?: string; trigger: string } {
  return { trigger, ...(actor !== undefined && { actor }) };
}

const FACES: Readonly<Record<string, string>> = {
  ui: 'the page',
  api: 'the HTTP API',
  mcp: 'an assistant',
};

/** Names the actor and the face in a note that is kept with an act: `by ada, by the page`. The command line stands for its user. */
export function byWhom({ actor, trigger = 'ui' }: Rights): string {
  const face = FACES[trigger] ?? trigger;
  const who = trigger === 'cli' ? [actor ?? 'somebody'] : actor === undefined ? [face] : [actor, face];
  return who.map((one) => `by ${one}`).join(', ');
}

/** Whether it may read values, sealed ones included. */
export function opensValues({ mayReadValues, opensSealed }: Rights): boolean {
  return mayReadValues !== false && opensSealed !== false;
}

/** What one request may do, and on whose behalf. */
export interface Rights {
  readonly mayAct: boolean;
  readonly isReadOnly: boolean;
  /** Whether it may read values. Default true. */
  readonly mayReadValues?: boolean;
  /** Whether values and logs are opened for it that the store has sealed. Default true. */
  readonly opensSealed?: boolean;
  /** Whether it is shown what looks like a secret. */
  readonly maySeeSecrets: boolean;
  /** Goes into the record of the runs that it starts. */
  readonly actor?: string;
  /** Recorded as the trigger of the runs that it starts. Default `ui`. */
  readonly trigger?: string;
}

/** Of whoever runs this program: all that the program itself may do. */
export function ownRights(trigger: string): Rights {
  const actor = currentActor() ?? undefined;
  return { mayAct: true, isReadOnly: false, maySeeSecrets: true, trigger, ...(actor && { actor }) };
}
