import type { ComponentChildren } from 'preact';
import { mayAct } from '../app';
import { Answered, type Asked } from './states';
import { Table, type TableProps } from './table';

interface PageHeadProps {
  title: ComponentChildren;
  note?: ComponentChildren;
  /** The page's actions. */
  children?: ComponentChildren;
}

export function PageHead({ title, children, note }: PageHeadProps) {
  return (
    <header class="page-head row wrap between">
      <div>
        <h1>{title}</h1>
        {note !== undefined && <div class="note row wrap muted">{note}</div>}
      </div>
      {children !== undefined && <div class="page-acts row wrap">{children}</div>}
    </header>
  );
}

interface AnswerPageProps<Value> extends Omit<PageHeadProps, 'children'> {
  acts?: ComponentChildren;
  answer: Asked<Value>;
  /** Number and height of the grey lines until the answer is there. */
  rows?: number;
  height?: number;
  children: (value: Value) => ComponentChildren;
  /** What is shown whatever the answer is. */
  below?: ComponentChildren;
}

/** A page that shows one answer. */
export function AnswerPage<Value>(props: AnswerPageProps<Value>) {
  const { title, note, acts, answer, rows = 4, height, children, below } = props;
  return (
    <>
      <PageHead title={title} note={note}>
        {acts}
      </PageHead>
      <div class="page-body">
        <Answered answer={answer} rows={rows} height={height}>
          {children}
        </Answered>
        {below}
      </div>
    </>
  );
}

interface ListPageProps<Item> extends Omit<TableProps<Item>, 'items'> {
  title: string;
  answer: Asked<{ readonly items: readonly Item[] }>;
  /** Shown if the list is empty. */
  empty: ComponentChildren;
  /** The last column, what can be done with an item; only where the page may act. */
  acts?: (item: Item) => ComponentChildren;
  /** Below the list. */
  children?: ComponentChildren;
}

/** A page with one table. */
export function ListPage<Item>(props: ListPageProps<Item>) {
  const { title, answer, empty, columns, acts, keyOf, chosen, children } = props;
  const all = [...columns, acts !== undefined && mayAct() && (['Actions', acts, 'acts'] as const)];
  return (
    <AnswerPage title={title} answer={answer} below={children}>
      {({ items }) =>
        items.length === 0 ? empty : <Table columns={all} items={items} keyOf={keyOf} chosen={chosen} />
      }
    </AnswerPage>
  );
}

/** A part of a page, below its list. */
export function Below({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="below" aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

interface DeadLettersProps<Letter> extends Omit<TableProps<Letter>, 'items'> {
  title: string;
  answer: Asked<readonly Letter[]>;
  /** Said if there are none. */
  empty?: string;
  /** Above the letters, what can be done with them. */
  acts?: ComponentChildren;
  /** Below them, such as the way to older ones. */
  children?: ComponentChildren;
}

/** What was given up, with the reasons. */
export function DeadLetters<Letter>(props: DeadLettersProps<Letter>) {
  const { title, answer, empty = 'None.', acts, children, columns, keyOf } = props;
  return (
    <Below title={title}>
      <Answered answer={answer} rows={3}>
        {(letters) =>
          letters.length === 0 ? (
            <p class="muted">{empty}</p>
          ) : (
            <>
              {acts}
              <Table columns={columns} items={letters} keyOf={keyOf} />
            </>
          )
        }
      </Answered>
      {children}
    </Below>
  );
}
