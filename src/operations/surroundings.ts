import type { AnyTapestry } from '../authoring';
import type { Backends } from '../ports';
import type { TriggerDeclaration } from '../triggers';
import type { LiveFeed } from './live-feed';
import type { Plans } from './plans';
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
