import manifest from '../../package.json' with { type: 'json' }

/** The version of the operator. */
export const version: string = manifest.version
