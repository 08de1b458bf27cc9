/** State key that says what became of an invitation. */
export function invitationKey(key: string): string {
  return `i:${key}`
}

/** State key of a partner's addresses. */
export function addressKey(partner: string): string {
  return `a:${partner}`
}

/** State key of the name under which a partner was admitted. */
export function nameKey(partner: string): string {
  return `w:${partner}`
}

/** State key of the nonce with which a partner rejoined last. */
export function nonceKey(partner: string): string {
  return `n:${partner}`
}
