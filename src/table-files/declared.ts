import { nameOf, unsupported, type ColumnType, type Field } from '../tables/types';

/**
 * Refuses a column of a file that is not as it is declared: types are never converted.
 *
 * @param found the column's type; undefined if no table can have it
 * @throws SelvageError `UnsupportedTable`
 */
export function checkDeclared({ name, type }: Field, found: ColumnType | undefined, file: string): void {
  const declared = nameOf(type);
  if (found && nameOf(found) === declared) return;
  const is = found ? nameOf(found) : 'a type that no table can have';
  unsupported(
    name,
    declared,
    `it is declared as ${declared}, and in ${file} it is ${is}. Declare it so, or cast it there`,
  );
}

/** @throws SelvageError `UnsupportedTable` for a declared column that a file does not have */
export function missingColumn({ name, type }: Field, file: string): never {
  unsupported(name, nameOf(type), `${file} has no such column`);
}
