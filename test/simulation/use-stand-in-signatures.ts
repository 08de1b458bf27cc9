import { register } from 'node:module'

/**
 * From now on in this process, what loads `src/base/crypto.ts` gets signatures that cost next to nothing (see
 * stand-in-crypto.ts), as a browser gets another implementation by package.json. Load the simulator after the call.
 */
export function useStandInSignatures(): void {
  const standIn = new URL('stand-in-crypto.ts', import.meta.url).href
  const hook = `export const resolve = (specifier, context, next) =>
    specifier === './crypto-node.js' && context.parentURL?.split('?')[0].endsWith('/src/base/crypto.ts')
      ? { url: ${JSON.stringify(standIn)}, format: 'module', shortCircuit: true }
      : next(specifier, context)`
  register(`data:text/javascript,${encodeURIComponent(hook)}`)
}
