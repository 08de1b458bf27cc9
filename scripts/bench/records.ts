/** What is otherwise than usual about visits. */
export interface VisitOptions {
  /** Number of the first: visits go on where those before them ended. @default 0 */
  readonly from?: number
  /** Works in each; 6 make about 240 bytes, {@link WORKS_OF_300_BYTES} about 300. @default 6 */
  readonly works?: number
  /** One odometer for all, so that they may come in any order. @default one that only rises */
  readonly odometer?: number
}

/** Works of a visit that has 300 bytes. */
export const WORKS_OF_300_BYTES = 9

/** Makes the same records in every run: `count` visits of `vehicles` cars. */
export function* maintenanceLines(
  count: number,
  vehicles: number,
  { from = 0, works = 6, odometer }: VisitOptions = {}
): Generator<string> {
  for (let i = from; i < from + count; i++) {
    const car = scatter(i) % vehicles
    const visit = Math.floor(i / vehicles)
    yield `${JSON.stringify({
      vin: vinOf(car),
      odometer: odometer ?? 1000 + visit * 9000 + Math.floor(i / 7),
      date: `20${String(10 + (visit % 15)).padStart(2, '0')}-0${1 + (i % 9)}-1${i % 10}`,
      dealer: `dealer-${i % 97}`,
      repair: repairOf(i, works),
      hours: i % 12,
      invoice: `INV-${String(scatter(i * 31)).padStart(10, '0')}`
    })}\n`
  }
}

/** The same, of which each visit of a car has a day of its own and an odometer that rises with it; they come out of order. */
export function* lateLines(count: number, vehicles: number): Generator<string> {
  const counts = new Map<string, number>()
  for (const line of maintenanceLines(count, vehicles)) {
    const visit = JSON.parse(line) as { vin: string; odometer: number; date: string }
    const came = counts.get(visit.vin) ?? 0
    counts.set(visit.vin, came + 1)
    // Of eight in a row: the first, the fourth, the seventh, the second, and so on.
    const nth = came - (came % 8) + (((came % 8) * 3) % 8)
    const day = new Date(Date.UTC(2010, 0, 1 + nth)).toISOString().slice(0, 10)
    yield `${JSON.stringify({ ...visit, odometer: 1000 + nth * 9000, date: day })}\n`
  }
}

export function* vehicleLines(vehicles: number): Generator<string> {
  for (let car = 0; car < vehicles; car++) yield `${JSON.stringify({ vin: vinOf(car), make: `Make ${car % 23}` })}\n`
}

/** The key of a car. */
export function vinOf(car: number): string {
  return `WVW${String(scatter(car + 7)).padStart(10, '0')}${String(car).padStart(4, '0').slice(-4)}`
}

const WORK = [
  'oil changed',
  'brake pads front',
  'brake pads rear',
  'timing belt',
  'coolant',
  'air filter',
  'wiper',
  'battery'
]

function repairOf(i: number, works: number): string {
  const parts = Array.from(
    { length: works },
    (_, n) => `${WORK[scatter(i * 6 + n) % WORK.length]} #${scatter(i + n) % 9973}`
  )
  return parts.join(', ')
}

/** A fixed scattering of numbers (multiplicative hashing), so that neighbours are unlike. */
function scatter(n: number): number {
  return Math.imul(n + 1, 0x9e3779b1) >>> 0
}
