import { register } from 'node:module'

/** What tsx does to each function, whenever it is made. */
const NAMING = '__defProp(target,"name",{value,configurable:true})'

/**
 * From now on in this process, what loads `src/base/crypto.ts` gets signatures that cost next to nothing (see
 * stand-in-crypto.ts), as a browser gets another implementation by package.json; and functions keep the names that they
 * have, without a call that tsx puts around each of them, which costs a sixth of a run. Load the simulator after the call.
 */
export function useStandInSignatures(): void {
  const standIn = new URL('stand-in-crypto.ts', import.meta.url).href
  const hook = `export const resolve = (specifier, context, next) =>
    specifier === './crypto-node.js' && context.parentURL?.split('?')[0].endsWith('/src/base/crypto.ts')
      ? { url: ${JSON.stringify(standIn)}, format: 'module', shortCircuit: true }
      : next(specifier, context)
  export const load = async (url, context, next) => {
    const loaded = await next(url, context)
    if (url.includes('/node_modules/') || !url.split('?')[0].endsWith('.ts')) return loaded
    return { ...loaded, source: String(loaded.source).replace(${JSON.stringify(NAMING)}, 'target') }
  }`
  register(`data:text/javascript,${encodeURIComponent(hook)}`)
}
