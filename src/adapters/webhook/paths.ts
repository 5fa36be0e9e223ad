import { SelvageError } from '../../errors';
import { triggerName, type WebhookDeclaration, type WebhookSignalDeclaration } from '../../triggers';

/** The prefix of status URLs; a token follows. */
export const STATUS_PATH = '/runs';

/** Throws `InvalidConfig` if another webhook has the path. */
export function requireFreePath(
  taken: Map<string, string>,
  trigger: WebhookDeclaration | WebhookSignalDeclaration,
): void {
  const name = triggerName(trigger);
  const { path } = trigger.options;
  const segments = path.split('/');
  for (const [other, owner] of taken) {
    const others = other.split('/');
    const isSame =
      others.length === segments.length &&
      others.every((segment, at) => segment === segments[at] || [segment, segments[at]].includes(':run'));
    if (!isSame) continue;
    throw new SelvageError(
      'InvalidConfig',
      `${name} has the path "${path}", where requests are for ${owner}. Choose another path.`,
      { details: { trigger: name, option: 'path', reason: 'Conflict' } },
    );
  }
  taken.set(path, name);
}

export function checkedBasePath(basePath: string): string {
  if (basePath === '' || /^(?:\/[A-Za-z0-9._~-]+)+$/.test(basePath)) return basePath;
  throw new SelvageError(
    'InvalidConfig',
    `The option "basePath" is ${JSON.stringify(basePath)}; it must be a path such as "/api/hooks", without a slash at its end.`,
    { details: { option: 'basePath', reason: 'WrongValue' } },
  );
}

export function checkedPublicUrl(publicUrl: string | undefined): string | undefined {
  if (publicUrl === undefined) return undefined;
  const url = URL.canParse(publicUrl) ? new URL(publicUrl) : undefined;
  if (url && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '' && url.username === '')
    return url.href.replace(/\/$/, '');
  throw new SelvageError(
    'InvalidConfig',
    'The option "publicUrl" must be an address such as "https://api.example.com/hooks", without a user, a query and a fragment.',
    { details: { option: 'publicUrl', reason: 'WrongValue' } },
  );
}
