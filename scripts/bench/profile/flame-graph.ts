import { escaped } from '../svg-text.js'
import { ANONYMOUS, type Call, timesOfParts } from './call-tree.js'
import { PARTS, type Part } from './parts.js'

export interface FlameGraph {
  readonly title: string
  readonly root: Call
  /** What microseconds are divided by. */
  readonly records: number
}

export const WIDTH = 1000
const SIDE = 10
const ROW = 17
const TOP = 40
const FONT = 11

/** Width of a letter of a monospaced font against its size, with a little to spare. */
const LETTER = 0.62
const TEXT_INSET = 3
const LETTERS_MIN = 4

/** Least share of the whole that a frame is drawn for. */
const SHARE_MIN = 0.003

const LEGEND_COLUMNS = 3
const LEGEND_ROW = 18

/** Grey that can be read on white and on black. */
const GREY = '#777'

/** A call at its place: a row for each caller above it. */
interface Frame {
  readonly call: Call
  readonly x: number
  readonly width: number
  readonly row: number
}

/**
 * Draws calls as SVG without a background: callers above, width by time, colours by part. What stands beside each other is
 * sorted by time.
 * @throws RangeError when nothing was sampled
 */
export function flameGraph({ title, root, records }: FlameGraph): string {
  if (root.total <= 0) throw new RangeError('nothing was sampled')
  const frames = framesOf(root)
  const parts = timesOfParts(root)
  const shown = (Object.keys(PARTS) as Part[]).filter((part) => (parts.get(part) ?? 0) >= root.total * SHARE_MIN)
  const top = TOP + Math.ceil(shown.length / LEGEND_COLUMNS) * LEGEND_ROW + 8
  const height = top + (Math.max(...frames.map(({ row }) => row)) + 1) * ROW + SIDE
  const amount = (time: number): string => `${percent(time / root.total)}, ${(time / records).toFixed(2)} us a record`
  const legend = shown.map((part, index) => {
    const x = SIDE + (index % LEGEND_COLUMNS) * ((WIDTH - 2 * SIDE) / LEGEND_COLUMNS)
    const y = TOP + Math.floor(index / LEGEND_COLUMNS) * LEGEND_ROW
    const words = `${PARTS[part].title} ${percent(parts.get(part)! / root.total)}`
    return (
      `<rect x="${rounded(x)}" y="${y}" width="11" height="11" rx="2" fill="${PARTS[part].colour}"/>` +
      `<text x="${rounded(x + 17)}" y="${y + 10}" fill="${GREY}">${escaped(words)}</text>`
    )
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">
<style>g:hover rect{stroke:${GREY};stroke-width:1.5}</style>
<text x="${SIDE}" y="22" font-size="15" fill="${GREY}">${escaped(title)}</text>
${legend.join('\n')}
<g font-family="DejaVu Sans Mono,Menlo,Consolas,monospace" font-size="${FONT}" fill="#1b1b1b">
${frames.map((frame) => drawn(frame, top, amount(frame.call.total))).join('\n')}
</g>
</svg>
`
}

function framesOf(root: Call): Frame[] {
  const frames: Frame[] = []
  const scale = (WIDTH - 2 * SIDE) / root.total
  const place = (call: Call, x: number, row: number): void => {
    if (call.total < root.total * SHARE_MIN) return
    frames.push({ call, x, width: call.total * scale, row })
    let next = x
    for (const called of [...call.calls.values()].sort((a, b) => b.total - a.total)) {
      place(called, next, row + 1)
      next += called.total * scale
    }
  }
  place(root, SIDE, 0)
  return frames
}

function drawn({ call, x, width, row }: Frame, top: number, amount: string): string {
  const y = top + row * ROW
  const colour = PARTS[call.part].colour
  const label = labelOf(call, Math.floor((width - 2 * TEXT_INSET) / (FONT * LETTER)))
  const text = label === '' ? '' : `<text x="${rounded(x + TEXT_INSET)}" y="${y + 12}">${escaped(label)}</text>`
  const name = call.place === '' || call.place === call.name ? call.name : `${call.name}, ${call.place}`
  const box = `x="${rounded(x)}" y="${y}" width="${rounded(Math.max(0.5, width - 0.6))}" height="${ROW - 1}"`
  return `<g><title>${escaped(`${name}: ${amount}`)}</title><rect ${box} rx="1.5" fill="${colour}"/>${text}</g>`
}

/** The name, and where it stands if there is room; as much of it as fits, and nothing where that says nothing. */
function labelOf({ name, place }: Call, letters: number): string {
  const short = name === ANONYMOUS ? place : name
  const long = place === '' || place === short ? short : `${short} ${place}`
  if (long.length <= letters) return long
  if (short.length <= letters) return short
  return letters < LETTERS_MIN ? '' : `${short.slice(0, letters - 1)}…`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

function rounded(value: number): number {
  return Number(value.toFixed(2))
}
