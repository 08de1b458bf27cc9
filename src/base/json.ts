/** Any JSON value (RFC 8259). */
export type Json = null | boolean | number | string | Json[] | { [member: string]: Json }

export type JsonObject = { [member: string]: Json }
