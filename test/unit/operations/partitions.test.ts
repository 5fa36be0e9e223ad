import { createInMemoryBackends } from '../../../src/backends/in-memory';
import { call } from '../../../src/operations/call';
import { projectData, type Rights } from '../../../src/operations/surroundings';
import { nobody } from '../../support/page';

const ALL: Rights = { mayAct: false, isReadOnly: true, maySeeSecrets: true };

test.each<[who: string, rights: Partial<Rights>, code: string]>([
  ['a token without the scope of values', { mayReadValues: false }, 'ScopeMissing'],
  ['a reader without a token', { maySeeSecrets: false }, 'ScopeMissing'],
  ['who may read values', {}, 'UnknownTapestry'],
])('the hashes of guessed parameters: %s', async (_, rights, code) => {
  const of = { ...projectData(createInMemoryBackends(), nobody), caller: { ...ALL, ...rights } };
  const ask = { tapestry: 'none', parameters: { customer: 'a guess' } };
  await expect(call(of, 'partitions.list', ask)).rejects.toMatchObject({ code });
  // Without parameters, nothing is guessed.
  await expect(call(of, 'partitions.list', { tapestry: 'none' })).rejects.toMatchObject({
    code: 'UnknownTapestry',
  });
});
