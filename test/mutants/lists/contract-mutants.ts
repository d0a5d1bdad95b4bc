import type { Mutant } from '../mutant.ts'

/** Broken promises of what users write into annotations. */
export const contractMutants: readonly Mutant[] = [
  {
    name: 'any number of tags is sent',
    file: 'src/contract/settings.ts',
    within: 'tooMany',
    original: 'count < maximumTags ?',
    mutated: 'count < Number.POSITIVE_INFINITY ?',
    tests: ['src/contract/settings.test.ts'],
  },
  {
    name: 'any number of tags that are left out is named',
    file: 'src/contract/settings.ts',
    within: 'readTags',
    original: 'refused.slice(0, maximumNamed)',
    mutated: 'refused',
    tests: ['src/contract/settings.test.ts'],
  },
  {
    name: 'an alias may look like that of a copy',
    file: 'src/contract/alias.ts',
    within: 'renderedProblem',
    original: 'endsLikeCopy(text)\n    ?',
    mutated: "endsLikeCopy('')\n    ?",
    tests: ['src/contract/alias.test.ts', 'test/heart/forged-alias.test.ts'],
  },
  {
    name: 'an alias may end like that of a copy in capital letters or after another blank',
    file: 'src/contract/alias.ts',
    within: 'endsLikeCopy',
    original: '[^\\p{L}\\p{N}\\p{P}\\p{S}])[0-9a-f]{16}$/iu',
    mutated: ' )[0-9a-f]{16}$/u',
    tests: ['src/contract/alias.test.ts'],
  },
]
