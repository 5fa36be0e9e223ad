import { z } from 'zod';
import { VERSION } from '../../version';
import { list } from '../fields';
import { question } from '../operation';
import { tapestryView, viewOf } from '../tapestries/view';

/** Pages that have data in every project with a server. */
const ALWAYS = [
  'overview',
  'runs',
  'run',
  'compare',
  'value',
  'tapestry',
  'approvals',
  'triggers',
  'stats',
  'schedules',
  'workers',
  'streams',
  'waiting',
] as const;

const pageName = z.enum([...ALWAYS, 'emitters', 'partitions']);
export type PageName = z.output<typeof pageName>;

const aboutAnswer = z.object({
  version: z.string(),
  project: z.string(),
  /** The server; absent in a file, and until the server is connected. */
  server: z
    .object({ address: z.string(), namespace: z.string(), temporalUi: z.string().optional() })
    .optional(),
  /**
   * State of the server, absent in a file. Unless `connected`, answers come from records alone and acts wait or are
   * refused.
   */
  serverState: z.enum(['connecting', 'connected', 'unreachable']).optional(),
  abilities: z.object({
    /** Whether the caller may act: by its token, on a page that is not read-only. */
    act: z.boolean(),
    readOnly: z.boolean(),
    live: z.boolean(),
    pages: list(pageName),
  }),
  /** Position of the feed; answers read later are at least as new. Absent where nothing changes. */
  position: z.string().optional(),
  /** Tapestries of the page's file, with parameters for forms. */
  tapestries: list(tapestryView),
});
export type About = Readonly<z.output<typeof aboutAnswer>>;

export const about = question({
  name: 'project.about',
  summary: 'the project, its server, its tapestries with their parameters, and what the caller may do',
  group: 'see',
  ask: z.strictObject({}),
  answer: aboutAnswer,
  examples: [{}],
  inFull: true,
  /** @throws SelvageError `BackendUnavailable` */
  async run({ reach, project, tapestries, live, backends, caller }) {
    reach.begin();
    const position = await live?.position();
    const place = reach.client?.location;
    const shown = tapestries.map((tapestry) => viewOf(tapestry, caller));
    return {
      version: VERSION,
      project,
      ...(place && {
        server: {
          address: place.address,
          namespace: place.namespace,
          ...(place.uiUrl !== undefined && { temporalUi: place.uiUrl }),
        },
      }),
      serverState: reach.state,
      abilities: {
        act: caller.mayAct && !caller.isReadOnly,
        readOnly: caller.isReadOnly,
        live: live !== undefined,
        pages: [
          ...ALWAYS,
          ...(backends.runHistory.emitterTableBeside ? (['emitters'] as const) : []),
          ...(shown.some(({ partitioned }) => partitioned) ? (['partitions'] as const) : []),
        ],
      },
      position,
      tapestries: shown,
    };
  },
});
