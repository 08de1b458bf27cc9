/**
 * Since when partners are not connected. One that comes and goes is remembered as often as it goes, so there are never more
 * than partners.
 * @param now milliseconds since 1970
 */
export function createAbsences(now: () => number) {
  const since = new Map<string, number>()

  return {
    onPeer(partner: string, connected: boolean): void {
      if (connected) since.delete(partner)
      else since.set(partner, now())
    },
    /** Milliseconds since 1970; null when the partner is connected, or was not since the start. */
    since: (partner: string): number | null => since.get(partner) ?? null
  }
}

export type Absences = ReturnType<typeof createAbsences>
