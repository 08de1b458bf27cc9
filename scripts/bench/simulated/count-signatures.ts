import { register } from 'node:module'

/**
 * From now on in this process, what loads `src/base/crypto.ts` gets one that counts (counting-crypto.ts). To be called
 * before anything that checks signatures is loaded.
 */
export function countSignatures(): void {
  const counting = new URL('counting-crypto.ts', import.meta.url).href
  const hook = `export const resolve = (specifier, context, next) =>
    specifier === './crypto-node.js' && context.parentURL?.split('?')[0].endsWith('/src/base/crypto.ts')
      ? { url: ${JSON.stringify(counting)}, format: 'module', shortCircuit: true }
      : next(specifier, context)`
  register(`data:text/javascript,${encodeURIComponent(hook)}`)
}
