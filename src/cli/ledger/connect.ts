import { type ApiClient, createClient } from '../../api/client.js'
import { homePaths } from '../../node/home.js'
import type { Context } from '../context.js'

/** A client of the node that runs in the home. */
export function connect(context: Context): ApiClient {
  return createClient(homePaths(context.home).socket, context.language)
}
