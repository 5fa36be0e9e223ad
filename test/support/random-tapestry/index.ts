export { coveringSample } from './covering-sample';
export { happeningsIn } from './happenings';
export { arbitraryRecipe, type Kind, type Recipe } from './recipe';
export { nestedOf } from './nested';
export {
  IN_TYPESCRIPT,
  NESTED_IN_TYPESCRIPT,
  signalsOf,
  tapestryOf,
  type Bodies,
  type Definitions,
  type NestedDefinitions,
} from './tapestry-of';
