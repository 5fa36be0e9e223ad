import { Keymap, type Binding } from '../../../src/explorer/page/keymap';

function keymap(): {
  keys: Keymap;
  ran: string[];
  bind: (keys: Binding['keys'], says?: string, more?: Partial<Binding>) => Binding;
} {
  const ran: string[] = [];
  return {
    keys: new Keymap(),
    ran,
    bind: (keys, says = String(keys), more = {}) => ({ keys, says, run: () => ran.push(says), ...more }),
  };
}

test('a key runs what is bound to it, and what is not bound is left alone', () => {
  const { keys, ran, bind } = keymap();
  keys.add({ title: 'Runs', bindings: [bind(['j', 'ArrowDown'], 'next')] });
  expect(keys.press({ key: 'j' })).toBe('ran');
  expect(keys.press({ key: 'ArrowDown' })).toBe('ran');
  expect(keys.press({ key: 'x' })).toBeUndefined();
  expect(keys.press({ key: 'j', mod: true })).toBeUndefined();
  expect(ran).toEqual(['next', 'next']);
});

test('a sequence waits for its second key; another key ends it and is taken for itself', () => {
  const { keys, ran, bind } = keymap();
  keys.add({ title: 'All', bindings: [bind('g r'), bind('g w'), bind('j')] });
  expect(keys.press({ key: 'g' })).toBe('begun');
  expect(keys.press({ key: 'w' })).toBe('ran');
  expect(keys.press({ key: 'g' })).toBe('begun');
  expect(keys.press({ key: 'j' })).toBe('ran');
  expect(keys.press({ key: 'r' })).toBeUndefined();
  keys.press({ key: 'g' });
  keys.forget();
  expect(keys.press({ key: 'r' })).toBeUndefined();
  expect(ran).toEqual(['g w', 'j']);
});

test('what is bound last comes first, and goes with its layer', () => {
  const { keys, ran, bind } = keymap();
  keys.add({ title: 'Below', bindings: [bind('j', 'below')] });
  const take = keys.add({ title: 'Above', bindings: [bind('j', 'above')] });
  keys.press({ key: 'j' });
  take();
  keys.press({ key: 'j' });
  expect(ran).toEqual(['above', 'below']);
});

test('nothing below a dialog hears a key, and the sheet shows nothing of it', () => {
  const { keys, ran, bind } = keymap();
  keys.add({ title: 'Below', bindings: [bind('j')] });
  keys.add({ title: 'Dialog', isModal: true, bindings: [bind('y')] });
  expect(keys.press({ key: 'j' })).toBeUndefined();
  expect(keys.press({ key: 'y' })).toBe('ran');
  expect(ran).toEqual(['y']);
  expect(keys.sheet().map(({ title }) => title)).toEqual(['Dialog']);
});

test('who types in a field types, but for what says that it works there', () => {
  const { keys, ran, bind } = keymap();
  keys.add({ title: 'All', bindings: [bind('f'), bind('mod+k', 'find', { inFields: true })] });
  expect(keys.press({ key: 'f', inField: true })).toBeUndefined();
  expect(keys.press({ key: 'k', mod: true, inField: true })).toBe('ran');
  expect(ran).toEqual(['find']);
});

test('signs are written as they are typed; other keys have their modifiers', () => {
  const { keys, ran, bind } = keymap();
  keys.add({ title: 'All', bindings: [bind('?'), bind('G'), bind('shift+ArrowUp'), bind('alt+ArrowLeft')] });
  keys.press({ key: '?', shift: true });
  keys.press({ key: 'G', shift: true });
  keys.press({ key: 'ArrowUp', shift: true });
  keys.press({ key: 'ArrowLeft', alt: true });
  expect(ran).toEqual(['?', 'G', 'shift+ArrowUp', 'alt+ArrowLeft']);
});

test('the sheet has what can be done now: layers of one title together, hidden and impossible ones left out', () => {
  const { keys, bind } = keymap();
  let isThere = false;
  keys.add({ title: 'Runs', bindings: [bind('s')] });
  keys.add({
    title: 'Runs',
    bindings: [bind('n', 'new', { when: () => isThere }), bind('x', 'hidden', { isHidden: true })],
  });
  const said = (): string[] =>
    keys.sheet().flatMap(({ title, bindings }) => bindings.map(({ says }) => `${title}: ${says}`));
  expect(said()).toEqual(['Runs: s']);
  isThere = true;
  expect(said()).toEqual(['Runs: new', 'Runs: s']);
});
