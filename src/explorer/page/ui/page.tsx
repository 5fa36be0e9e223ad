import type { ComponentChildren } from 'preact';
import { mayAct } from '../app';
import type { SourceError } from '../source/source-error';
import { ErrorBox, Skeleton } from './states';
import { Table, type TableProps } from './table';

export interface Asked<Value> {
  readonly value?: Value;
  readonly error?: SourceError;
  reload(): void;
}

/** The content made of an answer; until it is there, grey lines or the error. */
export function Answered<Value>(props: {
  answer: Asked<Value>;
  /** Shows errors only while there is no answer, not above an older one. */
  isQuiet?: boolean;
  rows?: number;
  height?: number;
  children: (value: Value) => ComponentChildren;
}) {
  const { answer, isQuiet = false, rows, height = 42, children } = props;
  const { value, error, reload } = answer;
  return (
    <>
      {error && !(isQuiet && value !== undefined) && <ErrorBox error={error} onRetry={reload} />}
      {value === undefined ? !error && <Skeleton rows={rows} height={height} /> : children(value)}
    </>
  );
}

interface PageHeadProps {
  title: ComponentChildren;
  note?: ComponentChildren;
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
  /** Content that is shown with any answer, and without one. */
  below?: ComponentChildren;
}

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
  empty: ComponentChildren;
  /** The last column, with the acts on an item; only where the page may act. */
  acts?: (item: Item) => ComponentChildren;
  children?: ComponentChildren;
}

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
  empty?: string;
  /** Acts on the dead letters, above them. */
  acts?: ComponentChildren;
  /** Content below the dead letters, such as the way to older ones. */
  children?: ComponentChildren;
}

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
