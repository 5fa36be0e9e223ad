import { Option, type Command } from 'commander';
import { RUN_STATUSES, type RunStatus } from '../../authoring/outcome';
import { TIME_FORMS, timeOption } from './times';

/** Which runs a command is about. All that are given must hold. */
export interface RunFilters {
  readonly tapestry?: string;
  readonly actor?: string;
  readonly trigger?: string;
  readonly tag?: string;
  readonly since?: number;
  readonly until?: number;
}

/** The options by which unfinished runs are chosen. */
export function addRunFilters(command: Command): Command {
  return command
    .option('--tapestry <name>', 'only of this tapestry')
    .option('--actor <name>', 'only started by this actor')
    .option('--trigger <name>', 'only started by this trigger: cli, code, temporal, kafka:orders, …')
    .option('--tag <tag>', 'only with this tag')
    .option('--since <time>', `only begun then or later: ${TIME_FORMS}`, (text) => timeOption(text))
    .option('--until <time>', 'only begun before that', (text) => timeOption(text));
}

export interface AnyRunFilters extends RunFilters {
  readonly status?: RunStatus;
}

/** The options by which any runs are chosen. */
export function addAnyRunFilters(command: Command): Command {
  return addRunFilters(
    command.addOption(new Option('--status <status>', 'only of this status').choices(RUN_STATUSES)),
  );
}

export function filtersOf({
  tapestry,
  actor,
  trigger,
  tag,
  since,
  until,
  status,
}: AnyRunFilters): AnyRunFilters {
  return {
    ...(tapestry && { tapestry }),
    ...(actor && { actor }),
    ...(trigger && { trigger }),
    ...(tag && { tag }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(status && { status }),
  };
}
