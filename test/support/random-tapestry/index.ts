export { coveringSample } from './covering-sample';
export { happeningsIn } from './happenings';
export { arbitraryRecipe, type Kind, type Recipe } from './recipe';
export { signalsOf, tapestryOf } from './tapestry-of';
